//! Special functions with the same bits on every machine.

/// The regularised incomplete beta function `I_x(a, b)`, `a, b > 0`, `0 <= x <= 1`, to about 1e-14, for
/// parameters up to some tens. `complement` is `1 - x`, asked for so that it can be exact.
///
/// Continued fraction (DLMF 8.17.22) by Lentz' method.
pub(crate) fn incomplete_beta(a: f64, b: f64, x: f64, complement: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if complement <= 0.0 {
        return 1.0;
    }
    if x * (a + b + 2.0) > a + 1.0 {
        return 1.0 - beta_fraction(b, a, complement, x);
    }
    beta_fraction(a, b, x, complement)
}

fn beta_fraction(a: f64, b: f64, x: f64, complement: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let beta = libm::tgamma(a) * libm::tgamma(b) / libm::tgamma(a + b);
    let front = libm::pow(x, a) * libm::pow(complement, b) / (a * beta);
    let guard = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for step in 1..500 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    front * fraction
}

#[cfg(test)]
mod tests {
    use super::incomplete_beta;

    #[test]
    fn incomplete_beta_has_its_closed_forms() {
        for x in [1e-12, 0.03, 0.4, 0.5, 0.77, 0.999_999] {
            // I_x(1/2, 1/2) = (2/pi) arcsin sqrt(x); I_x(1, b) = 1 - (1-x)^b.
            let arc = if x < 0.5 { f64::sqrt(x).asin() } else { f64::sqrt(1.0 - x).acos() };
            let arcsine = std::f64::consts::FRAC_2_PI * arc;
            assert!((incomplete_beta(0.5, 0.5, x, 1.0 - x) - arcsine).abs() < 1e-14, "x = {x}");
            let power = 1.0 - (1.0 - x).powf(0.3);
            assert!((incomplete_beta(1.0, 0.3, x, 1.0 - x) - power).abs() < 1e-14, "x = {x}");
            let sum = incomplete_beta(0.05, 0.95, x, 1.0 - x) + incomplete_beta(0.95, 0.05, 1.0 - x, x);
            assert!((sum - 1.0).abs() < 1e-14);
        }
    }
}

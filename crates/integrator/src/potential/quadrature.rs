//! Adaptive Gauss-Kronrod quadrature for functions with jumps, kinks and integrable singularities.

/// Points of the rule on [-1, 1] from the right end to the middle (Kronrod 1965; the values of QUADPACK's
/// qk15). Those of odd index are the points of the Gauss rule.
const POINTS: [f64; 8] = [
    0.991_455_371_120_812_6,
    0.949_107_912_342_758_5,
    0.864_864_423_359_769_1,
    0.741_531_185_599_394_4,
    0.586_087_235_467_691_1,
    0.405_845_151_377_397_2,
    0.207_784_955_007_898_47,
    0.0,
];
const KRONROD: [f64; 8] = [
    0.022_935_322_010_529_224,
    0.063_092_092_629_978_56,
    0.104_790_010_322_250_18,
    0.140_653_259_715_525_92,
    0.169_004_726_639_267_9,
    0.190_350_578_064_785_4,
    0.204_432_940_075_298_9,
    0.209_482_141_084_727_82,
];
const GAUSS: [f64; 4] =
    [0.129_484_966_168_869_7, 0.279_705_391_489_276_64, 0.381_830_050_505_118_9, 0.417_959_183_673_469_4];

/// Points of one rule, and with the two ends.
const RULE: usize = 15;
const ALL: usize = RULE + 2;

/// The points of the rule in increasing order.
const NODES: [f64; RULE] = {
    let mut nodes = [0.0; RULE];
    let mut k = 0;
    while k < RULE {
        nodes[k] = if k < 8 { -POINTS[k] } else { POINTS[RULE - 1 - k] };
        k += 1;
    }
    nodes
};

/// The polynomial through the values at [`NODES`] has the value `sum EDGE[k] f(NODES[k])` at 1.
const EDGE: [f64; RULE] = {
    let mut weights = [1.0; RULE];
    let mut k = 0;
    while k < RULE {
        let mut j = 0;
        while j < RULE {
            if j != k {
                weights[k] *= (1.0 - NODES[j]) / (NODES[k] - NODES[j]);
            }
            j += 1;
        }
        k += 1;
    }
    weights
};

/// The error that one interval may have, as a share of the integral of `|f|` over the whole.
const TOLERANCE: f64 = 1e-13;

/// The error that the whole may have, as the same share; beyond it there is no result.
const ACCEPTED: f64 = 1e-10;

/// Intervals after which a function counts as not integrable.
const MOST_INTERVALS: usize = 4000;

/// The integral over one interval as the rule sees it.
struct Piece {
    integral: f64,
    absolute: f64,
    error: f64,
    /// No point of the rule has a value.
    outside: bool,
}

/// The integral of `f` from `a` to `b` (either may be the larger), or NaN where `f` has no value, or no
/// integral that can be found. `f` writes its values at the points of its first argument to the second.
///
/// The error is some 1e-13 of the integral of `|f|`, as long as `f` has no feature much narrower than a
/// hundredth of the interval.
pub(super) fn integrate(f: impl Fn(&[f64], &mut [f64]), a: f64, b: f64) -> f64 {
    let whole = piece(&f, a, b);
    let tolerance = TOLERANCE * whole.absolute;
    let (mut integral, mut absolute, mut error) = (0.0, 0.0, 0.0);
    let mut pending = vec![(a, b, whole)];
    let mut intervals = 1;
    while let Some((a, b, piece)) = pending.pop() {
        let middle = 0.5 * (a + b);
        let divisible = middle != a && middle != b && intervals < MOST_INTERVALS;
        if piece.error <= tolerance || piece.outside || !divisible {
            integral += piece.integral;
            absolute += piece.absolute;
            error += piece.error;
            if piece.outside {
                return f64::NAN;
            }
            continue;
        }
        let (left, right) = (self::piece(&f, a, middle), self::piece(&f, middle, b));
        intervals += 2;
        pending.push((middle, b, right));
        pending.push((a, middle, left));
    }
    if error <= ACCEPTED * absolute { integral } else { f64::NAN }
}

fn piece(f: &impl Fn(&[f64], &mut [f64]), a: f64, b: f64) -> Piece {
    let (middle, half) = (0.5 * a + 0.5 * b, 0.5 * b - 0.5 * a);
    let mut points = [a; ALL];
    for (point, node) in points[1..].iter_mut().zip(NODES) {
        *point = middle + half * node;
    }
    points[ALL - 1] = b;
    let mut values = [0.0; ALL];
    f(&points, &mut values);
    let inner = &values[1..=RULE];
    let (mut kronrod, mut gauss, mut absolute) = (0.0, 0.0, 0.0);
    let mut ends = [0.0; 2];
    for (k, value) in inner.iter().enumerate() {
        let from_end = k.min(RULE - 1 - k);
        kronrod += KRONROD[from_end] * value;
        absolute += KRONROD[from_end] * value.abs();
        if from_end % 2 == 1 {
            gauss += GAUSS[from_end / 2] * value;
        }
        ends[0] += EDGE[RULE - 1 - k] * value;
        ends[1] += EDGE[k] * value;
    }
    // A jump between an end and the point next to it is seen by no rule, but by the value at the end.
    let mut unseen = 0.0;
    for (end, value) in ends.iter().zip([values[0], values[ALL - 1]]) {
        if value.is_finite() {
            unseen += (1.0 - POINTS[0]) * (end - value).abs();
        }
    }
    Piece {
        integral: half * kronrod,
        absolute: half.abs() * absolute,
        error: half.abs() * ((kronrod - gauss).abs() + unseen),
        outside: inner.iter().all(|value| value.is_nan()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each(f: impl Fn(f64) -> f64) -> impl Fn(&[f64], &mut [f64]) {
        move |x, out| {
            for (out, &x) in out.iter_mut().zip(x) {
                *out = f(x);
            }
        }
    }

    #[test]
    fn known_integrals() {
        type Case = (fn(f64) -> f64, f64, f64, f64);
        let cases: [Case; 9] = [
            (|x| x.powi(22), -1.0, 1.0, 2.0 / 23.0),
            (f64::exp, 0.0, 2.0, 2f64.exp_m1()),
            (f64::exp, 2.0, 0.0, -2f64.exp_m1()),
            (|x| (40.0 * x).cos(), 0.0, 3.0, 120f64.sin() / 40.0),
            (|x| (x - 0.3).abs(), 0.0, 1.0, 0.29),
            (|x| if x < 1.0 / 3.0 { 1.0 } else { -2.0 }, 0.0, 1.0, -1.0),
            // A jump beside the end, beyond the last point of the rule.
            (|x| if x < 0.9999 { 1.0 } else { 2.0 }, 0.0, 1.0, 1.0001),
            (|x| 1.0 / x.sqrt(), 0.0, 1.0, 2.0),
            (f64::ln, 0.0, 1.0, -1.0),
        ];
        for (index, (f, a, b, expected)) in cases.into_iter().enumerate() {
            let integral = integrate(each(f), a, b);
            assert!((integral - expected).abs() < 1e-12 * expected.abs().max(1.0), "{index}: {integral}");
        }
    }

    #[test]
    fn no_integral_is_nan() {
        assert!(integrate(each(|x| 1.0 / x), 0.0, 1.0).is_nan());
        assert!(integrate(each(f64::sqrt), -1.0, 1.0).is_nan());
        assert!(integrate(each(|_| f64::NAN), 0.0, 1.0).is_nan());
        assert_eq!(integrate(each(|_| 0.0), 0.0, 1.0), 0.0);
        assert_eq!(integrate(each(|x| x), 1.0, 1.0), 0.0);
    }
}

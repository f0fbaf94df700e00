//! Where an axis has ticks and what they say.

use super::spec::Scale;

/// Ticks of one axis, in increasing order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ticks {
    /// Values with a label, in the markup of [`super::text`].
    pub major: Vec<(f64, String)>,
    /// Values without one.
    pub minor: Vec<f64>,
}

/// Choices of ticks for an axis from `low` to `high`, the richest first, the last always usable.
pub(super) fn candidates(scale: Scale, low: f64, high: f64, most: usize) -> Vec<Ticks> {
    match scale {
        Scale::Linear => linear_candidates(low, high, most),
        Scale::Log => log_candidates(low, high, most),
    }
}

fn linear_candidates(low: f64, high: f64, most: usize) -> Vec<Ticks> {
    let mut all: Vec<Ticks> = Vec::new();
    for count in (1..=most.max(2)).rev() {
        let ticks = linear(low, high, count);
        if all.last() != Some(&ticks) {
            all.push(ticks);
        }
    }
    all
}

/// Multiples of 1, 2 or 5 times a power of ten, about `count` of them.
fn linear(low: f64, high: f64, count: usize) -> Ticks {
    let raw = (high - low) / count as f64;
    let mut exponent = raw.log10().floor();
    let unit = 10f64.powf(exponent);
    let mut mantissa =
        [1.0, 2.0, 5.0, 10.0].into_iter().find(|m| m * unit >= raw * (1.0 - 1e-9)).unwrap_or(10.0);
    if mantissa == 10.0 {
        mantissa = 1.0;
        exponent += 1.0;
    }
    let exponent = exponent as i32;
    let at = |index: f64| scaled(index * mantissa, exponent);
    let step = at(1.0);
    let first = (low / step - 1e-9).ceil();
    let last = (high / step + 1e-9).floor();
    let total = (last - first).clamp(-1.0, 100.0) as i64;
    let values: Vec<f64> = (0..=total).map(|offset| at(first + offset as f64)).collect();
    let largest = values.iter().fold(0.0f64, |most, value| most.max(value.abs()));
    let major = values.iter().map(|&value| (value, linear_label(value, exponent, largest))).collect();
    Ticks { major, minor: Vec::new() }
}

/// `mantissa * 10^exponent`, exact to the last bit where the result has a short decimal form.
fn scaled(mantissa: f64, exponent: i32) -> f64 {
    match exponent {
        0..=22 => mantissa * 10f64.powi(exponent),
        -22..=-1 => mantissa / 10f64.powi(-exponent),
        _ => mantissa * 10f64.powf(f64::from(exponent)),
    }
}

/// A tick of an axis whose step has this decimal exponent and whose largest label is `largest`.
fn linear_label(value: f64, step_exponent: i32, largest: f64) -> String {
    if value == 0.0 || largest == 0.0 {
        return "0".to_string();
    }
    let top = (largest.log10() + 1e-9).floor() as i32;
    if top >= 5 || top <= -4 {
        let decimals = (top - step_exponent).max(0) as usize;
        return format!("${:.decimals$}\\times10^{{{top}}}$", scaled(value, -top));
    }
    let decimals = (-step_exponent).max(0) as usize;
    format!("{value:.decimals$}").replace('-', "\u{2212}")
}

fn log_candidates(low: f64, high: f64, most: usize) -> Vec<Ticks> {
    let (bottom, top) = (low.log10(), high.log10());
    let first = (bottom - 1e-9).ceil() as i32;
    let last = (top + 1e-9).floor() as i32;
    let mut all = Vec::new();
    // Little more than a decade: two powers of ten alone would say too little.
    if top - bottom < 1.3 || last - first < 1 {
        for mantissas in [&[1, 2, 3, 4, 5, 6, 7, 8, 9][..], &[1, 2, 5], &[1, 3]] {
            let ticks = log_mantissas(low, high, mantissas);
            let wanted = if mantissas.len() == 9 { 2..=5 } else { 2..=most.max(3) };
            if wanted.contains(&ticks.major.len()) {
                all.push(ticks);
            }
        }
        if all.iter().all(|ticks| ticks.major.len() < 3) {
            let minor = log_minor(low, high);
            let plain = linear_candidates(low, high, most);
            let positive = plain.into_iter().map(|ticks| Ticks { minor: minor.clone(), ..ticks });
            all.extend(positive.filter(|ticks| ticks.major.iter().all(|(value, _)| *value > 0.0)));
        }
        if !all.is_empty() {
            return all;
        }
    }
    for stride in 1..=(last - first).max(1) {
        if (last - first) / stride > most.max(2) as i32 {
            continue;
        }
        // Multiples of the stride, so that 10^0 is kept where it is in range.
        let (labelled, bare): (Vec<i32>, Vec<i32>) =
            (first..=last).partition(|exponent| exponent.rem_euclid(stride) == 0);
        let minor = if stride == 1 {
            log_minor(low, high)
        } else {
            bare.into_iter().map(|exponent| scaled(1.0, exponent)).collect()
        };
        let major =
            labelled.into_iter().map(|exponent| (scaled(1.0, exponent), log_label(1, exponent, false)));
        all.push(Ticks { major: major.collect(), minor });
    }
    all
}

fn in_range(low: f64, high: f64, value: f64) -> bool {
    value >= low * (1.0 - 1e-9) && value <= high * (1.0 + 1e-9)
}

fn log_minor(low: f64, high: f64) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().floor() as i32);
    (first..=last)
        .flat_map(|exponent| (2..=9).map(move |mantissa| scaled(f64::from(mantissa), exponent)))
        .filter(|value| in_range(low, high, *value))
        .collect()
}

fn log_mantissas(low: f64, high: f64, mantissas: &[i32]) -> Ticks {
    let (first, last) = (low.log10().floor() as i32 - 1, high.log10().floor() as i32 + 1);
    let mut ticks = Ticks::default();
    for exponent in first..=last {
        for mantissa in 1..=9 {
            let value = scaled(f64::from(mantissa), exponent);
            if !in_range(low, high, value) {
                continue;
            }
            if mantissas.contains(&mantissa) {
                ticks.major.push((value, log_label(mantissa, exponent, true)));
            } else {
                ticks.minor.push(value);
            }
        }
    }
    ticks
}

fn log_label(mantissa: i32, exponent: i32, plain: bool) -> String {
    if plain && (-3..=4).contains(&exponent) {
        let decimals = (-exponent).max(0) as usize;
        return format!("{:.decimals$}", scaled(f64::from(mantissa), exponent));
    }
    if mantissa == 1 {
        format!("$10^{{{exponent}}}$")
    } else {
        format!("${mantissa}\\times10^{{{exponent}}}$")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &Ticks) -> Vec<&str> {
        ticks.major.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn linear_ticks_are_round_numbers() {
        assert_eq!(labels(&linear(-1.04, 1.04, 5)), ["−1.0", "−0.5", "0", "0.5", "1.0"]);
        assert_eq!(labels(&linear(0.0, 0.3, 3)), ["0", "0.1", "0.2", "0.3"]);
        assert_eq!(labels(&linear(0.0, 250_000.0, 3)), ["0", "$1\\times10^{5}$", "$2\\times10^{5}$"]);
    }

    #[test]
    fn decades_are_powers_of_ten() {
        let ticks = &log_candidates(0.9e-2, 1.1e1, 6)[0];
        assert_eq!(labels(ticks), ["$10^{-2}$", "$10^{-1}$", "$10^{0}$", "$10^{1}$"]);
        assert!(ticks.minor.len() > 20);
    }

    #[test]
    fn many_decades_are_thinned() {
        let ticks = &log_candidates(1e-12, 1e12, 6)[0];
        assert!(ticks.major.len() <= 7 && ticks.major.len() >= 4, "{ticks:?}");
        assert!(labels(ticks).contains(&"$10^{0}$"));
    }

    #[test]
    fn less_than_a_decade_has_plain_labels() {
        for (low, high) in [(0.05, 0.2), (0.11, 0.19), (1.0, 1.02), (3.2, 4.1), (95.0, 101.0), (2e-7, 9e-7)] {
            let all = log_candidates(low, high, 6);
            let ticks = &all[0];
            assert!(ticks.major.len() >= 2, "{low} {high} {all:?}");
            assert!(ticks.major.iter().all(|(value, _)| in_range(low, high, *value)));
        }
        assert!(log_candidates(0.05, 0.2, 6).iter().any(
            |ticks| labels(ticks) == ["0.05", "0.10", "0.20"] || labels(ticks) == ["0.05", "0.1", "0.2"]
        ));
    }

    #[test]
    fn extreme_ranges_end() {
        for (low, high) in [(1e-300, 1e300), (-1e308, 1e308), (0.0, 5e-324), (1e15, 1e15 + 2.0)] {
            assert!(candidates(Scale::Linear, low, high, 5).iter().all(|ticks| ticks.major.len() < 110));
            if low > 0.0 {
                assert!(!candidates(Scale::Log, low, high, 5).is_empty());
            }
        }
    }
}

//! Rates by counting: events over time at risk.

use statrs::function::gamma::checked_gamma_lr;

use super::invert;

/// The exact interval of an exponential mean after `events` events, as multiples of the estimate
/// `time at risk / events`: `2k / chi^2_{2k+2; (1+level)/2}` and `2k / chi^2_{2k; (1-level)/2}` (Garwood 1936).
///
/// For events of a Poisson process seen over a given time at risk the coverage is at least `level`,
/// whatever the rate. With no events at all both multiples are 0: there is no estimate to multiply, and
/// [`rate_interval`] says what is known.
#[must_use]
pub fn exponential_mean_interval(events: f64, level: f64) -> [f64; 2] {
    let [low, high] = expected_events(events, level);
    if events > 0.0 { [events / high, events / low] } else { [0.0, 0.0] }
}

/// The exact interval of a rate, per unit of time, after `events` events in the time `time_at_risk`:
/// `chi^2_{2k; (1-level)/2} / 2S` to `chi^2_{2k+2; (1+level)/2} / 2S`, from 0 where no event was seen.
#[must_use]
pub fn rate_interval(events: u64, time_at_risk: f64, level: f64) -> [f64; 2] {
    expected_events(events as f64, level).map(|expected| expected / time_at_risk)
}

/// The expected counts for which `events` is just not too many, and just not too few.
fn expected_events(events: f64, level: f64) -> [f64; 2] {
    // Half a chi-square with 2k degrees of freedom has the gamma law of shape k.
    let quantile = |p: f64, shape: f64| {
        let most = shape + 10.0 * shape.sqrt() + 10.0 - libm::log(1.0 - level);
        invert(|x| checked_gamma_lr(shape, x).unwrap_or(f64::NAN), p, [0.0, most])
    };
    let low = if events > 0.0 { quantile(0.5 * (1.0 - level), events) } else { 0.0 };
    [low, quantile(0.5 * (1.0 + level), events + 1.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_tables() {
        // Garwood's table of Poisson means: 0 events: 3.689; 5 events: 1.623 and 11.668.
        let [low, high] = rate_interval(0, 1.0, 0.95);
        assert!(low == 0.0 && (high - 3.688_879).abs() < 1e-5, "{high}");
        let [low, high] = rate_interval(5, 2.0, 0.95);
        assert!((low - 0.5 * 1.623_486).abs() < 1e-5 && (high - 0.5 * 11.668_332).abs() < 1e-5);
        let [low, high] = exponential_mean_interval(5.0, 0.95);
        assert!((low - 5.0 / 11.668_332).abs() < 1e-5 && (high - 5.0 / 1.623_486).abs() < 1e-5);
        // Many events: the normal interval.
        let [low, high] = exponential_mean_interval(1e6, 0.95);
        assert!((low - 1.0 + 1.96e-3).abs() < 1e-5 && (high - 1.0 - 1.96e-3).abs() < 1e-5);
    }
}

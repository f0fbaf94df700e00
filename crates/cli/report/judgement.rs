//! How an estimate compares with the exact value and with the small-noise theory, in words.

use levyscape_analyzer::summary::QuantityResult;

use super::number::significant;

/// The interval's half-width in standard errors.
const NORMAL_95: f64 = 1.959_963_984_540_054;
/// Beyond so many standard errors chance is no explanation: 5 in 10 000 for one estimate.
const TOO_FAR: f64 = 3.5;
/// Two values closer than this share are the same for a reader.
const NEGLIGIBLE: f64 = 5e-4;

/// How good the news is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Good,
    Doubtful,
    Bad,
}

/// Distance from the exact value in standard errors: `(estimate - exact) / s`, where `1.96 s` is the
/// half-width of the 95 % interval on the exact value's side, so that step error counts too.
pub fn z_score(result: &QuantityResult) -> Option<f64> {
    let (estimate, exact) = (result.estimate?, result.exact?);
    let difference = estimate - exact;
    // A value computed and a value counted may differ in their last digits.
    if difference.abs() <= 1e-12 * exact.abs().max(f64::MIN_POSITIVE) {
        return Some(0.0);
    }
    let half = result.ci95.map(|[lo, hi]| if difference > 0.0 { estimate - lo } else { hi - estimate });
    let scale = half.filter(|half| *half > 0.0).map(|half| half / NORMAL_95).or(result.std_error)?;
    let z = difference / scale;
    (!z.is_nan()).then_some(z)
}

/// Whether the 95 % interval holds the exact value; `None` without an estimate or an exact value.
pub fn holds_exact(result: &QuantityResult) -> Option<bool> {
    z_score(result).map(|z| z.abs() <= NORMAL_95 * (1.0 + 1e-12))
}

/// `estimate / theory` with its 95 % interval.
pub fn ratio(result: &QuantityResult) -> Option<(f64, [f64; 2])> {
    let (estimate, theory) = (result.estimate?, result.asymptotic?);
    let [lo, hi] = result.ci95?;
    let ratio = estimate / theory;
    (theory > 0.0 && ratio.is_finite()).then_some((ratio, [lo / theory, hi / theory]))
}

fn is_probability(result: &QuantityResult) -> bool {
    let name = result.quantity.as_str();
    name.ends_with("_probability") || matches!(name, "survival" | "occupation")
}

/// The theory against a value: how much it is off.
fn theory_against(result: &QuantityResult, theory: f64, value: f64, what: &str) -> String {
    let difference = theory - value;
    let side = if difference > 0.0 { "high" } else { "low" };
    if is_probability(result) {
        if difference.abs() < NEGLIGIBLE {
            return format!("theory differs from {what} by less than {NEGLIGIBLE}");
        }
        return format!("theory is {} {side} at this ε", significant(difference.abs(), 2));
    }
    let share = theory / value;
    if !share.is_finite() || share <= 0.0 {
        return format!("theory gives {}", significant(theory, 3));
    }
    if (share - 1.0).abs() < NEGLIGIBLE {
        format!("theory differs from {what} by less than {}\u{a0}%", 100.0 * NEGLIGIBLE)
    } else if !(0.5..=2.0).contains(&share) {
        format!("theory is {} times {what} at this ε", significant(share, 2))
    } else {
        format!("theory is {}\u{a0}% {side} at this ε", significant(100.0 * (share - 1.0).abs(), 2))
    }
}

/// The comparison of one result in words.
pub fn words(result: &QuantityResult) -> (Tone, String) {
    let Some(estimate) = result.estimate else {
        return (Tone::Doubtful, "no estimate".to_owned());
    };
    let (mut tone, against_exact) = match z_score(result) {
        None => (Tone::Plain, None),
        Some(_) if holds_exact(result) == Some(true) => {
            (Tone::Good, Some("agrees with the exact value".to_owned()))
        }
        Some(z) if z.abs() < TOO_FAR => {
            (Tone::Doubtful, Some(format!("{} standard errors off the exact value", significant(z.abs(), 2))))
        }
        Some(z) if z.is_finite() => (
            Tone::Bad,
            Some(format!("DISAGREES with the exact value by {} standard errors", significant(z.abs(), 2))),
        ),
        Some(_) => (Tone::Bad, Some("DISAGREES with the exact value".to_owned())),
    };
    let against_theory = result.asymptotic.map(|theory| match (result.exact, result.ci95) {
        (Some(exact), _) => theory_against(result, theory, exact, "the exact value"),
        (None, Some([lo, hi])) if (lo..=hi).contains(&theory) => "theory lies in the interval".to_owned(),
        _ => theory_against(result, theory, estimate, "the estimate"),
    });
    let mut parts: Vec<String> = against_exact.into_iter().chain(against_theory).collect();
    if parts.is_empty() {
        parts.push("no other value to compare with".to_owned());
    }
    if result.diverged > 0 {
        tone = Tone::Bad;
        parts.insert(0, "not to be used: paths diverged".to_owned());
    }
    (tone, parts.join("; "))
}

/// What `sqrt(n)` times the distance to the exponential law says, by its critical values for an
/// estimated mean (0.99 at 10 %, 1.08 at 5 %, 1.28 at 1 %).
pub fn exponentiality(distance: f64) -> (Tone, &'static str) {
    if distance < 0.99 {
        (Tone::Good, "no sign against an exponential law (below 0.99, the 10\u{a0}% point)")
    } else if distance < 1.08 {
        (
            Tone::Plain,
            "slightly unlike an exponential law (beyond 0.99, the 10\u{a0}% point; below the 5\u{a0}% point 1.08)",
        )
    } else if distance < 1.28 {
        (
            Tone::Doubtful,
            "unlike an exponential law at the 5\u{a0}% level (1.08), not at the 1\u{a0}% level (1.28)",
        )
    } else {
        (Tone::Doubtful, "not exponential: beyond 1.28, the 1\u{a0}% point")
    }
}

/// How many intervals were set against an exact value, how many hold it, how many miss it by far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Score {
    pub compared: usize,
    pub held: usize,
    pub far: usize,
}

impl Score {
    pub fn of<'a>(results: impl IntoIterator<Item = &'a QuantityResult>) -> Self {
        let mut score = Self::default();
        for result in results {
            if let (Some(holds), Some(z)) = (holds_exact(result), z_score(result)) {
                score.compared += 1;
                score.held += usize::from(holds);
                score.far += usize::from(z.abs() >= TOO_FAR);
            }
        }
        score
    }

    /// The score as a sentence; `None` where nothing could be compared.
    pub fn sentence(self) -> Option<String> {
        let Self { compared, held, far } = self;
        let far = match far {
            0 => String::new(),
            1 => ", 1 of them by far".to_owned(),
            far => format!(", {far} of them by far"),
        };
        match (compared, compared - held) {
            (0, _) => None,
            (1, 0) => {
                Some("The 95\u{a0}% interval of the one estimate with an exact value holds it.".to_owned())
            }
            (1, _) => Some(format!(
                "The 95\u{a0}% interval of the one estimate with an exact value misses it{far}."
            )),
            (_, 0) => Some(format!("All {compared} intervals with an exact value to compare with hold it.")),
            (_, missed) => Some(format!(
                "Of {compared} intervals with an exact value to compare with, {held} hold it and {missed} miss \
                 it{far}; by chance alone about {} would miss.",
                significant(0.05 * compared as f64, 2)
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(quantity: &str, estimate: f64, exact: Option<f64>, asymptotic: Option<f64>) -> QuantityResult {
        QuantityResult {
            task: 0,
            kind: "exit".into(),
            quantity: quantity.into(),
            from: None,
            to: None,
            set: None,
            t: None,
            axis: None,
            target: None,
            well: None,
            delta: None,
            other_deltas: Vec::new(),
            estimate: Some(estimate),
            std_error: Some(1.0),
            ci95: Some([estimate - NORMAL_95, estimate + 2.0 * NORMAL_95]),
            method: "plain".into(),
            step: 0.01,
            paths: 100,
            censored: 0,
            diverged: 0,
            steps: 1000,
            discretisation_bias: None,
            levels: Vec::new(),
            asymptotic,
            exact,
        }
    }

    #[test]
    fn distance_counts_the_interval_on_the_side_of_the_exact_value() {
        let z = |exact| z_score(&result("mean_exit_time", 100.0, Some(exact), None));
        assert!((z(98.0).unwrap_or(0.0) - 2.0).abs() < 1e-12);
        assert!((z(104.0).unwrap_or(0.0) + 2.0).abs() < 1e-12);
        assert_eq!(z(100.0), Some(0.0));
    }

    #[test]
    fn words_follow_the_interval() {
        let said = |exact, theory| words(&result("mean_exit_time", 100.0, exact, theory));
        assert_eq!(said(Some(99.0), None), (Tone::Good, "agrees with the exact value".into()));
        assert_eq!(
            said(Some(97.7), None),
            (Tone::Doubtful, "2.3 standard errors off the exact value".into())
        );
        let (tone, text) = said(Some(95.0), None);
        assert_eq!((tone, text.starts_with("DISAGREES")), (Tone::Bad, true));
        assert_eq!(said(None, Some(101.0)).1, "theory lies in the interval");
        assert_eq!(said(None, Some(112.0)).1, "theory is 12\u{a0}% high at this ε");
        assert_eq!(said(None, Some(31.0)).1, "theory is 0.31 times the estimate at this ε");
        assert_eq!(
            said(Some(100.0), Some(88.0)).1,
            "agrees with the exact value; theory is 12\u{a0}% low at this ε"
        );
        assert_eq!(said(None, None).1, "no other value to compare with");
        let probability = result("exit_right_probability", 0.5, Some(0.5), Some(0.6));
        assert_eq!(words(&probability).1, "agrees with the exact value; theory is 0.10 high at this ε");
    }

    #[test]
    fn paths_that_diverged_spoil_the_estimate() {
        let spoilt = QuantityResult { diverged: 1, ..result("mean_exit_time", 100.0, Some(100.0), None) };
        assert_eq!(words(&spoilt).0, Tone::Bad);
        let none = QuantityResult { estimate: None, ci95: None, ..spoilt };
        assert_eq!(words(&none).1, "no estimate");
    }

    #[test]
    fn the_score_counts() {
        let results = [99.0, 95.0, 97.7].map(|exact| result("mean_exit_time", 100.0, Some(exact), None));
        assert_eq!(Score::of(&results), Score { compared: 3, held: 1, far: 1 });
        assert_eq!(Score::default().sentence(), None);
    }
}

//! How good the news of a comparison is, and the comparison in a few words.

use levyscape_analyzer::compare::{Compared, Destinations, Exponentiality, FAMILY_LEVEL};
use levyscape_analyzer::summary::QuantityResult;

use super::number::significant;

/// How good the news is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Good,
    Doubtful,
    Bad,
}

/// The tone of one result.
pub fn tone(result: &QuantityResult) -> Tone {
    let verdict = result.verdict.as_ref();
    match verdict.and_then(|verdict| verdict.agrees) {
        _ if result.diverged > 0 => Tone::Bad,
        _ if result.estimate.is_none() => Tone::Doubtful,
        Some(false) => Tone::Bad,
        // Alone it would be off.
        Some(true) if verdict.and_then(|verdict| verdict.p_value).is_some_and(|p| p < FAMILY_LEVEL) => {
            Tone::Doubtful
        }
        Some(true) => Tone::Good,
        None => Tone::Plain,
    }
}

/// What the comparison of a result with its exact value comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Agrees,
    Differs,
    /// Nothing against it, but the sample would have shown a large deviation only, or there is no estimate.
    Uncertain,
    /// No exact value.
    NotCompared,
    /// Paths diverged: the number must not be used.
    Unusable,
}

impl Outcome {
    pub fn word(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Differs => "differs",
            Self::Uncertain => "too uncertain",
            Self::NotCompared => "not compared",
            Self::Unusable => "not to be used",
        }
    }

    pub fn tone(self) -> Tone {
        match self {
            Self::Agrees => Tone::Good,
            Self::Differs | Self::Unusable => Tone::Bad,
            Self::Uncertain => Tone::Doubtful,
            Self::NotCompared => Tone::Plain,
        }
    }
}

/// The outcome of one result.
pub fn outcome(result: &QuantityResult) -> Outcome {
    let verdict = result.verdict.as_ref();
    let kind = Compared::from(result).kind;
    match verdict.and_then(|verdict| verdict.agrees) {
        _ if result.diverged > 0 => Outcome::Unusable,
        Some(false) => Outcome::Differs,
        // Where nothing else is possible no sample is too small.
        Some(true) if verdict.is_some_and(|verdict| verdict.p_value.is_some() && verdict.is_weak(kind)) => {
            Outcome::Uncertain
        }
        Some(true) => Outcome::Agrees,
        None if result.exact.is_some() => Outcome::Uncertain,
        None => Outcome::NotCompared,
    }
}

/// The comparison of one result in words.
pub fn words(result: &QuantityResult) -> &str {
    result.verdict.as_ref().map_or("not compared", |verdict| &verdict.words)
}

/// The comparison of one result in a few plain characters: with the exact value, and the theorem with it (with the
/// estimate, where there is no exact value).
pub fn short(result: &QuantityResult) -> String {
    let Some(verdict) = result.verdict.as_ref() else { return String::new() };
    if result.diverged > 0 {
        return "NOT TO BE USED".to_owned();
    }
    let agrees = match (verdict.agrees, tone(result)) {
        (Some(true), Tone::Doubtful) => "agrees (?)",
        (Some(true), _) => "agrees",
        (Some(false), _) => "DISAGREES",
        (None, _) if result.estimate.is_none() => "none",
        (None, _) => "no exact",
    };
    let share = match (verdict.theorem_over_exact, result.estimate, result.asymptotic) {
        (Some(share), ..) => Some(share),
        (None, Some(estimate), Some(theorem)) if result.exact.is_none() => Some(theorem / estimate),
        _ => None,
    };
    let theorem = share.filter(|share| share.is_finite()).map(|share| {
        if share == 1.0 {
            "equal".to_owned()
        } else if !(0.5..=2.0).contains(&share) {
            format!("x {}", significant(share, 2))
        } else {
            let sign = if share > 1.0 { '+' } else { '-' };
            format!("{sign}{} %", significant(100.0 * (share - 1.0).abs(), 2))
        }
    });
    core::iter::once(agrees.to_owned()).chain(theorem).collect::<Vec<_>>().join("; ")
}

/// `estimate / theorem` with its 95 % interval.
pub fn ratio(result: &QuantityResult) -> Option<(f64, [f64; 2])> {
    let (estimate, theory) = (result.estimate?, result.asymptotic?);
    let [lo, hi] = result.ci95?;
    let ratio = estimate / theory;
    (theory > 0.0 && ratio.is_finite()).then_some((ratio, [lo / theory, hi / theory]))
}

/// The tone of a test of the law of the times: a law that is not exponential is no error.
pub fn exponentiality(test: &Exponentiality) -> Tone {
    if test.agrees() { Tone::Good } else { Tone::Doubtful }
}

/// The tone of a test of destinations.
pub fn destinations(test: &Destinations) -> Tone {
    match (test.agrees(), test.against.as_str()) {
        (true, _) => Tone::Good,
        (false, "theorem") => Tone::Doubtful,
        (false, _) => Tone::Bad,
    }
}

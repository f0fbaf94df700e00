//! How small a step and how many paths a relative error asks for.
//!
//! Both are decided from accumulated statistics alone, at numbers of paths that are fixed beforehand, so
//! that a run comes out the same on every machine.

use levyscape_integrator::scheme::round_down;

use super::{Estimate, PathStatistics};

/// The step bias that is aimed at, in units of the relative error that is asked for.
const BIAS_SHARE: f64 = 1.0;
/// Paths of a pilot.
const PILOT_PATHS: u64 = 500;
/// Pilots at the most.
const MOST_PILOTS: u32 = 6;
/// By how much one pilot may divide the step.
const FACTORS: [f64; 2] = [2.0, 64.0];
/// Up to this factor a pilot's prediction is taken without another pilot.
const TRUSTED_FACTOR: f64 = 8.0;

/// What to do next in the search of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decision {
    /// Simulate this many paths with companions, on random streams that nothing else uses, and ask again.
    Pilot {
        /// The step.
        step: f64,
        /// Number of paths.
        paths: u64,
    },
    /// Take this step for the run.
    Take {
        /// The step.
        step: f64,
    },
}

/// The search of a step whose bias hardly matters beside the relative error that is asked for.
#[derive(Debug, Clone)]
pub struct StepSearch {
    allowed: f64,
    order: f64,
    step: f64,
    paths: u64,
    pilots: u32,
}

impl StepSearch {
    /// A search from `step` for a relative error; `order` is the weak order of the step error.
    #[must_use]
    pub fn new(step: f64, relative_error: f64, order: f64) -> Self {
        Self { allowed: BIAS_SHARE * relative_error, order, step, paths: PILOT_PATHS, pilots: 0 }
    }

    /// The first pilot.
    #[must_use]
    pub fn first(&self) -> Decision {
        Decision::Pilot { step: self.step, paths: self.paths }
    }

    /// What follows from the pilot that the last decision asked for.
    pub fn next(&mut self, pilot: &PathStatistics) -> Decision {
        self.pilots += 1;
        let take = Decision::Take { step: self.step };
        let mean = pilot.mean_time();
        let Some((mean, bias)) = mean.as_ref().and_then(|mean| Some((mean.value, mean.bias.as_ref()?)))
        else {
            return take;
        };
        let (seen, error) = (bias.estimate.abs() / mean, bias.std_error / mean);
        let most = seen + error;
        if most <= self.allowed || !most.is_finite() {
            return take;
        }
        let last = self.pilots >= MOST_PILOTS;
        if seen <= self.allowed && error > 0.5 * self.allowed && !last {
            // The pilot is too small to tell.
            self.paths *= 4;
            return Decision::Pilot { step: self.step, paths: self.paths };
        }
        let factor = libm::pow(most / (0.8 * self.allowed), 1.0 / self.order).clamp(FACTORS[0], FACTORS[1]);
        self.step = round_down(self.step / factor);
        if last || factor <= TRUSTED_FACTOR {
            return Decision::Take { step: self.step };
        }
        Decision::Pilot { step: self.step, paths: self.paths }
    }
}

/// What a look at the statistics says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Look {
    /// The error is as small as was asked for.
    Reached,
    /// Go on to this number of paths and look again.
    GoOn {
        /// Number of paths, those already simulated included.
        paths: u64,
    },
    /// More paths will not do: the step error alone is too large, or no path ends.
    Hopeless,
}

/// When to stop: at the first of the looks `n = 1000, 1100, 1210, ...` at which the interval's half-width
/// over 1.96 is no more than the relative error that was asked for times the mean.
///
/// Stopping when the estimated error happens to be small makes an interval cover less than its level, by an
/// amount of the order 1/n (Anscombe 1952; Chow and Robbins 1965); with no look before 1000 paths this is
/// less than 0.3 % for exponential times, and for times of twice their coefficient of variation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StoppingRule {
    /// The relative error that is asked for.
    pub relative_error: f64,
}

impl StoppingRule {
    /// Paths at the first look.
    pub const FIRST_LOOK: u64 = 1000;
    /// Without any exit among this many paths the search ends.
    const PATHS_WITHOUT_EXIT: u64 = 16_000;

    /// The look after the one at `paths`.
    #[must_use]
    pub fn look_after(paths: u64) -> u64 {
        (paths + paths.div_ceil(10)).max(Self::FIRST_LOOK)
    }

    /// Judges the paths so far, by the mean time.
    #[must_use]
    pub fn look(&self, statistics: &PathStatistics) -> Look {
        let [paths, ..] = statistics.counts();
        let go_on = Look::GoOn { paths: Self::look_after(paths) };
        if paths < Self::FIRST_LOOK {
            return go_on;
        }
        match statistics.mean_time() {
            None if paths >= Self::PATHS_WITHOUT_EXIT => Look::Hopeless,
            None => go_on,
            Some(mean) => self.judge(&mean, go_on),
        }
    }

    fn judge(&self, mean: &Estimate, go_on: Look) -> Look {
        if mean.relative_error() <= self.relative_error {
            return Look::Reached;
        }
        // What more paths do not lessen, unless it is chance itself.
        let step_error = mean.remainder() / mean.value.abs();
        let statistical = mean.std_error / mean.value.abs();
        if step_error >= self.relative_error && statistical <= 0.5 * self.relative_error {
            Look::Hopeless
        } else {
            go_on
        }
    }
}

//! Where a path stops.

use crate::error::EngineError;
use crate::record::Stop;

/// A path stops at the first time with `X <= lower`, `X >= upper`, or X in one of the closed
/// intervals `targets`. Jumping over a target does not stop it.
#[derive(Debug, Clone, PartialEq)]
pub struct StopRegion {
    /// Lower end of the domain; may be minus infinity.
    pub lower: f64,
    /// Upper end of the domain; may be infinity.
    pub upper: f64,
    /// Closed intervals `[lo, hi]`.
    pub targets: Vec<[f64; 2]>,
}

impl StopRegion {
    /// The interval `(lower, upper)` without targets.
    #[must_use]
    pub fn interval(lower: f64, upper: f64) -> Self {
        Self { lower, upper, targets: Vec::new() }
    }

    /// Where a path at the finite point `x` has stopped, if it has.
    #[must_use]
    pub fn stop_at(&self, x: f64) -> Option<Stop> {
        if x <= self.lower {
            Some(Stop::Lower)
        } else if x >= self.upper {
            Some(Stop::Upper)
        } else {
            let target = self.targets.iter().position(|&[lo, hi]| x >= lo && x <= hi)?;
            Some(Stop::Target(target as u32))
        }
    }

    /// Checks that a path may start at `x`.
    ///
    /// # Errors
    /// [`EngineError::StartStopped`] where it would stop at once.
    pub fn check_start(&self, x: f64) -> Result<(), EngineError> {
        if x > self.lower && x < self.upper && self.stop_at(x).is_none() {
            Ok(())
        } else {
            Err(EngineError::StartStopped { start: x, lower: self.lower, upper: self.upper })
        }
    }

    /// The barriers that a continuous path from `x` meets first, below and above, and what each is.
    #[must_use]
    pub fn barriers(&self, x: f64) -> [(f64, Stop); 2] {
        let mut below = (self.lower, Stop::Lower);
        let mut above = (self.upper, Stop::Upper);
        for (k, &[lo, hi]) in self.targets.iter().enumerate() {
            if hi < x && hi > below.0 {
                below = (hi, Stop::Target(k as u32));
            }
            if lo > x && lo < above.0 {
                above = (lo, Stop::Target(k as u32));
            }
        }
        [below, above]
    }
}

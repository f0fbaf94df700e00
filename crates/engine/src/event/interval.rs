//! Exit from an interval of the line, and arrival in smaller ones.

use crate::record::{PathRecord, Stop};

/// A path on the line stops at the first time with `X <= lower`, `X >= upper`, or X in one of the closed
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

    /// How far beyond the edge a path ended that stopped for this reason.
    pub(super) fn overshoot(&self, record: &PathRecord, stop: Stop) -> Option<f64> {
        let x = record.position;
        match stop {
            Stop::Lower => Some(self.lower - x),
            Stop::Upper => Some(x - self.upper),
            Stop::Target(target) => {
                let [lo, hi] = *self.targets.get(target as usize)?;
                Some((x - lo).min(hi - x))
            }
            Stop::Face { .. } => None,
        }
    }
}

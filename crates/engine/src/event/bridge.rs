//! Crossings of an edge between two points of the time grid by a continuous path.
//!
//! Given its ends at the distances `a, b > 0` from a plane, on one side of it, a Brownian path of variance
//! `v` along the normal has touched the plane with probability `exp(-2 a b / v)`, so exactly if a standard
//! exponential variable exceeds `2 a b / v`. A curved edge is replaced by its tangent plane, which leaves
//! the weak order at 1 (Gobet 2001).

use levyscape_integrator::noise::LARGEST_EXPONENTIAL;

/// A step of a continuous path.
pub(crate) struct Bridge<'a> {
    /// Its beginning.
    pub from: &'a [f64],
    /// Its end.
    pub to: &'a [f64],
    /// Half the variance of each coordinate over the step; the coordinates are independent.
    pub half_variance: &'a [f64],
    /// The step's standard exponential variable of each coordinate that has a variance.
    pub exponential: &'a dyn Fn(usize) -> f64,
}

/// Where and when an edge was crossed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Crossed {
    /// Share of the step before the crossing, roughly: it ranks edges that are crossed in one step.
    pub share: f64,
    /// The place, on the edge.
    pub place: Vec<f64>,
}

impl Bridge<'_> {
    /// Half the variance along a direction, times the square of its length.
    pub fn along(&self, direction: impl Fn(usize) -> f64) -> f64 {
        self.half_variance.iter().enumerate().map(|(k, half)| direction(k) * direction(k) * half).sum()
    }

    /// The exponential variable that edges across several coordinates share.
    pub fn shared_exponential(&self) -> f64 {
        match self.half_variance.iter().position(|&half| half > 0.0) {
            Some(coordinate) => (self.exponential)(coordinate),
            None => 0.0,
        }
    }

    /// The share of the step before a plane was crossed, if it was: the path began at the distance `a > 0`
    /// from it and ended at `b`, below 0 on the other side.
    pub fn plane(
        &self,
        [a, b]: [f64; 2],
        half_variance: f64,
        exponential: impl FnOnce() -> f64,
    ) -> Option<f64> {
        let margin = a * b;
        let crossed = b <= 0.0
            || (margin < LARGEST_EXPONENTIAL * half_variance && margin < exponential() * half_variance);
        // The mean place of the crossing lies on the chord to the end's mirror image.
        crossed.then(|| a / (a + b.abs()))
    }

    /// The point of the chord at this share.
    pub fn at(&self, share: f64) -> Vec<f64> {
        self.from.iter().zip(self.to).map(|(from, to)| from + share * (to - from)).collect()
    }

    /// Where the chord leaves a set that holds its beginning and not its end.
    pub fn leave(&self, contains: impl Fn(&[f64]) -> bool) -> Crossed {
        let [mut inside, mut outside] = [0.0, 1.0];
        for _ in 0..50 {
            let middle = 0.5 * (inside + outside);
            if contains(&self.at(middle)) {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        Crossed { share: outside, place: self.at(outside) }
    }
}

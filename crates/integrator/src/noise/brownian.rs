//! Brownian motion.

use std::sync::Arc;

use super::table::QuantileTable;
use super::{Noise, NoiseBlock};
use crate::rng::{LaneRng, draw};

/// Brownian motion with `Var Z_t = variance * t`.
///
/// Increments come from the tabulated inverse of the normal distribution function, one draw each; a
/// further half draw a step serves the crossing test within the step.
pub struct Brownian {
    variance: f64,
    table: Arc<QuantileTable>,
}

impl Brownian {
    /// Standard Brownian motion, `Var Z_t = t`.
    #[must_use]
    pub fn standard() -> Self {
        Self::with_variance(1.0)
    }

    pub(super) fn with_variance(variance: f64) -> Self {
        Self { variance, table: QuantileTable::stable(2.0) }
    }
}

impl Noise for Brownian {
    fn stability_index(&self) -> f64 {
        2.0
    }

    fn continuous_variance(&self) -> Option<f64> {
        Some(self.variance)
    }

    fn jump_tail(&self, _r: f64) -> f64 {
        0.0
    }

    fn fill(&self, rng: &mut LaneRng, lanes: usize, block: &mut NoiseBlock) {
        // The table is that of variance 2.
        self.table.fill((0.5 * self.variance).sqrt(), 0.0, rng, lanes, &mut block.increments);
        draw(rng, lanes, &mut block.crossings);
    }
}

//! Brownian motion.

use std::sync::Arc;

use super::table::QuantileTable;
use super::{Noise, NoiseBlock, Sampler, Side};
use crate::error::{IntegratorError, positive};
use crate::rng::{LaneRng, draw};

/// Brownian motion with `Var Z_t = variance * t`; exponent `psi(w) = -variance w^2 / 2`, no jumps.
///
/// Increments come from the tabulated inverse of the normal distribution function, one draw each; one
/// further draw a block is the key of the crossing tests within its steps.
pub struct Brownian {
    variance: f64,
}

impl Brownian {
    /// Standard Brownian motion, `Var Z_t = t`.
    #[must_use]
    pub fn standard() -> Self {
        Self::with_variance(1.0)
    }

    /// Brownian motion with `Var Z_t = variance * t`.
    #[must_use]
    pub fn with_variance(variance: f64) -> Self {
        Self { variance }
    }
}

impl Noise for Brownian {
    fn scaling_index(&self) -> f64 {
        2.0
    }

    fn is_self_similar(&self) -> bool {
        true
    }

    fn gaussian_variance(&self) -> f64 {
        self.variance
    }

    fn has_jumps(&self) -> bool {
        false
    }

    fn jump_tail(&self, _side: Side, _r: f64) -> f64 {
        0.0
    }

    fn exponent(&self, w: f64) -> [f64; 2] {
        [-0.5 * self.variance * w * w, 0.0]
    }

    fn sampler(&self, step: f64) -> Result<Box<dyn Sampler>, IntegratorError> {
        // The table is that of variance 2.
        let scale = (0.5 * self.variance * step).sqrt();
        Ok(Box::new(Increments { scale, table: QuantileTable::stable(2.0) }))
    }

    /// The process itself.
    fn small_jumps(&self, radius: f64) -> Result<Box<dyn Noise>, IntegratorError> {
        positive("the radius of small jumps", radius)?;
        Ok(Box::new(Self { variance: self.variance }))
    }
}

struct Increments {
    scale: f64,
    table: Arc<QuantileTable>,
}

impl Sampler for Increments {
    fn fill(&self, rng: &mut LaneRng, lanes: usize, blocks: &mut [NoiseBlock]) {
        for block in blocks {
            self.table.fill(self.scale, 0.0, rng, lanes, &mut block.diffusion);
            draw(rng, lanes, core::slice::from_mut(&mut block.crossings));
        }
    }
}

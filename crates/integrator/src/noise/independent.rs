//! Noise in several dimensions whose coordinates are independent.

use super::{Noise, NoiseBlock, Sampler, Side};
use crate::error::IntegratorError;
use crate::rng::LaneRng;

/// `Z = (Z^1, ..., Z^d)` with independent processes on the line as coordinates:
/// `E exp(i w.Z_t) = exp(t sum_k psi_k(w_k))`.
///
/// The Lévy measure lives on the axes: no two coordinates ever jump together.
pub struct Independent {
    coordinates: Vec<Box<dyn Noise>>,
}

impl Independent {
    /// The noise with these coordinates.
    ///
    /// # Errors
    /// [`IntegratorError::Missing`] without any, [`IntegratorError::Dimension`] for a coordinate that is not
    /// a process on the line.
    pub fn new(coordinates: Vec<Box<dyn Noise>>) -> Result<Self, IntegratorError> {
        if coordinates.is_empty() {
            return Err(IntegratorError::Missing("a noise with at least one coordinate"));
        }
        for coordinate in &coordinates {
            let found = coordinate.dimension();
            if found != 1 {
                return Err(IntegratorError::Dimension { what: "coordinate of a noise", expected: 1, found });
            }
        }
        Ok(Self { coordinates })
    }

    fn first(&self) -> &dyn Noise {
        self.coordinates[0].as_ref()
    }
}

impl Noise for Independent {
    fn dimension(&self) -> usize {
        self.coordinates.len()
    }

    fn coordinate(&self, k: usize) -> Option<&dyn Noise> {
        self.coordinates.get(k).map(AsRef::as_ref)
    }

    /// The largest index of a coordinate, which moves furthest in a small step.
    fn scaling_index(&self) -> f64 {
        self.coordinates.iter().map(|noise| noise.scaling_index()).fold(0.0, f64::max)
    }

    fn jump_index(&self) -> f64 {
        self.coordinates.iter().map(|noise| noise.jump_index()).fold(0.0, f64::max)
    }

    fn is_self_similar(&self) -> bool {
        let index = self.first().scaling_index();
        self.coordinates.iter().all(|noise| noise.is_self_similar() && noise.scaling_index() == index)
    }

    /// The largest variance of a coordinate.
    fn gaussian_variance(&self) -> f64 {
        self.coordinates.iter().map(|noise| noise.gaussian_variance()).fold(0.0, f64::max)
    }

    fn has_jumps(&self) -> bool {
        self.coordinates.iter().any(|noise| noise.has_jumps())
    }

    fn jump_tail(&self, side: Side, r: f64) -> f64 {
        self.first().jump_tail(side, r)
    }

    fn exponent(&self, w: f64) -> [f64; 2] {
        self.first().exponent(w)
    }

    fn sampler(&self, step: f64) -> Result<Box<dyn Sampler>, IntegratorError> {
        let (jumps, diffusion) = (self.has_jumps(), self.gaussian_variance() > 0.0);
        let coordinates = self
            .coordinates
            .iter()
            .map(|noise| {
                Ok(Coordinate {
                    sampler: noise.sampler(step)?,
                    without_jumps: jumps && !noise.has_jumps(),
                    without_diffusion: diffusion && noise.gaussian_variance() == 0.0,
                })
            })
            .collect::<Result<_, IntegratorError>>()?;
        Ok(Box::new(Increments { coordinates }))
    }

    /// Every coordinate without its jumps beyond the radius.
    fn small_jumps(&self, radius: f64) -> Result<Box<dyn Noise>, IntegratorError> {
        let coordinates = self.coordinates.iter().map(|noise| noise.small_jumps(radius));
        Ok(Box::new(Self { coordinates: coordinates.collect::<Result<_, _>>()? }))
    }
}

struct Coordinate {
    sampler: Box<dyn Sampler>,
    /// Others have jumps, so these rows are read, but this coordinate has none; and so for diffusion.
    without_jumps: bool,
    without_diffusion: bool,
}

struct Increments {
    coordinates: Vec<Coordinate>,
}

impl Sampler for Increments {
    fn fill(&self, rng: &mut LaneRng, lanes: usize, blocks: &mut [NoiseBlock]) {
        for (coordinate, block) in self.coordinates.iter().zip(blocks) {
            if coordinate.without_jumps {
                block.jumps.as_flattened_mut().fill(0.0);
            }
            if coordinate.without_diffusion {
                block.diffusion.as_flattened_mut().fill(0.0);
            }
            coordinate.sampler.fill(rng, lanes, core::slice::from_mut(block));
        }
    }
}

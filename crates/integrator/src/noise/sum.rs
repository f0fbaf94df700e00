//! Sums of independent noises.

use std::sync::Arc;

use super::{Brownian, Noise, NoiseBlock, Sampler, Side};
use crate::error::IntegratorError;
use crate::rng::LaneRng;

/// `Z = a_1 Z^1 + a_2 Z^2 + ...` with independent processes `Z^i` and weights `a_i`:
/// `psi(w) = sum_i psi_i(a_i w)`, and the Lévy measures, stretched by the weights, add.
///
/// All Gaussian parts together are drawn as one Gaussian variable of the total variance.
pub struct Sum {
    parts: Arc<[(f64, Box<dyn Noise>)]>,
    dimension: usize,
    /// The sums of the parts' coordinates; none on the line.
    coordinates: Vec<Marginal>,
}

impl Sum {
    /// The sum of processes, each with its weight.
    ///
    /// # Errors
    /// [`IntegratorError::Missing`] without any part, [`IntegratorError::Dimension`] for parts of different
    /// dimensions, [`IntegratorError::Parameter`] for a weight that is 0 or not finite.
    pub fn new(parts: Vec<(f64, Box<dyn Noise>)>) -> Result<Self, IntegratorError> {
        let Some((_, first)) = parts.first() else {
            return Err(IntegratorError::Missing("a sum of noises with at least one part"));
        };
        let dimension = first.dimension();
        for (weight, part) in &parts {
            let found = part.dimension();
            if found != dimension {
                return Err(IntegratorError::Dimension {
                    what: "part of a sum of noises",
                    expected: dimension,
                    found,
                });
            }
            if !weight.is_finite() || *weight == 0.0 {
                let (name, range) = ("the weight of a part of a noise", "finite and not 0");
                return Err(IntegratorError::Parameter { name, value: *weight, range });
            }
        }
        let parts: Arc<[_]> = parts.into();
        let coordinates = if dimension == 1 {
            Vec::new()
        } else {
            (0..dimension).map(|k| Marginal { parts: Arc::clone(&parts), coordinate: k }).collect()
        };
        Ok(Self { parts, dimension, coordinates })
    }
}

impl Noise for Sum {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn coordinate(&self, k: usize) -> Option<&dyn Noise> {
        self.coordinates.get(k).map(|marginal| marginal as &dyn Noise)
    }

    fn scaling_index(&self) -> f64 {
        scaling_index(self.parts.iter().map(view))
    }

    fn jump_index(&self) -> f64 {
        jump_index(self.parts.iter().map(view))
    }

    fn is_self_similar(&self) -> bool {
        is_self_similar(self.parts.iter().map(view))
    }

    fn gaussian_variance(&self) -> f64 {
        let variances = (0..self.dimension).map(|k| gaussian_variance(coordinates(&self.parts, k)));
        variances.fold(0.0, f64::max)
    }

    fn has_jumps(&self) -> bool {
        self.parts.iter().any(|(_, part)| part.has_jumps())
    }

    fn jump_tail(&self, side: Side, r: f64) -> f64 {
        jump_tail(self.parts.iter().map(view), side, r)
    }

    fn exponent(&self, w: f64) -> [f64; 2] {
        exponent(self.parts.iter().map(view), w)
    }

    fn sampler(&self, step: f64) -> Result<Box<dyn Sampler>, IntegratorError> {
        sampler(self.parts.iter().map(view), self.dimension, step)
    }

    fn small_jumps(&self, radius: f64) -> Result<Box<dyn Noise>, IntegratorError> {
        small_jumps(self.parts.iter().map(view), radius)
    }
}

/// One coordinate of a sum in several dimensions.
struct Marginal {
    parts: Arc<[(f64, Box<dyn Noise>)]>,
    coordinate: usize,
}

impl Marginal {
    fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        coordinates(&self.parts, self.coordinate)
    }
}

impl Noise for Marginal {
    fn scaling_index(&self) -> f64 {
        scaling_index(self.parts())
    }

    fn jump_index(&self) -> f64 {
        jump_index(self.parts())
    }

    fn is_self_similar(&self) -> bool {
        is_self_similar(self.parts())
    }

    fn gaussian_variance(&self) -> f64 {
        gaussian_variance(self.parts())
    }

    fn has_jumps(&self) -> bool {
        self.parts().any(|(_, part)| part.has_jumps())
    }

    fn jump_tail(&self, side: Side, r: f64) -> f64 {
        jump_tail(self.parts(), side, r)
    }

    fn exponent(&self, w: f64) -> [f64; 2] {
        exponent(self.parts(), w)
    }

    fn sampler(&self, step: f64) -> Result<Box<dyn Sampler>, IntegratorError> {
        sampler(self.parts(), 1, step)
    }

    fn small_jumps(&self, radius: f64) -> Result<Box<dyn Noise>, IntegratorError> {
        small_jumps(self.parts(), radius)
    }
}

/// A weight and a process.
type Part<'a> = (f64, &'a dyn Noise);

fn view((weight, part): &(f64, Box<dyn Noise>)) -> Part<'_> {
    (*weight, part.as_ref())
}

fn coordinates(parts: &[(f64, Box<dyn Noise>)], k: usize) -> impl Iterator<Item = Part<'_>> {
    parts.iter().map(move |(weight, part)| (*weight, part.coordinate(k).unwrap_or(part.as_ref())))
}

fn jump_index<'a>(parts: impl Iterator<Item = Part<'a>>) -> f64 {
    parts.map(|(_, part)| part.jump_index()).fold(0.0, f64::max)
}

fn scaling_index<'a>(parts: impl Iterator<Item = Part<'a>>) -> f64 {
    parts.map(|(_, part)| part.scaling_index()).fold(0.0, f64::max)
}

fn is_self_similar<'a>(parts: impl Iterator<Item = Part<'a>>) -> bool {
    let mut index = None;
    let mut parts = parts;
    parts.all(|(_, part)| {
        part.is_self_similar() && *index.get_or_insert(part.scaling_index()) == part.scaling_index()
    })
}

fn gaussian_variance<'a>(parts: impl Iterator<Item = Part<'a>>) -> f64 {
    parts.map(|(weight, part)| weight * weight * part.gaussian_variance()).sum()
}

fn jump_tail<'a>(parts: impl Iterator<Item = Part<'a>>, side: Side, r: f64) -> f64 {
    parts
        .map(|(weight, part)| {
            let side = match side {
                side if weight > 0.0 => side,
                Side::Lower => Side::Upper,
                Side::Upper => Side::Lower,
            };
            part.jump_tail(side, r / weight.abs())
        })
        .sum()
}

fn exponent<'a>(parts: impl Iterator<Item = Part<'a>>, w: f64) -> [f64; 2] {
    parts.map(|(weight, part)| part.exponent(weight * w)).fold([0.0; 2], |[re, im], [r, i]| [re + r, im + i])
}

/// The sum of the parts without their jumps beyond the radius, which before its weight is another for each.
fn small_jumps<'a>(
    parts: impl Iterator<Item = Part<'a>>,
    radius: f64,
) -> Result<Box<dyn Noise>, IntegratorError> {
    let parts = parts.map(|(weight, part)| Ok((weight, part.small_jumps(radius / weight.abs())?)));
    Ok(Box::new(Sum::new(parts.collect::<Result<_, IntegratorError>>()?)?))
}

fn sampler<'a>(
    parts: impl Iterator<Item = Part<'a>>,
    dimension: usize,
    step: f64,
) -> Result<Box<dyn Sampler>, IntegratorError> {
    let (mut jumps, mut variances) = (Vec::new(), vec![0.0; dimension]);
    for (weight, part) in parts {
        for (k, variance) in variances.iter_mut().enumerate() {
            *variance += weight * weight * part.coordinate(k).unwrap_or(part).gaussian_variance();
        }
        if part.has_jumps() {
            jumps.push((weight, part.sampler(step)?));
        }
    }
    let diffusion = if variances.iter().any(|&variance| variance > 0.0) {
        let samplers = variances.iter().map(|&variance| Brownian::with_variance(variance).sampler(step));
        samplers.collect::<Result<_, _>>()?
    } else {
        Vec::new()
    };
    Ok(Box::new(Increments { jumps, diffusion }))
}

struct Increments {
    /// The parts with jumps. What such a part fills in as diffusion is replaced by the total one.
    jumps: Vec<(f64, Box<dyn Sampler>)>,
    /// The total Gaussian part, one sampler a coordinate; none without one.
    diffusion: Vec<Box<dyn Sampler>>,
}

impl Sampler for Increments {
    fn fill(&self, rng: &mut LaneRng, lanes: usize, blocks: &mut [NoiseBlock]) {
        let mut parts = self.jumps.iter();
        if let Some((weight, sampler)) = parts.next() {
            sampler.fill(rng, lanes, blocks);
            if *weight != 1.0 {
                for x in blocks.iter_mut().flat_map(|block| block.jumps.as_flattened_mut()) {
                    *x *= weight;
                }
            }
        }
        if parts.len() > 0 {
            let mut drawn = NoiseBlock::zeros(blocks.len());
            for (weight, sampler) in parts {
                sampler.fill(rng, lanes, &mut drawn);
                for (block, drawn) in blocks.iter_mut().zip(&drawn) {
                    let sums = block.jumps.as_flattened_mut().iter_mut();
                    for (sum, x) in sums.zip(drawn.jumps.as_flattened()) {
                        *sum += weight * x;
                    }
                }
            }
        }
        for (sampler, block) in self.diffusion.iter().zip(blocks) {
            sampler.fill(rng, lanes, core::slice::from_mut(block));
        }
    }
}

//! One path at a time.

use crate::error::{IntegratorError, positive};
use crate::noise::{BLOCK, Noise, NoiseBlock, NoiseLaw};
use crate::potential::Potential;
use crate::rng::{LaneRng, StreamKey};
use crate::scheme::{DriftStep, SchemeKind};

/// The equation `dX = -U'(X) dt + epsilon dZ`.
///
/// # Examples
///
/// The first time at which a particle in the left well of a double well, kicked by Lévy noise of
/// tail index 1.5, is beyond the saddle:
///
/// ```
/// use levyscape_integrator::{ClosurePotential, NoiseLaw, SchemeKind, Sde};
///
/// # fn main() -> Result<(), levyscape_integrator::IntegratorError> {
/// let double_well = ClosurePotential::new(|x| x.powi(4) / 4.0 - x * x / 2.0, |x| x.powi(3) - x);
/// let sde = Sde::new(&double_well, NoiseLaw::Stable { alpha: 1.5 }, 0.3)?;
/// let mut total = 0.0;
/// for seed in 0..1000 {
///     let mut path = sde.path(-1.0, 0.01, SchemeKind::Splitting, seed)?;
///     total += path.find(|&(_, x)| x >= 0.0).map_or(f64::NAN, |(t, _)| t);
/// }
/// println!("mean exit time {:.2}", total / 1000.0);
/// # assert!((total / 1000.0 - 18.0).abs() < 6.0);
/// # Ok(())
/// # }
/// ```
pub struct Sde<'a> {
    potential: &'a dyn Potential,
    noise: Box<dyn Noise>,
    epsilon: f64,
    window: Option<[f64; 2]>,
}

impl<'a> Sde<'a> {
    /// The equation with potential `U`, noise `Z` and amplitude `epsilon`.
    ///
    /// # Errors
    /// An invalid tail index, or an `epsilon` that is not positive and finite.
    pub fn new(potential: &'a dyn Potential, noise: NoiseLaw, epsilon: f64) -> Result<Self, IntegratorError> {
        Ok(Self { potential, noise: noise.build()?, epsilon: positive("epsilon", epsilon)?, window: None })
    }

    /// Says where the paths spend their time, for schemes that tabulate; see [`SchemeKind::build`].
    #[must_use]
    pub fn with_window(mut self, window: [f64; 2]) -> Self {
        self.window = Some(window);
        self
    }

    /// An endless path from `start`: an iterator over `(t, X_t)` at `t = step, 2 step, ...`
    ///
    /// # Errors
    /// A step that is not positive and finite; a start where the force is not finite.
    pub fn path(
        &self,
        start: f64,
        step: f64,
        scheme: SchemeKind,
        seed: u64,
    ) -> Result<Path<'_>, IntegratorError> {
        self.path_of_stream(start, step, scheme, &StreamKey { seed, point: 0, task: 0 }, 0)
    }

    /// The path that a simulation draws for one stream: the same numbers as in a batch.
    ///
    /// # Errors
    /// As for [`Sde::path`].
    pub fn path_of_stream(
        &self,
        start: f64,
        step: f64,
        scheme: SchemeKind,
        key: &StreamKey,
        path: u64,
    ) -> Result<Path<'_>, IntegratorError> {
        let step = positive("step", step)?;
        if !start.is_finite() || !self.potential.gradient(start).is_finite() {
            return Err(IntegratorError::Start(start));
        }
        let reach = 4.0 * self.epsilon + 2.0;
        let window = self.window.unwrap_or([start - reach, start + reach]);
        let map = scheme.build(self.potential, step, window);
        let mut rng = LaneRng::default();
        rng.seed_lane(0, key, path);
        let scale = self.epsilon * libm::pow(step, 1.0 / self.noise.stability_index());
        Ok(Path {
            noise: self.noise.as_ref(),
            map,
            rng,
            block: NoiseBlock::new(),
            scale,
            step,
            taken: 0,
            x: start,
        })
    }
}

/// An endless path, see [`Sde::path`]. After leaving the finite numbers it yields NaN for ever.
pub struct Path<'a> {
    noise: &'a dyn Noise,
    map: Box<dyn DriftStep + 'a>,
    rng: LaneRng,
    block: Box<NoiseBlock>,
    scale: f64,
    step: f64,
    taken: u64,
    x: f64,
}

impl Path<'_> {
    /// Where the path is now.
    #[must_use]
    pub fn position(&self) -> f64 {
        self.x
    }
}

impl Iterator for Path<'_> {
    type Item = (f64, f64);

    fn next(&mut self) -> Option<(f64, f64)> {
        let row = (self.taken % BLOCK as u64) as usize;
        if row == 0 {
            self.noise.fill(&mut self.rng, 1, &mut self.block);
        }
        let mut moved = [0.0];
        self.map.advance(&[self.x], &mut moved);
        self.x = moved[0] + self.scale * self.block.increments[row][0];
        self.taken += 1;
        Some((self.taken as f64 * self.step, self.x))
    }
}

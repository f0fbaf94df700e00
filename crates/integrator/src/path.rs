//! The equation, and one path at a time.

use crate::amplitude::{Amplitude, Interpretation};
use crate::error::{IntegratorError, positive};
use crate::noise::{BLOCK, Noise, NoiseBlock, NoiseLaw, Sampler};
use crate::potential::{Drift, Potential, PotentialDrift};
use crate::rng::{LANES, LaneRng, StreamKey};
use crate::scheme::{Scheme, SchemeKind};

/// The equation `dX = b(X) dt + epsilon dZ` in `d` dimensions, `b = -grad U` unless a drift is given.
///
/// # Examples
///
/// The first time at which a particle in the left well of a double well, kicked by Lévy noise of
/// tail index 1.5, is beyond the saddle:
///
/// ```
/// use levyscape_integrator::{ClosurePotential, NoiseLaw, Sde};
///
/// # fn main() -> Result<(), levyscape_integrator::IntegratorError> {
/// let double_well = ClosurePotential::new(|x| x.powi(4) / 4.0 - x * x / 2.0, |x| x.powi(3) - x);
/// let sde = Sde::builder().potential(&double_well).noise(&NoiseLaw::stable(1.5)).epsilon(0.3).build()?;
/// let mut total = 0.0;
/// for seed in 0..1000 {
///     let mut path = sde.walk(-1.0).step(0.01).seed(seed).start()?;
///     total += path.find(|&(_, x)| x >= 0.0).map_or(f64::NAN, |(t, _)| t);
/// }
/// println!("mean exit time {:.2}", total / 1000.0);
/// # assert!((total / 1000.0 - 18.0).abs() < 6.0);
/// # Ok(())
/// # }
/// ```
pub struct Sde<'a> {
    drift: Box<dyn Drift + 'a>,
    noise: Box<dyn Noise>,
    amplitude: Amplitude<'a>,
}

impl<'a> Sde<'a> {
    /// Starts an equation: give it a potential or a drift, a noise and an amplitude.
    #[must_use]
    pub fn builder() -> SdeBuilder<'a> {
        SdeBuilder::default()
    }

    /// Number of coordinates.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.drift.dimension()
    }

    /// The drift `b`.
    #[must_use]
    pub fn drift(&self) -> &dyn Drift {
        self.drift.as_ref()
    }

    /// The driving process `Z`.
    #[must_use]
    pub fn noise(&self) -> &dyn Noise {
        self.noise.as_ref()
    }

    /// The amplitude `epsilon`.
    #[must_use]
    pub fn amplitude(&self) -> &Amplitude<'a> {
        &self.amplitude
    }

    /// Prepares a path from a point on the line.
    #[must_use]
    pub fn walk(&self, start: f64) -> Walk<'_> {
        self.walk_from(&[start])
    }

    /// Prepares a path from a point in `d` dimensions.
    #[must_use]
    pub fn walk_from(&self, start: &[f64]) -> Walk<'_> {
        Walk {
            sde: self,
            start: start.to_vec(),
            step: 0.01,
            scheme: SchemeKind::Splitting,
            key: StreamKey { seed: 0, point: 0, task: 0 },
            number: 0,
            window: None,
        }
    }

    /// Checks that a path may start at `x`: as many coordinates as the equation has, all finite, with a
    /// finite drift.
    ///
    /// # Errors
    /// [`IntegratorError::Dimension`] or [`IntegratorError::Start`].
    pub fn check_start(&self, x: &[f64]) -> Result<(), IntegratorError> {
        if x.len() != self.dimension() {
            return Err(IntegratorError::Dimension {
                what: "start",
                expected: self.dimension(),
                found: x.len(),
            });
        }
        let mut drift = vec![0.0; x.len()];
        self.drift.drift_at(x, &mut drift);
        if x.iter().chain(&drift).all(|x| x.is_finite()) {
            Ok(())
        } else {
            Err(IntegratorError::Start(x.to_vec()))
        }
    }
}

/// Puts an equation together, see [`Sde::builder`].
#[derive(Default)]
pub struct SdeBuilder<'a> {
    drift: Option<Box<dyn Drift + 'a>>,
    noise: Option<Result<Box<dyn Noise>, IntegratorError>>,
    epsilon: Vec<f64>,
    field: Option<(Box<dyn Drift + 'a>, Interpretation)>,
}

impl<'a> SdeBuilder<'a> {
    /// The drift `-U'` of a potential on the line.
    #[must_use]
    pub fn potential(self, potential: &'a dyn Potential) -> Self {
        self.drift(PotentialDrift(potential))
    }

    /// Any drift.
    #[must_use]
    pub fn drift(mut self, drift: impl Drift + 'a) -> Self {
        self.drift = Some(Box::new(drift));
        self
    }

    /// The driving process by name.
    #[must_use]
    pub fn noise(mut self, law: &NoiseLaw) -> Self {
        self.noise = Some(law.build());
        self
    }

    /// The same amplitude in every coordinate.
    #[must_use]
    pub fn epsilon(self, epsilon: f64) -> Self {
        self.epsilons(&[epsilon])
    }

    /// One amplitude a coordinate (or one for all).
    #[must_use]
    pub fn epsilons(mut self, epsilon: &[f64]) -> Self {
        self.epsilon = epsilon.to_vec();
        self
    }

    /// An amplitude that depends on the place: `field(x)` is `(epsilon_1(x), ..., epsilon_d(x))`.
    #[must_use]
    pub fn multiplicative(mut self, field: impl Drift + 'a, interpretation: Interpretation) -> Self {
        self.field = Some((Box::new(field), interpretation));
        self
    }

    /// The equation.
    ///
    /// # Errors
    /// A missing part, parts of different dimensions, invalid parameters of the noise, an amplitude that
    /// is not positive and finite, Stratonovich's interpretation for a noise with jumps.
    pub fn build(self) -> Result<Sde<'a>, IntegratorError> {
        let drift = self.drift.ok_or(IntegratorError::Missing("a potential or a drift"))?;
        let noise = self.noise.ok_or(IntegratorError::Missing("a noise"))??;
        let expected = drift.dimension();
        let check = |what, found| {
            let error = IntegratorError::Dimension { what, expected, found };
            if found == expected { Ok(()) } else { Err(error) }
        };
        check("noise", noise.dimension())?;
        let amplitude = match self.field {
            Some((field, interpretation)) => {
                check("epsilon", field.dimension())?;
                if interpretation == Interpretation::Stratonovich && noise.has_jumps() {
                    return Err(IntegratorError::StratonovichWithJumps);
                }
                Amplitude::Field { field, interpretation }
            }
            None => {
                let epsilon = match self.epsilon[..] {
                    [] => return Err(IntegratorError::Missing("an amplitude epsilon")),
                    [epsilon] => vec![epsilon; expected],
                    _ => self.epsilon,
                };
                check("epsilon", epsilon.len())?;
                for &epsilon in &epsilon {
                    positive("epsilon", epsilon)?;
                }
                Amplitude::Constant(epsilon)
            }
        };
        Ok(Sde { drift, noise, amplitude })
    }
}

/// A path about to start, see [`Sde::walk`].
pub struct Walk<'a> {
    sde: &'a Sde<'a>,
    start: Vec<f64>,
    step: f64,
    scheme: SchemeKind,
    key: StreamKey,
    number: u64,
    window: Option<Vec<[f64; 2]>>,
}

impl<'a> Walk<'a> {
    /// The time step; 0.01 unless said otherwise.
    #[must_use]
    pub fn step(mut self, step: f64) -> Self {
        self.step = step;
        self
    }

    /// The scheme; [`SchemeKind::Splitting`] unless said otherwise.
    #[must_use]
    pub fn scheme(mut self, scheme: SchemeKind) -> Self {
        self.scheme = scheme;
        self
    }

    /// The seed; 0 unless said otherwise.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.key.seed = seed;
        self
    }

    /// The stream that a simulation draws for one of its paths: the same numbers as in a batch.
    #[must_use]
    pub fn stream(mut self, key: StreamKey, number: u64) -> Self {
        (self.key, self.number) = (key, number);
        self
    }

    /// Where the path will spend its time, one interval a coordinate, for schemes that tabulate; see
    /// [`SchemeKind::build`].
    #[must_use]
    pub fn window(mut self, window: &[[f64; 2]]) -> Self {
        self.window = Some(window.to_vec());
        self
    }

    fn walker(self) -> Result<Walker<'a>, IntegratorError> {
        let Self { sde, start, step, scheme, key, number, window } = self;
        let step = positive("step", step)?;
        sde.check_start(&start)?;
        let window = window.unwrap_or_else(|| {
            let reach = |epsilon: f64| 4.0 * epsilon.abs() + 2.0;
            let amplitude = sde.amplitude.at(&start);
            start.iter().zip(amplitude).map(|(x, epsilon)| [x - reach(epsilon), x + reach(epsilon)]).collect()
        });
        let mut rng = LaneRng::default();
        rng.seed_lane(0, &key, number);
        let row = |x: &f64| {
            let mut row = [0.0; LANES];
            row[0] = *x;
            row
        };
        let rows = vec![[0.0; LANES]; start.len()];
        Ok(Walker {
            amplitude: &sde.amplitude,
            scheme: scheme.build(sde.drift(), sde.noise(), step, &window),
            sampler: sde.noise.sampler(step)?,
            has: [sde.noise.has_jumps(), sde.noise.gaussian_variance() > 0.0],
            rng,
            blocks: NoiseBlock::zeros(start.len()),
            step,
            taken: 0,
            x: start.iter().map(row).collect(),
            moved: rows.clone(),
            increments: rows,
        })
    }

    /// An endless path on the line: an iterator over `(t, X_t)` at `t = step, 2 step, ...`
    ///
    /// # Errors
    /// A step that is not positive and finite; a start where the drift is not finite; an equation in
    /// more than one dimension.
    pub fn start(self) -> Result<Path<'a>, IntegratorError> {
        let found = self.sde.dimension();
        if found != 1 {
            return Err(IntegratorError::Dimension { what: "path on the line", expected: 1, found });
        }
        Ok(Path(self.walker()?))
    }

    /// An endless path in `d` dimensions: an iterator over `(t, X_t)` at `t = step, 2 step, ...`
    ///
    /// # Errors
    /// A step that is not positive and finite; a start where the drift is not finite.
    pub fn start_in_space(self) -> Result<SpacePath<'a>, IntegratorError> {
        Ok(SpacePath(self.walker()?))
    }
}

struct Walker<'a> {
    amplitude: &'a Amplitude<'a>,
    scheme: Box<dyn Scheme + 'a>,
    sampler: Box<dyn Sampler>,
    /// Whether there are jumps, and a Gaussian part.
    has: [bool; 2],
    rng: LaneRng,
    blocks: Vec<NoiseBlock>,
    step: f64,
    taken: u64,
    x: Vec<[f64; LANES]>,
    moved: Vec<[f64; LANES]>,
    increments: Vec<[f64; LANES]>,
}

impl Walker<'_> {
    fn advance(&mut self) -> f64 {
        let row = (self.taken % BLOCK as u64) as usize;
        if row == 0 {
            self.sampler.fill(&mut self.rng, 1, &mut self.blocks);
        }
        self.scheme.advance(&self.x, 1, &mut self.moved);
        for (k, (increment, block)) in self.increments.iter_mut().zip(&self.blocks).enumerate() {
            let factor = self.scheme.noise_factor(k);
            increment[0] = factor
                * match self.has {
                    [true, true] => block.diffusion[row][0] + block.jumps[row][0],
                    [true, false] => block.jumps[row][0],
                    _ => block.diffusion[row][0],
                };
        }
        match (self.amplitude, self.has, &mut self.x[..]) {
            // The operations of the batches, in their order, so that the bits are the same.
            (Amplitude::Constant(epsilon), [true, false] | [false, true], [x]) => {
                let block = &self.blocks[0];
                let rows = if self.has[0] { &block.jumps } else { &block.diffusion };
                x[0] = self.moved[0][0] + epsilon[0] * self.scheme.noise_factor(0) * rows[row][0];
            }
            _ => {
                let before = self.x.clone();
                self.amplitude.kick(&before, &self.moved, &self.increments, 1, &mut self.x);
            }
        }
        if let Some(after) = self.scheme.after_noise() {
            self.moved.clone_from(&self.x);
            after.advance(&self.moved, 1, &mut self.x);
        }
        self.taken += 1;
        self.taken as f64 * self.step
    }
}

/// An endless path on the line, see [`Walk::start`]. After leaving the finite numbers it yields NaN for
/// ever.
pub struct Path<'a>(Walker<'a>);

impl Path<'_> {
    /// Where the path is now.
    #[must_use]
    pub fn current(&self) -> f64 {
        self.0.x[0][0]
    }
}

impl Iterator for Path<'_> {
    type Item = (f64, f64);

    fn next(&mut self) -> Option<(f64, f64)> {
        let time = self.0.advance();
        Some((time, self.current()))
    }
}

/// An endless path in `d` dimensions, see [`Walk::start_in_space`].
pub struct SpacePath<'a>(Walker<'a>);

impl SpacePath<'_> {
    /// Where the path is now.
    #[must_use]
    pub fn current(&self) -> Vec<f64> {
        self.0.x.iter().map(|row| row[0]).collect()
    }
}

impl Iterator for SpacePath<'_> {
    type Item = (f64, Vec<f64>);

    fn next(&mut self) -> Option<(f64, Vec<f64>)> {
        let time = self.0.advance();
        Some((time, self.current()))
    }
}

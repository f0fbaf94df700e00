//! Exits through the quasi-stationary law: Fleming–Viot particles.

use std::sync::atomic::Ordering;

use levyscape_integrator::noise::BLOCK;
use levyscape_integrator::rng::LANES;
use levyscape_integrator::{IntegratorError, SchemeKind, Sde, StreamKey};

use crate::batch::{Batch, Shared};
use crate::ensemble::{Control, Ensemble, Stepping};
use crate::error::EngineError;
use crate::event::Region;
use crate::record::{Outcome, PathRecord, Stop};
use crate::replicas::{Output, Replicated};

/// How particles are stepped, how many there are, and for how long.
///
/// Times are rounded up to whole blocks of 16 steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Population {
    /// The scheme.
    pub scheme: SchemeKind,
    /// The time step `h`; the same numbers are estimated at `2 h`.
    pub step: f64,
    /// Where the paths spend their time, one finite interval a coordinate; see [`SchemeKind::build`].
    pub window: Vec<[f64; 2]>,
    /// The time `t1` after which a path that has not stopped has the quasi-stationary law: some multiple of
    /// the relaxation time of the well.
    pub relaxation: f64,
    /// For how long the particles run before they are counted.
    pub burn_in: f64,
    /// For how long they are counted.
    pub measuring: f64,
    /// Particles of one system, at least 2; 64 and its multiples cost least a particle.
    pub particles: usize,
}

/// The law of the time and place at which a path stops, of any noise, from its quasi-stationary law and its
/// first steps; a [`Replicated`] estimator.
///
/// A path that has not stopped for long has the quasi-stationary law `mu`, and from it the time to the stop
/// is exponential with a rate `kappa` (the principal eigenvalue of the killed generator) and independent of
/// the place (Collet, Martínez and San Martín 2013). A replica is
///
/// * a system of `N` particles that move as independent paths; one that stops goes on at the place of
///   another, chosen uniformly among those that did not stop in that step (Burdzy, Hołyst and March 2000).
///   After the burn-in their places have the law `mu`, and `kappa` is estimated by the stops per particle and
///   unit of time, a stop counted in the middle of its step;
/// * independent paths of the length `t1`, of half the system's steps at most.
///
/// From the two, with `S = P(T > t1)`, the sums over the short paths, and `q` the share of the system's stops
/// that are of some kind,
///
/// ```text
/// E T   = E min(T, t1) + S / kappa
/// E T^2 = E[T^2; T <= t1] + S (t1^2 + 2 t1/kappa + 2/kappa^2)
/// P(kind) = P(kind, T <= t1) + S q
/// P(T > t) = S exp(-kappa (t - t1)),   t > t1.
/// ```
///
/// Errors besides the statistical one: of the law at `t1` and after the burn-in, `exp(-t/t_r)` with the
/// relaxation time `t_r`; of the finite system, of order `1/N` times what the stops of one relaxation time
/// change in the law, `kappa t_r` (4, 16, 64 and 256 particles gave the same `kappa` to 0.2 % at
/// `kappa t_r = 0.3`; to be measured, compare `N` with `N/2`); of the step, from
/// [`FlemingViot::fine_and_coarse`]. The work per stop is that of plain paths: what is gained is that no path
/// is longer than the measuring time, and the rate and the law themselves.
pub struct FlemingViot<'a> {
    ensemble: Ensemble<'a>,
    outputs: Vec<Output>,
    key: StreamKey,
    step: f64,
    relaxation: f64,
    blocks: [u64; 2],
    particles: u64,
    paths: u64,
}

/// Numbers of one grid in a row before those of the outputs: stops, particle time, `P(T > t1)`,
/// `E min(T, t1)`, `E[T^2; T <= t1]`.
const COMMON: usize = 5;
/// Numbers an output: of the system and of the short paths.
const EACH: usize = 2;

impl<'a> FlemingViot<'a> {
    /// Particles and paths of the equation from `start` that stop in `region`.
    ///
    /// [`Output::Landing`] and [`Output::QuasiStationary`] speak of the first coordinate.
    ///
    /// # Errors
    /// As for [`Ensemble::new`]; times that are not positive and finite, fewer than 2 particles.
    pub fn new(
        sde: &'a Sde<'a>,
        start: &[f64],
        region: impl Into<Region>,
        population: &Population,
        outputs: Vec<Output>,
        key: StreamKey,
    ) -> Result<Self, EngineError> {
        let Population { scheme, step, ref window, relaxation, burn_in, measuring, particles } = *population;
        for (name, value) in [
            ("step", step),
            ("the relaxation time", relaxation),
            ("the burn-in", burn_in),
            ("the measuring time", measuring),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(IntegratorError::NotPositive { name, value }.into());
            }
        }
        if particles < 2 {
            let (name, value, range) = ("the number of particles", particles as f64, "at least 2");
            return Err(IntegratorError::Parameter { name, value, range }.into());
        }
        let block = BLOCK as f64 * step;
        let blocks = |time: f64| (time / block).ceil().clamp(1.0, 1e15) as u64;
        let relaxation_blocks = blocks(relaxation);
        let relaxation = relaxation_blocks as f64 * block;
        let max_time = relaxation;
        let stepping = Stepping { scheme, clocked: None, step, max_time, pair: true, window: window.clone() };
        let ensemble = Ensemble::new(sde, start, region, &stepping, key)?;
        let blocks = [blocks(burn_in), blocks(measuring)];
        let particles = particles as u64;
        let paths =
            (particles.saturating_mul(blocks[0] + blocks[1]) / relaxation_blocks / 2).max(LANES as u64);
        Ok(Self { ensemble, outputs, key, step, relaxation, blocks, particles, paths })
    }

    /// Independent short paths of a replica.
    #[must_use]
    pub fn short_paths(&self) -> u64 {
        self.paths
    }

    /// The time `t1`, in whole blocks of steps.
    #[must_use]
    pub fn relaxation(&self) -> f64 {
        self.relaxation
    }

    /// The estimates at the steps `h` and `2 h` from the mean row: both are driven by the same noise.
    #[must_use]
    pub fn fine_and_coarse(&self, mean: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (fine, coarse) = mean.split_at(self.half());
        (self.estimates(fine), self.estimates(coarse))
    }

    /// Numbers a row has of one grid.
    fn half(&self) -> usize {
        COMMON + EACH * self.outputs.len()
    }

    fn estimates(&self, mean: &[f64]) -> Vec<f64> {
        let &[stops, time, survival, early, early_square, ..] = mean else { return Vec::new() };
        let (kappa, t1) = (stops / time, self.relaxation);
        let columns = mean[COMMON..].chunks_exact(EACH);
        self.outputs
            .iter()
            .zip(columns)
            .map(|(output, column)| match *output {
                Output::MeanTime => early + survival / kappa,
                Output::SecondMoment => {
                    early_square + survival * (t1 * t1 + 2.0 * (t1 + 1.0 / kappa) / kappa)
                }
                Output::StopProbability(_) | Output::Landing(_) => column[1] + survival * column[0] / stops,
                Output::Survival(t) if t <= t1 => column[1],
                Output::Survival(t) => survival * libm::exp(-kappa * (t - t1)),
                Output::ExitRate(0) => kappa,
                Output::ExitRate(_) => f64::NAN,
                Output::QuasiStationary(_) => column[0],
            })
            .collect()
    }

    /// The sums of the short paths of a replica, means over them; returns the steps taken.
    fn follow_paths(
        &self,
        shared: &Shared<'_>,
        first: u64,
        row: &mut [f64],
        control: &Control,
    ) -> Result<u64, EngineError> {
        let mut numbers = (0..self.paths).map(|k| first.wrapping_add(k));
        let mut batch = Batch::new(shared, LANES);
        let (fine, coarse) = row.split_at_mut(self.half());
        let (mut steps, mut diverged) = (0, false);
        while batch.refill(|| numbers.next()) {
            check(control)?;
            steps += batch.advance(|_, pair| {
                for (row, record) in [(&mut *fine, Some(pair.fine)), (&mut *coarse, pair.coarse)] {
                    let Some(record) = record else { continue };
                    diverged |= record.outcome == Outcome::Diverged;
                    self.count_path(&record, row);
                }
            });
        }
        if diverged { Err(EngineError::Diverged) } else { Ok(steps) }
    }

    fn count_path(&self, record: &PathRecord, row: &mut [f64]) {
        let share = 1.0 / self.paths as f64;
        let stop = match record.outcome {
            Outcome::Exited(stop) => Some(stop),
            _ => None,
        };
        row[3] += share * record.time;
        match stop {
            Some(_) => row[4] += share * (record.time * record.time),
            None => row[2] += share,
        }
        for (output, column) in self.outputs.iter().zip(row[COMMON..].chunks_exact_mut(EACH)) {
            let counts = match *output {
                Output::Survival(t) => stop.is_none() || record.time > t,
                ref output => stop.is_some_and(|stop| concerns(output, stop, record.position)),
            };
            if counts {
                column[1] += share;
            }
        }
    }

    /// The sums of the system of particles of a replica; returns the steps taken.
    fn run_particles(
        &self,
        shared: &Shared<'_>,
        first: u64,
        row: &mut [f64],
        control: &Control,
    ) -> Result<u64, EngineError> {
        let n = self.particles;
        let mut numbers = 0..n;
        let mut batches = Vec::new();
        while !numbers.is_empty() {
            let mut batch = Batch::new(shared, LANES);
            batch.refill(|| numbers.next().map(|k| first.wrapping_add(k)));
            batches.push(batch);
        }
        let [seed, point, task, _] = self.key.state(first.wrapping_add(n));
        let mut system = System {
            batches,
            key: StreamKey { seed, point, task },
            stopped: vec![false; n as usize],
            last: [vec![u64::MAX; n as usize], vec![u64::MAX; n as usize]],
            place: vec![0.0; shared.start.len()],
        };
        let half = self.half();
        let occupation = 1.0 / (n as f64 * self.blocks[1] as f64);
        for block in 0..self.blocks[0] + self.blocks[1] {
            check(control)?;
            let counted = block >= self.blocks[0];
            for batch in &mut system.batches {
                batch.draw();
            }
            for step in 0..BLOCK {
                let mut ended = false;
                for batch in &mut system.batches {
                    ended |= batch.step(step);
                }
                if !ended {
                    continue;
                }
                let pair = block * (BLOCK as u64 / 2) + step as u64 / 2;
                for grid in 0..=step % 2 {
                    let row = &mut row[half * grid..half * (grid + 1)];
                    let mut diverged = false;
                    system.revive(grid, pair, |record| {
                        diverged |= record.outcome == Outcome::Diverged;
                        if let Outcome::Exited(stop) = record.outcome
                            && counted
                        {
                            self.count_stop(stop, record.position, grid, row);
                        }
                    })?;
                    if diverged {
                        return Err(EngineError::Diverged);
                    }
                }
            }
            if counted {
                for (grid, row) in row.chunks_exact_mut(half).enumerate() {
                    row[1] += (n * BLOCK as u64) as f64 * self.step;
                    self.count_places(&mut system, grid, occupation, row);
                }
            }
        }
        let steps = (self.blocks[0] + self.blocks[1]) * BLOCK as u64 * n;
        Ok(steps + steps / 2)
    }

    fn count_stop(&self, stop: Stop, position: f64, grid: usize, row: &mut [f64]) {
        row[0] += 1.0;
        // It stopped in the middle of its step, and the rest of the step is nobody's.
        row[1] -= 0.5 * self.step * (grid + 1) as f64;
        for (output, column) in self.outputs.iter().zip(row[COMMON..].chunks_exact_mut(EACH)) {
            if concerns(output, stop, position) {
                column[0] += 1.0;
            }
        }
    }

    fn count_places(&self, system: &mut System<'_>, grid: usize, share: f64, row: &mut [f64]) {
        for (output, column) in self.outputs.iter().zip(row[COMMON..].chunks_exact_mut(EACH)) {
            let Output::QuasiStationary([lo, hi]) = *output else { continue };
            let mut inside = 0;
            for batch in &mut system.batches {
                let running = batch.running();
                let x = &batch.grid(grid == 1).places()[0][..running];
                inside += x.iter().filter(|&&x| x >= lo && x < hi).count();
            }
            column[0] += share * inside as f64;
        }
    }
}

impl Replicated for FlemingViot<'_> {
    fn width(&self) -> usize {
        2 * self.half()
    }

    fn simulate(&self, group: u64, rows: &mut Vec<f64>, control: &Control) -> Result<u64, EngineError> {
        let Some(shared) = self.ensemble.shared() else { return Ok(0) };
        // A replica owns one random stream a particle, one for the choice of places, one a short path.
        let first = group.wrapping_mul(self.particles + 1 + self.paths);
        let mut row = vec![0.0; self.width()];
        let steps = self.run_particles(&shared, first, &mut row, control)?
            + self.follow_paths(&shared, first.wrapping_add(self.particles + 1), &mut row, control)?;
        rows.append(&mut row);
        Ok(steps)
    }

    fn outputs(&self) -> Vec<Output> {
        self.outputs.clone()
    }

    fn evaluate(&self, mean: &[f64]) -> Vec<f64> {
        self.estimates(&mean[..self.half()])
    }

    fn evaluate_coarse(&self, mean: &[f64]) -> Option<Vec<f64>> {
        Some(self.fine_and_coarse(mean).1)
    }
}

/// The particles of one replica: those of the fine step and their companions, which are a system of their
/// own, driven by the same noise.
struct System<'a> {
    batches: Vec<Batch<'a>>,
    /// Of the draws that decide where a stopped particle goes on.
    key: StreamKey,
    /// Which particles stopped in this step.
    stopped: Vec<bool>,
    /// For each grid and particle: the pair of steps in which it last stopped.
    last: [Vec<u64>; 2],
    place: Vec<f64>,
}

impl System<'_> {
    /// Moves each particle that stopped in this step to one that did not.
    ///
    /// Both grids take the same draw for the same particle and pair of steps, so that the two systems stay
    /// together as long as they can.
    fn revive(
        &mut self,
        grid: usize,
        pair: u64,
        mut count: impl FnMut(&PathRecord),
    ) -> Result<(), EngineError> {
        let coarse = grid == 1;
        let n = self.stopped.len() as u64;
        let mut left = n;
        for (k, stopped) in self.stopped.iter_mut().enumerate() {
            *stopped = self.batches[k / LANES].grid(coarse).end_of(k % LANES).is_some();
            left -= u64::from(*stopped);
        }
        if left == 0 {
            return Err(EngineError::Extinct);
        }
        for k in 0..self.stopped.len() {
            if !self.stopped[k] {
                continue;
            }
            if let Some(record) = self.batches[k / LANES].grid(coarse).end_of(k % LANES) {
                count(&record);
            }
            // The second stop within a pair of steps must not take the draw of the first.
            let again = self.last[grid][k] == pair;
            self.last[grid][k] = pair;
            let mut key = self.key;
            key.point ^= u64::from(again) << 63;
            let other = loop {
                let words = key.state(pair.wrapping_mul(n).wrapping_add(k as u64));
                let chosen = words.into_iter().map(|word| (((word >> 32) * n) >> 32) as usize);
                if let Some(other) = chosen.into_iter().find(|&other| !self.stopped[other]) {
                    break other;
                }
                key.task = key.task.wrapping_add(1);
            };
            let places = self.batches[other / LANES].grid(coarse).places();
            for (place, row) in self.place.iter_mut().zip(places) {
                *place = row[other % LANES];
            }
            self.batches[k / LANES].grid(coarse).place(k % LANES, &self.place);
        }
        Ok(())
    }
}

/// Whether a stop of this kind at this place is what the output asks for.
fn concerns(output: &Output, stop: Stop, position: f64) -> bool {
    match *output {
        Output::StopProbability(asked) => stop == asked,
        Output::Landing([lo, hi]) => position >= lo && position <= hi,
        _ => false,
    }
}

fn check(control: &Control) -> Result<(), EngineError> {
    if control.cancel.load(Ordering::Relaxed) { Err(EngineError::Interrupted) } else { Ok(()) }
}

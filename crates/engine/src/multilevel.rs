//! Multilevel Monte Carlo for first-exit times (Giles 2008).

use std::ops::ControlFlow;

use levyscape_integrator::IntegratorError;

use crate::ensemble::{Control, Ensemble};
use crate::error::EngineError;
use crate::record::{Outcome, PathPair, Stop};

/// Levels that there can be. Path `k` of level `l` has number `MOST_LEVELS k + l` within its task, so
/// that the random streams of the levels do not meet.
pub const MOST_LEVELS: usize = 16;

/// What a multilevel estimate must reach, and what it may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// Bound on the root of squared standard error plus squared bias, as a share of the estimate of `E T`.
    /// Each of the two gets half of the square.
    pub relative_error: f64,
    /// The order `p` of the bias: `E T_h - E T ~ h^p`.
    pub order: f64,
    /// Whether the leading term of the bias is taken off by Richardson's rule.
    pub extrapolate: bool,
    /// Paths of a new level.
    pub warm_up: u64,
    /// Levels, at most [`MOST_LEVELS`].
    pub most_levels: usize,
    /// Paths of one level.
    pub most_paths: u64,
}

impl Target {
    /// The target with extrapolation, 200 paths to begin a level, all levels and any number of paths.
    #[must_use]
    pub fn new(relative_error: f64, order: f64) -> Self {
        Self {
            relative_error,
            order,
            extrapolate: true,
            warm_up: 200,
            most_levels: MOST_LEVELS,
            most_paths: u64::MAX,
        }
    }

    /// The weights of the differences in the estimate, and in the bias that it has then, of `count` levels.
    ///
    /// With `r = 2^p`: without extrapolation 1 for each, and `-m_L/(r - 1)` is left. Extrapolated, the last
    /// difference has the weight `r/(r - 1)`, and what is left counts as what the last level has changed,
    /// `(m_(L-1) - r m_L)/(r - 1)`, as it is for a next term of order 1.
    fn weights(&self, count: usize) -> Vec<[f64; 2]> {
        let ratio = libm::exp2(self.order);
        let mut weights = vec![[1.0, 0.0]; count];
        if let [.., before, last] = &mut weights[..] {
            if self.extrapolate {
                *last = [ratio / (ratio - 1.0), -ratio / (ratio - 1.0)];
                // The mean on level 0 is no difference.
                if count > 2 {
                    before[1] = 1.0 / (ratio - 1.0);
                }
            } else {
                last[1] = -1.0 / (ratio - 1.0);
            }
        }
        weights
    }
}

/// Mean and sum of squared deviations of a stream of numbers (Welford 1962).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moments {
    /// How many.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// Sum of the squared distances from the mean.
    pub squares: f64,
}

impl Moments {
    /// Takes one more number.
    pub fn push(&mut self, x: f64) {
        self.count += 1;
        let distance = x - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (x - self.mean);
    }

    /// The sample variance; 0 for fewer than two numbers.
    #[must_use]
    pub fn variance(&self) -> f64 {
        if self.count < 2 { 0.0 } else { self.squares / (self.count - 1) as f64 }
    }
}

/// What is kept of the paths of a level, whatever their number.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LevelSums {
    /// Paths that the level is to have before anything is decided anew.
    pub planned: u64,
    /// Paths that it has had.
    pub paths: u64,
    /// Time steps of them, both grids together.
    pub steps: u64,
    /// Differences of the exit times on the fine and on the coarse grid; on level 0 the exit times. Only of
    /// paths that exit on both.
    pub difference: Moments,
    /// Exit times on the fine grid, of the same paths.
    pub fine: Moments,
    /// For each way to stop, in the order of their first path: pairs that stop so on the fine grid alone, on
    /// the coarse one alone, and on both. On level 0 nothing stops on the coarse grid.
    pub stops: Vec<(Stop, [u64; 3])>,
    /// Paths of which the horizon came first on a grid.
    pub censored: u64,
    /// Paths that left the finite numbers on a grid.
    pub diverged: u64,
}

impl LevelSums {
    /// Time steps a path, both grids together.
    #[must_use]
    pub fn cost(&self) -> f64 {
        self.steps as f64 / self.paths.max(1) as f64
    }

    fn count(&mut self, fine: Stop, coarse: Option<Stop>) {
        let mut add = |stop, kind: usize| match self.stops.iter_mut().find(|(seen, _)| *seen == stop) {
            Some((_, counts)) => counts[kind] += 1,
            None => {
                let mut counts = [0; 3];
                counts[kind] = 1;
                self.stops.push((stop, counts));
            }
        };
        match coarse {
            Some(coarse) if coarse == fine => add(fine, 2),
            Some(coarse) => {
                add(fine, 0);
                add(coarse, 1);
            }
            None => add(fine, 0),
        }
    }

    /// Mean and variance of the difference of the indicators of a stop.
    fn indicator(&self, stop: Stop) -> [f64; 2] {
        let counts = self.stops.iter().find(|(seen, _)| *seen == stop).map_or([0; 3], |(_, counts)| *counts);
        let n = self.difference.count.max(1) as f64;
        // A stop on both grids makes no difference.
        let [up, down, _] = counts.map(|count| count as f64 / n);
        let mean = up - down;
        [mean, (up + down - mean * mean).max(0.0)]
    }
}

/// Where a multilevel estimate stands: all that the paths so far have left. What follows depends on it
/// alone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// The levels, the coarsest first.
    pub levels: Vec<LevelSums>,
}

impl State {
    /// Takes the next path of a level: on level 0 one path, on the others a pair. Paths of a level must come
    /// in the order of their numbers.
    ///
    /// # Errors
    /// [`EngineError::NoCompanion`] for a path without a companion on a level that needs one.
    pub fn push(&mut self, level: usize, pair: &PathPair) -> Result<(), EngineError> {
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, LevelSums::default);
        }
        let sums = &mut self.levels[level];
        let coarse = match (level, &pair.coarse) {
            (0, _) => None,
            (_, None) => return Err(EngineError::NoCompanion),
            (_, Some(coarse)) => Some(coarse),
        };
        sums.paths += 1;
        sums.steps += pair.fine.steps + coarse.map_or(0, |coarse| coarse.steps);
        let ends = [Some(pair.fine.outcome), coarse.map(|coarse| coarse.outcome)];
        if ends.contains(&Some(Outcome::Diverged)) {
            sums.diverged += 1;
        } else if ends.contains(&Some(Outcome::Censored)) {
            sums.censored += 1;
        } else if let Outcome::Exited(fine) = pair.fine.outcome {
            let stop = coarse.and_then(|coarse| match coarse.outcome {
                Outcome::Exited(stop) => Some(stop),
                Outcome::Censored | Outcome::Diverged => None,
            });
            sums.count(fine, stop);
            sums.fine.push(pair.fine.time);
            sums.difference.push(pair.fine.time - coarse.map_or(0.0, |coarse| coarse.time));
        }
        Ok(())
    }

    /// Writes down what [`next`] has asked for, so that a round that is broken off is finished before
    /// anything is decided anew.
    pub fn plan(&mut self, additional: &[(usize, u64)]) {
        for &(level, paths) in additional {
            if self.levels.len() <= level {
                self.levels.resize_with(level + 1, LevelSums::default);
            }
            let sums = &mut self.levels[level];
            sums.planned = sums.planned.max(sums.paths.saturating_add(paths));
        }
    }

    /// The variances of the differences, weighted for the estimate.
    ///
    /// Most pairs hardly differ, and few may by chance not differ at all. So each level of `n` pairs counts as
    /// having one more that parted at once, with the variance `2 V_0` of independent exits.
    fn variances(&self, target: &Target) -> Vec<f64> {
        let apart = self.levels.first().map_or(0.0, |sums| 2.0 * sums.difference.variance());
        let weights = target.weights(self.levels.len());
        let variances = self.levels.iter().zip(weights).enumerate().map(|(level, (sums, [weight, _]))| {
            let parted = if level == 0 { 0.0 } else { apart / sums.difference.count.max(1) as f64 };
            weight * weight * (sums.difference.variance() + parted)
        });
        variances.collect()
    }

    fn is_complete(&self) -> bool {
        self.levels.iter().all(|sums| sums.censored == 0 && sums.diverged == 0)
    }

    fn time(&self, target: &Target) -> Telescoped {
        let means = self.levels.iter().map(|sums| {
            let moments = sums.difference;
            [moments.mean, moments.variance(), moments.count as f64]
        });
        Telescoped::new(means, &target.weights(self.levels.len()))
    }

    /// Whether standard error and bias are within their shares of the target.
    fn is_good(&self, target: &Target) -> bool {
        let time = self.time(target);
        let bound = core::f64::consts::FRAC_1_SQRT_2 * target.relative_error * time.estimate.abs();
        let square: f64 = self
            .levels
            .iter()
            .zip(self.variances(target))
            .map(|(sums, variance)| variance / sums.difference.count.max(1) as f64)
            .sum();
        // The last per cent of the paths is not asked for.
        square.sqrt() <= 1.01 * bound && time.bias.abs() <= bound
    }
}

/// Levels to begin with.
const FIRST_LEVELS: usize = 3;

/// What to simulate next: levels and how many further paths of each; `None` at the end. It is a function of
/// the state alone.
///
/// First what was planned and is not there yet. Then, as long as the standard error is too large, the paths
/// of Giles' optimal allocation
///
/// ```text
/// N_l = 2/(relative_error E T)^2 sqrt(V_l/C_l) sum_k sqrt(V_k C_k)
/// ```
///
/// with the variances `V` (weighted by what the estimate makes of the differences) and costs `C` so far, a
/// level at most fourfold in one round. When these are all there, another level if the bias that is left, as
/// [`Telescoped::bias`] has it, is above its share. It ends with the target reached, with the last level used
/// up, or with a path that was censored or diverged: without its time there is no estimate.
#[must_use]
pub fn next(state: &State, target: &Target) -> Option<Vec<(usize, u64)>> {
    let most = target.most_levels.clamp(1, MOST_LEVELS);
    let warm_up = target.warm_up.max(2).min(target.most_paths);
    let count = state.levels.len().max(FIRST_LEVELS.min(most));
    let missing = (0..count).filter_map(|level| {
        let [planned, paths] = state.levels.get(level).map_or([0; 2], |sums| [sums.planned, sums.paths]);
        let missing = planned.max(warm_up).saturating_sub(paths);
        (missing > 0).then_some((level, missing))
    });
    let missing: Vec<_> = missing.collect();
    if !missing.is_empty() {
        return Some(missing);
    }
    if !state.is_complete() {
        return None;
    }
    let variances = state.variances(target);
    let time = state.time(target);
    let tolerance = target.relative_error * time.estimate.abs();
    let shares = state.levels.iter().zip(&variances).map(|(sums, v)| (v * sums.cost()).sqrt());
    let factor = 2.0 / (tolerance * tolerance) * shares.sum::<f64>();
    let further = state.levels.iter().zip(&variances).enumerate().filter_map(|(level, (sums, variance))| {
        let optimal = (factor * (variance / sums.cost()).sqrt()).ceil() as u64;
        let wanted = optimal.min(sums.paths.saturating_mul(4)).min(target.most_paths);
        // The last per cent is not worth a round.
        (wanted > sums.paths + sums.paths / 100).then(|| (level, wanted - sums.paths))
    });
    let further: Vec<_> = further.collect();
    if !further.is_empty() {
        return Some(further);
    }
    let bound = core::f64::consts::FRAC_1_SQRT_2 * tolerance;
    let enough = time.bias.abs() <= bound || state.levels.len() >= most;
    if enough { None } else { Some(vec![(state.levels.len(), warm_up)]) }
}

/// A telescoping sum over the levels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Telescoped {
    /// `sum_l m_l` with the mean differences `m_l`: an unbiased estimate of the expectation on the finest grid
    /// `L`. Where the target says to extrapolate, with `m_L/(2^p - 1)` added.
    pub estimate: f64,
    /// Its standard error; `sqrt(sum_l V_l/N_l)` without extrapolation.
    pub std_error: f64,
    /// By how much the estimate is too large, by the last differences: `-m_L/(2^p - 1)`, after extrapolation
    /// by how much the last level has lowered the extrapolated value,
    /// `(m_(L-1) - 2^p m_L)/(2^p - 1)`. It is not taken off. NaN on level 0 alone.
    pub bias: f64,
    /// The standard error of that.
    pub bias_std_error: f64,
}

impl Telescoped {
    /// From the mean, the variance and the number of the differences of each level.
    fn new(levels: impl Iterator<Item = [f64; 3]>, weights: &[[f64; 2]]) -> Self {
        let [mut sums, mut squares] = [[0.0; 2]; 2];
        for ([mean, variance, count], weights) in levels.zip(weights) {
            let square = variance / count.max(1.0);
            for k in 0..2 {
                sums[k] += weights[k] * mean;
                squares[k] += weights[k] * weights[k] * square;
            }
        }
        let [std_error, bias_std_error] = squares.map(f64::sqrt);
        let known = if weights.len() > 1 { 1.0 } else { f64::NAN };
        Self { estimate: sums[0], std_error, bias: known * sums[1], bias_std_error: known * bias_std_error }
    }
}

/// A level of a multilevel estimate.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// The fine time step `h_l = 2^-l h_0`; the coarse one is twice that.
    pub step: f64,
    /// Paths, on level 0, or pairs of paths.
    pub paths: u64,
    /// Mean `m_l` of the difference of the exit times on both grids; on level 0 of the exit time.
    pub mean: f64,
    /// Variance `V_l` of the same.
    pub variance: f64,
    /// Mean exit time on the fine grid.
    pub fine_mean: f64,
    /// Time steps a path, both grids together.
    pub cost: f64,
    /// Paths of which the horizon came first, on either grid.
    pub censored: u64,
    /// Paths that left the finite numbers, on either grid.
    pub diverged: u64,
}

/// A multilevel estimate.
#[derive(Debug, Clone, PartialEq)]
pub struct Multilevel {
    /// The levels, the coarsest first.
    pub levels: Vec<Level>,
    /// `E T`; `None` if a path was censored or diverged.
    pub time: Option<Telescoped>,
    /// The probability of each way to stop that was seen; none if a path was censored or diverged.
    pub stops: Vec<(Stop, Telescoped)>,
    /// Whether the standard error and the bias of `E T` are what the target asked for.
    pub is_good: bool,
}

impl Multilevel {
    /// What the paths so far amount to; `coarsest_step` is `h_0`.
    #[must_use]
    pub fn new(state: &State, coarsest_step: f64, target: &Target) -> Self {
        let levels = state.levels.iter().enumerate().map(|(level, sums)| Level {
            step: step(coarsest_step, level),
            paths: sums.paths,
            mean: sums.difference.mean,
            variance: sums.difference.variance(),
            fine_mean: sums.fine.mean,
            cost: sums.cost(),
            censored: sums.censored,
            diverged: sums.diverged,
        });
        let levels: Vec<_> = levels.collect();
        let counts = || state.levels.iter().map(|sums| sums.difference.count);
        if !state.is_complete() || counts().any(|count| count == 0) || levels.is_empty() {
            return Self { levels, time: None, stops: Vec::new(), is_good: false };
        }
        let time = Some(state.time(target));
        let weights = target.weights(levels.len());
        let mut stops: Vec<(Stop, Telescoped)> = Vec::new();
        for &(stop, _) in state.levels.iter().flat_map(|sums| &sums.stops) {
            if stops.iter().all(|(seen, _)| *seen != stop) {
                let shares = state.levels.iter().map(|sums| {
                    let [mean, variance] = sums.indicator(stop);
                    [mean, variance, sums.difference.count as f64]
                });
                stops.push((stop, Telescoped::new(shares, &weights)));
            }
        }
        Self { levels, time, stops, is_good: state.is_good(target) }
    }
}

fn step(coarsest: f64, level: usize) -> f64 {
    libm::ldexp(coarsest, -(level as i32))
}

/// Estimates `E T` and the probabilities of the ways to stop, to the target's relative error of `E T`.
///
/// `problem(h, pair)` is the ensemble with time step `h` and, where `pair` is set, companions at `2 h`; the
/// numbers of its paths are set here. Level 0 has single paths at `coarsest_step`, level `l` pairs at
/// `2^-l coarsest_step`. How many paths each gets is decided by [`next`] from the results in path order alone, so
/// that the estimate depends neither on threads nor on batches. Paths are not kept.
///
/// # Errors
/// As for [`advance`].
pub fn multilevel<'a>(
    problem: &dyn Fn(f64, bool) -> Result<Ensemble<'a>, EngineError>,
    coarsest_step: f64,
    target: &Target,
    control: &Control,
) -> Result<Multilevel, EngineError> {
    let mut state = State::default();
    advance(&mut state, problem, coarsest_step, target, control)?;
    Ok(Multilevel::new(&state, coarsest_step, target))
}

/// Simulates what is missing from `state` to the end of [`multilevel`]. After an interruption the state has
/// the paths that came before it, and another call goes on to the same result as if nothing had happened.
///
/// # Errors
/// [`EngineError::Interrupted`] once [`Control::cancel`] is set; [`EngineError::NoCompanion`] for a scheme
/// whose paths have no companions; [`IntegratorError::NotPositive`] for a relative error or an order; what
/// `problem` refuses.
pub fn advance<'a>(
    state: &mut State,
    problem: &dyn Fn(f64, bool) -> Result<Ensemble<'a>, EngineError>,
    coarsest_step: f64,
    target: &Target,
    control: &Control,
) -> Result<(), EngineError> {
    for (name, value) in
        [("the relative error", target.relative_error), ("the order of the bias", target.order)]
    {
        if !(value > 0.0 && value.is_finite()) {
            return Err(IntegratorError::NotPositive { name, value }.into());
        }
    }
    while let Some(round) = next(state, target) {
        state.plan(&round);
        for (level, additional) in round {
            let ensemble = problem(step(coarsest_step, level), level > 0)?
                .with_numbers(level as u64, MOST_LEVELS as u64);
            let first = state.levels[level].paths;
            let mut failed = None;
            ensemble.stream(first..first + additional, control, |_, pair| {
                match state.push(level, &pair) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(error) => {
                        failed = Some(error);
                        ControlFlow::Break(())
                    }
                }
            })?;
            if let Some(error) = failed {
                return Err(error);
            }
        }
    }
    Ok(())
}

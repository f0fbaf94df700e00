//! Exit times and places by a Markov chain on a uniform grid: the nonlocal exit equations, discretised.
//!
//! The generator of `dX = -U'(X) dt + dZ` is
//!
//! ```text
//! A u(x) = -U'(x) u'(x) + (d/2) u''(x) + scale * (generator of L^{alpha,beta}) u(x)
//! ```
//!
//! and with the stop set `S` the mean solves `A u = -1`, the second moment `A v = -2 u`, both 0 on `S`,
//! and the probability to land in a part of `S` solves `A p = 0` with `p` its indicator on `S`. The
//! principal eigenvalue `-lambda` gives `P(T > t) ~ exp(-lambda t)`, its left eigenvector the
//! quasi-stationary law.
//!
//! *Jumps* are those of a walk on the integers with the symbol `(1-z)^p (1-1/z)^q`, `p + q = alpha`, `p - q`
//! from the skewness; for `beta = 0` that is `|2 sin(w/2)|^alpha`. Its harmonic functions of the half-line
//! are known, which tells where between two nodes the end of an interval lies; with the nodes put there,
//! the mean and the side of a drift-free exit are in error by `O(h^2)` although the solution has a
//! singularity at the ends. *Drift* is differenced centrally where the jumps and the diffusion keep the
//! rates of the chain positive, upwind elsewhere, so that `-A` is an M-matrix either way and a residual `r`
//! changes the mean by at most `max|r|` times itself. Products with `-A` take two fast Fourier transforms;
//! systems are solved by GMRES with a cycle over coarser grids as preconditioner, in memory proportional
//! to the number of cells. The transforms' factors come from the platform's sine and cosine: another
//! machine may give other last bits, far below the error told.
//!
//! [`Grid`] is one grid; [`solve`] refines until its error estimate meets a tolerance.
//!
//! ```
//! use levyscape_analyzer::exact::grid::{Operator, Quantity, solve};
//! use levyscape_analyzer::theory::{NoiseLaw, StoppedProblem};
//! use levyscape_integrator::ClosurePotential;
//!
//! // Ornstein–Uhlenbeck process with the noise 0.5 L^1.3, exit of (-1, 1) from 0.
//! let well = ClosurePotential::new(|x| 0.5 * x * x, |x| x);
//! let operator = Operator::of(NoiseLaw::stable(1.3, 0.5)).ok_or("not a stable noise")?;
//! let problem = StoppedProblem::exit(0.0, -1.0, 1.0);
//! let mean = solve(&well, operator, &problem, [-1.0, 1.0], Quantity::Mean, 1e-5)?;
//! assert!((mean.value - 3.352737).abs() <= mean.error + 1e-6 && mean.error < 4e-5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod extrapolate;
mod layout;
mod level;
mod multigrid;
mod toeplitz;
mod weights;

#[cfg(test)]
mod tests;

pub use extrapolate::{Quantity, Solution, solve};

use std::cell::OnceCell;

use levyscape_integrator::potential::Potential;

use crate::theory::{NoiseLaw, StoppedProblem};
use layout::StopSet;
use level::Level;
use multigrid::{Hierarchy, Solved, dot};

/// Cells of the coarsest grid, whose matrix is factored.
const COARSEST: usize = 128;
/// Residual of the mean's equation, whose right-hand side is 1.
const RESIDUAL: f64 = 1e-11;
/// Relative error of the solver beyond which a result is none.
const USELESS: f64 = 1e-3;
/// Nodes of the interpolation at the start.
const STENCIL: usize = 6;
/// Steps of the inverse iteration, and the relative changes of the rate and of the left vector at which it
/// ends.
const INVERSE_STEPS: usize = 400;
const RATE_CHANGE: f64 = 1e-12;
const VECTOR_CHANGE: f64 = 1e-10;

/// The noise part of the generator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Operator {
    /// Tail index, `0 < alpha <= 2`.
    pub alpha: f64,
    /// Skewness in [-1, 1] (S1); 0 at `alpha = 1`.
    pub beta: f64,
    /// `epsilon^alpha`, the intensity of the jumps; 0 for none.
    pub scale: f64,
    /// Variance per unit time of the Gaussian part.
    pub diffusion: f64,
}

impl Operator {
    /// The operator of a noise; `None` for a noise that is neither stable nor Gaussian nor a sum of both.
    #[must_use]
    pub fn of(noise: NoiseLaw) -> Option<Self> {
        match noise {
            NoiseLaw::Brownian { epsilon } => {
                Some(Self { alpha: 2.0, beta: 0.0, scale: 0.0, diffusion: epsilon * epsilon })
            }
            NoiseLaw::Stable { alpha, beta, epsilon } => {
                Some(Self { alpha, beta, scale: libm::pow(epsilon, alpha), diffusion: 0.0 })
            }
            NoiseLaw::StableAndGaussian { alpha, beta, weight, gaussian, epsilon } => {
                let (scale, gaussian) = (libm::pow(epsilon * weight, alpha), epsilon * gaussian);
                Some(Self { alpha, beta, scale, diffusion: gaussian * gaussian })
            }
            NoiseLaw::Other { .. } => None,
        }
    }
}

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GridError {
    /// The noise is not covered.
    #[error("the noise {what}")]
    Operator {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The stopped problem has no answer on a grid.
    #[error("the stopped problem {what}")]
    Problem {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The gradient is not a finite number.
    #[error("the gradient of the potential at {x} is not a finite number")]
    Potential {
        /// The place.
        x: f64,
    },
    /// The cells are too large for a target or for the part of the domain around the start.
    #[error("there are too few cells for the width of a target or of the domain around the start")]
    TooFewCells,
    /// The linear solver stopped short.
    #[error("the linear system was solved only to the residual {residual:e}")]
    NotConverged {
        /// Largest residual.
        residual: f64,
    },
}

/// A value on one grid. Its difference from the value of the process, the discretisation error, is not
/// known from one grid alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GridValue {
    /// The value from the start.
    pub value: f64,
    /// Bound on the error of the linear solver.
    pub solver_error: f64,
    /// Steps of GMRES.
    pub iterations: usize,
}

/// Decay rate of the survival probability and law of the surviving paths.
#[derive(Debug, Clone, PartialEq)]
pub struct Principal {
    /// `lambda` in `P(T > t) ~ exp(-lambda t)`.
    pub rate: f64,
    /// Its last change in the iteration plus what the solver's residual can do.
    pub solver_error: f64,
    /// The nodes, for skewed noise the points beside them at which the equations hold.
    pub places: Vec<f64>,
    /// The density of the quasi-stationary law there; it integrates to 1 (sum times spacing).
    pub density: Vec<f64>,
    /// Steps of GMRES.
    pub iterations: usize,
}

/// The Markov chain of one stopped problem on one grid.
pub struct Grid {
    hierarchy: Hierarchy,
    stops: StopSet,
    start: f64,
    operator: Operator,
    tails: [f64; 2],
    mean: OnceCell<Solved>,
}

impl Grid {
    /// The chain on about `cells` cells (the number is adapted so that the stop points fit).
    ///
    /// A domain without an end is cut at that end of `window`, where jumps that leave it are brought back to
    /// the last node; a finite domain does not look at the window. Cut where the drift points inward
    /// steeply.
    ///
    /// # Errors
    /// [`GridError`] for skewed noise at `alpha = 1`, a problem without a stop set or not inside the
    /// window, a start in the stop set, a target narrower than two cells and a gradient that is not finite.
    ///
    /// ```
    /// use levyscape_analyzer::exact::getoor;
    /// use levyscape_analyzer::exact::grid::{Grid, Operator};
    /// use levyscape_analyzer::theory::{NoiseLaw, StoppedProblem};
    /// use levyscape_integrator::ClosurePotential;
    ///
    /// let free = ClosurePotential::new(|_| 0.0, |_| 0.0);
    /// let operator = Operator::of(NoiseLaw::stable(1.5, 1.0)).ok_or("not a stable noise")?;
    /// let problem = StoppedProblem::exit(0.3, -1.0, 1.0);
    /// let grid = Grid::new(&free, operator, &problem, [-1.0, 1.0], 400)?;
    /// let exact = getoor::mean(1.5, 1.0, 0.3, -1.0, 1.0);
    /// assert!((grid.mean()?.value / exact - 1.0).abs() < 2e-6);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(
        potential: &dyn Potential,
        operator: Operator,
        problem: &StoppedProblem,
        window: [f64; 2],
        cells: usize,
    ) -> Result<Self, GridError> {
        Self::build(potential, operator, problem, window, cells, None, COARSEST)
    }

    /// The same chain, with a dense matrix that is solved by elimination: memory `O(cells^2)`.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn dense(
        potential: &dyn Potential,
        operator: Operator,
        problem: &StoppedProblem,
        window: [f64; 2],
        cells: usize,
    ) -> Result<Self, GridError> {
        Self::build(potential, operator, problem, window, cells, None, usize::MAX)
    }

    fn build(
        potential: &dyn Potential,
        operator: Operator,
        problem: &StoppedProblem,
        window: [f64; 2],
        cells: usize,
        reference: Option<f64>,
        coarsest: usize,
    ) -> Result<Self, GridError> {
        let positive = |x: f64| x >= 0.0 && x.is_finite();
        if !(positive(operator.scale) && positive(operator.diffusion)) {
            return Err(GridError::Operator { what: "needs finite intensities of at least 0" });
        }
        let tails = weights::Weights::new(operator.alpha, operator.beta)?.tails;
        let stops = StopSet::new(problem, window)?;
        let finest = Level::new(potential, operator, &stops, cells, reference)?;
        if !finest.layout.resolved {
            return Err(GridError::TooFewCells);
        }
        finest.layout.component(problem.start)?;
        let mut levels = vec![finest];
        let mut coarse = cells;
        while coarse > coarsest {
            coarse = coarse.div_ceil(2);
            match Level::new(potential, operator, &stops, coarse, None) {
                Ok(level) => levels.push(level),
                // Nothing is left of the domain on so coarse a grid.
                Err(GridError::TooFewCells) => break,
                Err(error) => return Err(error),
            }
        }
        let hierarchy = Hierarchy::new(levels);
        Ok(Self { hierarchy, stops, start: problem.start, operator, tails, mean: OnceCell::new() })
    }

    /// Number of nodes.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.level().len()
    }

    /// Distance of the nodes.
    #[must_use]
    pub fn spacing(&self) -> f64 {
        self.level().layout.spacing
    }

    fn level(&self) -> &Level {
        self.hierarchy.finest()
    }

    /// `E T`.
    ///
    /// # Errors
    /// [`GridError::NotConverged`]; [`GridError::TooFewCells`] if fewer than two free nodes surround the start.
    pub fn mean(&self) -> Result<GridValue, GridError> {
        let solved = self.mean_solution(None)?;
        let value = self.at_start(&solved.values)?;
        self.checked(value, solved.residual * value, solved)
    }

    /// `E T^2`.
    ///
    /// # Errors
    /// As [`Self::mean`].
    pub fn second_moment(&self) -> Result<GridValue, GridError> {
        let first = self.mean_solution(None)?;
        let source: Vec<f64> = self.level().collocate(&first.values, false).iter().map(|u| 2.0 * u).collect();
        let longest = largest(&first.values);
        let second = self.hierarchy.solve(&source, None, false, RESIDUAL * longest)?;
        let value = self.at_start(&second.values)?;
        // A source that is off by the relative residual of the mean moves the moment by as much.
        let error = second.residual * self.at_start(&first.values)? + first.residual * value;
        self.checked(value, error, &second)
    }

    /// `P(lo <= X_T <= hi)`; either end may be infinite. Within a target, cells that a set covers in part
    /// count in part.
    ///
    /// # Errors
    /// As [`Self::mean`].
    pub fn landing(&self, lo: f64, hi: f64) -> Result<GridValue, GridError> {
        let first = self.mean_solution(None)?;
        let source = self.landing_source(lo, hi);
        let goal = RESIDUAL / largest(&first.values).max(f64::MIN_POSITIVE);
        let solved = self.hierarchy.solve(&source, None, false, goal)?;
        let value = self.at_start(&solved.values)?;
        let error = solved.residual * self.at_start(&first.values)?;
        // A probability is told to its own absolute error.
        if error.is_nan() || error > USELESS {
            return Err(GridError::NotConverged { residual: solved.residual });
        }
        Ok(GridValue { value, solver_error: error, iterations: solved.iterations })
    }

    /// The principal eigenvalue and the quasi-stationary law, by inverse iteration from both sides; its
    /// steps take the longer the nearer the next eigenvalue is.
    ///
    /// # Errors
    /// [`GridError::NotConverged`].
    ///
    /// ```
    /// use levyscape_analyzer::exact::grid::{Grid, Operator};
    /// use levyscape_analyzer::theory::{NoiseLaw, StoppedProblem};
    /// use levyscape_integrator::ClosurePotential;
    ///
    /// let free = ClosurePotential::new(|_| 0.0, |_| 0.0);
    /// let operator = Operator::of(NoiseLaw::stable(1.0, 1.0)).ok_or("not a stable noise")?;
    /// let problem = StoppedProblem::exit(0.0, -1.0, 1.0);
    /// let grid = Grid::new(&free, operator, &problem, [-1.0, 1.0], 1000)?;
    /// assert!((grid.principal()?.rate - 1.1577738836).abs() < 1e-5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn principal(&self) -> Result<Principal, GridError> {
        self.inverse_iteration(VECTOR_CHANGE)
    }

    /// [`Self::principal`] with a left vector that may still change by so much: the error of the rate is
    /// the square of the vectors'.
    fn inverse_iteration(&self, vector_change: f64) -> Result<Principal, GridError> {
        let level = self.level();
        let first = self.mean_solution(None)?;
        let mut iterations = first.iterations;
        let longest = largest(&first.values);
        let mut right: Vec<f64> = first.values.iter().map(|u| u / longest).collect();
        let mut left: Vec<f64> = level.layout.free.iter().map(|&free| f64::from(u8::from(free))).collect();
        let mut rate = 1.0 / longest;
        for _ in 0..INVERSE_STEPS {
            // Both vectors are at most 1, so their images under the inverse are about 1/rate.
            let goal = RESIDUAL * largest(&right);
            let source = level.collocate(&right, false);
            let guess: Vec<f64> = right.iter().map(|u| u / rate).collect();
            let forward = self.hierarchy.solve(&source, Some(&guess), false, goal)?;
            let dual = level.collocate(&left, true);
            let guess: Vec<f64> = left.iter().map(|u| u / rate).collect();
            let backward = self.hierarchy.solve(&dual, Some(&guess), true, goal)?;
            iterations += forward.iterations + backward.iterations;
            // The quotient (left, -A right)/(left, B right), B the values at the collocation points.
            let image = level.collocate(&forward.values, false);
            let next = dot(&backward.values, &source) / dot(&backward.values, &image);
            let change = (next - rate).abs();
            rate = next;
            let [largest_right, largest_left] = [&forward.values, &backward.values].map(|u| largest(u));
            right = forward.values.iter().map(|u| u / largest_right).collect();
            let next: Vec<f64> = backward.values.iter().map(|u| u / largest_left).collect();
            let turn = next.iter().zip(&left).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            left = next;
            // Where rounding ends the solver, it ends the changes as well.
            let noise = forward.residual.max(backward.residual);
            if change <= rate * RATE_CHANGE.max(noise) && turn <= vector_change.max(noise) {
                let solver_error = change + rate * noise;
                if solver_error.is_nan() || solver_error > USELESS * rate {
                    return Err(GridError::NotConverged { residual: noise });
                }
                let mass: f64 = left.iter().sum::<f64>() * level.layout.spacing;
                let density = left.iter().map(|u| u / mass).collect();
                let places = (0..level.len()).map(|node| level.collocation(node)).collect();
                return Ok(Principal { rate, solver_error, places, density, iterations });
            }
        }
        Err(GridError::NotConverged { residual: f64::INFINITY })
    }

    /// The mean from every node, from the solution on a coarser grid if there is one.
    fn mean_solution(&self, coarser: Option<&Self>) -> Result<&Solved, GridError> {
        if let Some(solved) = self.mean.get() {
            return Ok(solved);
        }
        let mut source = vec![1.0; self.cells()];
        self.level().clear_stopped(&mut source);
        let guess = coarser.and_then(|coarser| {
            coarser.mean.get().map(|solved| self.hierarchy.interpolate(&coarser.hierarchy, &solved.values))
        });
        let solved = self.hierarchy.solve(&source, guess.as_deref(), false, RESIDUAL)?;
        Ok(self.mean.get_or_init(|| solved))
    }

    fn checked(&self, value: f64, error: f64, solved: &Solved) -> Result<GridValue, GridError> {
        if error.is_nan() || error > USELESS * value.abs() {
            return Err(GridError::NotConverged { residual: solved.residual });
        }
        Ok(GridValue { value, solver_error: error, iterations: solved.iterations })
    }

    /// Rates from the nodes into the set: the right-hand side of the landing probability.
    fn landing_source(&self, lo: f64, hi: f64) -> Vec<f64> {
        let level = self.level();
        let (layout, n) = (&level.layout, level.len());
        let contains = |x: f64| lo <= x && x <= hi;
        // The indicator on the stopped nodes of the targets.
        let mut indicator = vec![0.0; n];
        let half = 0.5 * layout.spacing;
        for (node, value) in indicator.iter_mut().enumerate().filter(|&(node, _)| !layout.free[node]) {
            let x = layout.place(node);
            // The outermost nodes of a target lie up to a cell beyond its ends.
            let near = |target: &&[f64; 2]| target[0] - 2.0 * half <= x && x <= target[1] + 2.0 * half;
            let target = self.stops.targets.iter().find(near);
            let Some(&[from, to]) = target else { continue };
            *value = if lo <= from && to <= hi {
                1.0
            } else {
                ((hi.min(x + half) - lo.max(x - half)) / layout.spacing).clamp(0.0, 1.0)
            };
        }
        for cut in &layout.partial {
            indicator[cut.node] *= 1.0 - cut.share;
        }
        let mut source = vec![0.0; n];
        if indicator.iter().any(|&value| value != 0.0) {
            level.apply_full(&indicator, &mut source);
            source.iter_mut().for_each(|rate| *rate = -*rate);
        }
        // Jumps beyond a finite end: the rates of the walk from the end on, the Lévy measure from a place
        // further out.
        let [a, b] = self.stops.ends;
        let mass = |side: usize, distance: f64| {
            let index = self.operator.alpha;
            self.operator.scale * self.tails[side] / index * libm::pow(distance, -index)
        };
        for (i, rate) in source.iter_mut().enumerate() {
            let x = level.collocation(i);
            if a.is_finite() {
                let all = level.tails[0][i + 1];
                let beyond = |y: f64| if y >= a { all } else { mass(1, x - y).min(all) };
                if lo < hi {
                    *rate += (beyond(hi) - beyond(lo)).max(0.0);
                }
            }
            if b.is_finite() {
                let all = level.tails[1][n - i];
                let beyond = |y: f64| if y <= b { all } else { mass(0, y - x).min(all) };
                if lo < hi {
                    *rate += (beyond(lo) - beyond(hi)).max(0.0);
                }
            }
        }
        if a.is_finite() && contains(a) {
            source[0] += level.local_rates(0)[1];
        }
        if b.is_finite() && contains(b) {
            source[n - 1] += level.local_rates(n - 1)[0];
        }
        level.clear_stopped(&mut source);
        source
    }

    /// The value at the start, by polynomial interpolation among the free nodes around it.
    fn at_start(&self, values: &[f64]) -> Result<f64, GridError> {
        let layout = &self.level().layout;
        let component = layout.component(self.start)?;
        let count = component.len().min(STENCIL);
        if count < 2 {
            return Err(GridError::TooFewCells);
        }
        let place = (self.start - layout.first) / layout.spacing;
        let left = (place.floor() as usize + 1).saturating_sub(count / 2);
        let left = left.clamp(component.start, component.end - count);
        let mut sum = 0.0;
        for (i, value) in values.iter().enumerate().skip(left).take(count) {
            let mut weight = 1.0;
            for j in (left..left + count).filter(|&j| j != i) {
                weight *= (place - j as f64) / (i as f64 - j as f64);
            }
            sum += weight * value;
        }
        Ok(sum)
    }
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()))
}

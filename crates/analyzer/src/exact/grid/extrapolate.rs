//! Refinement with extrapolation to spacing 0 and an error estimate.

use levyscape_integrator::potential::Potential;

use crate::exact::grid::layout::StopSet;
use crate::exact::grid::level::Differences;
use crate::exact::grid::{COARSEST, Grid, GridError, GridValue, Operator};
use crate::theory::StoppedProblem;

/// Cells of the first grid, and of the last that is tried.
const FIRST: usize = 256;
const LAST: usize = 1 << 18;
/// The first grid may have up to so many cells if that makes all differences central.
const FIRST_CENTRAL: usize = 8192;
/// Cells of the narrowest target on the first grid.
const TARGET_CELLS: f64 = 8.0;
/// Orders of convergence outside this range are not trusted.
const ORDERS: [f64; 2] = [0.4, 4.0];
/// Halvings of that range until the order is exact.
const BISECTIONS: usize = 60;

/// What is computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quantity {
    /// `E T`.
    Mean,
    /// `E T^2`.
    SecondMoment,
    /// `P(lo <= X_T <= hi)`.
    Landing {
        /// Lower end; may be minus infinity.
        lo: f64,
        /// Upper end; may be infinity.
        hi: f64,
    },
    /// The rate `lambda` of `P(T > t) ~ exp(-lambda t)`.
    Rate,
}

/// An extrapolated value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Solution {
    /// The value.
    pub value: f64,
    /// Estimate of its absolute error, from the last extrapolations, the residual of the solver and, for a
    /// domain without an end, the change when the window is widened twofold. Not a proof.
    pub error: f64,
    /// Order of convergence that the last three grids show; not a number where they show none.
    pub order: f64,
    /// Nodes of the finest grid.
    pub cells: usize,
    /// Steps of GMRES on all grids.
    pub iterations: usize,
}

/// Doubles the cells until the estimated error is at most `tolerance` times the value's size, rounding is
/// most of it, or 2^18 cells are reached: [`Solution::error`] tells. For a domain without an end the value
/// is corrected by the change on the first grid when the window is widened twofold about the start, and
/// what that may leave, if the drift grows linearly at least, is added to the error.
///
/// The values on three successive grids of spacing `h` determine a limit `w_k` and an order `p` in
/// `v = w + c h^p` (for spacings that are halved exactly this is Aitken's formula). The estimate is `3 |w_k - w_{k-1}| + 0.3 |w_{k-1} - w_{k-2}|`, which covers what is left of an expansion
/// whose next term falls as slowly as the square root of the spacing.
///
/// # Errors
/// As [`Grid::new`] and the methods of [`Grid`].
pub fn solve(
    potential: &dyn Potential,
    operator: Operator,
    problem: &StoppedProblem,
    window: [f64; 2],
    quantity: Quantity,
    tolerance: f64,
) -> Result<Solution, GridError> {
    let stops = StopSet::new(problem, window)?;
    let first = first_cells(potential, operator, &stops, problem.start)?;
    let width = stops.span[1] - stops.span[0];
    let reference = Some(width / first as f64);
    let build = |window: [f64; 2], cells: usize| {
        Grid::build(potential, operator, problem, window, cells, reference, COARSEST)
    };
    let mut iterations = 0;
    let mut sequence = Sequence::default();
    let mut widening = 0.0;
    let mut coarser: Option<Grid> = None;
    let mut cells = first;
    loop {
        let grid = build(window, cells)?;
        let value = evaluate(&grid, coarser.as_ref(), quantity)?;
        iterations += value.iterations;
        sequence.push(grid.spacing(), value);
        let open = [0, 1].map(|side: usize| stops.ends[side].is_infinite());
        if cells == first && open != [false, false] {
            let wide = [0, 1].map(|side| {
                if open[side] { problem.start + 2.0 * (window[side] - problem.start) } else { window[side] }
            });
            let wider = StopSet::new(problem, wide)?.span;
            let count = (cells as f64 * (wider[1] - wider[0]) / width).ceil();
            let other = evaluate(&build(wide, count as usize)?, None, quantity)?;
            iterations += other.iterations;
            widening = other.value - value.value;
        }
        if let Some(Extrapolated { value, difference, noise, order }) = sequence.extrapolate() {
            let error = difference + noise;
            // Rounding grows with the number of cells: beyond this it is the larger share.
            if error <= tolerance * value.abs() || noise > difference || 2 * cells > LAST {
                // What a window of half-width W cuts off falls at least as W^-alpha: widened twofold, it
                // leaves this much of the change.
                let error = error + widening.abs() / (libm::exp2(operator.alpha) - 1.0);
                let value = value + widening;
                return Ok(Solution { value, error, order, cells: grid.cells(), iterations });
            }
        } else if 2 * cells > LAST {
            return Err(GridError::TooFewCells);
        }
        coarser = Some(grid);
        cells *= 2;
    }
}

fn evaluate(grid: &Grid, coarser: Option<&Grid>, quantity: Quantity) -> Result<GridValue, GridError> {
    let mean = grid.mean_solution(coarser)?.iterations;
    let mut value = match quantity {
        Quantity::Mean => return grid.mean(),
        Quantity::SecondMoment => grid.second_moment()?,
        Quantity::Landing { lo, hi } => grid.landing(lo, hi)?,
        Quantity::Rate => {
            let principal = grid.inverse_iteration(f64::INFINITY)?;
            let (value, solver_error) = (principal.rate, principal.solver_error);
            return Ok(GridValue { value, solver_error, iterations: principal.iterations });
        }
    };
    value.iterations += mean;
    Ok(value)
}

/// Cells of the first grid: enough for the targets and, where that is not too many, for central
/// differences throughout the hull of the start and the stop points.
fn first_cells(
    potential: &dyn Potential,
    operator: Operator,
    stops: &StopSet,
    start: f64,
) -> Result<usize, GridError> {
    let width = stops.span[1] - stops.span[0];
    let resolving = TARGET_CELLS * width / stops.narrowest();
    if resolving * 16.0 > LAST as f64 {
        return Err(GridError::TooFewCells);
    }
    let resolving = (resolving.ceil() as usize).max(FIRST);
    let differences = Differences::new(operator)?;
    let points = stops.ends.iter().chain(stops.targets.iter().flatten()).filter(|x| x.is_finite());
    let (lo, hi) = points.fold((start, start), |(lo, hi), &x| (lo.min(x), hi.max(x)));
    let central = |cells: usize| {
        let h = width / cells as f64;
        (0..=cells).all(|k| {
            let x = lo + (hi - lo) * (k as f64 / cells as f64);
            differences.central(h, -potential.gradient(x))
        })
    };
    let mut cells = resolving;
    while cells <= FIRST_CENTRAL {
        if central(cells) {
            return Ok(cells);
        }
        cells *= 2;
    }
    Ok(resolving)
}

/// Values on successive grids and their extrapolations.
#[derive(Default)]
struct Sequence {
    /// With the spacing.
    values: Vec<(f64, GridValue)>,
    extrapolated: Vec<Option<(f64, f64)>>,
}

impl Sequence {
    fn push(&mut self, spacing: f64, value: GridValue) {
        self.values.push((spacing, value));
        self.extrapolated.push(match self.values[..] {
            [.., a, b, c] => limit([a.0, b.0, c.0], [a.1.value, b.1.value, c.1.value]),
            _ => None,
        });
    }

    /// The limit from the last grids; `None` until there are enough.
    fn extrapolate(&self) -> Option<Extrapolated> {
        let [.., (_, before), (_, last)] = self.values[..] else { return None };
        let change = (last.value - before.value).abs();
        let noise = last.solver_error + before.solver_error;
        match self.extrapolated[..] {
            [.., Some((first, _)), Some((second, _)), Some((third, order))] => {
                let difference = 3.0 * (third - second).abs() + 0.3 * (second - first).abs();
                let noise = noise * (1.0 + 1.0 / (libm::exp2(order) - 1.0));
                Some(Extrapolated { value: third, difference, noise, order })
            }
            // The changes follow no power of the spacing: below the solver's noise, or not yet regular.
            [.., None] if self.values.len() >= 4 => {
                let [.., (_, earlier), _, _] = self.values[..] else { return None };
                let difference = 3.0 * change.max((before.value - earlier.value).abs());
                Some(Extrapolated { value: last.value, difference, noise, order: f64::NAN })
            }
            _ => None,
        }
    }
}

/// A limit, with the two parts of its estimated error.
struct Extrapolated {
    value: f64,
    difference: f64,
    noise: f64,
    order: f64,
}

/// Limit `w` and order `p` of `v = w + c h^p` through three values; `None` if `p` is not to be trusted.
fn limit(h: [f64; 3], v: [f64; 3]) -> Option<(f64, f64)> {
    let [first, second] = [v[1] - v[0], v[2] - v[1]];
    // Powers relative to the last spacing.
    let powers = |p: f64| [libm::pow(h[0] / h[2], p), libm::pow(h[1] / h[2], p)];
    let ratio = |p: f64| {
        let [a, b] = powers(p);
        (a - b) / (b - 1.0)
    };
    let [mut low, mut high] = ORDERS;
    if !(first / second > ratio(low) && first / second < ratio(high)) {
        return None;
    }
    for _ in 0..BISECTIONS {
        let middle = 0.5 * (low + high);
        if ratio(middle) < first / second {
            low = middle;
        } else {
            high = middle;
        }
    }
    let order = 0.5 * (low + high);
    Some((v[2] + second / (powers(order)[1] - 1.0), order))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(f: impl Fn(f64) -> f64) -> Extrapolated {
        let mut sequence = Sequence::default();
        for k in 5..11 {
            // Not halved exactly.
            let h = libm::exp2(-f64::from(k)) * (1.0 + 0.03 * f64::from(k % 3));
            sequence.push(h, GridValue { value: f(h), solver_error: 0.0, iterations: 0 });
        }
        sequence.extrapolate().unwrap()
    }

    #[test]
    fn powers_are_extrapolated_and_the_estimate_covers_the_rest() {
        for (order, next, share) in [(1.0, 2.0, 3.0), (1.0, 1.5, -1.0), (1.5, 2.0, 0.7), (2.0, 3.0, -0.4)] {
            let f = |h: f64| 7.0 + 0.3 * h.powf(order) + share * h.powf(next);
            let Extrapolated { value, difference: error, order: measured, .. } = sequence(f);
            let truth = (value - 7.0).abs();
            assert!(truth <= error && error <= 100.0 * truth, "{order} {next}: {truth:e} {error:e}");
            assert!((measured - order).abs() < 0.2, "{measured}");
        }
        let irregular = sequence(|h| 1.0 + 1e-4 * (1.0 / h).sin());
        assert!(irregular.order.is_nan() && (irregular.value - 1.0).abs() <= irregular.difference);
    }
}

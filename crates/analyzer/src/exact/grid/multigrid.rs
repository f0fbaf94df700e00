//! GMRES with a cycle over coarser grids as preconditioner.

use std::cell::OnceCell;

use nalgebra::{DMatrix, DVector, Dyn, LU};

use crate::exact::grid::GridError;
use crate::exact::grid::level::Level;

/// Directions kept before a restart.
const KRYLOV: usize = 40;
/// Reduction of the residual after which it is computed anew.
const REDUCTION: f64 = 1e-8;
/// Restarts: each also computes the residual anew.
const RESTARTS: usize = 12;

/// Linear interpolation from the nodes of a coarse level to those of a fine one.
struct Transfer {
    /// Coarse node to the left of each fine node, plus 1, and the share of its right neighbour. Coarse
    /// values are framed by one entry on either side.
    from: Vec<(usize, f64)>,
    /// Cell sizes fine over coarse.
    ratio: f64,
}

impl Transfer {
    fn new(fine: &Level, coarse: &Level) -> Self {
        let (target, source) = (&fine.layout, &coarse.layout);
        let last = source.len() as f64;
        let from = (0..target.len())
            .map(|node| {
                let place = (target.place(node) - source.first) / source.spacing;
                let place = (place + 1.0).clamp(0.0, last + 1.0);
                let left = place.floor().min(last);
                (left as usize, place - left)
            })
            .collect();
        Self { from, ratio: target.spacing / source.spacing }
    }

    /// Adds the interpolated coarse function to the fine one.
    fn prolong(&self, fine: &Level, coarse: &Level, values: &[f64], out: &mut [f64]) {
        let n = values.len();
        let mut framed = vec![0.0; n + 2];
        framed[1..=n].copy_from_slice(values);
        coarse.extend(&mut framed[1..=n]);
        let [left, right] = coarse.layout.clamped;
        framed[0] = if left { framed[1] } else { 0.0 };
        framed[n + 1] = if right { framed[n] } else { 0.0 };
        for ((out, &(left, share)), &free) in out.iter_mut().zip(&self.from).zip(&fine.layout.free) {
            if free {
                *out += (1.0 - share) * framed[left] + share * framed[left + 1];
            }
        }
    }

    /// The transposed, as averages.
    fn restrict(&self, coarse: &Level, values: &[f64]) -> Vec<f64> {
        let n = coarse.len();
        let mut framed = vec![0.0; n + 2];
        for (&(left, share), value) in self.from.iter().zip(values) {
            framed[left] += self.ratio * (1.0 - share) * value;
            framed[left + 1] += self.ratio * share * value;
        }
        let [left, right] = coarse.layout.clamped;
        if left {
            framed[1] += framed[0];
        }
        if right {
            framed[n] += framed[n + 1];
        }
        let mut out = framed[1..=n].to_vec();
        coarse.fold(&mut out);
        coarse.clear_stopped(&mut out);
        out
    }
}

/// A matrix small enough to be factored, and its transposed.
#[derive(Default)]
struct Dense {
    plain: OnceCell<LU<f64, Dyn, Dyn>>,
    transposed: OnceCell<LU<f64, Dyn, Dyn>>,
}

impl Dense {
    fn solve(&self, level: &Level, f: &[f64], transposed: bool) -> Vec<f64> {
        let cell = if transposed { &self.transposed } else { &self.plain };
        let factors = cell.get_or_init(|| dense(level, transposed).lu());
        let mut u = DVector::from_column_slice(f);
        // An M-matrix from which every path can leave is regular; where it is not, the residual is told.
        factors.solve_mut(&mut u);
        u.as_slice().to_vec()
    }
}

/// The matrix with ones on the diagonal of stopped nodes.
fn dense(level: &Level, transposed: bool) -> DMatrix<f64> {
    let n = level.len();
    let mut matrix = DMatrix::identity(n, n);
    let mut unit = vec![0.0; n];
    let mut column = vec![0.0; n];
    for j in (0..n).filter(|&j| level.layout.free[j]) {
        unit[j] = 1.0;
        level.apply(&unit, transposed, &mut column);
        matrix.set_column(j, &DVector::from_column_slice(&column));
        unit[j] = 0.0;
    }
    matrix
}

/// Levels from the finest on, and the matrix of the last.
pub(super) struct Hierarchy {
    levels: Vec<Level>,
    transfers: Vec<Transfer>,
    dense: Dense,
}

/// A solution of `-A u = f` with its largest residual and the number of products with `A` on the finest
/// level that it took beside those of the preconditioner.
pub(super) struct Solved {
    pub(super) values: Vec<f64>,
    pub(super) residual: f64,
    pub(super) iterations: usize,
}

impl Hierarchy {
    /// Levels from the finest on; one level alone is solved by elimination.
    pub(super) fn new(levels: Vec<Level>) -> Self {
        let transfers = levels.windows(2).map(|pair| Transfer::new(&pair[0], &pair[1])).collect();
        Self { levels, transfers, dense: Dense::default() }
    }

    pub(super) fn finest(&self) -> &Level {
        &self.levels[0]
    }

    /// Solves `-A u = f` (or the transposed) from a first guess until no residual exceeds `goal` or
    /// rounding lets it fall no further.
    pub(super) fn solve(
        &self,
        f: &[f64],
        guess: Option<&[f64]>,
        transposed: bool,
        goal: f64,
    ) -> Result<Solved, GridError> {
        let level = self.finest();
        let n = f.len();
        let mut values = guess.map_or_else(|| vec![0.0; n], <[f64]>::to_vec);
        let mut image = vec![0.0; n];
        let mut iterations = 0;
        let mut last = f64::INFINITY;
        let mut best: Option<(f64, Vec<f64>)> = None;
        for _ in 0..RESTARTS {
            level.apply(&values, transposed, &mut image);
            let residual: Vec<f64> = f.iter().zip(&image).map(|(f, image)| f - image).collect();
            let size = residual.iter().fold(0.0, |size: f64, r| size.max(r.abs()));
            if residual.iter().any(|r| !r.is_finite()) {
                return Err(GridError::NotConverged { residual: f64::INFINITY });
            }
            if best.as_ref().is_none_or(|(least, _)| size < *least) {
                best = Some((size, values.clone()));
            }
            // What rounding makes of the products; there a restart no longer helps.
            let floor = f64::EPSILON * level.norm() * values.iter().fold(0.0, |a: f64, u| a.max(u.abs()));
            let goal = goal.max(floor);
            if size <= goal || size > 0.5 * last {
                break;
            }
            last = size;
            let (step, count) = if self.transfers.is_empty() {
                (self.dense.solve(level, &residual, transposed), 1)
            } else {
                self.gmres(&residual, transposed, (0.3 * goal / size).max(REDUCTION))
            };
            iterations += count;
            for (value, step) in values.iter_mut().zip(&step) {
                *value += step;
            }
        }
        let (residual, values) = best.ok_or(GridError::NotConverged { residual: f64::INFINITY })?;
        Ok(Solved { values, residual, iterations })
    }

    /// One cycle: an approximate solution on level `k`.
    fn cycle(&self, k: usize, f: &[f64], transposed: bool) -> Vec<f64> {
        let level = &self.levels[k];
        let Some(transfer) = self.transfers.get(k) else {
            return self.dense.solve(level, f, transposed);
        };
        let mut image = vec![0.0; f.len()];
        let mut residual = |u: &[f64]| -> Vec<f64> {
            level.apply(u, transposed, &mut image);
            f.iter().zip(&image).map(|(f, image)| f - image).collect()
        };
        let mut u = f.to_vec();
        level.smooth(&mut u, transposed);
        let coarse = transfer.restrict(&self.levels[k + 1], &residual(&u));
        let correction = self.cycle(k + 1, &coarse, transposed);
        transfer.prolong(level, &self.levels[k + 1], &correction, &mut u);
        let mut last = residual(&u);
        level.smooth(&mut last, transposed);
        for (u, last) in u.iter_mut().zip(&last) {
            *u += last;
        }
        u
    }

    /// GMRES (Saad and Schultz 1986), preconditioned from the right: reduces the residual `f` by the
    /// factor `reduction` or makes [`KRYLOV`] steps.
    fn gmres(&self, f: &[f64], transposed: bool, reduction: f64) -> (Vec<f64>, usize) {
        let n = f.len();
        let size = norm(f);
        let mut basis = vec![scaled(f, 1.0 / size)];
        let mut columns: Vec<Vec<f64>> = Vec::new();
        let mut rotations: Vec<(f64, f64)> = Vec::new();
        let mut rhs = vec![size];
        for step in 0..KRYLOV {
            let direction = self.cycle(0, &basis[step], transposed);
            let mut next = vec![0.0; n];
            self.finest().apply(&direction, transposed, &mut next);
            let mut column = Vec::with_capacity(step + 2);
            for vector in &basis {
                let overlap = dot(vector, &next);
                next.iter_mut().zip(vector).for_each(|(next, v)| *next -= overlap * v);
                column.push(overlap);
            }
            let rest = norm(&next);
            for (k, &(c, s)) in rotations.iter().enumerate() {
                (column[k], column[k + 1]) =
                    (c * column[k] + s * column[k + 1], c * column[k + 1] - s * column[k]);
            }
            let radius = (column[step] * column[step] + rest * rest).sqrt();
            if !(radius > 0.0 && radius.is_finite()) {
                break;
            }
            let (c, s) = (column[step] / radius, rest / radius);
            column[step] = radius;
            rotations.push((c, s));
            columns.push(column);
            let tail = rhs[step];
            rhs[step] = c * tail;
            rhs.push(-s * tail);
            if (s * tail).abs() <= reduction * size || rest == 0.0 {
                break;
            }
            basis.push(scaled(&next, 1.0 / rest));
        }
        let count = columns.len();
        let mut coefficients = vec![0.0; count];
        for i in (0..count).rev() {
            let known: f64 = (i + 1..count).map(|j| columns[j][i] * coefficients[j]).sum();
            coefficients[i] = (rhs[i] - known) / columns[i][i];
        }
        let mut combined = vec![0.0; n];
        for (vector, coefficient) in basis.iter().zip(&coefficients) {
            combined.iter_mut().zip(vector).for_each(|(sum, v)| *sum += coefficient * v);
        }
        (self.cycle(0, &combined, transposed), count)
    }

    /// A function on the finest level, from its values on the finest level of a coarser hierarchy.
    pub(super) fn interpolate(&self, coarse: &Self, values: &[f64]) -> Vec<f64> {
        let (fine, coarse) = (self.finest(), coarse.finest());
        let mut out = vec![0.0; fine.len()];
        Transfer::new(fine, coarse).prolong(fine, coarse, values, &mut out);
        out
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

fn scaled(a: &[f64], factor: f64) -> Vec<f64> {
    a.iter().map(|a| factor * a).collect()
}

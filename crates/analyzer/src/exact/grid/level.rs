//! The generator of the walk on one grid of nodes.

use levyscape_integrator::potential::Potential;

use crate::exact::grid::layout::{Edges, Layout, StopSet};
use crate::exact::grid::toeplitz::Toeplitz;
use crate::exact::grid::weights::{Rates, Weights};
use crate::exact::grid::{GridError, Operator};

/// `-A` on the nodes of a layout: an M-matrix. Vectors have one entry a node; those of stopped nodes are
/// 0.
pub(super) struct Level {
    pub(super) layout: Layout,
    jumps: Toeplitz,
    /// Total rates of jumps, and jump rates by distance, at this spacing.
    rates: Rates,
    /// Rates to the right and to the left neighbour of drift and diffusion.
    local: Vec<[f64; 2]>,
    /// Rate of jumps at or beyond `k` nodes to the left and to the right.
    pub(super) tails: [Vec<f64>; 2],
    /// The equation of node `j` holds at `x_j + shift h`.
    shift: f64,
    smoother: [Vec<f64>; 3],
}

/// Which differences keep the rates of the chain positive.
pub(super) struct Differences {
    operator: Operator,
    /// Rates of jumps to the right and to the left neighbour at cell size 1.
    near: [f64; 2],
    shift: f64,
}

impl Differences {
    pub(super) fn new(operator: Operator) -> Result<Self, GridError> {
        let weights = Weights::new(operator.alpha, operator.beta)?;
        let unit = weights.rates(1);
        // Below index 1 refinement makes the drift outweigh the jumps: they would not do on the next grid.
        let near = if operator.alpha < 1.0 { [0.0; 2] } else { [unit.right[1], unit.left[1]] };
        Ok(Self { operator, near, shift: weights.shift() })
    }

    /// Whether with central differences of this drift no rate is negative at the spacing `h` or a smaller
    /// one.
    pub(super) fn central(&self, h: f64, drift: f64) -> bool {
        let Operator { alpha, scale, diffusion, .. } = self.operator;
        let strength = scale * libm::pow(h, -alpha);
        let spread = 0.5 * diffusion / (h * h);
        strength * self.near[0] + spread + (0.5 + self.shift) * drift / h >= 0.0
            && strength * self.near[1] + spread - (0.5 - self.shift) * drift / h >= 0.0
    }
}

impl Level {
    /// The walk on about `cells` cells; `reference` is the largest spacing at which differences that are
    /// central here have to be admissible.
    pub(super) fn new(
        potential: &dyn Potential,
        operator: Operator,
        stops: &StopSet,
        cells: usize,
        reference: Option<f64>,
    ) -> Result<Self, GridError> {
        let weights = Weights::new(operator.alpha, operator.beta)?;
        let edges = if operator.diffusion > 0.0 {
            Edges { left: 1.0, right: 1.0 }
        } else {
            Edges { left: weights.q, right: weights.p }
        };
        let layout = Layout::new(stops, edges, cells)?;
        let (n, h) = (layout.len(), layout.spacing);
        let unit = weights.rates(n + 1);
        let scale = operator.scale * libm::pow(h, -operator.alpha);
        let scaled = |rates: &[f64]| rates.iter().map(|rate| scale * rate).collect::<Vec<f64>>();
        let rates = Rates { right: scaled(&unit.right), left: scaled(&unit.left) };
        let tails = [
            (0..=n).map(|k| weights.left_tail(k, rates.left[k])).collect(),
            (0..=n).map(|k| weights.right_tail(k, rates.right[k])).collect(),
        ];
        let negative = |rates: &[f64]| rates.iter().map(|rate| -rate).collect::<Vec<f64>>();
        let jumps = Toeplitz::new(rates.right[0], &negative(&rates.right), &negative(&rates.left), n);
        let shift = if operator.scale > 0.0 { weights.shift() } else { 0.0 };
        let coarsest = reference.map_or(h, |reference| reference.max(h));
        let differences = Differences::new(operator)?;
        let mut local = Vec::with_capacity(n);
        for node in 0..n {
            let x = layout.place(node);
            let central = -potential.gradient(x + shift * h);
            let diffusion = 0.5 * operator.diffusion / (h * h);
            let upwind = -potential.gradient(x);
            if !(central.is_finite() && upwind.is_finite()) {
                return Err(GridError::Potential { x });
            }
            let mut rates = if differences.central(coarsest, central) {
                [diffusion + (0.5 + shift) * central / h, diffusion - (0.5 - shift) * central / h]
            } else {
                [diffusion + upwind.max(0.0) / h, diffusion + (-upwind).max(0.0) / h]
            };
            // The last node of a window is where the path is held.
            if layout.clamped[0] && node == 0 {
                rates[1] = 0.0;
            }
            if layout.clamped[1] && node == n - 1 {
                rates[0] = 0.0;
            }
            local.push(rates);
        }
        let mut level = Self { layout, jumps, rates, local, tails, shift, smoother: Default::default() };
        level.smoother = level.factor_smoother();
        Ok(level)
    }

    pub(super) fn len(&self) -> usize {
        self.layout.len()
    }

    /// Where the equation of a node holds.
    pub(super) fn collocation(&self, node: usize) -> f64 {
        self.layout.place(node) + self.shift * self.layout.spacing
    }

    pub(super) fn clear_stopped(&self, u: &mut [f64]) {
        for (u, &free) in u.iter_mut().zip(&self.layout.free) {
            if !free {
                *u = 0.0;
            }
        }
    }

    /// Gives nodes that stop in part their share of the neighbour's value.
    pub(super) fn extend(&self, u: &mut [f64]) {
        for cut in &self.layout.partial {
            u[cut.node] = cut.share * u[cut.neighbour];
        }
    }

    /// The transposed of [`Self::extend`].
    pub(super) fn fold(&self, u: &mut [f64]) {
        for cut in &self.layout.partial {
            u[cut.neighbour] += cut.share * u[cut.node];
        }
    }

    /// `out = -A u`, or its transposed.
    pub(super) fn apply(&self, u: &[f64], transposed: bool, out: &mut [f64]) {
        if transposed {
            self.apply_transposed(u, out);
            self.fold(out);
        } else {
            let mut full = u.to_vec();
            self.extend(&mut full);
            self.apply_full(&full, out);
        }
        self.clear_stopped(out);
    }

    /// `-A` of a function on all nodes of the range that is 0 beyond finite ends; only entries at free
    /// nodes have a meaning.
    pub(super) fn apply_full(&self, u: &[f64], out: &mut [f64]) {
        let n = self.len();
        self.jumps.apply(u, false, out);
        for (i, &[ahead, behind]) in self.local.iter().enumerate() {
            let right = if i + 1 < n { u[i + 1] } else { 0.0 };
            let left = if i > 0 { u[i - 1] } else { 0.0 };
            out[i] += ahead * (u[i] - right) + behind * (u[i] - left);
        }
        for (i, out) in out.iter_mut().enumerate() {
            if self.layout.clamped[0] {
                *out -= self.tails[0][i + 1] * u[0];
            }
            if self.layout.clamped[1] {
                *out -= self.tails[1][n - i] * u[n - 1];
            }
        }
    }

    fn apply_transposed(&self, u: &[f64], out: &mut [f64]) {
        let n = self.len();
        self.jumps.apply(u, true, out);
        let (mut below, mut above) = (0.0, 0.0);
        for (i, &[ahead, behind]) in self.local.iter().enumerate() {
            out[i] += (ahead + behind) * u[i];
            if i + 1 < n {
                out[i + 1] -= ahead * u[i];
            }
            if i > 0 {
                out[i - 1] -= behind * u[i];
            }
            below += self.tails[0][i + 1] * u[i];
            above += self.tails[1][n - i] * u[i];
        }
        if self.layout.clamped[0] {
            out[0] -= below;
        }
        if self.layout.clamped[1] {
            out[n - 1] -= above;
        }
    }

    /// The values at the collocation points, by linear interpolation; or the transposed.
    pub(super) fn collocate(&self, u: &[f64], transposed: bool) -> Vec<f64> {
        let n = self.len();
        let mut full = u.to_vec();
        let mut out: Vec<f64> = u.iter().map(|u| (1.0 - self.shift.abs()) * u).collect();
        if !transposed {
            self.extend(&mut full);
        }
        // The neighbour on the side of the shift; transposed, on the other.
        let forward = (self.shift > 0.0) != transposed;
        let (rows, neighbours) = if forward { (0..n - 1, 1..n) } else { (1..n, 0..n - 1) };
        for (out, value) in out[rows].iter_mut().zip(&full[neighbours]) {
            *out += self.shift.abs() * value;
        }
        // Beyond the end of a window the last value goes on.
        let (end, clamped) =
            if self.shift > 0.0 { (n - 1, self.layout.clamped[1]) } else { (0, self.layout.clamped[0]) };
        if clamped {
            out[end] += self.shift.abs() * full[end];
        }
        if transposed {
            self.fold(&mut out);
        }
        self.clear_stopped(&mut out);
        out
    }

    /// A bound on the row sums of absolute values.
    pub(super) fn norm(&self) -> f64 {
        let local = self.local.iter().map(|[ahead, behind]| ahead.abs() + behind.abs()).fold(0.0, f64::max);
        2.0 * (self.rates.right[0] + local)
    }

    /// Drift and diffusion from a free node to the stopped ones next to it: the rates to the right and
    /// to the left, for nodes at the ends of the range.
    pub(super) fn local_rates(&self, node: usize) -> [f64; 2] {
        self.local[node]
    }

    /// LU factors of the three central diagonals: multipliers, pivots and the upper diagonal.
    fn factor_smoother(&self) -> [Vec<f64>; 3] {
        let n = self.len();
        let free = &self.layout.free;
        let mut diagonal: Vec<f64> =
            self.local.iter().map(|[ahead, behind]| self.rates.right[0] + ahead + behind).collect();
        let mut upper = vec![0.0; n];
        let mut lower = vec![0.0; n];
        for i in 0..n - 1 {
            upper[i] = -self.rates.right[1] - self.local[i][0];
            lower[i + 1] = -self.rates.left[1] - self.local[i + 1][1];
        }
        if self.layout.clamped[0] {
            diagonal[0] -= self.tails[0][1];
            lower[1] -= self.tails[0][2];
        }
        if self.layout.clamped[1] {
            diagonal[n - 1] -= self.tails[1][1];
            upper[n - 2] -= self.tails[1][2];
        }
        for cut in &self.layout.partial {
            let coupling = if cut.node > cut.neighbour { upper[cut.neighbour] } else { lower[cut.neighbour] };
            diagonal[cut.neighbour] += cut.share * coupling;
        }
        for i in 0..n {
            if !free[i] {
                (diagonal[i], upper[i], lower[i]) = (1.0, 0.0, 0.0);
                if i > 0 {
                    upper[i - 1] = 0.0;
                }
                if i + 1 < n {
                    lower[i + 1] = 0.0;
                }
            }
        }
        for i in 1..n {
            lower[i] /= diagonal[i - 1];
            diagonal[i] -= lower[i] * upper[i - 1];
        }
        [lower, diagonal, upper]
    }

    /// Solves with the three central diagonals of `-A`, or their transposed, in place.
    pub(super) fn smooth(&self, u: &mut [f64], transposed: bool) {
        let [lower, pivots, upper] = &self.smoother;
        let n = u.len();
        if transposed {
            u[0] /= pivots[0];
            for i in 1..n {
                u[i] = (u[i] - upper[i - 1] * u[i - 1]) / pivots[i];
            }
            for i in (0..n - 1).rev() {
                u[i] -= lower[i + 1] * u[i + 1];
            }
        } else {
            for i in 1..n {
                u[i] -= lower[i] * u[i - 1];
            }
            u[n - 1] /= pivots[n - 1];
            for i in (0..n - 1).rev() {
                u[i] = (u[i] - upper[i] * u[i + 1]) / pivots[i];
            }
        }
    }
}

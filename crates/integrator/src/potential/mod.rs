//! Potentials `U` and the force `-U'` that they exert, and drifts `b` in any dimension.

pub mod catalogue;
mod closure;
mod expression;
mod field;
mod quadrature;
mod table;

pub use catalogue::{CATALOGUE, CatalogueEntry, Formula};
pub use closure::ClosurePotential;
pub use expression::{
    Definedness, DriftPotential, Expression, ExpressionError, ExpressionField, ExpressionPotential,
    FieldError, Interval, Tape,
};
pub use field::{ClosureDrift, Drift, PotentialDrift};
pub use table::{TableError, TablePlace, TablePotential};

/// A potential `U` on the line.
///
/// The scalar methods serve set-up and theory; the batch methods serve the inner loop of a
/// simulation and are called with 8 to 64 points at a time. An implementor that overrides a batch
/// method must return the same bits as the scalar one.
///
/// A point outside the potential's domain gives NaN (never a panic): a path that reaches it is
/// counted as diverged.
pub trait Potential: Send + Sync {
    /// `U(x)`.
    fn value(&self, x: f64) -> f64;

    /// `U'(x)`.
    fn gradient(&self, x: f64) -> f64;

    /// `U''(x)`; by default a central difference of [`Potential::gradient`].
    fn curvature(&self, x: f64) -> f64 {
        let step = 6e-6 * x.abs().max(1.0);
        (self.gradient(x + step) - self.gradient(x - step)) / (2.0 * step)
    }

    /// Enclosures of `U'` and of `U''` on `[lo, hi]`, rounded outwards, of a potential that can give them (a
    /// formula can): what is proved with them holds for every point between, not for sampled ones alone.
    /// `U''` is the formal derivative of `U'`, whose integral `U'` is wherever the enclosure of `U'` says that
    /// it is continuous.
    fn enclose(&self, _lo: f64, _hi: f64) -> Option<[Interval; 2]> {
        None
    }

    /// Writes `U'(x[k])` to `out[k]` for every `k < x.len()`; the slices have equal length.
    fn gradient_batch(&self, x: &[f64], out: &mut [f64]) {
        for (out, &x) in out.iter_mut().zip(x) {
            *out = self.gradient(x);
        }
    }
}

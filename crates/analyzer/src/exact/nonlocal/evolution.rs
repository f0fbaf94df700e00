//! The backward equation in time, `du/dt = A u`.
//!
//! `u(t) = exp(t A) f` is taken from the Krylov space of the resolvent `K = (1 - gamma A)^-1`
//! (van den Eshof and Hochbruck, SIAM J. Sci. Comput. 27 (2006) 1438): with the Arnoldi relation of K,
//! started from `K f`, `exp(t A) f ~ ||K f|| V g(H) e_1` where `g(z) = exp((t/gamma)(1 - 1/z)) / z`. How fast
//! the fastest modes decay does not matter, and one factorisation serves.

use nalgebra::{DMatrix, DVector, Dyn, LU};

use crate::exact::nonlocal::ExactError;
use crate::exact::nonlocal::system::{Exterior, Field, System};

/// Most dimensions of the Krylov space.
const DIMENSIONS: usize = 60;
/// `t / gamma`.
const SHIFT: f64 = 10.0;
/// Change of the value over two more dimensions at which the space is large enough.
const SETTLED: f64 = 1e-12;

/// `P_x(T > t)`.
pub(super) fn survival(system: &System<'_>, x: f64, time: f64) -> Result<f64, ExactError> {
    if time <= 0.0 {
        return Ok(1.0);
    }
    Ok(Evolution::new(system, time).values(system, &system.lengths(), &[x])?[0])
}

/// The resolvent for one time.
pub(super) struct Evolution {
    factors: LU<f64, Dyn, Dyn>,
    /// `1 / gamma`.
    rate: f64,
    none: Exterior,
}

impl Evolution {
    pub(super) fn new(system: &System<'_>, time: f64) -> Self {
        let rate = SHIFT / time;
        let none = Exterior { sides: vec![[0.0; 2]; system.mesh.components.len()], jumps: Vec::new() };
        Self { factors: LU::new(system.shifted(rate)), rate, none }
    }

    /// `(1 - gamma A)^-1` of a function with the given integrals over the control volumes.
    fn resolvent(&self, system: &System<'_>, integrals: &[f64]) -> Result<DVector<f64>, ExactError> {
        let source: Vec<f64> = integrals.iter().map(|value| self.rate * value).collect();
        let right = system.right_side(&source, &self.none);
        self.factors.solve(&right).ok_or(ExactError::NotFinite)
    }

    /// `(exp(t A) f)(x)` at each of the places, for `f` with the given integrals over the control volumes
    /// and zero on the stop set.
    pub(super) fn values(
        &self,
        system: &System<'_>,
        integrals: &[f64],
        places: &[f64],
    ) -> Result<Vec<f64>, ExactError> {
        let first = self.resolvent(system, integrals)?;
        let norm = first.norm();
        if norm == 0.0 {
            return Ok(vec![0.0; places.len()]);
        }
        if !norm.is_finite() {
            return Err(ExactError::NotFinite);
        }
        let mut basis = vec![first / norm];
        // Value of each basis vector at each place.
        let mut read: Vec<Vec<f64>> = Vec::new();
        let mut hessenberg = DMatrix::<f64>::zeros(DIMENSIONS + 1, DIMENSIONS);
        let (mut last, mut settled) = (vec![f64::NAN; places.len()], 0);
        for k in 0..DIMENSIONS {
            let field = Field { unknowns: basis[k].as_slice().to_vec(), exterior: self.none.clone() };
            read.push(
                places
                    .iter()
                    .map(|&x| system.value(&field, x).ok_or(ExactError::Start { start: x }))
                    .collect::<Result<_, _>>()?,
            );
            let mut next = self.resolvent(system, &system.integrals(&field))?;
            // Twice is enough.
            for _ in 0..2 {
                for (j, vector) in basis.iter().enumerate() {
                    let share = vector.dot(&next);
                    hessenberg[(j, k)] += share;
                    next.axpy(-share, vector, 1.0);
                }
            }
            let length = next.norm();
            let size = k + 1;
            let square = hessenberg.view((0, 0), (size, size)).into_owned();
            let exhausted = length <= 1e-14 * square.norm();
            let function = exponential(square, SHIFT).ok_or(ExactError::NotFinite)?;
            let value: Vec<f64> = (0..places.len())
                .map(|i| norm * (0..size).map(|j| read[j][i] * function[(j, 0)]).sum::<f64>())
                .collect();
            let change = value.iter().zip(&last).fold(0.0f64, |most, (a, b)| most.max((a - b).abs()));
            settled = if change <= SETTLED { settled + 1 } else { 0 };
            last = value;
            if settled >= 2 || exhausted {
                break;
            }
            hessenberg[(k + 1, k)] = length;
            basis.push(next / length);
        }
        if last.iter().all(|value| value.is_finite()) { Ok(last) } else { Err(ExactError::NotFinite) }
    }
}

/// `exp(s (1 - H^-1)) H^-1`.
fn exponential(hessenberg: DMatrix<f64>, s: f64) -> Option<DMatrix<f64>> {
    let size = hessenberg.nrows();
    let one = DMatrix::identity(size, size);
    let inverse = hessenberg.try_inverse()?;
    let exponent = (&one - &inverse) * s;
    // Scaling and squaring of exp - 1: the fast modes make many squarings, in which a rounding error of
    // the slow ones, relative to 1, would double each time.
    let (_, halvings) = libm::frexp(exponent.norm());
    let halvings = halvings.max(0);
    if halvings > 1000 {
        return None;
    }
    let small = exponent * libm::ldexp(1.0, -halvings);
    let mut change = small.clone() / f64::from(TERMS);
    for term in (1..TERMS).rev() {
        change = (&small + &small * &change) / f64::from(term);
    }
    for _ in 0..halvings {
        change = &change * 2.0 + &change * &change;
    }
    Some((change + one) * inverse)
}

/// Terms of the series of `exp(x) - 1` for `|x| < 1`.
const TERMS: u32 = 18;

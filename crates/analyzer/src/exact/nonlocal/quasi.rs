//! The quasi-stationary law: the long run of paths that have not stopped.

use nalgebra::{DVector, LU};

use crate::exact::nonlocal::mesh::End;
use crate::exact::nonlocal::problem::{Domain, Setting, refine};
use crate::exact::nonlocal::system::{Exterior, Field, System};
use crate::exact::nonlocal::{Bounded, ExactError, Generator};
use crate::landscape::Landscape;
use crate::theory::StoppedProblem;

/// Iterations of the inverse power method.
const ITERATIONS: usize = 500;

/// The principal eigenvalue of the generator with stops, and its left eigenfunction.
#[derive(Debug, Clone, PartialEq)]
pub struct QuasiStationary {
    /// The rate: `P(T > t) ~ exp(-rate t)`.
    pub rate: Bounded,
    /// The quasi-stationary density: (x, p(x)), increasing in x: means over bins.
    pub density: Vec<[f64; 2]>,
}

/// The law of `X_t` given `T > t` as t grows, and the rate at which paths stop then.
///
/// Inverse iteration on the equations and on their transpose. The start of the problem selects the component of the
/// domain for Gaussian noise; with jumps the law does not depend on it.
///
/// # Errors
/// As [`stopped`](super::stopped); [`ExactError::Endless`] without a stop set, [`ExactError::NoRate`] where paths
/// thrown far out come back so late that the survival function falls like a power.
///
/// # Examples
/// The free Cauchy process in (-1, 1) (Kwaśnicki's eigenvalue 1.1577738836...):
/// ```
/// use levyscape_analyzer::exact::nonlocal::{Generator, quasi_stationary};
/// use levyscape_analyzer::landscape::Landscape;
/// use levyscape_analyzer::theory::{NoiseLaw, StoppedProblem};
/// use levyscape_integrator::potential::ClosurePotential;
///
/// let flat = ClosurePotential::new(|_: f64| 0.0, |_: f64| 0.0);
/// let generator = Generator::new(&flat, NoiseLaw::stable(1.0, 1.0)).ok_or("no generator")?;
/// let problem = StoppedProblem::exit(0.0, -1.0, 1.0);
/// let law = quasi_stationary(&generator, &Landscape::default(), &problem, 1e-8)?;
/// assert!((law.rate.value - 1.157_773_883_6).abs() < 1e-8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn quasi_stationary(
    generator: &Generator<'_>,
    landscape: &Landscape,
    problem: &StoppedProblem,
    tolerance: f64,
) -> Result<QuasiStationary, ExactError> {
    // A continuous path never sees the other components of the domain, which may be left more slowly.
    let alone;
    let problem = if generator.jumps == [0.0; 2] && !problem.stops_at(problem.start) {
        let [lower, upper] = problem.component(problem.start);
        alone = StoppedProblem::exit(problem.start, lower, upper);
        &alone
    } else {
        problem
    };
    let domain = Domain::new(generator, landscape, problem, &[])?;
    if domain.ends.contains(&[End::Cut, End::Cut]) {
        return Err(ExactError::Endless);
    }
    if domain.tail.fastest_rate <= 0.0 {
        return Err(ExactError::NoRate);
    }
    let mut density = Vec::new();
    let (_, bounds) = refine(tolerance, |level| {
        let mut setting = Setting::new(generator, &domain, level)?;
        let (size, rate, law) = setting.resolved(
            level,
            |system| principal(system).map(|(rate, right)| (system.tails(&right), rate)),
            |system, rate| Ok((system.size(), rate, density_of(system)?)),
        )?;
        density = law;
        Ok((size, vec![rate]))
    })?;
    if bounds[0].value >= domain.tail.fastest_rate {
        return Err(ExactError::NoRate);
    }
    Ok(QuasiStationary { rate: bounds[0], density })
}

/// The smallest eigenvalue of `-A u = rate M u`, and u.
fn principal(system: &System<'_>) -> Result<(f64, Field), ExactError> {
    let factors = LU::new(system.negative());
    let none = Exterior { sides: vec![[0.0; 2]; system.mesh.components.len()], jumps: Vec::new() };
    let mut source = system.lengths();
    let mut last = f64::NAN;
    for _ in 0..ITERATIONS {
        let unknowns = factors.solve(&system.right_side(&source, &none)).ok_or(ExactError::NotFinite)?;
        let field = Field { unknowns: unknowns.as_slice().to_vec(), exterior: none.clone() };
        let integrals = system.integrals(&field);
        // Weighted with the function itself: the error is that of the function squared.
        let (above, below) =
            integrals.iter().zip(&source).fold((0.0, 0.0), |(a, b), (u, f)| (a + u * f, b + u * u));
        let rate = above / below;
        if !rate.is_finite() {
            return Err(ExactError::NotFinite);
        }
        if (rate - last).abs() <= 1e-14 * rate {
            return Ok((rate, field));
        }
        last = rate;
        let norm = integrals.iter().map(|value| value * value).sum::<f64>().sqrt();
        source = integrals.iter().map(|value| value / norm).collect();
    }
    Err(ExactError::NotFinite)
}

/// The left eigenfunction: weights y of the volumes with `(-A)^T y = rate M^T y`.
fn density_of(system: &System<'_>) -> Result<Vec<[f64; 2]>, ExactError> {
    let factors = LU::new(system.negative().transpose());
    let lengths = system.lengths();
    let scales = DVector::from_column_slice(system.scales());
    let mut weights = DVector::zeros(system.size());
    weights.as_mut_slice()[..lengths.len()].fill(1.0);
    for _ in 0..ITERATIONS {
        let right = system.mass_transposed(&weights);
        let solved = factors.solve(&right).ok_or(ExactError::NotFinite)?.component_mul(&scales);
        let total: f64 = solved.iter().zip(&lengths).map(|(weight, length)| weight * length).sum();
        if !total.is_finite() || total == 0.0 {
            return Err(ExactError::NotFinite);
        }
        let next = solved / total;
        let change = next
            .iter()
            .zip(weights.iter())
            .zip(&lengths)
            .map(|((new, old), length)| (new - old).abs() * length)
            .sum::<f64>();
        weights = next;
        if change < 1e-10 {
            break;
        }
    }
    Ok(binned(system, weights.as_slice(), f64::INFINITY))
}

/// Means of a density over bins, (middle, mean): control volumes, the small ones at the edges together,
/// where single weights of the transposed equations mean nothing.
///
/// A bin ends where it holds its share of the mass, or is this wide.
pub(super) fn binned(system: &System<'_>, weights: &[f64], widest: f64) -> Vec<[f64; 2]> {
    let lengths = system.lengths();
    let mut volumes: Vec<(f64, f64, f64)> = system
        .middles()
        .into_iter()
        .zip(&lengths)
        .zip(weights)
        .map(|((x, &length), &weight)| (x, length, weight * length))
        .collect();
    volumes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let near = volumes.iter().map(|volume| volume.2.abs()).sum::<f64>() / BINS;
    let mut bins: Vec<[f64; 2]> = Vec::new();
    let (mut width, mut mass, mut moment) = (0.0, 0.0, 0.0);
    for (x, length, share) in volumes {
        width += length;
        mass += share;
        moment += x * length;
        if mass.abs() >= near || width >= widest {
            bins.push([moment / width, mass / width]);
            (width, mass, moment) = (0.0, 0.0, 0.0);
        }
    }
    bins
}

/// A bin holds at least the inverse of this share of the mass.
const BINS: f64 = 400.0;

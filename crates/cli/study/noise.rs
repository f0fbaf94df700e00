//! The noise of a scenario.

use levyscape_analyzer::theory;
use levyscape_integrator::NoiseLaw;
use levyscape_integrator::noise::WeightedNoise;

use crate::scenario::{Dependence, NoiseKind, NoisePart, NoiseSpec};

/// The law of the noise, one amplitude a coordinate: it turns a cap on the jumps of X into one on those
/// of Z.
///
/// # Errors
/// A message where the noise has another number of coordinates.
pub fn law(spec: &NoiseSpec, epsilon: &[f64]) -> Result<NoiseLaw, String> {
    let dimension = epsilon.len();
    match (&spec.kind, spec.dependence) {
        (NoiseKind::StableCoordinates { alpha, beta }, _) => {
            if alpha.len() != dimension {
                return Err(format!(
                    "`noise.alpha` has {} tail indices, the equation {dimension} coordinates",
                    alpha.len()
                ));
            }
            let coordinates = alpha.iter().zip(epsilon).map(|(&alpha, &epsilon)| {
                law_on_the_line(&NoiseKind::Stable { alpha, beta: *beta }, spec, epsilon)
            });
            Ok(one_or_many(coordinates.collect()))
        }
        (NoiseKind::Stable { alpha, .. }, Dependence::Isotropic) if dimension > 1 => {
            Ok(NoiseLaw::Isotropic { alpha: *alpha, dimension })
        }
        (kind, _) => {
            Ok(one_or_many(epsilon.iter().map(|&epsilon| law_on_the_line(kind, spec, epsilon)).collect()))
        }
    }
}

fn one_or_many(mut coordinates: Vec<NoiseLaw>) -> NoiseLaw {
    match coordinates.len() {
        1 => coordinates.remove(0),
        _ => NoiseLaw::Independent { coordinates },
    }
}

fn law_on_the_line(kind: &NoiseKind, spec: &NoiseSpec, epsilon: f64) -> NoiseLaw {
    match kind {
        NoiseKind::Brownian => NoiseLaw::Brownian,
        NoiseKind::Stable { alpha, beta } => {
            NoiseLaw::Stable { alpha: *alpha, beta: *beta, sampler: spec.sampler }
        }
        // Split by the caller.
        NoiseKind::StableCoordinates { alpha, beta } => NoiseLaw::Stable {
            alpha: alpha.first().copied().unwrap_or(f64::NAN),
            beta: *beta,
            sampler: spec.sampler,
        },
        NoiseKind::TemperedStable { alpha, mu } => NoiseLaw::TemperedStable { alpha: *alpha, mu: *mu },
        NoiseKind::TruncatedStable { alpha, radius } => {
            NoiseLaw::TruncatedStable { alpha: *alpha, radius: *radius }
        }
        NoiseKind::CappedStable { alpha, cap } => {
            NoiseLaw::CappedStable { alpha: *alpha, cap: cap / epsilon }
        }
        NoiseKind::CompoundPoisson { rate, jump } => NoiseLaw::CompoundPoisson { rate: *rate, jump: *jump },
        NoiseKind::Sum { parts } => NoiseLaw::Sum {
            parts: parts
                .iter()
                .map(|part| WeightedNoise {
                    weight: part.weight,
                    noise: law_on_the_line(&part.kind, spec, epsilon * part.weight),
                })
                .collect(),
        },
    }
}

/// The noise as small-noise theory knows it.
pub fn for_theory(spec: &NoiseSpec, epsilon: f64) -> theory::NoiseLaw {
    let other = theory::NoiseLaw::Other { name: spec.kind.name(), epsilon };
    match (&spec.kind, spec.constant_epsilon()) {
        (NoiseKind::Brownian, Some(epsilon)) => theory::NoiseLaw::Brownian { epsilon },
        (&NoiseKind::Stable { alpha, beta }, Some(epsilon)) => {
            theory::NoiseLaw::Stable { alpha, beta, epsilon }
        }
        (NoiseKind::Sum { parts }, Some(epsilon)) => stable_and_gaussian(parts, epsilon).unwrap_or(other),
        _ => other,
    }
}

/// A sum of at most one stable noise and any number of Gaussian ones, whose variances add up; `None` for
/// other sums.
fn stable_and_gaussian(parts: &[NoisePart], epsilon: f64) -> Option<theory::NoiseLaw> {
    let mut jumps = None;
    let mut variance = 0.0;
    for &NoisePart { ref kind, weight } in parts {
        match *kind {
            NoiseKind::Brownian => variance += weight * weight,
            // sqrt(2) B.
            NoiseKind::Stable { alpha: 2.0, .. } => variance += 2.0 * weight * weight,
            NoiseKind::Stable { alpha, beta } if jumps.is_none() => jumps = Some((alpha, beta, weight)),
            _ => return None,
        }
    }
    let (alpha, beta, weight) = jumps.unwrap_or((2.0, 0.0, 0.0));
    Some(theory::NoiseLaw::StableAndGaussian { alpha, beta, weight, gaussian: variance.sqrt(), epsilon })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(kind: NoiseKind, weight: f64) -> NoisePart {
        NoisePart { kind, weight }
    }

    #[test]
    fn sums_that_theory_knows() {
        let stable = |alpha| NoiseKind::Stable { alpha, beta: 0.5 };
        let sum = [part(NoiseKind::Brownian, 3.0), part(stable(1.5), 0.5), part(stable(2.0), 8.0_f64.sqrt())];
        let law = stable_and_gaussian(&sum, 0.1).unwrap();
        let theory::NoiseLaw::StableAndGaussian { alpha, beta, weight, gaussian, epsilon } = law else {
            panic!("{law:?}")
        };
        assert_eq!((alpha, beta, weight, epsilon), (1.5, 0.5, 0.5, 0.1));
        assert!((gaussian - 5.0).abs() < 1e-14);
        // Twice the variance of B is that of sqrt(2) B.
        let gaussian = stable_and_gaussian(&[part(stable(2.0), 1.0)], 0.1).unwrap();
        let same = theory::NoiseLaw::stable(2.0, 0.1);
        assert!((gaussian.diffusion().unwrap() / same.diffusion().unwrap() - 1.0).abs() < 1e-14);
        assert!(stable_and_gaussian(&[part(stable(1.5), 1.0), part(stable(1.2), 1.0)], 0.1).is_none());
        let tempered = NoiseKind::TemperedStable { alpha: 1.5, mu: 1.0 };
        assert!(stable_and_gaussian(&[part(NoiseKind::Brownian, 1.0), part(tempered, 1.0)], 0.1).is_none());
    }
}

//! The noise of a scenario.

use levyscape_analyzer::theory;
use levyscape_integrator::NoiseLaw;
use levyscape_integrator::noise::WeightedNoise;

use crate::scenario::{Dependence, NoiseKind, NoiseSpec};

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
    match (&spec.kind, spec.constant_epsilon()) {
        (NoiseKind::Brownian, Some(epsilon)) => theory::NoiseLaw::Brownian { epsilon },
        (&NoiseKind::Stable { alpha, beta }, Some(epsilon)) => {
            theory::NoiseLaw::Stable { alpha, beta, epsilon }
        }
        (kind, _) => theory::NoiseLaw::Other { name: kind.name(), epsilon },
    }
}

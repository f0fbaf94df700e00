//! Exit of a domain in several dimensions by one big jump.
//!
//! For a Lévy measure that is regularly varying with the homogeneous limit `nu_*` the exit rate from
//! around the stable point `m` is `epsilon^alpha nu_*{z : m + z outside D}` (Imkeller, Pavlyukevich and
//! Stauch 2010; Pavlyukevich 2011).

use std::f64::consts::PI;

use super::MarkovChain;
use super::levy::{half_sine, tail_coefficient};

/// Symmetric stable noise in `d` dimensions.
#[derive(Debug, Clone, PartialEq)]
pub enum SpaceNoise {
    /// Independent coordinates: tail index and amplitude of each. The Lévy measure lives on the axes.
    Independent(Vec<[f64; 2]>),
    /// `E exp(i xi.L_t) = exp(-t |xi|^alpha)`, with one amplitude.
    Isotropic {
        /// Number of coordinates.
        dimension: usize,
        /// Tail index in (0, 2).
        alpha: f64,
        /// Amplitude.
        epsilon: f64,
    },
}

/// Leading-order law of the exit of a domain.
#[derive(Debug, Clone, PartialEq)]
pub struct SpaceTheory {
    /// Mean exit time.
    pub mean: f64,
    /// Probability that the exit is along coordinate `k`; empty for isotropic noise.
    pub axis_probabilities: Vec<f64>,
}

/// Directions over which a rate in the plane is averaged.
const DIRECTIONS: usize = 1 << 14;

/// The mass `nu{|z| > 1}` of the isotropic process's Lévy measure
/// `C_{d,alpha} |z|^(-d-alpha) dz`, `C_{d,alpha} = alpha 2^(alpha-1) Gamma((d+alpha)/2) / (pi^(d/2) Gamma(1-alpha/2))`.
#[must_use]
pub fn isotropic_mass(dimension: usize, alpha: f64) -> f64 {
    let d = dimension as f64;
    // The powers of pi of the constant and of the sphere's area cancel; 1/Gamma(1 - alpha/2) is taken by
    // reflection, which keeps its digits near alpha = 2.
    let reciprocal = libm::tgamma(0.5 * alpha) * half_sine(alpha) / PI;
    libm::pow(2.0, alpha) * libm::tgamma(0.5 * (d + alpha)) * reciprocal / libm::tgamma(0.5 * d)
}

/// The exit law by one jump from a stable point; `distance(u)` is how far the boundary is from it along
/// the unit vector `u` (infinite where it is not met).
///
/// `None` for an infinite mean, for isotropic noise in more than two dimensions unless the distance is
/// the same in all directions, and for invalid parameters.
#[must_use]
pub fn exit(noise: &SpaceNoise, distance: &dyn Fn(&[f64]) -> f64) -> Option<SpaceTheory> {
    let (rate, axes) = match noise {
        SpaceNoise::Independent(coordinates) => {
            let d = coordinates.len();
            let rates: Vec<f64> = coordinates
                .iter()
                .enumerate()
                .map(|(k, &[alpha, epsilon])| {
                    let side = |sign: f64| {
                        let mut direction = vec![0.0; d];
                        direction[k] = sign;
                        libm::pow(distance(&direction), -alpha)
                    };
                    libm::pow(epsilon, alpha) * tail_coefficient(alpha) * (side(-1.0) + side(1.0))
                })
                .collect();
            (rates.iter().sum::<f64>(), rates)
        }
        &SpaceNoise::Isotropic { dimension, alpha, epsilon } => {
            let mean_power = if dimension == 2 {
                let power = |k: usize| {
                    let angle = 2.0 * PI * (k as f64 + 0.5) / DIRECTIONS as f64;
                    libm::pow(distance(&[libm::cos(angle), libm::sin(angle)]), -alpha)
                };
                (0..DIRECTIONS).map(power).sum::<f64>() / DIRECTIONS as f64
            } else {
                same_everywhere(dimension, distance).map(|radius| libm::pow(radius, -alpha))?
            };
            (libm::pow(epsilon, alpha) * isotropic_mass(dimension, alpha) * mean_power, Vec::new())
        }
    };
    let axis_probabilities = axes.iter().map(|axis| axis / rate).collect();
    (rate > 0.0 && rate.is_finite()).then_some(SpaceTheory { mean: 1.0 / rate, axis_probabilities })
}

/// Directions of a plane in which the basins are looked for.
const RAYS: usize = 96;
/// From one distance to the next at which the basin is asked for.
const FARTHER: f64 = 1.2;
/// Where rays begin and end, in units of the size of the landscape. Within the first distance lies the basin of
/// the minimum itself; what lies at the last one goes on for ever.
const RAY: [f64; 2] = [1e-3, 1e2];

/// The Markov chain on minima with the rates `q_ij = epsilon^alpha nu_*(Omega_j - m_i)` of one big jump from
/// minimum `m_i` into the basin `Omega_j`, per unit of the equation's own time; what lands in no basin is killed.
///
/// `basin_of(x)` is the index of the minimum to which the flow leads from `x`, and `size` the diameter of the
/// landscape. For independent coordinates the rays along the axes are cut where the basin changes, to seven
/// digits; for isotropic noise in the plane 96 rays are, which gives each rate to about a hundredth. A piece of
/// a ray that begins and ends between two distances that are asked for (a factor of 1.2 apart) is not seen.
///
/// `None` for isotropic noise in other dimensions, and for parameters that give no finite rates.
///
/// ```
/// # use levyscape_analyzer::theory::levy::tail_coefficient;
/// # use levyscape_analyzer::theory::space::{SpaceNoise, basin_chain};
/// // Two basins, left and right of the axis: only jumps along the first coordinate lead over.
/// let noise = SpaceNoise::Independent(vec![[1.5, 1.0], [1.2, 1.0]]);
/// let half_planes = |x: &[f64]| Some(usize::from(x[0] > 0.0));
/// let chain = basin_chain(&noise, &[&[-1.0, 0.0], &[2.0, 0.0]], &half_planes, 3.0).unwrap();
/// assert!((chain.rate(0, 1) / tail_coefficient(1.5) - 1.0).abs() < 1e-6);
/// ```
#[must_use]
pub fn basin_chain(
    noise: &SpaceNoise,
    minima: &[&[f64]],
    basin_of: &dyn Fn(&[f64]) -> Option<usize>,
    size: f64,
) -> Option<MarkovChain> {
    let mut rates = vec![vec![0.0; minima.len()]; minima.len()];
    let mut killing = vec![0.0; minima.len()];
    for (from, minimum) in minima.iter().enumerate() {
        let mut add = |direction: &[f64], alpha: f64, weight: f64| {
            for (basin, [near, far]) in pieces(minimum, direction, basin_of, size) {
                let mass = weight * (libm::pow(near, -alpha) - libm::pow(far, -alpha));
                match basin {
                    Some(to) if to == from => {}
                    Some(to) => rates[from][to] += mass,
                    None => killing[from] += mass,
                }
            }
        };
        match noise {
            SpaceNoise::Independent(coordinates) => {
                for (k, &[alpha, epsilon]) in coordinates.iter().enumerate() {
                    let weight = libm::pow(epsilon, alpha) * tail_coefficient(alpha);
                    for sign in [-1.0, 1.0] {
                        let mut axis = vec![0.0; coordinates.len()];
                        axis[k] = sign;
                        add(&axis, alpha, weight);
                    }
                }
            }
            &SpaceNoise::Isotropic { dimension: 2, alpha, epsilon } => {
                let weight = libm::pow(epsilon, alpha) * isotropic_mass(2, alpha) / RAYS as f64;
                for ray in 0..RAYS {
                    let angle = 2.0 * PI * (ray as f64 + 0.5) / RAYS as f64;
                    add(&[libm::cos(angle), libm::sin(angle)], alpha, weight);
                }
            }
            SpaceNoise::Isotropic { .. } => return None,
        }
    }
    MarkovChain::new(rates, killing)
}

/// The pieces of a ray, with the basin of each, from the first distance to infinity.
fn pieces(
    from: &[f64],
    direction: &[f64],
    basin_of: &dyn Fn(&[f64]) -> Option<usize>,
    size: f64,
) -> Vec<(Option<usize>, [f64; 2])> {
    let at = |radius: f64| {
        let place: Vec<f64> = from.iter().zip(direction).map(|(x, u)| x + radius * u).collect();
        basin_of(&place)
    };
    let [first, last] = RAY.map(|share| share * size);
    let mut pieces = Vec::new();
    let (mut begin, mut radius, mut basin) = (first, first, at(first));
    while radius < last {
        let next = FARTHER * radius;
        let there = at(next);
        if there != basin {
            let (mut near, mut far) = (radius, next);
            for _ in 0..24 {
                let middle = 0.5 * (near + far);
                if at(middle) == basin {
                    near = middle;
                } else {
                    far = middle;
                }
            }
            pieces.push((basin, [begin, far]));
            (begin, basin) = (far, there);
        }
        radius = next;
    }
    pieces.push((basin, [begin, f64::INFINITY]));
    pieces
}

/// A distance in the plane that is costly to tell, asked for in this many directions; between them its
/// inverse is taken as linear in the angle. `None` where the distance is not known in one of them.
#[must_use]
pub fn tabulated(
    directions: usize,
    distance: &dyn Fn(&[f64]) -> Option<f64>,
) -> Option<impl Fn(&[f64]) -> f64 + use<>> {
    let inverse = |k: usize| {
        let angle = 2.0 * PI * k as f64 / directions as f64;
        distance(&[libm::cos(angle), libm::sin(angle)]).map(|distance| 1.0 / distance)
    };
    let inverse: Vec<f64> = (0..directions).map(inverse).collect::<Option<_>>()?;
    Some(move |direction: &[f64]| {
        let turns = libm::atan2(direction[1], direction[0]) / (2.0 * PI);
        let position = (turns - turns.floor()) * directions as f64;
        let below = position.floor();
        let [here, next] = [below as usize, below as usize + 1].map(|k| inverse[k % directions]);
        1.0 / (here + (position - below) * (next - here))
    })
}

/// The distance, if it is the same along every axis and along the diagonals.
fn same_everywhere(dimension: usize, distance: &dyn Fn(&[f64]) -> f64) -> Option<f64> {
    let mut directions = Vec::new();
    for k in 0..dimension {
        for sign in [-1.0, 1.0] {
            let mut axis = vec![0.0; dimension];
            axis[k] = sign;
            directions.push(axis);
            let mut diagonal = vec![1.0 / (dimension as f64).sqrt(); dimension];
            diagonal[k] *= sign;
            directions.push(diagonal);
        }
    }
    let first = distance(directions.first()?);
    directions.iter().all(|u| (distance(u) - first).abs() <= 1e-9 * first).then_some(first)
}

/// Mean exit time of drift-free symmetric stable motion from a ball of radius `r`, started at the
/// distance `s` from its centre:
/// `(r^2 - s^2)^(alpha/2) / (Gamma(1 - alpha/2) Gamma(1 + alpha/2) nu{|z| > 1} epsilon^alpha)`
/// (Getoor 1961 for the isotropic process; Ryznar 2025 for any symmetric stable process, here with
/// independent coordinates of one tail index and one amplitude).
#[must_use]
pub fn ball_mean(noise: &SpaceNoise, radius: f64, distance: f64) -> Option<f64> {
    let (alpha, epsilon, mass) = match noise {
        SpaceNoise::Independent(coordinates) => {
            let &[alpha, epsilon] = coordinates.first()?;
            if coordinates.iter().any(|other| *other != [alpha, epsilon]) {
                return None;
            }
            (alpha, epsilon, 2.0 * coordinates.len() as f64 * tail_coefficient(alpha))
        }
        &SpaceNoise::Isotropic { dimension, alpha, epsilon } => {
            (alpha, epsilon, isotropic_mass(dimension, alpha))
        }
    };
    let half = 0.5 * alpha;
    let shape = libm::pow((radius - distance) * (radius + distance), half);
    let constant = half_sine(alpha) / (PI * half);
    Some(constant * shape / (mass * libm::pow(epsilon, alpha))).filter(|mean| mean.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_of_the_unit_disc() {
        let unit = |_: &[f64]| 1.0;
        for (alpha, isotropic, independent) in [(1.0, 1.0, 1.273_24), (1.5, 0.716_98, 0.797_88)] {
            let noise = SpaceNoise::Isotropic { dimension: 2, alpha, epsilon: 1.0 };
            assert!(exit(&noise, &unit).is_some_and(|law| (1.0 / law.mean - isotropic).abs() < 1e-5));
            let noise = SpaceNoise::Independent(vec![[alpha, 1.0]; 2]);
            assert!(exit(&noise, &unit).is_some_and(|law| (1.0 / law.mean - independent).abs() < 1e-5));
        }
        let noise = SpaceNoise::Independent(vec![[1.2, 0.1], [1.8, 0.1]]);
        let law = exit(&noise, &unit);
        assert!(law.is_some_and(|law| (law.axis_probabilities[0] - 0.924).abs() < 1e-3));
    }

    #[test]
    fn a_half_plane_counts_one_side_of_one_coordinate() {
        let half_plane = |u: &[f64]| Some(if u[0] > 0.0 { 1.0 / u[0] } else { f64::INFINITY });
        let distance = tabulated(256, &half_plane);
        for alpha in [0.7, 1.5] {
            let noise = SpaceNoise::Isotropic { dimension: 2, alpha, epsilon: 1.0 };
            let mean = distance.as_ref().and_then(|distance| exit(&noise, distance)).map(|law| law.mean);
            assert!(mean.is_some_and(|mean| (mean * tail_coefficient(alpha) - 1.0).abs() < 1e-3), "{mean:?}");
        }
        assert!(tabulated(256, &|_| None).is_none());
    }

    #[test]
    fn rays_are_cut_where_the_basin_changes() {
        // Three strips, and nothing above y = 5.
        let strips =
            |x: &[f64]| (x[1] < 5.0).then(|| if x[0] < -0.8 { 0 } else { usize::from(x[0] > 1.0) + 1 });
        let minima: [&[f64]; 3] = [&[-2.0, 0.0], &[0.0, 0.0], &[2.5, 0.0]];
        let power = |x: f64, alpha: f64| libm::pow(x, -alpha) * tail_coefficient(alpha);
        let noise = SpaceNoise::Independent(vec![[1.5, 1.0], [1.2, 0.1]]);
        let chain = basin_chain(&noise, &minima, &strips, 5.0).expect("a chain");
        let expected = [
            (0, 1, power(1.2, 1.5) - power(3.0, 1.5)),
            (0, 2, power(3.0, 1.5)),
            (1, 0, power(0.8, 1.5)),
            (2, 1, power(1.5, 1.5) - power(3.3, 1.5)),
        ];
        for (from, to, rate) in expected {
            assert!((chain.rate(from, to) / rate - 1.0).abs() < 1e-6, "{from} to {to}: {chain:?}");
        }
        assert!(
            (chain.exit_rate(1) - power(0.8, 1.5) - power(1.0, 1.5) - libm::pow(0.1, 1.2) * power(5.0, 1.2))
                .abs()
                < 1e-6
        );
        // A half-plane at the distance 1 counts one side of one coordinate.
        let halves = |x: &[f64]| Some(usize::from(x[0] > 0.0));
        for alpha in [0.7, 1.5] {
            let noise = SpaceNoise::Isotropic { dimension: 2, alpha, epsilon: 1.0 };
            let chain = basin_chain(&noise, &[&[-1.0, 0.0], &[1.0, 0.0]], &halves, 2.0).expect("a chain");
            assert!((chain.rate(0, 1) / tail_coefficient(alpha) - 1.0).abs() < 0.01, "{chain:?}");
        }
        let noise = SpaceNoise::Isotropic { dimension: 3, alpha: 1.0, epsilon: 1.0 };
        assert!(basin_chain(&noise, &[&[0.0; 3]], &|_| Some(0), 1.0).is_none());
    }

    #[test]
    fn means_of_the_unit_ball() {
        for (d, alpha, mean) in [
            (1, 1.2, 0.907_603_684_2),
            (2, 1.0, std::f64::consts::FRAC_2_PI),
            (2, 1.5, 0.418_566_906_9),
            (3, 1.5, 0.300_901_111_2),
        ] {
            let noise = SpaceNoise::Isotropic { dimension: d, alpha, epsilon: 1.0 };
            assert!(
                ball_mean(&noise, 1.0, 0.0).is_some_and(|seen| (seen - mean).abs() < 1e-9),
                "{d} {alpha}"
            );
        }
        for (alpha, mean) in [(0.8, 0.536_836), (1.0, 0.5), (1.5, 0.376_126)] {
            let noise = SpaceNoise::Independent(vec![[alpha, 1.0]; 2]);
            assert!(ball_mean(&noise, 1.0, 0.0).is_some_and(|seen| (seen - mean).abs() < 1e-6), "{alpha}");
        }
    }
}

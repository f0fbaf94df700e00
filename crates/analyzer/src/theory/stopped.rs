//! Leading-order value of a stopped problem as epsilon tends to 0.

use levyscape_integrator::potential::Potential;

use crate::landscape::Landscape;
use crate::theory::chain::MarkovChain;
use crate::theory::kramers;
use crate::theory::levy::JumpMeasure;
use crate::theory::{NoiseLaw, StoppedProblem};

/// Leading-order law of `(T, X_T)` of a stopped problem: a Markov chain on the minima that survive
/// without noise, killed by the jump (or the climb) that ends the path. Times are in the equation's own
/// unit.
#[derive(Debug, Clone)]
pub struct StoppedTheory {
    /// `E T`.
    pub mean: f64,
    /// `E T^2`.
    pub second_moment: f64,
    /// `P(X_T >= upper)`: exit through the right end of the domain.
    pub right_probability: f64,
    chain: MarkovChain,
    start: usize,
    place: Place,
}

/// Where paths stop.
#[derive(Debug, Clone)]
enum Place {
    /// Jumps from the surviving minima into the regions of the line.
    Jumps { jumps: JumpMeasure, scale: f64, minima: Vec<f64>, regions: Vec<Region> },
    /// A continuous path ends at the nearest stop point on its left or right.
    Ends { points: [f64; 2], right: f64 },
}

/// An interval of landing points with one fate.
#[derive(Debug, Clone, Copy)]
struct Region {
    lo: f64,
    hi: f64,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    /// Stopped where it lands.
    Stops,
    /// Slides without noise until it meets this point of the stop set.
    SlidesTo(f64),
    /// Slides to the minimum of this well.
    Survives(usize),
    /// Runs away or lands where the potential is not finite: never stops.
    Lost,
}

impl StoppedTheory {
    /// `P(T > t)`.
    #[must_use]
    pub fn survival(&self, t: f64) -> f64 {
        if t < 0.0 { 1.0 } else { self.chain.survival(self.start, t) }
    }

    /// `P(lo <= X_T <= hi)`; either end may be infinite.
    #[must_use]
    pub fn landing(&self, lo: f64, hi: f64) -> f64 {
        match &self.place {
            Place::Ends { points, right } => {
                let inside = |x: f64| lo <= x && x <= hi;
                let left = if inside(points[0]) { 1.0 - right } else { 0.0 };
                left + if inside(points[1]) { *right } else { 0.0 }
            }
            Place::Jumps { jumps, scale, minima, regions } => {
                let reward: Vec<f64> = minima
                    .iter()
                    .map(|m| {
                        scale * regions.iter().map(|region| region.mass_into(*jumps, *m, lo, hi)).sum::<f64>()
                    })
                    .collect();
                self.chain.expected_reward(&reward)[self.start].min(1.0)
            }
        }
    }
}

impl Region {
    /// Mass of the jumps from `origin` into this region that end in `[lo, hi]`.
    fn mass_into(&self, jumps: JumpMeasure, origin: f64, lo: f64, hi: f64) -> f64 {
        match self.fate {
            Fate::Stops => jumps.mass(self.lo.max(lo) - origin, self.hi.min(hi) - origin),
            Fate::SlidesTo(x) if lo <= x && x <= hi => jumps.mass(self.lo - origin, self.hi - origin),
            _ => 0.0,
        }
    }
}

/// The leading-order law of a stopped problem.
///
/// Without noise a point slides to the minimum of its well and is stopped if that way meets the stop
/// set. Jumps: from each surviving minimum `m_i` the rate into `A` is `nu((A - m_i)/epsilon)`; landing
/// where the path survives in another well goes on from there, all else ends it, at the landing point
/// or where the slide meets the stop set. Gaussian noise: only the component between the nearest stop
/// points matters; its ends are reached by Eyring–Kramers' formula over a saddle inside, by half that
/// time with the end on the saddle, and by the boundary-point formula on the slope before it.
///
/// `None` where the theory has no answer: no minimum, a start that slides into the stop set (or stands
/// on an edge) without noise, no stop set, paths that run away for ever, for Gaussian noise degenerate
/// points, and values beyond the range of numbers.
#[must_use]
pub fn stopped(
    potential: &dyn Potential,
    landscape: &Landscape,
    noise: NoiseLaw,
    problem: &StoppedProblem,
) -> Option<StoppedTheory> {
    if !noise.is_valid() {
        return None;
    }
    let Fate::Survives(well) = fate(potential, landscape, problem, problem.start) else { return None };
    match noise.diffusion() {
        Some(diffusion) => continuous(potential, landscape, diffusion, problem, well),
        None => jumping(potential, landscape, noise, problem, well),
    }
}

/// What becomes of a path at `x` without noise.
fn fate(potential: &dyn Potential, landscape: &Landscape, problem: &StoppedProblem, x: f64) -> Fate {
    if problem.stops_at(x) {
        return Fate::Stops;
    }
    let [left, right] = problem.component(x);
    if let Some(well) = landscape.basin_of(x) {
        let minimum = landscape.minima[well].x;
        return if minimum <= left {
            Fate::SlidesTo(left)
        } else if minimum >= right {
            Fate::SlidesTo(right)
        } else {
            Fate::Survives(well)
        };
    }
    let gradient = potential.gradient(x);
    if gradient > 0.0 && left.is_finite() {
        Fate::SlidesTo(left)
    } else if gradient < 0.0 && right.is_finite() {
        Fate::SlidesTo(right)
    } else {
        Fate::Lost
    }
}

fn jumping(
    potential: &dyn Potential,
    landscape: &Landscape,
    noise: NoiseLaw,
    problem: &StoppedProblem,
    well: usize,
) -> Option<StoppedTheory> {
    let (jumps, scale) = (noise.jump_measure()?, noise.jump_scale()?);
    let regions = regions(potential, landscape, problem);
    if regions.iter().any(|region| region.fate == Fate::Lost) {
        return None;
    }
    let mut survivors: Vec<usize> = regions
        .iter()
        .filter_map(|region| match region.fate {
            Fate::Survives(j) => Some(j),
            _ => None,
        })
        .collect();
    survivors.dedup();
    let start = survivors.iter().position(|&j| j == well)?;
    let minima: Vec<f64> = survivors.iter().map(|&j| landscape.minima[j].x).collect();
    let size = survivors.len();
    let mut rates = vec![vec![0.0; size]; size];
    let mut killing = vec![0.0; size];
    let mut exits_right = vec![0.0; size];
    for (i, &origin) in minima.iter().enumerate() {
        for region in &regions {
            if region.fate == Fate::Survives(survivors[i]) {
                continue;
            }
            let mass = scale * jumps.mass(region.lo - origin, region.hi - origin);
            match region.fate {
                Fate::Survives(j) => {
                    if let Some(column) = survivors.iter().position(|&other| other == j) {
                        rates[i][column] += mass;
                    }
                }
                _ => killing[i] += mass,
            }
            exits_right[i] += scale * region.mass_into(jumps, origin, problem.upper, f64::INFINITY);
        }
    }
    let chain = MarkovChain::new(rates, killing)?;
    let place = Place::Jumps { jumps, scale, minima, regions };
    finish(chain, start, &exits_right, place)
}

/// The line cut at every point where the fate of a landing may change.
fn regions(potential: &dyn Potential, landscape: &Landscape, problem: &StoppedProblem) -> Vec<Region> {
    let mut cuts: Vec<f64> = vec![problem.lower, problem.upper];
    cuts.extend(problem.targets.iter().flatten());
    cuts.extend(landscape.minima.iter().map(|minimum| minimum.x));
    cuts.extend(landscape.saddles.iter().map(|saddle| saddle.x));
    cuts.extend(landscape.wells.iter().flat_map(|well| [well.left, well.right]));
    cuts.retain(|x| x.is_finite());
    cuts.sort_by(f64::total_cmp);
    cuts.dedup_by(|a, b| *a - *b <= 1e-12 * a.abs().max(1.0));
    let mut regions = Vec::with_capacity(cuts.len() + 1);
    let mut lo = f64::NEG_INFINITY;
    for hi in cuts.into_iter().chain([f64::INFINITY]) {
        let inside = match (lo.is_finite(), hi.is_finite()) {
            (true, true) => lo + 0.5 * (hi - lo),
            (true, false) => lo + lo.abs().max(1.0),
            (false, true) => hi - hi.abs().max(1.0),
            (false, false) => 0.0,
        };
        regions.push(Region { lo, hi, fate: fate(potential, landscape, problem, inside) });
        lo = hi;
    }
    regions
}

fn continuous(
    potential: &dyn Potential,
    landscape: &Landscape,
    diffusion: f64,
    problem: &StoppedProblem,
    well: usize,
) -> Option<StoppedTheory> {
    let points = problem.component(problem.start);
    let inside: Vec<usize> = (0..landscape.minima.len())
        .filter(|&j| points[0] < landscape.minima[j].x && landscape.minima[j].x < points[1])
        .collect();
    let start = inside.iter().position(|&j| j == well)?;
    let size = inside.len();
    let mut rates = vec![vec![0.0; size]; size];
    let mut exits = [vec![0.0; size], vec![0.0; size]];
    for (row, &j) in inside.iter().enumerate() {
        let minimum = &landscape.minima[j];
        let edges = [landscape.wells[j].left, landscape.wells[j].right];
        for side in 0..2 {
            let neighbour =
                if side == 0 { row.checked_sub(1) } else { Some(row + 1).filter(|&next| next < size) };
            let saddle = landscape.saddle_at(edges[side]);
            if let Some(neighbour) = neighbour {
                // Between two wells there is a saddle, or a wall that continuous paths do not pass.
                if let Some(saddle) = saddle {
                    rates[row][neighbour] = kramers::crossing_rate(minimum, saddle, diffusion)?;
                }
                continue;
            }
            let end = points[side];
            // How far the end lies beyond the edge, seen from the minimum.
            let beyond = if side == 0 { edges[side] - end } else { end - edges[side] };
            let tolerance = 1e-9 * edges[side].abs().max(1.0);
            exits[side][row] = match saddle {
                Some(saddle) if beyond.abs() <= tolerance => {
                    2.0 * kramers::crossing_rate(minimum, saddle, diffusion)?
                }
                // Over the saddle with nothing behind it to stop at: the path runs away.
                Some(_) if end.is_infinite() => return None,
                Some(saddle) if beyond > 0.0 => kramers::crossing_rate(minimum, saddle, diffusion)?,
                None if end.is_infinite() || beyond >= 0.0 => 0.0,
                _ => {
                    kramers::boundary_rate(minimum, potential.value(end), potential.gradient(end), diffusion)?
                }
            };
        }
    }
    let killing = exits[0].iter().zip(&exits[1]).map(|(left, right)| left + right).collect();
    let chain = MarkovChain::new(rates, killing)?;
    let right = chain.expected_reward(&exits[1])[start];
    let exits_right = if points[1] == problem.upper { exits[1].clone() } else { vec![0.0; size] };
    finish(chain, start, &exits_right, Place::Ends { points, right })
}

fn finish(chain: MarkovChain, start: usize, exits_right: &[f64], place: Place) -> Option<StoppedTheory> {
    let mean = chain.mean_lifetime()[start];
    let second_moment = chain.second_moment_lifetime()[start];
    let right_probability = chain.expected_reward(exits_right)[start].min(1.0);
    (mean.is_finite() && second_moment.is_finite() && right_probability.is_finite())
        .then_some(StoppedTheory { mean, second_moment, right_probability, chain, start, place })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact;
    use crate::landscape::Landscape;
    use crate::test_potential::Formula;
    use crate::theory::levy::tail_coefficient;
    use crate::theory::{LimitChain, transition, validity, validity_remarks};

    const INF: f64 = f64::INFINITY;

    fn quartic() -> Formula {
        Formula::new(|x| 0.25 * x * x * x * x - 0.5 * x * x, |x| x * x * x - x, |x| 3.0 * x * x - 1.0)
    }

    fn three_wells() -> Formula {
        // U' = 0.2 (x+2)(x+.8) x (x-1)(x-2.5) = 0.2 (x^5 - 0.7 x^4 - 5.9 x^3 + 1.6 x^2 + 4 x).
        Formula::new(
            |x| 0.2 * x * x * (x * x * x * x / 6.0 - 0.14 * x * x * x - 1.475 * x * x + 1.6 / 3.0 * x + 2.0),
            |x| 0.2 * (x + 2.0) * (x + 0.8) * x * (x - 1.0) * (x - 2.5),
            |x| 0.2 * (5.0 * x * x * x * x - 2.8 * x * x * x - 17.7 * x * x + 3.2 * x + 4.0),
        )
    }

    fn solve(potential: &Formula, noise: NoiseLaw, problem: &StoppedProblem) -> Option<StoppedTheory> {
        stopped(potential, &Landscape::find(potential, None).unwrap(), noise, problem)
    }

    fn stable(alpha: f64, epsilon: f64) -> NoiseLaw {
        NoiseLaw::stable(alpha, epsilon)
    }

    #[test]
    fn exit_from_an_interval_around_one_minimum() {
        let harmonic = Formula::new(|x| 0.5 * x * x, |x| x, |_| 1.0);
        let (alpha, epsilon): (f64, f64) = (1.5, 0.1);
        let theory = solve(&harmonic, stable(alpha, epsilon), &StoppedProblem::exit(0.2, -0.5, 1.5)).unwrap();
        let rate =
            epsilon.powf(alpha) * tail_coefficient(alpha) * (0.5f64.powf(-alpha) + 1.5f64.powf(-alpha));
        assert!((theory.mean * rate - 1.0).abs() < 1e-13);
        assert!((theory.second_moment / (2.0 * theory.mean * theory.mean) - 1.0).abs() < 1e-13);
        assert!((theory.survival(30.0) - (-30.0 * rate).exp()).abs() < 1e-12);
        assert_eq!((theory.survival(0.0), theory.survival(-1.0)), (1.0, 1.0));
        // Side probabilities of theory 2.5 (b).
        for (alpha, right) in [(0.8, 0.293_41), (1.0, 0.25), (1.5, 0.161_39), (1.8, 0.121_59)] {
            let theory = solve(&harmonic, stable(alpha, 0.1), &StoppedProblem::exit(0.0, -0.5, 1.5)).unwrap();
            assert!((theory.right_probability - right).abs() < 6e-6);
            assert!((theory.landing(1.5, INF) - theory.right_probability).abs() < 1e-14);
            assert!((theory.landing(-INF, INF) - 1.0).abs() < 1e-13);
            // Pareto beyond the edge.
            let far = theory.landing(3.0, INF) / theory.right_probability;
            assert!((far - 0.5f64.powf(alpha)).abs() < 1e-13);
            assert_eq!(theory.landing(-0.4, 1.4), 0.0);
        }
    }

    #[test]
    fn transitions_follow_the_limit_chain() {
        let potential = three_wells();
        let landscape = Landscape::find(&potential, None).unwrap();
        for (alpha, epsilon) in [(0.8, 0.1), (1.5, 0.03)] {
            let noise = stable(alpha, epsilon);
            let limit = LimitChain::new(&landscape, noise).unwrap();
            assert_eq!(limit.kind, "pavlyukevich");
            for from in 0..3 {
                let theory = transition(&landscape, noise, from).unwrap();
                // The same through the stopped problem: landing in another well ends in its ball's edge.
                let problem = StoppedProblem::transition(&landscape, from, 0.1).unwrap();
                let chain = stopped(&potential, &landscape, noise, &problem).unwrap();
                assert!((chain.mean / theory.mean - 1.0).abs() < 1e-12);
                for (to, minimum) in landscape.minima.iter().enumerate() {
                    let into = chain.landing(minimum.x - 0.1, minimum.x + 0.1);
                    assert!((into - theory.probabilities[to]).abs() < 1e-12, "{into}");
                }
            }
            assert!((limit.summary().unwrap().stationary.iter().sum::<f64>() - 1.0).abs() < 1e-14);
        }
        assert!(transition(&landscape, stable(1.5, 0.1), 7).is_none());
    }

    #[test]
    fn several_surviving_wells_and_slides_into_stops() {
        // Stop at 0.5 on the way from the saddle at 0 to the minimum at 1: landing in (0, 0.5) slides to
        // the stop, so X_T has an atom there.
        let (alpha, epsilon) = (1.2, 0.05);
        let theory =
            solve(&quartic(), stable(alpha, epsilon), &StoppedProblem::exit(-1.0, -3.0, 0.5)).unwrap();
        let total = 2.0f64.powf(-alpha) + 1.0;
        assert!((theory.landing(0.5, 0.5) - (1.0 - 1.5f64.powf(-alpha)) / total).abs() < 1e-13);
        assert!((theory.right_probability - 1.0 / total).abs() < 1e-13);
        assert!((theory.landing(-INF, -3.0) - 2.0f64.powf(-alpha) / total).abs() < 1e-13);
        // Stops far outside: both wells survive and the means solve the two-state system.
        let theory =
            solve(&quartic(), stable(alpha, epsilon), &StoppedProblem::exit(-1.0, -3.0, 4.0)).unwrap();
        let kappa = tail_coefficient(alpha);
        let mass = |near: f64, far: f64| kappa * (near.powf(-alpha) - far.powf(-alpha));
        let out = |left: f64, right: f64| kappa * (left.powf(-alpha) + right.powf(-alpha));
        let (q12, q21, k1, k2) = (mass(1.0, 5.0), mass(1.0, 4.0), out(2.0, 5.0), out(4.0, 3.0));
        let mean = (q21 + k2 + q12) / ((q12 + k1) * (q21 + k2) - q12 * q21) * 0.05f64.powf(-alpha);
        assert!((theory.mean / mean - 1.0).abs() < 1e-12, "{} {mean}", theory.mean);
    }

    #[test]
    fn gaussian_exits_approach_the_exact_ones() {
        // (potential, start, lower, upper, epsilon, tolerance): over a saddle, on it, on the slope.
        let cases = [
            (-1.0, -INF, 1.0, 0.2, 0.04),
            (-1.0, -INF, 0.0, 0.2, 0.04),
            (-1.0, -INF, -0.4, 0.1, 0.04),
            (-1.0, -1.35, 0.9, 0.12, 0.06),
            (0.9, -0.8, INF, 0.2, 0.04),
        ];
        for (start, lower, upper, epsilon, tolerance) in cases {
            let noise = NoiseLaw::Brownian { epsilon };
            let problem = StoppedProblem::exit(start, lower, upper);
            let theory = solve(&quartic(), noise, &problem).unwrap();
            let exact = exact::stopped(&quartic(), noise, &problem);
            let ratio = theory.mean / exact.mean.unwrap();
            assert!((ratio - 1.0).abs() < tolerance, "{start} {lower} {upper}: {ratio}");
            assert!((theory.right_probability - exact.right_probability.unwrap()).abs() < tolerance);
            let inside = theory.landing(upper, INF);
            assert!((inside - theory.right_probability).abs() < 1e-15);
        }
        // Kramers column of the table: D = 0.04, and the same D with sqrt(2) B.
        for noise in [NoiseLaw::Brownian { epsilon: 0.08f64.sqrt() }, stable(2.0, 0.2)] {
            let theory = solve(&quartic(), noise, &StoppedProblem::exit(-1.0, -INF, 1.0)).unwrap();
            assert!((theory.mean / 2301.47 - 1.0).abs() < 1e-5);
            let landscape = Landscape::find(&quartic(), None).unwrap();
            let mean = transition(&landscape, noise, 0).unwrap().mean;
            assert!((mean / 2301.47 - 1.0).abs() < 1e-5);
        }
        // Two wells inside: chain of both, exact within O(D).
        let problem = StoppedProblem::exit(-1.0, -1.9, 1.6);
        let noise = NoiseLaw::Brownian { epsilon: 0.25 };
        let theory = solve(&quartic(), noise, &problem).unwrap();
        let exact = exact::stopped(&quartic(), noise, &problem);
        assert!((theory.mean / exact.mean.unwrap() - 1.0).abs() < 0.2);
    }

    #[test]
    fn where_the_theory_is_silent() {
        let noise = stable(1.5, 0.1);
        // Slides into the stop, on the saddle, no stop, stopped already, no minimum, runs away.
        assert!(solve(&quartic(), noise, &StoppedProblem::exit(0.3, -3.0, 0.5)).is_none());
        assert!(solve(&quartic(), noise, &StoppedProblem::exit(0.0, -3.0, 3.0)).is_none());
        assert!(solve(&quartic(), noise, &StoppedProblem::exit(-1.0, -INF, INF)).is_none());
        assert!(solve(&quartic(), noise, &StoppedProblem::exit(4.0, -3.0, 3.0)).is_none());
        let free = Formula::new(|_| 0.0, |_| 0.0, |_| 0.0);
        assert!(solve(&free, noise, &StoppedProblem::exit(0.0, -1.0, 1.0)).is_none());
        let cubic = Formula::new(|x| x * x * x - 3.0 * x, |x| 3.0 * x * x - 3.0, |x| 6.0 * x);
        let open = StoppedProblem::exit(1.0, -INF, 4.0);
        let closed = StoppedProblem::exit(1.0, -3.0, 4.0);
        for noise in [noise, NoiseLaw::Brownian { epsilon: 0.5 }] {
            assert!(solve(&cubic, noise, &open).is_none());
            assert!(solve(&cubic, noise, &closed).is_some());
        }
        let soft = Formula::new(|x| x * x * x * x, |x| 4.0 * x * x * x, |x| 12.0 * x * x);
        let problem = StoppedProblem::exit(0.0, -1.0, 1.0);
        assert!(solve(&soft, NoiseLaw::Brownian { epsilon: 0.1 }, &problem).is_none());
        assert!(solve(&soft, noise, &problem).is_some());
        for epsilon in [0.0, -1.0, f64::NAN, INF] {
            assert!(
                solve(&quartic(), stable(1.5, epsilon), &StoppedProblem::exit(-1.0, -2.0, 0.0)).is_none()
            );
        }
    }

    #[test]
    fn a_gaussian_part_beside_leaves_the_leading_order_alone() {
        let potential = three_wells();
        let landscape = Landscape::find(&potential, None).unwrap();
        let (alpha, beta, epsilon, weight) = (1.5, 0.5, 0.05, 0.3);
        let sum = |weight, gaussian| NoiseLaw::StableAndGaussian { alpha, beta, weight, gaussian, epsilon };
        let plain = NoiseLaw::Stable { alpha, beta, epsilon };
        let ours = LimitChain::new(&landscape, sum(weight, 2.0)).unwrap();
        let alone = LimitChain::new(&landscape, plain).unwrap();
        assert_eq!(ours.time_unit, alone.time_unit);
        let problem = StoppedProblem::exit(0.0, -3.0, 2.0);
        let mean = |noise| stopped(&potential, &landscape, noise, &problem).unwrap().mean;
        let factor = libm::pow(weight, alpha);
        assert!((mean(sum(weight, 2.0)) * factor / mean(plain) - 1.0).abs() < 1e-12);
        for (from, to) in [(0, 1), (0, 2), (1, 0), (2, 0)] {
            assert!((ours.chain.rate(from, to) / (factor * alone.chain.rate(from, to)) - 1.0).abs() < 1e-13);
        }
        // Without jumps it is Brownian noise, without a Gaussian part stable noise.
        let brownian = NoiseLaw::Brownian { epsilon: 2.0 * epsilon };
        assert_eq!(mean(sum(0.0, 2.0)), mean(brownian));
        assert_eq!(LimitChain::new(&landscape, sum(0.0, 2.0)), LimitChain::new(&landscape, brownian));
        assert_eq!(mean(sum(1.0, 0.0)), mean(plain));
        assert!(LimitChain::new(&landscape, sum(0.0, 0.0)).is_none());
        assert!(LimitChain::new(&landscape, sum(-1.0, 1.0)).is_none());
    }

    #[test]
    fn validity_in_numbers() {
        // The ratios of theory, 2.5 (d) and (e), by hand: OU in (-1, 1).
        let harmonic = Formula::new(|x| 0.5 * x * x, |x| x, |_| 1.0);
        let landscape = Landscape::find(&harmonic, None).unwrap();
        let exit = StoppedProblem::exit(0.0, -1.0, 1.0);
        let (alpha, epsilon): (f64, f64) = (1.9, 0.3);
        let [one] = &validity(&harmonic, &landscape, stable(alpha, epsilon), Some(&exit))[..] else {
            panic!()
        };
        let rate = 2.0 * tail_coefficient(alpha) * epsilon.powf(alpha);
        assert_eq!((one.well, one.left, one.right, one.barrier), (1, -1.0, 1.0, None));
        assert!((one.rate / rate - 1.0).abs() < 1e-13);
        assert!((one.separation.unwrap() / rate - 1.0).abs() < 1e-9);
        assert!((one.background.unwrap() / (0.3 * 1.9f64.powf(-1.0 / 1.9)) - 1.0).abs() < 1e-9);
        // Kramers at D = epsilon^2 from both ends of the slope.
        let diffusion = epsilon * epsilon;
        let climbing =
            2.0 * (1.0 / (2.0 * std::f64::consts::PI * diffusion)).sqrt() * (-0.5 / diffusion).exp();
        assert!((one.crossover.unwrap() / (climbing / rate) - 1.0).abs() < 1e-9);
        // No climbing by jumps that are unlike Brownian motion, but by a Gaussian part beside them.
        let low = stable(1.2, epsilon);
        assert_eq!(validity(&harmonic, &landscape, low, Some(&exit))[0].crossover, None);
        let beside =
            NoiseLaw::StableAndGaussian { alpha: 1.2, beta: 0.0, weight: 1.0, gaussian: 1.5, epsilon };
        let [one] = &validity(&harmonic, &landscape, beside, Some(&exit))[..] else { panic!() };
        let diffusion = 0.5 * (1.5 * epsilon) * (1.5 * epsilon);
        let climbing =
            2.0 * (1.0 / (2.0 * std::f64::consts::PI * diffusion)).sqrt() * (-0.5 / diffusion).exp();
        assert!((one.crossover.unwrap() * one.rate / climbing - 1.0).abs() < 1e-9);
        assert!(one.remarks(beside).iter().any(|remark| remark.contains("Gaussian part")), "{one:?}");
        // Gaussian noise: the barrier in units of D.
        let [one] = &validity(&harmonic, &landscape, NoiseLaw::Brownian { epsilon: 0.5 }, Some(&exit))[..]
        else {
            panic!()
        };
        assert!((one.barrier.unwrap() - 4.0).abs() < 1e-9 && one.crossover.is_none());
        // A well without an end is never left, and a noise without theory has none.
        let [one] = &validity(&harmonic, &landscape, stable(alpha, epsilon), None)[..] else { panic!() };
        assert_eq!((one.separation, one.background, one.rate), (Some(0.0), None, 0.0));
        let other = NoiseLaw::Other { name: "compound_poisson", epsilon };
        assert!(validity(&harmonic, &landscape, other, None).is_empty());
    }

    #[test]
    fn validity_is_doubted_where_it_should_be() {
        let doubt = |potential: &Formula, noise, problem: Option<&StoppedProblem>| {
            validity_remarks(potential, &Landscape::find(potential, None).unwrap(), noise, problem)
        };
        assert!(doubt(&quartic(), stable(1.5, 0.03), None).is_empty());
        let large = doubt(&quartic(), stable(0.8, 1.5), None);
        assert!(large.iter().any(|remark| remark.contains("relaxation")), "{large:?}");
        let crossover = doubt(&quartic(), stable(1.99, 0.25), None);
        assert!(crossover.iter().any(|remark| remark.contains("close to 2")), "{crossover:?}");
        assert_eq!(doubt(&quartic(), NoiseLaw::Brownian { epsilon: 0.5 }, None).len(), 2);
        assert!(doubt(&quartic(), NoiseLaw::Brownian { epsilon: 0.2 }, None).is_empty());
        // One well, which only the domain bounds (theory, 2.5 a and e).
        let harmonic = Formula::new(|x| 0.5 * x * x, |x| x, |_| 1.0);
        let problem = StoppedProblem::exit(0.0, -1.0, 1.0);
        assert!(doubt(&harmonic, stable(1.9, 0.3), None).is_empty());
        let crossover = doubt(&harmonic, stable(1.9, 0.3), Some(&problem));
        assert!(crossover.iter().any(|remark| remark.contains("close to 2")), "{crossover:?}");
        assert!(doubt(&harmonic, stable(1.5, 0.03), Some(&problem)).is_empty());
        assert_eq!(doubt(&harmonic, NoiseLaw::Brownian { epsilon: 1.0 }, Some(&problem)).len(), 1);
    }
}

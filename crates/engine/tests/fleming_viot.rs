//! Fleming–Viot particles against exact results.

use std::ops::ControlFlow;

use levyscape_engine::{
    Control, EngineError, Ensemble, FlemingViot, Outcome, Output, PathRecord, Population, Region, Replicated,
    SpaceDomain, SpaceRegion, Stepping, Stop, StopRegion, replicate,
};
use levyscape_integrator::noise::WeightedNoise;
use levyscape_integrator::potential::ClosureDrift;
use levyscape_integrator::{ClosurePotential, NoiseLaw, Potential, SchemeKind, Sde, StreamKey};

const KEY: StreamKey = StreamKey { seed: 17, point: 0, task: 0 };

fn double_well() -> impl Potential {
    ClosurePotential::new(|x| 0.25 * x * x * x * x - 0.5 * x * x, |x| x * x * x - x)
}

fn parabola(curvature: f64) -> impl Potential {
    ClosurePotential::new(move |x| 0.5 * curvature * x * x, move |x| curvature * x)
}

fn sde<'a>(potential: &'a dyn Potential, law: &NoiseLaw, epsilon: f64) -> Sde<'a> {
    Sde::builder().potential(potential).noise(law).epsilon(epsilon).build().expect("a valid equation")
}

fn population(step: f64, relaxation: f64, measuring: f64) -> Population {
    Population {
        scheme: SchemeKind::Splitting,
        step,
        window: vec![[-2.5, 2.5]],
        relaxation,
        burn_in: relaxation,
        measuring,
        particles: 64,
    }
}

/// Estimates from a number of replicas: at the steps `h` and `2 h`, with the standard errors of the first
/// and of the value extrapolated at order `min(1, 1/alpha)`, from the scatter of `PARTS` parts.
struct Estimates {
    fine: Vec<f64>,
    coarse: Vec<f64>,
    extrapolated: Vec<f64>,
    error: Vec<f64>,
    extrapolated_error: Vec<f64>,
}

const PARTS: usize = 32;

fn estimate(particles: &FlemingViot<'_>, replicas: u64, order: f64) -> Estimates {
    let factor = 1.0 / (order.exp2() - 1.0);
    let width = particles.width();
    let mut sums = vec![vec![0.0; width]; PARTS];
    replicate(particles, 0..replicas, &Control::default(), |k, row, _| {
        for (sum, x) in sums[k as usize % PARTS].iter_mut().zip(&row) {
            *sum += x / replicas as f64;
        }
        ControlFlow::Continue(())
    })
    .expect("a possible problem");
    let total = |leave_out: Option<usize>| -> Vec<f64> {
        let scale = if leave_out.is_some() { PARTS as f64 / (PARTS - 1) as f64 } else { 1.0 };
        let kept = sums.iter().enumerate().filter(|(k, _)| Some(*k) != leave_out);
        let mut total = vec![0.0; width];
        for (_, sum) in kept {
            total.iter_mut().zip(sum).for_each(|(total, x)| *total += scale * x);
        }
        total
    };
    let (fine, coarse) = particles.fine_and_coarse(&total(None));
    assert_eq!(fine, particles.evaluate(&total(None)));
    // The jackknife over the parts.
    let (mut error, mut extrapolated_error) = (vec![0.0; fine.len()], vec![0.0; fine.len()]);
    for k in 0..PARTS {
        let (f, c) = particles.fine_and_coarse(&total(Some(k)));
        for j in 0..fine.len() {
            let (f, c) = (f[j] - fine[j], c[j] - coarse[j]);
            error[j] += f.powi(2);
            extrapolated_error[j] += (f + factor * (f - c)).powi(2);
        }
    }
    let scale = (PARTS - 1) as f64 / PARTS as f64;
    let root = |x: Vec<f64>| x.into_iter().map(|x| (scale * x).sqrt()).collect();
    let extrapolated = fine.iter().zip(&coarse).map(|(f, c)| f + factor * (f - c)).collect();
    let (error, extrapolated_error) = (root(error), root(extrapolated_error));
    Estimates { fine, coarse, extrapolated, error, extrapolated_error }
}

impl Estimates {
    /// Checks estimate `j`: extrapolated to step 0 it is within six standard errors and a relative error `bias`
    /// of the exact value, and its standard error is at most `precision` of it. Student's t with 31 degrees of
    /// freedom exceeds 6 once in 10^6 times.
    #[track_caller]
    fn check(&self, j: usize, exact: f64, precision: f64, bias: f64) {
        let (estimate, error) = (self.extrapolated[j], self.extrapolated_error[j]);
        println!(
            "exact {exact:.6}: h {:.6} +- {:.6}, 2h {:.6}, extrapolated {estimate:.6} +- {error:.6}",
            self.fine[j], self.error[j], self.coarse[j]
        );
        assert!(error < precision * exact, "imprecise: {error} of {exact}");
        assert!((estimate - exact).abs() < 6.0 * error + bias * exact, "{estimate} +- {error}, not {exact}");
    }
}

struct Problem<'a> {
    sde: &'a Sde<'a>,
    start: f64,
    region: StopRegion,
    outputs: &'a [Output],
    order: f64,
}

fn run(problem: &Problem<'_>, population: &Population, replicas: u64, seed: u64) -> Estimates {
    let Problem { sde, start, ref region, outputs, order } = *problem;
    let key = StreamKey { seed, ..KEY };
    let clock = std::time::Instant::now();
    let particles =
        FlemingViot::new(sde, &[start], region.clone(), population, outputs.to_vec(), key).expect("possible");
    let estimates = estimate(&particles, replicas, order);
    println!("{:.2} s", clock.elapsed().as_secs_f64());
    estimates
}

/// Exits of the stable Ornstein–Uhlenbeck process from (-1, 1): theory.md 2.5(a).
#[test]
fn ornstein_uhlenbeck_exits() {
    let potential = parabola(1.0);
    for (k, (alpha, epsilon, exact, step, precision, bias)) in [
        (0.8, 0.3, 3.4684, 0.01, 0.008, 0.001),
        (0.8, 0.1, 8.6626, 0.01, 0.01, 0.001),
        (1.5, 0.3, 11.205, 0.01, 0.01, 0.005),
        (1.5, 0.1, 75.116, 0.02, 0.02, 0.002),
        (1.8, 0.3, 25.960, 0.01, 0.02, 0.02),
        (1.8, 0.1, 326.22, 0.02, 0.04, 0.005),
    ]
    .into_iter()
    .enumerate()
    {
        let sde = sde(&potential, &NoiseLaw::stable(alpha), epsilon);
        let problem = Problem {
            sde: &sde,
            start: 0.0,
            region: StopRegion::interval(-1.0, 1.0),
            outputs: &[Output::MeanTime],
            order: (1.0 / alpha).min(1.0),
        };
        let estimates = run(&problem, &population(step, 5.0, 40.0), 192, k as u64);
        estimates.check(0, exact, precision, bias);
    }
}

/// The side on which the stable Ornstein–Uhlenbeck process leaves (-0.5, 1.5) at epsilon 0.1: theory.md 2.5(b).
#[test]
fn the_side_of_an_asymmetric_interval() {
    let potential = parabola(1.0);
    let outputs = [Output::StopProbability(Stop::Upper), Output::Landing([1.5, f64::INFINITY])];
    for (k, (alpha, exact)) in [(0.8, 0.2993), (1.5, 0.1481)].into_iter().enumerate() {
        let sde = sde(&potential, &NoiseLaw::stable(alpha), 0.1);
        let region = StopRegion::interval(-0.5, 1.5);
        let order = (1.0 / alpha).min(1.0);
        let problem = Problem { sde: &sde, start: 0.0, region, outputs: &outputs, order };
        let estimates = run(&problem, &population(0.02, 5.0, 40.0), 192, k as u64);
        estimates.check(0, exact, 0.04, 0.003);
        assert_eq!(estimates.fine[0], estimates.fine[1]);
    }
}

/// S07 of the reference values: Brownian noise, order 1.
#[test]
fn brownian_exits() {
    let potential = double_well();
    let sde = sde(&potential, &NoiseLaw::Brownian, 0.5);
    let outputs = [Output::MeanTime, Output::Survival(5.0), Output::Survival(1.0), Output::ExitRate(0)];
    let region = StopRegion::interval(-1.8, 0.0);
    let problem = Problem { sde: &sde, start: -1.0, region, outputs: &outputs, order: 1.0 };
    let estimates = run(&problem, &population(0.02, 3.0, 50.0), 128, 0);
    estimates.check(0, 18.336_202_78, 0.01, 0.001);
    estimates.check(1, 0.788_143_278, 0.01, 0.001);
    assert!(estimates.fine[2] > estimates.fine[1] && estimates.fine[2] < 1.0);
}

/// S11 of the reference values.
#[test]
fn stable_exits_of_a_double_well() {
    let potential = double_well();
    let sde = sde(&potential, &NoiseLaw::stable(1.5), 0.3);
    let outputs = [
        Output::MeanTime,
        Output::SecondMoment,
        Output::StopProbability(Stop::Upper),
        Output::Survival(10.0),
        Output::Landing([0.0, f64::INFINITY]),
    ];
    let region = StopRegion::interval(-2.0, 0.0);
    let problem = Problem { sde: &sde, start: -1.0, region, outputs: &outputs, order: 1.0 / 1.5 };
    let estimates = run(&problem, &population(0.005, 4.0, 40.0), 128, 0);
    for (j, exact) in [10.239_330_96, 205.830_441_5, 0.658_156_237_4, 0.377_167_674_9, 0.658_156_237_4]
        .into_iter()
        .enumerate()
    {
        estimates.check(j, exact, 0.03, if j == 1 { 0.01 } else { 0.005 });
    }
}

/// S22 of the reference values: a start away from the minimum, where a fifth of the mean is not of the
/// quasi-stationary law.
#[test]
fn a_start_away_from_the_minimum() {
    let potential = parabola(2.0);
    let sde = sde(&potential, &NoiseLaw::stable(0.8), 0.4);
    let outputs = [Output::MeanTime, Output::StopProbability(Stop::Lower)];
    let region = StopRegion::interval(-1.5, 1.0);
    let problem = Problem { sde: &sde, start: 0.5, region, outputs: &outputs, order: 1.0 };
    let estimates = run(&problem, &population(0.005, 2.5, 15.0), 192, 0);
    estimates.check(0, 3.209_912_791, 0.006, 0.001);
    estimates.check(1, 0.399_611_543, 0.008, 0.001);
}

/// Brownian motion on (-1, 1): the quasi-stationary density is `(pi/4) cos(pi x/2)`, its rate `pi^2/8`; from 0,
/// `E T = 1` and `E T^2 = 5/3`. No time scales are apart here: a small system would show.
#[test]
fn the_quasi_stationary_law_of_brownian_motion() {
    let potential = ClosurePotential::new(|_| 0.0, |_| 0.0);
    let sde = sde(&potential, &NoiseLaw::Brownian, 1.0);
    let cells: Vec<[f64; 2]> = (0..8).map(|k| 0.25 * f64::from(k) - 1.0).map(|lo| [lo, lo + 0.25]).collect();
    let mut outputs = vec![Output::ExitRate(0), Output::MeanTime, Output::SecondMoment];
    outputs.extend(cells.iter().map(|&cell| Output::QuasiStationary(cell)));
    let region = StopRegion::interval(-1.0, 1.0);
    let problem = Problem { sde: &sde, start: 0.0, region, outputs: &outputs, order: 1.0 };
    let population = Population { particles: 256, ..population(0.01, 1.5, 10.0) };
    let estimates = run(&problem, &population, 64, 0);
    let exact = core::f64::consts::PI.powi(2) / 8.0;
    estimates.check(0, exact, 0.006, 0.005);
    estimates.check(1, 1.0, 0.006, 0.002);
    estimates.check(2, 5.0 / 3.0, 0.012, 0.004);
    let sine = |x: f64| (core::f64::consts::FRAC_PI_2 * x).sin();
    for (k, [lo, hi]) in cells.into_iter().enumerate() {
        estimates.check(3 + k, 0.5 * (sine(hi) - sine(lo)), 0.03, 0.01);
    }
    let total: f64 = estimates.fine[3..].iter().sum();
    assert!((total - 1.0).abs() < 1e-9);
}

/// Whatever moves the paths: the mean, at the same step, is that of plain paths. The difference of two
/// independent estimates, |z| < 6.
#[test]
fn the_mean_is_that_of_plain_paths() {
    let potential = double_well();
    let line = |law: &NoiseLaw, epsilon| sde(&potential, law, epsilon);
    let part = |weight, noise| WeightedNoise { weight, noise };
    let both = NoiseLaw::Sum { parts: vec![part(0.6, NoiseLaw::Brownian), part(1.0, NoiseLaw::stable(1.2))] };
    let interval = Region::from(StopRegion::interval(-2.0, 0.0));
    let targets = StopRegion { lower: -2.5, upper: f64::INFINITY, targets: vec![[0.9, 1.1]] };
    let plane = Sde::builder()
        .drift(ClosureDrift::new(2, |x: &[f64], out: &mut [f64]| {
            out[0] = -x[0];
            out[1] = -2.0 * x[1];
        }))
        .noise(&NoiseLaw::Isotropic { alpha: 1.5, dimension: 2 })
        .epsilon(0.5)
        .build()
        .expect("a valid equation");
    let disc = SpaceRegion::exit(SpaceDomain::Ball { centre: vec![0.0, 0.0], radius: 1.0 });
    let upper = Stop::Face { axis: 0, upper: true };
    for (k, (sde, start, region, stop)) in [
        (line(&NoiseLaw::stable(1.8), 0.4), vec![-0.7], interval.clone(), Stop::Upper),
        (line(&both, 0.3), vec![-1.0], interval, Stop::Upper),
        (line(&NoiseLaw::stable(1.0), 0.4), vec![-1.0], targets.into(), Stop::Target(0)),
        (plane, vec![0.3, 0.0], disc.into(), upper),
    ]
    .into_iter()
    .enumerate()
    {
        let key = StreamKey { seed: 100 + k as u64, ..KEY };
        let population = population(0.02, 5.0, 30.0);
        let outputs = vec![Output::MeanTime, Output::StopProbability(stop)];
        let particles = FlemingViot::new(&sde, &start, region.clone(), &population, outputs, key)
            .expect("a possible problem");
        let estimates = estimate(&particles, 96, 1.0);
        let stepping = Stepping {
            scheme: population.scheme,
            clocked: None,
            step: 0.02,
            max_time: 1e6,
            pair: true,
            window: population.window.clone(),
        };
        let n = 10_000;
        let pairs = Ensemble::new(&sde, &start, region, &stepping, StreamKey { task: 9, ..key })
            .and_then(|ensemble| ensemble.run(0..n, &Control::default()))
            .expect("a possible problem");
        let records = [
            (pairs.iter().map(|pair| pair.fine).collect::<Vec<_>>(), &estimates.fine),
            (pairs.iter().filter_map(|pair| pair.coarse).collect(), &estimates.coarse),
        ];
        for (records, seen) in records {
            let exits = |record: &PathRecord| f64::from(u8::from(record.outcome == Outcome::Exited(stop)));
            let values: [Vec<f64>; 2] =
                [records.iter().map(|record| record.time).collect(), records.iter().map(exits).collect()];
            for ((values, seen), error) in values.iter().zip(seen).zip(&estimates.error) {
                let mean = values.iter().sum::<f64>() / n as f64;
                let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n * n) as f64;
                let error = (variance + error * error).sqrt();
                println!("problem {k}: {seen}, plain paths {mean}, error of the difference {error}");
                assert!(((seen - mean) / error).abs() < 6.0, "problem {k}: {seen} and {mean}");
                assert!(error < 0.04 * mean);
            }
        }
    }
}

#[test]
fn a_replica_depends_on_its_number_alone() {
    let potential = double_well();
    for (law, epsilon) in [(NoiseLaw::stable(1.5), 0.3), (NoiseLaw::Brownian, 0.6)] {
        let sde = sde(&potential, &law, epsilon);
        let region = StopRegion::interval(-2.0, 0.0);
        let population = Population { particles: 100, ..population(0.02, 1.0, 4.0) };
        let outputs = vec![Output::MeanTime, Output::QuasiStationary([-1.0, 0.0])];
        let particles = FlemingViot::new(&sde, &[-1.0], region, &population, outputs, KEY).expect("possible");
        let rows = |threads: usize, replicas: core::ops::Range<u64>| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            let mut rows = Vec::new();
            pool.install(|| {
                replicate(&particles, replicas, &Control::default(), |_, row, _| {
                    rows.push(row);
                    ControlFlow::Continue(())
                })
            })
            .expect("a possible problem");
            rows
        };
        let reference = rows(1, 0..6);
        assert_eq!(reference, rows(3, 0..6));
        assert_eq!(reference[4..], rows(2, 4..6));
        assert_ne!(reference[0], reference[1]);
        for level in levyscape_integrator::simd::supported() {
            levyscape_integrator::simd::force(level);
            assert_eq!(reference[..1], rows(1, 0..1), "{level:?}");
        }
    }
}

#[test]
fn what_is_refused_and_what_fails() {
    let potential = double_well();
    let stable = sde(&potential, &NoiseLaw::stable(1.0), 1.0);
    let region = StopRegion::interval(-2.0, 0.0);
    let build = |population: &Population, start: f64, region: &StopRegion| {
        FlemingViot::new(&stable, &[start], region.clone(), population, vec![Output::MeanTime], KEY)
    };
    let good = population(0.01, 1.0, 5.0);
    assert!(matches!(build(&good, 0.5, &region).err(), Some(EngineError::StartStopped(_))));
    for bad in [
        Population { particles: 1, ..good.clone() },
        Population { burn_in: 0.0, ..good.clone() },
        Population { measuring: f64::INFINITY, ..good.clone() },
        Population { relaxation: f64::NAN, ..good.clone() },
    ] {
        assert!(matches!(build(&bad, -1.0, &region).err(), Some(EngineError::Integrator(_))));
    }
    let simulate = |population: &Population, region: &StopRegion, control: &Control| {
        build(population, -1.0, region).and_then(|particles| particles.simulate(0, &mut Vec::new(), control))
    };
    assert!(simulate(&good, &region, &Control::default()).is_ok());
    let control = Control::default();
    control.cancel.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(matches!(simulate(&good, &region, &control), Err(EngineError::Interrupted)));
    // Explicit Euler explodes under the jumps, and a step far beyond the domain leaves nobody inside.
    let euler = Population { scheme: SchemeKind::Euler, measuring: 200.0, ..good.clone() };
    let whole = StopRegion::interval(f64::NEG_INFINITY, f64::INFINITY);
    assert!(matches!(simulate(&euler, &whole, &Control::default()), Err(EngineError::Diverged)));
    let far = Population { scheme: SchemeKind::TamedEuler, step: 1e6, ..good };
    let narrow = StopRegion::interval(-1.0001, -0.9999);
    assert!(matches!(simulate(&far, &narrow, &Control::default()), Err(EngineError::Extinct)));
}

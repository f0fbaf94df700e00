//! Adaptive multilevel splitting against quadrature.

use std::ops::ControlFlow;

use levyscape_engine::{
    Control, EngineError, LevelSplitting, Levels, Output, Replicated, Stop, StopRegion, replicate,
};
use levyscape_integrator::{ClosurePotential, NoiseLaw, Potential, Sde, StreamKey};

const KEY: StreamKey = StreamKey { seed: 23, point: 0, task: 0 };

fn tilted(slope: f64) -> impl Potential {
    ClosurePotential::new(
        move |x| 0.25 * x * x * x * x - 0.5 * x * x + slope * x,
        move |x| x * x * x - x + slope,
    )
}

fn sde<'a>(potential: &'a dyn Potential, law: &NoiseLaw, epsilon: f64) -> Sde<'a> {
    Sde::builder().potential(potential).noise(law).epsilon(epsilon).build().expect("a valid equation")
}

fn levels(anchor: f64, particles: usize, step: f64) -> Levels {
    Levels { anchor, around: None, particles, step, window: [-2.0, 2.0] }
}

/// Estimates at the steps `h` and `2 h`, extrapolated at order 2, and the standard errors of the first and the
/// last by the jackknife over 32 parts.
struct Estimates {
    fine: Vec<f64>,
    coarse: Vec<f64>,
    extrapolated: Vec<f64>,
    error: Vec<f64>,
    extrapolated_error: Vec<f64>,
}

fn extrapolate(fine: &[f64], coarse: &[f64]) -> Vec<f64> {
    fine.iter().zip(coarse).map(|(f, c)| (4.0 * f - c) / 3.0).collect()
}

const PARTS: usize = 32;

fn estimate(splitting: &LevelSplitting<'_>, groups: u64) -> Estimates {
    let clock = std::time::Instant::now();
    let width = splitting.width();
    let mut sums = vec![vec![0.0; width]; PARTS];
    let mut steps = 0;
    replicate(splitting, 0..groups, &Control::default(), |_, rows, taken| {
        for (k, row) in rows.chunks_exact(width).enumerate() {
            sums[k % PARTS].iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        steps += taken;
        ControlFlow::Continue(())
    })
    .expect("a possible problem");
    println!("{:.2} s, {steps} steps", clock.elapsed().as_secs_f64());
    let each = (groups * splitting.group()) as f64 / PARTS as f64;
    let mean = |leave_out: usize| -> Vec<f64> {
        let kept: Vec<_> = sums.iter().enumerate().filter(|(k, _)| *k != leave_out).collect();
        (0..width)
            .map(|j| kept.iter().map(|(_, sum)| sum[j]).sum::<f64>() / (each * kept.len() as f64))
            .collect()
    };
    let all = mean(usize::MAX);
    let (fine, coarse) = splitting.fine_and_coarse(&all);
    assert_eq!(format!("{fine:?}"), format!("{:?}", splitting.evaluate(&all)));
    let extrapolated = extrapolate(&fine, &coarse);
    let (mut error, mut extrapolated_error) = (vec![0.0; fine.len()], vec![0.0; fine.len()]);
    for k in 0..sums.len() {
        let (f, c) = splitting.fine_and_coarse(&mean(k));
        let e = extrapolate(&f, &c);
        for j in 0..fine.len() {
            error[j] += (f[j] - fine[j]).powi(2);
            extrapolated_error[j] += (e[j] - extrapolated[j]).powi(2);
        }
    }
    let scale = (PARTS - 1) as f64 / PARTS as f64;
    let root = |x: Vec<f64>| x.into_iter().map(|x| (scale * x).sqrt()).collect();
    let (error, extrapolated_error) = (root(error), root(extrapolated_error));
    Estimates { fine, coarse, extrapolated, error, extrapolated_error }
}

impl Estimates {
    /// Checks that estimate `j`, extrapolated to step 0, is within six standard errors and a relative error
    /// `bias` of the exact value, with a standard error of at most `precision` of it. Student's t with 31 degrees
    /// of freedom exceeds 6 once in 10^6 times.
    #[track_caller]
    fn check(&self, j: usize, exact: f64, precision: f64, bias: f64) {
        let (estimate, error) = (self.extrapolated[j], self.extrapolated_error[j]);
        println!(
            "exact {exact:.6e}: h {:.6e} +- {:.1e}, 2h {:.6e}, extrapolated {estimate:.6e} +- {error:.1e}, z {:.1}",
            self.fine[j],
            self.error[j],
            self.coarse[j],
            (estimate - exact) / error
        );
        assert!(error < precision * exact, "imprecise: {error} of {exact}");
        assert!((estimate - exact).abs() < 6.0 * error + bias * exact, "{estimate} +- {error}, not {exact}");
    }
}

/// Composite Simpson rule.
fn integral(f: impl Fn(f64) -> f64, a: f64, b: f64, n: usize) -> f64 {
    let h = (b - a) / n as f64;
    let weight = |k: usize| match k {
        0 => 1.0,
        k if k == n => 1.0,
        k if k % 2 == 1 => 4.0,
        _ => 2.0,
    };
    (0..=n).map(|k| weight(k) * f(a + k as f64 * h)).sum::<f64>() * h / 3.0
}

/// The probability to meet `b` before `a` from `x`: with `s' = exp(2 U/eps^2)`, `(s(x)-s(a))/(s(b)-s(a))`.
fn splitting_probability(potential: &dyn Potential, epsilon: f64, x: f64, [a, b]: [f64; 2]) -> f64 {
    let scale = |x: f64| (2.0 * potential.value(x) / (epsilon * epsilon)).exp();
    integral(scale, a, x, 20_000) / integral(scale, a, b, 20_000)
}

/// The principal eigenvalue of the generator killed outside (a, b): the chain with jumps between neighbours of
/// a grid, by inverse iteration.
fn exit_rate(potential: &dyn Potential, epsilon: f64, [a, b]: [f64; 2]) -> f64 {
    let (n, d) = (4000, 0.5 * epsilon * epsilon);
    let dx = (b - a) / (n + 1) as f64;
    let u = |k: usize| potential.value(a + k as f64 * dx);
    let rate = |from: usize, to: usize| d / (dx * dx) * (-(u(to) - u(from)) / (2.0 * d)).exp();
    let [down, up]: [Vec<f64>; 2] =
        [(1..=n).map(|k| rate(k, k - 1)).collect(), (1..=n).map(|k| rate(k, k + 1)).collect()];
    let mut v = vec![1.0; n];
    let mut kappa = 0.0;
    for _ in 0..50 {
        // Thomas: (up + down) w_k - down w_(k-1) - up w_(k+1) = v_k.
        let (mut c, mut w) = (vec![0.0; n], vec![0.0; n]);
        for k in 0..n {
            let (before, at) = if k == 0 { (0.0, 0.0) } else { (c[k - 1], w[k - 1]) };
            let pivot = up[k] + down[k] - down[k] * before;
            c[k] = up[k] / pivot;
            w[k] = (v[k] + down[k] * at) / pivot;
        }
        for k in (0..n - 1).rev() {
            w[k] += c[k] * w[k + 1];
        }
        let largest = w.iter().copied().fold(0.0, f64::max);
        kappa = 1.0 / largest;
        v = w.into_iter().map(|w| w / largest).collect();
    }
    kappa
}

struct Problem<'a> {
    potential: &'a dyn Potential,
    epsilon: f64,
    start: f64,
    region: [f64; 2],
    outputs: &'a [Output],
}

fn run(problem: &Problem<'_>, levels: &Levels, groups: u64) -> Estimates {
    let Problem { potential, epsilon, start, region: [lower, upper], outputs } = *problem;
    let sde = sde(potential, &NoiseLaw::Brownian, epsilon);
    let region = StopRegion::interval(lower, upper);
    // Other random numbers for every problem.
    let key = StreamKey { point: epsilon.to_bits() ^ start.to_bits().rotate_left(32), ..KEY };
    let splitting = LevelSplitting::new(&sde, start, &region, levels, outputs.to_vec(), key);
    estimate(&splitting.expect("a possible problem"), groups)
}

/// Theory.md, section 3: from one well to the other at D = 0.02, 1.23214e6 units of time.
fn double_well_at_low_temperature(particles: usize, groups: u64, precision: f64) {
    let potential = tilted(0.0);
    let region = [f64::NEG_INFINITY, 1.0];
    let outputs = [Output::MeanTime];
    let problem = Problem { potential: &potential, epsilon: 0.2, start: -1.0, region, outputs: &outputs };
    run(&problem, &levels(-1.0, particles, 0.05), groups).check(0, 1.232_14e6, precision, 0.003);
}

#[test]
fn a_million_units_of_time() {
    double_well_at_low_temperature(64, 4, 0.06);
}

/// 1.2271e6 +- 0.0087e6 at step 0.05, 1.2305e6 +- 0.012e6 extrapolated; 2.3e8 steps, 9 s of one (shared) core.
#[test]
#[ignore = "long"]
fn a_million_units_of_time_to_one_percent() {
    double_well_at_low_temperature(256, 16, 0.01);
}

/// Less than one path in 10^11 leaves by the far end.
#[test]
fn a_rare_side() {
    let potential = tilted(0.0);
    let (epsilon, region) = (0.016_f64.sqrt(), [-1.2, 0.3]);
    for start in [-1.0, -0.9] {
        let exact = splitting_probability(&potential, epsilon, start, region);
        assert!(exact < 1e-10);
        let outputs = [
            Output::StopProbability(Stop::Upper),
            Output::StopProbability(Stop::Lower),
            Output::Landing([0.0, 1.0]),
        ];
        let problem = Problem { potential: &potential, epsilon, start, region, outputs: &outputs };
        let estimates = run(&problem, &levels(-1.0, 64, 0.05), 4);
        estimates.check(0, exact, 0.12, 0.01);
        assert!((estimates.fine[0] + estimates.fine[1] - 1.0).abs() < 1e-14);
        assert_eq!(estimates.fine[0], estimates.fine[2]);
    }
}

/// S05, S06 and S09 of the reference values.
#[test]
fn passages_of_the_reference_table() {
    for (slope, epsilon, start, upper, mean, second) in [
        (0.0, 0.6, -1.0, 1.0, 22.191_907_68, None),
        (0.0, 0.5, -1.0, 0.9, 40.138_772_27, Some(3_029.049_841)),
        (0.1, 0.6, -1.046_681, 0.845_65, 35.263_756_24, None),
    ] {
        let potential = tilted(slope);
        let region = [f64::NEG_INFINITY, upper];
        let outputs = [Output::MeanTime, Output::SecondMoment];
        let problem = Problem { potential: &potential, epsilon, start, region, outputs: &outputs };
        let estimates = run(&problem, &levels(start, 64, 0.05), 12);
        estimates.check(0, mean, 0.02, 0.003);
        if let Some(second) = second {
            estimates.check(1, second, 0.04, 0.005);
        }
    }
}

/// Starts away from the anchor: theory.md section 3, the side from a start between two wells; and the mean
/// first passage by quadrature.
#[test]
fn starts_away_from_the_anchor() {
    let potential = tilted(0.0);
    for (d, exact) in [(0.125_f64, 0.243_382), (0.25, 0.309_488)] {
        let epsilon = (2.0 * d).sqrt();
        let region = [-1.2, 1.2];
        assert!((splitting_probability(&potential, epsilon, -0.3, region) - exact).abs() < 1e-6);
        let outputs = [Output::StopProbability(Stop::Upper)];
        let problem = Problem { potential: &potential, epsilon, start: -0.3, region, outputs: &outputs };
        run(&problem, &levels(-1.0, 64, 0.01), 2).check(0, exact, 0.03, 0.005);
    }
    let (epsilon, upper) = (0.5_f64, 0.9);
    let d = 0.5 * epsilon * epsilon;
    let weight = |x: f64| (-potential.value(x) / d).exp();
    for start in [-1.4, -0.4] {
        let inner = |y: f64| integral(weight, -3.0, y, 2000);
        let exact = integral(|y| inner(y) / weight(y), start, upper, 400) / d;
        let outputs = [Output::MeanTime];
        let region = [f64::NEG_INFINITY, upper];
        let problem = Problem { potential: &potential, epsilon, start, region, outputs: &outputs };
        run(&problem, &levels(-1.0, 64, 0.05), 2).check(0, exact, 0.04, 0.005);
    }
}

/// S07 of the reference values and the principal eigenvalue; Brownian motion without drift, where the mean is
/// `(b - x)(x - a)`.
#[test]
fn two_sided_exits() {
    let potential = tilted(0.0);
    let region = [-1.8, 0.0];
    let outputs = [Output::MeanTime, Output::ExitRate(0)];
    let problem = Problem { potential: &potential, epsilon: 0.5, start: -1.0, region, outputs: &outputs };
    let estimates = run(&problem, &levels(-1.0, 64, 0.02), 4);
    estimates.check(0, 18.336_202_78, 0.03, 0.003);
    let rate = exit_rate(&potential, 0.5, region);
    assert!((1.0 / 18.336_202_78 / rate - 1.0).abs() > 0.01, "no difference to see");
    estimates.check(1, rate, 0.03, 0.003);
    let flat = ClosurePotential::new(|_| 0.0, |_| 0.0);
    let outputs = [Output::MeanTime, Output::StopProbability(Stop::Upper)];
    let problem =
        Problem { potential: &flat, epsilon: 1.0, start: 0.5, region: [-1.0, 2.0], outputs: &outputs };
    let estimates = run(&problem, &levels(0.0, 64, 0.01), 2);
    estimates.check(0, 2.25, 0.02, 0.002);
    estimates.check(1, 0.5, 0.02, 0.002);
}

#[test]
fn a_replica_depends_on_its_number_alone() {
    let potential = tilted(0.0);
    let sde = sde(&potential, &NoiseLaw::Brownian, 0.5);
    let region = StopRegion { lower: -1.8, upper: f64::INFINITY, targets: vec![[0.9, 1.1]] };
    let outputs = vec![Output::MeanTime, Output::StopProbability(Stop::Target(0)), Output::Survival(1.0)];
    let splitting =
        LevelSplitting::new(&sde, -0.8, &region, &levels(-1.0, 8, 0.05), outputs, KEY).expect("possible");
    let rows = |threads: usize, groups: core::ops::Range<u64>| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let mut all = Vec::new();
        pool.install(|| {
            replicate(&splitting, groups, &Control::default(), |_, rows, _| {
                all.extend(rows);
                ControlFlow::Continue(())
            })
        })
        .expect("a possible problem");
        all
    };
    let reference = rows(1, 0..3);
    assert_eq!(reference.len(), 3 * 64 * splitting.width());
    assert_eq!(reference, rows(3, 0..3));
    assert_eq!(reference[2 * 64 * splitting.width()..], rows(1, 2..3));
    for level in levyscape_integrator::simd::supported() {
        levyscape_integrator::simd::force(level);
        assert_eq!(reference[..64 * splitting.width()], rows(1, 0..1), "{level:?}");
    }
    let estimates = splitting.evaluate(&reference[..splitting.width()]);
    assert!(estimates[0] > 0.0 && estimates[1] > 0.0 && estimates[1] < 1.0 && estimates[2].is_nan());
}

#[test]
fn what_is_refused() {
    let potential = tilted(0.0);
    let brownian = sde(&potential, &NoiseLaw::Brownian, 0.5);
    let stable = sde(&potential, &NoiseLaw::stable(1.5), 0.5);
    let target = StopRegion { lower: -2.0, upper: f64::INFINITY, targets: vec![[-0.1, 0.1]] };
    let build = |sde, start, region: &StopRegion, levels: &Levels| {
        LevelSplitting::new(sde, start, region, levels, vec![Output::MeanTime], KEY).err()
    };
    let good = levels(-1.0, 16, 0.05);
    assert!(build(&brownian, -0.5, &target, &good).is_none());
    assert!(matches!(build(&stable, -0.5, &target, &good), Some(EngineError::Continuous)));
    for start in [-3.0, 0.0, 0.5] {
        assert!(matches!(build(&brownian, start, &target, &good), Some(EngineError::StartStopped(_))));
    }
    let endless = StopRegion::interval(f64::NEG_INFINITY, f64::INFINITY);
    assert!(matches!(build(&brownian, -0.5, &endless, &good), Some(EngineError::Endless)));
    for bad in [
        Levels { step: 0.0, ..good.clone() },
        Levels { particles: 1, ..good.clone() },
        Levels { around: Some([-0.9, -0.5]), ..good.clone() },
        Levels { around: Some([-1.1, 0.0]), ..good.clone() },
    ] {
        assert!(matches!(build(&brownian, -0.5, &target, &bad), Some(EngineError::Integrator(_))));
    }
    let control = Control::default();
    control.cancel.store(true, std::sync::atomic::Ordering::Relaxed);
    let outputs = vec![Output::MeanTime];
    let cancelled = LevelSplitting::new(&brownian, -1.0, &target, &good, outputs, KEY)
        .and_then(|splitting| splitting.simulate(0, &mut Vec::new(), &control));
    assert!(matches!(cancelled, Err(EngineError::Interrupted)));
}

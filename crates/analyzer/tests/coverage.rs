//! Whether the intervals that are printed hold the exact values as often as they say.

use std::ops::ControlFlow;

use levyscape_analyzer::estimate::{
    Decision, Estimate, Look, PathStatistics, Questions, StepSearch, StoppingRule, weak_order,
};
use levyscape_engine::{Control, Ensemble, Stepping, StopRegion};
use levyscape_integrator::scheme::{Geometry, choose};
use levyscape_integrator::{ClosurePotential, NoiseLaw, Potential, Sde, StreamKey};

/// A first-passage problem of the reference table.
struct Case {
    name: &'static str,
    double_well: bool,
    /// Tail index; 2 is Brownian motion.
    alpha: f64,
    epsilon: f64,
    start: f64,
    domain: [f64; 2],
    target: Option<[f64; 2]>,
    /// The distance that the step must resolve, as the program finds it: see `Geometry::length`.
    length: f64,
    /// Where the paths spend their time.
    window: [f64; 2],
    exact: f64,
}

const WHOLE: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

const CASES: [Case; 6] = [
    Case {
        name: "S01 free, alpha 0.5",
        double_well: false,
        alpha: 0.5,
        epsilon: 1.0,
        start: 0.0,
        domain: [-1.0, 1.0],
        target: None,
        length: 1.0,
        window: [-1.0, 1.0],
        exact: core::f64::consts::FRAC_2_SQRT_PI,
    },
    Case {
        name: "S03a free, alpha 1.5",
        double_well: false,
        alpha: 1.5,
        epsilon: 0.8,
        start: -0.4,
        domain: [-1.0, 1.0],
        target: None,
        length: 0.6,
        window: [-1.0, 1.0],
        exact: 0.922_440_333_9,
    },
    Case {
        name: "S11a well, alpha 1.5",
        double_well: true,
        alpha: 1.5,
        epsilon: 0.3,
        start: -1.0,
        domain: [-2.0, 0.0],
        target: None,
        length: 1.0,
        window: [-2.0, 0.0],
        exact: 10.239_330_96,
    },
    Case {
        name: "S13 transition, alpha 1.5",
        double_well: true,
        alpha: 1.5,
        epsilon: 0.3,
        start: -1.0,
        domain: WHOLE,
        target: Some([0.9, 1.1]),
        length: 0.5,
        window: [-7.15, 7.25],
        exact: 23.706_530_67,
    },
    Case {
        name: "S05 Brownian, one edge",
        double_well: true,
        alpha: 2.0,
        epsilon: 0.6,
        start: -1.0,
        domain: [f64::NEG_INFINITY, 1.0],
        target: None,
        length: 1.0,
        window: [-8.5, 1.0],
        exact: 22.191_907_68,
    },
    Case {
        name: "S07a Brownian, two edges",
        double_well: true,
        alpha: 2.0,
        epsilon: 0.5,
        start: -1.0,
        domain: [-1.8, 0.0],
        target: None,
        length: 0.8,
        window: [-1.8, 0.0],
        exact: 18.336_202_78,
    },
];

impl Case {
    fn potential(&self) -> Box<dyn Potential> {
        if self.double_well {
            Box::new(ClosurePotential::new(|x| x * x * (0.25 * x * x - 0.5), |x| x * (x * x - 1.0)))
        } else {
            Box::new(ClosurePotential::new(|_| 0.0, |_| 0.0))
        }
    }

    fn order(&self) -> f64 {
        weak_order(self.alpha, self.alpha == 2.0)
    }

    /// Hands the case's stepping (at the step that the program starts from) and its equation to `then`.
    fn with<T>(&self, then: impl FnOnce(&Sde<'_>, Stepping) -> T) -> T {
        let law = if self.alpha == 2.0 { NoiseLaw::Brownian } else { NoiseLaw::stable(self.alpha) };
        let potential = self.potential();
        let Ok(noise) = law.build() else { panic!("a valid noise") };
        let geometry = Geometry {
            centre: self.start,
            stiffness: if self.double_well { 2.0 } else { 0.0 },
            length: self.length,
            lower: self.domain[0],
            upper: self.domain[1],
        };
        let choice = choose(potential.as_ref(), noise.as_ref(), self.epsilon, &geometry, None, None);
        let stepping = Stepping {
            scheme: choice.kind,
            clocked: None,
            step: choice.step,
            max_time: 100.0 * self.exact,
            pair: true,
            window: vec![self.window],
        };
        let builder = Sde::builder().potential(potential.as_ref()).noise(&law).epsilon(self.epsilon);
        let Ok(sde) = builder.build() else { panic!("a valid equation") };
        then(&sde, stepping)
    }

    /// Simulates at most `paths` paths until the consumer breaks off.
    fn simulate(
        &self,
        (sde, stepping): (&Sde<'_>, &Stepping),
        key: StreamKey,
        paths: u64,
        mut consumer: impl FnMut(&PathStatistics) -> ControlFlow<()> + Send,
    ) -> PathStatistics {
        let [lower, upper] = self.domain;
        let region = StopRegion { lower, upper, targets: self.target.into_iter().collect() };
        let Ok(ensemble) = Ensemble::new(sde, &[self.start], region, stepping, key) else {
            panic!("a valid problem")
        };
        let mut statistics = PathStatistics::new(Questions::default(), self.order());
        let ended = ensemble.stream(0..paths, &Control::default(), |_, pair| {
            statistics.push(&pair);
            consumer(&statistics)
        });
        assert!(ended.is_ok(), "{ended:?}");
        statistics
    }

    /// A run as the program makes it where only a relative error is asked for.
    fn run(&self, relative_error: f64, seed: u64) -> Run {
        self.with(|sde, mut stepping| {
            let mut search = StepSearch::new(stepping.step, relative_error, self.order());
            let (mut decision, mut pilots, mut pilot_steps) = (search.first(), 0, 0);
            while let Decision::Pilot { step, paths } = decision {
                pilots += 1;
                stepping.step = step;
                let key = StreamKey { seed, point: 0, task: pilots };
                let pilot = self.simulate((sde, &stepping), key, paths, |_| ControlFlow::Continue(()));
                pilot_steps += pilot.counts()[3];
                decision = search.next(&pilot);
            }
            if let Decision::Take { step } = decision {
                stepping.step = step;
            }
            let rule = StoppingRule { relative_error };
            let mut next = StoppingRule::FIRST_LOOK;
            let key = StreamKey { seed, point: 0, task: 0 };
            let run = self.simulate((sde, &stepping), key, 10_000_000, |statistics| {
                if statistics.counts()[0] < next {
                    return ControlFlow::Continue(());
                }
                match rule.look(statistics) {
                    Look::GoOn { paths } => next = paths,
                    Look::Reached | Look::Hopeless => return ControlFlow::Break(()),
                }
                ControlFlow::Continue(())
            });
            let Some(mean) = run.mean_time() else { panic!("exits") };
            let [paths, _, _, steps] = run.counts();
            Run { mean, step: stepping.step, pilots, pilot_steps, paths, steps }
        })
    }
}

struct Run {
    mean: Estimate,
    step: f64,
    pilots: u64,
    pilot_steps: u64,
    paths: u64,
    steps: u64,
}

/// What the correction leaves, for the constants of the search: many paths at several steps.
///
/// Measured: from step to a quarter of it the step error falls by 2.4 to 2.6 for S03a (order 2/3: 2.5) and by
/// 4.0 for S07a (order 1: 4); the pairs' differences have deviations of 0.02 to 0.3 of the mean.
#[test]
#[ignore = "a measurement"]
fn what_the_correction_leaves() {
    for case in &CASES {
        for shift in [0, 2, 4] {
            case.with(|sde, mut stepping| {
                stepping.step *= 0.5_f64.powi(shift);
                let key = StreamKey { seed: 9, point: 0, task: 0 };
                let n = if case.double_well { 20_000 } else { 80_000 };
                let run = case.simulate((sde, &stepping), key, n, |_| ControlFlow::Continue(()));
                let Some(Estimate { value, std_error, bias: Some(bias), .. }) = run.mean_time() else {
                    panic!("exits")
                };
                println!(
                    "{:<26} {:?} h {:.5}: fine {:+.3} %, bias seen {:+.3} % (+- {:.3}), left {:+.3} % (+- {:.3}) = {:+.2} of it; pair sd {:.2}, {:.1e} steps",
                    case.name,
                    stepping.scheme,
                    stepping.step,
                    100.0 * (bias.fine / case.exact - 1.0),
                    100.0 * bias.estimate / case.exact,
                    100.0 * bias.std_error / case.exact,
                    100.0 * (value / case.exact - 1.0),
                    100.0 * std_error / case.exact,
                    (value - case.exact) / bias.estimate,
                    bias.std_error / case.exact * (n as f64).sqrt(),
                    run.counts()[3] as f64,
                );
            });
        }
    }
}

/// How many of `runs` intervals hold the exact value, and a line of the table.
fn coverage(case: &Case, relative_error: f64, runs: u64) -> (f64, f64, String) {
    let (mut covered, mut half, mut squares, mut sums) = (0.0, 0.0, 0.0, [0.0; 6]);
    for seed in 0..runs {
        let run = case.run(relative_error, seed);
        let [low, high] = run.mean.ci95;
        covered += f64::from(u8::from(low <= case.exact && case.exact <= high));
        half += (high - low) / 2.0 / case.exact;
        let off = run.mean.value / case.exact - 1.0;
        squares += (off / run.mean.relative_error()).powi(2);
        let bias = run.mean.bias.as_ref().map_or(0.0, |bias| bias.estimate / case.exact);
        let pilot_cost = run.pilot_steps as f64 / run.steps as f64;
        let numbers = [off, bias, run.step, run.pilots as f64, run.paths as f64, pilot_cost];
        sums.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += number);
    }
    let n = runs as f64;
    let [off, bias, step, pilots, paths, pilot_cost] = sums.map(|sum| sum / n);
    let line = format!(
        "{:<26} covered {:5.1} %, half-width {:.2} %, off {:+.2} % (+- {:.2}), step error {:+.2} %, step {step:.5}, {pilots:.1} pilots ({:.0} % of the steps), {paths:.0} paths",
        case.name,
        100.0 * covered / n,
        100.0 * half / n,
        100.0 * off,
        100.0 * half / n / 1.96 / n.sqrt(),
        100.0 * bias,
        100.0 * pilot_cost,
    );
    println!("{line}");
    (covered, squares / n, line)
}

/// 200 runs of each case with `relative_error = 0.02`.
///
/// Measured (mean estimate minus the exact value to +- 0.14 %): together 94.75 % of 1200.
///
/// | case | covered | half-width | off | step error | step | paths |
/// |---|---|---|---|---|---|---|
/// | S01 | 94.5 % | 3.82 % | -0.18 % | +0.12 % | 0.0100 | 2390 |
/// | S03a | 93.5 % | 3.84 % | +0.12 % | +1.14 % | 0.00116 | 2474 |
/// | S11a | 95.0 % | 3.83 % | +0.25 % | +0.93 % | 0.0111 | 2859 |
/// | S13 | 95.0 % | 3.82 % | -0.03 % | +0.27 % | 0.0059 | 2362 |
/// | S05 | 95.0 % | 3.82 % | -0.01 % | +0.07 % | 0.0127 | 2217 |
/// | S07a | 95.5 % | 3.84 % | +0.20 % | -0.64 % | 0.0109 | 2494 |
///
/// A pilot or two take 14 to 24 % of the steps of the run.
#[test]
#[ignore = "minutes"]
fn coverage_of_printed_intervals() {
    let runs = 200;
    let table: Vec<_> = CASES.iter().map(|case| coverage(case, 0.02, runs)).collect();
    let share = table.iter().map(|row| row.0).sum::<f64>() / (runs as f64 * CASES.len() as f64);
    println!("together {:.2} %", 100.0 * share);
    for (covered, _, line) in &table {
        assert!(*covered >= 0.9 * runs as f64, "{line}");
    }
    assert!((0.93..=0.97).contains(&share), "{share}");
}

/// The same where the search has to make the step smaller.
///
/// Measured: S03a 94 % (step 0.00056, 9851 paths), S11a 95 % (0.0045, 10 770), S07a 93 % (0.0080, 9955); the
/// pilots take 3 to 10 % of the steps.
#[test]
#[ignore = "minutes"]
fn coverage_at_a_smaller_error() {
    let runs = 100;
    let cases = [&CASES[1], &CASES[2], &CASES[5]];
    let covered: f64 = cases.into_iter().map(|case| coverage(case, 0.01, runs).0).sum();
    // Six standard deviations of 300 trials with p = 0.95 are 7.5 %; all of them hold in 2e-7.
    let share = covered / (3.0 * runs as f64);
    assert!((0.875..1.0).contains(&share), "{share}");
}

/// The cheapest case, 400 runs: six standard deviations of the binomial count with p = 0.95 are 26, all hold
/// with probability 1e-9; the mean of the squared errors in units of the printed ones is within 0.6 and
/// 1.45 but for 1e-8.
#[test]
fn printed_intervals_of_a_free_exit_cover() {
    let (covered, squares, line) = coverage(&CASES[0], 0.02, 400);
    assert!((354.0..400.0).contains(&covered), "{line}");
    assert!((0.6..1.45).contains(&squares), "{squares}: {line}");
}

//! Multilevel estimates against exact mean exit times, and what they may not depend on.
//!
//! Statistical checks fail beyond 6 standard errors: two-sided 2e-9 each, below 1e-6 for all of them.

use levyscape_engine::multilevel::{
    Level, MOST_LEVELS, Multilevel, State, Target, advance, multilevel, next,
};
use levyscape_engine::{
    Control, EngineError, Ensemble, Outcome, PathPair, PathRecord, Stepping, Stop, StopRegion,
};
use levyscape_integrator::scheme::ClockedKind;
use levyscape_integrator::{ClosurePotential, NoiseLaw, SchemeKind, Sde, StreamKey};

struct Problem {
    /// Coefficients of `x^4/4` and `x^2/2` in the potential.
    potential: [f64; 2],
    law: NoiseLaw,
    epsilon: f64,
    start: f64,
    region: StopRegion,
    max_time: f64,
    clocked: Option<ClockedKind>,
}

/// Exit of an Ornstein-Uhlenbeck process from (-1, 1).
fn linear(law: NoiseLaw) -> Problem {
    Problem {
        potential: [0.0, 1.0],
        law,
        epsilon: 0.3,
        start: 0.0,
        region: StopRegion::interval(-1.0, 1.0),
        max_time: 1e6,
        clocked: None,
    }
}

/// The ensemble of a step with companions or without.
type Ensembles<'a> = dyn Fn(f64, bool) -> Result<Ensemble<'a>, EngineError> + 'a;

impl Problem {
    fn run(&self, seed: u64, coarsest: f64, target: &Target) -> Result<Multilevel, EngineError> {
        self.with(seed, |ensembles| multilevel(ensembles, coarsest, target, &Control::default()))
    }

    fn with<T>(
        &self,
        seed: u64,
        use_them: impl FnOnce(&Ensembles<'_>) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let [quartic, quadratic] = self.potential;
        let potential = ClosurePotential::new(
            move |x| 0.25 * quartic * x * x * x * x + 0.5 * quadratic * x * x,
            move |x| quartic * x * x * x + quadratic * x,
        );
        let sde = Sde::builder().potential(&potential).noise(&self.law).epsilon(self.epsilon).build()?;
        let key = StreamKey { seed, point: 0, task: 0 };
        let ensemble = |step, pair| {
            let stepping = Stepping {
                scheme: SchemeKind::Splitting,
                clocked: self.clocked,
                step,
                max_time: self.max_time,
                pair,
                window: vec![[-3.0, 3.0]],
            };
            Ensemble::new(&sde, &[self.start], self.region.clone(), &stepping, key)
        };
        use_them(&ensemble)
    }
}

fn print(name: &str, result: &Multilevel) {
    println!("{name}: {:?}, good {}", result.time, result.is_good);
    let mut steps = 0.0;
    for level in &result.levels {
        let Level { step, paths, mean, variance, fine_mean, cost, .. } = level;
        steps += *paths as f64 * cost;
        println!(
            "  h {step:.6} N {paths:>8} m {mean:>10.5} V {variance:>10.5} C {cost:>9.1} fine {fine_mean:.4}"
        );
    }
    println!("  {steps:.3e} steps");
}

fn assert_exact(name: &str, result: &Multilevel, exact: f64) {
    let Some(time) = result.time else { panic!("{name}: no estimate") };
    assert!(result.is_good, "{name}");
    let error = (time.std_error * time.std_error + time.bias_std_error * time.bias_std_error).sqrt();
    assert!((time.estimate - exact).abs() < 6.0 * error + time.bias.abs(), "{name}: {time:?}, exact {exact}");
}

fn stable_exit(seed: u64, relative_error: f64) {
    // 11.205: table 2.5(a) of the theory sheet, by discretising the generator, right to 5 digits.
    let result = linear(NoiseLaw::stable(1.5)).run(seed, 0.1, &Target::new(relative_error, 2.0 / 3.0));
    let Ok(result) = result else { panic!("{result:?}") };
    print("stable", &result);
    assert_exact("stable", &result, 11.205);
    // The problem is symmetric.
    assert_eq!(result.stops.len(), 2);
    for (stop, share) in &result.stops {
        assert!((share.estimate - 0.5).abs() < 6.0 * share.std_error, "{stop:?}: {share:?}");
        assert!(share.std_error < relative_error, "{stop:?}: {share:?}");
    }
    let sum: f64 = result.stops.iter().map(|(_, share)| share.estimate).sum();
    assert!((sum - 1.0).abs() < 1e-12);
    // The coarse grid of a level is the fine grid of the one before: the sum telescopes.
    for pair in result.levels.windows(2) {
        let [before, level] = [&pair[0], &pair[1]];
        let [coarse, fine] = [level.fine_mean - level.mean, before.fine_mean];
        // Exit times are about exponential.
        let error = fine * (1.0 / level.paths as f64 + 1.0 / before.paths as f64).sqrt();
        assert!((coarse - fine).abs() < 6.0 * error, "{level:?} after {before:?}");
    }
}

#[test]
fn a_stable_exit_time() {
    stable_exit(1, 0.02);
}

#[test]
#[ignore = "half a minute: 11.222, standard error 0.020, bias -0.019 by the last difference"]
fn a_stable_exit_time_at_length() {
    stable_exit(2, 0.003);
}

fn brownian() -> Problem {
    Problem {
        potential: [1.0, -1.0],
        law: NoiseLaw::Brownian,
        epsilon: 0.5,
        start: -1.0,
        region: StopRegion { lower: f64::NEG_INFINITY, upper: 0.9, targets: vec![] },
        max_time: 1e7,
        clocked: None,
    }
}

#[test]
fn a_brownian_transition_time() {
    // Quadrature of the exact formula.
    let result = brownian().run(3, 0.1, &Target::new(0.02, 1.0));
    let Ok(result) = result else { panic!("{result:?}") };
    print("Brownian", &result);
    assert_exact("Brownian", &result, 40.138_772_27);
    let [(Stop::Upper, share)] = &result.stops[..] else { panic!("{:?}", result.stops) };
    assert_eq!((share.estimate, share.std_error, share.bias), (1.0, 0.0, 0.0));
}

#[test]
#[ignore = "for reading: costs to one per cent"]
fn costs_to_one_per_cent() {
    for (name, problem, order) in [
        ("stable 1.5", linear(NoiseLaw::stable(1.5)), 2.0 / 3.0),
        ("stable 1.0", linear(NoiseLaw::stable(1.0)), 1.0),
        ("stable 1.8", linear(NoiseLaw::stable(1.8)), 1.0 / 1.8),
        ("Brownian", brownian(), 1.0),
    ] {
        for (coarsest, extrapolate) in [(0.4, true), (0.2, true), (0.1, true), (0.2, false)] {
            match problem.run(5, coarsest, &Target { extrapolate, ..Target::new(0.01, order) }) {
                Ok(result) => print(&format!("{name} from {coarsest}, extrapolated {extrapolate}"), &result),
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn threads_do_not_matter() {
    let run = |threads| {
        let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(threads).build() else { panic!() };
        pool.install(|| {
            linear(NoiseLaw::stable(1.2))
                .run(4, 0.2, &Target::new(0.05, 1.0 / 1.2))
                .map_err(|e| e.to_string())
        })
    };
    let (one, two) = (run(1), run(2));
    assert!(one.is_ok());
    assert_eq!(format!("{one:?}"), format!("{two:?}"));
}

#[test]
fn rounds_do_not_matter() {
    // All paths of a level at once, with the numbers that they have within the task.
    let (problem, target) = (linear(NoiseLaw::stable(1.2)), Target::new(0.05, 1.0 / 1.2));
    let Ok(result) = problem.run(4, 0.2, &target) else { panic!() };
    let again = problem.with(4, |ensembles| {
        let mut state = State::default();
        for (index, level) in result.levels.iter().enumerate() {
            let ensemble = ensembles(level.step, index > 0)?.with_numbers(index as u64, MOST_LEVELS as u64);
            for pair in ensemble.run(0..level.paths, &Control::default())? {
                state.push(index, &pair)?;
            }
        }
        Ok(Multilevel::new(&state, 0.2, &target))
    });
    assert!(result.levels[0].paths > 800, "some rounds: {result:?}");
    let Ok(again) = again else { panic!() };
    assert_eq!(result, again);
}

#[test]
fn an_interruption_does_not_matter() {
    let (problem, target) = (linear(NoiseLaw::stable(1.2)), Target::new(0.05, 1.0 / 1.2));
    let Ok(result) = problem.run(4, 0.2, &target) else { panic!() };
    let again = problem.with(4, |ensembles| {
        // Every round is broken off with half of its paths missing; after nine the levels have begun.
        let mut state = State::default();
        for _ in 0..12 {
            let Some(round) = next(&state, &target) else { break };
            state.plan(&round);
            for (level, missing) in round {
                let step = libm::ldexp(0.2, -(level as i32));
                let ensemble = ensembles(step, level > 0)?.with_numbers(level as u64, MOST_LEVELS as u64);
                let first = state.levels[level].paths;
                for pair in ensemble.run(first..first + missing.div_ceil(2), &Control::default())? {
                    state.push(level, &pair)?;
                }
            }
        }
        assert!(state.levels.iter().any(|level| level.paths > 200 && level.paths < level.planned));
        let cancelled = Control::default();
        cancelled.cancel.store(true, std::sync::atomic::Ordering::Relaxed);
        let broken_off = advance(&mut state, ensembles, 0.2, &target, &cancelled);
        assert!(matches!(broken_off, Err(EngineError::Interrupted)));
        advance(&mut state, ensembles, 0.2, &target, &Control::default())?;
        Ok(Multilevel::new(&state, 0.2, &target))
    });
    let Ok(again) = again else { panic!() };
    assert_eq!(result, again);
}

#[test]
fn an_unfinished_path_leaves_no_estimate() {
    let problem = Problem { max_time: 5.0, ..linear(NoiseLaw::stable(1.5)) };
    let Ok(result) = problem.run(1, 0.1, &Target::new(0.02, 1.0)) else { panic!() };
    assert!(result.time.is_none() && result.stops.is_empty() && !result.is_good);
    assert!(
        result.levels.iter().all(|level| level.paths == 200 && level.censored > 0 && level.diverged == 0)
    );
}

#[test]
fn what_is_refused() {
    let problem = Problem { clocked: Some(ClockedKind::JumpAdapted), ..linear(NoiseLaw::stable(1.5)) };
    assert!(matches!(problem.run(1, 0.1, &Target::new(0.02, 1.0)), Err(EngineError::NoCompanion)));
    for (error, order) in [(0.0, 1.0), (f64::NAN, 1.0), (0.1, 0.0)] {
        let result = linear(NoiseLaw::Brownian).run(1, 0.1, &Target::new(error, order));
        assert!(matches!(result, Err(EngineError::Integrator(_))));
    }
}

/// A pair that stops above at these times after these numbers of steps.
fn pair(fine: (f64, u64), coarse: Option<(f64, u64)>) -> PathPair {
    let record = |(time, steps)| PathRecord {
        time,
        position: 1.0,
        previous: 0.9,
        steps,
        outcome: Outcome::Exited(Stop::Upper),
    };
    PathPair { fine: record(fine), coarse: coarse.map(record), place: Box::default() }
}

/// `n` paths of a level with mean 100, or mean difference `mean`, this standard deviation and cost.
fn fill(state: &mut State, level: usize, n: u64, mean: f64, deviation: f64, steps: u64) {
    for k in 0..n {
        let x = mean + if k % 2 == 0 { deviation } else { -deviation };
        let pair =
            if level == 0 { pair((x, steps), None) } else { pair((100.0 + x, steps), Some((100.0, 0))) };
        assert!(state.push(level, &pair).is_ok());
    }
}

#[test]
fn paths_are_allocated_as_giles_says() {
    let mut target = Target { extrapolate: false, ..Target::new(0.1, 1.0) };
    let mut state = State::default();
    let start = vec![(0, 200), (1, 200), (2, 200)];
    assert_eq!(next(&state, &target), Some(start.clone()));
    // A round that was broken off is finished first.
    state.plan(&start);
    fill(&mut state, 0, 200, 100.0, 100.0, 1);
    fill(&mut state, 1, 150, 1.0, 10.0, 100);
    assert_eq!(next(&state, &target), Some(vec![(1, 50), (2, 200)]));
    fill(&mut state, 1, 50, 1.0, 10.0, 100);
    fill(&mut state, 2, 200, 0.5, 5.0, 400);
    // V_0 = 10050 (sample variance), and 100.5 + 100.5 and 25.1 + 100.5 with the pair that parted:
    // 2/(0.1 101.5)^2 (100.2 + 141.8 + 224.2) = 9.05, N = 907, but not more than 800; 13 and 5 pairs.
    let round = next(&state, &target);
    assert_eq!(round, Some(vec![(0, 600)]));
    assert_eq!(round, next(&state.clone(), &target), "a function of the state");
    fill(&mut state, 0, 600, 100.0, 100.0, 1);
    // V_0 = 10012.5: N = 904.3.
    assert_eq!(next(&state, &target), Some(vec![(0, 105)]));
    fill(&mut state, 0, 105, 100.0, 100.0, 1);
    // The bias bound 0.5 is within 101.5 0.1/sqrt(2).
    assert_eq!(next(&state, &target), None);
    assert!(Multilevel::new(&state, 0.1, &target).is_good);
    // It is not within 101.5 0.005/sqrt(2): first the paths, fourfold at most, then a level.
    target.relative_error = 0.005;
    assert!(next(&state, &target).is_some_and(|round| round[0] == (0, 3 * 905)));
    target.most_paths = 905;
    assert!(next(&state, &target).is_some_and(|round| round[0].0 == 1));
    target.most_paths = 200;
    assert_eq!(next(&state, &target), Some(vec![(3, 200)]));
    target.most_levels = 3;
    assert_eq!(next(&state, &target), None);
    assert!(!Multilevel::new(&state, 0.1, &target).is_good);
    target.most_levels = 1 + MOST_LEVELS;
    assert_eq!(next(&State::default(), &Target { most_levels: 1, ..target }), Some(vec![(0, 200)]));
    // A path without a companion is none of a pair.
    assert!(matches!(state.push(1, &pair((1.0, 1), None)), Err(EngineError::NoCompanion)));
}

#[test]
fn the_sums_telescope() {
    let mut state = State::default();
    let extrapolated = Target::new(0.1, 1.0);
    let target = Target { extrapolate: false, ..extrapolated };
    for (time, steps) in [(3.0, 30), (5.0, 50), (7.0, 70)] {
        assert!(state.push(0, &pair((time, steps), None)).is_ok());
    }
    let mut crossed = pair((4.0, 80), Some((3.0, 30)));
    assert!(state.push(1, &crossed).is_ok());
    crossed.fine.outcome = Outcome::Exited(Stop::Lower);
    assert!(state.push(1, &crossed).is_ok());
    assert!(state.push(1, &pair((6.0, 120), Some((5.0, 50)))).is_ok());
    assert!(state.push(1, &pair((5.0, 100), Some((6.0, 60)))).is_ok());
    let result = Multilevel::new(&state, 0.1, &target);
    let Some(time) = result.time else { panic!() };
    assert!((time.estimate - 5.5).abs() < 1e-14 && (time.bias + 0.5).abs() < 1e-14);
    // V = 4 of 3 and 1 of 4.
    assert!((time.std_error - (4.0_f64 / 3.0 + 0.25).sqrt()).abs() < 1e-14);
    assert!((time.bias_std_error - 0.5).abs() < 1e-14);
    assert_eq!([result.levels[0].step, result.levels[1].step], [0.1, 0.05]);
    assert_eq!([result.levels[0].cost, result.levels[1].cost], [50.0, 137.5]);
    let [(Stop::Upper, upper), (Stop::Lower, lower)] = &result.stops[..] else { panic!("{result:?}") };
    assert_eq!([upper.estimate, lower.estimate], [0.75, 0.25]);
    // One pair in four differs: variance 1/4 - 1/16 of 4.
    assert!((lower.std_error - (3.0_f64 / 64.0).sqrt()).abs() < 1e-14);
    // The last difference twice; two levels have one difference.
    let Some(time) = Multilevel::new(&state, 0.1, &extrapolated).time else { panic!() };
    assert!((time.estimate - 6.0).abs() < 1e-14 && (time.bias + 1.0).abs() < 1e-14);
    assert!((time.std_error - (4.0_f64 / 3.0 + 1.0).sqrt()).abs() < 1e-14);
    let mut three = state.clone();
    assert!(three.push(2, &pair((6.0, 1), Some((5.0, 1)))).is_ok());
    let Some(time) = Multilevel::new(&three, 0.1, &extrapolated).time else { panic!() };
    // 5 + 1/2 + 2, and what the third level has lowered: 6 - 7.5.
    assert!((time.estimate - 7.5).abs() < 1e-14 && (time.bias + 1.5).abs() < 1e-14);
    let mut censored = state.clone();
    crossed.fine.outcome = Outcome::Censored;
    assert!(censored.push(1, &crossed).is_ok());
    assert!(Multilevel::new(&censored, 0.1, &target).time.is_none());
    assert_eq!(censored.levels[1].censored, 1);
}

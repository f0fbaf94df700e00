//! What a path's result may and may not depend on.

use levyscape_engine::{Control, EngineError, Ensemble, Outcome, PathPair, Stepping, Stop, StopRegion};
use levyscape_integrator::scheme::ClockedKind;
use levyscape_integrator::simd::{force, supported};
use levyscape_integrator::{ClosurePotential, NoiseLaw, Potential, SchemeKind, Sde, StreamKey};

const KEY: StreamKey = StreamKey { seed: 3, point: 1, task: 2 };
const WINDOW: [[f64; 2]; 1] = [[-4.0, 4.0]];

fn region() -> StopRegion {
    StopRegion { lower: -2.5, upper: f64::INFINITY, targets: vec![[0.9, 1.1]] }
}

struct Case {
    law: NoiseLaw,
    scheme: SchemeKind,
    pair: bool,
    epsilon: f64,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (law, epsilon) in [
        (NoiseLaw::Brownian, 0.7),
        (NoiseLaw::stable(0.4), 0.3),
        (NoiseLaw::stable(1.5), 0.3),
        (NoiseLaw::stable(2.0), 0.5),
    ] {
        for scheme in SchemeKind::ALL {
            for pair in [false, true] {
                cases.push(Case { law: law.clone(), scheme, pair, epsilon });
            }
        }
    }
    cases
}

fn sde<'a>(potential: &'a dyn Potential, law: &NoiseLaw, epsilon: f64) -> Sde<'a> {
    Sde::builder().potential(potential).noise(law).epsilon(epsilon).build().expect("a valid equation")
}

fn simulate(case: &Case, paths: core::ops::Range<u64>) -> Vec<PathPair> {
    simulate_in_batches(case, paths, 64)
}

fn simulate_in_batches(case: &Case, paths: core::ops::Range<u64>, batch: usize) -> Vec<PathPair> {
    let potential = ClosurePotential::new(|x| 0.25 * x * x * x * x - 0.5 * x * x, |x| x * x * x - x);
    let stepping = Stepping {
        scheme: case.scheme,
        clocked: None,
        step: 0.01,
        max_time: 40.0,
        pair: case.pair,
        window: WINDOW.into(),
    };
    let sde = sde(&potential, &case.law, case.epsilon);
    Ensemble::new(&sde, &[-1.0], region(), &stepping, KEY)
        .and_then(|ensemble| ensemble.with_batch(batch).run(paths, &Control::default()))
        .expect("a possible problem")
}

#[test]
fn a_path_does_not_depend_on_its_company() {
    for case in cases() {
        let whole = simulate(&case, 0..150);
        let mut parts = simulate(&case, 0..1);
        parts.extend(simulate(&case, 1..70));
        parts.extend(simulate(&case, 70..150));
        assert!(same(&whole, &parts), "{:?} {:?}", case.law, case.scheme);
        assert!(whole.iter().any(|pair| matches!(pair.fine.outcome, Outcome::Exited(_))));
        let alone = simulate(&Case { pair: false, ..case }, 0..150);
        assert!(
            whole.iter().zip(&alone).all(|(a, b)| a.fine.time == b.fine.time),
            "companions change nothing"
        );
    }
}

#[test]
fn a_path_does_not_depend_on_threads_batches_or_instruction_sets() {
    for case in cases() {
        let reference = simulate(&case, 0..150);
        for batch in [8, 17, 64, 100, 512] {
            assert!(same(&reference, &simulate_in_batches(&case, 0..150, batch)), "batches of {batch}");
        }
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            assert!(same(&reference, &pool.install(|| simulate(&case, 0..150))), "{threads} threads");
        }
        for level in supported() {
            force(level);
            assert!(same(&reference, &simulate(&case, 0..150)), "{level:?}");
        }
    }
}

/// Equal to the bit; a NaN equals itself.
fn same(a: &[PathPair], b: &[PathPair]) -> bool {
    format!("{a:?}") == format!("{b:?}")
}

#[test]
fn single_paths_are_the_batch_paths() {
    let potential = ClosurePotential::new(|x| 0.25 * x * x * x * x - 0.5 * x * x, |x| x * x * x - x);
    // Schemes with a map after the noise look for exits before it, where a path does not show itself.
    let shown = |scheme: &SchemeKind| !matches!(scheme, SchemeKind::ImplicitEuler | SchemeKind::Strang);
    for scheme in SchemeKind::ALL.into_iter().filter(shown) {
        let case = Case { law: NoiseLaw::stable(1.5), scheme, pair: true, epsilon: 0.3 };
        let batch = simulate(&case, 0..20);
        let sde = sde(&potential, &case.law, case.epsilon);
        for (number, pair) in batch.iter().enumerate() {
            let walk = sde.walk(-1.0).step(0.01).scheme(scheme).window(&WINDOW).stream(KEY, number as u64);
            let mut path = walk.start().expect("a valid start");
            let Outcome::Exited(stop) = pair.fine.outcome else { continue };
            let (time, place) = path.find(|&(_, x)| region().stop_at(x).is_some()).expect("an endless path");
            // The batch reports the middle of the step.
            assert!((time - 0.005 - pair.fine.time).abs() < 1e-9);
            assert_eq!(place, pair.fine.position);
            assert_eq!(Some(stop), region().stop_at(place));
        }
    }
}

#[test]
fn continuous_paths_stop_at_the_edge() {
    let case = Case { law: NoiseLaw::Brownian, scheme: SchemeKind::Euler, pair: true, epsilon: 0.7 };
    for pair in simulate(&case, 0..200) {
        match pair.fine.outcome {
            Outcome::Exited(Stop::Lower) => assert_eq!(pair.fine.position, -2.5),
            Outcome::Exited(Stop::Target(0)) => assert_eq!(pair.fine.position, 0.9),
            Outcome::Censored => assert_eq!(pair.fine.time, 40.0),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_explosion_is_no_exit() {
    let potential = ClosurePotential::new(|x| 0.25 * x * x * x * x, |x: f64| x * x * x);
    let sde = sde(&potential, &NoiseLaw::stable(1.0), 1.0);
    let region = StopRegion::interval(f64::NEG_INFINITY, f64::INFINITY);
    let run = |scheme| {
        let stepping = Stepping {
            scheme,
            clocked: None,
            step: 0.01,
            max_time: 10.0,
            pair: false,
            window: WINDOW.into(),
        };
        Ensemble::new(&sde, &[0.0], region.clone(), &stepping, KEY)
            .and_then(|ensemble| ensemble.run(0..4000, &Control::default()))
            .expect("a possible problem")
    };
    // 1 - exp(-T (2 c/alpha) (h/2)^(alpha/2)) = 0.3625; the standard deviation is 0.0076, the limit six of them.
    let diverged =
        run(SchemeKind::Euler).iter().filter(|pair| pair.fine.outcome == Outcome::Diverged).count();
    let share = diverged as f64 / 4000.0;
    assert!((share - 0.3625).abs() < 0.046, "{share}");
    assert!(run(SchemeKind::Splitting).iter().all(|pair| pair.fine.outcome == Outcome::Censored));
}

#[test]
fn a_start_outside_is_refused_and_a_cancelled_run_ends() {
    let potential = ClosurePotential::new(|_| 0.0, |_| 0.0);
    let sde = sde(&potential, &NoiseLaw::Brownian, 1.0);
    let window = vec![[-1.0, 1.0]];
    let stepping =
        Stepping { scheme: SchemeKind::Euler, clocked: None, step: 0.01, max_time: 1e9, pair: false, window };
    let build = |start| Ensemble::new(&sde, &[start], StopRegion::interval(-1.0, 1.0), &stepping, KEY);
    assert!(matches!(build(1.0).err(), Some(EngineError::StartStopped(_))));
    let control = Control::default();
    control.cancel.store(true, std::sync::atomic::Ordering::Relaxed);
    let cancelled = build(0.0).and_then(|ensemble| ensemble.run(0..10, &control));
    assert!(matches!(cancelled, Err(EngineError::Interrupted)));
}

#[test]
fn paths_with_clocks_of_their_own_depend_on_nothing_else() {
    let potential = ClosurePotential::new(|x| 0.25 * x * x * x * x - 0.5 * x * x, |x| x * x * x - x);
    for (law, epsilon) in [(NoiseLaw::Brownian, 0.7), (NoiseLaw::stable(1.5), 0.3)] {
        let sde = sde(&potential, &law, epsilon);
        for clocked in ClockedKind::ALL {
            let scheme = SchemeKind::Splitting;
            let window = WINDOW.to_vec();
            let stepping =
                Stepping { scheme, clocked: Some(clocked), step: 0.05, max_time: 40.0, pair: true, window };
            let ensemble = |batch| {
                Ensemble::new(&sde, &[-1.0], region(), &stepping, KEY)
                    .and_then(|ensemble| ensemble.with_batch(batch).run(0..150, &Control::default()))
                    .expect("a possible problem")
            };
            let reference = ensemble(64);
            for batch in [8, 100, 512] {
                assert!(same(&reference, &ensemble(batch)), "{law:?} {clocked:?}: batches of {batch}");
            }
            let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("threads");
            assert!(same(&reference, &pool.install(|| ensemble(64))), "{law:?} {clocked:?}: threads");
            assert!(reference.iter().any(|pair| matches!(pair.fine.outcome, Outcome::Exited(_))));
            assert!(reference.iter().all(|pair| pair.coarse.is_none() && pair.fine.time <= 40.0));
        }
    }
}

#[test]
fn jumps_at_their_times_leave_an_interval_on_time() {
    // Free exit of (-1, 1): Getoor's mean 0.752252778 at alpha 1.5. The standard error is 0.5 %, the bias of
    // the coarse step about 1 %, of the grid at this step 15 %.
    let potential = ClosurePotential::new(|_| 0.0, |_| 0.0);
    let sde = sde(&potential, &NoiseLaw::stable(1.5), 1.0);
    for clocked in ClockedKind::ALL {
        let stepping = Stepping {
            scheme: SchemeKind::Splitting,
            clocked: Some(clocked),
            step: 0.04,
            max_time: 1e6,
            pair: false,
            window: vec![[-1.0, 1.0]],
        };
        let region = StopRegion::interval(-1.0, 1.0);
        let pairs = Ensemble::new(&sde, &[0.0], region, &stepping, KEY)
            .and_then(|ensemble| ensemble.run(0..40_000, &Control::default()))
            .expect("a possible problem");
        let mean = pairs.iter().map(|pair| pair.fine.time).sum::<f64>() / pairs.len() as f64;
        assert!((mean / 0.752_252_778 - 1.0).abs() < 0.04, "{clocked:?}: {mean}");
    }
}

#[test]
fn a_drift_that_carries_out_of_the_domain_ends_the_path() {
    // An unstable point between two edges: diffusion starts it, the drift does the rest. The mean of
    // dX = X dt + 0.1 dB from 0 out of (-1, 1) is (2/eps^2) int_0^1 e^(-y^2/eps^2) int_0^y e^(z^2/eps^2) dz dy
    // = 3.2820 (by quadrature).
    let potential = ClosurePotential::new(|x| -0.5 * x * x, |x: f64| -x);
    let sde = sde(&potential, &NoiseLaw::Brownian, 0.1);
    for scheme in SchemeKind::ALL {
        let window = vec![[-1.5, 1.5]];
        let stepping = Stepping { scheme, clocked: None, step: 0.02, max_time: 1e3, pair: true, window };
        let pairs = Ensemble::new(&sde, &[0.0], StopRegion::interval(-1.0, 1.0), &stepping, KEY)
            .and_then(|ensemble| ensemble.run(0..4000, &Control::default()))
            .expect("a possible problem");
        for time in
            [|pair: &PathPair| pair.fine.time, |pair: &PathPair| pair.coarse.map_or(f64::NAN, |c| c.time)]
        {
            let mean = pairs.iter().map(time).sum::<f64>() / 4000.0;
            // The standard error is 0.018, the bias of the coarse steps up to 0.07.
            assert!((mean - 3.2820).abs() < 0.2, "{scheme:?}: {mean}");
        }
    }
}

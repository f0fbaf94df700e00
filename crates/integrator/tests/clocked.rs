//! Schemes with a clock for every path: laws, jump times, exits, independence of lanes.
//!
//! Sampled quantities have fixed seeds and are compared within six standard deviations (2e-9 each).

use levyscape_integrator::noise::{BLOCK, Noise};
use levyscape_integrator::potential::{ClosurePotential, PotentialDrift};
use levyscape_integrator::rng::{LANES, LaneRng};
use levyscape_integrator::scheme::{Adaptive, ClockedKind, ClockedScheme, Clocks, JumpAdapted, Resolution};
use levyscape_integrator::{IntegratorError, NoiseLaw, StreamKey};

const LIMIT: f64 = 6.0;
const WINDOW: [f64; 2] = [-4.0, 4.0];

fn noise(law: &NoiseLaw) -> Box<dyn Noise> {
    let Ok(noise) = law.build() else { panic!("a valid law") };
    noise
}

fn skewed(alpha: f64, beta: f64) -> NoiseLaw {
    let NoiseLaw::Stable { alpha, sampler, .. } = NoiseLaw::stable(alpha) else { panic!("stable") };
    NoiseLaw::Stable { alpha, beta, sampler }
}

/// Runs batch after batch of paths from 0 and hands every move to `seen`, which says when a lane is done.
fn run(
    scheme: &dyn ClockedScheme,
    seed: u64,
    batches: u64,
    mut seen: impl FnMut(&Clocks, usize, u64) -> bool,
) {
    for batch in 0..batches {
        let mut rng = LaneRng::default();
        let mut clocks = Clocks::default();
        for lane in 0..LANES {
            let key = StreamKey { seed, point: 0, task: 0 };
            rng.seed_lane(lane, &key, batch * LANES as u64 + lane as u64);
            clocks.place(lane, 0.0);
        }
        let mut done = [false; LANES];
        while done.contains(&false) {
            scheme.advance(&mut rng, LANES, &mut clocks);
            for (lane, done) in done.iter_mut().enumerate() {
                *done |= seen(&clocks, lane, batch * LANES as u64 + lane as u64);
            }
        }
    }
}

/// Places of free paths at time 1.
fn ends(scheme: &dyn ClockedScheme, seed: u64, batches: u64) -> Vec<f64> {
    let mut ends = vec![f64::NAN; batches as usize * LANES];
    run(scheme, seed, batches, |clocks, lane, path| {
        if clocks.on_grid[lane] && (clocks.time[lane] - 1.0).abs() < 1e-9 {
            ends[path as usize] = clocks.x[lane];
        }
        clocks.time[lane] > 1.0 - 1e-9
    });
    ends
}

#[test]
fn free_paths_have_the_noise_law() {
    let potential = ClosurePotential::new(|_| 0.0, |_| 0.0);
    let drift = PotentialDrift(&potential);
    let laws = [
        NoiseLaw::Brownian,
        NoiseLaw::stable(1.5),
        NoiseLaw::stable(0.8),
        skewed(1.5, 0.7),
        skewed(0.7, -0.5),
        skewed(1.0, 0.6),
    ];
    for (number, law) in laws.iter().enumerate() {
        let noise = noise(law);
        let mut schemes: Vec<(&str, Box<dyn ClockedScheme>)> = Vec::new();
        let Ok(jumps) = JumpAdapted::new(&drift, noise.as_ref(), 1.0, 0.25, WINDOW) else {
            panic!("{law:?}")
        };
        schemes.push(("jump_adapted", Box::new(jumps)));
        let edges = vec![0.5, -1.0, f64::INFINITY];
        let resolution = Resolution { edges, levels: 5, ..Resolution::default() };
        match Adaptive::new(&drift, noise.as_ref(), 1.0, 0.25, WINDOW, resolution) {
            Ok(adaptive) => schemes.push(("adaptive", Box::new(adaptive))),
            Err(error) => assert!(!noise.is_self_similar(), "{error}"),
        }
        for (name, scheme) in schemes {
            let ends = ends(scheme.as_ref(), number as u64, 2000);
            let n = ends.len() as f64;
            let mut scores = Vec::new();
            for w in [0.3, 1.0, 2.0, 4.0] {
                let [log, angle] = noise.exponent(w);
                let size = libm::exp(log);
                let exact = [size * libm::cos(angle), size * libm::sin(angle)];
                let double = {
                    let [log, angle] = noise.exponent(2.0 * w);
                    libm::exp(log) * libm::cos(angle)
                };
                let spread = [0.5 * (1.0 + double), 0.5 * (1.0 - double)];
                for (k, wave) in [libm::cos, libm::sin].into_iter().enumerate() {
                    let mean = ends.iter().map(|x| wave(w * x)).sum::<f64>() / n;
                    scores.push((mean - exact[k]) / ((spread[k] - exact[k] * exact[k]) / n).sqrt());
                }
            }
            let line: Vec<String> = scores.iter().map(|z| format!("{z:6.2}")).collect();
            println!("{name:<13} {law:?} z: {}", line.join(" "));
            assert!(scores.iter().all(|z| z.abs() < LIMIT), "{name} {law:?}");
        }
    }
}

#[test]
fn large_jumps_come_at_poisson_times() {
    let potential = ClosurePotential::new(|_| 0.0, |_| 0.0);
    let drift = PotentialDrift(&potential);
    for (alpha, beta) in [(1.5, 0.0), (0.9, 0.8)] {
        let noise = noise(&skewed(alpha, beta));
        let Ok(scheme) = JumpAdapted::new(&drift, noise.as_ref(), 2.0, 0.5, WINDOW) else { panic!("stable") };
        let scheme = scheme.with_radius(0.4);
        let (mut jumps, mut right, mut large, mut phases, mut paths) = (0.0, 0.0, 0.0, 0.0, 0.0);
        run(&scheme, 5, 400, |clocks, lane, _| {
            let size = clocks.x[lane] - clocks.reached[lane];
            if clocks.time[lane] > 2.0 + 1e-9 {
                return true;
            }
            if clocks.jumped[lane] {
                assert!(size.abs() >= 0.8 * (1.0 - 1e-9) && !clocks.on_grid[lane]);
                jumps += 1.0;
                right += f64::from(u8::from(size > 0.0));
                large += f64::from(u8::from(size.abs() > 1.6));
                phases += clocks.time[lane] % 0.5 / 0.5;
            } else {
                assert_eq!(size, 0.0);
                paths += 0.25;
            }
            let shape = clocks.variance[lane] / (clocks.time[lane] - clocks.began[lane]);
            let c = 2.0 * levyscape_integrator::noise::tail_constant(alpha);
            assert!((shape / (4.0 * c / (2.0 - alpha) * libm::pow(0.4, 2.0 - alpha)) - 1.0).abs() < 1e-6);
            false
        });
        let mean = 2.0 * scheme.rate() * paths;
        let binomial = |count: f64, p: f64| (count - jumps * p) / (jumps * p * (1.0 - p)).sqrt();
        let scores = [
            (jumps - mean) / mean.sqrt(),
            binomial(right, 0.5 * (1.0 + beta)),
            binomial(large, libm::pow(2.0, -alpha)),
            (phases / jumps - 0.5) * (12.0 * jumps).sqrt(),
        ];
        println!("alpha {alpha}: {jumps} jumps, z: {scores:.2?}");
        assert!(scores.iter().all(|z| z.abs() < LIMIT), "{alpha}: {scores:?}");
    }
}

#[test]
fn every_multiple_of_the_step_is_visited() {
    let potential = ClosurePotential::new(|_| f64::NAN, |x: f64| x * x * x - x);
    let drift = PotentialDrift(&potential);
    let noise = noise(&NoiseLaw::stable(1.7));
    for kind in ClockedKind::ALL {
        let Ok(scheme) = kind.build(&drift, noise.as_ref(), 0.4, 0.1, WINDOW, &[0.3, -1.5]) else {
            panic!("stable noise")
        };
        let mut visits = [0_u64; LANES];
        let mut moves = 0;
        run(scheme.as_ref(), 1, 1, |clocks, lane, _| {
            moves += 1;
            assert!(
                clocks.time[lane] > clocks.began[lane] && clocks.time[lane] - clocks.began[lane] < 0.1 + 1e-9
            );
            let multiple = clocks.time[lane] / 0.1;
            if clocks.on_grid[lane] {
                visits[lane] += 1;
                assert!((multiple - visits[lane] as f64).abs() < 1e-9);
            } else {
                assert!(multiple > visits[lane] as f64 && multiple < visits[lane] as f64 + 1.0);
            }
            visits[lane] > 50
        });
        println!("{}: {:.1} moves a step", kind.name(), moves as f64 / visits.iter().sum::<u64>() as f64);
    }
}

#[test]
fn lanes_do_not_know_each_other() {
    let potential = ClosurePotential::new(|_| f64::NAN, |x: f64| x * x * x - x);
    let drift = PotentialDrift(&potential);
    let noise = noise(&skewed(1.4, 0.3));
    let key = StreamKey { seed: 8, point: 1, task: 2 };
    for kind in ClockedKind::ALL {
        let Ok(scheme) = kind.build(&drift, noise.as_ref(), 0.5, 0.05, WINDOW, &[0.0, -3.0]) else {
            panic!("stable noise")
        };
        let path = |lanes: usize, lane: usize| -> Vec<u64> {
            let mut rng = LaneRng::default();
            let mut clocks = Clocks::default();
            for other in 0..lanes {
                rng.seed_lane(other, &key, if other == lane { 77 } else { 1000 + other as u64 });
                clocks.place(other, if other == lane { -1.0 } else { other as f64 });
            }
            let mut bits = Vec::new();
            for _ in 0..10 * BLOCK {
                scheme.advance(&mut rng, lanes, &mut clocks);
                for row in [&clocks.x, &clocks.time, &clocks.reached, &clocks.variance] {
                    bits.push(row[lane].to_bits());
                }
                bits.push(clocks.exponential(lane).to_bits());
            }
            assert!(clocks.is_at_boundary());
            bits
        };
        let alone = path(1, 0);
        for (lanes, lane) in [(2, 1), (17, 3), (LANES, 63)] {
            assert_eq!(path(lanes, lane), alone, "{kind:?} {lanes}");
        }
    }
}

/// Mean time of exit from (-1, 1) of free stable motion, its standard error and the moves a path; with
/// the bridge where there is diffusion.
fn mean_exit(scheme: &dyn ClockedScheme, batches: u64) -> [f64; 3] {
    let paths = batches as usize * LANES;
    let mut times = vec![f64::NAN; paths];
    let mut moves = 0;
    run(scheme, 4, batches, |clocks, lane, path| {
        if !times[path as usize].is_nan() {
            return true;
        }
        moves += 1;
        let (start, reached, x) = (clocks.start[lane], clocks.reached[lane], clocks.x[lane]);
        let margin = ((1.0 - start) * (1.0 - reached)).min((1.0 + start) * (1.0 + reached));
        let crossed = reached.abs() >= 1.0
            || clocks.variance[lane] > 0.0 && margin < 0.5 * clocks.variance[lane] * clocks.exponential(lane);
        if crossed {
            times[path as usize] = 0.5 * (clocks.began[lane] + clocks.time[lane]);
        } else if x.abs() >= 1.0 {
            times[path as usize] = clocks.time[lane];
        }
        !times[path as usize].is_nan()
    });
    let n = paths as f64;
    let mean = times.iter().sum::<f64>() / n;
    let variance = times.iter().map(|time| (time - mean) * (time - mean)).sum::<f64>() / n;
    [mean, (variance / n).sqrt(), moves as f64 / n]
}

#[test]
fn exits_are_seen_where_plain_steps_miss_them() {
    let potential = ClosurePotential::new(|_| 0.0, |_| 0.0);
    let drift = PotentialDrift(&potential);
    // Getoor: E tau = 1 / Gamma(1 + alpha). A uniform grid of step 0.08 is late by 0.183 and 0.245.
    for alpha in [1.5, 1.8] {
        let exact = 1.0 / libm::tgamma(1.0 + alpha);
        let noise = noise(&NoiseLaw::stable(alpha));
        for kind in ClockedKind::ALL {
            let Ok(scheme) = kind.build(&drift, noise.as_ref(), 1.0, 0.08, WINDOW, &[-1.0, 1.0]) else {
                panic!("stable noise")
            };
            let [mean, error, moves] = mean_exit(scheme.as_ref(), 200);
            println!(
                "alpha {alpha} {}: {mean:.4} +- {error:.4}, exact {exact:.4}, {moves:.1} moves",
                kind.name()
            );
        }
    }
}

#[test]
fn no_path_leaves_the_finite_numbers() {
    let potential = ClosurePotential::new(|_| f64::NAN, |x: f64| x * x * x);
    let drift = PotentialDrift(&potential);
    for alpha in [0.6, 1.7] {
        let noise = noise(&NoiseLaw::stable(alpha));
        for kind in ClockedKind::ALL {
            let clock = std::time::Instant::now();
            let Ok(scheme) = kind.build(&drift, noise.as_ref(), 1.0, 0.05, WINDOW, &[-3.0, 3.0]) else {
                panic!("stable noise")
            };
            let mut moves = 0_u32;
            run(scheme.as_ref(), 2, 1, |clocks, lane, _| {
                moves += 1;
                assert!(clocks.x[lane].is_finite() && clocks.reached[lane].is_finite());
                moves > 1_000_000
            });
            let time = clock.elapsed().as_secs_f64() / f64::from(moves) * 1e9;
            println!("{} at alpha {alpha}: {time:.0} ns a move", kind.name());
        }
    }
}

#[test]
fn noise_that_a_scheme_does_not_know_is_refused() {
    let potential = ClosurePotential::new(|_| 0.0, |_| 0.0);
    let drift = PotentialDrift(&potential);
    for law in [
        NoiseLaw::TemperedStable { alpha: 1.5, mu: 1.0 },
        NoiseLaw::TruncatedStable { alpha: 1.5, radius: 1.0 },
    ] {
        for kind in ClockedKind::ALL {
            let built = kind.build(&drift, noise(&law).as_ref(), 1.0, 0.1, WINDOW, &[]);
            assert!(matches!(built, Err(IntegratorError::Scheme { .. })), "{kind:?} {law:?}");
        }
    }
    let stable = noise(&NoiseLaw::stable(1.5));
    let built = ClockedKind::Adaptive.build(&drift, stable.as_ref(), 1.0, f64::NAN, WINDOW, &[]);
    assert!(matches!(built, Err(IntegratorError::NotPositive { name: "step", .. })));
}

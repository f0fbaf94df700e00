//! Nanoseconds a stable variate and a time step, each beside a plain scalar loop in the same run.
//!
//! `cargo bench` prints a table. Both sides of a row are timed in turns and the fastest turn counts,
//! because other work on the machine can only slow a turn down. One thread.

use std::hint::black_box;
use std::time::Instant;

use levyscape_engine::{Control, Ensemble, SpaceDomain, SpaceRegion, Stepping, StopRegion};
use levyscape_integrator::noise::{BLOCK, JumpLaw, NoiseBlock, Sampler, SamplerKind};
use levyscape_integrator::potential::{ExpressionField, ExpressionPotential};
use levyscape_integrator::rng::{LANES, LaneRng};
use levyscape_integrator::simd::{force, supported};
use levyscape_integrator::{NoiseLaw, Potential, SchemeKind, Sde, StreamKey};
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Exp1, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

const KEY: StreamKey = StreamKey { seed: 1, point: 0, task: 0 };
const TURNS: usize = 7;
const PATHS: u64 = 400;

/// Nanoseconds an item of the fastest of several turns of each side; `run` returns the items it made.
fn pair(mut ours: impl FnMut() -> f64, mut baseline: impl FnMut() -> f64) -> [f64; 2] {
    let time = |run: &mut dyn FnMut() -> f64| {
        let start = Instant::now();
        let items = run();
        start.elapsed().as_secs_f64() * 1e9 / items
    };
    let mut best = [f64::INFINITY; 2];
    for _ in 0..TURNS {
        best[0] = best[0].min(time(&mut ours));
        best[1] = best[1].min(time(&mut baseline));
    }
    best
}

fn report(name: &str, [ours, baseline]: [f64; 2]) {
    println!("{name:<58} {ours:>8.2} {baseline:>10.2} {:>7.1}", baseline / ours);
}

/// Chambers, Mallows and Stuck with the standard library, one at a time.
fn scalar_stable(rng: &mut Xoshiro256PlusPlus, alpha: f64) -> f64 {
    let v = std::f64::consts::PI * (rng.random::<f64>() - 0.5);
    let w: f64 = Exp1.sample(rng);
    (alpha * v).sin() / v.cos().powf(1.0 / alpha)
        * (((1.0 - alpha) * v).cos() / w).powf((1.0 - alpha) / alpha)
}

fn variates(alpha: f64) -> [f64; 2] {
    let Ok(Ok(sampler)) = NoiseLaw::stable(alpha).build().map(|noise| noise.sampler(1.0)) else {
        return [f64::NAN; 2];
    };
    let mut lanes = LaneRng::default();
    for lane in 0..LANES {
        lanes.seed_lane(lane, &KEY, lane as u64);
    }
    let mut blocks = NoiseBlock::zeros(1);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    pair(
        || {
            for _ in 0..500 {
                sampler.fill(&mut lanes, LANES, &mut blocks);
                black_box(&blocks);
            }
            (500 * BLOCK * LANES) as f64
        },
        || {
            for _ in 0..100_000 {
                black_box(scalar_stable(&mut rng, alpha));
            }
            1e5
        },
    )
}

/// First exit from the left well of `x^4/4 - x^2/2`: 400 paths of the engine on one thread against a
/// scalar loop over the same number of paths.
fn exits(potential: &dyn Potential, law: &NoiseLaw, scheme: SchemeKind, pair_with_coarse: bool) -> [f64; 2] {
    let epsilon = if *law == NoiseLaw::Brownian { 0.5 } else { 0.1 };
    let step = 1e-3;
    let window = vec![[-4.0, 4.0]];
    let Ok(sde) = Sde::builder().potential(potential).noise(law).epsilon(epsilon).build() else {
        return [f64::NAN; 2];
    };
    let stepping = Stepping { scheme, clocked: None, step, max_time: 1e9, pair: pair_with_coarse, window };
    let region = StopRegion::interval(f64::NEG_INFINITY, 0.0);
    let Ok(ensemble) = Ensemble::new(&sde, &[-1.0], region, &stepping, KEY) else { return [f64::NAN; 2] };
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    pair(
        || {
            let control = Control::default();
            let Ok(pairs) = ensemble.run(0..PATHS, &control) else { return f64::NAN };
            // Only the steps that a path needed count, on the fine and on the coarse grid.
            pairs.iter().map(|p| p.fine.steps + p.coarse.map_or(0, |c| c.steps)).sum::<u64>() as f64
        },
        || {
            let mut steps = 0.0;
            for _ in 0..8 {
                let mut x: f64 = -1.0;
                while x < 0.0 {
                    let noise = match *law {
                        NoiseLaw::Brownian => step.sqrt() * rng.sample::<f64, _>(StandardNormal),
                        _ => step.powf(1.0 / 1.5) * scalar_stable(&mut rng, 1.5),
                    };
                    x += -step * (x * x * x - x) + epsilon * noise;
                    steps += 1.0;
                }
                black_box(x);
            }
            steps
        },
    )
}

/// Nanoseconds a step of `dimension` independent stable coordinates, beside one coordinate of the same kind.
fn dimensions(dimension: usize) -> [f64; 2] {
    let run = |d: usize| {
        let variables: Vec<String> = (0..d).map(|k| format!("x{k}")).collect();
        let terms: Vec<String> = variables.iter().map(|x| format!("{x}^4/4 - {x}^2/2")).collect();
        let field = ExpressionField::potential(&terms.join(" + "), &variables, &Default::default());
        let law = NoiseLaw::stable(1.5).independent(d);
        let sde = Sde::builder().drift(field.ok()?).noise(&law).epsilon(0.1).build().ok()?;
        let domain = SpaceDomain::Box(vec![[f64::NEG_INFINITY, 0.0]; d]);
        let stepping = Stepping {
            scheme: SchemeKind::Euler,
            clocked: None,
            step: 1e-3,
            max_time: 1e9,
            pair: false,
            window: vec![[-4.0, 4.0]; d],
        };
        let start = vec![-1.0; d];
        let ensemble = Ensemble::new(&sde, &start, SpaceRegion::exit(domain), &stepping, KEY).ok()?;
        let paths = ensemble.run(0..PATHS, &Control::default()).ok()?;
        Some(paths.iter().map(|pair| pair.fine.steps).sum::<u64>() as f64)
    };
    pair(|| run(dimension).unwrap_or(f64::NAN), || run(1).unwrap_or(f64::NAN))
}

/// Nanoseconds a draw of a noise over a step of 0.01, beside the stable table's.
fn families(law: &NoiseLaw) -> [f64; 2] {
    let time = |law: &NoiseLaw| {
        let noise = law.build().ok()?;
        let sampler = noise.sampler(0.01).ok()?;
        let mut lanes = LaneRng::default();
        for lane in 0..LANES {
            lanes.seed_lane(lane, &KEY, lane as u64);
        }
        Some((sampler, lanes, NoiseBlock::zeros(noise.dimension())))
    };
    let (Some(mut ours), Some(mut plain)) = (time(law), time(&NoiseLaw::stable(1.5))) else {
        return [f64::NAN; 2];
    };
    let draw = |(sampler, lanes, blocks): &mut (Box<dyn Sampler>, LaneRng, Vec<NoiseBlock>)| {
        for _ in 0..500 {
            sampler.fill(lanes, LANES, blocks);
            black_box(&blocks);
        }
        (500 * BLOCK * LANES) as f64
    };
    pair(|| draw(&mut ours), || draw(&mut plain))
}

fn main() {
    let Ok(potential) = ExpressionPotential::new("x^4/4 - x^2/2", "x", &Default::default()) else { return };
    let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(1).build() else { return };
    println!("{:<58} {:>8} {:>10} {:>7}", "", "ours/ns", "scalar/ns", "ratio");
    for level in supported() {
        force(level);
        for alpha in [0.8, 1.5] {
            report(&format!("stable variate, alpha {alpha}, {level:?}"), variates(alpha));
        }
        pool.install(|| {
            for (name, law) in [("brownian", NoiseLaw::Brownian), ("stable 1.5", NoiseLaw::stable(1.5))] {
                for scheme in SchemeKind::ALL {
                    report(
                        &format!("first exit, {name}, {}, a step, {level:?}", scheme.name()),
                        exits(&potential, &law, scheme, false),
                    );
                }
                report(
                    &format!("first exit, {name}, euler with step bias, a step, {level:?}"),
                    exits(&potential, &law, SchemeKind::Euler, true),
                );
            }
            report(&format!("ten independent coordinates beside one, a step, {level:?}"), dimensions(10));
        });
        let skewed = |sampler| NoiseLaw::Stable { alpha: 1.5, beta: 0.5, sampler };
        let jump = JumpLaw::Gaussian { scale: 1.0 };
        for (name, law) in [
            ("skewed stable, table", skewed(SamplerKind::Table)),
            ("skewed stable, formula", skewed(SamplerKind::Formula)),
            ("tempered stable", NoiseLaw::TemperedStable { alpha: 1.5, mu: 0.5 }),
            ("truncated stable", NoiseLaw::TruncatedStable { alpha: 1.5, radius: 5.0 }),
            ("capped stable", NoiseLaw::CappedStable { alpha: 1.5, cap: 5.0 }),
            ("compound Poisson", NoiseLaw::CompoundPoisson { rate: 1.0, jump }),
            ("isotropic stable, 2 coordinates", NoiseLaw::Isotropic { alpha: 1.5, dimension: 2 }),
        ] {
            report(&format!("{name}, beside a stable variate, {level:?}"), families(&law));
        }
    }
}

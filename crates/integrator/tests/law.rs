//! The samplers of stable noise against their laws.
//!
//! Each check is a score of a fixed-seed sample against an exact value, see [`tally`]: the characteristic
//! function through the process' exponent, the distribution function and both tails through Zolotarev's
//! integral, and for strictly stable laws positivity and the walks that stay positive. A check fails beyond
//! six standard deviations.

mod tally;

use core::f64::consts::{FRAC_PI_2, PI};

use levyscape_integrator::noise::{Noise, NoiseBlock, SamplerKind, Side};
use levyscape_integrator::rng::{LANES, LaneRng};
use levyscape_integrator::{NoiseLaw, StreamKey};
use tally::zolotarev::Law;
use tally::{LIMIT, Plan, check, increments, sums, worst};

const ALPHAS: [f64; 13] = [0.3, 0.5, 0.8, 0.99, 1.0, 1.0 + 1e-9, 1.01, 1.2, 1.5, 1.8, 1.95, 1.999, 2.0];

fn process(law: Law, sampler: SamplerKind) -> Box<dyn Noise> {
    let Law { alpha, beta } = law;
    NoiseLaw::Stable { alpha, beta, sampler }.build().expect("a valid law")
}

/// Every law with one skewness, by table and by formula.
fn every_alpha(skewness: impl Fn(usize) -> f64, draws: usize) {
    for (k, alpha) in ALPHAS.into_iter().enumerate() {
        let law = Law { alpha, beta: skewness(k) };
        let plan = Plan::new(law);
        let [first, second] = [(SamplerKind::Formula, 100), (SamplerKind::Auto, 200)].map(|(kind, seed)| {
            let noise = process(law, kind);
            let tally = plan.tally(draws, increments(noise.as_ref(), 1.0, seed + k as u64));
            check(&format!("{kind:?}"), &plan, &tally, |w| noise.exponent(w));
            tally
        });
        let distance = plan.distance(&first, &second);
        assert!(distance < LIMIT, "{law:?}: the samplers differ, score {distance:.2}");
    }
}

/// -1 and 1 by turns.
fn one_sided(k: usize) -> f64 {
    if k.is_multiple_of(2) { 1.0 } else { -1.0 }
}

#[test]
fn symmetric_laws() {
    every_alpha(|_| 0.0, 2_000_000);
}

#[test]
fn skewed_laws() {
    every_alpha(|_| 0.5, 2_000_000);
}

#[test]
fn one_sided_laws() {
    every_alpha(one_sided, 2_000_000);
}

#[test]
#[ignore = "several minutes"]
fn symmetric_laws_at_length() {
    every_alpha(|_| 0.0, 100_000_000);
}

#[test]
#[ignore = "several minutes"]
fn skewed_laws_at_length() {
    every_alpha(|k| 0.5 * one_sided(k), 100_000_000);
}

#[test]
#[ignore = "several minutes"]
fn one_sided_laws_at_length() {
    every_alpha(|k| -one_sided(k), 100_000_000);
}

#[test]
fn short_and_long_steps() {
    for (k, alpha) in ALPHAS.into_iter().enumerate() {
        for (seed, beta) in [(0, 0.0), (1, -0.5), (2, one_sided(k))] {
            let law = Law { alpha, beta };
            let mut plan = Plan::new(law);
            for step in [1e-8, 1e3] {
                plan = plan.with_step(step);
                for kind in [SamplerKind::Formula, SamplerKind::Auto] {
                    let noise = process(law, kind);
                    let increments = increments(noise.as_ref(), step, 300 + 10 * k as u64 + seed);
                    let tally = plan.tally(100_000, increments);
                    check(&format!("{kind:?}"), &plan, &tally, |w| noise.exponent(w));
                }
            }
        }
    }
}

#[test]
fn small_tail_indices() {
    for (seed, alpha) in [0.02, 0.1].into_iter().enumerate() {
        for beta in [0.0, -0.3, 1.0] {
            let noise = process(Law { alpha, beta }, SamplerKind::Auto);
            // Sizes span more than the range of numbers: the logarithm is what can be looked at. Of a
            // variate this heavy, |X|^-alpha is nearly a standard exponential variable.
            let mut next = increments(noise.as_ref(), 1e-2, seed as u64);
            let (mut row, mut positive, mut below, draws) = ([0.0; LANES], 0.0, 0.0, 100_032.0);
            for _ in 0..100_032 / LANES {
                next(&mut row);
                for x in row {
                    assert!(x.is_finite() && x != 0.0);
                    positive += f64::from(u8::from(x > 0.0));
                    below += f64::from(u8::from(x.abs() > libm::pow(1e-2, 1.0 / alpha)));
                }
            }
            let law = Law { alpha, beta };
            let rho = law.positivity().expect("strictly stable");
            let inside = law.upper(1.0 - law.centre()) + law.lower(-1.0 - law.centre());
            for (count, p) in [(positive, rho), (below, inside)] {
                let deviation = (draws * p * (1.0 - p)).sqrt();
                assert!((count - draws * p).abs() <= LIMIT * deviation, "{law:?}: {count} of {draws}, {p}");
            }
        }
    }
}

#[test]
fn increments_add_up() {
    // A hundred steps of 0.01 make the law of one step of 1: what fixes the drift of alpha = 1.
    for (seed, (alpha, beta)) in
        [(1.0, 0.5), (1.0, -1.0), (0.99, 1.0), (1.01, -0.5), (0.7, 0.5), (1.6, 1.0)].into_iter().enumerate()
    {
        let law = Law { alpha, beta };
        let plan = Plan::new(law);
        let noise = process(law, SamplerKind::Auto);
        let tally = plan.tally(200_000, sums(increments(noise.as_ref(), 0.01, 400 + seed as u64), 100));
        check("sums", &plan, &tally, |w| noise.exponent(w));
    }
}

#[test]
fn the_tails_are_those_of_the_levy_measure() {
    for (alpha, beta) in [(0.3, 0.5), (0.8, -0.5), (1.0, 0.5), (1.2, 0.9), (1.5, 0.5), (1.95, -0.3)] {
        let law = Law { alpha, beta };
        let noise = process(law, SamplerKind::Auto);
        let x = libm::pow(1e7, 1.0 / alpha);
        let upper = law.upper(x - law.centre()) / noise.jump_tail(Side::Upper, x);
        let lower = law.lower(-x - law.centre()) / noise.jump_tail(Side::Lower, x);
        assert!((upper - 1.0).abs() < 2e-5 && (lower - 1.0).abs() < 2e-5, "{law:?}: {upper} {lower}");
    }
}

/// A wrong sampler has to be seen.
#[test]
fn a_wrong_formula_fails() {
    let sample = |alpha: f64, numerator: fn(f64, f64) -> f64| {
        let mut generator = StreamKey { seed: 500, point: 0, task: 0 }.generator(0);
        let mut uniform =
            move || (rand::Rng::next_u64(&mut generator) as f64 + 0.5) / 18_446_744_073_709_551_616.0;
        let law = Law { alpha, beta: 0.0 };
        let plan = Plan::new(law);
        let tally = plan.tally(
            200_000,
            Box::new(move |row| {
                for x in row {
                    let (angle, waiting) = (PI * uniform() - FRAC_PI_2, -libm::log(uniform()));
                    let tilted = libm::pow(libm::cos((1.0 - alpha) * angle) / waiting, (1.0 - alpha) / alpha);
                    *x = numerator(alpha, angle) / libm::pow(libm::cos(angle), 1.0 / alpha) * tilted;
                }
            }),
        );
        let noise = process(law, SamplerKind::Auto);
        let scores = plan.scores(&tally, |w| noise.exponent(w));
        println!("alpha {alpha}: {:.2?}", worst(&scores));
        worst(&scores).1.abs()
    };
    for alpha in [0.8, 1.5, 1.8] {
        assert!(sample(alpha, |alpha, angle| libm::sin(alpha * angle)) < LIMIT);
        assert!(sample(alpha, |alpha, angle| alpha * libm::sin(angle)) > LIMIT);
    }
}

#[test]
fn next_to_one_is_one() {
    // S1 and S0 agree for symmetric laws: nothing may happen at alpha = 1, not even in the last digits.
    let fill = |alpha: f64| {
        let mut increments =
            increments(process(Law { alpha, beta: 0.0 }, SamplerKind::Auto).as_ref(), 1.0, 5);
        let mut row = [0.0; LANES];
        increments(&mut row);
        row
    };
    let cauchy = fill(1.0);
    for alpha in [1.0 - 1e-12, 1.0 + 1e-12, 1.0 - 1e-15, 1.0 + 3e-16] {
        for (a, b) in cauchy.iter().zip(fill(alpha)) {
            assert!((a - b).abs() <= 1e-10 * a.abs(), "alpha {alpha}: {a} {b}");
        }
    }
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    use levyscape_integrator::simd::{force, supported};
    let laws = [
        (0.2, 0.0),
        (0.7, 0.0),
        (1.6, 0.0),
        (2.0, 0.0),
        (0.3, 0.5),
        (0.8, -1.0),
        (0.99, 0.3),
        (1.0, 1.0),
        (1.7, 0.9),
    ];
    for (law, kind) in
        laws.into_iter().flat_map(|law| [(law, SamplerKind::Auto), (law, SamplerKind::Formula)])
    {
        let noise = process(Law { alpha: law.0, beta: law.1 }, kind);
        let sampler = noise.sampler(0.5).expect("a valid step");
        let mut reference: Option<Vec<u64>> = None;
        for level in supported() {
            force(level);
            for lanes in [1, 5, 8, 63, LANES] {
                let mut rng = LaneRng::default();
                let mut blocks = NoiseBlock::zeros(1);
                for lane in 0..LANES {
                    rng.seed_lane(lane, &StreamKey { seed: 9, point: 1, task: 2 }, lane as u64);
                }
                sampler.fill(&mut rng, lanes, &mut blocks);
                let rows = blocks[0].jumps.iter().chain(&blocks[0].diffusion);
                let mut bits: Vec<u64> = rows.map(|row| row[0].to_bits()).collect();
                bits.push(blocks[0].crossings[0]);
                let reference = reference.get_or_insert_with(|| bits.clone());
                assert_eq!(*reference, bits, "{law:?} {level:?} {lanes}");
            }
        }
    }
}

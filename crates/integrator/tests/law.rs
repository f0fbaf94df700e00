//! The samplers against their laws, at ten million draws a tail index.
//!
//! Each check is a z-score of a fixed-seed sample against an exact value; a check fails beyond six
//! standard deviations (two-sided 2e-9 each, below 3e-7 for all of them together).

use levyscape_integrator::noise::{BLOCK, Noise, NoiseBlock, Stable};
use levyscape_integrator::rng::{LANES, LaneRng};
use levyscape_integrator::{NoiseLaw, StreamKey};

const DRAWS: usize = 10_000_000;
const FREQUENCIES: [f64; 8] = [0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0];
const LIMIT: f64 = 6.0;

/// Walks of ten steps a lane, so that partial sums can be tested too.
const WALK: usize = 10;

#[derive(Default)]
struct Tally {
    draws: f64,
    cosines: [f64; 8],
    beyond: [f64; 2],
    walks: f64,
    positive_walks: f64,
}

fn tally(noise: &dyn Noise, depths: [f64; 2], seed: u64) -> Tally {
    let key = StreamKey { seed, point: 0, task: 0 };
    let mut rng = LaneRng::default();
    for lane in 0..LANES {
        rng.seed_lane(lane, &key, lane as u64);
    }
    let mut blocks = NoiseBlock::zeros(1);
    let Ok(sampler) = noise.sampler(1.0) else { panic!("a valid step") };
    let mut tally = Tally::default();
    while tally.draws < DRAWS as f64 {
        sampler.fill(&mut rng, LANES, &mut blocks);
        let rows = if noise.has_jumps() { &blocks[0].jumps } else { &blocks[0].diffusion };
        let mut sums = [0.0; LANES];
        let mut positive = [true; LANES];
        for (row, increments) in rows.iter().enumerate().take(BLOCK) {
            for (lane, &x) in increments.iter().enumerate() {
                assert!(x.is_finite());
                tally.draws += 1.0;
                for (sum, w) in tally.cosines.iter_mut().zip(FREQUENCIES) {
                    *sum += libm::cos(w * x);
                }
                for (count, depth) in tally.beyond.iter_mut().zip(depths) {
                    *count += f64::from(u8::from(x > depth));
                }
                if row < WALK {
                    sums[lane] += x;
                    positive[lane] &= sums[lane] > 0.0;
                }
            }
        }
        tally.walks += LANES as f64;
        tally.positive_walks += positive.iter().filter(|&&positive| positive).count() as f64;
    }
    tally
}

/// `P(X > x)` for large x: the tail series, or for alpha = 2 the Gaussian law of variance 2.
fn tail(alpha: f64, x: f64) -> f64 {
    if alpha == 2.0 {
        return 0.5 * libm::erfc(0.5 * x);
    }
    let mut factorial = 1.0;
    (1..=4)
        .map(|k| {
            let k = f64::from(k);
            factorial *= k;
            let sign = if k % 2.0 == 1.0 { 1.0 } else { -1.0 };
            sign * libm::tgamma(alpha * k) / factorial
                * libm::sin(core::f64::consts::FRAC_PI_2 * k * alpha)
                * libm::pow(x, -alpha * k)
        })
        .sum::<f64>()
        / core::f64::consts::PI
}

fn check(name: &str, noise: &dyn Noise, alpha: f64, seed: u64) {
    let depths =
        if alpha == 2.0 { [4.0, 5.5] } else { [0.02, 5e-4].map(|level| libm::pow(level, -1.0 / alpha)) };
    let tally = tally(noise, depths, seed);
    let n = tally.draws;
    let mut scores = Vec::new();
    for (sum, w) in tally.cosines.iter().zip(FREQUENCIES) {
        let phi = |w: f64| libm::exp(-libm::pow(w, alpha));
        let deviation = ((0.5 * (1.0 + phi(2.0 * w)) - phi(w) * phi(w)) / n).sqrt();
        scores.push((sum / n - phi(w)) / deviation);
    }
    let binomial = |count: f64, p: f64, n: f64| (count - n * p) / (n * p * (1.0 - p)).sqrt();
    for (count, depth) in tally.beyond.iter().zip(depths) {
        scores.push(binomial(*count, tail(alpha, depth), n));
    }
    // Sparre Andersen: C(20, 10) / 4^10, whatever the symmetric law.
    scores.push(binomial(tally.positive_walks, 184_756.0 / 1_048_576.0, tally.walks));
    let line: Vec<String> = scores.iter().map(|z| format!("{z:6.2}")).collect();
    println!("{name:<8} alpha {alpha:<14} z: {}", line.join(" "));
    for z in scores {
        assert!(z.abs() < LIMIT, "alpha {alpha}: z = {z}");
    }
}

#[test]
fn symmetric_stable_law() {
    for (seed, alpha) in [0.5, 0.8, 1.0, 1.0 + 1e-9, 1.2, 1.5, 1.8, 1.95, 2.0].into_iter().enumerate() {
        let Ok(noise) = NoiseLaw::stable(alpha).build() else { panic!("a valid tail index") };
        check("table", noise.as_ref(), alpha, seed as u64);
    }
}

#[test]
fn symmetric_stable_law_by_formula() {
    for (seed, alpha) in [0.05, 0.5, 1.0, 1.0 + 1e-9, 1.5, 1.95].into_iter().enumerate() {
        let Ok(noise) = Stable::by_formula(alpha, 0.0) else { panic!("a valid tail index") };
        check("formula", &noise, alpha, 100 + seed as u64);
    }
}

#[test]
fn next_to_one_is_one() {
    // S1 and S0 agree for symmetric laws: nothing may happen at alpha = 1, not even in the last digits.
    let fill = |alpha: f64| {
        let Ok(noise) = NoiseLaw::stable(alpha).build() else { panic!("a valid tail index") };
        let mut rng = LaneRng::default();
        let mut blocks = NoiseBlock::zeros(1);
        for lane in 0..LANES {
            rng.seed_lane(lane, &StreamKey { seed: 5, point: 0, task: 0 }, lane as u64);
        }
        let Ok(sampler) = noise.sampler(1.0) else { panic!("a valid step") };
        sampler.fill(&mut rng, LANES, &mut blocks);
        blocks.remove(0)
    };
    let cauchy = fill(1.0);
    for alpha in [1.0 - 1e-12, 1.0 + 1e-12, 1.0 - 1e-15, 1.0 + 3e-16] {
        let near = fill(alpha);
        for (a, b) in cauchy.jumps.as_flattened().iter().zip(near.jumps.as_flattened()) {
            assert!((a - b).abs() <= 1e-10 * a.abs(), "alpha {alpha}: {a} {b}");
        }
    }
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    use levyscape_integrator::simd::{force, supported};
    for law in [0.2, 0.7, 1.6, 2.0].map(NoiseLaw::stable) {
        let Ok(noise) = law.build() else { panic!("valid laws") };
        let Ok(sampler) = noise.sampler(0.5) else { panic!("a valid step") };
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
                bits.extend(blocks[0].crossings.iter().map(|row| row[0]));
                let reference = reference.get_or_insert_with(|| bits.clone());
                assert_eq!(*reference, bits, "{law:?} {level:?} {lanes}");
            }
        }
    }
}

//! Noises split into their jumps up to a radius and their larger ones.
//!
//! Statistical checks are z-scores of fixed-seed samples against the exponent of the whole noise; a check
//! fails beyond 6.5 standard deviations: two-sided 8e-11 each, below 1e-6 for all of them together.

use levyscape_integrator::noise::{
    BLOCK, JumpLaw, LargeJumps, Noise, NoiseBlock, Side, TruncatedIsotropic, TruncatedStable, WeightedNoise,
    isotropic_constant,
};
use levyscape_integrator::rng::{LANES, LaneRng};
use levyscape_integrator::{IntegratorError, NoiseLaw, StreamKey};
use rand::Rng;

const LIMIT: f64 = 6.5;

fn build(law: &NoiseLaw) -> Box<dyn Noise> {
    match law.build() {
        Ok(noise) => noise,
        Err(error) => panic!("{law:?}: {error}"),
    }
}

fn stable(alpha: f64, beta: f64) -> NoiseLaw {
    NoiseLaw::Stable { alpha, beta, sampler: Default::default() }
}

fn times(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]]
}

fn wave(angle: f64) -> [f64; 2] {
    let (sine, cosine) = libm::sincos(angle);
    [cosine, sine]
}

/// `int_a^b e^(i w y) tail(y) dy` where nothing but a power varies.
fn piece(w: f64, a: f64, b: f64, tail: &dyn Fn(f64) -> f64) -> [f64; 2] {
    const NODES: [[f64; 2]; 5] = [
        [0.148_874_338_981_631_2, 0.295_524_224_714_752_87],
        [0.433_395_394_129_247_2, 0.269_266_719_309_996_35],
        [0.679_409_568_299_024_4, 0.219_086_362_515_982_04],
        [0.865_063_366_688_984_5, 0.149_451_349_150_580_6],
        [0.973_906_528_517_171_7, 0.066_671_344_308_688_14],
    ];
    let (mut start, mut sum) = (a, [0.0; 2]);
    while start < b {
        let width = (0.3 * start.min(1.0 + start)).min(0.7 / w.abs()).min(b - start);
        let (centre, half) = (start + 0.5 * width, 0.5 * width);
        for [node, weight] in NODES {
            for y in [centre - half * node, centre + half * node] {
                let size = half * weight * tail(y);
                let [re, im] = wave(w * y);
                sum = [sum[0] + size * re, sum[1] + size * im];
            }
        }
        start = if width < b - start { start + width } else { b };
    }
    sum
}

/// `int_{y > radius} (e^(i w y) - 1) nu(dy)` from the tail of the measure alone, by parts:
/// `(e^(i w radius) - 1) T(radius) + i w int_radius^inf e^(i w y) T(y) dy`, half wave by half wave; the
/// alternating sum is averaged until it converges. `kinks` are where the tail is not smooth.
fn one_side(w: f64, radius: f64, kinks: &[f64], tail: &dyn Fn(f64) -> f64) -> [f64; 2] {
    let half_wave = core::f64::consts::PI / w.abs();
    let end = kinks.iter().fold(radius, |a, b| a.max(*b));
    let mut places: Vec<f64> = (0..48).map(|k| end + half_wave * f64::from(k)).collect();
    let smooth = places.len();
    places.extend(kinks.iter().filter(|kink| **kink > radius && **kink < end));
    if end > radius {
        places.push(radius);
    }
    places.sort_by(f64::total_cmp);
    let mut sums = vec![[0.0; 2]];
    let mut sum = [0.0; 2];
    for pair in places.windows(2) {
        // A hair within, so that both ends have the tail of their piece.
        let inset = 1e-15 * pair[1];
        let [re, im] = piece(w, pair[0] + inset, pair[1] - inset, tail);
        sum = [sum[0] + re, sum[1] + im];
        sums.push(sum);
    }
    let mut sums = sums.split_off(sums.len() - smooth + 8);
    while sums.len() > 1 {
        sums = sums.windows(2).map(|s| [0.5 * (s[0][0] + s[1][0]), 0.5 * (s[0][1] + s[1][1])]).collect();
    }
    let half = libm::sin(0.5 * w * radius);
    let edge = [-2.0 * half * half, libm::sin(w * radius)].map(|part| part * tail(radius));
    let [re, im] = times([0.0, w], sums[0]);
    [edge[0] + re, edge[1] + im]
}

fn large_exponent(noise: &dyn Noise, w: f64, radius: f64, kinks: &[f64]) -> [f64; 2] {
    let upper = one_side(w, radius, kinks, &|y| noise.jump_tail(Side::Upper, y));
    let lower = one_side(-w, radius, kinks, &|y| noise.jump_tail(Side::Lower, y));
    [upper[0] + lower[0], upper[1] + lower[1]]
}

/// Noises with the places where their tails have kinks.
fn laws() -> Vec<(NoiseLaw, Vec<f64>)> {
    let mut laws = vec![(NoiseLaw::Brownian, vec![])];
    for alpha in [0.3, 0.8, 0.9999, 1.0, 1.000_001, 1.002, 1.5, 1.95] {
        for beta in [0.0, 0.5, 1.0, -1.0] {
            laws.push((stable(alpha, beta), vec![]));
        }
        laws.push((NoiseLaw::TemperedStable { alpha, mu: 0.4 }, vec![]));
        laws.push((NoiseLaw::TruncatedStable { alpha, radius: 1.7 }, vec![1.7]));
        laws.push((NoiseLaw::CappedStable { alpha, cap: 1.7 }, vec![1.7]));
    }
    let jumps = [
        (JumpLaw::Gaussian { scale: 0.7 }, vec![]),
        (JumpLaw::Laplace { scale: 0.7 }, vec![]),
        (JumpLaw::Exponential { scale: 1.3 }, vec![]),
        (JumpLaw::Uniform { lower: -0.9, upper: 2.0 }, vec![0.9, 2.0]),
        (JumpLaw::Uniform { lower: 1.1, upper: 2.0 }, vec![1.1, 2.0]),
        (JumpLaw::Fixed { size: -0.8 }, vec![0.8]),
        (JumpLaw::TwoSidedFixed { size: 0.8 }, vec![0.8]),
        (JumpLaw::Pareto { alpha: 1.2, minimum: 0.7, signed: true }, vec![0.7]),
        (JumpLaw::Pareto { alpha: 0.6, minimum: 0.7, signed: false }, vec![0.7]),
        (JumpLaw::StudentT { nu: 1.5, scale: 0.6 }, vec![]),
        (JumpLaw::StudentT { nu: 30.0, scale: 0.6 }, vec![]),
    ];
    for (jump, kinks) in jumps {
        laws.push((NoiseLaw::CompoundPoisson { rate: 1.5, jump }, kinks));
    }
    let part = |weight, noise| WeightedNoise { weight, noise };
    let parts = vec![
        part(0.5, NoiseLaw::Brownian),
        part(-2.0, stable(1.3, 0.6)),
        part(0.7, NoiseLaw::CappedStable { alpha: 0.7, cap: 2.0 }),
        part(1.0, NoiseLaw::CompoundPoisson { rate: 1.0, jump: JumpLaw::Exponential { scale: 0.5 } }),
    ];
    laws.push((NoiseLaw::Sum { parts }, vec![1.4]));
    laws
}

#[test]
fn the_exponents_of_the_parts_add_to_that_of_the_whole() {
    for (law, kinks) in laws() {
        let whole = build(&law);
        for radius in [0.05, 0.75, 3.0] {
            let small = match whole.small_jumps(radius) {
                Ok(small) => small,
                Err(error) => panic!("{law:?}: {error}"),
            };
            assert_eq!(small.gaussian_variance(), whole.gaussian_variance());
            assert_eq!(
                small.jump_tail(Side::Upper, radius) + small.jump_tail(Side::Lower, 2.0 * radius),
                0.0
            );
            for r in [0.02, 0.5, 1.2, 2.5] {
                for side in [Side::Lower, Side::Upper] {
                    let expected = if r < radius {
                        whole.jump_tail(side, r) - whole.jump_tail(side, radius)
                    } else {
                        0.0
                    };
                    let seen = small.jump_tail(side, r);
                    assert!(
                        (seen - expected).abs() <= 1e-12 * whole.jump_tail(side, r),
                        "{law:?} {radius} {r}"
                    );
                }
            }
            // A second split of the small ones.
            let smaller = small.small_jumps(0.5 * radius);
            let direct = whole.small_jumps(0.5 * radius);
            for w in [0.31, -7.3] {
                let kinks: Vec<f64> = kinks.iter().copied().filter(|kink| *kink > radius).collect();
                let (all, few) = (whole.exponent(w), small.exponent(w));
                let large = large_exponent(whole.as_ref(), w, radius, &kinks);
                let scale = 1.0 + all[0].abs() + all[1].abs();
                for k in 0..2 {
                    let error = (few[k] + large[k] - all[k]).abs() / scale;
                    assert!(
                        error < 1e-9,
                        "{law:?}, radius {radius}, w {w}: {few:?} + {large:?} is not {all:?}"
                    );
                }
                let (Ok(smaller), Ok(direct)) = (&smaller, &direct) else { panic!("{law:?}") };
                for (a, b) in smaller.exponent(w).into_iter().zip(direct.exponent(w)) {
                    assert!((a - b).abs() < 1e-12 * scale, "{law:?}, radius {radius}, w {w}: {a} {b}");
                }
            }
        }
    }
}

/// z-scores of both parts of the empirical characteristic function of small jumps over `step` plus large
/// ones, drawn from other streams, against the exponent of the whole.
fn check(law: &NoiseLaw, radius: f64, step: f64, draws: usize, seed: u64) {
    let whole = build(law);
    let Ok(small) = whole.small_jumps(radius) else { panic!("{law:?}") };
    let Ok(sampler) = small.sampler(step) else { panic!("{law:?}") };
    let Ok(large) = LargeJumps::new(whole.as_ref(), radius) else { panic!("{law:?}") };
    let key = StreamKey { seed, point: 0, task: 0 };
    let mut rng = LaneRng::default();
    (0..LANES).for_each(|lane| rng.seed_lane(lane, &key, lane as u64));
    let mut other = StreamKey { task: 1, ..key }.generator(0);
    let mut uniform = || ((other.next_u64() >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0;
    let frequencies: Vec<f64> = (-60..60)
        .map(|k| libm::exp2(0.5 * f64::from(k)))
        .filter(|&w| (0.02..4.0).contains(&(-step * whole.exponent(w)[0])))
        .take(8)
        .flat_map(|w| [w, -1.3 * w])
        .collect();
    assert!(frequencies.len() > 4, "{law:?} {step}");
    let mut sums = vec![[0.0; 2]; frequencies.len()];
    let mut blocks = NoiseBlock::zeros(1);
    let (jumps, diffusion) = (small.has_jumps(), small.gaussian_variance() > 0.0);
    let rounds = draws.div_ceil(BLOCK * LANES);
    for _ in 0..rounds {
        sampler.fill(&mut rng, LANES, &mut blocks);
        for row in 0..BLOCK {
            for lane in 0..LANES {
                let mut x = if jumps { blocks[0].jumps[row][lane] } else { 0.0 };
                x += if diffusion { blocks[0].diffusion[row][lane] } else { 0.0 };
                for (side, sign) in [(Side::Lower, -1.0), (Side::Upper, 1.0)] {
                    let rate = large.rate(side);
                    if rate == 0.0 {
                        continue;
                    }
                    let mut time = -libm::log(uniform()) / rate;
                    while time < step {
                        x += sign * large.quantile(side, rate * uniform());
                        time -= libm::log(uniform()) / rate;
                    }
                }
                for (sum, w) in sums.iter_mut().zip(&frequencies) {
                    let [re, im] = wave(w * x);
                    *sum = [sum[0] + re, sum[1] + im];
                }
            }
        }
    }
    let n = (rounds * BLOCK * LANES) as f64;
    let phi = |w: f64| {
        let [re, im] = whole.exponent(w);
        wave(step * im).map(|part| part * libm::exp(step * re))
    };
    let mut worst: f64 = 0.0;
    for (w, sum) in frequencies.iter().zip(sums) {
        let ([re, im], [re2, _]) = (phi(*w), phi(2.0 * w));
        for (sum, mean, square) in [(sum[0], re, 0.5 * (1.0 + re2)), (sum[1], im, 0.5 * (1.0 - re2))] {
            let deviation = ((square - mean * mean) / n).sqrt();
            if deviation > 1e-9 {
                worst = worst.max((sum / n - mean).abs() / deviation);
            }
        }
    }
    println!("{law:?}, radius {radius}, step {step}: largest |z| {worst:.2}");
    assert!(worst < LIMIT, "{law:?}, radius {radius}, step {step}: |z| = {worst}");
}

fn small_and_large_make_the_whole(draws: usize) {
    let mut cases = Vec::new();
    for alpha in [0.4, 0.8, 1.0, 1.5] {
        cases.extend([0.0, 0.5, 1.0, -1.0].map(|beta| stable(alpha, beta)));
    }
    cases.push(NoiseLaw::TemperedStable { alpha: 1.2, mu: 0.4 });
    cases.push(NoiseLaw::CappedStable { alpha: 1.2, cap: 0.8 });
    cases.push(NoiseLaw::CappedStable { alpha: 1.2, cap: 2.0 });
    cases.push(NoiseLaw::CompoundPoisson { rate: 2.0, jump: JumpLaw::Gaussian { scale: 0.8 } });
    cases.push(NoiseLaw::CompoundPoisson { rate: 2.0, jump: JumpLaw::Uniform { lower: -0.5, upper: 2.0 } });
    let part = |weight, noise| WeightedNoise { weight, noise };
    let parts =
        vec![part(0.5, NoiseLaw::Brownian), part(-2.0, stable(1.3, 0.6)), part(0.5, stable(0.7, 1.0))];
    cases.push(NoiseLaw::Sum { parts });
    for (seed, law) in cases.iter().enumerate() {
        for (index, step) in [0.01, 1.0].into_iter().enumerate() {
            check(law, 1.0, step, draws, (10 * seed + index) as u64);
        }
    }
}

#[test]
fn small_and_large_jumps_make_the_whole() {
    small_and_large_make_the_whole(60_000);
}

#[test]
#[ignore = "minutes: twenty times the draws; largest |z| of the stable, tempered and capped cases 3.0"]
fn small_and_large_jumps_make_the_whole_at_length() {
    small_and_large_make_the_whole(1_200_000);
}

#[test]
fn a_truncated_subordinator_never_falls() {
    for alpha in [0.3, 0.8] {
        let Ok(noise) = TruncatedStable::skewed(alpha, 1.0, 0.5) else { panic!() };
        let Ok(sampler) = noise.sampler(0.01) else { panic!() };
        let key = StreamKey { seed: 1, point: 0, task: 0 };
        let (mut rng, mut blocks) = (LaneRng::default(), NoiseBlock::zeros(1));
        (0..LANES).for_each(|lane| rng.seed_lane(lane, &key, lane as u64));
        for _ in 0..100 {
            sampler.fill(&mut rng, LANES, &mut blocks);
            assert!(blocks[0].jumps.as_flattened().iter().all(|x| *x > 0.0), "{alpha}");
        }
    }
}

#[test]
fn independent_coordinates_are_split_each_for_itself() {
    let noise = build(&NoiseLaw::Independent { coordinates: vec![stable(0.8, 1.0), NoiseLaw::Brownian] });
    let Ok(small) = noise.small_jumps(0.3) else { panic!() };
    let Ok(first) = TruncatedStable::skewed(0.8, 1.0, 0.3) else { panic!() };
    assert_eq!(small.dimension(), 2);
    assert_eq!(small.exponent(1.7), first.exponent(1.7));
    assert_eq!(small.coordinate(1).map(|noise| noise.gaussian_variance()), Some(1.0));
    assert_eq!(noise.radial_tail(1.0), None);
}

#[test]
fn isotropic_noise_has_a_radial_tail() {
    let noise = build(&NoiseLaw::Isotropic { alpha: 1.5, dimension: 3 });
    let sphere = 4.0 * core::f64::consts::PI;
    let expected = isotropic_constant(1.5, 3) / 1.5 * sphere * libm::pow(0.7, -1.5);
    assert!(noise.radial_tail(0.7).is_some_and(|seen| (seen / expected - 1.0).abs() < 1e-13));
    assert_eq!(build(&NoiseLaw::Isotropic { alpha: 2.0, dimension: 3 }).radial_tail(1.0), Some(0.0));
}

#[test]
fn isotropic_noise_is_split_by_the_norm() {
    // In one dimension it is the truncated process on the line.
    let (Ok(line), Ok(isotropic)) = (TruncatedStable::new(1.3, 0.8), TruncatedIsotropic::new(1.3, 1, 0.8))
    else {
        panic!()
    };
    for w in [0.3, 5.0, 40.0] {
        assert!((isotropic.exponent(w)[0] / line.exponent(w)[0] - 1.0).abs() < 1e-10, "{w}");
    }
    assert!((isotropic.jump_tail(Side::Upper, 0.3) / line.jump_tail(Side::Upper, 0.3) - 1.0).abs() < 1e-10);
    for (alpha, dimension) in [(0.5, 2), (1.0, 3), (1.5, 2), (1.8, 4), (1.5, 7)] {
        let whole = build(&NoiseLaw::Isotropic { alpha, dimension });
        let Ok(small) = whole.small_jumps(0.8) else { panic!() };
        assert_eq!(small.dimension(), dimension);
        // The exponent from the tail of the first coordinate, by parts.
        for w in [0.4, 6.0, 30.0] {
            let tail = |y: f64| small.jump_tail(Side::Upper, y);
            let (mut sum, mut start) = (0.0, 0.8 * libm::exp2(-40.0 / (2.0 - alpha)));
            while start < 0.8 {
                let end = (start + (0.1 * start).min(0.2 / w)).min(0.8);
                let (centre, half) = (0.5 * (start + end), 0.5 * (end - start));
                for x in [-0.774_596_669_241_483_4, 0.0, 0.774_596_669_241_483_4] {
                    let weight = if x == 0.0 { 8.0 / 9.0 } else { 5.0 / 9.0 };
                    sum -= 2.0
                        * w
                        * half
                        * weight
                        * libm::sin(w * (centre + half * x))
                        * tail(centre + half * x);
                }
                start = end;
            }
            let [seen, zero] = small.exponent(w);
            assert!((sum / seen - 1.0).abs() < 1e-5 && zero == 0.0, "{alpha} {dimension} {w}: {seen} {sum}");
        }
        // Without large jumps the whole and the small noise are hardly different.
        let Ok(wide) = whole.small_jumps(1e6) else { panic!() };
        let Some(rate) = whole.radial_tail(1e6) else { panic!() };
        assert!(
            (wide.exponent(0.01)[0] - whole.exponent(0.01)[0]).abs() < 1.01 * rate,
            "{alpha} {dimension}"
        );
        // The sampler, in some directions, alone and with the large jumps.
        let Some(rate) = whole.radial_tail(0.8) else { panic!() };
        for (index, step) in [0.01, 0.5].into_iter().enumerate() {
            isotropic_check(small.as_ref(), whole.as_ref(), [rate, alpha, step], 300 + index as u64);
        }
    }
}

/// z-scores of the small jumps and of these with large ones, of norm `0.8 U^(-1/alpha)` at this rate, against the
/// exponents.
fn isotropic_check(small: &dyn Noise, whole: &dyn Noise, [rate, alpha, step]: [f64; 3], seed: u64) {
    let d = small.dimension();
    let Ok(sampler) = small.sampler(step) else { panic!() };
    let key = StreamKey { seed, point: 0, task: 0 };
    let mut rng = LaneRng::default();
    (0..LANES).for_each(|lane| rng.seed_lane(lane, &key, lane as u64));
    let mut other = StreamKey { task: 1, ..key }.generator(0);
    let mut uniform = || ((other.next_u64() >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0;
    let unit = libm::pow(step, -1.0 / alpha);
    let directions = [vec![1.0; d], (0..d).map(|k| libm::cos(1.0 + 2.0 * k as f64)).collect()];
    let mut frequencies: Vec<Vec<f64>> = Vec::new();
    for direction in directions {
        let length = direction.iter().map(|x| x * x).sum::<f64>().sqrt();
        frequencies
            .extend([0.5, 1.0, 1.5].map(|w| direction.iter().map(|x| w * unit * x / length).collect()));
    }
    let mut sums = vec![[0.0; 2]; frequencies.len()];
    let mut blocks = NoiseBlock::zeros(d);
    let rounds = 60;
    for _ in 0..rounds {
        sampler.fill(&mut rng, LANES, &mut blocks);
        for row in 0..BLOCK {
            for lane in 0..LANES {
                let mut x: Vec<f64> = blocks.iter().map(|block| block.jumps[row][lane]).collect();
                let angles = |x: &[f64]| -> Vec<f64> {
                    let dot = |w: &Vec<f64>| w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>();
                    frequencies.iter().map(dot).collect()
                };
                for (sum, angle) in sums.iter_mut().zip(angles(&x)) {
                    sum[0] += libm::cos(angle);
                }
                let mut time = -libm::log(uniform()) / rate;
                while time < step {
                    let normal = |_| {
                        let radius = (-2.0 * libm::log(uniform())).sqrt();
                        radius * libm::cos(2.0 * core::f64::consts::PI * uniform())
                    };
                    let direction: Vec<f64> = (0..d).map(normal).collect();
                    let length = direction.iter().map(|x| x * x).sum::<f64>().sqrt();
                    let size = 0.8 * libm::pow(uniform(), -1.0 / alpha);
                    x.iter_mut().zip(direction).for_each(|(x, y)| *x += size * y / length);
                    time -= libm::log(uniform()) / rate;
                }
                for (sum, angle) in sums.iter_mut().zip(angles(&x)) {
                    sum[1] += libm::cos(angle);
                }
            }
        }
    }
    let n = (rounds * BLOCK * LANES) as f64;
    for (w, sum) in frequencies.iter().zip(sums) {
        let length = w.iter().map(|w| w * w).sum::<f64>().sqrt();
        for (noise, sum) in [small, whole].into_iter().zip(sum) {
            let phi = |w: f64| libm::exp(step * noise.exponent(w)[0]);
            let deviation = ((0.5 * (1.0 + phi(2.0 * length)) - phi(length) * phi(length)) / n).sqrt();
            let z = (sum / n - phi(length)) / deviation;
            assert!(z.abs() < LIMIT, "{alpha} {d}, step {step}, |w| {length}: {z}");
        }
    }
}

#[test]
fn what_cannot_be_split() {
    let isotropic = |alpha| build(&NoiseLaw::Isotropic { alpha, dimension: 2 });
    assert!(matches!(isotropic(0.3).small_jumps(1.0), Err(IntegratorError::Parameter { .. })));
    assert!(matches!(isotropic(1.5).small_jumps(0.0), Err(IntegratorError::NotPositive { .. })));
    let Ok(small) = isotropic(1.5).small_jumps(1.0) else { panic!() };
    let split = small.coordinate(0).map(|noise| noise.small_jumps(0.5).map(|_| ()));
    assert!(matches!(split, Some(Err(IntegratorError::NoSplit(_)))));
    assert!(build(&NoiseLaw::Isotropic { alpha: 2.0, dimension: 2 }).small_jumps(1.0).is_ok());
    assert!(matches!(build(&stable(0.1, 0.5)).small_jumps(1.0), Err(IntegratorError::Parameter { .. })));
    for (law, _) in laws() {
        for radius in [0.0, -1.0, f64::NAN] {
            assert!(build(&law).small_jumps(radius).is_err(), "{law:?} {radius}");
            assert!(LargeJumps::new(build(&law).as_ref(), radius).is_err());
        }
    }
}

fn large(noise: &dyn Noise, radius: f64) -> LargeJumps<'_> {
    match LargeJumps::new(noise, radius) {
        Ok(large) => large,
        Err(error) => panic!("{error}"),
    }
}

/// From common sizes to the rarest that 52 random bits reach.
fn shares() -> impl Iterator<Item = f64> {
    (0..53).map(|k| libm::ldexp(0.93, -k))
}

fn close(seen: f64, exact: f64, name: &str) {
    assert!((seen / exact - 1.0).abs() < 1e-12, "{name}: {seen:e}, not {exact:e}");
}

#[test]
fn quantiles_of_large_jumps_have_closed_forms() {
    let radius = 0.7;
    for u in shares() {
        for (alpha, beta) in [(0.4, 0.0), (1.5, 0.5), (1.0, -0.5)] {
            // The last is not self-similar.
            let noise = build(&stable(alpha, beta));
            let jumps = large(noise.as_ref(), radius);
            for side in [Side::Lower, Side::Upper] {
                let seen = jumps.quantile(side, u * jumps.rate(side));
                close(seen, radius * libm::pow(u, -1.0 / alpha), &format!("stable {alpha} {beta} {u}"));
            }
        }
        let compound = |jump| build(&NoiseLaw::CompoundPoisson { rate: 3.0, jump });
        let noise = compound(JumpLaw::Exponential { scale: 0.2 });
        let jumps = large(noise.as_ref(), radius);
        let seen = jumps.quantile(Side::Upper, u * jumps.rate(Side::Upper));
        close(seen, radius - 0.2 * libm::log(u), &format!("exponential {u}"));
        let noise = compound(JumpLaw::Uniform { lower: 0.5, upper: 2.0 });
        let jumps = large(noise.as_ref(), radius);
        close(jumps.quantile(Side::Upper, u * jumps.rate(Side::Upper)), 2.0 - 1.3 * u, "uniform");
        assert_eq!(jumps.rate(Side::Lower), 0.0);
        let noise = compound(JumpLaw::Pareto { alpha: 0.9, minimum: 1.1, signed: true });
        let jumps = large(noise.as_ref(), radius);
        let seen = jumps.quantile(Side::Lower, u * jumps.rate(Side::Lower));
        close(seen, 1.1 * libm::pow(u, -1.0 / 0.9), "Pareto");
    }
}

#[test]
fn quantiles_invert_the_tails() {
    for (law, _) in laws() {
        let noise = build(&law);
        let jumps = large(noise.as_ref(), 0.7);
        for side in [Side::Lower, Side::Upper] {
            let rate = jumps.rate(side);
            assert_eq!(rate, noise.jump_tail(side, 0.7));
            assert_eq!(jumps.quantile(side, rate), 0.7);
            let mut last = 0.7;
            for mass in shares().map(|u| u * rate).filter(|mass| *mass > 0.0) {
                let y = jumps.quantile(side, mass);
                assert!(y >= last, "{law:?} {mass}");
                last = y;
                // All the mass that the size takes.
                let (before, after) =
                    (jumps.tail(side, y * (1.0 - 1e-12)), jumps.tail(side, y * (1.0 + 1e-12)));
                assert!(before >= mass * (1.0 - 1e-12) && after <= mass, "{law:?} {mass:e}: {y}");
            }
        }
    }
}

#[test]
fn atoms_are_met_exactly() {
    let noise = build(&NoiseLaw::CappedStable { alpha: 1.2, cap: 1.7 });
    let jumps = large(noise.as_ref(), 0.7);
    let atom = jumps.tail(Side::Lower, 1.7_f64.next_down());
    for u in shares() {
        assert_eq!(jumps.quantile(Side::Lower, u * atom), 1.7);
    }
    assert!(jumps.quantile(Side::Lower, 1.01 * atom) < 1.7);
    for jump in [JumpLaw::Fixed { size: 1.9 }, JumpLaw::TwoSidedFixed { size: 1.9 }] {
        let noise = build(&NoiseLaw::CompoundPoisson { rate: 2.0, jump });
        let jumps = large(noise.as_ref(), 0.7);
        assert_eq!(jumps.quantile(Side::Upper, 0.3 * jumps.rate(Side::Upper)), 1.9);
    }
}

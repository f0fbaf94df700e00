//! The families of noises beside Brownian and stable motion, against their laws.
//!
//! Each check is a z-score of a fixed-seed sample against the characteristic exponent that the noise
//! itself states (the exponents have reference values of their own in the unit tests), or against a closed form. A
//! check fails beyond 6.5 standard deviations: two-sided 8e-11 each, below 1e-6 for all ten thousand of them
//! together. The `#[ignore]`d tests are the same with a hundred million draws or more each:
//! `cargo test --test families -- --ignored at_length`.

use levyscape_integrator::noise::{BLOCK, JumpLaw, Noise, NoiseBlock, Sampler, Side, WeightedNoise};
use levyscape_integrator::rng::{LANES, LaneRng};
use levyscape_integrator::{NoiseLaw, StreamKey};

const LIMIT: f64 = 6.5;

fn build(law: &NoiseLaw) -> Box<dyn Noise> {
    match law.build() {
        Ok(noise) => noise,
        Err(error) => panic!("{law:?}: {error}"),
    }
}

fn sampler(noise: &dyn Noise, step: f64) -> Box<dyn Sampler> {
    match noise.sampler(step) {
        Ok(sampler) => sampler,
        Err(error) => panic!("step {step}: {error}"),
    }
}

fn generators(seed: u64) -> LaneRng {
    let mut rng = LaneRng::default();
    for lane in 0..LANES {
        rng.seed_lane(lane, &StreamKey { seed, point: 0, task: 0 }, lane as u64);
    }
    rng
}

/// Calls `visit` with at least `draws` increments, all coordinates and both parts together.
fn increments(noise: &dyn Noise, step: f64, draws: usize, seed: u64, mut visit: impl FnMut(&[f64])) {
    let mut rng = generators(seed);
    let sampler = sampler(noise, step);
    // Rows that a noise does not fill must not be read.
    let mut blocks = NoiseBlock::zeros(noise.dimension());
    let (jumps, diffusion) = (noise.has_jumps(), noise.gaussian_variance() > 0.0);
    let mut x = vec![0.0; noise.dimension()];
    for _ in 0..draws.div_ceil(BLOCK * LANES) {
        sampler.fill(&mut rng, LANES, &mut blocks);
        for row in 0..BLOCK {
            for lane in 0..LANES {
                for (x, block) in x.iter_mut().zip(&blocks) {
                    *x = 0.0;
                    if jumps {
                        *x += block.jumps[row][lane];
                    }
                    if diffusion {
                        *x += block.diffusion[row][lane];
                    }
                }
                visit(&x);
            }
        }
    }
}

/// Sums of `cos(w.X)` and `sin(w.X)` for some vectors `w`.
struct Characteristic {
    frequencies: Vec<Vec<f64>>,
    sums: Vec<[f64; 2]>,
    count: f64,
}

impl Characteristic {
    fn new(frequencies: Vec<Vec<f64>>) -> Self {
        Self { sums: vec![[0.0; 2]; frequencies.len()], frequencies, count: 0.0 }
    }

    fn add(&mut self, x: &[f64]) {
        self.count += 1.0;
        for (sum, w) in self.sums.iter_mut().zip(&self.frequencies) {
            let angle: f64 = w.iter().zip(x).map(|(w, x)| w * x).sum();
            let (sine, cosine) = libm::sincos(angle);
            sum[0] += cosine;
            sum[1] += sine;
        }
    }

    /// z-scores of both parts against `exp(step psi(w))`.
    fn scores(&self, step: f64, exponent: impl Fn(&[f64]) -> [f64; 2]) -> Vec<f64> {
        let phi = |w: &[f64]| {
            let [re, im] = exponent(w);
            let size = libm::exp(step * re);
            [size * libm::cos(step * im), size * libm::sin(step * im)]
        };
        let mut scores = Vec::new();
        for (w, sums) in self.frequencies.iter().zip(&self.sums) {
            let double: Vec<f64> = w.iter().map(|w| 2.0 * w).collect();
            let ([re, im], [re2, _]) = (phi(w), phi(&double));
            for (sum, mean, square) in [(sums[0], re, 0.5 * (1.0 + re2)), (sums[1], im, 0.5 * (1.0 - re2))] {
                let deviation = ((square - mean * mean).max(0.0) / self.count).sqrt();
                scores.push((sum / self.count - mean) / deviation.max(1e-300));
            }
        }
        scores
    }
}

fn assert_scores(name: &str, scores: &[f64]) {
    let line: Vec<String> = scores.iter().map(|z| format!("{z:.2}")).collect();
    println!("{name}: z = {}", line.join(" "));
    for z in scores {
        assert!(z.abs() < LIMIT, "{name}: z = {z}");
    }
}

/// Directions and lengths in `d` dimensions.
fn frequencies(d: usize, sizes: &[f64]) -> Vec<Vec<f64>> {
    let axis = |k: usize| (0..d).map(|j| f64::from(u8::from(j == k))).collect::<Vec<f64>>();
    let mut directions = vec![axis(0), axis(d - 1)];
    directions.push(vec![1.0 / (d as f64).sqrt(); d]);
    // Something oblique, with both signs.
    let oblique: Vec<f64> = (0..d).map(|j| libm::cos(1.0 + 2.0 * j as f64)).collect();
    let length = oblique.iter().map(|x| x * x).sum::<f64>().sqrt();
    directions.push(oblique.iter().map(|x| x / length).collect());
    let mut out = Vec::new();
    for direction in directions {
        out.extend(sizes.iter().map(|size| direction.iter().map(|x| size * x).collect::<Vec<f64>>()));
    }
    out
}

/// Frequencies at which the increment over `step` has a characteristic function that is neither 1 nor 0, on
/// both sides of 0 (the law may be skewed).
fn telling_frequencies(noise: &dyn Noise, step: f64) -> Vec<f64> {
    let mut found: Vec<f64> = (-160..160)
        .map(|k| libm::exp2(0.5 * f64::from(k)))
        .filter(|&w| (0.02..4.0).contains(&(-step * noise.exponent(w)[0])))
        .take(12)
        .collect();
    assert!(found.len() > 2, "{found:?}");
    if let Some(w) = found.first_mut() {
        *w = -*w;
    }
    found
}

/// Single increments and sums of two neighbours (which are increments over twice the step) against the
/// exponent.
fn check(name: &str, noise: &dyn Noise, step: f64, draws: usize, seed: u64) {
    let frequencies = telling_frequencies(noise, step);
    let vectors = || frequencies.iter().map(|&w| vec![w]).collect();
    let (mut single, mut pairs) = (Characteristic::new(vectors()), Characteristic::new(vectors()));
    let mut kept = Vec::new();
    increments(noise, step, draws, seed, |x| {
        assert!(x[0].is_finite());
        single.add(x);
        // The steps of a lane are LANES draws apart.
        kept.push(x[0]);
        if kept.len() == 2 * LANES {
            for lane in 0..LANES {
                pairs.add(&[kept[lane] + kept[LANES + lane]]);
            }
            kept.clear();
        }
    });
    let exponent = |w: &[f64]| noise.exponent(w[0]);
    let mut scores = single.scores(step, exponent);
    scores.extend(pairs.scores(2.0 * step, exponent));
    assert_scores(&format!("{name}, step {step:e}"), &scores);
}

const DRAWS: usize = 1_000_000;
const MANY: usize = 100_000_000;

fn isotropic(draws: usize) {
    for (seed, (alpha, dimension)) in
        [(0.3, 2), (0.8, 2), (1.0, 3), (1.5, 2), (1.9, 5), (2.0, 2), (1.3, 1)].into_iter().enumerate()
    {
        let noise = build(&NoiseLaw::Isotropic { alpha, dimension });
        assert_eq!(noise.dimension(), dimension);
        for (index, step) in [1e-8, 1e-3, 1.0, 100.0].into_iter().enumerate() {
            let unit = libm::pow(step, -1.0 / alpha);
            let seed = 1000 + 10 * seed as u64 + index as u64;
            let mut seen = Characteristic::new(frequencies(dimension, &[0.3, 1.0, 2.0].map(|w| w * unit)));
            increments(noise.as_ref(), step, draws, seed, |x| {
                assert!(x.iter().all(|x| x.is_finite()));
                seen.add(x);
            });
            let exponent = |w: &[f64]| {
                let square: f64 = w.iter().map(|w| w * w).sum();
                [-libm::pow(square, 0.5 * alpha), 0.0]
            };
            assert_scores(&format!("isotropic {alpha} {dimension} {step}"), &seen.scores(step, exponent));
        }
    }
}

#[test]
fn every_projection_of_isotropic_noise_is_stable() {
    isotropic(DRAWS / 4);
}

#[test]
#[ignore = "minutes: a hundred million draws"]
fn every_projection_of_isotropic_noise_is_stable_at_length() {
    isotropic(MANY / 10);
}

#[test]
fn the_radius_of_isotropic_noise_has_its_tail() {
    use levyscape_integrator::noise::isotropic_constant;
    for (seed, (alpha, d)) in [(0.6, 2), (1.0, 2), (1.5, 3)].into_iter().enumerate() {
        let noise = build(&NoiseLaw::Isotropic { alpha, dimension: d });
        // Over a short step the increment beyond 1 is one jump: the measure of |z| > 1 times the step, up to
        // a relative O(step).
        let step = 1e-3;
        let sphere = 2.0 * libm::pow(core::f64::consts::PI, 0.5 * d as f64) / libm::tgamma(0.5 * d as f64);
        let p = step * isotropic_constant(alpha, d) / alpha * sphere;
        let (mut count, mut beyond) = (0.0, 0.0);
        increments(noise.as_ref(), step, 4 * DRAWS, seed as u64, |x| {
            count += 1.0;
            beyond += f64::from(u8::from(x.iter().map(|x| x * x).sum::<f64>() > 1.0));
        });
        let z = (beyond - count * p) / (count * p).sqrt();
        assert_scores(&format!("radius {alpha} {d}"), &[z]);
    }
}

#[test]
fn independent_coordinates() {
    let coordinates =
        vec![NoiseLaw::stable(1.2), NoiseLaw::Brownian, NoiseLaw::stable(1.8), NoiseLaw::stable(2.0)];
    let noise = build(&NoiseLaw::Independent { coordinates });
    assert_eq!(noise.dimension(), 4);
    assert!(noise.has_jumps() && noise.gaussian_variance() == 2.0 && !noise.is_self_similar());
    assert_eq!(noise.scaling_index(), 2.0);
    let step = 0.5;
    let mut seen = Characteristic::new(frequencies(4, &[0.5, 1.0, 3.0]));
    increments(noise.as_ref(), step, DRAWS, 7, |x| seen.add(x));
    let exponent = |w: &[f64]| {
        let mut sum = [0.0; 2];
        for (k, w) in w.iter().enumerate() {
            let Some(coordinate) = noise.coordinate(k) else { panic!("coordinate {k}") };
            let [re, im] = coordinate.exponent(*w);
            sum = [sum[0] + re, sum[1] + im];
        }
        sum
    };
    assert_scores("independent", &seen.scores(step, exponent));
    assert!(noise.coordinate(4).is_none());
    assert!(NoiseLaw::stable(1.5).independent(10).build().is_ok_and(|noise| noise.is_self_similar()));
}

fn jump_laws() -> Vec<JumpLaw> {
    vec![
        JumpLaw::Gaussian { scale: 0.7 },
        JumpLaw::Laplace { scale: 0.7 },
        JumpLaw::Exponential { scale: 1.3 },
        JumpLaw::Uniform { lower: -0.5, upper: 2.0 },
        JumpLaw::Fixed { size: -0.8 },
        JumpLaw::TwoSidedFixed { size: 0.8 },
        JumpLaw::Pareto { alpha: 1.2, minimum: 0.3, signed: true },
        JumpLaw::Pareto { alpha: 0.6, minimum: 0.3, signed: false },
        JumpLaw::StudentT { nu: 1.5, scale: 0.6 },
        JumpLaw::StudentT { nu: 30.0, scale: 0.6 },
    ]
}

fn compound_poisson(draws: usize) {
    for (index, jump) in jump_laws().into_iter().enumerate() {
        // Mean numbers of jumps in a step from 0.05 to 100.
        for (seed, (rate, step)) in
            [(5e6, 1e-8), (1e3, 1e-3), (3.0, 1.0), (1.0, 100.0)].into_iter().enumerate()
        {
            let noise = build(&NoiseLaw::CompoundPoisson { rate, jump });
            let seed = 2000 + 10 * index as u64 + seed as u64;
            check(&format!("{jump:?}"), noise.as_ref(), step, draws, seed);
        }
    }
}

#[test]
fn compound_poisson_noise() {
    compound_poisson(DRAWS / 8);
}

#[test]
#[ignore = "minutes: a hundred million draws"]
fn compound_poisson_noise_at_length() {
    compound_poisson(MANY / 40);
}

#[test]
fn jumps_have_the_tail_of_their_law() {
    // One jump a step at most: the rate of increments beyond r is the Lévy measure's.
    for (index, jump) in jump_laws().into_iter().enumerate() {
        let (rate, step) = (1.0, 1e-3);
        let noise = build(&NoiseLaw::CompoundPoisson { rate, jump });
        let levels = [0.35, 0.75, 1.6];
        let mut counts = [[0.0; 2]; 3];
        let mut n = 0.0;
        increments(noise.as_ref(), step, 4 * DRAWS, 2200 + index as u64, |x| {
            n += 1.0;
            for (count, level) in counts.iter_mut().zip(levels) {
                count[0] += f64::from(u8::from(x[0] > level));
                count[1] += f64::from(u8::from(x[0] < -level));
            }
        });
        let mut scores = Vec::new();
        for (count, level) in counts.iter().zip(levels) {
            for (count, side) in count.iter().zip([Side::Upper, Side::Lower]) {
                let expected = n * step * noise.jump_tail(side, level);
                // About n (rate step)^2 = 4 draws have two jumps and may miscount.
                scores.push((count - expected) / (expected + 16.0).sqrt());
            }
        }
        assert_scores(&format!("tail of {jump:?}"), &scores);
    }
}

fn cut_laws() -> Vec<NoiseLaw> {
    let mut laws = Vec::new();
    for alpha in [0.3, 0.6, 1.0, 1.0 + 1e-9, 1.5, 1.9, 1.99] {
        laws.push(NoiseLaw::TemperedStable { alpha, mu: 0.8 });
        laws.push(NoiseLaw::TruncatedStable { alpha, radius: 1.5 });
        laws.push(NoiseLaw::CappedStable { alpha, cap: 1.5 });
    }
    laws
}

fn cut_stable_noise(draws: usize) {
    for (index, law) in cut_laws().into_iter().enumerate() {
        let noise = build(&law);
        for (seed, step) in [1e-8, 1e-3, 1.0, 100.0].into_iter().enumerate() {
            check(&format!("{law:?}"), noise.as_ref(), step, draws, 3000 + 10 * index as u64 + seed as u64);
        }
    }
}

#[test]
fn tempered_truncated_and_capped_stable_noise() {
    cut_stable_noise(DRAWS / 8);
}

#[test]
#[ignore = "minutes: a hundred million draws"]
fn tempered_truncated_and_capped_stable_noise_at_length() {
    cut_stable_noise(MANY / 80);
}

/// Variance of the increment over a unit of time, in closed form.
fn variance(law: &NoiseLaw) -> f64 {
    use levyscape_integrator::noise::tail_constant;
    match *law {
        NoiseLaw::TemperedStable { alpha, mu } => {
            2.0 * tail_constant(alpha) * libm::tgamma(2.0 - alpha) * mu.powf(alpha - 2.0)
        }
        NoiseLaw::TruncatedStable { alpha, radius } => {
            2.0 * tail_constant(alpha) * radius.powf(2.0 - alpha) / (2.0 - alpha)
        }
        NoiseLaw::CappedStable { alpha, cap } => {
            2.0 * tail_constant(alpha) * cap.powf(2.0 - alpha) * (1.0 / (2.0 - alpha) + 1.0 / alpha)
        }
        _ => f64::NAN,
    }
}

/// `P(X > x)` for a symmetric law with a decaying characteristic function: the inversion integral as a Fourier
/// series with a period that the law does not reach.
fn tail(noise: &dyn Noise, step: f64, period: f64, x: f64) -> f64 {
    let mut above = 0.5 - 0.5 * x / period;
    for k in 1..2_000_000 {
        let frequency = core::f64::consts::PI * f64::from(k) / period;
        let size = libm::exp(step * noise.exponent(frequency)[0]);
        if size < 1e-13 {
            return above;
        }
        above -= size * libm::sin(frequency * x) / (core::f64::consts::PI * f64::from(k));
    }
    panic!("the characteristic function decays too slowly")
}

fn distribution(draws: usize) {
    for (index, law) in cut_laws().into_iter().enumerate() {
        let noise = build(&law);
        let alpha = noise.scaling_index();
        for (seed, step) in [0.02, 1.0, 30.0].into_iter().enumerate() {
            // Small alpha and short steps have no such integral.
            if libm::pow(30.0 / step, 1.0 / alpha) > 1e3 {
                continue;
            }
            let deviation = (variance(&law) * step).sqrt();
            let period = 40.0 + 12.0 * deviation;
            let levels: Vec<f64> = [-2.5, -1.0, -0.3, -0.05, 0.0, 0.02, 0.1, 0.5, 1.0, 1.5, 2.0, 3.0]
                .iter()
                .map(|level| level * deviation)
                .chain([1.49, 1.51])
                .collect();
            let mut below = vec![0.0; levels.len()];
            let (mut n, mut second, mut fourth) = (0.0, 0.0, 0.0);
            increments(noise.as_ref(), step, draws, 4000 + 10 * index as u64 + seed as u64, |x| {
                n += 1.0;
                let square = x[0] * x[0];
                second += square;
                fourth += square * square;
                for (count, level) in below.iter_mut().zip(&levels) {
                    *count += f64::from(u8::from(x[0] <= *level));
                }
            });
            let (second, fourth) = (second / n, fourth / n);
            let mut scores = vec![(second - deviation * deviation) / ((fourth - second * second) / n).sqrt()];
            for (count, level) in below.iter().zip(&levels) {
                let p = 1.0 - tail(noise.as_ref(), step, period, *level);
                scores.push((count - n * p) / (n * p * (1.0 - p)).sqrt().max(1.0));
            }
            assert_scores(&format!("variance and distribution of {law:?}, step {step}"), &scores);
        }
    }
}

#[test]
fn distribution_functions_and_variances() {
    distribution(DRAWS / 4);
}

#[test]
#[ignore = "minutes: a hundred million draws"]
fn distribution_functions_and_variances_at_length() {
    distribution(MANY / 10);
}

#[test]
fn cut_measures() {
    use levyscape_integrator::noise::tail_constant;
    let stable = |alpha: f64, r: f64| tail_constant(alpha) / alpha * libm::pow(r, -alpha);
    for alpha in [0.3, 1.0, 1.7] {
        for side in [Side::Lower, Side::Upper] {
            let close = |seen: f64, exact: f64| assert!((seen / exact - 1.0).abs() < 1e-12, "{seen} {exact}");
            let capped = build(&NoiseLaw::CappedStable { alpha, cap: 2.0 });
            close(capped.jump_tail(side, 1.9), stable(alpha, 1.9));
            assert_eq!(capped.jump_tail(side, 2.0), 0.0);
            let truncated = build(&NoiseLaw::TruncatedStable { alpha, radius: 2.0 });
            close(truncated.jump_tail(side, 0.5), stable(alpha, 0.5) - stable(alpha, 2.0));
            // Next to the radius the mass is density times width.
            let width = 1e-9;
            let mass = tail_constant(alpha) * libm::pow(2.0, -1.0 - alpha) * (2.0 - (2.0 - width));
            assert!((truncated.jump_tail(side, 2.0 - width) / mass - 1.0).abs() < 1e-8);
            assert_eq!(truncated.jump_tail(side, 3.0), 0.0);
            // Hardly tempered.
            let tempered = build(&NoiseLaw::TemperedStable { alpha, mu: 1e-15 });
            assert!((tempered.jump_tail(side, 0.5) / stable(alpha, 0.5) - 1.0).abs() < 1e-4);
        }
    }
}

fn part(weight: f64, noise: NoiseLaw) -> WeightedNoise {
    WeightedNoise { weight, noise }
}

fn sum_of_four() -> NoiseLaw {
    NoiseLaw::Sum {
        parts: vec![
            part(0.5, NoiseLaw::Brownian),
            part(-0.7, NoiseLaw::CompoundPoisson { rate: 0.8, jump: JumpLaw::Exponential { scale: 1.5 } }),
            part(0.3, NoiseLaw::stable(2.0)),
            part(0.4, NoiseLaw::stable(1.3)),
        ],
    }
}

#[test]
fn sums_of_noises() {
    let noise = build(&sum_of_four());
    assert!((noise.gaussian_variance() - (0.25 + 2.0 * 0.09)).abs() < 1e-15);
    assert_eq!(noise.scaling_index(), 2.0);
    assert!(!noise.is_self_similar());
    let stable = build(&NoiseLaw::stable(1.3));
    let heavy = 0.4_f64.powf(1.3) * stable.jump_tail(Side::Upper, 2.0);
    assert!((noise.jump_tail(Side::Upper, 2.0) / heavy - 1.0).abs() < 1e-13);
    let exponential = 0.8 * libm::exp(-2.0 / 0.7 / 1.5);
    assert!((noise.jump_tail(Side::Lower, 2.0) / (heavy + exponential) - 1.0).abs() < 1e-13);
    for (seed, step) in [1e-8, 1e-3, 1.0, 100.0].into_iter().enumerate() {
        check("sum", noise.as_ref(), step, DRAWS, 2300 + seed as u64);
    }
    // A sum within a sum: its diffusion is drawn once, with the rest.
    let nested =
        build(&NoiseLaw::Sum { parts: vec![part(0.5, sum_of_four()), part(1.0, NoiseLaw::Brownian)] });
    assert!((nested.gaussian_variance() - (0.25 * (0.25 + 2.0 * 0.09) + 1.0)).abs() < 1e-15);
    check("nested sum", nested.as_ref(), 0.5, DRAWS, 2310);
    // Jumps alone stay without diffusion, and alike.
    let jumps = build(&NoiseLaw::Sum {
        parts: vec![part(1.0, NoiseLaw::stable(1.3)), part(2.0, NoiseLaw::stable(1.3))],
    });
    assert!(jumps.is_self_similar() && jumps.gaussian_variance() == 0.0);
    check("two stable parts", jumps.as_ref(), 1.0, DRAWS, 2311);
    let gaussian =
        build(&NoiseLaw::Sum { parts: vec![part(1.0, NoiseLaw::Brownian), part(2.0, NoiseLaw::Brownian)] });
    assert!(!gaussian.has_jumps() && gaussian.gaussian_variance() == 5.0);
    check("two Gaussian parts", gaussian.as_ref(), 1.0, DRAWS, 2312);
}

#[test]
fn a_sum_in_the_plane() {
    let mixed = NoiseLaw::Independent { coordinates: vec![sum_of_four(), NoiseLaw::stable(1.6)] };
    let isotropic = NoiseLaw::Isotropic { alpha: 1.2, dimension: 2 };
    let law = NoiseLaw::Sum {
        parts: vec![part(1.0, mixed), part(-0.5, isotropic), part(0.3, NoiseLaw::Brownian.independent(2))],
    };
    let noise = build(&law);
    assert_eq!(noise.dimension(), 2);
    let step = 0.7;
    let mut seen = Characteristic::new(frequencies(2, &[0.5, 1.0, 3.0]));
    increments(noise.as_ref(), step, DRAWS, 2320, |x| seen.add(x));
    let (sum, stable) = (build(&sum_of_four()), build(&NoiseLaw::stable(1.6)));
    let exponent = |w: &[f64]| {
        let square = w[0] * w[0] + w[1] * w[1];
        let [re, im] = sum.exponent(w[0]);
        let common = libm::pow(0.25 * square, 0.6) + 0.045 * square;
        [re + stable.exponent(w[1])[0] - common, im]
    };
    assert_scores("sum in the plane", &seen.scores(step, exponent));
    // Each coordinate is a process of its own.
    for (k, w) in [[1.3, 0.0], [0.0, 1.3]].into_iter().enumerate() {
        let Some(coordinate) = noise.coordinate(k) else { panic!("coordinate {k}") };
        assert_eq!(coordinate.dimension(), 1);
        let ([re, im], exact) = (coordinate.exponent(1.3), exponent(&w));
        assert!((re - exact[0]).abs() < 1e-13 && (im - exact[1]).abs() < 1e-13);
        check("coordinate of a sum", coordinate, 0.7, DRAWS / 4, 2330 + k as u64);
    }
}

#[test]
fn a_coordinate_without_jumps_clears_the_rows_that_are_read() {
    let law = NoiseLaw::Independent { coordinates: vec![NoiseLaw::Brownian, NoiseLaw::stable(1.0)] };
    let noise = build(&law);
    let mut blocks = NoiseBlock::zeros(2);
    for block in &mut blocks {
        block.jumps = [[f64::NAN; LANES]; BLOCK];
        block.diffusion = [[f64::NAN; LANES]; BLOCK];
    }
    sampler(noise.as_ref(), 0.1).fill(&mut generators(1), LANES, &mut blocks);
    assert!(blocks[0].jumps.as_flattened().iter().all(|&x| x == 0.0));
    assert!(blocks[1].diffusion.as_flattened().iter().all(|&x| x == 0.0));
    for block in &blocks {
        assert!(block.jumps.as_flattened().iter().chain(block.diffusion.as_flattened()).all(|x| !x.is_nan()));
    }
}

#[test]
fn noises_as_scenarios_write_them() {
    let text = r#"{
        "kind": "sum",
        "parts": [
            { "kind": "brownian", "weight": 0.5 },
            { "kind": "tempered_stable", "alpha": 1.2, "mu": 0.1 },
            { "kind": "compound_poisson", "rate": 2, "weight": -1,
              "jump": { "kind": "pareto", "alpha": 1.5, "minimum": 0.1 } }
        ]
    }"#;
    let jump = JumpLaw::Pareto { alpha: 1.5, minimum: 0.1, signed: true };
    let law = NoiseLaw::Sum {
        parts: vec![
            part(0.5, NoiseLaw::Brownian),
            part(1.0, NoiseLaw::TemperedStable { alpha: 1.2, mu: 0.1 }),
            part(-1.0, NoiseLaw::CompoundPoisson { rate: 2.0, jump }),
        ],
    };
    assert_eq!(serde_json::from_str::<NoiseLaw>(text).unwrap(), law);
    let mut laws = cut_laws();
    laws.extend(jump_laws().into_iter().map(|jump| NoiseLaw::CompoundPoisson { rate: 1.0, jump }));
    laws.push(NoiseLaw::Isotropic { alpha: 1.5, dimension: 3 });
    laws.push(sum_of_four().independent(2));
    laws.push(law);
    for law in laws {
        let text = serde_json::to_string(&law).unwrap();
        assert!(text.contains(&format!("\"kind\":\"{}\"", law.name())), "{text}");
        assert_eq!(serde_json::from_str::<NoiseLaw>(&text).unwrap(), law);
    }
}

#[test]
fn impossible_noises_are_refused() {
    let laws = [
        NoiseLaw::Independent { coordinates: vec![] },
        NoiseLaw::Isotropic { alpha: 1.5, dimension: 2 }.independent(2),
        NoiseLaw::Isotropic { alpha: 1.5, dimension: 0 },
        NoiseLaw::Isotropic { alpha: 2.5, dimension: 2 },
        NoiseLaw::Isotropic { alpha: f64::NAN, dimension: 2 },
        NoiseLaw::TemperedStable { alpha: 2.0, mu: 1.0 },
        NoiseLaw::TemperedStable { alpha: 1.0, mu: 0.0 },
        NoiseLaw::TruncatedStable { alpha: 0.0, radius: 1.0 },
        NoiseLaw::TruncatedStable { alpha: 1.0, radius: f64::INFINITY },
        NoiseLaw::CappedStable { alpha: f64::NAN, cap: 1.0 },
        NoiseLaw::CappedStable { alpha: 1.0, cap: -1.0 },
        NoiseLaw::Sum { parts: vec![] },
        NoiseLaw::Sum { parts: vec![part(0.0, NoiseLaw::Brownian)] },
        NoiseLaw::Sum {
            parts: vec![part(1.0, NoiseLaw::Brownian), part(1.0, NoiseLaw::Brownian.independent(2))],
        },
        NoiseLaw::CompoundPoisson { rate: 0.0, jump: JumpLaw::Fixed { size: 1.0 } },
        NoiseLaw::CompoundPoisson { rate: 1.0, jump: JumpLaw::Fixed { size: 0.0 } },
        NoiseLaw::CompoundPoisson { rate: 1.0, jump: JumpLaw::Gaussian { scale: -1.0 } },
        NoiseLaw::CompoundPoisson { rate: 1.0, jump: JumpLaw::Uniform { lower: 1.0, upper: 1.0 } },
        NoiseLaw::CompoundPoisson {
            rate: 1.0,
            jump: JumpLaw::Pareto { alpha: 0.0, minimum: 1.0, signed: true },
        },
        NoiseLaw::CompoundPoisson { rate: 1.0, jump: JumpLaw::StudentT { nu: f64::NAN, scale: 1.0 } },
    ];
    for law in laws {
        assert!(law.build().is_err(), "{law:?}");
    }
}

#[test]
fn the_same_bits_on_every_instruction_set_and_for_any_number_of_lanes() {
    use levyscape_integrator::simd::{force, supported};
    let laws = [
        NoiseLaw::Isotropic { alpha: 0.4, dimension: 2 },
        NoiseLaw::Isotropic { alpha: 1.5, dimension: 3 },
        NoiseLaw::Independent { coordinates: vec![NoiseLaw::stable(1.2), NoiseLaw::Brownian] },
        sum_of_four(),
        NoiseLaw::TemperedStable { alpha: 0.7, mu: 1.0 },
        NoiseLaw::TruncatedStable { alpha: 1.5, radius: 1.0 },
        NoiseLaw::CappedStable { alpha: 1.5, cap: 0.1 },
        NoiseLaw::CompoundPoisson { rate: 3.0, jump: JumpLaw::StudentT { nu: 3.0, scale: 1.0 } },
    ];
    for law in laws {
        let noise = build(&law);
        let sampler = sampler(noise.as_ref(), 0.5);
        let mut reference: Option<Vec<u64>> = None;
        for level in supported() {
            force(level);
            for lanes in [1, 5, 8, 63, LANES] {
                let mut rng = generators(9);
                let mut blocks = NoiseBlock::zeros(noise.dimension());
                let mut bits: Vec<u64> = Vec::new();
                for _ in 0..3 {
                    sampler.fill(&mut rng, lanes, &mut blocks);
                    for block in &blocks {
                        let rows = block.jumps.iter().chain(&block.diffusion);
                        bits.extend(rows.map(|row| row[0].to_bits()));
                        bits.push(block.crossings[0]);
                    }
                }
                let reference = reference.get_or_insert_with(|| bits.clone());
                assert_eq!(*reference, bits, "{law:?} {level:?} {lanes}");
            }
        }
    }
}

/// Nanoseconds a variate and coordinate: `cargo test --release --test families -- --ignored --nocapture speed`.
#[test]
#[ignore = "a measurement"]
fn speed() {
    let laws = [
        NoiseLaw::stable(1.5),
        NoiseLaw::stable(0.4),
        NoiseLaw::stable(1.5).independent(10),
        NoiseLaw::Brownian,
        NoiseLaw::Isotropic { alpha: 1.5, dimension: 1 },
        NoiseLaw::Isotropic { alpha: 1.5, dimension: 2 },
        NoiseLaw::Isotropic { alpha: 1.5, dimension: 10 },
        NoiseLaw::Isotropic { alpha: 2.0, dimension: 2 },
        NoiseLaw::TemperedStable { alpha: 1.5, mu: 1.0 },
        NoiseLaw::TemperedStable { alpha: 0.6, mu: 1.0 },
        NoiseLaw::TruncatedStable { alpha: 1.5, radius: 1.0 },
        NoiseLaw::TruncatedStable { alpha: 0.3, radius: 1.0 },
        NoiseLaw::CappedStable { alpha: 1.5, cap: 1.0 },
        NoiseLaw::CompoundPoisson { rate: 1.0, jump: JumpLaw::Gaussian { scale: 1.0 } },
        NoiseLaw::CompoundPoisson { rate: 100.0, jump: JumpLaw::Laplace { scale: 1.0 } },
        NoiseLaw::Sum { parts: vec![part(1.0, NoiseLaw::Brownian), part(2.0, NoiseLaw::stable(1.5))] },
        sum_of_four(),
    ];
    for law in laws {
        let noise = build(&law);
        let start = std::time::Instant::now();
        let sampler = sampler(noise.as_ref(), 0.01);
        let built = start.elapsed();
        let mut rng = generators(1);
        let mut blocks = NoiseBlock::zeros(noise.dimension());
        let mut best = f64::INFINITY;
        for _ in 0..200 {
            let start = std::time::Instant::now();
            for _ in 0..20 {
                sampler.fill(&mut rng, LANES, &mut blocks);
            }
            let count = (20 * BLOCK * LANES * noise.dimension()) as f64;
            best = best.min(start.elapsed().as_secs_f64() / count * 1e9);
        }
        let text = format!("{law:?}");
        println!(
            "{best:6.2} ns, built in {:6.1} ms: {}",
            built.as_secs_f64() * 1e3,
            &text[..text.len().min(90)]
        );
    }
}

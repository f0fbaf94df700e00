//! Counts and sums of a sample of increments, as z-scores against the law that they should have.

pub mod zolotarev;

use levyscape_integrator::StreamKey;
use levyscape_integrator::noise::{BLOCK, Noise, NoiseBlock};
use levyscape_integrator::rng::{LANES, LaneRng};

use zolotarev::Law;

/// Beyond six standard deviations a check fails: two-sided 2e-9 for a normal score, 2e-8 for a count with an
/// expectation of 100, which is the least that is looked at.
pub const LIMIT: f64 = 6.0;
const LEAST_COUNT: f64 = 100.0;
/// A Kolmogorov–Smirnov statistic `sqrt(n) D` beyond this, with probability `2 exp(-2 D^2) = 5e-10`, is as bad
/// as a score of [`LIMIT`].
const KOLMOGOROV: f64 = 3.33;
/// Frequencies: this many, each twice the one before.
const FREQUENCIES: usize = 5;
/// Walks of ten steps a lane.
const WALK: usize = 10;

/// Increments row by row, one a lane, without end.
pub type Increments<'a> = Box<dyn FnMut(&mut [f64; LANES]) + 'a>;

/// The increments of a noise over a step.
pub fn increments(noise: &dyn Noise, step: f64, seed: u64) -> Increments<'static> {
    let sampler = noise.sampler(step).expect("a valid step");
    let has_jumps = noise.has_jumps();
    let key = StreamKey { seed, point: 0, task: 0 };
    let mut rng = LaneRng::default();
    (0..LANES).for_each(|lane| rng.seed_lane(lane, &key, lane as u64));
    let mut blocks = NoiseBlock::zeros(1);
    let mut next = BLOCK;
    Box::new(move |row| {
        if next == BLOCK {
            sampler.fill(&mut rng, LANES, &mut blocks);
            next = 0;
        }
        *row = if has_jumps { blocks[0].jumps[next] } else { blocks[0].diffusion[next] };
        next += 1;
    })
}

/// The sums of `count` increments in a row.
pub fn sums(mut increments: Increments<'_>, count: usize) -> Increments<'_> {
    Box::new(move |row| {
        *row = [0.0; LANES];
        let mut next = [0.0; LANES];
        for _ in 0..count {
            increments(&mut next);
            row.iter_mut().zip(&next).for_each(|(sum, x)| *sum += x);
        }
    })
}

/// What a sample shows.
pub struct Tally {
    draws: f64,
    /// Sums of `cos(w x)` and `sin(w x)`.
    waves: [[f64; 2]; FREQUENCIES],
    /// How many increments lie below the first threshold, between it and the second, and so on.
    bins: Vec<f64>,
    positive: f64,
    walks: f64,
    positive_walks: f64,
}

/// What is counted: the thresholds of an increment, ascending, with their exact probabilities.
pub struct Plan {
    law: Law,
    step: f64,
    frequency: f64,
    thresholds: Vec<f64>,
    /// The thresholds for the step 1, from the law's centre.
    offsets: Vec<f64>,
    /// Probabilities of less and of more than each threshold.
    tails: Vec<[f64; 2]>,
}

impl Plan {
    /// Thresholds and frequencies that show the increments over a unit of time of a stable process from every side.
    pub fn new(law: Law) -> Self {
        let sizes = (-12..=20).map(|k| libm::pow(10.0, 0.25 * f64::from(k)));
        // From the origin of S1 and from that of S0, where they are apart.
        let mut offsets: Vec<f64> = sizes.flat_map(|size| [size, -size]).collect();
        offsets.push(0.0);
        let centre = law.centre();
        if centre.abs() < 1e3 {
            offsets.extend(offsets.clone().iter().map(|x| x - centre));
        }
        offsets.sort_by(f64::total_cmp);
        offsets.dedup();
        let tails = offsets.iter().map(|&x| {
            let upper = law.upper(x);
            // Each from its own integral where it is small.
            if upper < 0.9 { [1.0 - upper, upper] } else { [law.lower(x), upper] }
        });
        let tails = tails.collect();
        Self { law, step: 1.0, frequency: 0.0, thresholds: Vec::new(), offsets, tails }.with_step(1.0)
    }

    /// The same for another step.
    pub fn with_step(mut self, step: f64) -> Self {
        let law = self.law;
        let scale = libm::pow(step, 1.0 / law.alpha);
        self.thresholds = self.offsets.iter().map(|x| scale * (law.centre() + x) + law.drift(step)).collect();
        self.frequency = libm::pow(0.7 / step, 1.0 / law.alpha) / 4.0;
        self.step = step;
        self
    }

    /// Tallies at least `draws` increments.
    pub fn tally(&self, draws: usize, mut increments: Increments) -> Tally {
        let mut tally = Tally {
            draws: 0.0,
            waves: [[0.0; 2]; FREQUENCIES],
            bins: vec![0.0; self.thresholds.len() + 1],
            positive: 0.0,
            walks: 0.0,
            positive_walks: 0.0,
        };
        let mut row = [0.0; LANES];
        while tally.draws < draws as f64 {
            let mut position = [0.0; LANES];
            let mut positive = [true; LANES];
            for _ in 0..WALK {
                increments(&mut row);
                for (lane, &x) in row.iter().enumerate() {
                    assert!(x.is_finite());
                    let (mut sine, mut cosine) = libm::sincos(self.frequency * x);
                    for sums in &mut tally.waves {
                        sums[0] += cosine;
                        sums[1] += sine;
                        (sine, cosine) = (2.0 * sine * cosine, (cosine - sine) * (cosine + sine));
                    }
                    tally.bins[self.thresholds.partition_point(|&threshold| threshold < x)] += 1.0;
                    tally.positive += f64::from(u8::from(x > 0.0));
                    position[lane] += x;
                    positive[lane] &= position[lane] > 0.0;
                }
            }
            tally.draws += (WALK * LANES) as f64;
            tally.walks += LANES as f64;
            tally.positive_walks += positive.iter().filter(|&&positive| positive).count() as f64;
        }
        tally
    }

    /// Every check of a tally, as a named z-score; `exponent` is the characteristic exponent of the process.
    pub fn scores(&self, tally: &Tally, exponent: impl Fn(f64) -> [f64; 2]) -> Vec<(&'static str, f64)> {
        let n = tally.draws;
        let mut scores = Vec::new();
        let phi = |w: f64| {
            let [re, im] = exponent(w).map(|part| self.step * part);
            [libm::exp(re) * libm::cos(im), libm::exp(re) * libm::sin(im)]
        };
        for (k, [cosines, sines]) in tally.waves.iter().enumerate() {
            let w = self.frequency * f64::from(1 << k);
            let ([re, im], [twice, _]) = (phi(w), phi(2.0 * w));
            let deviation = |mean: f64, square: f64| ((square - mean * mean) / n).sqrt();
            scores.push(("real part", (cosines / n - re) / deviation(re, 0.5 * (1.0 + twice))));
            scores.push(("imaginary part", (sines / n - im) / deviation(im, 0.5 * (1.0 - twice))));
        }
        let below: Vec<f64> = tally
            .bins
            .iter()
            .scan(0.0, |sum, count| {
                *sum += count;
                Some(*sum)
            })
            .collect();
        let distance = below
            .iter()
            .zip(&self.tails)
            .map(|(below, [lower, _])| (below / n - lower).abs())
            .fold(0.0, f64::max);
        scores.push(("Kolmogorov-Smirnov", n.sqrt() * distance / KOLMOGOROV * LIMIT));
        // The far tails, where Kolmogorov and Smirnov see nothing: a hundredth, and as far as counts reach.
        for level in [0.01, LEAST_COUNT / n] {
            let deepest = |side: usize| {
                let candidates = self.tails.iter().enumerate().filter(move |(_, tails)| tails[side] >= level);
                candidates.min_by(|(_, a), (_, b)| a[side].total_cmp(&b[side]))
            };
            if let Some((k, tails)) = deepest(0) {
                scores.push(("lower tail", binomial(below[k], tails[0], n)));
            }
            if let Some((k, tails)) = deepest(1) {
                scores.push(("upper tail", binomial(n - below[k], tails[1], n)));
            }
        }
        if let Some(rho) = self.law.positivity() {
            scores.push(("positivity", binomial(tally.positive, rho, n)));
            // Sparre Andersen: (1 - s)^-rho generates the probabilities of staying positive.
            let stay = (0..WALK).map(|k| (k as f64 + rho) / (k + 1) as f64).product();
            scores.push(("Sparre Andersen", binomial(tally.positive_walks, stay, tally.walks)));
        }
        scores
    }

    /// The Kolmogorov–Smirnov distance of two samples, scaled so that it is a score.
    pub fn distance(&self, one: &Tally, other: &Tally) -> f64 {
        let (mut difference, mut largest) = (0.0, 0.0_f64);
        for (a, b) in one.bins.iter().zip(&other.bins) {
            difference += a / one.draws - b / other.draws;
            largest = largest.max(f64::abs(difference));
        }
        let n = one.draws * other.draws / (one.draws + other.draws);
        n.sqrt() * largest / KOLMOGOROV * LIMIT
    }
}

/// The score of a count.
fn binomial(count: f64, p: f64, n: f64) -> f64 {
    let expected = n * p;
    if expected * (1.0 - p) < 1e-3 {
        // Certain one way or the other: a single exception is too much.
        return if (count - expected).abs() < 0.5 { 0.0 } else { 1e3 };
    }
    if expected.min(n - expected) < LEAST_COUNT {
        // The normal score says nothing.
        return 0.0;
    }
    (count - expected) / (expected * (1.0 - p)).sqrt()
}

/// The largest score, with its name.
pub fn worst(scores: &[(&'static str, f64)]) -> (&'static str, f64) {
    let largest = |a: &&(&str, f64), b: &&(&str, f64)| a.1.abs().total_cmp(&b.1.abs());
    scores.iter().max_by(largest).copied().unwrap_or(("nothing", f64::INFINITY))
}

/// Checks increments against a law; prints the largest score.
pub fn check(name: &str, plan: &Plan, tally: &Tally, exponent: impl Fn(f64) -> [f64; 2]) {
    let scores = plan.scores(tally, exponent);
    let (what, score) = worst(&scores);
    let Law { alpha, beta } = plan.law;
    let line = format!("{name:<12} alpha {alpha:<12} beta {beta:<5} step {:<7}", plan.step);
    println!("{line} worst of {}: {what} {score:.2}", scores.len());
    // A NaN is no pass.
    assert!(score.abs() < LIMIT, "{line} {scores:.2?}");
}

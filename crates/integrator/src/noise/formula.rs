//! Stable variates by the formula of Chambers, Mallows and Stuck (1976), exact for every law.
//!
//! With `V` uniform on (-pi/2, pi/2), `W` standard exponential, `e = 1 - alpha` and
//! `z = beta tan(pi alpha/2)`, the S1 variate is
//!
//! ```text
//! X = (sin(alpha V) + z cos(alpha V))/cos V * Z^(e/alpha),   Z = (cos(eV) + z sin(eV))/(W cos V).
//! ```
//!
//! Three things keep it exact. The mirror image: `V -> -V` turns the variate of `beta` into minus that of
//! `-beta`, so only `V > 0` is evaluated, with a random sign. The distance `t = pi/2 - V` from the end, which
//! is what is drawn: `cos V = sin t`, and every sine is taken from its nearer zero as a sum of positive
//! terms. The mixture: both numerators are linear in `beta`, so with weights `1 - |beta|` and `|beta|` they
//! are those of the symmetric and of a one-sided law, in each of which nothing cancels:
//!
//! ```text
//! cos(eV) + z sin(eV)         = (1 - |beta|) cos(eV)    + |beta| sin(|e| x)/sin(pi|e|/2),
//! sin(alpha V) + z cos(alpha V) = (1 - |beta|) sin(alpha V) +- |beta| sin(alpha x)/sin(pi e/2),
//! ```
//!
//! with `x = pi/2 + V` for `beta > 0` (upper sign) and `x = pi/2 - V` for `beta < 0`. So a variate of
//! `alpha < 1`, `beta = 1` is positive always.
//!
//! Near `alpha = 1` both `z` and the cancelling part of `X` are large. There the variate is centred as the
//! parameterisation S0 has it, `X = X0 + z`, and with `D = (Z^(e/alpha) - 1)/e`, `b = z sin(eV)`,
//!
//! ```text
//! X0 = (tan V (cos(eV) + b) - sin(eV)) (1 + eD) - b tan(eV/2) + beta e cot(pi e/2) cos(eV) D,
//! ```
//!
//! in which every factor tends to that of `alpha = 1`, e.g. `D -> ln Z` and `e cot(pi e/2) -> 2/pi`.

use core::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

use super::BLOCK;
use super::stable::{logarithmic_drift, skewed_tangent};
use crate::dispatch;
use crate::math::{exp, exp_m1, ln, pow, sin_quarter, uniform, with_sign};
use crate::rng::{LANES, LaneRng};

/// Up to this distance `|1 - alpha|` a skewed law takes the centred form.
const NEAR_ONE: f64 = 0.1;
/// In the centred form this stands for `1 - alpha = 0`: every limit is then attained to the last digit.
const TINY: f64 = 1e-30;
/// Larger exponents are cut, as the variate would leave the range of numbers (`alpha < 0.07`).
const LARGEST_EXPONENT: f64 = 650.0;

/// Increments of a stable process over one time step, by the formula.
pub(super) struct Formula {
    alpha: f64,
    beta: f64,
    form: u8,
    /// `1 - alpha`, in the centred form never 0.
    excess: f64,
    scale: f64,
    ln_scale: f64,
    shift: f64,
    /// `1/sin(pi |1-alpha|/2)` and `cot(pi |1-alpha|/2)`.
    cosecant: f64,
    cotangent: f64,
}

// How a law is evaluated: constants, since a loop that chooses inside does not vectorise.
const SYMMETRIC: u8 = 0;
const SKEWED: u8 = 1;
const CENTRED: u8 = 2;

impl Formula {
    /// Increments over a time `step` of the process with the S1 exponent of `alpha` in (0, 2), `beta` in
    /// [-1, 1].
    pub fn new(alpha: f64, beta: f64, step: f64) -> Self {
        let mut excess = 1.0 - alpha;
        let form = match excess.abs() {
            _ if beta == 0.0 => SYMMETRIC,
            distance if distance > NEAR_ONE => SKEWED,
            _ => CENTRED,
        };
        let scale = pow(step, 1.0 / alpha);
        let mut shift = logarithmic_drift(alpha, beta, step);
        if form == CENTRED {
            if excess == 0.0 {
                excess = TINY;
            } else {
                shift = scale * skewed_tangent(alpha, beta);
            }
        }
        let angle = FRAC_PI_2 * excess.abs();
        Self {
            alpha,
            beta,
            form,
            excess,
            scale,
            ln_scale: libm::log(step) / alpha,
            shift,
            cosecant: 1.0 / libm::sin(angle),
            cotangent: libm::cos(angle) / libm::sin(angle),
        }
    }

    /// Writes one increment a lane and step.
    pub fn rows(&self, rng: &mut LaneRng, lanes: usize, rows: &mut [[f64; LANES]; BLOCK]) {
        match self.form {
            SYMMETRIC => symmetric(self, rng, lanes, rows),
            SKEWED => skewed(self, rng, lanes, rows),
            _ => centred(self, rng, lanes, rows),
        }
    }

    /// `cos(eV)`, as the sine of a sum of positive terms; in `t = pi/2 - V`.
    #[inline(always)]
    fn tilted_cosine(&self, t: f64) -> f64 {
        let distance = self.excess.abs();
        sin_quarter((1.0 - distance) * FRAC_PI_2 + distance * t)
    }

    /// `sin(alpha V)`, in `t = pi/2 - V`.
    #[inline(always)]
    fn sine(&self, t: f64) -> f64 {
        let half_sine = sin_quarter(0.5 * self.alpha * (FRAC_PI_2 - t));
        let half_cosine = sin_quarter((2.0 - self.alpha) * FRAC_PI_4 + 0.5 * self.alpha * t);
        2.0 * half_sine * half_cosine
    }

    /// The skewness that a variate with `V > 0` has, of the random sign `bit`; and `x`, `pi - x`.
    #[inline(always)]
    fn mirrored(&self, t: f64, bit: u64) -> (f64, f64, f64) {
        let beta = f64::from_bits(self.beta.to_bits() ^ (bit << 63));
        if beta > 0.0 { (beta, PI - t, t) } else { (beta, t, PI - t) }
    }

    /// `cos(eV) + z sin(eV)`.
    #[inline(always)]
    fn tilt(&self, cosine: f64, x: f64, rest: f64) -> f64 {
        let (distance, weight) = (self.excess.abs(), self.beta.abs());
        let (near, far) = (distance * x, (1.0 - distance) * PI + distance * rest);
        let sine = sin_quarter(if near < far { near } else { far });
        (1.0 - weight) * cosine + weight * self.cosecant * sine
    }
    /// What the angle decides.
    #[inline(always)]
    fn turn<const FORM: u8>(&self, angle: u64) -> Turn {
        let t = FRAC_PI_2 * uniform(angle);
        let turn = match FORM {
            SYMMETRIC => self.symmetric(t),
            SKEWED => self.skewed(t, angle),
            _ => self.centred(t, angle),
        };
        Turn { ratio: turn.ratio, base: with_sign(turn.base, angle), gain: with_sign(turn.gain, angle) }
    }

    #[inline(always)]
    fn symmetric(&self, t: f64) -> Turn {
        let inverse = 1.0 / sin_quarter(t);
        Turn { ratio: self.tilted_cosine(t) * inverse, base: 0.0, gain: self.sine(t) * inverse }
    }

    #[inline(always)]
    fn skewed(&self, t: f64, bit: u64) -> Turn {
        let alpha = self.alpha;
        let (beta, x, rest) = self.mirrored(t, bit);
        let inverse = 1.0 / sin_quarter(t);
        let tilt = self.tilt(self.tilted_cosine(t), x, rest);
        // sin(alpha x), with alpha x below 2 pi, from the nearest of the zeros at 0, pi and 2 pi.
        let to_pi = (1.0 - alpha) * PI + alpha * rest;
        let to_end = if to_pi > 0.0 { alpha * x } else { (2.0 - alpha) * PI + alpha * rest };
        let nearest = if to_pi.abs() < to_end { to_pi.abs() } else { to_end };
        let sine = sin_quarter(nearest);
        let sine = if to_pi > 0.0 { sine } else { -sine };
        let one_sided = if self.excess > 0.0 { self.cosecant } else { -self.cosecant };
        let numerator = (1.0 - self.beta.abs()) * self.sine(t) + beta * one_sided * sine;
        Turn { ratio: tilt * inverse, base: 0.0, gain: numerator * inverse }
    }

    #[inline(always)]
    fn centred(&self, t: f64, bit: u64) -> Turn {
        let distance = self.excess.abs();
        let (beta, x, rest) = self.mirrored(t, bit);
        let cosine = self.tilted_cosine(t);
        // sin(|e|V) and sin(eV)
        let size = sin_quarter(distance * (FRAC_PI_2 - t));
        let sine = if self.excess > 0.0 { size } else { -size };
        let ratio = self.tilt(cosine, x, rest) / sin_quarter(t);
        let linear = ratio * sin_quarter(FRAC_PI_2 - t) - sine;
        let skew = beta * self.cotangent;
        // The sign of e is that of |e|/e = +-1 in D = (eD)/e.
        let slope = if self.excess > 0.0 { skew * cosine } else { -skew * cosine };
        Turn { ratio, base: linear - skew * size * sine / (1.0 + cosine), gain: linear + slope }
    }

    /// The increment; `power` is `(e/alpha) ln(ratio/W)`.
    #[inline(always)]
    fn increment<const FORM: u8>(&self, base: f64, gain: f64, power: f64) -> f64 {
        if FORM == CENTRED {
            return self.scale * (base + gain * exp_m1(power)) + self.shift;
        }
        let exponent = power + self.ln_scale;
        gain * exp(if exponent < LARGEST_EXPONENT { exponent } else { LARGEST_EXPONENT })
    }
}

/// What the angle decides of a variate: with `Z = ratio/W`, it is `gain Z^(e/alpha)`, in the centred form
/// `base + gain (Z^(e/alpha) - 1)`.
struct Turn {
    ratio: f64,
    base: f64,
    gain: f64,
}

dispatch! {
    fn symmetric[](formula: &Formula, rng: &mut LaneRng, lanes: usize, rows: &mut [[f64; LANES]; BLOCK]) = kernel::<SYMMETRIC>
}

dispatch! {
    fn skewed[](formula: &Formula, rng: &mut LaneRng, lanes: usize, rows: &mut [[f64; LANES]; BLOCK]) = kernel::<SKEWED>
}

dispatch! {
    fn centred[](formula: &Formula, rng: &mut LaneRng, lanes: usize, rows: &mut [[f64; LANES]; BLOCK]) = kernel::<CENTRED>
}

/// Two draws a lane and step, turned into an increment, in three loops a row: the chain from the draws to the
/// increment is so long that a processor has too few of them under way at once.
#[inline(always)]
fn kernel<const FORM: u8>(
    formula: &Formula,
    rng: &mut LaneRng,
    lanes: usize,
    rows: &mut [[f64; LANES]; BLOCK],
) {
    let lanes = lanes.min(LANES);
    let power = formula.excess / formula.alpha;
    let (mut angle, mut waiting) = ([0; LANES], [0; LANES]);
    let (mut base, mut gain, mut powers) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
    for row in rows {
        rng.next(lanes, &mut angle);
        rng.next(lanes, &mut waiting);
        for k in 0..lanes {
            let turn = formula.turn::<FORM>(angle[k]);
            (base[k], gain[k], powers[k]) = (turn.base, turn.gain, turn.ratio);
        }
        for k in 0..lanes {
            powers[k] = power * ln(powers[k] / -ln(uniform(waiting[k])));
        }
        for k in 0..lanes {
            row[k] = formula.increment::<FORM>(base[k], gain[k], powers[k]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2^-10
    const STEP: f64 = 0.000_976_562_5;

    fn increment(formula: &Formula, angle: u64, waiting: u64) -> f64 {
        fn of<const FORM: u8>(formula: &Formula, angle: u64, waiting: u64) -> f64 {
            let Turn { ratio, base, gain } = formula.turn::<FORM>(angle);
            let power = formula.excess / formula.alpha * ln(ratio / -ln(uniform(waiting)));
            formula.increment::<FORM>(base, gain, power)
        }
        match formula.form {
            SYMMETRIC => of::<SYMMETRIC>(formula, angle, waiting),
            SKEWED => of::<SKEWED>(formula, angle, waiting),
            _ => of::<CENTRED>(formula, angle, waiting),
        }
    }

    /// The S1 increments of the formula as it stands in theory, from the same draws in 50-digit arithmetic
    /// (mpmath). Every second draw of the angle is within 1e-8 of an end, where tails come from.
    #[test]
    fn agrees_with_fifty_digits() {
        for (alpha, beta, [angle, waiting], step, expected) in [
            (0.05, 0.5, [0xf2a7_4de4_52e6_b438, 0x6513_270e_269e_0d37], 1.0, 0.187_183_618_092_872_18),
            (0.05, 1.0, [0x0000_0000_0060_6000, 0xd23f_0824_128b_2f33], STEP, 3.170_814_503_960_328_6e182),
            (0.05, -1.0, [0x0000_0000_00db_d000, 0xe8e2_5d94_0ed9_0475], 1.0, -5.720_973_555_797_727_4e17),
            (0.05, -1.0, [0x1600_a35a_0999_50d8, 0x6b0d_549b_6f03_675a], STEP, -1.705_265_811_220_680_6e-61),
            (0.3, 0.5, [0x3d9c_1724_11e2_0b8f, 0x8d11_6ece_1738_f7d9], 1.0, -1.889_692_785_750_772),
            (0.3, 1.0, [0x0000_0000_03ca_3001, 0x90c1_92cf_d3ac_94af], STEP, 6.573_757_748_502_029e-11),
            (0.3, -1.0, [0x0000_0000_003f_5000, 0x953f_48f1_a09f_76b5], 1.0, -0.809_026_002_479_980_8),
            (0.8, 0.5, [0x3898_d190_f9eb_dacc, 0x8e81_973e_0bec_d7b0], STEP, 0.001_379_845_844_842_149),
            (0.8, 1.0, [0x0000_0000_0229_a000, 0x6b4c_b242_4a23_d596], 1.0, 564_704_275_451_390.8),
            (0.8, -1.0, [0x0000_0000_02ba_5001, 0x8f6d_0558_4ef8_aa38], STEP, -80_722_910_659.630_13),
            (0.8, -1.0, [0x1a61_dbe2_2e44_158b, 0x923a_7369_94e3_bf91], 1.0, -29.229_786_489_608_5),
            (0.899, 0.5, [0x3018_50c5_a38f_d547, 0x18f1_35d2_5f55_7203], STEP, 0.000_567_676_100_215_205_6),
            (0.899, 1.0, [0x0000_0000_0279_d001, 0x907a_70c3_1012_f037], 1.0, 5.761_889_477_516_118),
            (0.899, -1.0, [0x0000_0000_031b_e001, 0x881e_d162_ae2e_b154], STEP, -4_271_065_696.082_879_5),
            (0.9, 0.5, [0x5c90_a958_7403_e430, 0x3f98_e277_4cbd_87ad], 1.0, 5.422_361_714_936_045),
            (0.9, 1.0, [0x0000_0000_0053_d000, 0xc7a2_ea20_b2f1_4c94], STEP, 56_325_584_191.527_04),
            (0.9, -1.0, [0x0000_0000_015f_b000, 0x7ebf_f206_8673_4721], 1.0, -5.692_789_346_748_271),
            (0.9, -1.0, [0x72e6_cc3a_babc_ed20, 0x9be4_bcfc_49b6_4a08], STEP, -0.002_744_422_851_026_647_4),
            (0.99, 0.5, [0x12bd_4ace_faec_bd38, 0x830e_07bc_1e39_8f10], 1.0, 45.823_881_851_081_61),
            (0.99, 1.0, [0x0000_0000_03bb_a001, 0x5790_f82e_c1d3_fcff], STEP, 0.057_086_987_772_062_524),
            (0.99, -1.0, [0x0000_0000_004f_7000, 0xf646_e1f4_0a09_7c97], 1.0, -64.835_895_836_872_9),
            (
                0.999_999_999_068_677_4,
                0.5,
                [0xd17f_9aca_e01f_5057, 0x5712_4242_5051_c1cc],
                STEP,
                333_772.104_759_722_8,
            ),
            (
                0.999_999_999_068_677_4,
                1.0,
                [0x0000_0000_0330_0000, 0x7f26_144b_9828_9fcd],
                1.0,
                439_864_148_472.561_5,
            ),
            (
                0.999_999_999_068_677_4,
                -1.0,
                [0x0000_0000_0114_6001, 0x17f5_e837_d708_20fe],
                STEP,
                -1_266_866_943.283_701_4,
            ),
            (
                0.999_999_999_068_677_4,
                -1.0,
                [0xb271_5945_795e_8229, 0x10a3_d6b2_aa05_e11a],
                1.0,
                -683_565_275.851_279_5,
            ),
            (1.0, 0.5, [0xbb2d_420f_0f88_080b, 0x4f42_6dcb_b394_fb36], STEP, -0.002_600_202_491_103_528),
            (1.0, 1.0, [0x0000_0000_01c8_5001, 0xae65_8f33_fe3b_890b], 1.0, -0.314_531_948_913_466_2),
            (1.0, -1.0, [0x0000_0000_0163_5001, 0xe315_1288_62c3_3a4f], STEP, -984_920_717.192_733_8),
            (
                1.000_000_000_931_322_6,
                0.5,
                [0x9c65_3938_2b05_37e6, 0x7e62_aa0a_1df9_fd78],
                1.0,
                -341_782_636.720_217_47,
            ),
            (
                1.000_000_000_931_322_6,
                1.0,
                [0x0000_0000_02f4_1000, 0x4995_2399_c4aa_eac1],
                STEP,
                462_218_724.415_834_55,
            ),
            (
                1.000_000_000_931_322_6,
                -1.0,
                [0x0000_0000_01fc_6000, 0xeab4_77d2_6415_479c],
                1.0,
                683_565_274.944_898_1,
            ),
            (
                1.000_000_000_931_322_6,
                -1.0,
                [0x2a96_fb1a_14a0_f9e7, 0x66d2_2876_72fd_f202],
                STEP,
                667_544.210_768_460_8,
            ),
            (1.05, 0.5, [0x4720_771f_8ca8_1811, 0x230d_977e_e225_7159], 1.0, -7.870_436_833_376_11),
            (1.05, 1.0, [0x0000_0000_02d3_5001, 0x8cdb_305f_dd2e_1609], STEP, -0.018_124_194_372_030_143),
            (1.05, -1.0, [0x0000_0000_0185_9000, 0xaec6_f024_5bd8_6d40], 1.0, 13.060_022_983_912_031),
            (1.101, 0.5, [0x26bb_7dbd_2d1c_9af0, 0xa894_8c89_3b61_8676], STEP, 0.004_131_722_269_196_56),
            (1.101, 1.0, [0x0000_0000_00ba_b000, 0xd4c2_8c2e_7c26_847f], 1.0, 121_383_736_467.980_76),
            (1.101, -1.0, [0x0000_0000_0223_6001, 0x254b_0c4e_010c_4759], STEP, -104_491_947.294_615_2),
            (1.101, -1.0, [0x9c1c_aaf7_5e87_66ed, 0x5190_88f5_90fb_bd11], 1.0, 5.018_730_340_926_759),
            (1.5, 0.5, [0x2020_3626_f3fe_39c0, 0xdbf4_a8b2_b0c4_312d], STEP, 0.016_905_338_878_924_515),
            (1.5, 1.0, [0x0000_0000_02f5_8001, 0xa7ab_e1c2_9e1a_8ef4], 1.0, -1.787_653_354_734_459_3),
            (1.5, -1.0, [0x0000_0000_03ce_b001, 0xdef8_8334_e647_cb8f], STEP, -207_271.820_070_698_48),
            (1.95, 0.5, [0x65e7_e423_6472_f1a3, 0x64e5_0cad_6623_7a04], 1.0, -1.562_533_115_479_892_3),
            (1.95, 1.0, [0x0000_0000_00c3_2000, 0x6683_6886_a260_cd0b], STEP, 14_450.031_202_230_186),
            (1.95, -1.0, [0x0000_0000_0070_9000, 0x70cc_ec31_3571_810a], 1.0, 1.817_491_279_376_177_7),
            (1.95, -1.0, [0x99c9_4309_570d_c195, 0x1a35_8ca0_0d75_985d], STEP, -0.046_472_103_448_190_985),
            (
                1.999_999_999_068_677_4,
                0.5,
                [0x9118_bb16_000f_49c8, 0x895f_d7b3_26b9_4c7f],
                1.0,
                0.992_799_627_325_330_9,
            ),
            (
                1.999_999_999_068_677_4,
                1.0,
                [0x0000_0000_0048_0001, 0x9d1d_e2a0_5d15_8a2f],
                STEP,
                -0.043_669_047_946_832_08,
            ),
            (
                1.999_999_999_068_677_4,
                -1.0,
                [0x0000_0000_0289_a000, 0x6050_914a_9d33_a01c],
                1.0,
                1.977_428_950_075_077,
            ),
        ] {
            let formula = Formula::new(alpha, beta, step);
            let seen = increment(&formula, angle, waiting);
            let error = (seen - expected).abs() / f64::abs(expected);
            assert!(error < 2e-13, "alpha {alpha}, beta {beta}: {seen:e}, not {expected:e}");
        }
    }

    #[test]
    fn one_sided_laws_keep_their_side() {
        let draws = [0, 1, 2, 1 << 20, 1 << 63, u64::MAX / 3, u64::MAX - 1, u64::MAX];
        for alpha in [0.01, 0.3, 0.5, 0.8, 0.899_999, 0.900_001, 0.95, 0.99, 1.0 - 1e-15] {
            for beta in [-1.0, 1.0] {
                let formula = Formula::new(alpha, beta, 1e-3);
                for (angle, waiting) in draws.iter().flat_map(|&a| draws.map(|w| (a, w))) {
                    let x = increment(&formula, angle, waiting);
                    assert!(beta * x > 0.0 && x.is_finite(), "{alpha} {beta} {angle:x} {waiting:x}: {x}");
                }
            }
        }
    }
}

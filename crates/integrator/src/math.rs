//! Elementary functions for the inner loops: branch-free, so that a loop over lanes vectorises, and
//! built from IEEE operations alone, so that every machine gives the same bits.
//!
//! Each is accurate to a few units in the last place on the range that the samplers use, which its
//! documentation names; outside it the value is meaningless (but never a panic).

use core::f64::consts::{LN_2, LOG2_E};

/// 1.5 * 2^52: adding it leaves a number's nearest integer in the low bits of the sum.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// 2^52 with the exponent field that turns small integers into floats.
const TWO_52_BITS: u64 = 0x4330_0000_0000_0000;
const LN_2_HI: f64 = 6.931_471_803_691_238e-1;
const LN_2_LO: f64 = 1.908_214_929_270_587_7e-10;

/// Natural logarithm of a positive normal number; relative error below 4e-16 (absolute near 1).
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    // x = 2^e m with m in [sqrt(1/2), sqrt(2)).
    let bits = x.to_bits();
    let shifted = bits.wrapping_sub(0x3fe6_a09e_667f_3bcd);
    // Exponent as a float without an integer conversion, which AVX2 lacks for 64 bits.
    let e_biased = (shifted >> 52).wrapping_add(1024) & 0xfff;
    let e = f64::from_bits(TWO_52_BITS | e_biased) - (4_503_599_627_370_496.0 + 1024.0);
    // A negative exponent wraps in 12 bits; bring it back.
    let e = if e > 2047.0 - 1024.0 { e - 4096.0 } else { e };
    let m = f64::from_bits(bits.wrapping_sub(shifted & 0xfff0_0000_0000_0000));
    // ln m = 2 atanh(t) = 2 t + t^3 (2/3 + ...), t = (m-1)/(m+1), |t| < 0.1716.
    let f = m - 1.0;
    let t = f / (m + 1.0);
    let s = t * t;
    let mut p = 2.0 / 23.0;
    p = p * s + 2.0 / 21.0;
    p = p * s + 2.0 / 19.0;
    p = p * s + 2.0 / 17.0;
    p = p * s + 2.0 / 15.0;
    p = p * s + 2.0 / 13.0;
    p = p * s + 2.0 / 11.0;
    p = p * s + 2.0 / 9.0;
    p = p * s + 2.0 / 7.0;
    p = p * s + 2.0 / 5.0;
    p = p * s + 2.0 / 3.0;
    // 2 t = f - t f keeps full precision near m = 1.
    let small = e * LN_2_LO + t * (s * p - f);
    e * LN_2_HI + (f + small)
}

/// `exp(x)`; relative error below 1e-15 for `|x| < 708`, clamped to the range of normal numbers
/// outside.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let x = if x < 708.0 { x } else { 708.0 };
    let x = if x > -708.0 { x } else { -708.0 };
    let shifted = x * LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN_2_HI) - k * LN_2_LO;
    let mut p = 1.0 / 6_227_020_800.0;
    p = p * r + 1.0 / 479_001_600.0;
    p = p * r + 1.0 / 39_916_800.0;
    p = p * r + 1.0 / 3_628_800.0;
    p = p * r + 1.0 / 362_880.0;
    p = p * r + 1.0 / 40_320.0;
    p = p * r + 1.0 / 5_040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * (r * r) + r + 1.0;
    // Multiply by 2^k: the low bits of `shifted` hold k.
    f64::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 52))
}

/// `exp(x)` for every `x`: relative error below 2e-15, overflow to infinity, underflow towards 0, NaN for
/// NaN.
#[inline(always)]
pub fn exp_everywhere(x: f64) -> f64 {
    // The square of the half leaves the range of numbers where `exp(x)` does; 2^k alone could not.
    let half = exp(0.5 * x);
    if x.is_nan() { f64::NAN } else { half * half }
}

/// `exp(x) - 1` for `|x| < 708` (clamped outside); relative error below 1e-15, for small `x` too.
#[inline(always)]
pub fn exp_m1(x: f64) -> f64 {
    let x = if x < 708.0 { x } else { 708.0 };
    let x = if x > -708.0 { x } else { -708.0 };
    let shifted = x * LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN_2_HI) - k * LN_2_LO;
    let mut p = 1.0 / 87_178_291_200.0;
    p = p * r + 1.0 / 6_227_020_800.0;
    p = p * r + 1.0 / 479_001_600.0;
    p = p * r + 1.0 / 39_916_800.0;
    p = p * r + 1.0 / 3_628_800.0;
    p = p * r + 1.0 / 362_880.0;
    p = p * r + 1.0 / 40_320.0;
    p = p * r + 1.0 / 5_040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    // 2^k (exp(r) - 1) + (2^k - 1); for small x, k = 0 and the second term is 0.
    let power = f64::from_bits(1.0_f64.to_bits().wrapping_add(shifted.to_bits() << 52));
    power * (p * (r * r) + r) + (power - 1.0)
}

/// `sin(x)` for x in [0, pi/2]; relative error below 4e-16.
#[inline(always)]
pub fn sin_quarter(x: f64) -> f64 {
    let s = x * x;
    let mut p = 1.0 / 51_090_942_171_709_440_000.0;
    p = p * s - 1.0 / 121_645_100_408_832_000.0;
    p = p * s + 1.0 / 355_687_428_096_000.0;
    p = p * s - 1.0 / 1_307_674_368_000.0;
    p = p * s + 1.0 / 6_227_020_800.0;
    p = p * s - 1.0 / 39_916_800.0;
    p = p * s + 1.0 / 362_880.0;
    p = p * s - 1.0 / 5_040.0;
    p = p * s + 1.0 / 120.0;
    p = p * s - 1.0 / 6.0;
    x + x * (s * p)
}

/// The 52 high bits of a draw as a uniform number in (0, 1), both ends excluded.
///
/// The value is `(k + 1/2) 2^-52`; the twelve low bits of the draw are left for other use.
#[inline(always)]
pub fn uniform(bits: u64) -> f64 {
    (f64::from_bits((bits >> 12) | 0x3ff0_0000_0000_0000) - 1.0) + 1.110_223_024_625_156_5e-16
}

/// A 32-bit half of a draw as a uniform number in (0, 1).
#[inline(always)]
pub fn uniform_from_half(half: u64) -> f64 {
    (f64::from_bits(TWO_52_BITS | (half & 0xffff_ffff)) - 4_503_599_627_370_496.0 + 0.5)
        * 2.328_306_436_538_696_3e-10
}

/// `|x|` with the sign given by the lowest bit of `bits`.
#[inline(always)]
pub fn with_sign(x: f64, bits: u64) -> f64 {
    f64::from_bits(x.to_bits() ^ (bits << 63))
}

/// `base^exponent` for a positive base, for set-up code: the same bits on every machine.
#[must_use]
pub fn pow(base: f64, exponent: f64) -> f64 {
    libm::pow(base, exponent)
}

const _: () = assert!(LN_2 > LN_2_HI);

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(lo: f64, hi: f64, n: usize) -> impl Iterator<Item = f64> {
        (0..=n).map(move |k| lo + (hi - lo) * k as f64 / n as f64)
    }

    #[test]
    fn logarithm_matches_libm() {
        for exponent in [-1000, -60, -53, -2, -1, 0, 1, 2, 30, 900] {
            for m in grid(1.0, 2.0, 4001) {
                let x = libm::ldexp(m, exponent);
                let expected = libm::log(x);
                let error = (ln(x) - expected).abs();
                assert!(error <= 4e-16 * expected.abs().max(1e-3), "ln({x}): {error}");
            }
        }
    }

    #[test]
    fn exponential_matches_libm() {
        for x in grid(-707.0, 707.0, 100_001) {
            assert!((exp(x) / libm::exp(x) - 1.0).abs() < 1e-15, "exp({x})");
        }
        assert!(exp(f64::INFINITY).is_finite() && exp(-1e300) > 0.0);
    }

    #[test]
    fn exponential_less_one_matches_libm() {
        let small = (-300..0).map(|k| libm::ldexp(1.3, k)).flat_map(|x| [x, -x]);
        for x in grid(-707.0, 707.0, 100_001).chain(grid(-2.0, 2.0, 100_001)).chain(small) {
            let (seen, expected) = (exp_m1(x), libm::expm1(x));
            assert!((seen - expected).abs() <= 1e-15 * expected.abs(), "expm1({x}) = {seen}, not {expected}");
        }
        assert!(exp_m1(f64::INFINITY).is_finite() && exp_m1(-1e300) == -1.0);
    }

    #[test]
    fn exponential_has_its_limits() {
        for x in grid(-744.0, 709.7, 100_001) {
            let (seen, expected) = (exp_everywhere(x), libm::exp(x));
            // The smallest results are subnormal: there a unit in the last place is what can be asked for.
            assert!(
                (seen - expected).abs() <= 2e-15 * expected + 5e-324,
                "exp({x}) = {seen}, not {expected}"
            );
        }
        assert_eq!(exp_everywhere(f64::INFINITY), f64::INFINITY);
        assert_eq!(exp_everywhere(710.0), f64::INFINITY);
        assert_eq!(exp_everywhere(f64::NEG_INFINITY), 0.0);
        assert_eq!(exp_everywhere(0.0), 1.0);
        assert!(exp_everywhere(f64::NAN).is_nan());
    }

    #[test]
    fn sine_matches_libm() {
        for x in grid(1e-300, core::f64::consts::FRAC_PI_2, 100_001) {
            assert!((sin_quarter(x) / libm::sin(x) - 1.0).abs() < 4e-16, "sin({x})");
        }
    }

    #[test]
    fn uniforms_stay_inside() {
        assert!(uniform(0) > 0.0 && uniform(u64::MAX) < 1.0);
        assert!(uniform_from_half(0) > 0.0 && uniform_from_half(u64::MAX) < 1.0);
    }
}

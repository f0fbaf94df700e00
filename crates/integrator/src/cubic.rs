//! Tables of cubic polynomials.

#[cfg(target_arch = "x86_64")]
use crate::simd::{Level, level};

/// Coefficients of a cubic in the distance from its piece's start, the constant first. No cubic is split
/// between two cache lines.
#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
pub(crate) struct Cubic(pub [f64; 4]);

impl Cubic {
    /// The value at `t`.
    #[inline(always)]
    pub fn value(&self, t: f64) -> f64 {
        let [c0, c1, c2, c3] = self.0;
        ((c3 * t + c2) * t + c1) * t + c0
    }
}

/// The values of four cubics of a table at a place of its own each.
///
/// The cubics are loaded whole and transposed in registers; the compiler would gather them coefficient by
/// coefficient, which costs 1.8 ns a stable variate instead of 1.5 ns (Zen 3). The bits are those of
/// [`Cubic::value`].
///
/// # Safety
/// The processor must have AVX2, and every number of `pieces` must be below `cubics.len()`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) unsafe fn values_of_four(
    cubics: &[Cubic],
    pieces: &[u64; 4],
    places: &[f64; 4],
) -> core::arch::x86_64::__m256d {
    use core::arch::x86_64::*;

    debug_assert!(pieces.iter().all(|&piece| (piece as usize) < cubics.len()));
    // SAFETY: the caller has AVX2 and pieces within the table. A cubic is four floats, aligned for loads of
    // two; `places` is an array of four.
    unsafe {
        let pair = |low: usize, high: usize, at: usize| {
            let [low, high] = [low, high]
                .map(|k| _mm_load_pd(cubics.as_ptr().add(pieces[k] as usize).cast::<f64>().add(at)));
            _mm256_insertf128_pd::<1>(_mm256_castpd128_pd256(low), high)
        };
        let (even, odd) = (pair(0, 2, 0), pair(1, 3, 0));
        let (c0, c1) = (_mm256_unpacklo_pd(even, odd), _mm256_unpackhi_pd(even, odd));
        let (even, odd) = (pair(0, 2, 2), pair(1, 3, 2));
        let (c2, c3) = (_mm256_unpacklo_pd(even, odd), _mm256_unpackhi_pd(even, odd));
        let t = _mm256_loadu_pd(places.as_ptr());
        let value = _mm256_add_pd(_mm256_mul_pd(c3, t), c2);
        let value = _mm256_add_pd(_mm256_mul_pd(value, t), c1);
        _mm256_add_pd(_mm256_mul_pd(value, t), c0)
    }
}

/// Replaces each place `t` by the value there of the cubic with the number in `pieces`; false if some value
/// is NaN.
///
/// # Safety
/// Every number of `pieces` that has a place must be below `cubics.len()`.
#[inline]
pub(crate) unsafe fn replace_by_values(cubics: &[Cubic], pieces: &[u64], places: &mut [f64]) -> bool {
    #[cfg(target_arch = "x86_64")]
    if level() >= Level::Avx2 {
        // SAFETY: `level` returns a level only where the processor has its features; AVX-512 includes AVX2.
        // The caller vouches for the pieces.
        return unsafe { replace_by_values_avx2(cubics, pieces, places) };
    }
    replace_one_by_one(cubics, pieces, places)
}

#[inline(always)]
fn replace_one_by_one(cubics: &[Cubic], pieces: &[u64], places: &mut [f64]) -> bool {
    let mut numbers = true;
    for (place, &piece) in places.iter_mut().zip(pieces) {
        // There is always one.
        if let Some(cubic) = cubics.get(piece as usize) {
            *place = cubic.value(*place);
            numbers &= !place.is_nan();
        }
    }
    numbers
}

/// # Safety
/// As for [`replace_by_values`], and the processor must have AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn replace_by_values_avx2(cubics: &[Cubic], pieces: &[u64], places: &mut [f64]) -> bool {
    use core::arch::x86_64::*;

    let (quads, rest) = places.as_chunks_mut::<4>();
    let (piece_quads, piece_rest) = pieces.split_at(pieces.len().min(4 * quads.len()));
    let mut nan = _mm256_setzero_pd();
    for (places, pieces) in quads.iter_mut().zip(piece_quads.as_chunks::<4>().0) {
        // SAFETY: this function has AVX2, and the caller vouches for the pieces; `places` is an array of four.
        unsafe {
            let value = values_of_four(cubics, pieces, places);
            nan = _mm256_or_pd(nan, _mm256_cmp_pd::<_CMP_UNORD_Q>(value, value));
            _mm256_storeu_pd(places.as_mut_ptr(), value);
        }
    }
    let rest = replace_one_by_one(cubics, piece_rest, rest);
    _mm256_movemask_pd(nan) == 0 && rest
}

//! Which instruction set the inner loops use.
//!
//! Each loop is written once, as plain code that the compiler vectorises, and compiled for several
//! instruction sets; the widest one that the processor has is chosen at run time. No loop uses a
//! fused multiply-add, so every level gives the same bits.

use std::sync::atomic::{AtomicU8, Ordering};

/// An instruction-set level that the loops are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// What every processor of the architecture has.
    Baseline = 1,
    /// x86-64 with AVX2.
    Avx2 = 2,
    /// x86-64 with AVX-512 F, DQ and VL.
    Avx512 = 3,
}

static CURRENT: AtomicU8 = AtomicU8::new(0);

/// Levels that this processor supports, the narrowest first.
#[must_use]
pub fn supported() -> Vec<Level> {
    let mut levels = vec![Level::Baseline];
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx2") {
            levels.push(Level::Avx2);
        }
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
        {
            levels.push(Level::Avx512);
        }
    }
    levels
}

/// The level in use: the widest supported one unless [`force`] chose another.
#[must_use]
#[inline]
pub fn level() -> Level {
    match CURRENT.load(Ordering::Relaxed) {
        1 => Level::Baseline,
        2 => Level::Avx2,
        3 => Level::Avx512,
        _ => detect(),
    }
}

#[cold]
fn detect() -> Level {
    let level = supported().last().copied().unwrap_or(Level::Baseline);
    CURRENT.store(level as u8, Ordering::Relaxed);
    level
}

/// Uses `level` from now on in the whole process, for tests and benchmarks; a level that the
/// processor lacks is ignored. Results do not depend on it.
pub fn force(level: Level) {
    if supported().contains(&level) {
        CURRENT.store(level as u8, Ordering::Relaxed);
    }
}

/// Compiles the `#[inline(always)]` function `$kernel` once a level and defines `$name`, which calls
/// the version for the current level.
#[macro_export]
#[doc(hidden)]
macro_rules! dispatch {
    ($(#[$meta:meta])* $vis:vis fn $name:ident [$($generics:tt)*] ($($arg:ident : $ty:ty),* $(,)?) $(-> $ret:ty)? = $kernel:path) => {
        $(#[$meta])*
        #[allow(clippy::too_many_arguments)]
        $vis fn $name<$($generics)*>($($arg: $ty),*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                #[allow(clippy::too_many_arguments)]
                fn avx2<$($generics)*>($($arg: $ty),*) $(-> $ret)? {
                    $kernel($($arg),*)
                }
                #[target_feature(enable = "avx512f,avx512dq,avx512vl")]
                #[allow(clippy::too_many_arguments)]
                fn avx512<$($generics)*>($($arg: $ty),*) $(-> $ret)? {
                    $kernel($($arg),*)
                }
                match $crate::simd::level() {
                    // SAFETY: `level` returns a level only where `supported` found its features.
                    $crate::simd::Level::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    $crate::simd::Level::Avx2 => return unsafe { avx2($($arg),*) },
                    $crate::simd::Level::Baseline => {}
                }
            }
            $kernel($($arg),*)
        }
    };
}

//! The large jumps of a noise, one at a time.

use super::{Noise, Side};
use crate::error::{IntegratorError, positive};
use crate::math::pow;

/// The jumps of a noise beyond a radius: a compound Poisson process on each side of the origin.
///
/// With [`Noise::small_jumps`] of the same radius it makes the noise. In several dimensions it is for the
/// first coordinate. It draws nothing: with `u` uniform on (0, 1], `quantile(side, rate(side) * u)` is the
/// size of a jump to that side.
pub struct LargeJumps<'a> {
    noise: &'a dyn Noise,
    radius: f64,
    rates: [f64; 2],
    /// The index of the tails where they are powers.
    power: Option<f64>,
}

impl<'a> LargeJumps<'a> {
    /// The jumps of `noise` of modulus above `radius`, in units of `Z`.
    ///
    /// # Errors
    /// [`IntegratorError::NotPositive`] for the radius.
    pub fn new(noise: &'a dyn Noise, radius: f64) -> Result<Self, IntegratorError> {
        let radius = positive("the radius of large jumps", radius)?;
        let rates = [Side::Lower, Side::Upper].map(|side| noise.jump_tail(side, radius));
        // The Lévy measure of a self-similar process is that of a stable one.
        let power = (noise.has_jumps() && noise.is_self_similar()).then(|| noise.jump_index());
        Ok(Self { noise, radius, rates, power })
    }

    /// The radius, in units of `Z`.
    #[must_use]
    pub fn radius(&self) -> f64 {
        self.radius
    }

    /// Mean number of jumps beyond the radius to a side, a unit of time.
    #[must_use]
    pub fn rate(&self, side: Side) -> f64 {
        self.rates[usize::from(side == Side::Upper)]
    }

    /// Mean number of jumps beyond `r >= radius` to a side, a unit of time.
    #[must_use]
    pub fn tail(&self, side: Side, r: f64) -> f64 {
        self.noise.jump_tail(side, r)
    }

    /// The size `y >= radius` beyond which the jumps to a side have rate `mass`, `0 < mass <= rate(side)`:
    /// the smallest `y` with `tail(side, r) < mass` for all `r > y`, so that a jump of a fixed size has all
    /// the masses that it takes.
    ///
    /// For a self-similar noise `radius (rate/mass)^(1/alpha)`, otherwise by bisection and the secant in
    /// logarithms, which are straight for a power; relative error below 1e-12, or what the rounding of the
    /// tail leaves, after some 15 to 20 evaluations of the tail. Infinite for a `mass` of 0, the radius for one
    /// above the rate.
    #[must_use]
    pub fn quantile(&self, side: Side, mass: f64) -> f64 {
        let rate = self.rate(side);
        if mass >= rate {
            return self.radius;
        }
        if let Some(index) = self.power {
            return self.radius * pow(rate / mass, 1.0 / index);
        }
        let log = |r| libm::log(self.tail(side, r) / mass);
        // The logarithm is at least 0 at the lower end and below 0, perhaps infinite, at the upper one.
        let (mut lower, mut upper) = (self.radius, 2.0 * self.radius);
        let (mut above, mut below) = (libm::log(rate / mass), log(upper));
        while below >= 0.0 {
            if upper == f64::INFINITY {
                return upper;
            }
            (lower, above) = (upper, below);
            upper *= 2.0;
            below = log(upper);
        }
        // The same end twice in a row counts half (the Illinois rule); now and then the middle, for a tail
        // that is not like a power.
        let mut last = 0;
        for round in 1..200 {
            let width = libm::log(upper / lower);
            if width < WIDTH {
                break;
            }
            let share = above / (above - below);
            let bisect = round % 4 == 0 || below == f64::NEG_INFINITY || share.is_nan();
            let share = if bisect { 0.5 } else { share };
            let edge = (0.4 * WIDTH / width).min(0.5);
            let middle = lower * libm::exp(width * share.clamp(edge, 1.0 - edge));
            let seen = log(middle);
            if seen >= 0.0 {
                (lower, above) = (middle, seen);
                below *= if last == 1 { 0.5 } else { 1.0 };
                last = 1;
            } else {
                (upper, below) = (middle, seen);
                above *= if last == -1 { 0.5 } else { 1.0 };
                last = -1;
            }
        }
        // Within this width a tail without an atom hardly falls.
        if log(lower) - log(upper) > 1e-9 {
            while lower.next_up() < upper {
                let middle = 0.5 * (lower + upper);
                if log(middle) >= 0.0 {
                    lower = middle;
                } else {
                    upper = middle;
                }
            }
        }
        upper
    }
}

/// Relative width at which a quantile is found.
const WIDTH: f64 = 4e-13;

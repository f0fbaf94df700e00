//! A ball.

use levyscape_integrator::rng::LANES;

use super::bridge::{Bridge, Crossed};

/// `|x - centre|^2`, summed in the order of the coordinates.
pub(super) fn square(centre: &[f64], x: &[f64]) -> f64 {
    centre.iter().zip(x).fold(0.0, |sum, (centre, x)| sum + (x - centre) * (x - centre))
}

/// `|x - centre| - radius`: below 0 inside. What rounding leaves of a place on the sphere is 0.
pub(super) fn excess(centre: &[f64], radius: f64, x: &[f64]) -> f64 {
    let excess = square(centre, x).sqrt() - radius;
    let size = x.iter().fold(radius, |size, x| size.max(x.abs()));
    if excess.abs() <= 8.0 * f64::EPSILON * size { 0.0 } else { excess }
}

/// Whether `x` lies in the open ball; a NaN lies outside.
pub(super) fn contains(centre: &[f64], radius: f64, x: &[f64]) -> bool {
    square(centre, x) < radius * radius
}

/// `|x - centre|^2` of every lane, with the bits of [`square`].
#[inline(always)]
pub(super) fn squares(centre: &[f64], x: &[[f64; LANES]], square: &mut [f64]) {
    square.fill(0.0);
    for (row, centre) in x.iter().zip(centre) {
        for (square, x) in square.iter_mut().zip(row) {
            *square += (x - centre) * (x - centre);
        }
    }
}

/// The tangent plane at the point of the sphere that is nearest to the end which is closer to it, from
/// inside (`sign` 1) or from outside (`sign` -1).
pub(super) fn crossing(centre: &[f64], radius: f64, sign: f64, bridge: &Bridge<'_>) -> Option<Crossed> {
    let [from, to] = [bridge.from, bridge.to].map(|x| square(centre, x).sqrt());
    let distances = [from, to].map(|distance| sign * (radius - distance));
    let (closer, distance) =
        if distances[0].abs() < distances[1].abs() { (bridge.from, from) } else { (bridge.to, to) };
    let half_variance = if distance > 0.0 {
        bridge.along(|k| (closer[k] - centre[k]) / distance)
    } else {
        bridge.half_variance.iter().copied().fold(0.0, f64::max)
    };
    let share = bridge.plane(distances, half_variance, || bridge.shared_exponential())?;
    let mut place = bridge.at(share);
    let distance = square(centre, &place).sqrt();
    if distance > 0.0 {
        for (place, centre) in place.iter_mut().zip(centre) {
            *place = centre + radius / distance * (*place - centre);
        }
    }
    Some(Crossed { share, place })
}

//! Exit of `dX = -U'(X) dt + sqrt(2D) dB` from an interval, by quadrature of the scale function and the
//! speed measure.
//!
//! With `phi = U/D`, ends `a < x < b` and `s(x) = int_a^x e^phi`:
//!
//! ```text
//! p(x)   = s(x) / s(b)                                              (exit at b)
//! E f    = (1/D) [ (1-p(x)) int_a^x s e^-phi f + p(x) int_x^b (s(b)-s) e^-phi f ]
//! ```
//!
//! is `E T` for `f = 1` and `E T^2` for `f = 2 E_y T`. With one infinite end `-inf` at which the
//! potential rises, `E f = (1/D) int_x^b e^phi(y) int_-inf^y e^-phi f`. Every integral is of a positive
//! function and is held as its logarithm, so that `U/D` may be as large as the result's range allows.

use levyscape_integrator::potential::Potential;

use crate::exact::quadrature::{NODES, Rule};

/// Panels beyond which the quadrature gives up.
const PANELS: usize = 60_000;
/// Variation of `U/D` within a panel.
const VARIATION: f64 = 4.0;
/// An infinite end is cut where `e^(-U/D)` is below `e^-50` of its maximum.
const NEGLIGIBLE: f64 = 50.0;
/// A wall this high in units of `D` is never passed: `e^-2000` is no number.
const IMPASSABLE: f64 = 2000.0;
/// Relative change under halving of every panel that is accepted.
const TOLERANCE: f64 = 1e-9;

/// Moments of the exit time and the side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BrownianExit {
    /// `E T`; `None` where it is infinite or beyond the range of numbers.
    pub mean: Option<f64>,
    /// `E T^2`, likewise.
    pub second_moment: Option<f64>,
    /// Probability of leaving at the right end.
    pub right_probability: f64,
}

/// Exit from `(a, b)` of a path that starts at `x` inside; `diffusion` is `D > 0`. Relative accuracy
/// about 1e-9, limited by the rounding of `U/D`.
///
/// One end may be infinite if the potential rises there without end (it is then never reached). `None`
/// where it does not, where both ends are infinite, where the potential is not finite in between, and
/// where the quadrature does not converge.
#[must_use]
pub fn exit(potential: &dyn Potential, diffusion: f64, x: f64, a: f64, b: f64) -> Option<BrownianExit> {
    if !(a < x && x < b && diffusion > 0.0 && diffusion.is_finite()) {
        return None;
    }
    let direct = |y: f64| potential.value(y) / diffusion;
    let mirrored = |y: f64| potential.value(-y) / diffusion;
    match (a.is_finite(), b.is_finite()) {
        (true, true) => converge(&direct, diffusion, x, a, b, two_sided),
        (false, true) => {
            let cut = natural_end(&direct, x, b)?;
            converge(&direct, diffusion, x, cut, b, one_sided)
        }
        (true, false) => {
            let cut = natural_end(&mirrored, -x, -a)?;
            let exit = converge(&mirrored, diffusion, -x, cut, -a, one_sided)?;
            Some(BrownianExit { right_probability: 0.0, ..exit })
        }
        (false, false) => None,
    }
}

/// Logarithms of mean and second moment, and the probability of the right end.
struct Raw {
    log_mean: f64,
    log_second: f64,
    right: f64,
}

fn converge(
    phi: &dyn Fn(f64) -> f64,
    diffusion: f64,
    x: f64,
    a: f64,
    b: f64,
    solve: fn(&Grid, f64) -> Raw,
) -> Option<BrownianExit> {
    let rule = Rule::new();
    let mut grid = Grid::adaptive(&rule, phi, x, a, b)?;
    let log_diffusion = libm::log(diffusion);
    let mut coarse = solve(&grid, log_diffusion);
    for _ in 0..3 {
        grid = grid.halved(phi)?;
        let fine = solve(&grid, log_diffusion);
        let tolerance = TOLERANCE.max(64.0 * f64::EPSILON * grid.largest());
        let change = (fine.log_mean - coarse.log_mean)
            .abs()
            .max((fine.log_second - coarse.log_second).abs())
            .max((fine.right - coarse.right).abs() / fine.right.max(f64::MIN_POSITIVE));
        if change <= tolerance && tolerance < 1e-6 {
            let number = |log: f64| Some(libm::exp(log)).filter(|value| value.is_finite() && *value > 0.0);
            return Some(BrownianExit {
                mean: number(fine.log_mean),
                second_moment: number(fine.log_second),
                right_probability: fine.right.clamp(0.0, 1.0),
            });
        }
        coarse = fine;
    }
    None
}

/// Where to cut the infinite left end: beyond the last place where `e^-phi` still counts.
fn natural_end(phi: &dyn Fn(f64) -> f64, x: f64, b: f64) -> Option<f64> {
    let scale = (b - x).max(1e-3 * x.abs()).max(1e-6);
    let mut samples = vec![(x, phi(x))];
    let mut lowest = phi(x);
    if !lowest.is_finite() {
        return None;
    }
    let mut walled = false;
    'march: for octave in -8..24 {
        for step in 64..128 {
            let place = x - libm::ldexp(scale * f64::from(step) / 64.0, octave);
            let value = phi(place);
            if value.is_nan() || value - lowest > IMPASSABLE {
                walled = true;
                samples.push((place, f64::INFINITY));
                break 'march;
            }
            lowest = lowest.min(value);
            samples.push((place, value));
        }
    }
    let limit = lowest + NEGLIGIBLE;
    let last = samples.iter().rposition(|&(_, value)| value <= limit)?;
    let (mut inside, mut outside) = (samples[last].0, samples.get(last + 1)?.0);
    // Not a number is a wall only behind a slope that a path cannot climb.
    if walled && samples.len() > 1 && phi(outside).is_nan() && last + 2 == samples.len() {
        let edge = bisect(&mut inside, &mut outside, &|y| phi(y).is_finite());
        return (phi(edge) > limit).then(|| {
            let (mut low, mut high) = (samples[last].0, edge);
            bisect(&mut low, &mut high, &|y| phi(y) <= limit)
        });
    }
    Some(bisect(&mut inside, &mut outside, &|y| phi(y) <= limit))
}

/// Narrows `[outside, inside]` to the change of `holds` and returns the place where it still holds.
fn bisect(inside: &mut f64, outside: &mut f64, holds: &dyn Fn(f64) -> bool) -> f64 {
    for _ in 0..60 {
        let middle = *inside + 0.5 * (*outside - *inside);
        if holds(middle) {
            *inside = middle;
        } else {
            *outside = middle;
        }
    }
    *inside
}

/// Logarithms of a positive function at the nodes of every panel.
type Field = Vec<[f64; NODES]>;

struct Grid<'a> {
    rule: &'a Rule,
    /// Ends of the panels, one more than there are panels.
    ends: Vec<f64>,
    phi: Field,
    /// The panel that begins at the start.
    start: usize,
}

impl<'a> Grid<'a> {
    /// Panels on `[a, b]`, `x` among their ends, within which `phi` varies little and is resolved.
    fn adaptive(rule: &'a Rule, phi: &dyn Fn(f64) -> f64, x: f64, a: f64, b: f64) -> Option<Self> {
        let mut ends = vec![a];
        let mut values = Vec::new();
        let mut start = 0;
        // Terms of U that cancel leave rounding of the size of its largest values everywhere.
        let largest = (0..=64)
            .map(|k| phi(a + (b - a) * f64::from(k) / 64.0).abs())
            .filter(|value| value.is_finite())
            .fold(0.0, f64::max);
        let floor = 1e-12 + 64.0 * f64::EPSILON * largest;
        for (lo, hi) in [(a, x), (x, b)] {
            if lo == x {
                start = values.len();
            }
            let mut pending: Vec<(f64, f64, u32)> = (0..8)
                .rev()
                .map(|k| {
                    let at = |k: i32| if k == 8 { hi } else { lo + (hi - lo) * f64::from(k) / 8.0 };
                    (at(k), at(k + 1), 40)
                })
                .collect();
            while let Some((left, right, depth)) = pending.pop() {
                let nodes = sample(rule, phi, left, right);
                if nodes.iter().any(|value| value.is_nan()) || values.len() + pending.len() > PANELS {
                    return None;
                }
                let middle = left + 0.5 * (right - left);
                if depth == 0 || !(left < middle && middle < right) || resolved(rule, &nodes, floor) {
                    if nodes.iter().any(|value| !value.is_finite()) {
                        return None;
                    }
                    ends.push(right);
                    values.push(nodes);
                } else {
                    pending.push((middle, right, depth - 1));
                    pending.push((left, middle, depth - 1));
                }
            }
        }
        Some(Self { rule, ends, phi: values, start })
    }

    fn halved(&self, phi: &dyn Fn(f64) -> f64) -> Option<Self> {
        let mut ends = vec![self.ends[0]];
        let mut values = Vec::with_capacity(2 * self.phi.len());
        for pair in self.ends.windows(2) {
            let middle = pair[0] + 0.5 * (pair[1] - pair[0]);
            for (left, right) in [(pair[0], middle), (middle, pair[1])] {
                let nodes = sample(self.rule, phi, left, right);
                if nodes.iter().any(|value| !value.is_finite()) {
                    return None;
                }
                ends.push(right);
                values.push(nodes);
            }
        }
        Some(Self { rule: self.rule, ends, phi: values, start: 2 * self.start })
    }

    fn largest(&self) -> f64 {
        self.phi.iter().flatten().fold(0.0, |largest, value| value.abs().max(largest))
    }

    /// Logarithm of the integral from the left end, at the nodes and at the panel ends.
    fn prefix(&self, log: &Field) -> (Field, Vec<f64>) {
        self.accumulate(log, false)
    }

    /// Logarithm of the integral up to the right end, at the nodes and at the panel ends.
    fn suffix(&self, log: &Field) -> (Field, Vec<f64>) {
        self.accumulate(log, true)
    }

    fn accumulate(&self, log: &Field, backward: bool) -> (Field, Vec<f64>) {
        let count = log.len();
        let mut at_nodes = vec![[0.0; NODES]; count];
        let mut at_ends = vec![f64::NEG_INFINITY; count + 1];
        // The integral so far is sum * exp(reference): adding up logarithms instead would let the
        // rounding of large ones pile up.
        let (mut sum, mut reference) = (0.0, f64::NEG_INFINITY);
        for step in 0..count {
            let panel = if backward { count - 1 - step } else { step };
            let half = 0.5 * (self.ends[panel + 1] - self.ends[panel]);
            let top = log[panel].iter().fold(f64::NEG_INFINITY, |top, value| value.max(top));
            if top > reference {
                sum *= libm::exp(reference - top);
                reference = top;
            }
            let (parts, whole) = integrate(self.rule, &log[panel], half, reference, backward);
            let logarithm = |sum: f64| if sum > 0.0 { libm::log(sum) + reference } else { f64::NEG_INFINITY };
            at_nodes[panel] = parts.map(|part| logarithm(sum + part));
            sum += whole;
            at_ends[if backward { panel } else { panel + 1 }] = logarithm(sum);
        }
        (at_nodes, at_ends)
    }
}

fn sample(rule: &Rule, phi: &dyn Fn(f64) -> f64, left: f64, right: f64) -> [f64; NODES] {
    let half = 0.5 * (right - left);
    rule.nodes.map(|node| phi(left + half * (1.0 + node)))
}

/// Whether `phi` varies little over a panel and its last Legendre coefficients are below `floor`.
fn resolved(rule: &Rule, nodes: &[f64; NODES], floor: f64) -> bool {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for &value in nodes {
        low = low.min(value);
        high = high.max(value);
    }
    if high - low > VARIATION {
        return false;
    }
    let tail: f64 = rule.coefficients[NODES - 3..]
        .iter()
        .map(|row| row.iter().zip(nodes).map(|(weight, value)| weight * (value - low)).sum::<f64>().abs())
        .sum();
    tail <= floor
}

/// Integrals of `exp(values - reference)` from the left end of a panel (from the right end if
/// `backward`) to each node, and over the panel.
fn integrate(
    rule: &Rule,
    values: &[f64; NODES],
    half: f64,
    reference: f64,
    backward: bool,
) -> ([f64; NODES], f64) {
    if reference == f64::NEG_INFINITY {
        return ([0.0; NODES], 0.0);
    }
    let scaled = values.map(|value| half * libm::exp(value - reference));
    let mut parts = [0.0; NODES];
    for (i, part) in parts.iter_mut().enumerate() {
        *part = if backward {
            // The rule is symmetric about the middle of the panel.
            let row = &rule.cumulative[NODES - 1 - i];
            row.iter().zip(scaled.iter().rev()).map(|(weight, value)| weight * value).sum()
        } else {
            rule.cumulative[i].iter().zip(&scaled).map(|(weight, value)| weight * value).sum()
        };
    }
    (parts, rule.weights.iter().zip(&scaled).map(|(weight, value)| weight * value).sum())
}

fn log_add(a: f64, b: f64) -> f64 {
    let (high, low) = if a >= b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY { high } else { high + libm::log1p(libm::exp(low - high)) }
}

/// Node by node combination of fields.
fn combine(a: &Field, b: &Field, operation: impl Fn(f64, f64) -> f64) -> Field {
    a.iter()
        .zip(b)
        .map(|(a, b)| {
            let mut out = [0.0; NODES];
            for (out, (&a, &b)) in out.iter_mut().zip(a.iter().zip(b)) {
                *out = operation(a, b);
            }
            out
        })
        .collect()
}

fn one_sided(grid: &Grid, log_diffusion: f64) -> Raw {
    let moment = |source: &Field| {
        let weighted = combine(source, &grid.phi, |source, phi| source - phi - log_diffusion);
        let (inner, _) = grid.prefix(&weighted);
        grid.suffix(&combine(&inner, &grid.phi, |inner, phi| inner + phi))
    };
    let ones: Field = vec![[0.0; NODES]; grid.phi.len()];
    let (mean, mean_ends) = moment(&ones);
    let doubled = combine(&mean, &ones, |mean, _| mean + std::f64::consts::LN_2);
    let (_, second_ends) = moment(&doubled);
    Raw { log_mean: mean_ends[grid.start], log_second: second_ends[grid.start], right: 1.0 }
}

fn two_sided(grid: &Grid, log_diffusion: f64) -> Raw {
    let (from_left, left_ends) = grid.prefix(&grid.phi);
    let (to_right, right_ends) = grid.suffix(&grid.phi);
    let whole = left_ends[left_ends.len() - 1];
    let moment = |source: &Field| {
        let weighted = combine(source, &grid.phi, |source, phi| source - phi - log_diffusion - whole);
        let (before, before_ends) = grid.prefix(&combine(&weighted, &from_left, |w, s| w + s));
        let (after, after_ends) = grid.suffix(&combine(&weighted, &to_right, |w, s| w + s));
        let nodes = combine(
            &combine(&to_right, &before, |p, integral| p + integral),
            &combine(&from_left, &after, |p, integral| p + integral),
            log_add,
        );
        let at_start = log_add(
            right_ends[grid.start] + before_ends[grid.start],
            left_ends[grid.start] + after_ends[grid.start],
        );
        (nodes, at_start)
    };
    let ones: Field = vec![[0.0; NODES]; grid.phi.len()];
    let (mean, log_mean) = moment(&ones);
    let doubled = combine(&mean, &ones, |mean, _| mean + std::f64::consts::LN_2);
    let (_, log_second) = moment(&doubled);
    Raw { log_mean, log_second, right: libm::exp(left_ends[grid.start] - whole) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_potential::Formula;

    const INF: f64 = f64::INFINITY;

    fn quartic() -> Formula {
        Formula::new(|x| 0.25 * x * x * x * x - 0.5 * x * x, |x| x * x * x - x, |x| 3.0 * x * x - 1.0)
    }

    fn close(value: f64, expected: f64, relative: f64) {
        assert!((value / expected - 1.0).abs() < relative, "{value} instead of {expected}");
    }

    #[test]
    fn free_motion_has_its_closed_forms() {
        let free = Formula::new(|_| 3.0, |_| 0.0, |_| 0.0);
        let (x, a, b) = (0.3_f64, -1.0_f64, 2.0_f64);
        let exit = exit(&free, 0.5, x, a, b).unwrap();
        close(exit.mean.unwrap(), (b - x) * (x - a), 1e-12);
        close(exit.right_probability, (x - a) / (b - a), 1e-13);
        // Centred: u_2 = (1-y^2)(5-y^2)/3 for standard motion on (-1, 1), times radius^4.
        let (y, radius) = ((x - 0.5) / 1.5, 1.5_f64);
        close(exit.second_moment.unwrap(), (1.0 - y * y) * (5.0 - y * y) / 3.0 * radius.powi(4), 1e-12);
        assert!(super::exit(&free, 0.5, 0.0, f64::NEG_INFINITY, 1.0).is_none());
    }

    #[test]
    fn constant_drift_follows_wald() {
        // U = -v x: E_x T to b is (b - x)/v, Var T = 2 D (b - x)/v^3.
        let (v, d) = (0.7, 0.2);
        let tilted = Formula::new(move |x| -v * x, move |_| -v, |_| 0.0);
        let exit = exit(&tilted, d, 0.0, f64::NEG_INFINITY, 2.0).unwrap();
        close(exit.mean.unwrap(), 2.0 / v, 1e-10);
        close(exit.second_moment.unwrap(), 4.0 / (v * v) + 2.0 * d * 2.0 / (v * v * v), 1e-10);
        assert_eq!(exit.right_probability, 1.0);
    }

    #[test]
    fn quartic_passage_times_are_those_of_the_table() {
        for (d, half, full, digits) in [
            (0.25, 5.743_44, 14.277_7, 1e-5),
            (0.125, 18.426_2, 41.034_3, 1e-5),
            (0.08, 57.478_3, 120.006, 1e-5),
            (0.045, 624.749, 1255.53, 1e-5),
            (0.04, 1238.4, 2483.03, 5e-5),
            (0.02, 616_064.0, 1.232_14e6, 1e-5),
        ] {
            let mean = |b: f64| exit(&quartic(), d, -1.0, f64::NEG_INFINITY, b).unwrap().mean.unwrap();
            close(mean(0.0), half, digits);
            close(mean(1.0), full, digits);
        }
    }

    #[test]
    fn splitting_probabilities_are_those_of_the_table() {
        for (d, right) in [(0.125, 0.243_382), (0.25, 0.309_488)] {
            let exit = exit(&quartic(), d, -0.3, -1.2, 1.2).unwrap();
            assert!((exit.right_probability - right).abs() < 6e-7);
        }
    }

    #[test]
    fn first_passage_reference() {
        let tilted = Formula::new(
            |x| 0.25 * x * x * x * x - 0.5 * x * x + 0.1 * x,
            |x| x * x * x - x + 0.1,
            |x| 3.0 * x * x - 1.0,
        );
        let run = |potential: &Formula, eps: f64, x, a, b| exit(potential, 0.5 * eps * eps, x, a, b).unwrap();
        let s05 = run(&quartic(), 0.6, -1.0, -INF, 1.0);
        close(s05.mean.unwrap(), 22.191_907_68, 3e-10);
        let s06 = run(&quartic(), 0.5, -1.0, -INF, 0.9);
        close(s06.mean.unwrap(), 40.138_772_27, 3e-10);
        close(s06.second_moment.unwrap(), 3_029.049_841, 3e-10);
        let s07 = run(&quartic(), 0.5, -1.0, -1.8, 0.0);
        close(s07.mean.unwrap(), 18.336_202_78, 3e-10);
        let s08 = run(&quartic(), 0.5, 0.1, -1.0, 1.0);
        close(s08.right_probability, 0.600_290_596_5, 3e-10);
        let s09 = run(&tilted, 0.6, -1.046_681, -INF, 0.845_65);
        close(s09.mean.unwrap(), 35.263_756_24, 3e-10);
        let s10 = run(&tilted, 0.6, 0.945_649, -0.946_68, INF);
        close(s10.mean.unwrap(), 13.849_834_27, 3e-10);
        assert_eq!(s10.right_probability, 0.0);
    }

    #[test]
    fn high_barriers_stay_in_range_or_say_so() {
        let d = 0.25 / 400.0;
        let exit = exit(&quartic(), d, -1.0, -INF, 1.0).unwrap();
        let kramers = 2.0 * std::f64::consts::PI / 2.0_f64.sqrt() * 400.0_f64.exp();
        close(exit.mean.unwrap(), kramers, 0.002);
        // e^2000 is no number, the side still is.
        let exit = super::exit(&quartic(), 0.25 / 2000.0, -1.0, -1.8, 0.1).unwrap();
        assert!(exit.mean.is_none());
        assert!(exit.right_probability > 0.999_999);
    }

    #[test]
    fn kinks_walls_and_holes() {
        // U = |x|, D = 1, exit of (-1, 1) from 0: 2 (e - 2) / D by hand, halved by symmetry.
        let kink = Formula::new(f64::abs, f64::signum, |_| 0.0);
        let exit = exit(&kink, 1.0, 0.0, -1.0, 1.0).unwrap();
        close(exit.mean.unwrap(), std::f64::consts::E - 2.0, 1e-9);
        // x - ln x lives on x > 0 only, and 0 is never reached for D <= 1.
        let hole = Formula::new(
            |x: f64| x - x.ln(),
            |x: f64| if x > 0.0 { 1.0 - 1.0 / x } else { f64::NAN },
            |x| 1.0 / (x * x),
        );
        let exit = super::exit(&hole, 0.1, 1.0, -INF, 2.0).unwrap();
        close(exit.mean.unwrap(), 36.65001886859, 1e-8);
        let falling = Formula::new(|x| -x * x, |x| -2.0 * x, |_| -2.0);
        assert!(super::exit(&falling, 1.0, 0.0, -INF, 1.0).is_none());
    }
}

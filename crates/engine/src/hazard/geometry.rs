//! The line cut into wells and stops, and the rates of the large jumps between the pieces.

use levyscape_integrator::math::{exp, ln, uniform};
use levyscape_integrator::noise::{LargeJumps, Side};

use crate::event::StopRegion;
use crate::record::Stop;

use super::Well;

/// What a point of the line is: where the path stops, or a place of the class of this index. The classes
/// are the wells in their order and, last, everything between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Stop(Stop),
    Class(usize),
}

/// The stops and the wells.
pub(super) struct Map {
    pub region: StopRegion,
    /// `[left, right]` of each well.
    pub wells: Vec<[f64; 2]>,
    /// The pieces from left to right, closed intervals that share their ends.
    pieces: Vec<([f64; 2], Place)>,
}

impl Map {
    pub fn new(region: &StopRegion, wells: &[Well]) -> Self {
        let mut map = Self {
            region: region.clone(),
            wells: wells.iter().map(|well| [well.left, well.right]).collect(),
            pieces: Vec::new(),
        };
        let mut ends: Vec<f64> = [f64::NEG_INFINITY, region.lower, region.upper, f64::INFINITY]
            .into_iter()
            .chain(region.targets.iter().flatten().copied())
            .chain(map.wells.iter().flatten().copied())
            .collect();
        ends.sort_by(f64::total_cmp);
        ends.dedup();
        for (&a, &b) in ends.iter().zip(&ends[1..]) {
            let inside = match (a.is_finite(), b.is_finite()) {
                (true, true) => 0.5 * (a + b),
                (true, false) => a + 1.0,
                (false, true) => b - 1.0,
                (false, false) => 0.0,
            };
            let place = map.place(inside);
            map.pieces.push(([a, b], place));
        }
        map
    }

    /// The class of the points that are in no well.
    pub fn between(&self) -> usize {
        self.wells.len()
    }

    /// Whether there are places where paths go on and that are in no well.
    pub fn has_gaps(&self) -> bool {
        self.pieces.iter().any(|(_, place)| *place == Place::Class(self.between()))
    }

    pub fn class(&self, x: f64) -> usize {
        self.wells.iter().position(|&[left, right]| x >= left && x <= right).unwrap_or(self.between())
    }

    pub fn place(&self, x: f64) -> Place {
        self.region.stop_at(x).map_or_else(|| Place::Class(self.class(x)), Place::Stop)
    }

    /// The pieces for which `which` gives true, each cut to `[lo, hi]`.
    pub fn select(&self, [lo, hi]: [f64; 2], which: impl Fn(Place) -> bool) -> Vec<[f64; 2]> {
        let pieces = self.pieces.iter().filter(|(_, place)| which(*place));
        pieces.map(|([a, b], _)| [a.max(lo), b.min(hi)]).filter(|[a, b]| a < b).collect()
    }

    /// The piece that holds `x`.
    pub fn piece(&self, x: f64) -> [f64; 2] {
        let piece = self.pieces.iter().find(|([a, b], _)| x >= *a && x <= *b);
        piece.map_or([f64::NEG_INFINITY, f64::INFINITY], |(ends, _)| *ends)
    }
}

/// The jumps of the noise beyond a radius.
pub(super) struct Jumps<'a> {
    law: LargeJumps<'a>,
    /// Numbers a unit of time: to the left, to the right.
    rates: [f64; 2],
    /// The tails of each side where they are not powers.
    tables: Option<[TailTable; 2]>,
}

/// `nu` beyond `radius e^(k SPACING)`, k = 0, 1, ...; between, its logarithm is a straight line in that of
/// the jump.
struct TailTable {
    tails: Vec<f64>,
    /// Whether the line is right to [`STRAIGHT`] in each cell: not where there is an atom.
    straight: Vec<bool>,
}

const SPACING: f64 = 0.005;
const STRAIGHT: f64 = 1e-4;
/// A table ends where the tail is this small a part of its beginning, or at the longest length.
const LEAST_TAIL: f64 = 1e-14;
const LONGEST: usize = 4000;

impl TailTable {
    fn new(law: &LargeJumps<'_>, side: Side) -> Self {
        let at = |place: f64| law.tail(side, law.radius() * exp(place * SPACING));
        let (mut tails, mut straight) = (vec![law.rate(side)], Vec::new());
        while let Some(&tail) = tails.last()
            && tail > LEAST_TAIL * tails[0]
            && tails.len() <= LONGEST
        {
            let k = straight.len() as f64;
            let next = at(k + 1.0);
            let middle = at(k + 0.5) / (tail * next).sqrt();
            straight.push((middle - 1.0).abs() < STRAIGHT);
            tails.push(next);
        }
        Self { tails, straight }
    }

    /// The tail beyond `e^place` radii; `None` where the table does not say.
    fn tail(&self, place: f64) -> Option<f64> {
        let place = place / SPACING;
        let cell = place as usize;
        if place < 0.0 || !*self.straight.get(cell)? {
            return None;
        }
        let [a, b] = [self.tails[cell], self.tails[cell + 1]];
        Some(a * exp((place - cell as f64) * ln(b / a)))
    }

    /// The logarithm of the jump, in radii, beyond which the rate is `rate`.
    fn quantile(&self, rate: f64) -> Option<f64> {
        let cell = self.tails.partition_point(|&tail| tail >= rate).checked_sub(1)?;
        if !*self.straight.get(cell)? {
            return None;
        }
        let [a, b] = [self.tails[cell], self.tails[cell + 1]];
        Some((cell as f64 + ln(rate / a) / ln(b / a)) * SPACING)
    }
}

const SIDES: [Side; 2] = [Side::Lower, Side::Upper];

impl<'a> Jumps<'a> {
    pub fn new(law: LargeJumps<'a>, powers: bool) -> Self {
        let rates = SIDES.map(|side| law.rate(side));
        let tables = (!powers).then(|| SIDES.map(|side| TailTable::new(&law, side)));
        Self { law, rates, tables }
    }

    pub fn radius(&self) -> f64 {
        self.law.radius()
    }

    /// Number of large jumps a unit of time.
    pub fn rate(&self) -> f64 {
        self.rates[0] + self.rates[1]
    }

    /// Rate of the jumps beyond `r` (and the radius) on a side.
    fn tail(&self, side: usize, r: f64) -> f64 {
        if r == f64::INFINITY {
            0.0
        } else if r <= self.law.radius() {
            self.rates[side]
        } else {
            let table = self.tables.as_ref().map(|tables| &tables[side]);
            let tail = table.and_then(|table| table.tail(ln(r / self.law.radius())));
            tail.unwrap_or_else(|| self.law.tail(SIDES[side], r))
        }
    }

    /// The jump beyond which the rate on this side is `rate`, with its sign.
    fn quantile(&self, side: usize, rate: f64) -> f64 {
        let table = self.tables.as_ref().map(|tables| &tables[side]);
        let place = table.and_then(|table| table.quantile(rate));
        let size = match place {
            Some(place) => self.law.radius() * exp(place),
            None => self.law.quantile(SIDES[side], rate),
        };
        if side == 0 { -size } else { size }
    }

    /// A large jump of `Z`.
    pub fn draw(&self, bits: u64) -> f64 {
        let rate = uniform(bits) * self.rate();
        if rate < self.rates[1] { self.quantile(1, rate) } else { self.quantile(0, rate - self.rates[1]) }
    }

    /// The time until the next one.
    pub fn wait(&self, bits: u64) -> f64 {
        -ln(uniform(bits)) / self.rate()
    }

    /// The rates on a side beyond the two ends of an interval, both moved to the side's half line from `x`
    /// on; the nearer end first.
    fn ends(&self, side: usize, epsilon: f64, x: f64, [a, b]: [f64; 2]) -> [f64; 2] {
        let [near, far] = if side == 0 { [x - b, x - a] } else { [a - x, b - x] };
        if far <= 0.0 {
            return [0.0; 2];
        }
        [near, far].map(|distance| self.tail(side, distance / epsilon))
    }

    /// The rate of large jumps from `x` into the intervals.
    pub fn rate_into(&self, intervals: &[[f64; 2]], epsilon: f64, x: f64) -> f64 {
        let rate = |interval: &[f64; 2]| {
            let ends = [0, 1].map(|side| self.ends(side, epsilon, x, *interval));
            (ends[0][0] - ends[0][1]) + (ends[1][0] - ends[1][1])
        };
        intervals.iter().map(rate).sum()
    }

    /// Where a large jump from `x` into the intervals leads: the quantile `u` of the places, from the
    /// nearest of each side on.
    pub fn land(&self, intervals: &[[f64; 2]], epsilon: f64, x: f64, u: f64) -> f64 {
        let mut left = u * self.rate_into(intervals, epsilon, x);
        let mut last = x;
        for side in [0, 1] {
            for index in 0..intervals.len() {
                // From x outwards.
                let index = if side == 0 { intervals.len() - 1 - index } else { index };
                let [near, far] = self.ends(side, epsilon, x, intervals[index]);
                let share = near - far;
                if share <= 0.0 {
                    continue;
                }
                let [a, b] = intervals[index];
                last = (x + epsilon * self.quantile(side, near - left.min(share))).clamp(a, b);
                if left < share {
                    return last;
                }
                left -= share;
            }
        }
        last
    }
}

/// A destination of large jumps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Target {
    /// The stop of this index among all stops.
    Stop(usize),
    /// The landing set of this index, where the path stops.
    Set(usize),
    /// The class of this index.
    Class(usize),
}

/// A destination with its intervals.
pub(super) struct Channel {
    pub target: Target,
    pub intervals: Vec<[f64; 2]>,
    /// Whether the landings are beyond the edge of another well, not just outside the heart of the same one.
    pub elsewhere: bool,
}

/// The rates out of a well as functions of the place: tables with straight lines between the points.
pub(super) struct Rates<'a> {
    pub jumps: Jumps<'a>,
    pub channels: Vec<Channel>,
    epsilon: f64,
    left: f64,
    spacing: f64,
    /// The rate out of the well at each point.
    total: Vec<f64>,
    /// The rates of the channels, one table a channel.
    tables: Vec<Vec<f64>>,
}

/// Cells of a table: straight lines are then right to 1e-6 of the rate, but for its kinks.
const CELLS: usize = 4096;

impl<'a> Rates<'a> {
    /// Tables on `window`; outside, the rates are worked out for each place.
    pub fn new(jumps: Jumps<'a>, channels: Vec<Channel>, epsilon: f64, window: [f64; 2]) -> Self {
        let [left, right] = window;
        let spacing = (right - left) / CELLS as f64;
        let mut rates =
            Self { jumps, channels, epsilon, left, spacing, total: Vec::new(), tables: Vec::new() };
        let table = |channel: &Channel| {
            let point = |k| rates.jumps.rate_into(&channel.intervals, epsilon, left + spacing * k as f64);
            (0..=CELLS).map(point).collect::<Vec<_>>()
        };
        rates.tables = rates.channels.iter().map(table).collect();
        let total = |k: usize| rates.leaving().map(|c| rates.tables[c][k]).sum();
        rates.total = (0..=CELLS).map(total).collect();
        rates
    }

    /// The channels that leave the well: landing sets are parts of stops.
    fn leaving(&self) -> impl Iterator<Item = usize> {
        let sets = self.channels.iter().enumerate();
        sets.filter(|(_, channel)| !matches!(channel.target, Target::Set(_))).map(|(c, _)| c)
    }

    /// The rate of large jumps out of the well.
    #[inline(always)]
    pub fn total(&self, x: f64) -> f64 {
        self.look_up(&self.total, x).unwrap_or_else(|| self.leaving().map(|c| self.direct(c, x)).sum())
    }

    /// The rate of large jumps into a channel.
    #[inline(always)]
    pub fn channel(&self, c: usize, x: f64) -> f64 {
        self.look_up(&self.tables[c], x).unwrap_or_else(|| self.direct(c, x))
    }

    #[inline(always)]
    fn look_up(&self, table: &[f64], x: f64) -> Option<f64> {
        let place = (x - self.left) / self.spacing;
        let inside = place >= 0.0 && place < CELLS as f64;
        inside.then(|| {
            let cell = place as usize;
            table[cell] + (place - cell as f64) * (table[cell + 1] - table[cell])
        })
    }

    fn direct(&self, c: usize, x: f64) -> f64 {
        self.jumps.rate_into(&self.channels[c].intervals, self.epsilon, x)
    }

    /// Where a jump into a channel leads; see [`Jumps::land`].
    pub fn land(&self, c: usize, x: f64, u: f64) -> f64 {
        self.jumps.land(&self.channels[c].intervals, self.epsilon, x, u)
    }
}

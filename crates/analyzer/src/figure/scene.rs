//! A finished figure as shapes on a page, in millimetres from its upper left corner, y downwards.

use super::text::{Line, Run};
use super::theme::Rgb;

pub(super) type Point = (f64, f64);

/// One shape.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    Stroke {
        points: Vec<Point>,
        width: f64,
        colour: Rgb,
    },
    Fill {
        points: Vec<Point>,
        colour: Rgb,
        opacity: f64,
    },
    Disc {
        centre: Point,
        radius: f64,
        colour: Rgb,
    },
    Box {
        area: Area,
        colour: Rgb,
    },
    Run {
        text: Run,
        origin: Point,
        upright: bool,
        colour: Rgb,
    },
    /// What follows, up to the matching [`Item::End`], belongs together.
    Begin(Group),
    End,
}

/// What a group of shapes is, for formats that keep it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub class: &'static str,
    /// A name, as plain text.
    pub name: String,
    /// What the shapes stand for, shown where a pointer rests on them.
    pub title: String,
}

impl Group {
    pub(super) fn new(class: &'static str, name: impl Into<String>) -> Self {
        Group { class, name: name.into(), title: String::new() }
    }

    /// A data point with its values.
    pub(super) fn mark(title: String) -> Self {
        Group { class: "mark", name: String::new(), title }
    }
}

/// A rectangle, y downwards.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Area {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Area {
    pub(super) fn new(left: f64, top: f64, width: f64, height: f64) -> Self {
        Area { left, top, right: left + width, bottom: top + height }
    }

    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    pub(super) fn grown(&self, by: f64) -> Self {
        Area { left: self.left - by, top: self.top - by, right: self.right + by, bottom: self.bottom + by }
    }

    pub(super) fn contains(&self, (x, y): Point) -> bool {
        x >= self.left && x <= self.right && y >= self.top && y <= self.bottom
    }

    pub(super) fn overlaps(&self, other: &Area) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    /// The part of the segment inside, by Liang and Barsky's method.
    pub(super) fn clip(&self, from: Point, to: Point) -> Option<(Point, Point)> {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let (mut enter, mut leave) = (0.0f64, 1.0f64);
        for (step, room) in [
            (-dx, from.0 - self.left),
            (dx, self.right - from.0),
            (-dy, from.1 - self.top),
            (dy, self.bottom - from.1),
        ] {
            if step == 0.0 {
                if room < 0.0 {
                    return None;
                }
            } else if step < 0.0 {
                enter = enter.max(room / step);
            } else {
                leave = leave.min(room / step);
            }
        }
        let at = |share: f64| (from.0 + share * dx, from.1 + share * dy);
        // The ends that need no cutting keep their exact place, so that pieces join.
        (enter <= leave)
            .then(|| (if enter == 0.0 { from } else { at(enter) }, if leave == 1.0 { to } else { at(leave) }))
    }

    /// The parts of a chain of points inside.
    pub(super) fn clip_chain(&self, points: &[Point]) -> Vec<Vec<Point>> {
        let mut pieces: Vec<Vec<Point>> = Vec::new();
        for pair in points.windows(2) {
            let Some((from, to)) = self.clip(pair[0], pair[1]) else { continue };
            match pieces.last_mut() {
                Some(piece) if piece.last() == Some(&from) => piece.push(to),
                _ => pieces.push(vec![from, to]),
            }
        }
        pieces
    }
}

/// A page of shapes, the first lowest.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Scene {
    pub width: f64,
    pub height: f64,
    pub items: Vec<Item>,
    /// Where text stands, for checking that it neither overlaps nor is cut off.
    pub labels: Vec<Area>,
    /// Colour of the ground.
    pub paper: Rgb,
}

impl Scene {
    /// Adds a line of text whose baseline starts at `origin`, level.
    pub(super) fn text(&mut self, line: &Line, origin: Point, colour: Rgb) -> Area {
        for run in &line.runs {
            let start = (origin.0 + run.x, origin.1 - run.rise);
            self.items.push(Item::Run { text: run.clone(), origin: start, upright: false, colour });
        }
        let area = Area::new(origin.0, origin.1 - line.ascent, line.width, line.height());
        self.labels.push(area);
        area
    }

    /// Adds a line of text that reads upwards, its baseline starting at `origin`.
    pub(super) fn text_upwards(&mut self, line: &Line, origin: Point, colour: Rgb) {
        for run in &line.runs {
            let start = (origin.0 - run.rise, origin.1 - run.x);
            self.items.push(Item::Run { text: run.clone(), origin: start, upright: true, colour });
        }
        self.labels.push(Area::new(origin.0 - line.ascent, origin.1 - line.width, line.height(), line.width));
    }

    pub(super) fn begin(&mut self, group: Group) {
        self.items.push(Item::Begin(group));
    }

    pub(super) fn end(&mut self) {
        self.items.push(Item::End);
    }

    /// The same page, everything this many times as large.
    pub(super) fn magnified(mut self, by: f64) -> Self {
        let point = |(x, y): Point| (x * by, y * by);
        let grown = |area: Area| Area {
            left: area.left * by,
            top: area.top * by,
            right: area.right * by,
            bottom: area.bottom * by,
        };
        for item in &mut self.items {
            match item {
                Item::Stroke { points, width, .. } => {
                    points.iter_mut().for_each(|place| *place = point(*place));
                    *width *= by;
                }
                Item::Fill { points, .. } => points.iter_mut().for_each(|place| *place = point(*place)),
                Item::Disc { centre, radius, .. } => {
                    *centre = point(*centre);
                    *radius *= by;
                }
                Item::Box { area, .. } => *area = grown(*area),
                Item::Run { text, origin, .. } => {
                    text.size *= by;
                    *origin = point(*origin);
                }
                Item::Begin(_) | Item::End => {}
            }
        }
        self.labels.iter_mut().for_each(|area| *area = grown(*area));
        self.width *= by;
        self.height *= by;
        self
    }

    pub(super) fn stroke(&mut self, points: Vec<Point>, width: f64, colour: Rgb) {
        if points.len() > 1 {
            self.items.push(Item::Stroke { points, width, colour });
        }
    }
}

/// Width (mm) below which neighbouring points of a curve cannot be told apart.
const GRAIN: f64 = 0.01;

/// Thins a chain of points to what can be seen: within one grain of x it keeps the first, lowest,
/// highest and last point.
pub(super) fn thin(points: &[Point]) -> Vec<Point> {
    let mut out: Vec<Point> = Vec::new();
    let mut start = 0;
    while start < points.len() {
        let column = (points[start].0 / GRAIN).floor();
        let length = points[start..].iter().take_while(|(x, _)| (x / GRAIN).floor() == column).count().max(1);
        let group = &points[start..start + length];
        if length <= 4 {
            out.extend_from_slice(group);
        } else {
            let extreme = |sign: f64| {
                (0..length).fold(0, |best, i| if sign * group[i].1 > sign * group[best].1 { i } else { best })
            };
            let mut kept = [0, extreme(-1.0), extreme(1.0), length - 1];
            kept.sort_unstable();
            out.extend(kept.map(|index| group[index]));
        }
        start += length;
    }
    out.dedup();
    out
}

/// Cuts a chain of points into the strokes of a dash pattern (lengths of stroke, gap, ... in mm).
pub(super) fn dashes(points: &[Point], pattern: &[f64]) -> Vec<Vec<Point>> {
    if pattern.is_empty() || points.len() < 2 {
        return vec![points.to_vec()];
    }
    let mut pieces = Vec::new();
    let mut piece = vec![points[0]];
    let (mut index, mut left) = (0, pattern[0]);
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            if length <= left {
                left -= length;
                if index % 2 == 0 {
                    piece.push(to);
                }
                break;
            }
            let share = left / length;
            from = (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1));
            if index % 2 == 0 {
                piece.push(from);
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![from];
            }
            index = (index + 1) % pattern.len();
            left = pattern[index];
        }
    }
    if piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipping_keeps_what_is_inside() {
        let area = Area::new(0.0, 0.0, 10.0, 10.0);
        assert_eq!(area.clip((-5.0, 5.0), (15.0, 5.0)), Some(((0.0, 5.0), (10.0, 5.0))));
        assert_eq!(area.clip((-5.0, 5.0), (-1.0, 15.0)), None);
        let pieces = area.clip_chain(&[(1.0, 1.0), (5.0, 5.0), (5.0, 20.0), (8.0, 20.0), (8.0, 2.0)]);
        assert_eq!(pieces, [vec![(1.0, 1.0), (5.0, 5.0), (5.0, 10.0)], vec![(8.0, 10.0), (8.0, 2.0)]]);
    }

    #[test]
    fn dashes_cover_their_share_of_the_length() {
        let points = [(0.0, 0.0), (3.0, 0.0), (3.0, 6.0)];
        let pieces = dashes(&points, &[1.0, 2.0]);
        let length: f64 = pieces
            .iter()
            .flat_map(|piece| piece.windows(2))
            .map(|pair| (pair[1].0 - pair[0].0).hypot(pair[1].1 - pair[0].1))
            .sum();
        assert_eq!(pieces.len(), 3);
        assert!((length - 3.0).abs() < 1e-12);
    }

    #[test]
    fn thinning_keeps_extremes() {
        let points: Vec<Point> = (0..100_000)
            .map(|i| (f64::from(i) * 1e-5, (f64::from(i * 7919 % 1000) - 500.0) / 10.0))
            .collect();
        let thinned = thin(&points);
        assert!(thinned.len() < 500);
        let highest = |points: &[Point]| points.iter().fold(f64::NEG_INFINITY, |most, p| most.max(p.1));
        assert_eq!(highest(&points), highest(&thinned));
    }
}

//! Meshes graded towards the places where the solution is rough.
//!
//! The exit problem's solution behaves like a broken power of the distance to the edge of the domain,
//! and changes over a length of order epsilon at the critical points of the potential. Elements
//! therefore grow geometrically away from such places (Schwab, *p- and hp-finite element methods*,
//! 1998), and the degree grows with them. The smallest are far below the rounding of the coordinate, so
//! every place is held as an offset from the special place beside it.

/// A place on the line: an offset from an anchor, so that distances near the anchor are exact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub anchor: usize,
    pub offset: f64,
}

/// An element `[lo, hi]` (offsets from the anchor); on it `du/dt` is a polynomial with `degree`
/// coefficients, `t` in `[-1, 1]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element {
    pub anchor: usize,
    pub lo: f64,
    pub hi: f64,
    pub degree: usize,
}

impl Element {
    pub(super) fn length(&self) -> f64 {
        self.hi - self.lo
    }

    /// The place with reference coordinate `t`.
    pub(super) fn place(&self, t: f64) -> Place {
        // From the end nearer to the anchor: the other way round the smallest offsets are lost.
        let half = 0.5 * self.length();
        let offset = if self.lo.abs() <= self.hi.abs() {
            self.lo + half * (1.0 + t)
        } else {
            self.hi - half * (1.0 - t)
        };
        Place { anchor: self.anchor, offset }
    }
}

/// What lies beyond an end of a component.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum End {
    /// The stop set begins.
    Stop,
    /// The line goes on; the solution is taken as constant from here on.
    Cut,
}

/// A component of the set where paths are not stopped.
#[derive(Debug, Clone)]
pub(super) struct Component {
    pub ends: [End; 2],
    pub elements: Vec<Element>,
}

/// How finely a mesh is graded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grading {
    /// Ratio of the lengths of neighbouring elements.
    pub ratio: f64,
    /// Most coefficients an element.
    pub degree: usize,
    /// Coefficients of the smallest element.
    pub least_degree: usize,
    /// Coefficients added from one element to the next larger one.
    pub growth: f64,
}

/// A special place and the size of the smallest element beside it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Special {
    pub x: f64,
    pub size: f64,
    /// Whether the smallest elements may have few coefficients: they resolve a singularity, not a
    /// smooth layer.
    pub singular: bool,
}

/// The mesh of all components.
#[derive(Debug, Clone)]
pub(super) struct Mesh {
    pub anchors: Vec<f64>,
    pub components: Vec<Component>,
}

impl Mesh {
    /// `to - from`.
    pub(super) fn distance(&self, from: Place, to: Place) -> f64 {
        if from.anchor == to.anchor {
            to.offset - from.offset
        } else {
            (self.anchors[to.anchor] - self.anchors[from.anchor]) + (to.offset - from.offset)
        }
    }

    pub(super) fn x(&self, place: Place) -> f64 {
        self.anchors[place.anchor] + place.offset
    }

    /// Number of coefficients.
    pub(super) fn coefficients(&self) -> usize {
        self.components.iter().flat_map(|c| &c.elements).map(|e| e.degree).sum()
    }

    /// Adds a component between the first and the last of the special places, which are increasing.
    pub(super) fn add(&mut self, specials: &[Special], ends: [End; 2], grading: &Grading) {
        let mut elements = Vec::new();
        let first = self.anchors.len();
        self.anchors.extend(specials.iter().map(|special| special.x));
        for (k, pair) in specials.windows(2).enumerate() {
            let gap = pair[1].x - pair[0].x;
            let cut = [ends[0] == End::Cut && k == 0, ends[1] == End::Cut && k + 2 == specials.len()];
            // Nothing happens at a cut: the elements grow up to it.
            let (left, right) = match cut {
                [true, false] => (0.0, gap),
                [false, true] => (gap, 0.0),
                _ => halves(&pair[0], &pair[1], gap),
            };
            elements.extend(graded(first + k, &pair[0], left, grading));
            let mirrored = graded(first + k + 1, &pair[1], right, grading);
            elements.extend(mirrored.iter().rev().map(|e| Element { lo: -e.hi, hi: -e.lo, ..*e }));
        }
        self.components.push(Component { ends, elements });
    }

    /// Splits the marked elements, in the order of all elements, into halves (for an element that
    /// touches its anchor: geometrically).
    pub(super) fn refine(&mut self, marked: &[bool], ratio: f64) {
        let mut marks = marked.iter();
        for component in &mut self.components {
            let mut refined = Vec::with_capacity(component.elements.len());
            for element in &component.elements {
                if !marks.next().copied().unwrap_or(false) {
                    refined.push(*element);
                    continue;
                }
                let share = if element.lo == 0.0 {
                    1.0 / ratio
                } else if element.hi == 0.0 {
                    1.0 - 1.0 / ratio
                } else {
                    0.5
                };
                let middle = element.place(2.0 * share - 1.0).offset;
                refined.push(Element { hi: middle, ..*element });
                refined.push(Element { lo: middle, ..*element });
            }
            component.elements = refined;
        }
    }
}

/// Where the gradings of two special places meet.
fn halves(left: &Special, right: &Special, gap: f64) -> (f64, f64) {
    let middle = 0.5 * gap;
    // A coarse place leaves the room to a fine one.
    if left.size >= middle && right.size < middle {
        return (0.0, gap);
    }
    if right.size >= middle && left.size < middle {
        return (gap, 0.0);
    }
    (middle, gap - middle)
}

/// Elements from the anchor to `reach`, the first of the special place's size.
fn graded(anchor: usize, special: &Special, reach: f64, grading: &Grading) -> Vec<Element> {
    if reach <= 0.0 {
        return Vec::new();
    }
    let size = special.size.min(reach);
    // Sizes size * ratio^k up to the reach; the ratio is lowered so that they end there.
    let levels = (libm::log(reach / size) / libm::log(grading.ratio)).ceil().max(0.0);
    let ratio = if levels > 0.0 { libm::pow(reach / size, 1.0 / levels) } else { 1.0 };
    let levels = levels as usize;
    let mut elements = Vec::with_capacity(levels + 1);
    let mut lo = 0.0;
    for level in 0..=levels {
        let hi = if level == levels { reach } else { size * libm::pow(ratio, level as f64) };
        let grown = if special.singular {
            (grading.least_degree as f64 + grading.growth * level as f64) as usize
        } else {
            grading.degree
        };
        elements.push(Element { anchor, lo, hi, degree: grown.min(grading.degree) });
        lo = hi;
    }
    elements
}

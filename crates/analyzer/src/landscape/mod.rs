//! The landscape of a potential: minima, saddles, wells, widths and depths.

mod certificate;
mod scan;
mod space;
#[cfg(test)]
mod test_set;
#[cfg(test)]
mod tests;

use levyscape_integrator::potential::Potential;
use serde::{Deserialize, Serialize};

use crate::extended_real;
use scan::{Feature, Search, Side};

pub use certificate::{Certificate, Certified, PointProof};
pub use space::{RestPoint, SpaceBasins, SpaceLandscape, SpaceWindowError};

/// A minimum or a saddle (in one dimension: a maximum between two wells).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CriticalPoint {
    /// Place.
    pub x: f64,
    /// `U(x)`.
    pub u: f64,
    /// `U''(x)`; exactly 0 where the point is degenerate (the remarks say so).
    pub curvature: f64,
    /// `U'` has opposite signs at these two places, or vanishes all along between them.
    #[serde(default)]
    pub bracket: [f64; 2],
    /// What is known of the critical points in the bracket.
    #[serde(default)]
    pub proof: PointProof,
}

impl CriticalPoint {
    /// A point about which nothing is proved, with a bracket of no length.
    #[must_use]
    pub fn new(x: f64, u: f64, curvature: f64) -> Self {
        Self { x, u, curvature, bracket: [x; 2], proof: PointProof::SignChange }
    }
}

/// A piece on which `U'` vanishes all along.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FlatPiece {
    /// Left end.
    pub lo: f64,
    /// Right end.
    pub hi: f64,
    /// What it is to the potential around it.
    pub kind: FlatKind,
}

/// What a flat piece is to the potential around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlatKind {
    /// The flat bottom of a well.
    Minimum,
    /// The flat top of a barrier.
    Maximum,
    /// A shelf, or an end of the potential where no force acts.
    Shelf,
}

/// The basin of one minimum.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Well {
    /// Number of its minimum, from the left, from 1.
    pub minimum: usize,
    /// Left edge: a saddle or minus infinity.
    #[serde(with = "extended_real")]
    pub left: f64,
    /// Right edge: a saddle or infinity.
    #[serde(with = "extended_real")]
    pub right: f64,
    /// `right - left`.
    #[serde(with = "extended_real")]
    pub width: f64,
    /// Height of the lower finite edge above the minimum; infinite for the only well.
    #[serde(with = "extended_real")]
    pub depth: f64,
    /// Distance from the minimum to the left edge.
    #[serde(with = "extended_real")]
    pub distance_left: f64,
    /// Distance from the minimum to the right edge.
    #[serde(with = "extended_real")]
    pub distance_right: f64,
    /// Height of the left edge above the minimum.
    #[serde(with = "extended_real")]
    pub depth_left: f64,
    /// Height of the right edge above the minimum.
    #[serde(with = "extended_real")]
    pub depth_right: f64,
    /// Width of the left half, from the minimum to the left edge: `distance_left` by the name that belongs to
    /// `depth_left`.
    #[serde(with = "extended_real", default)]
    pub width_left: f64,
    /// Width of the right half: `distance_right`.
    #[serde(with = "extended_real", default)]
    pub width_right: f64,
}

impl Well {
    /// The well of minimum `number` (from 1) at `x`, with its edges and their heights above the minimum.
    #[must_use]
    pub fn new(number: usize, x: f64, [left, right]: [f64; 2], [depth_left, depth_right]: [f64; 2]) -> Self {
        Self {
            minimum: number,
            left,
            right,
            width: right - left,
            depth: depth_left.min(depth_right),
            distance_left: x - left,
            distance_right: right - x,
            depth_left,
            depth_right,
            width_left: x - left,
            width_right: right - x,
        }
    }
}

/// Minima, saddles and wells of a potential on the line, from left to right.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Landscape {
    /// Minima from the left.
    pub minima: Vec<CriticalPoint>,
    /// Maxima from the left. Where the potential rises at both ends, saddle `i` lies between minima
    /// `i` and `i + 1`; where it falls at an end, one more maximum stands outside the last minimum.
    pub saddles: Vec<CriticalPoint>,
    /// One well a minimum.
    pub wells: Vec<Well>,
    /// The window that was searched.
    pub window: [f64; 2],
    /// Pieces without force, from the left.
    #[serde(default)]
    pub flat: Vec<FlatPiece>,
    /// How far it is certain that no critical point is missing.
    #[serde(default)]
    pub certificate: Certificate,
    /// Degenerate points and broken assumptions of the theory, in words.
    pub remarks: Vec<String>,
    /// In several dimensions: what takes the place of all the rest but the remarks, also where it is written.
    #[serde(skip)]
    pub space: Option<SpaceLandscape>,
}

/// Serialises an optional landscape of either kind; for `#[serde(with = "landscape::written")]`.
pub mod written {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Landscape, SpaceLandscape};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Line(Landscape),
        Space(SpaceLandscape),
    }

    /// Writes minima, saddles and wells on the line, or minima and saddles in several dimensions.
    ///
    /// # Errors
    /// Those of the serialiser.
    pub fn serialize<S: Serializer>(landscape: &Option<Landscape>, serializer: S) -> Result<S::Ok, S::Error> {
        match landscape {
            Some(Landscape { space: Some(space), .. }) => Some(space).serialize(serializer),
            line => line.serialize(serializer),
        }
    }

    /// Reads what [`serialize`] wrote.
    ///
    /// # Errors
    /// Those of the deserialiser.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Landscape>, D::Error> {
        Ok(Option::<Written>::deserialize(deserializer)?.map(|written| match written {
            Written::Line(landscape) => landscape,
            Written::Space(space) => {
                Landscape { remarks: space.remarks.clone(), space: Some(space), ..Landscape::default() }
            }
        }))
    }
}

/// Why no landscape could be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LandscapeError {
    /// The window is not an interval of finite numbers.
    #[error("the window [{lo}, {hi}] must have two finite ends, the first below the second")]
    Window {
        /// Left end asked for.
        lo: f64,
        /// Right end asked for.
        hi: f64,
    },
    /// So many critical points that no theory of wells can be meant.
    #[error(
        "the potential has more than {limit} critical points in [{lo}, {hi}]: choose a window with fewer"
    )]
    TooMany {
        /// Left end of the window searched.
        lo: f64,
        /// Right end of the window searched.
        hi: f64,
        /// Largest number that is accepted.
        limit: usize,
    },
    /// The gradient is nowhere a finite number.
    #[error("the gradient of the potential is not a finite number anywhere in [{lo}, {hi}]")]
    NotFinite {
        /// Left end of the window searched.
        lo: f64,
        /// Right end of the window searched.
        hi: f64,
    },
}

impl Landscape {
    /// Finds every critical point of `potential` in `window`, by default in a window that grows until
    /// nothing new comes and the force points inwards (at most to about 1e6).
    ///
    /// A dense scan of `U'`, refined where it is not yet resolved and where the curvature changes its
    /// sign, then bisection to the last bit. Where the potential can enclose `U'` and `U''` over intervals (a
    /// formula can), the whole window, by default all of `|x| < 2^20`, is then searched once more by interval
    /// arithmetic (Moore 1966; Hansen and Walster 2004): each cell is proved to hold no critical point or
    /// exactly one, what the scan missed is added, and the cells that stay undecided are named in
    /// [`Landscape::certificate`]. Without enclosures a structure narrower than a cell of the scan
    /// (`width / 4000` for a given window; 1e-3 near the origin and 1/1024 of the distance farther out by
    /// default) can be missed.
    ///
    /// Whatever breaks an assumption of the theory (a degenerate minimum, a flat piece, a kink, a potential
    /// that falls without end, one that grows too slowly, non-finite values) is named in `remarks`.
    ///
    /// # Errors
    /// A window that is not a finite interval; a gradient that is nowhere finite; more than 2000 critical
    /// points.
    ///
    /// # Example
    /// ```
    /// # use levyscape_analyzer::landscape::{Certified, Landscape};
    /// # use levyscape_integrator::potential::ClosurePotential;
    /// let well = ClosurePotential::new(|x| x * x * x * x / 4.0 - x * x / 2.0, |x| x * x * x - x);
    /// let found = Landscape::find(&well, None)?;
    /// assert_eq!((found.minima[0].x, found.saddles[0].x, found.minima[1].x), (-1.0, 0.0, 1.0));
    /// assert_eq!((found.wells[0].width_right, found.wells[0].depth_right), (1.0, 0.25));
    /// // A closure is sampled; of a formula the list would be proved to be complete.
    /// assert_eq!(found.certificate.certified, Certified::SignChange);
    /// # Ok::<(), levyscape_analyzer::landscape::LandscapeError>(())
    /// ```
    pub fn find(potential: &dyn Potential, window: Option<[f64; 2]>) -> Result<Self, LandscapeError> {
        let mut remarks = Vec::new();
        let mut search = match window {
            Some([lo, hi]) if lo.is_finite() && hi.is_finite() && lo < hi => scan::given(potential, [lo, hi]),
            Some([lo, hi]) => return Err(LandscapeError::Window { lo, hi }),
            None => scan::automatic(potential, &mut remarks),
        };
        let endless = !remarks.is_empty();
        let [lo, hi] = search.window;
        if !search.has_force {
            return Err(LandscapeError::NotFinite { lo, hi });
        }
        let too_many = |search: &Search| search.features.len() > scan::LIMIT;
        let given = window.is_some() || endless;
        let proved = if too_many(&search) { None } else { certificate::search(potential, &search, given) };
        if let Some((completed, _)) = &proved {
            search = completed.clone();
        }
        let Search { features, window, .. } = &search;
        let [lo, hi] = *window;
        if too_many(&search) {
            return Err(LandscapeError::TooMany { lo, hi, limit: scan::LIMIT });
        }
        let mut landscape = Self { window: *window, remarks, ..Self::default() };
        landscape.assemble(potential, features);
        let proofs = proved.as_ref().map(|(_, proofs)| proofs);
        let flat = landscape.flat.clone();
        let certify = |points: &mut Vec<CriticalPoint>| {
            for point in points {
                let whole = flat.iter().find(|piece| piece.lo <= point.x && point.x <= piece.hi);
                certificate::certify(potential, point, whole, proofs);
            }
        };
        certify(&mut landscape.minima);
        certify(&mut landscape.saddles);
        landscape.certificate = Certificate::new(&search, proofs);
        // The growth of something that oscillates without end says nothing.
        if !endless {
            landscape.examine_growth(potential);
        }
        Ok(landscape)
    }

    /// Index (from 0) of the well whose basin contains `x`: where the noise-free motion goes. `None` on
    /// an edge, outside every well and for NaN.
    #[must_use]
    pub fn basin_of(&self, x: f64) -> Option<usize> {
        let tolerance = 1e-12 * x.abs().max(1.0);
        self.wells.iter().position(|well| x > well.left + tolerance && x < well.right - tolerance)
    }

    /// The well of minimum `number`, counted from 1 from the left.
    #[must_use]
    pub fn well(&self, number: usize) -> Option<&Well> {
        self.wells.get(number.checked_sub(1)?)
    }

    /// Minimum `number`, counted from 1 from the left.
    #[must_use]
    pub fn minimum(&self, number: usize) -> Option<&CriticalPoint> {
        self.minima.get(number.checked_sub(1)?)
    }

    /// The saddle at a well's edge, if that edge is a saddle.
    #[must_use]
    pub fn saddle_at(&self, edge: f64) -> Option<&CriticalPoint> {
        self.saddles.iter().find(|saddle| saddle.x == edge)
    }

    fn assemble(&mut self, potential: &dyn Potential, features: &[Feature]) {
        // The edges of wells in order: finite maxima, and walls with both their ends.
        let mut edges: Vec<[f64; 2]> = Vec::new();
        for (index, &feature) in features.iter().enumerate() {
            let x = feature.place();
            match feature {
                Feature::Touch(_) => self.remarks.push(format!(
                    "U' vanishes at x = {} without changing its sign: a shelf, not an edge",
                    show(x)
                )),
                Feature::Wall(lo, hi) => {
                    // A pole has one place, which the two sides may have found a few units apart.
                    let is_pole = hi - lo <= 1e-9 * x.abs().max(1.0);
                    edges.push(if is_pole { [x, x] } else { [lo, hi] });
                    self.remarks.push(if is_pole {
                        format!(
                            "U is not finite at x = {}: wells end there, a path that meets it diverges",
                            show(x)
                        )
                    } else {
                        format!(
                            "U is not finite on [{}, {}]: wells end there, a path that lands there diverges",
                            show(lo),
                            show(hi)
                        )
                    });
                }
                Feature::Flat(lo, hi, before, after) => {
                    let bottom = before == Side::Falling && after == Side::Rising;
                    let top = before == Side::Rising && after == Side::Falling;
                    let kind = if bottom { "minimum" } else { "maximum" };
                    self.flat.push(FlatPiece {
                        lo,
                        hi,
                        kind: match (bottom, top) {
                            (true, _) => FlatKind::Minimum,
                            (_, true) => FlatKind::Maximum,
                            _ => FlatKind::Shelf,
                        },
                    });
                    if bottom || top {
                        let point = CriticalPoint::new(x, potential.value(x), 0.0);
                        self.remarks.push(format!(
                            "U is flat on [{}, {}]: a {kind} without curvature, taken at its middle; Kramers' formula \
                             does not apply there",
                            show(lo),
                            show(hi)
                        ));
                        if bottom {
                            self.minima.push(point);
                        } else {
                            edges.push([x, x]);
                            self.saddles.push(point);
                        }
                    } else {
                        self.remarks.push(format!(
                            "U is flat on [{}, {}]: no force acts there",
                            show(lo),
                            show(hi)
                        ));
                    }
                }
                Feature::Minimum(_) | Feature::Maximum(_) | Feature::Kink(..) => {
                    let is_minimum = matches!(feature, Feature::Minimum(_) | Feature::Kink(_, true));
                    let kind = if is_minimum { "minimum" } else { "maximum" };
                    let mut curvature = scan::curvature(potential, x);
                    if matches!(feature, Feature::Kink(..)) {
                        curvature = 0.0;
                        self.remarks.push(format!(
                            "U' jumps at the {kind} at x = {}: it has no curvature, Kramers' formula does not apply",
                            show(x)
                        ));
                    } else if scan::is_degenerate(potential, x, curvature, is_minimum, features, index) {
                        curvature = 0.0;
                        self.remarks.push(format!(
                            "the {kind} at x = {} is degenerate (U'' = 0): Kramers' formula does not apply there",
                            show(x)
                        ));
                    }
                    let point = CriticalPoint::new(x, potential.value(x), curvature);
                    if is_minimum {
                        self.minima.push(point);
                    } else {
                        edges.push([x, x]);
                        self.saddles.push(point);
                    }
                }
            }
        }
        for (index, minimum) in self.minima.iter().enumerate() {
            let left =
                edges.iter().rev().find(|edge| edge[1] < minimum.x).map_or(f64::NEG_INFINITY, |edge| edge[1]);
            let right = edges.iter().find(|edge| edge[0] > minimum.x).map_or(f64::INFINITY, |edge| edge[0]);
            let height = |edge: f64| {
                self.saddles
                    .iter()
                    .find(|saddle| saddle.x == edge)
                    .map_or(f64::INFINITY, |saddle| saddle.u - minimum.u)
            };
            self.wells.push(Well::new(index + 1, minimum.x, [left, right], [height(left), height(right)]));
        }
        if self.minima.is_empty() {
            self.remarks.push(
                "U has no minimum in the window: there is no well to leave, and the small-noise theory says nothing"
                    .into(),
            );
        }
    }

    /// Condition (2.1) of the theorem, roughly: `U'` points outwards and grows faster than `|x|`.
    fn examine_growth(&mut self, potential: &dyn Potential) {
        let reach = self.window[0].abs().max(self.window[1].abs()).max(1.0);
        for (side, name) in [(-1.0, "left"), (1.0, "right")] {
            // Far out, but where the potential still is a number.
            let pair = (0..8).rev().find_map(|octave| {
                let x = side * reach * f64::from(1 << octave);
                let (near, far) = (side * potential.gradient(0.5 * x), side * potential.gradient(x));
                (near.is_finite() && far.is_finite()).then_some((near, far))
            });
            let Some((near, far)) = pair else { continue };
            if far < 0.0 || near < 0.0 {
                self.remarks.push(format!(
                    "U falls at the far {name}: a path that gets there does not come back by itself, wells there are \
                     open"
                ));
            } else if far == 0.0 || near == 0.0 {
                self.remarks
                    .push(format!("no force acts at the far {name}: nothing brings a path back from there"));
            } else {
                let exponent = libm::log2(far / near);
                if exponent < 1.05 {
                    self.remarks.push(format!(
                        "U' grows only like |x|^{exponent:.2} at the far {name}, not faster than |x| as the theorem \
                         asks: returns from far away are slow, exit rates of a well are not affected"
                    ));
                }
            }
        }
    }
}

/// A coordinate for a remark: short, and the same on every machine.
fn show(x: f64) -> String {
    let rounded = libm::round(x * 1e6) / 1e6;
    if rounded.is_finite() && x.abs() < 1e9 && (x == 0.0 || x.abs() > 1e-3) {
        format!("{}", rounded + 0.0)
    } else {
        format!("{x:.6e}")
    }
}

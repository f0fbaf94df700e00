//! The figures of a study: what is worth drawing of a run, as [`Figure`] descriptions.
//!
//! Each figure is one file with one function from [`Study`] to figures; a figure that does not apply to
//! a study gives none. What a figure shows is read from the points themselves (noise, landscape, step),
//! not from the names of what was swept. Error bars are the 95 % intervals of the results; theory is
//! computed anew along dense axes where the axis is the noise's amplitude or tail index.

mod chain;
mod convergence;
mod cost;
mod curve;
mod data;
mod exit_place;
mod exit_time_alpha;
mod exit_time_epsilon;
mod landscape;
mod paths;
mod plane;
mod stationary;
mod survival;
mod sweep;
mod tail_index;
mod transitions;
mod width_depth;
mod width_depth_cuts;
mod words;

use crate::figure::Figure;
use crate::study::Study;

pub use paths::replayed;
pub use tail_index::tail_index;

type Draw = fn(&Study) -> Vec<Figure>;

/// Every figure, in the order of a report.
const GALLERY: &[(&str, Draw)] = &[
    ("landscape", landscape::figures),
    ("paths", paths::figures),
    ("width_depth", width_depth::figures),
    ("width_depth_cuts", width_depth_cuts::figures),
    ("exit_time_epsilon", exit_time_epsilon::figures),
    ("exit_time_alpha", exit_time_alpha::figures),
    ("sweep_<key>", sweep::figures),
    ("transitions", transitions::figures),
    ("chain", chain::probabilities),
    ("generator", chain::generators),
    ("survival", survival::figures),
    ("exit_place", exit_place::figures),
    ("stationary", stationary::figures),
    ("convergence", convergence::figures),
    ("cost", cost::figures),
];

/// The figures that a study has the data for.
#[must_use]
pub fn figures(study: &Study) -> Vec<Figure> {
    GALLERY.iter().flat_map(|(_, draw)| draw(study)).collect()
}

/// The names of all figures; `sweep_<key>` stands for one figure a swept key.
#[must_use]
pub fn names() -> Vec<&'static str> {
    GALLERY.iter().map(|(name, _)| *name).collect()
}

#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod tests;

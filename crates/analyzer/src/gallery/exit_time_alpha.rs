//! Mean times against the tail index.

use super::curve;
use super::data::{self, Variable};
use super::plane::Plane;
use crate::figure::{Figure, Scale};
use crate::study::Study;

/// Left out with fewer than three values, and where the tail index only tells the curves or panels of
/// another figure apart.
pub(super) fn figures(study: &Study) -> Vec<Figure> {
    let rows = data::mean_times(study);
    let covered = !data::series(&rows, &Variable::Step).is_empty() || Plane::new(study).is_some();
    let enough = data::series(&rows, &Variable::Alpha).iter().any(|one| one.x.len() > 2);
    if covered || !enough {
        return Vec::new();
    }
    let opening = format!("{} Mean time against the tail index of the noise.", data::title(study));
    let axes = [Some(Scale::Linear), None];
    let label = r"tail index $\alpha$";
    curve::figure("exit_time_alpha", &rows, &Variable::Alpha, label, axes, &opening).into_iter().collect()
}

//! Mean times against the noise amplitude.

use super::curve;
use super::data::{self, Variable};
use crate::figure::{Figure, Scale};
use crate::study::Study;

/// Power laws of Lévy noise are straight lines on these axes, Eyring–Kramers laws bend upwards.
pub(super) fn figures(study: &Study) -> Vec<Figure> {
    let any = |gaussian: bool| study.points.iter().any(|point| point.noise.diffusion().is_some() == gaussian);
    let law = match (any(false), any(true)) {
        (true, true) => {
            ": near a power law $\\varepsilon^{-\\alpha}$, a straight line, under Lévy noise, steeper than any power \
             under Brownian noise"
        }
        (true, false) => ": near a power law $\\varepsilon^{-\\alpha}$, a straight line",
        _ => ": steeper than any power",
    };
    let opening = format!("{} Mean time against the noise amplitude{law}.", data::title(study));
    let axes = [Some(Scale::Log); 2];
    let label = r"noise amplitude $\varepsilon$";
    let rows = data::mean_times(study);
    curve::figure("exit_time_epsilon", &rows, &Variable::Epsilon, label, axes, &opening).into_iter().collect()
}

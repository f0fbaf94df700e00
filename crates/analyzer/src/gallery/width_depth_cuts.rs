//! Cuts through the plane of well width and well depth.

use super::curve::{self, Compared};
use super::data::{self, Row, Series};
use super::plane::Plane;
use super::width_depth::growth;
use super::words;
use crate::figure::{Axis, Figure, Panel, Scale, Style};
use crate::study::Study;

/// Two panels, each with every noise of the plane: along the width and along the depth, the other one
/// at its middle value; below each the ratio to the best value known.
pub(super) fn figures(study: &Study) -> Vec<Figure> {
    let Some(plane) = Plane::new(study) else { return Vec::new() };
    let caption = format!(
        "{} Mean escape time along either axis of the plane.{} Points: simulation with 95 % intervals; {}.{}",
        data::title(study),
        growth(&plane),
        curve::key_words(has_exact(&plane)),
        curve::BELOW,
    );
    let figure = Figure { caption, ..Figure::new("width_depth_cuts", Vec::new()) };
    vec![curve::stacked(figure, vec![panels(&plane, 0), panels(&plane, 1)], curve::JOINED_HEIGHT)]
}

fn has_exact(plane: &Plane<'_>) -> bool {
    plane.maps.iter().flat_map(|map| &map.cells).any(|row| row.result.exact.is_some())
}

/// The times along one axis, and their ratios.
fn panels(plane: &Plane<'_>, along: usize) -> [Option<Panel>; 2] {
    let across = 1 - along;
    let middle = plane.axes[across].len() / 2;
    let columns = plane.axes[0].len();
    let items: Vec<Compared<'_>> = plane
        .maps
        .iter()
        .enumerate()
        .map(|(index, map)| {
            let cells = (0..plane.axes[along].len()).filter_map(|k| {
                let place = if along == 0 { middle * columns + k } else { k * columns + middle };
                map.cells.get(place).copied()
            });
            let one = Series { parts: Vec::new(), x: plane.axes[along].clone(), rows: cells.collect() };
            Compared::at_points(map.label.clone(), one, Style::series(index))
        })
        .collect();
    let rows: Vec<Row<'_>> = items.iter().flat_map(|one| one.series.rows.iter().copied()).collect();
    // A power law in the width and an exponential in the depth are straight on these axes.
    let wide = along == 0 && data::suits_log(plane.axes[0].iter().copied(), 2.0);
    let x = Axis {
        label: plane.labels[along].clone(),
        scale: if wide { Scale::Log } else { Scale::Linear },
        ..Axis::default()
    };
    let fixed = plane.axes[across].get(middle).copied().unwrap_or(f64::NAN);
    let title = format!("{} ${} = {}$", plane.words[across], plane.symbols[across], words::bare(fixed, 3));
    let main = curve::times(&items, x.clone(), Axis::log(data::time_label(&rows)));
    [Some(main.titled(title)), curve::ratio(&items, x)]
}

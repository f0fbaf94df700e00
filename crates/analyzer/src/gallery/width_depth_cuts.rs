//! Cuts through the plane of well width and well depth.

use super::curve;
use super::data::{self, Row, Series};
use super::plane::Plane;
use super::width_depth::growth;
use super::words;
use crate::figure::{Axis, Dash, Figure, Layer, Panel, Scale, Style};
use crate::study::Study;

/// Two panels, each with every noise of the plane: along the width and along the depth, the other one
/// at its middle value.
pub(super) fn figures(study: &Study) -> Vec<Figure> {
    let Some(plane) = Plane::new(study) else { return Vec::new() };
    let panels = vec![panel(&plane, 0), panel(&plane, 1)];
    let caption = format!(
        "{} Mean escape time along either axis of the plane. Points: simulation with 95 % intervals; solid lines: \
         small-noise theory{}.{}",
        data::title(study),
        if has_exact(&plane) { "; dotted lines: exact values" } else { "" },
        growth(&plane),
    );
    vec![curve::arranged(Figure { caption, ..Figure::new("width_depth_cuts", panels) })]
}

fn has_exact(plane: &Plane<'_>) -> bool {
    plane.maps.iter().flat_map(|map| &map.cells).any(|row| row.result.exact.is_some())
}

fn panel(plane: &Plane<'_>, along: usize) -> Panel {
    let across = 1 - along;
    let middle = plane.axes[across].len() / 2;
    let columns = plane.axes[0].len();
    let (mut lines, mut points) = (Vec::new(), Vec::new());
    let mut seen = [false; 2];
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (index, map) in plane.maps.iter().enumerate() {
        let cells: Vec<Row<'_>> = (0..plane.axes[along].len())
            .filter_map(|k| {
                let place = if along == 0 { middle * columns + k } else { k * columns + middle };
                map.cells.get(place).copied()
            })
            .collect();
        let style = Style::series(index);
        let values: [fn(&Row<'_>) -> Option<f64>; 2] = [|row| row.result.asymptotic, |row| row.result.exact];
        for (kind, value) in values.into_iter().enumerate() {
            let y: Vec<f64> = cells.iter().map(|row| value(row).unwrap_or(f64::NAN)).collect();
            if y.iter().any(|y| y.is_finite()) {
                seen[kind] = true;
                let dash = [Dash::Solid, Dash::Dotted][kind];
                lines.push(Layer::line(plane.axes[along].clone(), y, style.dash(dash)));
            }
        }
        rows.extend(&cells);
        let one = Series { parts: Vec::new(), x: plane.axes[along].clone(), rows: cells };
        points.push(curve::simulated(&one, style, &map.label));
    }
    lines.extend(points);
    lines.extend(curve::keys(seen[0], seen[1]));
    // A power law in the width and an exponential in the depth are straight on these axes.
    let wide = along == 0 && data::suits_log(plane.axes[0].iter().copied(), 2.0);
    let x = Axis {
        label: plane.labels[along].clone(),
        scale: if wide { Scale::Log } else { Scale::Linear },
        ..Axis::default()
    };
    let y = Axis::log(data::time_label(&rows));
    let fixed = plane.axes[across].get(middle).copied().unwrap_or(f64::NAN);
    Panel::new(x, y, lines).titled(format!("{} {}", plane.names[across], words::number(fixed)))
}

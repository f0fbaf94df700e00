//! Contour lines by marching squares.

use std::collections::BTreeMap;

type Point = (f64, f64);
/// An edge of the grid: the lower left corner it starts from, and whether it goes up.
type Edge = (usize, usize, bool);

/// Lines along which the values on a grid equal `level`, each a chain of points, closed chains with
/// their first point repeated. Values are interpolated linearly along the edges of the grid; a cell
/// with a missing corner has no line. `values[row * xs.len() + column]` belongs to
/// (`xs[column]`, `ys[row]`).
pub(super) fn contour(xs: &[f64], ys: &[f64], values: &[f64], level: f64) -> Vec<Vec<Point>> {
    let columns = xs.len();
    let value = |column: usize, row: usize| values[row * columns + column] - level;
    let mut segments: Vec<(Edge, Edge)> = Vec::new();
    for row in 0..ys.len().saturating_sub(1) {
        for column in 0..columns.saturating_sub(1) {
            let corners = [
                value(column, row),
                value(column + 1, row),
                value(column + 1, row + 1),
                value(column, row + 1),
            ];
            if !corners.iter().all(|corner| corner.is_finite()) {
                continue;
            }
            let edges: [Edge; 4] = [
                (column, row, false),
                (column + 1, row, true),
                (column, row + 1, false),
                (column, row, true),
            ];
            let crossed: Vec<Edge> = (0..4)
                .filter(|&side| (corners[side] >= 0.0) != (corners[(side + 1) % 4] >= 0.0))
                .map(|side| edges[side])
                .collect();
            match crossed[..] {
                [first, second] => segments.push((first, second)),
                [bottom, right, top, left] => {
                    // A saddle: the mean decides which two corners are joined through the middle.
                    let joined = (corners.iter().sum::<f64>() >= 0.0) == (corners[0] >= 0.0);
                    if joined {
                        segments.extend([(bottom, right), (top, left)]);
                    } else {
                        segments.extend([(bottom, left), (right, top)]);
                    }
                }
                _ => {}
            }
        }
    }
    let position = |(column, row, up): Edge| {
        let start = value(column, row);
        let end = if up { value(column, row + 1) } else { value(column + 1, row) };
        let share = start / (start - end);
        if up {
            (xs[column], ys[row] + share * (ys[row + 1] - ys[row]))
        } else {
            (xs[column] + share * (xs[column + 1] - xs[column]), ys[row])
        }
    };
    chain(&segments).into_iter().map(|edges| edges.into_iter().map(position).collect()).collect()
}

/// Joins segments end to end: open chains first, from their loose ends, then the loops.
fn chain(segments: &[(Edge, Edge)]) -> Vec<Vec<Edge>> {
    let mut touching: BTreeMap<Edge, Vec<usize>> = BTreeMap::new();
    for (index, (start, end)) in segments.iter().enumerate() {
        touching.entry(*start).or_default().push(index);
        touching.entry(*end).or_default().push(index);
    }
    let mut used = vec![false; segments.len()];
    let loose = touching.iter().filter(|(_, users)| users.len() == 1).map(|(edge, _)| *edge);
    let starts: Vec<Edge> = loose.chain(segments.iter().map(|(start, _)| *start)).collect();
    let mut chains = Vec::new();
    for start in starts {
        let mut edges = vec![start];
        let mut here = start;
        while let Some(&next) = touching[&here].iter().find(|index| !used[**index]) {
            used[next] = true;
            let (one, other) = segments[next];
            here = if one == here { other } else { one };
            edges.push(here);
        }
        if edges.len() > 1 {
            chains.push(edges);
        }
    }
    chains
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_is_cut_in_one_straight_line() {
        let axis = [0.0, 1.0, 2.0, 3.0];
        let values: Vec<f64> = axis.iter().flat_map(|y| axis.iter().map(move |x| x + 0.0 * y)).collect();
        let lines = contour(&axis, &axis, &values, 1.25);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].len() == 4 && lines[0].iter().all(|(x, _)| (x - 1.25).abs() < 1e-12));
    }

    #[test]
    fn a_hill_is_cut_in_one_closed_loop() {
        let axis: Vec<f64> = (-10..=10).map(|i| f64::from(i) / 10.0).collect();
        let values: Vec<f64> = axis.iter().flat_map(|y| axis.iter().map(move |x| x * x + y * y)).collect();
        let lines = contour(&axis, &axis, &values, 0.5);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].first(), lines[0].last());
        assert!(lines[0].iter().all(|(x, y)| ((x * x + y * y).sqrt() - 0.5f64.sqrt()).abs() < 0.01));
    }

    #[test]
    fn missing_values_interrupt_a_line() {
        let axis = [0.0, 1.0, 2.0, 3.0, 4.0];
        let mut values: Vec<f64> = (0..25).map(|i| f64::from(i % 5)).collect();
        values[12] = f64::NAN;
        assert_eq!(contour(&axis, &axis, &values, 1.5).len(), 2);
    }
}

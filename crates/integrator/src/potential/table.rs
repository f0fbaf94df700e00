//! A potential given by a table of values.

use std::fmt;

use super::Potential;
use crate::dispatch;

/// The fewest rows that a spline without assumptions at its ends can be laid through.
const FEWEST_ROWS: usize = 4;

/// Spacing counts as uniform if no position is farther than this share of it from where it would be.
const UNIFORMITY: f64 = 1e-6;

/// Where in a table a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TablePlace {
    /// A row, counted from 1.
    Row(usize),
    /// A line of a text, counted from 1.
    Line(usize),
}

impl fmt::Display for TablePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(row) => write!(f, "row {row}"),
            Self::Line(line) => write!(f, "line {line}"),
        }
    }
}

/// A fault in a table of a potential.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The columns have different lengths.
    #[error("the table has {x} positions but {u} values")]
    Lengths {
        /// Positions given.
        x: usize,
        /// Values given.
        u: usize,
    },
    /// Fewer rows than four.
    #[error("the table has {rows} rows, but a cubic spline needs at least {FEWEST_ROWS}")]
    TooFew {
        /// Rows given.
        rows: usize,
    },
    /// A number is NaN or infinite.
    #[error("{place}: {column} = {value} is not a finite number")]
    NotFinite {
        /// Where.
        place: TablePlace,
        /// `x` or `u`.
        column: &'static str,
        /// What stands there.
        value: f64,
    },
    /// The positions do not increase.
    #[error("{place}: x = {value} is not above {previous}, the position before it")]
    NotIncreasing {
        /// Where.
        place: TablePlace,
        /// What stands there.
        value: f64,
        /// The position before it.
        previous: f64,
    },
    /// The slopes between the rows leave the range of numbers.
    #[error("the values differ so much over so short distances that the forces are not finite")]
    Slopes,
    /// The text is not a table.
    #[error("{place}: {message}")]
    Text {
        /// Where.
        place: TablePlace,
        /// What is wrong, in one sentence without a full stop.
        message: String,
    },
}

/// A potential from a table of positions and values: the cubic spline through them.
///
/// `U` and its first two derivatives are continuous inside the table. The ends are "not-a-knot": the third
/// derivative is continuous at the second and at the last but one position too. The natural spline would
/// set `U''` to zero at the ends, which no measured potential knows of, and err by the square of the
/// spacing there; not-a-knot errs by its fourth power everywhere, and cubic polynomials are reproduced.
///
/// Outside the table the force goes on linearly, with the slope that it has at the end if that is a
/// restoring one (`U'' > 0`; `U` is then quadratic and `U''` continuous), and stays constant otherwise. A
/// cubic that goes on could turn round and throw a path that has jumped out of the table to infinity; this
/// brings it back whenever the force at the end points inwards, and is no stiffer outside than at the end.
/// A table that ends where the force points outwards with `U'' <= 0` does not confine: see
/// [`TablePotential::confines`].
///
/// ```
/// # use levyscape_integrator::potential::{Potential, TablePotential};
/// let x: Vec<f64> = (-20..=20).map(|k| 0.1 * f64::from(k)).collect();
/// let u = x.iter().map(|x| x * x * x / 3.0 - x).collect();
/// let table = TablePotential::new(x, u)?;
/// assert!((table.gradient(0.55) - (0.55 * 0.55 - 1.0)).abs() < 1e-13);
/// # Ok::<(), levyscape_integrator::potential::TableError>(())
/// ```
#[derive(Debug, Clone)]
pub struct TablePotential {
    /// What lies left of the table, the cells between the positions, and what lies right of it.
    cells: Vec<Cell>,
    /// `U` at the origin of each cell.
    values: Vec<f64>,
    search: Search,
}

/// `U'(x) = slope + t (curvature + t bend)` with `t = x - origin`.
#[derive(Debug, Clone, Copy)]
struct Cell {
    origin: f64,
    slope: f64,
    curvature: f64,
    bend: f64,
}

/// How the cell of a point is found. The line is cut into pieces of equal length, one before and one
/// behind the table among them.
#[derive(Debug, Clone)]
struct Search {
    first: f64,
    inverse_length: f64,
    /// How many of the pieces lie in the table.
    pieces: f64,
    /// Where the spacing is uniform the pieces are the cells.
    uneven: Option<Uneven>,
}

/// What finds the cell in a piece that is not one.
#[derive(Debug, Clone)]
struct Uneven {
    /// The first cell that reaches into each piece.
    starts: Vec<u32>,
    /// Halvings that find the cell among those of one piece.
    halvings: u32,
    /// The positions of the table, then as many NaN, which no point is beyond, as the halvings may ask for.
    knots: Vec<f64>,
}

impl Search {
    /// The piece of a point; of NaN the first, whose polynomial is NaN there.
    #[inline(always)]
    fn piece(&self, x: f64) -> usize {
        let position = (x - self.first) * self.inverse_length;
        let position = if position > -1.0 { position } else { -1.0 };
        let position = if position < self.pieces { position } else { self.pieces };
        (position + 1.0) as usize
    }

    fn new(knots: &[f64]) -> Self {
        let (first, last) = (knots[0], knots[knots.len() - 1]);
        let cells = knots.len() - 1;
        let length = (last - first) / cells as f64;
        let uniform = knots
            .iter()
            .enumerate()
            .all(|(k, knot)| (knot - (first + k as f64 * length)).abs() <= UNIFORMITY * length);
        if uniform {
            return Self { first, inverse_length: 1.0 / length, pieces: cells as f64, uneven: None };
        }
        let shortest = knots.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
        // As short as the shortest cell, if that does not make far more of them than there are cells.
        let pieces = ((last - first) / shortest).clamp(cells as f64, 8.0 * cells as f64).ceil();
        let inverse_length = pieces / (last - first);
        let mut search = Self { first, inverse_length, pieces, uneven: None };
        // The piece of a point grows with the point: a position in an earlier piece than the point's lies
        // before it, one in a later piece behind it, whatever the rounding. What is left to compare with
        // are the positions in the same piece.
        let mut counts = vec![0u32; pieces as usize + 2];
        for &knot in knots {
            counts[search.piece(knot)] += 1;
        }
        let most = counts.iter().copied().max().unwrap_or(0);
        let halvings = most.checked_ilog2().map_or(0, |log| log + 1);
        let mut before = 0;
        let starts = counts.iter().map(|&count| {
            before += count;
            before - count
        });
        let starts = starts.collect();
        let padding = std::iter::repeat_n(f64::NAN, 1 << halvings);
        let knots = knots.iter().copied().chain(padding).collect();
        search.uneven = Some(Uneven { starts, halvings, knots });
        search
    }

    /// The cell of a point; of NaN, any.
    #[inline(always)]
    fn cell(&self, x: f64) -> usize {
        match &self.uneven {
            None => self.piece(x),
            Some(uneven) => self.uneven_cell(uneven, x),
        }
    }

    #[inline(always)]
    fn uneven_cell(&self, uneven: &Uneven, x: f64) -> usize {
        let mut cell = uneven.starts[self.piece(x)] as usize;
        for halving in (0..uneven.halvings).rev() {
            // The cell behind knot k is number k + 1.
            let half = 1 << halving;
            cell += if x >= uneven.knots[cell + half - 1] { half } else { 0 };
        }
        cell
    }
}

impl TablePotential {
    /// The spline through `(x[k], u[k])`.
    ///
    /// # Errors
    ///
    /// A [`TableError`] if there are fewer than four rows, the columns differ in length, a number is not
    /// finite, the positions do not strictly increase, or the slopes are not finite.
    pub fn new(x: Vec<f64>, u: Vec<f64>) -> Result<Self, TableError> {
        if x.len() != u.len() {
            return Err(TableError::Lengths { x: x.len(), u: u.len() });
        }
        Self::build(x, u, |index| TablePlace::Row(index + 1))
    }

    /// The table in a text: one row a line, `x` and `u` separated by a comma, a semicolon or white space.
    /// Empty lines and lines that begin with `#` are skipped. A first line of names may say which columns
    /// are `x` and `u`; other columns are then ignored.
    ///
    /// # Errors
    ///
    /// A [`TableError`] with the number of the faulty line.
    pub fn from_csv(text: &str) -> Result<Self, TableError> {
        let (mut x, mut u, mut lines) = (Vec::new(), Vec::new(), Vec::new());
        // The number of columns, and which of them are x and u.
        let mut layout: Option<(usize, [usize; 2])> = None;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let fault = |message: String| TableError::Text { place: TablePlace::Line(index + 1), message };
            let fields = fields(line);
            let (columns, wanted) = match layout {
                Some(layout) => layout,
                None if fields.iter().all(|field| field.parse::<f64>().is_err()) => {
                    layout = Some((fields.len(), named_columns(&fields).map_err(fault)?));
                    continue;
                }
                None => *layout.insert((2, [0, 1])),
            };
            if fields.len() != columns {
                let (found, plural) = (fields.len(), if fields.len() == 1 { "" } else { "s" });
                return Err(fault(format!("{found} column{plural} where {columns} are expected")));
            }
            let number = |column: usize| {
                let field = fields[wanted[column]];
                field.parse::<f64>().map_err(|_| fault(format!("`{field}` is not a number")))
            };
            x.push(number(0)?);
            u.push(number(1)?);
            lines.push(index + 1);
        }
        Self::build(x, u, |index| TablePlace::Line(lines[index]))
    }

    fn build(x: Vec<f64>, u: Vec<f64>, place: impl Fn(usize) -> TablePlace) -> Result<Self, TableError> {
        for (index, (&x, &u)) in x.iter().zip(&u).enumerate() {
            for (column, value) in [("x", x), ("u", u)] {
                if !value.is_finite() {
                    return Err(TableError::NotFinite { place: place(index), column, value });
                }
            }
        }
        for (index, pair) in x.windows(2).enumerate() {
            if pair[1] <= pair[0] {
                let (previous, value) = (pair[0], pair[1]);
                return Err(TableError::NotIncreasing { place: place(index + 1), value, previous });
            }
        }
        if x.len() < FEWEST_ROWS {
            return Err(TableError::TooFew { rows: x.len() });
        }
        let (cells, values) = spline(&x, &u);
        let finite = |cell: &Cell| [cell.slope, cell.curvature, cell.bend].iter().all(|c| c.is_finite());
        if !cells.iter().all(finite) {
            return Err(TableError::Slopes);
        }
        Ok(Self { search: Search::new(&x), cells, values })
    }

    /// The first and the last position of the table.
    #[must_use]
    pub fn range(&self) -> [f64; 2] {
        [self.cells[0].origin, self.cells[self.cells.len() - 1].origin]
    }

    /// Whether `U` goes to infinity on both sides: each end of the table has a restoring slope of the
    /// force, or a force that points inwards.
    #[must_use]
    pub fn confines(&self) -> bool {
        let (left, right) = (self.cells[0], self.cells[self.cells.len() - 1]);
        (left.curvature > 0.0 || left.slope < 0.0) && (right.curvature > 0.0 || right.slope > 0.0)
    }
}

impl Potential for TablePotential {
    fn value(&self, x: f64) -> f64 {
        let index = self.search.cell(x);
        let Cell { origin, slope, curvature, bend } = self.cells[index];
        let t = x - origin;
        self.values[index] + t * (slope + t * (0.5 * curvature + t * (bend / 3.0)))
    }

    fn gradient(&self, x: f64) -> f64 {
        gradient_in(&self.cells[self.search.cell(x)], x)
    }

    fn curvature(&self, x: f64) -> f64 {
        let Cell { origin, curvature, bend, .. } = self.cells[self.search.cell(x)];
        curvature + 2.0 * bend * (x - origin)
    }

    fn gradient_batch(&self, x: &[f64], out: &mut [f64]) {
        gradients(self, x, out);
    }
}

#[inline(always)]
fn gradient_in(cell: &Cell, x: f64) -> f64 {
    let t = x - cell.origin;
    cell.slope + t * (cell.curvature + t * cell.bend)
}

dispatch!(fn gradients[](table: &TablePotential, x: &[f64], out: &mut [f64]) = gradients_kernel);

#[inline(always)]
fn gradients_kernel(table: &TablePotential, x: &[f64], out: &mut [f64]) {
    let search = &table.search;
    match &search.uneven {
        None => {
            for (out, &x) in out.iter_mut().zip(x) {
                *out = gradient_in(&table.cells[search.piece(x)], x);
            }
        }
        Some(uneven) => {
            for (out, &x) in out.iter_mut().zip(x) {
                *out = gradient_in(&table.cells[search.uneven_cell(uneven, x)], x);
            }
        }
    }
}

/// The cells of the not-a-knot spline, the two outside the table included, and `U` at their origins.
fn spline(x: &[f64], u: &[f64]) -> (Vec<Cell>, Vec<f64>) {
    let n = x.len();
    let h: Vec<f64> = x.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let chord: Vec<f64> = (0..n - 1).map(|k| (u[k + 1] - u[k]) / h[k]).collect();
    // The second derivatives m[k] at the positions: for 0 < k < n-1,
    //   h[k-1] m[k-1] + 2 (h[k-1] + h[k]) m[k] + h[k] m[k+1] = 6 (chord[k] - chord[k-1]),
    // of which the first and the last lose m[0] and m[n-1] by the conditions at the ends,
    //   (m[1] - m[0]) / h[0] = (m[2] - m[1]) / h[1], and likewise on the right.
    let mut diagonal: Vec<f64> = (1..n - 1).map(|k| 2.0 * (h[k - 1] + h[k])).collect();
    let mut upper: Vec<f64> = h[1..n - 1].to_vec();
    let mut lower: Vec<f64> = h[..n - 2].to_vec();
    let mut right: Vec<f64> = (1..n - 1).map(|k| 6.0 * (chord[k] - chord[k - 1])).collect();
    let last = n - 3;
    let (start, end) = (h[0] / h[1], h[n - 2] / h[n - 3]);
    diagonal[0] += h[0] * (1.0 + start);
    upper[0] -= h[0] * start;
    diagonal[last] += h[n - 2] * (1.0 + end);
    lower[last] -= h[n - 2] * end;
    for k in 1..=last {
        let factor = lower[k] / diagonal[k - 1];
        diagonal[k] -= factor * upper[k - 1];
        right[k] -= factor * right[k - 1];
    }
    let mut m = vec![0.0; n];
    m[last + 1] = right[last] / diagonal[last];
    for k in (0..last).rev() {
        m[k + 1] = (right[k] - upper[k] * m[k + 2]) / diagonal[k];
    }
    m[0] = m[1] - start * (m[2] - m[1]);
    m[n - 1] = m[n - 2] + end * (m[n - 2] - m[n - 3]);

    let inside = (0..n - 1).map(|k| Cell {
        origin: x[k],
        slope: chord[k] - h[k] * (2.0 * m[k] + m[k + 1]) / 6.0,
        curvature: m[k],
        bend: 0.5 * (m[k + 1] - m[k]) / h[k],
    });
    let mut cells: Vec<Cell> = Vec::with_capacity(n + 1);
    cells.extend(inside);
    let outside = |origin: f64, slope: f64, curvature: f64| Cell {
        origin,
        slope,
        curvature: if curvature > 0.0 { curvature } else { 0.0 },
        bend: 0.0,
    };
    let final_slope = chord[n - 2] + h[n - 2] * (m[n - 2] + 2.0 * m[n - 1]) / 6.0;
    cells.push(outside(x[n - 1], final_slope, m[n - 1]));
    let first = outside(x[0], cells[0].slope, m[0]);
    cells.insert(0, first);
    let values = std::iter::once(u[0]).chain(u.iter().copied()).collect();
    (cells, values)
}

/// The fields of a line, without the quotes that some programs write around names.
fn fields(line: &str) -> Vec<&str> {
    let separator = [',', ';'].into_iter().find(|&separator| line.contains(separator));
    match separator {
        Some(separator) => line.split(separator).map(|field| field.trim().trim_matches('"')).collect(),
        None => line.split_whitespace().map(|field| field.trim_matches('"')).collect(),
    }
}

/// Which columns a line of names calls `x` and `u`.
fn named_columns(names: &[&str]) -> Result<[usize; 2], String> {
    let place = |wanted: &str| {
        names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(wanted))
            .ok_or_else(|| format!("no column is named `{wanted}` (columns: {})", names.join(", ")))
    };
    Ok([place("x")?, place("u")?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd;
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    fn grid(first: f64, last: f64, rows: usize) -> Vec<f64> {
        (0..rows).map(|k| first + (last - first) * k as f64 / (rows - 1) as f64).collect()
    }

    /// Positions with gaps from 1e-6 to 10 in random order.
    fn uneven(seed: u64, rows: usize) -> Vec<f64> {
        with_gaps(seed, rows, 1e-6)
    }

    fn with_gaps(seed: u64, rows: usize, shortest: f64) -> Vec<f64> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut x = -3.0;
        (0..rows)
            .map(|_| {
                x += 10f64.powf(rng.random_range(shortest.log10()..1.0));
                x
            })
            .collect()
    }

    fn table(x: Vec<f64>, f: impl Fn(f64) -> f64) -> TablePotential {
        let u = x.iter().map(|&x| f(x)).collect();
        TablePotential::new(x, u).unwrap()
    }

    #[test]
    fn a_cubic_is_reproduced() {
        let f = |x: f64| 0.3 * x * x * x - 1.1 * x * x + 0.7 * x - 2.0;
        for x in [vec![-1.0, -0.2, 0.5, 2.0], grid(-1.0, 2.0, 4), grid(-1.0, 2.0, 57), with_gaps(1, 9, 0.01)]
        {
            let table = table(x, f);
            let [first, last] = table.range();
            for x in grid(first, last, 1001) {
                let scale = 1.0 + x.abs().powi(3);
                assert!((table.value(x) - f(x)).abs() < 1e-10 * scale, "{x}");
                assert!((table.gradient(x) - (0.9 * x * x - 2.2 * x + 0.7)).abs() < 1e-8 * scale, "{x}");
                assert!((table.curvature(x) - (1.8 * x - 2.2)).abs() < 1e-6 * scale, "{x}");
            }
        }
    }

    #[test]
    fn the_error_falls_with_the_fourth_power_up_to_the_ends() {
        let errors = [20, 40, 80].map(|rows| {
            let table = table(grid(-1.3, 1.7, rows + 1), f64::sin);
            let error = |x: f64| (table.value(x) - x.sin()).abs();
            grid(-1.3, 1.7, 3001).into_iter().map(error).fold(0.0, f64::max)
        });
        assert!(errors[0] < 2e-5, "{errors:?}");
        assert!(errors[0] / errors[1] > 13.0 && errors[1] / errors[2] > 13.0, "{errors:?}");
    }

    #[test]
    fn derivatives_are_continuous_and_belong_together() {
        let f = |x: f64| (2.0 * x).sin() + 0.1 * x.powi(4);
        for x in [grid(-2.0, 2.0, 21), vec![-2.0, -1.7, -1.1, -1.0, 0.3, 0.31, 1.2, 2.0]] {
            let table = table(x.clone(), f);
            for &knot in &x {
                assert!((table.value(knot) - f(knot)).abs() < 1e-14);
            }
            for &knot in &x {
                let (below, above) = (knot - 1e-9, knot + 1e-9);
                assert!((table.gradient(above) - table.gradient(below)).abs() < 1e-6);
                assert!((table.curvature(above) - table.curvature(below)).abs() < 1e-5, "{knot}");
            }
            for x in grid(-3.0, 3.0, 400) {
                let h = 1e-5;
                let difference = |f: &dyn Fn(f64) -> f64| (f(x + h) - f(x - h)) / (2.0 * h);
                assert!((difference(&|x| table.value(x)) - table.gradient(x)).abs() < 1e-8, "{x}");
                assert!((difference(&|x| table.gradient(x)) - table.curvature(x)).abs() < 1e-3, "{x}");
            }
        }
    }

    #[test]
    fn outside_the_force_goes_on_linearly_or_stays() {
        // Restoring slopes at both ends.
        let bowl = table(grid(-1.0, 2.0, 10), |x| x * x);
        assert!(bowl.confines());
        for x in [-50.0, -1.5, 2.5, 1e6] {
            assert!((bowl.gradient(x) / (2.0 * x) - 1.0).abs() < 1e-12);
            assert!((bowl.value(x) / (x * x) - 1.0).abs() < 1e-12);
            assert!((bowl.curvature(x) - 2.0).abs() < 1e-12);
        }
        // An end beyond an inflection point: the force there points inwards and is kept.
        let soft = table(grid(-2.0, 2.0, 41), |x| (1.0 + x * x).ln());
        assert!(soft.confines());
        let ends = [soft.gradient(-2.0), soft.gradient(2.0)];
        assert!(ends[0] < 0.0 && ends[1] > 0.0);
        assert_eq!([soft.gradient(-100.0), soft.gradient(100.0)], ends);
        assert_eq!(soft.curvature(100.0), 0.0);
        assert!((soft.value(12.0) - soft.value(2.0) - 10.0 * ends[1]).abs() < 1e-12);
        // An end where the force points outwards.
        assert!(!table(grid(-1.0, 1.0, 9), |x| -x * x).confines());
        assert!(!table(grid(-1.0, 3.0, 9), |x| -x * x * x).confines());
        assert!(bowl.gradient(f64::NAN).is_nan() && bowl.value(f64::NAN).is_nan());
    }

    #[test]
    fn the_search_finds_the_cell() {
        for x in [grid(-2.0, 3.0, 4), grid(0.0, 0.7, 1000), uneven(2, 4), uneven(3, 50), uneven(4, 3000)] {
            let table = table(x.clone(), |x| x.sin());
            let uniform = table.search.uneven.is_none();
            let [first, last] = table.range();
            let mut points = grid(first - 1.0, last + 1.0, 5000);
            points.extend(&x);
            points.extend(x.iter().flat_map(|x| [x.next_up(), x.next_down()]));
            for point in points {
                let (found, expected) = (table.search.cell(point), x.partition_point(|&knot| knot <= point));
                // A rounding error from a position either cell will do, if the spacing is uniform.
                let near = x.iter().any(|knot| (knot - point).abs() < 1e-12);
                assert!(found == expected || (uniform && near), "{point}: {found}, not {expected}");
            }
            assert_eq!(
                (table.search.cell(f64::NEG_INFINITY), table.search.cell(f64::INFINITY)),
                (0, x.len())
            );
        }
    }

    #[test]
    fn batches_have_the_bits_of_single_points() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
        for x in [grid(-2.0, 2.0, 33), uneven(6, 40)] {
            let table = table(x, |x| (3.0 * x).cos() + x * x);
            let [first, last] = table.range();
            let mut points: Vec<f64> = (0..200).map(|_| rng.random_range(first - 1.0..last + 1.0)).collect();
            points.extend([first, last, 0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300]);
            for level in simd::supported() {
                simd::force(level);
                for length in [0, 1, 7, 64, 65, points.len()] {
                    let mut out = vec![0.0; length];
                    table.gradient_batch(&points[..length], &mut out);
                    for (&x, batch) in points.iter().zip(out) {
                        let single = table.gradient(x);
                        assert!(batch.to_bits() == single.to_bits() || (batch.is_nan() && single.is_nan()));
                    }
                }
            }
        }
    }

    #[test]
    fn texts_are_read() {
        let expected = TablePotential::new(vec![0.0, 1.0, 2.0, 3.5], vec![1.0, -1.0, 0.5, 2e1]).unwrap();
        for text in [
            "0,1\n1,-1\n2,0.5\n3.5,2e1",
            "x,u\n0,1\n1,-1\n2,0.5\n3.5,2e1\n",
            "\u{feff}X;U\r\n0;1\r\n1;-1\r\n2;0.5\r\n3.5;2e1\r\n",
            "# measured\n\n 0   1\n 1\t-1\n\n 2 0.5\n # more\n3.5 2e1",
            "\"u\",\"error\",\"x\"\n1,9,0\n-1,9,1\n0.5,?,2\n2e1,9,3.5",
        ] {
            let table = TablePotential::from_csv(text).unwrap();
            for x in grid(-1.0, 4.0, 50) {
                assert_eq!(table.value(x), expected.value(x), "{text}");
            }
        }
    }

    #[test]
    fn faults_name_their_place() {
        let rows =
            |x: &[f64], u: &[f64]| TablePotential::new(x.to_vec(), u.to_vec()).unwrap_err().to_string();
        assert_eq!(rows(&[0.0, 1.0], &[0.0]), "the table has 2 positions but 1 values");
        assert!(
            rows(&[0.0, 1.0, 2.0], &[0.0; 3]).contains("has 3 rows, but a cubic spline needs at least 4")
        );
        assert_eq!(rows(&[0.0, 1.0, f64::NAN, 3.0], &[0.0; 4]), "row 3: x = NaN is not a finite number");
        assert_eq!(
            rows(&[0.0, 1.0, 2.0, 3.0], &[0.0, f64::INFINITY, 0.0, 0.0]),
            "row 2: u = inf is not a finite number"
        );
        assert_eq!(
            rows(&[0.0, 1.0, 1.0, 3.0], &[0.0; 4]),
            "row 3: x = 1 is not above 1, the position before it"
        );
        assert!(rows(&[0.0, 1e-300, 2.0, 3.0], &[0.0, 1e10, 0.0, 0.0]).contains("forces are not finite"));
        for (text, message) in [
            ("", "the table has 0 rows"),
            ("x,u\n0,1\n\n1,o.5\n", "line 4: `o.5` is not a number"),
            ("0,1\n1\n", "line 2: 1 column where 2 are expected"),
            ("0,1\n1,2,3\n", "line 2: 3 columns where 2 are expected"),
            ("1,5;2,0\n", "line 1: 3 columns where 2 are expected"),
            ("x,energy\n0,1\n", "line 1: no column is named `u` (columns: x, energy)"),
            ("0,1\nx,u\n", "line 2: `x` is not a number"),
            ("# a\n0 1\n1 2\n0.5 3\n2 1", "line 4: x = 0.5 is not above 1, the position before it"),
            ("0 1\n1 nan\n2 3\n3 1", "line 2: u = NaN is not a finite number"),
        ] {
            let error = TablePotential::from_csv(text).unwrap_err().to_string();
            assert!(error.starts_with(message), "{text:?}: {error}");
        }
    }
}

//! Mean times over the plane of well width and well depth.

use serde_json::Value;

use super::data::{self, Row, Variable};
use super::words;
use crate::study::Study;
use crate::theory::NoiseLaw;

/// Widths (or depths) that differ by less than this share are one.
const SAME: f64 = 0.02;
/// Most noises shown.
const MOST_MAPS: usize = 4;

/// Mean times of one starting well on a grid of two coordinates, for one or more noises.
pub(super) struct Plane<'a> {
    /// Coordinates of the columns and rows, ascending.
    pub axes: [Vec<f64>; 2],
    /// What they are, as labels of axes.
    pub labels: [String; 2],
    /// The same in one word, and as symbols without dollar signs.
    pub words: [&'static str; 2],
    pub symbols: [String; 2],
    /// What the plane is, within a sentence.
    pub place: String,
    /// Brownian first, then by tail index.
    pub maps: Vec<Map<'a>>,
}

/// The mean times under one noise: `cells[row * columns + column]`.
pub(super) struct Map<'a> {
    pub law: NoiseLaw,
    pub label: String,
    pub cells: Vec<Row<'a>>,
}

/// Whether a key is a parameter of the potential.
pub(super) fn is_parameter(key: &str) -> bool {
    key.starts_with("potential.parameters.")
}

impl<'a> Plane<'a> {
    /// The plane of a study whose sweep changes the landscape along two axes. Coordinates are width and
    /// depth of the starting well where these form a grid, else the two swept parameters. `None` where
    /// neither is a grid of at least two by two with one point a cell.
    pub fn new(study: &'a Study) -> Option<Self> {
        let keys: Vec<&String> =
            study.summary.points.first()?.point.keys().filter(|key| is_parameter(key)).collect();
        let [first, second] = keys[..] else { return None };
        let mut rows = data::mean_times(study);
        let task = rows.iter().map(|row| (row.result.task, row.result.from)).min()?;
        rows.retain(|row| (row.result.task, row.result.from) == task);
        let well = |row: &Row<'a>| row.width_and_depth();
        let parameters = |row: &Row<'a>| {
            let value = |key: &String| row.summary.point.get(key).and_then(Value::as_f64);
            Some([value(first)?, value(second)?])
        };
        let physical = Self::on_grid(&rows, [first, second], &well).map(|(axes, maps)| Plane {
            axes,
            maps,
            labels: [r"width $w$ of the well".into(), r"depth $\Delta U$ of the well".into()],
            words: ["width", "depth"],
            symbols: ["w".into(), r"\Delta U".into()],
            place: "width and depth of the starting well".into(),
        });
        physical.or_else(|| {
            let (axes, maps) = Self::on_grid(&rows, [first, second], &parameters)?;
            let symbols = [words::bare_symbol(first), words::bare_symbol(second)];
            let labels = [0, 1].map(|k| format!("parameter ${}$", symbols[k]));
            let place = format!("the parameters ${}$ and ${}$", symbols[0], symbols[1]);
            Some(Plane { axes, maps, labels, words: ["parameter"; 2], symbols, place })
        })
    }

    /// An axis within a sentence, e.g. `width $w$`.
    pub fn named(&self, axis: usize) -> String {
        format!("{} ${}$", self.words[axis], self.symbols[axis])
    }

    #[allow(clippy::type_complexity)]
    fn on_grid(
        rows: &[Row<'a>],
        keys: [&String; 2],
        place: &dyn Fn(&Row<'a>) -> Option<[f64; 2]>,
    ) -> Option<([Vec<f64>; 2], Vec<Map<'a>>)> {
        let places = rows.iter().map(place).collect::<Option<Vec<_>>>()?;
        let axes = [0, 1].map(|k| clusters(places.iter().map(|place| place[k]).collect()));
        if axes.iter().any(|axis| axis.len() < 2) {
            return None;
        }
        // Rows with the same noise and all else, on the grid.
        let mut groups: Vec<(Vec<data::Part>, Vec<Option<Row<'a>>>)> = Vec::new();
        let cells = axes[0].len() * axes[1].len();
        for (row, place) in rows.iter().zip(&places) {
            let one = Row { ..*row };
            let parts = others(&one, keys);
            let [column, line] = [0, 1].map(|k| nearest(&axes[k], place[k]));
            let index = match groups.iter().position(|(other, _)| *other == parts) {
                Some(index) => index,
                None => {
                    groups.push((parts, vec![None; cells]));
                    groups.len() - 1
                }
            };
            if groups[index].1[line * axes[0].len() + column].replace(one).is_some() {
                return None;
            }
        }
        let mut maps: Vec<Map<'a>> = groups
            .into_iter()
            .filter_map(|(_, cells)| {
                let cells = cells.into_iter().collect::<Option<Vec<_>>>()?;
                let law = cells.first()?.data.noise;
                let label = words::joined(&[words::noise(law), words::amplitude(law.epsilon())]);
                Some(Map { law, label, cells })
            })
            .collect();
        // Of several amplitudes of one noise the one with the fewest gaps, then the smallest.
        let order = |map: &Map<'_>| {
            let gaps = map.cells.iter().filter(|row| row.result.estimate.is_none()).count();
            (tail(map.law), gaps, map.law.epsilon())
        };
        maps.sort_by(|a, b| {
            let (a, b) = (order(a), order(b));
            a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.total_cmp(&b.2))
        });
        maps.dedup_by(|later, earlier| tail(later.law) == tail(earlier.law));
        maps.truncate(MOST_MAPS);
        (!maps.is_empty()).then_some((axes, maps))
    }
}

/// Orders noises: Brownian, then by tail index.
fn tail(law: NoiseLaw) -> f64 {
    match law {
        NoiseLaw::Stable { alpha, .. } | NoiseLaw::StableAndGaussian { alpha, .. } => alpha,
        NoiseLaw::Brownian { .. } | NoiseLaw::Other { .. } => 0.0,
    }
}

/// What sets a row apart besides the two parameters.
fn others(row: &Row<'_>, keys: [&String; 2]) -> Vec<data::Part> {
    let mut parts = row.parts(&Variable::Key(keys[0].clone()));
    // The second key comes among the swept keys, which come first and in order.
    let swept = row.summary.point.keys().filter(|key| *key != keys[0] && !data::is_noise_key(key));
    if let Some(place) = swept.clone().position(|key| key == keys[1]) {
        parts.remove(place);
    }
    parts
}

/// Sorted values, those that are nearly equal replaced by their mean.
fn clusters(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    let mut groups: Vec<Vec<f64>> = Vec::new();
    for value in values {
        match groups.last_mut() {
            Some(group) if (value - group[0]).abs() <= SAME * value.abs().max(group[0].abs()) => {
                group.push(value);
            }
            _ => groups.push(vec![value]),
        }
    }
    groups.iter().map(|group| group.iter().sum::<f64>() / group.len() as f64).collect()
}

fn nearest(axis: &[f64], value: f64) -> usize {
    let distance = |index: &usize| (axis[*index] - value).abs();
    (0..axis.len()).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0)
}

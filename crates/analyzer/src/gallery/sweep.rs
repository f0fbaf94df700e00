//! Mean times against any other swept number.

use serde_json::Value;

use super::curve;
use super::data::{self, Variable};
use super::plane::Plane;
use super::words;
use crate::figure::Figure;
use crate::study::Study;

/// One figure a key; the two keys of a (width, depth) plane have figures of their own.
pub(super) fn figures(study: &Study) -> Vec<Figure> {
    let Some(first) = study.summary.points.first() else { return Vec::new() };
    let rows = data::mean_times(study);
    let in_plane = Plane::new(study).is_some();
    let numeric = |key: &str| {
        study.summary.points.iter().all(|point| point.point.get(key).is_some_and(Value::is_number))
    };
    let keys: Vec<&String> = first
        .point
        .keys()
        .filter(|key| !data::is_noise_key(key) && *key != "scheme.step" && numeric(key))
        .filter(|key| !(in_plane && super::plane::is_parameter(key)))
        .collect();
    let word = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
    keys.iter()
        .filter_map(|key| {
            let unique = keys.iter().filter(|other| word(other) == word(key)).count() == 1;
            let name = if unique { word(key) } else { (*key).clone() };
            let name: String =
                name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(100).collect();
            let variable = Variable::Key((*key).clone());
            let what = if super::plane::is_parameter(key) { "parameter " } else { "" };
            let label = format!("{what}{}", words::symbol(key));
            let opening = format!("{} Mean time against {label}.", data::title(study));
            curve::figure(&format!("sweep_{name}"), &rows, &variable, &label, [None, None], &opening)
        })
        .collect()
}

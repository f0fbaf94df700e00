//! The scenario: one TOML file, one study.
//!
//! [`ScenarioFile::load`] reads the file and the `--set` arguments and checks every point of the sweep.
//! What it cannot check, because that takes the potential itself, the caller reports through
//! [`ScenarioFile::formula_error`] and [`ScenarioFile::error_at`], with the same look.
//!
//! Parts: `tree` (TOML with places), `keys` (which keys there are), `manual` (the page of them), `reader` (typed values out of the
//! tree), `read` (tables of the file), `sweep`, `spec` (the result).

mod keys;
mod manual;
mod read;
mod reader;
mod spec;
mod sweep;
mod tree;

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::errors::{Diagnostic, Location, ScenarioError, Sources};
use reader::Faults;
use sweep::{Axis, RawAxis};
use tree::{Node, Value};

pub use keys::{any_of, nearest};
pub use manual::keys_page;
pub use read::{NOISES, TASKS, is_fit_name};
pub use spec::*;

/// One point of the sweep: the swept keys with their values there, and the scenario there, itself
/// without a sweep.
pub type Point = (Map<String, Json>, Scenario);

/// A scenario file that was read and found good.
#[derive(Debug, Clone)]
pub struct ScenarioFile {
    sources: Arc<Sources>,
    /// The file with the `--set` values put in and without `[sweep]`.
    root: Node,
    axes: Vec<Axis>,
    scenario: Scenario,
    points: Vec<Point>,
}

impl ScenarioFile {
    /// Reads a scenario file. Each override is the text `KEY=VALUE` of a `--set` argument: the key is
    /// dotted, the value TOML or, failing that, a bare string. An override of a swept key ends its sweep;
    /// `sweep.KEY=[...]` sets an axis. Of two overrides of one key the last one holds.
    ///
    /// # Errors
    /// Everything that is wrong with the file or the overrides, at any point of the sweep, as far as it
    /// can be known without evaluating the potential.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Self, ScenarioError> {
        let mut sources =
            Sources { name: path.display().to_string(), text: String::new(), overrides: overrides.to_vec() };
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let diagnostic = Diagnostic {
                    location: None,
                    message: format!("cannot read the scenario {}: {error}", path.display()),
                    label: String::new(),
                    help: (error.kind() == std::io::ErrorKind::NotFound)
                        .then(|| "`levyscape new NAME` writes a scenario to start from".to_owned()),
                    note: None,
                };
                return Err(ScenarioError::new(Arc::new(sources), vec![diagnostic]));
            }
        };
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        match std::str::from_utf8(bytes) {
            Ok(text) => text.clone_into(&mut sources.text),
            Err(error) => {
                let at = error.valid_up_to();
                let byte = bytes.get(at).copied().unwrap_or(0);
                let line = 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
                // Up to the bad byte the text that is shown has the same bytes as the file; there it
                // has a replacement character.
                sources.text = String::from_utf8_lossy(bytes).into_owned();
                let diagnostic = Diagnostic::new(
                    &Location::file(at..at + char::REPLACEMENT_CHARACTER.len_utf8()),
                    format!("the scenario is not UTF-8 text: byte {at} (0x{byte:02x}), on line {line}"),
                    "this is no character of UTF-8",
                )
                .with_help("save the file with the encoding UTF-8");
                return Err(ScenarioError::new(Arc::new(sources), vec![diagnostic]));
            }
        }
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        Self::from_sources(sources, &fit_name(&stem))
    }

    fn from_sources(sources: Sources, default_name: &str) -> Result<Self, ScenarioError> {
        let sources = Arc::new(sources);
        let fail = |diagnostics| ScenarioError::new(Arc::clone(&sources), diagnostics);
        let mut root = tree::parse_document(&sources.text).map_err(|diagnostic| fail(vec![*diagnostic]))?;
        let faults = Faults::default();
        let mut raw = sweep::take(&mut root, &faults);
        for (index, text) in sources.overrides.iter().enumerate() {
            match tree::parse_override(index, text) {
                Ok(change) => apply(change, &mut root, &mut raw, &faults),
                Err(diagnostic) => faults.push(*diagnostic),
            }
        }
        let axes = sweep::axes(&root, raw, &faults);
        let diagnostics = faults.into_inner();
        if !diagnostics.is_empty() {
            return Err(fail(diagnostics));
        }
        let points = points(&root, &axes, default_name).map_err(&fail)?;
        let Some((_, first)) = points.first() else {
            return Err(fail(vec![Diagnostic::new(&Location::file(0..0), "the sweep has no points", "")]));
        };
        // Beside Brownian noise alpha is accepted and ignored, for sweeps of the kind; sweeping it then is
        // a mistake.
        if let Some(axis) = axes.iter().find(|axis| axis.key == "noise.alpha" || axis.key == "noise.beta")
            && points.iter().all(|(_, scenario)| scenario.noise.kind == NoiseKind::Brownian)
        {
            return Err(fail(vec![Diagnostic::new(
                &axis.key_location,
                format!("the sweep of `{}` changes nothing: the noise is Brownian", axis.key),
                "expected `noise.kind` = \"stable\" at some point",
            )]));
        }
        let mut scenario = first.clone();
        scenario.sweep = axes
            .iter()
            .map(|axis| SweepAxis {
                key: axis.key.clone(),
                values: axis.values.iter().map(Node::to_toml).collect(),
            })
            .collect();
        Ok(Self { sources, root, axes, scenario, points })
    }

    /// The whole scenario: swept keys have their first value, `sweep` all of them.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The points of the sweep, the last axis fastest; a single one, with an empty map, without a sweep.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The folder that paths in the scenario are seen from.
    pub fn folder(&self) -> &Path {
        Path::new(&self.sources.name).parent().unwrap_or(Path::new(""))
    }

    /// An error in the formula under a dotted key, at these bytes of it, met at the point of the sweep
    /// with this index in [`ScenarioFile::points`]. The empty span `0..0` stands for the whole formula.
    pub fn formula_error(
        &self,
        point: usize,
        key: &str,
        span: Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) -> ScenarioError {
        let tree = tree_at(&self.root, &self.axes, point);
        let segments: Vec<&str> = key.split('.').collect();
        let node = tree.nearest(&segments);
        let mut location = node.location.clone();
        if let Value::String { text, first: Some(first) } = &node.value
            && span != (0..0)
            && span.end <= text.len()
        {
            location.span = first + span.start..first + span.end;
        }
        self.error(point, location, message.into(), help)
    }

    /// An error about the value of a dotted key or, if the key is not there, about its table, met at the
    /// point of the sweep with this index in [`ScenarioFile::points`].
    pub fn error_at(
        &self,
        point: usize,
        key: &str,
        message: impl Into<String>,
        help: Option<String>,
    ) -> ScenarioError {
        let segments: Vec<&str> = key.split('.').collect();
        let location = tree_at(&self.root, &self.axes, point).nearest(&segments).location.clone();
        self.error(point, location, message.into(), help)
    }

    fn error(
        &self,
        point: usize,
        location: Location,
        message: String,
        help: Option<String>,
    ) -> ScenarioError {
        let note = self.points.get(point).and_then(|(values, _)| point_note(values));
        let diagnostic = Diagnostic { location: Some(location), message, label: String::new(), help, note };
        ScenarioError::new(Arc::clone(&self.sources), vec![diagnostic])
    }
}

/// A file's stem made fit to be a scenario's name.
fn fit_name(stem: &str) -> String {
    let name: String = stem
        .trim_start_matches('.')
        .chars()
        .map(|c| if is_fit_name(&format!("a{c}")) { c } else { '_' })
        .take(25)
        .collect();
    if is_fit_name(stem) {
        stem.to_owned()
    } else if is_fit_name(&name) {
        name
    } else {
        "scenario".to_owned()
    }
}

/// Puts one `--set` value in its place.
fn apply(change: tree::Override, root: &mut Node, raw: &mut Vec<RawAxis>, faults: &Faults) {
    let tree::Override { key, key_location, node } = change;
    if let Some(axis) = key.strip_prefix("sweep.") {
        raw.retain(|other| other.key != axis);
        raw.push(RawAxis { key: axis.to_owned(), key_location, node });
        return;
    }
    if let Err(fault) = keys::check(root, &key, false) {
        let mut diagnostic = Diagnostic::new(&key_location, fault.message, fault.label);
        diagnostic.help = fault.help;
        faults.push(diagnostic);
        return;
    }
    raw.retain(|axis| !sweep::overlap(&axis.key, &key));
    let segments: Vec<&str> = key.split('.').collect();
    if let Err(location) = root.set(&segments, &key_location, node) {
        faults.push(Diagnostic::new(
            &location,
            format!("`{key}` cannot be set: this is no table"),
            "expected a table",
        ));
    }
}

/// Index of the value on each axis at a point; the last axis is fastest.
fn indices(axes: &[Axis], mut point: usize) -> Vec<usize> {
    let mut indices = vec![0; axes.len()];
    for (index, axis) in indices.iter_mut().zip(axes).rev() {
        *index = point % axis.values.len();
        point /= axis.values.len();
    }
    indices
}

/// The tree with the swept values of a point put in. A value that has no place, because a table on the
/// way is no table, is left out: reading finds that error.
fn tree_at(root: &Node, axes: &[Axis], point: usize) -> Node {
    let mut tree = root.clone();
    for (axis, index) in axes.iter().zip(indices(axes, point)) {
        let segments: Vec<&str> = axis.key.split('.').collect();
        let _ = tree.set(&segments, &axis.key_location, axis.values[index].clone());
    }
    tree
}

/// Reads all points.
///
/// # Errors
/// The distinct errors of all points; one that not every point has says where it is first met.
fn points(root: &Node, axes: &[Axis], default_name: &str) -> Result<Vec<Point>, Vec<Diagnostic>> {
    /// Distinct errors after which no further ones are kept.
    const ENOUGH: usize = 20;
    let total: usize = axes.iter().map(|axis| axis.values.len()).product();
    let mut points = Vec::with_capacity(total);
    let mut found: Vec<(Diagnostic, usize, Option<String>)> = Vec::new();
    for point in 0..total {
        let values: Map<String, Json> = axes
            .iter()
            .zip(indices(axes, point))
            .map(|(axis, index)| (axis.key.clone(), axis.values[index].to_json()))
            .collect();
        match read::scenario(&tree_at(root, axes, point), default_name) {
            Ok(scenario) => points.push((values, scenario)),
            Err(diagnostics) => {
                for diagnostic in diagnostics {
                    match found.iter().position(|(other, ..)| *other == diagnostic) {
                        Some(index) => found[index].1 += 1,
                        None if found.len() < ENOUGH => found.push((diagnostic, 1, point_note(&values))),
                        None => {}
                    }
                }
            }
        }
    }
    if found.is_empty() {
        return Ok(points);
    }
    Err(found
        .into_iter()
        .map(|(mut diagnostic, count, note)| {
            if count < total {
                diagnostic.note = note;
            }
            diagnostic
        })
        .collect())
}

/// The values of a point in words; nothing without a sweep.
fn point_note(values: &Map<String, Json>) -> Option<String> {
    let values: Vec<String> = values.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    (!values.is_empty()).then(|| format!("at the sweep's point {}", values.join(", ")))
}

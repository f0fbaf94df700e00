//! `[sweep]`: axes of values and the points that they span.

use super::keys;
use super::reader::{FINITE, Faults, Field, POSITIVE, optional};
use super::tree::{Node, Value};
use crate::errors::{Diagnostic, Location};

/// Most points that one scenario may have.
pub(super) const MAX_POINTS: u64 = 100_000;

/// How the values of a range lie, the default first: whether their logarithms have equal differences.
pub(super) const SPACINGS: [(&str, bool); 2] = [("linear", false), ("log", true)];

/// A dotted key and what stands for it in `[sweep]`.
pub(super) struct RawAxis {
    pub key: String,
    pub key_location: Location,
    pub node: Node,
}

/// A dotted key and its values, at least one.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    pub key: String,
    pub key_location: Location,
    pub values: Vec<Node>,
}

/// Takes `[sweep]` out of the tree. Its keys may be quoted (`"noise.epsilon" = ...`) or not
/// (`noise.epsilon = ...`): the axes are in the order of writing.
pub(super) fn take(root: &mut Node, faults: &Faults) -> Vec<RawAxis> {
    let Value::Table(entries) = &mut root.value else { return Vec::new() };
    let Some(position) = entries.iter().position(|entry| entry.key == "sweep") else { return Vec::new() };
    let sweep = entries.remove(position);
    let mut axes = Vec::new();
    if sweep.node.entries().is_none() {
        faults.push(
            Diagnostic::new(
                &sweep.key_location,
                format!("`sweep` is {}", sweep.node.describe()),
                "expected a table [sweep] of keys and their values",
            )
            .with_help("for example:\n[sweep]\n\"noise.epsilon\" = [0.2, 0.1, 0.05]"),
        );
        return axes;
    }
    flatten("", &sweep.key_location, sweep.node, &mut axes);
    axes.sort_by_key(|axis| axis.key_location.span.start);
    axes
}

fn flatten(key: &str, key_location: &Location, node: Node, axes: &mut Vec<RawAxis>) {
    let segments: Vec<&str> = if key.is_empty() { Vec::new() } else { key.split('.').collect() };
    let is_range =
        || node.entries().is_some_and(|entries| entries.iter().any(|entry| keys::RANGE.has(&entry.key)));
    let descend = node.entries().is_some() && (key.is_empty() || (keys::is_table(&segments) && !is_range()));
    match node.value {
        Value::Table(entries) if descend => {
            for entry in entries {
                let key = if key.is_empty() { entry.key } else { format!("{key}.{}", entry.key) };
                flatten(&key, &entry.key_location, entry.node, axes);
            }
        }
        value => axes.push(RawAxis {
            key: key.to_owned(),
            key_location: key_location.clone(),
            node: Node { value, location: node.location },
        }),
    }
}

/// Whether one key is the other or lies within it.
pub(super) fn overlap(a: &str, b: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    within(a, b) || within(b, a)
}

/// Checks the axes and writes ranges out as values.
pub(super) fn axes(root: &Node, raw: Vec<RawAxis>, faults: &Faults) -> Vec<Axis> {
    let mut axes: Vec<Axis> = Vec::new();
    let mut points = 1_u64;
    for RawAxis { key, key_location, node } in raw {
        let known = match keys::check(root, &key, true) {
            Ok(known) => known,
            Err(fault) => {
                let mut diagnostic = Diagnostic::new(&key_location, fault.message, fault.label);
                diagnostic.help = fault.help;
                faults.push(diagnostic);
                continue;
            }
        };
        if let Some(other) = axes.iter().find(|other| overlap(&other.key, &key)) {
            let message = if other.key == key {
                format!("`{key}` is swept twice")
            } else {
                format!("`{key}` and `{}` cannot both be swept", other.key)
            };
            faults.push(Diagnostic::new(&key_location, message, "expected one axis for each key"));
            continue;
        }
        let Some(values) = values(&Field::new(format!("sweep.{key}"), &node, faults), known.whole) else {
            continue;
        };
        points = points.saturating_mul(values.len() as u64);
        if points > MAX_POINTS {
            faults.push(Diagnostic::new(
                &key_location,
                format!(
                    "the sweep has more than {MAX_POINTS} points, with this axis of {} values",
                    values.len()
                ),
                "every combination of the axes' values is one point",
            ));
            return axes;
        }
        axes.push(Axis { key, key_location, values });
    }
    axes
}

fn values(field: &Field<'_>, whole: bool) -> Option<Vec<Node>> {
    match &field.node.value {
        Value::Array(items) if items.is_empty() => {
            field.fault(format!("`{}` has no values", field.path), "expected at least one value")
        }
        Value::Array(items) => Some(items.clone()),
        Value::Table(_) => range(field, whole),
        _ => field.fault_with_help(
            format!("`{}` is {}", field.path, field.node.describe()),
            "expected a list of values, or { from = ..., to = ..., count = ..., spacing = \"log\" }",
            "write a single value in square brackets, or outside of [sweep]",
        ),
    }
}

fn range(field: &Field<'_>, whole: bool) -> Option<Vec<Node>> {
    let table = field.table("a table", &keys::RANGE)?;
    let log = optional(table.get("spacing"), SPACINGS[0].1, |field| field.choice(&SPACINGS, &[]));
    let bounds = if log == Some(true) { POSITIVE } else { FINITE };
    let from = table.require("from", "the first value").and_then(|field| field.number(bounds));
    let to = table.require("to", "the last value").and_then(|field| field.number(bounds));
    let count = table.require("count", "how many values").and_then(|field| field.whole(2, MAX_POINTS));
    let (log, from, to, count) = (log?, from?, to?, count?);
    if from == to {
        return field
            .fault(format!("`{}` goes from {from} to {to}", field.path), "expected two different ends");
    }
    let last = count - 1;
    let value = |index: u64| match index {
        0 => from,
        index if index == last => to,
        index => {
            let share = index as f64 / last as f64;
            let value = if log {
                (from.ln() + share * (to.ln() - from.ln())).exp()
            } else {
                from * (1.0 - share) + to * share
            };
            if whole { value.round() } else { rounded(value, (to - from).abs()) }
        }
    };
    Some(
        (0..count)
            .map(|index| Node { value: Value::Float(value(index)), location: field.location().clone() })
            .collect(),
    )
}

/// The value to 12 significant digits: 0.3 and not 0.30000000000000004, and the same number whatever the
/// last bit of the machine's logarithm. What is lost in the middle of a range around 0 is made 0.
fn rounded(value: f64, width: f64) -> f64 {
    if value.abs() < 1e-14 * width {
        return 0.0;
    }
    format!("{value:.11e}").parse().unwrap_or(value)
}

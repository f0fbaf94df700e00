//! Reading typed values out of the tree. Every function notes what is wrong and answers `None` then, so
//! that reading goes on and further errors are found.

use std::cell::RefCell;

use super::keys::{Keys, any_of, nearest};
use super::tree::{Entry, Node, Value};
use crate::errors::{Diagnostic, Location};

/// The errors found so far.
#[derive(Default)]
pub(super) struct Faults(RefCell<Vec<Diagnostic>>);

impl Faults {
    pub fn push(&self, diagnostic: Diagnostic) {
        self.0.borrow_mut().push(diagnostic);
    }

    pub fn into_inner(self) -> Vec<Diagnostic> {
        self.0.into_inner()
    }
}

/// The numbers that a key accepts.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// In words, after "expected".
    pub allowed: &'static str,
    pub holds: fn(f64) -> bool,
}

pub(super) const FINITE: Bounds = Bounds { allowed: "a finite number", holds: f64::is_finite };
pub(super) const POSITIVE: Bounds =
    Bounds { allowed: "a finite number above 0", holds: |x| x.is_finite() && x > 0.0 };
pub(super) const NOT_NEGATIVE: Bounds =
    Bounds { allowed: "a finite number, 0 or more", holds: |x| x.is_finite() && x >= 0.0 };
pub(super) const POSITIVE_OR_INFINITE: Bounds =
    Bounds { allowed: "a number above 0, or \"inf\"", holds: |x| x > 0.0 };
pub(super) const EXTENDED: Bounds =
    Bounds { allowed: "a number, \"inf\" or \"-inf\"", holds: |x| !x.is_nan() };
pub(super) const SHARE: Bounds =
    Bounds { allowed: "a number above 0 and below 1", holds: |x| x > 0.0 && x < 1.0 };
pub(super) const TAIL_INDEX: Bounds =
    Bounds { allowed: "a number above 0 and up to 2", holds: |x| x > 0.0 && x <= 2.0 };
pub(super) const TAIL_INDEX_BELOW_TWO: Bounds =
    Bounds { allowed: "a number from 0.2 to below 2", holds: |x| (0.2..2.0).contains(&x) };
pub(super) const SKEWNESS: Bounds =
    Bounds { allowed: "a number from -1 to 1", holds: |x| (-1.0..=1.0).contains(&x) };

/// A value, its dotted key and the list of errors.
#[derive(Clone)]
pub(super) struct Field<'t> {
    pub path: String,
    pub node: &'t Node,
    faults: &'t Faults,
}

impl<'t> Field<'t> {
    pub fn new(path: impl Into<String>, node: &'t Node, faults: &'t Faults) -> Self {
        Self { path: path.into(), node, faults }
    }

    pub fn location(&self) -> &'t Location {
        &self.node.location
    }

    /// Notes an error about this value.
    pub fn fault<T>(&self, message: impl Into<String>, label: impl Into<String>) -> Option<T> {
        self.faults.push(Diagnostic::new(self.location(), message, label));
        None
    }

    /// Notes an error about this value, with advice.
    pub fn fault_with_help<T>(
        &self,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) -> Option<T> {
        self.faults.push(Diagnostic::new(self.location(), message, label).with_help(help));
        None
    }

    /// Notes an error about another place than the value, such as its key.
    pub fn fault_at<T>(
        &self,
        location: &Location,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Option<T> {
        self.faults.push(Diagnostic::new(location, message, label));
        None
    }

    /// The value of a key of this table, or an element of this list.
    pub fn child(&self, node: &'t Node, segment: &str) -> Field<'t> {
        let path = if self.path.is_empty() { segment.to_owned() } else { format!("{}.{segment}", self.path) };
        Field::new(path, node, self.faults)
    }

    /// Notes that the value has the wrong type.
    pub fn wrong_type<T>(&self, expected: &str) -> Option<T> {
        let message = format!("`{}` is {}", self.path, self.node.describe());
        let label = format!("expected {expected}");
        let sweepable =
            expected.contains("number") && !self.path.contains('[') && !self.path.starts_with("sweep.");
        match &self.node.value {
            Value::String { text, .. } if text.parse::<f64>().is_ok_and(f64::is_finite) => {
                let help = if text.starts_with('.') || text.ends_with('.') {
                    "a number has digits on both sides of the point"
                } else {
                    "a number is written without quotes"
                };
                self.fault_with_help(message, label, help)
            }
            Value::Table(_) if sweepable => self.fault_with_help(
                message,
                label,
                format!(
                    "a range stands in [sweep]: \"{}\" = {{ from = ..., to = ..., count = ... }}",
                    self.path
                ),
            ),
            Value::Array(_) if sweepable => self.fault_with_help(
                message,
                label,
                format!("values to take one after the other stand in [sweep]: \"{}\" = [...]", self.path),
            ),
            _ => self.fault(message, label),
        }
    }

    pub fn number(&self, bounds: Bounds) -> Option<f64> {
        let word = match &self.node.value {
            Value::Integer(value) => return self.bounded(*value as f64, bounds),
            Value::Float(value) => return self.bounded(*value, bounds),
            Value::String { text, .. } => text.as_str(),
            _ => return self.wrong_type(bounds.allowed),
        };
        match word {
            "inf" | "+inf" => self.bounded(f64::INFINITY, bounds),
            "-inf" => self.bounded(f64::NEG_INFINITY, bounds),
            "nan" => self.bounded(f64::NAN, bounds),
            _ => self.wrong_type(bounds.allowed),
        }
    }

    fn bounded(&self, value: f64, bounds: Bounds) -> Option<f64> {
        if (bounds.holds)(value) {
            // Minus zero is the same place and the same parameter; written as 0 it stays so in every file.
            return Some(value + 0.0);
        }
        let what = if value.is_nan() {
            "nan, which is not a number".to_owned()
        } else if value.is_infinite() {
            "infinite".to_owned()
        } else {
            format!("{value}, out of range")
        };
        self.fault(format!("`{}` is {what}", self.path), format!("expected {}", bounds.allowed))
    }

    /// A whole number; `1e6` is one.
    pub fn whole(&self, min: u64, max: u64) -> Option<u64> {
        let expected = if max == i64::MAX as u64 {
            format!("a whole number from {min} to 2^63 - 1")
        } else {
            format!("a whole number from {min} to {max}")
        };
        let value = match &self.node.value {
            Value::Integer(value) => *value,
            // Below 2^53 every whole number is a double.
            Value::Float(value) if value.fract() == 0.0 && value.abs() < 9e15 => *value as i128,
            Value::Float(value) => {
                return self.fault(
                    format!("`{}` is {value}, not a whole number", self.path),
                    format!("expected {expected}"),
                );
            }
            _ => return self.wrong_type(&expected),
        };
        match u64::try_from(value) {
            Ok(value) if (min..=max).contains(&value) => Some(value),
            _ => self
                .fault(format!("`{}` is {value}, out of range", self.path), format!("expected {expected}")),
        }
    }

    pub fn boolean(&self) -> Option<bool> {
        match &self.node.value {
            Value::Boolean(value) => Some(*value),
            _ => self.wrong_type("true or false"),
        }
    }

    pub fn string(&self, expected: &str) -> Option<&'t str> {
        match &self.node.value {
            Value::String { text, .. } => Some(text),
            _ => self.wrong_type(expected),
        }
    }

    /// One of the allowed words; `unavailable` are words of the format that this version lacks.
    pub fn choice<T: Copy>(&self, allowed: &[(&'static str, T)], unavailable: &[&str]) -> Option<T> {
        let words: Vec<&str> = allowed.iter().map(|(word, _)| *word).collect();
        let expected = any_of(&words);
        let word = self.string(&expected)?;
        if let Some((_, value)) = allowed.iter().find(|(allowed, _)| *allowed == word) {
            return Some(*value);
        }
        if unavailable.contains(&word) {
            return self.fault(
                format!("`{}` = \"{word}\" is not available in this version", self.path),
                format!("allowed: {expected}"),
            );
        }
        let message = format!("`{}` is unknown: \"{word}\"", self.path);
        let label = format!("allowed: {expected}");
        match nearest(&word.to_lowercase(), &words) {
            Some(nearest) => self.fault_with_help(message, label, format!("did you mean \"{nearest}\"?")),
            None => self.fault(message, label),
        }
    }

    /// The elements of a list.
    pub fn list(&self, expected: &str) -> Option<Vec<Field<'t>>> {
        match &self.node.value {
            Value::Array(items) => Some(
                items
                    .iter()
                    .enumerate()
                    .map(|(index, node)| Field::new(format!("{}[{index}]", self.path), node, self.faults))
                    .collect(),
            ),
            _ => self.wrong_type(expected),
        }
    }

    /// `[lo, hi]` with `lo < hi`.
    pub fn interval(&self, bounds: Bounds) -> Option<[f64; 2]> {
        let expected = "an interval [lo, hi]";
        let items = self.list(expected)?;
        let [lo, hi] = &items[..] else {
            return self.fault(
                format!("`{}` has {} ends", self.path, items.len()),
                format!("expected {expected}, two numbers"),
            );
        };
        // Both ends are read before either can end the reading.
        let (lo, hi) = (lo.number(bounds), hi.number(bounds));
        let (lo, hi) = (lo?, hi?);
        if lo < hi {
            return Some([lo, hi]);
        }
        let message = format!("`{}` is empty: {lo} is not below {hi}", self.path);
        if lo > hi {
            self.fault_with_help(message, "expected [lo, hi] with lo < hi", format!("write [{hi}, {lo}]"))
        } else {
            self.fault(message, "expected [lo, hi] with lo < hi")
        }
    }

    /// A list of things of one type.
    pub fn list_of<T>(
        &self,
        expected: &str,
        mut read: impl FnMut(&Field<'t>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items: Vec<Option<T>> = self.list(expected)?.iter().map(&mut read).collect();
        items.into_iter().collect()
    }

    pub fn table(&self, expected: &str, keys: &'t Keys) -> Option<Table<'t>> {
        match &self.node.value {
            Value::Table(entries) => {
                let table =
                    Table { path: self.path.clone(), node: self.node, entries, keys, faults: self.faults };
                table.check_keys();
                Some(table)
            }
            _ => self.fault(
                format!("`{}` is {}", self.path, self.node.describe()),
                format!("expected {expected}"),
            ),
        }
    }
}

/// A table whose keys are known to be good.
pub(super) struct Table<'t> {
    path: String,
    node: &'t Node,
    entries: &'t [Entry],
    keys: &'t Keys,
    faults: &'t Faults,
}

impl<'t> Table<'t> {
    pub fn get(&self, key: &str) -> Option<Field<'t>> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some(Field::new(self.dotted(key), &entry.node, self.faults))
    }

    /// The value of a key that must be there. A likely misspelling of it is an unknown key, which is
    /// noted already, and not a missing one as well.
    pub fn require(&self, key: &str, expected: &str) -> Option<Field<'t>> {
        let field = self.get(key);
        let misspelt = || {
            self.entries.iter().any(|entry| {
                !self.keys.has(&entry.key)
                    && nearest(&entry.key.to_lowercase(), &self.keys.names()) == Some(key)
            })
        };
        if field.is_none() && !misspelt() {
            let place = if self.path.is_empty() { "the scenario".into() } else { format!("`{}`", self.path) };
            self.faults.push(Diagnostic::new(
                &self.node.location,
                format!("missing key `{}`", self.dotted(key)),
                format!("{place} needs `{key}`: {expected}"),
            ));
        }
        field
    }

    /// The list of errors that this table adds to.
    pub fn faults(&self) -> &'t Faults {
        self.faults
    }

    fn dotted(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn check_keys(&self) {
        let keys = self.keys;
        for Entry { key, key_location, .. } in self.entries {
            if keys.has(key) {
                continue;
            }
            let names = keys.names();
            let diagnostic = Diagnostic::new(
                key_location,
                format!("unknown key `{}`", self.dotted(key)),
                format!("allowed here: {}", any_of(&names)),
            );
            self.faults.push(match nearest(&key.to_lowercase(), &names) {
                Some(nearest) => diagnostic.with_help(format!("did you mean `{nearest}`?")),
                None => diagnostic,
            });
        }
    }
}

/// The value of an optional key: the default where it is absent, `None` where it is wrong.
pub(super) fn optional<'t, T>(
    field: Option<Field<'t>>,
    default: T,
    read: impl FnOnce(Field<'t>) -> Option<T>,
) -> Option<T> {
    match field {
        Some(field) => read(field),
        None => Some(default),
    }
}

//! Names for the points of a sweep.

use std::collections::BTreeSet;

use levyscape_analyzer::summary::Summary;
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::latex;
use super::number::{Printed, compact};

/// More points than this are not named one by one.
const NAMED: usize = 8;

/// The points of a run and the values that tell them apart.
pub struct Points<'a> {
    summary: &'a Summary,
    /// Dotted keys in the order of the sweep.
    keys: Vec<&'a str>,
    /// What warnings about a point begin with.
    prefixes: Vec<String>,
}

impl<'a> Points<'a> {
    pub fn new(summary: &'a Summary) -> Self {
        let mut keys: Vec<&str> = Vec::new();
        for key in summary.points.iter().flat_map(|point| point.point.keys()) {
            if !keys.contains(&key.as_str()) {
                keys.push(key);
            }
        }
        let prefixes = summary.points.iter().map(|point| prefix(&point.point)).collect();
        Self { summary, keys, prefixes }
    }

    pub fn len(&self) -> usize {
        self.summary.points.len()
    }

    /// Swept keys.
    pub fn keys(&self) -> &[&'a str] {
        &self.keys
    }

    pub fn value(&self, point: usize, key: &str) -> Option<&'a Value> {
        self.summary.points.get(point)?.point.get(key)
    }

    /// What warnings about each point begin with; empty without a sweep.
    pub fn prefixes(&self) -> &[String] {
        &self.prefixes
    }

    /// The swept values as plain text.
    pub fn plain(&self, point: usize) -> String {
        plain(&self.summary.points[point].point)
    }

    /// The swept values in LaTeX.
    pub fn latex(&self, point: usize) -> String {
        let values = self.summary.points[point].point.iter().map(|(key, value)| {
            if is_noise(key) { value_latex(value) } else { equation_latex(&symbol(key), value) }
        });
        values.collect::<Vec<_>>().join(", ")
    }

    fn values(&self, point: usize, keys: &[&str]) -> Markup {
        html! {
            @for (place, key) in keys.iter().enumerate() {
                @if place > 0 { ", " }
                @match self.value(point, key) {
                    // A noise needs no name of its key.
                    Some(value) if is_noise(key) => (shown(value)),
                    Some(value) => span.nowrap { (key_name(key)) "\u{a0}=\u{a0}" (shown(value)) },
                    None => span.nowrap { (key_name(key)) "\u{a0}=\u{a0}—" },
                }
            }
        }
    }

    /// One point, by its swept values.
    pub fn name(&self, point: usize) -> Markup {
        self.values(point, &self.keys)
    }

    /// One point, by its swept values without the kind of noise, where that is said already.
    pub fn name_beside_noise(&self, point: usize) -> Markup {
        let keys: Vec<&str> = self.keys.iter().copied().filter(|key| *key != "noise.kind").collect();
        html! {
            @for (place, key) in keys.iter().enumerate() {
                @if place > 0 { ", " }
                @match self.value(point, key) {
                    Some(Value::Object(table)) if is_noise(key) => (shown_parameters(table)),
                    _ => (self.values(point, &[*key])),
                }
            }
            @if keys.is_empty() { (self.name(point)) }
        }
    }

    /// A set of points in as few words as it takes; nothing where there is no sweep.
    pub fn names(&self, points: &[usize]) -> Markup {
        let set: BTreeSet<usize> = points.iter().copied().collect();
        let Some(&first) = set.first() else { return Markup::default() };
        if self.keys.is_empty() {
            return Markup::default();
        }
        if set.len() == self.len() && set.len() > 1 {
            return html! { "all " (self.len()) " points" };
        }
        // Values that the points share, where no other point has them all.
        let shared: Vec<&str> = self
            .keys
            .iter()
            .copied()
            .filter(|key| set.iter().all(|&point| self.value(point, key) == self.value(first, key)))
            .collect();
        let alike = (0..self.len())
            .filter(|&point| shared.iter().all(|key| self.value(point, key) == self.value(first, key)));
        if !shared.is_empty() && alike.count() == set.len() {
            return html! {
                (self.values(first, &shared))
                @if set.len() > 1 { " " span.nowrap { "(" (set.len()) " points)" } }
            };
        }
        let shown = if set.len() > NAMED { NAMED - 2 } else { set.len() };
        html! {
            @for (place, point) in set.iter().take(shown).enumerate() {
                @if place > 0 { "; " }
                (self.name(*point))
            }
            @if shown < set.len() { "; and " (set.len() - shown) " more" }
        }
    }
}

/// Swept values as plain text.
pub fn plain(swept: &Map<String, Value>) -> String {
    let values: Vec<String> =
        swept
            .iter()
            .map(|(key, value)| {
                if is_noise(key) { printed(value) } else { format!("{} = {}", symbol(key).0, printed(value)) }
            })
            .collect();
    values.join(", ")
}

/// The beginning of a warning about a point; see `place` in `run`.
fn prefix(swept: &Map<String, Value>) -> String {
    let values: Vec<String> = swept.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    if values.is_empty() { String::new() } else { values.join(", ") + ": " }
}

/// Groups points that agree in something, in the order of their first appearance.
pub fn grouped<T>(items: impl IntoIterator<Item = T>, same: impl Fn(&T, &T) -> bool) -> Vec<(T, Vec<usize>)> {
    let mut groups: Vec<(T, Vec<usize>)> = Vec::new();
    for (point, item) in items.into_iter().enumerate() {
        match groups.iter_mut().find(|(first, _)| same(first, &item)) {
            Some((_, points)) => points.push(point),
            None => groups.push((item, vec![point])),
        }
    }
    groups
}

fn is_noise(key: &str) -> bool {
    matches!(key, "noise" | "noise.kind")
}

/// A short name of a key, and whether it is a symbol of a formula.
fn symbol(key: &str) -> (String, bool) {
    match key {
        "noise.epsilon" => ("ε".into(), true),
        "noise.alpha" => ("α".into(), true),
        "noise.beta" => ("β".into(), true),
        "noise.kind" => ("noise".into(), false),
        "noise.mu" => ("μ".into(), true),
        "scheme.kind" => ("scheme".into(), false),
        "scheme.step" => ("step".into(), false),
        "potential.expression" => ("U".into(), true),
        _ => match (key.strip_prefix("potential.parameters."), key.strip_prefix("ensemble.")) {
            (Some(name), _) => (name.to_owned(), true),
            (_, Some(name)) => (name.replace('_', " "), false),
            _ => (key.strip_prefix("noise.").unwrap_or(key).replace(['.', '_'], " "), false),
        },
    }
}

/// A short name of a swept key.
pub fn key_name(key: &str) -> Markup {
    let (name, formula) = symbol(key);
    html! { @if formula { i title=(key) { (name) } } @else { span title=(key) { (name) } } }
}

/// A number of the scenario, `None` for other values.
fn number(value: &Value) -> Option<Printed> {
    value.as_f64().map(compact)
}

fn printed(value: &Value) -> String {
    match (number(value), value) {
        (Some(number), _) => number.to_string(),
        (None, Value::String(text)) => text.clone(),
        (None, Value::Array(list)) => {
            format!("[{}]", list.iter().map(printed).collect::<Vec<_>>().join(", "))
        }
        // A whole table, such as a noise: its kind and the values that go with it.
        (None, Value::Object(table)) => {
            let kind = table.get("kind").map(printed);
            let values =
                parameters(table).map(|(key, value)| format!("{} = {}", inner_symbol(key).0, printed(value)));
            kind.into_iter().chain(values).collect::<Vec<_>>().join(" ")
        }
        (None, other) => other.to_string(),
    }
}

/// `name = value` in LaTeX.
fn equation_latex((name, formula): &(String, bool), value: &Value) -> String {
    match (number(value), formula) {
        (Some(number), true) => format!("${} = {}$", latex::symbol(name), number.latex().replace('$', "")),
        (_, true) => format!("${}$ = {}", latex::symbol(name), value_latex(value)),
        (_, false) => format!("{} = {}", latex::escaped(name), value_latex(value)),
    }
}

/// A value of the scenario in LaTeX.
fn value_latex(value: &Value) -> String {
    match (number(value), value) {
        (Some(number), _) => number.latex(),
        (None, Value::Object(table)) => {
            let kind = table.get("kind").map(value_latex);
            let values = parameters(table).map(|(key, value)| equation_latex(&inner_symbol(key), value));
            kind.into_iter().chain(values).collect::<Vec<_>>().join(" ")
        }
        (None, Value::String(text)) if text == "inf" => r"$\infty$".to_owned(),
        (None, Value::String(text)) if text == "-inf" => r"$-\infty$".to_owned(),
        (None, Value::Array(list)) => {
            format!("[{}]", list.iter().map(value_latex).collect::<Vec<_>>().join(", "))
        }
        (None, other) => latex::escaped(&printed(other)),
    }
}

/// What a table of the scenario says beside its kind.
fn parameters(table: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    table.iter().filter(|(key, _)| *key != "kind")
}

fn inner_symbol(key: &str) -> (String, bool) {
    symbol(&format!("noise.{key}"))
}

/// The values of a table beside its kind.
fn shown_parameters(table: &Map<String, Value>) -> Markup {
    html! {
        @for (place, (key, value)) in parameters(table).enumerate() {
            @let (name, formula) = inner_symbol(key);
            @if place > 0 { " " }
            span.nowrap {
                @if formula { i { (name) } } @else { (name) }
                "\u{a0}=\u{a0}" (shown(value))
            }
        }
    }
}

/// A value of the scenario.
pub fn shown(value: &Value) -> Markup {
    match (number(value), value) {
        (Some(number), _) => html! { (number) },
        (None, Value::String(text)) if text == "inf" => html! { "∞" },
        (None, Value::String(text)) if text == "-inf" => html! { "−∞" },
        (None, Value::Array(list)) => html! {
            "["
            @for (place, value) in list.iter().enumerate() { @if place > 0 { ", " } (shown(value)) }
            "]"
        },
        (None, Value::Object(table)) => html! {
            @if let Some(kind) = table.get("kind") { (shown(kind)) }
            " " (shown_parameters(table))
        },
        (None, other) => html! { (printed(other)) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_of_every_kind_are_shown() {
        for (value, text) in [
            (json!(0.1), "0.1"),
            (json!("stable"), "stable"),
            (json!([1, "inf"]), "[1, inf]"),
            (json!({ "kind": "stable", "alpha": 1.5, "epsilon": 0.1 }), "stable α = 1.5 ε = 0.1"),
            (json!(true), "true"),
        ] {
            assert_eq!(printed(&value), text);
        }
        assert_eq!(value_latex(&json!({ "kind": "a_b", "alpha": 1.5 })), r"a\_b $\alpha = 1.5$");
        assert_eq!(value_latex(&json!(["-inf", 1e-7])), r"[$-\infty$, $1\times 10^{-7}$]");
        assert_eq!(equation_latex(&symbol("ensemble.max_time"), &json!(5)), "max time = $5$");
        assert_eq!(shown(&json!([0.0, "inf"])).into_string(), "[0, ∞]");
        assert!(shown(&json!({ "kind": "<b>", "alpha": 2 })).into_string().contains("&lt;b&gt; <span"));
    }
}

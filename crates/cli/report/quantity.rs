//! Names of quantities and tasks.

use levyscape_analyzer::study::PointData;
use levyscape_analyzer::summary::{QuantityResult, Summary};
use maud::{Markup, html};
use serde_json::Value;

use super::latex::escaped;
use super::number::compact;
use super::points::shown;

/// The mean time of a task, the first thing to look at.
pub fn is_mean(result: &QuantityResult) -> bool {
    matches!(result.quantity.as_str(), "mean_exit_time" | "mean_transition_time")
}

/// Whether the results are of more than one task.
pub fn several_tasks(summary: &Summary) -> bool {
    let mut tasks = summary.points.iter().flat_map(|point| &point.results).map(|result| result.task);
    let first = tasks.next();
    tasks.any(|task| Some(task) != first)
}

/// What is shown where there is no room for everything: mean times, and how far a chain is from its limit.
pub fn is_first(result: &QuantityResult) -> bool {
    is_mean(result) || result.quantity == "chain_deviation"
}

fn set(result: &QuantityResult) -> Option<Markup> {
    let [lo, hi] = result.set?;
    Some(html! { "[" (compact(lo)) ", " (compact(hi)) "]" })
}

/// A quantity in words and, where it has one, by its symbol.
pub fn name(result: &QuantityResult, point: &PointData) -> Markup {
    let from = result.from.unwrap_or_default();
    let to = result.to.unwrap_or_default();
    match result.quantity.as_str() {
        "mean_exit_time" => html! { "mean exit time " (mean_symbol(result)) },
        "second_moment" => html! {
            "second moment of the time " span.nowrap { "E\u{a0}" i { "T" } sup { "2" } }
        },
        "exit_right_probability" => {
            let upper = upper(result, point);
            html! {
                "exit through the right end"
                @if let Some(upper) = upper {
                    " " span.nowrap { "P(" i { "X" sub { "T" } } " ≥ " (compact(upper)) ")" }
                }
            }
        }
        "landing_probability" => html! {
            "landing " span.nowrap { "P(" i { "X" sub { "T" } } " ∈ " @if let Some(set) = set(result) { (set) } ")" }
        },
        "survival" => html! {
            "still there " span.nowrap { "P(" i { "T" } " > " @if let Some(t) = result.t { (compact(t)) } ")" }
        },
        "mean_transition_time" => {
            html! { "mean transition time from minimum " (from) " " (mean_symbol(result)) }
        }
        "transition_probability" => html! {
            "minimum " (to) " is reached first, from " (from) " " (p_symbol(from, to))
        },
        "exit_axis_probability" => {
            html! { "exit along coordinate " @if let Some(axis) = result.axis { (axis) } }
        }
        "target_probability" => {
            html! { "arrival in target " @if let Some(target) = result.target { (target) } }
        }
        "chain_probability" => html! {
            "in well " (to) " at " @if let Some(t) = result.t { i { "t" } " = " (compact(t)) } ", from minimum " (from)
        },
        "chain_deviation" => html! {
            "largest distance from exp(" i { "Qt" } ")" @if let Some(t) = result.t { " at " i { "t" } " = " (compact(t)) }
        },
        "occupation" => html! { "share of the time in well " @if let Some(well) = result.well { (well) } },
        "generator_entry" => html! {
            "rate from core " (from) " to core " (to) " " span.nowrap { i { "q" } sub { (from) (to) } }
        },
        "exit_rate" => html! {
            "exit rate of the quasi-stationary law"
            @if let Some(from) = result.from { ", well of minimum " (from) }
        },
        other => html! {
            (other.replace('_', " "))
            @if let Some(from) = result.from { " from minimum " (from) }
            @if let Some(to) = result.to { " to minimum " (to) }
            @if let Some(set) = set(result) { " in " (set) }
            @if let Some(t) = result.t { " at " i { "t" } " = " (compact(t)) }
        },
    }
}

/// The right end of the interval that a result is about.
/// The right end of the domain, where there is one.
fn upper(result: &QuantityResult, point: &PointData) -> Option<f64> {
    let mut all = point.ensembles.iter();
    let its = all.find(|ensemble| ensemble.task == result.task && ensemble.from == result.from);
    its.map(|ensemble| ensemble.problem.upper).filter(|upper| upper.is_finite())
}

fn p_symbol(from: usize, to: usize) -> Markup {
    html! { span.nowrap { "P(" i { "X" sub { "T" } } " ≈ " i { "m" } sub { (to) } " | " i { "m" } sub { (from) } ")" } }
}

/// The symbol of a mean time.
pub fn mean_symbol(result: &QuantityResult) -> Markup {
    html! {
        span.nowrap { "E\u{a0}" i { "T" } @if let Some(from) = result.from { sup { (from) } } }
    }
}

/// A quantity in LaTeX, short enough for a column: its symbol, with a word where it has none.
pub fn latex(result: &QuantityResult, point: &PointData) -> String {
    let from = result.from.unwrap_or_default();
    let to = result.to.unwrap_or_default();
    let inner = |value: f64| compact(value).latex().replace('$', "");
    let t = result.t.map(inner).unwrap_or_default();
    let start = result.from.map(|from| format!("_{{{from}}}")).unwrap_or_default();
    let set = result.set.map(|[lo, hi]| format!("[{}, {}]", inner(lo), inner(hi))).unwrap_or_default();
    match result.quantity.as_str() {
        "mean_exit_time" | "mean_transition_time" => format!(r"$\mathrm{{E}}{start}\,T$"),
        "second_moment" => format!(r"$\mathrm{{E}}{start}\,T^2$"),
        "exit_right_probability" => match upper(result, point) {
            Some(upper) => format!(r"$\mathrm{{P}}{start}(X_T \ge {})$", inner(upper)),
            None => "exit through the right end".to_owned(),
        },
        "landing_probability" => format!(r"$\mathrm{{P}}{start}(X_T \in {set})$"),
        "survival" => format!(r"$\mathrm{{P}}{start}(T > {t})$"),
        "transition_probability" => format!(r"$\mathrm{{P}}_{{{from}}}(X_T \approx m_{{{to}}})$"),
        "chain_probability" => format!(r"$\mathrm{{P}}_{{{from},{to}}}({t})$"),
        "generator_entry" => format!("$q_{{{from},{to}}}$"),
        "chain_deviation" => format!(r"$\max |P - \mathrm{{e}}^{{Qt}}|$ at $t = {t}$"),
        _ => escaped(&short(result)),
    }
}

/// A quantity in a few plain characters, for the terminal.
pub fn short(result: &QuantityResult) -> String {
    let from = result.from.map(|from| format!(" from {from}")).unwrap_or_default();
    let t = result.t.map(|t| compact(t).to_string()).unwrap_or_default();
    match result.quantity.as_str() {
        "mean_exit_time" => "mean exit time".into(),
        "second_moment" => format!("second moment{from}"),
        "exit_right_probability" => "P(exit right)".into(),
        "landing_probability" => {
            let set = result.set.map(|[lo, hi]| format!("[{}, {}]", compact(lo), compact(hi)));
            format!("P(X_T in {})", set.unwrap_or_default())
        }
        "exit_axis_probability" => format!("P(exit along {})", result.axis.unwrap_or(0)),
        "target_probability" => format!("P(target {})", result.target.unwrap_or(0)),
        "survival" => format!("P(T > {t}){from}"),
        "chain_probability" => {
            format!("P({} -> {}) at {t}", result.from.unwrap_or(0), result.to.unwrap_or(0))
        }
        "chain_deviation" => format!("max |P - exp(Qt)| at {t}"),
        "occupation" => format!("share of well {}", result.well.unwrap_or(0)),
        "generator_entry" => format!("q({} -> {})", result.from.unwrap_or(0), result.to.unwrap_or(0)),
        "mean_transition_time" => format!("mean time{from}"),
        "transition_probability" => format!("P({} -> {})", result.from.unwrap_or(0), result.to.unwrap_or(0)),
        other => {
            let to = result.to.map(|to| format!(" to {to}")).unwrap_or_default();
            let t = if t.is_empty() { t } else { format!(" at {t}") };
            format!("{}{from}{to}{t}", other.replace('_', " "))
        }
    }
}

/// A task of the scenario in words.
pub fn task(scenario: &Value, index: usize) -> Markup {
    let spec = &scenario["task"][index];
    let start = |value: &Value| match value {
        Value::Null => Markup::default(),
        Value::String(text) => html! { " from " (text.replace("minimum:", "minimum ")) },
        other => html! { " from " i { "x" } " = " (shown(other)) },
    };
    match spec["kind"].as_str() {
        Some("exit") => html! {
            "first exit" (start(&spec["start"]))
            @match &spec["domain"] {
                Value::String(basin) if basin == "basin" => " out of the start’s basin",
                Value::Array(ends) if ends.iter().all(Value::is_string) => {}
                Value::Array(_) => { " out of (" (ends(&spec["domain"])) ")" }
                Value::Object(ball) => {
                    @if let Some(radius) = ball.get("ball") { " out of the ball of radius " (shown(radius)) }
                }
                _ => {}
            }
            @if let Some(targets) = spec["targets"].as_array().filter(|targets| !targets.is_empty()) {
                " or on landing in "
                @for (place, target) in targets.iter().enumerate() {
                    @if place > 0 { ", " }
                    (shown(target))
                }
            }
        },
        Some("transition") => html! {
            "passage between minima"
            @match &spec["from"] {
                Value::Array(list) => {
                    ", from minimum "
                    @for (place, from) in list.iter().enumerate() { @if place > 0 { ", " } (shown(from)) }
                }
                _ => ", from each of them",
            }
            @if !spec["delta"].is_null() { ", to within δ = " (shown(&spec["delta"])) " of another" }
        },
        Some("chain") => html! {
            "wells at the times " (shown(&spec["times"])) " of the limit chain"
            @match &spec["from"] {
                Value::Array(_) => { ", from the minima " (shown(&spec["from"])) }
                _ => ", from each minimum",
            }
            ", cores of radius δ = " (shown(&spec["delta"]))
        },
        Some("path") => html! {
            "sample paths" (start(&spec["start"]))
            @if !spec["end_time"].is_null() { " up to " i { "t" } " = " (shown(&spec["end_time"])) }
        },
        Some(other) => html! { (other.replace('_', " ")) },
        None => Markup::default(),
    }
}

fn ends(pair: &Value) -> Markup {
    html! { (shown(&pair[0])) ", " (shown(&pair[1])) }
}

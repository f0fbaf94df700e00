//! The limit of small noise, extrapolated, and the exponents of scaling.

use levyscape_analyzer::study::Study;
use levyscape_analyzer::summary::{ExponentSummary, LimitSummary, Summary};
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::number::{Printed, compact, interval, reference, significant, with_error};
use super::points::{key_name, plain, shown};
use super::scroll;

/// Beyond so many standard errors chance is no explanation: 5 in 10 000 for one limit.
const TOO_FAR: f64 = 3.5;
/// More slopes than this are folded away.
const OPEN: usize = 12;

/// Whether the page has the section.
pub fn is_there(summary: &Summary) -> bool {
    !(summary.limits.is_empty() && summary.exponents.is_empty())
}

/// The section of the limit; empty without a sweep that has one.
pub fn section(study: &Study) -> Markup {
    let summary = &study.summary;
    if !is_there(summary) {
        return Markup::default();
    }
    html! {
        section #limit {
            h2 { "The limit" }
            @if !summary.limits.is_empty() {
                p {
                    "Mean times at the amplitudes of the sweep, extrapolated to " span.nowrap { "ε = 0" } ": the powers of ε "
                    "that the corrections have are known, their coefficients are fitted. The error is that of the points and of "
                    "what the unknown coefficients may do, both as standard errors."
                }
                ul { @for limit in &summary.limits { li { (sentence(limit)) } } }
                (limits(&summary.limits))
            }
            @if !summary.exponents.is_empty() {
                @let table = exponents(&summary.exponents);
                @if summary.exponents.len() <= OPEN { (table) } @else {
                    details {
                        summary { "Local exponents (" (summary.exponents.len()) ")" }
                        (table)
                    }
                }
            }
        }
    }
}

/// One line an extrapolation, for the terminal.
pub fn lines(summary: &Summary) -> Vec<String> {
    summary
        .limits
        .iter()
        .map(|limit| {
            let from = limit.from.map(|from| format!(" from {from}")).unwrap_or_default();
            let place = plain(&limit.point);
            let place = if place.is_empty() { place } else { format!("{place}: ") };
            let what = if limit.scaling == "epsilon^alpha" { "eps^alpha E T" } else { "E T / Kramers" };
            let basis = if limit.basis == "exact" { " (exact values)" } else { "" };
            let (value, theorem) = printed(limit);
            format!(
                "{place}task {}{from}, eps -> 0{basis}: {what} -> {value}, theorem {theorem}{}",
                limit.task,
                verdict(limit)
            )
        })
        .collect()
}

fn printed(limit: &LimitSummary) -> (Printed, Printed) {
    (with_error(limit.value, limit.std_error), reference(limit.theorem, Some(limit.std_error)))
}

/// What is to be said beside the numbers.
fn verdict(limit: &LimitSummary) -> String {
    let off = (limit.value - limit.theorem).abs() / limit.std_error;
    let misfit = limit.chi_square - limit.degrees_of_freedom as f64;
    let fits = misfit < TOO_FAR * (2.0 * limit.degrees_of_freedom as f64).sqrt();
    let distance = if off <= 2.0 {
        String::new()
    } else {
        let word = if off > TOO_FAR { "DISAGREES by" } else { "off by" };
        format!("; {word} {} standard errors", significant(off, 2))
    };
    let fit = if fits {
        String::new()
    } else {
        format!(
            "; the points do not lie on such a curve (chi-square {} at {} degrees of freedom)",
            significant(limit.chi_square, 2),
            limit.degrees_of_freedom
        )
    };
    distance + &fit
}

fn symbol(from: Option<usize>) -> Markup {
    html! { "E\u{a0}" i { "T" } @if let Some(from) = from { sup { (from) } } }
}

fn sentence(limit: &LimitSummary) -> Markup {
    let (value, theorem) = printed(limit);
    html! {
        @if !limit.point.is_empty() { (place(&limit.point)) ": " }
        @if limit.from.is_none() { "task " (limit.task) ": " }
        span.nowrap {
            @if limit.scaling == "epsilon^alpha" { "ε" sup { i { "α" } } " " (symbol(limit.from)) }
            @else { (symbol(limit.from)) " / Kramers" }
            " → " (value)
        }
        ", theorem " (theorem)
        @if limit.basis == "exact" { " (from exact values)" }
        (verdict(limit))
    }
}

fn place(point: &Map<String, Value>) -> Markup {
    html! {
        @for (position, (key, value)) in point.iter().enumerate() {
            @if position > 0 { ", " }
            span.nowrap { (key_name(key)) "\u{a0}=\u{a0}" (shown(value)) }
        }
    }
}

fn limits(limits: &[LimitSummary]) -> Markup {
    scroll(
        "Extrapolations",
        html! {
            table {
                caption { "Extrapolations to ε = 0" }
                thead {
                    tr {
                        th scope="col" { "what" }
                        th.number scope="col" { "limit, 95\u{a0}% interval" }
                        th.number scope="col" { "theorem" }
                        th.number scope="col" { "error of the points" }
                        th.number scope="col" { "of the corrections" }
                        th.number scope="col" { "χ² (degrees of freedom)" }
                        th scope="col" { "ε" }
                    }
                }
                tbody {
                    @for limit in limits {
                        tr {
                            th scope="row" {
                                @if !limit.point.is_empty() { (place(&limit.point)) ", " }
                                "task " (limit.task)
                                @if let Some(from) = limit.from { ", from " (from) }
                                @if limit.basis == "exact" { ", exact values" }
                            }
                            td.number { (interval(limit.ci95)) }
                            td.number { (reference(limit.theorem, Some(limit.std_error))) }
                            td.number { (significant(limit.statistical_error, 2)) }
                            td.number { (significant(limit.model_error, 2)) }
                            td.number { (significant(limit.chi_square, 2)) " (" (limit.degrees_of_freedom) ")" }
                            td {
                                @for (position, epsilon) in limit.epsilons.iter().enumerate() {
                                    @if position > 0 { ", " } (compact(*epsilon))
                                }
                            }
                        }
                    }
                }
            }
        },
    )
}

/// What a slope is one of.
fn slope_name(variable: &str) -> Markup {
    let d = html! { i { "D" } };
    html! {
        "d ln E\u{a0}" i { "T" } " / d "
        @match variable {
            "epsilon" => "ln ε",
            "width" => "ln width",
            "depth" => "ln depth",
            "inverse_diffusion" => { "(1/" (d) ")" },
            "depth_over_diffusion" => { "(depth/" (d) ")" },
            other => (other),
        }
    }
}

fn exponents(exponents: &[ExponentSummary]) -> Markup {
    scroll(
        "Local exponents",
        html! {
            table {
                caption { "Slopes between neighbouring points, with standard errors" }
                thead {
                    tr {
                        th scope="col" { "what" }
                        th scope="col" { "slope" }
                        th scope="col" { "between" }
                        th.number scope="col" { "measured" }
                        th.number scope="col" { "theory" }
                    }
                }
                tbody {
                    @for slope in exponents {
                        tr {
                            th scope="row" {
                                @if !slope.point.is_empty() { (place(&slope.point)) ", " }
                                "task " (slope.task)
                                @if let Some(from) = slope.from { ", from " (from) }
                                @if slope.basis == "exact" { ", exact values" }
                            }
                            td { span.nowrap { (slope_name(&slope.variable)) } }
                            td { span.nowrap { (compact(slope.between[0])) " and " (compact(slope.between[1])) } }
                            td.number {
                                @if slope.std_error > 0.0 { (with_error(slope.value, slope.std_error)) }
                                @else { (significant(slope.value, 5)) }
                            }
                            td.number { @if let Some(theorem) = slope.theorem { (significant(theorem, 4)) } }
                        }
                    }
                }
            }
        },
    )
}

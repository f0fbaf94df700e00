//! The potential and its wells.

use std::collections::BTreeMap;

use levyscape_analyzer::landscape::{Certified, CriticalPoint, Landscape, RestPoint, SpaceLandscape};
use levyscape_analyzer::study::Study;
use levyscape_integrator::potential::Expression;
use maud::{Markup, html};
use serde_json::Value;

use super::formula::formula;
use super::number::{Printed, compact, prose, significant};
use super::points::{Points, grouped, shown};
use super::scroll;

/// The formulas of the potential, several where the sweep changes it.
pub fn expressions(study: &Study) -> Vec<&str> {
    let fixed = study.summary.scenario["potential"]["expression"].as_str();
    let mut all = Vec::new();
    for point in &study.summary.points {
        let swept = point.point.get("potential.expression").and_then(Value::as_str);
        if let Some(expression) = swept.or(fixed)
            && !all.contains(&expression)
        {
            all.push(expression);
        }
    }
    all
}

/// What gives the force where it is not a formula of the potential: formulas of the drift, the name of
/// a potential, a file.
fn drifts(study: &Study) -> Vec<String> {
    let potential = &study.summary.scenario["potential"];
    let drift = potential["drift"].as_array().map(|drift| {
        let components: Vec<&str> = drift.iter().filter_map(Value::as_str).collect();
        format!("({})", components.join(", "))
    });
    let named = potential["name"].as_str().map(|name| format!("the named potential {name}"));
    let table = potential["table"].as_str().map(|table| format!("the table {table}"));
    drift.into_iter().chain(named).chain(table).collect()
}

/// The names of the coordinates.
pub fn variables(study: &Study) -> Vec<&str> {
    let names = study.summary.scenario["potential"]["variables"].as_array();
    names.map_or(vec!["x"], |names| names.iter().filter_map(Value::as_str).collect())
}

/// `U'` with the parameters by their names; `None` where it cannot be had or is too long to be read.
fn derivative(study: &Study, expression: &str) -> Option<String> {
    let parameters = study.summary.scenario["potential"]["parameters"].as_object();
    let [variable] = variables(study)[..] else { return None };
    let mut variables = vec![variable.to_owned()];
    variables.extend(parameters.into_iter().flat_map(|parameters| parameters.keys().cloned()));
    let text = Expression::parse(expression, &variables, &BTreeMap::new()).ok()?.derivative(0).to_string();
    (text.len() <= 400 && !text.ends_with("...")).then_some(text)
}

/// The values of the potential's parameters, in one line; nothing where there are none.
pub fn parameters(study: &Study, points: &Points<'_>) -> Option<Markup> {
    let parameters = study.summary.scenario["potential"]["parameters"].as_object()?;
    (!parameters.is_empty()).then(|| {
        html! {
            @for (place, (name, value)) in parameters.iter().enumerate() {
                @if place > 0 { ", " }
                span.nowrap {
                    i { (name) }
                    @if points.keys().contains(&format!("potential.parameters.{name}").as_str()) { " swept" }
                    @else { " = " (shown(value)) }
                }
            }
        }
    })
}

/// The section of the landscape.
pub fn section(study: &Study, points: &Points<'_>) -> Markup {
    let several = variables(study).len() > 1;
    let groups = grouped(study.points.iter().map(|point| &point.landscape), |a, b| a == b);
    let variable = variables(study).join(", ");
    html! {
        section #landscape {
            h2 { "Landscape" }
            @for expression in expressions(study) {
                p.equation {
                    i { "U" } "(" i { (variable) } ") = " (formula(expression))
                    @if let Some(derivative) = derivative(study, expression) {
                        br; i { "U" } "\u{200a}′(" i { (variable) } ") = " (formula(&derivative))
                    }
                }
            }
            @if let Some(parameters) = parameters(study, points) { p { (parameters) } }
            @for formula in drifts(study) {
                p.equation { i { "b" } " = " (formula) }
            }
            @if !several { (scroll("Minima, saddles and wells", table(&groups, points))) }
            @for (landscape, about) in &groups {
                @if let Some(space) = &landscape.space {
                    @if groups.len() > 1 { p { strong { (points.names(about)) } } }
                    (scroll("Minima and saddles", space_table(space)))
                }
            }
            @for (landscape, about) in &groups {
                @if !landscape.remarks.is_empty() {
                    p {
                        strong { "Remarks" }
                        @if groups.len() > 1 { " (" (points.names(about)) ")" }
                        ": "
                        @for (place, remark) in landscape.remarks.iter().enumerate() {
                            @if place > 0 { "; " }
                            (prose(remark))
                        }
                        "."
                    }
                }
            }
            @if !several { p.small {
                "Widths, distances and depths are those of the minimum’s well: its edges are the saddles beside it, and "
                "its depth is the height of the lower edge above the minimum."
            } }
            @if !several {
                @for (landscape, about) in &groups {
                    p.small {
                        @if groups.len() > 1 { (points.names(about)) ": " }
                        (certificate(landscape))
                    }
                }
            }
        }
    }
}

/// What is known of the completeness of the list.
fn certificate(landscape: &Landscape) -> Markup {
    let certificate = &landscape.certificate;
    let [lo, hi] = certificate.window;
    html! {
        @match certificate.certified {
            Certified::SignChange => {
                "Critical points were looked for by their changes of sign in (" (compact(lo)) ", " (compact(hi))
                "): a well narrower than " (compact(certificate.resolution)) " may be missing."
            }
            Certified::Interval => {
                "Interval arithmetic proves that there are no other critical points in (" (compact(lo)) ", "
                (compact(hi)) ")"
                @if !certificate.undecided.is_empty() {
                    ", except perhaps in " (certificate.undecided.len())
                    " pieces of a length of at most " (compact(certificate.resolution)) " that it could not decide"
                }
                "."
            }
        }
    }
}

/// Minima and saddles in several dimensions.
fn space_table(landscape: &SpaceLandscape) -> Markup {
    let list = |numbers: &[f64]| {
        html! {
            "(" @for (k, x) in numbers.iter().enumerate() { @if k > 0 { ", " } (place(*x, 1.0)) } ")"
        }
    };
    let row = |name: Markup, point: &RestPoint| {
        html! {
            tr {
                th scope="row" { (name) }
                td.number { (list(&point.x)) }
                td.number { @match point.u { Some(u) => (compact(u)), None => span.none { "—" } } }
                td.number { (list(&point.eigenvalues)) }
                td.number {
                    @if point.minima.is_empty() { span.none { "—" } }
                    @for (k, minimum) in point.minima.iter().enumerate() {
                        @if k > 0 { ", " }
                        @match minimum { Some(number) => { i { "m" } sub { (number) } }, None => "elsewhere" }
                    }
                }
            }
        }
    };
    html! {
        table.landscape {
            caption { "Minima and saddles" }
            thead { tr {
                th scope="col" { "point" }
                th.number scope="col" { "place" }
                th.number scope="col" { i { "U" } }
                th.number scope="col" { "eigenvalues of −" i { "Db" } }
                th.number scope="col" { "down to" }
            } }
            tbody {
                @if landscape.minima.is_empty() && landscape.saddles.is_empty() {
                    tr { td colspan="5" { "neither minima nor saddles" } }
                }
                @for (k, point) in landscape.minima.iter().enumerate() {
                    (row(html! { "minimum " i { "m" } sub { (k + 1) } }, point))
                }
                @for (k, point) in landscape.saddles.iter().enumerate() {
                    (row(html! { "saddle " i { "s" } sub { (k + 1) } }, point))
                }
                @for point in &landscape.others { (row(html! { "of a higher index" }, point)) }
            }
        }
    }
}

/// A number of the landscape: what is zero but for rounding is zero.
fn place(x: f64, scale: f64) -> Printed {
    if x.abs() < 1e-12 * scale { compact(0.0) } else { compact(x) }
}

fn table(groups: &[(&Landscape, Vec<usize>)], points: &Points<'_>) -> Markup {
    let several = groups.len() > 1;
    html! {
        table.landscape {
            caption { "Minima, their wells and the saddles between them" }
            thead {
                tr {
                    @if several { th scope="col" { "points" } }
                    th scope="col" { "point" }
                    th.number scope="col" { i { "x" } }
                    th.number scope="col" { i { "U" } }
                    th.number scope="col" { i { "U" } "\u{200a}″" }
                    th.number scope="col" { "well" }
                    th.number scope="col" { "width" }
                    th.number scope="col" { "distance to the edges" }
                    th.number scope="col" { "height of the edges" }
                    th.number scope="col" { "depth" }
                }
            }
            @for (landscape, about) in groups {
                @let rows = rows(landscape);
                tbody {
                    @if rows.is_empty() {
                        tr {
                            @if several { th scope="rowgroup" { (points.names(about)) } }
                            td colspan="9" { "neither minima nor saddles" }
                        }
                    }
                    @for (index, row) in rows.iter().enumerate() {
                        tr {
                            @if several && index == 0 {
                                th.swept scope="rowgroup" rowspan=(rows.len()) { (points.names(about)) }
                            }
                            (self::row(row, landscape))
                        }
                    }
                }
            }
        }
    }
}

/// A critical point and its number among its kind, from 1.
struct Row<'a> {
    point: &'a CriticalPoint,
    minimum: bool,
    number: usize,
}

fn rows(landscape: &Landscape) -> Vec<Row<'_>> {
    let kind = |points: &'_ [CriticalPoint], minimum: bool| {
        (0..points.len()).map(move |index| (index, minimum)).collect::<Vec<_>>()
    };
    let mut rows: Vec<Row<'_>> = kind(&landscape.minima, true)
        .into_iter()
        .chain(kind(&landscape.saddles, false))
        .map(|(index, minimum)| {
            let point = if minimum { &landscape.minima[index] } else { &landscape.saddles[index] };
            Row { point, minimum, number: index + 1 }
        })
        .collect();
    rows.sort_by(|a, b| a.point.x.total_cmp(&b.point.x));
    rows
}

fn row(row: &Row<'_>, landscape: &Landscape) -> Markup {
    let CriticalPoint { x, u, curvature, .. } = *row.point;
    let well = if row.minimum { landscape.well(row.number) } else { None };
    let scale =
        landscape.minima.iter().chain(&landscape.saddles).map(|point| point.x.abs()).fold(0.0, f64::max);
    let height =
        landscape.minima.iter().chain(&landscape.saddles).map(|point| point.u.abs()).fold(0.0, f64::max);
    html! {
        th scope="row" {
            @if row.minimum { "minimum " i { "m" } sub { (row.number) } } @else { "saddle " i { "s" } sub { (row.number) } }
        }
        td.number { (place(x, scale)) }
        td.number { (place(u, height)) }
        td.number { @if curvature == 0.0 { "0 (degenerate)" } @else { (compact(curvature)) } }
        @match well {
            Some(well) => {
                td.number { "(" (place(well.left, scale)) ", " (place(well.right, scale)) ")" }
                td.number { (compact(well.width)) }
                td.number { (compact(well.distance_left)) " left, " (compact(well.distance_right)) " right" }
                td.number { (compact(well.depth_left)) " left, " (compact(well.depth_right)) " right" }
                td.number { (depth(well.depth)) }
            }
            None => { @for _ in 0..5 { td.number { span.none { "—" } } } }
        }
    }
}

fn depth(depth: f64) -> Printed {
    if depth.is_finite() { compact(depth) } else { significant(depth, 1) }
}

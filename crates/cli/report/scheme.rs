//! How the paths were stepped.

use levyscape_analyzer::study::Study;
use levyscape_analyzer::summary::QuantityResult;
use maud::{Markup, html};

use super::number::{compact, count, prose, significant};
use super::points::{Points, grouped};
use super::{quantity, scroll};

/// The section of schemes and steps.
pub fn section(study: &Study, points: &Points<'_>) -> Markup {
    let schemes = study.summary.points.iter().map(|point| &point.scheme);
    let groups = grouped(schemes, |a, b| {
        a.kind == b.kind
            && a.step == b.step
            && a.reason == b.reason
            && a.euler_blow_up_rate == b.euler_blow_up_rate
    });
    let mut methods: Vec<&str> = Vec::new();
    let biases = study.summary.points.iter().flat_map(|point| &point.results);
    for bias in biases.filter_map(|result| result.discretisation_bias.as_ref()) {
        if !methods.contains(&bias.method.as_str()) {
            methods.push(&bias.method);
        }
    }
    let sweep = !points.keys().is_empty();
    html! {
        section #scheme {
            h2 { "Scheme and step" }
            (scroll("Schemes and steps", html! {
                table.scheme {
                    caption { "Schemes and steps" }
                    thead {
                        tr {
                            @if sweep { th scope="col" { "points" } }
                            th scope="col" { "scheme" }
                            th.number scope="col" { "step " i { "h" } }
                            th scope="col" { "why" }
                            th.number scope="col" { "Euler would explode, per unit of " i { "t" } }
                        }
                    }
                    tbody {
                        @for (scheme, about) in &groups {
                            tr {
                                @if sweep { th scope="row" { (points.names(about)) } }
                                td { (scheme.kind.replace('_', " ")) }
                                td.number { (compact(scheme.step)) }
                                td.words { (prose(&scheme.reason)) }
                                td.number {
                                    @if scheme.euler_blow_up_rate == 0.0 { "never" }
                                    @else { (significant(scheme.euler_blow_up_rate, 2)) }
                                }
                            }
                        }
                    }
                }
            }))
            (estimators(study, points))
            (levels(study, points))
            @if methods.is_empty() {
                p { "The step error was not measured: the estimates carry it, and their intervals do not cover it." }
            } @else {
                p {
                    "The step error was measured: "
                    @for (place, method) in methods.iter().enumerate() { @if place > 0 { "; " } (prose(method)) }
                    ". The estimates have it taken off, and the 95\u{a0}% intervals cover what the correction may leave."
                }
            }
        }
    }
}

/// How each task was estimated, unless all were by plain paths at the step above.
fn estimators(study: &Study, points: &Points<'_>) -> Markup {
    let rows: Vec<(usize, &QuantityResult)> = means(study).collect();
    let plain = |&(point, result): &(usize, &QuantityResult)| {
        result.method == "plain" && result.step == study.summary.points[point].scheme.step
    };
    if rows.iter().all(plain) {
        return html! {};
    }
    let sweep = !points.keys().is_empty();
    html! {
        h3 { "Methods" }
        (scroll("Methods", html! {
            table {
                caption { "Methods" }
                thead {
                    tr {
                        @if sweep { th scope="col" { "point" } }
                        th scope="col" { "quantity" }
                        th scope="col" { "method" }
                        th.number scope="col" { "step " i { "h" } }
                        th.number scope="col" { "paths or replicas" }
                        th.number scope="col" { "steps in all" }
                        th.number scope="col" { "relative error" }
                    }
                }
                tbody {
                    @for (point, result) in rows {
                        tr {
                            @if sweep { th scope="row" { (points.name(point)) } }
                            td { (quantity::name(result, &study.points[point])) }
                            td { (result.method.replace('_', " ")) }
                            td.number { (compact(result.step)) }
                            td.number { (count(result.paths)) }
                            td.number { (significant(result.steps as f64, 3)) }
                            td.number {
                                @match relative_error(result) {
                                    Some(error) => { (significant(100.0 * error, 2)) "\u{a0}%" }
                                    None => { "–" }
                                }
                            }
                        }
                    }
                }
            }
        }))
    }
}

/// Statistical and step error together, over the estimate.
fn relative_error(result: &QuantityResult) -> Option<f64> {
    let ([low, high], estimate) = result.ci95.zip(result.estimate)?;
    Some((high - low) / (2.0 * 1.96) / estimate.abs())
}

fn means(study: &Study) -> impl Iterator<Item = (usize, &QuantityResult)> {
    let points = study.summary.points.iter().enumerate();
    points.flat_map(|(point, summary)| {
        summary.results.iter().filter(|result| quantity::is_mean(result)).map(move |result| (point, result))
    })
}

/// The levels of multilevel estimates.
fn levels(study: &Study, points: &Points<'_>) -> Markup {
    let rows: Vec<(usize, &QuantityResult)> =
        means(study).filter(|(_, result)| !result.levels.is_empty()).collect();
    if rows.is_empty() {
        return html! {};
    }
    html! {
        h3 { "Levels" }
        @for (point, result) in rows {
            @let name = quantity::name(result, &study.points[point]);
            @let order = result.discretisation_bias.as_ref();
            p {
                (name)
                @if !points.keys().is_empty() { " at " (points.name(point)) }
                ": mean and variance of the difference of the times at the steps " i { "h" } " and 2" i { "h" }
                " (on the coarsest level, of the time itself)."
                @if let Some(bias) = order {
                    " The step error that was taken off is " (significant(bias.estimate, 2)) "."
                }
            }
            (scroll("Levels", html! {
                table {
                    caption { "Levels" }
                    thead {
                        tr {
                            th.number scope="col" { "level" }
                            th.number scope="col" { "step " i { "h" } }
                            th.number scope="col" { "paths" }
                            th.number scope="col" { "mean difference" }
                            th.number scope="col" { "its standard error" }
                            th.number scope="col" { "variance" }
                            th.number scope="col" { "steps a path" }
                            th.number scope="col" { "mean at " i { "h" } }
                        }
                    }
                    tbody {
                        @for (number, level) in result.levels.iter().enumerate() {
                            tr {
                                td.number { (number) }
                                td.number { (compact(level.step)) }
                                td.number { (count(level.paths)) }
                                td.number { (significant(level.mean, 4)) }
                                td.number { (significant((level.variance / level.paths as f64).sqrt(), 2)) }
                                td.number { (significant(level.variance, 3)) }
                                td.number { (significant(level.steps_per_path, 3)) }
                                td.number { (significant(level.fine_mean, 5)) }
                            }
                        }
                    }
                }
            }))
        }
    }
}

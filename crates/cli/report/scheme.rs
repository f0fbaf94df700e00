//! How the paths were stepped.

use levyscape_analyzer::study::Study;
use maud::{Markup, html};

use super::number::{compact, prose, significant};
use super::points::{Points, grouped};
use super::scroll;

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

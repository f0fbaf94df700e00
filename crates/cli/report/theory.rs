//! The limit chain and its conventions.

use levyscape_analyzer::study::Study;
use levyscape_analyzer::summary::TheorySummary;
use maud::{Markup, html};

use super::number::{compact, significant};
use super::points::{Points, grouped, key_name, shown};
use super::scroll;

/// More chains than this are folded away.
const OPEN: usize = 3;

/// The section of theory.
pub fn section(study: &Study, points: &Points<'_>) -> Markup {
    let theories = study.summary.points.iter().map(|point| point.theory.as_ref());
    let groups = grouped(theories, |a, b| match (a, b) {
        (Some(a), Some(b)) => {
            a.kind == b.kind
                && a.generator == b.generator
                && a.stationary == b.stationary
                && a.tail_constant == b.tail_constant
        }
        (a, b) => a.is_none() && b.is_none(),
    });
    let has = |kind: &str| groups.iter().any(|(theory, _)| theory.is_some_and(|theory| theory.kind == kind));
    let several = super::landscape::variables(study).len() > 1;
    let stable = study.summary.points.iter().any(|point| point.noise.kind == "stable");
    html! {
        section #theory {
            h2 { "Theory" }
            p {
                "As " span.nowrap { "ε → 0" } " the path, seen on the right scale of time, becomes a Markov chain on the "
                "minima. Its generator " i { "Q" } " has the rates from the row’s minimum to the column’s."
            }
            @if has("pavlyukevich") {
                p.equation {
                    i { "q" sub { "ij" } } " = (" i { "c" sub { "α" } } "/" i { "α" } ") | |"
                    i { "s" } sub { i { "j" } "−1" } " − " i { "m" sub { "i" } } "|" sup { "−" i { "α" } } " − |"
                    i { "s" sub { "j" } } " − " i { "m" sub { "i" } } "|" sup { "−" i { "α" } } " |"
                    span.small { "  per time unit ε" sup { "−" i { "α" } } ", stable noise" }
                }
            }
            @if has("eyring_kramers") {
                p.equation {
                    i { "k" } " = √(" i { "U" } "\u{200a}″(" i { "m" } ") |" i { "U" } "\u{200a}″(" i { "s" } ")|)"
                    " / (2π) · exp(−(" i { "U" } "(" i { "s" } ") − " i { "U" } "(" i { "m" } "))/" i { "D" } ")"
                    span.small { "  Eyring–Kramers, " i { "D" } " = ε²/2 for Brownian noise, ε² for stable noise with α = 2" }
                }
            }
            @if stable { (convention()) }
            @for (theory, about) in groups.iter().take(OPEN) { (chain(*theory, about, points, several)) }
            @if groups.len() > OPEN {
                details {
                    summary { "The chains of the other points (" (groups.len() - OPEN) ")" }
                    @for (theory, about) in groups.iter().skip(OPEN) { (chain(*theory, about, points, several)) }
                }
            }
            @if groups.iter().any(|(theory, _)| theory.is_some()) { (stays(study, points)) }
        }
    }
}

fn convention() -> Markup {
    html! {
        aside.convention {
            strong { "Convention. " }
            "The stable noise " i { "L" } " has E exp(" i { "iwL" sub { "t" } } ") = exp(−" i { "t" } "|" i { "w" } "|"
            sup { i { "α" } } "); its Lévy measure is "
            span.nowrap { i { "c" sub { "α" } } " |" i { "y" } "|" sup { "−1−" i { "α" } } " d" i { "y" } } " with "
            span.nowrap { i { "c" sub { "α" } } " = Γ(1 + " i { "α" } ") sin(π" i { "α" } "/2)/π" } ". Papers that take "
            span.nowrap { "|" i { "y" } "|" sup { "−1−" i { "α" } } " d" i { "y" } } " have rates divided by "
            i { "c" sub { "α" } } "."
        }
    }
}

fn chain(theory: Option<&TheorySummary>, about: &[usize], points: &Points<'_>, several: bool) -> Markup {
    let names = points.names(about);
    let heading = |title: &str| {
        html! { h3 { (title) @if !names.0.is_empty() { span.points { " — " (names) } } } }
    };
    let Some(theory) = theory else {
        if several {
            return html! {
                (heading("No chain"))
                p { "In several dimensions the exit by one big jump is compared with, where the noise is stable." }
            };
        }
        return html! {
            (heading("No chain"))
            p { "No limit chain holds here: there is no minimum, a point is degenerate, the potential falls without end, or the noise is neither Brownian nor stable." }
        };
    };
    let title = match theory.kind.as_str() {
        "pavlyukevich" => "Jumps between wells (Pavlyukevich)".to_owned(),
        "eyring_kramers" => "Climbing over saddles (Eyring–Kramers)".to_owned(),
        other => other.replace('_', " "),
    };
    let size = theory.generator.len();
    html! {
        (heading(&title))
        @if let Some(constant) = theory.tail_constant {
            p { i { "c" sub { "α" } } " = " (significant(constant, 6)) }
        }
        (scroll("Generator and stationary law", html! {
            table.matrix {
                caption { "Generator " i { "Q" } " and stationary law" }
                thead {
                    tr {
                        th scope="col" { i { "q" sub { "ij" } } }
                        @for to in 1..=size { th.number scope="col" { "to " (to) } }
                        th.number scope="col" { "stationary" }
                    }
                }
                tbody {
                    @for (from, row) in theory.generator.iter().enumerate() {
                        tr {
                            th scope="row" { "from " (from + 1) }
                            @for rate in row { td.number { (significant(*rate, 5)) } }
                            td.number {
                                @if let Some(share) = theory.stationary.get(from) { (significant(*share, 4)) }
                            }
                        }
                    }
                }
            }
        }))
    }
}

/// The unit of time and the mean stays at every point.
fn stays(study: &Study, points: &Points<'_>) -> Markup {
    let chains = || study.summary.points.iter().filter_map(|point| point.theory.as_ref());
    let wells = chains().map(|theory| theory.generator.len()).max().unwrap_or(0);
    html! {
        h3 { "Mean stay in each well, in units of " i { "t" } }
        (scroll("Mean stays", html! {
            table.matrix {
                thead {
                    tr {
                        @for key in points.keys() { th scope="col" { (key_name(key)) } }
                        th.number scope="col" { "unit of time" }
                        @for well in 1..=wells { th.number scope="col" { "well " (well) } }
                    }
                }
                tbody {
                    @for (index, point) in study.summary.points.iter().enumerate() {
                        @if let Some(theory) = &point.theory {
                            tr {
                                @for key in points.keys() {
                                    th scope="row" { @if let Some(value) = points.value(index, key) { (shown(value)) } }
                                }
                                td.number { (compact(theory.time_unit)) }
                                @for well in 0..wells { td.number { (stay(theory, well)) } }
                            }
                        }
                    }
                }
            }
        }))
    }
}

fn stay(theory: &TheorySummary, well: usize) -> Markup {
    match theory.generator.get(well).and_then(|row| row.get(well)) {
        Some(rate) if *rate < 0.0 => html! { (significant(-theory.time_unit / rate, 5)) },
        Some(_) => html! { "∞" },
        None => Markup::default(),
    }
}

//! The limit chain and its conventions.

use levyscape_analyzer::study::Study;
use levyscape_analyzer::summary::{NoiseSummary, PavlyukevichSummary, TheorySummary};
use levyscape_analyzer::theory::Validity;
use maud::{Markup, html};

use super::number::{compact, prose, significant};
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
    let is_stable =
        |noise: &NoiseSummary| noise.kind == "stable" || noise.kind == "sum" && noise.alpha.is_some();
    let stable = study.summary.points.iter().any(|point| is_stable(&point.noise));
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
            (times(study, points))
            (validity(study, points))
        }
    }
}

/// What the block in the papers' normalisation is, and what it is not.
pub fn normalisation(papers: &PavlyukevichSummary) -> String {
    format!(
        "In the papers' normalisation, nu(dy) = |y|^(-1-alpha) dy, all rates are divided by c_alpha = {}: they hold for \
         the process c_alpha^(-1/alpha) L, not for the L of this equation, with which every comparison here is made.",
        significant(papers.constant, 6)
    )
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
            p { "No limit chain holds here: there is no minimum, a point is degenerate, the potential falls without end, or the noise is neither Brownian nor stable nor a sum of the two." }
        };
    };
    let title = match theory.kind.as_str() {
        "pavlyukevich" => "Jumps between wells (Pavlyukevich)".to_owned(),
        "eyring_kramers" => "Climbing over saddles (Eyring–Kramers)".to_owned(),
        other => other.replace('_', " "),
    };
    html! {
        (heading(&title))
        @if let Some(constant) = theory.tail_constant {
            p { i { "c" sub { "α" } } " = " (significant(constant, 6)) }
        }
        (matrix("Generator Q and stationary law", &theory.generator, Some(&theory.stationary)))
        @if let Some(papers) = &theory.pavlyukevich {
            (matrix("The same in the papers’ normalisation, Q/c_α", &papers.generator, None))
            p { (prose(&normalisation(papers))) }
        }
    }
}

/// Rates from row to column.
fn matrix(caption: &str, generator: &[Vec<f64>], stationary: Option<&[f64]>) -> Markup {
    scroll(
        caption,
        html! {
            table.matrix {
                caption { (caption) }
                thead {
                    tr {
                        th scope="col" { i { "q" sub { "ij" } } }
                        @for to in 1..=generator.len() { th.number scope="col" { "to " (to) } }
                        @if stationary.is_some() { th.number scope="col" { "stationary" } }
                    }
                }
                tbody {
                    @for (from, row) in generator.iter().enumerate() {
                        tr {
                            th scope="row" { "from " (from + 1) }
                            @for rate in row { td.number { (significant(*rate, 5)) } }
                            @if let Some(law) = stationary {
                                td.number { @if let Some(share) = law.get(from) { (significant(*share, 4)) } }
                            }
                        }
                    }
                }
            }
        },
    )
}

/// Times of the chain at every point: relaxation, and the mean way from each minimum to each other one.
fn times(study: &Study, points: &Points<'_>) -> Markup {
    let rows: Vec<(usize, &TheorySummary)> = theories(study).filter(|(_, t)| t.generator.len() > 1).collect();
    html! {
        @if !rows.is_empty() {
            (scroll("Times of the chain", html! {
                table {
                    caption {
                        "Times of the chain, in units of t: how long it takes to forget where it was, and its mean "
                        "times from one minimum to another, however many lie between"
                    }
                    thead {
                        tr {
                            @for key in points.keys() { th scope="col" { (key_name(key)) } }
                            th scope="col" { "relaxation times" }
                            th scope="col" { "mean times" }
                        }
                    }
                    tbody {
                        @for (index, theory) in rows {
                            tr {
                                @for key in points.keys() {
                                    th scope="row" { @if let Some(value) = points.value(index, key) { (shown(value)) } }
                                }
                                td {
                                    @for (place, time) in theory.relaxation_times.iter().enumerate() {
                                        @if place > 0 { ", " } (significant(*time, 5))
                                    }
                                    @if theory.relaxation_times.is_empty() { "—" }
                                }
                                td { (ways(theory)) }
                            }
                        }
                    }
                }
            }))
        }
    }
}

fn ways(theory: &TheorySummary) -> Markup {
    let size = theory.hitting_times.len();
    let pairs =
        (0..size).flat_map(|from| (0..size).map(move |to| (from, to))).filter(|(from, to)| from != to);
    html! {
        @for (place, (from, to)) in pairs.enumerate() {
            @if place > 0 { ", " }
            span.nowrap {
                (from + 1) "→" (to + 1) ": "
                @match theory.hitting_times.get(from).and_then(|row| row.get(to)).copied().flatten() {
                    Some(time) => (significant(time, 5)),
                    None => "never",
                }
            }
        }
    }
}

/// The ratios that the limit takes as small, at every point and well.
fn validity(study: &Study, points: &Points<'_>) -> Markup {
    let rows: Vec<(usize, &Validity)> = theories(study)
        .flat_map(|(index, theory)| theory.validity.iter().map(move |well| (index, well)))
        .collect();
    let ratio =
        |value: Option<f64>| html! { @match value { Some(value) => (significant(value, 2)), None => "—" } };
    html! {
        @if !rows.is_empty() {
            h3 { "How far to trust it" }
            p {
                "The limit takes the first three as small and the barrier of Gaussian noise as large; the warnings say "
                "where one is not."
            }
            (scroll("Validity of the theory", html! {
                table {
                    caption { "Validity of the theory" }
                    thead {
                        tr {
                            @for key in points.keys() { th scope="col" { (key_name(key)) } }
                            th scope="col" { "well" }
                            th scope="col" { "between" }
                            th.number scope="col" { "leaving / relaxing" }
                            th.number scope="col" { "spread / distance" }
                            th.number scope="col" { "climbing / jumping" }
                            th.number scope="col" { "barrier / " i { "D" } }
                        }
                    }
                    tbody {
                        @for (index, well) in rows {
                            tr {
                                @for key in points.keys() {
                                    th scope="row" { @if let Some(value) = points.value(index, key) { (shown(value)) } }
                                }
                                td { (well.well) }
                                td { span.nowrap { (compact(well.left)) " and " (compact(well.right)) } }
                                td.number { (ratio(well.separation)) }
                                td.number { (ratio(well.background)) }
                                td.number { (ratio(well.crossover)) }
                                td.number { (ratio(well.barrier)) }
                            }
                        }
                    }
                }
            }))
        }
    }
}

fn theories(study: &Study) -> impl Iterator<Item = (usize, &TheorySummary)> {
    let points = study.summary.points.iter().enumerate();
    points.filter_map(|(index, point)| point.theory.as_ref().map(|theory| (index, theory)))
}

/// The unit of time and the mean stays at every point.
fn stays(study: &Study, points: &Points<'_>) -> Markup {
    let chains = || study.summary.points.iter().filter_map(|point| point.theory.as_ref());
    let wells = chains().map(|theory| theory.generator.len()).max().unwrap_or(0);
    html! {
        h3 { "Mean stay in each well, in units of " i { "t" } }
        (scroll("Mean stays", html! {
            table.matrix {
                caption { "Mean stays in the wells by the theorem" }
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

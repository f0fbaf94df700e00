//! The first twenty seconds: what was asked, what came out.

use std::collections::BTreeSet;

use levyscape_analyzer::study::Study;
use levyscape_analyzer::summary::QuantityResult;
use maud::{Markup, PreEscaped, html};

use super::comparisons::class;
use super::formula::formula;
use super::judgement::{Outcome, outcome, ratio};
use super::number::{compact, count, interval, reference, significant, with_error};
use super::points::Points;
use super::{Origin, landscape, notices, quantity};

/// Kinds of quantities that are listed: what fits on a screen.
const ROWS: usize = 12;
/// Tasks that are listed.
const TASKS: usize = 4;

/// The summary.
pub fn section(study: &Study, points: &Points<'_>, origin: &Origin<'_>) -> Markup {
    let summary = &study.summary;
    html! {
        dl.summary #summary {
            dt { "Asked" }
            dd { (asked(study, points)) }
            dt { "Verdict" }
            dd { (verdict(study, points)) }
            dt { "Came out" }
            dd { (outcomes(study, points)) }
            dt { "Warnings" }
            dd {
                @match summary.warnings.len() {
                    0 => "none",
                    many => a href="#warnings" { (counted(many, "warning")) },
                }
            }
            dt { "Repeat" }
            dd { (origin.markup(study, "origin")) }
        }
    }
}

/// A count and its noun.
fn counted(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

fn asked(study: &Study, points: &Points<'_>) -> Markup {
    let summary = &study.summary;
    let mut noises: Vec<(&str, Option<f64>, bool)> = Vec::new();
    for point in &summary.points {
        let noise = (point.noise.kind.as_str(), point.noise.alpha, point.noise.beta.is_some());
        if !noises.contains(&noise) {
            noises.push(noise);
        }
    }
    let variables = landscape::variables(study);
    let expressions = landscape::expressions(study);
    let seed = &summary.scenario["ensemble"]["seed"];
    html! {
        p.equation {
            "d" i { "X" sub { "t" } } " = "
            @if expressions.is_empty() { i { "b" } }
            @else if variables.len() > 1 { "−∇" i { "U" } }
            @else { "−" i { "U" } "\u{200a}′" }
            "(" i { "X" sub { "t" } } ") d" i { "t" } " + " i { "ε" } " d" i { "Z" sub { "t" } }
            @match expressions.as_slice() {
                [] => { ",   " i { "b" } " in the section of the landscape" }
                [one] => { ",   " i { "U" } "(" i { (variables.join(", ")) } ") = " (formula(one)) }
                many => { ",   " (many.len()) " potentials " i { "U" } ", see the landscape" }
            }
        }
        p {
            @if let Some(parameters) = landscape::parameters(study, points) { (parameters) "; " }
            (self::noises(&noises)) "; "
            i { "ε" } (range(summary.points.iter().map(|point| point.noise.epsilon))) ". "
            (counted(points.len(), "point"))
            ", " (paths(summary.points.iter().flat_map(|point| &point.results)))
            @if !seed.is_null() { ", seed " (seed.to_string()) }
            "."
        }
        (tasks(study))
    }
}

/// One line a task.
fn tasks(study: &Study) -> Markup {
    let count = study.summary.scenario["task"].as_array().map_or(0, Vec::len);
    html! {
        ul.tasks {
            @for task in 0..count.min(TASKS) {
                li { "Task " (task) ": " (quantity::task(&study.summary.scenario, task)) }
            }
            @if count > TASKS { li { "and " (counted(count - TASKS, "more task")) } }
        }
    }
}

/// Kinds, tail indices, and whether they are skewed.
fn noises(noises: &[(&str, Option<f64>, bool)]) -> Markup {
    let mut kinds: Vec<String> = Vec::new();
    for (kind, _, skewed) in noises {
        let name = match *kind {
            "brownian" => "Brownian".to_owned(),
            "stable" if *skewed => "skewed stable".to_owned(),
            "stable" => "symmetric stable".to_owned(),
            other => other.replace('_', " "),
        };
        if !kinds.contains(&name) {
            kinds.push(name);
        }
    }
    // Brownian noise comes first.
    kinds.sort_by_key(|kind| kind != "Brownian");
    let alphas: Vec<f64> = noises.iter().filter_map(|(_, alpha, _)| *alpha).collect();
    html! {
        @for (place, kind) in kinds.iter().enumerate() {
            @if place > 0 { " and " }
            i { "Z" } " " (kind)
        }
        @if !alphas.is_empty() { " with " i { "α" } (range(alphas.into_iter())) }
    }
}

/// `= x`, `= x, y` or `from x to y`.
fn range(values: impl Iterator<Item = f64>) -> Markup {
    let mut distinct: Vec<f64> = values.collect();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    match distinct.as_slice() {
        [] => Markup::default(),
        [first, .., last] if distinct.len() > 4 => {
            html! { " from " (compact(*first)) " to " (compact(*last)) }
        }
        few => html! {
            " = "
            @for (place, value) in few.iter().enumerate() { @if place > 0 { ", " } (compact(*value)) }
        },
    }
}

fn paths<'a>(results: impl Iterator<Item = &'a QuantityResult>) -> Markup {
    let counts: BTreeSet<u64> = results.map(|result| result.paths).collect();
    match (counts.first(), counts.last()) {
        (Some(least), Some(most)) if least == most => html! { (count(*least)) " paths for each mean" },
        (Some(least), Some(most)) => html! { (count(*least)) " to " (count(*most)) " paths for each mean" },
        _ => html! { "sample paths only" },
    }
}

/// A result and the index of its point.
type Placed<'a> = (usize, &'a QuantityResult);

fn results(study: &Study) -> impl Iterator<Item = Placed<'_>> {
    let points = study.summary.points.iter().enumerate();
    points.flat_map(|(point, summary)| summary.results.iter().map(move |result| (point, result)))
}

/// How many results have each outcome, in a few words.
fn counts<'a>(results: impl Iterator<Item = &'a QuantityResult>) -> Markup {
    let outcomes: Vec<Outcome> = results.map(outcome).collect();
    let number = |wanted: Outcome| outcomes.iter().filter(|&&outcome| outcome == wanted).count();
    let parts = [
        (Outcome::Unusable, "not to be used"),
        (Outcome::Differs, "differ"),
        (Outcome::Uncertain, "too uncertain"),
        (Outcome::Agrees, "agree"),
        (Outcome::NotCompared, "without an exact value"),
    ];
    let parts: Vec<(Outcome, usize, &str)> = parts
        .into_iter()
        .map(|(outcome, words)| (outcome, number(outcome), words))
        .filter(|part| part.1 > 0)
        .collect();
    html! {
        @for (place, (outcome, number, words)) in parts.iter().enumerate() {
            @if place > 0 { ", " }
            span.nowrap.(class(outcome.tone())) {
                (number) " " @if *number == 1 && *outcome == Outcome::Differs { "differs" }
                @else if *number == 1 && *outcome == Outcome::Agrees { "agrees" } @else { (words) }
            }
        }
    }
}

/// Whether the numbers may be used, how many are as they should be, and which one is the farthest off.
fn verdict(study: &Study, points: &Points<'_>) -> Markup {
    let summary = &study.summary;
    let failed = summary.verdict.status != "ok";
    let all = || results(study).map(|(_, result)| result);
    let worst = results(study)
        .filter_map(|(point, result)| Some((point, result, result.verdict.as_ref()?.z?)))
        .max_by(|a, b| a.2.abs().total_cmp(&b.2.abs()));
    html! {
        @if failed {
            strong.badge.bad { "FAILED" } " The numbers must not be used as they are:"
            (notices::list(&summary.verdict.reasons, points))
        } @else {
            strong.badge.good { "ok" } " Every path stayed finite."
        }
        @if all().next().is_some() {
            p.counts {
                strong { "Against the exact equation: " (counts(all())) }
                @if let Some((point, result, z)) = worst {
                    "; farthest off: task " (result.task) ", " (quantity::name(result, &study.points[point]))
                    @if !points.keys().is_empty() { " at " (points.name(point)) }
                    ", " span.nowrap { (significant(z.abs(), 2)) " standard errors" }
                    " (" (outcome(result).word()) ")"
                }
                ". See the " a href="#comparisons" { "comparisons" } "."
            }
        }
        @if all().any(|result| outcome(result) == Outcome::Uncertain) {
            p.small { "Too uncertain: not contradicted (Holm’s rule, 5\u{a0}%), but a deviation of a fifth (of a probability, by 0.1) could have been overlooked." }
        }
        @if all().any(|result| outcome(result) == Outcome::Differs) {
            @if let Some(all) = &summary.comparison { p { (all.words) } }
        }
    }
}

/// Results of one kind: those that differ in what is not named.
#[derive(Clone, PartialEq)]
struct Kind {
    task: Option<usize>,
    quantity: String,
    from: Option<usize>,
    noise: Option<String>,
}

/// Results by their kinds, as finely as fits on a screen: mean times first, then as they come.
fn kinds(study: &Study) -> Vec<(Kind, Vec<Placed<'_>>)> {
    let mut coarse = 0;
    loop {
        let mut kinds: Vec<(Kind, Vec<Placed<'_>>)> = Vec::new();
        for (point, result) in results(study) {
            // What comes first is told apart the longest: by start, then by noise, then by task.
            let limit = if quantity::is_first(result) { [2, 3, 4] } else { [1, 1, 1] };
            let kind = Kind {
                quantity: result.quantity.clone(),
                from: if coarse < limit[0] { result.from } else { None },
                noise: (coarse < limit[1]).then(|| study.summary.points[point].noise.kind.clone()),
                task: (coarse < limit[2]).then_some(result.task),
            };
            match kinds.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, placed)) => placed.push((point, result)),
                None => kinds.push((kind, vec![(point, result)])),
            }
        }
        if kinds.len() <= ROWS || coarse == 4 {
            kinds.sort_by_key(|(kind, placed)| {
                (!placed.iter().all(|(_, result)| quantity::is_first(result)), kind.task, kind.from)
            });
            return kinds;
        }
        coarse += 1;
    }
}

fn outcomes(study: &Study, points: &Points<'_>) -> Markup {
    let kinds = kinds(study);
    if kinds.is_empty() {
        return html! { p { "Sample paths; see the figures." } };
    }
    let tasks: BTreeSet<Option<usize>> = kinds.iter().map(|(kind, _)| kind.task).collect();
    let noises: BTreeSet<Option<&str>> = kinds.iter().map(|(kind, _)| kind.noise.as_deref()).collect();
    let single = kinds.iter().all(|(_, placed)| placed.len() == 1);
    html! {
        table.outcomes {
            caption { "What came out, one line a kind of quantity" }
            thead {
                tr {
                    th scope="col" { "quantity" }
                    @if single {
                        th scope="col" { "estimate" }
                        th scope="col" { "95\u{a0}% interval" }
                        th scope="col" { "exact" }
                        th scope="col" { "theorem" }
                    } @else {
                        th scope="col" { "smallest" }
                        th scope="col" { "largest" }
                        th scope="col" { span.nowrap { "estimate / theorem" } }
                    }
                    th scope="col" { "verdicts" }
                }
            }
            tbody {
                @for (kind, placed) in kinds.iter().take(ROWS) {
                    tr {
                        th scope="row" {
                            @if tasks.len() > 1 { @if let Some(task) = kind.task { (task) ": " } }
                            (kind_name(study, kind, placed))
                            @if noises.len() > 1 { @if let Some(noise) = &kind.noise {
                                ", " @if noise == "brownian" { "Brownian" } @else { (noise.replace('_', " ")) }
                            } }
                        }
                        @if single {
                            @let result = placed[0].1;
                            (single_cells(result))
                            td.(class(outcome(result).tone())) { (outcome(result).word()) }
                        } @else {
                            (range_cells(points, placed, noises.len() > 1 && kind.noise.is_some()))
                            td { (counts(placed.iter().map(|(_, result)| *result))) }
                        }
                    }
                }
            }
        }
        @if kinds.len() > ROWS {
            p { "And " (kinds.len() - ROWS) " more, see the " a href="#numbers" { "numbers" } "." }
        }
        @let theorem = study.summary.comparison.as_ref().map_or("", |all| all.theorem.as_str());
        @if !theorem.is_empty() { p { (theorem) } }
    }
}

/// The name of the quantity where all have the same, otherwise that of the kind.
fn kind_name(study: &Study, kind: &Kind, placed: &[Placed<'_>]) -> Markup {
    let mut names =
        placed.iter().map(|(point, result)| quantity::name(result, &study.points[*point]).into_string());
    match names.next() {
        Some(first) if names.all(|name| name == first) => PreEscaped(first),
        _ => html! {
            (kind.quantity.replace('_', " "))
            @if let Some(from) = kind.from { " from minimum " (from) }
            " (" (placed.len()) ")"
        },
    }
}

fn estimate(result: &QuantityResult) -> Markup {
    match (result.estimate, result.std_error) {
        (Some(estimate), Some(error)) => html! { span.nowrap { (with_error(estimate, error)) } },
        (Some(estimate), None) => html! { (significant(estimate, 5)) },
        (None, _) => html! { "none" },
    }
}

fn single_cells(result: &QuantityResult) -> Markup {
    let none = || html! { span.none { "—" } };
    let beside = |value: Option<f64>| match value {
        Some(value) => html! { (reference(value, result.std_error)) },
        None => none(),
    };
    html! {
        td data-label="estimate" { (estimate(result)) }
        td data-label="95\u{a0}% interval" { @match result.ci95 { Some(ci95) => span.nowrap { (interval(ci95)) }, None => (none()) } }
        td data-label="exact" { (beside(result.exact)) }
        td data-label="theorem" { (beside(result.asymptotic)) }
    }
}

/// The smallest and the largest value with their points, and how far the theorem is.
fn range_cells(points: &Points<'_>, placed: &[Placed<'_>], noise_is_said: bool) -> Markup {
    let name =
        |point: usize| if noise_is_said { points.name_beside_noise(point) } else { points.name(point) };
    let known = || placed.iter().filter_map(|(point, result)| Some((*point, *result, result.estimate?)));
    let least = known().min_by(|a, b| a.2.total_cmp(&b.2));
    let most = known().max_by(|a, b| a.2.total_cmp(&b.2));
    let ratios: Vec<f64> =
        placed.iter().filter_map(|(_, result)| ratio(result).map(|(ratio, _)| ratio)).collect();
    let low = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let high = ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let missing = placed.len() - known().count();
    html! {
        @for (label, end) in [("smallest", least), ("largest", most)] {
            td data-label=(label) {
                @match end {
                    Some((point, result, _)) => {
                        (estimate(result))
                        @if !points.keys().is_empty() { " " span.small { "at " (name(point)) } }
                    }
                    None => "no estimate",
                }
            }
        }
        td data-label="estimate / theorem" {
            @if ratios.is_empty() { span.none { "—" } }
            @else if low == high { (significant(low, 3)) }
            @else { span.nowrap { (significant(low, 3)) " to " (significant(high, 3)) } }
            @if missing > 0 && missing < placed.len() { "; " (missing) " without an estimate" }
        }
    }
}

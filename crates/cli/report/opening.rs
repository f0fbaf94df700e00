//! The first twenty seconds: what was asked, what came out.

use std::collections::BTreeSet;

use levyscape_analyzer::study::Study;
use levyscape_analyzer::summary::QuantityResult;
use maud::{Markup, html};

use super::formula::formula;
use super::judgement::{Tone, disagreeing, ratio, tone};
use super::number::{compact, count, interval, reference, significant, with_error};
use super::points::Points;
use super::{comparisons, landscape, notices, quantity};

/// Points up to this number have their means listed, more only their range.
const LISTED: usize = 3;

/// Title and summary.
pub fn section(study: &Study, points: &Points<'_>) -> Markup {
    let summary = &study.summary;
    let failed = summary.verdict.status != "ok";
    let far = disagreeing(summary.points.iter().flat_map(|point| &point.results));
    html! {
        header {
            h1 { (summary.title) }
            dl.summary {
                dt { "Asked" }
                dd { (asked(study, points)) }
                dt { "Came out" }
                dd { (outcome(study, points)) }
                dt { "Verdict" }
                dd {
                    @if failed {
                        strong.badge.bad { "FAILED" } " The numbers must not be used as they are:"
                        (notices::list(&summary.verdict.reasons, points))
                    } @else {
                        strong.badge.good { "ok" } " Every path stayed finite."
                        @if far > 0 {
                            " " strong.bad { "But " (counted(far, "estimate")) " " @if far == 1 { "disagrees" } @else { "disagree" }
                            " with the exact value" } "; see the " a href="#comparisons" { "comparisons" } "."
                        }
                    }
                }
                dt { "Warnings" }
                dd {
                    @match summary.warnings.len() {
                        0 => "none",
                        many => a href="#warnings" { (counted(many, "warning")) },
                    }
                }
            }
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

/// The mean times that belong together: of one task, start and kind of noise.
#[derive(Clone, Copy, PartialEq)]
struct Means<'a> {
    task: usize,
    from: Option<usize>,
    noise: &'a str,
}

fn outcome(study: &Study, points: &Points<'_>) -> Markup {
    let mut kinds: Vec<Means<'_>> = Vec::new();
    for point in &study.summary.points {
        for result in point.results.iter().filter(|result| quantity::is_mean(result)) {
            let kind = Means { task: result.task, from: result.from, noise: &point.noise.kind };
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
    }
    kinds.sort_by_key(|kind| (kind.task, kind.from));
    let tasks: BTreeSet<usize> = kinds.iter().map(|kind| kind.task).collect();
    let noises: BTreeSet<&str> = kinds.iter().map(|kind| kind.noise).collect();
    let chains = chains(study, points);
    html! {
        @if kinds.is_empty() && chains.is_none() { p { "Sample paths; see the figures." } }
        @if let Some(chains) = chains { (chains) }
        @if !kinds.is_empty() {
            ul {
                @for kind in &kinds {
                    li {
                        @if tasks.len() > 1 { "Task " (kind.task) ": " }
                        (means(study, points, *kind, noises.len() > 1))
                    }
                }
            }
        }
        @let comparison = study.summary.comparison.as_ref();
        @let [agreement, theorem] = comparison.map_or([""; 2], |all| [all.words.as_str(), all.theorem.as_str()]);
        @if !agreement.is_empty() || !theorem.is_empty() { p { (agreement) " " (theorem) } }
        @if theorem.is_empty() { @if let Some(sentence) = theory(study) { p { (sentence) } } }
    }
}

/// How far the wells that paths are in are from the limit chain; `None` without such a task.
fn chains(study: &Study, points: &Points<'_>) -> Option<Markup> {
    let rows = study.summary.points.iter().enumerate().flat_map(|(point, summary)| {
        let off = summary.results.iter().filter(|result| result.quantity == "chain_deviation");
        off.filter_map(move |result| Some((point, result, result.estimate?, result.std_error?)))
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return None;
    }
    Some(html! {
        ul {
            @for (point, result, estimate, error) in rows.iter().take(LISTED) {
                li {
                    "Task " (result.task) ": the probabilities of the wells are at most "
                    span.nowrap { (with_error(*estimate, *error)) } " from exp(" i { "Qt" } ")"
                    @if let Some(t) = result.t { " at " i { "t" } " = " (compact(t)) }
                    @if !points.keys().is_empty() { ", " (points.name(*point)) }
                    @if let Some(exact) = result.exact { ", exactly " (reference(exact, result.std_error)) }
                }
            }
            @if rows.len() > LISTED { li { "and " (rows.len() - LISTED) " more below" } }
        }
    })
}

fn means(study: &Study, points: &Points<'_>, kind: Means<'_>, several_noises: bool) -> Markup {
    let Means { task, from, noise } = kind;
    let means: Vec<(usize, &QuantityResult)> = study
        .summary
        .points
        .iter()
        .enumerate()
        .filter(|(_, point)| point.noise.kind == noise)
        .flat_map(|(point, summary)| summary.results.iter().map(move |result| (point, result)))
        .filter(|(_, result)| quantity::is_mean(result) && result.task == task && result.from == from)
        .collect();
    // The kind of noise is said already.
    let named = |point: usize| points.name_without(point, if several_noises { "noise.kind" } else { "" });
    let known = || means.iter().filter_map(|(point, result)| Some((*point, *result, result.estimate?)));
    let least = known().min_by(|a, b| a.2.total_cmp(&b.2));
    let most = known().max_by(|a, b| a.2.total_cmp(&b.2));
    let estimate = |result: &QuantityResult| match (result.estimate, result.std_error) {
        (Some(estimate), Some(error)) => html! { span.nowrap { (with_error(estimate, error)) } },
        (Some(estimate), None) => html! { (significant(estimate, 5)) },
        (None, _) => html! { "no estimate" },
    };
    html! {
        @match from { None => "mean exit time ", Some(from) => { "mean transition time from minimum " (from) " " } }
        @if let Some((_, first)) = means.first() { (quantity::mean_symbol(first)) }
        @if several_noises { " under " @if noise == "brownian" { "Brownian" } @else { (noise) } " noise" }
        @if points.len() <= LISTED || means.len() == 1 {
            @for (place, (point, result)) in means.iter().enumerate() {
                @if place > 0 { ";" }
                " = " (estimate(result))
                @if let Some(ci95) = result.ci95 { " (95 %: " span.nowrap { (interval(ci95)) } ")" }
                @if !points.keys().is_empty() { " at " (named(*point)) }
                @if let Some(exact) = result.exact { ", exact " (reference(exact, result.std_error)) }
                @else if let Some(theory) = result.asymptotic { ", theory " (reference(theory, result.std_error)) }
                @let tone = tone(result);
                @if tone == Tone::Bad { " " strong.(comparisons::class(tone)) { a href="#comparisons" { "see the comparisons" } } }
            }
        } @else if let (Some(least), Some(most)) = (least, most) {
            " runs from " (estimate(least.1)) " at " (named(least.0))
            " to " (estimate(most.1)) " at " (named(most.0))
            @if known().count() < means.len() { "; no estimate at " (counted(means.len() - known().count(), "point")) }
        } @else { ": no path ended" }
    }
}

/// How far theory is from the estimated means, over all points.
fn theory(study: &Study) -> Option<Markup> {
    let means = || {
        study
            .summary
            .points
            .iter()
            .flat_map(|point| &point.results)
            .filter(|result| quantity::is_mean(result))
    };
    let ratios: Vec<f64> = means().filter_map(|result| ratio(result).map(|(ratio, _)| ratio)).collect();
    let least = ratios.iter().copied().reduce(f64::min)?;
    let most = ratios.iter().copied().reduce(f64::max)?;
    Some(html! {
        "Mean over the theorem’s: "
        @if ratios.len() == 1 { (significant(least, 3)) } @else { (significant(least, 3)) " to " (significant(most, 3)) }
        "."
    })
}

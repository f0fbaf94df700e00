//! Estimates beside exact values and theory.

use std::collections::BTreeSet;

use levyscape_analyzer::estimate::KEPT;
use levyscape_analyzer::study::{EnsembleData, Study};
use levyscape_analyzer::summary::QuantityResult;
use maud::{Markup, html};

use super::judgement::{Score, Tone, exponentiality, ratio, words, z_score};
use super::number::{compact, count, interval, reference, significant, with_error};
use super::points::{Points, key_name, shown};
use super::{quantity, scroll};

/// The class that colours a cell.
pub fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Good => "good",
        Tone::Doubtful => "doubtful",
        Tone::Bad => "bad",
    }
}

/// The section of comparisons.
pub fn section(study: &Study, points: &Points<'_>) -> Markup {
    let results = || study.summary.points.iter().flat_map(|point| &point.results);
    let mut tasks: BTreeSet<usize> = results().map(|result| result.task).collect();
    tasks.extend(study.points.iter().flat_map(|point| point.paths.iter().map(|paths| paths.task)));
    let score = Score::of(results());
    html! {
        section #comparisons {
            h2 { "Comparisons" }
            p {
                "Each estimate stands with its standard error. Where the step error was measured, it has been "
                "taken off. The 95\u{a0}% interval covers statistical and step error together. The distance "
                i { "z" } " from the exact value is measured in that interval’s half-width divided by 1.96. “Theory” is the leading order as "
                span.nowrap { "ε → 0" } ". Times are in units of " i { "t" } "."
            }
            @if let Some(sentence) = score.sentence() { p { (sentence) } }
            @for task in tasks { (self::task(study, points, task)) }
        }
    }
}

fn task(study: &Study, points: &Points<'_>, task: usize) -> Markup {
    let any = study.summary.points.iter().any(|point| point.results.iter().any(|result| result.task == task));
    let description = quantity::task(&study.summary.scenario, task);
    html! {
        h3 { "Task " (task) @if !description.0.is_empty() { ": " (description) } }
        @if any {
            (table(study, points, task))
            (exponential(study, points, task))
        } @else {
            p { "Sample paths for looking at; see the figures." }
        }
    }
}

fn table(study: &Study, points: &Points<'_>, task: usize) -> Markup {
    scroll(
        &format!("Comparisons of task {task}"),
        html! {
            table.comparison {
                thead {
                    tr {
                        @for key in points.keys() { th scope="col" { (key_name(key)) } }
                        th scope="col" { "quantity" }
                        th.number scope="col" { "estimate" br; span.small { "95\u{a0}% interval" } }
                        th.number scope="col" { "exact" }
                        th.number scope="col" { i { "z" } }
                        th.number scope="col" { "theory" }
                        th.number scope="col" { "estimate / theory" br; span.small { "95\u{a0}% interval" } }
                        th scope="col" { "in words" }
                        th.number scope="col" { "paths" }
                        th.number scope="col" { "step error" }
                    }
                }
                @for (index, (point, data)) in study.summary.points.iter().zip(&study.points).enumerate() {
                    @let results: Vec<&QuantityResult> =
                        point.results.iter().filter(|result| result.task == task).collect();
                    tbody {
                        @for (row, result) in results.iter().enumerate() {
                            tr.mean[quantity::is_mean(result)] {
                                @if row == 0 {
                                    @for key in points.keys() {
                                        th.swept scope="rowgroup" rowspan=(results.len()) {
                                            @if let Some(value) = points.value(index, key) { (shown(value)) }
                                        }
                                    }
                                }
                                th scope="row" { (quantity::name(result, data)) }
                                (cells(result))
                            }
                        }
                    }
                }
            }
        },
    )
}

fn cells(result: &QuantityResult) -> Markup {
    let (tone, said) = words(result);
    let none = || html! { span.none { "—" } };
    let beside = |value: Option<f64>| match value {
        Some(value) => html! { (reference(value, result.std_error)) },
        None => none(),
    };
    html! {
        td.number {
            @match (result.estimate, result.std_error) {
                (Some(estimate), Some(error)) => (with_error(estimate, error)),
                (Some(estimate), None) => (significant(estimate, 5)),
                (None, _) => (none()),
            }
            @if let Some(ci95) = result.ci95 { br; span.small { (interval(ci95)) } }
        }
        td.number { (beside(result.exact)) }
        td.number { @if let Some(z) = z_score(result) { (z_text(z)) } @else { (none()) } }
        td.number { (beside(result.asymptotic)) }
        td.number {
            @if let Some((ratio, ends)) = ratio(result) {
                @let error = (ends[1] - ends[0]) / 4.0;
                (reference(ratio, Some(10.0 * error))) br; span.small { (interval(ends)) }
            } @else { (none()) }
        }
        td.words.(class(tone)) { (said) }
        td.number {
            (count(result.paths))
            @if result.censored > 0 { br; span.small.doubtful { (count(result.censored)) " censored" } }
            @if result.diverged > 0 { br; span.small.bad { (count(result.diverged)) " diverged" } }
        }
        td.number {
            @if let Some(bias) = &result.discretisation_bias {
                (with_error(bias.estimate, bias.std_error))
                br;
                span.small {
                    span.nowrap { "at " i { "h" } ": " (reference(bias.fine, result.std_error)) } ", "
                    span.nowrap { "at 2" i { "h" } ": " (reference(bias.coarse, result.std_error)) }
                }
            } @else { (none()) }
        }
    }
}

fn z_text(z: f64) -> Markup {
    if z.is_infinite() {
        return html! { (compact(z)) };
    }
    // One decimal says all there is to say.
    html! { @if z.abs() < 0.05 { "0.0" } @else { @if z < 0.0 { "−" } (format!("{:.1}", z.abs())) } }
}

fn exponential(study: &Study, points: &Points<'_>, task: usize) -> Markup {
    let ensembles = |index: usize| -> Vec<&EnsembleData> {
        // Methods without single paths say nothing of the law of the time.
        let all = study.points[index].ensembles.iter();
        all.filter(|ensemble| ensemble.task == task && ensemble.survival.is_some()).collect()
    };
    if (0..study.points.len()).all(|index| ensembles(index).is_empty()) {
        return html! {};
    }
    let several = study
        .points
        .iter()
        .any(|point| point.ensembles.iter().any(|ensemble| ensemble.task == task && ensemble.from.is_some()));
    let paths = |index: usize, ensemble: &EnsembleData| {
        let results = &study.summary.points[index].results;
        results
            .iter()
            .find(|result| result.task == task && result.from == ensemble.from)
            .map(|result| result.paths)
    };
    html! {
        h4 { "Is the time exponential?" }
        p.small {
            "√" i { "n" } " times the largest gap between the distribution of the simulated times and the exponential law "
            "of the same mean. An exponential time exceeds 0.99, 1.08 and 1.28 in 10, 5 and 1\u{a0}% of samples. The theory "
            "says exponential as " span.nowrap { "ε → 0" } "; many paths show even a small gap."
        }
        (scroll(&format!("Exponentiality, task {task}"), html! {
            table.comparison {
                thead {
                    tr {
                        @for key in points.keys() { th scope="col" { (key_name(key)) } }
                        @if several { th.number scope="col" { "from minimum" } }
                        th.number scope="col" { "√" i { "n" } " × gap" }
                        th.number scope="col" { "gap" }
                        th scope="col" { "in words" }
                    }
                }
                tbody {
                    @for index in 0..study.points.len() {
                        @for ensemble in ensembles(index) {
                            tr {
                                @for key in points.keys() {
                                    th.swept scope="row" {
                                        @if let Some(value) = points.value(index, key) { (shown(value)) }
                                    }
                                }
                                @if several {
                                    td.number { @if let Some(from) = ensemble.from { (from) } }
                                }
                                @if let Some(distance) = ensemble.exponential_distance {
                                    @let (tone, said) = exponentiality(distance);
                                    td.number { (significant(distance, 3)) }
                                    td.number {
                                        @if let Some(paths) = paths(index, ensemble).filter(|paths| *paths > 0) {
                                            (significant(distance / (paths.min(KEPT as u64) as f64).sqrt(), 2))
                                        }
                                    }
                                    td.words.(class(tone)) { (said) }
                                } @else {
                                    td.number { span.none { "—" } }
                                    td.number { span.none { "—" } }
                                    td.words { "not tested: paths without an exit, or fewer than 20 times" }
                                }
                            }
                        }
                    }
                }
            }
        }))
    }
}

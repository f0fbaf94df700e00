//! Estimates beside exact values and theory.

use std::collections::BTreeSet;

use levyscape_analyzer::compare::{Compared, Kind, StartTests};
use levyscape_analyzer::estimate::KEPT;
use levyscape_analyzer::study::Study;
use levyscape_analyzer::summary::QuantityResult;
use maud::{Markup, html};

use super::judgement::{Outcome, Tone, destinations, exponentiality, outcome, ratio, tone, words};
use super::number::{count, interval, prose, reference, significant, with_error};
use super::points::Points;
use super::{Origin, latex, quantity, scroll};

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
pub fn section(study: &Study, points: &Points<'_>, origin: &Origin<'_>) -> Markup {
    let results = || study.summary.points.iter().flat_map(|point| &point.results);
    let mut tasks: BTreeSet<usize> = results().map(|result| result.task).collect();
    tasks.extend(study.points.iter().flat_map(|point| point.paths.iter().map(|paths| paths.task)));
    html! {
        section #comparisons {
            h2 { "Comparisons" }
            p {
                "Each estimate stands with its standard error. Where the step error was measured, it has been "
                "taken off. The 95\u{a0}% interval covers statistical and step error together. Against the exact equation, "
                "where its value is known, the simulation and its step are tested: " i { "z" } " is the distance in that interval’s "
                "half-width divided by 1.96, and an estimate disagrees where its p-value is below 5\u{a0}% among all comparisons of "
                "the run (Holm). The theorem is the leading order as " span.nowrap { "ε → 0" } ": its distance from the exact value says how far ε is "
                "from 0. “Visible” is the deviation that would have been found with 90\u{a0}% probability. Times are in units of "
                i { "t" } "."
            }
            @if let Some(all) = &study.summary.comparison {
                @for sentence in [&all.words, &all.power, &all.theorem] {
                    @if !sentence.is_empty() { p { (prose(sentence)) } }
                }
            }
            @for task in tasks { (self::task(study, points, task, origin)) }
        }
    }
}

fn task(study: &Study, points: &Points<'_>, task: usize, origin: &Origin<'_>) -> Markup {
    let any = study.summary.points.iter().any(|point| point.results.iter().any(|result| result.task == task));
    let description = quantity::task(&study.summary.scenario, task);
    html! {
        h3 { "Task " (task) @if !description.0.is_empty() { ": " (description) } }
        @if any {
            (table(study, points, task))
            (latex::source(&format!("latex-{task}"), &latex::table(study, points, Some(task), origin)))
            (tests(study, points, task))
        } @else {
            p { "Sample paths for looking at; see the figures." }
        }
    }
}

fn table(study: &Study, points: &Points<'_>, task: usize) -> Markup {
    let sweep = !points.keys().is_empty();
    scroll(
        &format!("Comparisons of task {task}"),
        html! {
            table.comparison {
                caption { "Estimates of task " (task) " with 95\u{a0}% intervals, the exact values and the theorem’s" }
                thead {
                    tr {
                        @if sweep { th scope="col" { "point" } }
                        th scope="col" { "quantity" }
                        th.number scope="col" { "estimate" br; span.small { "95\u{a0}% interval" } }
                        th.number scope="col" { "exact" br; span.small { i { "z" } } }
                        th.number scope="col" { "theorem" br; span.small { "estimate / theorem" } }
                        th scope="col" { "verdict" br; span.small { "visible" } }
                        th.number scope="col" { "paths" br; span.small { "step error; at " i { "h" } ", at 2" i { "h" } } }
                    }
                }
                @for (index, (point, data)) in study.summary.points.iter().zip(&study.points).enumerate() {
                    @let results: Vec<&QuantityResult> =
                        point.results.iter().filter(|result| result.task == task).collect();
                    tbody {
                        @for (row, result) in results.iter().enumerate() {
                            tr.mean[quantity::is_mean(result)] {
                                @if sweep && row == 0 {
                                    th.swept scope="rowgroup" rowspan=(results.len()) { (points.name(index)) }
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
    let verdict = result.verdict.as_ref();
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
        td.number {
            (beside(result.exact))
            @if let Some(z) = verdict.and_then(|verdict| verdict.z) { br; span.small { i { "z" } " = " (z_text(z)) } }
        }
        td.number {
            (beside(result.asymptotic))
            @if let Some((ratio, ends)) = ratio(result) {
                @let error = (ends[1] - ends[0]) / 4.0;
                br; span.small { (reference(ratio, Some(10.0 * error))) " " (interval(ends)) }
            }
        }
        td.words.(class(heard(result))) {
            (prose(words(result)))
            @if let Some(visible) = visible(result) { br; span.small { "visible: " (visible) } }
        }
        td.number {
            (count(result.paths))
            @if result.censored > 0 { br; span.small.doubtful { (count(result.censored)) " censored" } }
            @if result.diverged > 0 { br; span.small.bad { (count(result.diverged)) " diverged" } }
            @if let Some(bias) = &result.discretisation_bias {
                br; span.small { (with_error(bias.estimate, bias.std_error)) ";" }
                br; span.small { (reference(bias.fine, result.std_error)) ", " (reference(bias.coarse, result.std_error)) }
            }
        }
    }
}

/// The tone of the words: an agreement that says little is no good news.
fn heard(result: &QuantityResult) -> Tone {
    match outcome(result) {
        Outcome::Uncertain => Tone::Doubtful,
        _ => tone(result),
    }
}

/// The deviation that would have shown: of a probability in points, of anything else as a share.
fn visible(result: &QuantityResult) -> Option<Markup> {
    let verdict = result.verdict.as_ref()?;
    let probability = Compared::from(result).kind == Kind::Probability;
    match (verdict.detectable, verdict.detectable_relative) {
        (Some(points), _) if probability => Some(html! { "±\u{a0}" (significant(points, 2)) }),
        (_, Some(share)) => Some(html! { "±\u{a0}" (significant(100.0 * share, 2)) "\u{a0}%" }),
        _ => None,
    }
}

fn z_text(z: f64) -> Markup {
    // One decimal says all there is to say.
    html! { @if z.abs() < 0.05 { "0.0" } @else { @if z < 0.0 { "−" } (format!("{:.1}", z.abs())) } }
}

/// Tests of all times and of all destinations of a start.
fn tests(study: &Study, points: &Points<'_>, task: usize) -> Markup {
    let rows: Vec<(usize, &StartTests)> = study
        .summary
        .points
        .iter()
        .enumerate()
        .flat_map(|(index, point)| point.tests.iter().map(move |test| (index, test)))
        .filter(|(_, test)| test.task == task)
        .collect();
    // Methods without single paths say nothing of the law of the time.
    let has_times = |test: &StartTests| {
        study.points.iter().any(|point| {
            let mut all = point.ensembles.iter();
            all.any(|ensemble| {
                ensemble.task == test.task && ensemble.from == test.from && ensemble.survival.is_some()
            })
        })
    };
    let times = rows.iter().any(|(_, test)| has_times(test));
    let ends = rows.iter().any(|(_, test)| test.destinations.is_some());
    let several = rows.iter().any(|(_, test)| test.from.is_some());
    let head = || {
        html! {
            @if !points.keys().is_empty() { th scope="col" { "point" } }
            @if several { th.number scope="col" { "from minimum" } }
        }
    };
    let start = |index: usize, test: &StartTests| {
        html! {
            @if !points.keys().is_empty() { th.swept scope="row" { (points.name(index)) } }
            @if several { td.number { @if let Some(from) = test.from { (from) } } }
        }
    };
    html! {
        @if times {
            h4 { "Is the time exponential?" }
            p.small {
                "The times against the exponential law of their own mean: Anderson and Darling’s test, which decides, and √"
                i { "n" } " times the largest gap between the distributions, which an exponential time exceeds by 0.99, 1.09 and 1.29 "
                "in 10, 5 and 1\u{a0}% of samples (not Kolmogorov’s 1.36: the mean is estimated). CV² is variance over squared mean. "
                "At most the first " (count(KEPT as u64)) " paths of a start are used. The theorem says exponential as "
                span.nowrap { "ε → 0" } "; many paths show even a small departure."
            }
            (scroll(&format!("Exponentiality, task {task}"), html! {
                table.comparison {
                    caption { "The times of task " (task) " against an exponential law" }
                    thead {
                        tr {
                            (head())
                            th.number scope="col" { i { "A" } sup { "2" } br; span.small { i { "p" } } }
                            th.number scope="col" { "√" i { "n" } " × gap" br; span.small { i { "p" } } }
                            th.number scope="col" { "CV²" }
                            th.number scope="col" { "step / mean" }
                            th scope="col" { "verdict" }
                        }
                    }
                    tbody {
                        @for (index, test) in &rows {
                            tr {
                                (start(*index, test))
                                @if let Some(test) = &test.exponentiality {
                                    td.number {
                                        (significant(test.anderson_darling, 3)) br; span.small { (significant(test.p_value, 2)) }
                                    }
                                    td.number {
                                        (significant(test.kolmogorov, 3)) br; span.small { (significant(test.kolmogorov_p, 2)) }
                                    }
                                    td.number { (with_error(test.squared_variation, test.squared_variation_error)) }
                                    td.number {
                                        @match test.step_over_mean {
                                            Some(ratio) => (significant(ratio, 2)),
                                            None => span.none { "—" },
                                        }
                                    }
                                    td.words.(class(exponentiality(test))) { (prose(&test.words)) }
                                } @else {
                                    @for _ in 0..4 { td.number { span.none { "—" } } }
                                    td.words { "not tested: paths without an exit, or fewer than 20 times" }
                                }
                            }
                        }
                    }
                }
            }))
        }
        @if ends {
            h4 { "Are the targets reached as often as they should be?" }
            p.small {
                "All targets of a start in one chi-square test; with the step correction by Rao and Scott’s rule, with few paths by the exact "
                "multinomial law."
            }
            (scroll(&format!("Destinations, task {task}"), html! {
                table.comparison {
                    caption { "The destinations of task " (task) " against what they should be" }
                    thead {
                        tr {
                            (head())
                            th.number scope="col" { "χ²" }
                            th.number scope="col" { "degrees" }
                            th.number scope="col" { i { "p" } }
                            th scope="col" { "verdict" }
                        }
                    }
                    tbody {
                        @for (index, tests) in &rows {
                            @if let Some(test) = &tests.destinations {
                                tr {
                                    (start(*index, tests))
                                    td.number { (significant(test.statistic, 3)) }
                                    td.number { (test.degrees) }
                                    td.number { (significant(test.p_value, 2)) }
                                    td.words.(class(destinations(test))) { (prose(&test.words)) }
                                }
                            }
                        }
                    }
                }
            }))
        }
    }
}

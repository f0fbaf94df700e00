//! Every number of the run in one table.

use levyscape_analyzer::study::Study;
use levyscape_analyzer::summary::QuantityResult;
use maud::{Markup, html};

use super::comparisons::class;
use super::judgement::{outcome, ratio};
use super::number::{interval, reference, significant, with_error};
use super::points::Points;
use super::{Origin, latex, quantity, scroll};

/// The section of all numbers.
pub fn section(study: &Study, points: &Points<'_>, origin: &Origin<'_>) -> Markup {
    let count = study.summary.points.iter().map(|point| point.results.len()).sum::<usize>();
    html! {
        section #numbers {
            h2 { "Numbers" }
            @if count == 0 { p { "None: the run has sample paths only." } } @else {
                p {
                    "Every estimated quantity of the run (" (count) "), with its standard error. The ratio is the estimate over the value "
                    "of the small-noise theory. LaTeX tables need the package " code { "booktabs" } "; long ones " code { "longtable" } " too."
                }
                (latex::source("latex-all", &latex::table(study, points, None, origin)))
                (scroll("All numbers", table(study, points)))
            }
        }
    }
}

fn table(study: &Study, points: &Points<'_>) -> Markup {
    let sweep = !points.keys().is_empty();
    let tasks = quantity::several_tasks(&study.summary);
    html! {
        table.numbers {
            caption { "Every estimated quantity. Times are in units of " i { "t" } "." }
            thead {
                tr {
                    @if sweep { th scope="col" { "point" } }
                    @if tasks { th.number scope="col" { "task" } }
                    th scope="col" { "quantity" }
                    th.number scope="col" { "estimate" }
                    th.number scope="col" { "95\u{a0}% interval" }
                    th.number scope="col" { "small-noise theory" }
                    th.number scope="col" { "exact" }
                    th.number scope="col" { "estimate / theory" }
                    th scope="col" { "verdict" }
                }
            }
            @for (index, (point, data)) in study.summary.points.iter().zip(&study.points).enumerate() {
                tbody {
                    @for (row, result) in point.results.iter().enumerate() {
                        tr {
                            @if sweep && row == 0 {
                                th.swept scope="rowgroup" rowspan=(point.results.len()) { (points.name(index)) }
                            }
                            @if tasks { td.number { (result.task) } }
                            th scope="row" { (quantity::name(result, data)) }
                            (cells(result))
                        }
                    }
                }
            }
        }
    }
}

fn cells(result: &QuantityResult) -> Markup {
    let none = || html! { span.none { "—" } };
    let beside = |value: Option<f64>| match value {
        Some(value) => html! { (reference(value, result.std_error)) },
        None => none(),
    };
    let outcome = outcome(result);
    html! {
        td.number {
            @match (result.estimate, result.std_error) {
                (Some(estimate), Some(error)) => (with_error(estimate, error)),
                (Some(estimate), None) => (significant(estimate, 5)),
                (None, _) => (none()),
            }
        }
        td.number { @match result.ci95 { Some(ci95) => (interval(ci95)), None => (none()) } }
        td.number { (beside(result.asymptotic)) }
        td.number { (beside(result.exact)) }
        td.number {
            @match (ratio(result), result.std_error, result.asymptotic) {
                (Some((ratio, _)), Some(error), Some(theory)) => (with_error(ratio, error / theory)),
                (Some((ratio, _)), ..) => (significant(ratio, 4)),
                (None, ..) => (none()),
            }
        }
        td.(class(outcome.tone())) { (outcome.word()) }
    }
}

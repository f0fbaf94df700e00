//! `report.html` and the summary on the terminal: a study in words, tables and figures.
//!
//! The page is one file that asks for nothing from elsewhere, and the same study gives the same bytes.

mod comparisons;
mod figures;
mod formula;
mod judgement;
mod landscape;
mod latex;
pub mod limit;
mod notices;
mod number;
mod numbers;
mod opening;
mod origin;
mod points;
mod quantity;
mod reproduction;
mod scheme;
mod terminal;
#[cfg(test)]
mod tests;
mod theory;

use levyscape_analyzer::figure::Figure;
use levyscape_analyzer::study::Study;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use points::Points;

pub use origin::Origin;
pub use terminal::terminal_summary;
pub use theory::normalisation;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// A browser that heeds it loads nothing and runs our script alone, whatever a text of the scenario says.
fn policy() -> String {
    let script = origin::script_hash(SCRIPT);
    format!("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{script}'; img-src data:")
}

const SECTIONS: [[&str; 2]; 9] = [
    ["warnings", "Warnings"],
    ["landscape", "Landscape"],
    ["comparisons", "Comparisons"],
    ["theory", "Theory"],
    ["limit", "The limit"],
    ["scheme", "Scheme and step"],
    ["figures", "Figures"],
    ["numbers", "Numbers"],
    ["reproduction", "Reproduction"],
];

/// The page of a finished study with its figures.
///
/// # Errors
/// A figure that cannot be drawn, in words.
pub fn html(study: &Study, figures: &[Figure], origin: &Origin<'_>) -> Result<String, String> {
    let summary = &study.summary;
    if summary.points.len() != study.points.len() {
        return Err(format!(
            "the study has results of {} points and data of {}",
            summary.points.len(),
            study.points.len()
        ));
    }
    let points = Points::new(summary);
    let figures = figures::section(study, figures)?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content={ "levyscape " (summary.levyscape) };
                title { (summary.title) " – levyscape" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#summary" { "Skip to the summary" }
                header {
                    h1 { (summary.title) }
                    nav aria-label="Sections" {
                        @for [id, name] in SECTIONS {
                            @if id != "limit" || limit::is_there(summary) { a href={ "#" (id) } { (name) } " " }
                        }
                        button #theme type="button" hidden { "Dark page" }
                    }
                }
                main {
                    (opening::section(study, &points, origin))
                    (notices::section(summary, &points))
                    (landscape::section(study, &points))
                    (comparisons::section(study, &points, origin))
                    (theory::section(study, &points))
                    (limit::section(study))
                    (scheme::section(study, &points))
                    (figures)
                    (numbers::section(study, &points, origin))
                    (reproduction::section(study, origin))
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Ok(page.into_string())
}

/// A box of its own in which a wide or long table scrolls, also by the keyboard.
fn scroll(label: &str, content: Markup) -> Markup {
    html! { div.scroll tabindex="0" role="region" aria-label=(label) { (content) } }
}

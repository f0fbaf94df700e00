//! Figures inside the page.

use levyscape_analyzer::figure::{Figure, Format, Theme, render, text};
use levyscape_analyzer::study::Study;
use maud::{Markup, PreEscaped, html};

use super::formula;

/// Size on the screen and on paper, in units of the size in a journal.
const ENLARGEMENT: f64 = 1.45;
/// What a narrow screen may shrink a figure to, in the same units.
const SMALLEST: f64 = 0.95;

/// The section of figures.
///
/// # Errors
/// A figure that cannot be drawn.
pub fn section(study: &Study, figures: &[Figure]) -> Result<Markup, String> {
    let asked = study.summary.scenario["output"]["formats"].as_array();
    let formats: Vec<&str> = Format::ALL
        .iter()
        .map(|format| format.extension())
        .filter(|format| asked.is_none_or(|asked| asked.iter().any(|name| name == format)))
        .chain(["tex", "csv"])
        .collect();
    let drawn = figures
        .iter()
        .map(|figure| embedded(figure).map(|svg| (figure, svg)))
        .collect::<Result<Vec<_>, String>>()?;
    Ok(html! {
        section #figures {
            h2 { "Figures" }
            @if drawn.is_empty() { p { "None." } }
            @for (number, (figure, svg)) in drawn.iter().enumerate() {
                figure {
                    (svg)
                    figcaption {
                        strong { "Figure " (number + 1) ". " }
                        @if figure.caption.is_empty() { (title(figure)) "." } @else { (formula::caption(&figure.caption)) }
                        button.zoom type="button" hidden aria-label={ "Enlarge figure " (number + 1) } { "Enlarge" }
                        span.files {
                            @for format in &formats {
                                " " a href={ "figures/" (figure.name) "." (format) }
                                    aria-label={ (figure.name) "." (format) } { (format) }
                            }
                        }
                    }
                }
            }
        }
    })
}

fn title(figure: &Figure) -> String {
    figure.name.replace(['_', '-'], " ")
}

/// The figure as an SVG element: its text can be selected, and no byte is spent on an encoding.
fn embedded(figure: &Figure) -> Result<Markup, String> {
    let failure = |reason: &str| format!("figure {}: {reason}", figure.name);
    let svg = render(figure, Format::Svg, Theme::paper()).map_err(|error| failure(&error.to_string()))?;
    let svg = String::from_utf8(svg).map_err(|error| failure(&error.to_string()))?;
    let (tag, body) = svg
        .strip_prefix("<svg")
        .and_then(|rest| rest.split_once('>'))
        .ok_or_else(|| failure("the drawing is not an SVG element"))?;
    // A title of the whole would pop up wherever the pointer rests; the label and the caption say more. Those of single
    // points stay: they are their values.
    let body = without(without(body, "title"), "desc");
    let attribute =
        |name: &str| tag.split_once(&format!(" {name}=\""))?.1.split_once('"').map(|(value, _)| value);
    let view_box = attribute("viewBox").ok_or_else(|| failure("the drawing has no view box"))?;
    let join = attribute("stroke-linejoin").unwrap_or("miter");
    let caption = if figure.caption.is_empty() { title(figure) } else { figure.caption.clone() };
    let label = text::plain(&caption).unwrap_or(caption);
    let (width, least) = (ENLARGEMENT * figure.width_mm, SMALLEST * figure.width_mm);
    Ok(html! {
        div.card tabindex="0" {
            (PreEscaped(format!(
                "<svg role=\"img\" aria-label=\"{}\" viewBox=\"{view_box}\" stroke-linejoin=\"{join}\" \
                 style=\"width:{width:.1}mm;min-width:{least:.1}mm\">{body}",
                html! { (label) }.into_string()
            )))
        }
    })
}

/// The text without the element of this name at its beginning.
fn without<'a>(body: &'a str, name: &str) -> &'a str {
    let trimmed = body.trim_start();
    trimmed
        .strip_prefix(&format!("<{name}>"))
        .and_then(|rest| rest.split_once(&format!("</{name}>")))
        .map_or(trimmed, |(_, rest)| rest)
}

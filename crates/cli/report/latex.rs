//! Tables for a paper: LaTeX with booktabs, nothing else needed.

use std::fmt::Write as _;

use levyscape_analyzer::study::Study;
use levyscape_analyzer::summary::QuantityResult;
use maud::{Markup, html};

use super::judgement::{outcome, ratio};
use super::number::{interval, reference, significant, with_error};
use super::points::Points;
use super::{Origin, quantity};

/// A table of more rows goes over several pages.
const ONE_PAGE: usize = 40;

/// Text that LaTeX sets as it stands: its special characters escaped, what its usual fonts lack as formulas.
pub fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', character]),
            '~' => out.push_str(r"\textasciitilde{}"),
            '^' => out.push_str(r"\textasciicircum{}"),
            '\\' => out.push_str(r"\textbackslash{}"),
            '<' | '>' | '|' => {
                let _ = write!(out, "${character}$");
            }
            '\u{a0}' => out.push('~'),
            '\u{202f}' | '\u{2009}' | '\u{200a}' => out.push_str(r"\,"),
            '\n' | '\r' | '\t' => out.push(' '),
            _ => match formula(character) {
                Some(command) => {
                    let _ = write!(out, "${command}$");
                }
                None => out.push(character),
            },
        }
    }
    out
}

/// Characters that are formulas in LaTeX.
fn formula(character: char) -> Option<&'static str> {
    Some(match character {
        'α' => r"\alpha",
        'β' => r"\beta",
        'γ' => r"\gamma",
        'δ' => r"\delta",
        'ε' => r"\varepsilon",
        'κ' => r"\kappa",
        'λ' => r"\lambda",
        'μ' => r"\mu",
        'ν' => r"\nu",
        'π' => r"\pi",
        'ρ' => r"\rho",
        'σ' => r"\sigma",
        'τ' => r"\tau",
        'ω' => r"\omega",
        '−' => "-",
        '±' => r"\pm",
        '×' => r"\times",
        '·' => r"\cdot",
        '∞' => r"\infty",
        '≥' => r"\ge",
        '≤' => r"\le",
        '≈' => r"\approx",
        '∈' => r"\in",
        '→' => r"\to",
        '′' => r"{}'",
        '²' => "^2",
        '√' => r"\surd",
        _ => return None,
    })
}

/// A name in a formula: a letter in italics, a Greek letter as such, several letters as one word.
pub fn symbol(name: &str) -> String {
    let mut characters = name.chars();
    match (characters.next(), characters.next()) {
        (Some(one), None) => formula(one).map_or_else(|| escaped(name), str::to_owned),
        _ => {
            let letters = name.chars().map(|letter| match formula(letter) {
                Some(command) => format!("{{{command}}}"),
                None => escaped(&letter.to_string()),
            });
            format!(r"\mathit{{{}}}", letters.collect::<String>())
        }
    }
}

/// One table of results: all of them, or those of one task.
pub fn table(study: &Study, points: &Points<'_>, task: Option<usize>, origin: &Origin<'_>) -> String {
    let sweep = !points.keys().is_empty();
    let tasks = task.is_none() && quantity::several_tasks(&study.summary);
    let mut lines: Vec<Vec<String>> = Vec::new();
    let mut breaks = Vec::new();
    for (index, (summary, data)) in study.summary.points.iter().zip(&study.points).enumerate() {
        let results = summary.results.iter().filter(|result| task.is_none_or(|task| result.task == task));
        for (row, result) in results.enumerate() {
            if row == 0 && sweep && !lines.is_empty() {
                breaks.push(lines.len());
            }
            let mut cells = Vec::new();
            if sweep {
                cells.push(if row == 0 { points.latex(index) } else { String::new() });
            }
            if tasks {
                cells.push(result.task.to_string());
            }
            cells.push(quantity::latex(result, data));
            cells.extend(numbers(result));
            lines.push(cells);
        }
    }
    let head: Vec<&str> = sweep
        .then_some("point")
        .into_iter()
        .chain(tasks.then_some("task"))
        .chain(["quantity", "estimate", r"95\,\% interval", "small-noise theory", "exact"])
        .chain(["estimate\\,/\\,theory", "verdict"])
        .collect();
    let columns = format!("{}{}lrrrrrl", if sweep { "l" } else { "" }, if tasks { "r" } else { "" });
    let about = match task {
        Some(task) => format!("{}, task {task}", study.summary.title),
        None => study.summary.title.clone(),
    };
    let caption = escaped(&format!("{about}. {}", origin.short(study)));
    let label = study.summary.name.replace(|character: char| !character.is_ascii_alphanumeric(), "-");
    let label = match task {
        Some(task) => format!("tab:{label}-{task}"),
        None => format!("tab:{label}"),
    };
    let heading = format!("\\toprule\n{} \\\\\n\\midrule\n", head.join(" & "));
    let mut body = String::new();
    for (place, line) in lines.iter().enumerate() {
        if breaks.contains(&place) {
            body.push_str("\\addlinespace\n");
        }
        let _ = writeln!(body, "{} \\\\", line.join(" & "));
    }
    if lines.len() > ONE_PAGE {
        format!(
            "% \\usepackage{{booktabs,longtable}}\n\\begin{{longtable}}{{{columns}}}\n\\caption{{{caption}}}\\label{{{label}}}\\\\\n\
             {heading}\\endfirsthead\n{heading}\\endhead\n\\bottomrule\n\\endfoot\n{body}\\end{{longtable}}\n"
        )
    } else {
        format!(
            "% \\usepackage{{booktabs}}\n\\begin{{table}}\n\\centering\n\\caption{{{caption}}}\n\\label{{{label}}}\n\
             \\begin{{tabular}}{{{columns}}}\n{heading}{body}\\bottomrule\n\\end{{tabular}}\n\\end{{table}}\n"
        )
    }
}

/// Estimate, interval, theory, exact value, ratio and verdict of a row.
fn numbers(result: &QuantityResult) -> [String; 6] {
    let none = || "---".to_owned();
    let beside =
        |value: Option<f64>| value.map_or_else(none, |value| reference(value, result.std_error).latex());
    [
        match (result.estimate, result.std_error) {
            (Some(estimate), Some(error)) => with_error(estimate, error).latex(),
            (Some(estimate), None) => significant(estimate, 5).latex(),
            (None, _) => none(),
        },
        result.ci95.map_or_else(none, |ci95| interval(ci95).latex()),
        beside(result.asymptotic),
        beside(result.exact),
        match (ratio(result), result.std_error, result.asymptotic) {
            (Some((ratio, _)), Some(error), Some(theory)) => with_error(ratio, error / theory).latex(),
            (Some((ratio, _)), ..) => significant(ratio, 4).latex(),
            (None, ..) => none(),
        },
        escaped(outcome(result).word()),
    ]
}

/// The button that copies a table, and its text to be selected by hand.
pub fn source(id: &str, text: &str) -> Markup {
    html! {
        details.source {
            summary { "LaTeX of this table" }
            pre #(id) tabindex="0" { (text) }
        }
        button.copy type="button" hidden data-copy=(id) { "Copy as LaTeX" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_are_escaped() {
        for (text, expected) in [
            (r"50 % & more_of #1 {a} $5", r"50 \% \& more\_of \#1 \{a\} \$5"),
            (r"a\b^c~d", r"a\textbackslash{}b\textasciicircum{}c\textasciitilde{}d"),
            ("ε → 0, −1 ± 2", r"$\varepsilon$ $\to$ 0, $-$1 $\pm$ 2"),
            ("Lévy\u{a0}<b>", "Lévy~$<$b$>$"),
            ("two\nlines", "two lines"),
        ] {
            assert_eq!(escaped(text), expected);
        }
        assert_eq!(symbol("ε"), r"\varepsilon");
        assert_eq!(symbol("w"), "w");
        assert_eq!(symbol("w_1"), r"\mathit{w\_1}");
        assert_eq!(symbol("σ1"), r"\mathit{{\sigma}1}");
    }
}

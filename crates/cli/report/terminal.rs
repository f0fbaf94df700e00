//! The results on the terminal at the end of a run.

use levyscape_analyzer::study::Study;
use levyscape_analyzer::summary::QuantityResult;

use super::judgement::{ratio, short};
use super::number::{reference, significant, with_error};
use super::points::Points;
use super::quantity;

/// Rows that fit on a screen.
const ROWS: usize = 25;
/// Characters in a line.
const WIDTH: usize = 100;
const GAP: usize = 2;
const COLUMNS: usize = 7;
/// The ratio is that of the estimate to the theorem. The last column has the verdict on the estimate, and how far the
/// theorem is.
const HEADER: [&str; COLUMNS] =
    ["point", "quantity", "estimate", "exact", "theorem", "ratio", "verdict; theorem"];

/// The results as a table of plain text, at most 100 characters wide and about 25 rows long: everything
/// where that fits, otherwise the mean times first. Ends with a line end; empty without results.
pub fn terminal_summary(study: &Study) -> String {
    let points = Points::new(&study.summary);
    let all: Vec<(usize, &QuantityResult)> = study
        .summary
        .points
        .iter()
        .enumerate()
        .flat_map(|(point, summary)| summary.results.iter().map(move |result| (point, result)))
        .collect();
    if all.is_empty() {
        return String::new();
    }
    let shown: Vec<(usize, &QuantityResult)> = if all.len() <= ROWS {
        all.clone()
    } else {
        all.iter().copied().filter(|(_, result)| quantity::is_first(result)).take(ROWS).collect()
    };
    let tasks = all.iter().map(|(_, result)| result.task).max().unwrap_or(0);
    let mut last = None;
    let mut rows = vec![HEADER.map(str::to_owned)];
    if tasks > 0 {
        rows[0][1] = "task: quantity".to_owned();
    }
    for (point, result) in &shown {
        let name = if last == Some(*point) { String::new() } else { points.plain(*point) };
        last = Some(*point);
        rows.push(row(name, result, tasks > 0));
    }
    let mut out = layout(&rows, !points.keys().is_empty());
    if shown.len() < all.len() {
        out.push_str(&format!("… {} more in the report\n", all.len() - shown.len()));
    }
    if let Some(comparison) = &study.summary.comparison {
        let sentences = [comparison.words.as_str(), comparison.theorem.as_str()];
        for sentence in sentences.into_iter().filter(|sentence| !sentence.is_empty()) {
            out.push_str(&wrapped(sentence));
        }
    }
    for line in super::limit::lines(&study.summary) {
        out.push_str(&wrapped(&line));
    }
    let theories = study.summary.points.iter().filter_map(|point| point.theory.as_ref());
    let mut papers = Vec::new();
    for block in theories.filter_map(|theory| theory.pavlyukevich.as_ref()) {
        let sentence = super::normalisation(block);
        if !papers.contains(&sentence) {
            out.push_str(&wrapped(&sentence));
            papers.push(sentence);
        }
    }
    out
}

fn row(point: String, result: &QuantityResult, several_tasks: bool) -> [String; COLUMNS] {
    let task = if several_tasks { format!("{}: ", result.task) } else { String::new() };
    let beside = |value: Option<f64>| {
        value.map_or("-".to_owned(), |value| reference(value, result.std_error).to_string())
    };
    let estimate = match (result.estimate, result.std_error) {
        (Some(estimate), Some(error)) => with_error(estimate, error).to_string(),
        (Some(estimate), None) => significant(estimate, 5).to_string(),
        (None, _) => "none".to_owned(),
    };
    [
        point,
        task + &quantity::short(result),
        estimate,
        beside(result.exact),
        beside(result.asymptotic),
        ratio(result).map_or("-".to_owned(), |(ratio, _)| significant(ratio, 3).to_string()),
        short(result),
    ]
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn cut(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    text.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}

fn layout(rows: &[[String; COLUMNS]], sweep: bool) -> String {
    let first = usize::from(!sweep);
    let mut widths = [0; COLUMNS];
    for (column, widest) in widths.iter_mut().enumerate().skip(first) {
        *widest = rows.iter().map(|row| width(&row[column])).max().unwrap_or(0);
    }
    // Words give way to numbers, the point first, but none so far that it cannot be told.
    for (column, least) in [(0, 28), (1, 14), (0, 10), (COLUMNS - 1, 9)] {
        let total: usize = widths[first..].iter().sum::<usize>() + GAP * (COLUMNS - 1 - first);
        let least = widths[column].min(least);
        widths[column] = widths[column].saturating_sub(total.saturating_sub(WIDTH)).max(least);
    }
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for column in first..COLUMNS {
            if column > first {
                line.push_str(&" ".repeat(GAP));
            }
            let text = cut(&row[column], widths[column]);
            let padding = " ".repeat(widths[column] - width(&text));
            // Words to the left, numbers to the right.
            line += &if column < 2 || column == COLUMNS - 1 { text + &padding } else { padding + &text };
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn wrapped(text: &str) -> String {
    let mut out = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        if used > 0 && used + 1 + width(word) > WIDTH {
            out.push('\n');
            used = 0;
        }
        if used > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += width(word);
    }
    out.push('\n');
    out
}

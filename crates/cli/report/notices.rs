//! Warnings and reasons, those that say the same at many points once.

use levyscape_analyzer::summary::Summary;
use maud::{Markup, html};

use super::number::prose;
use super::points::Points;

/// Remarks that differ in their numbers at the most.
struct Group<'a> {
    pattern: String,
    /// Different texts, each with the points that it is about.
    texts: Vec<(&'a str, Vec<usize>)>,
}

/// The remark without the swept values that it begins with, and its point where it names one.
fn split<'a>(remark: &'a str, points: &Points<'_>) -> (&'a str, Option<usize>) {
    let about = points
        .prefixes()
        .iter()
        .enumerate()
        .filter(|(_, prefix)| !prefix.is_empty() && remark.starts_with(prefix.as_str()))
        .max_by_key(|(_, prefix)| prefix.len());
    match about {
        Some((point, prefix)) => (&remark[prefix.len()..], Some(point)),
        None => (remark, None),
    }
}

/// The text with every number replaced, except those that say which task it is about.
fn pattern(text: &str) -> String {
    let fixed = if text.starts_with("task ") { text.find(": ").unwrap_or(0) } else { 0 };
    let mut out = text[..fixed].to_owned();
    let mut inside = false;
    for character in text[fixed..].chars() {
        let number = character.is_ascii_digit() || (inside && matches!(character, '.' | 'e' | '-' | '+'));
        if number && !inside {
            out.push('#');
        } else if !number {
            out.push(character);
        }
        inside = number;
    }
    out
}

fn group<'a>(remarks: &'a [String], points: &Points<'_>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for remark in remarks {
        let (text, point) = split(remark, points);
        let pattern = pattern(text);
        let place = groups.iter().position(|group| group.pattern == pattern).unwrap_or_else(|| {
            groups.push(Group { pattern, texts: Vec::new() });
            groups.len() - 1
        });
        let texts = &mut groups[place].texts;
        match texts.iter_mut().find(|(other, _)| *other == text) {
            Some((_, about)) => about.extend(point),
            None => texts.push((text, point.into_iter().collect())),
        }
    }
    groups
}

fn item(text: &str, about: &[usize], points: &Points<'_>) -> Markup {
    html! {
        (prose(text))
        @if !about.is_empty() { " " span.points { "— " (points.names(about)) } }
    }
}

/// A list of remarks.
pub fn list(remarks: &[String], points: &Points<'_>) -> Markup {
    html! {
        ul.notices {
            @for group in group(remarks, points) {
                @if let [(text, about), rest @ ..] = group.texts.as_slice() {
                    li {
                        (item(text, about, points))
                        @if !rest.is_empty() {
                            details {
                                summary { (rest.len()) " more like this, with other numbers" }
                                ul { @for (text, about) in rest { li { (item(text, about, points)) } } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The section of warnings.
pub fn section(summary: &Summary, points: &Points<'_>) -> Markup {
    html! {
        section #warnings {
            h2 { "Warnings" }
            @if summary.warnings.is_empty() {
                p { "None." }
            } @else {
                p {
                    "To be read before the numbers are used. "
                    @if points.len() > 1 { "Remarks that say the same at several points stand here once." }
                }
                (list(&summary.warnings, points))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_do_not_make_a_new_kind_of_remark_but_tasks_do() {
        assert_eq!(pattern("task 1: 12 of 1e-3 paths, -4.5"), "task 1: # of # paths, -#");
        assert_ne!(pattern("task 1: 12 paths"), pattern("task 2: 12 paths"));
        assert_eq!(pattern("well 1 is 2.5 D deep"), pattern("well 2 is 1e+3 D deep"));
    }
}

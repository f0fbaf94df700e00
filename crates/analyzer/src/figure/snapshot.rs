//! Snapshots of the structure of figures: panels, axes, layers and their numbers of marks, not the pixels.
//!
//! The expected text lies in `snapshots/NAME.txt` of this crate. `LEVYSCAPE_SNAPSHOTS=write` writes it anew.

use super::{Figure, Format, Theme, render};

/// The groups of a figure's SVG file, one a line, indented by depth: class, name, and how many data points
/// tell their values.
pub(crate) fn structure(figure: &Figure) -> String {
    let svg = String::from_utf8(render(figure, Format::Svg, Theme::paper()).unwrap()).unwrap();
    let mut lines: Vec<(usize, String, usize)> = Vec::new();
    let mut open: Vec<Option<usize>> = Vec::new();
    for line in svg.lines() {
        if let Some(tag) = line.strip_prefix("<g class=\"") {
            let (class, rest) = tag.split_once('"').unwrap();
            if class == "mark" {
                let layer = open.iter().rev().find_map(|group| *group).unwrap();
                lines[layer].2 += 1;
                open.push(None);
            } else {
                let name = rest.strip_prefix(" data-name=\"").and_then(|rest| rest.split_once('"'));
                let name = name.map(|(name, _)| format!(" \"{name}\"")).unwrap_or_default();
                lines.push((open.len() + 1, format!("{class}{name}"), 0));
                open.push(Some(lines.len() - 1));
            }
        } else if line == "</g>" {
            open.pop().unwrap();
        }
    }
    assert!(open.is_empty());
    let mut text = format!("{}\n", figure.name);
    for (depth, what, marks) in lines {
        let marks = if marks > 0 { format!(", marks: {marks}") } else { String::new() };
        text.push_str(&format!("{}{what}{marks}\n", "  ".repeat(depth)));
    }
    text
}

/// Compares with the snapshot of this name.
pub(crate) fn assert_snapshot(name: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("snapshots/{name}.txt"));
    if std::env::var_os("LEVYSCAPE_SNAPSHOTS").is_some_and(|what| what == "write") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        expected == text,
        "{} differs; LEVYSCAPE_SNAPSHOTS=write writes it anew. Now:\n{text}",
        path.display()
    );
}

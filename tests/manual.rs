//! The manual: its links lead somewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README.md and the pages of docs.
fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let mut pages: Vec<PathBuf> = pages.chain([root().join("README.md")]).collect();
    pages.sort();
    assert!(pages.len() > 8, "{pages:?}");
    pages
}

/// The lines of a page outside of blocks of code.
fn prose(page: &Path) -> String {
    let text = fs::read_to_string(page).unwrap();
    let mut code = false;
    let lines = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The text without what stands between backquotes.
fn without_code(text: &str) -> String {
    text.split('`').step_by(2).collect()
}

/// Names under which the headings of a page can be linked to: small letters, digits, `-` and `_`, a hyphen for each
/// space; the second heading of a name has `-1` behind it.
fn anchors(page: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for heading in prose(page).lines().filter(|line| line.starts_with('#')) {
        let name: String = heading
            .trim_start_matches('#')
            .trim()
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let mut names = (0..).map(|k| if k == 0 { name.clone() } else { format!("{name}-{k}") });
        let free = names.find(|name| !found.contains(name));
        found.extend(free);
    }
    found
}

#[test]
fn links_of_the_manual_lead_somewhere() {
    let mut seen = 0;
    let mut broken = Vec::new();
    for page in pages() {
        let text = without_code(&prose(&page));
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.starts_with("http")) {
            seen += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let there = path.exists() && (anchor.is_empty() || anchors(&path).contains(anchor));
            if !there {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(seen > 40, "only {seen} links were found");
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
}

/// Files that the page on tests names are there.
#[test]
fn tests_that_are_named_exist() {
    let text = fs::read_to_string(root().join("docs/testing.md")).unwrap();
    let places = [
        ("E/", "crates/integrator/"),
        ("N/", "crates/engine/"),
        ("A/", "crates/analyzer/"),
        ("T/", "tests/"),
    ];
    let mut seen = 0;
    for word in text.split([' ', ',', '|', '(', ')', ';']) {
        if let Some((short, long)) = places.iter().find(|(short, _)| word.starts_with(short)) {
            let path = root().join(word.replacen(short, long, 1));
            assert!(path.exists(), "docs/testing.md names {word}");
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen}");
}

/// Every page is in the list of pages.
#[test]
fn the_index_has_every_page() {
    let index = fs::read_to_string(root().join("docs/README.md")).unwrap();
    for page in pages() {
        let name = page.file_name().unwrap().to_str().unwrap();
        assert!(name == "README.md" || index.contains(&format!("({name})")), "docs/README.md lacks {name}");
    }
}

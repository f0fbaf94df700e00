//! `levyscape list`: what there is to choose from.

use std::fmt::Write;

use levyscape_analyzer::{figure, gallery};
use levyscape_integrator::SchemeKind;
use levyscape_integrator::potential::CATALOGUE;
use levyscape_integrator::scheme::ClockedKind;

use crate::scenario::{Method, NOISES, TASKS};

/// The text of `levyscape list`.
pub fn list() -> String {
    let mut schemes = vec!["auto"];
    schemes.extend(SchemeKind::ALL.map(SchemeKind::name));
    schemes.extend(ClockedKind::ALL.map(ClockedKind::name));
    let formats = figure::Format::ALL.map(figure::Format::extension);
    let mut potentials = vec!["expression", "drift", "table"];
    potentials.extend(CATALOGUE.iter().map(|entry| entry.name));
    let mut text = String::new();
    for (what, names) in [
        ("noises", NOISES.map(|(name, _)| name).to_vec()),
        ("potentials", potentials),
        ("schemes", schemes),
        ("tasks", TASKS.to_vec()),
        ("methods", Method::ALL.map(Method::name).to_vec()),
        ("figures", gallery::names()),
        ("formats", formats.to_vec()),
        ("themes", figure::ThemeName::ALL.map(figure::ThemeName::name).to_vec()),
    ] {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{what:<11} {}", names.join(", "));
    }
    text
}

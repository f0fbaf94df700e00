//! How to get the same numbers again.

use levyscape_analyzer::study::Study;
use maud::{Markup, html};

/// The section of reproduction.
pub fn section(study: &Study) -> Markup {
    let summary = &study.summary;
    let seed = &summary.scenario["ensemble"]["seed"];
    let (language, text) = scenario(study);
    html! {
        section #reproduction {
            h2 { "Reproduction" }
            p {
                "levyscape " (summary.levyscape)
                @if !seed.is_null() { ", seed " (seed.to_string()) }
                ". The same version, scenario and seed give the same " code { "summary.json" }
                ", byte for byte, on any number of threads."
            }
            pre { code { "levyscape run scenario.toml" } }
            p {
                a href="scenario.toml" { "scenario.toml" } " lies beside this page: the scenario as run, with every "
                "default written out. The numbers are in " a href="summary.json" { "summary.json" } " and, path by path, in "
                a href="exits.parquet" { "exits.parquet" } "."
            }
            details {
                summary { "The scenario as run (" (language) ")" }
                pre tabindex="0" { code { (text) } }
            }
        }
    }
}

fn scenario(study: &Study) -> (&'static str, String) {
    let scenario = &study.summary.scenario;
    match toml::to_string(scenario) {
        Ok(text) => ("TOML", text),
        // A value without a counterpart in TOML.
        Err(_) => ("JSON", format!("{scenario:#}")),
    }
}

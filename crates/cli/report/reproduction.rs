//! How to get the same numbers again.

use levyscape_analyzer::study::Study;
use maud::{Markup, html};

use super::Origin;

/// The section of reproduction.
pub fn section(study: &Study, origin: &Origin<'_>) -> Markup {
    html! {
        section #reproduction {
            h2 { "Reproduction" }
            (origin.markup(study, "origin-again"))
            p {
                "The same version, scenario and seed give the same " code { "summary.json" }
                ", byte for byte, on any number of threads. From the folder of this page:"
            }
            pre #rerun tabindex="0" { code { "levyscape run scenario.toml --out again" } }
            p { button.copy type="button" hidden data-copy="rerun" { "Copy the command" } }
            p {
                "That the scenario is the one of this page, " code { "sha256sum scenario.toml" } " shows: it prints "
                code.hash { (origin.hash()) } "."
            }
            p {
                a href="scenario.toml" { "scenario.toml" } " lies beside this page: the scenario as run, with every "
                "default written out. The numbers are in " a href="summary.json" { "summary.json" } " and, path by path, in "
                a href="exits.parquet" { "exits.parquet" } "."
            }
            details {
                summary { "The scenario as run (TOML)" }
                pre #scenario tabindex="0" { code { (origin.scenario) } }
                button.copy type="button" hidden data-copy="scenario" { "Copy the scenario" }
            }
        }
    }
}

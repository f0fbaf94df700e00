//! The page `docs/keys.md`: every key with its type, default and unit, from the list that the reader goes by and
//! from what it makes of a scenario that leaves out all it can.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::Value as Json;

use super::keys::{self, Absent, Key, Keys, Sweep, ValueType};
use super::read::{NOISES, TASKS};
use super::{Scenario, ScenarioFile};
use crate::errors::{ScenarioError, Sources};

const OPENING: &str = "# The keys of a scenario

This page is written by the program from the list of keys that it reads a scenario with:
`levyscape list --keys > docs/keys.md`; a test fails where the two differ. [scenario.md](scenario.md) explains what
the keys mean together.

*Default* is what holds without the key; **required** keys have none. *Sweep* says whether `[sweep]` may give a key several
values; `--set KEY=VALUE` changes any key that has a dotted name. Units: `x` is that of the coordinates, `t` that of time, so
that the drift is in `x / t` and an energy in `x²/t`; `Z` is that of the noise, `t^(1/α)` for stable and `t^(1/2)` for Brownian noise,
in which `ε` is in `x / Z`; `chain` is the time unit of the limit chain, `ε^-α`, for Brownian noise one over its largest rate.
Nothing else has units: they are those of your equation.
";

/// The least that a scenario says, for every task. Of the noise the kind is `stable`, which has most defaults.
const LEAST: &str = r#"
[potential]
expression = "x^2"
[noise]
kind = "stable"
alpha = 1.5
epsilon = 1.0
[[task]]
kind = "exit"
start = 0.0
domain = "basin"
[[task]]
kind = "transition"
[[task]]
kind = "chain"
times = [1.0]
[[task]]
kind = "path"
start = 0.0
end_time = 1.0
"#;

/// The same of a sum of noises, for the keys of its parts.
const LEAST_SUM: &str =
    r#"noise={ kind = "sum", epsilon = 1.0, parts = [{ kind = "stable", alpha = 1.5 }] }"#;

/// The text of `docs/keys.md`.
///
/// # Errors
/// Those of reading the scenario that says the least; there are none unless the format has changed.
pub fn keys_page() -> Result<String, ScenarioError> {
    let defaults = Defaults::new()?;
    let mut page = OPENING.to_owned();
    for table in keys::TABLES {
        // Writing to a string cannot fail.
        let _ = write!(
            page,
            "\n## {}\n\n| key | takes | default | unit | sweep | meaning |\n|---|---|---|---|---|---|\n",
            table.heading
        );
        for key in table.keys {
            let _ = writeln!(
                page,
                "| `{}` | {} | {} | {} | {} | {}{} |",
                key.name,
                takes(&key.value),
                defaults.of(table, key),
                key.unit,
                sweep(table, key),
                kinds(table, key),
                key.meaning
            );
        }
    }
    Ok(page)
}

/// Scenarios that leave out all they can, as they are written out with all defaults.
struct Defaults {
    scenarios: Vec<(Scenario, Json)>,
}

impl Defaults {
    fn new() -> Result<Self, ScenarioError> {
        let read = |overrides: &[&str]| {
            let sources = Sources {
                name: "scenario.toml".into(),
                text: LEAST.into(),
                overrides: overrides.iter().map(|&text| text.to_owned()).collect(),
            };
            let sources_for_error = sources.clone();
            let file = ScenarioFile::from_sources(sources, "NAME")?;
            let json = file.scenario().to_json().map_err(|error| {
                let diagnostic = crate::errors::Diagnostic {
                    location: None,
                    message: error.to_string(),
                    label: String::new(),
                    help: None,
                    note: None,
                };
                ScenarioError::new(Arc::new(sources_for_error), vec![diagnostic])
            })?;
            Ok((file.scenario().clone(), json))
        };
        Ok(Self { scenarios: vec![read(&[])?, read(&[LEAST_SUM])?] })
    }

    /// What a scenario that lacks the key has for it once it is written out.
    fn filled(&self, table: &Keys, key: &Key) -> Option<&Json> {
        let place = table.place?;
        self.scenarios.iter().find_map(|(_, json)| {
            let mut value = json;
            for segment in place.split('.').filter(|segment| !segment.is_empty()) {
                value = match segment {
                    "#" => value.get(task_of(table).unwrap_or(0))?,
                    segment => value.get(segment)?,
                };
            }
            value.get(key.name)
        })
    }

    fn of(&self, table: &Keys, key: &Key) -> String {
        match key.default {
            Absent::Required => "**required**".to_owned(),
            Absent::Otherwise(words) => words.to_owned(),
            Absent::Filled => self.filled(table, key).map_or_else(String::new, code),
            Absent::Of(value) => {
                self.scenarios.first().map_or_else(String::new, |(all, _)| code(&value(all)))
            }
        }
    }
}

fn code(value: &Json) -> String {
    format!("`{}`", value.to_string().replace(',', ", "))
}

/// Index of the kind of task that has these keys, in the order of [`TASKS`].
fn task_of(table: &Keys) -> Option<usize> {
    TASKS.iter().position(|kind| keys::task_keys(kind).is_some_and(|keys| keys.heading == table.heading))
}

fn takes(value: &ValueType) -> String {
    match value {
        ValueType::Number(bounds) => bounds.allowed.trim_start_matches("a ").to_owned(),
        ValueType::Whole(min, max) if *max == i64::MAX as u64 => {
            format!("whole number from {min} to 2^63 - 1")
        }
        ValueType::Whole(min, max) => format!("whole number from {min} to {max}"),
        ValueType::Boolean => "`true` or `false`".to_owned(),
        ValueType::Word(words) => {
            words().iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(", ")
        }
        ValueType::Other(words) => (*words).to_owned(),
    }
}

fn sweep(table: &Keys, key: &Key) -> &'static str {
    match key.sweep {
        Sweep::Values | Sweep::Counts => "yes",
        Sweep::Fixed if table.place == Some("potential") && key.name == "parameters" => "its entries",
        Sweep::Fixed => "no",
        Sweep::Part => "",
    }
}

/// The kinds of noise that have the key, where not all have it.
fn kinds(table: &Keys, key: &Key) -> String {
    let of_noise = table.place.is_some_and(|place| place.starts_with("noise"));
    let kinds: Vec<&str> =
        NOISES.iter().filter(|(_, keys)| keys.contains(&key.name)).map(|(kind, _)| *kind).collect();
    if of_noise && !kinds.is_empty() { format!("For `{}`: ", kinds.join("`, `")) } else { String::new() }
}

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

#[cfg(test)]
mod tests {
    use toml::{Table, Value};

    use super::super::keys::any_of;
    use super::*;

    /// Errors of a scenario; empty for a good one.
    fn errors(scenario: &Table) -> String {
        let text = toml::to_string(scenario).unwrap();
        let sources = Sources { name: "s.toml".into(), text, overrides: Vec::new() };
        ScenarioFile::from_sources(sources, "s").map_or_else(|error| error.to_string(), |_| String::new())
    }

    fn inline(text: &str) -> Value {
        toml::from_str::<Table>(&format!("v = {text}")).unwrap().remove("v").unwrap()
    }

    /// A noise of the first kind that has the key, with all that it needs.
    fn noise_with(name: &str) -> Value {
        let kind = NOISES.iter().find(|(_, keys)| keys.contains(&name)).map_or("stable", |(kind, _)| *kind);
        inline(match kind {
            "stable" => "{ kind = \"stable\", alpha = 1.5, epsilon = 1.0 }",
            "tempered_stable" => "{ kind = \"tempered_stable\", alpha = 1.5, mu = 1.0, epsilon = 1.0 }",
            "truncated_stable" => "{ kind = \"truncated_stable\", alpha = 1.5, radius = 1.0, epsilon = 1.0 }",
            "capped_stable" => "{ kind = \"capped_stable\", alpha = 1.5, cap = 1.0, epsilon = 1.0 }",
            "compound_poisson" => {
                "{ kind = \"compound_poisson\", rate = 1.0, jump = { kind = \"fixed\", size = 1.0 }, epsilon = 1.0 }"
            }
            "sum" => "{ kind = \"sum\", parts = [{ kind = \"brownian\" }], epsilon = 1.0 }",
            other => panic!("a noise of the kind {other} has to be written here"),
        })
    }

    /// A scenario that is good but for this key.
    fn scenario_with(table: &Keys, key: &Key, value: Value) -> Table {
        let mut scenario: Table = toml::from_str(LEAST).unwrap();
        let one = |value: Value| Table::from_iter([(key.name.to_owned(), value)]);
        match table.place {
            Some("") => {
                scenario.insert(key.name.into(), value);
            }
            Some("potential") => {
                let potential = scenario["potential"].as_table_mut().unwrap();
                if ["drift", "table", "name"].contains(&key.name) {
                    potential.remove("expression");
                }
                potential.insert(key.name.into(), value);
            }
            Some("noise") => {
                scenario["noise"] = noise_with(key.name);
                scenario["noise"].as_table_mut().unwrap().insert(key.name.into(), value);
            }
            Some("noise.parts.#") => {
                let mut part = noise_with(key.name);
                part.as_table_mut().unwrap().remove("epsilon");
                part.as_table_mut().unwrap().insert(key.name.into(), value);
                scenario["noise"] = noise_with("parts");
                scenario["noise"].as_table_mut().unwrap().insert("parts".into(), vec![part].into());
            }
            Some("task.#") => {
                let task = &mut scenario["task"][task_of(table).unwrap()];
                task.as_table_mut().unwrap().insert(key.name.into(), value);
            }
            Some("task.#.domain") => {
                let mut domain = one(value);
                if key.name == "centre" {
                    domain.insert("ball".into(), 1.0.into());
                }
                scenario["task"][0].as_table_mut().unwrap().insert("domain".into(), domain.into());
            }
            Some("task.#.targets.#") => {
                let mut target = inline("{ ball = 1.0, centre = 5.0 }");
                target.as_table_mut().unwrap().insert(key.name.into(), value);
                scenario["task"][0].as_table_mut().unwrap().insert("targets".into(), vec![target].into());
            }
            None => {
                let mut range = inline("{ from = 1.0, to = 2.0, count = 2 }");
                range.as_table_mut().unwrap().insert(key.name.into(), value);
                scenario.insert("sweep".into(), inline("{}"));
                scenario["sweep"].as_table_mut().unwrap().insert("noise.epsilon".into(), range);
            }
            Some(table) => {
                scenario.entry(table).or_insert_with(|| Table::new().into());
                scenario[table].as_table_mut().unwrap().insert(key.name.into(), value);
            }
        }
        scenario
    }

    fn all() -> impl Iterator<Item = (&'static Keys, &'static Key)> {
        keys::TABLES.into_iter().flat_map(|table| table.keys.iter().map(move |key| (table, key)))
    }

    #[test]
    fn the_page_is_the_one_in_the_manual() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/keys.md");
        let page = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            page == keys_page().unwrap(),
            "docs/keys.md is not what the program says of its keys: write it again with\n  \
             cargo run --release -- list --keys > docs/keys.md"
        );
    }

    /// A key that stands in the list is read, and what the list says of its values is what the reader says.
    #[test]
    fn the_reader_takes_what_the_manual_says() {
        for (table, key) in all() {
            let place = format!("{} {}", table.heading, key.name);
            let (wrong, said) = match &key.value {
                ValueType::Number(bounds) => (true.into(), bounds.allowed.to_owned()),
                ValueType::Whole(..) => (true.into(), format!("a {}", takes(&key.value))),
                ValueType::Boolean => ("?".into(), "true or false".to_owned()),
                ValueType::Word(words) => ("?".into(), any_of(&words())),
                ValueType::Other(_) => (true.into(), "expected".to_owned()),
            };
            let error = errors(&scenario_with(table, key, wrong));
            assert!(error.contains(key.name), "{place} is not read: {error:?}");
            assert!(error.contains(&said), "{place} takes {said}, the reader says {error}");
            // The values at the ends of a range of whole numbers are in it, those beyond are not.
            if let ValueType::Whole(min, max) = key.value {
                let number = |value: u64| Value::Integer(value as i64);
                assert_eq!(errors(&scenario_with(table, key, number(min))), "", "{place} = {min}");
                // So many points of a sweep take their time.
                if table.place.is_some() {
                    assert_eq!(errors(&scenario_with(table, key, number(max))), "", "{place} = {max}");
                }
                assert!(
                    errors(&scenario_with(table, key, Value::Integer(min as i64 - 1)))
                        .contains("out of range")
                );
            }
        }
    }

    /// Defaults that the reader fills in are told, and where the manual says that there is none the reader
    /// fills in nothing.
    #[test]
    fn defaults_are_those_of_the_reader() {
        let defaults = Defaults::new().unwrap();
        for (table, key) in all() {
            let place = format!("{} {}", table.heading, key.name);
            let filled = defaults.filled(table, key);
            match key.default {
                Absent::Filled => assert!(filled.is_some(), "{place} has no default"),
                Absent::Of(_) | Absent::Required => {}
                // Those of the whole file hold tables, or the name that the reader is given.
                Absent::Otherwise(_) if table.place == Some("") => {}
                // The folder is made of the scenario's name.
                Absent::Otherwise(_) if key.name == "dir" => {
                    assert_eq!(filled, Some(&Json::from("output/NAME")));
                }
                Absent::Otherwise(words) => assert_eq!(filled, None, "{place}: {words}"),
            }
            // What is required is missed. Some keys are required beside others or for want of others.
            let beside_others =
                ["domain", "expression", "ball"].contains(&key.name) || table.place == Some("noise");
            if matches!(key.default, Absent::Required)
                && !beside_others
                && table.place != Some("noise.parts.#")
            {
                let mut scenario = scenario_with(table, key, true.into());
                remove(&mut scenario, key.name);
                assert!(errors(&scenario).contains("missing key"), "{place} is not required");
            }
        }
    }

    /// Takes a key out, wherever it stands.
    fn remove(table: &mut Table, name: &str) {
        table.remove(name);
        for (_, value) in table.iter_mut() {
            match value {
                Value::Table(table) => remove(table, name),
                Value::Array(items) => {
                    items.iter_mut().filter_map(Value::as_table_mut).for_each(|table| remove(table, name));
                }
                _ => {}
            }
        }
    }

    #[test]
    fn the_page_is_a_good_table() {
        let page = keys_page().unwrap();
        assert!(page.contains("| `paths` | whole number from 2 to 1000000000 | `10000` |"), "{page}");
        for line in page.lines().filter(|line| line.starts_with('|')) {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            assert_eq!(cells.len(), 8, "{line}");
            assert!([1, 2, 3, 6].iter().all(|&cell| !cells[cell].is_empty()), "{line}");
        }
    }
}

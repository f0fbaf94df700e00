//! From the tree to a [`Scenario`]: one function a table of the file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::keys::{self, is_identifier, task_keys};
use super::reader::{
    Bounds, EXTENDED, FINITE, Faults, Field, NOT_NEGATIVE, POSITIVE, POSITIVE_OR_INFINITE, SHARE, SKEWNESS,
    TAIL_INDEX, TAIL_INDEX_BELOW_TWO, Table, optional,
};
use super::spec::*;
use super::tree::{Node, Value};
use crate::errors::{Diagnostic, Location};
use levyscape_analyzer::figure::ThemeName;
use levyscape_integrator::noise::{JumpLaw, SamplerKind};
use levyscape_integrator::potential::{CATALOGUE, CatalogueEntry};
use levyscape_integrator::scheme::ClockedKind;
use levyscape_integrator::{Interpretation, SchemeKind};

/// Names that an expression understands by itself.
const RESERVED: &[&str] =
    &["sin", "cos", "tan", "exp", "log", "sqrt", "abs", "tanh", "cosh", "sinh", "pi", "e"];

/// Coordinates of an equation at the most.
const MOST_DIMENSIONS: usize = 1000;
/// Paths a point and task at the most.
pub(super) const MOST_PATHS: u64 = 1_000_000_000;
/// Particles of one system at the most.
pub(super) const MOST_PARTICLES: u64 = 65_536;
/// Trajectories of a path task at the most.
pub(super) const MOST_COUNT: u64 = 1000;

/// Reads one point: the tree with the swept values put in, without the sweep.
///
/// # Errors
/// All errors of the point that can be told apart.
pub(super) fn scenario(root: &Node, default_name: &str) -> Result<Scenario, Vec<Diagnostic>> {
    let faults = Faults::default();
    let scenario = read(root, default_name, &faults);
    let faults = faults.into_inner();
    match scenario {
        Some(scenario) if faults.is_empty() => Ok(scenario),
        _ => Err(faults),
    }
}

fn read(root: &Node, default_name: &str, faults: &Faults) -> Option<Scenario> {
    let table = Field::new("", root, faults).table("a scenario", &keys::ROOT)?;
    let name = optional(table.get("name"), default_name.to_owned(), name);
    let title = table.get("title").map(|field| field.string("a title in quotes").map(str::to_owned));
    let potential = table.require("potential", "the table [potential]").and_then(potential);
    let noise = table.require("noise", "the table [noise]").and_then(noise);
    let scheme = optional(table.get("scheme"), SchemeSpec { kind: SchemeChoice::Auto, step: None }, scheme);
    let ensemble = match table.get("ensemble") {
        Some(field) => field.table("a table [ensemble]", &keys::ENSEMBLE).and_then(|table| ensemble(&table)),
        None => Some(EnsembleSpec::default()),
    };
    let max_time = ensemble.and_then(|ensemble| ensemble.max_time);
    let tasks = table.require("task", "at least one [[task]]").and_then(|field| tasks(&field, max_time));
    let folder = name.as_ref().map(|name| PathBuf::from("output").join(name));
    let output = output(table.get("output"), folder);
    let landscape = optional(table.get("landscape"), LandscapeSpec::default(), |field| {
        let table = field.table("a table [landscape]", &keys::LANDSCAPE)?;
        let window = optional(table.get("window"), None, |field| window(&field).map(Some))?;
        Some(LandscapeSpec { window })
    });
    let theory = optional(table.get("theory"), TheorySpec::default(), |field| {
        let table = field.table("a table [theory]", &keys::THEORY)?;
        let words = Normalisation::ALL.map(|normalisation| (normalisation.name(), normalisation));
        let normalisation = optional(table.get("normalisation"), Normalisation::default(), |field| {
            field.choice(&words, &[])
        })?;
        Some(TheorySpec { normalisation })
    });
    let (scheme, ensemble) = (scheme?, ensemble?);
    if let (Some(step), Some(max_time), Some(field)) = (scheme.step, ensemble.max_time, table.get("scheme"))
        && step >= max_time
    {
        let node = field.node.get(&["step"]).unwrap_or(field.node);
        return Field::new("scheme.step", node, faults).fault(
            format!("`scheme.step` is {step}, but `ensemble.max_time` is {max_time}"),
            "the step must be below `ensemble.max_time`",
        );
    }
    if let (Some(potential), Some(noise), Some(tasks)) = (&potential, &noise, &tasks) {
        dimensions(&table, potential.variables.len(), noise, tasks)?;
    }
    let name = name?;
    Some(Scenario {
        title: title.unwrap_or_else(|| Some(name.clone()))?,
        name,
        potential: potential?,
        noise: noise?,
        scheme,
        ensemble,
        tasks: tasks?,
        sweep: Vec::new(),
        output: output?,
        landscape: landscape?,
        theory: theory?,
    })
}

/// One interval, or one a coordinate.
fn window(field: &Field<'_>) -> Option<Vec<[f64; 2]>> {
    let several = |items: &[Node]| items.first().is_some_and(|item| item.items().is_some());
    if field.node.items().is_some_and(several) {
        field.list_of("a list of intervals, one a coordinate", |field| field.interval(FINITE))
    } else {
        field.interval(FINITE).map(|side| vec![side])
    }
}

/// Checks that lists of coordinates are as long as the list of variables.
fn dimensions(table: &Table<'_>, dimension: usize, noise: &NoiseSpec, tasks: &[TaskSpec]) -> Option<()> {
    let mut good = Some(());
    let coordinates = match dimension {
        1 => "one coordinate".to_owned(),
        _ => format!("{dimension} coordinates"),
    };
    let mut wrong = |table_key: &str, path: &[&str], what: String, expected: String| {
        let Some(field) = table.get(table_key) else { return };
        let node = field.node.nearest(path);
        let field = Field::new(format!("{table_key}.{}", path.join(".")), node, table.faults());
        let message = format!("`{}` has {what}, the equation {coordinates}", field.path);
        good = if dimension == 1 && table_key == "noise" {
            let help = format!(
                "values to take one after the other stand in [sweep]: \"{}\" = [...]; further coordinates in \
                 `potential.variables`",
                field.path
            );
            field.fault_with_help(message, expected, help)
        } else {
            field.fault(message, expected)
        };
    };
    if let NoiseKind::StableCoordinates { alpha, .. } = &noise.kind
        && alpha.len() != dimension
    {
        let expected = "expected one tail index, or one a coordinate".to_owned();
        wrong("noise", &["alpha"], format!("{} tail indices", alpha.len()), expected);
    }
    if let Epsilon::Coordinates(epsilon) = &noise.epsilon
        && epsilon.len() != dimension
    {
        let expected = "expected one amplitude, or one a coordinate".to_owned();
        wrong("noise", &["epsilon"], format!("{} amplitudes", epsilon.len()), expected);
    }
    for (number, task) in tasks.iter().enumerate() {
        let (found, expected) = match task.start() {
            Some(Start::Place(x)) => (x.len(), "expected one number a coordinate".to_owned()),
            Some(Start::Point(_)) => (1, format!("expected a list of {dimension} numbers")),
            _ => continue,
        };
        if found != dimension {
            let number = number.to_string();
            wrong("task", &[&number, "start"], format!("{found} numbers"), expected);
        }
    }
    good
}

/// Whether a name is fit for files and folders everywhere.
pub fn is_fit_name(name: &str) -> bool {
    !name.trim().is_empty()
        && name.len() <= 100
        && !name.starts_with('.')
        && !name.chars().any(|c| c.is_control() || "/\\:*?\"<>|".contains(c))
}

fn name(field: Field<'_>) -> Option<String> {
    let name = field.string("a name in quotes")?;
    if is_fit_name(name) {
        return Some(name.to_owned());
    }
    field.fault(
        format!("`name` is {}, which cannot name a folder", field.node.describe()),
        "expected 1 to 100 letters, digits, `_`, `-` and the like, without / \\ : * ? \" < > | and not starting with a dot",
    )
}

fn potential(field: Field<'_>) -> Option<PotentialSpec> {
    let table = field.table("a table [potential]", &keys::POTENTIAL)?;
    let expected = "a formula in quotes, such as \"x^4/4 - x^2/2\"";
    let formula = |field: &Field<'_>| {
        let text = field.string(expected)?;
        if text.trim().is_empty() {
            return field.fault(format!("`{}` is empty", field.path), format!("expected {expected}"));
        }
        Some(text.to_owned())
    };
    let sources = ["expression", "drift", "table", "name"];
    let given: Vec<Field<'_>> = sources.iter().filter_map(|key| table.get(key)).collect();
    if let [_, second, ..] = &given[..] {
        second.fault::<()>(
            format!("`{}` beside `{}`", second.path, given[0].path),
            "expected one of `expression`, `drift`, `table` and `name`",
        );
    }
    let mut default_variables = vec!["x".to_owned()];
    let mut default_parameters = BTreeMap::new();
    let source = if let Some(field) = table.get("drift") {
        match field.node.value {
            Value::String { .. } => formula(&field).map(|text| vec![text]),
            _ => field.list_of("a list of formulas, one a coordinate", formula),
        }
        .map(PotentialSource::Drift)
    } else if let Some(field) = table.get("table") {
        field.string("a file in quotes").map(|path| PotentialSource::Table(PathBuf::from(path)))
    } else if let Some(field) = table.get("name") {
        let names: Vec<(&str, &CatalogueEntry)> = CATALOGUE.iter().map(|entry| (entry.name, entry)).collect();
        field.choice(&names, &[]).map(|entry| {
            default_variables = entry.variables.iter().map(|&name| name.to_owned()).collect();
            default_parameters = entry.defaults();
            PotentialSource::Name(entry.name.to_owned())
        })
    } else {
        table
            .require("expression", expected)
            .and_then(|field| formula(&field))
            .map(PotentialSource::Expression)
    };
    let fixed = matches!(source, Some(PotentialSource::Name(_)));
    let variables = match table.get("variables") {
        Some(field) if fixed => variables(field.clone()).and_then(|given| {
            if given == default_variables {
                return Some(given);
            }
            field.fault(
                "`potential.variables` differ from those of the named potential",
                format!("this potential has the variables {}", default_variables.join(", ")),
            )
        }),
        Some(field) if matches!(source, Some(PotentialSource::Table(_))) => variables(field.clone())
            .and_then(|given| {
                if given.len() == 1 {
                    return Some(given);
                }
                field.fault("a table is a potential of one coordinate", "expected one name")
            }),
        Some(field) => variables(field),
        None => Some(default_variables),
    };
    if let (Some(PotentialSource::Drift(texts)), Some(variables), Some(field)) =
        (&source, &variables, table.get("drift"))
        && texts.len() != variables.len()
    {
        field.fault::<()>(
            format!(
                "`potential.drift` has {} components, `potential.variables` {}",
                texts.len(),
                variables.len()
            ),
            "expected one formula a coordinate",
        );
    }
    let tabulated = matches!(source, Some(PotentialSource::Table(_)));
    let parameters = match table.get("parameters") {
        Some(field) if tabulated && field.node.entries().is_some_and(|entries| !entries.is_empty()) => {
            field.fault("a table has no parameters", "expected none")
        }
        Some(field) => parameters(&field, variables.as_deref().unwrap_or(&[])).map(|given| {
            let mut all = default_parameters.clone();
            for (name, value) in given {
                if fixed && !all.contains_key(&name) {
                    let known: Vec<&str> = default_parameters.keys().map(String::as_str).collect();
                    field.fault::<()>(
                        format!("the named potential has no parameter `{name}`"),
                        format!("its parameters: {}", known.join(", ")),
                    );
                }
                all.insert(name, value);
            }
            all
        }),
        None => Some(default_parameters.clone()),
    };
    Some(PotentialSpec { source: source?, variables: variables?, parameters: parameters? })
}

fn symbol(field: &Field<'_>, location: &Location, name: &str) -> Option<()> {
    if !is_identifier(name) {
        return field.fault_at(
            location,
            format!("`{name}` in `{}` cannot stand in an expression", field.path),
            "expected a name of ASCII letters, digits and `_`, not starting with a digit",
        );
    }
    if RESERVED.contains(&name) {
        return field.fault_at(
            location,
            format!("`{name}` in `{}` is a function or constant of every expression", field.path),
            "expected another name",
        );
    }
    Some(())
}

fn variables(field: Field<'_>) -> Option<Vec<String>> {
    let names = field.list_of("a list of names, such as [\"x\"]", |field| {
        let name = field.string("a name in quotes")?;
        symbol(field, field.location(), name)?;
        Some(name.to_owned())
    })?;
    if names.is_empty() || names.len() > MOST_DIMENSIONS {
        return field.fault(
            format!("`potential.variables` has {} names", names.len()),
            format!("expected 1 to {MOST_DIMENSIONS} names, one a coordinate"),
        );
    }
    if let Some(twice) = names.iter().enumerate().find(|(k, name)| names[..*k].contains(name)) {
        return field.fault(
            format!("`{}` stands twice in `potential.variables`", twice.1),
            "expected a name of its own for each coordinate",
        );
    }
    Some(names)
}

fn parameters(field: &Field<'_>, variables: &[String]) -> Option<BTreeMap<String, f64>> {
    let Some(entries) = field.node.entries() else {
        return field.fault(
            format!("`{}` is {}", field.path, field.node.describe()),
            "expected a table, such as { h = 1.0, w = 1.0 }",
        );
    };
    let mut parameters = BTreeMap::new();
    let mut good = true;
    for entry in entries {
        let value = field.child(&entry.node, &entry.key).number(FINITE);
        let mut named = symbol(field, &entry.key_location, &entry.key);
        if variables.contains(&entry.key) {
            named = field.fault_at(
                &entry.key_location,
                format!("parameter `{}` has the name of the variable", entry.key),
                "expected another name",
            );
        }
        match (named, value) {
            (Some(()), Some(value)) => {
                parameters.insert(entry.key.clone(), value);
            }
            _ => good = false,
        }
    }
    good.then_some(parameters)
}

/// The kinds of noise, each with the keys that it has beside `kind`.
pub const NOISES: [(&str, &[&str]); 7] = [
    ("brownian", &[]),
    ("stable", &["alpha", "beta"]),
    ("tempered_stable", &["alpha", "mu"]),
    ("truncated_stable", &["alpha", "radius"]),
    ("capped_stable", &["alpha", "cap"]),
    ("compound_poisson", &["rate", "jump"]),
    ("sum", &["parts"]),
];

/// The kind of a noise with its own keys; the kind alone is known where a key is wrong.
fn noise_kind(table: &Table<'_>) -> (Option<&'static str>, Option<NoiseKind>) {
    let words = NOISES.map(|(name, _)| (name, name));
    let listed: Vec<String> = words.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let kind = table.require("kind", &listed.join(", ")).and_then(|field| field.choice(&words, &[]));
    let Some(kind) = kind else { return (None, None) };
    let own = NOISES.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, keys)| keys);
    let mut good = true;
    for key in ["alpha", "beta", "mu", "radius", "cap", "rate", "jump", "parts"] {
        // Beside Brownian noise alpha and beta are accepted and ignored, for sweeps of the kind.
        let ignored = kind == "brownian" && matches!(key, "alpha" | "beta");
        if let Some(field) = table.get(key)
            && !own.contains(&key)
            && !ignored
        {
            field.fault::<()>(
                format!("`{}` is no parameter of the noise \"{kind}\"", field.path),
                match own {
                    [] => "it has none".to_owned(),
                    _ => format!("its parameters: {}", own.join(", ")),
                },
            );
            good = false;
        }
    }
    let number = |key: &str, expected: &str, bounds| {
        table.require(key, expected).and_then(|field| field.number(bounds))
    };
    let alpha = || number("alpha", "the tail index, above 0 and up to 2", TAIL_INDEX);
    let below_two = || number("alpha", "the tail index, from 0.2 to below 2", TAIL_INDEX_BELOW_TWO);
    let parsed = match kind {
        "brownian" => {
            // They are still read, so that nonsense is noticed.
            let alpha = optional(table.get("alpha"), 0.0, |field| field.number(TAIL_INDEX));
            let beta = optional(table.get("beta"), 0.0, |field| field.number(SKEWNESS));
            alpha.and(beta).map(|_| NoiseKind::Brownian)
        }
        "stable" => {
            let beta = optional(table.get("beta"), 0.0, |field| field.number(SKEWNESS));
            match table.get("alpha") {
                Some(field) if field.node.items().is_some() => {
                    let alpha = field.list_of("a list of tail indices", |field| field.number(TAIL_INDEX));
                    alpha.zip(beta).map(|(alpha, beta)| match alpha[..] {
                        [alpha] => NoiseKind::Stable { alpha, beta },
                        _ => NoiseKind::StableCoordinates { alpha, beta },
                    })
                }
                _ => alpha().zip(beta).map(|(alpha, beta)| NoiseKind::Stable { alpha, beta }),
            }
        }
        "tempered_stable" => {
            let (alpha, mu) = (below_two(), number("mu", "the rate of the tempering, above 0", POSITIVE));
            alpha.zip(mu).map(|(alpha, mu)| NoiseKind::TemperedStable { alpha, mu })
        }
        "truncated_stable" => {
            let radius = number("radius", "the largest jump of Z, above 0", POSITIVE);
            below_two().zip(radius).map(|(alpha, radius)| NoiseKind::TruncatedStable { alpha, radius })
        }
        "capped_stable" => {
            let cap = number("cap", "the largest jump of X, above 0", POSITIVE);
            below_two().zip(cap).map(|(alpha, cap)| NoiseKind::CappedStable { alpha, cap })
        }
        "compound_poisson" => {
            let rate = number("rate", "jumps a unit of time, above 0", POSITIVE);
            let jump = table.require("jump", "the law of a jump").and_then(|field| {
                let value = serde_json::to_value(field.node.to_toml()).ok()?;
                match serde_json::from_value::<JumpLaw>(value) {
                    Ok(jump) => Some(jump),
                    Err(error) => field.fault(
                        format!("`{}` names no law of jumps: {error}", field.path),
                        "expected a table such as { kind = \"gaussian\", scale = 1.0 }",
                    ),
                }
            });
            rate.zip(jump).map(|(rate, jump)| NoiseKind::CompoundPoisson { rate, jump })
        }
        _ => table.require("parts", "a list of noises").and_then(|field| {
            let parts = field.list_of("a list of noises, such as [{ kind = \"brownian\" }]", |field| {
                let table = field.table("a noise", &keys::NOISE_PART)?;
                let weight = optional(table.get("weight"), 1.0, |field| field.number(POSITIVE));
                let (_, kind) = noise_kind(&table);
                if matches!(kind, Some(NoiseKind::Sum { .. } | NoiseKind::StableCoordinates { .. })) {
                    return field.fault("a part of a sum is a noise on the line", "expected another kind");
                }
                Some(NoisePart { kind: kind?, weight: weight? })
            })?;
            if parts.is_empty() {
                return field.fault("the sum has no parts", "expected at least one noise");
            }
            Some(NoiseKind::Sum { parts })
        }),
    };
    (Some(kind), parsed.filter(|_| good))
}

fn noise(field: Field<'_>) -> Option<NoiseSpec> {
    let table = field.table("a table [noise]", &keys::NOISE)?;
    let (name, kind) = noise_kind(&table);
    let ignored = |key: &str, bounds| match table.get(key) {
        Some(field) if name == Some("brownian") => field.number(bounds),
        _ => None,
    };
    let (ignored_alpha, ignored_beta) = (ignored("alpha", TAIL_INDEX), ignored("beta", SKEWNESS));
    let epsilon =
        table.require("epsilon", "the amplitude, above 0").and_then(|field| match &field.node.value {
            Value::Array(_) => field
                .list_of("a list of amplitudes, one a coordinate", |field| field.number(POSITIVE))
                .map(|all| match all[..] {
                    [one] => Epsilon::Constant(one),
                    _ => Epsilon::Coordinates(all),
                }),
            // What looks like a number is one that was quoted by mistake.
            Value::String { text, .. }
                if text.parse::<f64>().is_err() && text.chars().any(|c| c.is_ascii_alphabetic()) =>
            {
                Some(Epsilon::Expression(text.clone()))
            }
            _ => field.number(POSITIVE).map(Epsilon::Constant),
        });
    let interpretation = optional(table.get("interpretation"), Interpretation::Ito, |field| {
        let interpretation = field.choice(
            &[
                ("ito", Interpretation::Ito),
                ("stratonovich", Interpretation::Stratonovich),
                ("marcus", Interpretation::Marcus),
            ],
            &[],
        )?;
        if interpretation == Interpretation::Stratonovich && name.is_some_and(|name| name != "brownian") {
            return field.fault(
                "Stratonovich's interpretation is for Brownian noise",
                "for noise with jumps its like is \"marcus\"",
            );
        }
        Some(interpretation)
    });
    let dependence = optional(table.get("dependence"), Dependence::Independent, |field| {
        let dependence = field
            .choice(&[("independent", Dependence::Independent), ("isotropic", Dependence::Isotropic)], &[])?;
        let possible = matches!(kind, Some(NoiseKind::Stable { beta: 0.0, .. } | NoiseKind::Brownian) | None);
        if dependence == Dependence::Isotropic && !possible {
            return field.fault(
                "this noise has no isotropic form",
                "isotropic are `brownian` and symmetric `stable` noise with one `alpha`",
            );
        }
        Some(dependence)
    });
    let sampler = optional(table.get("sampler"), SamplerKind::Auto, |field| {
        field.choice(
            &[("auto", SamplerKind::Auto), ("table", SamplerKind::Table), ("formula", SamplerKind::Formula)],
            &[],
        )
    });
    Some(NoiseSpec {
        kind: kind?,
        epsilon: epsilon?,
        interpretation: interpretation?,
        dependence: dependence?,
        sampler: sampler?,
        ignored_alpha,
        ignored_beta,
    })
}

fn scheme(field: Field<'_>) -> Option<SchemeSpec> {
    let table = field.table("a table [scheme]", &keys::SCHEME)?;
    let kind = optional(table.get("kind"), SchemeChoice::Auto, |field| {
        let mut words = vec![("auto", SchemeChoice::Auto)];
        words.extend(SchemeKind::ALL.map(|kind| (kind.name(), SchemeChoice::Given(kind))));
        words.extend(ClockedKind::ALL.map(|kind| (kind.name(), SchemeChoice::Clocked(kind))));
        field.choice(&words, &[])
    });
    let step = optional(table.get("step"), None, |field| field.number(POSITIVE).map(Some));
    Some(SchemeSpec { kind: kind?, step: step? })
}

impl Default for EnsembleSpec {
    fn default() -> Self {
        Self {
            paths: Some(DEFAULT_PATHS),
            seed: DEFAULT_SEED,
            max_time: None,
            relative_error: None,
            method: Method::Auto,
            particles: None,
            checkpoint_every: DEFAULT_CHECKPOINT,
            step_bias: true,
        }
    }
}

fn ensemble(table: &Table<'_>) -> Option<EnsembleSpec> {
    let default = EnsembleSpec::default();
    let relative_error = optional(table.get("relative_error"), None, |field| field.number(SHARE).map(Some));
    let methods = Method::ALL.map(|method| (method.name(), method));
    let method = optional(table.get("method"), default.method, |field| field.choice(&methods, &[]));
    let counts_paths = method.is_none_or(Method::counts_paths);
    let default_paths = if relative_error == Some(None) && counts_paths { default.paths } else { None };
    let paths = optional(table.get("paths"), default_paths, |field| field.whole(2, MOST_PATHS).map(Some));
    let seed = optional(table.get("seed"), default.seed, |field| field.whole(0, i64::MAX as u64));
    let max_time = optional(table.get("max_time"), default.max_time, |field| {
        field.number(POSITIVE_OR_INFINITE).map(Some)
    });
    let particles = optional(table.get("particles"), None, |field| field.whole(2, MOST_PARTICLES).map(Some));
    let checkpoint_every =
        optional(table.get("checkpoint_every"), default.checkpoint_every, |field| duration(&field));
    let step_bias = optional(table.get("step_bias"), default.step_bias, |field| field.boolean());
    Some(EnsembleSpec {
        paths: paths?,
        seed: seed?,
        max_time: max_time?,
        relative_error: relative_error?,
        method: method?,
        particles: particles?,
        checkpoint_every: checkpoint_every?,
        step_bias: step_bias?,
    })
}

/// A time on the wall clock: a number of seconds, or a number with a unit.
fn duration(field: &Field<'_>) -> Option<f64> {
    const RANGE: Bounds = Bounds {
        allowed: "a time such as \"30s\", \"5min\" or \"1h\", from 0.01 seconds to a year",
        holds: |seconds| (0.01..=3.2e7).contains(&seconds),
    };
    let seconds = match &field.node.value {
        Value::String { text, .. } => {
            let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
            let unit = match text[digits.len()..].trim() {
                "ms" => Some(1e-3),
                "s" | "" => Some(1.0),
                "min" => Some(60.0),
                "h" => Some(3600.0),
                _ => None,
            };
            let count = digits.trim().parse::<f64>().ok();
            let seconds = unit.zip(count).map(|(unit, count)| unit * count);
            match seconds.filter(|seconds| (RANGE.holds)(*seconds)) {
                Some(seconds) => seconds,
                None => {
                    return field.fault(
                        format!("`{}` is no time: \"{text}\"", field.path),
                        format!("expected {}", RANGE.allowed),
                    );
                }
            }
        }
        _ => field.number(RANGE)?,
    };
    Some(seconds)
}

fn tasks(field: &Field<'_>, max_time: Option<f64>) -> Option<Vec<TaskSpec>> {
    let Some(items) = field.node.items() else {
        return field.fault_with_help(
            format!("`task` is {}, not a list of tables", field.node.describe()),
            "expected a table in double brackets",
            "write [[task]]",
        );
    };
    if items.is_empty() {
        return field.fault("there is no task", "expected at least one [[task]]");
    }
    let tasks: Vec<Option<TaskSpec>> = items
        .iter()
        .enumerate()
        .map(|(index, node)| task(&field.child(node, &index.to_string()), max_time))
        .collect();
    tasks.into_iter().collect()
}

/// The kinds of tasks.
pub const TASKS: [&str; 4] = ["exit", "transition", "chain", "path"];

fn task(field: &Field<'_>, max_time: Option<f64>) -> Option<TaskSpec> {
    // The keys that are allowed depend on the kind, which is read first.
    let Some(kind) = field.node.entry("kind") else {
        return match field.node.entries() {
            Some(_) => field.fault(
                format!("missing key `{}.kind`", field.path),
                "a task needs `kind`: \"exit\", \"transition\", \"chain\" or \"path\"",
            ),
            None => field
                .fault(format!("`{}` is {}", field.path, field.node.describe()), "expected a table [[task]]"),
        };
    };
    let kind = field.child(&kind.node, "kind").choice(&TASKS.map(|kind| (kind, kind)), &[])?;
    let table = field.table("a table [[task]]", task_keys(kind)?)?;
    match kind {
        "exit" => exit(&table, max_time),
        "transition" => transition(&table, max_time),
        "chain" => chain(&table),
        _ => path(&table),
    }
}

fn start(field: Field<'_>) -> Option<Start> {
    let expected = "a number, or \"minimum:K\" with K counted from the left, from 1";
    match &field.node.value {
        Value::Array(_) => {
            field.list_of("a list of coordinates", |field| field.number(FINITE)).map(Start::Place)
        }
        Value::String { text, .. } => {
            if let Some(number) = text.strip_prefix("minimum:") {
                return match number.trim().parse::<usize>() {
                    Ok(number) if number >= 1 => Some(Start::Minimum(number)),
                    _ => field.fault(
                        format!("`{}` = \"{text}\" names no minimum", field.path),
                        "expected \"minimum:K\" with K a whole number from 1 on, counted from the left",
                    ),
                };
            }
            if matches!(text.as_str(), "inf" | "+inf" | "-inf" | "nan") {
                return field.number(FINITE).map(Start::Point);
            }
            field.wrong_type(expected)
        }
        Value::Integer(_) | Value::Float(_) => field.number(FINITE).map(Start::Point),
        _ => field.wrong_type(expected),
    }
}

/// What a domain may be.
const DOMAINS: &str = "[lo, hi], \"basin\", { ball = r }, { sublevel = c } or { union = [...] }";

fn domain(field: Field<'_>) -> Option<Domain> {
    match &field.node.value {
        Value::Array(items) if items.iter().any(|item| matches!(item.value, Value::Array(_))) => {
            sides(&field).map(Domain::Box)
        }
        Value::Array(_) => field.interval(EXTENDED).map(Domain::Interval),
        Value::String { text, .. } if text == "basin" => Some(Domain::Basin),
        Value::Table(_) => {
            let table = field.table(DOMAINS, &keys::DOMAIN)?;
            let kinds = ["ball", "sublevel", "union"];
            let given: Vec<Field<'_>> = kinds.iter().filter_map(|kind| table.get(kind)).collect();
            if let [first, second, ..] = &given[..] {
                return second.fault(
                    format!("`{}` beside `{}`", second.path, first.path),
                    "a domain is one of them; several make a `union`",
                );
            }
            match (table.get("sublevel"), table.get("union")) {
                (None, None) => {
                    let radius = table.require("ball", "the radius, above 0")?.number(POSITIVE);
                    match table.get("centre") {
                        Some(field) => centre(&field)
                            .zip(radius)
                            .map(|(centre, radius)| Domain::BallAround { centre, radius }),
                        None => radius.map(Domain::Ball),
                    }
                }
                (level, union) => {
                    if let Some(centre) = table.get("centre") {
                        return centre
                            .fault(format!("`{}` without a ball", centre.path), "a centre is a ball's");
                    }
                    if let Some(level) = level {
                        return level.number(FINITE).map(Domain::SubLevel);
                    }
                    let union = union?;
                    let members = union.list_of("a list of domains, such as [{ ball = 1.0 }]", |member| {
                        domain(member.clone())
                    })?;
                    if members.is_empty() {
                        return union
                            .fault(format!("`{}` is empty", union.path), "expected a domain or more");
                    }
                    Some(Domain::Union(members))
                }
            }
        }
        Value::String { text, .. } if keys::nearest(text, &["basin"]).is_some() => field.fault_with_help(
            format!("`{}` is the string {text:?}", field.path),
            format!("expected {DOMAINS}"),
            "did you mean \"basin\"?",
        ),
        _ => field.wrong_type(DOMAINS),
    }
}

/// An interval a coordinate.
fn sides(field: &Field<'_>) -> Option<Vec<[f64; 2]>> {
    field.list_of("a list of intervals, one a coordinate", |field| field.interval(EXTENDED))
}

/// A number, or a list of coordinates.
fn centre(field: &Field<'_>) -> Option<Vec<f64>> {
    match field.node.value {
        Value::Array(_) => field.list_of("a list of coordinates", |field| field.number(FINITE)),
        _ => field.number(FINITE).map(|x| vec![x]),
    }
}

fn target(field: &Field<'_>) -> Option<Target> {
    match &field.node.value {
        Value::Array(items) if items.iter().any(|item| matches!(item.value, Value::Array(_))) => {
            sides(field).map(Target::Box)
        }
        Value::Table(_) => {
            let table = field.table("a ball", &keys::BALL)?;
            let radius =
                table.require("ball", "the radius, above 0").and_then(|field| field.number(POSITIVE));
            let place = table.require("centre", "its coordinates").and_then(|field| centre(&field));
            place.zip(radius).map(|(centre, radius)| Target::Ball { centre, radius })
        }
        _ => field.interval(EXTENDED).map(Target::Interval),
    }
}

fn survival_times(field: Option<Field<'_>>, max_time: Option<f64>) -> Option<Vec<f64>> {
    optional(field, Vec::new(), |field| {
        field.list_of("a list of times, such as [1.0, 2.0]", |field| {
            let time = field.number(POSITIVE)?;
            match max_time {
                Some(max_time) if time > max_time => field.fault(
                    format!("`{}` is {time}, above `ensemble.max_time` = {max_time}", field.path),
                    "no path is followed for so long",
                ),
                _ => Some(time),
            }
        })
    })
}

fn intervals(field: Option<Field<'_>>, bounds: Bounds) -> Option<Vec<[f64; 2]>> {
    optional(field, Vec::new(), |field| {
        field.list_of("a list of intervals, such as [[0.9, 1.1]]", |field| field.interval(bounds))
    })
}

fn exit(table: &Table<'_>, max_time: Option<f64>) -> Option<TaskSpec> {
    let start_field = table.require("start", "a number, or \"minimum:K\"");
    let start = start_field.clone().and_then(start);
    let targets = optional(table.get("targets"), Vec::new(), |field| {
        field.list_of("a list of targets, such as [[0.9, 1.1]]", target)
    });
    let domain = match (table.get("domain"), table.get("targets")) {
        (Some(field), _) => domain(field),
        (None, Some(_)) => Some(Domain::Interval([f64::NEG_INFINITY, f64::INFINITY])),
        (None, None) => table.require("domain", DOMAINS).and(None),
    };
    let survival_times = survival_times(table.get("survival_times"), max_time);
    let landing = intervals(table.get("landing"), EXTENDED);

    let mut good = true;
    if let (Some(targets), Some(field)) = (&targets, table.get("targets")) {
        good &= apart(targets, &field);
        if let (Some(Start::Point(x)), Some(start)) = (&start, &start_field)
            && let Some([lo, hi]) = targets.iter().find_map(|target| match target {
                Target::Interval([lo, hi]) if (*lo..=*hi).contains(x) => Some([lo, hi]),
                _ => None,
            })
        {
            start.fault::<()>(
                format!("`{}` is {x}, inside the target [{lo}, {hi}]", start.path),
                "the path would have arrived before it started",
            );
            good = false;
        }
    }
    match (&domain, &start, &start_field) {
        (Some(Domain::Interval([lo, hi])), Some(Start::Point(x)), Some(start)) if x <= lo || x >= hi => {
            start.fault::<()>(
                format!("`{}` is {x}, outside the domain ({lo}, {hi})", start.path),
                format!("expected a number above {lo} and below {hi}"),
            );
            good = false;
        }
        (Some(Domain::Interval([f64::NEG_INFINITY, f64::INFINITY])), ..)
            if targets.as_ref().is_some_and(Vec::is_empty) =>
        {
            let message = "there is nothing to leave or to reach: the domain is the whole line and there are no targets";
            let label = "expected a finite end, or targets";
            match table.get("domain").or(table.get("targets")) {
                Some(field) => field.fault::<()>(message, label),
                None => None,
            };
            good = false;
        }
        _ => {}
    }
    let task = TaskSpec::Exit {
        start: start?,
        domain: domain?,
        targets: targets?,
        survival_times: survival_times?,
        landing: landing?,
    };
    good.then_some(task)
}

/// Whether no two intervals overlap; they may touch.
fn apart(targets: &[Target], field: &Field<'_>) -> bool {
    for (index, target) in targets.iter().enumerate() {
        let Target::Interval([lo, hi]) = target else { continue };
        let earlier = targets[..index].iter().find_map(|other| match other {
            Target::Interval(other) if *lo < other[1] && other[0] < *hi => Some(other),
            _ => None,
        });
        if let Some([a, b]) = earlier {
            let node = field.node.items().and_then(|items| items.get(index)).unwrap_or(field.node);
            field.fault_at::<()>(
                &node.location,
                format!("`{}[{index}]` overlaps the target [{a}, {b}]", field.path),
                "expected targets apart from each other",
            );
            return false;
        }
    }
    true
}

fn from_minima(table: &Table<'_>) -> Option<FromMinima> {
    let expected = "\"all\", or a list of minimum numbers such as [1, 2]";
    optional(table.get("from"), FromMinima::All, |field| {
        if field.node.text() == Some("all") {
            return Some(FromMinima::All);
        }
        let mut numbers = Vec::new();
        field.list_of(expected, |field| {
            let number = field.whole(1, 1_000_000)? as usize;
            if numbers.contains(&number) {
                return field
                    .fault(format!("`{}` is {number} once more", field.path), "expected each minimum once");
            }
            numbers.push(number);
            Some(())
        })?;
        if numbers.is_empty() {
            return field.fault(format!("`{}` is empty", field.path), format!("expected {expected}"));
        }
        Some(FromMinima::Minima(numbers))
    })
}

fn transition(table: &Table<'_>, max_time: Option<f64>) -> Option<TaskSpec> {
    let from = from_minima(table);
    let delta = optional(table.get("delta"), DEFAULT_DELTA, |field| field.number(POSITIVE));
    let survival_times = survival_times(table.get("survival_times"), max_time);
    Some(TaskSpec::Transition { from: from?, delta: delta?, survival_times: survival_times? })
}

fn chain(table: &Table<'_>) -> Option<TaskSpec> {
    let from = from_minima(table);
    let expected = "a list of times in units of the limit chain, such as [0.5, 1.0]";
    let times = table.require("times", expected).and_then(|field| {
        let times = field.list_of(expected, |field| field.number(POSITIVE))?;
        if times.is_empty() {
            return field.fault(format!("`{}` is empty", field.path), format!("expected {expected}"));
        }
        if times.windows(2).any(|pair| pair[0] >= pair[1]) {
            return field.fault(
                format!("`{}` does not ascend", field.path),
                "expected each time above the one before",
            );
        }
        Some(times)
    });
    let delta = optional(table.get("delta"), DEFAULT_DELTA, |field| field.number(POSITIVE));
    let burn_in = optional(table.get("burn_in"), None, |field| field.number(NOT_NEGATIVE).map(Some));
    let observe = optional(table.get("observe"), None, |field| field.number(POSITIVE).map(Some));
    Some(TaskSpec::Chain { from: from?, times: times?, delta: delta?, burn_in: burn_in?, observe: observe? })
}

fn path(table: &Table<'_>) -> Option<TaskSpec> {
    let start = table.require("start", "a number, or \"minimum:K\"").and_then(start);
    let end_time =
        table.require("end_time", "the length in time, above 0").and_then(|field| field.number(POSITIVE));
    let count = optional(table.get("count"), DEFAULT_COUNT, |field| field.whole(1, MOST_COUNT));
    Some(TaskSpec::Path { start: start?, end_time: end_time?, count: count? })
}

fn output(field: Option<Field<'_>>, folder: Option<PathBuf>) -> Option<OutputSpec> {
    const ALL: [(&str, FigureFormat); 3] =
        [("svg", FigureFormat::Svg), ("pdf", FigureFormat::Pdf), ("png", FigureFormat::Png)];
    let default_formats = ALL.map(|(_, format)| format).to_vec();
    let Some(field) = field else {
        let theme = ThemeName::default();
        return Some(OutputSpec { dir: folder?, formats: default_formats, theme, exits_csv: false });
    };
    let table = field.table("a table [output]", &keys::OUTPUT)?;
    let dir = match table.get("dir") {
        Some(field) => field.string("a folder in quotes").and_then(|text| {
            if text.trim().is_empty() || text.contains('\0') {
                return field.fault("`output.dir` is empty or holds a null character", "expected a folder");
            }
            Some(PathBuf::from(text))
        }),
        None => folder,
    };
    let formats = optional(table.get("formats"), default_formats, |field| {
        let mut formats = Vec::new();
        field.list_of("a list of formats, such as [\"svg\", \"pdf\"]", |field| {
            let format = field.choice(&ALL, &[])?;
            if !formats.contains(&format) {
                formats.push(format);
            }
            Some(())
        })?;
        if formats.is_empty() {
            return field
                .fault("`output.formats` is empty", "expected at least one of `svg`, `pdf` or `png`");
        }
        Some(formats)
    });
    let themes = ThemeName::ALL.map(|theme| (theme.name(), theme));
    let theme = optional(table.get("theme"), ThemeName::default(), |field| field.choice(&themes, &[]));
    let exits_csv = optional(table.get("exits_csv"), false, |field| field.boolean());
    Some(OutputSpec { dir: dir?, formats: formats?, theme: theme?, exits_csv: exits_csv? })
}

//! From the tree to a [`Scenario`]: one function a table of the file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::keys::{self, is_identifier, task_keys};
use super::reader::{
    Bounds, EXTENDED, FINITE, Faults, Field, POSITIVE, POSITIVE_OR_INFINITE, SHARE, SKEWNESS, TAIL_INDEX,
    Table, optional,
};
use super::spec::*;
use super::tree::{Node, Value};
use crate::errors::{Diagnostic, Location};

/// Names that an expression understands by itself.
const RESERVED: &[&str] =
    &["sin", "cos", "tan", "exp", "log", "sqrt", "abs", "tanh", "cosh", "sinh", "pi", "e"];

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
    let scheme = optional(table.get("scheme"), SchemeSpec { kind: SchemeKind::Auto, step: None }, scheme);
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
        let window = optional(table.get("window"), None, |field| field.interval(FINITE).map(Some))?;
        Some(LandscapeSpec { window })
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
    })
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
    let other = keys::POTENTIAL.unavailable.iter().any(|(key, _)| table.get(key).is_some());
    let expected = "a formula in quotes, such as \"x^4/4 - x^2/2\"";
    let expression = if other { table.get("expression") } else { table.require("expression", expected) }
        .and_then(|field| {
            let text = field.string(expected)?;
            if text.trim().is_empty() {
                return field.fault("`potential.expression` is empty", format!("expected {expected}"));
            }
            Some(text.to_owned())
        });
    let variables = optional(table.get("variables"), vec!["x".to_owned()], variables);
    let parameters = optional(table.get("parameters"), BTreeMap::new(), |field| {
        parameters(&field, variables.as_deref().unwrap_or(&[]))
    });
    Some(PotentialSpec { expression: expression?, variables: variables?, parameters: parameters? })
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
    if names.len() == 1 {
        return Some(names);
    }
    field.fault(
        format!("`potential.variables` has {} names: this version simulates one dimension", names.len()),
        "expected exactly one name",
    )
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

fn noise(field: Field<'_>) -> Option<NoiseSpec> {
    let table = field.table("a table [noise]", &keys::NOISE)?;
    #[derive(Clone, Copy, PartialEq)]
    enum Kind {
        Brownian,
        Stable,
    }
    let kind = table
        .require("kind", "\"brownian\" or \"stable\"")
        .and_then(|field| field.choice(&[("brownian", Kind::Brownian), ("stable", Kind::Stable)], &[]));
    let alpha = match table.get("alpha") {
        Some(field) if field.node.items().is_some() => field.fault(
            "`noise.alpha` is a list: this version simulates one dimension",
            "expected one tail index, above 0 and up to 2",
        ),
        Some(field) => field.number(TAIL_INDEX).map(Some),
        None if kind == Some(Kind::Stable) => {
            table.require("alpha", "the tail index, above 0 and up to 2").map(|_| None)
        }
        None => Some(None),
    };
    let beta = optional(table.get("beta"), 0.0, |field| {
        let beta = field.number(SKEWNESS)?;
        if beta != 0.0 && kind != Some(Kind::Brownian) {
            return field.fault(
                format!("`noise.beta` is {beta}: skewed noise is not available in this version"),
                "expected 0",
            );
        }
        Some(beta)
    });
    let epsilon = table.require("epsilon", "the amplitude, above 0").and_then(|field| field.number(POSITIVE));
    let (kind, alpha, beta, epsilon) = (kind?, alpha?, beta?, epsilon?);
    Some(match kind {
        Kind::Brownian => NoiseSpec { kind: NoiseKind::Brownian, epsilon, ignored_alpha: alpha },
        Kind::Stable => {
            NoiseSpec { kind: NoiseKind::Stable { alpha: alpha?, beta }, epsilon, ignored_alpha: None }
        }
    })
}

fn scheme(field: Field<'_>) -> Option<SchemeSpec> {
    let table = field.table("a table [scheme]", &keys::SCHEME)?;
    let kind = optional(table.get("kind"), SchemeKind::Auto, |field| {
        field.choice(
            &[("auto", SchemeKind::Auto), ("euler", SchemeKind::Euler), ("splitting", SchemeKind::Splitting)],
            &["tamed_euler", "implicit_euler"],
        )
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
            step_bias: true,
        }
    }
}

fn ensemble(table: &Table<'_>) -> Option<EnsembleSpec> {
    let default = EnsembleSpec::default();
    let relative_error = optional(table.get("relative_error"), None, |field| field.number(SHARE).map(Some));
    let default_paths = if relative_error == Some(None) { default.paths } else { None };
    let paths = optional(table.get("paths"), default_paths, |field| field.whole(2, 1_000_000_000).map(Some));
    let seed = optional(table.get("seed"), default.seed, |field| field.whole(0, i64::MAX as u64));
    let max_time = optional(table.get("max_time"), default.max_time, |field| {
        field.number(POSITIVE_OR_INFINITE).map(Some)
    });
    let method = optional(table.get("method"), default.method, |field| {
        field.choice(
            &[("auto", Method::Auto), ("plain", Method::Plain)],
            &["multilevel", "hazard", "fleming_viot", "splitting"],
        )
    });
    let step_bias = optional(table.get("step_bias"), default.step_bias, |field| field.boolean());
    Some(EnsembleSpec {
        paths: paths?,
        seed: seed?,
        max_time: max_time?,
        relative_error: relative_error?,
        method: method?,
        step_bias: step_bias?,
    })
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

fn task(field: &Field<'_>, max_time: Option<f64>) -> Option<TaskSpec> {
    // The keys that are allowed depend on the kind, which is read first.
    let Some(kind) = field.node.entry("kind") else {
        return match field.node.entries() {
            Some(_) => field.fault(
                format!("missing key `{}.kind`", field.path),
                "a task needs `kind`: \"exit\", \"transition\" or \"path\"",
            ),
            None => field
                .fault(format!("`{}` is {}", field.path, field.node.describe()), "expected a table [[task]]"),
        };
    };
    let kind = field
        .child(&kind.node, "kind")
        .choice(&[("exit", "exit"), ("transition", "transition"), ("path", "path")], &["chain"])?;
    let table = field.table("a table [[task]]", task_keys(kind)?)?;
    match kind {
        "exit" => exit(&table, max_time),
        "transition" => transition(&table, max_time),
        _ => path(&table),
    }
}

fn start(field: Field<'_>) -> Option<Start> {
    let expected = "a number, or \"minimum:K\" with K counted from the left, from 1";
    match &field.node.value {
        Value::Array(_) => field.fault(
            format!("`{}` is a list: this version simulates one dimension", field.path),
            format!("expected {expected}"),
        ),
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

fn domain(field: Field<'_>) -> Option<Domain> {
    let expected = "[lo, hi], \"basin\" or { ball = r }";
    match &field.node.value {
        Value::Array(_) => field.interval(EXTENDED).map(Domain::Interval),
        Value::String { text, .. } if text == "basin" => Some(Domain::Basin),
        Value::Table(_) => {
            let table = field.table(expected, &keys::BALL)?;
            let radius = table.require("ball", "the radius, above 0")?;
            radius.number(POSITIVE).map(Domain::Ball)
        }
        Value::String { text, .. } if keys::nearest(text, &["basin"]).is_some() => field.fault_with_help(
            format!("`{}` is the string {text:?}", field.path),
            format!("expected {expected}"),
            "did you mean \"basin\"?",
        ),
        _ => field.wrong_type(expected),
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
    let targets = intervals(table.get("targets"), EXTENDED);
    let domain = match (table.get("domain"), table.get("targets")) {
        (Some(field), _) => domain(field),
        (None, Some(_)) => Some(Domain::Interval([f64::NEG_INFINITY, f64::INFINITY])),
        (None, None) => table.require("domain", "[lo, hi], \"basin\" or { ball = r }").and(None),
    };
    let survival_times = survival_times(table.get("survival_times"), max_time);
    let landing = intervals(table.get("landing"), EXTENDED);

    let mut good = true;
    if let (Some(targets), Some(field)) = (&targets, table.get("targets")) {
        good &= apart(targets, &field);
        if let (Some(Start::Point(x)), Some(start)) = (start, &start_field)
            && let Some([lo, hi]) = targets.iter().find(|[lo, hi]| (*lo..=*hi).contains(&x))
        {
            start.fault::<()>(
                format!("`{}` is {x}, inside the target [{lo}, {hi}]", start.path),
                "the path would have arrived before it started",
            );
            good = false;
        }
    }
    match (domain, start, &start_field) {
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

/// Whether no two targets overlap; they may touch.
fn apart(targets: &[[f64; 2]], field: &Field<'_>) -> bool {
    for (index, [lo, hi]) in targets.iter().enumerate() {
        let earlier = targets[..index].iter().find(|other| *lo < other[1] && other[0] < *hi);
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

fn transition(table: &Table<'_>, max_time: Option<f64>) -> Option<TaskSpec> {
    let expected = "\"all\", or a list of minimum numbers such as [1, 2]";
    let from = optional(table.get("from"), FromMinima::All, |field| {
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
    });
    let delta = optional(table.get("delta"), DEFAULT_DELTA, |field| field.number(POSITIVE));
    let survival_times = survival_times(table.get("survival_times"), max_time);
    Some(TaskSpec::Transition { from: from?, delta: delta?, survival_times: survival_times? })
}

fn path(table: &Table<'_>) -> Option<TaskSpec> {
    let start = table.require("start", "a number, or \"minimum:K\"").and_then(start);
    let end_time =
        table.require("end_time", "the length in time, above 0").and_then(|field| field.number(POSITIVE));
    let count = optional(table.get("count"), DEFAULT_COUNT, |field| field.whole(1, 1000));
    Some(TaskSpec::Path { start: start?, end_time: end_time?, count: count? })
}

fn output(field: Option<Field<'_>>, folder: Option<PathBuf>) -> Option<OutputSpec> {
    const ALL: [(&str, FigureFormat); 3] =
        [("svg", FigureFormat::Svg), ("pdf", FigureFormat::Pdf), ("png", FigureFormat::Png)];
    let default_formats = ALL.map(|(_, format)| format).to_vec();
    let Some(field) = field else {
        return Some(OutputSpec { dir: folder?, formats: default_formats, exits_csv: false });
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
    let exits_csv = optional(table.get("exits_csv"), false, |field| field.boolean());
    Some(OutputSpec { dir: dir?, formats: formats?, exits_csv: exits_csv? })
}

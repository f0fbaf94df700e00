//! The keys that a scenario may have, each in one place: what the reader accepts, what `--set` and `[sweep]` accept,
//! and what `docs/keys.md` says of them (`manual` writes that page).

use std::sync::LazyLock;

use levyscape_analyzer::figure::ThemeName;
use levyscape_integrator::SchemeKind;
use levyscape_integrator::potential::CATALOGUE;
use levyscape_integrator::scheme::ClockedKind;
use serde_json::{Value as Json, json};

use super::read::{MOST_COUNT, MOST_PARTICLES, MOST_PATHS, NOISES, TASKS};
use super::reader::{Bounds, FINITE, NOT_NEGATIVE, POSITIVE, POSITIVE_OR_INFINITE, SHARE, SKEWNESS};
use super::spec::{Method, Normalisation, Scenario};
use super::sweep::{MAX_POINTS, SPACINGS};
use super::tree::Node;

/// One key of a table.
pub(super) struct Key {
    pub name: &'static str,
    pub value: ValueType,
    pub default: Absent,
    /// Unit of its number; empty where it has none.
    pub unit: &'static str,
    pub sweep: Sweep,
    /// In a line of Markdown.
    pub meaning: &'static str,
}

/// What a key takes.
pub(super) enum ValueType {
    Number(Bounds),
    Whole(u64, u64),
    Boolean,
    /// One of these words.
    Word(fn() -> Vec<&'static str>),
    /// In words.
    Other(&'static str),
}

/// What holds where a key is absent.
pub(super) enum Absent {
    Required,
    /// What the reader fills in, as a scenario with all its defaults written out has it.
    Filled,
    /// The same of what such a scenario does not write out.
    Of(fn(&Scenario) -> Json),
    /// There is no value; what happens then, in words.
    Otherwise(&'static str),
}

/// What a key may be used for in `[sweep]` and `--set`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sweep {
    /// It can differ from point to point.
    Values,
    /// The same; its values are whole numbers.
    Counts,
    /// `--set` can change it, for all points.
    Fixed,
    /// It is a part of the value of another key, or holds other keys.
    Part,
}

/// The keys of one table.
pub(super) struct Keys {
    /// Heading of the table in the manual.
    pub heading: &'static str,
    /// Dotted key of the table, with `#` for an index; `None` where a scenario written out has no such table.
    pub place: Option<&'static str>,
    pub keys: &'static [Key],
}

impl Keys {
    pub fn names(&self) -> Vec<&'static str> {
        self.keys.iter().map(|key| key.name).collect()
    }

    pub fn has(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.name == name)
    }
}

/// Every table, in the order of the manual.
pub(super) const TABLES: [&Keys; 16] = [
    &ROOT,
    &POTENTIAL,
    &NOISE,
    &NOISE_PART,
    &SCHEME,
    &ENSEMBLE,
    &EXIT,
    &DOMAIN,
    &BALL,
    &TRANSITION,
    &CHAIN,
    &PATH,
    &RANGE,
    &OUTPUT,
    &LANDSCAPE,
    &THEORY,
];

use Absent::{Filled, Of, Otherwise, Required};
use Sweep::{Counts, Fixed, Part, Values};
use ValueType::{Boolean, Number, Other, Whole, Word};

const fn key(
    name: &'static str,
    value: ValueType,
    default: Absent,
    unit: &'static str,
    sweep: Sweep,
    meaning: &'static str,
) -> Key {
    Key { name, value, default, unit, sweep, meaning }
}

pub(super) const ROOT: Keys = Keys {
    heading: "The file",
    place: Some(""),
    keys: &[
        key(
            "name",
            Other("text, 1 to 100 characters"),
            Otherwise("the file's name without its ending"),
            "",
            Fixed,
            "Names folders and files.",
        ),
        key("title", Other("text"), Otherwise("`name`"), "", Fixed, "Stands above the report."),
        key("potential", Other("table"), Required, "", Part, "What pulls the particle."),
        key(
            "noise",
            Other("table"),
            Required,
            "",
            Values,
            "What kicks it. In `[sweep]`, a list of whole tables.",
        ),
        key("scheme", Other("table"), Otherwise("its defaults"), "", Part, "How a path is stepped."),
        key("ensemble", Other("table"), Otherwise("its defaults"), "", Part, "How many paths, for how long."),
        key(
            "task",
            Other("list of tables `[[task]]`"),
            Required,
            "",
            Part,
            "What is asked, one table a question. In dotted keys `#` is the number of a task, from 0.",
        ),
        key(
            "sweep",
            Other("table of dotted keys"),
            Otherwise("one point"),
            "",
            Part,
            "Keys that take several values; every combination is one point.",
        ),
        key("output", Other("table"), Otherwise("its defaults"), "", Part, "Where results go."),
        key("landscape", Other("table"), Otherwise("its defaults"), "", Part, "Where minima are looked for."),
        key("theory", Other("table"), Otherwise("its defaults"), "", Part, "How the theory is written down."),
    ],
};

pub(super) const POTENTIAL: Keys = Keys {
    heading: "`[potential]`",
    place: Some("potential"),
    keys: &[
        key(
            "expression",
            Other("formula in quotes"),
            Required,
            "energy",
            Values,
            "U. Exactly one of `expression`, `drift`, `table` and `name` is required.",
        ),
        key(
            "drift",
            Other("list of formulas, one a coordinate"),
            Otherwise("`-grad U`"),
            "x / t",
            Values,
            "The drift b, in place of U.",
        ),
        key(
            "table",
            Other("file in quotes"),
            Otherwise("none"),
            "",
            Values,
            "A file with the columns `x,u`, splined; seen from the scenario's folder. In place of `expression`.",
        ),
        key(
            "name",
            Word(|| CATALOGUE.iter().map(|entry| entry.name).collect()),
            Otherwise("none"),
            "",
            Values,
            "A potential of the field, in place of `expression`.",
        ),
        key(
            "variables",
            Other("list of names"),
            Filled,
            "",
            Fixed,
            "The coordinates: as many as the equation has dimensions. A named potential has its own.",
        ),
        key(
            "parameters",
            Other("table of numbers"),
            Filled,
            "",
            Fixed,
            "Values of the other names in the formulas. A named potential has its own.",
        ),
    ],
};

pub(super) const NOISE: Keys = Keys {
    heading: "`[noise]`",
    place: Some("noise"),
    keys: &[
        key("kind", Word(|| NOISES.map(|(name, _)| name).to_vec()), Required, "", Values, "The process Z."),
        key(
            "alpha",
            Other(
                "number above 0 and up to 2 (from 0.2 to below 2 where jumps are cut or tempered), or a list, one a coordinate",
            ),
            Required,
            "",
            Values,
            "Tail index.",
        ),
        key("beta", Number(SKEWNESS), Filled, "", Values, "Skewness, S1."),
        key("mu", Number(POSITIVE), Required, "1 / Z", Values, "Rate of the tempering."),
        key("radius", Number(POSITIVE), Required, "Z", Values, "The largest jump of Z."),
        key("cap", Number(POSITIVE), Required, "x", Values, "The largest jump of X, not of Z."),
        key("rate", Number(POSITIVE), Required, "1 / t", Values, "Mean number of jumps per unit of time."),
        key(
            "jump",
            Other("table"),
            Required,
            "Z",
            Values,
            "Law of a jump: `kind` with its parameters ([kinds](scenario.md#noise-what-kicks-it)).",
        ),
        key("parts", Other("list of tables"), Required, "", Values, "The noises that are added up."),
        key(
            "epsilon",
            Other("number above 0, a list, one a coordinate, or a formula in quotes"),
            Required,
            "x / Z",
            Values,
            "Amplitude in front of dZ.",
        ),
        key(
            "interpretation",
            Word(|| vec!["ito", "stratonovich", "marcus"]),
            Of(|scenario| json!(scenario.noise.interpretation)),
            "",
            Values,
            "What a formula in `epsilon` times dZ means.",
        ),
        key(
            "dependence",
            Word(|| vec!["independent", "isotropic"]),
            Of(|scenario| json!(scenario.noise.dependence)),
            "",
            Values,
            "How the coordinates of Z hang together.",
        ),
        key(
            "sampler",
            Word(|| vec!["auto", "table", "formula"]),
            Of(|scenario| json!(scenario.noise.sampler)),
            "",
            Values,
            "How stable increments are drawn.",
        ),
    ],
};

pub(super) const NOISE_PART: Keys = Keys {
    heading: "A part of `noise.parts`",
    place: Some("noise.parts.#"),
    keys: &[
        key(
            "kind",
            Word(|| NOISES.map(|(name, _)| name).to_vec()),
            Required,
            "",
            Part,
            "As in `[noise]`; not `sum`.",
        ),
        key("alpha", Other("number"), Required, "", Part, "As in `[noise]`."),
        key("beta", Number(SKEWNESS), Filled, "", Part, "As in `[noise]`."),
        key("mu", Number(POSITIVE), Required, "1 / Z", Part, "As in `[noise]`."),
        key("radius", Number(POSITIVE), Required, "Z", Part, "As in `[noise]`."),
        key("cap", Number(POSITIVE), Required, "x", Part, "As in `[noise]`."),
        key("rate", Number(POSITIVE), Required, "1 / t", Part, "As in `[noise]`."),
        key("jump", Other("table"), Required, "Z", Part, "As in `[noise]`."),
        key(
            "weight",
            Number(POSITIVE),
            Filled,
            "",
            Part,
            "What the part is multiplied by, beside `epsilon`.",
        ),
    ],
};

pub(super) const SCHEME: Keys = Keys {
    heading: "`[scheme]`",
    place: Some("scheme"),
    keys: &[
        key("kind", Word(scheme_words), Filled, "", Values, "How a step is made."),
        key(
            "step",
            Number(POSITIVE),
            Otherwise("chosen by the program"),
            "t",
            Values,
            "Time step; below `ensemble.max_time`.",
        ),
    ],
};

pub(super) const ENSEMBLE: Keys = Keys {
    heading: "`[ensemble]`",
    place: Some("ensemble"),
    keys: &[
        key(
            "paths",
            Whole(2, MOST_PATHS),
            Filled,
            "",
            Counts,
            "Paths a point and task; for methods without single paths, replicas. No default where `relative_error` is given or the method counts by error.",
        ),
        key("seed", Whole(0, i64::MAX as u64), Filled, "", Counts, "Seed of all random numbers."),
        key(
            "max_time",
            Number(POSITIVE_OR_INFINITE),
            Otherwise("chosen by the program"),
            "t",
            Values,
            "A path still running then is censored.",
        ),
        key(
            "relative_error",
            Number(SHARE),
            Otherwise("`paths` decides"),
            "",
            Values,
            "Stop once every mean's error, statistical and step error together, is below this share of it.",
        ),
        key(
            "method",
            Word(|| Method::ALL.map(Method::name).to_vec()),
            Filled,
            "",
            Values,
            "How times are estimated.",
        ),
        key(
            "particles",
            Whole(2, MOST_PARTICLES),
            Otherwise("chosen by the method"),
            "",
            Counts,
            "Particles of one system of `fleming_viot` or one replica of `splitting`.",
        ),
        key(
            "step_bias",
            Boolean,
            Filled,
            "",
            Values,
            "Measure the step error by a companion at twice the step.",
        ),
        key(
            "checkpoint_every",
            Other("a number of seconds, or a time such as `\"30s\"`, `\"5min\"`, `\"1h\"`"),
            Filled,
            "wall time",
            Fixed,
            "What a kill may lose at the most.",
        ),
    ],
};

pub(super) const EXIT: Keys = Keys {
    heading: "`[[task]]` with `kind = \"exit\"`",
    place: Some("task.#"),
    keys: &[
        key(
            "kind",
            Word(|| TASKS.to_vec()),
            Required,
            "",
            Fixed,
            "First exit from a domain: time, side and place.",
        ),
        key(
            "start",
            Other("number, list of coordinates, or `\"minimum:K\"`"),
            Required,
            "x",
            Values,
            "Where paths start; minima are numbered from the left, from 1.",
        ),
        key(
            "domain",
            Other("`[lo, hi]`, a list of such, `\"basin\"`, or a table"),
            Required,
            "x",
            Values,
            "What is left. Beside `targets` not required; then by default the whole line.",
        ),
        key(
            "targets",
            Other("list of intervals, boxes or balls"),
            Otherwise("none"),
            "x",
            Values,
            "Closed sets; a path stops on landing in one, too.",
        ),
        key(
            "survival_times",
            Other("list of numbers above 0"),
            Otherwise("none"),
            "t",
            Values,
            "P(T > t) is answered at these t.",
        ),
        key(
            "landing",
            Other("list of intervals"),
            Otherwise("none"),
            "x",
            Values,
            "P(X_T in the interval) is answered for these.",
        ),
    ],
};

pub(super) const DOMAIN: Keys = Keys {
    heading: "`domain` as a table",
    place: Some("task.#.domain"),
    keys: &[
        key(
            "ball",
            Number(POSITIVE),
            Required,
            "x",
            Values,
            "Radius; one of `ball`, `sublevel` and `union` is required.",
        ),
        key(
            "centre",
            Other("number or list of coordinates"),
            Otherwise("the start"),
            "x",
            Values,
            "Centre of the ball.",
        ),
        key(
            "sublevel",
            Number(FINITE),
            Otherwise("none"),
            "energy",
            Values,
            "The set where U is below this.",
        ),
        key("union", Other("list of domains"), Otherwise("none"), "", Values, "Left once all members are."),
    ],
};

pub(super) const BALL: Keys = Keys {
    heading: "A ball among `targets`",
    place: Some("task.#.targets.#"),
    keys: &[
        key("ball", Number(POSITIVE), Required, "x", Part, "Radius."),
        key("centre", Other("number or list of coordinates"), Required, "x", Part, "Centre."),
    ],
};

pub(super) const TRANSITION: Keys = Keys {
    heading: "`[[task]]` with `kind = \"transition\"`",
    place: Some("task.#"),
    keys: &[
        key(
            "kind",
            Word(|| TASKS.to_vec()),
            Required,
            "",
            Fixed,
            "From each minimum to the `delta`-ball of another.",
        ),
        key(
            "from",
            Other("`\"all\"` or list of minimum numbers"),
            Filled,
            "",
            Values,
            "Minima in which paths start.",
        ),
        key("delta", Number(POSITIVE), Filled, "x", Values, "Radius of the balls."),
        key(
            "survival_times",
            Other("list of numbers above 0"),
            Otherwise("none"),
            "t",
            Values,
            "P(T > t) is answered at these t.",
        ),
    ],
};

pub(super) const CHAIN: Keys = Keys {
    heading: "`[[task]]` with `kind = \"chain\"`",
    place: Some("task.#"),
    keys: &[
        key(
            "kind",
            Word(|| TASKS.to_vec()),
            Required,
            "",
            Fixed,
            "In which well the path is at given times; occupation; generator.",
        ),
        key(
            "from",
            Other("`\"all\"` or list of minimum numbers"),
            Filled,
            "",
            Values,
            "Minima in which paths start.",
        ),
        key(
            "times",
            Other("ascending list of numbers above 0"),
            Required,
            "chain",
            Values,
            "When the well is looked at.",
        ),
        key("delta", Number(POSITIVE), Filled, "x", Values, "Radius of the cores."),
        key(
            "burn_in",
            Number(NOT_NEGATIVE),
            Otherwise("chosen by the program"),
            "chain",
            Values,
            "Time before the occupation is counted.",
        ),
        key(
            "observe",
            Number(POSITIVE),
            Otherwise("chosen by the program"),
            "chain",
            Values,
            "For how long it is counted.",
        ),
    ],
};

pub(super) const PATH: Keys = Keys {
    heading: "`[[task]]` with `kind = \"path\"`",
    place: Some("task.#"),
    keys: &[
        key("kind", Word(|| TASKS.to_vec()), Required, "", Fixed, "Whole trajectories, for looking."),
        key(
            "start",
            Other("number, list of coordinates, or `\"minimum:K\"`"),
            Required,
            "x",
            Values,
            "Where paths start.",
        ),
        key("end_time", Number(POSITIVE), Required, "t", Values, "Their length."),
        key("count", Whole(1, MOST_COUNT), Filled, "", Counts, "How many."),
    ],
};

pub(super) const RANGE: Keys = Keys {
    heading: "A range in `[sweep]`",
    place: None,
    keys: &[
        key(
            "from",
            Number(FINITE),
            Required,
            "of the key",
            Part,
            "The first value; above 0 where the spacing is `log`.",
        ),
        key("to", Number(FINITE), Required, "of the key", Part, "The last value, another than the first."),
        key("count", Whole(2, MAX_POINTS), Required, "", Part, "How many values, both ends among them."),
        key(
            "spacing",
            Word(|| SPACINGS.map(|(name, _)| name).to_vec()),
            Of(|_| json!(SPACINGS[0].0)),
            "",
            Part,
            "Equal differences, or equal ratios.",
        ),
    ],
};

pub(super) const OUTPUT: Keys = Keys {
    heading: "`[output]`",
    place: Some("output"),
    keys: &[
        key(
            "dir",
            Other("folder in quotes"),
            Otherwise("`output/NAME`"),
            "",
            Fixed,
            "Where the results go; seen from the current folder.",
        ),
        key("formats", Other("list of words"), Filled, "", Fixed, "File formats of the figures."),
        key(
            "theme",
            Word(|| ThemeName::ALL.map(ThemeName::name).to_vec()),
            Filled,
            "",
            Fixed,
            "The look of the figures.",
        ),
        key("exits_csv", Boolean, Filled, "", Fixed, "Write `exits.csv` beside `exits.parquet`."),
    ],
};

pub(super) const LANDSCAPE: Keys = Keys {
    heading: "`[landscape]`",
    place: Some("landscape"),
    keys: &[key(
        "window",
        Other("`[lo, hi]`, or a list of such, one a coordinate"),
        Otherwise("grows until nothing new comes"),
        "x",
        Values,
        "Where minima and saddles are looked for.",
    )],
};

pub(super) const THEORY: Keys = Keys {
    heading: "`[theory]`",
    place: Some("theory"),
    keys: &[key(
        "normalisation",
        Word(|| Normalisation::ALL.map(Normalisation::name).to_vec()),
        Of(|scenario| json!(scenario.theory.normalisation)),
        "",
        Fixed,
        "For which process the limit chain is written down beside ours.",
    )],
};

fn scheme_words() -> Vec<&'static str> {
    let mut words = vec!["auto"];
    words.extend(SchemeKind::ALL.map(SchemeKind::name));
    words.extend(ClockedKind::ALL.map(ClockedKind::name));
    words
}

/// A dotted key that `--set` and `[sweep]` may reach.
struct Leaf {
    /// The key; `#` stands for the index of a task, `*` for the name of a parameter.
    pattern: String,
    sweep: bool,
    /// Its values are whole numbers.
    whole: bool,
}

/// Every dotted key, each once: tasks share some.
static LEAVES: LazyLock<Vec<Leaf>> = LazyLock::new(|| {
    let mut leaves: Vec<Leaf> = Vec::new();
    for table in TABLES {
        let Some(place) = table.place else { continue };
        for key in table.keys.iter().filter(|key| key.sweep != Part) {
            let pattern =
                if place.is_empty() { key.name.to_owned() } else { format!("{place}.{}", key.name) };
            let sweep = key.sweep != Fixed;
            if leaves.iter().all(|leaf| leaf.pattern != pattern) {
                leaves.push(Leaf { pattern: pattern.clone(), sweep, whole: key.sweep == Counts });
            }
            if pattern == "potential.parameters" {
                leaves.push(Leaf { pattern: pattern + ".*", sweep: true, whole: false });
            }
        }
    }
    leaves
});

/// What is wrong with a dotted key.
pub(super) struct KeyFault {
    pub message: String,
    pub label: String,
    pub help: Option<String>,
}

/// A dotted key that the scenario can have.
pub(super) struct KnownKey {
    pub whole: bool,
}

fn matches(pattern: &str, segments: &[&str]) -> bool {
    let mut count = 0;
    pattern.split('.').all(|part| {
        let segment = segments.get(count);
        count += 1;
        match (part, segment) {
            (_, None) => false,
            ("#", Some(segment)) => index(segment).is_some(),
            ("*", Some(segment)) => is_identifier(segment),
            (part, Some(segment)) => part == *segment,
        }
    }) && count == segments.len()
}

/// The index of a task, written without leading zeros: every task has one spelling.
fn index(segment: &str) -> Option<usize> {
    segment.parse::<usize>().ok().filter(|index| index.to_string() == segment)
}

/// Whether longer known keys begin with these segments.
pub(super) fn is_table(segments: &[&str]) -> bool {
    LEAVES.iter().any(|leaf| {
        let parts: Vec<&str> = leaf.pattern.split('.').collect();
        parts.len() > segments.len() && matches(&parts[..segments.len()].join("."), segments)
    })
}

/// Whether a name may stand in an expression.
pub(super) fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Checks that a dotted key is one that this scenario can have; a swept key must also be able to differ
/// from point to point.
///
/// # Errors
/// An unknown key, a task that there is not, a parameter that neither the table nor the expression
/// names, a key that cannot be swept.
pub(super) fn check(root: &Node, key: &str, sweep: bool) -> Result<KnownKey, KeyFault> {
    let segments: Vec<&str> = key.split('.').collect();
    let known = LEAVES.iter().find(|leaf| matches(&leaf.pattern, &segments) && (leaf.sweep || !sweep));
    let Some(leaf) = known else {
        let fixed = sweep && LEAVES.iter().any(|leaf| matches(&leaf.pattern, &segments));
        let message = if fixed { format!("`{key}` cannot be swept") } else { format!("unknown key `{key}`") };
        let candidates = candidates(root, sweep);
        let help = nearest_key(key, &candidates).map(|nearest| format!("the nearest key is `{nearest}`"));
        let label = if sweep { "this is no key that can be swept" } else { "there is no such key" };
        return Err(KeyFault { message, label: label.into(), help });
    };
    if let ["task", number, ..] = segments[..] {
        let tasks = root.get(&["task"]).and_then(Node::items).map_or(0, <[Node]>::len);
        if index(number).is_none_or(|index| index >= tasks) {
            return Err(KeyFault {
                message: format!("unknown key `{key}`: there is no task {number}"),
                label: format!("tasks are numbered from 0, and there are {tasks} of them"),
                help: None,
            });
        }
    }
    if let ["potential", "parameters", name] = segments[..]
        && root.get(&segments).is_none()
        && root
            .get(&["potential", "expression"])
            .and_then(Node::text)
            .is_some_and(|expression| !mentions(expression, name))
    {
        let candidates = candidates(root, sweep);
        let help = nearest_key(key, &candidates).map(|nearest| format!("the nearest key is `{nearest}`"));
        return Err(KeyFault {
            message: format!("unknown key `{key}`: the potential has no parameter `{name}`"),
            label: "neither `potential.parameters` nor the expression names it".into(),
            help,
        });
    }
    Ok(KnownKey { whole: leaf.whole })
}

/// Whether the name stands in the expression as a whole word.
fn mentions(expression: &str, name: &str) -> bool {
    expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).any(|word| word == name)
}

/// All dotted keys that this scenario can have.
fn candidates(root: &Node, sweep: bool) -> Vec<String> {
    let mut out = Vec::new();
    for leaf in LEAVES.iter().filter(|leaf| leaf.sweep || !sweep) {
        if let Some(rest) = leaf.pattern.strip_prefix("task.#.") {
            for (number, task) in root.get(&["task"]).and_then(Node::items).unwrap_or(&[]).iter().enumerate()
            {
                let kind = task.get(&["kind"]).and_then(Node::text).unwrap_or("");
                let first = rest.split('.').next().unwrap_or(rest);
                if task_keys(kind).is_none_or(|keys| keys.has(first)) {
                    out.push(format!("task.{number}.{rest}"));
                }
            }
        } else if let Some(table) = leaf.pattern.strip_suffix(".*") {
            let segments: Vec<&str> = table.split('.').collect();
            for entry in root.get(&segments).and_then(Node::entries).unwrap_or(&[]) {
                out.push(format!("{table}.{}", entry.key));
            }
        } else {
            out.push(leaf.pattern.clone());
        }
    }
    out
}

/// The keys of a task of the given kind.
pub(super) fn task_keys(kind: &str) -> Option<&'static Keys> {
    match kind {
        "exit" => Some(&EXIT),
        "transition" => Some(&TRANSITION),
        "chain" => Some(&CHAIN),
        "path" => Some(&PATH),
        _ => None,
    }
}

/// The dotted key most like the given one. One with the same last part, or whose last part is nearly
/// the same, is taken for a key whose table was forgotten or misspelt.
fn nearest_key<'k>(key: &str, candidates: &'k [String]) -> Option<&'k str> {
    let last = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
    candidates.iter().map(String::as_str).min_by_key(|candidate| {
        let whole = strsim::damerau_levenshtein(key, candidate);
        whole.min(2 + strsim::damerau_levenshtein(&last(key), &last(candidate)))
    })
}

/// The word most like the given one, if it is a likely misspelling of it.
pub fn nearest<'w>(word: &str, words: &[&'w str]) -> Option<&'w str> {
    words
        .iter()
        .copied()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| {
            *distance <= (candidate.len() / 3).max(1)
                || (word.len() > 2 && candidate.starts_with(word))
                || (candidate.len() > 2 && word.starts_with(candidate))
        })
        .map(|(_, candidate)| candidate)
}

/// `a, b or c`, each in backquotes.
pub fn any_of(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => format!("`{only}`"),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(|word| format!("`{word}`")).collect();
            format!("{} or `{last}`", first.join(", "))
        }
    }
}

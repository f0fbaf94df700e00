//! The keys that a scenario may have, by table and as dotted keys.

use super::tree::Node;

/// Keys of one table: those that there are, and those of the format that this version lacks, each with
/// what to do instead.
pub(super) struct Keys {
    pub allowed: &'static [&'static str],
    pub unavailable: &'static [(&'static str, &'static str)],
}

const fn keys(allowed: &'static [&'static str]) -> Keys {
    Keys { allowed, unavailable: &[] }
}

pub(super) const ROOT: Keys = keys(&[
    "name",
    "title",
    "potential",
    "noise",
    "scheme",
    "ensemble",
    "task",
    "sweep",
    "output",
    "landscape",
    "theory",
]);
pub(super) const POTENTIAL: Keys = keys(&["expression", "drift", "table", "name", "variables", "parameters"]);
pub(super) const NOISE: Keys = keys(&[
    "kind",
    "alpha",
    "beta",
    "mu",
    "radius",
    "cap",
    "rate",
    "jump",
    "parts",
    "epsilon",
    "interpretation",
    "dependence",
    "sampler",
]);
pub(super) const NOISE_PART: Keys =
    keys(&["kind", "alpha", "beta", "mu", "radius", "cap", "rate", "jump", "weight"]);
pub(super) const SCHEME: Keys = keys(&["kind", "step"]);
pub(super) const ENSEMBLE: Keys = Keys {
    allowed: &[
        "paths",
        "seed",
        "max_time",
        "relative_error",
        "method",
        "particles",
        "step_bias",
        "checkpoint_every",
    ],
    unavailable: &[],
};
pub(super) const EXIT: Keys = keys(&["kind", "start", "domain", "targets", "survival_times", "landing"]);
pub(super) const TRANSITION: Keys = keys(&["kind", "from", "delta", "survival_times"]);
pub(super) const CHAIN: Keys = keys(&["kind", "from", "times", "delta", "burn_in", "observe"]);
pub(super) const PATH: Keys = keys(&["kind", "start", "end_time", "count"]);
pub(super) const OUTPUT: Keys = keys(&["dir", "formats", "theme", "exits_csv"]);
pub(super) const LANDSCAPE: Keys = keys(&["window"]);
pub(super) const THEORY: Keys = keys(&["normalisation"]);
pub(super) const BALL: Keys = keys(&["ball", "centre"]);
pub(super) const DOMAIN: Keys = keys(&["ball", "centre", "sublevel", "union"]);
pub(super) const RANGE: Keys = keys(&["from", "to", "count", "spacing"]);

/// What a dotted key may be used for.
struct Leaf {
    /// The key; `#` stands for the index of a task, `*` for the name of a parameter.
    pattern: &'static str,
    sweep: bool,
    /// Its values are whole numbers.
    whole: bool,
}

const fn leaf(pattern: &'static str) -> Leaf {
    Leaf { pattern, sweep: true, whole: false }
}

const fn whole(pattern: &'static str) -> Leaf {
    Leaf { pattern, sweep: true, whole: true }
}

/// A key that is the same at every point of a sweep.
const fn fixed(pattern: &'static str) -> Leaf {
    Leaf { pattern, sweep: false, whole: false }
}

const LEAVES: &[Leaf] = &[
    fixed("name"),
    fixed("title"),
    leaf("potential.expression"),
    leaf("potential.drift"),
    leaf("potential.table"),
    leaf("potential.name"),
    fixed("potential.variables"),
    fixed("potential.parameters"),
    leaf("potential.parameters.*"),
    // A whole noise at each point: kinds that differ in their amplitude, too.
    leaf("noise"),
    leaf("noise.kind"),
    leaf("noise.alpha"),
    leaf("noise.beta"),
    leaf("noise.mu"),
    leaf("noise.radius"),
    leaf("noise.cap"),
    leaf("noise.rate"),
    leaf("noise.jump"),
    leaf("noise.parts"),
    leaf("noise.interpretation"),
    leaf("noise.dependence"),
    leaf("noise.sampler"),
    leaf("noise.epsilon"),
    leaf("scheme.kind"),
    leaf("scheme.step"),
    whole("ensemble.paths"),
    whole("ensemble.seed"),
    leaf("ensemble.max_time"),
    leaf("ensemble.relative_error"),
    leaf("ensemble.method"),
    whole("ensemble.particles"),
    leaf("ensemble.step_bias"),
    fixed("ensemble.checkpoint_every"),
    fixed("task.#.kind"),
    leaf("task.#.start"),
    leaf("task.#.domain"),
    leaf("task.#.domain.ball"),
    leaf("task.#.domain.centre"),
    leaf("task.#.domain.sublevel"),
    leaf("task.#.domain.union"),
    leaf("task.#.targets"),
    leaf("task.#.survival_times"),
    leaf("task.#.landing"),
    leaf("task.#.from"),
    leaf("task.#.delta"),
    leaf("task.#.times"),
    leaf("task.#.burn_in"),
    leaf("task.#.observe"),
    leaf("task.#.end_time"),
    whole("task.#.count"),
    fixed("output.dir"),
    fixed("output.formats"),
    fixed("output.theme"),
    fixed("output.exits_csv"),
    leaf("landscape.window"),
    fixed("theory.normalisation"),
];

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
    let known = LEAVES.iter().find(|leaf| matches(leaf.pattern, &segments) && (leaf.sweep || !sweep));
    let Some(leaf) = known else {
        let fixed = sweep && LEAVES.iter().any(|leaf| matches(leaf.pattern, &segments));
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
                if task_keys(kind).is_none_or(|keys| keys.allowed.contains(&first)) {
                    out.push(format!("task.{number}.{rest}"));
                }
            }
        } else if let Some(table) = leaf.pattern.strip_suffix(".*") {
            let segments: Vec<&str> = table.split('.').collect();
            for entry in root.get(&segments).and_then(Node::entries).unwrap_or(&[]) {
                out.push(format!("{table}.{}", entry.key));
            }
        } else {
            out.push(leaf.pattern.to_owned());
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

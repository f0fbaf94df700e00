//! The same scenario, seed and version give the same bytes; other work beside does not change them.

use serde_json::Value;

use crate::support::{Folder, items, number, quantity};

/// Both noises, all tasks, and a step that does not depend on what else there is.
const STUDY: &str = r#"
[potential]
expression = "h*((x/w)^2 - 1)^2 + k*x"
parameters = { h = 0.2, w = 1.0, k = 0.02 }
[scheme]
kind = "splitting"
step = 0.01
[ensemble]
paths = 150
seed = 11
[[task]]
kind = "exit"
start = "minimum:1"
domain = "basin"
survival_times = [2.0]
landing = [[0.0, 0.5]]
[[task]]
kind = "transition"
[[task]]
kind = "path"
start = -1.0
end_time = 5.0
count = 2
[sweep]
noise = [{ kind = "brownian", epsilon = 0.5 }, { kind = "stable", alpha = 1.5, epsilon = 0.3 }]
"potential.parameters.h" = [0.2, 0.3]
[output]
formats = ["svg"]
"#;

#[test]
fn the_number_of_threads_changes_nothing() {
    let folder = Folder::with_scenario(STUDY);
    for threads in ["1", "2", "5"] {
        folder.summary_in(threads, &["--threads", threads]);
        assert_eq!(folder.json(&format!("{threads}/timing.json"))["threads"].to_string(), threads);
    }
    for name in ["summary.json", "exits.parquet", "scenario.toml"] {
        let one = folder.bytes(&format!("1/{name}"));
        for threads in ["2", "5"] {
            assert!(folder.bytes(&format!("{threads}/{name}")) == one, "{name} with {threads} threads");
        }
    }
    assert_eq!(items(&folder.json("1/summary.json")["points"]).len(), 4);
}

#[test]
fn the_number_of_threads_does_not_change_how_many_paths_an_error_takes() {
    let text = STUDY.replace("paths = 150", "relative_error = 0.2").replace("[0.2, 0.3]", "[0.2]");
    let folder = Folder::with_scenario(&text);
    for threads in ["1", "2"] {
        folder.summary_in(threads, &["--threads", threads]);
    }
    for name in ["summary.json", "exits.parquet"] {
        assert!(folder.bytes(&format!("1/{name}")) == folder.bytes(&format!("2/{name}")), "{name}");
    }
}

#[test]
fn the_seed_decides() {
    let folder = Folder::with_scenario(STUDY);
    let first = folder.summary_in("first", &[]);
    let again = folder.summary_in("again", &["--set", "ensemble.seed=11"]);
    let other = folder.summary_in("other", &["--set", "ensemble.seed=12"]);
    assert_eq!(folder.bytes("first/summary.json"), folder.bytes("again/summary.json"));
    assert_eq!(first, again);
    for (a, b) in estimates(&first).iter().zip(estimates(&other)) {
        assert_ne!(*a, b);
    }
    assert!(folder.bytes("first/exits.parquet") != folder.bytes("other/exits.parquet"));
}

#[test]
fn points_and_tasks_have_their_own_numbers() {
    // The left and the right well mirror each other, and each task has the same question: had two of
    // them the same random numbers, two means would be equal.
    let text = STUDY.replace("k = 0.02", "k = 0.0").replace("[0.2, 0.3]", "[0.2]").replace(
        "[[task]]\nkind = \"path\"",
        "[[task]]\nkind = \"exit\"\nstart = \"minimum:1\"\ndomain = \"basin\"\n[[task]]\nkind = \"path\"",
    );
    let summary = Folder::with_scenario(&text).summary(&["--set", "sweep.ensemble.max_time=[1e3, 1e4]"]);
    let means: Vec<f64> = estimates(&summary);
    assert_eq!(means.len(), 16);
    for (index, mean) in means.iter().enumerate() {
        assert!(!means[..index].contains(mean), "{means:?}");
    }
}

#[test]
fn a_later_task_leaves_the_earlier_ones_alone() {
    let more = "[[task]]\nkind = \"exit\"\nstart = 0.5\ndomain = [0.0, 3.0]\n[sweep]";
    let short = Folder::with_scenario(STUDY).summary(&[]);
    let long = Folder::with_scenario(&STUDY.replace("[sweep]", more)).summary(&[]);
    for (short, long) in items(&short["points"]).iter().zip(items(&long["points"])) {
        let [short, long] = [short, long].map(|point| alone(&point["results"]));
        let [short, long] = [items(&short), items(&long)];
        assert!(long.len() > short.len());
        assert_eq!(short, &long[..short.len()]);
    }
}

#[test]
fn a_later_sweep_value_leaves_the_earlier_ones_alone() {
    let folder = Folder::with_scenario(&STUDY.replace("\"potential.parameters.h\" = [0.2, 0.3]", ""));
    let short = folder.summary(&[]);
    let noise =
        "noise = [{ kind = \"brownian\", epsilon = 0.5 }, { kind = \"stable\", alpha = 1.5, epsilon = 0.3 }";
    let text = folder
        .text("s.toml")
        .replace(noise, &format!("{noise}, {{ kind = \"stable\", alpha = 1, epsilon = 0.3 }}"));
    let long = Folder::with_scenario(&text).summary(&[]);
    let [short, long] = [&short, &long].map(|summary| alone(&summary["points"]));
    let [short, long] = [items(&short), items(&long)];
    assert_eq!((short.len(), long.len()), (2, 3));
    assert_eq!(short, &long[..2]);
}

/// Without what is said of a result among all comparisons of its run: that depends on how many there are.
fn alone(value: &Value) -> Value {
    match value {
        Value::Object(table) => {
            let kept =
                table.iter().filter(|(key, _)| !matches!(key.as_str(), "verdict" | "p_holm" | "words"));
            Value::Object(kept.map(|(key, value)| (key.clone(), alone(value))).collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(alone).collect()),
        other => other.clone(),
    }
}

/// The means of all points and starts.
fn estimates(summary: &Value) -> Vec<f64> {
    ["mean_exit_time", "mean_transition_time"]
        .iter()
        .flat_map(|name| quantity(summary, name))
        .map(|result| number(&result["estimate"]))
        .collect()
}

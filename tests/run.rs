//! What `run` writes, and what it says about runs that did not go well.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Folder, count, items, number, quantity, results};

/// Two tasks on an asymmetric double well, a fraction of a second.
const SMALL: &str = r#"
title = "A small study"
[potential]
expression = "h*((x/w)^2 - 1)^2 + k*x"
parameters = { h = 0.5, w = 1.0, k = 0.1 }
[noise]
kind = "stable"
alpha = 1.5
epsilon = 0.4
[scheme]
step = 0.01
[ensemble]
paths = 100
seed = 7
[[task]]
kind = "exit"
start = "minimum:1"
domain = "basin"
survival_times = [2.0]
landing = [[0.5, "inf"]]
[[task]]
kind = "transition"
delta = 0.1
[[task]]
kind = "path"
start = -1.0
end_time = 5.0
count = 2
[output]
formats = ["svg"]
"#;

/// Free stable motion out of an interval: quick, and with exact values.
const INTERVAL: &str = r#"
[potential]
expression = "0*x"
[noise]
kind = "stable"
alpha = 1.5
epsilon = 1.0
[scheme]
step = 0.01
[ensemble]
paths = 2000
seed = 3
[[task]]
kind = "exit"
start = 0.0
domain = [-1.0, 1.0]
[output]
formats = ["svg"]
"#;

/// A drift that grows faster than linearly, with jumps and a step for which explicit Euler explodes.
const EXPLOSIVE: &str = r#"
[potential]
expression = "x^4/4 - x^2/2"
[noise]
kind = "stable"
alpha = 1.0
epsilon = 1.0
[scheme]
kind = "euler"
step = 0.01
[ensemble]
paths = 500
seed = 1
[[task]]
kind = "transition"
delta = 0.1
[output]
formats = ["svg"]
"#;

/// Requires keys of the given types. `null` may stand for a number that there is not, `or null`.
fn has(value: &Value, keys: &[(&str, &str)]) {
    for (key, kind) in keys {
        let found = value.get(key).unwrap_or_else(|| panic!("no key {key} in {value}"));
        let (kind, may_be_null) = match kind.strip_suffix(" or null") {
            Some(kind) => (kind, true),
            None => (*kind, false),
        };
        let fits = match kind {
            "text" => found.is_string(),
            "table" => found.is_object(),
            "list" => found.is_array(),
            "count" => found.is_u64(),
            "number" => found.is_f64(),
            "extended" => found.is_f64() || matches!(found.as_str(), Some("inf" | "-inf")),
            _ => panic!("{kind}"),
        };
        assert!(fits || may_be_null && found.is_null(), "{key} is {found}, expected {kind}");
    }
}

#[test]
fn a_far_edge_does_not_change_what_happens_near_by() {
    // Nothing ever happens beyond |x| = 1e6: the exit at the saddle must come as from the whole half-line.
    let mean = |lower: &str| {
        let folder = Folder::with_scenario(&format!(
            "[potential]\nexpression = \"x^4/4 - x^2/2\"\n[noise]\nkind = \"stable\"\nalpha = 1.2\nepsilon = 0.3\n\
             [scheme]\nkind = \"splitting\"\nstep = 0.01\n[ensemble]\npaths = 400\n[output]\nformats = [\"svg\"]\n\
             [[task]]\nkind = \"exit\"\nstart = -1.0\ndomain = [{lower}, 0.0]\n"
        ));
        let summary = folder.summary(&[]);
        number(&quantity(&summary, "mean_exit_time")[0]["estimate"])
    };
    let [far, infinite] = ["-1e9", "\"-inf\""].map(mean);
    assert!((far / infinite - 1.0).abs() < 1e-6, "{far} {infinite}");
}

#[test]
fn the_exits_as_csv_on_request() {
    let folder = Folder::with_scenario(
        "[potential]\nexpression = \"0*x\"\n[noise]\nkind = \"stable\"\nalpha = 1.5\nepsilon = 1.0\n\
         [ensemble]\npaths = 25\nmax_time = 1.0\n[output]\nexits_csv = true\nformats = [\"svg\"]\n\
         [[task]]\nkind = \"exit\"\nstart = 0.0\ndomain = [-1.0, 1.0]\n",
    );
    let ended = folder.run(&["run", "s.toml", "--out", "out"]);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let table = folder.text("out/exits.csv");
    let mut lines = table.lines();
    assert!(
        lines
            .next()
            .is_some_and(|header| header.starts_with("point,task,path,start,time,status,exit_position,side"))
    );
    let columns = table.lines().next().map_or(0, |header| header.split(',').count());
    assert_eq!(lines.clone().count(), 25);
    for (path, line) in lines.enumerate() {
        assert!(line.starts_with(&format!("0,0,{path},0,")), "{line}");
        assert_eq!(line.split(',').count(), columns, "{line}");
    }
    // A later run without it leaves no old table behind.
    let again = ["run", "s.toml", "--force", "--out", "out", "--set", "output.exits_csv=false"];
    let ended = folder.run(&again);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(!folder.path("out/exits.csv").exists());
}

#[test]
fn the_summary_has_the_promised_fields() {
    let folder = Folder::with_scenario(SMALL);
    let summary = folder.summary(&[]);
    has(
        &summary,
        &[
            ("levyscape", "text"),
            ("name", "text"),
            ("scenario", "table"),
            ("landscape", "table"),
            ("points", "list"),
            ("verdict", "table"),
            ("warnings", "list"),
        ],
    );
    assert_eq!(summary["levyscape"], env!("CARGO_PKG_VERSION"));
    assert_eq!(summary["name"], "s");
    assert_eq!(summary["scenario"]["noise"]["alpha"], 1.5);
    // Defaults are filled in.
    assert_eq!(summary["scenario"]["task"][1]["from"], "all");
    assert_eq!(summary["scenario"]["task"][0]["landing"], json!([[0.5, "inf"]]));

    let landscape = &summary["landscape"];
    for point in items(&landscape["minima"]).iter().chain(items(&landscape["saddles"])) {
        has(point, &[("x", "number"), ("u", "number"), ("curvature", "number")]);
    }
    assert_eq!((items(&landscape["minima"]).len(), items(&landscape["saddles"]).len()), (2, 1));
    for well in items(&landscape["wells"]) {
        has(
            well,
            &[
                ("minimum", "count"),
                ("left", "extended"),
                ("right", "extended"),
                ("width", "extended"),
                ("depth", "extended"),
                ("width_left", "extended"),
                ("depth_right", "extended"),
            ],
        );
    }
    assert_eq!(landscape["certificate"]["certified"], "interval");
    assert_eq!(landscape["certificate"]["undecided"], json!([]));
    assert_eq!(landscape["minima"][0]["proof"], "unique");
    assert_eq!(landscape["wells"][0]["minimum"], 1);
    assert_eq!(landscape["wells"][0]["left"], "-inf");
    assert_eq!(landscape["wells"][0]["right"], landscape["saddles"][0]["x"]);
    assert_eq!(landscape["wells"][1]["right"], "inf");
    assert_eq!(landscape["wells"][0]["width"], "inf");

    let point = &summary["points"][0];
    assert_eq!(items(&summary["points"]).len(), 1);
    assert_eq!(point["point"], json!({}));
    let generator = items(&point["theory"]["generator"]);
    assert_eq!(generator.len(), 2);
    for row in generator {
        let row: Vec<f64> = items(row).iter().map(number).collect();
        assert!(row.len() == 2 && row.iter().sum::<f64>().abs() < 1e-12, "{row:?}");
    }
    let stationary: f64 = items(&point["theory"]["stationary"]).iter().map(number).sum();
    assert!((stationary - 1.0).abs() < 1e-12);
    for result in items(&point["results"]) {
        has(
            result,
            &[
                ("task", "count"),
                ("kind", "text"),
                ("quantity", "text"),
                ("estimate", "number"),
                ("std_error", "number"),
                ("ci95", "list"),
                ("paths", "count"),
                ("censored", "count"),
                ("diverged", "count"),
                ("steps", "count"),
                ("discretisation_bias", "table or null"),
                ("asymptotic", "number or null"),
                ("exact", "number or null"),
                ("verdict", "table"),
            ],
        );
        has(
            &result["verdict"],
            &[
                ("words", "text"),
                ("z", "number or null"),
                ("p_value", "number or null"),
                ("p_holm", "number or null"),
                ("ci_simultaneous", "list or null"),
                ("ratio_exact", "number or null"),
                ("ratio_theorem", "number or null"),
                ("theorem_over_exact", "number or null"),
                ("theorem_minus_exact", "number or null"),
                ("detectable", "number or null"),
                ("detectable_relative", "number or null"),
            ],
        );
        let bias = &result["discretisation_bias"];
        if !bias.is_null() {
            has(bias, &[("estimate", "number"), ("std_error", "number"), ("method", "text")]);
        }
        let [low, high] = [number(&result["ci95"][0]), number(&result["ci95"][1])];
        assert!(items(&result["ci95"]).len() == 2 && low < high, "{result}");
        assert!((low..=high).contains(&number(&result["estimate"])), "{result}");
        assert_eq!((count(&result["paths"]), count(&result["diverged"])), (100, 0));
        assert!(count(&result["steps"]) > 100);
    }
    let found: Vec<(u64, &str)> = results(&summary)
        .iter()
        .map(|result| (count(&result["task"]), result["quantity"].as_str().unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            (0, "mean_exit_time"),
            (0, "second_moment"),
            (0, "exit_right_probability"),
            (0, "landing_probability"),
            (0, "survival"),
            (1, "mean_transition_time"),
            (1, "transition_probability"),
            (1, "mean_transition_time"),
            (1, "transition_probability"),
        ]
    );
    assert_eq!(quantity(&summary, "landing_probability")[0]["set"], json!([0.5, "inf"]));
    assert_eq!(quantity(&summary, "survival")[0]["t"], 2.0);
    assert_eq!(quantity(&summary, "mean_transition_time")[1]["from"], 2);
    let last = quantity(&summary, "transition_probability")[1];
    assert_eq!((&last["from"], &last["to"]), (&json!(2), &json!(1)));
    assert_eq!(summary["verdict"], json!({"status": "ok", "reasons": []}));
    // One entry a start: the exit, and the transitions from both minima.
    let tests = items(&point["tests"]);
    assert_eq!(tests.len(), 3);
    for test in tests {
        has(
            &test["exponentiality"],
            &[("p_value", "number"), ("squared_variation", "number"), ("words", "text")],
        );
        assert!(number(&test["exponentiality"]["step_over_mean"]) > 0.0, "{test}");
        assert!(test["destinations"].is_null(), "{test}");
    }
}

#[test]
fn the_verdict_compares_with_the_exact_equation() {
    let folder = Folder::with_scenario(INTERVAL);
    let ended = folder.good(&["run", "s.toml"]);
    assert!(ended.stdout.contains("agrees"), "{}", ended.stdout);
    let summary = folder.json("output/s/summary.json");
    let verdict = &quantity(&summary, "mean_exit_time")[0]["verdict"];
    assert_eq!(verdict["agrees"], true);
    assert!(number(&verdict["p_holm"]) >= number(&verdict["p_value"]), "{verdict}");
    let comparison = &summary["comparison"];
    assert_eq!(comparison["compared"], comparison["agree"]);
    assert!(count(&comparison["compared"]) > 0, "{comparison}");
    let words = comparison["words"].as_str().unwrap_or_default();
    assert!(words.contains("at the simultaneous 95"), "{words}");
    assert!(ended.stdout.replace('\n', " ").contains(words), "{}", ended.stdout);
}

#[test]
fn a_run_writes_the_promised_files() {
    let folder = Folder::with_scenario(SMALL);
    let ended = folder.good(&["run", "s.toml"]);
    assert!(ended.stdout.contains("report.html"), "{}", ended.stdout);
    assert_eq!(ended.stderr, "");
    let out = "output/s";
    let table = folder.bytes(&format!("{out}/exits.parquet"));
    assert!(table.starts_with(b"PAR1") && table.ends_with(b"PAR1"), "{} bytes", table.len());
    assert!(folder.path(format!("{out}/report.html")).is_file());
    assert!(folder.path(format!("{out}/figures")).is_dir());
    let timing = folder.json(&format!("{out}/timing.json"));
    for key in ["simulation_seconds", "total_seconds"] {
        assert!(number(&timing[key]) > 0.0, "{timing}");
    }
    let names: Vec<String> = folder.listing().iter().map(|(path, _)| path.display().to_string()).collect();
    assert!(names.iter().all(|name| !name.contains("/.")), "unfinished files in {names:?}");

    // The scenario as run is a scenario, and gives the same bytes.
    folder.good(&["run", &format!("{out}/scenario.toml"), "--out", "again"]);
    assert_eq!(folder.text("again/summary.json"), folder.text(&format!("{out}/summary.json")));
    assert_eq!(folder.bytes("again/exits.parquet"), table);
    assert_eq!(folder.text("again/scenario.toml"), folder.text(&format!("{out}/scenario.toml")));
}

#[test]
fn the_scenario_as_run_has_the_overrides_and_the_sweep() {
    let folder = Folder::with_scenario(SMALL);
    let more = ["--set", "sweep.noise.epsilon=[0.5, 0.4]", "--set", "ensemble.paths=20", "--set", "name=b"];
    folder.summary(&more);
    folder.good(&["run", "out/scenario.toml", "--out", "again"]);
    assert_eq!(folder.text("again/summary.json"), folder.text("out/summary.json"));
    let summary = folder.json("out/summary.json");
    let points: Vec<&Value> = items(&summary["points"]).iter().map(|point| &point["point"]).collect();
    assert_eq!(points, [&json!({"noise.epsilon": 0.5}), &json!({"noise.epsilon": 0.4})]);
    assert_eq!((&summary["name"], count(&results(&summary)[0]["paths"])), (&json!("b"), 20));
    // The report says which bytes and which command.
    let hash = Sha256::digest(folder.bytes("out/scenario.toml"));
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let command = "levyscape run s.toml --set &#39;sweep.noise.epsilon=[0.5, 0.4]&#39; --set ensemble.paths=20 --set name=b";
    let line = format!("levyscape {}, seed 7, scenario.toml sha256:{hash}, ", env!("CARGO_PKG_VERSION"));
    let page = folder.text("out/report.html");
    assert!(page.contains(&line), "{line}");
    assert!(page.contains(command) || page.contains(&command.replace("&#39;", "'")), "{command}");
}

#[test]
fn a_second_run_replaces_the_first() {
    let folder = Folder::with_scenario(SMALL);
    let fresh = folder.summary_in("fresh", &["--set", "ensemble.seed=8"]);
    let first = folder.summary(&["--set", "sweep.noise.epsilon=[0.5, 0.4]"]);
    // A figure that this run does not have, and a drawing of the user's own.
    let description =
        folder.text("out/figures/landscape.json").replace("\"landscape\"", "\"of_another_run\"");
    folder.write("out/figures/of_another_run.json", description);
    for name in ["of_another_run.svg", "of_another_run.tex", "my_own.svg", "data.json"] {
        folder.write(&format!("out/figures/{name}"), "<svg/>");
    }
    folder.write("out/notes.txt", "mine");
    assert_eq!(folder.summary(&["--set", "ensemble.seed=8"]), fresh);
    assert_ne!(first, fresh);
    assert_eq!(folder.bytes("out/exits.parquet"), folder.bytes("fresh/exits.parquet"));
    for (name, stays) in [
        ("of_another_run.json", false),
        ("of_another_run.svg", false),
        ("of_another_run.tex", false),
        ("my_own.svg", true),
        ("data.json", true),
    ] {
        assert_eq!(folder.path(format!("out/figures/{name}")).exists(), stays, "{name}");
    }
    assert_eq!(folder.text("out/notes.txt"), "mine");
}

#[test]
fn a_bad_scenario_leaves_an_earlier_run_alone() {
    let folder = Folder::with_scenario(SMALL);
    folder.summary(&[]);
    let before = folder.listing();
    assert_eq!(folder.run(&["run", "s.toml", "--out", "out", "--set", "noise.alpha=3"]).status, Some(2));
    assert_eq!(folder.listing(), before);
}

#[test]
fn censored_paths_are_counted_and_said() {
    let folder = Folder::with_scenario(SMALL);
    let summary = folder.summary(&["--set", "ensemble.max_time=4"]);
    for mean in ["mean_exit_time", "mean_transition_time"].map(|name| quantity(&summary, name)[0]) {
        let censored = count(&mean["censored"]);
        assert!((51..100).contains(&censored), "{mean}");
        assert!(number(&mean["estimate"]) > 4.0 && number(&mean["std_error"]) > 0.0);
        // Time at risk over exits, give or take the step correction.
        let exits = (100 - censored) as f64;
        let [low, high] = [censored as f64 * 4.0 / exits, 100.0 * 4.0 / exits];
        let uncorrected = number(&mean["discretisation_bias"]["fine"]);
        assert!((low..high).contains(&uncorrected), "{uncorrected} in {low}..{high}");
    }
    for place in ["task 0", "task 1, from minimum 1", "task 1, from minimum 2"] {
        let said = |warning: &Value| {
            let warning = warning.as_str().unwrap();
            warning.starts_with(&format!("{place}: ")) && warning.contains("of 100 paths were still running")
        };
        assert!(items(&summary["warnings"]).iter().any(said), "{}", summary["warnings"]);
    }
    assert_eq!(summary["verdict"]["status"], "ok");
}

#[test]
fn no_exit_at_all_is_no_number() {
    let folder = Folder::with_scenario(SMALL);
    let more = [
        "--set",
        "ensemble.max_time=0.02",
        "--set",
        "task.0.survival_times=[0.01]",
        "--set",
        "noise.epsilon=1e-3",
        "--strict",
    ];
    let summary = folder.summary(&more);
    for name in ["mean_exit_time", "second_moment", "exit_right_probability", "mean_transition_time"] {
        for result in quantity(&summary, name) {
            for key in ["estimate", "std_error", "ci95", "discretisation_bias"] {
                assert!(result[key].is_null(), "{key}: {result}");
            }
            assert_eq!((count(&result["paths"]), count(&result["censored"])), (100, 100));
        }
    }
    // That nobody has left by then is known.
    assert_eq!(number(&quantity(&summary, "survival")[0]["estimate"]), 1.0);
    let warnings = summary["warnings"].to_string();
    assert!(warnings.contains("no path ended") && warnings.contains("the mean exceeds"), "{warnings}");
}

#[test]
fn explosions_fail_the_run() {
    // 500 paths from each minimum, each exploding with probability above 0.05 (theory for Euler: rate
    // 2/pi * sqrt(h/2) = 0.045 over a mean time above 3): none at all has probability below 1e-10.
    let folder = Folder::with_scenario(EXPLOSIVE);
    let run = ["run", "s.toml", "--out", "out"];
    let ended = folder.good(&run);
    let summary = folder.json("out/summary.json");
    for mean in quantity(&summary, "mean_transition_time") {
        let [diverged, censored] = [count(&mean["diverged"]), count(&mean["censored"])];
        assert!((5..250).contains(&diverged), "{mean}");
        assert_eq!(censored, 0);
        assert_eq!(mean["paths"], 500);
        assert!(number(&mean["estimate"]) > 0.0);
    }
    assert_eq!(summary["verdict"]["status"], "failed");
    let reasons = items(&summary["verdict"]["reasons"]);
    assert_eq!(reasons.len(), 2);
    for (reason, line) in reasons.iter().zip(ended.stderr.lines()) {
        let reason = reason.as_str().unwrap();
        assert!(reason.contains("left the finite numbers under scheme euler"), "{reason}");
        assert_eq!(line, format!("FAILED: {reason}"));
    }
    let strict = folder.run(&[&run[..], &["--strict", "--force"]].concat());
    assert_eq!(strict.status, Some(1), "{}", strict.stderr);
    assert!(folder.path("out/summary.json").is_file() && strict.stderr.contains("FAILED"));

    let summary = folder.summary(&["--set", "scheme.kind=auto", "--strict"]);
    assert_eq!(summary["points"][0]["scheme"]["kind"], "splitting");
    assert!(results(&summary).iter().all(|result| result["diverged"] == 0));
    assert_eq!(summary["verdict"]["status"], "ok");
}

#[test]
fn explosions_that_look_like_exits_fail_the_run() {
    // A finite but wide domain: an exploding path leaves it on the way to infinity. The mean exit time
    // is about 1600; explicit Euler finds 30.
    let exit = "kind = \"exit\"\nstart = 0.0\ndomain = [-1e3, 1e3]";
    let text = EXPLOSIVE.replace("kind = \"transition\"\ndelta = 0.1", exit);
    let folder = Folder::with_scenario(&text);
    let ended = folder.run(&["run", "s.toml", "--out", "out", "--strict"]);
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.starts_with("FAILED: task 0: about"), "{}", ended.stderr);
    let summary = folder.json("out/summary.json");
    assert_eq!(
        (&summary["verdict"]["status"], results(&summary)[0]["diverged"].as_u64()),
        (&json!("failed"), Some(0))
    );
    // Where the domain ends before the drift step overshoots, at sqrt(2/h) = 14, Euler is sound.
    assert_eq!(folder.summary(&["--set", "task.0.domain=[-10, 10]"])["verdict"]["status"], "ok");
    // Many paths see what few do not.
    let left = ["--set", "task.0.domain=[\"-inf\", 1]", "--set", "scheme.step=1e-3", "--set"];
    for (paths, status) in [("ensemble.paths=10", "ok"), ("ensemble.paths=2000", "failed")] {
        assert_eq!(folder.summary(&[&left[..], &[paths]].concat())["verdict"]["status"], status, "{paths}");
    }
}

#[test]
fn a_relative_error_is_reached() {
    let folder = Folder::with_scenario(&INTERVAL.replace("paths = 2000", "relative_error = 0.05"));
    let summary = folder.summary(&[]);
    let mean = quantity(&summary, "mean_exit_time")[0];
    let half_width = (number(&mean["ci95"][1]) - number(&mean["ci95"][0])) / 2.0;
    // The error is one standard deviation's worth of the interval.
    assert!(half_width <= 1.96 * 0.05 * number(&mean["estimate"]), "{mean}");
    assert!(count(&mean["paths"]) < 20_000, "{mean}");
    let finer = folder.summary(&["--set", "ensemble.relative_error=0.02", "--set", "scheme.step=0.002"]);
    assert!(count(&quantity(&finer, "mean_exit_time")[0]["paths"]) > count(&mean["paths"]));
    assert!(!finer["warnings"].to_string().contains("was not reached"), "{}", finer["warnings"]);
}

#[test]
fn a_sweep_takes_whole_noises() {
    let sweep = "[sweep]\nnoise = [{ kind = \"brownian\", epsilon = 0.5 }, \
                 { kind = \"stable\", alpha = 1.5, epsilon = 0.2 }]\n";
    let noise = "[noise]\nkind = \"stable\"\nalpha = 1.5\nepsilon = 0.4\n";
    let folder = Folder::with_scenario(&format!("{}{sweep}", SMALL.replace(noise, "")));
    let summary = folder.summary(&["--set", "potential.parameters.h=0.2"]);
    let points = items(&summary["points"]);
    assert_eq!(points.len(), 2);
    assert_eq!(points[0]["point"], json!({"noise": {"kind": "brownian", "epsilon": 0.5}}));
    assert_eq!(points[1]["point"], json!({"noise": {"kind": "stable", "alpha": 1.5, "epsilon": 0.2}}));
    for (point, noise, theory) in
        [(&points[0], "brownian", "eyring_kramers"), (&points[1], "stable", "pavlyukevich")]
    {
        assert_eq!((&point["noise"]["kind"], &point["theory"]["kind"]), (&json!(noise), &json!(theory)));
        assert!(number(&point["results"][0]["estimate"]) > 0.0);
    }
    // Quadrature knows the Brownian mean.
    let mean = &points[0]["results"][0];
    let distance = number(&mean["estimate"]) - number(&mean["exact"]);
    assert!(distance.abs() < 6.0 * number(&mean["std_error"]), "{mean}");
    assert!(summary.get("landscape").is_some());
}

#[test]
fn a_landscape_that_the_sweep_changes_is_at_the_points() {
    let folder = Folder::with_scenario(SMALL);
    let summary = folder.summary(&[
        "--set",
        "sweep.potential.parameters.w=[0.8, 1.2]",
        "--set",
        "ensemble.paths=20",
        "--set",
        "ensemble.max_time=50",
    ]);
    assert!(summary.get("landscape").is_none());
    let left: Vec<f64> =
        items(&summary["points"]).iter().map(|point| number(&point["landscape"]["minima"][0]["x"])).collect();
    assert!((left[0] + 0.8).abs() < 0.1 && (left[1] + 1.2).abs() < 0.1, "{left:?}");
}

#[test]
fn the_edges_of_alpha_are_ordinary() {
    let folder = Folder::with_scenario(INTERVAL);
    let summary = folder.summary(&["--set", "sweep.noise.alpha=[1, 1.000000000001, 2, 1.999999999999, 0.3]"]);
    for result in results(&summary) {
        for key in ["estimate", "std_error"] {
            number(&result[key]);
        }
    }
    // Getoor's formula holds for all of them but 2 itself, which is Brownian motion with twice the
    // variance: E T = 1/2. Five standard errors: a false alarm has probability 6e-7.
    let mean = quantity(&summary, "mean_exit_time");
    for (mean, exact) in mean.iter().zip([1.0, 1.0, 0.5, 0.5]) {
        let [low, high] = [number(&mean["ci95"][0]), number(&mean["ci95"][1])];
        let half_width = (high - low) / 2.0;
        let distance = number(&mean["estimate"]) - exact;
        assert!(distance.abs() < 5.0 / 1.96 * half_width, "{mean}");
    }
}

#[test]
fn stable_noise_with_alpha_2_is_brownian_with_twice_the_variance() {
    let folder = Folder::with_scenario(INTERVAL);
    let more = ["--set", "ensemble.paths=10000", "--set", "task.0.start=0.3"];
    let stable = [&more[..], &["--set", "noise.alpha=2", "--set", "noise.epsilon=0.5"]].concat();
    let brownian =
        [&more[..], &["--set", "noise.kind=brownian", "--set", "noise.epsilon=0.7071067811865476"]].concat();
    let [stable, brownian] = [folder.summary(&stable), folder.summary(&brownian)];
    for name in ["mean_exit_time", "second_moment", "exit_right_probability"] {
        let [a, b] = [&stable, &brownian].map(|summary| {
            let result = quantity(summary, name)[0];
            [number(&result["estimate"]), number(&result["std_error"])]
        });
        // Five combined standard errors: a false alarm has probability 6e-7.
        assert!((a[0] - b[0]).abs() < 5.0 * a[1].hypot(b[1]), "{name}: {a:?} {b:?}");
    }
}

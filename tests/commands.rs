//! The other commands, and what all of them do about closed streams, signals and bad folders.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Folder, items};

const SCENARIO: &str = r#"
title = "Out of the left well"
[potential]
expression = "x^4/4 - x^2/2"
[noise]
kind = "stable"
alpha = 1.5
epsilon = 0.4
[ensemble]
paths = 20
[[task]]
kind = "exit"
start = "minimum:1"
domain = "basin"
[[task]]
kind = "transition"
[output]
formats = ["svg"]
"#;

/// Days of work in one thread or two: a transition that practically does not happen.
const ENDLESS: &str = r#"
[potential]
expression = "50*(x^2 - 1)^2"
[noise]
kind = "brownian"
epsilon = 0.5
[scheme]
step = 1e-4
[ensemble]
paths = 100000
max_time = 1e6
[[task]]
kind = "transition"
"#;

fn scenarios() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

#[test]
fn check_prints_landscape_theory_and_cost_and_writes_nothing() {
    let folder = Folder::with_scenario(SCENARIO);
    let before = folder.listing();
    let ended = folder.good(&["check", "s.toml"]);
    for part in [
        "s: Out of the left well",
        "x^4/4 - x^2/2",
        "minimum 1 at -1.0",
        "minimum 2 at 1.0",
        "depth 0.25",
        "saddle at",
        "(left inf, right 0.25",
        "proved by interval arithmetic: there is no other critical point in [-1048576, 1048576]",
        "wells that the noise leads to: 1 -> 2; 2 -> 1",
        "limit chain (pavlyukevich)",
        "pi [0.500000, 0.500000]",
        "task 0: exit from (-inf, 0) starting at -1",
        "task 1: transition from minimum 2",
        "cost: about",
    ] {
        assert!(ended.stdout.contains(part), "{part} in {}", ended.stdout);
    }
    assert_eq!(folder.listing(), before);
    let brownian = folder.good(&["check", "s.toml", "--set", "noise.kind=brownian"]).stdout;
    assert!(brownian.contains("eyring_kramers"), "{brownian}");
}

#[test]
fn minima_and_saddles_of_the_plane_are_printed_and_written() {
    let folder = Folder::with_scenario(
        "potential = { expression = \"(x^2 - 1)^2/4 + y^2/2\", variables = [\"x\", \"y\"] }\n\
         noise = { kind = \"stable\", alpha = 1.5, epsilon = 0.1 }\nensemble = { paths = 10 }\n\
         scheme = { step = 0.05 }\noutput = { formats = [\"svg\"] }\n\
         [[task]]\nkind = \"exit\"\nstart = [-1.0, 0.0]\ndomain = \"basin\"\n",
    );
    let printed = folder.good(&["check", "s.toml"]).stdout;
    for part in [
        "minimum 1 at (-1.000000, 0.000000)",
        "minimum 2 at (1.000000, 0.000000)",
        "saddle at (0.000000, 0.000000): U = 0.250000, eigenvalues (-1.000000, 1.000000); down to 1 and 2",
        "are those that the drift on the faces of the window asks for",
        // c_1.5/1.5 epsilon^1.5, as on the line: the separatrix is at distance 1.
        "Q  [-6.3078",
    ] {
        assert!(printed.contains(part), "{part} in {printed}");
    }
    let landscape = &folder.summary(&[])["landscape"];
    assert_eq!(landscape["minima"][1]["x"], json!([1.0, 0.0]));
    assert_eq!(landscape["saddles"][0]["minima"], json!([1, 2]));
    let windowed = folder.good(&["check", "s.toml", "--set", "landscape.window=[[0.5, 2], [-1, 1]]"]).stdout;
    assert!(windowed.contains("minimum 1 at (1.000000") && !windowed.contains("saddle"), "{windowed}");
    let ended = folder.run(&["check", "s.toml", "--set", "landscape.window=[0, 1]"]);
    assert_eq!(ended.status, Some(2));
    assert!(ended.stderr.contains("the window needs 2 intervals"), "{}", ended.stderr);
}

#[test]
fn a_new_scenario_is_checked_and_run() {
    let folder = Folder::new();
    let ended = folder.good(&["new", "first"]);
    assert!(ended.stdout.contains("first.toml"), "{}", ended.stdout);
    folder.good(&["check", "first.toml"]);
    folder.good(&["run", "first.toml", "--set", "ensemble.paths=50", "--set", "output.formats=[\"svg\"]"]);
    assert_eq!(folder.json("output/first/summary.json")["name"], "first");
}

#[test]
fn a_new_scenario_overwrites_nothing() {
    let folder = Folder::new();
    folder.write("mine.toml", "# mine");
    let ended = folder.run(&["new", "mine"]);
    assert_eq!(ended.status, Some(2));
    assert!(ended.stderr.contains("mine.toml is there already"), "{}", ended.stderr);
    assert_eq!(folder.text("mine.toml"), "# mine");
}

#[test]
fn plot_draws_a_run_again() {
    let folder = Folder::with_scenario(SCENARIO);
    let summary = folder.summary(&[]);
    let before = folder.listing();
    // Spoilt figures come back as they were.
    let drawn = || before.iter().filter(|(path, _)| path.extension().is_some_and(|kind| kind == "svg"));
    let figures: Vec<_> = drawn().map(|(path, _)| fs::read(folder.path(path)).unwrap()).collect();
    drawn().for_each(|(path, _)| fs::write(folder.path(path), "spoilt").unwrap());
    folder.good(&["plot", "out"]);
    for ((path, _), figure) in drawn().zip(figures) {
        assert!(fs::read(folder.path(path)).unwrap() == figure, "{}", path.display());
    }
    assert_eq!(folder.json("out/summary.json"), summary);
    assert_eq!(folder.listing(), before);
    fs::create_dir(folder.path("empty")).unwrap();
    for no_run in ["empty", "nowhere", "s.toml", "out/figures"] {
        let ended = folder.run(&["plot", no_run]);
        assert_eq!(ended.status, Some(2), "{no_run}: {}", ended.stderr);
        assert!(
            ended.stderr.contains(no_run) && ended.stderr.contains("no finished run"),
            "{}",
            ended.stderr
        );
    }
    assert_eq!(folder.listing().len(), before.len() + 1);
}

#[test]
fn list_names_what_there_is() {
    let text = Folder::new().good(&["list"]).stdout;
    let words: Vec<&str> = text.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    for name in
        ["brownian", "stable", "auto", "euler", "splitting", "exit", "transition", "path", "plain", "svg"]
    {
        assert!(words.contains(&name), "{name} in {text}");
    }
}

#[test]
fn help_and_version_are_no_errors() {
    let folder = Folder::new();
    let help = folder.good(&["--help"]).stdout;
    for command in ["run", "check", "plot", "new", "list"] {
        assert!(help.contains(command), "{command} in {help}");
    }
    assert_eq!(folder.good(&["--version"]).stdout, concat!("levyscape ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_quiet_run_says_nothing() {
    let folder = Folder::with_scenario(SCENARIO);
    let ended = folder.good(&["run", "s.toml", "--quiet"]);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", ""));
    assert!(folder.path("output/s/summary.json").is_file());
    // Errors are said.
    let ended = folder.run(&["run", "s.toml", "--quiet", "--set", "noise.alpha=3"]);
    assert!(ended.status == Some(2) && ended.stderr.contains("--set:1:13"));
}

#[test]
fn a_closed_stream_is_no_failure() {
    let folder = Folder::with_scenario(SCENARIO);
    folder.good(&["run", "s.toml", "--out", "done"]);
    for (arguments, status) in [
        (&["list"][..], 0),
        (&["--help"], 0),
        (&["check", "s.toml"], 0),
        (&["new", "n"], 0),
        (&["plot", "done"], 0),
        (&["run", "s.toml"], 0),
        (&["plot", "nowhere"], 2),
        (&["check", "nothing.toml"], 2),
        (&["run", "s.toml", "--set", "noise.alpha=3"], 2),
    ] {
        // Nobody reads these pipes from the first byte on.
        let closed = || std::io::pipe().unwrap().1;
        let mut child = folder.command(arguments).stdout(closed()).stderr(closed()).spawn().unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(status), "{arguments:?}");
    }
    assert!(folder.path("output/s/summary.json").is_file());
}

#[test]
fn an_output_folder_that_is_a_file_is_named() {
    let folder = Folder::with_scenario(SCENARIO);
    folder.write("out", "mine");
    let before = folder.listing();
    for out in ["out", "out/deeper"] {
        let ended = folder.run(&["run", "s.toml", "--out", out]);
        assert_eq!(ended.status, Some(1), "{}", ended.stderr);
        assert!(ended.stderr.starts_with("Error: cannot make the folder out"), "{}", ended.stderr);
        assert!(!ended.stderr.contains("panicked"));
    }
    assert_eq!(folder.listing(), before);
    assert_eq!(folder.text("out"), "mine");
}

#[test]
fn results_may_go_to_any_folder() {
    let folder = Folder::with_scenario(SCENARIO);
    for out in [".", "deep/er/"] {
        folder.good(&["run", "s.toml", "--out", out]);
        assert!(folder.path(out).join("summary.json").is_file(), "{out:?}");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_run_and_keeps_a_checkpoint() {
    let folder = Folder::with_scenario(ENDLESS);
    let mut child =
        folder.command(&["run", "s.toml", "--out", "out"]).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while !folder.path("out/checkpoint/manifest.json").is_file() {
        assert!(begun.elapsed() < Duration::from_secs(30), "the run did not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(500));
    assert!(child.try_wait().unwrap().is_none(), "the run has ended by itself");
    let sent = Instant::now();
    let kill = std::process::Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status();
    assert!(kill.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert!(sent.elapsed() < Duration::from_secs(2), "{:?}", sent.elapsed());
    assert_eq!(output.status.code(), Some(130));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("levyscape resume out") && !stderr.contains("panicked"), "{stderr}");
    let files: Vec<_> =
        folder.listing().into_iter().filter(|(path, _)| folder.path(path).is_file()).collect();
    assert!(files.iter().all(|(path, _)| path.starts_with("s.toml") || path.starts_with("out/checkpoint")));
    assert!(!files.iter().any(|(path, _)| path.to_string_lossy().contains(".levyscape-")), "{files:?}");
}

#[test]
fn every_scenario_of_the_project_is_good_and_runs() {
    let folder = Folder::new();
    for path in scenarios() {
        let file = path.to_str().unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        folder.good(&["check", file]);
        let short = ["ensemble.paths=20", "ensemble.max_time=20", "output.formats=[\"svg\"]"];
        let mut arguments = vec!["run", file, "--out", name, "--quiet"];
        arguments.extend(short.iter().flat_map(|text| ["--set", text]));
        folder.good(&arguments);
        let summary = folder.json(&format!("{name}/summary.json"));
        assert_eq!(summary["verdict"]["status"], "ok", "{name}");
        let results = |point: &Value| items(&point["results"]).len();
        assert!(items(&summary["points"]).iter().all(|point| results(point) > 0), "{name}");
    }
}

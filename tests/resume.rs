//! A killed run goes on to the same bytes; shards join to the same bytes; what is there is not lost.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{Folder, count, items, number, quantity};

/// Some seconds of work at several points, tasks and starts, with a checkpoint every 20 ms.
const STUDY: &str = r#"
[potential]
expression = "h*((x/w)^2 - 1)^2 + k*x"
parameters = { h = 0.25, w = 1.0, k = 0.02 }
[scheme]
kind = "splitting"
step = 0.002
[ensemble]
paths = 1500
seed = 5
checkpoint_every = "20ms"
[[task]]
kind = "exit"
start = "minimum:1"
domain = "basin"
survival_times = [2.0]
landing = [[0.0, 0.5]]
[[task]]
kind = "transition"
[sweep]
noise = [{ kind = "brownian", epsilon = 0.5 }, { kind = "stable", alpha = 1.5, epsilon = 0.3 }]
[output]
formats = ["svg"]
exits_csv = true
"#;

const FILES: [&str; 5] = ["summary.json", "exits.parquet", "exits.csv", "scenario.toml", "report.html"];

fn assert_same(folder: &Folder, a: &str, b: &str) {
    for name in FILES {
        assert!(
            folder.bytes(&format!("{a}/{name}")) == folder.bytes(&format!("{b}/{name}")),
            "{a}/{name} and {b}/{name} differ"
        );
    }
    let files = |of: &str| {
        let all = folder.listing().into_iter();
        all.filter_map(|(path, size)| {
            let path = path.strip_prefix(of).ok()?.to_owned();
            (path != std::path::Path::new("timing.json")).then_some((path, size))
        })
        .collect::<Vec<_>>()
    };
    assert_eq!(files(a), files(b));
}

/// Starts a run or goes on with it, kills it after the time unless it ends before; whether it has ended.
fn kill_after(folder: &Folder, arguments: &[&str], time: Duration) -> bool {
    let mut child = folder.command(arguments).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while begun.elapsed() < time {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{arguments:?}: {status}");
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    // SIGKILL: nothing can be tidied up.
    child.kill().unwrap();
    let _ = child.wait();
    false
}

/// Kills a run `times` times at moments spread over its length, then lets it end.
fn kill_and_resume(times: u32, seed: u64) {
    let folder = Folder::with_scenario(STUDY);
    let begun = Instant::now();
    folder.good(&["run", "s.toml", "--out", "whole", "--threads", "2"]);
    let length = begun.elapsed();
    let mut state = seed;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1_u64 << 24) as f64
    };
    let mut kills = 0;
    for turn in 0..times {
        let out = format!("killed{turn}");
        let mut ended =
            kill_after(&folder, &["run", "s.toml", "--out", &out], length.mul_f64(1.05 * uniform()));
        kills += u32::from(!ended);
        // Now and then a second kill, of the run that goes on.
        if !ended && turn % 2 == 0 && folder.path(format!("{out}/checkpoint/manifest.json")).is_file() {
            ended = kill_after(&folder, &["resume", &out], length.mul_f64(uniform()));
            kills += u32::from(!ended);
        }
        if !ended {
            if folder.path(format!("{out}/checkpoint/manifest.json")).is_file() {
                folder.good(&["resume", &out, "--quiet"]);
            } else if !folder.path(format!("{out}/summary.json")).is_file() {
                // Killed before there was anything to keep.
                folder.good(&["run", "s.toml", "--out", &out, "--quiet"]);
            }
        }
        assert_same(&folder, "whole", &out);
    }
    assert!(kills > 0, "every run was over before its kill");
}

#[test]
fn a_killed_run_goes_on_to_the_same_bytes() {
    kill_and_resume(4, 1);
}

/// Twenty moments, as the acceptance list has it.
#[test]
#[ignore = "takes minutes"]
fn twenty_kills_at_random_moments() {
    kill_and_resume(20, 2);
}

#[test]
fn three_shards_join_to_the_whole_one_of_them_killed_and_redone() {
    let folder = Folder::with_scenario(STUDY);
    folder.good(&["run", "s.toml", "--out", "whole"]);
    for k in ["1", "3"] {
        let shard = format!("{k}/3");
        folder.good(&["run", "s.toml", "--out", &format!("s{k}"), "--shard", &shard]);
    }
    let merge = ["merge", "s3", "s1", "s2", "--out", "joined"];
    assert!(!kill_after(
        &folder,
        &["run", "s.toml", "--out", "s2", "--shard", "2/3"],
        Duration::from_millis(150)
    ));
    let refused = folder.run(&merge);
    assert_eq!(refused.status, Some(2), "{}", refused.stderr);
    // Redone from what it has, or, where it had nothing yet, from the beginning.
    if folder.path("s2/checkpoint/manifest.json").is_file() {
        folder.good(&["resume", "s2"]);
    } else {
        folder.good(&["run", "s.toml", "--out", "s2", "--shard", "2/3"]);
    }
    let missing = folder.run(&["merge", "s1", "s2", "--out", "joined"]);
    assert_eq!(missing.status, Some(2));
    assert!(missing.stderr.contains("3/3"), "{}", missing.stderr);
    let twice = folder.run(&["merge", "s1", "s1", "s2", "s3", "--out", "joined"]);
    assert_eq!(twice.status, Some(2), "{}", twice.stderr);
    folder.good(&merge);
    assert_same(&folder, "whole", "joined");
    // The shards are still there, and a finished merge is not written over.
    assert_eq!(folder.run(&merge).status, Some(2));
    let error = folder.run(&[
        "run",
        "s.toml",
        "--shard",
        "1/2",
        "--set",
        "ensemble.relative_error=0.1",
        "--out",
        "t",
    ]);
    assert_eq!(error.status, Some(2));
    assert!(error.stderr.contains("ensemble.paths"), "{}", error.stderr);
    assert!(!folder.path("t").exists());
}

#[test]
fn a_folder_with_a_run_is_not_written_over() {
    let folder = Folder::with_scenario(&STUDY.replace("paths = 1500", "paths = 20"));
    folder.good(&["run", "s.toml", "--out", "out"]);
    let before = folder.listing();
    let again = folder.run(&["run", "s.toml", "--out", "out"]);
    assert_eq!(again.status, Some(2));
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
    assert_eq!(folder.listing(), before);
    let nothing = folder.good(&["resume", "out"]);
    assert!(nothing.stdout.contains("finished"), "{}", nothing.stdout);
    assert_eq!(folder.listing(), before);
    folder.good(&["run", "s.toml", "--out", "out", "--force"]);
    let none = folder.run(&["resume", "."]);
    assert_eq!(none.status, Some(2));
    assert!(none.stderr.contains("no unfinished run"), "{}", none.stderr);
}

#[test]
fn a_damaged_checkpoint_is_said_and_kept() {
    let folder = Folder::with_scenario(STUDY);
    let mut wait = 300;
    loop {
        let ended =
            kill_after(&folder, &["run", "s.toml", "--out", "out", "--force"], Duration::from_millis(wait));
        assert!(!ended, "the run is too short to be killed");
        let journal = folder.path("out/checkpoint/journal.bin");
        if journal.metadata().is_ok_and(|data| data.len() > 5000) {
            break;
        }
        wait += 100;
    }
    let good = folder.bytes("out/checkpoint/journal.bin");
    let mut bad = good.clone();
    bad[3000] ^= 1;
    folder.write("out/checkpoint/journal.bin", &bad);
    let before = folder.listing();
    let damaged = folder.run(&["resume", "out"]);
    assert_eq!(damaged.status, Some(1), "{}", damaged.stderr);
    assert!(
        damaged.stderr.contains("journal.bin") && damaged.stderr.contains("damaged"),
        "{}",
        damaged.stderr
    );
    assert_eq!(folder.listing(), before);
    let scenario = folder.text("out/checkpoint/scenario.toml");
    folder.write("out/checkpoint/journal.bin", &good);
    folder.write("out/checkpoint/scenario.toml", scenario.replace("seed = 5", "seed = 6"));
    let other = folder.run(&["resume", "out"]);
    assert!(other.stderr.contains("another scenario"), "{}", other.stderr);
    folder.write("out/checkpoint/scenario.toml", &scenario);
    folder.good(&["resume", "out", "--quiet"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_and_the_checkpoint_kept() {
    // A limit on the size of files stands in for a full disk.
    let folder = Folder::with_scenario(STUDY);
    let limited = |command: &str| {
        let line = format!("trap '' XFSZ; ulimit -f 100; exec {} {command}", crate::support::PROGRAM);
        let output = std::process::Command::new("sh")
            .args(["-c", &line])
            .current_dir(folder.path(""))
            .output()
            .unwrap();
        crate::support::Ended::new(output)
    };
    let full = limited("run s.toml --out out");
    assert_eq!(full.status, Some(1), "{}", full.stderr);
    assert!(full.stderr.contains("Error") && !full.stderr.contains("panicked"), "{}", full.stderr);
    assert!(!folder.path("out/summary.json").exists());
    folder.good(&["resume", "out", "--quiet"]);
    folder.good(&["run", "s.toml", "--out", "whole", "--quiet"]);
    assert_same(&folder, "whole", "out");
}

#[test]
fn a_path_is_run_again() {
    let folder = Folder::with_scenario(&STUDY.replace("paths = 1500", "paths = 30"));
    folder.good(&["run", "s.toml", "--out", "out"]);
    let csv = folder.text("out/exits.csv");
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let at = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    for (point, task, path) in [("0", "0", "3"), ("1", "0", "17"), ("1", "1", "8"), ("0", "1", "59")] {
        let row = rows
            .iter()
            .find(|row| [at("point"), at("task"), at("path")].map(|k| row[k]) == [point, task, path])
            .unwrap();
        folder.good(&["replay", "out", "--path", path, "--task", task, "--point", point]);
        let name = format!("out/replay/point_{point}_task_{task}_path_{path}");
        assert!(folder.path(format!("{name}_figure.svg")).is_file());
        let text = folder.text(&format!("{name}.csv"));
        assert_eq!(text.lines().next(), Some("t,x"));
        let last: Vec<f64> = text.lines().last().unwrap().split(',').map(|x| x.parse().unwrap()).collect();
        assert_eq!(last[0], row[at("time")].parse::<f64>().unwrap());
        assert_eq!(last[1], row[at("exit_position")].parse::<f64>().unwrap());
        // The point before it is the last place before the exit.
        let before: f64 = text.lines().rev().nth(1).unwrap().split(',').nth(1).unwrap().parse().unwrap();
        assert_eq!(before, row[at("last_position")].parse::<f64>().unwrap());
    }
    for wrong in
        [["--path", "30", "--task", "0"], ["--path", "1", "--task", "7"], ["--path", "60", "--task", "1"]]
    {
        let mut arguments = vec!["replay", "out"];
        arguments.extend(wrong);
        assert_eq!(folder.run(&arguments).status, Some(2), "{wrong:?}");
    }
}

#[test]
fn progress_in_lines_of_json() {
    let folder = Folder::with_scenario(&STUDY.replace("paths = 1500", "paths = 100"));
    let ended = folder.good(&["run", "s.toml", "--out", "out", "--quiet", "--json-progress"]);
    let lines: Vec<serde_json::Value> =
        ended.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!lines.is_empty());
    let last = lines.last().unwrap();
    assert_eq!((count(&last["paths"]), count(&last["paths_wanted"])), (100, 100));
    assert!(number(&last["steps_per_second"]) > 0.0);
    let summary = folder.json("out/summary.json");
    assert_eq!(items(&summary["points"]).len(), 2);
    assert!(quantity(&summary, "mean_exit_time").iter().all(|mean| mean["method"] == "plain"));
}

/// Peak memory in KiB of a run with so many short paths.
#[cfg(target_os = "linux")]
fn peak(folder: &Folder, paths: u64) -> f64 {
    let out = format!("m{paths}");
    let set = format!("ensemble.paths={paths}");
    let mut child = folder
        .command(&["run", "s.toml", "--out", &out, "--set", &set, "--threads", "2", "--quiet"])
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak: f64 = 0.0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(kib) = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()) {
            peak = peak.max(kib);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    peak
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_number_of_paths() {
    let folder = Folder::with_scenario(
        "[potential]\nexpression = \"0*x\"\n[noise]\nkind = \"stable\"\nalpha = 1.5\nepsilon = 1.0\n\
         [scheme]\nkind = \"euler\"\nstep = 0.02\n[[task]]\nkind = \"exit\"\nstart = 0.0\n\
         domain = [-1.0, 1.0]\n[output]\nformats = [\"svg\"]\n",
    );
    // With 3e4 paths the buffers for results in waiting are as full as they get.
    let [few, many] = [30_000, 300_000].map(|paths| peak(&folder, paths));
    assert!(many < 1.2 * few, "{few} KiB with 3e4 paths, {many} with 3e5");
}

//! The task `chain`: wells at times of the limit chain, occupation, generator.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Folder, count, items, number, quantity};

/// Three wells, `U' = 0.2 (x + 2)(x + 0.8) x (x - 1)(x - 2.5)`.
const THREE_WELLS: &str = r#"
[potential]
expression = "0.2*(x^6/6 - 0.14*x^5 - 1.425*x^4 + 1.4*x^3/3 + 2*x^2)"
[noise]
kind = "stable"
alpha = 1.5
epsilon = 0.1
[scheme]
step = 0.02
[ensemble]
paths = 2000
seed = 3
checkpoint_every = "20ms"
[[task]]
kind = "chain"
times = [0.5, 1.0]
[output]
formats = ["svg"]
"#;

#[test]
fn three_wells_are_near_their_limit_chain() {
    let summary = Folder::with_scenario(THREE_WELLS).summary(&[]);
    let point = &items(&summary["points"])[0];
    let rows = quantity(&summary, "chain_probability");
    assert_eq!(rows.len(), 3 * 2 * 3);
    // exp(Q) for Q of the sheet of the theory, to its digits.
    let limit = [[0.8722, 0.0849, 0.0429], [0.2086, 0.6364, 0.1550], [0.0377, 0.0584, 0.9039]];
    let mut sums = [0.0; 3];
    for row in rows.iter().filter(|row| row["t"] == 1.0) {
        let [from, to] = ["from", "to"].map(|key| count(&row[key]) as usize);
        let [estimate, theory, error] = ["estimate", "asymptotic", "std_error"].map(|key| number(&row[key]));
        assert!((theory - limit[from - 1][to - 1]).abs() < 1e-4, "{from} -> {to}: {theory}");
        // At this epsilon the law is up to 0.0348 off.
        assert!((estimate - theory).abs() < 0.0348 + 6.0 * error, "{from} -> {to}: {estimate} {theory}");
        assert!(number(&row["discretisation_bias"]["std_error"]) < 0.02);
        if let Some(exact) = row["exact"].as_f64() {
            assert!((estimate - exact).abs() < 6.0 * error, "{row}");
        }
        assert_eq!((count(&row["paths"]), &row["kind"]), (2000, &Value::from("chain")));
        sums[from - 1] += estimate;
    }
    assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-9), "{sums:?}");
    let off = quantity(&summary, "chain_deviation");
    assert_eq!(off.len(), 2);
    assert!(number(&off[1]["estimate"]) < 0.0348 + 6.0 * number(&off[1]["std_error"]));
    // The wells' masses of the exact stationary law, six standard errors.
    let occupation = quantity(&summary, "occupation");
    for (row, (exact, limit)) in
        occupation.iter().zip([(0.4105, 0.396_52), (0.1485, 0.163_30), (0.4410, 0.440_19)])
    {
        let z = (number(&row["estimate"]) - exact) / number(&row["std_error"]);
        assert!(z.abs() < 6.0, "{row}: {z}");
        assert!((number(&row["asymptotic"]) - limit).abs() < 1e-4 && number(&row["std_error"]) < 0.03);
    }
    // Mean times between cores, 1/(q_i epsilon^alpha), and where to, as the transition task has them at this epsilon: 214,
    // 59.2 and 294 to 1 %, to well 2 from 1 with 0.736, to 1 from 2 with 0.603, to 1 from 3 with 0.320.
    let generator = items(&point["theory"]["generator"]);
    for row in quantity(&summary, "generator_entry") {
        let [from, to] = ["from", "to"].map(|key| count(&row[key]) as usize - 1);
        let (out, first) = [(214.0, 0.736), (59.2, 0.603), (294.0, 0.320)][from];
        let share = if to == usize::from(from == 0) { first } else { 1.0 - first };
        let known = share / out * 0.1_f64.powf(-1.5);
        let z = (number(&row["estimate"]) - known) / number(&row["std_error"]);
        assert!(z.abs() < 6.0, "{row}: {z}");
        assert_eq!(row["asymptotic"], items(&generator[from])[to]);
        let deltas: Vec<f64> =
            items(&row["other_deltas"]).iter().map(|other| number(&other["delta"])).collect();
        assert_eq!((number(&row["delta"]), &deltas[..]), (0.1, &[0.05, 0.2][..]));
        for other in items(&row["other_deltas"]) {
            assert!(number(&other["std_error"]) < 0.5 * number(&row["std_error"]), "{row}");
        }
    }
}

#[test]
fn brownian_paths_count_in_kramers_times() {
    let text = "[potential]\nexpression = \"x^4/4 - x^2/2\"\n[noise]\nkind = \"brownian\"\nepsilon = 0.45\n\
                [ensemble]\npaths = 1000\n[[task]]\nkind = \"chain\"\nfrom = [2]\ntimes = [1.0]\ndelta = 0.2\n\
                [output]\nformats = [\"svg\"]\n";
    let summary = Folder::with_scenario(text).summary(&[]);
    let rows = quantity(&summary, "chain_probability");
    let limit = 0.5 - 0.5 * (-2.0_f64).exp();
    assert!((number(&rows[0]["asymptotic"]) - limit).abs() < 1e-6, "{}", rows[0]);
    // Kramers' formula has an error of the order of D = 0.1.
    assert!((number(&rows[0]["estimate"]) - limit).abs() < 0.1 + 6.0 * number(&rows[0]["std_error"]));
    for row in quantity(&summary, "occupation") {
        assert!((number(&row["estimate"]) - 0.5).abs() < 6.0 * number(&row["std_error"]), "{row}");
    }
    for row in quantity(&summary, "generator_entry") {
        let ratio = number(&row["estimate"]) / number(&row["asymptotic"]);
        assert!((0.6..1.4).contains(&ratio), "{row}");
    }
}

#[test]
fn threads_shards_and_kills_change_nothing() {
    let text = THREE_WELLS.replace("paths = 2000", "paths = 5000");
    let folder = Folder::with_scenario(&text);
    folder.summary_in("whole", &["--threads", "1"]);
    folder.summary_in("three", &["--threads", "3"]);
    let same = |a: &str| {
        for name in ["summary.json", "report.html", "scenario.toml"] {
            assert!(
                folder.bytes(&format!("whole/{name}")) == folder.bytes(&format!("{a}/{name}")),
                "whole/{name} and {a}/{name} differ"
            );
        }
    };
    same("three");
    for k in ["1", "2"] {
        folder.good(&["run", "s.toml", "--out", &format!("s{k}"), "--shard", &format!("{k}/2"), "--quiet"]);
    }
    folder.good(&["merge", "s1", "s2", "--out", "joined"]);
    same("joined");
    let mut kills = 0;
    // Killed once the journal holds something, part of the short paths, all of them.
    for (turn, size) in [100, 200_000, 500_000].into_iter().enumerate() {
        let out = format!("killed{turn}");
        let mut child = folder
            .command(&["run", "s.toml", "--out", &out, "--threads", "1"])
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let journal = folder.path(format!("{out}/checkpoint/journal.bin"));
        while journal.metadata().map_or(0, |data| data.len()) < size && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            let _ = child.wait();
            kills += 1;
            folder.good(&["resume", &out, "--quiet"]);
        }
        same(&out);
    }
    assert!(kills > 0, "every run was over before its kill");
}

#[test]
fn an_error_can_be_asked_for() {
    let text = THREE_WELLS.replace("paths = 2000", "relative_error = 0.02").replace("[0.5, 1.0]", "[0.5]");
    let summary = Folder::with_scenario(&text).summary(&[]);
    for name in ["chain_probability", "occupation"] {
        for row in quantity(&summary, name) {
            let [low, high] = [0, 1].map(|k| number(&row["ci95"][k]));
            assert!((high - low) / 3.92 <= 0.02, "{row}");
        }
    }
}

#[test]
fn what_the_task_cannot_do_is_said() {
    for (change, with, parts) in [
        ("kind = \"chain\"", "kind = \"chain\"\ndelta = 0.8", &["delta = 0.8 is too large", "0.8"][..]),
        ("kind = \"chain\"", "kind = \"chain\"\nfrom = [4]", &["no minimum 4"]),
        ("[0.5, 1.0]", "[1.0, 0.5]", &["does not ascend"]),
        ("[0.5, 1.0]", "[]", &["is empty"]),
        ("[0.5, 1.0]", "[1.0]\nburn_in = -1", &["0 or more"]),
        ("times = [0.5, 1.0]", "", &["missing key `task.0.times`"]),
        ("kind = \"stable\"", "kind = \"tempered_stable\"\nmu = 1.0", &["no limit chain"]),
        ("paths = 2000", "method = \"hazard\"", &["the method hazard does not"]),
        ("step = 0.02", "kind = \"adaptive\"", &["the scheme adaptive does not"]),
        ("2*x^2)", "2*x^2) + 100*x^2", &["needs two minima"]),
    ] {
        let folder = Folder::with_scenario(&THREE_WELLS.replace(change, with));
        let ended = folder.run(&["run", "s.toml", "--out", "out"]);
        assert_eq!(ended.status, Some(2), "{with}: {}", ended.stderr);
        for part in parts {
            assert!(ended.stderr.contains(part), "{with}: {part} in {}", ended.stderr);
        }
        assert!(!folder.path("out").exists());
    }
    let check = Folder::with_scenario(THREE_WELLS).good(&["check", "s.toml"]).stdout;
    assert!(check.contains("chain from minima 1, 2, 3") && check.contains("cost: about"), "{check}");
}

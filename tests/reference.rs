//! Simulated values against exact ones.
//!
//! Each comparison is `z = (estimate - exact) / error` with the error that the program stands behind: a
//! quarter of the width of its 95 % interval, statistical and step error together. Seeds are fixed. A single
//! |z| above 6 (probability 2e-9) or an improbable sum of squares (below 1e-7) fails a test.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const LARGEST_Z: f64 = 6.0;

/// Runs a scenario text and returns the parsed summary.
fn run(name: &str, scenario: &str) -> Value {
    let Ok(folder) = tempfile::tempdir() else { panic!("a temporary folder") };
    let file = folder.path().join(format!("{name}.toml"));
    let out = folder.path().join("out");
    let written = std::fs::write(&file, scenario);
    assert!(written.is_ok(), "{written:?}");
    let run = Command::new(env!("CARGO_BIN_EXE_levyscape"))
        .arg("run")
        .arg(&file)
        .arg("--quiet")
        .arg("--out")
        .arg(&out)
        .output();
    match run {
        Ok(output) if output.status.success() => read(&out.join("summary.json")),
        other => panic!("{name}: {other:?}"),
    }
}

fn read(path: &Path) -> Value {
    let Ok(text) = std::fs::read_to_string(path) else { panic!("{}", path.display()) };
    let Ok(value) = serde_json::from_str(&text) else { panic!("{text}") };
    value
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// z-scores of one table, printed as they come.
#[derive(Default)]
struct Table {
    scores: Vec<f64>,
    text: String,
}

impl Table {
    fn compare(&mut self, what: &str, result: &Value, exact: f64, tolerance: f64) {
        let estimate = number(&result["estimate"]);
        let half = 0.5 * (number(&result["ci95"][1]) - number(&result["ci95"][0])) / 1.96;
        let z = (estimate - exact) / half.hypot(tolerance);
        let bias = result["discretisation_bias"]["estimate"].as_f64().unwrap_or(0.0);
        let _ = writeln!(
            self.text,
            "{what:<44} {estimate:>12.6} +- {half:<10.2e} step bias {bias:>10.2e}  exact {exact:<14.9} z = {z:6.2}"
        );
        self.scores.push(z);
    }

    /// Prints the table, then fails if it is not what chance would give.
    fn judge(self) {
        let n = self.scores.len() as f64;
        let squares: f64 = self.scores.iter().map(|z| z * z).sum();
        println!("{}sum of z^2 = {squares:.1} over {n}", self.text);
        assert!(n > 0.0);
        for (z, line) in self.scores.iter().zip(self.text.lines()) {
            assert!(z.abs() < LARGEST_Z, "{line}");
        }
        // Wilson and Hilferty: (chi^2/n)^(1/3) is nearly normal; 5.2 standard deviations are 1e-7.
        let wilson_hilferty = ((squares / n).cbrt() - (1.0 - 2.0 / (9.0 * n))) / (2.0 / (9.0 * n)).sqrt();
        assert!(wilson_hilferty < 5.2, "sum of squares {squares} over {n}");
    }
}

/// A row of `first_passage.csv`.
struct Row<'a> {
    fields: Vec<&'a str>,
}

impl Row<'_> {
    /// Everything but what is asked for: rows that agree in it are one problem.
    fn problem(&self) -> Vec<&str> {
        self.fields[1..9].to_vec()
    }

    fn scenario(&self, survival: &[&str], sets: &[(String, String)]) -> String {
        let end = |text: &str| match text {
            "inf" | "-inf" => format!("\"{text}\""),
            number => number.to_owned(),
        };
        let [potential, noise, alpha, eps, x0, a, b, targets] = self.problem()[..] else {
            panic!("eight fields")
        };
        let noise = match noise {
            "brownian" => format!("kind = \"brownian\"\nepsilon = {eps}"),
            _ => format!("kind = \"stable\"\nalpha = {alpha}\nepsilon = {eps}"),
        };
        let targets: Vec<String> = targets
            .split(';')
            .filter_map(|target| target.split_once(':'))
            .map(|(lo, hi)| format!("[{lo}, {hi}]"))
            .collect();
        let sets: Vec<String> = sets.iter().map(|(lo, hi)| format!("[{}, {}]", end(lo), end(hi))).collect();
        format!(
            "[potential]\nexpression = \"{potential}\"\n[noise]\n{noise}\n[ensemble]\npaths = 10000\nseed = 7\n[output]\nformats = [\"svg\"]\n\
             [[task]]\nkind = \"exit\"\nstart = {x0}\ndomain = [{}, {}]\ntargets = [{}]\nsurvival_times = [{}]\nlanding = [{}]\n",
            end(a),
            end(b),
            targets.join(", "),
            survival.join(", "),
            sets.join(", ")
        )
    }
}

#[test]
fn reference_values_of_first_passage() {
    let csv = include_str!("data/first_passage.csv");
    let rows: Vec<Row<'_>> =
        csv.lines().skip(1).map(|line| Row { fields: line.split(',').collect() }).collect();
    assert_eq!(rows.len(), 32, "rows of the reference");
    let mut table = Table::default();
    let mut done = 0;
    while done < rows.len() {
        let first = &rows[done];
        let group: Vec<&Row<'_>> =
            rows[done..].iter().take_while(|row| row.problem() == first.problem()).collect();
        let survival: Vec<&str> =
            group.iter().filter(|row| row.fields[9] == "survival").map(|row| row.fields[10]).collect();
        let sets: Vec<(String, String)> = group
            .iter()
            .filter(|row| row.fields[9] == "prob_into")
            .map(|row| (row.fields[11].to_owned(), row.fields[12].to_owned()))
            .collect();
        let summary = run(first.fields[0], &first.scenario(&survival, &sets));
        let Some(results) = summary["points"][0]["results"].as_array() else { panic!("{summary}") };
        for row in &group {
            let quantity = match row.fields[9] {
                "mean" => "mean_exit_time",
                "prob_into" => "landing_probability",
                same => same,
            };
            let Some(result) = results.iter().find(|result| result["quantity"] == quantity) else {
                panic!("no {quantity} in {summary}")
            };
            let parse =
                |k: usize| row.fields[k].parse::<f64>().unwrap_or_else(|_| panic!("{}", row.fields[k]));
            table.compare(
                &format!("{} {} {}", row.fields[0], row.fields[1], quantity),
                result,
                parse(13),
                parse(14),
            );
        }
        done += group.len();
    }
    table.judge();
}

/// The transition times of the double well `U' = x (x + 1)(x - 1.5)`, delta = 0.1, from an independent
/// deterministic solver (relative error below 1e-5; for alpha = 1 and epsilon = 0.03 below 1e-4).
#[test]
fn transition_times_of_the_asymmetric_double_well() {
    let cases = [
        (0.8, 0.1, 19.136_439, 26.378_080),
        (0.8, 0.03, 48.074_342, 66.449_750),
        (1.0, 0.1, 32.061_80, 48.397_85),
        (1.0, 0.03, 105.264_24, 158.322_09),
        (1.5, 0.1, 151.890_175, 288.236_916),
        (1.5, 0.03, 958.1992, 1769.514),
        (1.8, 0.1, 653.25995, 1408.59147),
        (1.8, 0.03, 5980.6292, 12459.2048),
    ];
    let mut table = Table::default();
    for (alpha, epsilon, first, second) in cases {
        let summary = run(
            "double_well",
            &format!(
                "[potential]\nexpression = \"x^4/4 - x^3/6 - 0.75*x^2\"\n[noise]\nkind = \"stable\"\nalpha = {alpha}\nepsilon = {epsilon}\n\
                 [scheme]\nstep = 0.02\n[ensemble]\npaths = 2600\nseed = 11\n[output]\nformats = [\"svg\"]\n[[task]]\nkind = \"transition\"\nfrom = \"all\"\ndelta = 0.1\n"
            ),
        );
        let Some(results) = summary["points"][0]["results"].as_array() else { panic!("{summary}") };
        for (from, exact) in [(1, first), (2, second)] {
            let mean = results
                .iter()
                .find(|result| result["quantity"] == "mean_transition_time" && result["from"] == from);
            let Some(mean) = mean else { panic!("{summary}") };
            assert!(number(&mean["std_error"]) < 0.021 * exact);
            table.compare(&format!("alpha {alpha} eps {epsilon} T^{from}"), mean, exact, 1e-4 * exact);
        }
    }
    table.judge();
}

/// First passages of `x^4/4 - x^2/2` under Brownian noise, from -1 to 0 and to 1, by double quadrature.
#[test]
fn brownian_first_passages_of_the_double_well() {
    let mut table = Table::default();
    for (diffusivity, saddle, minimum) in
        [(0.25, 5.743_44, 14.2777), (0.125, 18.4262, 41.0343), (0.08, 57.4783, 120.006)]
    {
        let epsilon = f64::sqrt(2.0 * diffusivity);
        let summary = run(
            "kramers",
            &format!(
                "[potential]\nexpression = \"x^4/4 - x^2/2\"\n[noise]\nkind = \"brownian\"\nepsilon = {epsilon}\n[ensemble]\npaths = 10000\nseed = 3\n[output]\nformats = [\"svg\"]\n\
                 [[task]]\nkind = \"exit\"\nstart = -1.0\ndomain = [\"-inf\", 0.0]\n[[task]]\nkind = \"exit\"\nstart = -1.0\ndomain = [\"-inf\", 1.0]\n"
            ),
        );
        let Some(results) = summary["points"][0]["results"].as_array() else { panic!("{summary}") };
        for (task, exact) in [(0, saddle), (1, minimum)] {
            let mean = results
                .iter()
                .find(|result| result["quantity"] == "mean_exit_time" && result["task"] == task);
            let Some(mean) = mean else { panic!("{summary}") };
            assert!(number(&mean["std_error"]) < 0.02 * exact);
            // The program's own quadrature must agree to the digits of the reference.
            assert!((number(&mean["exact"]) / exact - 1.0).abs() < 1e-5, "{mean}");
            table.compare(&format!("D = {diffusivity}, task {task}"), mean, exact, 1e-5 * exact);
        }
    }
    table.judge();
}

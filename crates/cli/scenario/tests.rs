//! Scenarios that are wrong, one line each, and scenarios that are right.

use super::*;

/// Line 1 to 16 of a good scenario; a case of the table of errors changes one of them.
const GOOD: &str = r#"name = "double_well"
[potential]
expression = "h*((x/w)^2 - 1)^2 + k*x"
parameters = { h = 1.0, w = 1.0, k = 0.1 }
[noise]
kind = "stable"
alpha = 1.5
epsilon = 0.1
[scheme]
step = 1e-3
[ensemble]
max_time = 1e7
[[task]]
kind = "exit"
start = -1.0
domain = [-3.0, 0.0]
"#;

fn load_with(text: &str, overrides: &[&str]) -> Result<ScenarioFile, ScenarioError> {
    let overrides = overrides.iter().map(|text| (*text).to_owned()).collect();
    ScenarioFile::from_sources(Sources { name: "s.toml".into(), text: text.into(), overrides }, "s")
}

fn good(text: &str) -> ScenarioFile {
    load_with(text, &[]).unwrap_or_else(|error| panic!("{error}"))
}

fn error(text: &str, overrides: &[&str]) -> String {
    match load_with(text, overrides) {
        Ok(_) => panic!("accepted: {text} {overrides:?}"),
        Err(error) => error.to_string(),
    }
}

/// The good scenario with one line replaced, or with text put behind its end (line 17).
fn changed(line: usize, new: &str) -> String {
    let mut lines: Vec<&str> = GOOD.lines().collect();
    if line > lines.len() {
        lines.push(new);
    } else {
        lines[line - 1] = new;
    }
    lines.join("\n") + "\n"
}

#[test]
fn errors_point_at_the_line_and_say_what_is_wrong() {
    // Changed line, its new text, place of the error, part of the message, part of what is allowed.
    let cases: &[(usize, &str, &str, &str, &str)] = &[
        (1, "name = ", "1:8", "not TOML", "\"text in quotes\""),
        (1, "name = double", "1:8", "quoted", "\"text in quotes\""),
        (1, "name = \"a/b\"", "1:8", "cannot name a folder", "without /"),
        (1, "name = 3", "1:8", "`name` is the number 3", "expected a name"),
        (1, "nam = \"a\"", "1:1", "unknown key `nam`", "did you mean `name`?"),
        (1, "tasks = 1", "1:1", "unknown key `tasks`", "did you mean `task`?"),
        (2, "[potental]", "2:2", "unknown key `potental`", "did you mean `potential`?"),
        (2, "[potential", "2:11", "not TOML", "]"),
        (3, "", "2:1", "missing key `potential.expression`", "a formula"),
        (3, "expression = 1.5", "3:14", "the number 1.5", "a formula"),
        (3, "expression = \"  \"", "3:14", "empty", "a formula"),
        (3, "drift = [\"-x\", \"y\"]", "3:9", "2 components", "one formula a coordinate"),
        (
            3,
            "expression = \"x\"\ntable = \"u.csv\"",
            "4:9",
            "`potential.table` beside `potential.expression`",
            "one of",
        ),
        (3, "name = \"muller\"", "3:8", "unknown", "muller_brown"),
        (3, "expression = \"x\"\nvariables = [\"x\", \"x\"]", "4:13", "twice", "a name of its own"),
        (
            3,
            "expression = \"x\"\nvariables = [\"x\", \"y\"]",
            "16:9",
            "1 numbers, the equation 2",
            "a list of 2 numbers",
        ),
        (3, "expression = \"x\"\nvariables = [\"2x\"]", "4:14", "cannot stand in an expression", "letters"),
        (4, "parameters = { h = nan }", "4:20", "is nan", "a finite number"),
        (4, "parameters = { h = 1, x = 2 }", "4:23", "name of the variable", "another name"),
        (4, "parameters = { e = 1 }", "4:16", "function or constant", "another name"),
        (4, "parameters = { h = \"1.0\" }", "4:20", "string \"1.0\"", "without quotes"),
        (4, "parameters = [1]", "4:14", "is a list", "expected a table"),
        (5, "[noise]\nkind = \"brownian\"", "7:1", "duplicate key", "keep one"),
        (6, "", "5:1", "missing key `noise.kind`", "\"brownian\", \"stable\", \"tempered_stable\""),
        (6, "kind = \"stabel\"", "6:8", "unknown: \"stabel\"", "did you mean \"stable\"?"),
        (6, "kind = \"Brownian\"", "6:8", "unknown", "did you mean \"brownian\"?"),
        (7, "", "5:1", "missing key `noise.alpha`", "the tail index"),
        (7, "alpha = 2.5", "7:9", "`noise.alpha` is 2.5, out of range", "above 0 and up to 2"),
        (7, "alpha = 0", "7:9", "out of range", "above 0 and up to 2"),
        (7, "alpha = [1.5, 1.5]", "7:9", "one coordinate", "one tail index"),
        (7, "alpha = 1.5\nbeta = 1.5", "8:8", "out of range", "from -1 to 1"),
        (7, "alpha = 1.5\nmu = 1.5", "8:6", "no parameter of the noise \"stable\"", "alpha, beta"),
        (6, "kind = \"capped_stable\"", "5:1", "missing key `noise.cap`", "the largest jump of X"),
        (6, "kind = \"sum\"\nparts = [{ kind = \"browmian\" }]", "7:19", "unknown", "did you mean"),
        (
            6,
            "kind = \"compound_poisson\"\nrate = 1\njump = { kind = \"gaussian\" }",
            "8:8",
            "no law of jumps",
            "scale",
        ),
        (8, "epsilon = 0.0", "8:11", "`noise.epsilon` is 0, out of range", "above 0"),
        (8, "epsilon = inf", "8:11", "infinite", "finite number above 0"),
        (8, "epsilon = 1e999", "8:11", "too large for double precision", "finite"),
        (8, "epsilon = true", "8:11", "the truth value true", "finite"),
        (8, "epsilon = [0.1, 0.2]", "8:11", "2 amplitudes", "[sweep]"),
        (8, "epsilon = { from = 1, to = 2 }", "8:11", "is a table", "[sweep]"),
        (8, "epsilno = 0.1", "8:1", "unknown key `noise.epsilno`", "did you mean `epsilon`?"),
        (9, "[scheme]\nkind = \"milstein\"", "10:8", "unknown", "`splitting`"),
        (10, "step = -1", "10:8", "out of range", "above 0"),
        (10, "step = 1e8", "10:8", "`ensemble.max_time` is 10000000", "below"),
        (12, "max_time = 0", "12:12", "out of range", "\"inf\""),
        (12, "paths = 1", "12:9", "out of range", "from 2 to 1000000000"),
        (12, "paths = 2.5", "12:9", "not a whole number", "from 2 to"),
        (12, "paths = -5", "12:9", "is -5, out of range", "from 2 to"),
        (12, "paths = 99999999999999999999999999999999999999999", "12:9", "too large", "from 2 to"),
        (12, "seed = -1", "12:8", "out of range", "from 0 to 2^63 - 1"),
        (12, "relative_error = 1.0", "12:18", "out of range", "below 1"),
        (12, "method = \"hazrd\"", "12:10", "unknown: \"hazrd\"", "did you mean \"hazard\"?"),
        (12, "particles = 1", "12:13", "is 1, out of range", "from 2 to 65536"),
        (12, "step_bias = \"no\"", "12:13", "the string \"no\"", "true or false"),
        (12, "checkpoint_every = \"soon\"", "12:20", "no time: \"soon\"", "\"30s\""),
        (12, "checkpoint_every = -1", "12:20", "is -1, out of range", "\"30s\""),
        (13, "[task]", "13:1", "not a list of tables", "[[task]]"),
        (14, "kind = \"chain\"", "15:1", "unknown key `task.0.start`", "`times`"),
        (14, "kind = \"exits\"", "14:8", "unknown: \"exits\"", "did you mean \"exit\"?"),
        (14, "", "13:1", "missing key `task.0.kind`", "\"path\""),
        (14, "kind = \"path\"", "16:1", "unknown key `task.0.domain`", "`end_time`"),
        (15, "", "13:1", "missing key `task.0.start`", "minimum:K"),
        (15, "start = -3.0", "15:9", "outside the domain (-3, 0)", "above -3 and below 0"),
        (15, "start = 0.5", "15:9", "outside the domain (-3, 0)", "above -3 and below 0"),
        (15, "start = \"minimum:0\"", "15:9", "names no minimum", "from 1"),
        (15, "start = \"left\"", "15:9", "the string \"left\"", "minimum:K"),
        (
            15,
            "start = [-1.0, 0.0]",
            "15:9",
            "2 numbers, the equation one coordinate",
            "one number a coordinate",
        ),
        (16, "", "13:1", "missing key `task.0.domain`", "\"basin\""),
        (16, "domain = [0.0, -3.0]", "16:10", "0 is not below -3", "write [-3, 0]"),
        (16, "domain = [-3.0]", "16:10", "has 1 ends", "two numbers"),
        (16, "domain = [-3.0, nan]", "16:17", "is nan", "\"inf\""),
        (16, "domain = [\"-inf\", \"inf\"]", "16:10", "nothing to leave", "targets"),
        (16, "domain = \"bason\"", "16:10", "the string \"bason\"", "did you mean \"basin\"?"),
        (16, "domain = \"valley\"", "16:10", "the string \"valley\"", "\"basin\""),
        (16, "domain = { ball = 0 }", "16:19", "out of range", "above 0"),
        (16, "domain = { radius = 1 }", "16:12", "unknown key `task.0.domain.radius`", "`ball`"),
        (17, "targets = [[1, 2], [1.5, 3]]", "17:20", "overlaps the target [1, 2]", "apart"),
        (17, "targets = [[-2, -1]]", "15:9", "inside the target [-2, -1]", "arrived before"),
        (17, "targets = [1, 2]", "17:12", "is the number 1", "[lo, hi]"),
        (17, "survival_times = [1.0, -1]", "17:24", "out of range", "above 0"),
        (17, "survival_times = [2e7]", "17:19", "above `ensemble.max_time` = 10000000", "followed"),
        (17, "landing = [[2, \"infinity\"]]", "17:16", "the string \"infinity\"", "\"-inf\""),
        (17, "[[task]]\nkind = \"transition\"\nfrom = [1, 1]", "19:12", "1 once more", "once"),
        (17, "[[task]]\nkind = \"transition\"\nfrom = []", "19:8", "empty", "\"all\""),
        (17, "[[task]]\nkind = \"transition\"\nfrom = [0]", "19:9", "out of range", "from 1"),
        (17, "[[task]]\nkind = \"transition\"\ndelta = 0", "19:9", "out of range", "above 0"),
        (17, "[[task]]\nkind = \"path\"\nstart = 0", "17:1", "missing key `task.1.end_time`", "above 0"),
        (17, "[[task]]\nkind = \"path\"\nstart = 0\nend_time = 1\ncount = 1001", "21:9", "range", "1000"),
        (17, "[output]\nformats = [\"svg\", \"jpg\"]", "18:19", "unknown: \"jpg\"", "`png`"),
        (17, "[output]\nformats = []", "18:11", "empty", "at least one"),
        (17, "[output]\ndir = 3", "18:7", "the number 3", "a folder"),
        (17, "[landscape]\nwindow = [-5, \"inf\"]", "18:15", "infinite", "finite"),
        (
            17,
            "[theory]\nnormalisation = \"pavlyukevitch\"",
            "18:17",
            "unknown",
            "did you mean \"pavlyukevich\"?",
        ),
        (17, "[theory]\nnormalization = \"levyscape\"", "18:1", "unknown key", "`normalisation`"),
        (17, "[sweep]\n\"theory.normalisation\" = [\"levyscape\"]", "18:1", "cannot be swept", "swept"),
        (17, "[sweep]\n\"noise.epsilon\" = []", "18:19", "has no values", "at least one"),
        (17, "[sweep]\n\"noise.epsilon\" = 0.1", "18:19", "is the number 0.1", "square brackets"),
        (17, "[sweep]\n\"noise.epsilno\" = [0.1]", "18:1", "unknown key `noise.epsilno`", "`noise.epsilon`"),
        (17, "[sweep]\nepsilon = [0.1]", "18:1", "unknown key `epsilon`", "`noise.epsilon`"),
        (
            17,
            "[sweep]\n\"potential.parameters.v\" = [1]",
            "18:1",
            "no parameter `v`",
            "`potential.parameters.",
        ),
        (17, "[sweep]\n\"task.1.start\" = [0.1]", "18:1", "no task 1", "numbered from 0"),
        (17, "[sweep]\n\"task.0.delta\" = [0.1]", "18:1", "unknown key `task.0.delta`", "`landing`"),
        (17, "[sweep]\nname = [\"a\"]", "18:1", "`name` cannot be swept", "no key that can be swept"),
        (17, "[sweep]\n\"noise.alpha\" = [1.9, 2.1]", "18:23", "is 2.1, out of range", "up to 2"),
        (17, "[sweep]\n\"noise.alpha\" = [1.9, \"a\"]", "18:23", "the string \"a\"", "up to 2"),
        (17, "[sweep]\n\"noise.alpha\" = [1]\nnoise.alpha = [1]", "19:7", "swept twice", "one axis"),
        (17, "[sweep]\n\"noise.alpha\" = [1]\n\"noise.alpha\" = [1]", "19:1", "duplicate key", "keep one"),
        (
            17,
            "[sweep]\n\"task.0.domain\" = [[-3, -2], [-3, 0]]",
            "15:9",
            "outside the domain (-3, -2)",
            "sweep's point task.0.domain = [-3,-2]",
        ),
        (
            17,
            "[sweep]\nnoise.epsilon = { from = 0, to = 1, count = 3, spacing = \"log\" }",
            "18:26",
            "out of range",
            "above 0",
        ),
        (
            17,
            "[sweep]\nnoise.epsilon = { from = 1, to = 2 }",
            "18:17",
            "missing key `sweep.noise.epsilon.count`",
            "how many",
        ),
        (
            17,
            "[sweep]\nnoise.epsilon = { from = 1, to = 2, count = 1 }",
            "18:45",
            "out of range",
            "from 2 to",
        ),
        (
            17,
            "[sweep]\nnoise.epsilon = { from = 1, to = 2, count = 3, spacing = \"cubic\" }",
            "18:58",
            "unknown",
            "`log`",
        ),
        (
            17,
            "[sweep]\nnoise.epsilon = { from = 1, to = 2, count = 1000 }\nensemble.seed = { from = 1, to = 101, count = 101 }",
            "19:10",
            "more than 100000 points",
            "combination",
        ),
        (17, "[[sweep]]\nnoise.epsilon = [1]", "17:3", "`sweep` is a list", "expected a table [sweep]"),
    ];
    let mut failures = String::new();
    for (line, new, place, message, allowed) in cases {
        let text = changed(*line, new);
        let report = match load_with(&text, &[]) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        };
        let place = format!("s.toml:{place} ");
        if ![place.as_str(), message, allowed].iter().all(|part| report.contains(part)) {
            failures.push_str(&format!("{new}: expected {place}, {message}, {allowed}\n{report}\n"));
        }
        assert!(!report.contains('\u{1b}'), "{report}");
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(cases.len() >= 30);
}

#[test]
fn missing_tables_are_named() {
    let report = error("name = \"a\"\n", &[]);
    for key in ["potential", "noise", "task"] {
        assert!(report.contains(&format!("missing key `{key}`")), "{report}");
    }
    assert!(report.contains("s.toml:1:1"), "{report}");
    assert!(error("", &[]).contains("missing key `potential`"));
}

#[test]
fn several_errors_are_reported_at_once() {
    let text =
        changed(7, "alpha = 3").replace("epsilon = 0.1", "epsilon = -1").replace("max_time", "maxtime");
    let report = error(&text, &[]);
    for place in ["s.toml:7:9", "s.toml:8:11", "s.toml:12:1"] {
        assert!(report.contains(place), "{report}");
    }
}

#[test]
fn defaults_are_filled_in() {
    let text = "[potential]\nexpression = \"x^2\"\n[noise]\nkind = \"brownian\"\nepsilon = 1\n\
                [[task]]\nkind = \"transition\"\n[[task]]\nkind = \"path\"\nstart = \"minimum:2\"\nend_time = 10\n\
                [[task]]\nkind = \"exit\"\nstart = 0\ntargets = [[1, \"inf\"]]\n";
    let file = good(text);
    let scenario = file.scenario();
    assert_eq!((scenario.name.as_str(), scenario.title.as_str()), ("s", "s"));
    assert_eq!(scenario.potential.variables, ["x"]);
    assert!(scenario.potential.parameters.is_empty());
    assert_eq!(scenario.noise.kind, NoiseKind::Brownian);
    assert_eq!(scenario.noise.epsilon, Epsilon::Constant(1.0));
    assert_eq!(scenario.scheme, SchemeSpec { kind: SchemeChoice::Auto, step: None });
    assert_eq!(scenario.ensemble, EnsembleSpec::default());
    assert_eq!(scenario.ensemble.paths, Some(10_000));
    assert_eq!(
        scenario.tasks,
        [
            TaskSpec::Transition { from: FromMinima::All, delta: 0.1, survival_times: vec![] },
            TaskSpec::Path { start: Start::Minimum(2), end_time: 10.0, count: 5 },
            TaskSpec::Exit {
                start: Start::Point(0.0),
                domain: Domain::Interval([f64::NEG_INFINITY, f64::INFINITY]),
                targets: vec![Target::Interval([1.0, f64::INFINITY])],
                survival_times: vec![],
                landing: vec![],
            },
        ]
    );
    assert_eq!(scenario.output.dir, Path::new("output").join("s"));
    assert_eq!(scenario.output.formats, [FigureFormat::Svg, FigureFormat::Pdf, FigureFormat::Png]);
    assert_eq!(scenario.landscape.window, None);
    assert_eq!(file.points().len(), 1);
    assert!(file.points()[0].0.is_empty());
}

const FULL: &str = r#"
name  = "double_well"
title = "Escape from an asymmetric double well"

[potential]
expression = "h*((x/w)^2 - 1)^2 + k*x"
variables  = ["x"]
parameters = { h = 1.0, w = 1.0, k = 0.1 }

[noise]
kind = "stable"
alpha = 1.5
beta = 0.0
epsilon = 0.1

[scheme]
kind = "euler"
step = 1e-3

[ensemble]
paths = 10000
seed = 42
max_time = 1e7
relative_error = 0.01
method = "auto"

[[task]]
kind = "exit"
start = -1.0
domain = [-3.0, 0.0]
targets = [[0.9, 1.1]]
survival_times = [5.0, 10.0]
landing = [[0.0, "inf"]]

[[task]]
kind = "transition"
from = "all"
delta = 0.1

[[task]]
kind = "path"
start = -1.0
end_time = 100.0
count = 5

[sweep]
"noise.epsilon" = [0.2, 0.1, 0.05]
"potential.parameters.w" = { from = 0.5, to = 2.0, count = 6, spacing = "log" }

[output]
dir = "output/double_well"
formats = ["svg", "pdf", "png"]
"#;

#[test]
fn the_full_example_is_read() {
    let file = good(FULL);
    assert_eq!(file.points().len(), 18);
    let scenario = file.scenario();
    assert_eq!(scenario.noise.kind, NoiseKind::Stable { alpha: 1.5, beta: 0.0 });
    assert_eq!(scenario.ensemble.seed, 42);
    assert_eq!(scenario.ensemble.max_time, Some(1e7));
    assert_eq!((scenario.ensemble.paths, scenario.ensemble.relative_error), (Some(10_000), Some(0.01)));
    let TaskSpec::Exit { domain, targets, survival_times, landing, .. } = &scenario.tasks[0] else {
        panic!()
    };
    assert_eq!(*domain, Domain::Interval([-3.0, 0.0]));
    assert_eq!(*targets, [Target::Interval([0.9, 1.1])]);
    assert_eq!(*survival_times, [5.0, 10.0]);
    assert_eq!(*landing, [[0.0, f64::INFINITY]]);
}

#[test]
fn the_last_axis_is_fastest() {
    let file = good(FULL);
    let (values, first) = &file.points()[1];
    assert_eq!(values["noise.epsilon"], 0.2);
    // 0.5 * 4^(1/5) to 12 digits.
    assert_eq!(values["potential.parameters.w"], 0.659753955386);
    assert_eq!(first.noise.epsilon, Epsilon::Constant(0.2));
    assert_eq!(first.potential.parameters["w"], 0.659753955386);
    assert!(first.sweep.is_empty());
    let (values, last) = &file.points()[17];
    assert_eq!(values.keys().collect::<Vec<_>>(), ["noise.epsilon", "potential.parameters.w"]);
    assert_eq!(last.noise.constant_epsilon(), Some(0.05));
    assert_eq!(last.potential.parameters["w"], 2.0);
}

#[test]
fn axes_keep_the_order_of_the_file() {
    let text = changed(
        17,
        "[sweep]\npotential.parameters.w = [1, 2]\n\"noise.kind\" = [\"stable\", \"brownian\"]\nnoise.epsilon = [1]",
    );
    let keys: Vec<String> = good(&text).scenario().sweep.iter().map(|axis| axis.key.clone()).collect();
    assert_eq!(keys, ["potential.parameters.w", "noise.kind", "noise.epsilon"]);
}

#[test]
fn tasks_kinds_and_missing_keys_can_be_swept() {
    let text = changed(
        17,
        "[sweep]\n\"noise.kind\" = [\"brownian\", \"stable\"]\n\"task.0.domain\" = [[-3, 0], \"basin\", { ball = 0.5 }, [\"-inf\", 0]]\n\
         \"task.0.start\" = [-1, \"minimum:1\"]\n\"ensemble.paths\" = { from = 100, to = 10000, count = 3, spacing = \"log\" }",
    );
    let file = good(&text);
    assert_eq!(file.points().len(), 2 * 4 * 2 * 3);
    let (values, scenario) = &file.points()[47];
    assert_eq!(values["task.0.domain"], serde_json::json!(["-inf", 0]));
    assert_eq!(scenario.noise.kind, NoiseKind::Stable { alpha: 1.5, beta: 0.0 });
    assert_eq!(scenario.ensemble.paths, Some(10_000));
    let TaskSpec::Exit { start, domain, .. } = scenario.tasks[0].clone() else { panic!() };
    assert_eq!((start, domain), (Start::Minimum(1), Domain::Interval([f64::NEG_INFINITY, 0.0])));
    // In the middle of a range of whole numbers.
    assert_eq!(file.points()[1].1.ensemble.paths, Some(1000));
}

#[test]
fn linear_ranges_have_no_rounding_dust() {
    let text = changed(17, "[sweep]\npotential.parameters.k = { from = -0.3, to = 0.3, count = 7 }");
    let file = good(&text);
    let values: Vec<f64> =
        file.points().iter().map(|(_, scenario)| scenario.potential.parameters["k"]).collect();
    assert_eq!(values, [-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3]);
}

#[test]
fn a_written_scenario_loads_back_the_same() {
    let ball = changed(16, "domain = { ball = 0.25 }").replace("1e7", "\"inf\"");
    let kinds = changed(
        17,
        "[sweep]\n\"task.0.domain\" = [[\"-inf\", 0], { ball = 1e-3 }]\n\"noise.kind\" = [\"brownian\", \"stable\"]\n\"noise.epsilon\" = { from = 1, to = 2, count = 3 }\n[landscape]\nwindow = [-4, 4]",
    );
    let literal = changed(3, "expression = '''\nx^2 \\ \"quoted\"'''")
        .replace("double_well", "é \\\" 'x'".replace("\\\"", "").as_str());
    // An axis of tables before one of numbers.
    let noises = changed(
        17,
        "[sweep]\nnoise = [{ kind = \"brownian\", epsilon = 0.5 }, { kind = \"stable\", alpha = 1.5, epsilon = 0.1 }]\n\
         \"ensemble.seed\" = [1, 2]",
    );
    for text in [GOOD, FULL, &ball, &kinds, &noises, &literal] {
        let file = good(text);
        let written = file.scenario().to_toml().unwrap();
        let again = load_with(&written, &[]).unwrap_or_else(|error| panic!("{error}\n{written}"));
        assert_eq!(again.scenario(), file.scenario(), "{written}");
        assert_eq!(again.points(), file.points(), "{written}");
    }
}

#[test]
fn json_has_words_for_infinity() {
    let text = changed(16, "domain = [\"-inf\", 0]").replace("1e7", "inf");
    let json = good(&text).scenario().to_json().unwrap();
    assert_eq!(json["task"][0]["domain"], serde_json::json!(["-inf", 0.0]));
    assert_eq!(json["task"][0]["kind"], "exit");
    assert_eq!(json["ensemble"]["max_time"], "inf");
    assert_eq!(
        json["noise"],
        serde_json::json!({"kind": "stable", "alpha": 1.5, "beta": 0.0, "epsilon": 0.1})
    );
}

#[test]
fn overrides_change_single_keys() {
    let file = load_with(
        GOOD,
        &[
            "noise.alpha=1.2",
            "potential.parameters.k = 0",
            "task.0.start=minimum:1",
            "task.0.domain={ ball = 0.5 }",
            "scheme.kind=splitting",
            "title='A = b'",
            "output.formats=[\"svg\"]",
            "ensemble.paths=1e3",
            "noise.alpha=1.3",
            "landscape.window=[-1, 1]",
            "theory.normalisation=pavlyukevich",
        ],
    )
    .unwrap_or_else(|error| panic!("{error}"));
    let scenario = file.scenario();
    assert_eq!(scenario.noise.kind, NoiseKind::Stable { alpha: 1.3, beta: 0.0 });
    assert_eq!(scenario.potential.parameters["k"], 0.0);
    assert_eq!(scenario.scheme.kind, SchemeChoice::Given(levyscape_integrator::SchemeKind::Splitting));
    assert_eq!(scenario.title, "A = b");
    assert_eq!(scenario.output.formats, [FigureFormat::Svg]);
    assert_eq!(scenario.ensemble.paths, Some(1000));
    assert_eq!(scenario.landscape.window, Some(vec![[-1.0, 1.0]]));
    assert_eq!(scenario.theory.normalisation, Normalisation::Pavlyukevich);
    assert!(scenario.to_toml().is_ok_and(|text| text.contains("normalisation = \"pavlyukevich\"")));
    let TaskSpec::Exit { start, domain, .. } = scenario.tasks[0].clone() else { panic!() };
    assert_eq!((start, domain), (Start::Minimum(1), Domain::Ball(0.5)));
}

#[test]
fn an_override_of_a_swept_key_ends_its_sweep() {
    let file = load_with(FULL, &["noise.epsilon=0.3"]).unwrap();
    assert_eq!(file.points().len(), 6);
    assert!(file.points().iter().all(|(_, scenario)| scenario.noise.constant_epsilon() == Some(0.3)));
    let file = load_with(FULL, &["sweep.noise.epsilon=[0.3, 0.4]"]).unwrap();
    assert_eq!(file.points().len(), 12);
    assert_eq!(file.points()[11].1.noise.constant_epsilon(), Some(0.4));
}

#[test]
fn wrong_overrides_point_at_the_command_line() {
    for (text, place, message) in [
        ("noise.alpha=2.5", "--set:1:13", "out of range"),
        ("noise.alpha", "--set:1:1", "no `=`"),
        ("noise.alhpa=1.5", "--set:1:1", "`noise.alpha`"),
        ("alpha=1.5", "--set:1:1", "`noise.alpha`"),
        ("=1", "--set:1:1", "without a key"),
        ("noise.kind=cauchy", "--set:1:12", "unknown: \"cauchy\""),
        ("noise.epsilon=.5", "--set:1:15", "on both sides of the point"),
        ("noise.epsilon=[1, 2]", "--set:1:15", "[sweep]"),
        ("task.0.domain=[1, ", "--set:1:18", "not TOML"),
        ("task.1.start=0", "--set:1:1", "no task 1"),
        ("task.0.start=-4", "--set:1:14", "outside the domain"),
        ("potential.parameters.q=1", "--set:1:1", "no parameter `q`"),
        ("potential.expression.a=1", "--set:1:1", "unknown key"),
        ("sweep.noise.alpha=[1, 3]", "--set:1:23", "out of range"),
    ] {
        let report = error(GOOD, &["name=a", text]);
        assert!(report.contains(place) && report.contains(message), "{text}: {place} {message}\n{report}");
    }
}

#[test]
fn the_expression_is_found_in_the_file() {
    let at = |text: &str, span: Range<usize>| {
        good(text)
            .formula_error(
                0,
                "potential.expression",
                span,
                "unknown name `q`",
                Some("did you mean `h`?".into()),
            )
            .to_string()
    };
    let report = at(GOOD, 4..5);
    for part in ["s.toml:3:19", "unknown name `q`", "did you mean `h`?"] {
        assert!(report.contains(part), "{report}");
    }
    assert!(at(GOOD, 0..0).contains("s.toml:3:14"));
    assert!(at(&changed(3, "expression = \"\"\"\nx +\n q\"\"\""), 5..6).contains("s.toml:5:2"));
    // With an escape the bytes of the file are not those of the text: the whole string is shown.
    assert!(at(&changed(3, "expression = \"x\\t+ q\""), 4..5).contains("s.toml:3:14"));
    let swept = changed(17, "[sweep]\n\"potential.expression\" = [\"x^2\", \"x^4\"]");
    let report = good(&swept).formula_error(1, "potential.expression", 2..3, "m", None).to_string();
    assert!(report.contains("s.toml:18:37") && report.contains("sweep's point"), "{report}");
    let set = load_with(GOOD, &["potential.expression=x*y"])
        .unwrap()
        .formula_error(0, "potential.expression", 2..3, "m", None)
        .to_string();
    assert!(set.contains("--set:1:24"), "{set}");
}

#[test]
fn errors_of_the_caller_point_at_keys() {
    let file = good(FULL);
    assert!(file.error_at(0, "task.0.start", "division by zero", None).to_string().contains("s.toml:29:9"));
    assert!(file.error_at(0, "task.1", "no minima", None).to_string().contains("s.toml:35:1"));
    assert!(file.error_at(0, "task.2.nothing", "m", None).to_string().contains("s.toml:40:1"));
    assert!(file.error_at(0, "nothing", "m", None).to_string().contains("s.toml:1:1"));
    assert!(file.error_at(12, "noise.epsilon", "m", None).to_string().contains("s.toml:47:30"));
}

#[test]
fn files_that_are_no_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my study.v2.toml");
    let missing = ScenarioFile::load(&path, &[]).unwrap_err().to_string();
    assert!(missing.contains("cannot read") && missing.contains("my study.v2.toml"), "{missing}");
    std::fs::write(&path, b"name = \"a\"\ntitle = \"caf\xe9\"\n").unwrap();
    let report = ScenarioFile::load(&path, &[]).unwrap_err().to_string();
    for part in ["not UTF-8", "byte 23 (0xe9), on line 2", "my study.v2.toml:2:13"] {
        assert!(report.contains(part), "{report}");
    }
    // A byte order mark and the line ends of another system are no error, and move nothing.
    let text = GOOD.replace("name = \"double_well\"", "# é").replace('\n', "\r\n");
    std::fs::write(&path, format!("\u{feff}{text}")).unwrap();
    let file = ScenarioFile::load(&path, &[]).unwrap();
    assert_eq!(file.scenario().name, "my study.v2");
    std::fs::write(&path, format!("\u{feff}{}", text.replace("# é", "nme = 1"))).unwrap();
    assert!(ScenarioFile::load(&path, &[]).unwrap_err().to_string().contains("v2.toml:1:1"));
}

#[test]
fn a_large_sweep_is_read_in_time() {
    let text = changed(
        17,
        "[sweep]\nnoise.epsilon = { from = 1, to = 2, count = 1000 }\nensemble.seed = { from = 1, to = 20, count = 20 }",
    );
    assert_eq!(good(&text).points().len(), 20_000);
}

#[test]
fn a_misspelt_key_is_one_error() {
    let report = error(&changed(8, "epsilno = 0.1"), &[]);
    assert!(report.contains("unknown key") && !report.contains("missing key"), "{report}");
}

#[test]
fn alpha_is_not_swept_in_vain() {
    let text = changed(17, "[sweep]\nnoise.alpha = [1.2, 1.5]");
    assert_eq!(good(&text).points().len(), 2);
    let report = error(&text, &["noise.kind=brownian"]);
    assert!(report.contains("s.toml:18:7") && report.contains("changes nothing"), "{report}");
}

#[test]
fn no_damage_to_a_file_can_panic() {
    let overrides = ["noise.epsilon=0.2".to_owned()];
    for at in (0..FULL.len()).filter(|at| FULL.is_char_boundary(*at)) {
        for new in ["", "\"", "[", "é", "\n", "9"] {
            let text = format!("{}{new}{}", &FULL[..at], &FULL[at + 1..]);
            let sources = Sources { name: "s.toml".into(), text, overrides: overrides.to_vec() };
            if let Err(error) = ScenarioFile::from_sources(sources, "s") {
                assert!(error.to_string().contains("s.toml:"), "{error}");
            }
        }
    }
}

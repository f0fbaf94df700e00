//! Scenarios that are wrong: status 2, the place, the words, a mark, and nothing written.

use crate::support::{Ended, Folder};

/// Line 1 to 17 of a good scenario; a case changes one of them, or adds lines behind the end.
const GOOD: &str = r#"name = "small"
[potential]
expression = "h*((x/w)^2 - 1)^2 + k*x"
parameters = { h = 1.0, w = 1.0, k = 0.1 }
[noise]
kind = "stable"
alpha = 1.5
epsilon = 0.3
[scheme]
step = 0.01
[ensemble]
max_time = 1e4
paths = 10
[[task]]
kind = "exit"
start = -1.0
domain = [-3.0, 0.0]
"#;

/// A line number behind the end of [`GOOD`].
const END: usize = 18;

/// A change of the good scenario.
type Change = (usize, &'static str);

struct Case {
    changes: &'static [Change],
    overrides: &'static [&'static str],
    /// `LINE:COLUMN`, counted from 1.
    place: &'static str,
    /// Part of the message, the words under the text or the help.
    phrases: &'static [&'static str],
    /// The text that is marked; empty where the error is behind the end of a line.
    marked: &'static str,
}

const fn case(
    changes: &'static [Change],
    place: &'static str,
    phrases: &'static [&'static str],
    marked: &'static str,
) -> Case {
    Case { changes, overrides: &[], place, phrases, marked }
}

const fn set(
    overrides: &'static [&'static str],
    place: &'static str,
    phrases: &'static [&'static str],
    marked: &'static str,
) -> Case {
    Case { changes: &[], overrides, place, phrases, marked }
}

/// A double well in the plane, with a saddle at the origin.
const PLANE_FORCE: Change = (3, "expression = \"x^4/4 - x^2/2 + y^2/2\"");
const PLANE: Change = (4, "variables = [\"x\", \"y\"]");

const CASES: &[Case] = &[
    // Keys and tables that are not there.
    case(&[(2, ""), (3, ""), (4, "")], "1:1", &["missing key `potential`", "[potential]"], "n"),
    case(&[(14, ""), (15, ""), (16, ""), (17, "")], "1:1", &["missing key `task`", "[[task]]"], "n"),
    case(&[(8, "")], "5:1", &["missing key `noise.epsilon`", "amplitude"], "[noise]"),
    case(&[(16, "")], "14:1", &["missing key `task.0.start`"], "[[task]]"),
    case(&[(3, "")], "2:1", &["missing key `potential.expression`", "a formula"], "[potential]"),
    // Keys that nobody knows.
    case(
        &[(8, "epsilno = 0.3")],
        "8:1",
        &["unknown key `noise.epsilno`", "did you mean `epsilon`?"],
        "epsilno",
    ),
    case(&[(13, "path = 10")], "13:1", &["unknown key `ensemble.path`", "did you mean `paths`?"], "path"),
    case(
        &[(END, "colour = \"red\"")],
        "18:1",
        &["unknown key `task.0.colour`", "allowed here: `kind`"],
        "colour",
    ),
    // Types and ranges.
    case(&[(7, "alpha = \"1.5\"")], "7:9", &["the string \"1.5\"", "without quotes"], "\"1.5\""),
    case(&[(13, "paths = [10]")], "13:9", &["`ensemble.paths` is a list", "whole number"], "[10]"),
    case(&[(5, "noise = 3"), (6, ""), (7, ""), (8, "")], "5:1", &["unknown key `potential.noise`"], "noise"),
    case(&[(7, "alpha = 0")], "7:9", &["`noise.alpha` is 0, out of range", "above 0 and up to 2"], "0"),
    case(&[(7, "alpha = 2.1")], "7:9", &["is 2.1, out of range", "above 0 and up to 2"], "2.1"),
    case(&[(7, "alpha = nan")], "7:9", &["nan", "above 0 and up to 2"], "nan"),
    case(&[(8, "epsilon = -0.1")], "8:11", &["is -0.1, out of range", "above 0"], "-0.1"),
    case(&[(10, "step = -0.01")], "10:8", &["is -0.01, out of range", "above 0"], "-0.01"),
    case(&[(10, "step = 0")], "10:8", &["is 0, out of range", "above 0"], "0"),
    case(&[(10, "step = 2e4")], "10:8", &["`scheme.step` is 20000", "below `ensemble.max_time`"], "2e4"),
    case(&[(13, "paths = 0")], "13:9", &["is 0, out of range", "from 2 to"], "0"),
    case(&[(13, "relative_error = 0")], "13:18", &["is 0, out of range", "above 0 and below 1"], "0"),
    case(&[(13, "checkpoint_every = \"1d\"")], "13:20", &["is no time: \"1d\"", "\"5min\""], "\"1d\""),
    case(&[(13, "particles = 1")], "13:13", &["is 1, out of range", "from 2 to"], "1"),
    // Methods that are not for the problem.
    case(
        &[(13, "method = \"splitting\"")],
        "13:10",
        &["the method splitting is not for this problem"],
        "\"splitting\"",
    ),
    case(
        &[(6, "kind = \"brownian\""), (13, "method = \"hazard\"")],
        "13:10",
        &["the method hazard is not for this problem", "splitting"],
        "\"hazard\"",
    ),
    case(
        &[(3, "expression = \"h*0*x + 0*w*k\""), (13, "method = \"hazard\"")],
        "13:10",
        &["the method hazard is not for this problem", "no well"],
        "\"hazard\"",
    ),
    // Words.
    case(&[(15, "kind = \"leave\"")], "15:8", &["unknown: \"leave\"", "`transition`"], "\"leave\""),
    case(
        &[(9, "[scheme]\nkind = \"eulre\"")],
        "10:8",
        &["unknown: \"eulre\"", "did you mean \"euler\"?"],
        "\"eulre\"",
    ),
    case(
        &[(6, "kind = \"cauchy\"")],
        "6:8",
        &["unknown: \"cauchy\"", "`brownian`, `stable`, `tempered_stable`"],
        "\"cauchy\"",
    ),
    // Starts and domains.
    case(&[(16, "start = 0.5")], "16:9", &["outside the domain (-3, 0)"], "0.5"),
    case(&[(16, "start = 0.0")], "16:9", &["outside the domain (-3, 0)"], "0.0"),
    case(&[(END, "targets = [[-1.2, -0.8]]")], "16:9", &["inside the target [-1.2, -0.8]"], "-1.0"),
    case(
        &[(16, "start = \"minimum:1\""), (END, "targets = [[-1.2, -0.8]]")],
        "16:9",
        &["lies in a target"],
        "\"minimum:1\"",
    ),
    case(
        &[(16, "start = \"minimum:3\"")],
        "16:9",
        &["there is no minimum 3: this potential has 2"],
        "\"minimum:3\"",
    ),
    case(&[(17, "domain = [0.0, -3.0]")], "17:10", &["0 is not below -3", "write [-3, 0]"], "[0.0, -3.0]"),
    case(&[(17, "domain = [0.0, 0.0]")], "17:10", &["0 is not below 0", "lo < hi"], "[0.0, 0.0]"),
    case(
        &[(17, "domain = [\"-inf\", \"inf\"]")],
        "17:10",
        &["whole line", "no targets", "a finite end, or targets"],
        "[\"-inf\", \"inf\"]",
    ),
    case(
        &[(4, "parameters = { h = 1.0, w = 1.0, k = 0.0 }"), (16, "start = 0"), (17, "domain = \"basin\"")],
        "17:10",
        &["the start 0 lies in no basin"],
        "\"basin\"",
    ),
    case(
        &[(END, "survival_times = [1.0, 2e4]")],
        "18:24",
        &["is 20000, above `ensemble.max_time` = 10000"],
        "2e4",
    ),
    // Sets.
    case(
        &[(17, "domain = { sublevel = -2.0 }")],
        "17:23",
        &["the potential is -0.1 at the start -1, not below the level -2"],
        "-2.0",
    ),
    case(
        &[(17, "domain = { sublevel = \"low\" }")],
        "17:23",
        &["the string \"low\"", "a finite number"],
        "\"low\"",
    ),
    case(
        &[(17, "domain = { ball = 1.0, sublevel = 0.5 }")],
        "17:35",
        &["`task.0.domain.sublevel` beside `task.0.domain.ball`", "several make a `union`"],
        "0.5",
    ),
    case(
        &[(17, "domain = { sublevel = 0.5, centre = 0 }")],
        "17:37",
        &["`task.0.domain.centre` without a ball", "a centre is a ball's"],
        "0",
    ),
    case(&[(17, "domain = { union = [] }")], "17:20", &["`task.0.domain.union` is empty"], "[]"),
    case(
        &[(17, "domain = { union = [[-2, 0], { ball = -1 }] }")],
        "17:39",
        &["is -1, out of range", "above 0"],
        "-1",
    ),
    case(
        &[(17, "domain = { union = [[-2, 0], [0.5, 1]] }")],
        "17:20",
        &["the union has a gap at 0", "one interval"],
        "[[-2, 0], [0.5, 1]]",
    ),
    case(
        &[(END, "targets = [{ ball = 0.1 }]")],
        "18:12",
        &["missing key `task.0.targets[0].centre`"],
        "{ ball = 0.1 }",
    ),
    case(
        &[(END, "targets = [[1, 2], { ball = 0.1, centre = [0, 0] }]")],
        "18:20",
        &["the target has several coordinates"],
        "{ ball = 0.1, centre = [0, 0] }",
    ),
    case(
        &[PLANE_FORCE, PLANE, (16, "start = [0, 1]"), (17, "domain = \"basin\"")],
        "17:10",
        &["lies in no basin"],
        "\"basin\"",
    ),
    case(
        &[PLANE_FORCE, PLANE, (16, "start = [1, 1]"), (17, "domain = { sublevel = 0.1 }")],
        "17:23",
        &["the potential is 0.25 at the start [1.0, 1.0], not below the level 0.1"],
        "0.1",
    ),
    case(
        &[
            (3, "drift = [\"-y\", \"x\"]"),
            PLANE,
            (16, "start = [0, 1]"),
            (17, "domain = { union = [{ ball = 1.0 }, { sublevel = 1.0 }] }"),
        ],
        "17:50",
        &["needs a potential"],
        "1.0",
    ),
    case(
        &[PLANE_FORCE, PLANE, (16, "start = [1, 1]"), (17, "targets = [[2, 3]]")],
        "17:12",
        &["in 2 dimensions a target is", "a list of 2 intervals"],
        "[2, 3]",
    ),
    case(
        &[PLANE_FORCE, PLANE, (16, "start = [1, 1]"), (17, "targets = [{ ball = 1, centre = [0, 0, 0] }]")],
        "17:12",
        &["the target has 3 coordinates, the equation 2"],
        "{ ball = 1, centre = [0, 0, 0] }",
    ),
    case(
        &[PLANE_FORCE, PLANE, (16, "start = [1, 1]"), (17, "targets = [{ ball = 1, centre = [1, 1.5] }]")],
        "16:9",
        &["is not inside the domain, or lies in a target"],
        "[1, 1]",
    ),
    // Expressions.
    case(&[(3, "expression = \"x^2 + q\"")], "3:21", &["unknown name `q`", "variables: x"], "q"),
    case(
        &[(3, "expression = \"sine(x)\"")],
        "3:15",
        &["unknown function `sine`", "did you mean `sin`?"],
        "sine",
    ),
    case(&[(3, "expression = \"(x^2 + 1\"")], "3:15", &["never closed"], "("),
    case(&[(3, "expression = \"x^2) + 1\"")], "3:18", &["never opened"], ")"),
    case(&[(3, "expression = \"x^2 + 2x\"")], "3:21", &["a product needs its sign `*`", "write `2*x`"], "2x"),
    case(&[(3, "expression = \"x**2\"")], "3:16", &["no operator `**`", "`x^2`"], "**"),
    case(&[(3, "expression = \"x + \"")], "3:17", &["nothing to the right of `+`"], "+"),
    case(&[(3, "expression = \"\"")], "3:14", &["`potential.expression` is empty", "a formula"], "\"\""),
    case(&[(3, "expression = \"x^2/0\"")], "3:15", &["division by `0`, which is zero"], "x^2/0"),
    case(
        &[(3, "expression = \"1/x\""), (16, "start = 0"), (17, "domain = [-1, 1]")],
        "16:9",
        &["the potential is not finite at the start 0"],
        "0",
    ),
    case(&[(3, "expression = \"log(x)\"")], "16:9", &["not finite at the start -1"], "-1.0"),
    // Minima.
    case(
        &[(3, "expression = \"x\""), (15, "kind = \"transition\""), (16, ""), (17, "")],
        "15:8",
        &["a transition needs two minima; this potential has 0", "`landscape.window`"],
        "\"transition\"",
    ),
    case(
        &[(3, "expression = \"x^2\""), (15, "kind = \"transition\""), (16, ""), (17, "")],
        "15:8",
        &["a transition needs two minima; this potential has 1"],
        "\"transition\"",
    ),
    case(
        &[(END, "[[task]]\nkind = \"transition\"\nfrom = [1, 3]")],
        "20:8",
        &["there is no minimum 3: this potential has 2"],
        "[1, 3]",
    ),
    case(
        &[(END, "[[task]]\nkind = \"transition\"\ndelta = 2.5")],
        "20:9",
        &["delta = 2.5 is too large", "minimum 1 lies in the ball of another"],
        "2.5",
    ),
    // Sweeps.
    case(&[(END, "[sweep]\n\"noise.epsilon\" = []")], "19:19", &["has no values", "at least one"], "[]"),
    case(
        &[(END, "[sweep]\n\"task.0.start\" = [-1, \"minimum:5\"]")],
        "19:23",
        &["there is no minimum 5", "at the sweep's point task.0.start = \"minimum:5\""],
        "\"minimum:5\"",
    ),
    case(
        &[(END, "[sweep]\n\"potential.parameters.w\" = [1, 0]")],
        "3:19",
        &["division by `w`, which is zero", "at the sweep's point potential.parameters.w = 0"],
        "x/w",
    ),
    // TOML.
    case(&[(7, "alpha = ")], "7:9", &["not TOML"], ""),
    case(&[(2, "[potential")], "2:11", &["not TOML"], ""),
    case(&[(7, "alpha = 1.5 1.6")], "7:9", &["not TOML"], "1.5 1.6"),
    case(&[(7, "alpha = 1.5\nalpha = 1.6")], "8:1", &["duplicate key", "keep one"], "alpha"),
    // The command line.
    set(&["noise.alhpa=1.5"], "1:1", &["unknown key `noise.alhpa`", "`noise.alpha`"], "noise.alhpa"),
    set(&["task.1.start=0"], "1:1", &["there is no task 1"], "task.1.start"),
    set(&["noise.alpha=3"], "1:13", &["is 3, out of range"], "3"),
    set(&["name=b", "noise.epsilon=much"], "1:15", &["unknown name `much`"], "much"),
    set(&["noise.epsilon=\"0.1\""], "1:15", &["the string \"0.1\"", "without quotes"], "\"0.1\""),
    set(&["noise.epsilon=\"0*x\""], "1:15", &["must be finite and not 0"], "\"0*x\""),
    set(&["potential.table=no.csv"], "1:17", &["beside `potential.expression`"], "no.csv"),
    set(&["noise.sampler=fast"], "1:15", &["unknown", "`formula`"], "fast"),
    set(&["noise.dependence=isotopic"], "1:18", &["did you mean \"isotropic\""], "isotopic"),
    set(
        &["task.0.domain={ ball = 1.0, centre = [0, 0] }"],
        "1:15",
        &["several coordinates"],
        "{ ball = 1.0, centre = [0, 0] }",
    ),
    set(&["noise.epsilon"], "1:1", &["has no `=`", "KEY=VALUE"], "noise.epsilon"),
    set(&["task.0.start=\"minimum:7\""], "1:14", &["there is no minimum 7"], "\"minimum:7\""),
    set(&["potential.expression=x*y"], "1:24", &["unknown name `y`"], "y"),
];

/// The good scenario with lines replaced or added.
fn changed(changes: &[Change]) -> String {
    let mut lines: Vec<&str> = GOOD.lines().collect();
    for (line, new) in changes {
        match lines.get_mut(line - 1) {
            Some(old) => *old = new,
            None => lines.push(new),
        }
    }
    lines.join("\n") + "\n"
}

/// The text over the mark: the part of the excerpt's line that stands above `──┬──`.
fn marked(stderr: &str, line: &str) -> Option<String> {
    let mut lines = stderr.lines();
    let excerpt = lines
        .by_ref()
        .find(|text| text.split_once(" │ ").is_some_and(|(number, _)| number.trim() == line))?;
    // Behind the end of a line the mark is a single stroke; the first stroke is the frame's.
    let under: Vec<char> = lines.next()?.chars().collect();
    let frame = under.iter().position(|c| *c == '│')?;
    let columns: Vec<usize> =
        (frame + 1..under.len()).filter(|column| matches!(under[*column], '─' | '┬' | '│')).collect();
    let (first, last) = (*columns.first()?, *columns.last()?);
    Some(excerpt.chars().skip(first).take(last - first + 1).collect::<String>().trim_end().to_owned())
}

/// Runs both commands; answers what is wrong with each, if anything is.
fn refused(folder: &Folder, file: &str, more: &[&str], judge: impl Fn(&Ended) -> Option<String>) -> String {
    let before = folder.listing();
    let mut faults = String::new();
    for command in [&["check", file][..], &["run", file, "--out", "out"], &["run", file]] {
        let ended = folder.run(&[command, more].concat());
        let mut fault = |what: &str| {
            faults.push_str(&format!("{command:?} {more:?}: {what}\n{}\n", ended.stderr));
        };
        if ended.status != Some(2) {
            fault(&format!("status {:?}", ended.status));
        }
        if ended.stderr.contains("panicked") || ended.stderr.contains('\u{1b}') {
            fault("a panic or colour codes");
        }
        if !ended.stdout.is_empty() {
            fault("it wrote to standard output");
        }
        if let Some(what) = judge(&ended) {
            fault(&what);
        }
        if folder.listing() != before {
            fault("it wrote files");
        }
    }
    faults
}

#[test]
fn every_error_has_a_place_words_and_a_mark() {
    let mut faults = String::new();
    for case in CASES {
        let folder = Folder::with_scenario(&changed(case.changes));
        let arguments: Vec<&str> = case.overrides.iter().flat_map(|text| ["--set", text]).collect();
        let source = if case.overrides.is_empty() { "s.toml" } else { "--set" };
        let place = format!("{source}:{} ", case.place);
        let line = case.place.split(':').next().unwrap_or_default();
        let found = refused(&folder, "s.toml", &arguments, |ended| {
            if !ended.stderr.contains(&place) {
                return Some(format!("expected the place {place}"));
            }
            if let Some(phrase) = case.phrases.iter().find(|phrase| !ended.stderr.contains(**phrase)) {
                return Some(format!("expected the words {phrase}"));
            }
            let marked = marked(&ended.stderr, line);
            (marked.as_deref() != Some(case.marked))
                .then(|| format!("expected a mark under {:?}, found {marked:?}", case.marked))
        });
        if !found.is_empty() {
            faults.push_str(&format!("{:?}\n{found}", case.changes));
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn the_unchanged_scenario_is_good() {
    Folder::with_scenario(GOOD).good(&["check", "s.toml"]);
}

#[test]
fn several_errors_are_shown_at_once() {
    let text = changed(&[(7, "alpha = 3"), (8, "epsilon = -1"), (13, "pahts = 10")]);
    let found = refused(&Folder::with_scenario(&text), "s.toml", &[], |ended| {
        let places = ["s.toml:7:9 ", "s.toml:8:11 ", "s.toml:13:1 "];
        (!places.iter().all(|place| ended.stderr.contains(place))).then(|| format!("expected {places:?}"))
    });
    assert!(found.is_empty(), "{found}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("folder.toml")).unwrap();
    for (file, phrases) in [
        ("nothing.toml", ["cannot read the scenario nothing.toml", "levyscape new"]),
        ("folder.toml", ["cannot read the scenario folder.toml", "directory"]),
    ] {
        let found = refused(&folder, file, &[], |ended| {
            (!phrases.iter().all(|phrase| ended.stderr.contains(phrase)))
                .then(|| format!("expected {phrases:?}"))
        });
        assert!(found.is_empty(), "{found}");
    }
}

#[test]
fn bytes_that_are_no_text_are_found() {
    let mut bytes = GOOD.as_bytes().to_vec();
    let at = GOOD.find("stable").unwrap();
    bytes[at] = 0xe9;
    let folder = Folder::new();
    folder.write("s.toml", &bytes);
    let found = refused(&folder, "s.toml", &[], |ended| {
        let good = ended.stderr.contains("s.toml:6:9 ")
            && ended.stderr.contains("not UTF-8")
            && ended.stderr.contains("(0xe9), on line 6")
            && marked(&ended.stderr, "6").as_deref() == Some("\u{fffd}");
        (!good).then(|| "expected the place of the byte".to_owned())
    });
    assert!(found.is_empty(), "{found}");
}

#[test]
fn bad_arguments_end_with_status_2() {
    let folder = Folder::with_scenario(GOOD);
    let before = folder.listing();
    for arguments in [
        &[][..],
        &["chek", "s.toml"],
        &["run"],
        &["run", "s.toml", "--threads", "0"],
        &["run", "s.toml", "--threads", "two"],
        &["run", "s.toml", "--set"],
        &["check", "s.toml", "--frobnicate"],
        &["new", "a/b"],
        &["new", ""],
    ] {
        let ended = folder.run(arguments);
        assert_eq!(ended.status, Some(2), "{arguments:?}: {}", ended.stderr);
        assert!(!ended.stderr.is_empty() && !ended.stderr.contains("panicked"), "{}", ended.stderr);
    }
    assert_eq!(folder.listing(), before);
}

use std::collections::BTreeMap;
use std::sync::Arc;

use levyscape_analyzer::compare::{self, Cell, StartTests};
use levyscape_analyzer::estimate::SurvivalCurve;
use levyscape_analyzer::exact;
use levyscape_analyzer::figure::{Axis, Figure, Layer, Panel, Style};
use levyscape_analyzer::landscape::Landscape;
use levyscape_analyzer::study::{EnsembleData, PathData, PointData, Study};
use levyscape_analyzer::summary::{
    BiasResult, NoiseSummary, PointSummary, QuantityResult, SchemeSummary, Summary, Verdict,
};
use levyscape_analyzer::theory::{self, LimitChain, NoiseLaw, StoppedProblem};
use levyscape_engine::Trajectory;
use levyscape_integrator::Potential;
use levyscape_integrator::potential::ExpressionPotential;
use serde_json::{Map, json};

use super::judgement::{Outcome, outcome};
use super::points::Points;
use super::{Origin, SCRIPT, html, latex, origin, terminal_summary};

const EXPRESSION: &str = "h*((x/w)^2 - 1)^2 + k*x";

/// What stands in for a simulation: an estimate this far from the truth, in standard errors.
struct Sampled {
    truth: f64,
    off: f64,
    error: f64,
}

fn result(task: usize, quantity: &str, sampled: Option<Sampled>) -> QuantityResult {
    let estimate = sampled.as_ref().map(|sampled| sampled.truth + sampled.off * sampled.error);
    let bias = |estimate: f64, error: f64| BiasResult {
        estimate: 0.7 * error,
        std_error: 0.4 * error,
        method: "same noise at step h and 2h, Richardson with order 0.6667".into(),
        fine: estimate + 0.7 * error,
        coarse: estimate + 1.2 * error,
    };
    QuantityResult {
        task,
        kind: if task == 0 { "exit" } else { "transition" }.into(),
        quantity: quantity.into(),
        from: None,
        to: None,
        set: None,
        t: None,
        axis: None,
        target: None,
        well: None,
        delta: None,
        other_deltas: Vec::new(),
        estimate,
        std_error: sampled.as_ref().map(|sampled| sampled.error),
        ci95: estimate
            .zip(sampled.as_ref())
            .map(|(value, s)| [value - 1.96 * s.error, value + 1.96 * s.error]),
        method: "plain".into(),
        step: 0.01,
        paths: 10_000,
        censored: 0,
        diverged: 0,
        steps: 123_456_789,
        discretisation_bias: estimate.zip(sampled.as_ref()).map(|(value, s)| bias(value, s.error)),
        levels: Vec::new(),
        asymptotic: None,
        exact: None,
        exact_error: None,
        verdict: None,
    }
}

/// A double well under both noises at three amplitudes each: one censored task, one diverged path.
pub fn study() -> Study {
    let parameters = BTreeMap::from([("h".to_owned(), 1.0), ("w".to_owned(), 1.0), ("k".to_owned(), 0.1)]);
    let potential = Arc::new(ExpressionPotential::new(EXPRESSION, "x", &parameters).unwrap());
    let landscape = Landscape::find(potential.as_ref(), None).unwrap();
    let mut summaries = Vec::new();
    let mut points = Vec::new();
    let mut warnings = Vec::new();
    for (place, (kind, epsilon)) in [
        ("stable", 0.2),
        ("stable", 0.1),
        ("stable", 0.05),
        ("brownian", 0.7),
        ("brownian", 0.6),
        ("brownian", 0.5),
    ]
    .into_iter()
    .enumerate()
    {
        let noise = match kind {
            "stable" => NoiseLaw::stable(1.5, epsilon),
            _ => NoiseLaw::Brownian { epsilon },
        };
        let swept: Map<_, _> =
            [("noise.kind".to_owned(), json!(kind)), ("noise.epsilon".to_owned(), json!(epsilon))]
                .into_iter()
                .collect();
        let prefix = format!("noise.kind = \"{kind}\", noise.epsilon = {epsilon}: ");
        let (results, ensembles) = simulated(&potential, &landscape, noise, place);
        if place == 2 {
            warnings.push(format!(
                "{prefix}task 1, from minimum 1: 12 of 10000 paths were still running at max_time = 500000 (chosen by \
                 the program); the mean is time at risk over exits"
            ));
        }
        warnings
            .push(format!("{prefix}well 1 is left at the rate {:.3e}: epsilon is too large", 0.01 * epsilon));
        warnings.push(format!("{prefix}the window was guessed"));
        summaries.push(PointSummary {
            point: swept,
            landscape: None,
            noise: NoiseSummary {
                kind: kind.into(),
                alpha: (kind == "stable").then_some(1.5),
                beta: None,
                epsilon,
            },
            scheme: SchemeSummary {
                kind: if kind == "stable" { "splitting" } else { "euler" }.into(),
                step: if kind == "stable" { 2.5e-3 } else { 1e-4 },
                reason:
                    "step 0.0025: resolves the drift: step times the largest curvature is 0.02; splitting: \
                         explicit Euler would explode 1.31e-2 times a path at this step"
                        .into(),
                euler_blow_up_rate: if kind == "stable" { 1.3e-5 * epsilon } else { 0.0 },
            },
            theory: LimitChain::new(&landscape, noise).and_then(|chain| chain.summary()),
            results,
            tests: ensembles.iter().map(|ensemble| tests(place, ensemble)).collect(),
        });
        points.push(PointData {
            potential: potential.clone(),
            landscape: landscape.clone(),
            noise,
            ensembles,
            paths: vec![PathData {
                task: 2,
                end_time: 200.0,
                trajectories: vec![Trajectory {
                    time: vec![0.0, 1.0],
                    position: vec![-1.0, -0.9],
                    evenly: vec![-0.9],
                }],
            }],
            chains: Vec::new(),
        });
    }
    let limits = levyscape_analyzer::limit::of_sweep(&summaries, &points);
    let mut summary = Summary {
        levyscape: "0.1.0".into(),
        name: "double_well".into(),
        title: "Escape from an <b>asymmetric</b> double well & back".into(),
        scenario: json!({
            "name": "double_well",
            "title": "Escape from an <b>asymmetric</b> double well & back",
            "potential": { "expression": EXPRESSION, "variables": ["x"], "parameters": { "h": 1.0, "w": 1.0, "k": 0.1 } },
            "noise": { "kind": "stable", "alpha": 1.5, "beta": 0.0, "epsilon": 0.1 },
            "scheme": { "kind": "auto" },
            "ensemble": { "paths": 10_000, "seed": 42, "method": "auto", "step_bias": true },
            "task": [
                { "kind": "exit", "start": "minimum:1", "domain": "basin", "landing": [[0.0, "inf"]] },
                { "kind": "transition", "from": "all", "delta": 0.1 },
                { "kind": "path", "start": -1.0, "end_time": 200.0, "count": 5 }
            ],
            "sweep": { "noise.kind": ["stable", "brownian"] },
            "output": { "dir": "output/double_well", "formats": ["svg", "pdf", "png"] }
        }),
        landscape: Some(landscape),
        limits: limits.limits,
        exponents: limits.exponents,
        points: summaries,
        verdict: Verdict {
            status: "failed".into(),
            reasons: vec![
                "noise.kind = \"brownian\", noise.epsilon = 0.7: task 1, from minimum 2: 1 of 10000 paths left the \
                 finite numbers under scheme euler; they are no exits, and the estimates lack them"
                    .into(),
            ],
        },
        comparison: None,
        warnings,
    };
    compare::assess(&mut summary);
    Study { summary, points }
}

/// Exponential times, but at every other point late by a third of their mean; at one point not tested.
fn tests(place: usize, ensemble: &EnsembleData) -> StartTests {
    let late = if place % 2 == 1 { 0.5 } else { 0.0 };
    let times: Vec<f64> = (0..400).map(|k| late - (1.0 - (f64::from(k) + 0.5) / 400.0).ln()).collect();
    let cell = |probability, off| Cell { probability, estimate: probability + off, std_error: 0.01 };
    let off = 0.03 * (place % 3) as f64;
    let ends = || compare::destinations(&[cell(0.5, off), cell(0.3, -off), cell(0.2, 0.0)]);
    StartTests {
        task: ensemble.task,
        from: ensemble.from,
        exponentiality: if place == 2 { None } else { compare::exponentiality(&times, None) },
        destinations: ensemble.from.and_then(|_| ends()),
    }
}

fn simulated(
    potential: &Arc<ExpressionPotential>,
    landscape: &Landscape,
    noise: NoiseLaw,
    place: usize,
) -> (Vec<QuantityResult>, Vec<EnsembleData>) {
    let off = |k: usize| [0.3, -1.1, 0.8, 2.4, -0.2, 1.5, -5.2, 0.1][(3 * place + k) % 8];
    let mut results = Vec::new();
    let mut ensembles = Vec::new();
    let minimum = landscape.minima[0].x;
    let problem = StoppedProblem::exit(minimum, f64::NEG_INFINITY, landscape.saddles[0].x);
    let exact = exact::stopped(potential.as_ref() as &dyn Potential, noise, &problem);
    let well = &landscape.wells[0];
    let asymptotic = LimitChain::new(landscape, noise).map(|limit| {
        let rate = limit.chain.exit_rate(0);
        limit.time_unit / rate * if noise.diffusion().is_some() { 0.5 } else { 1.0 }
    });
    let truth = exact.mean.or(asymptotic.map(|mean| 1.06 * mean)).unwrap_or(well.distance_right);
    results.push(QuantityResult {
        exact: exact.mean,
        asymptotic,
        ..result(0, "mean_exit_time", Some(Sampled { truth, off: off(0), error: 0.0105 * truth }))
    });
    results.push(QuantityResult {
        exact: exact.right_probability,
        asymptotic: Some(1.0),
        ..result(0, "exit_right_probability", Some(Sampled { truth: 0.998, off: 0.0, error: 0.001 }))
    });
    results.push(QuantityResult {
        set: Some([0.0, f64::INFINITY]),
        ..result(0, "landing_probability", Some(Sampled { truth: 0.52, off: off(2), error: 0.005 }))
    });
    let ensemble = |task, from, distance| EnsembleData {
        task,
        from,
        problem: problem.clone(),
        survival: Some(SurvivalCurve {
            time: vec![0.0],
            survival: vec![1.0],
            half_width: 0.01,
            horizon: 10.0,
        }),
        exponential_distance: distance,
        places: None,
    };
    ensembles.push(ensemble(0, None, Some([0.71, 1.02, 1.19, 3.4][place % 4])));
    for from in 1..=2_usize {
        let transition = theory::transition(landscape, noise, from - 1);
        let problem = StoppedProblem::transition(landscape, from - 1, 0.1);
        let exact = problem
            .map(|problem| exact::stopped(potential.as_ref() as &dyn Potential, noise, &problem))
            .unwrap_or_default();
        let asymptotic = transition.as_ref().map(|transition| transition.mean);
        let truth = exact.mean.or(asymptotic).unwrap_or(1.0);
        let lost = place == 2 && from == 2;
        let sampled = Sampled { truth, off: off(from), error: 0.012 * truth };
        results.push(QuantityResult {
            from: Some(from),
            exact: exact.mean,
            asymptotic,
            censored: if place == 2 { 12 } else { 0 },
            diverged: u64::from(place == 3 && from == 2),
            ..result(1, "mean_transition_time", (!lost).then_some(sampled))
        });
        results.push(QuantityResult {
            from: Some(from),
            to: Some(3 - from),
            asymptotic: Some(1.0),
            ..result(1, "transition_probability", Some(Sampled { truth: 1.0, off: 0.0, error: 1e-4 }))
        });
        ensembles.push(ensemble(1, Some(from), if place == 2 { None } else { Some(0.8) }));
    }
    (results, ensembles)
}

pub fn figures() -> Vec<Figure> {
    let x: Vec<f64> = (0..=200).map(|k| -1.6 + 3.2 * f64::from(k) / 200.0).collect();
    let u = x.iter().map(|x| (x * x - 1.0).powi(2) + 0.1 * x).collect();
    let potential = Panel::new(
        Axis::linear("$x$"),
        Axis::linear("$U(x)$"),
        vec![Layer::line(x.clone(), u, Style::series(0)).labelled("potential")],
    );
    let scaling = Panel::new(
        Axis::log(r"noise intensity $\varepsilon$"),
        Axis::log(r"mean exit time $\mathrm{E}\,\tau$"),
        vec![
            Layer::points(vec![0.05, 0.1, 0.2], vec![812.0, 289.0, 101.0], Style::series(0))
                .labelled("simulation"),
            Layer::line(vec![0.04, 0.25], vec![1100.0, 71.0], Style::series(1)).labelled("theory"),
        ],
    );
    let mut wide = Figure::new("scaling_both", vec![potential.clone(), scaling]);
    wide.columns = 2;
    wide.width_mm = 174.0;
    wide.caption = r"Mean exit times grow like $\varepsilon^{-\alpha}$ under stable noise: both lines have slope $-\alpha$ at small $\varepsilon$ <here>.".into();
    let mut narrow = Figure::new("potential", vec![potential]);
    narrow.caption = "The potential with its two wells.".into();
    vec![narrow, wide]
}

const SCENARIO: &str = "name = \"double_well\"\n[[task]]\nkind = \"exit\"\n";
const ORIGIN: Origin<'_> =
    Origin { scenario: SCENARIO, command: Some("levyscape run s.toml --set 'title=<b>'") };

fn written(study: &Study, figures: &[Figure]) -> Result<String, String> {
    html(study, figures, &ORIGIN)
}

#[test]
fn every_section_is_there_in_order() {
    let page = written(&study(), &figures()).unwrap();
    let mut at = 0;
    for mark in [
        "<h1>",
        "href=\"#numbers\"",
        "id=\"summary\"",
        "Against the exact equation: ",
        "scenario.toml sha256:",
        "id=\"warnings\"",
        "id=\"landscape\"",
        "id=\"comparisons\"",
        "id=\"theory\"",
        "class=\"convention\"",
        "id=\"scheme\"",
        "id=\"figures\"",
        "id=\"numbers\"",
        "id=\"reproduction\"",
        "levyscape run s.toml --set 'title=&lt;b&gt;'",
        "levyscape run scenario.toml",
        "[[task]]",
    ] {
        let offset = page[at..].find(mark);
        assert!(offset.is_some(), "{mark} is missing or out of order");
        at += offset.unwrap_or(0);
    }
    assert_eq!(page.matches("<svg").count(), 2);
    assert_eq!(page.matches("aria-label=\"The potential with its two wells.\"").count(), 1);
    assert!(page.contains("FAILED"));
    assert!(page.contains("DISAGREES") && page.contains("agree with it at the simultaneous 95\u{a0}% level"));
    assert!(page.contains("not exponential") && page.contains("no sign against an exponential law"));
    assert!(page.contains("DISAGREE with the exact destinations") && page.contains("not tested"));
    assert!(page.contains("12 censored"));
}

#[test]
fn the_page_asks_for_nothing_from_elsewhere() {
    let page = written(&study(), &figures()).unwrap();
    // Our script alone, by its hash.
    assert_eq!(page.matches("<script").count(), 1);
    assert!(page.contains(&format!("<script>{SCRIPT}</script>")) && !SCRIPT.contains("</"));
    assert!(page.contains(&format!("script-src 'sha256-{}'", origin::script_hash(SCRIPT))));
    assert!(!["eval(", "fetch(", "innerHTML", "localStorage"].iter().any(|word| SCRIPT.contains(word)));
    for loader in ["http:", "https:", "src=", "@import", "url(", "<link", "<iframe", "<object"] {
        assert!(!page.contains(loader), "{loader}");
    }
    assert!(ids_differ(&page));
}

fn ids_differ(page: &str) -> bool {
    let mut ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    ids.len() == count
}

#[test]
fn text_of_the_user_is_text() {
    let mut study = study();
    study.summary.warnings.push("</li><script>alert(1)</script>".into());
    study.summary.scenario["potential"]["expression"] = json!("x?<i onload=1>");
    let page = written(&study, &figures()).unwrap();
    assert!(page.contains("Escape from an &lt;b&gt;asymmetric&lt;/b&gt; double well &amp; back"));
    assert!(!page.contains("<b>") && page.matches("<script").count() == 1 && !page.contains("<i onload"));
}

#[test]
fn the_same_study_gives_the_same_bytes() {
    assert_eq!(written(&study(), &figures()), written(&study(), &figures()));
}

#[test]
fn every_button_copies_something() {
    let page = written(&study(), &figures()).unwrap();
    let names: Vec<&str> =
        page.split(" data-copy=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    // Two lines of origin, a command, a scenario, two tasks with results and all of them.
    assert_eq!(names.len(), 7, "{names:?}");
    for name in names {
        assert_eq!(page.matches(&format!(" id=\"{name}\"")).count(), 1, "{name}");
    }
    // Without the script nothing that needs it is seen.
    assert_eq!(page.matches("<button").count(), page.matches(" type=\"button\" hidden").count());
}

#[test]
fn tables_have_captions_and_their_heads_a_scope() {
    let page = written(&study(), &figures()).unwrap();
    assert_eq!(page.matches("<table").count(), page.matches("<caption>").count());
    for head in page.split("<th").skip(1).filter(|rest| !rest.starts_with("ead")) {
        let tag = head.split('>').next().unwrap_or("");
        assert!(tag.contains(" scope=\""), "<th{tag}>");
    }
}

#[test]
fn the_summary_counts_every_result_once() {
    let study = study();
    let all: Vec<Outcome> =
        study.summary.points.iter().flat_map(|point| &point.results).map(outcome).collect();
    let page = written(&study, &[]).unwrap();
    let counted =
        page.split("Against the exact equation: ").nth(1).unwrap().split("</strong>").next().unwrap();
    for (wanted, words) in [
        (Outcome::Unusable, "not to be used"),
        (Outcome::Differs, "differ"),
        (Outcome::Agrees, "agree"),
        (Outcome::NotCompared, "without an exact value"),
    ] {
        let number = all.iter().filter(|&&outcome| outcome == wanted).count();
        assert!(number > 0 && counted.contains(&format!("{number} {words}")), "{number} {words}: {counted}");
    }
    assert_eq!(page.matches("<strong class=\"badge").count(), 1);
}

#[test]
fn kinds_of_results_are_told_on_one_screen() {
    let mut many = study();
    let more: Vec<QuantityResult> = (0..40)
        .map(|number| QuantityResult {
            from: Some(number),
            ..result(number % 7, "landing_probability", Some(Sampled { truth: 0.5, off: 0.0, error: 0.01 }))
        })
        .collect();
    many.summary.points[0].results.extend(more);
    for study in [study(), many] {
        let page = written(&study, &[]).unwrap();
        let outcomes = page.split("class=\"outcomes\"").nth(1).unwrap().split("</table>").next().unwrap();
        assert!((2..=13).contains(&outcomes.matches("<tr>").count()), "{outcomes}");
        assert!(outcomes.contains("mean exit time"), "{outcomes}");
    }
}

#[test]
fn latex_tables_have_every_number() {
    let study = study();
    let points = Points::new(&study.summary);
    for (task, form) in [(None, "longtable"), (Some(0), "tabular")] {
        let text = latex::table(&study, &points, task, &ORIGIN);
        let results = study.summary.points.iter().flat_map(|point| &point.results);
        let count = results.filter(|result| task.is_none_or(|task| result.task == task)).count();
        let (_, body) =
            text.rsplit_once(if form == "longtable" { "\\endfoot\n" } else { "\\midrule\n" }).unwrap();
        let rows: Vec<&str> = body.lines().filter(|line| line.contains(" & ")).collect();
        assert_eq!(rows.len(), count, "{text}");
        for row in rows {
            assert_eq!(row.matches(" & ").count(), 7 + usize::from(task.is_none()), "{row}");
            assert!(row.ends_with(r" \\") && row.matches('$').count().is_multiple_of(2), "{row}");
            assert!(row.is_ascii(), "{row}");
        }
        for part in [
            &format!("\\begin{{{form}}}{{l{}lrrrrrl}}", if task.is_none() { "r" } else { "" }),
            r"double well \& back",
            r"$<$b$>$asymmetric",
            r"stable, $\varepsilon = 0.2$",
            r" & $\mathrm{E}\,T$ & $",
            r" \pm ",
            &format!("\\end{{{form}}}"),
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.contains(&format!("scenario {}", &ORIGIN.hash()[..12])), "{text}");
    }
}

#[test]
fn elements_are_closed() {
    let page = written(&study(), &figures()).unwrap();
    for element in
        ["table", "tbody", "tr", "td", "th", "section", "div", "span", "details", "svg", "i", "sub", "sup"]
    {
        let opened =
            page.matches(&format!("<{element}>")).count() + page.matches(&format!("<{element} ")).count();
        assert_eq!(opened, page.matches(&format!("</{element}>")).count(), "{element}");
    }
}

#[test]
fn the_same_remark_at_many_points_stands_once() {
    let page = written(&study(), &[]).unwrap();
    assert_eq!(page.matches("the window was guessed").count(), 1);
    assert!(page.contains("all 6 points"));
}

#[test]
fn a_study_that_contradicts_itself_or_is_empty_is_no_panic() {
    let mut broken = study();
    broken.points.pop();
    assert!(written(&broken, &[]).is_err());
    broken.points.clear();
    broken.summary.points.clear();
    broken.summary.scenario = json!(null);
    assert!(written(&broken, &[]).unwrap().contains("<h1>"));
    assert_eq!(terminal_summary(&broken), "");
}

#[test]
fn the_terminal_has_100_columns() {
    let study = study();
    let text = terminal_summary(&study);
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(text.lines().count() < 34, "{text}");
    assert!(text.contains("more in the report"), "{text}");
    assert!(text.contains("stable, ε = 0.2"), "{text}");
    for said in [
        "agrees; -",
        "no exact; ",
        "DISAGREES; ",
        "NOT TO BE USED",
        "simultaneous 95",
        "mean times are between",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn few_results_are_all_on_the_terminal() {
    let mut study = study();
    study.points.truncate(1);
    study.summary.points.truncate(1);
    study.summary.points[0].point.clear();
    let text = terminal_summary(&study);
    assert!(text.contains("P(X_T in [0, ∞])") && !text.contains("more in the report"), "{text}");
    assert!(!text.contains("point"), "{text}");
}

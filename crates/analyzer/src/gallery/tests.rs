//! Figures of made-up studies: results are theory plus a few per cent of fixed scatter.

use std::sync::Arc;

use levyscape_engine::Trajectory;
use levyscape_integrator::Potential;
use serde_json::{Map, Value, json};

use super::*;
use crate::estimate::SurvivalCurve;
use crate::exact;
use crate::figure::{Format, Joined, Layer, Panel, Theme, render};
use crate::landscape::Landscape;
use crate::study::{EnsembleData, PathData, PointData};
use crate::summary::{
    BiasResult, NoiseSummary, PointSummary, QuantityResult, SchemeSummary, Summary, Verdict,
};
use crate::test_potential::Formula;
use crate::theory::{self, LimitChain, NoiseLaw, StoppedProblem};

mod measured;

const INF: f64 = f64::INFINITY;

/// `h ((x/w)^2 - 1)^2 + k x`.
fn double_well(h: f64, w: f64, k: f64) -> Arc<dyn Potential> {
    let s = move |x: f64| x * x / (w * w) - 1.0;
    Arc::new(Formula::new(
        move |x| h * s(x) * s(x) + k * x,
        move |x| 4.0 * h * s(x) * x / (w * w) + k,
        move |x| 4.0 * h / (w * w) * (3.0 * x * x / (w * w) - 1.0),
    ))
}

/// Minima at -2, 0.1 and 2, not quite symmetric.
fn triple_well() -> Arc<dyn Potential> {
    Arc::new(Formula::new(
        |x| 0.2 * (x.powi(6) / 6.0 - 1.25 * x.powi(4) + 2.0 * x * x) - 0.08 * x,
        |x| 0.2 * (x.powi(5) - 5.0 * x.powi(3) + 4.0 * x) - 0.08,
        |x| 0.2 * (5.0 * x.powi(4) - 15.0 * x * x + 4.0),
    ))
}

fn free() -> Arc<dyn Potential> {
    Arc::new(Formula::new(|_| 0.0, |_| 0.0, |_| 0.0))
}

fn brownian(epsilon: f64) -> NoiseLaw {
    NoiseLaw::Brownian { epsilon }
}

fn stable(alpha: f64, epsilon: f64) -> NoiseLaw {
    NoiseLaw::stable(alpha, epsilon)
}

/// Fixed scatter, between -1 and 1.
fn scatter(seed: usize) -> f64 {
    ((seed as f64 + 1.0) * 12.9898).sin()
}

enum Task {
    Exit(StoppedProblem),
    Transition,
    Chain,
    Path(f64),
}

fn with(pairs: &[(&str, Value)]) -> Map<String, Value> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
}

fn result(task: usize, quantity: &str, truth: Option<f64>, error: f64, seed: usize) -> QuantityResult {
    let estimate = truth.map(|truth| truth * (1.0 + error * scatter(seed)));
    QuantityResult {
        task,
        kind: "exit".into(),
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
        std_error: estimate.map(|x| 0.8 * error * x),
        ci95: estimate.map(|x| [x * (1.0 - 1.6 * error), x * (1.0 + 1.6 * error)]),
        method: "plain".into(),
        step: 0.01,
        paths: 4000,
        censored: 0,
        diverged: 0,
        steps: 1_000_000,
        discretisation_bias: None,
        levels: Vec::new(),
        asymptotic: truth,
        exact: None,
        exact_error: None,
        verdict: None,
    }
}

fn walk(potential: &dyn Potential, noise: NoiseLaw, start: f64, end: f64, seed: u64) -> Trajectory {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    };
    let step: f64 = 0.01;
    let (mut time, mut position, mut evenly) = (vec![0.0], vec![start], Vec::new());
    let mut x = start;
    let count = (end / step) as usize;
    for k in 1..=count {
        let v = std::f64::consts::PI * (uniform() - 0.5);
        let e = -uniform().ln();
        let (alpha, epsilon) = match noise {
            NoiseLaw::Brownian { epsilon } => (2.0, epsilon * 0.5_f64.sqrt()),
            NoiseLaw::Stable { alpha, epsilon, .. } | NoiseLaw::StableAndGaussian { alpha, epsilon, .. } => {
                (alpha, epsilon)
            }
            NoiseLaw::Other { epsilon, .. } => (1.0, epsilon),
        };
        let s = (alpha * v).sin() / v.cos().powf(1.0 / alpha)
            * (((1.0 - alpha) * v).cos() / e).powf((1.0 - alpha) / alpha);
        let gradient = potential.gradient(x);
        x += -step * gradient / (1.0 + step * gradient.abs()) + epsilon * step.powf(1.0 / alpha) * s;
        if k % 5 == 0 {
            evenly.push(x);
        }
        if k % 20 == 0 || s.abs() > 20.0 {
            time.push(k as f64 * step);
            position.push(x);
        }
    }
    Trajectory { time, position, evenly }
}

fn survival(mean: f64) -> SurvivalCurve {
    let share: Vec<f64> = (0..400).map(|k| 1.0 - f64::from(k) / 400.0).collect();
    let time = share.iter().enumerate().map(|(k, s)| -mean * s.ln() * (1.0 + 0.01 * scatter(k))).collect();
    SurvivalCurve { time, survival: share, half_width: (40.0_f64.ln() / 8000.0).sqrt(), horizon: 20.0 * mean }
}

/// One point with results for every task.
fn point(
    potential: Arc<dyn Potential>,
    noise: NoiseLaw,
    step: f64,
    keys: Map<String, Value>,
    tasks: &[Task],
) -> (PointSummary, PointData) {
    let landscape = Landscape::find(potential.as_ref(), Some([-20.0, 20.0])).unwrap();
    let (mut results, mut ensembles, mut paths) = (Vec::new(), Vec::new(), Vec::new());
    let seed = (noise.epsilon() * 1e4) as usize + (step * 1e6) as usize + 7 * landscape.minima.len();
    for (task, what) in tasks.iter().enumerate() {
        match what {
            Task::Exit(problem) => {
                let asymptotic = theory::stopped(potential.as_ref(), &landscape, noise, problem);
                let exact = exact::stopped(potential.as_ref(), noise, problem);
                let asymptotic = asymptotic.map(|theory| theory.mean);
                let truth = exact.mean.or(asymptotic);
                let mut mean = result(task, "mean_exit_time", truth, 0.03, seed + task);
                (mean.asymptotic, mean.exact) = (asymptotic, exact.mean);
                let order = crate::estimate::weak_order(noise.jump_index().unwrap_or(2.0), false);
                let fine = mean.estimate.map(|value| value * (1.0 + 0.8 * step.powf(order)));
                mean.discretisation_bias = fine.map(|fine| BiasResult {
                    estimate: fine - mean.estimate.unwrap(),
                    std_error: 0.01 * fine,
                    method: "made up".into(),
                    fine,
                    coarse: fine,
                });
                let mut second =
                    result(task, "second_moment", truth.map(|mean| 2.0 * mean * mean), 0.0, seed);
                second.discretisation_bias = mean.discretisation_bias.clone().map(|mut bias| {
                    bias.fine = 2.0 * bias.fine * bias.fine;
                    bias
                });
                let curve = survival(fine.unwrap_or(1.0));
                results.extend([mean, second]);
                ensembles.push(EnsembleData {
                    task,
                    from: None,
                    problem: problem.clone(),
                    survival: Some(curve),
                    exponential_distance: Some(0.8),
                    places: None,
                });
            }
            Task::Transition => {
                for from in 1..=landscape.minima.len() {
                    let Some(theory) = theory::transition(&landscape, noise, from - 1) else { continue };
                    let mut mean =
                        result(task, "mean_transition_time", Some(theory.mean), 0.05, seed + task + from);
                    mean.from = Some(from);
                    let curve = survival(mean.estimate.unwrap());
                    results.push(mean);
                    for to in (1..=landscape.minima.len()).filter(|to| *to != from) {
                        let p = theory.probabilities[to - 1];
                        let mut row = result(task, "transition_probability", Some(p), 0.05, seed + to);
                        row.ci95 = row.estimate.map(|p| [p - 0.02, p + 0.02]);
                        (row.from, row.to) = (Some(from), Some(to));
                        results.push(row);
                    }
                    ensembles.push(EnsembleData {
                        task,
                        from: Some(from),
                        problem: StoppedProblem::transition(&landscape, from - 1, 0.1).unwrap(),
                        survival: Some(curve),
                        exponential_distance: Some(0.9),
                        places: None,
                    });
                }
            }
            Task::Chain => {
                let limit = LimitChain::new(&landscape, noise).unwrap();
                let pairs = |size: usize| (1..=size).flat_map(move |i| (1..=size).map(move |j| (i, j)));
                for (from, to) in pairs(landscape.minima.len()) {
                    for t in [0.5, 1.0, 2.0] {
                        let p = limit.chain.transition_matrix(t)[from - 1][to - 1];
                        let mut row = result(task, "chain_probability", Some(p), 0.0, seed);
                        row.estimate = Some(p + 0.01 * scatter(seed + from + to));
                        row.ci95 = row.estimate.map(|p| [p - 0.02, p + 0.02]);
                        (row.from, row.to, row.t) = (Some(from), Some(to), Some(t));
                        (row.kind, row.exact) = ("chain".into(), Some(p + 0.005));
                        results.push(row);
                    }
                    if from != to {
                        let rate = limit.chain.rate(from - 1, to - 1);
                        let mut row = result(task, "generator_entry", Some(rate), 0.02, seed + from);
                        (row.kind, row.from, row.to) = ("chain".into(), Some(from), Some(to));
                        results.push(row);
                    }
                }
            }
            Task::Path(start) => {
                let trajectories =
                    (1..=3).map(|seed| walk(potential.as_ref(), noise, *start, 200.0, seed)).collect();
                paths.push(PathData { task, end_time: 200.0, trajectories });
            }
        }
    }
    let summary = PointSummary {
        point: keys,
        landscape: None,
        noise: NoiseSummary {
            kind: if matches!(noise, NoiseLaw::Brownian { .. }) { "brownian" } else { "stable" }.into(),
            alpha: match noise {
                NoiseLaw::Stable { alpha, .. } => Some(alpha),
                _ => None,
            },
            beta: None,
            epsilon: noise.epsilon(),
        },
        scheme: SchemeSummary {
            kind: "splitting".into(),
            step,
            reason: String::new(),
            euler_blow_up_rate: 0.0,
        },
        theory: None,
        results,
        tests: Vec::new(),
    };
    (summary, PointData { potential, landscape, noise, ensembles, paths, chains: Vec::new() })
}

fn study(title: &str, points: Vec<(PointSummary, PointData)>) -> Study {
    let (summaries, points) = points.into_iter().unzip();
    let summary = Summary {
        levyscape: "0.1.0".into(),
        name: "made_up".into(),
        title: title.into(),
        scenario: Value::Null,
        landscape: None,
        limits: Vec::new(),
        exponents: Vec::new(),
        points: summaries,
        verdict: Verdict { status: "ok".into(), reasons: Vec::new() },
        comparison: None,
        warnings: Vec::new(),
    };
    Study { summary, points }
}

/// Both noises over a tilted double well, the amplitude swept.
fn amplitudes() -> Study {
    let tasks = [Task::Exit(StoppedProblem::exit(-1.0, -3.0, 0.05)), Task::Transition, Task::Path(-1.0)];
    let mut points = Vec::new();
    for kind in ["brownian", "stable"] {
        for epsilon in [0.7, 0.5, 0.4, 0.3] {
            let noise = if kind == "brownian" { brownian(epsilon) } else { stable(1.5, 0.5 * epsilon) };
            let keys = with(&[("noise", json!({"kind": kind, "epsilon": noise.epsilon()}))]);
            points.push(point(double_well(0.25, 1.0, 0.03), noise, 1e-3, keys, &tasks));
        }
    }
    study("Two noises $ over one \\ landscape", points)
}

/// Three wells; with several amplitudes or one.
fn three_wells(amplitudes: &[f64]) -> Study {
    let mut points = Vec::new();
    for &epsilon in amplitudes {
        for noise in [brownian(4.0 * epsilon), stable(1.2, epsilon), stable(1.7, epsilon)] {
            let kind = format!("{noise:?}");
            let keys = with(&[("noise.kind", kind.into()), ("noise.epsilon", epsilon.into())]);
            points.push(point(triple_well(), noise, 1e-3, keys, &[Task::Transition]));
        }
    }
    study("Three wells", points)
}

/// Three wells as a chain, under two amplitudes.
fn chain() -> Study {
    let point = |epsilon: f64| {
        let keys = with(&[("noise.epsilon", epsilon.into())]);
        point(triple_well(), stable(1.5, epsilon), 1e-3, keys, &[Task::Chain])
    };
    study("A chain", vec![point(0.1), point(0.03)])
}

/// Width and depth of a double well under both noises; the two deepest Brownian points never exit.
fn plane(tilt: f64) -> Study {
    let mut points = Vec::new();
    for (noise, kind) in [(brownian(0.5), "brownian"), (stable(1.5, 0.05), "stable")] {
        for w in [0.5, 0.7, 1.0, 1.4, 2.0, 2.8] {
            for h in [0.3, 0.5, 0.7, 0.9, 1.1, 1.3] {
                let keys = with(&[
                    ("noise.kind", kind.into()),
                    ("potential.parameters.w", w.into()),
                    ("potential.parameters.h", h.into()),
                ]);
                let tasks = [Task::Exit(StoppedProblem::exit(-w, -INF, 1e-9))];
                let (mut summary, data) = point(double_well(h, w, tilt), noise, 1e-3, keys, &tasks);
                if kind == "brownian" && h > 1.2 && w > 1.5 {
                    summary.results[0].estimate = None;
                    summary.results[0].ci95 = None;
                }
                points.push((summary, data));
            }
        }
    }
    study("Width against depth", points)
}

/// Drift-free exits, where the value at step 0 is known.
fn steps() -> Study {
    let mut points = Vec::new();
    for alpha in [0.8, 1.0, 1.5, 1.8] {
        for step in [0.16, 0.08, 0.04, 0.02, 0.01] {
            let keys = with(&[("noise.alpha", alpha.into()), ("scheme.step", step.into())]);
            let tasks = [Task::Exit(StoppedProblem::exit(0.0, -1.0, 1.0))];
            points.push(point(free(), stable(alpha, 1.0), step, keys, &tasks));
        }
    }
    study("Steps", points)
}

fn tail_indices() -> Study {
    let tasks = [
        Task::Exit(StoppedProblem { targets: vec![[1.8, 2.2]], ..StoppedProblem::exit(-0.6, -3.0, 0.5) }),
        Task::Path(-1.0),
    ];
    let alphas = [0.6, 0.9, 1.2, 1.5, 1.8];
    let point = |alpha: &f64| {
        let keys = with(&[("noise.alpha", (*alpha).into())]);
        point(double_well(0.25, 1.0, 0.0), stable(*alpha, 0.1), 1e-3, keys, &tasks)
    };
    study("Tail indices", alphas.iter().map(point).collect())
}

/// One parameter of the landscape, with both noises.
fn one_parameter() -> Study {
    let mut points = Vec::new();
    for w in [0.5, 1.0, 2.0, 4.0] {
        for noise in [brownian(0.5), stable(1.5, 0.1)] {
            let keys = with(&[("potential.parameters.w", w.into()), ("noise", format!("{noise:?}").into())]);
            let tasks = [Task::Exit(StoppedProblem::exit(-w, -INF, 0.0))];
            points.push(point(double_well(0.5, w, 0.0), noise, 1e-3, keys, &tasks));
        }
    }
    study("One parameter", points)
}

/// A harmonic well: its only edges are those of the domain.
fn harmonic() -> Study {
    let potential = || -> Arc<dyn Potential> { Arc::new(Formula::new(|x| 0.5 * x * x, |x| x, |_| 1.0)) };
    let mut points = Vec::new();
    for epsilon in [0.2, 0.1, 0.05] {
        for alpha in [1.2, 1.5, 1.8] {
            let keys = with(&[("noise.epsilon", epsilon.into()), ("noise.alpha", alpha.into())]);
            let tasks = [Task::Exit(StoppedProblem::exit(0.0, -1.0, 1.5))];
            points.push(point(potential(), stable(alpha, epsilon), 1e-3, keys, &tasks));
        }
    }
    study("Harmonic", points)
}

fn single() -> Study {
    let tasks = [Task::Exit(StoppedProblem::exit(-1.0, -3.0, 0.0))];
    study("", vec![point(double_well(0.25, 1.0, 0.03), stable(1.5, 0.1), 1e-3, Map::new(), &tasks)])
}

pub(super) fn all() -> Vec<(&'static str, Study, &'static [&'static str])> {
    vec![
        ("amplitudes", amplitudes(), &["landscape", "paths", "exit_time_epsilon", "generator", "survival"]),
        ("chain", chain(), &["landscape", "chain"]),
        ("three", three_wells(&[0.1]), &["landscape", "transitions", "generator", "survival"]),
        (
            "three_amplitudes",
            three_wells(&[0.05, 0.07, 0.1]),
            &["landscape", "exit_time_epsilon", "transitions", "generator", "survival"],
        ),
        ("plane", plane(0.0), &["landscape", "width_depth", "width_depth_cuts", "survival"]),
        ("tilted", plane(0.08), &["landscape", "width_depth", "width_depth_cuts", "survival"]),
        ("steps", steps(), &["landscape", "survival", "convergence"]),
        ("tail_indices", tail_indices(), &["landscape", "paths", "exit_time_alpha", "survival"]),
        ("one_parameter", one_parameter(), &["landscape", "sweep_w", "survival"]),
        ("harmonic", harmonic(), &["landscape", "exit_time_epsilon", "exit_time_alpha", "survival"]),
        ("single", single(), &["landscape", "survival"]),
        ("empty", study("Nothing", Vec::new()), &[]),
    ]
}

/// Every figure appears where it should, is drawn in SVG and reads back from JSON. With
/// `LEVYSCAPE_FIGURES=dir` all are written there as PNG too, for looking.
#[test]
fn every_study_has_its_figures() {
    let folder = std::env::var_os("LEVYSCAPE_FIGURES").map(std::path::PathBuf::from);
    for (name, study, expected) in all() {
        let figures = figures(&study);
        let names: Vec<&str> = figures.iter().map(|figure| figure.name.as_str()).collect();
        assert_eq!(names, expected, "{name}");
        for figure in &figures {
            let known = super::names().contains(&figure.name.as_str()) || figure.name.starts_with("sweep_");
            assert!(known && !figure.caption.is_empty(), "{}", figure.name);
            let svg = render(figure, Format::Svg, Theme::paper());
            assert!(svg.is_ok(), "{name} {}: {:?}", figure.name, svg.err());
            let text = serde_json::to_string(figure).unwrap();
            let back: Figure = serde_json::from_str(&text).unwrap();
            assert_eq!(serde_json::to_string(&back).unwrap(), text, "{name} {}", figure.name);
            if let Some(folder) = &folder {
                let png = render(figure, Format::Png, Theme::paper()).unwrap();
                std::fs::write(folder.join(format!("{name}-{}.png", figure.name)), png).unwrap();
                println!(
                    "{name} {}: {}\n",
                    figure.name,
                    crate::figure::text::plain(&figure.caption).unwrap()
                );
            }
        }
    }
}

fn find(study: &Study, name: &str) -> Figure {
    let (_, draw) = GALLERY.iter().find(|(known, _)| *known == name).unwrap();
    draw(study).remove(0)
}

fn labels(panel: &Panel) -> Vec<&str> {
    panel.layers.iter().filter_map(Layer::label).collect()
}

fn titles(figure: &Figure) -> Vec<&str> {
    figure.panels.iter().map(|panel| panel.title.as_deref().unwrap_or("")).collect()
}

/// Marks of a panel, layer by layer.
fn marks(panel: &Panel) -> Vec<[&Vec<f64>; 4]> {
    fn points(layer: &Layer) -> Option<[&Vec<f64>; 4]> {
        match layer {
            Layer::Points { x, y, lo, hi, .. } => Some([x, y, lo, hi]),
            _ => None,
        }
    }
    panel.layers.iter().filter_map(points).collect()
}

fn lines(panel: &Panel) -> Vec<[&Vec<f64>; 2]> {
    fn line(layer: &Layer) -> Option<[&Vec<f64>; 2]> {
        match layer {
            Layer::Line { x, y, .. } if !x.is_empty() => Some([x, y]),
            _ => None,
        }
    }
    panel.layers.iter().filter_map(line).collect()
}

#[test]
fn amplitude_panels_compare_the_noises() {
    let study = amplitudes();
    let figure = find(&study, "exit_time_epsilon");
    // Two groups in a row of three panels each, then the third beside an empty place.
    assert_eq!((figure.columns, figure.panels.len(), figure.row_heights.len()), (2, 12, 6));
    let joined: Vec<bool> = figure.panels.iter().map(|panel| panel.joined == Joined::Above).collect();
    assert_eq!(joined, [[false; 2], [true; 2], [true; 2], [false; 2], [true, false], [true, false]].concat());
    assert!(!figure.panels[7].axes && !figure.panels[11].axes);
    let expected = [r"exit from $(-3,\,0.05)$, $x_0 = -1$", "from $m_{1}$", "", "", "", "", "from $m_{2}$"];
    assert_eq!(titles(&figure)[..7], expected);
    let [main, ratio, exponent] = [0, 2, 4].map(|k| &figure.panels[k]);
    assert_eq!(labels(main), ["Brownian", r"Lévy, $\alpha = 1.5$", "small-noise theory", "exact"]);
    // Theory for both, exact values for Brownian noise alone, points, two keys.
    assert_eq!(main.layers.len(), 2 + 1 + 2 + 2);
    let [x, y, lo, hi] = marks(main)[0];
    assert_eq!(x, &[0.3, 0.4, 0.5, 0.7]);
    assert!((0..4).all(|k| lo[k] < y[k] && y[k] < hi[k]));

    // Brownian times over exact values, Lévy times over the theory's.
    assert_eq!((ratio.y.label.as_str(), exponent.y.label.as_str()), ("ratio", r"exponent $\mu$"));
    let results = |k: usize| study.summary.points[k].results[0].clone();
    let [brownian, levy] = [marks(ratio)[0], marks(ratio)[1]];
    for (place, k) in [(3, 0), (0, 3)] {
        let (gauss, jumps) = (results(k), results(k + 4));
        assert_eq!(brownian[1][place], gauss.estimate.unwrap() / gauss.exact.unwrap());
        assert_eq!(brownian[2][place], gauss.ci95.unwrap()[0] / gauss.exact.unwrap());
        assert_eq!(levy[1][place], jumps.estimate.unwrap() / jumps.asymptotic.unwrap());
    }
    // Theory over exact, at the ends of the axis what the points say.
    let [x, y] = lines(ratio)[0];
    let first = results(3);
    assert_eq!((x[0], lines(ratio).len()), (0.3, 1));
    assert!((y[0] / (first.asymptotic.unwrap() / first.exact.unwrap()) - 1.0).abs() < 1e-3);

    // Exponents between neighbours: of the estimates, with errors from the intervals; -alpha as a line.
    let [x, y, lo, hi] = marks(exponent)[1];
    let (a, b) = (results(7), results(6));
    let step = (0.4_f64 / 0.3).ln();
    assert_eq!(x.len(), 3);
    assert!((x[0] - 0.5 * 0.12_f64.sqrt()).abs() < 1e-12);
    assert!((y[0] - (b.estimate.unwrap() / a.estimate.unwrap()).ln() / step).abs() < 1e-12);
    let relative = |one: &QuantityResult| {
        let [lo, hi] = one.ci95.unwrap();
        0.5 * (hi - lo) / one.estimate.unwrap()
    };
    assert!((0.5 * (hi[0] - lo[0]) * step / relative(&a).hypot(relative(&b)) - 1.0).abs() < 1e-12);
    assert!(lines(exponent).iter().any(|[x, y]| **x == [0.15, 0.35] && **y == [-1.5, -1.5]));
}

#[test]
fn what_all_series_are_divided_by_is_named() {
    let ratio = |figure: &Figure| figure.panels.iter().find(|panel| panel.joined == Joined::Above).cloned();
    let label = |study: &Study, name: &str| ratio(&find(study, name)).unwrap().y.label;
    assert_eq!(label(&harmonic(), "exit_time_epsilon"), "ratio to theory");
    let mut study = harmonic();
    for result in study.summary.points.iter_mut().flat_map(|point| &mut point.results) {
        result.exact = result.asymptotic;
    }
    assert_eq!(label(&study, "exit_time_epsilon"), "ratio to exact");
    // With neither there is nothing to divide by, and no panel.
    for result in study.summary.points.iter_mut().flat_map(|point| &mut point.results) {
        (result.exact, result.asymptotic) = (None, None);
    }
    let figure = find(&study, "exit_time_epsilon");
    assert!(figure.panels.iter().all(|panel| !panel.y.label.starts_with("ratio")));
}

#[test]
fn a_prediction_that_is_far_off_leaves_the_ratios_visible() {
    let mut study = one_parameter();
    for result in study.summary.points.iter_mut().flat_map(|point| &mut point.results) {
        result.exact = result.estimate;
        result.asymptotic = result.estimate.map(|value| 1000.0 * value);
    }
    let figure = find(&study, "sweep_<key>");
    let ratio = figure.panels.iter().find(|panel| panel.y.label == "ratio to exact").unwrap();
    let [low, high] = ratio.y.range.unwrap();
    assert!((0.9..0.96).contains(&low) && (1.04..1.1).contains(&high), "{low} {high}");
}

#[test]
fn transitions_have_one_colour_a_destination() {
    let figure = find(&three_wells(&[0.1]), "transitions");
    assert_eq!(titles(&figure), ["from $m_{1}$", "from $m_{2}$", "from $m_{3}$"]);
    assert_eq!(labels(&figure.panels[0]).len(), 4);
    let figure = find(&three_wells(&[0.05, 0.07, 0.1]), "transitions");
    assert_eq!(figure.panels.len(), 9);
    assert_eq!(labels(&figure.panels[0]), ["to $m_{1}$", "to $m_{2}$", "to $m_{3}$", "theory"]);
}

#[test]
fn the_plane_is_that_of_the_well() {
    let study = plane(0.0);
    let figure = find(&study, "width_depth");
    assert_eq!(
        titles(&figure),
        [r"Brownian, $\varepsilon = 0.5$", r"Lévy, $\alpha = 1.5$, $\varepsilon = 0.05$"]
    );
    let Layer::Heat { x_edges, y_edges, z, contours } = &figure.panels[0].layers[0] else {
        panic!("no heat map");
    };
    assert_eq!((x_edges.len(), y_edges.len(), z.len()), (7, 7, 36));
    assert_eq!(z.iter().filter(|value| value.is_nan()).count(), 2);
    // Each level has its number on its contour, where the simulated values say so.
    let names = figure.panels[0].layers.iter().filter_map(|layer| match layer {
        Layer::Text { x, y, text, .. } => Some((*x, *y, text.as_str())),
        _ => None,
    });
    let names: Vec<_> = names.collect();
    assert_eq!(names.len(), contours.len());
    for ((x, y, text), level) in names.iter().zip(contours) {
        assert_eq!(*text, words::number(*level));
        assert!((0.5..=2.8).contains(x) && (0.3..=1.3).contains(y));
    }
    // The gaps are the widest and deepest wells: the end of the last row.
    assert!(z[34].is_nan() && z[35].is_nan() && !contours.is_empty());
    assert!(x_edges[0] < 0.5 && 0.5 < x_edges[1] && y_edges[5] < 1.3 && 1.3 < y_edges[6]);
    let cuts = find(&study, "width_depth_cuts");
    assert_eq!(titles(&cuts), [r"depth $\Delta U = 0.9$", "width $w = 1.4$", "", ""]);
    assert_eq!((cuts.columns, cuts.row_heights.len()), (2, 2));
    assert!(cuts.panels[2..].iter().all(|panel| panel.joined == Joined::Above));
    // A tilt bends the grid: then the parameters are the axes.
    assert_eq!(find(&plane(0.08), "width_depth").panels[0].x.label, "parameter $w$");
}

#[test]
fn each_tail_index_has_its_convergence() {
    let figure = find(&steps(), "convergence");
    let expected = [0.8, 1.0, 1.5, 1.8].map(|alpha| format!(r"Lévy, $\alpha = {alpha}$"));
    let shown = titles(&figure);
    assert_eq!([&shown[..2], &shown[4..6]].concat(), expected);
    assert_eq!([&shown[2..4], &shown[6..]].concat(), [""; 4]);
    assert_eq!(labels(&figure.panels[0]), ["exact", "uncorrected", "step-corrected"]);
    // Errors C h^(1/1.5), made exactly so, whose standard errors leave the order open by a few per cent.
    let errors = &figure.panels[6];
    assert_eq!(errors.joined, Joined::Above);
    let first_errors = labels(&figure.panels[2]);
    let labels = labels(errors);
    assert!(labels[0].starts_with(r"fit: order $0.6") && labels[0].contains(r"\pm 0.0"), "{labels:?}");
    // What the markers mean stands in the first panel alone.
    assert_eq!(labels[1..], [r"order $1/\alpha = 0.67$"]);
    assert_eq!(first_errors[2..], ["against exact", "from $h$ and $2h$"]);
    let Layer::Points { y, lo, .. } = &figure.panels[0].layers[1] else { panic!("no points") };
    // Exponential times of 4000 paths: 1.96 / sqrt(4000) of the mean.
    let share = 1.0 - crate::estimate::NORMAL_95 / 4000.0_f64.sqrt();
    assert!(y.iter().zip(lo).all(|(y, lo)| (lo / y - share).abs() < 1e-9));
}

#[test]
fn a_chain_has_a_panel_a_start_and_its_graph() {
    let figure = find(&chain(), "chain");
    assert_eq!(titles(&figure), ["from $m_{1}$", "from $m_{2}$", "from $m_{3}$", "rates $q_{ij}$"]);
    let panel = &figure.panels[1];
    let amplitudes = [r"$\varepsilon = 0.03$", r"$\varepsilon = 0.1$"];
    assert_eq!(labels(panel), [amplitudes[0], amplitudes[1], "small-noise theory", "exact"]);
    // From the second minimum the curves begin at 0, 1 and 0 and have a common sum.
    let curves: Vec<&Vec<f64>> = panel
        .layers
        .iter()
        .filter_map(|layer| match layer {
            Layer::Line { y, style, .. } if !y.is_empty() && style.dash == Some(curve::THEORY) => Some(y),
            _ => None,
        })
        .collect();
    assert_eq!(curves.iter().map(|y| y[0]).collect::<Vec<_>>(), [0.0, 1.0, 0.0]);
    assert!((curves.iter().map(|y| y[40]).sum::<f64>() - 1.0).abs() < 1e-12);
    let graph = &figure.panels[3];
    assert!(!graph.axes);
    let weights: Vec<([f64; 2], f64)> = graph
        .layers
        .iter()
        .filter_map(|layer| match layer {
            Layer::Arc { from, to, style, .. } => Some(([from[0], to[0]], style.weight)),
            _ => None,
        })
        .collect();
    // Every well from every other; widths are in proportion to the rates of the chain.
    assert_eq!(weights.len(), 6);
    let limit = LimitChain::new(&chain().points[0].landscape, stable(1.5, 0.1)).unwrap();
    let ratio = limit.chain.rate(0, 2) / limit.chain.rate(0, 1);
    assert!((weights[1].1 / weights[0].1 - ratio).abs() < 1e-9, "{weights:?}");
    // With a name in each node and a measured number in each bow.
    assert_eq!(graph.layers.iter().filter(|layer| layer.kind() == "text").count(), 3 + 6);
}

#[test]
fn a_generator_follows_from_times_and_destinations() {
    let figure = find(&three_wells(&[0.1]), "generator");
    assert_eq!(figure.panels.len(), 3);
    let count = |panel: &Panel, kind| panel.layers.iter().filter(|layer| layer.kind() == kind).count();
    // Brownian paths go to a neighbour, Lévy paths anywhere.
    assert_eq!([0, 1].map(|k| count(&figure.panels[k], "arc")), [4, 6]);
    assert_eq!([0, 1].map(|k| count(&figure.panels[k], "text")), [3 + 4, 3 + 6]);
}

#[test]
fn paths_have_their_density_at_the_side() {
    let study = amplitudes();
    let figure = find(&study, "paths");
    let joined: Vec<Joined> = figure.panels.iter().map(|panel| panel.joined).collect();
    assert_eq!(joined, [Joined::No, Joined::Left, Joined::Above, Joined::Left]);
    for pair in figure.panels.chunks(2) {
        let ticks: Vec<&str> = pair[0].y.ticks.iter().map(|tick| tick.label.as_str()).collect();
        assert!(ticks.len() == 3 && ticks[0].starts_with("$m_{1} = -1") && ticks[1].starts_with("$s_{1}"));
        let Some(Layer::Line { x, y, .. }) = pair[1].layers.last() else { panic!("no density") };
        // All the time but what was spent outside the frame.
        let bins = x.chunks(2).zip(y.chunks(2)).filter(|(x, _)| x[0].is_finite());
        let inside: f64 = bins.map(|(x, y)| x[0] * (y[1] - y[0])).sum();
        assert!(inside > 0.9 && inside < 1.0 + 1e-9, "{inside}");
    }
}

#[test]
fn wells_are_dimensioned() {
    let figure = find(&three_wells(&[0.1]), "landscape");
    let words: Vec<&str> = figure.panels[0]
        .layers
        .iter()
        .filter_map(|layer| match layer {
            Layer::Text { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    for symbol in ["w_{1}", "w_{2}^-", "w_{2}^+", "w_{3}", "h_{1}", "h_{2}", "h_{3}", "m_{2}", "s_{2}"] {
        assert!(words.iter().any(|text| text.contains(symbol)), "{symbol}: {words:?}");
    }
    // Four widths and three depths.
    let arrows = figure.panels[0].layers.iter().filter(|layer| layer.kind() == "arrow").count();
    assert_eq!(arrows, 7);
}

#[test]
fn survival_has_quantiles_inside() {
    let figure = find(&single(), "survival");
    let panel = &figure.panels[0];
    let Some(Layer::Line { x, y, .. }) = panel.layers.iter().find(|layer| layer.label() == Some("exact"))
    else {
        panic!("no exact curve")
    };
    assert!(x[0] == 0.0 && y[0] == 1.0 && y.windows(2).all(|pair| pair[1] < pair[0]));
    let inset = &panel.inset.as_ref().unwrap().panel;
    let [Layer::Band { lo, hi, .. }, _, Layer::Points { x, y, .. }] = &inset.layers[..] else {
        panic!("no quantiles")
    };
    assert_eq!(x.len(), 100);
    // The made-up times are exponential but for 1 %: quantiles on the diagonal, inside their band.
    for k in 0..97 {
        assert!((y[k] / x[k] - 1.0).abs() < 0.1 || x[k] < 0.05, "{} {}", x[k], y[k]);
        assert!(lo[k] <= y[k] && (y[k] <= hi[k] || hi[k].is_nan()));
    }
}

#[test]
fn a_study_without_any_estimate_is_drawn() {
    for (_, mut study, _) in all() {
        for point in &mut study.summary.points {
            for result in &mut point.results {
                (result.estimate, result.ci95, result.std_error) = (None, None, None);
                (result.asymptotic, result.exact, result.discretisation_bias) = (None, None, None);
            }
        }
        for figure in figures(&study) {
            for format in Format::ALL {
                let drawn = render(&figure, format, Theme::paper());
                assert!(drawn.is_ok(), "{}: {:?}", figure.name, drawn.err());
            }
        }
    }
}

//! Figures of what runs measure beside means: places of exits, the long-run density, the cost of an error.

use levyscape_engine::{HISTOGRAM_PATHS, Outcome, PathRecord, Stop};

use super::*;
use crate::estimate::{ExitPlaces, PlaceDensity, density_edges};
use crate::study::ChainData;

/// Draws the figures, as PNG too where `LEVYSCAPE_FIGURES` says where.
fn drawn(study: &Study, name: &str) -> Figure {
    let figure = find(study, name);
    assert!(render(&figure, Format::Svg, Theme::paper()).is_ok());
    if let Some(folder) = std::env::var_os("LEVYSCAPE_FIGURES").map(std::path::PathBuf::from) {
        let png = render(&figure, Format::Png, Theme::paper()).unwrap();
        std::fs::write(folder.join(format!("made_up-{name}.png")), png).unwrap();
    }
    figure
}

/// Places and intervals of marks.
type Marks<'a> = (&'a [f64], &'a [f64], &'a [f64], &'a [f64]);

fn points(panel: &Panel) -> Vec<Marks<'_>> {
    fn marks(layer: &Layer) -> Option<Marks<'_>> {
        match layer {
            Layer::Points { x, y, lo, hi, .. } => Some((x, y, lo, hi)),
            _ => None,
        }
    }
    panel.layers.iter().filter_map(marks).collect()
}

/// Exits by the small-noise law itself, spread evenly in probability: from the left minimum, close to -1, beyond -3
/// and 0.
fn exits(count: u32) -> Study {
    let mut study = single();
    let centre = study.points[0].landscape.minima[0].x;
    let (alpha, ends): (f64, [f64; 2]) = (1.5, [centre + 3.0, -centre]);
    let left = 1.0 / (1.0 + (ends[0] / ends[1]).powf(alpha));
    let mut places = ExitPlaces::new(centre, [-3.0, 0.0]);
    for k in 0..count {
        let u = (f64::from(k) + 0.5) / f64::from(count);
        let (side, u) = if u < left { (0, u / left) } else { (1, (u - left) / (1.0 - left)) };
        let y = ends[side] * u.powf(-1.0 / alpha);
        let (stop, position) = [(Stop::Lower, centre - y), (Stop::Upper, centre + y)][side];
        let outcome = Outcome::Exited(stop);
        places.push(&PathRecord { time: 1.0, position, previous: 0.0, steps: 1, outcome });
    }
    study.points[0].ensembles[0].places = Some(places);
    study
}

#[test]
fn exit_places_follow_the_pareto_law() {
    assert!(figures(&exits(199)).iter().all(|figure| figure.name != "exit_place"));
    let figure = drawn(&exits(2000), "exit_place");
    assert_eq!((figure.panels.len(), figure.columns), (2, 1));
    assert_eq!(labels(&figure.panels[0]), [r"left $\times\,0.1$", "right", "Pareto law", "exact"]);
    let Layer::Line { x, y, .. } = &figure.panels[0].layers[0] else { panic!("no law") };
    let slope = (y[40] / y[0]).ln() / (x[40] / x[0]).ln();
    assert!((x[0] - 2.0).abs() < 0.02 && (slope + 2.5).abs() < 1e-3, "{slope}");
    let ratios = points(&figure.panels[1]);
    assert_eq!(ratios.len(), 2);
    for (x, y, lo, hi) in &ratios {
        assert!(x.len() > 10);
        // Evenly spread: off by one exit in ten at the most.
        assert!(y.iter().all(|y| (y - 1.0).abs() < 0.15), "{y:?}");
        assert!((0..y.len()).all(|k| lo[k] < 1.0 && 1.0 < hi[k]));
    }
    // The left ones begin further out, and are drawn lower by another factor of ten.
    let [left, right] = [0, 1].map(|side| points(&figure.panels[0])[side]);
    assert!(left.0[0] > 1.95 && right.0[0] > 1.0 && right.1[0] > 40.0 * left.1[0]);
}

/// A target takes its share of the paths: the shares of places beyond the ends are shares of all stops.
#[test]
fn exits_beside_a_target_have_their_share() {
    let mut study = exits(2000);
    let ensemble = &mut study.points[0].ensembles[0];
    let target = [-2.6, -2.1];
    ensemble.problem.targets = vec![target];
    let places = ensemble.places.as_mut().unwrap();
    let mass = |x: f64| (x - places.centre()).abs().powf(-1.5);
    // Paths that land behind it slide back into it.
    let stopped = 2000.0 * (mass(target[1]) - mass(-3.0)) / (mass(-3.0) + mass(0.0));
    let (time, outcome) = (1.0, Outcome::Exited(Stop::Target(0)));
    for _ in 0..stopped.round() as u32 {
        places.push(&PathRecord { time, position: -2.3, previous: 0.0, steps: 1, outcome });
    }
    assert!(places.stopped() > 2200, "{}", places.stopped());
    let figure = drawn(&study, "exit_place");
    for (_, y, ..) in points(&figure.panels[1]) {
        assert!(y.iter().all(|y| (y - 1.0).abs() < 0.15), "{y:?}");
    }
}

/// A harmonic shape in each well of a double well, 60 to 40.
fn long_run(histograms: u32) -> Study {
    let landscape = Landscape::find(double_well(0.25, 1.0, 0.0).as_ref(), None).unwrap();
    let noise = stable(1.5, 0.1);
    let edges = density_edges(&landscape, noise);
    let mut density = PlaceDensity::new(edges.clone());
    let columns = (edges.len() + 1).div_ceil(HISTOGRAM_PATHS);
    for histogram in 0..histograms {
        let mut cells = vec![0.0; columns * HISTOGRAM_PATHS];
        for k in 0..5000_u32 {
            let u = (f64::from(k) + 0.5) / 5000.0;
            let aside = 0.1 * (std::f64::consts::PI * (u - 0.5)).tan() * (1.0 + 0.02 * f64::from(histogram));
            let x = if k % 5 < 3 { -1.0 } else { 1.0 } + aside;
            cells[edges.partition_point(|edge| *edge <= x)] += 1.0;
        }
        cells.chunks(columns).for_each(|row| density.push(row, true));
    }
    let mut study = study("", Vec::new());
    let keys = Map::new();
    let (mut summary, mut data) = point(double_well(0.25, 1.0, 0.0), noise, 1e-3, keys, &[]);
    for (well, mass) in [(1, 0.52), (2, 0.48)] {
        let row = result(0, "occupation", Some(0.5), 0.0, 1);
        let (estimate, ci95) = (Some(mass), Some([mass - 0.03, mass + 0.03]));
        let known = QuantityResult { exact: Some(0.5), well: Some(well), ..row };
        summary.results.push(QuantityResult { kind: "chain".into(), estimate, ci95, ..known });
    }
    let exact = edges.iter().map(|x| [*x, 0.3]).collect();
    data.chains.push(ChainData { task: 0, density, exact });
    study.summary.points.push(summary);
    study.points.push(data);
    study
}

#[test]
fn the_long_run_has_its_density_and_its_masses() {
    assert!(figures(&long_run(1)).iter().all(|figure| figure.name != "stationary"));
    let figure = drawn(&long_run(20), "stationary");
    assert_eq!(labels(&figure.panels[0]), ["simulation", "exact"]);
    let band = figure.panels[0].layers.iter().find_map(|layer| match layer {
        Layer::Band { x, lo, hi, .. } => Some((x, lo, hi)),
        _ => None,
    });
    let (x, lo, hi) = band.unwrap();
    let mass: f64 = (0..x.len()).step_by(2).map(|k| 0.5 * (lo[k] + hi[k]) * (x[k + 1] - x[k])).sum();
    assert!((0.9..1.0).contains(&mass), "{mass}");
    let masses = &figure.panels[1];
    let [(x, y, lo, hi), (_, exact, ..), _] = points(masses)[..] else { panic!("points and a key") };
    assert_eq!((x, exact), (&[1.0, 2.0][..], &[1.0, 1.0][..]));
    assert!((y[0] - 1.04).abs() < 1e-12 && (lo[1] - 0.9).abs() < 1e-12 && (hi[1] - 1.02).abs() < 1e-12);
    let ticks: Vec<&str> = masses.x.ticks.iter().map(|tick| tick.label.as_str()).collect();
    assert_eq!(ticks, ["1 ($0.5$)", "2 ($0.5$)"], "wells with their weights");
}

/// Methods whose error falls like the root of the steps, from different constants.
fn estimators() -> Study {
    let mut points = Vec::new();
    for (method, constant) in [("plain", 1e4), ("hazard", 10.0)] {
        for error in [0.1, 0.05, 0.02] {
            let keys = with(&[("ensemble.method", method.into()), ("ensemble.relative_error", error.into())]);
            let problem = StoppedProblem::exit(-1.0, -3.0, 0.0);
            let (mut summary, data) =
                point(double_well(0.25, 1.0, 0.03), stable(1.5, 0.1), 1e-3, keys, &[Task::Exit(problem)]);
            let row = &mut summary.results[0];
            let mean = row.estimate.unwrap();
            row.method = method.into();
            row.discretisation_bias = None;
            row.steps = (constant / (error * error)) as u64;
            row.ci95 = Some([-1.0, 1.0].map(|side| mean * (1.0 + 1.959_963_984_540_054 * side * error)));
            row.exact = Some(mean * (1.0 - 1.5 * error));
            points.push((summary, data));
        }
    }
    study("Estimators", points)
}

#[test]
fn errors_fall_with_the_cost() {
    let figure = drawn(&estimators(), "cost");
    assert_eq!(labels(&figure.panels[0]), ["plain paths", "integrated hazard"]);
    for (series, constant) in points(&figure.panels[0]).iter().zip([1e4, 10.0]) {
        let (x, y, ..) = series;
        assert_eq!(x.len(), 3);
        assert!((0..3).all(|k| (x[k] * y[k] * y[k] / constant - 1.0).abs() < 1e-2), "{x:?} {y:?}");
    }
    let deviations = points(&figure.panels[1]);
    assert!(deviations.iter().all(|(_, y, ..)| y.iter().all(|y| (y - 1.5).abs() < 1e-6)));
    assert!(figure.caption.contains(r"plain paths ($10^{8}$)"), "{}", figure.caption);
    let steps_alone = steps();
    assert!(figures(&steps_alone).iter().all(|figure| figure.name != "cost"));
}

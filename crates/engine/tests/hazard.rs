//! The integrated hazard against exact values and plain paths.

use core::ops::ControlFlow;

use levyscape_engine::{
    Control, Hazard, HazardSettings, Output, Replicated, Stop, StopRegion, Well, replicate,
};
use levyscape_integrator::noise::tail_constant;
use levyscape_integrator::{ClosurePotential, NoiseLaw, Potential, Sde, StreamKey};

/// Estimates with Richardson's rule for a step error of order 1, and their standard errors.
struct Seen {
    outputs: Vec<Output>,
    fine: Vec<f64>,
    coarse: Vec<f64>,
    /// `2 fine - coarse` and its error.
    extrapolated: Vec<[f64; 2]>,
    fine_errors: Vec<f64>,
    steps: u64,
}

impl Seen {
    fn of(&self, output: Output) -> [f64; 2] {
        let index = self.outputs.iter().position(|&other| other == output).expect("an output");
        self.extrapolated[index]
    }
}

/// Standard errors by the jackknife over blocks of 8 replicas.
fn run(hazard: &Hazard<'_>, groups: u64) -> Seen {
    let mut means: Vec<Vec<f64>> = Vec::new();
    let mut steps = 0;
    replicate(hazard, 0..groups, &Control::default(), |_, rows, taken| {
        for block in rows.chunks(8 * hazard.width()) {
            let mut mean = vec![0.0; hazard.width()];
            for row in block.chunks(hazard.width()) {
                for (mean, x) in mean.iter_mut().zip(row) {
                    *mean += 0.125 * x;
                }
            }
            means.push(mean);
        }
        steps += taken;
        ControlFlow::Continue(())
    })
    .expect("a possible problem");
    let total: Vec<f64> = (0..hazard.width()).map(|k| means.iter().map(|mean| mean[k]).sum()).collect();
    let n = means.len() as f64;
    let at = |row: Vec<f64>| {
        let (fine, coarse) = hazard.fine_and_coarse(&row);
        let extrapolated: Vec<f64> =
            fine.iter().zip(&coarse).map(|(fine, coarse)| 2.0 * fine - coarse).collect();
        (fine, coarse, extrapolated)
    };
    let (fine, coarse, extrapolated) = at(total.iter().map(|x| x / n).collect());
    let (mut squares, mut fine_squares) = (vec![0.0; fine.len()], vec![0.0; fine.len()]);
    for mean in &means {
        let (fine_without, _, without) =
            at(total.iter().zip(mean).map(|(x, y)| (x - y) / (n - 1.0)).collect());
        for k in 0..fine.len() {
            squares[k] += (without[k] - extrapolated[k]).powi(2);
            fine_squares[k] += (fine_without[k] - fine[k]).powi(2);
        }
    }
    let error = |squares: &f64| ((n - 1.0) / n * squares).sqrt();
    Seen {
        outputs: hazard.outputs(),
        extrapolated: extrapolated.iter().zip(&squares).map(|(&x, square)| [x, error(square)]).collect(),
        fine_errors: fine_squares.iter().map(error).collect(),
        fine,
        coarse,
        steps,
    }
}

const KEY: StreamKey = StreamKey { seed: 11, point: 0, task: 0 };

fn sde<'a>(potential: &'a dyn Potential, alpha: f64, epsilon: f64) -> Sde<'a> {
    let noise = NoiseLaw::stable(alpha);
    Sde::builder().potential(potential).noise(&noise).epsilon(epsilon).build().expect("a valid equation")
}

/// Prints all estimates.
fn show(name: &str, seen: &Seen, output: Output, exact: f64) {
    let index = seen.outputs.iter().position(|&other| other == output).expect("an output");
    let [x, error] = seen.extrapolated[index];
    println!(
        "{name}: exact {exact} fine {:.5} ({:.5}) coarse {:.5} ex {:.5} ({:.5}) z {:.2} steps {}",
        seen.fine[index] / exact,
        seen.fine_errors[index] / exact,
        seen.coarse[index] / exact,
        x / exact,
        error / exact,
        (x - exact) / error,
        seen.steps,
    );
}

const INF: f64 = f64::INFINITY;

fn well(minimum: f64, left: f64, right: f64, relaxation_rate: f64) -> Well {
    Well { minimum, left, right, relaxation_rate }
}

fn estimate(
    sde: &Sde<'_>,
    start: f64,
    region: &StopRegion,
    wells: &[Well],
    asked: &HazardSettings,
    groups: u64,
) -> Seen {
    let hazard = Hazard::new(sde, start, region, wells, asked, KEY).expect("a possible problem");
    run(&hazard, groups)
}

#[test]
fn reference_values() {
    let quartic = ClosurePotential::new(|x| 0.25 * x * x * x * x - 0.5 * x * x, |x| x * x * x - x);
    let tilted =
        ClosurePotential::new(|x| 0.25 * x * x * x * x - 0.5 * x * x + 0.1 * x, |x| x * x * x - x + 0.1);
    let three = ClosurePotential::new(
        |x: f64| 0.2 * (x.powi(6) / 6.0 - 1.25 * x.powi(4) + 2.0 * x * x),
        |x: f64| 0.2 * (x.powi(5) - 5.0 * x.powi(3) + 4.0 * x),
    );
    let linear = ClosurePotential::new(|x| 0.5 * x * x, |x| x);
    let steep = ClosurePotential::new(|x| x * x, |x| 2.0 * x);
    let two = [well(-1.0, -INF, 0.0, 2.0), well(1.0, 0.0, INF, 2.0)];
    let lean = [well(-1.046681, -INF, 0.101031, 2.286626), well(0.945649, 0.101031, INF, 1.682760)];
    let wells = [well(-2.0, -INF, -1.0, 4.8), well(0.0, -1.0, 1.0, 0.8), well(2.0, 1.0, INF, 4.8)];
    let one = [well(0.0, -INF, INF, 1.0)];
    let one_steep = [well(0.0, -INF, INF, 2.0)];
    let target = |targets: &[[f64; 2]]| StopRegion { lower: -INF, upper: INF, targets: targets.to_vec() };
    let right = |lo: f64| Output::Landing([lo, INF]);
    let set = |set: [f64; 2]| HazardSettings { landing: vec![set], ..HazardSettings::default() };
    let plain = HazardSettings::default();
    let mut first = set([0.0, INF]);
    first.survival = vec![10.0];
    let side = StopRegion::interval(-2.0, 0.0);
    let left_of = |x: f64| Output::Landing([-INF, x]);
    type Row<'a> = (
        &'a str,
        &'a dyn Potential,
        f64,
        f64,
        f64,
        StopRegion,
        &'a [Well],
        HazardSettings,
        Vec<(Output, f64)>,
    );
    let rows: Vec<Row<'_>> = vec![
        (
            "S11",
            &quartic,
            1.5,
            0.3,
            -1.0,
            side.clone(),
            &two,
            first,
            vec![
                (Output::MeanTime, 10.23933096),
                (Output::SecondMoment, 205.8304415),
                (right(0.0), 0.6581562374),
                (Output::Survival(10.0), 0.3771676749),
            ],
        ),
        ("S12", &quartic, 1.8, 0.4, -0.7, side, &two, plain.clone(), vec![(Output::MeanTime, 7.986670298)]),
        (
            "S13",
            &quartic,
            1.5,
            0.3,
            -1.0,
            target(&[[0.9, 1.1]]),
            &two,
            plain.clone(),
            vec![(Output::MeanTime, 23.70653067)],
        ),
        (
            "S14",
            &quartic,
            0.75,
            0.2,
            -1.0,
            target(&[[0.9, 1.1]]),
            &two,
            plain.clone(),
            vec![(Output::MeanTime, 11.34041158)],
        ),
        (
            "S15",
            &tilted,
            1.2,
            0.25,
            -1.046681,
            target(&[[0.84564927, 1.04564927]]),
            &lean,
            plain.clone(),
            vec![(Output::MeanTime, 22.35321224)],
        ),
        (
            "S16",
            &tilted,
            1.2,
            0.25,
            0.945649,
            target(&[[-1.14668053, -0.94668053]]),
            &lean,
            plain.clone(),
            vec![(Output::MeanTime, 15.40755921)],
        ),
        (
            "S17",
            &three,
            1.5,
            0.4,
            0.2,
            target(&[[-2.2, -1.8], [1.8, 2.2]]),
            &wells,
            plain.clone(),
            vec![(Output::MeanTime, 6.689380585), (Output::StopProbability(Stop::Target(0)), 0.4722759336)],
        ),
        (
            "S18",
            &three,
            1.3,
            0.3,
            -2.0,
            target(&[[-0.2, 0.2], [1.8, 2.2]]),
            &wells,
            plain.clone(),
            vec![(Output::MeanTime, 18.94132731)],
        ),
        (
            "S19",
            &linear,
            1.3,
            0.5,
            0.0,
            StopRegion::interval(-1.0, 1.0),
            &one,
            plain.clone(),
            vec![(Output::MeanTime, 3.352737334)],
        ),
        (
            "S21",
            &linear,
            1.7,
            0.5,
            0.3,
            StopRegion::interval(-1.0, 2.0),
            &one,
            set([2.0, INF]),
            vec![(right(2.0), 0.1574163676), (Output::MeanTime, 8.386870929)],
        ),
        (
            "S22",
            &steep,
            0.8,
            0.4,
            0.5,
            StopRegion::interval(-1.5, 1.0),
            &one_steep,
            set([-INF, -1.5]),
            vec![(Output::MeanTime, 3.209912791), (left_of(-1.5), 0.3996115431)],
        ),
    ];
    for (name, potential, alpha, epsilon, start, region, wells, asked, values) in &rows {
        let sde = sde(*potential, *alpha, *epsilon);
        let seen = estimate(&sde, *start, region, wells, asked, 20);
        for &(output, exact) in values {
            show(name, &seen, output, exact);
        }
    }
}

#[test]
fn exits_of_the_linear_drift() {
    let potential = ClosurePotential::new(|x| 0.5 * x * x, |x| x);
    let wells = [well(0.0, -INF, INF, 1.0)];
    for (alpha, values) in [
        (0.8, [8.6626, 23.142, 56.159]),
        (1.0, [15.065, 51.682, 156.39]),
        (1.5, [75.116, 478.30, 2502.5]),
        (1.8, [326.22, 2990.1, 21710.0]),
    ] {
        for (epsilon, exact) in [0.1, 0.03, 0.01].into_iter().zip(values) {
            let sde = sde(&potential, alpha, epsilon);
            let region = StopRegion::interval(-1.0, 1.0);
            let seen = estimate(&sde, 0.0, &region, &wells, &HazardSettings::default(), 20);
            show(&format!("OU {alpha} {epsilon}"), &seen, Output::MeanTime, exact);
        }
    }
    for (epsilon, values) in
        [(0.1, [0.2993, 0.2510, 0.1481, 0.1030]), (0.01, [0.2944, 0.2500, 0.1610, 0.1214])]
    {
        for (alpha, exact) in [0.8, 1.0, 1.5, 1.8].into_iter().zip(values) {
            let sde = sde(&potential, alpha, epsilon);
            let region = StopRegion::interval(-0.5, 1.5);
            let seen = estimate(&sde, 0.0, &region, &wells, &HazardSettings::default(), 20);
            show(&format!("side {alpha} {epsilon}"), &seen, Output::StopProbability(Stop::Upper), exact);
        }
    }
}

#[test]
fn transitions_of_the_double_well() {
    let potential = ClosurePotential::new(
        |x| x * x * x * x / 4.0 - x * x * x / 6.0 - 0.75 * x * x,
        |x| x * (x + 1.0) * (x - 1.5),
    );
    let wells = [well(-1.0, -INF, 0.0, 2.5), well(1.5, 0.0, INF, 3.75)];
    for (alpha, values) in [
        (0.8, [[19.136439, 26.378080], [48.074342, 66.449750], [114.099805, 157.790002]]),
        (1.0, [[32.06180, 48.39785], [105.26424, 158.32209], [314.66, 472.45]]),
        (1.5, [[151.890175, 288.236916], [958.1992, 1769.514], [5006.7, 9207.0]]),
        (1.8, [[653.25995, 1408.59147], [5980.6292, 12459.2048], [43421.0, 90138.0]]),
    ] {
        for (epsilon, exact) in [0.1, 0.03, 0.01].into_iter().zip(values) {
            let sde = sde(&potential, alpha, epsilon);
            for (start, target, exact) in [(-1.0, 1.5, exact[0]), (1.5, -1.0, exact[1])] {
                let region =
                    StopRegion { lower: -INF, upper: INF, targets: vec![[target - 0.1, target + 0.1]] };
                let seen = estimate(&sde, start, &region, &wells, &HazardSettings::default(), 20);
                show(&format!("double {alpha} {epsilon} {start}"), &seen, Output::MeanTime, exact);
            }
        }
    }
}

/// Steps for a standard error of 1 %, in both wells of the asymmetric double well and from each minimum of the triple
/// well to each other one.
#[test]
#[ignore = "measures"]
fn steps_to_one_percent() {
    let potential = ClosurePotential::new(
        |x| x * x * x * x / 4.0 - x * x * x / 6.0 - 0.75 * x * x,
        |x| x * (x + 1.0) * (x - 1.5),
    );
    let wells = [well(-1.0, -INF, 0.0, 2.5), well(1.5, 0.0, INF, 3.75)];
    let settings = HazardSettings {
        step: std::env::var("HSTEP").map_or(0.1, |s| s.parse().unwrap()),
        window: std::env::var("HWIN").map_or(6.0, |s| s.parse().unwrap()),
        span: std::env::var("HSPAN").map_or(2.0, |s| s.parse().unwrap()),
        heart: std::env::var("HHEART").map_or(0.7, |s| s.parse().unwrap()),
        ..HazardSettings::default()
    };
    let groups: u64 = std::env::var("HG").map_or(20, |s| s.parse().unwrap());
    for alpha in [0.8, 1.5, 1.8] {
        for epsilon in [1e-1, 1e-2, 1e-3, 1e-4] {
            let sde = sde(&potential, alpha, epsilon);
            for (start, target) in [(-1.0, 1.5), (1.5, -1.0)] {
                let region =
                    StopRegion { lower: -INF, upper: INF, targets: vec![[target - 0.1, target + 0.1]] };
                let before = std::time::Instant::now();
                let hazard =
                    Hazard::new(&sde, start, &region, &wells, &settings, KEY).expect("a possible problem");
                let set_up = before.elapsed();
                let seen = run(&hazard, groups);
                let error = seen.fine_errors[0] / seen.fine[0];
                let theory = epsilon.powf(-alpha) * start.abs().powf(alpha) * alpha / tail_constant(alpha);
                println!(
                    "{alpha} {epsilon} {start}: {:.5} of theory, error {error:.5}, {:.0} steps for 1 %, set-up {set_up:?}, {:.1} ns/step",
                    seen.fine[0] / theory,
                    seen.steps as f64 * (error / 0.01).powi(2),
                    (before.elapsed() - set_up).as_nanos() as f64 / seen.steps as f64
                );
            }
        }
    }
}

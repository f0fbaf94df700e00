//! scratch

use core::ops::ControlFlow;

use levyscape_engine::{Control, Hazard, HazardSettings, Output, Replicated, StopRegion, Well, replicate};
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

/// Standard errors by the jackknife over the groups.
fn run(hazard: &Hazard<'_>, groups: u64) -> Seen {
    let mut means: Vec<Vec<f64>> = Vec::new();
    let mut steps = 0;
    replicate(hazard, 0..groups, &Control::default(), |_, rows, taken| {
        let count = rows.len() / hazard.width();
        let mut mean = vec![0.0; hazard.width()];
        for row in rows.chunks(hazard.width()) {
            for (mean, x) in mean.iter_mut().zip(row) {
                *mean += x / count as f64;
            }
        }
        means.push(mean);
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

#[test]
fn exits_of_the_linear_drift() {
    let potential = ClosurePotential::new(|x| 0.5 * x * x, |x| x);
    let wells = [Well { minimum: 0.0, left: f64::NEG_INFINITY, right: f64::INFINITY, relaxation_rate: 1.0 }];
    for (alpha, values) in [
        (0.8, [8.6626, 23.142, 56.159]),
        (1.0, [15.065, 51.682, 156.39]),
        (1.5, [75.116, 478.30, 2502.5]),
        (1.8, [326.22, 2990.1, 21710.0]),
    ] {
        for (epsilon, exact) in [0.1, 0.03, 0.01].into_iter().zip(values) {
            let sde = sde(&potential, alpha, epsilon);
            let region = StopRegion::interval(-1.0, 1.0);
            let hazard = Hazard::new(&sde, 0.0, &region, &wells, &HazardSettings::default(), KEY)
                .expect("a possible problem");
            let seen = run(&hazard, 20);
            show(&format!("{alpha} {epsilon}"), &seen, Output::MeanTime, exact);
        }
    }
}

#[test]
fn transitions_of_the_double_well() {
    let potential = ClosurePotential::new(
        |x| x * x * x * x / 4.0 - x * x * x / 6.0 - 0.75 * x * x,
        |x| x * (x + 1.0) * (x - 1.5),
    );
    let inf = f64::INFINITY;
    let wells = [
        Well { minimum: -1.0, left: -inf, right: 0.0, relaxation_rate: 2.5 },
        Well { minimum: 1.5, left: 0.0, right: inf, relaxation_rate: 3.75 },
    ];
    for (alpha, values) in [
        (0.8, [[19.136439, 26.378080], [48.074342, 66.449750], [114.099805, 157.790002]]),
        (1.0, [[32.06180, 48.39785], [105.26424, 158.32209], [314.66, 472.45]]),
        (1.5, [[151.890175, 288.236916], [958.1992, 1769.514], [5006.7, 9207.0]]),
        (1.8, [[653.25995, 1408.59147], [5980.6292, 12459.2048], [43421.0, 90138.0]]),
    ] {
        for (epsilon, exact) in [0.1, 0.03, 0.01].into_iter().zip(values) {
            let sde = sde(&potential, alpha, epsilon);
            for (start, target, exact) in [(-1.0, 1.5, exact[0]), (1.5, -1.0, exact[1])] {
                let target = [target - 0.1, target + 0.1];
                let region = StopRegion { lower: -inf, upper: inf, targets: vec![target] };
                let hazard = Hazard::new(&sde, start, &region, &wells, &HazardSettings::default(), KEY)
                    .expect("a possible problem");
                let seen = run(&hazard, 20);
                show(&format!("{alpha} {epsilon} {start}"), &seen, Output::MeanTime, exact);
            }
        }
    }
}

#[test]
fn scan() {
    let potential = ClosurePotential::new(|x| 0.5 * x * x, |x| x);
    let wells = [Well { minimum: 0.0, left: f64::NEG_INFINITY, right: f64::INFINITY, relaxation_rate: 1.0 }];
    for (alpha, epsilon, exact) in [(1.8, 0.1, 326.22), (1.5, 0.1, 75.116)] {
        for heart in [0.7] {
            for step in [0.2, 0.1, 0.05] {
                let sde = sde(&potential, alpha, epsilon);
                let region = StopRegion::interval(-1.0, 1.0);
                let hazard = Hazard::new(
                    &sde,
                    0.0,
                    &region,
                    &wells,
                    &HazardSettings { step, heart, ..HazardSettings::default() },
                    KEY,
                )
                .expect("a possible problem");
                let seen = run(&hazard, 300);
                show(&format!("{alpha} {epsilon} heart {heart} step {step}"), &seen, Output::MeanTime, exact);
            }
        }
    }
}

//! Whether the intervals of generator entries hold the entries as often as they say.

use std::ops::ControlFlow;

use levyscape_analyzer::estimate::VisitStatistics;
use levyscape_analyzer::theory::levy::{JumpMeasure, jump_chain};
use levyscape_analyzer::{landscape::Landscape, theory::MarkovChain};
use levyscape_engine::{Control, Watch, WellPaths, WellStepping, Wells, replicate};
use levyscape_integrator::noise::SamplerKind;
use levyscape_integrator::{ClosurePotential, NoiseLaw, Potential, SchemeKind, Sde, StreamKey};

/// `U' = 0.2 (x + 2)(x + 0.8) x (x - 1)(x - 2.5)`.
fn three_wells() -> impl Potential {
    ClosurePotential::new(
        |x: f64| 0.2 * x * x * (x * x * (x * x / 6.0 - 0.14 * x - 1.425) + 1.4 * x / 3.0 + 2.0),
        |x: f64| 0.2 * (x + 2.0) * (x + 0.8) * x * (x - 1.0) * (x - 2.5),
    )
}

/// 1000 runs at `epsilon = 0.02`, 64 paths of 8 units of time from each minimum, 20 to 86 passages an entry. There the
/// rates differ from their limit by 1 to 3 % (the transition times do at 0.03, by 1 to 2 %), the half-width of an
/// interval is 20 to 45 % of its rate.
///
/// Outcome: 95.2, 96.3, 95.6, 96.5, 96.6 and 96.1 % of the runs for the entries 12, 13, 21, 23, 31 and 32, together
/// 96.05 %: the exact interval of a count holds more than 95 % the more the fewer events there are. 170 s of processor
/// time.
#[test]
#[ignore = "some minutes"]
fn generator_intervals_hold_the_limit_in_95_of_100_small_runs() {
    const RUNS: u64 = 1000;
    let (alpha, epsilon) = (1.5, 0.02_f64);
    let potential = three_wells();
    let landscape = Landscape::find(&potential, None).unwrap();
    let limit: MarkovChain = jump_chain(&landscape, JumpMeasure { alpha, beta: 0.0 }).unwrap();
    let law = NoiseLaw::Stable { alpha, beta: 0.0, sampler: SamplerKind::Auto };
    let sde = Sde::builder().potential(&potential).noise(&law).epsilon(epsilon).build().unwrap();
    let unit = epsilon.powf(-alpha);
    let stepping =
        WellStepping { scheme: SchemeKind::Splitting, step: 0.05, pair: true, window: [-7.0, 8.0] };
    let end = (8.0 * unit / 0.1).round() as u64;
    let entries: Vec<(usize, usize)> =
        (0..3).flat_map(|i| (0..3).filter(move |j| *j != i).map(move |j| (i, j))).collect();
    let mut held = vec![0_u32; entries.len()];
    let mut passages = vec![0.0; entries.len()];
    let wells = Wells::new(vec![-2.0, 0.0, 2.5], vec![-0.8, 1.0]).unwrap();
    let watch = Watch::Visits { burn_in: 0, end, radii: vec![0.1] };
    let key = StreamKey { seed: 1, point: 0, task: 0 };
    let paths = WellPaths::new(&sde, wells, vec![0, 1, 2], watch, &stepping, key).unwrap();
    let columns = paths.visit_columns().unwrap();
    // A run is one group of 64 paths from each minimum.
    replicate(&paths, 0..RUNS, &Control::default(), |_, rows, _| {
        let mut statistics = VisitStatistics::new(columns, 1.0);
        rows.chunks_exact(columns.width()).for_each(|row| statistics.push(row));
        for (k, &(from, to)) in entries.iter().enumerate() {
            let [low, high] = statistics.generator_entry(0, from, to).unwrap().ci95.map(|end| end * unit);
            held[k] += u32::from(low <= limit.rate(from, to) && limit.rate(from, to) <= high);
            passages[k] += statistics.counts(0, from, to)[0] / RUNS as f64;
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    for (k, (from, to)) in entries.iter().enumerate() {
        let share = 100.0 * f64::from(held[k]) / RUNS as f64;
        println!(
            "{} -> {}: {share:.1} % of {RUNS} runs, {:.1} passages a run",
            from + 1,
            to + 1,
            passages[k]
        );
    }
    let share = f64::from(held.iter().sum::<u32>()) / (RUNS as f64 * entries.len() as f64);
    println!("all: {:.2} %", 100.0 * share);
    assert!((0.93..=0.97).contains(&share), "{share}");
}

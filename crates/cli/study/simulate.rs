//! Sample paths.

use levyscape_engine::{Control, EngineError, Trajectory, trajectory};
use levyscape_integrator::StreamKey;

use super::problem::Problem;

/// Points of a drawn trajectory.
const DRAWN_POINTS: usize = 4000;

/// Simulates the sample paths of a `path` task.
///
/// # Errors
/// An impossible problem, or an interruption.
pub fn paths(
    problem: &Problem,
    start: f64,
    end_time: f64,
    count: u64,
    window: [f64; 2],
    key: StreamKey,
    control: &Control,
) -> Result<Vec<Trajectory>, EngineError> {
    let sde = problem.sde()?;
    (0..count)
        .map(|path| {
            let walk = sde.walk(start).step(problem.choice.step).scheme(problem.choice.kind);
            let walk = walk.window(&[window]).stream(key, path).start()?;
            let drawn = trajectory(walk, problem.choice.step, end_time, DRAWN_POINTS, &control.cancel)?;
            control.paths.fetch_add(1, core::sync::atomic::Ordering::Relaxed);
            Ok(drawn)
        })
        .collect()
}

//! Whole trajectories, for looking.

use core::sync::atomic::{AtomicBool, Ordering};

use levyscape_integrator::Path;

use crate::error::EngineError;

/// A path thinned for drawing: of each group of consecutive steps the lowest and the highest point, so
/// that no excursion is lost. Extremes are no fair sample of where the path was: that is kept beside them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trajectory {
    /// Times, ascending.
    pub time: Vec<f64>,
    /// Places; NaN after a divergence.
    pub position: Vec<f64>,
    /// Places at evenly spaced times: each stands for the same share of the time. NaN after a divergence.
    pub evenly: Vec<f64>,
}

/// Places that [`Trajectory::evenly`] holds at most: every step of a shorter path.
const EVENLY: u64 = 20_000;

/// Follows a path up to `end_time` and keeps at most about `points` points of it.
///
/// ```
/// use levyscape_engine::trajectory;
/// use levyscape_integrator::{ClosurePotential, NoiseLaw, Sde};
///
/// // dX = -X dt + dB: the stationary law has the variance 1/2.
/// let well = ClosurePotential::new(|x: f64| 0.5 * x * x, |x: f64| x);
/// let sde = Sde::builder().potential(&well).noise(&NoiseLaw::Brownian).epsilon(1.0).build()?;
/// let path = trajectory(sde.walk(0.0).step(0.01).seed(1).start()?, 0.01, 2000.0, 1000, &false.into())?;
/// let mean_square = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64;
/// // Six standard errors: 0.016, from the autocorrelation of the squares.
/// assert!((mean_square(&path.evenly) - 0.5).abs() < 0.1);
/// // The points that are drawn are extremes.
/// assert!(mean_square(&path.position) > 0.7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`EngineError::Interrupted`] once `cancel` is set.
pub fn trajectory(
    path: Path<'_>,
    step: f64,
    end_time: f64,
    points: usize,
    cancel: &AtomicBool,
) -> Result<Trajectory, EngineError> {
    let steps = (end_time / step).round().max(1.0) as u64;
    let group = (2 * steps).div_ceil(points.max(2) as u64).max(1);
    let stride = steps.div_ceil(EVENLY);
    let mut kept = Trajectory { time: vec![0.0], position: vec![path.current()], evenly: Vec::new() };
    let (mut evenly, mut step_number) = (Vec::new(), 0_u64);
    let mut walk = path
        .take(steps as usize)
        .inspect(|(_, x)| {
            step_number += 1;
            if step_number.is_multiple_of(stride) {
                evenly.push(*x);
            }
        })
        .peekable();
    while let Some(&first) = walk.peek() {
        if cancel.load(Ordering::Relaxed) {
            return Err(EngineError::Interrupted);
        }
        let (mut low, mut high) = (first, first);
        for point in walk.by_ref().take(group as usize) {
            // A NaN replaces what was there: the break must be seen.
            if point.1 < low.1 || point.1.is_nan() {
                low = point;
            }
            if point.1 > high.1 || point.1.is_nan() {
                high = point;
            }
        }
        let (early, late) = if low.0 <= high.0 { (low, high) } else { (high, low) };
        kept.time.push(early.0);
        kept.position.push(early.1);
        if late.0 > early.0 {
            kept.time.push(late.0);
            kept.position.push(late.1);
        }
    }
    drop(walk);
    kept.evenly = evenly;
    Ok(kept)
}

//! Whole trajectories, for looking.

use core::sync::atomic::{AtomicBool, Ordering};

use levyscape_integrator::Path;

use crate::error::EngineError;

/// A path thinned for drawing: of each group of consecutive steps the lowest and the highest point, so
/// that no excursion is lost.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectory {
    /// Times, ascending.
    pub time: Vec<f64>,
    /// Places; NaN after a divergence.
    pub position: Vec<f64>,
}

/// Follows a path up to `end_time` and keeps at most about `points` points of it.
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
    let mut kept = Trajectory { time: vec![0.0], position: vec![path.current()] };
    let mut walk = path.take(steps as usize).peekable();
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
    Ok(kept)
}

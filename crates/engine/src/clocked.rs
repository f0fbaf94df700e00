//! The loop for schemes that give every path a clock of its own.

use levyscape_integrator::noise::{BLOCK, LARGEST_EXPONENTIAL};
use levyscape_integrator::rng::{LANES, LaneRng, StreamKey};
use levyscape_integrator::scheme::{ClockedScheme, Clocks};

use crate::event::StopRegion;
use crate::record::{Outcome, PathPair, PathRecord};

/// What all lanes share.
pub(crate) struct Shared<'a> {
    pub scheme: &'a dyn ClockedScheme,
    pub region: &'a StopRegion,
    pub start: f64,
    /// Whether a jump happens at the end of its move exactly, and not somewhere within it.
    pub exact_times: bool,
    pub max_time: f64,
    pub key: StreamKey,
}

/// Up to [`LANES`] running paths with their random streams.
pub(crate) struct Batch<'a> {
    shared: &'a Shared<'a>,
    rng: LaneRng,
    clocks: Clocks,
    path: [u64; LANES],
    moves: [u64; LANES],
    ended: [Option<PathRecord>; LANES],
    running: usize,
    lanes: usize,
}

impl<'a> Batch<'a> {
    pub fn new(shared: &'a Shared<'a>, lanes: usize) -> Self {
        Self {
            shared,
            rng: LaneRng::default(),
            clocks: Clocks::default(),
            path: [0; LANES],
            moves: [0; LANES],
            ended: [None; LANES],
            running: 0,
            lanes: lanes.clamp(1, LANES),
        }
    }

    /// Fills free lanes with the paths that `next` hands out; false once nothing runs.
    pub fn refill(&mut self, mut next: impl FnMut() -> Option<u64>) -> bool {
        while self.running < self.lanes {
            let Some(path) = next() else { break };
            let lane = self.running;
            self.rng.seed_lane(lane, &self.shared.key, path);
            self.clocks.place(lane, self.shared.start);
            (self.path[lane], self.moves[lane], self.ended[lane]) = (path, 0, None);
            self.running += 1;
        }
        self.running > 0
    }

    /// Takes [`BLOCK`] moves of every running path and hands out those that ended. Returns the number of
    /// moves.
    pub fn advance(&mut self, mut done: impl FnMut(u64, PathPair)) -> u64 {
        let n = self.running;
        for _ in 0..BLOCK {
            self.shared.scheme.advance(&mut self.rng, n, &mut self.clocks);
            for lane in 0..n {
                self.moves[lane] += 1;
                if self.ended[lane].is_none() {
                    self.ended[lane] = self.end(lane);
                }
                if self.ended[lane].is_some() {
                    // Parked: it must not wander to where numbers are slow.
                    self.clocks.x[lane] = self.shared.start;
                }
            }
        }
        let mut lane = 0;
        while lane < self.running {
            if let Some(fine) = self.ended[lane] {
                done(self.path[lane], PathPair { fine, coarse: None, place: Box::default() });
                self.running -= 1;
                let last = self.running;
                self.rng.move_lane(last, lane);
                self.clocks.move_lane(last, lane);
                self.path[lane] = self.path[last];
                self.moves[lane] = self.moves[last];
                self.ended[lane] = self.ended[last];
            } else {
                lane += 1;
            }
        }
        (n * BLOCK) as u64
    }

    /// How a lane's path ended in its last move, if it did.
    fn end(&self, lane: usize) -> Option<PathRecord> {
        let Shared { region, exact_times, max_time, .. } = self.shared;
        let clocks = &self.clocks;
        let (start, reached, x) = (clocks.start[lane], clocks.reached[lane], clocks.x[lane]);
        let (began, time) = (clocks.began[lane], clocks.time[lane]);
        let middle = 0.5 * (began + time);
        let (time, position, outcome) = if !x.is_finite() || !reached.is_finite() {
            (time, f64::NAN, Outcome::Diverged)
        } else if let Some((position, stop)) = self.crossed(lane, start, reached) {
            (middle, position, Outcome::Exited(stop))
        } else if let Some(stop) = region.stop_at(x) {
            (if *exact_times && clocks.jumped[lane] { time } else { middle }, x, Outcome::Exited(stop))
        } else if time >= *max_time {
            (f64::INFINITY, x, Outcome::Censored)
        } else {
            return None;
        };
        let steps = self.moves[lane];
        if time > *max_time {
            // What happens after the horizon is not observed.
            let outcome = Outcome::Censored;
            return Some(PathRecord { time: *max_time, position: start, previous: start, steps, outcome });
        }
        let previous = if clocks.jumped[lane] { reached } else { start };
        Some(PathRecord { time, position, previous, steps, outcome })
    }

    /// The barrier that the diffusion of the last move has crossed, if any.
    fn crossed(&self, lane: usize, start: f64, reached: f64) -> Option<(f64, crate::record::Stop)> {
        let half_variance = 0.5 * self.clocks.variance[lane];
        if half_variance == 0.0 {
            return None;
        }
        let [lower, upper] = self.shared.region.barriers(start);
        let below = (start - lower.0) * (reached - lower.0);
        let above = (upper.0 - start) * (upper.0 - reached);
        let margin = below.min(above);
        if margin >= LARGEST_EXPONENTIAL * half_variance {
            return None;
        }
        if margin >= self.clocks.exponential(lane) * half_variance {
            return None;
        }
        Some(if below <= margin { lower } else { upper })
    }
}

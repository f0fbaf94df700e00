//! Schemes that give every path a clock of its own.

use super::{Adaptive, JumpAdapted, Resolution};
use crate::error::IntegratorError;
use crate::noise::{BLOCK, Noise, NoiseBlock};
use crate::potential::Drift;
use crate::rng::{LANES, LaneRng};
use serde::{Deserialize, Serialize};

/// A scheme on the line whose every call moves each path by a time of that path's own.
///
/// The paths visit every multiple of [`ClockedScheme::step`]: whatever a task asks at such a time is
/// observed there exactly.
pub trait ClockedScheme: Send + Sync {
    /// The longest move.
    fn step(&self) -> f64;

    /// Moves the paths of the first `lanes` lanes.
    ///
    /// Lane by lane the result depends on that lane's path and generator alone, provided that paths are
    /// placed and moved between lanes at block boundaries only ([`Clocks::is_at_boundary`]).
    fn advance(&self, rng: &mut LaneRng, lanes: usize, clocks: &mut Clocks);
}

/// Up to [`LANES`] paths, each with its clock, and how the last move of each went.
///
/// A move takes a path from `start` by drift and diffusion to `reached`, and from there by a jump to `x`. Its
/// exits are looked for by the bridge between `start` and `reached` where `variance` is positive (the
/// crossing probability of a barrier `b` is `exp(-2 (b - start)(b - reached) / variance)`), and at `x`.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub struct Clocks {
    /// Where each path is.
    pub x: [f64; LANES],
    /// When, in the unit of the equation.
    pub time: [f64; LANES],
    /// When the last move began.
    pub began: [f64; LANES],
    /// Where it began.
    pub start: [f64; LANES],
    /// Where it came to before the jump.
    pub reached: [f64; LANES],
    /// Whether it ended with a jump; else `x` is `reached`.
    pub jumped: [bool; LANES],
    /// Variance of its diffusion, amplitude included; 0 without one.
    pub variance: [f64; LANES],
    /// Whether it ended at a multiple of the scheme's step.
    pub on_grid: [bool; LANES],
    /// Multiples of the scheme's unit of time that have passed.
    pub(super) ticks: [u64; LANES],
    /// Time since then.
    pub(super) within: [f64; LANES],
    /// Random numbers of the coming moves, and which row is next.
    pub(super) blocks: Vec<NoiseBlock>,
    pub(super) row: usize,
}

impl Default for Clocks {
    fn default() -> Self {
        Self {
            x: [0.0; LANES],
            time: [0.0; LANES],
            began: [0.0; LANES],
            start: [0.0; LANES],
            reached: [0.0; LANES],
            jumped: [false; LANES],
            variance: [0.0; LANES],
            on_grid: [true; LANES],
            ticks: [0; LANES],
            within: [0.0; LANES],
            blocks: NoiseBlock::zeros(1),
            row: 0,
        }
    }
}

impl Clocks {
    /// Starts a path at the place `x` and time 0.
    pub fn place(&mut self, lane: usize, x: f64) {
        (self.x[lane], self.time[lane], self.on_grid[lane]) = (x, 0.0, true);
        (self.ticks[lane], self.within[lane]) = (0, 0.0);
    }

    /// Moves the path of lane `from` to lane `to`.
    pub fn move_lane(&mut self, from: usize, to: usize) {
        let Self { x, time, began, start, reached, jumped, variance, on_grid, ticks, within, .. } = self;
        for row in [x, time, began, start, reached, variance, within] {
            row[to] = row[from];
        }
        (jumped[to], on_grid[to], ticks[to]) = (jumped[from], on_grid[from], ticks[from]);
    }

    /// Whether lanes may be placed and moved now: every [`BLOCK`] moves.
    #[must_use]
    pub fn is_at_boundary(&self) -> bool {
        self.row == 0
    }

    /// The standard exponential variable of a lane's last move, for the crossing test.
    #[must_use]
    pub fn exponential(&self, lane: usize) -> f64 {
        self.blocks[0].exponential((self.row + BLOCK - 1) % BLOCK, lane)
    }

    /// Notes the places and times at which the moves begin.
    pub(super) fn begin(&mut self, lanes: usize) {
        self.start[..lanes].copy_from_slice(&self.x[..lanes]);
        self.began[..lanes].copy_from_slice(&self.time[..lanes]);
    }
}

/// A scheme with a clock for every path by name, as scenarios write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockedKind {
    /// Large jumps at their own times: [`JumpAdapted`].
    JumpAdapted,
    /// Shorter steps near the edges and where the drift is steep: [`Adaptive`].
    Adaptive,
}

impl ClockedKind {
    /// Every scheme of this kind.
    pub const ALL: [Self; 2] = [Self::JumpAdapted, Self::Adaptive];

    /// Name in scenarios.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::JumpAdapted => "jump_adapted",
            Self::Adaptive => "adaptive",
        }
    }

    /// Prepares the scheme for a drift on the line, a noise of constant amplitude `epsilon` and a longest
    /// step.
    ///
    /// `window` is where the paths spend their time, as for [`SchemeKind::build`](super::SchemeKind::build);
    /// `edges` are the places near which the adaptive scheme resolves the noise, such as the ends of the
    /// domain and of targets (infinite ones do not count).
    ///
    /// # Errors
    /// More than one dimension; numbers that must be positive and are not; noise that the scheme does not
    /// know ([`JumpAdapted::new`], [`Adaptive::new`]).
    pub fn build<'a>(
        self,
        drift: &'a dyn Drift,
        noise: &dyn Noise,
        epsilon: f64,
        step: f64,
        window: [f64; 2],
        edges: &[f64],
    ) -> Result<Box<dyn ClockedScheme + 'a>, IntegratorError> {
        Ok(match self {
            Self::JumpAdapted => Box::new(JumpAdapted::new(drift, noise, epsilon, step, window)?),
            Self::Adaptive => {
                let resolution = Resolution { edges: edges.to_vec(), ..Resolution::default() };
                Box::new(Adaptive::new(drift, noise, epsilon, step, window, resolution)?)
            }
        })
    }
}

/// Checks that the parts of an equation are on the line.
pub(super) fn on_the_line(drift: &dyn Drift, noise: &dyn Noise) -> Result<(), IntegratorError> {
    for (what, found) in [("drift", drift.dimension()), ("noise", noise.dimension())] {
        if found != 1 {
            return Err(IntegratorError::Dimension { what, expected: 1, found });
        }
    }
    Ok(())
}

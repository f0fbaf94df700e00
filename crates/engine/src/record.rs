//! What is kept of a path.

/// Where a path stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// At or below the lower end of the domain.
    Lower,
    /// At or above the upper end of the domain.
    Upper,
    /// In the target of this index, from 0.
    Target(u32),
    /// Outside a domain in several dimensions, furthest along coordinate `axis` (from 0).
    Face {
        /// The coordinate.
        axis: u32,
        /// Whether towards plus infinity.
        upper: bool,
    },
}

/// How a path ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It stopped.
    Exited(Stop),
    /// It was still running at the horizon.
    Censored,
    /// It left the finite numbers: neither an exit nor a time that can be used.
    Diverged,
}

impl Outcome {
    /// `exited`, `censored` or `diverged`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Exited(_) => "exited",
            Self::Censored => "censored",
            Self::Diverged => "diverged",
        }
    }

    /// `left`, `right`, `target:K`, in several dimensions `+K` or `-K` with the number of the coordinate
    /// (from 1), or nothing for a path that did not exit.
    #[must_use]
    pub fn side(self) -> String {
        match self {
            Self::Exited(Stop::Lower) => "left".into(),
            Self::Exited(Stop::Upper) => "right".into(),
            Self::Exited(Stop::Target(k)) => format!("target:{}", k + 1),
            Self::Exited(Stop::Face { axis, upper }) => {
                format!("{}{}", if upper { '+' } else { '-' }, axis + 1)
            }
            _ => String::new(),
        }
    }
}

/// The end of one path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PathRecord {
    /// Time of the end, in the equation's units: of the exit, the horizon or the divergence.
    ///
    /// An exit that is seen within a step counts as the step's middle.
    pub time: f64,
    /// Place at that time: for jump noise the landing point, for continuous noise the edge; NaN after a
    /// divergence. In several dimensions: the first coordinate.
    pub position: f64,
    /// Place at the last grid time before. In several dimensions: the first coordinate.
    pub previous: f64,
    /// Time steps taken.
    pub steps: u64,
    /// How it ended.
    pub outcome: Outcome,
}

/// One path at step `h` and, where asked for, its companion at `2 h`, driven by the same noise.
#[derive(Debug, Clone, PartialEq)]
pub struct PathPair {
    /// The path at step `h`.
    pub fine: PathRecord,
    /// The path at step `2 h`.
    pub coarse: Option<PathRecord>,
    /// In several dimensions: all coordinates of the place where the path at step `h` ended. Empty on the
    /// line.
    pub place: Box<[f64]>,
}

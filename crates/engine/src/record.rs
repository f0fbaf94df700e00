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

impl Outcome {
    /// The outcome as a number, to be kept in a [`Journal`](crate::journal::Journal).
    fn code(self) -> u64 {
        match self {
            Self::Censored => 0,
            Self::Diverged => 1,
            Self::Exited(Stop::Lower) => 2,
            Self::Exited(Stop::Upper) => 3,
            Self::Exited(Stop::Target(k)) => 4 | u64::from(k) << 8,
            Self::Exited(Stop::Face { axis, upper }) => 5 | u64::from(axis) << 8 | u64::from(upper) << 40,
        }
    }

    fn from_code(code: u64) -> Option<Self> {
        let index = (code >> 8) as u32;
        Some(match code & 0xff {
            0 => Self::Censored,
            1 => Self::Diverged,
            2 => Self::Exited(Stop::Lower),
            3 => Self::Exited(Stop::Upper),
            4 => Self::Exited(Stop::Target(index)),
            5 => Self::Exited(Stop::Face { axis: index, upper: code >> 40 != 0 }),
            _ => return None,
        })
    }
}

/// Words of a [`PathRecord`].
const RECORD: usize = 5;

impl PathRecord {
    fn words(&self) -> [u64; RECORD] {
        let Self { time, position, previous, steps, outcome } = *self;
        [time.to_bits(), position.to_bits(), previous.to_bits(), steps, outcome.code()]
    }

    fn from_words(words: &[u64]) -> Option<Self> {
        let &[time, position, previous, steps, outcome] = words else { return None };
        let [time, position, previous] = [time, position, previous].map(f64::from_bits);
        Some(Self { time, position, previous, steps, outcome: Outcome::from_code(outcome)? })
    }
}

impl PathPair {
    /// Words of a pair in `dimension` coordinates, with or without companion.
    #[must_use]
    pub fn width(dimension: usize, pair: bool) -> usize {
        RECORD * if pair { 2 } else { 1 } + if dimension > 1 { dimension } else { 0 }
    }

    /// Writes the pair as [`PathPair::width`] words, in place of what `words` held. Every bit is kept; a place
    /// that is not known (of a path that ended beyond its horizon) counts as not a number.
    pub fn to_words(&self, dimension: usize, words: &mut Vec<u64>) {
        words.clear();
        words.extend(self.fine.words());
        words.extend(self.coarse.iter().flat_map(PathRecord::words));
        if dimension > 1 {
            words.extend((0..dimension).map(|k| self.place.get(k).copied().unwrap_or(f64::NAN).to_bits()));
        }
    }

    /// The pair that [`PathPair::to_words`] wrote; `None` for other words.
    #[must_use]
    pub fn from_words(words: &[u64], dimension: usize, pair: bool) -> Option<Self> {
        if words.len() != Self::width(dimension, pair) {
            return None;
        }
        let (fine, rest) = words.split_at(RECORD);
        let (coarse, place) = rest.split_at(if pair { RECORD } else { 0 });
        let place: Box<[f64]> = place.iter().copied().map(f64::from_bits).collect();
        Some(Self {
            fine: PathRecord::from_words(fine)?,
            coarse: if pair { Some(PathRecord::from_words(coarse)?) } else { None },
            place: if place.first().is_some_and(|x| x.is_nan()) { Box::default() } else { place },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_every_bit() {
        let outcomes = [
            Outcome::Censored,
            Outcome::Diverged,
            Outcome::Exited(Stop::Lower),
            Outcome::Exited(Stop::Upper),
            Outcome::Exited(Stop::Target(7)),
            Outcome::Exited(Stop::Face { axis: 3, upper: true }),
            Outcome::Exited(Stop::Face { axis: 2, upper: false }),
        ];
        let record = |outcome| PathRecord { time: 0.1, position: -0.0, previous: 1e-300, steps: 9, outcome };
        let mut words = Vec::new();
        for outcome in outcomes {
            for dimension in [1, 3] {
                for coarse in [None, Some(record(Outcome::Censored))] {
                    let place = if dimension > 1 { Box::from([1.0, 2.0, 3.0]) } else { Box::default() };
                    let pair = PathPair { fine: record(outcome), coarse, place };
                    pair.to_words(dimension, &mut words);
                    assert_eq!(words.len(), PathPair::width(dimension, coarse.is_some()));
                    let back = PathPair::from_words(&words, dimension, coarse.is_some());
                    assert_eq!(back.as_ref(), Some(&pair));
                }
            }
        }
        words[4] = 99;
        assert_eq!(PathPair::from_words(&words, 3, true), None);
    }
}

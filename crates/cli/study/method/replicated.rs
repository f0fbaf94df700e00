//! Methods made of independent replicas: rows of numbers, a stopping rule, estimates.

use std::ops::ControlFlow;

use levyscape_analyzer::estimate::{Estimate, Moments, replicated_estimate};
use levyscape_engine::journal::{Journal, Unit};
use levyscape_engine::{Control, EngineError, Replicated, replicate};

use super::{Answers, Chosen, Simulated, Work};
use crate::scenario::EnsembleSpec;

/// Replicas before the first look at their error: fewer say little about their own spread.
const FIRST_LOOK: u64 = 24;
/// Where replicas are cheap and come in groups, so many groups. Stopping at a spread that happens to be small costs
/// coverage where rows are skew: of log-normal ones with `sigma = 0.5` (splitting with `-ln(p)/n = 0.28`) intervals
/// cover in 92.5 % when the first look is at 24, in 94.5 % at 128.
const FIRST_GROUPS: u64 = 2;
/// Each look is at so many times the replicas of the last.
const NEXT_LOOK: f64 = 1.1;
/// Replicas that a search for the relative error takes at the most.
const MOST_REPLICAS: u64 = 1 << 24;
/// Without any estimate from so many replicas (no particle has stopped) the search ends.
const WITHOUT_ESTIMATE: u64 = 1 << 14;

/// What a method says of itself.
pub(super) struct About {
    pub chosen: Chosen,
    pub step: f64,
    /// Weak order of the step error.
    pub order: f64,
}

/// Runs replicas until their number or their error is what was asked for.
pub(super) fn estimate(
    replicas: &dyn Replicated,
    about: About,
    spec: &EnsembleSpec,
    work: &mut Work<'_>,
) -> Result<Simulated, EngineError> {
    let outputs = replicas.outputs();
    let target = about.chosen.target;
    let most = if target.is_some() { MOST_REPLICAS } else { spec.paths.unwrap_or(MOST_REPLICAS) };
    let width = replicas.width();
    let mut moments = Moments::new(width);
    let group = replicas.group();
    let first_look = FIRST_LOOK.max(FIRST_GROUPS * group);
    let (mut steps, mut look, mut reached) = (0, first_look, target.map(|_| false));
    let Work { journal, control, progress, unit, .. } = work;
    progress.begin((target.is_none()).then_some(most), target);
    rows(replicas, *unit, most, journal, control, |number, row, taken| {
        moments.push(row);
        steps += taken;
        progress.note(number + 1, 0);
        let Some(target) = target.filter(|_| number + 1 == look) else { return ControlFlow::Continue(()) };
        look = (look + 1).max((NEXT_LOOK * look as f64) as u64);
        let estimates: Vec<_> = outputs
            .iter()
            .enumerate()
            .filter(|(_, output)| replicas.is_target(output))
            .map(|(k, _)| of(replicas, &moments, about.order, k))
            .collect();
        let error =
            estimates.iter().map(|of| of.as_ref().map_or(f64::INFINITY, relative_error)).fold(0.0, f64::max);
        progress.note_error(error);
        if error <= target {
            reached = Some(true);
            return ControlFlow::Break(());
        }
        // Where the step error alone is what is left, or nothing is seen, more replicas will not do.
        let hopeless = estimates.iter().any(|estimate| match estimate {
            Some(estimate) => {
                relative_error(estimate) > target && estimate.std_error <= 0.5 * target * estimate.value.abs()
            }
            None => number + 1 >= WITHOUT_ESTIMATE,
        });
        if hopeless { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let answers = outputs
        .iter()
        .enumerate()
        .map(|(k, output)| (*output, of(replicas, &moments, about.order, k)))
        .collect();
    Ok(Simulated {
        method: about.chosen.method,
        reason: about.chosen.reason,
        step: about.step,
        counts: [moments.count(), 0, 0, steps],
        reached,
        answers: Answers::Replicas(answers),
        levels: Vec::new(),
    })
}

/// The rows of the replicas `0..most`, in order, with the time steps of each: from the journal, and then simulated, until
/// the consumer breaks off.
pub(super) fn rows(
    replicas: &dyn Replicated,
    unit: Unit,
    most: u64,
    journal: &mut Journal,
    control: &Control,
    mut consumer: impl FnMut(u64, &[f64], u64) -> ControlFlow<()> + Send,
) -> Result<(), EngineError> {
    let (width, group) = (replicas.width(), replicas.group());
    let mut row = vec![0.0; width];
    let consume = |number: u64, words: &[u64]| {
        for (x, word) in row.iter_mut().zip(words) {
            *x = f64::from_bits(*word);
        }
        consumer(number, &row, words.last().copied().unwrap_or(0))
    };
    journal.records(unit, 0..most, width + 1, consume, |range, emit| {
        let mut words = Vec::with_capacity(width + 1);
        replicate(replicas, range.start / group..range.end.div_ceil(group), control, |index, rows, steps| {
            for (k, row) in rows.chunks_exact(width).enumerate() {
                let number = index * group + k as u64;
                if !range.contains(&number) {
                    continue;
                }
                words.clear();
                words.extend(row.iter().map(|x| x.to_bits()));
                // The steps of the group go with its replicas, evenly.
                let (k, group) = (k as u64, group.max(1));
                words.push(steps * (k + 1) / group - steps * k / group);
                if emit(number, &words).is_break() {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        })
    })
}

/// The estimate of output `k`.
fn of(replicas: &dyn Replicated, moments: &Moments, order: f64, k: usize) -> Option<Estimate> {
    let pick = |values: Vec<f64>| values.get(k).copied().unwrap_or(f64::NAN);
    let fine = |mean: &[f64]| pick(replicas.evaluate(mean));
    let coarse = |mean: &[f64]| replicas.evaluate_coarse(mean).map_or(f64::NAN, pick);
    let has_coarse = replicas.evaluate_coarse(moments.mean()).is_some();
    replicated_estimate(moments, order, fine, has_coarse.then_some(coarse))
}

/// Half the width of a 68 % interval over the estimate: statistical and step error together.
fn relative_error(estimate: &Estimate) -> f64 {
    let [low, high] = estimate.ci95;
    (high - low) / (2.0 * 1.96) / estimate.value.abs()
}

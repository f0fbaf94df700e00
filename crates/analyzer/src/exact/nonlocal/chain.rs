//! Which well a path is in: transition matrix and stationary law of the process itself.

use nalgebra::{DVector, LU};

use crate::exact::nonlocal::evolution::Evolution;
use crate::exact::nonlocal::problem::{Domain, Level, Setting, refine};
use crate::exact::nonlocal::quasi::binned;
use crate::exact::nonlocal::system::{Exterior, Field, System};
use crate::exact::nonlocal::{Bounded, ExactError, Generator};
use crate::landscape::Landscape;
use crate::theory::StoppedProblem;

/// A bin of the stationary density is no wider than this share of the distance between the outermost minima.
const WIDEST: f64 = 0.01;

/// Where the process is: among the wells of its landscape, or other sets.
#[derive(Debug, Clone, PartialEq)]
pub struct WellChain {
    /// Mass of each well under the stationary law.
    pub stationary: Vec<Bounded>,
    /// Entry `[t][i][j]`: `P(X_t in well j)` for a path from `starts[i]` at `times[t]`.
    pub transition: Vec<Vec<Vec<Bounded>>>,
    /// The stationary density: (x, p(x)), increasing in x: means over bins.
    pub density: Vec<[f64; 2]>,
}

impl WellChain {
    /// Solves for the wells of a landscape.
    ///
    /// `P(X_t in W)` is the solution at time t of `du/dt = A u` from the indicator of W; the mass of W is
    /// the constant c for which `-A u = 1_W - c` has a solution. `times` are in the equation's own unit.
    ///
    /// # Errors
    /// As [`stopped`](super::stopped); [`ExactError::Endless`] without a well.
    ///
    /// # Examples
    /// A symmetric double well: half of the mass in each, and most paths still in their well after a time
    /// shorter than a passage.
    /// ```
    /// use levyscape_analyzer::exact::nonlocal::{Generator, WellChain};
    /// use levyscape_analyzer::landscape::Landscape;
    /// use levyscape_analyzer::theory::NoiseLaw;
    /// use levyscape_integrator::potential::ClosurePotential;
    ///
    /// let double = ClosurePotential::new(|x: f64| x.powi(4) / 4.0 - x * x / 2.0, |x: f64| x * x * x - x);
    /// let landscape = Landscape::find(&double, None)?;
    /// let generator = Generator::new(&double, NoiseLaw::stable(1.5, 0.1)).ok_or("no generator")?;
    /// let chain = WellChain::new(&generator, &landscape, &[-1.0, 1.0], &[100.0], 1e-6)?;
    /// assert!((chain.stationary[1].value - 0.5).abs() < 1e-9);
    /// let [stay, leave] = [chain.transition[0][0][0].value, chain.transition[0][0][1].value];
    /// assert!(stay > leave && (stay + leave - 1.0).abs() < 1e-6);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(
        generator: &Generator<'_>,
        landscape: &Landscape,
        starts: &[f64],
        times: &[f64],
        tolerance: f64,
    ) -> Result<Self, ExactError> {
        let wells: Vec<[f64; 2]> = landscape.wells.iter().map(|well| [well.left, well.right]).collect();
        Self::of_sets(generator, landscape, &wells, starts, times, tolerance)
    }

    /// The same for other intervals than the wells; ends may be infinite.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_sets(
        generator: &Generator<'_>,
        landscape: &Landscape,
        wells: &[[f64; 2]],
        starts: &[f64],
        times: &[f64],
        tolerance: f64,
    ) -> Result<Self, ExactError> {
        if wells.is_empty() {
            return Err(ExactError::Endless);
        }
        let edges: Vec<f64> = wells.iter().flatten().copied().collect();
        let start = landscape.minima.first().map_or(0.0, |minimum| minimum.x);
        let whole = StoppedProblem::exit(start, f64::NEG_INFINITY, f64::INFINITY);
        let domain = Domain::new(generator, landscape, &whole, &edges)?;
        let minima = landscape.minima.first().zip(landscape.minima.last());
        let widest = minima.map_or(f64::INFINITY, |(first, last)| WIDEST * (last.x - first.x));
        let widest = if widest > 0.0 { widest } else { f64::INFINITY };
        let mut density = Vec::new();
        let (_, bounds) = refine(tolerance, |level: &Level| {
            let mut setting = Setting::new(generator, &domain, level)?;
            let (size, values, law) = setting.resolved(
                level,
                |system| centred(system, wells),
                |system, law| transitions(system, law, starts, times, widest),
            )?;
            density = law;
            Ok((size, values))
        })?;
        let (stationary, rest) = bounds.split_at(wells.len());
        let rows: Vec<Vec<Bounded>> = rest.chunks(wells.len()).map(<[Bounded]>::to_vec).collect();
        let transition = rows.chunks(starts.len().max(1)).map(<[Vec<Bounded>]>::to_vec).collect();
        Ok(Self { stationary: stationary.to_vec(), transition, density })
    }
}

/// The stationary law, solved for.
struct Centred {
    indicators: Vec<Vec<f64>>,
    masses: Vec<f64>,
    /// Weights of the control volumes: the density.
    weights: Vec<f64>,
}

/// The masses, and the tails of the solutions that they come with.
fn centred(system: &System<'_>, wells: &[[f64; 2]]) -> Result<(Vec<f64>, Centred), ExactError> {
    let none = Exterior { sides: vec![[0.0; 2]; system.mesh.components.len()], jumps: Vec::new() };
    let indicators: Vec<Vec<f64>> = wells.iter().map(|&well| indicator(system, well)).collect();
    let (matrix, column) = system.centred().ok_or(ExactError::Endless)?;
    let mut selector = DVector::zeros(system.size());
    selector[column] = 1.0;
    let adjoint = LU::new(matrix.transpose()).solve(&selector).ok_or(ExactError::NotFinite)?;
    let weights: Vec<f64> = adjoint.iter().zip(system.scales()).map(|(y, scale)| y * scale).collect();
    let factors = LU::new(matrix);
    let mut tails: Vec<f64> = Vec::new();
    let mut masses = Vec::new();
    for indicator in &indicators {
        let solved = factors.solve(&system.right_side(indicator, &none)).ok_or(ExactError::NotFinite)?;
        masses.push(solved[column]);
        let mut unknowns = solved.as_slice().to_vec();
        unknowns[column] = 0.0;
        let these = system.tails(&Field { unknowns, exterior: none.clone() });
        if tails.is_empty() {
            tails = these;
        } else {
            tails.iter_mut().zip(these).for_each(|(tail, other)| *tail = tail.max(other));
        }
    }
    Ok((tails, Centred { indicators, masses, weights }))
}

/// Unknowns; masses, then the transition probabilities by time, start and well; density.
type Answer = (usize, Vec<f64>, Vec<[f64; 2]>);

fn transitions(
    system: &System<'_>,
    Centred { indicators, masses, weights }: Centred,
    starts: &[f64],
    times: &[f64],
    widest: f64,
) -> Result<Answer, ExactError> {
    let mut values = masses;
    for &time in times {
        let evolution = Evolution::new(system, time);
        let columns = indicators
            .iter()
            .map(|indicator| evolution.values(system, indicator, starts))
            .collect::<Result<Vec<Vec<f64>>, ExactError>>()?;
        for i in 0..starts.len() {
            values.extend(columns.iter().map(|column| column[i].clamp(0.0, 1.0)));
        }
    }
    Ok((system.size(), values, binned(system, &weights, widest)))
}

/// Integrals of the indicator of a well over the control volumes.
fn indicator(system: &System<'_>, [lo, hi]: [f64; 2]) -> Vec<f64> {
    system.per_volume(|c, e, t, weight| {
        let x = system.mesh.x(system.mesh.components[c].elements[e].place(t));
        if lo <= x && x <= hi { weight } else { 0.0 }
    })
}

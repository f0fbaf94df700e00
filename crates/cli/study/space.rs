//! Tasks in several dimensions.

use std::sync::Arc;

use levyscape_analyzer::exact;
use levyscape_analyzer::landscape::{Landscape, RestPoint, SpaceBasins, SpaceLandscape, SpaceWindowError};
use levyscape_analyzer::theory::space::{self, SpaceNoise, SpaceTheory};
use levyscape_analyzer::theory::{MarkovChain, StoppedProblem};
use levyscape_engine::{Basin, CoreSet, Region, SpaceDomain, SpaceRegion, SubLevel, Union};
use levyscape_integrator::math::pow;
use levyscape_integrator::scheme::Choice;
use levyscape_integrator::{Drift, NoiseLaw, SchemeKind};

use super::problem::{EnsembleTask, Problem, Task};
use crate::errors::ScenarioError;
use crate::scenario::{Domain, Scenario, ScenarioFile, SchemeChoice, Start, Target, TaskSpec};

/// An exit task in several dimensions.
pub struct SpaceTask {
    pub start: Vec<f64>,
    pub region: SpaceRegion,
    pub theory: Option<SpaceTheory>,
    pub exact_mean: Option<f64>,
    /// The rate at which the law of a path within the domain comes to rest, where something tells it.
    pub relaxation_rate: Option<f64>,
    /// Whether explicit Euler may throw a path out of the domain, or away from it for ever.
    pub euler_overshoots: bool,
}

/// Minima and saddles in the window or, where the scenario gives none, around what the tasks name.
///
/// # Errors
/// A window of another dimension.
pub fn landscape(
    drift: &Arc<dyn Drift>,
    window: Option<&[[f64; 2]]>,
    tasks: &[TaskSpec],
) -> Result<Landscape, SpaceWindowError> {
    let space = match window {
        Some(window) => SpaceLandscape::find(drift, window)?,
        None => SpaceLandscape::find_around(drift, &surroundings(drift.dimension(), tasks))?,
    };
    Ok(Landscape { remarks: space.remarks.clone(), space: Some(space), ..Landscape::default() })
}

/// The starts, domains and targets of the tasks, with half their size to spare on every side.
fn surroundings(dimension: usize, tasks: &[TaskSpec]) -> Vec<[f64; 2]> {
    let mut sides = vec![[f64::INFINITY, f64::NEG_INFINITY]; dimension];
    let mut hold = |k: usize, x: f64| {
        if let Some([lo, hi]) = sides.get_mut(k).filter(|_| x.is_finite()) {
            (*lo, *hi) = (lo.min(x), hi.max(x));
        }
    };
    let mut ball = |centre: &[f64], radius: f64| {
        for (k, x) in centre.iter().enumerate() {
            hold(k, x - radius);
            hold(k, x + radius);
        }
    };
    let mut boxes: Vec<&[[f64; 2]]> = Vec::new();
    for task in tasks {
        let TaskSpec::Exit { start: Start::Place(start), domain, targets, .. } = task else { continue };
        ball(start, 0.0);
        let mut pending = vec![domain];
        while let Some(domain) = pending.pop() {
            match domain {
                Domain::Ball(radius) => ball(start, *radius),
                Domain::BallAround { centre, radius } => ball(centre, *radius),
                Domain::Box(sides) => boxes.push(sides),
                Domain::Union(members) => pending.extend(members),
                Domain::Basin | Domain::SubLevel(_) | Domain::Interval(_) => {}
            }
        }
        for target in targets {
            match target {
                Target::Ball { centre, radius } => ball(centre, *radius),
                Target::Box(sides) => boxes.push(sides),
                Target::Interval(_) => {}
            }
        }
    }
    for (k, x) in
        boxes.iter().flat_map(|sides| sides.iter().enumerate()).flat_map(|(k, side)| side.map(|x| (k, x)))
    {
        hold(k, x);
    }
    for [lo, hi] in &mut sides {
        if lo > hi {
            (*lo, *hi) = (-1.0, 1.0);
        }
        // A lone start says nothing of the size of things.
        let size = if hi > lo { *hi - *lo } else { 2.0 * hi.abs().max(0.5) };
        (*lo, *hi) = (*lo - 0.5 * size, *hi + 0.5 * size);
    }
    sides
}

/// Prepares scheme and tasks of a point.
///
/// # Errors
/// A task that needs a landscape, a start or domain of another dimension, a start that is outside.
pub fn prepare(file: &ScenarioFile, index: usize, problem: &mut Problem) -> Result<(), ScenarioError> {
    let (_, scenario) = &file.points()[index];
    let Some(drift) = problem.force.field.clone() else { return Ok(()) };
    let dimension = drift.dimension();
    let error = |key: &str, message: String| file.error_at(index, key, message, None);
    let mut tasks = Vec::new();
    let mut steps = Vec::new();
    for (number, spec) in scenario.tasks.iter().enumerate() {
        let TaskSpec::Exit { start, domain, targets, survival_times, landing } = spec else {
            return Err(error(
                &format!("task.{number}.kind"),
                "in several dimensions there is the task \"exit\" alone".to_owned(),
            ));
        };
        let key = |name: &str| format!("task.{number}.{name}");
        let Start::Place(start) = start else {
            return Err(error(&key("start"), format!("the start needs {dimension} coordinates, as a list")));
        };
        if start.len() != dimension {
            return Err(error(
                &key("start"),
                format!("the start has {} coordinates, the equation {dimension}", start.len()),
            ));
        }
        if !landing.is_empty() {
            return Err(error(
                &key("landing"),
                "`landing` are intervals: they need one dimension".to_owned(),
            ));
        }
        let mut force = vec![0.0; dimension];
        drift.drift_at(start, &mut force);
        if force.iter().any(|force| !force.is_finite()) {
            return Err(error(&key("start"), format!("the drift is not finite at the start {start:?}")));
        }
        let context = Context { file, index, drift: &drift, start };
        let domain = match domain {
            // What a task with targets and without domain has.
            Domain::Interval([f64::NEG_INFINITY, f64::INFINITY]) if !targets.is_empty() => SpaceDomain::Whole,
            domain => context.domain(&key("domain"), domain)?,
        };
        let targets = targets.iter().enumerate();
        let targets = targets.map(|(k, target)| context.target(&key(&format!("targets.{k}")), target));
        let targets = targets.collect::<Result<Vec<_>, _>>()?;
        let everything =
            matches!(&domain, SpaceDomain::Box(sides) if sides.iter().flatten().all(|x| x.is_infinite()));
        if everything && targets.is_empty() {
            return Err(error(&key("domain"), "the path never stops: the domain is everything".to_owned()));
        }
        let region = SpaceRegion { domain, targets };
        let whole = Region::from(region.clone());
        if whole.check_start(start).is_err() {
            let what = "is not inside the domain, or lies in a target";
            return Err(error(&key("start"), format!("the start {start:?} {what}")));
        }
        // The theory of one well holds where the whole domain is drawn to one stable place.
        let rest = point_of_rest(drift.as_ref(), start).filter(|rest| {
            matches!(region.domain, SpaceDomain::Basin(_))
                || (is_alone(&problem.landscape, &region.domain, rest)
                    && draws_all(drift.as_ref(), &region.domain, rest))
        });
        let centre = rest.clone().unwrap_or_else(|| start.clone());
        steps.push(step(problem, drift.as_ref(), &region.domain, &centre, start));
        let relaxation_rate = match &rest {
            Some(rest) => slowest_rate(drift.as_ref(), rest),
            None => free_rate(problem, drift.as_ref(), &region.domain, start),
        };
        let noise = space_noise(problem);
        let theory = noise
            .as_ref()
            .zip(rest)
            .filter(|_| region.targets.is_empty())
            .and_then(|(noise, rest)| theory(noise, &region.domain, &rest));
        let exact_mean = match (&region.domain, noise) {
            (SpaceDomain::Ball { centre, radius }, Some(noise))
                if region.targets.is_empty() && is_drift_free(drift.as_ref(), centre, *radius) =>
            {
                space::ball_mean(&noise, *radius, distance(start, centre))
            }
            _ => None,
        };
        let unbounded = StoppedProblem::exit(start[0], f64::NEG_INFINITY, f64::INFINITY);
        tasks.push(EnsembleTask {
            from: None,
            space: Some(SpaceTask {
                start: start.clone(),
                region,
                theory,
                exact_mean,
                relaxation_rate,
                euler_overshoots: false,
            }),
            problem: unbounded,
            target_minima: Vec::new(),
            survival_times: survival_times.clone(),
            landing: Vec::new(),
            max_time: f64::INFINITY,
            default_horizon: true,
            window: [-1.0, 1.0],
            blow_up_rate: 0.0,
            theory: None,
            transition: None,
            exact: exact::Solution::default(),
        });
    }
    problem.choice = choice(scenario, &steps);
    for task in &mut tasks {
        task.set_horizon(&scenario.ensemble, problem.choice.step);
        if let Some(space) = &mut task.space
            && problem.choice.kind == SchemeKind::Euler
        {
            space.euler_overshoots =
                overshoots(drift.as_ref(), &space.region.domain, &space.start, problem.choice.step);
        }
    }
    problem.tasks = tasks.into_iter().map(|task| Task::Ensembles(vec![task])).collect();
    Ok(())
}

/// Where the domains and targets of a task stand, and what they are relative to.
struct Context<'a> {
    file: &'a ScenarioFile,
    index: usize,
    drift: &'a Arc<dyn Drift>,
    start: &'a [f64],
}

impl Context<'_> {
    fn error(&self, key: &str, message: String) -> ScenarioError {
        self.file.error_at(self.index, key, message, None)
    }

    fn check(&self, key: &str, what: &str, found: usize) -> Result<(), ScenarioError> {
        let expected = self.drift.dimension();
        if found == expected {
            return Ok(());
        }
        Err(self.error(key, format!("the {what} has {found} coordinates, the equation {expected}")))
    }

    fn domain(&self, key: &str, domain: &Domain) -> Result<SpaceDomain, ScenarioError> {
        let start = self.start;
        match domain {
            Domain::Box(sides) => {
                self.check(key, "domain", sides.len())?;
                Ok(SpaceDomain::Box(sides.clone()))
            }
            Domain::Ball(radius) => Ok(SpaceDomain::Ball { centre: start.to_vec(), radius: *radius }),
            Domain::BallAround { centre, radius } => {
                self.check(key, "domain", centre.len())?;
                Ok(SpaceDomain::Ball { centre: centre.clone(), radius: *radius })
            }
            Domain::SubLevel(level) => {
                let key = format!("{key}.sublevel");
                let Some(u) = self.drift.potential_at(start) else {
                    let message = "a sub-level set needs a potential: this equation has a drift alone";
                    return Err(self.error(&key, message.to_owned()));
                };
                let set = SubLevel::new(Arc::clone(self.drift), *level, start).filter(|_| u < *level);
                let message =
                    || format!("the potential is {u} at the start {start:?}, not below the level {level}");
                set.map(SpaceDomain::SubLevel).ok_or_else(|| self.error(&key, message()))
            }
            Domain::Basin => {
                let basin = Basin::of(Arc::clone(self.drift), start).map(SpaceDomain::Basin);
                basin.ok_or_else(|| {
                    let message = format!(
                        "the start {start:?} lies in no basin: the flow from there comes to no stable rest"
                    );
                    self.error(key, message)
                })
            }
            Domain::Union(members) => {
                let members = members.iter().enumerate();
                let members = members.map(|(k, member)| self.domain(&format!("{key}.union.{k}"), member));
                Ok(SpaceDomain::Union(Union::new(members.collect::<Result<_, _>>()?, start)))
            }
            Domain::Interval(_) => {
                let dimension = self.drift.dimension();
                Err(self.error(
                    key,
                    format!(
                        "in {dimension} dimensions a domain is {{ ball = r }}, {{ ball = r, centre = [...] }}, \
                         a list of {dimension} intervals, \"basin\", {{ sublevel = c }} or {{ union = [...] }}"
                    ),
                ))
            }
        }
    }

    fn target(&self, key: &str, target: &Target) -> Result<CoreSet, ScenarioError> {
        match target {
            Target::Box(sides) => {
                self.check(key, "target", sides.len())?;
                Ok(CoreSet::Box(sides.clone()))
            }
            Target::Ball { centre, radius } => {
                self.check(key, "target", centre.len())?;
                Ok(CoreSet::Ball { centre: centre.clone(), radius: *radius })
            }
            Target::Interval(_) => {
                let dimension = self.drift.dimension();
                Err(self.error(
                    key,
                    format!(
                        "in {dimension} dimensions a target is {{ ball = r, centre = [...] }} or a list of \
                         {dimension} intervals"
                    ),
                ))
            }
        }
    }
}

/// The exit law by one jump from the point of rest; `None` also where a straight line from there comes back
/// into the domain, whose rate the distance of the edge does not give.
fn theory(noise: &SpaceNoise, domain: &SpaceDomain, rest: &[f64]) -> Option<SpaceTheory> {
    let in_formulas = matches!(domain, SpaceDomain::Whole | SpaceDomain::Box(_) | SpaceDomain::Ball { .. });
    if in_formulas {
        return space::exit(noise, &|direction| ray(domain, rest, direction));
    }
    if let (SpaceNoise::Isotropic { .. }, &[_, _]) = (noise, rest) {
        let distance = space::tabulated(ANGLES, &|direction| {
            let reach = ray(domain, rest, direction);
            (!comes_back(domain, rest, direction, reach)).then_some(reach)
        })?;
        return space::exit(noise, &distance);
    }
    let straight = directions(rest.len())
        .iter()
        .all(|direction| !comes_back(domain, rest, direction, ray(domain, rest, direction)));
    if straight { space::exit(noise, &|direction| ray(domain, rest, direction)) } else { None }
}

fn choice(scenario: &Scenario, steps: &[f64]) -> Choice {
    let kind = match scenario.scheme.kind {
        SchemeChoice::Given(kind) => kind,
        SchemeChoice::Auto | SchemeChoice::Clocked(_) => SchemeKind::Splitting,
    };
    let (step, why_step) = match scenario.scheme.step {
        Some(step) => (step, "the step as the scenario says".to_owned()),
        None => {
            let step = steps.iter().copied().fold(0.1, f64::min);
            (step, format!("step {step}: resolves the drift and the noise on the way to the boundary"))
        }
    };
    let reason = match scenario.scheme.kind {
        SchemeChoice::Auto => format!("{why_step}; splitting: its drift step cannot explode"),
        _ => why_step,
    };
    Choice { kind, step, euler_blow_up_rate: 0.0, reason }
}

/// The smallest of `0.05 / stiffness` and, over the coordinates, `(length/epsilon)^alpha` times a
/// hundredth or so: as on the line.
fn step(problem: &Problem, drift: &dyn Drift, domain: &SpaceDomain, centre: &[f64], start: &[f64]) -> f64 {
    let d = centre.len();
    let mut stiffness: f64 = 0.0;
    let mut jacobian = vec![0.0; d * d];
    for place in [centre, start] {
        drift.jacobian_at(place, &mut jacobian);
        let norm = jacobian.iter().map(|entry| entry * entry).sum::<f64>().sqrt();
        if norm.is_finite() {
            stiffness = stiffness.max(norm);
        }
    }
    let mut step = 0.05 / stiffness;
    for k in 0..d {
        let length = [-1.0, 1.0]
            .into_iter()
            .map(|sign| {
                let mut axis = vec![0.0; d];
                axis[k] = sign;
                ray(domain, start, &axis)
            })
            .fold(f64::INFINITY, f64::min);
        let law = problem.noise.coordinate(k).unwrap_or(problem.noise.as_ref());
        let alpha = law.scaling_index();
        let share = if law.has_jumps() { pow(0.02, alpha).min(0.01) } else { 0.005 };
        step = step.min(pow(length / problem.epsilon[k], alpha) * share);
    }
    // One significant digit downwards: a number that can be read and typed.
    if !(step.is_finite() && step > 0.0) {
        return 0.01;
    }
    let text = format!("{step:.0e}");
    let rounded = text.parse::<f64>().unwrap_or(step);
    if rounded <= step { rounded } else { 0.5 * rounded }
}

/// The noise in the words of the theory, where it is symmetric stable with a constant amplitude.
fn space_noise(problem: &Problem) -> Option<SpaceNoise> {
    if problem.multiplicative.is_some() {
        return None;
    }
    match &problem.law {
        NoiseLaw::Independent { coordinates } => coordinates
            .iter()
            .zip(&problem.epsilon)
            .map(|(law, &epsilon)| match *law {
                NoiseLaw::Stable { alpha, beta: 0.0, .. } if alpha < 2.0 => Some([alpha, epsilon]),
                _ => None,
            })
            .collect::<Option<Vec<_>>>()
            .map(SpaceNoise::Independent),
        &NoiseLaw::Isotropic { alpha, dimension } if alpha < 2.0 => {
            let epsilon = problem.one_epsilon();
            let same = problem.epsilon.iter().all(|&other| other == epsilon);
            same.then_some(SpaceNoise::Isotropic { dimension, alpha, epsilon })
        }
        _ => None,
    }
}

/// Where a point at `start` comes to rest without noise; `None` if it does not within a long time, and
/// where there is no drift to bring it to rest.
fn point_of_rest(drift: &dyn Drift, start: &[f64]) -> Option<Vec<f64>> {
    let d = start.len();
    let mut x = start.to_vec();
    let mut jacobian = vec![0.0; d * d];
    drift.jacobian_at(&x, &mut jacobian);
    if jacobian.iter().all(|entry| *entry == 0.0) {
        return None;
    }
    let mut slope = vec![0.0; d];
    for _ in 0..20_000 {
        drift.drift_at(&x, &mut slope);
        drift.jacobian_at(&x, &mut jacobian);
        let stiffness = jacobian.iter().map(|entry| entry * entry).sum::<f64>().sqrt();
        let size = slope.iter().map(|slope| slope * slope).sum::<f64>().sqrt();
        let scale = x.iter().fold(1.0, |scale: f64, x| scale.max(x.abs()));
        if !size.is_finite() || !stiffness.is_finite() || stiffness == 0.0 {
            return None;
        }
        if size <= 1e-10 * stiffness * scale {
            return Some(x);
        }
        let step = 0.2 / stiffness;
        for (x, slope) in x.iter_mut().zip(&slope) {
            *x += step * slope;
        }
    }
    None
}

/// The slowest rate of the linearised drift at a point of rest: 8 over the time until every unit vector has shrunk
/// to `e^-8`.
fn slowest_rate(drift: &dyn Drift, rest: &[f64]) -> Option<f64> {
    const SHRUNK: f64 = 3.354_626_279_025_118e-4;
    let d = rest.len();
    let mut jacobian = vec![0.0; d * d];
    drift.jacobian_at(rest, &mut jacobian);
    let stiffness = jacobian.iter().map(|entry| entry * entry).sum::<f64>().sqrt();
    let step = 0.1 / stiffness;
    let mut slowest: f64 = 0.0;
    for k in 0..d {
        let mut y = vec![0.0; d];
        y[k] = 1.0;
        let mut steps: u32 = 0;
        while y.iter().map(|y| y * y).sum::<f64>() > SHRUNK * SHRUNK {
            let slope: Vec<f64> =
                (0..d).map(|i| (0..d).map(|j| jacobian[d * i + j] * y[j]).sum::<f64>()).collect();
            y.iter_mut().zip(&slope).for_each(|(y, slope)| *y += step * slope);
            steps += 1;
            if steps > 1_000_000 {
                return None;
            }
        }
        slowest = slowest.max(f64::from(steps) * step);
    }
    let rate = 8.0 / slowest;
    (rate > 0.0 && rate.is_finite()).then_some(rate)
}

/// Where there is no drift in a bounded domain: the rate at which the noise crosses it.
fn free_rate(problem: &Problem, drift: &dyn Drift, domain: &SpaceDomain, start: &[f64]) -> Option<f64> {
    let reach = directions(start.len()).iter().map(|u| ray(domain, start, u)).fold(0.0, f64::max);
    if !(reach.is_finite() && is_drift_free(drift, start, reach)) {
        return None;
    }
    let rate = |k: usize| {
        let law = problem.noise.coordinate(k).unwrap_or(problem.noise.as_ref());
        pow(problem.epsilon[k] / reach, law.scaling_index())
    };
    Some((0..start.len()).map(rate).fold(f64::INFINITY, f64::min))
}

/// The axes and the diagonals, both ways.
fn directions(d: usize) -> Vec<Vec<f64>> {
    let mut all = Vec::new();
    for sign in [-1.0, 1.0] {
        for k in 0..d {
            let mut axis = vec![0.0; d];
            axis[k] = sign;
            all.push(axis);
            let mut diagonal = vec![sign / (d as f64).sqrt(); d];
            diagonal[k] = -diagonal[k];
            all.push(diagonal);
        }
        all.push(vec![sign / (d as f64).sqrt(); d]);
    }
    all
}

/// Whether no point of rest of the landscape but this one lies in the domain.
fn is_alone(landscape: &Landscape, domain: &SpaceDomain, rest: &[f64]) -> bool {
    let Some(space) = &landscape.space else { return true };
    let size = diameter(space);
    let mut others = space.minima.iter().chain(&space.saddles).chain(&space.others);
    others.all(|point| distance(&point.x, rest) <= 1e-6 * size || !domain.contains(&point.x))
}

fn diameter(landscape: &SpaceLandscape) -> f64 {
    landscape.window.iter().map(|[lo, hi]| (hi - lo) * (hi - lo)).sum::<f64>().sqrt()
}

/// The chain on the minima by one big jump, per unit of the equation's time; `None` with fewer than two minima,
/// and where the noise has no such theory.
pub fn chain(problem: &Problem) -> Option<MarkovChain> {
    let drift = problem.force.field.as_ref()?;
    let landscape = problem.landscape.space.as_ref().filter(|landscape| landscape.minima.len() > 1)?;
    let noise = space_noise(problem)?;
    let basins = SpaceBasins::new(drift, landscape);
    if !basins.is_complete() {
        return None;
    }
    let minima: Vec<&[f64]> = landscape.minima.iter().map(|RestPoint { x, .. }| x.as_slice()).collect();
    space::basin_chain(&noise, &minima, &|x| basins.basin_of(x), diameter(landscape))
}

/// Whether points close to a place of rest and points all over the domain come to rest there.
fn draws_all(drift: &dyn Drift, domain: &SpaceDomain, rest: &[f64]) -> bool {
    let directions = directions(rest.len());
    let reaches: Vec<f64> = directions.iter().map(|direction| ray(domain, rest, direction)).collect();
    let nearest = reaches.iter().copied().fold(f64::INFINITY, f64::min);
    if !(nearest > 0.0 && nearest.is_finite()) {
        return false;
    }
    directions.iter().zip(reaches).all(|(direction, reach)| {
        [1e-3, 0.3, 0.6, 0.95].into_iter().all(|share| {
            // Of a domain that goes on for ever the part around its nearest edge is looked at.
            let radius = share * reach.min(10.0 * nearest);
            let place: Vec<f64> = rest.iter().zip(direction).map(|(x, u)| x + radius * u).collect();
            let end = point_of_rest(drift, &place);
            end.is_some_and(|end| distance(&end, rest) < 1e-4 * nearest)
        })
    })
}

/// Whether an explicit step from somewhere in the domain lands further out on the other side.
fn overshoots(drift: &dyn Drift, domain: &SpaceDomain, centre: &[f64], step: f64) -> bool {
    let mut slope = vec![0.0; centre.len()];
    directions(centre.len()).iter().any(|direction| {
        let reach = ray(domain, centre, direction).min(1e9);
        let mut radius = reach;
        while radius > 1e-6 * reach {
            let place: Vec<f64> = centre.iter().zip(direction).map(|(x, u)| x + radius * u).collect();
            drift.drift_at(&place, &mut slope);
            let inward: f64 = -slope.iter().zip(direction).map(|(slope, u)| slope * u).sum::<f64>();
            if step * inward > 2.0 * radius {
                return true;
            }
            radius *= 0.7;
        }
        false
    })
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

/// How far the boundary is from a point inside, along a unit vector.
fn ray(domain: &SpaceDomain, from: &[f64], direction: &[f64]) -> f64 {
    match domain {
        SpaceDomain::Whole => f64::INFINITY,
        SpaceDomain::Box(sides) => from
            .iter()
            .zip(direction)
            .zip(sides)
            .map(|((x, u), [lower, upper])| match *u {
                u if u > 0.0 => (upper - x) / u,
                u if u < 0.0 => (lower - x) / u,
                _ => f64::INFINITY,
            })
            .fold(f64::INFINITY, f64::min),
        SpaceDomain::Ball { centre, radius } => {
            let offset: Vec<f64> = from.iter().zip(centre).map(|(x, c)| x - c).collect();
            let along: f64 = offset.iter().zip(direction).map(|(x, u)| x * u).sum();
            let square: f64 = offset.iter().map(|x| x * x).sum();
            -along + (along * along + radius * radius - square).max(0.0).sqrt()
        }
        SpaceDomain::SubLevel(_) | SpaceDomain::Basin(_) | SpaceDomain::Union(_) => {
            let mut inside = 0.0;
            for radius in radii(from, 0.0) {
                if inside_at(domain, from, direction, radius) {
                    inside = radius;
                    continue;
                }
                let mut outside = radius;
                for _ in 0..16 {
                    let middle = 0.5 * (inside + outside);
                    if inside_at(domain, from, direction, middle) {
                        inside = middle;
                    } else {
                        outside = middle;
                    }
                }
                return outside;
            }
            f64::INFINITY
        }
    }
}

/// Directions in the plane in which the edge of a domain is looked for.
const ANGLES: usize = 128;
/// From one distance at which it is looked for to the next.
const FARTHER: f64 = 1.5;

/// Distances beyond `least` at which the edge of a domain is looked for: from a hundredth of the size of
/// things to a thousand times of it.
fn radii(from: &[f64], least: f64) -> impl Iterator<Item = f64> {
    let size = from.iter().fold(1.0, |size: f64, x| size.max(x.abs()));
    let first = if least > 0.0 { FARTHER * least } else { 0.01 * size };
    std::iter::successors(Some(first), |radius| Some(FARTHER * radius)).take_while(move |r| *r < 1e3 * size)
}

fn inside_at(domain: &SpaceDomain, from: &[f64], direction: &[f64], radius: f64) -> bool {
    let place: Vec<f64> = from.iter().zip(direction).map(|(x, u)| x + radius * u).collect();
    domain.contains(&place)
}

/// Whether a ray that left a domain at the distance `reach` enters it again further out.
fn comes_back(domain: &SpaceDomain, from: &[f64], direction: &[f64], reach: f64) -> bool {
    reach.is_finite() && radii(from, reach).any(|radius| inside_at(domain, from, direction, radius))
}

/// Whether the drift is zero at many places of the ball.
fn is_drift_free(drift: &dyn Drift, centre: &[f64], radius: f64) -> bool {
    let d = centre.len();
    let mut slope = vec![0.0; d];
    (0..64 * d).all(|k| {
        // Points of a Kronecker sequence in the cube within the ball.
        let place: Vec<f64> = centre
            .iter()
            .enumerate()
            .map(|(j, c)| {
                let share =
                    ((k as f64 + 0.5) * (0.618_033_988_749_895 + 0.414_213_562_373_095 * j as f64)).fract();
                c + radius / (d as f64).sqrt() * (2.0 * share - 1.0)
            })
            .collect();
        drift.drift_at(&place, &mut slope);
        slope.iter().all(|slope| *slope == 0.0)
    })
}

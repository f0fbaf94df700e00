//! Stopped problems: the meshes, the levels and the answers.

use nalgebra::{Dyn, LU};

use crate::exact::nonlocal::evolution;
use crate::exact::nonlocal::mesh::{End, Grading, Mesh, Place, Special};
use crate::exact::nonlocal::rule::Rules;
use crate::exact::nonlocal::system::{Coefficients, Exterior, Field, Jump, System, binomials};
use crate::exact::nonlocal::{Bounded, ExactError, Generator};
use crate::landscape::Landscape;
use crate::theory::StoppedProblem;

/// Most unknowns of a mesh; the dense solution of so many takes seconds.
const MOST_UNKNOWNS: usize = 2600;
/// The same where [`ROUGH`] digits are enough: `check` and `run` are not to wait for a rough problem.
const MOST_ROUGH_UNKNOWNS: usize = 1300;
/// Relative error from which on an answer is a rough one.
const ROUGH: f64 = 1e-6;
/// Rounds of refinement where the solution is not resolved.
const ROUNDS: usize = 4;
/// Values below this (of probabilities) need not be known to more digits than this one.
const SMALL: f64 = 1e-4;

/// What is asked of a stopped problem, beside its mean time.
#[derive(Debug, Clone, Default)]
pub struct Questions {
    /// Sets for `P(lo <= X_T <= hi)`.
    pub landing: Vec<[f64; 2]>,
    /// Times for `P(T > t)`.
    pub survival_times: Vec<f64>,
    /// Relative error at which refinement stops.
    pub tolerance: f64,
}

/// The answers, each with a bound on its error.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    /// `E T`.
    pub mean: Bounded,
    /// `E T^2`; `None` where paths thrown far out come back so late that it is infinite or out of reach.
    pub second_moment: Option<Bounded>,
    /// `P(lo <= X_T <= hi)` for each set.
    pub landing: Vec<Bounded>,
    /// `P(T > t)` for each time.
    pub survival: Vec<Bounded>,
    /// Unknowns of the finest mesh.
    pub unknowns: usize,
    /// The values on each level, coarsest first, in the order mean, second moment, landing, survival.
    pub levels: Vec<(usize, Vec<f64>)>,
}

/// Fineness of a mesh.
#[derive(Debug, Clone, Copy)]
pub(super) struct Level {
    ratio: f64,
    degree: usize,
    /// What the smallest elements at an edge contribute, roughly.
    edge: f64,
    /// Share of the last coefficients that calls for refinement.
    pub tail: f64,
    /// Relative error that a smooth problem has on this level, with a factor of 5 to 10 (measured: see the
    /// tests): a smaller change from the level before is luck.
    floor: f64,
    /// Most unknowns.
    most: usize,
}

impl Level {
    const fn new(ratio: f64, degree: usize, edge: f64, tail: f64, floor: f64) -> Self {
        Self { ratio, degree, edge, tail, floor, most: MOST_UNKNOWNS }
    }
}

const LEVELS: [Level; 6] = [
    Level::new(5.0, 5, 1e-5, 3e-3, 1e-5),
    Level::new(4.0, 6, 1e-7, 1e-3, 1e-6),
    Level::new(3.0, 8, 1e-9, 1e-4, 4e-8),
    Level::new(2.6, 10, 1e-11, 1e-5, 1e-9),
    Level::new(2.3, 12, 1e-13, 1e-6, 5e-11),
    Level::new(2.0, 14, 1e-15, 1e-7, 2e-12),
];

/// Mean, moments, place and survival of a stopped problem.
///
/// Refined until every value changes by less than `tolerance` (relative; probabilities absolute), or the
/// mesh would get too large: then the errors say what was reached. Takes 5 to 50 ms for 4 digits of a
/// well, about a second for 9.
///
/// # Errors
/// See [`ExactError`]: no generator, a start outside, paths that are not brought back from infinity.
///
/// # Examples
/// The time at which an Ornstein–Uhlenbeck process driven by stable noise leaves (-1, 1):
/// ```
/// use levyscape_analyzer::exact::nonlocal::{self, Generator, Questions};
/// use levyscape_analyzer::landscape::Landscape;
/// use levyscape_analyzer::theory::{NoiseLaw, StoppedProblem};
/// use levyscape_integrator::potential::ClosurePotential;
///
/// let well = ClosurePotential::new(|x: f64| 0.5 * x * x, |x: f64| x);
/// let landscape = Landscape::find(&well, None)?;
/// let generator = Generator::new(&well, NoiseLaw::stable(1.5, 0.1)).ok_or("no generator")?;
/// let problem = StoppedProblem::exit(0.0, -1.0, 1.0);
/// let questions = Questions { tolerance: 1e-6, ..Questions::default() };
/// let answers = nonlocal::stopped(&generator, &landscape, &problem, &questions)?;
/// assert!((answers.mean.value - 75.1263).abs() < 1e-4);
/// assert!(answers.mean.error < 1e-4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn stopped(
    generator: &Generator<'_>,
    landscape: &Landscape,
    problem: &StoppedProblem,
    questions: &Questions,
) -> Result<Answers, ExactError> {
    if !problem.start.is_finite() || problem.stops_at(problem.start) {
        return Err(ExactError::Start { start: problem.start });
    }
    let domain = Domain::new(generator, landscape, problem, &[])?;
    let (levels, bounds) = refine(questions.tolerance, |level| {
        let setting = Setting::new(generator, &domain, level)?;
        answer(setting, level, problem.start, domain.tail.second_moment, questions)
    })?;
    let sets = questions.landing.len();
    Ok(Answers {
        mean: bounds[0],
        second_moment: domain.tail.second_moment.then_some(bounds[1]),
        landing: bounds[2..2 + sets].to_vec(),
        survival: bounds[2 + sets..].to_vec(),
        unknowns: levels.last().map_or(0, |level| level.0),
        levels,
    })
}

/// Solves on finer and finer levels until the values settle.
#[expect(clippy::type_complexity, reason = "unknowns and values of each level, and the bounds")]
pub(super) fn refine(
    tolerance: f64,
    mut solve: impl FnMut(&Level) -> Result<(usize, Vec<f64>), ExactError>,
) -> Result<(Vec<(usize, Vec<f64>)>, Vec<Bounded>), ExactError> {
    let mut levels: Vec<(usize, Vec<f64>)> = Vec::new();
    let mut bounds: Vec<Bounded> = Vec::new();
    let most = if tolerance < ROUGH { MOST_UNKNOWNS } else { MOST_ROUGH_UNKNOWNS };
    for level in LEVELS {
        let level = &Level { most, ..level };
        let solved = match solve(level) {
            Ok(solved) => solved,
            // What was reached is an answer, with its error.
            Err(ExactError::TooLarge { .. }) if levels.len() >= 2 => break,
            Err(error) => return Err(error),
        };
        if solved.1.iter().any(|value| !value.is_finite()) {
            return Err(ExactError::NotFinite);
        }
        if let Some((_, before)) = levels.last() {
            bounds = solved
                .1
                .iter()
                .zip(before)
                .map(|(&value, &before)| Bounded {
                    value,
                    error: 2.0 * (value - before).abs() + level.floor * value.abs(),
                })
                .collect();
        }
        levels.push(solved);
        let settled = |bound: &Bounded| bound.error <= tolerance * bound.value.abs().max(SMALL);
        if !bounds.is_empty() && bounds.iter().all(settled) {
            break;
        }
    }
    Ok((levels, bounds))
}

/// The line cut into components where paths go on and pieces where they stop.
#[derive(Debug, Clone)]
pub(super) struct Domain {
    /// Ends of the components, from left to right; infinite ends replaced by a far place.
    pub components: Vec<[f64; 2]>,
    pub ends: Vec<[End; 2]>,
    /// Critical points, and places where a function that is asked for jumps.
    critical: Vec<Turn>,
    /// Closed pieces of the stop set; the first may begin at minus infinity, the last end at infinity.
    pieces: Vec<[f64; 2]>,
    start: f64,
    /// Of the open ends together.
    pub tail: Tail,
}

/// How soon paths come back that are thrown far out at an open end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tail {
    /// Whether the time has a second moment, and it is within reach.
    second_moment: bool,
    /// From this rate on the survival function does not fall exponentially.
    pub fastest_rate: f64,
}

impl Tail {
    const NONE: Self = Self { second_moment: true, fastest_rate: f64::INFINITY };

    fn and(self, other: Self) -> Self {
        Self {
            second_moment: self.second_moment && other.second_moment,
            fastest_rate: self.fastest_rate.min(other.fastest_rate),
        }
    }
}

impl Domain {
    pub(super) fn new(
        generator: &Generator<'_>,
        landscape: &Landscape,
        problem: &StoppedProblem,
        extra: &[f64],
    ) -> Result<Self, ExactError> {
        let mut pieces: Vec<[f64; 2]> = Vec::new();
        let mut targets: Vec<[f64; 2]> = problem.targets.clone();
        targets.retain(|target| target[0] <= target[1]);
        if problem.lower > f64::NEG_INFINITY {
            targets.push([f64::NEG_INFINITY, problem.lower]);
        }
        if problem.upper < f64::INFINITY {
            targets.push([problem.upper, f64::INFINITY]);
        }
        targets.sort_by(|a, b| a[0].total_cmp(&b[0]));
        for target in targets {
            match pieces.last_mut() {
                Some(last) if target[0] <= last[1] => last[1] = last[1].max(target[1]),
                _ => pieces.push(target),
            }
        }
        let points = landscape.minima.iter().chain(&landscape.saddles);
        let mut critical: Vec<Turn> =
            points.map(|point| Turn { x: point.x, curvature: point.curvature }).collect();
        // Curvature 0: nothing happens to the solution there.
        let extra = extra.iter().filter(|x| x.is_finite());
        critical.extend(extra.map(|&x| Turn { x, curvature: 0.0 }));
        critical.sort_by(|a, b| a.x.total_cmp(&b.x).then(b.curvature.abs().total_cmp(&a.curvature.abs())));
        critical.dedup_by(|a, b| a.x == b.x);
        let mut places: Vec<f64> = pieces.iter().flatten().copied().filter(|x| x.is_finite()).collect();
        places.extend(critical.iter().map(|point| point.x));
        places.push(problem.start);
        let start = problem.start;
        let tail = Tail::NONE;
        let mut domain = Self { components: Vec::new(), ends: Vec::new(), critical, pieces, start, tail };
        let mut left = f64::NEG_INFINITY;
        let stops = domain.pieces.clone();
        for piece in stops.iter().chain([&[f64::INFINITY, f64::INFINITY]]) {
            if left < piece[0] && left < f64::INFINITY {
                let cut = [left == f64::NEG_INFINITY, piece[0] == f64::INFINITY];
                let ends = cut.map(|cut| if cut { End::Cut } else { End::Stop });
                let mut open = |side: f64| -> Result<f64, ExactError> {
                    let (x, tail) = far(generator, &places, side)?;
                    domain.tail = domain.tail.and(tail);
                    Ok(x)
                };
                let lo = if cut[0] { open(-1.0)? } else { left };
                let hi = if cut[1] { open(1.0)? } else { piece[0] };
                domain.components.push([lo, hi]);
                domain.ends.push(ends);
            }
            left = piece[1];
        }
        Ok(domain)
    }
}

/// A place inside the domain that the mesh must know, and `U''` there.
#[derive(Debug, Clone, Copy)]
struct Turn {
    x: f64,
    curvature: f64,
}

/// A place beyond which a path is as good as at it: jumps get there so rarely, and come back so soon,
/// that it makes no difference. And what those that get beyond do to the moments of the time.
fn far(generator: &Generator<'_>, places: &[f64], side: f64) -> Result<(f64, Tail), ExactError> {
    let (lo, hi) =
        places.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), &x| (lo.min(x), hi.max(x)));
    let edge = if side < 0.0 { lo } else { hi };
    let span = (hi - lo).max(1e-3 * lo.abs().max(hi.abs())).max(1e-9);
    let jumps = generator.jumps[0] + generator.jumps[1];
    let barrier = generator.potential.value(edge);
    let inward_at = |offset: f64| -side * generator.drift(edge + side * offset);
    let mut x = edge;
    // The time back from nearby, and the first place that is good enough for the mean.
    let mut near = None;
    let mut for_mean = None;
    let mut late = false;
    for doubling in 1..=200 {
        let offset = span * libm::ldexp(1.0, doubling);
        x = edge + side * offset;
        let inward = inward_at(offset);
        if inward.is_nan() {
            break;
        }
        if inward <= 0.0 {
            if doubling > 20 {
                break;
            }
            continue;
        }
        // Time to come back from ten times as far, by a crude bound, and the rate of getting there.
        let back = 10.0 * offset / inward;
        let rare = jumps * libm::pow(offset, -generator.alpha) * back;
        let high = generator.diffusion == 0.0
            || (generator.potential.value(x) - barrier) / generator.diffusion > 60.0
            || inward * offset / generator.diffusion > 1e3;
        if inward > 1e60 {
            return Ok((x, Tail::NONE));
        }
        late = offset > 1e40;
        if late {
            break;
        }
        let slower = (back / *near.get_or_insert(back)).max(1.0);
        if !high || rare >= NEGLIGIBLE {
            continue;
        }
        // The time back grows like this power of the distance, far out.
        let [further, furthest] = [1, 2].map(|times| inward_at(libm::ldexp(offset, times * OCTAVES)));
        if further <= 0.0 || furthest <= 0.0 {
            continue;
        }
        let growth = 1.0 + libm::log2(further / furthest) / f64::from(OCTAVES);
        let growth = if growth.is_nan() { f64::NEG_INFINITY } else { growth };
        let has_moment = |order: f64| jumps == 0.0 || order * growth < generator.alpha - FLAT;
        late = !has_moment(1.0);
        if late {
            break;
        }
        let fastest_rate = if jumps > 0.0 {
            if growth < FLAT { f64::INFINITY } else { 0.0 }
        } else if growth < 1.0 - FLAT {
            f64::INFINITY
        } else {
            // Where the essential spectrum of the generator begins.
            0.25 * furthest * furthest / generator.diffusion
        };
        let second_moment = has_moment(2.0);
        let found = (x, Tail { second_moment, fastest_rate });
        if !second_moment || rare * slower < NEGLIGIBLE {
            return Ok(found);
        }
        for_mean.get_or_insert((x, Tail { second_moment: false, fastest_rate }));
    }
    for_mean.ok_or(if late { ExactError::LateReturn } else { ExactError::NotConfined { x } })
}

/// A start closer to an edge than this share of the component is beside it.
const NEAR: f64 = 1e-3;
/// Share of the time beyond a cut that makes no difference.
const NEGLIGIBLE: f64 = 1e-13;
/// Distance, in doublings, over which the growth of the return time is seen.
const OCTAVES: i32 = 20;
/// Powers closer than this are not told apart.
const FLAT: f64 = 0.01;

/// A generator on a domain at one level, before assembly.
pub(super) struct Setting<'a> {
    generator: &'a Generator<'a>,
    domain: &'a Domain,
    mesh: Mesh,
    free: Vec<[bool; 2]>,
    rules: Rules,
    most: usize,
}

impl<'a> Setting<'a> {
    pub(super) fn new(
        generator: &'a Generator<'a>,
        domain: &'a Domain,
        level: &Level,
    ) -> Result<Self, ExactError> {
        let regularity = if generator.diffusion > 0.0 { 2.0 } else { generator.alpha.min(1.5) };
        let mut mesh = Mesh { anchors: Vec::new(), components: Vec::new() };
        let mut free = Vec::new();
        for (&[lo, hi], &ends) in domain.components.iter().zip(&domain.ends) {
            let length = hi - lo;
            // The edge's power law: what is left out of it counts with the power `regularity`.
            let smallest = libm::pow(level.edge, 1.0 / regularity).max(1e-100);
            let least = 2;
            let levels = -libm::log(smallest) / libm::log(level.ratio);
            let grading = Grading {
                ratio: level.ratio,
                degree: level.degree,
                least_degree: least,
                growth: 1.5 * (level.degree - least) as f64 / levels,
            };
            // A start within the edge's power law needs it resolved on the scale of its own distance.
            let beside = |x: f64| {
                let distance = (domain.start - x).abs();
                if distance < NEAR * length { distance } else { length }
            };
            let edge = |x: f64, end: End| Special {
                x,
                size: if end == End::Stop { smallest * beside(x).min(length).min(1.0) } else { length },
                singular: true,
            };
            let mut specials = vec![edge(lo, ends[0])];
            for point in domain.critical.iter().filter(|point| lo < point.x && point.x < hi) {
                let size = 0.5 * generator.width(point.curvature);
                let size = if size.is_finite() { size } else { 0.25 * length.min(1.0) };
                specials.push(Special { x: point.x, size, singular: false });
            }
            specials.push(edge(hi, ends[1]));
            mesh.add(&specials, ends, &grading);
            // Without diffusion and with jumps of finite variation, a path at an edge that the drift
            // leads away from does not stop at once: the solution jumps there.
            let jumps_there = |x: f64, end: End, side: f64| {
                let drift = if generator.alpha < 1.0 { -generator.potential.gradient(x) } else { 0.0 };
                end == End::Stop && generator.diffusion == 0.0 && side * drift < 0.0
            };
            free.push([jumps_there(lo, ends[0], -1.0), jumps_there(hi, ends[1], 1.0)]);
        }
        let rules = Rules::new(level.degree / 2 + 24, 1.0 - generator.alpha);
        let setting = Self { generator, domain, mesh, free, rules, most: level.most };
        setting.check_size()?;
        Ok(setting)
    }

    fn check_size(&self) -> Result<(), ExactError> {
        let unknowns = self.mesh.coefficients();
        if unknowns > self.most {
            return Err(ExactError::TooLarge { unknowns, most: self.most });
        }
        Ok(())
    }

    /// Calls `f` with the assembled system.
    pub(super) fn with_system<T>(&self, f: impl FnOnce(&System<'_>) -> T) -> T {
        let drift = |x: f64| self.generator.drift(x);
        let coefficients = Coefficients {
            drift: &drift,
            diffusion: self.generator.diffusion,
            jumps: self.generator.jumps,
            exponent: 1.0 - self.generator.alpha,
            binomials: binomials(1.0 - self.generator.alpha),
        };
        f(&System::new(&self.mesh, &self.rules, &coefficients, &self.free))
    }

    /// The elements to refine by the tails of a solution; `None` where there are none, or the mesh is
    /// large enough.
    fn rough(&self, tails: &[f64], level: &Level) -> Option<Vec<bool>> {
        let elements = self.mesh.components.iter().flat_map(|component| &component.elements);
        // Elements of few coefficients resolve an edge to the accuracy that the level asks for.
        let marked: Vec<bool> = elements
            .zip(tails)
            .map(|(element, &tail)| element.degree == level.degree && tail > level.tail)
            .collect();
        let more = marked.iter().filter(|&&marked| marked).count() * level.degree;
        (more > 0 && self.mesh.coefficients() + more <= self.most).then_some(marked)
    }

    /// Refines until `tails` of a solution says that it is resolved, and returns what `read` makes of the
    /// solution then.
    pub(super) fn resolved<S, T>(
        &mut self,
        level: &Level,
        mut solve: impl FnMut(&System<'_>) -> Result<(Vec<f64>, S), ExactError>,
        mut read: impl FnMut(&System<'_>, S) -> Result<T, ExactError>,
    ) -> Result<T, ExactError> {
        for _ in 0..ROUNDS {
            let step = self.with_system(|system| {
                let (tails, solution) = solve(system)?;
                match self.rough(&tails, level) {
                    Some(marked) => Ok(Err(marked)),
                    None => read(system, solution).map(Ok),
                }
            })?;
            match step {
                Ok(answer) => return Ok(answer),
                Err(marked) => self.mesh.refine(&marked, level.ratio),
            }
        }
        self.with_system(|system| {
            let (_, solution) = solve(system)?;
            read(system, solution)
        })
    }
}

/// The solution of `-A u = source` with the given values on the stop set, from the factors of `-A`.
fn solution(
    system: &System<'_>,
    factors: &LU<f64, Dyn, Dyn>,
    source: &[f64],
    exterior: &Exterior,
) -> Result<Field, ExactError> {
    let unknowns = factors.solve(&system.right_side(source, exterior)).ok_or(ExactError::NotFinite)?;
    if unknowns.iter().any(|value| !value.is_finite()) {
        return Err(ExactError::NotFinite);
    }
    Ok(Field { unknowns: unknowns.as_slice().to_vec(), exterior: exterior.clone() })
}

/// Mean, second moment, landing and survival on one level.
fn answer(
    mut setting: Setting<'_>,
    level: &Level,
    start: f64,
    second_moment: bool,
    questions: &Questions,
) -> Result<(usize, Vec<f64>), ExactError> {
    let none = Exterior { sides: vec![[0.0; 2]; setting.mesh.components.len()], jumps: Vec::new() };
    let exteriors: Vec<Exterior> =
        questions.landing.iter().map(|&set| exterior(setting.domain, &mut setting.mesh, set)).collect();
    setting.resolved(
        level,
        |system| {
            let factors = LU::new(system.negative());
            let mean = solution(system, &factors, &system.lengths(), &none)?;
            Ok((system.tails(&mean), (factors, mean)))
        },
        |system, (factors, mean)| {
            let value = |field: &Field| system.value(field, start).ok_or(ExactError::Start { start });
            let mut values = vec![value(&mean)?];
            values.push(if second_moment {
                let twice: Vec<f64> = system.integrals(&mean).iter().map(|value| 2.0 * value).collect();
                value(&solution(system, &factors, &twice, &none)?)?
            } else {
                0.0
            });
            let nothing = vec![0.0; system.rows()];
            for exterior in &exteriors {
                values.push(value(&solution(system, &factors, &nothing, exterior)?)?.clamp(0.0, 1.0));
            }
            for &time in &questions.survival_times {
                values.push(evolution::survival(system, start, time)?.clamp(0.0, 1.0));
            }
            Ok((system.size(), values))
        },
    )
}

/// The indicator of `[lo, hi]` on the stop set.
fn exterior(domain: &Domain, mesh: &mut Mesh, set: [f64; 2]) -> Exterior {
    let [lo, hi] = set;
    let inside = |x: f64| if lo <= x && x <= hi { 1.0 } else { 0.0 };
    let sides = domain.components.iter().map(|&[left, right]| [inside(left), inside(right)]).collect();
    let mut jumps = Vec::new();
    let mut jump = |x: f64, size: f64| {
        mesh.anchors.push(x);
        jumps.push(Jump { place: Place { anchor: mesh.anchors.len() - 1, offset: 0.0 }, size });
    };
    for &[from, to] in &domain.pieces {
        if from < lo && lo <= to {
            jump(lo, 1.0);
        }
        if from <= hi && hi < to && lo <= to && lo <= hi {
            jump(hi, -1.0);
        }
    }
    Exterior { sides, jumps }
}

//! Limits and exponents of all mean times of a finished sweep.

use serde_json::{Map, Value};

use super::{Limit, Measured, NORMAL_95, Observation, Scale, Series, Slope, extrapolate, slopes};
use crate::study::PointData;
use crate::summary::{ExponentSummary, LimitSummary, PointSummary, QuantityResult};
use crate::theory::{StoppedProblem, way_out};

/// The swept key of the amplitude.
const EPSILON: &str = "noise.epsilon";
/// Width or depth stands still if it varies by less than this share of what the other varies by.
const STILL: f64 = 0.01;
/// An end this close to a saddle, in units of the way there, is on it.
const ON_SADDLE: f64 = 1e-6;

/// What a sweep says about the limit of small noise.
#[derive(Debug, Clone, Default)]
pub struct SweepLimits {
    /// Extrapolations to `epsilon = 0`.
    pub limits: Vec<LimitSummary>,
    /// Slopes between neighbouring points.
    pub exponents: Vec<ExponentSummary>,
}

/// A mean time at one point of the sweep.
#[derive(Clone, Copy)]
struct Row<'a> {
    point: &'a Map<String, Value>,
    data: &'a PointData,
    result: &'a QuantityResult,
    problem: &'a StoppedProblem,
}

/// The rows that differ in one swept key alone.
struct Group<'a> {
    /// With the value of the key.
    rows: Vec<(f64, Row<'a>)>,
    /// What they share of the sweep.
    shared: Map<String, Value>,
}

#[derive(Clone, Copy, PartialEq)]
enum Basis {
    Estimate,
    Exact,
}

impl Basis {
    const BOTH: [Self; 2] = [Self::Estimate, Self::Exact];

    fn name(self) -> &'static str {
        match self {
            Self::Estimate => "estimate",
            Self::Exact => "exact",
        }
    }

    /// Value and standard error. The 95 % interval has the step error too, so the estimate's error is
    /// taken from there; an exact value's is its bound.
    fn of(self, result: &QuantityResult) -> Option<[f64; 2]> {
        match self {
            Self::Estimate => {
                let [lo, hi] = result.ci95?;
                Some([result.estimate?, (hi - lo) / (2.0 * NORMAL_95)])
            }
            Self::Exact => Some([result.exact?, result.exact_error.unwrap_or(0.0)]),
        }
    }
}

/// Extrapolates every mean time to `epsilon = 0` that the sweep has at three or more values of
/// `noise.epsilon`, and takes its slopes along every axis of numbers: in `ln epsilon` (Gaussian noise:
/// in `1/D`), and where a key changes width or depth of the well alone, in `ln width` or `ln depth`
/// (Gaussian noise: in `depth/D`). Estimates and exact values are taken separately, each where there are
/// such. `points` and `data` are those of one run, in one order.
#[must_use]
pub fn of_sweep(points: &[PointSummary], data: &[PointData]) -> SweepLimits {
    let rows: Vec<Row<'_>> = points
        .iter()
        .zip(data)
        .flat_map(|(point, data)| point.results.iter().filter_map(move |result| row(point, data, result)))
        .collect();
    let mut keys: Vec<&String> = Vec::new();
    for (key, value) in points.iter().flat_map(|point| &point.point) {
        if value.is_number() && !keys.contains(&key) {
            keys.push(key);
        }
    }
    let mut found = SweepLimits::default();
    for key in keys {
        for group in groups(&rows, key) {
            if key == EPSILON {
                found.limits.extend(Basis::BOTH.iter().filter_map(|&basis| group.limit(basis)));
            }
            found.exponents.extend(group.exponents(key));
        }
    }
    found
}

fn row<'a>(point: &'a PointSummary, data: &'a PointData, result: &'a QuantityResult) -> Option<Row<'a>> {
    if !matches!(result.quantity.as_str(), "mean_exit_time" | "mean_transition_time") {
        return None;
    }
    let same = |one: &&crate::study::EnsembleData| one.task == result.task && one.from == result.from;
    let problem = &data.ensembles.iter().find(same)?.problem;
    Some(Row { point: &point.point, data, result, problem })
}

fn groups<'a>(rows: &[Row<'a>], key: &str) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for &row in rows {
        let Some(x) = row.point.get(key).and_then(Value::as_f64) else { continue };
        let mut shared = row.point.clone();
        shared.shift_remove(key);
        let question = |row: &Row<'_>| (row.result.task, row.result.from);
        let group = groups
            .iter_mut()
            .find(|group| group.shared == shared && question(&group.rows[0].1) == question(&row));
        match group {
            Some(group) => group.rows.push((x, row)),
            None => groups.push(Group { rows: vec![(x, row)], shared }),
        }
    }
    groups
}

impl Group<'_> {
    fn limit(&self, basis: Basis) -> Option<LimitSummary> {
        let first = self.rows[0].1;
        let series = series(&first)?;
        let used = self.rows.iter().filter_map(|(epsilon, row)| {
            let [value, std_error] = basis.of(row.result)?;
            let theory = row.result.asymptotic.filter(|theory| *theory > 0.0)?;
            let ratio =
                Observation { epsilon: *epsilon, value: value / theory, std_error: std_error / theory };
            Some((ratio, theory))
        });
        let used: Vec<(Observation, f64)> = used.filter(|(ratio, _)| ratio.value > 0.0).collect();
        let ratios: Vec<Observation> = used.iter().map(|(ratio, _)| *ratio).collect();
        let limit = extrapolate(&ratios, &series).ok()?;
        // The theorem's value in its own unit, which is the same at every epsilon.
        let (scaling, theorem) = match first.data.noise.jump_index() {
            Some(alpha) => {
                let (smallest, theory) =
                    used.iter().min_by(|(a, _), (b, _)| a.epsilon.total_cmp(&b.epsilon))?;
                ("epsilon^alpha", theory * libm::pow(smallest.epsilon, alpha))
            }
            None => ("1/kramers", 1.0),
        };
        let mut amplitudes: Vec<f64> = ratios.iter().map(|ratio| ratio.epsilon).collect();
        amplitudes.sort_by(|a, b| b.total_cmp(a));
        let Limit { value, std_error, statistical, model, ci95, chi_square, degrees_of_freedom } = limit;
        Some(LimitSummary {
            task: first.result.task,
            kind: first.result.kind.clone(),
            quantity: first.result.quantity.clone(),
            from: first.result.from,
            point: self.shared.clone(),
            basis: basis.name().into(),
            scaling: scaling.into(),
            value: theorem * value,
            std_error: theorem * std_error,
            statistical_error: theorem * statistical,
            model_error: theorem * model,
            ci95: ci95.map(|end| theorem * end),
            theorem,
            chi_square,
            degrees_of_freedom,
            epsilons: amplitudes,
        })
    }

    fn exponents(&self, key: &str) -> Vec<ExponentSummary> {
        let Some((variable, scale, places)) = self.variable(key) else { return Vec::new() };
        let along = |of: &dyn Fn(&QuantityResult) -> Option<[f64; 2]>| -> Vec<Slope> {
            let measured = self.rows.iter().zip(&places).filter_map(|((_, row), &x)| {
                let [value, std_error] = of(row.result)?;
                Some(Measured { x, value, std_error })
            });
            slopes(&measured.collect::<Vec<_>>(), scale)
        };
        let theory = along(&|result| result.asymptotic.map(|theory| [theory, 0.0]));
        let first = self.rows[0].1.result;
        let mut found = Vec::new();
        for basis in Basis::BOTH {
            for slope in along(&|result| basis.of(result)) {
                let theorem = theory.iter().find(|theory| theory.between == slope.between);
                found.push(ExponentSummary {
                    task: first.task,
                    kind: first.kind.clone(),
                    quantity: first.quantity.clone(),
                    from: first.from,
                    point: self.shared.clone(),
                    basis: basis.name().into(),
                    variable: variable.into(),
                    between: slope.between,
                    value: slope.value,
                    std_error: slope.std_error,
                    ci95: slope.ci95,
                    theorem: theorem.map(|theorem| theorem.value),
                });
            }
        }
        found
    }

    /// In what the slopes are taken, and its value at each row.
    fn variable(&self, key: &str) -> Option<(&'static str, Scale, Vec<f64>)> {
        let noise = |row: &Row<'_>| row.data.noise;
        if key == EPSILON {
            return if let Some(inverse) = self.all(|row| noise(row).diffusion().map(|d| 1.0 / d)) {
                Some(("inverse_diffusion", Scale::Linear, inverse))
            } else {
                Some(("epsilon", Scale::Logarithmic, self.all(|row| Some(noise(row).epsilon()))?))
            };
        }
        if key.starts_with("noise") {
            return None;
        }
        let ways = self.all(|row| way_out(row.data.potential.as_ref(), &row.data.landscape, row.problem))?;
        let [width, depth]: [Vec<f64>; 2] = [0, 1].map(|k| ways.iter().map(|way| way[k]).collect());
        if varies_alone(&width, &depth) {
            return Some(("width", Scale::Logarithmic, width));
        }
        if !varies_alone(&depth, &width) {
            return None;
        }
        match self.all(|row| noise(row).diffusion()) {
            Some(diffusion) => {
                let heights = depth.iter().zip(&diffusion).map(|(depth, diffusion)| depth / diffusion);
                Some(("depth_over_diffusion", Scale::Linear, heights.collect()))
            }
            None => Some(("depth", Scale::Logarithmic, depth)),
        }
    }

    fn all<T>(&self, of: impl Fn(&Row<'_>) -> Option<T>) -> Option<Vec<T>> {
        self.rows.iter().map(|(_, row)| of(row)).collect()
    }
}

/// Whether the one varies, and the other hardly beside it.
fn varies_alone(one: &[f64], other: &[f64]) -> bool {
    let spread = |values: &[f64]| {
        let (low, high) =
            values.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), &x| (low.min(x), high.max(x)));
        libm::log(high / low)
    };
    spread(one) > 1e-6 && spread(other) <= STILL * spread(one)
}

/// The corrections that a mean time has; `None` for a noise without theory or without an edge.
fn series(row: &Row<'_>) -> Option<Series> {
    let data = row.data;
    let [width, depth] = way_out(data.potential.as_ref(), &data.landscape, row.problem)?;
    let StoppedProblem { lower, upper, .. } = *row.problem;
    let on_saddle = data
        .landscape
        .saddles
        .iter()
        .any(|saddle| [lower, upper].iter().any(|end| (end - saddle.x).abs() <= ON_SADDLE * width));
    if let Some(diffusion) = data.noise.diffusion() {
        let length = data.noise.epsilon() * (depth / diffusion).sqrt();
        let series = if on_saddle { Series::gaussian_to_saddle } else { Series::gaussian };
        return Some(series(length));
    }
    let alpha = data.noise.jump_index()?;
    // Whole powers also come from what a skewed noise drifts, and from the variance of a Gaussian part.
    let whole = !data.noise.is_symmetric() || data.noise.gaussian_diffusion() > 0.0;
    Some(if on_saddle || whole { Series::jumps_to_saddle(alpha, width) } else { Series::jumps(alpha, width) })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use levyscape_integrator::Potential;
    use levyscape_integrator::potential::ClosurePotential;
    use serde_json::json;

    use super::*;
    use crate::exact;
    use crate::landscape::Landscape;
    use crate::study::EnsembleData;
    use crate::summary::{NoiseSummary, SchemeSummary};
    use crate::theory::{self, NoiseLaw};

    /// What there is of one point: its swept values, the exact value of the mean and its estimate with a
    /// relative standard error.
    struct Made {
        swept: Map<String, Value>,
        potential: Arc<dyn Potential>,
        noise: NoiseLaw,
        from: Option<usize>,
        problem: StoppedProblem,
        exact: Option<f64>,
        estimate: Option<[f64; 2]>,
    }

    fn sweep(made: Vec<Made>) -> SweepLimits {
        let mut points = Vec::new();
        let mut data = Vec::new();
        for one in made {
            let landscape = Landscape::find(one.potential.as_ref(), None).unwrap();
            let asymptotic = match one.from {
                Some(from) => theory::transition(&landscape, one.noise, from - 1).map(|theory| theory.mean),
                None => theory::stopped(one.potential.as_ref(), &landscape, one.noise, &one.problem)
                    .map(|theory| theory.mean),
            };
            let result = QuantityResult {
                task: 0,
                kind: if one.from.is_some() { "transition" } else { "exit" }.into(),
                quantity: if one.from.is_some() { "mean_transition_time" } else { "mean_exit_time" }.into(),
                from: one.from,
                to: None,
                set: None,
                t: None,
                axis: None,
                target: None,
                well: None,
                delta: None,
                other_deltas: Vec::new(),
                estimate: one.estimate.map(|[value, _]| value),
                std_error: one.estimate.map(|[value, error]| error * value),
                ci95: one.estimate.map(|[value, error]| {
                    [value * (1.0 - NORMAL_95 * error), value * (1.0 + NORMAL_95 * error)]
                }),
                method: "plain".into(),
                step: 0.01,
                paths: 1,
                censored: 0,
                diverged: 0,
                steps: 1,
                discretisation_bias: None,
                levels: Vec::new(),
                asymptotic,
                exact: one.exact,
                exact_error: None,
                verdict: None,
            };
            points.push(PointSummary {
                point: one.swept,
                landscape: None,
                noise: NoiseSummary {
                    kind: one.noise.name().into(),
                    alpha: one.noise.jump_index(),
                    beta: None,
                    epsilon: one.noise.epsilon(),
                },
                scheme: SchemeSummary {
                    kind: "splitting".into(),
                    step: 0.01,
                    reason: String::new(),
                    euler_blow_up_rate: 0.0,
                },
                theory: None,
                results: vec![result],
                tests: Vec::new(),
            });
            data.push(PointData {
                potential: one.potential,
                landscape,
                noise: one.noise,
                ensembles: vec![EnsembleData {
                    task: 0,
                    from: one.from,
                    problem: one.problem,
                    survival: None,
                    exponential_distance: None,
                    places: None,
                }],
                paths: Vec::new(),
                chains: Vec::new(),
            });
        }
        of_sweep(&points, &data)
    }

    fn swept(values: &[(&str, f64)]) -> Map<String, Value> {
        values.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect()
    }

    /// The double well with E T^1 of theory 2.5 (c), alpha = 1.5, and estimates that are off by a bit.
    fn double_well(epsilons: &[f64]) -> Vec<Made> {
        let potential: Arc<dyn Potential> = Arc::new(ClosurePotential::new(
            |x: f64| x * x * (x * x / 4.0 - x / 6.0 - 0.75),
            |x: f64| x * (x + 1.0) * (x - 1.5),
        ));
        let landscape = Landscape::find(potential.as_ref(), None).unwrap();
        epsilons
            .iter()
            .map(|&epsilon| {
                let (exact, off) = match epsilon {
                    0.1 => (151.890_175, 0.004),
                    0.03 => (958.199_2, -0.003),
                    _ => (5006.7, 0.002),
                };
                Made {
                    swept: swept(&[("noise.epsilon", epsilon), ("ensemble.seed", 3.0)]),
                    potential: Arc::clone(&potential),
                    noise: NoiseLaw::stable(1.5, epsilon),
                    from: Some(1),
                    problem: StoppedProblem::transition(&landscape, 0, 0.1).unwrap(),
                    exact: Some(exact),
                    estimate: Some([exact * (1.0 + off), 0.005]),
                }
            })
            .collect()
    }

    #[test]
    fn a_sweep_of_the_amplitude_has_its_limit() {
        let found = sweep(double_well(&[0.03, 0.1, 0.01]));
        let [estimate, exact] = &found.limits[..] else { panic!("{found:?}") };
        assert_eq!((estimate.basis.as_str(), exact.basis.as_str()), ("estimate", "exact"));
        for limit in [estimate, exact] {
            assert!((limit.theorem / 5.013_257 - 1.0).abs() < 1e-6);
            assert_eq!(limit.epsilons, vec![0.1, 0.03, 0.01]);
            assert_eq!(limit.scaling, "epsilon^alpha");
            assert_eq!(limit.point, swept(&[("ensemble.seed", 3.0)]));
            assert!((limit.value / limit.theorem - 1.0).abs() < 0.01, "{limit:?}");
            assert!(limit.ci95[0] < limit.theorem && limit.theorem < limit.ci95[1], "{limit:?}");
        }
        // The estimates' errors are the estimates', the exact values' are the corrections'.
        assert!(estimate.std_error / estimate.value > 0.003 && exact.std_error / exact.value < 3e-4);
        assert!(exact.model_error > exact.statistical_error);
        // Exponents are near minus alpha; the theorem's own is that.
        assert_eq!(found.exponents.len(), 4);
        for slope in &found.exponents {
            assert_eq!(slope.variable, "epsilon");
            assert!(
                (slope.theorem.unwrap() + 1.5).abs() < 1e-9 && (slope.value + 1.5).abs() < 0.05,
                "{slope:?}"
            );
        }
        // Two amplitudes have a slope and no limit.
        let two = sweep(double_well(&[0.03, 0.1]));
        assert!(two.limits.is_empty() && two.exponents.len() == 2);
    }

    #[test]
    fn width_and_depth_have_their_exponents() {
        // Exit of the left well of h ((x/w)^2 - 1)^2 under Brownian noise, exact values.
        let made = |h: f64, w: f64, epsilon: f64| {
            let potential: Arc<dyn Potential> = Arc::new(ClosurePotential::new(
                move |x: f64| h * ((x / w) * (x / w) - 1.0) * ((x / w) * (x / w) - 1.0),
                move |x: f64| 4.0 * h * x / (w * w) * ((x / w) * (x / w) - 1.0),
            ));
            let noise = NoiseLaw::Brownian { epsilon };
            let problem = StoppedProblem::exit(-w, f64::NEG_INFINITY, 0.0);
            Made {
                swept: swept(&[
                    ("noise.epsilon", epsilon),
                    ("potential.parameters.w", w),
                    ("potential.parameters.h", h),
                ]),
                exact: exact::stopped(potential.as_ref(), noise, &problem).mean,
                potential,
                noise,
                from: None,
                problem,
                estimate: None,
            }
        };
        let mut points = Vec::new();
        for h in [0.8, 1.0, 1.2] {
            for w in [0.7, 1.0, 1.4] {
                points.push(made(h, w, 0.4));
            }
        }
        points.extend([made(1.0, 1.0, 0.35), made(1.0, 1.0, 0.3)]);
        let found = sweep(points);
        let of = |variable: &str| -> Vec<&ExponentSummary> {
            found.exponents.iter().filter(|slope| slope.variable == variable).collect()
        };
        // The time is w^2 times a function of h and epsilon.
        let width = of("width");
        assert_eq!(width.len(), 6);
        for slope in width {
            assert!(
                (slope.value - 2.0).abs() < 1e-6 && (slope.theorem.unwrap() - 2.0).abs() < 1e-6,
                "{slope:?}"
            );
        }
        // exp(H/D)/H: the slope in H/D is 1 - D/H, at D/H near 0.1.
        let depth = of("depth_over_diffusion");
        assert_eq!(depth.len(), 6);
        for slope in depth {
            assert!((slope.value - slope.theorem.unwrap()).abs() < 0.01 && (slope.value - 0.92).abs() < 0.03);
        }
        let diffusion = of("inverse_diffusion");
        assert_eq!(diffusion.len(), 2);
        for slope in diffusion {
            assert!(
                (slope.theorem.unwrap() - 1.0).abs() < 1e-9 && (slope.value - 1.0).abs() < 0.02,
                "{slope:?}"
            );
        }
        // And Kramers' formula is the limit, from three amplitudes.
        let [limit] = &found.limits[..] else { panic!("{:?}", found.limits) };
        assert_eq!((limit.scaling.as_str(), limit.theorem), ("1/kramers", 1.0));
        assert!((limit.value - 1.0).abs() < 0.02 && limit.std_error < 0.03, "{limit:?}");
        assert!(limit.ci95[0] < 1.0 && 1.0 < limit.ci95[1]);
    }
}

//! Against closed forms, an independent solver and the tables of the literature's problems.

use super::*;
use crate::landscape::Landscape;
use crate::test_potential::Formula;
use crate::theory::StoppedProblem;

const INF: f64 = f64::INFINITY;

fn flat() -> Formula {
    Formula::new(|_| 0.0, |_| 0.0, |_| 0.0)
}

fn harmonic(k: f64) -> Formula {
    Formula::new(move |x| 0.5 * k * x * x, move |x| k * x, move |_| k)
}

fn quartic(tilt: f64) -> Formula {
    Formula::new(
        move |x| 0.25 * x.powi(4) - 0.5 * x * x + tilt * x,
        move |x| x * x * x - x + tilt,
        |x| 3.0 * x * x - 1.0,
    )
}

/// Minima at -2, 0, 2.
fn sextic() -> Formula {
    Formula::new(
        |x| 0.2 * (x.powi(6) / 6.0 - 1.25 * x.powi(4) + 2.0 * x * x),
        |x| 0.2 * (x.powi(5) - 5.0 * x.powi(3) + 4.0 * x),
        |x| 0.2 * (5.0 * x.powi(4) - 15.0 * x * x + 4.0),
    )
}

/// `U' = x (x+1) (x-1.5)`.
fn asymmetric() -> Formula {
    Formula::new(
        |x| x.powi(4) / 4.0 - x.powi(3) / 6.0 - 0.75 * x * x,
        |x| x * (x + 1.0) * (x - 1.5),
        |x| 3.0 * x * x - x - 1.5,
    )
}

/// `U' = 0.2 (x+2)(x+.8) x (x-1)(x-2.5)`.
fn three_wells() -> Formula {
    Formula::new(
        |x| 0.2 * x * x * (x.powi(4) / 6.0 - 0.14 * x.powi(3) - 1.475 * x * x + 1.6 / 3.0 * x + 2.0),
        |x| 0.2 * (x + 2.0) * (x + 0.8) * x * (x - 1.0) * (x - 2.5),
        |x| 0.2 * (5.0 * x.powi(4) - 2.8 * x.powi(3) - 17.7 * x * x + 3.2 * x + 4.0),
    )
}

fn solve(
    potential: &Formula,
    noise: NoiseLaw,
    problem: &StoppedProblem,
    questions: &Questions,
) -> Result<Answers, ExactError> {
    let landscape = Landscape::find(potential, None).unwrap_or_default();
    stopped(&Generator::new(potential, noise).unwrap(), &landscape, problem, questions)
}

fn ask(landing: &[[f64; 2]], times: &[f64], tolerance: f64) -> Questions {
    Questions { landing: landing.to_vec(), survival_times: times.to_vec(), tolerance }
}

/// Within its own error, which is not larger than `tolerance`; `also` is the uncertainty of the truth.
fn check(what: &str, bounded: Bounded, truth: f64, also: f64, tolerance: f64) {
    println!(
        "{what}: {:.12} +- {:.1e}, true {truth}, off by {:.1e}",
        bounded.value,
        bounded.error,
        bounded.value - truth
    );
    assert!((bounded.value - truth).abs() <= bounded.error + also, "{what}: {bounded:?} {truth}");
    assert!(bounded.error <= tolerance * truth.abs(), "{what}: {bounded:?} {truth}");
}

#[test]
fn free_exits_from_an_interval() {
    for alpha in [0.3, 0.5, 0.8, 1.0, 1.2, 1.5, 1.8, 1.9, 1.99] {
        let truth = 1.0 / libm::tgamma(1.0 + alpha);
        let noise = NoiseLaw::stable(alpha, 1.0);
        let problem = StoppedProblem::exit(0.5, -1.0, 1.0);
        let answers = solve(&flat(), noise, &problem, &ask(&[[1.0, INF], [1.5, 3.0]], &[], 1e-6)).unwrap();
        let mean = truth * libm::pow(0.75, 0.5 * alpha);
        check("mean", answers.mean, mean, 1e-14, 1e-6);
        let second = crate::exact::getoor::second_moment(alpha, 1.0, 0.5, -1.0, 1.0).unwrap();
        check("second", answers.second_moment.unwrap(), second, 1e-10, 1e-6);
        let right = crate::exact::getoor::right_probability(alpha, 0.5, -1.0, 1.0);
        check("right", answers.landing[0], right, 1e-13, 1e-6);
        let into = crate::exact::getoor::landing_probability(alpha, 0.5, -1.0, 1.0, 1.5, 3.0);
        check("into", answers.landing[1], into, 1e-12, 1e-6);
    }
}

#[test]
fn free_skewed_exits() {
    for (alpha, beta) in
        [(1.5, 0.5), (0.8, 0.5), (1.5, 1.0), (1.5, -1.0), (0.6, -0.3), (1.1, 0.9), (1.9, -0.5), (0.7, 1.0)]
    {
        let noise = NoiseLaw::Stable { alpha, beta, epsilon: 0.7 };
        let problem = StoppedProblem::exit(0.3, -1.0, 1.2);
        let answers = solve(&flat(), noise, &problem, &ask(&[[1.2, INF]], &[], 1e-6)).unwrap();
        let mean = crate::exact::skewed::mean(alpha, beta, 0.7, 0.3, -1.0, 1.2).unwrap();
        check("mean", answers.mean, mean, 1e-13, 1e-6);
        let right = crate::exact::skewed::right_probability(alpha, beta, 0.3, -1.0, 1.2).unwrap();
        check("right", answers.landing[0], right, 1e-13, 1e-6);
    }
}

#[test]
fn an_independent_solver_agrees() {
    // (potential, alpha, eps, start, lower, upper, targets, mean and its bound).
    let whole = (-INF, INF);
    type Case = (&'static str, Formula, f64, f64, f64, (f64, f64), Vec<[f64; 2]>, f64, f64);
    let cases: Vec<Case> = vec![
        ("S11", quartic(0.0), 1.5, 0.3, -1.0, (-2.0, 0.0), vec![], 10.239_330_96, 2e-6),
        ("S12", quartic(0.0), 1.8, 0.4, -0.7, (-2.0, 0.0), vec![], 7.986_670_298, 1.6e-6),
        ("S13", quartic(0.0), 1.5, 0.3, -1.0, whole, vec![[0.9, 1.1]], 23.706_530_67, 5e-6),
        ("S14", quartic(0.0), 0.75, 0.2, -1.0, whole, vec![[0.9, 1.1]], 11.340_411_58, 1.4e-5),
        ("S17", sextic(), 1.5, 0.4, 0.2, whole, vec![[-2.2, -1.8], [1.8, 2.2]], 6.689_380_585, 1.3e-6),
        ("S18", sextic(), 1.3, 0.3, -2.0, whole, vec![[-0.2, 0.2], [1.8, 2.2]], 18.941_327_31, 3.8e-6),
        ("S19", harmonic(1.0), 1.3, 0.5, 0.0, (-1.0, 1.0), vec![], 3.352_737_334, 6.7e-7),
        ("S20", harmonic(4.0), 1.3, 0.5, 0.0, (-0.5, 0.5), vec![], 1.537_038_44, 3.1e-7),
        ("S21", harmonic(1.0), 1.7, 0.5, 0.3, (-1.0, 2.0), vec![], 8.386_870_929, 1.7e-6),
        ("S22", harmonic(2.0), 0.8, 0.4, 0.5, (-1.5, 1.0), vec![], 3.209_912_791, 1.3e-5),
    ];
    for (name, potential, alpha, epsilon, start, (lower, upper), targets, mean, bound) in cases {
        let problem = StoppedProblem { start, lower, upper, targets };
        let noise = NoiseLaw::stable(alpha, epsilon);
        let answers = solve(&potential, noise, &problem, &ask(&[], &[], 1e-6)).unwrap();
        check(name, answers.mean, mean, bound, 1e-6);
    }
    // Both passages of the double well of table 2.5(c).
    let landscape = Landscape::find(&asymmetric(), None).unwrap();
    for (alpha, epsilon, times) in [
        (0.8, 0.1, [19.136_439, 26.378_080]),
        (0.8, 0.01, [114.099_805, 157.790_002]),
        (1.0, 0.03, [105.264_24, 158.322_09]),
        (1.5, 0.1, [151.890_175, 288.236_916]),
        (1.8, 0.03, [5_980.629_2, 12_459.204_8]),
    ] {
        for (from, time) in times.into_iter().enumerate() {
            let problem = StoppedProblem::transition(&landscape, from, 0.1).unwrap();
            let noise = NoiseLaw::stable(alpha, epsilon);
            let answers = solve(&asymmetric(), noise, &problem, &ask(&[], &[], 1e-6)).unwrap();
            check("T", answers.mean, time, 2e-6 * time, 1e-6);
        }
    }
    let problem = StoppedProblem::exit(-1.0, -2.0, 0.0);
    let questions = ask(&[[0.0, INF]], &[10.0], 1e-6);
    let s11 = solve(&quartic(0.0), NoiseLaw::stable(1.5, 0.3), &problem, &questions).unwrap();
    check("S11b", s11.second_moment.unwrap(), 205.830_441_5, 4.1e-5, 1e-6);
    check("S11c", s11.landing[0], 0.658_156_237_4, 1.3e-7, 1e-6);
    check("S11d", s11.survival[0], 0.377_167_674_9, 7.5e-8, 1e-6);
    let problem =
        StoppedProblem { start: 0.2, lower: -INF, upper: INF, targets: vec![[-2.2, -1.8], [1.8, 2.2]] };
    let s17 =
        solve(&sextic(), NoiseLaw::stable(1.5, 0.4), &problem, &ask(&[[-2.2, -1.8]], &[], 1e-6)).unwrap();
    check("S17b", s17.landing[0], 0.472_275_933_6, 9.5e-8, 1e-6);
}

#[test]
fn gaussian_noise_agrees_with_quadrature() {
    for (epsilon, tolerance) in [(0.6, 1e-8), (0.4, 1e-8), (0.2, 1e-7)] {
        let noise = NoiseLaw::Brownian { epsilon };
        let problem = StoppedProblem { start: -1.0, lower: -INF, upper: 1.0, targets: vec![] };
        let answers = solve(&quartic(0.1), noise, &problem, &ask(&[], &[], 1e-8)).unwrap();
        let exact =
            crate::exact::brownian::exit(&quartic(0.1), 0.5 * epsilon * epsilon, -1.0, -INF, 1.0).unwrap();
        check("mean", answers.mean, exact.mean.unwrap(), 1e-9 * exact.mean.unwrap(), tolerance);
        let second = exact.second_moment.unwrap();
        check("second", answers.second_moment.unwrap(), second, 1e-9 * second, tolerance);
    }
    let problem = StoppedProblem::exit(-1.0, -1.8, 0.0);
    let noise = NoiseLaw::Brownian { epsilon: 0.5 };
    let answers = solve(&quartic(0.0), noise, &problem, &ask(&[], &[5.0], 1e-9)).unwrap();
    check("S07b", answers.survival[0], 0.788_143_277_9, 8e-9, 1e-8);
}

#[test]
fn principal_eigenvalues() {
    for (alpha, truth) in
        [(0.5, 0.970_165_412_8), (1.0, 1.157_773_883_6), (1.5, 1.597_503_545_7), (1.9, 2.244_059_359_4)]
    {
        let potential = flat();
        let generator = Generator::new(&potential, NoiseLaw::stable(alpha, 1.0)).unwrap();
        let problem = StoppedProblem::exit(0.0, -1.0, 1.0);
        let law = quasi_stationary(&generator, &Landscape::default(), &problem, 1e-8).unwrap();
        // The sheet's digits are good to 6e-9 at alpha = 0.5, where the levels here agree to 1e-12.
        check("rate", law.rate, truth, 1e-8, 1e-7);
        // The density is even, and that of a stable process killed outside is largest in the middle.
        let largest = law.density.iter().copied().fold([0.0, 0.0], |a, b| if b[1] > a[1] { b } else { a });
        assert!(largest[0].abs() < 0.2, "{largest:?}");
    }
}

#[test]
fn three_wells_in_the_long_run_and_after_a_while() {
    let potential = three_wells();
    let landscape = Landscape::find(&potential, None).unwrap();
    // Table 2.5(d) of the theory sheet: masses of the wells, max error of P against exp(Q) at t = 1.
    for (alpha, epsilon, masses, deviation) in [
        (0.8, 0.1, [0.4058, 0.1481, 0.4461], 0.0135),
        (1.0, 0.03, [0.4014, 0.1574, 0.4412], 0.0076),
        (1.5, 0.03, [0.3988, 0.1609, 0.4403], 0.0057),
        (1.8, 0.03, [0.4015, 0.1562, 0.4423], 0.0027),
    ] {
        let noise = NoiseLaw::stable(alpha, epsilon);
        let generator = Generator::new(&potential, noise).unwrap();
        let unit = libm::pow(epsilon, -alpha);
        let starts: Vec<f64> = landscape.minima.iter().map(|minimum| minimum.x).collect();
        let chain = WellChain::new(&generator, &landscape, &starts, &[unit], 1e-6).unwrap();
        for (mass, truth) in chain.stationary.iter().zip(masses) {
            println!("{alpha} {epsilon}: mass {mass:?} {truth}");
            // The table is of a coarser chain: good to 3e-4 here.
            assert!((mass.value - truth).abs() < 3e-4);
        }
        let limit = crate::theory::LimitChain::new(&landscape, noise).unwrap();
        let mut worst = 0.0f64;
        for i in 0..3 {
            let predicted = &limit.chain.transition_matrix(1.0)[i];
            for (found, predicted) in chain.transition[0][i].iter().zip(predicted) {
                worst = worst.max((found.value - predicted).abs());
            }
        }
        println!("{alpha} {epsilon}: {worst} {deviation}");
        assert!((worst - deviation).abs() < 5e-4, "{worst} {deviation}");
    }
}

#[test]
fn the_quartic_cauchy_oscillator_has_its_density() {
    // Chechkin et al. 2002: p(x) = 1 / (pi (1 - x^2 + x^4)).
    let potential = Formula::new(|x| 0.25 * x.powi(4), |x| x * x * x, |x| 3.0 * x * x);
    let generator = Generator::new(&potential, NoiseLaw::stable(1.0, 1.0)).unwrap();
    let landscape = Landscape::find(&potential, None).unwrap();
    let sets = [[-1.0, 1.0], [1.0, INF]];
    let chain = WellChain::of_sets(&generator, &landscape, &sets, &[0.3], &[40.0], 1e-6).unwrap();
    check("middle", chain.stationary[0], 0.742_025_647_6, 1e-10, 1e-6);
    check("right", chain.stationary[1], 0.5 * (1.0 - 0.742_025_647_6), 1e-10, 1e-6);
    check("late", chain.transition[0][0][0], 0.742_025_647_6, 1e-10, 1e-6);
    for [x, p] in chain.density.iter().filter(|[x, _]| x.abs() < 2.0) {
        let truth = std::f64::consts::FRAC_1_PI / (1.0 - x * x + x.powi(4));
        assert!((p - truth).abs() < 0.03 * truth, "{x}: {p} {truth}");
    }
}

#[test]
fn what_cannot_be_solved_says_so() {
    let valley = harmonic(1.0);
    let noise = NoiseLaw::stable(1.5, 0.3);
    let start = solve(&valley, noise, &StoppedProblem::exit(2.0, -1.0, 1.0), &ask(&[], &[], 1e-4));
    assert_eq!(start, Err(ExactError::Start { start: 2.0 }));
    let hill = Formula::new(|x| -0.5 * x * x, |x| -x, |_| -1.0);
    let open = solve(&hill, noise, &StoppedProblem::exit(0.0, -INF, 1.0), &ask(&[], &[], 1e-4));
    assert!(matches!(open, Err(ExactError::NotConfined { .. })), "{open:?}");
    assert!(Generator::new(&valley, NoiseLaw::Other { name: "tempered_stable", epsilon: 1.0 }).is_none());
}

/// A valley whose walls are straight far out: the way back takes as long as the jump was far.
fn straight() -> Formula {
    Formula::new(|x| (1.0 + x * x).sqrt(), |x| x / (1.0 + x * x).sqrt(), |x| (1.0 + x * x).powf(-1.5))
}

#[test]
fn moments_that_are_infinite_are_none() {
    let problem = StoppedProblem::exit(0.0, -INF, 1.0);
    let questions = ask(&[], &[], 1e-5);
    // P(T > t) falls like t^-alpha.
    let answers = solve(&straight(), NoiseLaw::stable(1.5, 0.5), &problem, &questions).unwrap();
    check("mean", answers.mean, 9.538_15, 5e-5, 1e-4);
    assert_eq!(answers.second_moment, None);
    for alpha in [0.8, 1.0, 1.05] {
        let answers = solve(&straight(), NoiseLaw::stable(alpha, 0.5), &problem, &questions);
        assert_eq!(answers, Err(ExactError::LateReturn), "{alpha}");
    }
    let landscape = Landscape::find(&straight(), None).unwrap();
    let potential = straight();
    let rate = |noise| {
        let generator = Generator::new(&potential, noise).unwrap();
        quasi_stationary(&generator, &landscape, &problem, 1e-5)
    };
    assert_eq!(rate(NoiseLaw::stable(1.9, 0.5)), Err(ExactError::NoRate));
    // Behind parabolic walls the way back takes the logarithm of the distance.
    let valley = solve(&harmonic(1.0), NoiseLaw::stable(0.8, 0.5), &problem, &questions).unwrap();
    assert!(valley.second_moment.is_some());
}

#[test]
fn the_rate_is_that_of_the_component_with_the_start() {
    let potential = flat();
    let generator = Generator::new(&potential, NoiseLaw::Brownian { epsilon: 1.0 }).unwrap();
    let problem = StoppedProblem { start: 0.0, lower: -1.0, upper: 100.0, targets: vec![[1.0, 2.0]] };
    let law = quasi_stationary(&generator, &Landscape::default(), &problem, 1e-8).unwrap();
    check("rate", law.rate, std::f64::consts::PI.powi(2) / 8.0, 1e-13, 1e-7);
}

#[test]
fn a_start_beside_an_edge() {
    for alpha in [0.8, 1.5] {
        let start = 1.0 - 1e-12;
        let noise = NoiseLaw::stable(alpha, 1.0);
        let answers =
            solve(&flat(), noise, &StoppedProblem::exit(start, -1.0, 1.0), &ask(&[], &[], 1e-8)).unwrap();
        let truth = crate::exact::getoor::mean(alpha, 1.0, start, -1.0, 1.0);
        check("mean", answers.mean, truth, 1e-13 * truth, 1e-3);
    }
}

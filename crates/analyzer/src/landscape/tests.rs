//! Landscapes of closures: what is found, and what is said of it.

use super::*;
use crate::test_potential::Formula;

fn find(
    value: impl Fn(f64) -> f64 + Send + Sync + 'static,
    gradient: impl Fn(f64) -> f64 + Send + Sync + 'static,
    curvature: impl Fn(f64) -> f64 + Send + Sync + 'static,
) -> Landscape {
    Landscape::find(&Formula::new(value, gradient, curvature), None).unwrap()
}

fn places(points: &[CriticalPoint]) -> Vec<f64> {
    points.iter().map(|point| point.x).collect()
}

fn remarked(landscape: &Landscape, words: &str) -> bool {
    landscape.remarks.iter().any(|remark| remark.contains(words))
}

#[test]
fn symmetric_double_well() {
    let found = find(|x| 0.25 * x * x * x * x - 0.5 * x * x, |x| x * x * x - x, |x| 3.0 * x * x - 1.0);
    assert_eq!(places(&found.minima), [-1.0, 1.0]);
    assert_eq!(places(&found.saddles), [0.0]);
    assert_eq!(found.minima[0].curvature, 2.0);
    assert_eq!((found.wells[0].left, found.wells[0].right), (f64::NEG_INFINITY, 0.0));
    assert_eq!((found.wells[0].depth, found.wells[0].depth_left), (0.25, f64::INFINITY));
    assert_eq!(found.wells[1].distance_left, 1.0);
    assert!(found.remarks.is_empty(), "{:?}", found.remarks);
    assert_eq!((found.basin_of(-3.0), found.basin_of(0.2), found.basin_of(0.0)), (Some(0), Some(1), None));
    assert_eq!((found.basin_of(f64::NAN), found.well(0), found.well(3)), (None, None, None));
    assert_eq!(found.well(2).unwrap().minimum, 2);
}

#[test]
fn tilted_and_three_wells() {
    let found = find(
        |x| 0.25 * x * x * x * x - 0.5 * x * x + 0.1 * x,
        |x| x * x * x - x + 0.1,
        |x| 3.0 * x * x - 1.0,
    );
    assert!(
        (found.minima[0].x + 1.046_680_53).abs() < 1e-8 && (found.minima[1].x - 0.945_649_27).abs() < 1e-8
    );
    let three = find(
        |x| 0.2 * (x * x * x * x * x * x / 6.0 - 1.25 * x * x * x * x + 2.0 * x * x),
        |x| 0.2 * (x * x * x * x * x - 5.0 * x * x * x + 4.0 * x),
        |x| 0.2 * (5.0 * x * x * x * x - 15.0 * x * x + 4.0),
    );
    assert_eq!(places(&three.minima), [-2.0, 0.0, 2.0]);
    assert_eq!(places(&three.saddles), [-1.0, 1.0]);
}

#[test]
fn far_apart_close_together_and_off_centre() {
    // Minima at +-300; at 5 +- 1e-3; steep and shallow.
    let far = find(
        |x| (x * x / 9e4 - 1.0) * (x * x / 9e4 - 1.0),
        |x| 4.0 * x / 9e4 * (x * x / 9e4 - 1.0),
        |x| 4.0 / 9e4 * (3.0 * x * x / 9e4 - 1.0),
    );
    assert_eq!(places(&far.minima), [-300.0, 300.0]);
    let close = find(
        |x| {
            let y = x - 5.0;
            0.25 * y * y * y * y - 0.5e-6 * y * y
        },
        |x| {
            let y = x - 5.0;
            y * y * y - 1e-6 * y
        },
        |x| {
            let y = x - 5.0;
            3.0 * y * y - 1e-6
        },
    );
    assert_eq!(close.minima.len(), 2, "{close:?}");
    assert!((close.minima[0].x - 4.999).abs() < 1e-9 && (close.saddles[0].x - 5.0).abs() < 1e-9);
    let tiny =
        find(|x| 0.25 * x * x * x * x - 0.5e-6 * x * x, |x| x * x * x - 1e-6 * x, |x| 3.0 * x * x - 1e-6);
    assert_eq!(tiny.minima.len(), 2);
}

#[test]
fn degenerate_minimum_is_kept_and_named() {
    let quartic = find(|x| x * x * x * x, |x| 4.0 * x * x * x, |x| 12.0 * x * x);
    assert_eq!((quartic.minima.len(), quartic.minima[0].curvature), (1, 0.0));
    assert!(remarked(&quartic, "degenerate"));
    // The same with the default curvature, a difference.
    struct Quartic;
    impl Potential for Quartic {
        fn value(&self, x: f64) -> f64 {
            x * x * x * x
        }
        fn gradient(&self, x: f64) -> f64 {
            4.0 * x * x * x
        }
    }
    let quartic = Landscape::find(&Quartic, None).unwrap();
    assert_eq!((quartic.minima.len(), quartic.minima[0].curvature), (1, 0.0));
    // A weak but honest curvature is none of this.
    let weak =
        find(|x| 1e-3 * x * x + x * x * x * x, |x| 2e-3 * x + 4.0 * x * x * x, |x| 2e-3 + 12.0 * x * x);
    assert!((weak.minima[0].curvature - 2e-3).abs() < 1e-15);
}

#[test]
fn shelf_is_no_edge() {
    // U' = (x-1)^2 (x+1).
    let shelf = find(
        |x| 0.25 * x * x * x * x - x * x * x / 3.0 - 0.5 * x * x + x,
        |x| (x - 1.0) * (x - 1.0) * (x + 1.0),
        |x| 2.0 * (x - 1.0) * (x + 1.0) + (x - 1.0) * (x - 1.0),
    );
    assert_eq!(places(&shelf.minima), [-1.0]);
    assert!(shelf.saddles.is_empty() && remarked(&shelf, "shelf"));
    // The same shelf between grid points, up to rounding.
    let c = 0.123_456_789;
    let off = find(
        |_| 0.0,
        move |x| (x - c) * (x - c) * (x + 1.0),
        move |x| 2.0 * (x - c) * (x + 1.0) + (x - c) * (x - c),
    );
    assert_eq!(off.minima.len(), 1);
    assert!(off.saddles.is_empty() && remarked(&off, "shelf"));
    // Just below zero: two critical points in a cell.
    let pair = find(
        |_| 0.0,
        move |x| ((x - c) * (x - c) - 1e-10) * (x + 1.0),
        move |x| 2.0 * (x - c) * (x + 1.0) + (x - c) * (x - c) - 1e-10,
    );
    assert_eq!((pair.minima.len(), pair.saddles.len()), (2, 1));
}

#[test]
fn potentials_that_fall_without_end() {
    let hill = find(|x| -x * x, |x| -2.0 * x, |_| -2.0);
    assert!(hill.minima.is_empty() && hill.saddles.len() == 1);
    assert!(remarked(&hill, "no minimum") && remarked(&hill, "falls"));
    let cubic = find(|x| x * x * x - 3.0 * x, |x| 3.0 * x * x - 3.0, |x| 6.0 * x);
    assert_eq!((places(&cubic.minima), places(&cubic.saddles)), (vec![1.0], vec![-1.0]));
    assert_eq!((cubic.wells[0].left, cubic.wells[0].right, cubic.wells[0].depth), (-1.0, f64::INFINITY, 4.0));
    assert!(remarked(&cubic, "falls at the far left"));
    let inflection = find(|x| x * x * x, |x| 3.0 * x * x, |x| 6.0 * x);
    assert!(inflection.minima.is_empty() && inflection.saddles.is_empty() && remarked(&inflection, "shelf"));
}

#[test]
fn flat_potentials() {
    for constant in [0.0, 3.0] {
        let flat = find(move |_| constant, |_| 0.0, |_| 0.0);
        assert!(flat.minima.is_empty() && flat.saddles.is_empty());
        assert!(remarked(&flat, "no minimum") && remarked(&flat, "flat"));
    }
    let bottom = find(
        |x| (x.abs() - 1.0).max(0.0) * (x.abs() - 1.0).max(0.0),
        |x| 2.0 * (x.abs() - 1.0).max(0.0) * x.signum(),
        |x| if x.abs() > 1.0 { 2.0 } else { 0.0 },
    );
    assert_eq!((bottom.minima.len(), bottom.minima[0].curvature), (1, 0.0));
    assert!(bottom.minima[0].x.abs() < 1e-2 && remarked(&bottom, "flat"));
    let dent =
        find(|x| -(-x * x).exp(), |x| 2.0 * x * (-x * x).exp(), |x| (2.0 - 4.0 * x * x) * (-x * x).exp());
    assert_eq!(places(&dent.minima), [0.0]);
    assert!(remarked(&dent, "no force"), "{:?}", dent.remarks);
}

#[test]
fn periodic_potential_gets_a_window() {
    let periodic = find(f64::cos, |x| -x.sin(), |x| -x.cos());
    assert!(periodic.minima.len() >= 3 && remarked(&periodic, "periodic"));
    let pi = std::f64::consts::PI;
    assert!(periodic.minima.iter().any(|point| (point.x - pi).abs() < 1e-12));
    let washboard = Formula::new(|x| x.cos(), |x| -x.sin(), |x| -x.cos());
    let found = Landscape::find(&washboard, Some([0.0, 10.0])).unwrap();
    assert_eq!(found.minima.len(), 2);
    assert_eq!(found.window, [0.0, 10.0]);
}

#[test]
fn kinks_holes_and_poles() {
    let kink = find(f64::abs, f64::signum, |_| 0.0);
    assert_eq!((places(&kink.minima), kink.minima[0].curvature), (vec![0.0], 0.0));
    assert!(remarked(&kink, "jumps"));
    let hole = find(
        |x| x - x.ln(),
        |x| if x > 0.0 { 1.0 - 1.0 / x } else { f64::NAN },
        |x| if x > 0.0 { 1.0 / (x * x) } else { f64::NAN },
    );
    assert_eq!(places(&hole.minima), [1.0]);
    assert!(hole.wells[0].left.abs() < 1e-9 && remarked(&hole, "not finite"), "{hole:?}");
    let pole =
        find(|x| x * x + 1.0 / (x * x), |x| 2.0 * x - 2.0 / (x * x * x), |x| 2.0 + 6.0 / (x * x * x * x));
    assert_eq!(places(&pole.minima), [-1.0, 1.0]);
    assert!(pole.saddles.is_empty());
    assert_eq!((pole.wells[0].right, pole.wells[1].left), (0.0, 0.0));
    assert!(pole.wells[0].depth.is_infinite());
    let y = |x: f64| x - 0.3;
    let shifted = find(
        move |x| y(x) * y(x) + 1.0 / (y(x) * y(x)),
        move |x| 2.0 * y(x) - 2.0 / (y(x) * y(x) * y(x)),
        move |x| 2.0 + 6.0 / (y(x) * y(x) * y(x) * y(x)),
    );
    assert_eq!(shifted.wells[0].right, shifted.wells[1].left);
    assert!((shifted.wells[0].right - 0.3).abs() < 1e-12);
    let steep = find(|x| x.cosh(), |x| x.sinh(), |x| x.cosh());
    assert_eq!(places(&steep.minima), [0.0]);
    assert!(steep.remarks.is_empty(), "{:?}", steep.remarks);
}

#[test]
fn growth_is_examined() {
    let harmonic = find(|x| 0.5 * x * x, |x| x, |_| 1.0);
    assert!(remarked(&harmonic, "|x|^1.00"));
    let soft = find(|x| (1.0 + x * x).sqrt(), |x| x / (1.0 + x * x).sqrt(), |x| (1.0 + x * x).powf(-1.5));
    assert!(remarked(&soft, "grows only"));
}

#[test]
fn many_critical_points() {
    // Some three hundred, but no more: all listed.
    let rough = find(
        |x| x * x + 0.4 * (50.0 * x).sin(),
        |x| 2.0 * x + 20.0 * (50.0 * x).cos(),
        |x| 2.0 - 1000.0 * (50.0 * x).sin(),
    );
    assert!(rough.minima.len() > 150 && !remarked(&rough, "periodic"));
    assert_eq!(rough.saddles.len() + 1, rough.minima.len());
    let endless = Formula::new(
        |x| (1.0 / x).sin(),
        |x| -(1.0 / x).cos() / (x * x),
        |x| 2.0 * (1.0 / x).cos() / (x * x * x) - (1.0 / x).sin() / (x * x * x * x),
    );
    assert!(matches!(Landscape::find(&endless, None), Err(LandscapeError::TooMany { .. })));
}

#[test]
fn rounding_makes_no_wells() {
    // (x - c)^3 multiplied out: its sign near c is noise over some 1e-5.
    let c = 1.234;
    let found = find(
        |_| 0.0,
        move |x| x * x * x - 3.0 * x * x * c + 3.0 * x * c * c - c * c * c,
        move |x| 3.0 * x * x - 6.0 * c * x + 3.0 * c * c,
    );
    assert_eq!((found.minima.len(), found.minima[0].curvature), (1, 0.0), "{found:?}");
    assert!((found.minima[0].x - c).abs() < 2e-5 && remarked(&found, "degenerate"), "{:?}", found.remarks);
}

#[test]
fn errors_and_no_panics() {
    let nothing = Formula::new(|_| f64::NAN, |_| f64::NAN, |_| f64::NAN);
    assert!(matches!(Landscape::find(&nothing, None), Err(LandscapeError::NotFinite { .. })));
    let fine = Formula::new(|x| x * x, |x| 2.0 * x, |_| 2.0);
    for window in [[1.0, 1.0], [2.0, -2.0], [f64::NAN, 1.0], [f64::NEG_INFINITY, 1.0]] {
        assert!(matches!(Landscape::find(&fine, Some(window)), Err(LandscapeError::Window { .. })));
    }
}

#[test]
fn serialised_landscape_reads_back() {
    let found = find(|x| 0.25 * x * x * x * x - 0.5 * x * x, |x| x * x * x - x, |x| 3.0 * x * x - 1.0);
    let text = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Landscape>(&text).unwrap(), found);
}

//! Deterministic solvers of one exit problem: cells, seconds, value and error.
//!
//! `cargo bench --bench exact` prints a table for the Ornstein–Uhlenbeck process `dX = -X dt + 0.1 dL^1.5`
//! and its exit of (-1, 1) from 0. One thread.

use std::error::Error;
use std::time::Instant;

use levyscape_analyzer::exact::grid::{Grid, Operator, Quantity, solve};
use levyscape_analyzer::exact::nonlocal::{Generator, Questions, stopped};
use levyscape_analyzer::landscape::Landscape;
use levyscape_analyzer::theory::{NoiseLaw, StoppedProblem};
use levyscape_integrator::ClosurePotential;

fn main() -> Result<(), Box<dyn Error>> {
    let well = ClosurePotential::new(|x| 0.5 * x * x, |x| x);
    let operator = Operator::of(NoiseLaw::stable(1.5, 0.1)).ok_or("not a stable noise")?;
    let problem = StoppedProblem::exit(0.0, -1.0, 1.0);
    let window = [-1.0, 1.0];
    let began = Instant::now();
    let truth = solve(&well, operator, &problem, window, Quantity::Mean, 1e-7)?;
    let seconds = began.elapsed().as_secs_f64();
    println!("{:<28} {:>7} {:>9} {:>16} {:>10}", "solver", "cells", "seconds", "E T", "error");
    let row = |name: &str, cells: usize, seconds: f64, value: f64, error: f64| {
        println!("{name:<28} {cells:>7} {seconds:>9.3} {value:>16.9} {error:>10.1e}");
    };
    row("grids, extrapolated", truth.cells, seconds, truth.value, truth.error);
    for cells in [256, 1024, 2048, 16_384, 100_000] {
        let began = Instant::now();
        let mean = Grid::new(&well, operator, &problem, window, cells)?.mean()?;
        let seconds = began.elapsed().as_secs_f64();
        row("grid, Fourier transform", cells, seconds, mean.value, (mean.value - truth.value).abs());
    }
    let landscape = Landscape::find(&well, None)?;
    let generator = Generator::new(&well, NoiseLaw::stable(1.5, 0.1)).ok_or("no generator")?;
    // Each run solves all coarser meshes, too.
    for tolerance in [1e-2, 1e-4, 1e-6, 1e-8, 1e-10] {
        let questions = Questions { tolerance, ..Questions::default() };
        let began = Instant::now();
        let answers = stopped(&generator, &landscape, &problem, &questions)?;
        let seconds = began.elapsed().as_secs_f64();
        let name = format!("finite volumes, to {tolerance:.0e}");
        row(&name, answers.unknowns, seconds, answers.mean.value, (answers.mean.value - truth.value).abs());
    }
    for cells in [256, 1024, 2048] {
        let began = Instant::now();
        let mean = Grid::dense(&well, operator, &problem, window, cells)?.mean()?;
        let seconds = began.elapsed().as_secs_f64();
        row("grid, elimination", cells, seconds, mean.value, (mean.value - truth.value).abs());
    }
    Ok(())
}

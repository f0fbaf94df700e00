//! `levyscape replay`: one path again, to be looked at.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use levyscape_analyzer::figure;
use levyscape_analyzer::gallery;
use levyscape_analyzer::summary::Summary;
use levyscape_engine::{Control, Ensemble, Trajectory, trajectory};
use levyscape_integrator::StreamKey;

use super::SUMMARY;
use super::folder::{self, Contents};
use crate::args::ReplayArguments;
use crate::errors::Failure;
use crate::output::write_atomically;
use crate::scenario::{Scenario, ScenarioFile};
use crate::study::problem::{EnsembleTask, Problem, Task, prepare};

/// Points of the trajectory that is written: whole where it has no more steps than this.
const POINTS: usize = 200_000;
/// Points of the trajectory that is drawn.
const DRAWN: usize = 4000;

/// Runs a path of a finished run again; writes `replay/point_P_task_T_path_K.csv` and draws it.
/// Returns what to say on the terminal.
///
/// # Errors
/// A folder without a finished run, a path that there is not, a method or scheme without single paths.
pub fn replay(arguments: &ReplayArguments) -> Result<String, Failure> {
    let dir = &arguments.dir;
    if folder::contents(dir) != Contents::Run {
        return Err(Failure::Input(format!(
            "{} holds no finished run: there is no {SUMMARY}",
            dir.display()
        )));
    }
    let path = dir.join(SUMMARY);
    let text = fs::read_to_string(&path).map_err(|error| Failure::file(&path, &error))?;
    let summary: Summary = serde_json::from_str(&text)
        .map_err(|error| Failure::Input(format!("{} is damaged: {error}", path.display())))?;
    if summary.levyscape != env!("CARGO_PKG_VERSION") {
        return Err(Failure::Input(format!(
            "the run is of version {} of the program; this is {}, which may draw other numbers",
            summary.levyscape,
            env!("CARGO_PKG_VERSION")
        )));
    }
    let file = ScenarioFile::load(&dir.join("scenario.toml"), &[])?;
    let count = file.points().len();
    let Some((_, scenario)) = file.points().get(arguments.point) else {
        return Err(Failure::Input(format!(
            "there is no point {}: the run has {count}, numbered from 0",
            arguments.point
        )));
    };
    let problem = prepare(&file, arguments.point)?;
    let found = find(arguments, scenario, &problem, &summary)?;
    let (trajectory, ended) = follow(&problem, &found)?;
    let folder = dir.join("replay");
    fs::create_dir_all(&folder).map_err(|error| Failure::file(&folder, &error))?;
    let name = format!("point_{}_task_{}_path_{}", arguments.point, found.task, arguments.path);
    let csv: PathBuf = folder.join(format!("{name}.csv"));
    let mut text = String::from("t,x\n");
    for (t, x) in trajectory.time.iter().zip(&trajectory.position) {
        text += &format!("{t},{x}\n");
    }
    write_atomically(&csv, text.as_bytes()).map_err(|error| Failure::file(&csv, &error))?;
    let drawn = gallery::replayed(
        &format!("{name}_figure"),
        &thin(&trajectory, DRAWN),
        &found.start.problem,
        &problem.landscape,
    );
    let formats: Vec<figure::Format> = scenario.output.formats.iter().map(|&format| format.into()).collect();
    figure::write_figure_with(&drawn, &folder, &formats, scenario.output.theme)
        .map_err(|error| Failure::Other(format!("figure {}: {error}", drawn.name)))?;
    Ok(format!("{ended}\n{} points: {}\n", trajectory.time.len(), csv.display()))
}

/// A path of the run.
struct Found<'a> {
    task: usize,
    start: &'a EnsembleTask,
    key: StreamKey,
    number: u64,
    step: f64,
}

fn find<'a>(
    arguments: &ReplayArguments,
    scenario: &Scenario,
    problem: &'a Problem,
    summary: &Summary,
) -> Result<Found<'a>, Failure> {
    let with_paths = |task: &usize| matches!(problem.tasks.get(*task), Some(Task::Ensembles(_)));
    let task = arguments.task.or_else(|| (0..problem.tasks.len()).find(with_paths));
    let Some((task, Task::Ensembles(starts))) = task.and_then(|task| Some((task, problem.tasks.get(task)?)))
    else {
        return Err(Failure::Input(
            "there is no such task with paths that end; tasks are numbered from 0".to_owned(),
        ));
    };
    let number = arguments.path;
    let position = (number % starts.len() as u64) as usize;
    let Some(start) = starts.get(position) else {
        return Err(Failure::Input(format!("task {task} has no paths")));
    };
    let result = summary.points.get(arguments.point).and_then(|point| {
        point.results.iter().find(|result| result.task == task && result.from == start.from)
    });
    let Some(result) = result else {
        return Err(Failure::Input(format!("the run has no result of task {task}")));
    };
    if result.method != "plain" {
        return Err(Failure::Input(format!(
            "task {task} was estimated by the method {}, which has no single paths",
            result.method
        )));
    }
    if number / starts.len() as u64 >= result.paths {
        return Err(Failure::Input(format!(
            "there is no path {number}: task {task} has {} paths{}, numbered from 0",
            result.paths * starts.len() as u64,
            if starts.len() > 1 { " from all its starts together" } else { "" }
        )));
    }
    if start.space.is_some() || problem.clocked.is_some() {
        return Err(Failure::Input(
            "paths can be replayed on the line, for schemes on a time grid".to_owned(),
        ));
    }
    let key = StreamKey { seed: scenario.ensemble.seed, point: arguments.point as u64, task: task as u64 };
    Ok(Found { task, start, key, number, step: result.step })
}

/// The trajectory, and how it ended in words.
fn follow(problem: &Problem, found: &Found<'_>) -> Result<(Trajectory, String), Failure> {
    let Found { start, key, number, step, .. } = *found;
    let sde = problem.sde().map_err(levyscape_engine::EngineError::from)?;
    let stepping = levyscape_engine::Stepping { step, ..start.stepping(&problem.choice, None, false) };
    // The engine itself says how the path ended: the same test, the same numbers.
    let ensemble =
        Ensemble::new(&sde, &start.start(), start.region(), &stepping, key)?.with_numbers(number, 1);
    let ended = ensemble.run(0..1, &Control::default())?;
    let Some(record) = ended.first().map(|pair| pair.fine) else {
        return Err(Failure::Other("the path did not end".to_owned()));
    };
    let walk = sde.walk(start.problem.start).step(step).scheme(problem.choice.kind);
    let walk = walk
        .window(&[start.window])
        .stream(key, number)
        .start()
        .map_err(levyscape_engine::EngineError::from)?;
    // The last step is the one in which it ended; a continuous path ends at the edge, not at the step's end.
    let before = record.steps.saturating_sub(1) as f64 * step;
    let mut whole = trajectory(walk, step, before.max(step), POINTS, &AtomicBool::new(false))?;
    if record.steps <= 1 {
        whole = Trajectory { time: vec![0.0], position: vec![start.problem.start], ..Trajectory::default() };
    }
    whole.time.push(record.time);
    whole.position.push(record.position);
    let side = record.outcome.side();
    let ended = format!(
        "path {number}: {}{} at t = {}, x = {} (before: {}), {} steps of {step}",
        record.outcome.name(),
        if side.is_empty() { String::new() } else { format!(" ({side})") },
        record.time,
        record.position,
        record.previous,
        record.steps
    );
    Ok((whole, ended))
}

/// Of each group of consecutive points the lowest and the highest.
fn thin(whole: &Trajectory, points: usize) -> Trajectory {
    let group = (2 * whole.time.len()).div_ceil(points).max(1);
    if group == 1 {
        return whole.clone();
    }
    let mut thinned = Trajectory { evenly: whole.evenly.clone(), ..Trajectory::default() };
    for (times, places) in whole.time.chunks(group).zip(whole.position.chunks(group)) {
        let order = |a: &usize, b: &usize| places[*a].total_cmp(&places[*b]);
        let low = (0..places.len()).min_by(order).unwrap_or(0);
        let high = (0..places.len()).max_by(order).unwrap_or(0);
        for k in [low.min(high), low.max(high)] {
            thinned.time.push(times[k]);
            thinned.position.push(places[k]);
        }
    }
    thinned
}

//! `levyscape run`, `resume` and `merge`: simulate, compare, draw, report.

mod finish;
mod folder;
mod plot;
mod replay;
pub mod study;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use levyscape_analyzer::summary::{Summary, Verdict};
use levyscape_engine::journal::Journal;
use levyscape_engine::{Control, EngineError};

use rayon::prelude::*;

use crate::args::{HowArguments, MergeArguments, ResumeArguments, RunArguments, ScenarioArguments};
use crate::errors::Failure;
use crate::output::remove_temporaries;
use crate::progress::Progress;
use crate::scenario::{Scenario, ScenarioFile};
use crate::study::method;
use crate::study::problem::{Problem, Task, prepare};
use folder::{Checkpoint, Contents};

pub use finish::clear_figures;
pub use folder::check_no_run;
pub use plot::plot;
pub use replay::replay;

/// The file that is written last: where it is, the run is whole.
pub const SUMMARY: &str = "summary.json";
/// The wall times of a run; no other command writes it.
const TIMING: &str = "timing.json";

/// How a run ended.
pub struct Finished {
    /// The main numbers as text for the terminal.
    pub table: String,
    /// Where to read more, for the terminal.
    pub pointer: String,
    pub verdict: Verdict,
    pub warnings: usize,
}

/// A run that is about to be simulated.
struct Job {
    file: ScenarioFile,
    /// The scenario as run, whose tables lie in the checkpoint's folder.
    scenario: Scenario,
    problems: Vec<Problem>,
    dir: PathBuf,
    checkpoint: Checkpoint,
    journal: Journal,
}

/// Runs a scenario and writes its results.
///
/// # Errors
/// Bad input, a folder that is taken, an interruption, or a file that cannot be written.
pub fn run(arguments: &RunArguments) -> Result<Finished, Failure> {
    let file = ScenarioFile::load(&arguments.scenario.file, &arguments.scenario.overrides)?;
    let problems = all_problems(&file)?;
    let shard = arguments.shard.unwrap_or([0, 1]);
    let mut dir = arguments.out.clone().unwrap_or_else(|| file.scenario().output.dir.clone());
    if arguments.shard.is_some() {
        check_shardable(&file, &problems)?;
        if arguments.out.is_none() {
            dir.push(format!("shard_{}_of_{}", shard[0] + 1, shard[1]));
        }
    }
    folder::check_free(&dir, arguments.force)?;
    // Only a folder that is new is removed again if the run cannot begin.
    let new = !dir.exists();
    let begin = || {
        fs::create_dir_all(&dir)
            .map_err(|error| Failure::Other(format!("cannot make the folder {}: {error}", dir.display())))?;
        let (checkpoint, file) = Checkpoint::begin(&dir, &file, shard, command(&arguments.scenario))?;
        let interval = interval(file.scenario());
        let journal = Journal::begin(&checkpoint.folder, &checkpoint.identity, shard, interval)?;
        checkpoint.announce()?;
        Ok((checkpoint, file, journal))
    };
    let (checkpoint, file, journal) = begin().inspect_err(|_: &Failure| {
        if new {
            let _ = fs::remove_dir_all(&dir);
        }
    })?;
    let scenario = file.scenario().clone();
    execute(Job { file, scenario, problems, dir, checkpoint, journal }, &arguments.how)
}

/// Goes on with a run.
///
/// # Errors
/// As for [`run`]; a folder without an unfinished run; a checkpoint that is damaged.
pub fn resume(arguments: &ResumeArguments) -> Result<Finished, Failure> {
    let dir = arguments.dir.clone();
    if folder::contents(&dir) == Contents::Run {
        let path = dir.join(SUMMARY);
        let text = fs::read_to_string(&path).map_err(|error| Failure::file(&path, &error))?;
        let summary: Summary = serde_json::from_str(&text)
            .map_err(|error| Failure::Other(format!("{} is damaged: {error}", path.display())))?;
        return Ok(Finished {
            table: String::new(),
            pointer: format!("{} holds a finished run: there is nothing left to do", dir.display()),
            verdict: summary.verdict,
            warnings: summary.warnings.len(),
        });
    }
    let (checkpoint, file) = Checkpoint::open(&dir)?;
    if checkpoint.manifest.complete {
        return Ok(shard_done(&checkpoint, &dir));
    }
    let problems = all_problems(&file)?;
    let scenario = file.scenario().clone();
    let journal = Journal::go_on(
        &checkpoint.folder,
        &checkpoint.identity,
        checkpoint.manifest.shard,
        interval(&scenario),
    )?;
    execute(Job { file, scenario, problems, dir, checkpoint, journal }, &arguments.how)
}

/// Joins shards.
///
/// # Errors
/// As for [`run`]; shards that are missing, unfinished, or of different runs.
pub fn merge(arguments: &MergeArguments) -> Result<Finished, Failure> {
    let mut shards = Vec::new();
    for dir in &arguments.shards {
        let (checkpoint, file) = Checkpoint::open(dir)?;
        if !checkpoint.manifest.complete {
            return Err(Failure::Input(format!(
                "{0} is not complete: `levyscape resume {0}` goes on with it",
                dir.display()
            )));
        }
        shards.push((dir, checkpoint, file));
    }
    shards.sort_by_key(|(_, checkpoint, _)| checkpoint.manifest.shard[0]);
    let Some((first_dir, first, _)) = shards.first() else {
        return Err(Failure::Input("there is no shard to merge".to_owned()));
    };
    let count = first.manifest.shard[1];
    for (dir, other, _) in &shards {
        if other.identity != first.identity || other.manifest.shard[1] != count {
            return Err(Failure::Input(format!(
                "{} and {} are not shards of one run",
                first_dir.display(),
                dir.display()
            )));
        }
    }
    let numbers: Vec<u64> = shards.iter().map(|(_, other, _)| other.manifest.shard[0]).collect();
    if let Some(twice) = numbers.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Failure::Input(format!("shard {} of {count} is there twice", twice[0] + 1)));
    }
    let missing: Vec<String> =
        (0..count).filter(|k| !numbers.contains(k)).map(|k| format!("{}/{count}", k + 1)).collect();
    if !missing.is_empty() {
        return Err(Failure::Input(format!("the shards {} are missing", missing.join(", "))));
    }
    let folders: Vec<PathBuf> = shards.iter().map(|(_, other, _)| other.folder.clone()).collect();
    let journal = Journal::join(&folders, &first.identity)?;
    let (_, checkpoint, file) = shards.swap_remove(0);
    let dir = arguments.out.clone().unwrap_or_else(|| file.scenario().output.dir.clone());
    folder::check_free(&dir, arguments.force)?;
    fs::create_dir_all(&dir)
        .map_err(|error| Failure::Other(format!("cannot make the folder {}: {error}", dir.display())))?;
    Checkpoint::clear(&dir)?;
    let problems = all_problems(&file)?;
    let scenario = file.scenario().clone();
    let checkpoint =
        Checkpoint { manifest: folder::Manifest { shard: [0, 1], ..checkpoint.manifest }, ..checkpoint };
    execute(Job { file, scenario, problems, dir, checkpoint, journal }, &arguments.how)
}

/// The command as somebody else could give it: the file and what was set, not where the results went nor how fast.
fn command(arguments: &ScenarioArguments) -> String {
    // An absolute path says something of this machine and nothing to anyone else.
    let path = &arguments.file;
    let file = if path.is_absolute() { path.file_name().map_or(path.as_path(), Path::new) } else { path };
    let mut command = format!("levyscape run {}", quoted(&file.display().to_string()));
    for setting in &arguments.overrides {
        command.push_str(" --set ");
        command.push_str(&quoted(setting));
    }
    command
}

/// A word of a POSIX shell.
fn quoted(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./=:,+@%".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn all_problems(file: &ScenarioFile) -> Result<Vec<Problem>, Failure> {
    Ok((0..file.points().len())
        .into_par_iter()
        .map(|index| prepare(file, index))
        .collect::<Result<_, _>>()?)
}

fn interval(scenario: &Scenario) -> Duration {
    Duration::try_from_secs_f64(scenario.ensemble.checkpoint_every).unwrap_or(Duration::from_secs(10))
}

/// A shard cannot know when all shards together are precise enough.
fn check_shardable(file: &ScenarioFile, problems: &[Problem]) -> Result<(), Failure> {
    for (index, ((_, scenario), problem)) in file.points().iter().zip(problems).enumerate() {
        let spec = &scenario.ensemble;
        let mut starts = problem.tasks.iter().flat_map(Task::starts);
        let by_error = starts.any(|start| method::choose(problem, start, spec).target.is_some());
        if spec.relative_error.is_some() || by_error {
            let key =
                if spec.relative_error.is_some() { "ensemble.relative_error" } else { "ensemble.method" };
            return Err(Failure::Scenario(
                file.error_at(
                    index,
                    key,
                    "a shard must know its number of paths beforehand",
                    Some(
                        "name the method, give `ensemble.paths` and leave `ensemble.relative_error` out"
                            .to_owned(),
                    ),
                ),
            ));
        }
    }
    Ok(())
}

fn shard_done(checkpoint: &Checkpoint, dir: &Path) -> Finished {
    let [k, n] = checkpoint.manifest.shard;
    Finished {
        table: String::new(),
        pointer: format!(
            "shard {} of {n} is complete: {}; `levyscape merge` joins all {n}",
            k + 1,
            dir.display()
        ),
        verdict: Verdict { status: "ok".to_owned(), reasons: Vec::new() },
        warnings: 0,
    }
}

fn execute(job: Job, how: &HowArguments) -> Result<Finished, Failure> {
    let mut pool = rayon::ThreadPoolBuilder::new();
    if let Some(threads) = how.threads {
        pool = pool.num_threads(threads.get());
    }
    let pool = pool.build().map_err(|error| Failure::Other(format!("cannot start the threads: {error}")))?;
    let control = Arc::new(Control::default());
    let on_interrupt = Arc::clone(&control);
    // A second handler cannot be set; the first one serves as well.
    let _ = ctrlc::set_handler(move || on_interrupt.cancel.store(true, Ordering::Relaxed));
    // Joined shards are not written to.
    let own = job.checkpoint.folder == folder::checkpoint(&job.dir);
    let mut folders = vec![job.dir.clone(), job.dir.join("figures")];
    if own {
        folders.push(job.checkpoint.folder.clone());
    }
    for folder in folders {
        if folder.is_dir() {
            remove_temporaries(&folder).map_err(|error| Failure::file(&folder, &error))?;
        }
    }
    let begun = Instant::now();
    let Job { file, scenario, problems, dir, mut checkpoint, mut journal } = job;
    let is_shard = checkpoint.manifest.shard[1] > 1;
    let interrupted = |failure: Failure| match failure {
        Failure::Interrupted(_) => Failure::Interrupted(own.then(|| dir.clone())),
        other => other,
    };
    let simulated = {
        let progress = Progress::start(Arc::clone(&control), how.quiet, how.json_progress);
        // Beside the journal, so that what a kill leaves goes with it.
        let beside = if own { &checkpoint.folder } else { &dir };
        let tables = if is_shard { None } else { Some(beside.as_path()) };
        pool.install(|| {
            study::simulate(&file, &scenario, problems, tables, &mut journal, &control, &progress)
        })
    };
    // Whatever happened: what was drawn until now is kept.
    let committed = journal.commit();
    let simulated = simulated.map_err(interrupted)?;
    committed?;
    if is_shard {
        checkpoint.manifest.complete = true;
        checkpoint.announce()?;
        return Ok(shard_done(&checkpoint, &dir));
    }
    let timing = finish::Timing {
        simulation: begun.elapsed(),
        begun,
        steps: control.steps.load(Ordering::Relaxed),
        threads: pool.current_num_threads(),
    };
    finish::write(simulated, &scenario, &checkpoint, &dir, &timing, &control).map_err(interrupted)
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Interrupted => Self::Interrupted(None),
            other => Self::Other(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_can_be_given_again() {
        let command = |file: &str, overrides: &[&str]| {
            let overrides = overrides.iter().map(|text| (*text).to_owned()).collect();
            command(&ScenarioArguments { file: file.into(), overrides })
        };
        assert_eq!(
            command("a/s.toml", &["ensemble.paths=20"]),
            "levyscape run a/s.toml --set ensemble.paths=20"
        );
        assert_eq!(command("/data/my s.toml", &[]), "levyscape run 'my s.toml'");
        assert_eq!(command("s.toml", &["title=it's <b>"]), r"levyscape run s.toml --set 'title=it'\''s <b>'");
    }
}

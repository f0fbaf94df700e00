//! The folder of a run: what is in it, and the checkpoint from which an unfinished run goes on.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use levyscape_engine::journal::Journal;
use serde::{Deserialize, Serialize};

use super::{SUMMARY, TIMING};
use crate::errors::Failure;
use crate::output::write_atomically;
use crate::scenario::{PotentialSource, Scenario, ScenarioFile};

/// The checkpoint's folder within the run's.
const CHECKPOINT: &str = "checkpoint";
const SCENARIO: &str = "scenario.toml";
const MANIFEST: &str = "manifest.json";

/// What a checkpoint is of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the program that began it.
    pub levyscape: String,
    /// Index of the shard, from 0, and number of shards.
    pub shard: [u64; 2],
    /// The command that began it, without the options that change no number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Whether a shard has all its paths. A whole run has no checkpoint any more then.
    pub complete: bool,
}

/// What a folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    /// No run.
    Nothing,
    /// A finished run.
    Run,
    /// A run that was killed or interrupted, or a shard.
    Checkpoint,
}

/// The folder of the checkpoint of a run in this folder.
pub fn checkpoint(dir: &Path) -> PathBuf {
    dir.join(CHECKPOINT)
}

/// What there is in a folder.
pub fn contents(dir: &Path) -> Contents {
    // A kill between writing the summary and clearing the checkpoint leaves both.
    if dir.join(CHECKPOINT).join(MANIFEST).is_file() {
        Contents::Checkpoint
    } else if dir.join(SUMMARY).is_file() {
        Contents::Run
    } else {
        Contents::Nothing
    }
}

/// Refuses a folder that holds a run, unless it is to be replaced, and one in which a run is going on.
///
/// # Errors
/// What is there, and what to do about it.
pub fn check_free(dir: &Path, force: bool) -> Result<(), Failure> {
    let name = dir.display();
    // Two programs in one folder would mix their files.
    Journal::check_unused(&dir.join(CHECKPOINT))?;
    match contents(dir) {
        _ if force => Ok(()),
        Contents::Nothing => Ok(()),
        Contents::Run => Err(Failure::Input(format!(
            "{name} holds a finished run; name another folder with --out, or replace it with --force"
        ))),
        Contents::Checkpoint => Err(Failure::Input(format!(
            "{name} holds an unfinished run, or a shard; `levyscape resume {name}` goes on with it, --force \
             begins anew"
        ))),
    }
}

/// Refuses a folder that holds a run, to a command that writes a summary alone: the rest of the run would stay, with
/// numbers that are no longer its own.
///
/// # Errors
/// What is there.
pub fn check_no_run(dir: &Path) -> Result<(), Failure> {
    // The summary alone may be such a command's, and `scenario.toml` the user's.
    if contents(dir) == Contents::Checkpoint || dir.join(TIMING).is_file() {
        return Err(Failure::Input(format!("{} holds a run; name another folder with --out", dir.display())));
    }
    Ok(())
}

/// The checkpoint of a run.
pub struct Checkpoint {
    /// Its folder.
    pub folder: PathBuf,
    /// What it is of.
    pub manifest: Manifest,
    /// What must be the same for a journal to go on: version and scenario.
    pub identity: String,
}

impl Checkpoint {
    /// Begins the checkpoint of a run in the folder: copies the scenario with all defaults filled in, and the
    /// tables that it names. Returns the scenario as it is there: whoever goes on has no other one, and the same
    /// must come out, names of tables included.
    ///
    /// # Errors
    /// Files that cannot be read or written.
    pub fn begin(
        dir: &Path,
        file: &ScenarioFile,
        shard: [u64; 2],
        command: String,
    ) -> Result<(Self, ScenarioFile), Failure> {
        let folder = dir.join(CHECKPOINT);
        Self::clear(dir)?;
        fs::create_dir_all(&folder).map_err(|error| Failure::file(&folder, &error))?;
        let mut scenario = file.scenario().clone();
        for (source, name) in name_tables(&mut scenario) {
            let from = file.folder().join(source);
            let contents = fs::read(&from).map_err(|error| Failure::file(&from, &error))?;
            write(&folder, &name, &contents)?;
        }
        let text = scenario.to_toml().map_err(|error| Failure::Other(error.to_string()))?;
        write(&folder, SCENARIO, text.as_bytes())?;
        let file = ScenarioFile::load(&folder.join(SCENARIO), &[])?;
        let manifest = Manifest {
            levyscape: env!("CARGO_PKG_VERSION").to_owned(),
            shard,
            command: Some(command),
            complete: false,
        };
        let checkpoint = Self { folder, manifest, identity: identity(&text) };
        Ok((checkpoint, file))
    }

    /// Makes the checkpoint valid: without the manifest it is none. To be called when the journal has begun.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn announce(&self) -> Result<(), Failure> {
        let text =
            serde_json::to_vec_pretty(&self.manifest).map_err(|error| Failure::Other(error.to_string()))?;
        write(&self.folder, MANIFEST, &text)
    }

    /// Opens the checkpoint in a folder and reads its scenario.
    ///
    /// # Errors
    /// No checkpoint, one of another version, or one that cannot be read.
    pub fn open(dir: &Path) -> Result<(Self, ScenarioFile), Failure> {
        let folder = dir.join(CHECKPOINT);
        let path = folder.join(MANIFEST);
        let text = fs::read_to_string(&path).map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                Failure::Input(format!(
                    "{} holds no unfinished run: there is no {}",
                    dir.display(),
                    path.display()
                ))
            } else {
                Failure::file(&path, &error)
            }
        })?;
        let manifest: Manifest = serde_json::from_str(&text)
            .map_err(|error| Failure::Other(format!("{} is damaged: {error}", path.display())))?;
        let version = env!("CARGO_PKG_VERSION");
        if manifest.levyscape != version {
            return Err(Failure::Input(format!(
                "{} was begun by version {} of the program; this is {version}, which may draw other numbers",
                dir.display(),
                manifest.levyscape
            )));
        }
        let path = folder.join(SCENARIO);
        let text = fs::read_to_string(&path).map_err(|error| Failure::file(&path, &error))?;
        let file = ScenarioFile::load(&path, &[])?;
        Ok((Self { folder, manifest, identity: identity(&text) }, file))
    }

    /// Removes the checkpoint of a folder, the manifest first.
    ///
    /// # Errors
    /// What the file system says.
    pub fn clear(dir: &Path) -> Result<(), Failure> {
        let folder = dir.join(CHECKPOINT);
        let fault = |error: io::Error| Failure::file(&folder, &error);
        match fs::remove_file(folder.join(MANIFEST)) {
            Err(error)
                if error.kind() != io::ErrorKind::NotFound
                    && error.kind() != io::ErrorKind::NotADirectory =>
            {
                return Err(fault(error));
            }
            _ => {}
        }
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other.map_err(fault),
        }
    }

    /// Copies the tables of the potential from the checkpoint to the run's folder.
    ///
    /// # Errors
    /// Files that cannot be read or written.
    pub fn keep_tables(&self, scenario: &Scenario, dir: &Path) -> Result<(), Failure> {
        for (_, name) in name_tables(&mut scenario.clone()) {
            let from = self.folder.join(&name);
            let contents = fs::read(&from).map_err(|error| Failure::file(&from, &error))?;
            write(dir, &name, &contents)?;
        }
        Ok(())
    }
}

fn identity(scenario: &str) -> String {
    format!("{}\n{scenario}", env!("CARGO_PKG_VERSION"))
}

fn write(folder: &Path, name: &str, contents: &[u8]) -> Result<(), Failure> {
    let path = folder.join(name);
    write_atomically(&path, contents).map_err(|error| Failure::file(&path, &error))
}

/// Gives each table of the potential a name without folders, and returns old and new names.
fn name_tables(scenario: &mut Scenario) -> Vec<(PathBuf, String)> {
    let mut names: Vec<(PathBuf, String)> = Vec::new();
    let mut rename = |path: &Path| {
        if let Some((_, name)) = names.iter().find(|(known, _)| known == path) {
            return name.clone();
        }
        let plain = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let mut name = plain.clone();
        // Two tables of the same name from two folders.
        while names.iter().any(|(_, taken)| *taken == name) {
            name = format!("{}_{plain}", names.len() + 1);
        }
        names.push((path.to_owned(), name.clone()));
        name
    };
    if let PotentialSource::Table(path) = &mut scenario.potential.source {
        *path = rename(path).into();
    }
    for axis in scenario.sweep.iter_mut().filter(|axis| axis.key == "potential.table") {
        for value in &mut axis.values {
            if let Some(path) = value.as_str() {
                *value = rename(Path::new(path)).into();
            }
        }
    }
    names
}

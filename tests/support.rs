//! Running the binary in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_levyscape");

/// A temporary folder, gone with the value.
pub struct Folder(TempDir);

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Exit status; absent after a signal.
    pub status: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Folder {
    /// An empty folder.
    pub fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// A folder with one file `s.toml`.
    pub fn with_scenario(text: &str) -> Self {
        let folder = Self::new();
        folder.write("s.toml", text);
        folder
    }

    /// A path in the folder.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        fs::write(self.path(name), contents).unwrap();
    }

    /// Reads a file.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Reads a text.
    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).unwrap()
    }

    /// Reads a JSON file.
    pub fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&self.bytes(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Files and folders in the folder, at any depth, with the files' sizes.
    pub fn listing(&self) -> Vec<(PathBuf, u64)> {
        let mut found = Vec::new();
        let mut left = vec![self.0.path().to_owned()];
        while let Some(folder) = left.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let size = if path.is_file() { path.metadata().unwrap().len() } else { 0 };
                if path.is_dir() {
                    left.push(path.clone());
                }
                found.push((path.strip_prefix(self.0.path()).unwrap().to_owned(), size));
            }
        }
        found.sort();
        found
    }

    /// The program with arguments, to be started in the folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).current_dir(self.0.path());
        command
    }

    /// Runs the program in the folder.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        Ended::new(self.command(arguments).output().unwrap())
    }

    /// Runs the program in the folder, which must end well.
    pub fn good(&self, arguments: &[&str]) -> Ended {
        let ended = self.run(arguments);
        assert_eq!(ended.status, Some(0), "{arguments:?}\n{}", ended.stderr);
        assert!(!ended.stderr.contains("panicked"), "{arguments:?}\n{}", ended.stderr);
        ended
    }

    /// Runs `s.toml` into `out` and reads the summary.
    pub fn summary(&self, more: &[&str]) -> Value {
        self.summary_in("out", more)
    }

    /// Runs `s.toml` into the folder `out`, in place of what is there, and reads the summary.
    pub fn summary_in(&self, out: &str, more: &[&str]) -> Value {
        let mut arguments = vec!["run", "s.toml", "--force", "--out", out];
        arguments.extend_from_slice(more);
        self.good(&arguments);
        self.json(&format!("{out}/summary.json"))
    }
}

impl Ended {
    /// From what the operating system says.
    pub fn new(output: Output) -> Self {
        Self {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The elements of a list.
pub fn items(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

/// The finite number in a JSON value.
pub fn number(value: &Value) -> f64 {
    value.as_f64().filter(|x| x.is_finite()).unwrap_or_else(|| panic!("no finite number: {value}"))
}

/// The count in a JSON value.
pub fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no count: {value}"))
}

/// All results of all points.
pub fn results(summary: &Value) -> Vec<&Value> {
    items(&summary["points"]).iter().flat_map(|point| items(&point["results"])).collect()
}

/// The results of one quantity, in the order of points and tasks.
pub fn quantity<'s>(summary: &'s Value, name: &str) -> Vec<&'s Value> {
    results(summary).into_iter().filter(|result| result["quantity"] == name).collect()
}

//! The levyscape command line.
// The commands that use the rest of the scenario are still to come.
#![allow(dead_code)]

mod args;
mod errors;
mod scenario;
mod template;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};
use scenario::ScenarioFile;

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Check(check) => match ScenarioFile::load(&check.scenario.file, &check.scenario.overrides) {
            Ok(_) => ExitCode::SUCCESS,
            Err(error) => {
                error.eprint();
                ExitCode::from(errors::BAD_INPUT_STATUS)
            }
        },
        Command::New { name } => match template::write(Path::new(""), &name) {
            Ok(path) => {
                println!("{}", path.display());
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("Error: {error}");
                ExitCode::from(errors::BAD_INPUT_STATUS)
            }
        },
        _ => {
            eprintln!("Error: this command is not available yet");
            ExitCode::FAILURE
        }
    }
}

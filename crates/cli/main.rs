//! The levyscape command line.

mod args;
mod check;
mod errors;
mod exact;
mod list;
mod output;
mod progress;
mod report;
mod run;
mod sample;
mod scenario;
mod study;
mod tail_index;
mod template;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command, HowArguments};
use errors::Failure;

fn main() -> ExitCode {
    // Clap prints its own messages and ends with 2 on bad arguments.
    let arguments = Arguments::parse();
    let done = match &arguments.command {
        Command::Run(arguments) => run::run(arguments).map(|finished| said(finished, &arguments.how)),
        Command::Resume(arguments) => run::resume(arguments).map(|finished| said(finished, &arguments.how)),
        Command::Merge(arguments) => run::merge(arguments).map(|finished| said(finished, &arguments.how)),
        Command::Replay(arguments) => run::replay(arguments).map(|text| (text, ExitCode::SUCCESS)),
        Command::Check(arguments) => check::check(&arguments.scenario).map(|text| (text, ExitCode::SUCCESS)),
        Command::Exact(arguments) => exact::exact(arguments).map(|text| (text, ExitCode::SUCCESS)),
        Command::TailIndex(arguments) => {
            tail_index::tail_index(arguments).map(|text| (text, ExitCode::SUCCESS))
        }
        Command::Plot(arguments) => run::plot(arguments).map(|text| (text, ExitCode::SUCCESS)),
        Command::New { name } => template::write(Path::new(""), name)
            .map(|path| (format!("wrote {}\n", path.display()), ExitCode::SUCCESS))
            .map_err(|error| Failure::Input(error.to_string())),
        Command::List { keys: false } => Ok((list::list(), ExitCode::SUCCESS)),
        Command::List { keys: true } => scenario::keys_page()
            .map(|text| (text, ExitCode::SUCCESS))
            .map_err(|error| Failure::Other(error.to_string())),
    };
    match done {
        Ok((text, code)) => {
            // A closed pipe is no failure: whoever reads has read enough.
            let _ = std::io::stdout().write_all(text.as_bytes());
            code
        }
        Err(failure) => {
            failure.eprint();
            ExitCode::from(failure.status())
        }
    }
}

/// What a finished run says, and with which status it ends.
fn said(finished: run::Finished, how: &HowArguments) -> (String, ExitCode) {
    for reason in &finished.verdict.reasons {
        errors::say(&format!("FAILED: {reason}"));
    }
    let failed = finished.verdict.status != "ok";
    let code = if failed && how.strict { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    if how.quiet {
        return (String::new(), code);
    }
    let warnings = match finished.warnings {
        0 => String::new(),
        1 => " (with 1 warning)".to_owned(),
        n => format!(" (with {n} warnings)"),
    };
    let table = if finished.table.is_empty() { String::new() } else { format!("{}\n", finished.table) };
    (format!("{table}{}{warnings}\n", finished.pointer), code)
}

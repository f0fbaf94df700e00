//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// How a noisy particle leaves a potential well: simulation against theory.
#[derive(Debug, Parser)]
#[command(name = "levyscape", version, about, subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// One command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Simulate a scenario, compare with theory, draw and report
    Run(RunArguments),
    /// Check a scenario; print its landscape, the theory's prediction and the expected cost
    Check(CheckArguments),
    /// Draw the figures of a finished run again from its saved data
    Plot {
        /// Folder of the run
        dir: PathBuf,
    },
    /// Write a commented scenario to start from
    New {
        /// Name of the scenario; the file is NAME.toml in the current folder
        name: String,
    },
    /// List the noises, schemes, tasks, methods and figures that there are
    List,
}

/// The scenario of a command.
#[derive(Debug, Args)]
pub struct ScenarioArguments {
    /// Scenario file (TOML)
    pub file: PathBuf,
    /// Override one key of the scenario, as in --set noise.alpha=1.2; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// The scenario.
    #[command(flatten)]
    pub scenario: ScenarioArguments,
    /// Folder for the results, instead of the scenario's `output.dir`
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Number of threads; by default one a processor
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Print errors only
    #[arg(long)]
    pub quiet: bool,
    /// End with status 1 when a comparison with theory fails
    #[arg(long)]
    pub strict: bool,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// The scenario.
    #[command(flatten)]
    pub scenario: ScenarioArguments,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn run_takes_repeated_overrides() {
        let line =
            ["levyscape", "run", "a.toml", "--set", "task.0.start=-1.0", "--set", "name=b", "--threads", "2"];
        let Command::Run(run) = Arguments::try_parse_from(line).unwrap().command else { panic!() };
        assert_eq!(run.scenario.overrides, ["task.0.start=-1.0", "name=b"]);
        assert_eq!(run.threads, NonZeroUsize::new(2));
        assert!(!run.quiet && !run.strict && run.out.is_none());
    }

    #[test]
    fn bad_arguments_end_with_status_2() {
        for line in [
            &["levyscape", "run"][..],
            &["levyscape", "run", "a.toml", "--threads", "0"],
            &["levyscape", "chek", "a.toml"],
            &["levyscape", "check", "a.toml", "--out", "b"],
        ] {
            assert_eq!(Arguments::try_parse_from(line).unwrap_err().exit_code(), 2, "{line:?}");
        }
    }
}

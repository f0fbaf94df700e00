//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use levyscape_analyzer::figure::{Format, ThemeName};

use crate::scenario::{any_of, nearest};

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
    /// Solve the exact equations of a scenario, without sampling
    Exact(ExactArguments),
    /// Go on with a run that was killed or interrupted
    Resume(ResumeArguments),
    /// Join the shards of a run, made with `run --shard k/n`
    Merge(MergeArguments),
    /// Run one path of a finished run again; write and draw its trajectory
    Replay(ReplayArguments),
    /// Draw the figures of a finished run again from its saved data
    Plot(PlotArguments),
    /// Estimate the tail index of a sample (.csv, .npy), with intervals and a diagnosis
    #[command(name = "tail_index")]
    TailIndex(TailIndexArguments),
    /// Write a commented scenario to start from
    New {
        /// Name of the scenario; the file is NAME.toml in the current folder
        name: String,
    },
    /// List the noises, schemes, tasks, methods and figures that there are
    List {
        /// Print every key of a scenario instead, as the page docs/keys.md (Markdown)
        #[arg(long)]
        keys: bool,
    },
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
    /// Replace the results, or the unfinished run, that are in the folder
    #[arg(long)]
    pub force: bool,
    /// Simulate part k of n of every task's paths, for `merge` to join (k from 1)
    #[arg(long, value_name = "K/N", value_parser = shard)]
    pub shard: Option<[u64; 2]>,
    /// How.
    #[command(flatten)]
    pub how: HowArguments,
}

/// How to run and what to say meanwhile.
#[derive(Debug, Args)]
pub struct HowArguments {
    /// Number of threads; by default one a processor
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Print errors only
    #[arg(long)]
    pub quiet: bool,
    /// End with status 1 when a comparison with theory fails
    #[arg(long)]
    pub strict: bool,
    /// Print the progress as one JSON object a line on standard error
    #[arg(long)]
    pub json_progress: bool,
}

/// Arguments of `resume`.
#[derive(Debug, Args)]
pub struct ResumeArguments {
    /// Folder of the run
    pub dir: PathBuf,
    /// How.
    #[command(flatten)]
    pub how: HowArguments,
}

/// Arguments of `merge`.
#[derive(Debug, Args)]
pub struct MergeArguments {
    /// Folders of all shards, in any order
    #[arg(required = true, value_name = "DIR")]
    pub shards: Vec<PathBuf>,
    /// Folder for the results, instead of the scenario's `output.dir`
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace the results that are in the folder
    #[arg(long)]
    pub force: bool,
    /// How.
    #[command(flatten)]
    pub how: HowArguments,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub struct ReplayArguments {
    /// Folder of the run
    pub dir: PathBuf,
    /// Number of the path, as in the table of exits
    #[arg(long, value_name = "K")]
    pub path: u64,
    /// Index of the task, as in the table of exits; by default the first one with paths that end
    #[arg(long, value_name = "INDEX")]
    pub task: Option<usize>,
    /// Index of the point of the sweep
    #[arg(long, value_name = "INDEX", default_value_t = 0)]
    pub point: usize,
}

/// Arguments of `plot`.
#[derive(Debug, Args)]
pub struct PlotArguments {
    /// Folder of the run
    pub dir: PathBuf,
    /// Draw this figure only; may be repeated
    #[arg(long = "figure", value_name = "NAME")]
    pub figures: Vec<String>,
    /// Look: paper, slides or dark; by default the scenario's `output.theme`
    #[arg(long, value_name = "THEME", value_parser = theme)]
    pub theme: Option<ThemeName>,
    /// Width, as in 120mm, 12cm, 4.7in or 85 (millimetres); by default the figure's own, on slides 1.9 times as wide
    #[arg(long, value_name = "WIDTH", value_parser = width)]
    pub width: Option<f64>,
    /// Formats: svg, pdf, png or tex; by default those of the run
    #[arg(long = "format", value_name = "FORMAT", value_delimiter = ',', value_parser = drawing)]
    pub formats: Vec<Drawing>,
    /// Folder for the drawings, instead of the run's `figures`
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// What a figure is drawn as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawing {
    /// A picture.
    Format(Format),
    /// Source for pdflatex.
    Tex,
}

fn theme(text: &str) -> Result<ThemeName, String> {
    let names = ThemeName::ALL.map(|theme| (theme.name(), theme));
    word(text, "theme", &names)
}

fn drawing(text: &str) -> Result<Drawing, String> {
    let formats = Format::ALL.map(|format| (format.extension(), Drawing::Format(format)));
    word(text, "format", &[&formats[..], &[("tex", Drawing::Tex)]].concat())
}

/// One of a few words.
fn word<T: Copy>(text: &str, what: &str, allowed: &[(&str, T)]) -> Result<T, String> {
    if let Some((_, value)) = allowed.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let words: Vec<&str> = allowed.iter().map(|(word, _)| *word).collect();
    let near = nearest(&text.to_lowercase(), &words).map(|near| format!("; did you mean \"{near}\"?"));
    Err(format!("no such {what}; allowed: {}{}", any_of(&words), near.unwrap_or_default()))
}

/// A width in millimetres.
fn width(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len());
    let factor = match unit {
        "" | "mm" => 1.0,
        "cm" => 10.0,
        "in" => 25.4,
        _ => return Err(format!("\"{unit}\" is no unit of a width; allowed: mm, cm, in")),
    };
    match number.trim_end().parse::<f64>().map(|number| number * factor) {
        Ok(width) if width > 0.0 && width <= 1000.0 => Ok(width),
        _ => Err("expected a width above 0 and up to 1000 mm, as in 120mm, 12cm, 4.7in or 85".to_owned()),
    }
}

/// Shard `k` of `n`: k (from 0) and n.
fn shard(text: &str) -> Result<[u64; 2], String> {
    let wrong = || format!("\"{text}\" is no part of a whole: write k/n, as in 2/8, with k from 1 to n");
    let (k, n) = text.split_once('/').ok_or_else(wrong)?;
    match (k.parse::<u64>(), n.parse::<u64>()) {
        (Ok(k), Ok(n)) if (1..=n).contains(&k) && n <= 1_000_000 => Ok([k - 1, n]),
        _ => Err(wrong()),
    }
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// The scenario.
    #[command(flatten)]
    pub scenario: ScenarioArguments,
}

/// Arguments of `exact`.
#[derive(Debug, Args)]
pub struct ExactArguments {
    /// The scenario.
    #[command(flatten)]
    pub scenario: ScenarioArguments,
    /// Folder for summary.json, instead of the folder `exact` in the scenario's `output.dir`
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Relative error at which the meshes are fine enough
    #[arg(long, value_name = "ERROR", default_value_t = 1e-8, value_parser = tolerance)]
    pub tolerance: f64,
}

/// Arguments of `tail_index`.
#[derive(Debug, Args)]
pub struct TailIndexArguments {
    /// The sample: a column of numbers, or a matrix with a column a coordinate
    pub file: PathBuf,
    /// Folder for summary.json and the figures, instead of output/tail_index_STEM
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Column to take, by its name or its number from 1; by default all
    #[arg(long, value_name = "NAME")]
    pub column: Option<String>,
}

/// A relative error.
fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (1e-12..=0.1).contains(&value) => Ok(value),
        _ => Err(format!("\"{text}\" is no relative error between 1e-12 and 0.1")),
    }
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
        assert_eq!(run.how.threads, NonZeroUsize::new(2));
        assert!(!run.how.quiet && !run.how.strict && run.out.is_none());
    }

    #[test]
    fn shards_are_parts_of_a_whole() {
        assert_eq!(shard("1/1"), Ok([0, 1]));
        assert_eq!(shard("3/8"), Ok([2, 8]));
        for wrong in ["0/2", "3/2", "1", "a/b", "-1/2", "1/0", "1/2/3", ""] {
            assert!(shard(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn widths_have_units() {
        for (text, expected) in
            [("120mm", 120.0), ("12cm", 120.0), ("85", 85.0), ("2in", 50.8), (" 9.5 cm", 95.0)]
        {
            assert_eq!(width(text), Ok(expected), "{text}");
        }
        for wrong in ["", "mm", "0", "-3mm", "12 m", "nan", "inf", "2000", "1e9in"] {
            assert!(width(wrong).is_err(), "{wrong}");
        }
        assert!(width("12pt").unwrap_err().contains("mm, cm, in"));
    }

    #[test]
    fn themes_and_formats_are_named() {
        assert_eq!(theme("slides"), Ok(ThemeName::Slides));
        assert_eq!(drawing("tex"), Ok(Drawing::Tex));
        let error = theme("drak").unwrap_err();
        assert!(error.contains("`paper`, `slides` or `dark`") && error.contains("mean \"dark\""), "{error}");
        assert!(drawing("eps").unwrap_err().contains("`svg`, `png`, `pdf` or `tex`"));
    }

    #[test]
    fn bad_arguments_end_with_status_2() {
        for line in [
            &["levyscape", "run"][..],
            &["levyscape", "run", "a.toml", "--threads", "0"],
            &["levyscape", "chek", "a.toml"],
            &["levyscape", "check", "a.toml", "--out", "b"],
            &["levyscape", "run", "a.toml", "--shard", "3/2"],
            &["levyscape", "merge"],
            &["levyscape", "replay", "dir"],
            &["levyscape", "plot", "dir", "--width", "12pt"],
            &["levyscape", "plot", "dir", "--theme", "black"],
            &["levyscape", "plot", "dir", "--format", "svg,eps"],
        ] {
            assert_eq!(Arguments::try_parse_from(line).unwrap_err().exit_code(), 2, "{line:?}");
        }
    }
}

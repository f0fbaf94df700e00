//! `levyscape new`: a commented scenario to start from.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::scenario::is_fit_name;

const BODY: &str = r#"title = "Escape from a double well"

# The equation is dX = -U'(X) dt + epsilon dZ, and this is U, as in mathematics: + - * / ^, sin cos tan
# exp log sqrt abs tanh cosh sinh, if(x < 0, a, b), pi, e. The product is always written: 2*x.
[potential]
expression = "h*((x/w)^2 - 1)^2 + k*x"
parameters = { h = 1.0, w = 1.0, k = 0.1 }

# Z: "brownian" with Var Z_t = t, or "stable" with E exp(iwZ_t) = exp(-t|w|^alpha), alpha in (0, 2]; skewed with
# beta in [-1, 1]. `levyscape list` has the other noises.
[noise]
kind = "stable"
alpha = 1.5
epsilon = 0.1

# How a path is stepped: "auto" takes a scheme that cannot explode (`levyscape list` has them all). Without a step the
# program chooses one.
[scheme]
kind = "auto"
# step = 1e-3

[ensemble]
paths = 10000
seed = 1
# max_time = 1e7             # a path still running then is censored, and counted as such; "inf" is allowed
# relative_error = 0.01      # instead of paths: stop once every mean's error is below this share of it

# First exit from the well on the left: time, side and place.
[[task]]
kind = "exit"
start = "minimum:1"          # a number, or a minimum, numbered from the left, from 1
domain = "basin"             # or [-3.0, 0.0] (an end may be "-inf" or "inf"), or { ball = 0.2 } around the start
# targets = [[0.9, 1.1]]     # it also stops on landing in one of these intervals
# survival_times = [5.0]     # P(T > t) at these times
landing = [[0.0, "inf"]]     # P(X_T in [lo, hi]) for these sets

# From each minimum until the delta-ball of another one.
[[task]]
kind = "transition"
from = "all"                 # or a list of minima, such as [1]
delta = 0.1

# Whole trajectories, for looking.
[[task]]
kind = "path"
start = "minimum:1"
end_time = 200.0
count = 5

# Every combination of these values is one point. Keys are the scenario's own; task.0 is the first task.
[sweep]
"noise.epsilon" = [0.2, 0.1]
# "potential.parameters.w" = { from = 0.5, to = 2.0, count = 6, spacing = "log" }

[output]
formats = ["svg", "pdf", "png"]
"#;

/// The text of a scenario of this name.
pub fn scenario(name: &str) -> String {
    format!("name = {}\n{BODY}", toml::Value::from(name))
}

/// Writes `NAME.toml` to a folder; the ending may be given with the name. Answers the path.
///
/// # Errors
/// A name that is not fit for a file, a file that is there already, a folder that cannot be written to.
pub fn write(folder: &Path, name: &str) -> io::Result<PathBuf> {
    let name = name.strip_suffix(".toml").unwrap_or(name);
    if !is_fit_name(name) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "{name:?} is no name for a scenario: write letters, digits, `_` and `-`, without a folder"
            ),
        ));
    }
    let path = folder.join(format!("{name}.toml"));
    let mut file = File::create_new(&path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            io::Error::new(error.kind(), format!("{name}.toml is there already, and is left as it is"))
        }
        kind => io::Error::new(kind, format!("cannot write {name}.toml: {error}")),
    })?;
    file.write_all(scenario(name).as_bytes())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::ScenarioFile;

    #[test]
    fn the_template_is_a_good_scenario() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["first", "second.toml", "it's \"é\" 1".replace('"', "").as_str()] {
            let path = write(folder.path(), name).unwrap();
            let file = ScenarioFile::load(&path, &[]).unwrap();
            assert_eq!(file.scenario().name, name.strip_suffix(".toml").unwrap_or(name));
            assert_eq!(file.points().len(), 2);
        }
    }

    #[test]
    fn what_the_template_comments_out_is_good_too() {
        let text: String = scenario("a")
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(rest)
                    if rest
                        .split_once(" = ")
                        .is_some_and(|(key, _)| !key.trim_matches('"').contains(' ')) =>
                {
                    format!("{rest}\n")
                }
                _ => format!("{line}\n"),
            })
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        std::fs::write(&path, text).unwrap();
        let file = ScenarioFile::load(&path, &[]).unwrap();
        assert_eq!(file.points().len(), 12);
        assert_eq!(file.scenario().ensemble.relative_error, Some(0.01));
        assert_eq!(file.scenario().scheme.step, Some(1e-3));
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.toml"), "mine").unwrap();
        assert_eq!(write(folder.path(), "a").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(folder.path().join("a.toml")).unwrap(), "mine");
        assert!(write(folder.path(), "../b").is_err());
        assert!(write(folder.path(), "").is_err());
    }
}

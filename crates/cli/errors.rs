//! Errors in what the user wrote, shown with the text that they are about.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use ariadne::{Config, Label, Report, ReportKind, Source};

/// Exit status of the program after bad input.
pub const BAD_INPUT_STATUS: u8 = 2;

/// How many errors of one scenario are shown; the rest is counted.
const SHOWN: usize = 5;

/// The text that a location refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceId {
    /// The scenario file.
    File,
    /// The `--set` argument of this index, from 0.
    Override(usize),
}

/// A part of the scenario file or of a `--set` argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Which text.
    pub source: SourceId,
    /// Bytes of that text.
    pub span: Range<usize>,
}

impl Location {
    /// A part of the scenario file.
    pub fn file(span: Range<usize>) -> Self {
        Self { source: SourceId::File, span }
    }
}

/// One error: what is wrong, where, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where; absent where there is no text to show, as for a file that cannot be read.
    pub location: Option<Location>,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What is allowed here, shown under the offending text; empty where the message says it all.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Circumstances, such as the point of the sweep.
    pub note: Option<String>,
}

impl Diagnostic {
    /// An error at a place, without help.
    pub fn new(location: &Location, message: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            location: Some(location.clone()),
            message: message.into(),
            label: label.into(),
            help: None,
            note: None,
        }
    }

    /// The same error with advice.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The texts that a scenario was read from, kept to show parts of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// The scenario file's path, as the user gave it.
    pub name: String,
    /// The file's text.
    pub text: String,
    /// The `--set` arguments.
    pub overrides: Vec<String>,
}

/// Why a command did not do what it should.
#[derive(Debug)]
pub enum Failure {
    /// The scenario is wrong.
    Scenario(ScenarioError),
    /// Some other input is wrong, in words.
    Input(String),
    /// The user stopped the run in this folder, if it has one yet.
    Interrupted(Option<PathBuf>),
    /// Anything else, in words.
    Other(String),
}

impl Failure {
    /// A file that cannot be read or written.
    pub fn file(path: &std::path::Path, error: &io::Error) -> Self {
        Self::Other(format!("{}: {error}", path.display()))
    }

    /// Says what went wrong on the standard error stream.
    pub fn eprint(&self) {
        match self {
            Self::Scenario(error) => error.eprint(),
            Self::Input(message) | Self::Other(message) => say(&format!("Error: {}", printable(message))),
            Self::Interrupted(None) => say("Interrupted: nothing was written"),
            Self::Interrupted(Some(dir)) => {
                say(&format!("Interrupted; `levyscape resume {}` goes on", dir.display()));
            }
        }
    }

    /// The exit status: 2 for bad input, 130 for an interruption, 1 for anything else.
    pub fn status(&self) -> u8 {
        match self {
            Self::Scenario(_) | Self::Input(_) => BAD_INPUT_STATUS,
            Self::Interrupted(_) => 130,
            Self::Other(_) => 1,
        }
    }
}

/// Writes a line to the standard error stream. Where that is closed there is nobody left to tell, and
/// the exit status still holds.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

impl From<ScenarioError> for Failure {
    fn from(error: ScenarioError) -> Self {
        Self::Scenario(error)
    }
}

/// What is wrong with a scenario: at least one [`Diagnostic`].
#[derive(Debug, Clone)]
pub struct ScenarioError {
    sources: Arc<Sources>,
    diagnostics: Vec<Diagnostic>,
}

impl ScenarioError {
    /// Errors about the given texts.
    pub fn new(sources: Arc<Sources>, diagnostics: Vec<Diagnostic>) -> Self {
        Self { sources, diagnostics }
    }

    /// The errors as text for people: for each its `file:line:column`, the line itself with a mark
    /// under the offending part, what is allowed and what to do. ANSI codes only if `colour`.
    pub fn report(&self, colour: bool) -> String {
        let mut out = Vec::new();
        for diagnostic in self.diagnostics.iter().take(SHOWN) {
            self.write(diagnostic, colour, &mut out);
        }
        let omitted = self.diagnostics.len().saturating_sub(SHOWN);
        let mut out = String::from_utf8_lossy(&out).into_owned();
        if omitted > 0 {
            let errors = if omitted == 1 { "error" } else { "errors" };
            out.push_str(&format!("... and {omitted} more {errors}\n"));
        }
        out
    }

    /// Writes [`ScenarioError::report`] to the standard error stream, coloured if that is a terminal
    /// and the environment does not ask for plain text (`NO_COLOR`).
    pub fn eprint(&self) {
        let mut stderr = std::io::stderr().lock();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let text = self.report(stderr.is_terminal() && !plain);
        // Where the error stream itself is closed there is nobody left to tell.
        let _ = stderr.write_all(text.as_bytes());
    }

    fn write(&self, diagnostic: &Diagnostic, colour: bool, out: &mut Vec<u8>) {
        let (name, text, span) = match &diagnostic.location {
            Some(location) => {
                let (name, text) = match location.source {
                    SourceId::File => (self.sources.name.as_str(), self.sources.text.as_str()),
                    SourceId::Override(index) => {
                        ("--set", self.sources.overrides.get(index).map_or("", String::as_str))
                    }
                };
                (printable(name), printable(text), char_span(text, &location.span))
            }
            None => {
                out.extend_from_slice(format!("Error: {}\n", printable(&diagnostic.message)).as_bytes());
                if let Some(help) = &diagnostic.help {
                    out.extend_from_slice(format!("Help: {}\n", printable(help)).as_bytes());
                }
                return;
            }
        };
        // A label without words would leave the place unmarked.
        let words = if diagnostic.label.is_empty() { "here" } else { &diagnostic.label };
        let label = Label::new((name.clone(), span.clone()))
            .with_color(ariadne::Color::Red)
            .with_message(printable(words));
        let mut report = Report::build(ReportKind::Error, (name.clone(), span))
            .with_config(Config::new().with_color(colour))
            .with_message(printable(&diagnostic.message))
            .with_label(label);
        if let Some(help) = &diagnostic.help {
            report = report.with_help(printable(help));
        }
        if let Some(note) = &diagnostic.note {
            report = report.with_note(printable(note));
        }
        // Writing to memory does not fail.
        let _ = report.finish().write((name, Source::from(text)), out);
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.report(false))
    }
}

impl std::error::Error for ScenarioError {}

/// A byte span as a span of characters; a byte inside a character counts as that character's end.
fn char_span(text: &str, span: &Range<usize>) -> Range<usize> {
    let chars_before = |byte: usize| text.char_indices().take_while(|(at, _)| *at < byte).count();
    let start = chars_before(span.start);
    start..chars_before(span.end).max(start)
}

/// The text with every character that would move the cursor, or that only some programs take for the
/// end of a line, replaced by a blank: the number of characters and of lines stays as an editor
/// counts them.
fn printable(text: &str) -> String {
    let mut chars = text.chars().peekable();
    let mut out = String::with_capacity(text.len());
    while let Some(c) = chars.next() {
        let keep = match c {
            '\n' | '\t' => true,
            '\r' => chars.peek() == Some(&'\n'),
            // Line and paragraph separators, and the marks that reverse the direction of writing.
            '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => false,
            c => !c.is_control(),
        };
        out.push(if keep { c } else { ' ' });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str, span: Range<usize>) -> ScenarioError {
        let sources =
            Sources { name: "dir/s.toml".into(), text: text.into(), overrides: vec!["a=é2".into()] };
        let diagnostic = Diagnostic::new(&Location::file(span), "wrong", "a number").with_help("write 1");
        ScenarioError::new(Arc::new(sources), vec![diagnostic])
    }

    #[test]
    fn a_report_has_place_text_and_help() {
        let text = error("a = 1\nb = é x\n", 13..14).to_string();
        for part in ["dir/s.toml:2:7", "b = é x", "wrong", "a number", "write 1"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn the_place_is_marked_without_a_label_too() {
        for span in [10..11, 13..14, 14..14, 15..15] {
            let mut error = error("a = 1\nb = é x\n", span.clone());
            error.diagnostics[0].label.clear();
            let text = error.to_string();
            assert!(text.lines().any(|line| line.ends_with("─ here")), "{span:?}: {text}");
        }
    }

    #[test]
    fn colour_is_ansi() {
        assert!(error("a = 1\n", 4..5).report(true).contains('\u{1b}'));
    }

    #[test]
    fn no_span_can_panic() {
        for text in ["", "é", "a\n", "a\r\nb", "a\u{2028}b\u{85}\rc\n", "a = [\n1,\n2]\n"] {
            for start in 0..text.len() + 3 {
                for end in [start, start + 1, start + 5] {
                    assert!(error(text, start..end).to_string().contains("s.toml:"));
                }
            }
        }
    }

    #[test]
    fn a_line_separator_or_an_escape_code_is_not_passed_on() {
        let text = error("a\u{2028}b = \u{1b}[31m\nc = 2\n", 20..21).to_string();
        assert!(text.contains("s.toml:2:"), "{text}");
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn many_errors_are_counted() {
        let mut error = error("a = 1\n", 4..5);
        error.diagnostics = vec![error.diagnostics[0].clone(); SHOWN + 2];
        assert!(error.to_string().contains("... and 2 more errors"));
    }
}

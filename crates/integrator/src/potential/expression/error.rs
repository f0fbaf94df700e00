//! What is wrong with the text of an expression, and where.

use std::ops::Range;

/// A fault in the text of an expression, or in a name or value that was given with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// The faulty part of the text, in bytes. It is `0..0` where the fault is in the name or value of
    /// a variable or parameter that the text does not mention.
    pub span: Range<usize>,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to write instead, or what is allowed here.
    pub help: Option<String>,
}

impl ExpressionError {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

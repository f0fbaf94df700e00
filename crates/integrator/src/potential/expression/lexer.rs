//! The text of an expression cut into tokens.

use std::ops::Range;

use super::error::ExpressionError;

/// The kind of a token; names are read from the text by their span.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum TokenKind {
    Number(f64),
    Name,
    /// One of `+ - * / ^ ( ) ,`.
    Symbol(char),
    End,
}

#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Range<usize>,
}

/// Whether a name may begin with the character.
pub(super) fn begins_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// Whether a name may go on with the character.
pub(super) fn continues_name(c: char) -> bool {
    begins_name(c) || c.is_ascii_digit()
}

/// All tokens, the last of which is [`TokenKind::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, ExpressionError> {
    let mut tokens = Vec::new();
    let mut position = 0;
    while let Some(first) = text[position..].chars().next() {
        let start = position;
        let rest = &text[start..];
        let (kind, length) = match first {
            c if c.is_whitespace() => {
                position += c.len_utf8();
                continue;
            }
            '0'..='9' | '.' => number(rest, start)?,
            c if begins_name(c) => (TokenKind::Name, rest.find(|c| !continues_name(c)).unwrap_or(rest.len())),
            '*' if rest.starts_with("**") => {
                return Err(ExpressionError::new(start..start + 2, "there is no operator `**`")
                    .help("a power is written with `^`, as in `x^2`"));
            }
            '+' | '-' | '*' | '/' | '^' | '(' | ')' | ',' => (TokenKind::Symbol(first), 1),
            _ => return Err(unexpected_character(first, start)),
        };
        position += length;
        tokens.push(Token { kind, span: start..position });
    }
    tokens.push(Token { kind: TokenKind::End, span: text.len()..text.len() });
    Ok(tokens)
}

/// The number at the beginning of `rest`, and its length.
fn number(rest: &str, start: usize) -> Result<(TokenKind, usize), ExpressionError> {
    let bytes = rest.as_bytes();
    let digits_from = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut length = digits_from(0);
    if bytes.get(length) == Some(&b'.') {
        length += 1;
        length += digits_from(length);
    }
    // Without digits after it, `e` is the constant (and `2e` a product with its sign left out).
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        let digits = bytes.get(length + 1 + sign..).map_or(0, |_| digits_from(length + 1 + sign));
        if digits > 0 {
            length += 1 + sign + digits;
        }
    }
    let malformed = bytes.get(length) == Some(&b'.');
    let whole = if malformed {
        rest.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(rest.len()).max(length)
    } else {
        length
    };
    let span = start..start + whole;
    match rest[..whole].parse::<f64>() {
        Ok(value) if value.is_finite() => Ok((TokenKind::Number(value), whole)),
        Ok(_) => Err(ExpressionError::new(span, format!("`{}` is too large a number", &rest[..whole]))
            .help(format!("the largest is about {:e}", f64::MAX))),
        Err(_) => Err(ExpressionError::new(span, format!("`{}` is not a number", &rest[..whole]))
            .help("numbers are written as in `2`, `0.5`, `.5` or `1e-3`")),
    }
}

fn unexpected_character(c: char, start: usize) -> ExpressionError {
    let help = match c {
        '−' | '–' | '—' => "the minus sign is `-`",
        '×' | '·' | '⋅' | '∙' => "a product is written with `*`",
        '÷' | ':' => "a quotient is written with `/`",
        '²' => "a square is written `^2`",
        '³' => "a cube is written `^3`",
        '√' => "a square root is written `sqrt(...)`",
        '[' | ']' | '{' | '}' => "only round brackets `( )` are used",
        '|' => "an absolute value is written `abs(...)`",
        _ => "an expression has numbers, names, `+ - * / ^`, brackets and commas between arguments",
    };
    let shown = if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    ExpressionError::new(start..start + c.len_utf8(), format!("unexpected character `{shown}`")).help(help)
}

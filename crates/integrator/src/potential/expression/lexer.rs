//! The text of an expression cut into tokens.

use std::ops::Range;

use super::error::ExpressionError;
use super::operation::{WORDS, Word};

/// The kind of a token; names are read from the text by their span.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum TokenKind {
    Number(f64),
    Name,
    /// One of `+ - * / ^ ( ) ,`.
    Symbol(char),
    Comparison(Comparison),
    Word(Word),
    End,
}

/// `<`, `<=`, `>` or `>=`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Comparison {
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
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
            c if begins_name(c) => {
                let length = rest.find(|c| !continues_name(c)).unwrap_or(rest.len());
                let word = WORDS.iter().find(|word| word.0 == &rest[..length]);
                (word.map_or(TokenKind::Name, |word| TokenKind::Word(word.1)), length)
            }
            '*' if rest.starts_with("**") => {
                return Err(ExpressionError::new(start..start + 2, "there is no operator `**`")
                    .help("a power is written with `^`, as in `x^2`"));
            }
            '+' | '-' | '*' | '/' | '^' | '(' | ')' | ',' => (TokenKind::Symbol(first), 1),
            '<' | '>' | '=' | '!' | '&' | '|' => comparison(rest, start)?,
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

/// The comparison at the beginning of `rest`, or the error that another language's operator is.
fn comparison(rest: &str, start: usize) -> Result<(TokenKind, usize), ExpressionError> {
    const OTHERS: [(&str, &str); 6] = [
        ("==", "conditions compare by `<`, `<=`, `>` and `>=`"),
        ("!=", "conditions compare by `<`, `<=`, `>` and `>=`"),
        ("=<", "it is written `<=`"),
        ("=>", "it is written `>=`"),
        ("&&", "conditions are joined by `and`"),
        ("||", "conditions are joined by `or`"),
    ];
    if let Some((operator, help)) = OTHERS.iter().find(|other| rest.starts_with(other.0)) {
        return Err(ExpressionError::new(
            start..start + operator.len(),
            format!("there is no operator `{operator}`"),
        )
        .help(*help));
    }
    for (text, comparison) in [
        ("<=", Comparison::LessEqual),
        (">=", Comparison::GreaterEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ] {
        if rest.starts_with(text) {
            return Ok((TokenKind::Comparison(comparison), text.len()));
        }
    }
    Err(unexpected_character(rest.chars().next().unwrap_or_default(), start))
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
        '=' => "conditions compare by `<`, `<=`, `>` and `>=`",
        '!' => "the opposite of a condition is written `not`",
        '&' => "conditions are joined by `and`",
        '?' => "a choice is written `if(condition, a, b)`",
        '≤' => "it is written `<=`",
        '≥' => "it is written `>=`",
        '|' => "an absolute value is written `abs(...)`",
        _ => {
            "an expression has numbers, names, `+ - * / ^`, brackets, commas between arguments, and `< <= > >=`"
        }
    };
    let shown = if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    ExpressionError::new(start..start + c.len_utf8(), format!("unexpected character `{shown}`")).help(help)
}

//! Formulas of the scenario, and captions with a little TeX, as HTML.

use levyscape_analyzer::figure::text;
use maud::{Markup, PreEscaped, html};

/// Brackets deeper than this are shown as they were typed.
const DEEPEST: usize = 40;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'a> {
    Number(&'a str),
    Name(&'a str),
    Sign(char),
}

/// A formula in the language of scenarios, its powers raised and its products with a dot.
///
/// It shows the text and judges nothing: what it cannot read it shows as it was typed.
pub fn formula(text: &str) -> Markup {
    let typed = || html! { code { (text) } };
    let Some(tokens) = tokens(text) else { return typed() };
    let mut out = String::new();
    match typeset(&tokens, 0, &mut out) {
        Some(()) => html! { span.formula { (PreEscaped(out)) } },
        None => typed(),
    }
}

fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let bytes = text.as_bytes();
    let run = |from: usize, keep: fn(&u8) -> bool| {
        from + bytes[from..].iter().take_while(|byte| keep(byte)).count()
    };
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let mut end = at + 1;
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {}
            b'0'..=b'9' | b'.' => {
                end = run(at, |byte| matches!(byte, b'0'..=b'9' | b'.'));
                if matches!(bytes.get(end), Some(b'e' | b'E')) {
                    let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
                    let exponent = run((end + 1 + sign).min(bytes.len()), u8::is_ascii_digit);
                    if exponent > end + 1 + sign {
                        end = exponent;
                    }
                }
                tokens.push(Token::Number(&text[at..end]));
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                end = run(at, |byte| byte.is_ascii_alphanumeric() || *byte == b'_');
                tokens.push(Token::Name(&text[at..end]));
            }
            b'+' | b'-' | b'*' | b'/' | b'^' | b'(' | b')' | b',' => {
                tokens.push(Token::Sign(char::from(byte)))
            }
            _ => return None,
        }
        at = end;
    }
    Some(tokens)
}

/// One past the bracket that closes the one at `open`.
fn after_bracket(tokens: &[Token<'_>], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, token) in tokens.get(open..)?.iter().enumerate() {
        match token {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(open + offset + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// One past the exponent that begins at `from`: signs, an atom, and the powers of it.
fn after_exponent(tokens: &[Token<'_>], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(Token::Sign('+' | '-')) = tokens.get(at) {
        at += 1;
    }
    let end = match (tokens.get(at)?, tokens.get(at + 1)) {
        (Token::Name(_), Some(Token::Sign('('))) => after_bracket(tokens, at + 1)?,
        (Token::Sign('('), _) => after_bracket(tokens, at)?,
        (Token::Sign(_), _) => return None,
        _ => at + 1,
    };
    match tokens.get(end) {
        Some(Token::Sign('^')) => after_exponent(tokens, end + 1),
        _ => Some(end),
    }
}

fn typeset(tokens: &[Token<'_>], depth: usize, out: &mut String) -> Option<()> {
    if depth > DEEPEST {
        return None;
    }
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let binary =
            at > 0 && !matches!(tokens[at - 1], Token::Sign('+' | '-' | '*' | '/' | '^' | '(' | ','));
        at += 1;
        match token {
            Token::Number(digits) => out.push_str(&digits.replace('-', "−")),
            Token::Name("pi") => out.push('π'),
            Token::Name(name) => {
                let function = matches!(tokens.get(at), Some(Token::Sign('(')));
                let written = if function {
                    html! { (*name) }
                } else {
                    html! { i { (*name) } }
                };
                out.push_str(&written.into_string());
            }
            Token::Sign('^') => {
                let end = after_exponent(tokens, at)?;
                let mut exponent = tokens.get(at..end)?;
                if exponent.first() == Some(&Token::Sign('('))
                    && after_bracket(exponent, 0) == Some(exponent.len())
                {
                    exponent = &exponent[1..exponent.len() - 1];
                }
                out.push_str("<sup>");
                typeset(exponent, depth + 1, out)?;
                out.push_str("</sup>");
                at = end;
            }
            Token::Sign('-') => out.push_str(if binary { " − " } else { "−" }),
            Token::Sign('+') => out.push_str(if binary { " + " } else { "+" }),
            Token::Sign('*') => out.push('·'),
            Token::Sign(',') => out.push_str(", "),
            Token::Sign(other) => out.push(*other),
        }
    }
    Some(())
}

/// A figure's caption: text with TeX between dollar signs, as `figure::text` reads it.
pub fn caption(text: &str) -> Markup {
    match text::html(text) {
        Ok(read) => PreEscaped(read),
        Err(_) => html! { (text) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas() {
        for (text, html) in [
            (
                "h*((x/w)^2 - 1)^2 + k*x",
                "<i>h</i>·((<i>x</i>/<i>w</i>)<sup>2</sup> − 1)<sup>2</sup> + <i>k</i>·<i>x</i>",
            ),
            ("-x^2", "−<i>x</i><sup>2</sup>"),
            ("2^3^2", "2<sup>3<sup>2</sup></sup>"),
            ("2^-x", "2<sup>−<i>x</i></sup>"),
            ("x^(a+1)*exp(-x)", "<i>x</i><sup><i>a</i> + 1</sup>·exp(−<i>x</i>)"),
            ("1e-3*pi", "1e−3·π"),
            ("min(x, 2)^sin(x)", "min(<i>x</i>, 2)<sup>sin(<i>x</i>)</sup>"),
        ] {
            assert_eq!(
                formula(text).into_string(),
                format!("<span class=\"formula\">{html}</span>"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_formula_is_shown_as_typed() {
        for text in ["x^", "(x", "x ? <b>", "x^(2", "2^^2"] {
            let shown = formula(text).into_string();
            assert!(!shown.contains("<b>"), "{shown}");
        }
        assert_eq!(formula("x^").into_string(), "<code>x^</code>");
        let deep = "2^".repeat(1000) + "2";
        assert!(formula(&deep).into_string().starts_with("<code>"));
    }

    #[test]
    fn captions() {
        assert_eq!(
            caption(r"Mean $\mathbb{E}\,\tau \sim \varepsilon^{-\alpha}$ < 5\$").into_string(),
            "Mean 𝔼 <i>τ</i> ~ <i>ε</i><sup>−<i>α</i></sup> &lt; 5$"
        );
        assert_eq!(caption("$x_1^2$").into_string(), "<i>x</i><sub>1</sub><sup>2</sup>");
        assert_eq!(caption(r"open $x^{2").into_string(), r"open $x^{2");
    }
}

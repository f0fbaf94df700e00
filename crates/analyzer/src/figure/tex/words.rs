//! The markup of labels as LaTeX.

use super::super::FigureError;
use super::super::font::Cut;
use super::super::text::{DOUBLE_STRUCK, FUNCTIONS, Node, Piece, SYMBOLS, pieces};

/// A text in LaTeX: formulas between dollar signs, everything else protected.
pub(super) fn latex(text: &str) -> Result<String, FigureError> {
    let mut out = String::new();
    for piece in pieces(text)? {
        match piece {
            Piece::Prose(words) => words.chars().for_each(|character| prose(character, &mut out)),
            Piece::Formula(nodes) => {
                let formula = formula(&nodes, false);
                // An empty formula would open a displayed one.
                if !formula.is_empty() {
                    out.push_str(&format!("${formula}$"));
                }
            }
        }
    }
    Ok(out)
}

/// Accented letters of the T1 encoding, beside those of Latin-1.
const LETTERS: &str = "ĂăĄąĆćČčĎďĐđĘęĚěĞğİıĹĺĽľŁłŃńŇňŐőŒœŔŕŘřŚśŞşŠšŢţŤťŮůŰűŸŹźŻżŽž–—‘’“”„…†‡•";

fn prose(character: char, out: &mut String) {
    match character {
        '\\' => out.push_str("\\textbackslash{}"),
        '~' => out.push_str("\\textasciitilde{}"),
        '^' => out.push_str("\\textasciicircum{}"),
        '%' | '&' | '#' | '_' | '{' | '}' | '$' => out.extend(['\\', character]),
        ' '..='~' => out.push(character),
        '\u{a0}' => out.push('~'),
        _ if character.is_whitespace() => out.push(' '),
        '²' => out.push_str("$^{2}$"),
        '³' => out.push_str("$^{3}$"),
        '°' => out.push_str("$^{\\circ}$"),
        '‰' => out.push_str("\\textperthousand{}"),
        _ if ('À'..='ÿ').contains(&character) && !"×÷".contains(character) => out.push(character),
        _ if LETTERS.contains(character) => out.push(character),
        _ => match command(character) {
            Some(command) => out.push_str(&format!("${command}$")),
            // Nothing is dropped in silence: a character that pdflatex has not is named.
            None if !character.is_control() => {
                out.push_str(&format!("[U+{:04X}]", u32::from(character)));
            }
            None => {}
        },
    }
}

/// A symbol in a formula.
fn command(symbol: char) -> Option<String> {
    let name = match symbol {
        '\u{2212}' => return Some("-".into()),
        '‖' => return Some("\\|".into()),
        'ε' => "varepsilon",
        'φ' => "varphi",
        '√' => "surd",
        '÷' => "div",
        '·' => "cdot",
        _ => SYMBOLS.iter().find(|(_, known)| known.chars().eq([symbol])).map(|(name, _)| *name)?,
    };
    Some(format!("\\{name}"))
}

fn formula(nodes: &[Node], script: bool) -> String {
    let mut out = String::new();
    for node in nodes {
        match node {
            Node::Glyphs(text, cut) => glyphs(text, *cut, script, &mut out),
            // The other widths are those that TeX itself sets around operators and after commas.
            Node::Space(width) => {
                let spaces = [(0.17, "\\,"), (0.22, "\\:"), (0.28, "\\;"), (-0.17, "\\!"), (1.0, "\\quad")];
                if let Some((_, space)) = spaces.iter().find(|(known, _)| known == width) {
                    push(&mut out, space);
                }
            }
            Node::Scripts { base, sup, sub } => {
                match &base[..] {
                    [Node::Glyphs(text, _)] if text.chars().count() == 1 => {
                        push(&mut out, &formula(base, script));
                    }
                    _ => push(&mut out, &format!("{{{}}}", formula(base, script))),
                }
                for (mark, nodes) in [('_', sub), ('^', sup)] {
                    if !nodes.is_empty() {
                        out.push_str(&format!("{mark}{{{}}}", formula(nodes, true)));
                    }
                }
            }
            Node::Accent(base, accent) => {
                let name = match accent {
                    'ˆ' => "hat",
                    '˜' => "tilde",
                    _ => "bar",
                };
                push(&mut out, &format!("\\{name}{{{}}}", formula(base, script)));
            }
        }
    }
    out
}

fn glyphs(text: &str, cut: Cut, script: bool, out: &mut String) {
    let alphabet = match cut {
        Cut::Italic => None,
        Cut::Regular => Some("mathrm"),
        Cut::Bold => Some("mathbf"),
        Cut::Blackboard => {
            let plain =
                |c: char| DOUBLE_STRUCK.iter().find(|(_, struck)| *struck == c).map(|(plain, _)| *plain);
            return push(out, &format!("\\mathbb{{{}}}", text.chars().filter_map(plain).collect::<String>()));
        }
    };
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_ascii_alphanumeric() || (c == ' ' && cut != Cut::Italic);
        let begins = first.is_ascii_alphabetic() || (first.is_ascii_digit() && cut == Cut::Bold);
        let length = match alphabet {
            Some(_) if begins => rest.find(|c| !word(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (run, after) = rest.split_at(length);
        rest = after;
        match alphabet {
            Some(_) if begins && FUNCTIONS.contains(&run) => {
                push(out, &format!("\\{run}"));
            }
            Some(alphabet) if begins => push(out, &format!("\\{alphabet}{{{}}}", run.replace(' ', "\\ "))),
            _ => symbol(first, script, out),
        }
    }
}

fn symbol(character: char, script: bool, out: &mut String) {
    match character {
        ' ' => push(out, "\\ "),
        '\\' => push(out, "\\backslash"),
        '^' => push(out, "\\hat{}"),
        '~' => push(out, "\\sim"),
        '′' => push(out, if script { "\\prime" } else { "{}'" }),
        '%' | '&' | '#' | '_' | '{' | '}' | '$' => push(out, &format!("\\{character}")),
        ' '..='~' => push(out, &character.to_string()),
        _ => match command(character) {
            Some(command) => push(out, &command),
            None => {
                let mut words = String::new();
                prose(character, &mut words);
                push(out, &format!("\\text{{{words}}}"));
            }
        },
    }
}

/// Adds to a formula; a letter must not become part of the command before it.
fn push(out: &mut String, token: &str) {
    let letters = out.len() - out.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len();
    let after_command = letters > 0 && out[..out.len() - letters].ends_with('\\');
    if after_command && token.starts_with(|c: char| c.is_ascii_alphabetic()) {
        out.push(' ');
    }
    out.push_str(token);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_tex_again() {
        for (text, expected) in [
            (r"noise intensity $\varepsilon$", r"noise intensity $\varepsilon$"),
            (
                r"$\mathbb{E}\,\tau \sim \varepsilon^{-\alpha}$",
                r"$\mathbb{E}\,\tau\sim\varepsilon^{-\alpha}$",
            ),
            (r"$q_{12}^{(n)}$", r"$q_{12}^{(n)}$"),
            (r"$T = 10^{-3}$ s", r"$T=10^{-3}$ s"),
            (r"$\log T$, $\alpha x$", r"$\log\,T$, $\alpha x$"),
            (r"$\mathrm{mean exit}$", r"$\mathrm{mean\ exit}$"),
            (r"$\hat{\sigma}^2$", r"${\hat{\sigma}}^{2}$"),
            (r"50 % & more_or #1 {x}", r"50 \% \& more\_or \#1 \{x\}"),
            ("α of Lévy – 10²", r"$\alpha$ of Lévy – 10$^{2}$"),
            ("\u{2212}0.5 中", "$-$0.5 [U+4E2D]"),
            (r"5\$ \\ day $$", r"5\$ \textbackslash{} day "),
        ] {
            assert_eq!(latex(text).unwrap(), expected, "{text}");
        }
        assert!(latex("$x").is_err());
    }
}

//! Text with formulas: a small part of TeX's notation, measured with the embedded fonts.
//!
//! Outside `$...$` everything is upright and literal, except that `\$` is a dollar sign and `\\` a
//! backslash. Inside, as in TeX: letters are italic, digits and operators upright, spaces do not
//! count, `^` and `_` raise and lower the next character or `{...}` group, `-` is a true minus sign.
//!
//! | written | drawn |
//! | --- | --- |
//! | `\alpha` ... `\omega`, `\Gamma` ... | Greek; `\varepsilon` and `\epsilon` are the same letter |
//! | `\mathrm{...}`, `\text{...}` | upright, spaces kept |
//! | `\mathbf{...}` | bold |
//! | `\mathbb{...}` | double-struck: E, N, P, Q, R, Z |
//! | `\log \ln \exp \min \max \sin \cos \tan \lim \Pr` ... | names of functions |
//! | `\times \cdot \pm \le \ge \ne \approx \sim \equiv \to \infty \partial \sum \int \sqrt` ... | symbols |
//! | `\hat{x} \bar{x} \tilde{x}` | accents |
//! | `\, \; \quad` and `\ ` | spaces |

use super::FigureError;
use super::font::{Cut, shape};

/// Commands that stand for characters.
pub(super) const SYMBOLS: &[(&str, &str)] = &[
    ("alpha", "α"),
    ("beta", "β"),
    ("gamma", "γ"),
    ("delta", "δ"),
    ("epsilon", "ε"),
    ("varepsilon", "ε"),
    ("zeta", "ζ"),
    ("eta", "η"),
    ("theta", "θ"),
    ("iota", "ι"),
    ("kappa", "κ"),
    ("lambda", "λ"),
    ("mu", "μ"),
    ("nu", "ν"),
    ("xi", "ξ"),
    ("pi", "π"),
    ("rho", "ρ"),
    ("sigma", "σ"),
    ("tau", "τ"),
    ("upsilon", "υ"),
    ("phi", "φ"),
    ("varphi", "φ"),
    ("chi", "χ"),
    ("psi", "ψ"),
    ("omega", "ω"),
    ("Gamma", "Γ"),
    ("Delta", "Δ"),
    ("Theta", "Θ"),
    ("Lambda", "Λ"),
    ("Xi", "Ξ"),
    ("Pi", "Π"),
    ("Sigma", "Σ"),
    ("Phi", "Φ"),
    ("Psi", "Ψ"),
    ("Omega", "Ω"),
    ("ell", "ℓ"),
    ("infty", "∞"),
    ("partial", "∂"),
    ("sum", "∑"),
    ("prod", "∏"),
    ("int", "∫"),
    ("sqrt", "√"),
    ("times", "×"),
    ("cdot", "·"),
    ("pm", "±"),
    ("le", "≤"),
    ("leq", "≤"),
    ("ge", "≥"),
    ("geq", "≥"),
    ("ne", "≠"),
    ("neq", "≠"),
    ("approx", "≈"),
    ("sim", "~"),
    ("equiv", "≡"),
    ("to", "→"),
    ("rightarrow", "→"),
    ("leftarrow", "←"),
    ("leftrightarrow", "↔"),
    ("uparrow", "↑"),
    ("downarrow", "↓"),
    ("dots", "…"),
    ("ldots", "…"),
    ("circ", "°"),
    ("dagger", "†"),
    ("prime", "′"),
    ("langle", "‹"),
    ("rangle", "›"),
];

pub(super) const FUNCTIONS: &[&str] = &[
    "log", "ln", "exp", "min", "max", "sup", "inf", "sin", "cos", "tan", "sinh", "cosh", "tanh", "lim",
    "det", "arg", "Pr",
];

/// Letters of `\mathbb` and the characters they become.
pub(super) const DOUBLE_STRUCK: &[(char, char)] =
    &[('E', '𝔼'), ('N', 'ℕ'), ('P', 'ℙ'), ('Q', 'ℚ'), ('R', 'ℝ'), ('Z', 'ℤ')];

/// Height above the baseline that a line of text is given, in ems: a little over a capital letter.
const ASCENT: f64 = 0.75;
/// Depth below the baseline that a line of text is given, in ems.
const DESCENT: f64 = 0.21;
const SCRIPT_SCALE: f64 = 0.70;
const SCRIPT_RISE: f64 = 0.36;
const SCRIPT_DROP: f64 = 0.17;
/// Scripts of scripts do not shrink below this share of the base size.
const SMALLEST_SCALE: f64 = 0.56;

/// A stretch of glyphs of one cut and size.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Run {
    pub text: String,
    pub cut: Cut,
    /// Size of the em (mm).
    pub size: f64,
    /// Start, from the left end of the line (mm).
    pub x: f64,
    /// Height of its baseline above the baseline of the line (mm).
    pub rise: f64,
}

/// A measured line of text (mm).
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Line {
    /// The text as it was written.
    pub source: String,
    /// Size of its em (mm).
    pub size: f64,
    pub runs: Vec<Run>,
    pub width: f64,
    /// Above the baseline.
    pub ascent: f64,
    /// Below the baseline.
    pub descent: f64,
}

impl Line {
    pub(super) fn height(&self) -> f64 {
        self.ascent + self.descent
    }
}

/// Protects a literal text, such as a name that a user chose, from being read as markup.
///
/// ```
/// assert_eq!(levyscape_analyzer::figure::text::escape(r"5 $ \ day"), r"5 \$ \\ day");
/// ```
pub fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('$', "\\$")
}

/// Text without its markup, for places that take no formulas: descriptions, table cells.
///
/// # Errors
/// [`FigureError::Markup`] as when the text is drawn.
///
/// ```
/// use levyscape_analyzer::figure::text::plain;
/// assert_eq!(plain(r"exit time $\mathrm{E}\,\tau$").unwrap(), "exit time E τ");
/// ```
pub fn plain(text: &str) -> Result<String, FigureError> {
    fn collect(nodes: &[Node], out: &mut String) {
        for node in nodes {
            match node {
                Node::Glyphs(text, _) => out.push_str(text),
                Node::Space(width) if *width > 0.12 => out.push(' '),
                Node::Space(_) => {}
                Node::Scripts { base, sup, sub } => {
                    collect(base, out);
                    for (mark, script) in [('_', sub), ('^', sup)] {
                        if !script.is_empty() {
                            out.push(mark);
                            collect(script, out);
                        }
                    }
                }
                Node::Accent(base, _) => collect(base, out),
            }
        }
    }
    let mut out = String::new();
    collect(&parse(text)?, &mut out);
    Ok(out)
}

/// The text as HTML: italic letters in `<i>`, bold ones in `<b>`, indices in `<sub>` and `<sup>`; for captions on a page.
///
/// # Errors
///
/// Markup that cannot be read.
///
/// ```
/// use levyscape_analyzer::figure::text::html;
/// assert_eq!(html(r"time $\mathbb{E}\,T_1$").unwrap(), "time 𝔼 <i>T</i><sub>1</sub>");
/// ```
pub fn html(text: &str) -> Result<String, FigureError> {
    fn collect(nodes: &[Node], out: &mut String) {
        for node in nodes {
            match node {
                Node::Glyphs(text, cut) => {
                    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                    match cut {
                        Cut::Regular | Cut::Blackboard => out.push_str(&escaped),
                        Cut::Italic => enclosed("i", out, |out| out.push_str(&escaped)),
                        Cut::Bold => enclosed("b", out, |out| out.push_str(&escaped)),
                    }
                }
                Node::Space(width) if *width > 0.12 => out.push(' '),
                Node::Space(_) => {}
                Node::Scripts { base, sup, sub } => {
                    collect(base, out);
                    for (tag, script) in [("sub", sub), ("sup", sup)] {
                        if !script.is_empty() {
                            enclosed(tag, out, |out| collect(script, out));
                        }
                    }
                }
                Node::Accent(base, _) => collect(base, out),
            }
        }
    }
    fn enclosed(tag: &str, out: &mut String, write: impl FnOnce(&mut String)) {
        out.push_str(&format!("<{tag}>"));
        write(out);
        out.push_str(&format!("</{tag}>"));
    }
    let mut out = String::new();
    collect(&parse(text)?, &mut out);
    Ok(out)
}

/// Measures a line of text at this size of the em (mm).
pub(super) fn set(text: &str, size: f64) -> Result<Line, FigureError> {
    set_cut(text, size, false)
}

/// How wide a text is (mm) at a size (pt), for those who arrange words before they are drawn; `None` for markup
/// that cannot be read.
pub(crate) fn width_mm(text: &str, size_pt: f64) -> Option<f64> {
    set(text, size_pt * super::theme::MM_PER_POINT).ok().map(|line| line.width)
}

/// As [`set`], upright text outside formulas in bold.
pub(super) fn set_bold(text: &str, size: f64) -> Result<Line, FigureError> {
    set_cut(text, size, true)
}

fn set_cut(text: &str, size: f64, bold: bool) -> Result<Line, FigureError> {
    let mut line = Line {
        source: text.to_string(),
        size,
        ascent: ASCENT * size,
        descent: DESCENT * size,
        ..Line::default()
    };
    let nodes = parse(text)?;
    line.width = place(&nodes, Place { size, base: size, rise: 0.0, bold }, 0.0, &mut line)?;
    Ok(line)
}

/// Measures text, made smaller if it would otherwise be wider than `room` (mm).
pub(super) fn set_within(text: &str, size: f64, room: f64) -> Result<Line, FigureError> {
    let line = set(text, size)?;
    if line.width > room && room > 0.0 { set(text, size * room / line.width) } else { Ok(line) }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Glyphs(String, Cut),
    Space(f64),
    Scripts { base: Vec<Node>, sup: Vec<Node>, sub: Vec<Node> },
    Accent(Vec<Node>, char),
}

#[derive(Clone, Copy)]
struct Place {
    size: f64,
    base: f64,
    rise: f64,
    bold: bool,
}

fn place(nodes: &[Node], at: Place, start: f64, line: &mut Line) -> Result<f64, FigureError> {
    let mut x = start;
    for node in nodes {
        match node {
            Node::Space(width) => x += width * at.size,
            Node::Glyphs(text, cut) => {
                let cut = if at.bold && *cut == Cut::Regular { Cut::Bold } else { *cut };
                x += push_run(text, cut, at, x, line)?;
            }
            Node::Scripts { base, sup, sub } => {
                x = place(base, at, x, line)?;
                let slanted = matches!(base.last(), Some(Node::Glyphs(_, Cut::Italic)));
                let size = (at.size * SCRIPT_SCALE).max(at.base * SMALLEST_SCALE).min(at.size);
                let mut end = x;
                // One above the other they need more room.
                let apart = if sup.is_empty() || sub.is_empty() { 0.0 } else { 0.08 };
                if !sup.is_empty() {
                    let lean = if slanted { 0.06 } else { 0.02 } * at.size;
                    let inner = Place { size, rise: at.rise + (SCRIPT_RISE + apart) * at.size, ..at };
                    end = end.max(place(sup, inner, x + lean, line)?);
                }
                if !sub.is_empty() {
                    let inner = Place { size, rise: at.rise - (SCRIPT_DROP + apart) * at.size, ..at };
                    end = end.max(place(sub, inner, x + 0.01 * at.size, line)?);
                }
                x = end + 0.03 * at.size;
            }
            Node::Accent(base, accent) => {
                let end = place(base, at, x, line)?;
                let tall = matches!(base.first(), Some(Node::Glyphs(text, _))
                    if text.starts_with(|c: char| c.is_uppercase() || "bdfhklδθλβ".contains(c)));
                let accent = accent.to_string();
                let (_, width) = shape(Cut::Regular, &accent)?;
                let lean = if tall { 0.08 } else { 0.03 } * at.size;
                let raised = Place { rise: at.rise + if tall { 0.2 } else { 0.0 } * at.size, ..at };
                push_run(&accent, Cut::Regular, raised, (x + end - width * at.size) / 2.0 + lean, line)?;
                x = end;
            }
        }
    }
    Ok(x)
}

/// Adds glyphs to a line and returns their width. Spaces at the ends of a run become distance, since
/// SVG viewers leave them out.
fn push_run(text: &str, cut: Cut, at: Place, x: f64, line: &mut Line) -> Result<f64, FigureError> {
    let (_, width) = shape(cut, text)?;
    let visible = text.trim_start_matches(' ');
    let (_, indent) = shape(cut, &text[..text.len() - visible.len()])?;
    let visible = visible.trim_end_matches(' ');
    if !visible.is_empty() {
        line.ascent = line.ascent.max(at.rise + ASCENT * at.size);
        line.descent = line.descent.max(DESCENT * at.size - at.rise);
        line.runs.push(Run {
            text: visible.to_string(),
            cut,
            size: at.size,
            x: x + indent * at.size,
            rise: at.rise,
        });
    }
    Ok(width * at.size)
}

/// A stretch of a text.
pub(super) enum Piece {
    /// Literal characters.
    Prose(String),
    /// What stands between dollar signs.
    Formula(Vec<Node>),
}

/// The stretches of a text, in order.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, FigureError> {
    Parser { source: text, rest: text, depth: 0 }.pieces()
}

fn parse(text: &str) -> Result<Vec<Node>, FigureError> {
    let mut nodes = Vec::new();
    for piece in pieces(text)? {
        match piece {
            Piece::Prose(words) => words.chars().for_each(|character| push_prose(&mut nodes, character)),
            Piece::Formula(inner) => nodes.extend(inner),
        }
    }
    Ok(nodes)
}

/// What a piece of a formula is, for the spaces around operators.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    Ordinary,
    Binary,
    Relation,
    Open,
    Punctuation,
}

/// Groups may nest this deep: far beyond what can be read, and short of the stack's end.
const DEEPEST: usize = 64;

struct Parser<'a> {
    source: &'a str,
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    fn fail<T>(&self, reason: impl Into<String>) -> Result<T, FigureError> {
        Err(FigureError::Markup { text: self.source.to_string(), reason: reason.into() })
    }

    fn next(&mut self) -> Option<char> {
        let character = self.rest.chars().next()?;
        self.rest = &self.rest[character.len_utf8()..];
        Some(character)
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn pieces(&mut self) -> Result<Vec<Piece>, FigureError> {
        let mut pieces = Vec::new();
        let mut words = String::new();
        while let Some(character) = self.next() {
            match character {
                '$' => {
                    if !words.is_empty() {
                        pieces.push(Piece::Prose(std::mem::take(&mut words)));
                    }
                    pieces.push(Piece::Formula(self.formula(Some('$'), Cut::Italic, false)?));
                    if self.next() != Some('$') {
                        return self.fail("a formula is opened by $ and not closed");
                    }
                }
                '\\' if matches!(self.peek(), Some('$' | '\\')) => words.extend(self.next()),
                other => words.push(other),
            }
        }
        if !words.is_empty() {
            pieces.push(Piece::Prose(words));
        }
        Ok(pieces)
    }

    /// Up to, not including, the closing character.
    fn formula(&mut self, close: Option<char>, letters: Cut, script: bool) -> Result<Vec<Node>, FigureError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.fail("the groups nest too deeply");
        }
        let mut nodes = Vec::new();
        // An operator at the start has no left operand: its minus is a sign.
        let mut last = Class::Open;
        while let Some(character) = self.peek() {
            if Some(character) == close {
                break;
            }
            match character {
                '}' => return self.fail("a } closes nothing"),
                '$' => return self.fail("a group is opened by { and not closed"),
                ' ' => {
                    self.next();
                }
                '^' | '_' => {
                    let base = pop_base(&mut nodes);
                    let scripts = self.scripts(base)?;
                    nodes.push(scripts);
                    last = Class::Ordinary;
                }
                _ => {
                    let (atom, class) = self.atom(letters)?;
                    space_before(&mut nodes, &atom, class, &mut last, script);
                }
            }
        }
        self.depth -= 1;
        Ok(nodes)
    }

    fn scripts(&mut self, base: Vec<Node>) -> Result<Node, FigureError> {
        let (mut sup, mut sub) = (Vec::new(), Vec::new());
        while let Some(mark @ ('^' | '_')) = self.peek() {
            self.next();
            let script = self.argument(Cut::Italic)?;
            let slot = if mark == '^' { &mut sup } else { &mut sub };
            if !slot.is_empty() {
                return self.fail(format!("two {mark} in a row"));
            }
            *slot = script;
        }
        Ok(Node::Scripts { base, sup, sub })
    }

    /// What a command or script applies to: a group, or the next atom.
    fn argument(&mut self, letters: Cut) -> Result<Vec<Node>, FigureError> {
        while self.peek() == Some(' ') {
            self.next();
        }
        match self.peek() {
            Some('{') => {
                self.next();
                let nodes = self.formula(Some('}'), letters, true)?;
                if self.next() != Some('}') {
                    return self.fail("a group is opened by { and not closed");
                }
                Ok(nodes)
            }
            Some('$' | '}' | '^' | '_') | None => self.fail("something is missing after ^, _ or a command"),
            Some(_) => Ok(self.atom(letters)?.0),
        }
    }

    /// Upright or bold text of `\mathrm{...}`, spaces kept.
    fn literal(&mut self, cut: Cut) -> Result<Vec<Node>, FigureError> {
        if self.next() != Some('{') {
            return self.fail("a { is missing after a command");
        }
        let mut nodes = Vec::new();
        loop {
            match self.peek() {
                Some('}') => {
                    self.next();
                    return Ok(nodes);
                }
                Some('$') | None => return self.fail("a group is opened by { and not closed"),
                Some('\\') => {
                    let (atom, _) = self.atom(cut)?;
                    nodes.extend(atom);
                }
                Some('^' | '_') => {
                    let base = pop_base(&mut nodes);
                    let scripts = self.scripts(base)?;
                    nodes.push(scripts);
                }
                Some(other) => {
                    self.next();
                    push_glyph(&mut nodes, other, cut);
                }
            }
        }
    }

    /// Double-struck capitals.
    fn blackboard(&mut self) -> Result<Vec<Node>, FigureError> {
        let letters = match self.peek() {
            Some('{') => {
                let (letters, rest) = self.rest[1..].split_once('}').unwrap_or(("", ""));
                self.rest = rest;
                letters
            }
            _ => {
                let length = self.peek().map_or(0, char::len_utf8);
                let (letter, rest) = self.rest.split_at(length);
                self.rest = rest;
                letter
            }
        };
        let double = |letter: char| DOUBLE_STRUCK.iter().find(|(plain, _)| *plain == letter);
        let doubled: Option<String> = letters.chars().map(|c| double(c).map(|(_, struck)| *struck)).collect();
        match doubled.filter(|doubled| !doubled.is_empty()) {
            Some(doubled) => Ok(vec![Node::Glyphs(doubled, Cut::Blackboard)]),
            None => self.fail("\\mathbb takes the letters E, N, P, Q, R and Z"),
        }
    }

    fn atom(&mut self, letters: Cut) -> Result<(Vec<Node>, Class), FigureError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.fail("the groups nest too deeply");
        }
        let atom = self.single(letters);
        self.depth -= 1;
        atom
    }

    fn single(&mut self, letters: Cut) -> Result<(Vec<Node>, Class), FigureError> {
        let Some(character) = self.next() else {
            return self.fail("something is missing at the end");
        };
        let simple = |text: &str, cut, class| Ok((vec![Node::Glyphs(text.to_string(), cut)], class));
        match character {
            '\\' => self.command(letters),
            '{' => {
                let nodes = self.formula(Some('}'), letters, false)?;
                if self.next() != Some('}') {
                    return self.fail("a group is opened by { and not closed");
                }
                Ok((nodes, Class::Ordinary))
            }
            '-' | '\u{2212}' => simple("\u{2212}", Cut::Regular, Class::Binary),
            '\'' => simple("′", Cut::Regular, Class::Ordinary),
            _ => {
                let text = character.to_string();
                let class = class_of(&text);
                let upright = !character.is_alphabetic() || is_upright_greek(character);
                simple(&text, if upright && letters == Cut::Italic { Cut::Regular } else { letters }, class)
            }
        }
    }

    fn command(&mut self, letters: Cut) -> Result<(Vec<Node>, Class), FigureError> {
        let length = self.rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(self.rest.len());
        if length == 0 {
            let space = match self.next() {
                Some(',') => 0.17,
                Some(':') => 0.22,
                Some(';') | Some(' ') => 0.28,
                Some('!') => -0.17,
                Some(literal @ ('$' | '\\' | '{' | '}' | '_' | '%' | '&' | '#')) => {
                    return Ok((vec![Node::Glyphs(literal.to_string(), Cut::Regular)], Class::Ordinary));
                }
                Some('|') => return Ok((vec![Node::Glyphs("‖".into(), Cut::Regular)], Class::Ordinary)),
                Some(other) => return self.fail(format!("\\{other} is not known")),
                None => return self.fail("a lone \\ at the end"),
            };
            return Ok((vec![Node::Space(space)], Class::Ordinary));
        }
        let (name, rest) = self.rest.split_at(length);
        self.rest = rest;
        if let Some((_, symbol)) = SYMBOLS.iter().find(|(known, _)| *known == name) {
            let italic = symbol.chars().all(|c| c.is_alphabetic() && !is_upright_greek(c));
            let cut = if italic || letters != Cut::Italic { letters } else { Cut::Regular };
            return Ok((vec![Node::Glyphs(symbol.to_string(), cut)], class_of(symbol)));
        }
        if FUNCTIONS.contains(&name) {
            let mut nodes = vec![Node::Glyphs(name.to_string(), Cut::Regular)];
            let following = self.rest.trim_start_matches(' ').chars().next();
            if following.is_some_and(|c| c.is_alphanumeric() || c == '\\') {
                nodes.push(Node::Space(0.17));
            }
            return Ok((nodes, Class::Ordinary));
        }
        let nodes = match name {
            "mathrm" | "text" | "textrm" | "operatorname" => self.literal(Cut::Regular)?,
            "mathbf" | "textbf" => self.literal(Cut::Bold)?,
            "mathbb" => self.blackboard()?,
            "mathit" | "textit" => self.literal(Cut::Italic)?,
            "quad" => vec![Node::Space(1.0)],
            "hat" => vec![Node::Accent(self.argument(letters)?, 'ˆ')],
            "bar" => vec![Node::Accent(self.argument(letters)?, '¯')],
            "tilde" => vec![Node::Accent(self.argument(letters)?, '˜')],
            "left" | "right" => Vec::new(),
            _ => return self.fail(format!("\\{name} is not known")),
        };
        Ok((nodes, Class::Ordinary))
    }
}

/// TeX sets Greek capitals upright.
fn is_upright_greek(character: char) -> bool {
    ('Α'..='Ω').contains(&character)
}

fn class_of(text: &str) -> Class {
    match text {
        "+" | "×" | "·" | "±" | "*" => Class::Binary,
        "=" | "<" | ">" | "≤" | "≥" | "≠" | "≈" | "~" | "≡" | "→" | "←" | "↔" | ":" => {
            Class::Relation
        }
        "(" | "[" | "‹" => Class::Open,
        "," | ";" => Class::Punctuation,
        _ => Class::Ordinary,
    }
}

fn push_prose(nodes: &mut Vec<Node>, character: char) {
    // Viewers draw a run of blanks as one, and other control characters are not allowed in SVG.
    let character = if character.is_whitespace() { ' ' } else { character };
    let blank_before = matches!(nodes.last(), Some(Node::Glyphs(text, _)) if text.ends_with(' '));
    if character.is_control() || (character == ' ' && blank_before) {
        return;
    }
    push_glyph(nodes, character, Cut::Regular);
}

fn push_glyph(nodes: &mut Vec<Node>, character: char, cut: Cut) {
    if character.is_control() {
        return;
    }
    match nodes.last_mut() {
        Some(Node::Glyphs(text, last)) if *last == cut => text.push(character),
        _ => nodes.push(Node::Glyphs(character.to_string(), cut)),
    }
}

/// The one character or group that a script belongs to.
fn pop_base(nodes: &mut Vec<Node>) -> Vec<Node> {
    match nodes.pop() {
        Some(Node::Glyphs(mut text, cut)) => {
            let Some(last) = text.pop() else { return Vec::new() };
            if !text.is_empty() {
                nodes.push(Node::Glyphs(text, cut));
            }
            vec![Node::Glyphs(last.to_string(), cut)]
        }
        Some(Node::Space(width)) => {
            nodes.push(Node::Space(width));
            Vec::new()
        }
        Some(other) => vec![other],
        None => Vec::new(),
    }
}

fn space_before(nodes: &mut Vec<Node>, atom: &[Node], class: Class, last: &mut Class, script: bool) {
    let operand_before = matches!(*last, Class::Ordinary);
    let gap = match class {
        Class::Binary if operand_before => 0.18,
        Class::Relation => 0.24,
        _ => 0.0,
    };
    let gap = if script { 0.0 } else { gap };
    if gap > 0.0 && !nodes.is_empty() {
        nodes.push(Node::Space(gap));
    }
    for node in atom {
        match node {
            Node::Glyphs(text, cut) => text.chars().for_each(|c| push_glyph(nodes, c, *cut)),
            other => nodes.push(other.clone()),
        }
    }
    if gap > 0.0 && !matches!(class, Class::Ordinary) {
        nodes.push(Node::Space(gap));
    }
    if class == Class::Punctuation && !script {
        nodes.push(Node::Space(0.15));
    }
    // A sign in front of an operand is part of it.
    *last = if class == Class::Binary && !operand_before { Class::Open } else { class };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(text: &str) -> Vec<(String, Cut, bool)> {
        set(text, 1.0)
            .unwrap()
            .runs
            .into_iter()
            .map(|run| (run.text, run.cut, run.rise > 0.0 && run.size < 1.0))
            .collect()
    }

    #[test]
    fn exponents_are_raised_and_smaller() {
        assert_eq!(
            runs(r"$\varepsilon^{-\alpha}$"),
            [
                ("ε".to_string(), Cut::Italic, false),
                ("\u{2212}".to_string(), Cut::Regular, true),
                ("α".to_string(), Cut::Italic, true)
            ]
        );
    }

    #[test]
    fn units_and_functions_are_upright() {
        assert_eq!(
            runs(r"time $\mathrm{E}\,\tau$"),
            [
                ("time".to_string(), Cut::Regular, false),
                ("E".to_string(), Cut::Regular, false),
                ("τ".to_string(), Cut::Italic, false)
            ]
        );
        assert_eq!(runs(r"$\log T$")[0], ("log".to_string(), Cut::Regular, false));
    }

    #[test]
    fn both_scripts_start_at_the_same_place() {
        let line = set("$q_{ij}^2$", 1.0).unwrap();
        assert!(line.runs[1].rise > 0.0 && line.runs[2].rise < 0.0);
        assert!((line.runs[1].x - line.runs[2].x).abs() < 0.1);
        assert!(line.width > line.runs[2].x);
    }

    #[test]
    fn a_sign_is_set_closer_than_an_operator() {
        let sign = set("$-x$", 1.0).unwrap().width;
        let operator = set("$a-x$", 1.0).unwrap().width - set("$a$", 1.0).unwrap().width;
        assert!(operator > sign + 0.3);
    }

    #[test]
    fn blanks_at_the_ends_of_a_run_are_kept_as_distance() {
        let line = set("time $t$ in s", 1.0).unwrap();
        assert_eq!(line.runs[2].text, "in s");
        let tight = set("time$t$in s", 1.0).unwrap();
        assert!((line.width - tight.width - 2.0 * 569.0 / 2048.0).abs() < 1e-9);
    }

    #[test]
    fn faults_are_named() {
        for text in [r"$x", r"$x^{2$", r"$x^$", r"$\nosuch$", r"$x}$", r"$x^2^3$", r"$\mathrm x$", r"$\"] {
            assert!(matches!(set(text, 1.0), Err(FigureError::Markup { .. })), "{text}");
        }
        let deep = format!("${}x{}$", "{".repeat(50_000), "}".repeat(50_000));
        assert!(set(&deep, 1.0).is_err());
    }

    #[test]
    fn escaped_text_is_literal() {
        let name = r"a$b\c_d^e";
        assert_eq!(plain(&escape(name)).unwrap(), name);
    }
}

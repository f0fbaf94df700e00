//! The grammar of expressions.
//!
//! ```text
//! condition   = conjunction { "or" conjunction }
//! conjunction = negation { "and" negation }
//! negation    = "not" negation | comparison
//! comparison  = sum { ("<" | "<=" | ">" | ">=") sum }
//! sum         = product { ("+" | "-") product }
//! product     = factor { ("*" | "/") factor }
//! factor      = ("+" | "-") factor | power
//! power       = atom [ "^" exponent ]
//! exponent    = ("+" | "-") exponent | power
//! atom        = number | name | name "(" condition { "," condition } ")" | "(" condition ")"
//! ```
//!
//! Each part is a number or a condition, which its users check: a whole expression is a number, and
//! brackets may hold either.

use std::collections::BTreeMap;
use std::ops::Range;

use super::error::ExpressionError;
use super::graph::{Graph, Id};
use super::lexer::{Comparison, Token, TokenKind, begins_name, continues_name, tokens};
use super::operation::{Binary, CONSTANTS, FUNCTIONS, Function, Unary, WORDS, Word};

/// The longest text in bytes.
const LONGEST_TEXT: usize = 10_000;

/// The deepest nesting of brackets, signs and exponents: the parser is recursive, and the stack finite.
const DEEPEST_NESTING: usize = 200;

/// Reads the text into a graph; gives the graph and its root.
pub(super) fn parse(
    text: &str,
    variables: &[String],
    parameters: &BTreeMap<String, f64>,
) -> Result<(Graph, Id), ExpressionError> {
    if text.len() > LONGEST_TEXT {
        return Err(ExpressionError::new(0..0, format!("the expression has {} bytes", text.len()))
            .help(format!("at most {LONGEST_TEXT} are read")));
    }
    let tokens = tokens(text)?;
    check_names(text, &tokens, variables, parameters)?;
    if tokens.len() == 1 {
        return Err(ExpressionError::new(0..text.len(), "the expression is empty"));
    }
    let mut parser =
        Parser { text, tokens, position: 0, depth: 0, graph: Graph::default(), variables, parameters };
    let term = parser.condition()?;
    if parser.peek().kind != TokenKind::End {
        return Err(parser.unexpected());
    }
    parser.expect(&term, Kind::Number)?;
    Ok((parser.graph, term.id))
}

/// What a part of the text stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Condition,
}

/// A part of the text that has been read.
struct Term {
    id: Id,
    kind: Kind,
    span: Range<usize>,
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    position: usize,
    depth: usize,
    graph: Graph,
    variables: &'a [String],
    parameters: &'a BTreeMap<String, f64>,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> &Token {
        // The end token is never passed, so that the position stays inside.
        &self.tokens[self.position]
    }

    fn at(&self, symbol: char) -> bool {
        self.peek().kind == TokenKind::Symbol(symbol)
    }

    fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        if token.kind != TokenKind::End {
            self.position += 1;
        }
        token
    }

    fn text_of(&self, span: &Range<usize>) -> &'a str {
        &self.text[span.clone()]
    }

    /// Runs a rule one level deeper.
    fn nested(
        &mut self,
        rule: impl FnOnce(&mut Self) -> Result<Term, ExpressionError>,
    ) -> Result<Term, ExpressionError> {
        if self.depth == DEEPEST_NESTING {
            return Err(ExpressionError::new(
                self.peek().span.clone(),
                format!("brackets, signs and powers are nested more than {DEEPEST_NESTING} deep"),
            ));
        }
        self.depth += 1;
        let term = rule(self);
        self.depth -= 1;
        term
    }

    /// The error that the part is of the other kind than its place needs.
    fn expect(&self, term: &Term, kind: Kind) -> Result<(), ExpressionError> {
        if term.kind == kind {
            return Ok(());
        }
        let text = shortened(self.text_of(&term.span));
        Err(match kind {
            Kind::Number => {
                ExpressionError::new(term.span.clone(), format!("`{text}` is a condition, not a number"))
                    .help("conditions stand in the first argument of `if`, as in `if(x < 0, a, b)`")
            }
            Kind::Condition => {
                ExpressionError::new(term.span.clone(), format!("`{text}` is a number, not a condition"))
                    .help("a condition compares numbers by `<`, `<=`, `>` or `>=`, as in `x < 0`")
            }
        })
    }

    fn condition(&mut self) -> Result<Term, ExpressionError> {
        let mut left = self.conjunction()?;
        while self.peek().kind == TokenKind::Word(Word::Or) {
            self.advance();
            let right = self.conjunction()?;
            left = self.joined(Binary::Or, left, right)?;
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Term, ExpressionError> {
        let mut left = self.negation()?;
        while self.peek().kind == TokenKind::Word(Word::And) {
            self.advance();
            let right = self.negation()?;
            left = self.joined(Binary::And, left, right)?;
        }
        Ok(left)
    }

    /// Two conditions as one.
    fn joined(&mut self, operation: Binary, left: Term, right: Term) -> Result<Term, ExpressionError> {
        self.expect(&left, Kind::Condition)?;
        self.expect(&right, Kind::Condition)?;
        let id = self.graph.binary(operation, left.id, right.id);
        Ok(Term { id, kind: Kind::Condition, span: left.span.start..right.span.end })
    }

    fn negation(&mut self) -> Result<Term, ExpressionError> {
        if self.peek().kind != TokenKind::Word(Word::Not) {
            return self.comparison();
        }
        let not = self.advance();
        let term = self.nested(Self::negation)?;
        self.expect(&term, Kind::Condition)?;
        let id = self.graph.unary(Unary::Not, term.id);
        Ok(Term { id, kind: Kind::Condition, span: not.span.start..term.span.end })
    }

    fn comparison(&mut self) -> Result<Term, ExpressionError> {
        let first = self.sum()?;
        let start = first.span.start;
        let mut left = first;
        let mut condition: Option<Id> = None;
        while let TokenKind::Comparison(comparison) = self.peek().kind {
            self.advance();
            let right = self.sum()?;
            self.expect(&left, Kind::Number)?;
            self.expect(&right, Kind::Number)?;
            let (operation, a, b) = match comparison {
                Comparison::Less => (Binary::Less, left.id, right.id),
                Comparison::LessEqual => (Binary::LessEqual, left.id, right.id),
                Comparison::Greater => (Binary::Less, right.id, left.id),
                Comparison::GreaterEqual => (Binary::LessEqual, right.id, left.id),
            };
            let holds = self.graph.binary(operation, a, b);
            condition = Some(match condition {
                Some(before) => self.graph.binary(Binary::And, before, holds),
                None => holds,
            });
            left = right;
        }
        Ok(match condition {
            Some(id) => Term { id, kind: Kind::Condition, span: start..left.span.end },
            None => left,
        })
    }

    fn sum(&mut self) -> Result<Term, ExpressionError> {
        let mut left = self.product()?;
        loop {
            let operation = match self.peek().kind {
                TokenKind::Symbol('+') => Binary::Add,
                TokenKind::Symbol('-') => Binary::Subtract,
                _ => return Ok(left),
            };
            self.advance();
            let right = self.product()?;
            left = self.binary(operation, left, right)?;
        }
    }

    fn product(&mut self) -> Result<Term, ExpressionError> {
        let mut left = self.factor()?;
        loop {
            let operation = match self.peek().kind {
                TokenKind::Symbol('*') => Binary::Multiply,
                TokenKind::Symbol('/') => Binary::Divide,
                TokenKind::Number(_) | TokenKind::Name | TokenKind::Symbol('(') => {
                    return Err(self.implicit_product());
                }
                _ => return Ok(left),
            };
            self.advance();
            let right = self.factor()?;
            left = self.binary(operation, left, right)?;
        }
    }

    fn factor(&mut self) -> Result<Term, ExpressionError> {
        if self.at('+') || self.at('-') { self.signed(Self::factor) } else { self.power() }
    }

    fn power(&mut self) -> Result<Term, ExpressionError> {
        let base = self.atom()?;
        if !self.at('^') {
            return Ok(base);
        }
        self.advance();
        let exponent = self.nested(Self::exponent)?;
        self.binary(Binary::Power, base, exponent)
    }

    fn exponent(&mut self) -> Result<Term, ExpressionError> {
        if self.at('+') || self.at('-') { self.signed(Self::exponent) } else { self.power() }
    }

    /// A sign and what it applies to, which the rule reads.
    fn signed(
        &mut self,
        rule: impl FnOnce(&mut Self) -> Result<Term, ExpressionError>,
    ) -> Result<Term, ExpressionError> {
        let sign = self.advance();
        let term = self.nested(rule)?;
        self.expect(&term, Kind::Number)?;
        let id = if sign.kind == TokenKind::Symbol('-') { self.graph.negate(term.id) } else { term.id };
        Ok(Term { id, kind: Kind::Number, span: sign.span.start..term.span.end })
    }

    fn atom(&mut self) -> Result<Term, ExpressionError> {
        match self.peek().kind {
            TokenKind::Number(value) => {
                let span = self.advance().span;
                Ok(Term { id: self.graph.constant(value), kind: Kind::Number, span })
            }
            TokenKind::Name => self.name(),
            TokenKind::Symbol('(') => {
                let open = self.advance();
                if self.at(')') {
                    let close = self.advance();
                    return Err(ExpressionError::new(
                        open.span.start..close.span.end,
                        "there is nothing between the brackets",
                    ));
                }
                let inner = self.nested(Self::condition)?;
                let close = self.close(&open)?;
                Ok(Term { span: open.span.start..close.span.end, ..inner })
            }
            _ => Err(self.missing_operand()),
        }
    }

    /// The bracket that closes `open`.
    fn close(&mut self, open: &Token) -> Result<Token, ExpressionError> {
        match self.peek().kind {
            TokenKind::Symbol(')') => Ok(self.advance()),
            TokenKind::End => Err(ExpressionError::new(open.span.clone(), "this bracket is never closed")),
            _ => Err(self.unexpected()),
        }
    }

    /// A constant, variable, parameter or function call.
    fn name(&mut self) -> Result<Term, ExpressionError> {
        let token = self.advance();
        let name = self.text_of(&token.span);
        let called = self.at('(');
        let id = if let Some(function) = Function::named(name) {
            if called {
                return self.call(function, token);
            }
            return Err(ExpressionError::new(
                token.span,
                format!("`{name}` is a function without its argument"),
            )
            .help(format!("write `{name}({})`", function.arguments())));
        } else if let Some(index) = self.variables.iter().position(|variable| variable == name) {
            self.graph.variable(index)
        } else if let Some(&value) = self.parameters.get(name) {
            self.graph.constant(value)
        } else if let Some(&(_, value)) = CONSTANTS.iter().find(|constant| constant.0 == name) {
            self.graph.constant(value)
        } else {
            return Err(self.unknown_name(token.span, called));
        };
        if called {
            return Err(ExpressionError::new(token.span, format!("`{name}` is not a function"))
                .help(format!("a product needs its sign: `{name}*(...)`")));
        }
        Ok(Term { id, kind: Kind::Number, span: token.span })
    }

    fn call(&mut self, function: Function, name: Token) -> Result<Term, ExpressionError> {
        let open = self.advance();
        let mut arguments = Vec::new();
        if !self.at(')') {
            arguments.push(self.nested(Self::condition)?);
            while self.at(',') {
                self.advance();
                arguments.push(self.nested(Self::condition)?);
            }
        }
        let close = self.close(&open)?;
        let span = name.span.start..close.span.end;
        if arguments.len() == function.arity() {
            for (index, argument) in arguments.iter().enumerate() {
                let decides = function == Function::If && index == 0;
                self.expect(argument, if decides { Kind::Condition } else { Kind::Number })?;
            }
        }
        let graph = &mut self.graph;
        let ids: Vec<Id> = arguments.iter().map(|argument| argument.id).collect();
        let id = match (function, ids.as_slice()) {
            (Function::Unary(operation), &[a]) => graph.unary(operation, a),
            (Function::Sign, &[a]) => graph.sign(a),
            (Function::Heaviside, &[a]) => graph.heaviside(a),
            (Function::Min, &[a, b]) => graph.binary(Binary::Min, a, b),
            (Function::Max, &[a, b]) => graph.binary(Binary::Max, a, b),
            (Function::Choose, &[sign, a, b]) => graph.choose(sign, a, b),
            (Function::If, &[condition, a, b]) => graph.select(condition, a, b),
            _ => {
                let (wanted, given) = (function.arity(), arguments.len());
                let arguments = if wanted == 1 { "argument" } else { "arguments" };
                return Err(ExpressionError::new(
                    span,
                    format!("`{}` takes {wanted} {arguments}, not {given}", self.text_of(&name.span)),
                ));
            }
        };
        self.checked(id, &ids, span)
    }

    fn binary(&mut self, operation: Binary, left: Term, right: Term) -> Result<Term, ExpressionError> {
        self.expect(&left, Kind::Number)?;
        self.expect(&right, Kind::Number)?;
        let span = left.span.start..right.span.end;
        if operation == Binary::Divide && self.graph.number(right.id) == Some(0.0) {
            let divisor = shortened(self.text_of(&right.span));
            return Err(ExpressionError::new(span, format!("division by `{divisor}`, which is zero")));
        }
        let id = self.graph.binary(operation, left.id, right.id);
        self.checked(id, &[left.id, right.id], span)
    }

    /// The result of an operation. Numbers are folded where the result is finite: an operation on
    /// numbers that is left over has no value.
    fn checked(&self, id: Id, operands: &[Id], span: Range<usize>) -> Result<Term, ExpressionError> {
        let numbers = operands.iter().all(|&operand| self.graph.number(operand).is_some());
        if numbers && self.graph.number(id).is_none() {
            let message = format!("`{}` is not a finite real number", shortened(self.text_of(&span)));
            return Err(ExpressionError::new(span, message).help(
                "the logarithm of zero or less, a root or a power that is not whole of a negative number, and a \
                 negative power of zero have no real value; the largest number is about 1.8e308",
            ));
        }
        Ok(Term { id, kind: Kind::Number, span })
    }

    /// Two operands with nothing between them.
    fn implicit_product(&self) -> ExpressionError {
        let (before, after) = (&self.tokens[self.position - 1].span, &self.peek().span);
        let (left, right) = (shortened(self.text_of(before)), shortened(self.text_of(after)));
        ExpressionError::new(before.start..after.end, "a product needs its sign `*`")
            .help(format!("write `{left}*{right}`"))
    }

    /// There is no operand at the present token.
    fn missing_operand(&self) -> ExpressionError {
        let token = self.peek();
        let before = self.position.checked_sub(1).map(|before| &self.tokens[before]);
        match (token.kind, before) {
            (_, Some(before)) if before.kind != TokenKind::Symbol('(') => {
                let text = self.text_of(&before.span);
                ExpressionError::new(before.span.clone(), format!("nothing to the right of `{text}`"))
            }
            (TokenKind::End, Some(open)) => {
                ExpressionError::new(open.span.clone(), "this bracket is never closed")
            }
            (TokenKind::Symbol(')'), _) => self.unexpected(),
            _ => {
                let text = self.text_of(&token.span);
                ExpressionError::new(token.span.clone(), format!("nothing to the left of `{text}`"))
            }
        }
    }

    /// A token where the expression should have ended.
    fn unexpected(&self) -> ExpressionError {
        let span = self.peek().span.clone();
        match self.peek().kind {
            TokenKind::Symbol(')') => ExpressionError::new(span, "this bracket was never opened"),
            TokenKind::Symbol(',') => ExpressionError::new(span, "a comma outside a function's arguments")
                .help("decimals are written with a point, as in `0.5`"),
            _ => {
                let text = shortened(self.text_of(&span));
                ExpressionError::new(span, format!("unexpected `{text}`"))
            }
        }
    }

    fn unknown_name(&self, span: Range<usize>, called: bool) -> ExpressionError {
        let name = self.text_of(&span);
        let functions = FUNCTIONS.iter().map(|entry| entry.0);
        let constants = CONSTANTS.iter().map(|entry| entry.0);
        let (what, allowed) = if called {
            ("function", format!("functions: {}", list(functions.clone())))
        } else {
            let mut allowed = format!("variables: {}", list(self.variables.iter().map(String::as_str)));
            if !self.parameters.is_empty() {
                allowed += &format!("; parameters: {}", list(self.parameters.keys().map(String::as_str)));
            }
            allowed +=
                &format!("; constants: {}; functions: {}", list(constants.clone()), list(functions.clone()));
            ("name", allowed)
        };
        let values = self.variables.iter().chain(self.parameters.keys()).map(String::as_str).chain(constants);
        let candidates = values.filter(|_| !called).chain(functions);
        let help = match nearest(name, candidates) {
            Some(nearest) => format!("did you mean `{nearest}`? {allowed}"),
            None => allowed,
        };
        ExpressionError::new(span, format!("unknown {what} `{}`", shortened(name))).help(help)
    }
}

/// Checks the names of variables and parameters, and the parameters' values.
fn check_names(
    text: &str,
    tokens: &[Token],
    variables: &[String],
    parameters: &BTreeMap<String, f64>,
) -> Result<(), ExpressionError> {
    let error = |name: &str, message: String| {
        let is_name = |token: &&Token| token.kind == TokenKind::Name && &text[token.span.clone()] == name;
        let span = tokens.iter().find(is_name).map_or(0..0, |token| token.span.clone());
        ExpressionError::new(span, message)
    };
    let named = variables.iter().map(|name| ("variable", name));
    for (what, name) in named.chain(parameters.keys().map(|name| ("parameter", name))) {
        let mut characters = name.chars();
        if !(characters.next().is_some_and(begins_name) && characters.all(continues_name)) {
            return Err(error(name, format!("`{name}` cannot be the name of a {what}"))
                .help("a name is made of letters, digits and `_`, and does not begin with a digit"));
        }
        let word = WORDS.iter().any(|word| word.0 == name).then_some("word of conditions");
        let reserved = word.or_else(|| Function::named(name).map(|_| "function"));
        if let Some(meaning) =
            reserved.or_else(|| CONSTANTS.iter().any(|constant| constant.0 == name).then_some("constant"))
        {
            return Err(error(name, format!("the {what} `{name}` has the name of a {meaning}"))
                .help(format!("give the {what} another name, such as `{name}_0`")));
        }
    }
    for (index, name) in variables.iter().enumerate() {
        if parameters.contains_key(name) {
            return Err(error(name, format!("`{name}` is both a variable and a parameter")));
        }
        if variables[..index].contains(name) {
            return Err(error(name, format!("the variable `{name}` is given twice")));
        }
    }
    for (name, value) in parameters {
        if !value.is_finite() {
            return Err(error(name, format!("the parameter `{name}` is {value}, not a finite number")));
        }
    }
    Ok(())
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// The beginning of a text that may be too long for a message.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// The candidate that the name is most likely a slip for.
fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const OTHER_NOTATION: [(&str, &str); 16] = [
        ("ln", "log"),
        ("arctan", "atan"),
        ("arctg", "atan"),
        ("tg", "tan"),
        ("fabs", "abs"),
        ("sgn", "sign"),
        ("th", "tanh"),
        ("arcsin", "asin"),
        ("arccos", "acos"),
        ("arsinh", "asinh"),
        ("arcosh", "acosh"),
        ("artanh", "atanh"),
        ("lg", "log10"),
        ("step", "heaviside"),
        ("where", "if"),
        ("piecewise", "if"),
    ];
    let other = OTHER_NOTATION.iter().find(|entry| entry.0 == name.to_lowercase()).map(|entry| entry.1);
    let mut best = None;
    for candidate in candidates {
        if Some(candidate) == other {
            return other;
        }
        // A third of the letters may be wrong, so that a short name suggests only its other case.
        let distance = strsim::osa_distance(&name.to_lowercase(), &candidate.to_lowercase());
        let allowed = name.chars().count().max(candidate.chars().count()) / 3;
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

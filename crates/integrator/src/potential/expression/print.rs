//! Expressions as text, in the grammar that the parser reads.

use std::borrow::Cow;
use std::fmt;

use super::graph::{Id, Node};
use super::operation::{Binary, CONSTANTS, FUNCTIONS, Function, Unary};

/// Longer text is cut: a shared subexpression is written wherever it is used, so that the text of a
/// derivative may be far longer than its computation.
const LONGEST_TEXT: usize = 20_000;

/// How tightly an operation binds: the levels of the grammar from the loosest to the tightest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Or,
    And,
    Not,
    Comparison,
    Sum,
    Product,
    Power,
    Atom,
}

/// What is still to be written.
enum Piece<'a> {
    Text(Cow<'a, str>),
    /// A node in a place that takes nothing looser than this.
    Node(Id, Binding),
}

/// Writes the last node.
pub(super) fn print(nodes: &[Node], variables: &[String], out: &mut impl fmt::Write) -> fmt::Result {
    let mut written = 0;
    // A stack in place of recursion: a sum of a thousand terms is a thousand levels deep.
    let mut pending: Vec<Piece> = Vec::new();
    pending.extend(nodes.len().checked_sub(1).map(|root| Piece::Node(root, Binding::Or)));
    while let Some(piece) = pending.pop() {
        match piece {
            Piece::Text(text) => {
                written += text.len();
                if written > LONGEST_TEXT {
                    return out.write_str(" ...");
                }
                out.write_str(&text)?;
            }
            Piece::Node(id, loosest) => match nodes[id] {
                // Nothing in the text says that the derivative of log(f) is restricted to f >= 0.
                Node::Unary(Unary::NonNegative, argument) => pending.push(Piece::Node(argument, loosest)),
                node if binding(node) < loosest => {
                    pending.extend([text(")"), Piece::Node(id, Binding::Or), text("(")]);
                }
                node => pending.extend(pieces(nodes, node, variables).into_iter().rev()),
            },
        }
    }
    Ok(())
}

fn text(text: &str) -> Piece<'_> {
    Piece::Text(Cow::Borrowed(text))
}

fn binding(node: Node) -> Binding {
    match node {
        Node::Constant(bits) if f64::from_bits(bits) < 0.0 => Binding::Product,
        Node::Unary(Unary::Negate, _) => Binding::Product,
        Node::Binary(Binary::Add | Binary::Subtract, ..) => Binding::Sum,
        Node::Binary(Binary::Multiply | Binary::Divide, ..) => Binding::Product,
        Node::Binary(Binary::Power, ..) => Binding::Power,
        Node::Binary(Binary::Less | Binary::LessEqual, ..) => Binding::Comparison,
        Node::Unary(Unary::Not, _) => Binding::Not,
        Node::Binary(Binary::And, ..) => Binding::And,
        Node::Binary(Binary::Or, ..) => Binding::Or,
        Node::Constant(_) | Node::Variable(_) | Node::Unary(..) => Binding::Atom,
        Node::Binary(Binary::Min | Binary::Max, ..) | Node::Choose(..) | Node::Select(..) => Binding::Atom,
    }
}

/// The text of one operation, from left to right.
fn pieces<'a>(nodes: &[Node], node: Node, variables: &'a [String]) -> Vec<Piece<'a>> {
    use Binding::{And, Atom, Not, Or, Power, Product, Sum};
    match node {
        Node::Constant(bits) => vec![Piece::Text(number(f64::from_bits(bits)))],
        Node::Variable(index) => vec![text(&variables[index])],
        Node::Unary(Unary::Negate, a) => vec![text("-"), Piece::Node(a, Product)],
        Node::Unary(Unary::Not, a) => vec![text("not "), Piece::Node(a, Not)],
        Node::Unary(operation, a) => call(Function::Unary(operation), &[a]),
        Node::Binary(operation, a, b) => match operation {
            Binary::Add => vec![Piece::Node(a, Sum), text(" + "), Piece::Node(b, Product)],
            Binary::Subtract => vec![Piece::Node(a, Sum), text(" - "), Piece::Node(b, Product)],
            Binary::Multiply => {
                // The parser gathers numerical factors in front, so that these brackets can go.
                let flat = matches!(nodes[a], Node::Constant(_)) && is_plain_product(nodes, b);
                vec![Piece::Node(a, Product), text("*"), Piece::Node(b, if flat { Product } else { Power })]
            }
            Binary::Divide => vec![Piece::Node(a, Product), text("/"), Piece::Node(b, Power)],
            Binary::Power => {
                let exponent = match nodes[b] {
                    // A minus may follow `^` without brackets.
                    Node::Constant(bits) => Piece::Text(number(f64::from_bits(bits))),
                    _ => Piece::Node(b, Power),
                };
                vec![Piece::Node(a, Atom), text("^"), exponent]
            }
            Binary::Min => call(Function::Min, &[a, b]),
            Binary::Max => call(Function::Max, &[a, b]),
            Binary::Less | Binary::LessEqual => {
                // A number is written on the right, where most people write it.
                let (left, sign, right) = match (operation, nodes[a]) {
                    (Binary::Less, Node::Constant(_)) => (b, " > ", a),
                    (_, Node::Constant(_)) => (b, " >= ", a),
                    (Binary::Less, _) => (a, " < ", b),
                    _ => (a, " <= ", b),
                };
                vec![Piece::Node(left, Sum), text(sign), Piece::Node(right, Sum)]
            }
            Binary::And => vec![Piece::Node(a, And), text(" and "), Piece::Node(b, Not)],
            Binary::Or => vec![Piece::Node(a, Or), text(" or "), Piece::Node(b, And)],
        },
        Node::Select(condition, a, b) => call(Function::If, &[condition, a, b]),
        Node::Choose(sign, a, b) => {
            let is = |id: Id, value: f64| nodes[id] == Node::Constant(value.to_bits());
            if is(a, 1.0) && is(b, -1.0) {
                call(Function::Sign, &[sign])
            } else if is(a, 1.0) && is(b, 0.0) {
                call(Function::Heaviside, &[sign])
            } else {
                call(Function::Choose, &[sign, a, b])
            }
        }
    }
}

fn call<'a>(function: Function, arguments: &[Id]) -> Vec<Piece<'a>> {
    let name = FUNCTIONS.iter().find(|entry| entry.1 == function).map_or("", |entry| entry.0);
    let mut pieces = vec![text(name), text("(")];
    for (index, &argument) in arguments.iter().enumerate() {
        if index > 0 {
            pieces.push(text(", "));
        }
        pieces.push(Piece::Node(argument, Binding::Or));
    }
    pieces.push(text(")"));
    pieces
}

/// Whether the node is a product whose first factor is not a quotient: `2*(a/b*c)` without brackets
/// would be `(2*a)/b*c`, which rounds differently.
fn is_plain_product(nodes: &[Node], mut id: Id) -> bool {
    let mut product = false;
    while let Node::Binary(Binary::Multiply, first, _) = nodes[id] {
        product = true;
        id = first;
    }
    product && !matches!(nodes[id], Node::Binary(Binary::Divide, ..))
}

/// The shortest text that reads back as the same number.
fn number(value: f64) -> Cow<'static, str> {
    if let Some(&(name, _)) = CONSTANTS.iter().find(|constant| constant.1 == value) {
        return Cow::Borrowed(name);
    }
    let plain = value == 0.0 || (1e-4..1e16).contains(&value.abs());
    Cow::Owned(if plain { format!("{value}") } else { format!("{value:e}") })
}

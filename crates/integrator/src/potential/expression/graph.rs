//! Expressions as a graph in which every subexpression exists once.

use std::collections::HashMap;

use super::operation::{Binary, Unary};

/// The place of a node in its graph.
pub(super) type Id = usize;

/// One operation, with its operands by their place. Operands come before the node that uses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Node {
    /// A number by its bits, so that nodes can be hashed. Always finite, never minus zero.
    Constant(u64),
    Variable(usize),
    Unary(Unary, Id),
    Binary(Binary, Id, Id),
    /// The second operand where the first is positive, the third where it is negative, their mean at 0.
    Choose(Id, Id, Id),
    /// The second operand where the first, a condition, holds; the third where it does not.
    Select(Id, Id, Id),
}

impl Node {
    /// Its operands, in order.
    pub(super) fn operands(self) -> impl DoubleEndedIterator<Item = Id> {
        let operands = match self {
            Self::Constant(_) | Self::Variable(_) => [None, None, None],
            Self::Unary(_, a) => [Some(a), None, None],
            Self::Binary(_, a, b) => [Some(a), Some(b), None],
            Self::Choose(a, b, c) | Self::Select(a, b, c) => [Some(a), Some(b), Some(c)],
        };
        operands.into_iter().flatten()
    }

    /// The same operation on other operands.
    fn map(self, mut to: impl FnMut(Id) -> Id) -> Self {
        match self {
            Self::Constant(_) | Self::Variable(_) => self,
            Self::Unary(operation, a) => Self::Unary(operation, to(a)),
            Self::Binary(operation, a, b) => Self::Binary(operation, to(a), to(b)),
            Self::Choose(a, b, c) => Self::Choose(to(a), to(b), to(c)),
            Self::Select(a, b, c) => Self::Select(to(a), to(b), to(c)),
        }
    }
}

/// A growing set of nodes without repetition. The constructors that simplify are in `simplify.rs`.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    /// Whether the node has a real value at every real point (overflow aside).
    total: Vec<bool>,
    /// Whether the node is certainly not negative wherever it has a value.
    nonnegative: Vec<bool>,
    places: HashMap<Node, Id>,
}

impl Graph {
    pub(super) fn node(&self, id: Id) -> Node {
        self.nodes[id]
    }

    pub(super) fn is_total(&self, id: Id) -> bool {
        self.total[id]
    }

    pub(super) fn is_nonnegative(&self, id: Id) -> bool {
        self.nonnegative[id]
    }

    /// The number, if the node is one.
    pub(super) fn number(&self, id: Id) -> Option<f64> {
        match self.nodes[id] {
            Node::Constant(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    /// A finite number.
    pub(super) fn constant(&mut self, value: f64) -> Id {
        debug_assert!(value.is_finite());
        // Adding zero turns -0 into 0 and leaves every other number.
        self.intern(Node::Constant((value + 0.0).to_bits()))
    }

    pub(super) fn variable(&mut self, index: usize) -> Id {
        self.intern(Node::Variable(index))
    }

    /// The place of the node, which is added if it is new. Nothing is simplified.
    pub(super) fn intern(&mut self, node: Node) -> Id {
        if let Some(&id) = self.places.get(&node) {
            return id;
        }
        if let Node::Binary(operation, a, b) = node
            && operation.is_commutative()
            && let Some(&id) = self.places.get(&Node::Binary(operation, b, a))
        {
            return id;
        }
        let id = self.nodes.len();
        self.total.push(self.has_total_operation(node) && node.operands().all(|operand| self.total[operand]));
        self.nonnegative.push(self.has_no_negative_value(node));
        self.nodes.push(node);
        self.places.insert(node, id);
        id
    }

    /// Whether the operation itself is defined for all real operands.
    fn has_total_operation(&self, node: Node) -> bool {
        match node {
            Node::Constant(_) | Node::Variable(_) | Node::Choose(..) | Node::Select(..) => true,
            Node::Unary(operation, _) => !matches!(
                operation,
                Unary::Log
                    | Unary::Log10
                    | Unary::Sqrt
                    | Unary::Asin
                    | Unary::Acos
                    | Unary::Acosh
                    | Unary::Atanh
                    | Unary::NonNegative
            ),
            Node::Binary(Binary::Divide, _, divisor) => self.number(divisor).is_some_and(|c| c != 0.0),
            Node::Binary(Binary::Power, base, exponent) => {
                self.number(base).is_some_and(|c| c > 0.0)
                    || self.number(exponent).is_some_and(|c| c >= 0.0 && c.fract() == 0.0)
            }
            Node::Binary(..) => true,
        }
    }

    fn has_no_negative_value(&self, node: Node) -> bool {
        let known = |id: Id| self.nonnegative[id];
        match node {
            Node::Constant(bits) => f64::from_bits(bits) >= 0.0,
            Node::Variable(_) => false,
            Node::Unary(operation, _) => matches!(
                operation,
                Unary::Exp
                    | Unary::Cosh
                    | Unary::Abs
                    | Unary::Sqrt
                    | Unary::Acos
                    | Unary::Acosh
                    | Unary::Not
                    | Unary::NonNegative
            ),
            Node::Binary(operation, a, b) => match operation {
                Binary::Add | Binary::Multiply | Binary::Divide | Binary::Min => known(a) && known(b),
                Binary::Max => known(a) || known(b),
                Binary::Power => known(a) || self.number(b).is_some_and(|n| (0.5 * n).fract() == 0.0),
                Binary::Subtract => false,
                Binary::Less | Binary::LessEqual | Binary::And | Binary::Or => true,
            },
            Node::Choose(_, a, b) | Node::Select(_, a, b) => known(a) && known(b),
        }
    }

    /// Adds the nodes of another graph; gives the places that they have here.
    pub(super) fn import(&mut self, nodes: &[Node]) -> Vec<Id> {
        let mut places: Vec<Id> = Vec::with_capacity(nodes.len());
        for &node in nodes {
            places.push(self.intern(node.map(|operand| places[operand])));
        }
        places
    }

    /// Which of the nodes up to `root` it needs, itself included.
    pub(super) fn needed(&self, root: Id) -> Vec<bool> {
        let mut needed = vec![false; root + 1];
        needed[root] = true;
        for id in (0..=root).rev() {
            if needed[id] {
                for operand in self.nodes[id].operands() {
                    needed[operand] = true;
                }
            }
        }
        needed
    }

    /// The nodes that `roots` need, operands first, each as soon as its operands are there: few values
    /// are then alive at a time. A single root is the last. Also gives the places of the roots.
    pub(super) fn extract(&self, roots: &[Id]) -> (Vec<Node>, Vec<Id>) {
        let mut extracted = Vec::new();
        let mut places: Vec<Option<Id>> = vec![None; self.nodes.len()];
        let mut pending: Vec<(Id, bool)> = roots.iter().rev().map(|&root| (root, false)).collect();
        while let Some((id, operands_done)) = pending.pop() {
            if places[id].is_some() {
                continue;
            }
            let node = self.nodes[id];
            if operands_done {
                places[id] = Some(extracted.len());
                extracted.push(node.map(|operand| places[operand].unwrap_or_default()));
            } else {
                pending.push((id, true));
                pending.extend(node.operands().rev().map(|operand| (operand, false)));
            }
        }
        let roots = roots.iter().map(|&root| places[root].unwrap_or_default()).collect();
        (extracted, roots)
    }
}

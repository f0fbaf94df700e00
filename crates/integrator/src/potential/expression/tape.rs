//! An expression as a list of instructions that run on many points at once.

use std::cell::RefCell;

use crate::math::exp_everywhere;
use crate::rng::LANES;

use super::graph::{Id, Node};
use super::operation::{
    Binary, Unary, and, choose, half_integer_power, less, less_equal, max, min, non_negative, or, power,
    select, twice_exponent,
};

/// Points that are in processor registers at once: one register of 512 bits, or two of 256.
const WIDTH: usize = 8;

/// A value per lane, in groups that fill processor registers.
type Register<const W: usize, const GROUPS: usize> = [[f64; W]; GROUPS];
type BatchRegister = Register<WIDTH, { LANES / WIDTH }>;
type ScalarRegister = Register<1, 1>;

thread_local! {
    // Kept between calls, so that none of them allocates after the first of its size, and none has to
    // clear registers that it will write anyway.
    static BATCH_REGISTERS: RefCell<Vec<BatchRegister>> = const { RefCell::new(Vec::new()) };
    static SCALAR_REGISTERS: RefCell<Vec<ScalarRegister>> = const { RefCell::new(Vec::new()) };
}

/// Where an instruction finds a value.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Operand {
    Register(usize),
    Number(f64),
}

/// One operation; the result may go to a register that it also reads.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Instruction {
    Unary {
        operation: Unary,
        target: usize,
        operand: Operand,
    },
    Binary {
        operation: Binary,
        target: usize,
        left: Operand,
        right: Operand,
    },
    /// `operand^(twice / 2)` by products, a root and a division.
    HalfIntegerPower {
        target: usize,
        operand: Operand,
        twice: i32,
    },
    Choose {
        target: usize,
        sign: Operand,
        positive: Operand,
        negative: Operand,
    },
    Select {
        target: usize,
        condition: Operand,
        yes: Operand,
        no: Operand,
    },
}

/// The widest vector instructions that may be used. They all give the same bits: no operation is
/// fused, and every operation is exactly rounded or a call of `libm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// All levels that this processor has, the fastest last.
    fn available() -> impl DoubleEndedIterator<Item = Self> {
        let levels = [
            Some(Self::Baseline),
            #[cfg(target_arch = "x86_64")]
            is_x86_feature_detected!("avx2").then_some(Self::Avx2),
            #[cfg(target_arch = "x86_64")]
            is_x86_feature_detected!("avx512f").then_some(Self::Avx512),
        ];
        levels.into_iter().flatten()
    }
}

/// An [`Expression`](super::Expression) compiled for evaluation, one point or many at a time.
///
/// Both ways give the same bits, on every processor. Whole and half-whole powers up to 64 are
/// multiplied out; other functions come from `libm`.
#[derive(Debug, Clone)]
pub struct Tape {
    variables: usize,
    registers: usize,
    instructions: Vec<Instruction>,
    results: Vec<Operand>,
    // Private, so that a level above the processor's cannot be set.
    level: Level,
}

impl Tape {
    /// Compiles nodes in evaluation order; the results are the values of `roots`.
    pub(super) fn compile(nodes: &[Node], roots: &[Id], variables: usize) -> Self {
        let mut last_use: Vec<Id> = (0..nodes.len()).collect();
        for (id, node) in nodes.iter().enumerate() {
            for operand in node.operands() {
                last_use[operand] = id;
            }
        }
        // A result is kept to the end.
        for &root in roots {
            last_use[root] = nodes.len();
        }
        // The first registers hold the variables for the whole run.
        let mut registers = variables;
        let mut free: Vec<usize> = Vec::new();
        let mut places: Vec<Operand> = Vec::with_capacity(nodes.len());
        let mut instructions = Vec::new();
        for (id, &node) in nodes.iter().enumerate() {
            let place = match node {
                Node::Constant(bits) => Operand::Number(f64::from_bits(bits)),
                Node::Variable(index) => Operand::Register(index),
                _ => {
                    let mut released: Vec<usize> = node
                        .operands()
                        .filter(|&operand| last_use[operand] == id)
                        .filter_map(|operand| match places[operand] {
                            Operand::Register(register) if register >= variables => Some(register),
                            _ => None,
                        })
                        .collect();
                    released.sort_unstable();
                    released.dedup();
                    free.extend(released);
                    let target = free.pop().unwrap_or_else(|| {
                        registers += 1;
                        registers - 1
                    });
                    instructions.extend(instruction(node, target, &places));
                    Operand::Register(target)
                }
            };
            places.push(place);
        }
        let results = roots.iter().map(|&root| places[root]).collect();
        let level = Level::available().next_back().unwrap_or(Level::Baseline);
        Self { variables, registers, instructions, results, level }
    }

    /// The value at one point, given by its coordinates.
    ///
    /// # Panics
    ///
    /// Panics if the number of coordinates is not the expression's number of variables.
    pub fn evaluate(&self, point: &[f64]) -> f64 {
        let mut value = [0.0];
        self.evaluate_all(point, &mut value);
        value[0]
    }

    /// Writes the results at one point.
    ///
    /// # Panics
    ///
    /// Panics if there is not one coordinate a variable, or not one number in `out` a result.
    pub(super) fn evaluate_all(&self, point: &[f64], out: &mut [f64]) {
        assert_eq!(point.len(), self.variables, "one coordinate a variable");
        assert_eq!(out.len(), self.results.len(), "one number a result");
        SCALAR_REGISTERS.with_borrow_mut(|registers| {
            if registers.len() < self.registers {
                registers.resize(self.registers, [[0.0]]);
            }
            for (register, &coordinate) in registers.iter_mut().zip(point) {
                *register = [[coordinate]];
            }
            run(&self.instructions, registers, 1);
            for (out, &result) in out.iter_mut().zip(&self.results) {
                *out = match result {
                    Operand::Register(register) => registers[register][0][0],
                    Operand::Number(number) => number,
                };
            }
        });
    }

    /// Writes the value at the point `(coordinates[0][k], coordinates[1][k], ...)` to `out[k]`, for
    /// every `k`.
    ///
    /// # Panics
    ///
    /// Panics if the number of slices is not the expression's number of variables, or if one of them
    /// has another length than `out`.
    pub fn evaluate_batch(&self, coordinates: &[&[f64]], out: &mut [f64]) {
        assert_eq!(coordinates.len(), self.variables, "one slice a variable");
        assert!(coordinates.iter().all(|slice| slice.len() == out.len()), "slices of the same length");
        for (block, out) in out.chunks_mut(LANES).enumerate() {
            let lanes = out.len();
            self.run_block(
                lanes,
                |variable| &coordinates[variable][block * LANES..][..lanes],
                |_, value| value.write(out),
            );
        }
    }

    /// Writes the results at the first `lanes` points, whose coordinates are the rows of `x`, to the rows
    /// of `out`.
    ///
    /// # Panics
    ///
    /// Panics if `x` has not one row a variable, `out` not one a result, or `lanes` is above
    /// [`LANES`].
    #[inline]
    pub(super) fn evaluate_rows(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
        assert_eq!(x.len(), self.variables, "one row a variable");
        assert_eq!(out.len(), self.results.len(), "one row a result");
        self.run_block(
            lanes,
            |variable| &x[variable][..lanes],
            |result, value| value.write(&mut out[result][..lanes]),
        );
    }

    /// Runs the instructions on up to [`LANES`] points; `write` is given every result.
    #[inline(always)]
    fn run_block<'a>(
        &self,
        lanes: usize,
        coordinates: impl Fn(usize) -> &'a [f64],
        mut write: impl FnMut(usize, Lanes),
    ) {
        BATCH_REGISTERS.with_borrow_mut(|registers| {
            if registers.len() < self.registers {
                registers.resize(self.registers, [[0.0; WIDTH]; LANES / WIDTH]);
            }
            for (variable, register) in registers.iter_mut().enumerate().take(self.variables) {
                load(register, coordinates(variable));
            }
            let groups = lanes.div_ceil(WIDTH);
            match self.level {
                Level::Baseline => run(&self.instructions, registers, groups),
                // SAFETY: a level is only made by `Level::available`, which has seen that the processor
                // has the instructions.
                #[cfg(target_arch = "x86_64")]
                Level::Avx2 => unsafe { run_avx2(&self.instructions, registers, groups) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 => unsafe { run_avx512(&self.instructions, registers, groups) },
            }
            for (index, &result) in self.results.iter().enumerate() {
                write(
                    index,
                    match result {
                        Operand::Register(register) => Lanes::Values(&registers[register]),
                        Operand::Number(number) => Lanes::Same(number),
                    },
                );
            }
        });
    }

    /// How many instructions it has.
    #[cfg(test)]
    pub(super) fn instructions(&self) -> usize {
        self.instructions.len()
    }

    /// The same tape for every level of the processor.
    #[cfg(test)]
    pub(super) fn at_every_level(&self) -> Vec<Self> {
        Level::available().map(|level| Self { level, ..self.clone() }).collect()
    }
}

/// The instruction for an operation whose operands are at the given places.
fn instruction(node: Node, target: usize, places: &[Operand]) -> Option<Instruction> {
    match node {
        Node::Constant(_) | Node::Variable(_) => None,
        Node::Unary(operation, a) => Some(Instruction::Unary { operation, target, operand: places[a] }),
        Node::Binary(operation, a, b) => {
            let (left, right) = (places[a], places[b]);
            if let (Binary::Power, Operand::Number(exponent)) = (operation, right)
                && let Some(twice) = twice_exponent(exponent)
            {
                return Some(Instruction::HalfIntegerPower { target, operand: left, twice });
            }
            Some(Instruction::Binary { operation, target, left, right })
        }
        Node::Choose(sign, a, b) => {
            Some(Instruction::Choose { target, sign: places[sign], positive: places[a], negative: places[b] })
        }
        Node::Select(condition, a, b) => {
            Some(Instruction::Select { target, condition: places[condition], yes: places[a], no: places[b] })
        }
    }
}

/// A result of a batch.
enum Lanes<'a> {
    Values(&'a BatchRegister),
    Same(f64),
}

impl Lanes<'_> {
    #[inline(always)]
    fn write(self, out: &mut [f64]) {
        match self {
            Self::Values(register) => out.copy_from_slice(&register.as_flattened()[..out.len()]),
            Self::Same(number) => out.fill(number),
        }
    }
}

/// Puts up to [`LANES`] points into a register.
#[inline(always)]
fn load(register: &mut BatchRegister, points: &[f64]) {
    let register = register.as_flattened_mut();
    register[..points.len()].copy_from_slice(points);
    let used = points.len().next_multiple_of(WIDTH);
    if let Some(&last) = points.last() {
        // The rest of the last group repeats the last point: what a former call left there could be
        // slow to compute with.
        register[points.len()..used].fill(last);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn run_avx2(instructions: &[Instruction], registers: &mut [BatchRegister], groups: usize) {
    run(instructions, registers, groups);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn run_avx512(instructions: &[Instruction], registers: &mut [BatchRegister], groups: usize) {
    run(instructions, registers, groups);
}

/// Runs the instructions on the first `groups` groups of the registers. It is inlined into each of the
/// functions above, which compile it for their processors.
#[inline(always)]
fn run<const W: usize, const GROUPS: usize>(
    instructions: &[Instruction],
    registers: &mut [Register<W, GROUPS>],
    groups: usize,
) {
    for &instruction in instructions {
        match instruction {
            Instruction::Unary { operation, target, operand } => {
                let place = (target, operand);
                match operation {
                    Unary::Negate => unary(registers, groups, place, |x| -x),
                    Unary::Sqrt => unary(registers, groups, place, f64::sqrt),
                    Unary::Exp => unary(registers, groups, place, exp_everywhere),
                    Unary::Abs => unary(registers, groups, place, f64::abs),
                    Unary::NonNegative => unary(registers, groups, place, non_negative),
                    Unary::Not => unary(registers, groups, place, |x| 1.0 - x),
                    Unary::Floor => unary(registers, groups, place, f64::floor),
                    // Calls of libm dominate here; one loop for all of them keeps the code small.
                    _ => unary(registers, groups, place, |x| operation.apply(x)),
                }
            }
            Instruction::Binary { operation, target, left, right } => {
                let place = (target, left, right);
                match operation {
                    Binary::Add => binary(registers, groups, place, |a, b| a + b),
                    Binary::Subtract => binary(registers, groups, place, |a, b| a - b),
                    Binary::Multiply => binary(registers, groups, place, |a, b| a * b),
                    Binary::Divide => binary(registers, groups, place, |a, b| a / b),
                    Binary::Power => binary(registers, groups, place, power),
                    Binary::Min => binary(registers, groups, place, min),
                    Binary::Max => binary(registers, groups, place, max),
                    Binary::Less => binary(registers, groups, place, less),
                    Binary::LessEqual => binary(registers, groups, place, less_equal),
                    Binary::And => binary(registers, groups, place, and),
                    Binary::Or => binary(registers, groups, place, or),
                }
            }
            Instruction::HalfIntegerPower { target, operand, twice } => {
                let place = (target, operand);
                match twice {
                    // The usual exponents, unrolled.
                    4 => group_by_group(registers, groups, place, |x| half_integer_power(x, 4)),
                    6 => group_by_group(registers, groups, place, |x| half_integer_power(x, 6)),
                    _ => group_by_group(registers, groups, place, |x| half_integer_power(x, twice)),
                }
            }
            Instruction::Choose { target, sign, positive, negative } => {
                ternary(registers, groups, (target, sign, positive, negative), choose);
            }
            Instruction::Select { target, condition, yes, no } => {
                ternary(registers, groups, (target, condition, yes, no), select);
            }
        }
    }
}

/// One group of an operand's lanes.
#[inline(always)]
fn read<const W: usize, const GROUPS: usize>(
    registers: &[Register<W, GROUPS>],
    operand: Operand,
    group: usize,
) -> [f64; W] {
    match operand {
        Operand::Register(register) => registers[register][group],
        Operand::Number(number) => [number; W],
    }
}

/// Applies a function of a group of lanes. Each group is read before it is written, hence the target
/// may be the operand.
#[expect(clippy::needless_range_loop, reason = "the loop indexes groups, not registers")]
#[inline(always)]
fn group_by_group<const W: usize, const GROUPS: usize>(
    registers: &mut [Register<W, GROUPS>],
    groups: usize,
    (target, operand): (usize, Operand),
    function: impl Fn([f64; W]) -> [f64; W],
) {
    match operand {
        Operand::Register(operand) => {
            // Seen once here, the bounds need no look in the loop.
            assert!(target < registers.len() && operand < registers.len());
            for group in 0..groups.min(GROUPS) {
                registers[target][group] = function(registers[operand][group]);
            }
        }
        Operand::Number(number) => registers[target] = [function([number; W]); GROUPS],
    }
}

/// Applies a function of one number to every lane.
#[inline(always)]
fn unary<const W: usize, const GROUPS: usize>(
    registers: &mut [Register<W, GROUPS>],
    groups: usize,
    place: (usize, Operand),
    function: impl Fn(f64) -> f64,
) {
    group_by_group(registers, groups, place, |mut lanes| {
        for lane in &mut lanes {
            *lane = function(*lane);
        }
        lanes
    });
}

/// Applies a function of two numbers to every lane.
#[expect(clippy::needless_range_loop, reason = "the loop indexes groups, not registers")]
#[inline(always)]
fn binary<const W: usize, const GROUPS: usize>(
    registers: &mut [Register<W, GROUPS>],
    groups: usize,
    (target, left, right): (usize, Operand, Operand),
    function: impl Fn(f64, f64) -> f64,
) {
    let right = match right {
        Operand::Register(right) => right,
        Operand::Number(right) => {
            return unary(registers, groups, (target, left), |left| function(left, right));
        }
    };
    let left = match left {
        Operand::Register(left) => left,
        Operand::Number(left) => {
            let right = Operand::Register(right);
            return unary(registers, groups, (target, right), |right| function(left, right));
        }
    };
    assert!(target < registers.len() && left < registers.len() && right < registers.len());
    for group in 0..groups.min(GROUPS) {
        let mut result = registers[left][group];
        for (left, right) in result.iter_mut().zip(registers[right][group]) {
            *left = function(*left, right);
        }
        registers[target][group] = result;
    }
}

/// Applies a function of three numbers to every lane.
#[inline(always)]
fn ternary<const W: usize, const GROUPS: usize>(
    registers: &mut [Register<W, GROUPS>],
    groups: usize,
    (target, first, second, third): (usize, Operand, Operand, Operand),
    function: impl Fn(f64, f64, f64) -> f64,
) {
    assert!(target < registers.len());
    for group in 0..groups.min(GROUPS) {
        let mut result = read(registers, first, group);
        let second = read(registers, second, group);
        let third = read(registers, third, group);
        for ((first, second), third) in result.iter_mut().zip(second).zip(third) {
            *first = function(*first, second, third);
        }
        registers[target][group] = result;
    }
}

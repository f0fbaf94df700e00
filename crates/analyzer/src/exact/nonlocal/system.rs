//! The discrete equations and their solution.

use levyscape_integrator::math;
use nalgebra::{DMatrix, DVector};

use crate::exact::nonlocal::mesh::{Component, Element, End, Mesh, Place};
use crate::exact::nonlocal::rule::{Rules, integrated_legendre, legendre};

/// Most coefficients of an element.
pub(super) const MOST_DEGREE: usize = 24;

/// The generator in flux form: `A u = b u' + (D u' + F[u])'` with
/// `F[u](x) = -k_+ int_{y>x} u'(y) q(y-x) dy - k_- int_{y<x} u'(y) q(x-y) dy`.
pub(super) struct Coefficients<'a> {
    pub drift: &'a dyn Fn(f64) -> f64,
    pub diffusion: f64,
    /// `k_-`, `k_+`: the constants of the Lévy measure over alpha.
    pub jumps: [f64; 2],
    /// `1 - alpha`.
    pub exponent: f64,
    /// `(a-1)(a-2)...(a-k)/(k+1)!` of the exponent: the series of `((1+r)^a - 1)/(a r)`.
    pub binomials: [f64; 12],
}

/// Coefficients of `((1+r)^a - 1)/(a r)`, which is `ln(1+r)/r` at `a = 0`.
pub(super) fn binomials(a: f64) -> [f64; 12] {
    let mut coefficient = 1.0;
    std::array::from_fn(|k| {
        let order = k as f64;
        if k > 0 {
            coefficient *= (a - order) / (order + 1.0);
        }
        coefficient
    })
}

/// Steps relative to the distance for which the series is exact to rounding.
const SERIES: f64 = 0.05;

impl Coefficients<'_> {
    fn has_jumps(&self) -> bool {
        self.jumps[0] > 0.0 || self.jumps[1] > 0.0
    }

    /// The edges of the control volumes inside an element: the Gauss points, moved downstream where
    /// transport rules, for a wiggle that nothing else damps is not to pass on to the next element.
    fn edges(&self, mesh: &Mesh, rules: &Rules, element: &Element) -> Vec<f64> {
        let half = 0.5 * element.length();
        // What the jumps shorter than the element amount to is part of the transport on its scale.
        let drift =
            (self.drift)(mesh.x(element.place(0.0))) + (self.jumps[1] - self.jumps[0]) * self.kernel(half);
        let spread = (self.jumps[0] + self.jumps[1]) * libm::pow(half, self.exponent) + self.diffusion / half;
        let peclet = drift / spread;
        let share = UPWIND * peclet / (1.0 + peclet.abs());
        rules.gauss(element.degree).nodes.iter().map(|&t| t + share * (1.0 - t * t)).collect()
    }

    /// `(z^a - 1) / a`.
    fn kernel(&self, z: f64) -> f64 {
        let a = self.exponent;
        let log = math::ln(z);
        if a == 0.0 { log } else { math::exp_m1(a * log) / a }
    }

    /// `q(z + step) - q(z)` without the loss of digits that a small step brings.
    fn kernel_change(&self, z: f64, step: f64) -> f64 {
        let a = self.exponent;
        let power = math::exp(a * math::ln(z));
        let ratio = step / z;
        if ratio < SERIES {
            return power * ratio * self.binomials.iter().rev().fold(0.0, |sum, c| sum * ratio + c);
        }
        let log = math::ln(1.0 + ratio);
        if a == 0.0 { log } else { power * math::exp_m1(a * log) / a }
    }
}

/// Where the unknowns of a component are in the vector of all.
#[derive(Debug, Clone)]
struct Layout {
    /// The value at the left end, where nothing stops the path at either end.
    constant: Option<usize>,
    /// The jump of the solution at an end where the drift points inwards.
    jumps: [Option<usize>; 2],
    /// First coefficient of each element.
    elements: Vec<usize>,
    /// First control volume.
    row: usize,
}

/// A jump of `u` at a place: positive towards larger x.
#[derive(Debug, Clone, Copy)]
pub(super) struct Jump {
    pub place: Place,
    pub size: f64,
}

/// Values of the solution on the stop set, beside the components.
#[derive(Debug, Clone, Default)]
pub(super) struct Exterior {
    /// `[left, right]` limits beside each component; unused at cut ends.
    pub sides: Vec<[f64; 2]>,
    /// Where the values jump inside the stop set.
    pub jumps: Vec<Jump>,
}

/// One control volume: between consecutive Gauss points, or from an end to the nearest one.
struct Volume {
    from: Edge,
    to: Edge,
    /// Pieces (element, lo, hi in its reference coordinate).
    pieces: Vec<(usize, f64, f64)>,
}

/// An edge of a control volume: (element, reference coordinate).
#[derive(Debug, Clone, Copy)]
struct Edge {
    element: usize,
    t: f64,
    place: Place,
}

/// The assembled equations of one mesh.
pub(super) struct System<'a> {
    pub mesh: &'a Mesh,
    rules: &'a Rules,
    layout: Vec<Layout>,
    size: usize,
    /// `A`, with the conditions at the ends in the last rows.
    operator: DMatrix<f64>,
    /// `int_volume u`.
    mass: DMatrix<f64>,
    /// Factor of each row that makes its largest entry 1.
    scales: Vec<f64>,
    volumes: Vec<Vec<Volume>>,
    coefficients: &'a Coefficients<'a>,
}

/// A solution: coefficients of `du/dt` and the values beside the components.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub unknowns: Vec<f64>,
    pub exterior: Exterior,
}

impl<'a> System<'a> {
    /// Assembles. `free` says at which ends the solution may jump (the kernel must be finite at 0 then).
    pub(super) fn new(
        mesh: &'a Mesh,
        rules: &'a Rules,
        coefficients: &'a Coefficients<'a>,
        free: &[[bool; 2]],
    ) -> Self {
        let mut size = 0;
        let mut rows = 0;
        let mut layout = Vec::new();
        let mut conditions = 0;
        for (component, free) in mesh.components.iter().zip(free) {
            let mut take = |count: usize| {
                size += count;
                size - count
            };
            let cut = component.ends.map(|end| end == End::Cut);
            let constant = (cut[0] && cut[1]).then(|| take(1));
            let left = free[0].then(|| take(1));
            let elements: Vec<usize> = component.elements.iter().map(|e| take(e.degree)).collect();
            let right = free[1].then(|| take(1));
            let row = rows;
            let points: usize = component.elements.iter().map(|e| e.degree).sum();
            rows += points - 1 + usize::from(free[0] || cut[0]) + usize::from(free[1] || cut[1]);
            conditions += usize::from(!cut[0] && !cut[1]);
            layout.push(Layout { constant, jumps: [left, right], elements, row });
        }
        debug_assert_eq!(rows + conditions, size);
        let volumes = mesh
            .components
            .iter()
            .zip(free)
            .map(|(component, free)| {
                volumes(component, free, |element| coefficients.edges(mesh, rules, element))
            })
            .collect::<Vec<_>>();
        let mut system = Self {
            mesh,
            rules,
            layout,
            size,
            operator: DMatrix::zeros(size, size),
            mass: DMatrix::zeros(size, size),
            scales: vec![1.0; size],
            volumes,
            coefficients,
        };
        system.assemble(rows);
        system
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Place of the jump at an end of a component.
    fn jump_place(&self, component: usize, side: usize) -> Place {
        let elements = &self.mesh.components[component].elements;
        let element = if side == 0 { elements[0] } else { elements[elements.len() - 1] };
        element.place(if side == 0 { -1.0 } else { 1.0 })
    }

    fn assemble(&mut self, rows: usize) {
        let mut condition = rows;
        for c in 0..self.mesh.components.len() {
            let count = self.volumes[c].len();
            for v in 0..count {
                let row = self.layout[c].row + v;
                let (operator, mass) = self.volume_row(c, v);
                self.operator.row_mut(row).copy_from_slice(&operator);
                self.mass.row_mut(row).copy_from_slice(&mass);
            }
            if self.mesh.components[c].ends == [End::Stop, End::Stop] {
                // The increments add up to the difference of the values on both sides.
                let layout = &self.layout[c];
                for jump in layout.jumps.iter().flatten() {
                    self.operator[(condition, *jump)] = 1.0;
                }
                for first in &layout.elements {
                    self.operator[(condition, *first)] = 2.0;
                }
                condition += 1;
            }
        }
        for row in 0..self.size {
            let largest = self.operator.row(row).amax();
            if largest > 0.0 {
                self.scales[row] = 1.0 / largest;
            }
        }
    }

    /// The row of a control volume in the operator and in the mass.
    fn volume_row(&self, component: usize, volume: usize) -> (Vec<f64>, Vec<f64>) {
        let mut operator = vec![0.0; self.size];
        let mut mass = vec![0.0; self.size];
        let volume = &self.volumes[component][volume];
        let layout = &self.layout[component];
        let elements = &self.mesh.components[component].elements;
        let cut = self.mesh.components[component].ends.map(|end| end == End::Cut);
        let mut values = [0.0; MOST_DEGREE];
        // Diffusive flux; at an end without stop set it is 0.
        if self.coefficients.diffusion > 0.0 {
            for (edge, sign) in [(&volume.from, -1.0), (&volume.to, 1.0)] {
                if edge.t.abs() == 1.0 && ((edge.t < 0.0 && cut[0]) || (edge.t > 0.0 && cut[1])) {
                    continue;
                }
                let element = &elements[edge.element];
                legendre(edge.t, &mut values[..element.degree]);
                let first = layout.elements[edge.element];
                for k in 0..element.degree {
                    operator[first + k] +=
                        sign * self.coefficients.diffusion * values[k] * 2.0 / element.length();
                }
            }
        }
        // Jumps.
        if self.coefficients.has_jumps() {
            for (c, other) in self.mesh.components.iter().enumerate() {
                for (e, element) in other.elements.iter().enumerate() {
                    let first = self.layout[c].elements[e];
                    self.flux_change(volume, element, &mut operator[first..first + element.degree]);
                }
                for side in 0..2 {
                    if let Some(column) = self.layout[c].jumps[side] {
                        operator[column] += self.jump_change(volume, self.jump_place(c, side));
                    }
                }
            }
        }
        // Transport and mass.
        let length: f64 =
            volume.pieces.iter().map(|&(e, lo, hi)| 0.5 * (hi - lo) * elements[e].length()).sum();
        for &(e, lo, hi) in &volume.pieces {
            let element = &elements[e];
            let first = layout.elements[e];
            let rule = self.rules.gauss(element.degree / 2 + 6);
            for (&node, &weight) in rule.nodes.iter().zip(&rule.weights) {
                let t = lo + 0.5 * (hi - lo) * (1.0 + node);
                let weight = 0.5 * (hi - lo) * weight;
                let drift = (self.coefficients.drift)(self.mesh.x(element.place(t)));
                legendre(t, &mut values[..element.degree]);
                for k in 0..element.degree {
                    operator[first + k] += weight * drift * values[k];
                }
                // int u over the piece: the value at the left end of the element is in `full` below.
                integrated_legendre(t, &mut values[..element.degree]);
                let weight = 0.5 * element.length() * weight;
                for k in 0..element.degree {
                    mass[first + k] += weight * values[k];
                }
            }
            // Whole increments of the elements between the end that holds the value and this one.
            let share = 0.5 * (hi - lo) * element.length();
            if cut[0] && !cut[1] {
                for later in e..elements.len() {
                    mass[layout.elements[later]] -= 2.0 * share;
                }
            } else {
                for earlier in 0..e {
                    mass[layout.elements[earlier]] += 2.0 * share;
                }
            }
        }
        if cut[0] && !cut[1] {
            if let Some(column) = layout.jumps[1] {
                mass[column] -= length;
            }
        } else if let Some(column) = layout.jumps[0] {
            mass[column] += length;
        }
        if let Some(column) = layout.constant {
            mass[column] += length;
        }
        (operator, mass)
    }

    /// Adds to `out` what the coefficients of an element contribute to `F(to) - F(from)`.
    fn flux_change(&self, volume: &Volume, element: &Element, out: &mut [f64]) {
        let lo = Place { anchor: element.anchor, offset: element.lo };
        let hi = Place { anchor: element.anchor, offset: element.hi };
        let h = element.length();
        let [left, right] = self.coefficients.jumps;
        // Far to the right or to the left of both edges: the change of the kernel itself.
        let gap = self.mesh.distance(volume.to.place, lo);
        if gap >= NEAR * h {
            let step = self.mesh.distance(volume.from.place, volume.to.place);
            self.far_change(gap, step, element, right, false, out);
            return;
        }
        let gap = self.mesh.distance(hi, volume.from.place);
        if gap >= NEAR * h {
            let step = self.mesh.distance(volume.from.place, volume.to.place);
            self.far_change(gap, step, element, left, true, out);
            return;
        }
        for (edge, sign) in [(&volume.from, -1.0), (&volume.to, 1.0)] {
            let before = self.mesh.distance(edge.place, lo);
            let after = self.mesh.distance(edge.place, hi);
            if before >= 0.0 {
                self.moments(before, h, element.degree, -sign * right, false, out);
            } else if after <= 0.0 {
                self.moments(-after, h, element.degree, -sign * left, true, out);
            } else {
                // The edge lies inside: the element's two parts.
                self.part(after, h, element.degree, -sign * right, false, out);
                self.part(-before, h, element.degree, -sign * left, true, out);
            }
        }
    }

    /// `F(to) - F(from)` for an element whose nearer end is `gap` from the nearer edge of the volume.
    fn far_change(
        &self,
        gap: f64,
        step: f64,
        element: &Element,
        jumps: f64,
        mirrored: bool,
        out: &mut [f64],
    ) {
        if jumps == 0.0 {
            return;
        }
        let h = element.length();
        let rule = self.rules.gauss(far_nodes(gap / h, element.degree));
        let mut values = [0.0; MOST_DEGREE];
        // Towards an element on the right the distance of `from` is the larger one.
        let sign = if mirrored { -1.0 } else { 1.0 };
        for (&node, &weight) in rule.nodes.iter().zip(&rule.weights) {
            let distance = gap + 0.5 * h * (1.0 + node);
            let change = sign * jumps * self.coefficients.kernel_change(distance, step);
            legendre(if mirrored { -node } else { node }, &mut values[..element.degree]);
            for (out, value) in out.iter_mut().zip(&values) {
                *out += weight * change * value;
            }
        }
    }

    /// Adds `factor * int P_k(t) q(|x - y(t)|) dt`, `gap` from x to the nearer end of the element.
    fn moments(&self, gap: f64, h: f64, degree: usize, factor: f64, mirrored: bool, out: &mut [f64]) {
        if factor == 0.0 {
            return;
        }
        if gap < NEAR * h {
            self.part_from(gap, gap + h, h, degree, factor, mirrored, out);
            if gap > 0.0 {
                self.part_from(gap, gap, h, degree, -factor, mirrored, out);
            }
            return;
        }
        let rule = self.rules.gauss(far_nodes(gap / h, degree));
        let mut values = [0.0; MOST_DEGREE];
        for (&node, &weight) in rule.nodes.iter().zip(&rule.weights) {
            let kernel = factor * weight * self.coefficients.kernel(gap + 0.5 * h * (1.0 + node));
            legendre(if mirrored { -node } else { node }, &mut values[..degree]);
            for (out, value) in out.iter_mut().zip(&values) {
                *out += kernel * value;
            }
        }
    }

    /// The part of an element of length `h` that begins at x and is `length` long.
    fn part(&self, length: f64, h: f64, degree: usize, factor: f64, mirrored: bool, out: &mut [f64]) {
        self.part_from(length - h, length, h, degree, factor, mirrored, out);
    }

    /// `int_x^{x+length}` of the element's polynomials, continued, against the kernel; the element's
    /// nearer end is `gap` from x (negative if x lies inside).
    #[expect(clippy::too_many_arguments, reason = "the numbers of one integral")]
    fn part_from(
        &self,
        gap: f64,
        length: f64,
        h: f64,
        degree: usize,
        factor: f64,
        mirrored: bool,
        out: &mut [f64],
    ) {
        if factor == 0.0 || length <= 0.0 {
            return;
        }
        let rule = self.rules.gauss(degree);
        let singular = self.rules.singular(degree);
        let whole = self.coefficients.kernel(length);
        let power = 1.0 + self.coefficients.exponent * whole;
        let mut values = [0.0; MOST_DEGREE];
        for ((&node, &weight), &singular) in rule.nodes.iter().zip(&rule.weights).zip(singular) {
            let v = 0.5 * (1.0 + node);
            // q(L v) = q(L) + L^a q(v).
            let weight = factor * 2.0 * length / h * (0.5 * weight * whole + power * singular);
            let t = -1.0 + 2.0 * (length * v - gap) / h;
            legendre(if mirrored { -t } else { t }, &mut values[..degree]);
            for (out, value) in out.iter_mut().zip(&values) {
                *out += weight * value;
            }
        }
    }

    /// `F(to) - F(from)` of a unit jump of the solution.
    fn jump_change(&self, volume: &Volume, place: Place) -> f64 {
        let [left, right] = self.coefficients.jumps;
        let step = self.mesh.distance(volume.from.place, volume.to.place);
        let ahead = self.mesh.distance(volume.to.place, place);
        let behind = self.mesh.distance(place, volume.from.place);
        if ahead > 0.0 {
            right * self.coefficients.kernel_change(ahead, step)
        } else if behind > 0.0 {
            -left * self.coefficients.kernel_change(behind, step)
        } else {
            // The jump is at the volume's edge, where the kernel is finite: -1/a.
            let end = -1.0 / self.coefficients.exponent;
            if behind == 0.0 {
                -left * (self.coefficients.kernel(step) - end)
            } else {
                right * (self.coefficients.kernel(step) - end)
            }
        }
    }

    /// `-A`, rows scaled.
    pub(super) fn negative(&self) -> DMatrix<f64> {
        self.scaled(-&self.operator)
    }

    /// `rate M - A`, rows scaled.
    pub(super) fn shifted(&self, rate: f64) -> DMatrix<f64> {
        self.scaled(&self.mass * rate - &self.operator)
    }

    /// `-A` with the value at the left end, which A does not see, replaced by the mean of the source
    /// under the stationary law: `-A u + mean = source`. `None` where something stops the path.
    pub(super) fn centred(&self) -> Option<(DMatrix<f64>, usize)> {
        let column = self.layout.first()?.constant?;
        let mut matrix = -&self.operator;
        matrix.set_column(column, &DVector::from_vec(self.lengths()));
        Some((self.scaled(matrix), column))
    }

    fn scaled(&self, mut matrix: DMatrix<f64>) -> DMatrix<f64> {
        for (mut row, &scale) in matrix.row_iter_mut().zip(&self.scales) {
            row *= scale;
        }
        matrix
    }

    /// The scales of the rows.
    pub(super) fn scales(&self) -> &[f64] {
        &self.scales
    }

    /// `M^T y` for weights of the control volumes.
    pub(super) fn mass_transposed(&self, weights: &DVector<f64>) -> DVector<f64> {
        self.mass.tr_mul(weights)
    }

    /// The middle of every control volume.
    pub(super) fn middles(&self) -> Vec<f64> {
        let lengths = self.lengths();
        let moments = self
            .per_volume(|c, e, t, weight| weight * self.mesh.x(self.mesh.components[c].elements[e].place(t)));
        moments.iter().zip(&lengths).map(|(moment, length)| moment / length).collect()
    }

    /// Right side of `-A u = source`, with `source` integrated over each volume, and the values outside.
    pub(super) fn right_side(&self, source: &[f64], exterior: &Exterior) -> DVector<f64> {
        let mut right = DVector::zeros(self.size);
        let rows = source.len();
        right.as_mut_slice()[..rows].copy_from_slice(source);
        let mut condition = rows;
        for c in 0..self.mesh.components.len() {
            for (v, volume) in self.volumes[c].iter().enumerate() {
                let row = self.layout[c].row + v;
                for jump in &exterior.jumps {
                    right[row] += jump.size * self.jump_change(volume, jump.place);
                }
            }
            if self.mesh.components[c].ends == [End::Stop, End::Stop] {
                // The operator enters with a minus sign.
                right[condition] = -(exterior.sides[c][1] - exterior.sides[c][0]);
                condition += 1;
            }
        }
        for row in 0..self.size {
            right[row] *= self.scales[row];
        }
        right
    }

    /// Number of control volumes.
    pub(super) fn rows(&self) -> usize {
        self.volumes.iter().map(Vec::len).sum()
    }

    /// `int 1` over each volume.
    pub(super) fn lengths(&self) -> Vec<f64> {
        self.per_volume(|_, _, _, weight| weight)
    }

    /// Sums a function of (component, element, t, weight) over quadrature nodes of each volume.
    pub(super) fn per_volume(&self, mut f: impl FnMut(usize, usize, f64, f64) -> f64) -> Vec<f64> {
        let mut sums = Vec::with_capacity(self.rows());
        for (c, volumes) in self.volumes.iter().enumerate() {
            let elements = &self.mesh.components[c].elements;
            for volume in volumes {
                let mut sum = 0.0;
                for &(e, lo, hi) in &volume.pieces {
                    let rule = self.rules.gauss(elements[e].degree / 2 + 6);
                    let scale = 0.25 * (hi - lo) * elements[e].length();
                    for (&node, &weight) in rule.nodes.iter().zip(&rule.weights) {
                        sum += f(c, e, lo + 0.5 * (hi - lo) * (1.0 + node), scale * weight);
                    }
                }
                sums.push(sum);
            }
        }
        sums
    }

    /// `int u` over each volume.
    pub(super) fn integrals(&self, field: &Field) -> Vec<f64> {
        let lefts = self.left_values(field);
        let mut values = [0.0; MOST_DEGREE];
        self.per_volume(|c, e, t, weight| {
            let degree = self.mesh.components[c].elements[e].degree;
            integrated_legendre(t, &mut values[..degree]);
            let first = self.layout[c].elements[e];
            let inside: f64 =
                field.unknowns[first..first + degree].iter().zip(&values).map(|(a, b)| a * b).sum();
            weight * (lefts[c][e] + inside)
        })
    }

    /// The solution at the left end of every element.
    pub(super) fn left_values(&self, field: &Field) -> Vec<Vec<f64>> {
        self.layout
            .iter()
            .enumerate()
            .map(|(c, layout)| {
                let unknown = |column: Option<usize>| column.map_or(0.0, |k| field.unknowns[k]);
                let ends = self.mesh.components[c].ends;
                let mut values = Vec::with_capacity(layout.elements.len());
                if ends == [End::Cut, End::Stop] {
                    let mut value = field.exterior.sides[c][1] - unknown(layout.jumps[1]);
                    for first in layout.elements.iter().rev() {
                        value -= 2.0 * field.unknowns[*first];
                        values.push(value);
                    }
                    values.reverse();
                } else {
                    let base = if ends[0] == End::Stop { field.exterior.sides[c][0] } else { 0.0 };
                    let mut value = base + unknown(layout.jumps[0]) + unknown(layout.constant);
                    for first in &layout.elements {
                        values.push(value);
                        value += 2.0 * field.unknowns[*first];
                    }
                }
                values
            })
            .collect()
    }

    /// The solution at a point of a component; `None` outside all of them.
    pub(super) fn value(&self, field: &Field, x: f64) -> Option<f64> {
        let (c, e, t) = self.locate(x)?;
        let degree = self.mesh.components[c].elements[e].degree;
        let mut values = [0.0; MOST_DEGREE];
        integrated_legendre(t, &mut values[..degree]);
        let first = self.layout[c].elements[e];
        let inside: f64 = field.unknowns[first..first + degree].iter().zip(&values).map(|(a, b)| a * b).sum();
        Some(self.left_values(field)[c][e] + inside)
    }

    /// The element that holds x, and x in its reference coordinate.
    fn locate(&self, x: f64) -> Option<(usize, usize, f64)> {
        for (c, component) in self.mesh.components.iter().enumerate() {
            for (e, element) in component.elements.iter().enumerate() {
                let offset = x - self.mesh.anchors[element.anchor];
                if element.lo <= offset && offset <= element.hi {
                    return Some((c, e, -1.0 + 2.0 * (offset - element.lo) / element.length()));
                }
            }
        }
        None
    }

    /// Share of the last coefficients of every element in the largest value of the field.
    pub(super) fn tails(&self, field: &Field) -> Vec<f64> {
        let lefts = self.left_values(field);
        let largest = lefts.iter().flatten().fold(0.0f64, |most, value| most.max(value.abs()));
        let mut tails = Vec::new();
        for (c, layout) in self.layout.iter().enumerate() {
            for (e, &first) in layout.elements.iter().enumerate() {
                let degree = self.mesh.components[c].elements[e].degree;
                let last = &field.unknowns[first..first + degree];
                let tail = last.iter().rev().take(2).fold(0.0f64, |most, value| most.max(value.abs()));
                tails.push(tail / largest.max(f64::MIN_POSITIVE));
            }
        }
        tails
    }
}

/// How far the edges of control volumes are moved where transport rules.
const UPWIND: f64 = 0.2;

/// Distance in element lengths from which ordinary quadrature serves.
const NEAR: f64 = 0.2;

/// Nodes that integrate the kernel at a relative distance against polynomials of the degree.
fn far_nodes(gap: f64, degree: usize) -> usize {
    degree / 2
        + match gap {
            g if g >= 30.0 => 4,
            g if g >= 3.0 => 7,
            g if g >= 0.7 => 12,
            _ => 21,
        }
}

/// The control volumes of a component.
fn volumes(component: &Component, free: &[bool; 2], edges_of: impl Fn(&Element) -> Vec<f64>) -> Vec<Volume> {
    let elements = &component.elements;
    let open = [0, 1].map(|side| free[side] || component.ends[side] == End::Cut);
    let edge = |element: usize, t: f64| Edge { element, t, place: elements[element].place(t) };
    let mut edges: Vec<Edge> = Vec::new();
    if open[0] {
        edges.push(edge(0, -1.0));
    }
    for (e, element) in elements.iter().enumerate() {
        edges.extend(edges_of(element).into_iter().map(|t| edge(e, t)));
    }
    if open[1] {
        edges.push(edge(elements.len() - 1, 1.0));
    }
    edges
        .windows(2)
        .map(|pair| {
            let (from, to) = (pair[0], pair[1]);
            let mut pieces = Vec::new();
            if from.element == to.element {
                pieces.push((from.element, from.t, to.t));
            } else {
                pieces.push((from.element, from.t, 1.0));
                pieces.push((to.element, -1.0, to.t));
            }
            Volume { from, to, pieces }
        })
        .collect()
}

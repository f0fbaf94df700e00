//! Small dense linear algebra for the implicit methods.

/// The two points of a central difference at `x`; the drift changes by much over the length `scale`.
pub(super) fn around(x: f64, scale: f64) -> [f64; 2] {
    let step = 6e-6 * x.abs().max(scale.min(1.0));
    [x - step, x + step]
}

/// Solves `matrix v = vector` (rows one after another) in place by elimination with pivots; false for a
/// singular matrix or entries that are not finite.
pub(super) fn solve(matrix: &mut [f64], vector: &mut [f64]) -> bool {
    let d = vector.len();
    for column in 0..d {
        let mut pivot = column;
        for row in column + 1..d {
            if matrix[row * d + column].abs() > matrix[pivot * d + column].abs() {
                pivot = row;
            }
        }
        let head = matrix[pivot * d + column];
        if head == 0.0 || !head.is_finite() {
            return false;
        }
        if pivot != column {
            for k in 0..d {
                matrix.swap(pivot * d + k, column * d + k);
            }
            vector.swap(pivot, column);
        }
        for row in column + 1..d {
            let factor = matrix[row * d + column] / head;
            if factor != 0.0 {
                for k in column..d {
                    matrix[row * d + k] -= factor * matrix[column * d + k];
                }
                vector[row] -= factor * vector[column];
            }
        }
    }
    for row in (0..d).rev() {
        for k in row + 1..d {
            vector[row] -= matrix[row * d + k] * vector[k];
        }
        vector[row] /= matrix[row * d + row];
    }
    vector.iter().all(|x| x.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_that_needs_pivots() {
        let mut matrix = [0.0, 2.0, 1.0, 1.0, 0.0, 3.0, 2.0, 1.0, 0.0];
        let mut vector = [7.0, 10.0, 4.0];
        assert!(solve(&mut matrix, &mut vector));
        for (seen, exact) in vector.iter().zip([1.0, 2.0, 3.0]) {
            assert!((seen - exact).abs() < 1e-14, "{vector:?}");
        }
        assert!(!solve(&mut [1.0, 2.0, 2.0, 4.0], &mut [1.0, 1.0]));
    }
}

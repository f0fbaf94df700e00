//! Which wells can be reached from which.

use super::NoiseLaw;
use crate::landscape::Landscape;

/// Which wells a noise leads to, from which.
///
/// Gaussian noise moves continuously: from a well it comes to the neighbours with which the well shares a
/// barrier that it can climb; a wall, where the potential is not finite, stops it. Jumps pass over barriers and
/// walls; where they all have one sign (`beta = 1` or `-1`) they lead to wells on one side only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Entry `[i][j]`: from well `i + 1` to well `j + 1` without a stay in a third; false for `i = j`.
    pub direct: Vec<Vec<bool>>,
    /// The same by way of any others; true for `i = j`.
    pub eventual: Vec<Vec<bool>>,
}

impl Reach {
    /// Of the wells of a landscape; `None` for a noise of which nothing is known here.
    ///
    /// ```
    /// # use levyscape_analyzer::{landscape::Landscape, theory::{NoiseLaw, Reach}};
    /// # use levyscape_integrator::potential::ClosurePotential;
    /// let well = ClosurePotential::new(|x| x * x * x * x / 4.0 - x * x / 2.0, |x| x * x * x - x);
    /// let landscape = Landscape::find(&well, None)?;
    /// let upwards = NoiseLaw::Stable { alpha: 0.7, beta: 1.0, epsilon: 0.1 };
    /// let reach = Reach::new(&landscape, upwards).unwrap();
    /// assert!(reach.direct[0][1] && !reach.direct[1][0]);
    /// # Ok::<(), levyscape_analyzer::landscape::LandscapeError>(())
    /// ```
    #[must_use]
    pub fn new(landscape: &Landscape, noise: NoiseLaw) -> Option<Self> {
        if !noise.is_valid() {
            return None;
        }
        let wells = &landscape.wells;
        let leads = |from: usize, to: usize| match (noise.diffusion(), noise) {
            (Some(_), _) => {
                let (left, right) = (from.min(to), from.max(to));
                right - left == 1
                    && wells[left].right == wells[right].left
                    && wells[left].depth_right.is_finite()
            }
            (None, NoiseLaw::Stable { beta, .. }) => {
                if to > from {
                    beta > -1.0
                } else {
                    beta < 1.0
                }
            }
            (None, _) => false,
        };
        let direct: Vec<Vec<bool>> = (0..wells.len())
            .map(|from| (0..wells.len()).map(|to| from != to && leads(from, to)).collect())
            .collect();
        let mut eventual = direct.clone();
        for (index, row) in eventual.iter_mut().enumerate() {
            row[index] = true;
        }
        for by in 0..wells.len() {
            let onwards = eventual[by].clone();
            for row in eventual.iter_mut().filter(|row| row[by]) {
                row.iter_mut().zip(&onwards).for_each(|(reached, onwards)| *reached |= onwards);
            }
        }
        Some(Self { direct, eventual })
    }

    /// In words: `1 -> 2, 3; 2 -> 1; 3 -> none`, and where the rest can be reached by way of others, these in
    /// brackets.
    #[must_use]
    pub fn describe(&self) -> String {
        let numbers = |row: &mut dyn Iterator<Item = usize>| {
            row.map(|index| (index + 1).to_string()).collect::<Vec<_>>().join(", ")
        };
        let of = |from: usize| {
            let (direct, eventual) = (&self.direct[from], &self.eventual[from]);
            let there = numbers(&mut (0..direct.len()).filter(|&to| direct[to]));
            let later =
                numbers(&mut (0..direct.len()).filter(|&to| to != from && eventual[to] && !direct[to]));
            let there = if there.is_empty() { "none".to_owned() } else { there };
            let later = if later.is_empty() { String::new() } else { format!(" (then {later})") };
            format!("{} -> {there}{later}", from + 1)
        };
        (0..self.direct.len()).map(of).collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_potential::Formula;

    #[test]
    fn neighbours_one_side_or_all() {
        let three = Formula::new(
            |x| x * x * x * x * x * x / 6.0 - 1.25 * x * x * x * x + 2.0 * x * x,
            |x| x * x * x * x * x - 5.0 * x * x * x + 4.0 * x,
            |x| 5.0 * x * x * x * x - 15.0 * x * x + 4.0,
        );
        let landscape = Landscape::find(&three, None).unwrap();
        let of = |noise| Reach::new(&landscape, noise).unwrap().describe();
        let stable = |alpha, beta| NoiseLaw::Stable { alpha, beta, epsilon: 0.1 };
        let neighbours = "1 -> 2 (then 3); 2 -> 1, 3; 3 -> 2 (then 1)";
        assert_eq!(of(NoiseLaw::Brownian { epsilon: 0.1 }), neighbours);
        assert_eq!(of(stable(2.0, 1.0)), neighbours);
        assert_eq!(of(stable(1.5, 0.3)), "1 -> 2, 3; 2 -> 1, 3; 3 -> 1, 2");
        assert_eq!(of(stable(1.5, 1.0)), "1 -> 2, 3; 2 -> 3; 3 -> none");
        assert_eq!(of(stable(0.7, -1.0)), "1 -> none; 2 -> 1; 3 -> 1, 2");
        assert!(Reach::new(&landscape, NoiseLaw::Other { name: "gamma", epsilon: 0.1 }).is_none());
        assert!(Reach::new(&landscape, stable(0.0, 0.0)).is_none());
    }

    #[test]
    fn a_wall_stops_what_is_continuous() {
        let pole = Formula::new(
            |x| x * x + 1.0 / (x * x),
            |x| 2.0 * x - 2.0 / (x * x * x),
            |x| 2.0 + 6.0 / (x * x * x * x),
        );
        let landscape = Landscape::find(&pole, None).unwrap();
        let of = |noise| Reach::new(&landscape, noise).unwrap().describe();
        assert_eq!(of(NoiseLaw::Brownian { epsilon: 0.1 }), "1 -> none; 2 -> none");
        assert_eq!(of(NoiseLaw::stable(1.2, 0.1)), "1 -> 2; 2 -> 1");
    }
}

//! Finite Markov chains in continuous time, with killing.

use std::fmt;

/// A Markov chain on finitely many states: jump rates `q_ij >= 0` (`i != j`) and killing rates
/// `k_i >= 0`, in units of one over the chain's own time.
///
/// Rates between wells differ by many powers of ten, so every linear system is solved by an
/// elimination that never subtracts (Grassmann, Taksar and Heyman, Oper. Res. 33 (1985) 1107): each
/// entry of a result has full relative accuracy, whatever the spread of the rates.
#[derive(Clone, PartialEq)]
pub struct MarkovChain {
    rates: Vec<Vec<f64>>,
    killing: Vec<f64>,
}

impl fmt::Debug for MarkovChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MarkovChain")
            .field("generator", &self.generator())
            .field("killing", &self.killing)
            .finish()
    }
}

impl MarkovChain {
    /// The chain with the given jump rates (`n` by `n`, the diagonal is ignored) and killing rates
    /// (`n`); `None` unless the shapes agree and every rate is finite and non-negative.
    #[must_use]
    pub fn new(mut rates: Vec<Vec<f64>>, killing: Vec<f64>) -> Option<Self> {
        let size = killing.len();
        if rates.len() != size || rates.iter().any(|row| row.len() != size) {
            return None;
        }
        for (i, row) in rates.iter_mut().enumerate() {
            row[i] = 0.0;
        }
        let valid = |rate: &f64| rate.is_finite() && *rate >= 0.0;
        (rates.iter().flatten().all(valid) && killing.iter().all(valid)).then_some(Self { rates, killing })
    }

    /// Number of states.
    #[must_use]
    pub fn len(&self) -> usize {
        self.killing.len()
    }

    /// Whether there is no state at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.killing.is_empty()
    }

    /// Rate of jumping from `from` to `to`; 0 for `from == to` and for states that do not exist.
    #[must_use]
    pub fn rate(&self, from: usize, to: usize) -> f64 {
        self.rates.get(from).and_then(|row| row.get(to)).copied().unwrap_or(0.0)
    }

    /// Rate of leaving `from`: all its jumps and its killing; 0 for a state that does not exist.
    #[must_use]
    pub fn exit_rate(&self, from: usize) -> f64 {
        self.rates.get(from).map_or(0.0, |row| row.iter().sum::<f64>() + self.killing[from])
    }

    /// Probability `q_ij / q_i` that the first jump from `from` goes to `to`; `None` if it never jumps.
    #[must_use]
    pub fn jump_probability(&self, from: usize, to: usize) -> Option<f64> {
        let total = self.exit_rate(from);
        (total > 0.0).then(|| self.rate(from, to) / total)
    }

    /// The generator: `q_ij` off the diagonal and `-q_i` on it. Rows add up to minus the killing rate.
    #[must_use]
    pub fn generator(&self) -> Vec<Vec<f64>> {
        let mut generator = self.rates.clone();
        for (i, row) in generator.iter_mut().enumerate() {
            row[i] = -self.exit_rate(i);
        }
        generator
    }

    /// Whether any state is killed at a positive rate.
    #[must_use]
    pub fn has_killing(&self) -> bool {
        self.killing.iter().any(|&rate| rate > 0.0)
    }

    /// The stationary law `Q^T pi = 0`, `sum pi = 1`; `None` with killing, without states, or where
    /// the law is not unique.
    #[must_use]
    pub fn stationary(&self) -> Option<Vec<f64>> {
        let size = self.len();
        if size == 0 || self.has_killing() {
            return None;
        }
        let mut rates = self.rates.clone();
        let mut outflow = vec![0.0; size];
        for last in (1..size).rev() {
            let total: f64 = rates[last][..last].iter().sum();
            if total <= 0.0 {
                return None;
            }
            outflow[last] = total;
            eliminate(&mut rates, last, total);
        }
        let mut law = vec![1.0; size];
        for last in 1..size {
            law[last] = (0..last).map(|i| law[i] * rates[i][last]).sum::<f64>() / outflow[last];
        }
        let total: f64 = law.iter().sum();
        total.is_finite().then(|| law.iter().map(|mass| mass / total).collect())
    }

    /// The non-negative solution `u` of `-Q u = reward`, that is `u_i = E_i` of the reward collected
    /// until killing. `reward` has one non-negative entry a state. Infinite where a state with positive
    /// reward may be visited for ever.
    #[must_use]
    pub fn expected_reward(&self, reward: &[f64]) -> Vec<f64> {
        let size = self.len();
        let mut reward: Vec<f64> = (0..size).map(|i| reward.get(i).copied().unwrap_or(0.0)).collect();
        let mut rates = self.rates.clone();
        let mut killing = self.killing.clone();
        let mut outflow = vec![0.0; size];
        for last in (0..size).rev() {
            let total = rates[last][..last].iter().sum::<f64>() + killing[last];
            outflow[last] = total;
            for i in 0..last {
                let inflow = rates[i][last];
                if inflow <= 0.0 {
                    continue;
                }
                if total > 0.0 {
                    killing[i] += inflow * (killing[last] / total);
                    if reward[last] > 0.0 {
                        reward[i] += inflow * (reward[last] / total);
                    }
                } else if reward[last] > 0.0 {
                    reward[i] = f64::INFINITY;
                } else {
                    killing[i] += inflow;
                }
            }
            if total > 0.0 {
                eliminate(&mut rates, last, total);
            }
        }
        let mut value = vec![0.0; size];
        for i in 0..size {
            let mut collected = reward[i];
            for j in 0..i {
                if rates[i][j] > 0.0 {
                    collected += rates[i][j] * value[j];
                }
            }
            value[i] = if collected > 0.0 { collected / outflow[i] } else { 0.0 };
        }
        value
    }

    /// Mean time to killing from each state, `(-Q)^{-1} 1`; infinite where it may never come.
    #[must_use]
    pub fn mean_lifetime(&self) -> Vec<f64> {
        self.expected_reward(&vec![1.0; self.len()])
    }

    /// Second moment of the time to killing, `2 (-Q)^{-2} 1`.
    #[must_use]
    pub fn second_moment_lifetime(&self) -> Vec<f64> {
        self.expected_reward(&self.mean_lifetime()).iter().map(|moment| 2.0 * moment).collect()
    }

    /// Mean time to reach one of `targets` from each state (0 on the targets): `Q_FF u = -1`. A path
    /// that is killed first counts as never arriving, so its mean is infinite.
    #[must_use]
    pub fn mean_hitting_times(&self, targets: &[usize]) -> Vec<f64> {
        let free: Vec<usize> = (0..self.len()).filter(|i| !targets.contains(i)).collect();
        // One more state, absorbing and never killed, holds the paths that are killed before arrival.
        let size = free.len() + 1;
        let mut rates = vec![vec![0.0; size]; size];
        let mut killing = vec![0.0; size];
        for (row, &i) in free.iter().enumerate() {
            for (column, &j) in free.iter().enumerate() {
                rates[row][column] = self.rates[i][j];
            }
            rates[row][size - 1] = self.killing[i];
            killing[row] = targets.iter().map(|&j| self.rate(i, j)).sum();
        }
        let restricted = Self { rates, killing };
        let times = restricted.mean_lifetime();
        let mut all = vec![0.0; self.len()];
        for (row, &i) in free.iter().enumerate() {
            all[i] = times[row];
        }
        all
    }

    /// `exp(Q t)`: entry `[i][j]` is the probability of being in `j` at time `t >= 0` from `i`. With
    /// killing the rows add up to the survival probability.
    ///
    /// Uniformisation over a short time, then repeated squaring with the diagonal taken from the row
    /// sum, so that small entries keep their relative accuracy. NaN for a negative or NaN time.
    #[must_use]
    pub fn transition_matrix(&self, t: f64) -> Vec<Vec<f64>> {
        let size = self.len();
        if t.is_nan() || t < 0.0 {
            return vec![vec![f64::NAN; size]; size];
        }
        let fastest = (0..size).map(|i| self.exit_rate(i)).fold(0.0, f64::max);
        let mut product = (fastest * t).min(f64::MAX);
        if size == 0 || product == 0.0 {
            return (0..size).map(|i| (0..size).map(|j| f64::from(u8::from(i == j))).collect()).collect();
        }
        let mut squarings = 0;
        while product > 0.25 {
            product *= 0.5;
            squarings += 1;
        }
        // State `size` is the grave, so that rows add up to one exactly.
        let full = size + 1;
        let step: Vec<Vec<f64>> = (0..full)
            .map(|i| {
                let mut row = vec![0.0; full];
                if i < size {
                    for (j, entry) in row.iter_mut().enumerate().take(size) {
                        *entry = self.rates[i][j] / fastest;
                    }
                    row[size] = self.killing[i] / fastest;
                }
                close_row(&mut row, i);
                row
            })
            .collect();
        let mut power = step.clone();
        let mut weight = libm::exp(-product);
        let mut sum: Vec<Vec<f64>> = vec![vec![0.0; full]; full];
        // Poisson weights at a mean of at most 1/4: the 24th is below 1e-38.
        for term in 1..24 {
            weight *= product / f64::from(term);
            for (total, entry) in sum.iter_mut().flatten().zip(power.iter().flatten()) {
                *total += weight * entry;
            }
            power = multiply(&power, &step);
        }
        for (i, row) in sum.iter_mut().enumerate() {
            close_row(row, i);
        }
        for _ in 0..squarings {
            sum = multiply(&sum, &sum);
            for (i, row) in sum.iter_mut().enumerate() {
                close_row(row, i);
            }
        }
        sum.truncate(size);
        for row in &mut sum {
            row.truncate(size);
        }
        sum
    }

    /// Probability of not being killed by time `t` from state `from`.
    #[must_use]
    pub fn survival(&self, from: usize, t: f64) -> f64 {
        self.transition_matrix(t).get(from).map_or(f64::NAN, |row| row.iter().sum())
    }
}

/// Folds the paths through state `last` into the rates between the states before it.
fn eliminate(rates: &mut [Vec<f64>], last: usize, total: f64) {
    let (head, tail) = rates.split_at_mut(last);
    let leaving = &tail[0];
    for (i, row) in head.iter_mut().enumerate() {
        let inflow = row[last];
        if inflow <= 0.0 {
            continue;
        }
        for (j, rate) in row.iter_mut().enumerate().take(last) {
            if i != j {
                *rate += inflow * (leaving[j] / total);
            }
        }
    }
}

/// Sets the diagonal entry so that the row adds up to one; rescales a row that is already full.
fn close_row(row: &mut [f64], diagonal: usize) {
    let others: f64 = row.iter().enumerate().filter(|&(j, _)| j != diagonal).map(|(_, p)| p).sum();
    if others <= 0.5 {
        row[diagonal] = 1.0 - others;
    } else {
        let total = others + row[diagonal];
        for entry in row.iter_mut() {
            *entry /= total;
        }
    }
}

fn multiply(left: &[Vec<f64>], right: &[Vec<f64>]) -> Vec<Vec<f64>> {
    left.iter()
        .map(|row| {
            let mut out = vec![0.0; row.len()];
            for (factor, other) in row.iter().zip(right) {
                for (entry, value) in out.iter_mut().zip(other) {
                    *entry += factor * value;
                }
            }
            out
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(rates: &[&[f64]], killing: &[f64]) -> MarkovChain {
        MarkovChain::new(rates.iter().map(|row| row.to_vec()).collect(), killing.to_vec()).unwrap()
    }

    #[test]
    fn two_states_follow_the_closed_form() {
        let (q12, q21) = (0.3, 1.1);
        let chain = chain(&[&[0.0, q12], &[q21, 0.0]], &[0.0, 0.0]);
        let pi = [q21 / (q12 + q21), q12 / (q12 + q21)];
        let law = chain.stationary().unwrap();
        assert!((law[0] - pi[0]).abs() < 1e-15);
        for t in [0.0, 0.1, 1.0, 7.0, 1e3, 1e12] {
            let p = chain.transition_matrix(t);
            let expected = pi[0] + pi[1] * (-(q12 + q21) * t).exp();
            assert!((p[0][0] - expected).abs() < 1e-14, "t = {t}: {} {expected}", p[0][0]);
        }
        assert!((chain.mean_hitting_times(&[1])[0] - 1.0 / q12).abs() < 1e-14);
    }

    #[test]
    fn killing_gives_exponential_survival() {
        let chain = chain(&[&[0.0]], &[2.5]);
        assert!((chain.mean_lifetime()[0] - 0.4).abs() < 1e-15);
        assert!((chain.second_moment_lifetime()[0] - 0.32).abs() < 1e-15);
        for t in [1e-12, 0.3, 4.0, 40.0] {
            assert!((chain.survival(0, t) / libm::exp(-2.5 * t) - 1.0).abs() < 1e-12, "t = {t}");
        }
        assert_eq!(chain.survival(0, 0.0), 1.0);
        assert_eq!(chain.survival(0, f64::INFINITY), 0.0);
        assert!(chain.survival(0, -1.0).is_nan());
    }

    #[test]
    fn rates_that_differ_by_a_hundred_powers_keep_their_digits() {
        let chain = chain(&[&[0.0, 1.0, 0.0], &[1e-60, 0.0, 1e-100], &[0.0, 3.0, 0.0]], &[0.0, 0.0, 0.0]);
        let times = chain.mean_hitting_times(&[2]);
        let from_middle = (1.0 + 1e-60) / 1e-100;
        assert!((times[1] / from_middle - 1.0).abs() < 1e-14);
        assert!((times[0] / from_middle - 1.0).abs() < 1e-14);
        let law = chain.stationary().unwrap();
        assert!((law[0] / 1e-60 - 1.0).abs() < 1e-14);
        assert!((law[2] / (1e-100 / 3.0) - 1.0).abs() < 1e-14);
    }

    #[test]
    fn agrees_with_a_general_linear_solver() {
        let rates: [&[f64]; 4] =
            [&[0.0, 0.2, 0.7, 0.1], &[0.5, 0.0, 0.3, 0.9], &[0.4, 0.8, 0.0, 0.6], &[1.2, 0.1, 0.35, 0.0]];
        let killing = [0.05, 0.0, 0.3, 0.01];
        let chain = chain(&rates, &killing);
        let minus_q = nalgebra::DMatrix::from_fn(4, 4, |i, j| -chain.generator()[i][j]);
        let solution = minus_q.lu().solve(&nalgebra::DVector::from_element(4, 1.0)).unwrap();
        for (a, b) in chain.mean_lifetime().iter().zip(solution.iter()) {
            assert!((a / b - 1.0).abs() < 1e-13);
        }
    }

    #[test]
    fn a_trap_makes_the_mean_infinite_but_not_undefined() {
        let chain = chain(&[&[0.0, 1.0, 0.0], &[0.0, 0.0, 1.0], &[0.0, 1.0, 0.0]], &[1.0, 0.0, 0.0]);
        assert!(chain.mean_lifetime().iter().all(|time| *time == f64::INFINITY));
        // Probability of being killed in state 0 is still a half from there.
        assert_eq!(chain.expected_reward(&[1.0, 0.0, 0.0]), vec![0.5, 0.0, 0.0]);
        assert!(chain.stationary().is_none());
        assert!(MarkovChain::new(vec![vec![0.0, -1.0], vec![1.0, 0.0]], vec![0.0, 0.0]).is_none());
        assert!(MarkovChain::new(vec![vec![0.0]], vec![0.0, 0.0]).is_none());
    }
}

//! Finite Markov chains in continuous time, with killing.

use std::fmt;

use nalgebra::{DMatrix, Schur};

/// Steps of the quotient-difference algorithm after which two eigenvalues are too close to be told apart.
const MOST_STEPS: usize = 100_000;
/// An eigenvalue below this share of the fastest rate has lost its digits in a general matrix.
const RESOLVED: f64 = 1e-9;

/// A Markov chain on finitely many states: jump rates `q_ij >= 0` (`i != j`) and killing rates
/// `k_i >= 0`, in units of one over the chain's own time.
///
/// Rates between wells differ by many powers of ten, so every linear system is solved by an
/// elimination that never subtracts (Grassmann, Taksar and Heyman, Oper. Res. 33 (1985) 1107): each
/// entry of a result has full relative accuracy, whatever the spread of the rates. What is not a linear
/// system is made the same way: see [`Self::transition_matrix`] and [`Self::relaxation_times`].
///
/// ```
/// use levyscape_analyzer::theory::MarkovChain;
///
/// // From the left of three wells over the middle one, at rates that differ by sixty powers of ten.
/// let rates = vec![vec![0.0, 1.0, 0.0], vec![2.0, 0.0, 1e-60], vec![0.0, 1e-55, 0.0]];
/// let chain = MarkovChain::new(rates, vec![0.0; 3]).ok_or("rates")?;
/// let near = |value: f64, expected: f64| (value / expected - 1.0).abs() < 1e-14;
/// let law = chain.stationary().ok_or("not unique")?;
/// assert!(near(law[2], 1e-5 / 3.0 / (1.0 + 1e-5 / 3.0)));
/// // Two thirds of the time are spent on the left, from where nothing crosses.
/// assert!(near(chain.mean_hitting_times(&[2])[1], 3e60));
/// // From the middle the left is reached first, but for one path in 2e60.
/// assert!(near(chain.committor(&[0], &[2])[1], 0.5e-60));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

    /// The same chain with every rate multiplied by a factor, as in another unit of time; `None` unless the
    /// rates stay finite and non-negative.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Option<Self> {
        let times = |rates: &Vec<f64>| rates.iter().map(|rate| rate * factor).collect::<Vec<f64>>();
        Self::new(self.rates.iter().map(times).collect(), times(&self.killing))
    }

    /// Mean time to reach one of `targets` from each state (0 on the targets): `Q_FF u = -1`. A path
    /// that is killed first counts as never arriving, so its mean is infinite.
    ///
    /// ```
    /// # use levyscape_analyzer::theory::MarkovChain;
    /// // A walk on 0, 1, 2, 3 at rate 1 either way: from 0 it takes 1 + 2 + 3 to the other end.
    /// let rate = |i: usize, j: usize| if i.abs_diff(j) == 1 { 1.0 } else { 0.0 };
    /// let rates = (0..4).map(|i| (0..4).map(|j| rate(i, j)).collect()).collect();
    /// let walk = MarkovChain::new(rates, vec![0.0; 4]).ok_or("rates")?;
    /// let times = walk.mean_hitting_times(&[3]);
    /// assert!((times[0] - 6.0).abs() < 1e-12 && times[3] == 0.0);
    /// // The first of several states.
    /// assert!((walk.mean_hitting_times(&[0, 3])[1] - 1.0).abs() < 1e-12);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn mean_hitting_times(&self, targets: &[usize]) -> Vec<f64> {
        let (free, restricted) = self.until(targets, true);
        let times = restricted.mean_lifetime();
        let mut all = vec![0.0; self.len()];
        for (row, &i) in free.iter().enumerate() {
            all[i] = times[row];
        }
        all
    }

    /// The committor: from each state the probability of reaching one of `targets` before one of `avoided`
    /// and before being killed; 1 on the targets and 0 on the avoided states (a state in both counts as
    /// avoided). `Q h = 0` elsewhere.
    ///
    /// ```
    /// # use levyscape_analyzer::theory::MarkovChain;
    /// let rate = |i: usize, j: usize| if i.abs_diff(j) == 1 { 1.0 } else { 0.0 };
    /// let rates = (0..5).map(|i| (0..5).map(|j| rate(i, j)).collect()).collect();
    /// let walk = MarkovChain::new(rates, vec![0.0; 5]).ok_or("rates")?;
    /// let right = walk.committor(&[0], &[4]);
    /// assert!(right.iter().zip([0.0, 0.25, 0.5, 0.75, 1.0]).all(|(h, exact)| (h - exact).abs() < 1e-15));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn committor(&self, avoided: &[usize], targets: &[usize]) -> Vec<f64> {
        let ends: Vec<usize> = avoided.iter().chain(targets).copied().collect();
        let (free, restricted) = self.until(&ends, false);
        let wanted = |j: &usize| targets.contains(j) && !avoided.contains(j);
        let reward: Vec<f64> =
            free.iter().map(|&i| (0..self.len()).filter(wanted).map(|j| self.rates[i][j]).sum()).collect();
        let reached = restricted.expected_reward(&reward);
        let mut all: Vec<f64> = (0..self.len()).map(|j| f64::from(u8::from(wanted(&j)))).collect();
        for (row, &i) in free.iter().enumerate() {
            // Rounding must not make a probability of it that is none.
            all[i] = reached[row].min(1.0);
        }
        all
    }

    /// The states off `ends`, and the chain on them that is killed where this one jumps onto an end. Paths
    /// that this chain kills are killed too, or live on for ever in one more state.
    fn until(&self, ends: &[usize], for_ever: bool) -> (Vec<usize>, Self) {
        let free: Vec<usize> = (0..self.len()).filter(|i| !ends.contains(i)).collect();
        let size = free.len() + usize::from(for_ever);
        let mut rates = vec![vec![0.0; size]; size];
        let mut killing = vec![0.0; size];
        for (row, &i) in free.iter().enumerate() {
            for (column, &j) in free.iter().enumerate() {
                rates[row][column] = self.rates[i][j];
            }
            let onto_ends = (0..self.len()).filter(|j| ends.contains(j));
            killing[row] = onto_ends.map(|j| self.rates[i][j]).sum();
            if for_ever {
                rates[row][size - 1] = self.killing[i];
            } else {
                killing[row] += self.killing[i];
            }
        }
        (free, Self { rates, killing })
    }

    /// The relaxation times `1/Re(lambda)` of the nonzero eigenvalues `lambda` of `-Q`, the longest first:
    /// `n - 1` of them, in the chain's own time. The first says how long the chain takes to forget where
    /// it was.
    ///
    /// Between neighbours only, as for Gaussian noise, by the differential quotient-difference algorithm
    /// (Fernando and Parlett, Numer. Math. 67 (1994) 191), which never subtracts: each time has full
    /// relative accuracy, whatever the spread of the rates. Otherwise by the Schur form. `None` with killing,
    /// where the stationary law is not unique, and where an eigenvalue of a general chain is lost in
    /// rounding (below 1e-9 of the fastest rate).
    ///
    /// ```
    /// # use levyscape_analyzer::theory::MarkovChain;
    /// let chain = MarkovChain::new(vec![vec![0.0, 0.3], vec![1.7, 0.0]], vec![0.0; 2]).ok_or("rates")?;
    /// assert_eq!(chain.relaxation_times(), Some(vec![0.5]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn relaxation_times(&self) -> Option<Vec<f64>> {
        self.stationary()?;
        let size = self.len();
        let between = |i: usize, j: usize| self.rates[i][j];
        let neighbours_only = (0..size).all(|i| (0..size).all(|j| i.abs_diff(j) < 2 || between(i, j) == 0.0))
            && (1..size).all(|i| between(i - 1, i) > 0.0 && between(i, i - 1) > 0.0);
        let mut rates = if neighbours_only {
            let up: Vec<f64> = (1..size).map(|i| between(i - 1, i)).collect();
            let down: Vec<f64> = (1..size).map(|i| between(i, i - 1)).collect();
            birth_and_death_eigenvalues(up, down)?
        } else {
            let generator = self.generator();
            let matrix = DMatrix::from_fn(size, size, |i, j| -generator[i][j]);
            let fastest = (0..size).map(|i| self.exit_rate(i)).fold(0.0, f64::max);
            let schur = Schur::try_new(matrix, f64::EPSILON, 1000 * size)?;
            let mut rates: Vec<f64> = schur.complex_eigenvalues().iter().map(|value| value.re).collect();
            rates.sort_by(f64::total_cmp);
            // The smallest is the zero of the stationary law.
            rates.remove(0);
            if rates.iter().any(|rate| *rate < RESOLVED * fastest) {
                return None;
            }
            rates
        };
        rates.sort_by(f64::total_cmp);
        Some(rates.iter().map(|rate| 1.0 / rate).collect())
    }

    /// `exp(Q t)`: entry `[i][j]` is the probability of being in `j` at time `t >= 0` from `i`. With
    /// killing the rows add up to the survival probability.
    ///
    /// Uniformisation over a short time, then repeated squaring with the diagonal taken from the row
    /// sum, so that small entries keep their relative accuracy. NaN for a negative or NaN time.
    ///
    /// ```
    /// # use levyscape_analyzer::theory::MarkovChain;
    /// let chain = MarkovChain::new(vec![vec![0.0, 1.0], vec![1e-40, 0.0]], vec![0.0; 2]).ok_or("rates")?;
    /// let later = chain.transition_matrix(1e3);
    /// // q_10/(q_01 + q_10), the stationary share, at full accuracy.
    /// assert!((later[1][0] / 1e-40 - 1.0).abs() < 1e-12);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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

/// The nonzero eigenvalues of `-Q` for a chain that jumps from state `i` to `i + 1` at the rate `up[i]` and
/// back at the rate `down[i]`. The differences of a function along the chain obey a tridiagonal system whose
/// factors are the rates themselves; exchanging factors (`dqd`) drives it to triangular form. `None` where
/// two eigenvalues are too close to be told apart.
fn birth_and_death_eigenvalues(up: Vec<f64>, down: Vec<f64>) -> Option<Vec<f64>> {
    let (mut q, mut e) = (up, down);
    let size = q.len();
    for _ in 0..MOST_STEPS {
        let mut carried = *q.first().unwrap_or(&0.0);
        for i in 0..size {
            // Behind the last quotient there is something in the first exchange only.
            let sum = carried + e[i];
            if i + 1 < size {
                let ratio = q[i + 1] / sum;
                e[i] *= ratio;
                carried *= ratio;
            } else {
                e[i] = 0.0;
            }
            q[i] = sum;
        }
        if (1..size).all(|i| e[i - 1] <= 0.1 * f64::EPSILON * q[i]) {
            return Some(q);
        }
    }
    None
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

    /// Neighbours only, at rates of Kramers' kind over more than a hundred powers of ten.
    fn stiff() -> MarkovChain {
        chain(
            &[
                &[0.0, 1e-3, 0.0, 0.0, 0.0],
                &[2.0, 0.0, 3e-40, 0.0, 0.0],
                &[0.0, 5e-20, 0.0, 1e-90, 0.0],
                &[0.0, 0.0, 7e-110, 0.0, 4e-12],
                &[0.0, 0.0, 0.0, 9e-15, 0.0],
            ],
            &[0.0; 5],
        )
    }

    #[test]
    fn a_stiff_chain_follows_its_closed_forms() {
        let chain = stiff();
        // Detailed balance holds between neighbours: products of ratios.
        let mut weight = vec![1.0];
        for i in 1..5 {
            weight.push(weight[i - 1] * chain.rate(i - 1, i) / chain.rate(i, i - 1));
        }
        let total: f64 = weight.iter().sum();
        let law = chain.stationary().unwrap();
        for i in 0..5 {
            assert!((law[i] * total / weight[i] - 1.0).abs() < 1e-13, "{i}");
        }
        // Mean time up: sum over the edges of the weight below over the flow across.
        let time_up: f64 =
            (1..5).map(|i| weight[..i].iter().sum::<f64>() / (weight[i - 1] * chain.rate(i - 1, i))).sum();
        assert!((chain.mean_hitting_times(&[4])[0] / time_up - 1.0).abs() < 1e-13);
        // The committor is the resistance up to the place over the whole.
        let resistance: Vec<f64> = (1..5).map(|i| 1.0 / (weight[i - 1] * chain.rate(i - 1, i))).collect();
        let whole: f64 = resistance.iter().sum();
        let committor = chain.committor(&[0], &[4]);
        let back = chain.committor(&[4], &[0]);
        for i in 1..4 {
            let (below, above) = (resistance[..i].iter().sum::<f64>(), resistance[i..].iter().sum::<f64>());
            assert!((committor[i] / (below / whole) - 1.0).abs() < 1e-13, "{i}");
            assert!((back[i] / (above / whole) - 1.0).abs() < 1e-13, "{i}");
        }
    }

    #[test]
    fn relaxation_times_keep_their_digits() {
        // The scales are far apart, so that each time is that of two groups of states in equilibrium.
        let times = stiff().relaxation_times().unwrap();
        let fast = 1.0 / 2.001;
        let pair = 1.0 / (4e-12 + 9e-15);
        // States 0 and 1 are one; of their time 1e-3/2.001 is spent in state 1.
        let leaving = 3e-40 * (1e-3 / 2.001);
        let middle = 1.0 / (5e-20 + leaving);
        // Slowest: between 0, 1, 2 and 3, 4, in equilibrium on either side.
        let up = 1e-90 * leaving / (5e-20 + leaving);
        let down = 7e-110 * 9e-15 / (4e-12 + 9e-15);
        let slowest = 1.0 / (up + down);
        for (time, expected) in times.iter().zip([slowest, middle, pair, fast]) {
            assert!((time / expected - 1.0).abs() < 1e-9, "{time:e} {expected:e}");
        }
        // A chain of equal rates: 4 sin^2(k pi / 2n), k = 1 ... n - 1.
        let walk = |i: usize, j: usize| if i.abs_diff(j) == 1 { 1.0 } else { 0.0 };
        let n = 12;
        let rates = (0..n).map(|i| (0..n).map(|j| walk(i, j)).collect()).collect();
        let times = MarkovChain::new(rates, vec![0.0; n]).unwrap().relaxation_times().unwrap();
        for (k, time) in times.iter().enumerate() {
            let sine = libm::sin((k + 1) as f64 * std::f64::consts::PI / (2 * n) as f64);
            assert!((time * 4.0 * sine * sine - 1.0).abs() < 1e-12, "{k}: {time}");
        }
    }

    #[test]
    fn relaxation_times_of_a_full_chain() {
        // Three states: the two eigenvalues solve l^2 - (trace) l + (sum of principal minors) = 0.
        let chain = chain(&[&[0.0, 0.2, 0.1], &[0.5, 0.0, 0.3], &[0.4, 0.1, 0.0]], &[0.0; 3]);
        let times = chain.relaxation_times().unwrap();
        let q = chain.generator();
        let minor = |i: usize, j: usize| q[i][i] * q[j][j] - q[i][j] * q[j][i];
        let (trace, minors) = (-(q[0][0] + q[1][1] + q[2][2]), minor(0, 1) + minor(0, 2) + minor(1, 2));
        let root = (trace * trace / 4.0 - minors).sqrt();
        assert!((times[0] * (trace / 2.0 - root) - 1.0).abs() < 1e-12, "{times:?}");
        assert!((times[1] * (trace / 2.0 + root) - 1.0).abs() < 1e-12);
        // Round in a circle: complex eigenvalues 1 - exp(+-2 pi i/3) of real part 3/2.
        let circle = self::chain(&[&[0.0, 1.0, 0.0], &[0.0, 0.0, 1.0], &[1.0, 0.0, 0.0]], &[0.0; 3]);
        assert!(circle.relaxation_times().unwrap().iter().all(|time| (time * 1.5 - 1.0).abs() < 1e-12));
        assert_eq!(self::chain(&[&[0.0]], &[0.0]).relaxation_times(), Some(vec![]));
        assert!(self::chain(&[&[0.0]], &[1.0]).relaxation_times().is_none());
    }

    #[test]
    fn a_stiff_chain_in_time_follows_its_scales() {
        let chain = stiff();
        let fast = [2.0 / 2.001, 1e-3 / 2.001];
        // Long after the fastest pair has settled, long before anything leaves it.
        let early = chain.transition_matrix(1e15);
        assert!((early[0][1] / fast[1] - 1.0).abs() < 1e-12);
        // State 2 returns at the rate 5e-20.
        let returned = -libm::expm1(-5e-20 * 1e15);
        assert!((early[0][2] / (3e-40 * fast[1] * returned / 5e-20) - 1.0).abs() < 1e-9);
        assert!((early[2][0] / (fast[0] * returned) - 1.0).abs() < 1e-9);
        // The upper pair by its closed form.
        let (up, down) = (4e-12, 9e-15);
        for t in [1e10, 1e12, 1e13] {
            let p = chain.transition_matrix(t);
            let expected = up / (up + down) * -libm::expm1(-(up + down) * t);
            assert!((p[3][4] / expected - 1.0).abs() < 1e-11, "{t}");
        }
        // At last the stationary law, from everywhere.
        let law = chain.stationary().unwrap();
        let late = chain.transition_matrix(1e160);
        for row in &late {
            for (p, pi) in row.iter().zip(&law) {
                assert!((p / pi - 1.0).abs() < 1e-9, "{p:e} {pi:e}");
            }
        }
    }

    #[test]
    fn committors_and_times_of_sets() {
        // Killing counts as not arriving.
        let killed = chain(&[&[0.0, 1.0, 1.0], &[0.0, 0.0, 0.0], &[0.0, 0.0, 0.0]], &[2.0, 0.0, 0.0]);
        assert_eq!(killed.committor(&[2], &[1]), vec![0.25, 1.0, 0.0]);
        assert_eq!(killed.mean_hitting_times(&[1, 2])[0], f64::INFINITY);
        // In both sets: avoided.
        assert_eq!(killed.committor(&[1], &[1, 2])[1], 0.0);
        assert_eq!(killed.committor(&[], &[0, 1, 2]), vec![1.0; 3]);
        // A target named twice, or one that does not exist, changes nothing.
        assert_eq!(killed.committor(&[2, 7], &[1, 1]), vec![0.25, 1.0, 0.0]);
        assert_eq!(killed.scaled(2.0).unwrap().exit_rate(0), 8.0);
        assert!(killed.scaled(-1.0).is_none());
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

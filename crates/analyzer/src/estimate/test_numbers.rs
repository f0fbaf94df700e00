//! Random numbers for the tests of this crate.

use levyscape_integrator::StreamKey;
use levyscape_integrator::math::uniform;

/// Numbers of one seed.
pub struct Numbers {
    key: StreamKey,
    block: u64,
    waiting: Vec<u64>,
}

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self { key: StreamKey { seed, point: 0, task: 0 }, block: 0, waiting: Vec::new() }
    }

    /// Uniform on (0, 1).
    pub fn uniform(&mut self) -> f64 {
        if self.waiting.is_empty() {
            self.waiting.extend(self.key.state(self.block));
            self.block += 1;
        }
        uniform(self.waiting.pop().unwrap_or(0))
    }

    pub fn exponential(&mut self) -> f64 {
        -libm::log(self.uniform())
    }

    pub fn normal(&mut self) -> f64 {
        (2.0 * self.exponential()).sqrt() * libm::cos(core::f64::consts::TAU * self.uniform())
    }
}

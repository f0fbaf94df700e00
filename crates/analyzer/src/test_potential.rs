//! A potential made of closures, for the tests of this crate.

use levyscape_integrator::potential::Potential;

type Function = Box<dyn Fn(f64) -> f64 + Send + Sync>;

pub(crate) struct Formula {
    value: Function,
    gradient: Function,
    curvature: Function,
}

impl Formula {
    pub(crate) fn new(
        value: impl Fn(f64) -> f64 + Send + Sync + 'static,
        gradient: impl Fn(f64) -> f64 + Send + Sync + 'static,
        curvature: impl Fn(f64) -> f64 + Send + Sync + 'static,
    ) -> Self {
        Self { value: Box::new(value), gradient: Box::new(gradient), curvature: Box::new(curvature) }
    }
}

impl Potential for Formula {
    fn value(&self, x: f64) -> f64 {
        (self.value)(x)
    }

    fn gradient(&self, x: f64) -> f64 {
        (self.gradient)(x)
    }

    fn curvature(&self, x: f64) -> f64 {
        (self.curvature)(x)
    }
}

//! The potential or drift of a scenario.

use std::path::Path;
use std::sync::Arc;

use levyscape_integrator::potential::{
    DriftPotential, ExpressionError, ExpressionField, ExpressionPotential, FieldError, Formula,
    TablePotential, catalogue,
};
use levyscape_integrator::{Drift, Potential};

use crate::errors::ScenarioError;
use crate::scenario::{PotentialSource, Scenario, ScenarioFile};

/// What pulls the particle.
pub struct Force {
    /// On the line: the potential, and in several dimensions nothing (zero).
    pub potential: Arc<dyn Potential>,
    /// In several dimensions: the drift.
    pub field: Option<Arc<dyn Drift>>,
    /// Names and formulas, to be shown.
    pub formulas: Vec<(String, String)>,
}

/// Stands for a potential where there is none on the line.
struct Nothing;

impl Potential for Nothing {
    fn value(&self, _x: f64) -> f64 {
        0.0
    }

    fn gradient(&self, _x: f64) -> f64 {
        0.0
    }
}

impl Force {
    /// Builds the force of one point of the sweep.
    ///
    /// # Errors
    /// A formula that does not parse, a table that cannot be read.
    pub fn new(file: &ScenarioFile, point: usize, scenario: &Scenario) -> Result<Self, ScenarioError> {
        let spec = &scenario.potential;
        let (variables, parameters) = (&spec.variables, &spec.parameters);
        let fault = |key: &str| {
            let key = key.to_owned();
            move |error: ExpressionError| {
                file.formula_error(point, &key, error.span, error.message, error.help)
            }
        };
        let entry = match &spec.source {
            PotentialSource::Name(name) => catalogue::named(name),
            _ => None,
        };
        let (expression, drift, key) = match (&spec.source, entry) {
            (PotentialSource::Expression(text), _) => (Some(text.clone()), None, "potential.expression"),
            (PotentialSource::Drift(texts), _) => (None, Some(texts.clone()), "potential.drift"),
            (PotentialSource::Table(path), _) => return Self::table(file, point, path),
            (PotentialSource::Name(_), Some(entry)) => match entry.formula {
                Formula::Potential(text) => (Some(text.to_owned()), None, "potential.name"),
                Formula::Drift(texts) => {
                    let texts = texts.iter().map(|&text| text.to_owned()).collect();
                    (None, Some(texts), "potential.name")
                }
            },
            (PotentialSource::Name(name), None) => {
                return Err(file.error_at(
                    point,
                    "potential.name",
                    format!("there is no potential {name}"),
                    None,
                ));
            }
        };
        match (expression, drift, &variables[..]) {
            (Some(text), _, [variable]) => {
                let potential = ExpressionPotential::new(&text, variable, parameters).map_err(fault(key))?;
                let formulas = vec![
                    (format!("U({variable})"), text),
                    (format!("U'({variable})"), potential.gradient_expression().to_string()),
                ];
                Ok(Self { potential: Arc::new(potential), field: None, formulas })
            }
            (None, Some(texts), [variable]) => {
                let text = texts.first().cloned().unwrap_or_default();
                let potential =
                    DriftPotential::new(&text, variable, parameters).map_err(fault(&format!("{key}.0")))?;
                let formulas = vec![(format!("b({variable})"), text)];
                Ok(Self { potential: Arc::new(potential), field: None, formulas })
            }
            (Some(text), _, _) => {
                let field = ExpressionField::potential(&text, variables, parameters).map_err(fault(key))?;
                let mut formulas = vec![(format!("U({})", variables.join(", ")), text)];
                formulas.extend(
                    (0..variables.len())
                        .map(|k| (format!("b_{}", variables[k]), field.component(k).to_string())),
                );
                Ok(Self { potential: Arc::new(Nothing), field: Some(Arc::new(field)), formulas })
            }
            (None, texts, _) => {
                let texts = texts.unwrap_or_default();
                let field =
                    ExpressionField::drift(&texts, variables, parameters).map_err(|error| match error {
                        FieldError::Expression { index, error } => fault(&format!("{key}.{index}"))(error),
                        other => file.error_at(point, key, other.to_string(), None),
                    })?;
                let names = variables.iter().map(|variable| format!("b_{variable}"));
                let formulas = names.zip(texts).collect();
                Ok(Self { potential: Arc::new(Nothing), field: Some(Arc::new(field)), formulas })
            }
        }
    }

    fn table(file: &ScenarioFile, point: usize, path: &Path) -> Result<Self, ScenarioError> {
        let fault = |message: String| file.error_at(point, "potential.table", message, None);
        let place = file.folder().join(path);
        let text = std::fs::read_to_string(&place)
            .map_err(|error| fault(format!("cannot read the table {}: {error}", place.display())))?;
        let potential = TablePotential::from_csv(&text)
            .map_err(|error| fault(format!("{}: {error}", place.display())))?;
        let formulas = vec![("U(x)".to_owned(), format!("splined from {}", path.display()))];
        Ok(Self { potential: Arc::new(potential), field: None, formulas })
    }
}

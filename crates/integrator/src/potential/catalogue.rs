//! Potentials and drifts that the literature uses, by name.

use std::collections::BTreeMap;

use super::{ExpressionField, FieldError};

/// How an entry of the catalogue gives its drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Formula {
    /// A formula of the potential `U`; the drift is `-grad U`.
    Potential(&'static str),
    /// One formula of the drift a coordinate.
    Drift(&'static [&'static str]),
}

/// A named potential or drift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CatalogueEntry {
    /// The name, in `snake_case`.
    pub name: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// The names of the coordinates.
    pub variables: &'static [&'static str],
    /// The formula, in the language of [`Expression`](super::Expression).
    pub formula: Formula,
    /// The parameters of the formula with their default values.
    pub parameters: &'static [(&'static str, f64)],
    /// The minima of the potential (of a drift: its stable rest points) at the default parameters. Of a
    /// periodic potential, the one nearest to 0.
    pub minima: &'static [&'static [f64]],
    /// Where it comes from, and what it is used for.
    pub reference: &'static str,
}

impl CatalogueEntry {
    /// The default parameters.
    #[must_use]
    pub fn defaults(&self) -> BTreeMap<String, f64> {
        self.parameters.iter().map(|&(name, value)| (name.to_owned(), value)).collect()
    }

    /// The drift at the given parameters.
    ///
    /// # Errors
    ///
    /// A [`FieldError`] if a parameter is missing, or its value makes a part of the formula infinite.
    pub fn field(&self, parameters: &BTreeMap<String, f64>) -> Result<ExpressionField, FieldError> {
        let variables: Vec<String> = self.variables.iter().map(|&name| name.to_owned()).collect();
        match self.formula {
            Formula::Potential(text) => ExpressionField::potential(text, &variables, parameters)
                .map_err(|error| FieldError::Expression { index: 0, error }),
            Formula::Drift(texts) => ExpressionField::drift(texts, &variables, parameters),
        }
    }
}

/// The entry of that name.
#[must_use]
pub fn named(name: &str) -> Option<&'static CatalogueEntry> {
    CATALOGUE.iter().find(|entry| entry.name == name)
}

/// Every entry, in the order in which they are listed.
pub const CATALOGUE: &[CatalogueEntry] = &[
    FREE,
    ORNSTEIN_UHLENBECK,
    QUARTIC,
    SEXTIC,
    DOUBLE_WELL,
    TILTED_DOUBLE_WELL,
    SCALED_DOUBLE_WELL,
    ASYMMETRIC_DOUBLE_WELL,
    TRIPLE_WELL,
    METASTABLE_CUBIC,
    PERIODIC,
    WASHBOARD,
    WANG_OH_RHEE,
    MULLER_BROWN,
    THREE_HOLE,
    MAIER_STEIN,
];

const FREE: CatalogueEntry = CatalogueEntry {
    name: "free",
    title: "no force",
    variables: &["x"],
    formula: Formula::Potential("0"),
    parameters: &[],
    minima: &[],
    reference: "exit of the noise itself from an interval: R. K. Getoor, Trans. AMS 101 (1961) 75",
};

const ORNSTEIN_UHLENBECK: CatalogueEntry = CatalogueEntry {
    name: "ornstein_uhlenbeck",
    title: "harmonic well",
    variables: &["x"],
    formula: Formula::Potential("theta*x^2/2"),
    parameters: &[("theta", 1.0)],
    minima: &[&[0.0]],
    reference: "G. E. Uhlenbeck, L. S. Ornstein, Phys. Rev. 36 (1930) 823",
};

const QUARTIC: CatalogueEntry = CatalogueEntry {
    name: "quartic",
    title: "quartic oscillator",
    variables: &["x"],
    formula: Formula::Potential("x^4/4"),
    parameters: &[],
    minima: &[&[0.0]],
    reference: "stationary law in closed form for Cauchy noise: A. Chechkin et al., Chem. Phys. 284 (2002) 233",
};

const SEXTIC: CatalogueEntry = CatalogueEntry {
    name: "sextic",
    title: "sextic oscillator",
    variables: &["x"],
    formula: Formula::Potential("x^6/6"),
    parameters: &[],
    minima: &[&[0.0]],
    reference: "confinement of Lévy flights by steep walls: A. Chechkin et al., J. Stat. Phys. 115 (2004) 1505",
};

const DOUBLE_WELL: CatalogueEntry = CatalogueEntry {
    name: "double_well",
    title: "symmetric quartic double well",
    variables: &["x"],
    formula: Formula::Potential("x^4/4 - x^2/2"),
    parameters: &[],
    minima: &[&[-1.0], &[1.0]],
    reference: "H. A. Kramers, Physica 7 (1940) 284; with Lévy noise A. V. Chechkin et al., Phys. Rev. E 75 \
                (2007) 041101",
};

const TILTED_DOUBLE_WELL: CatalogueEntry = CatalogueEntry {
    name: "tilted_double_well",
    title: "quartic double well under a constant force",
    variables: &["x"],
    formula: Formula::Potential("x^4/4 - x^2/2 + k*x"),
    parameters: &[("k", 0.1)],
    minima: &[&[-1.046_680_531_804_602_3], &[0.945_649_273_923_591_4]],
    reference: "H. A. Kramers, Physica 7 (1940) 284",
};

const SCALED_DOUBLE_WELL: CatalogueEntry = CatalogueEntry {
    name: "scaled_double_well",
    title: "double well of height h and half-width w, tilted by k",
    variables: &["x"],
    formula: Formula::Potential("h*((x/w)^2 - 1)^2 + k*x"),
    parameters: &[("h", 1.0), ("w", 1.0), ("k", 0.1)],
    minima: &[&[-1.012_273_131_032_681], &[0.987_257_476_662_353_3]],
    reference: "the width and the depth of the wells vary independently: for alpha-stable noise only the width \
                counts (P. Imkeller, I. Pavlyukevich, Stoch. Proc. Appl. 116 (2006) 611)",
};

const ASYMMETRIC_DOUBLE_WELL: CatalogueEntry = CatalogueEntry {
    name: "asymmetric_double_well",
    title: "wells of different width and depth, U' = x (x + 1) (x - 3/2)",
    variables: &["x"],
    formula: Formula::Potential("x^4/4 - x^3/6 - 3*x^2/4"),
    parameters: &[],
    minima: &[&[-1.0], &[1.5]],
    reference: "for transition times between unlike wells, as in P. Imkeller, I. Pavlyukevich, J. Phys. A 39 (2006) L237",
};

const TRIPLE_WELL: CatalogueEntry = CatalogueEntry {
    name: "triple_well",
    title: "three wells, U' = (x + 2) (x + 4/5) x (x - 1) (x - 5/2) / 5",
    variables: &["x"],
    formula: Formula::Potential("x^6/30 - 7*x^5/250 - 57*x^4/200 + 7*x^3/75 + 2*x^2/5"),
    parameters: &[],
    minima: &[&[-2.0], &[0.0], &[2.5]],
    reference: "for the chain on the minima, as in I. Pavlyukevich, J. Phys. A 40 (2007) 12299",
};

const METASTABLE_CUBIC: CatalogueEntry = CatalogueEntry {
    name: "metastable_cubic",
    title: "one well, a barrier at a/b and a sink behind it",
    variables: &["x"],
    formula: Formula::Potential("a*x^2/2 - b*x^3/3"),
    parameters: &[("a", 1.0), ("b", 1.0)],
    minima: &[&[0.0]],
    reference: "A. A. Dubkov, C. Guarcello, B. Spagnolo, arXiv 2311.13464",
};

const PERIODIC: CatalogueEntry = CatalogueEntry {
    name: "periodic",
    title: "cosine of height 2 h and period l",
    variables: &["x"],
    formula: Formula::Potential("h*(1 - cos(2*pi*x/l))"),
    parameters: &[("h", 1.0), ("l", 2.0 * std::f64::consts::PI)],
    minima: &[&[0.0]],
    reference: "H. Risken, The Fokker-Planck Equation (Springer, 1989), chapter 11",
};

const WASHBOARD: CatalogueEntry = CatalogueEntry {
    name: "washboard",
    title: "cosine of height 2 h and period l under a constant force f",
    variables: &["x"],
    formula: Formula::Potential("h*(1 - cos(2*pi*x/l)) - f*x"),
    parameters: &[("h", 1.0), ("l", 2.0 * std::f64::consts::PI), ("f", 0.5)],
    minima: &[&[std::f64::consts::FRAC_PI_6]],
    reference: "H. Risken, The Fokker-Planck Equation (Springer, 1989), chapter 11",
};

/// Saddles at -1.3, 0.2 and 0.7. The minima are those of the printed formula; the paper prints -1.51, -0.66,
/// 0.49 and 1.32, of which the second is the value of `U` at the first.
const WANG_OH_RHEE: CatalogueEntry = CatalogueEntry {
    name: "wang_oh_rhee",
    title: "two wide and two narrow wells, on [-1.6, 1.6]",
    variables: &["x"],
    formula: Formula::Potential(
        "(x + 1.6)*(x + 1.3)^2*(x - 0.2)^2*(x - 0.7)^2*(x - 1.6)*(0.05*abs(1.65 - x))^0.6\
         *(1 + 1/(0.01 + 4*(x - 0.5)^2))*(1 + 1/(0.1 + 4*(x + 1.5)^2))*(1 - exp(-5*(x + 0.8)^2)/4)",
    ),
    parameters: &[],
    minima: &[
        &[-1.511_483_647_832_473_5],
        &[-0.699_273_055_135_621_7],
        &[0.496_244_538_363_055_75],
        &[1.322_093_745_167_914],
    ],
    reference: "X. Wang, S. Oh, C.-H. Rhee, Eliminating sharp minima from SGD with truncated heavy-tailed noise, \
                ICLR 2022 (arXiv 2102.04297)",
};

const MULLER_BROWN: CatalogueEntry = CatalogueEntry {
    name: "muller_brown",
    title: "Müller and Brown's energy surface, times a scale",
    variables: &["x", "y"],
    formula: Formula::Potential(
        "scale*(-200*exp(-(x - 1)^2 - 10*y^2) - 100*exp(-x^2 - 10*(y - 0.5)^2) \
         - 170*exp(-6.5*(x + 0.5)^2 + 11*(x + 0.5)*(y - 1.5) - 6.5*(y - 1.5)^2) \
         + 15*exp(0.7*(x + 1)^2 + 0.6*(x + 1)*(y - 1) + 0.7*(y - 1)^2))",
    ),
    parameters: &[("scale", 1.0)],
    minima: &[
        &[-0.558_223_634_633_024_3, 1.441_725_841_804_668_7],
        &[-0.050_010_822_998_206_06, 0.466_694_104_871_972_1],
        &[0.623_499_404_930_876_5, 0.028_037_758_528_685_666],
    ],
    reference: "K. Müller, L. D. Brown, Theor. Chim. Acta 53 (1979) 75",
};

const THREE_HOLE: CatalogueEntry = CatalogueEntry {
    name: "three_hole",
    title: "two deep wells and a shallow one between two channels",
    variables: &["x", "y"],
    formula: Formula::Potential(
        "3*exp(-x^2 - (y - 1/3)^2) - 3*exp(-x^2 - (y - 5/3)^2) - 5*exp(-(x - 1)^2 - y^2) \
         - 5*exp(-(x + 1)^2 - y^2) + 0.2*x^4 + 0.2*(y - 1/3)^4",
    ),
    parameters: &[],
    minima: &[
        &[-1.048_054_992_824_219_5, -0.042_093_666_306_677_82],
        &[1.048_054_992_824_219_5, -0.042_093_666_306_677_82],
        &[0.0, 1.537_082_004_449_462_3],
    ],
    reference: "P. Metzner, C. Schütte, E. Vanden-Eijnden, J. Chem. Phys. 125 (2006) 084110",
};

const MAIER_STEIN: CatalogueEntry = CatalogueEntry {
    name: "maier_stein",
    title: "two wells without a potential, unless a = mu",
    variables: &["x", "y"],
    formula: Formula::Drift(&["x - x^3 - a*x*y^2", "-mu*(1 + x^2)*y"]),
    parameters: &[("a", 10.0), ("mu", 1.0)],
    minima: &[&[-1.0, 0.0], &[1.0, 0.0]],
    reference: "R. S. Maier, D. L. Stein, Phys. Rev. E 48 (1993) 931",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::potential::Drift;

    fn norm(x: &[f64]) -> f64 {
        x.iter().map(|x| x * x).sum::<f64>().sqrt()
    }

    #[test]
    fn every_minimum_is_one() {
        for entry in CATALOGUE {
            let field =
                entry.field(&entry.defaults()).unwrap_or_else(|error| panic!("{}: {error}", entry.name));
            let d = entry.variables.len();
            assert_eq!(field.dimension(), d);
            for minimum in entry.minima {
                let mut drift = vec![0.0; d];
                field.drift_at(minimum, &mut drift);
                assert!(norm(&drift) < 1e-6, "{} at {minimum:?}: {drift:?}", entry.name);
                // Whatever the direction, the drift leads back.
                for step in 0..24 {
                    let angle = std::f64::consts::TAU * f64::from(step) / 24.0;
                    let away = [1e-3 * angle.cos(), 1e-3 * angle.sin()];
                    let point: Vec<f64> = minimum.iter().zip(away).map(|(x, away)| x + away).collect();
                    field.drift_at(&point, &mut drift);
                    let outwards: f64 = drift.iter().zip(away).map(|(b, away)| b * away).sum();
                    assert!(outwards < 0.0 || away[0].abs() < 1e-15, "{} beside {minimum:?}", entry.name);
                }
            }
        }
    }

    #[test]
    fn no_minimum_on_the_line_is_left_out() {
        for entry in CATALOGUE.iter().filter(|entry| entry.variables.len() == 1) {
            let [from, to] = match entry.name {
                "wang_oh_rhee" => [-1.6, 1.6],
                "periodic" | "washboard" => [-3.0, 3.0],
                _ => [-6.0, 6.0],
            };
            let field = entry.field(&entry.defaults()).unwrap();
            let drift = |x: f64| {
                let mut b = [0.0];
                field.drift_at(&[x], &mut b);
                b[0]
            };
            let points: Vec<f64> = (0..=4001).map(|k| from + (to - from) * f64::from(k) / 4001.0).collect();
            let found: Vec<f64> = points
                .windows(2)
                .filter(|pair| drift(pair[0]) > 0.0 && drift(pair[1]) < 0.0)
                .map(|pair| 0.5 * (pair[0] + pair[1]))
                .collect();
            assert_eq!(found.len(), entry.minima.len(), "{}: {found:?}", entry.name);
            for (found, minimum) in found.iter().zip(entry.minima) {
                assert!((found - minimum[0]).abs() < 2e-3, "{}: {found}", entry.name);
            }
        }
    }

    #[test]
    fn names_are_unique_and_parameters_are_used() {
        for (index, entry) in CATALOGUE.iter().enumerate() {
            assert!(entry.name.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
            assert!(CATALOGUE[..index].iter().all(|other| other.name != entry.name));
            assert_eq!(named(entry.name), Some(entry));
            for &(parameter, _) in entry.parameters {
                let mut fewer = entry.defaults();
                fewer.remove(parameter);
                let error = entry.field(&fewer).expect_err(parameter);
                assert_eq!(error.to_string(), format!("unknown name `{parameter}`"));
            }
        }
        assert_eq!(named("no_such_well"), None);
    }

    #[test]
    fn values_of_the_literature() {
        let at = |name: &str, point: &[f64]| {
            let entry = named(name).unwrap();
            entry.field(&entry.defaults()).unwrap().potential_at(point).unwrap()
        };
        // The stationary values that papers on the Müller-Brown surface quote, to three places.
        for (point, value) in
            [([-0.558, 1.442], -146.700), ([0.623, 0.028], -108.167), ([-0.050, 0.467], -80.768)]
        {
            assert!((at("muller_brown", &point) - value).abs() < 2e-3);
        }
        // Exact depths, and those that a separate computation of the printed formula gave.
        assert!((at("asymmetric_double_well", &[-1.0]) + 1.0 / 3.0).abs() < 1e-15);
        assert!((at("asymmetric_double_well", &[1.5]) + 0.984_375).abs() < 1e-15);
        for (x, depth) in [(-1.5115, -0.665), (-0.6993, -0.403), (0.4962, -0.524), (1.3221, -0.326)] {
            assert!((at("wang_oh_rhee", &[x]) - depth).abs() < 1e-3);
        }
        // The exact curvatures at the three minima.
        let field = named("triple_well").unwrap().field(&BTreeMap::new()).unwrap();
        for (x, curvature) in [(-2.0, 6.48), (0.0, 0.8), (2.5, 11.1375)] {
            let mut jacobian = [0.0];
            field.jacobian_at(&[x], &mut jacobian);
            assert!((jacobian[0] + curvature).abs() < 1e-12);
        }
    }
}

//! Numbers, symbols and names as figures and captions show them, in the markup of
//! [`figure::text`](crate::figure::text).

use serde_json::Value;

use super::data::Part;
use crate::figure::text::escape;
use crate::theory::NoiseLaw;

/// Names that are typeset as Greek letters.
const GREEK: &[&str] = &[
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa", "lambda", "mu", "nu",
    "xi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega",
];

/// A number inside a formula: `digits` significant digits, no trailing zeros.
pub(super) fn bare(x: f64, digits: usize) -> String {
    if x.is_nan() {
        return r"\mathrm{unknown}".into();
    }
    if x.is_infinite() {
        return if x > 0.0 { r"\infty".into() } else { r"-\infty".into() };
    }
    if x == 0.0 {
        return "0".into();
    }
    let text = format!("{x:.*e}", digits.saturating_sub(1));
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..5).contains(&exponent) {
        let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
        return trim(&format!("{x:.decimals$}")).into();
    }
    match trim(mantissa) {
        "1" => format!("10^{{{exponent}}}"),
        mantissa => format!(r"{mantissa}\times10^{{{exponent}}}"),
    }
}

fn trim(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// A number with three significant digits, as a formula.
pub(super) fn number(x: f64) -> String {
    format!("${}$", bare(x, 3))
}

/// The symbol of a scenario's key, without the dollar signs: its last word.
pub(super) fn bare_symbol(key: &str) -> String {
    let word = key.rsplit('.').find(|word| word.parse::<u64>().is_err()).unwrap_or(key);
    let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &word[letters.len()..];
    let base = if GREEK.contains(&letters) {
        format!(r"\{letters}")
    } else if letters.len() == 1 && letters.chars().all(|c| c.is_ascii_alphabetic()) {
        letters.into()
    } else {
        let plain: String = word.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
        return format!(r"\text{{{plain}}}");
    };
    if digits.is_empty() { base } else { format!("{base}_{{{digits}}}") }
}

/// The symbol of a scenario's key, as a formula.
pub(super) fn symbol(key: &str) -> String {
    format!("${}$", bare_symbol(key))
}

/// A swept key and its value, e.g. `$w = 0.5$`.
pub(super) fn setting(key: &str, value: &Value) -> String {
    match value.as_f64() {
        Some(x) => format!("${} = {}$", bare_symbol(key), bare(x, 4)),
        None => {
            let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("{}: {}", symbol(key), escape(&shown))
        }
    }
}

/// A noise as the scenario gives it, without its amplitude.
pub(super) fn described(key: &str, value: &Value) -> Part {
    let Some(table) = value.as_object() else {
        return Part { identity: format!("{key} {value}"), label: setting(key, value) };
    };
    let entries = table.iter().filter(|(key, _)| !matches!(key.as_str(), "kind" | "epsilon"));
    let shown: Vec<String> = entries
        .map(|(key, value)| {
            let numbers: Option<Vec<String>> = value
                .as_array()
                .map_or(std::slice::from_ref(value), Vec::as_slice)
                .iter()
                .map(|number| number.as_f64().map(|x| bare(x, 4)))
                .collect();
            match numbers {
                Some(numbers) if value.is_array() => {
                    format!(r"${} = ({})$", bare_symbol(key), numbers.join(r",\,"))
                }
                Some(numbers) => format!("${} = {}$", bare_symbol(key), numbers.concat()),
                None => {
                    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    format!("{} {}", escape(key), escape(&text))
                }
            }
        })
        .collect();
    let label = shown.join(", ");
    Part { identity: label.clone(), label }
}

/// A noise without its amplitude, e.g. `Lévy, $\alpha = 1.5$`.
pub(super) fn noise(law: NoiseLaw) -> String {
    match law {
        NoiseLaw::Brownian { .. } => "Brownian".into(),
        NoiseLaw::Stable { alpha, beta: 0.0, .. } => format!(r"Lévy, $\alpha = {}$", bare(alpha, 4)),
        NoiseLaw::Stable { alpha, beta, .. } => {
            format!(r"Lévy, $\alpha = {}$, $\beta = {}$", bare(alpha, 4), bare(beta, 4))
        }
        NoiseLaw::StableAndGaussian { weight: 0.0, .. } => "Brownian".into(),
        NoiseLaw::StableAndGaussian { alpha, beta, epsilon, gaussian, .. } => {
            let jumps = noise(NoiseLaw::Stable { alpha, beta, epsilon });
            if gaussian == 0.0 { jumps } else { format!("{jumps}, with a Gaussian part") }
        }
        NoiseLaw::Other { name, .. } => name.replace('_', " "),
    }
}

/// Lévy noise of any tail index, e.g. `Lévy, $\beta = 0.5$`.
pub(super) fn skewness(beta: f64) -> String {
    if beta == 0.0 { "Lévy".into() } else { format!(r"Lévy, $\beta = {}$", bare(beta, 4)) }
}

/// An amplitude, e.g. `$\varepsilon = 0.1$`.
pub(super) fn amplitude(epsilon: f64) -> String {
    format!(r"$\varepsilon = {}$", bare(epsilon, 4))
}

/// Words joined with commas.
pub(super) fn joined<S: AsRef<str>>(parts: &[S]) -> String {
    parts.iter().map(AsRef::as_ref).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::text::plain;

    #[test]
    fn numbers_are_short() {
        for (x, text) in [
            (0.25, "0.25"),
            (-1.0, "-1"),
            (1234.0, "1234"),
            (0.049_999_9, "0.05"),
            (1e6, "10^{6}"),
            (1.25e-7, r"1.25\times10^{-7}"),
            (f64::INFINITY, r"\infty"),
        ] {
            assert_eq!(bare(x, 3), text);
        }
        assert_eq!(bare(1234.0, 2), "1234");
    }

    #[test]
    fn keys_become_symbols() {
        assert_eq!(symbol("potential.parameters.w"), "$w$");
        assert_eq!(symbol("noise.epsilon"), r"$\epsilon$");
        assert_eq!(symbol("potential.parameters.k2"), "$k_{2}$");
        assert_eq!(symbol("task.0.start"), r"$\text{start}$");
        for key in ["ensemble.max_time", "a$b", "task.0.domain.1", "", "{", "5"] {
            assert!(plain(&symbol(key)).is_ok(), "{key}");
            assert!(plain(&setting(key, &serde_json::json!([1.0, "inf"]))).is_ok(), "{key}");
        }
        assert_eq!(plain(&setting("scheme.kind", &"euler".into())).unwrap(), "kind: euler");
    }
}

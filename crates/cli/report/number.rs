//! Numbers as people read them: digits by the standard error, powers of ten written out.

use std::fmt;

use maud::{Markup, PreEscaped, Render, html};

/// Powers of ten from this one on are written out ...
const LARGE: i32 = 6;
/// ... and below this one.
const SMALL: i32 = -3;

/// A number, a number with its error or an interval, ready to be printed: times ten to the `exponent`.
///
/// As HTML it has a true minus and a raised exponent; as plain text a hyphen and `e`.
#[derive(Debug, Clone, PartialEq)]
pub struct Printed {
    body: String,
    /// Whether the body needs brackets before a power of ten.
    compound: bool,
    exponent: i32,
}

impl Printed {
    fn single(body: String, exponent: i32) -> Self {
        Self { body, compound: false, exponent }
    }
}

impl Printed {
    /// The same as a formula of LaTeX, with its dollar signs.
    pub fn latex(&self) -> String {
        let body = self.body.replace('±', r"\pm").replace('∞', r"\infty");
        let (open, close) = if self.compound { ("(", ")") } else { ("", "") };
        match self.exponent {
            0 => format!("${body}$"),
            exponent => format!(r"${open}{body}{close}\times 10^{{{exponent}}}$"),
        }
    }
}

impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.exponent, self.compound) {
            (0, _) => f.write_str(&self.body),
            (exponent, false) => write!(f, "{}e{exponent}", self.body),
            (exponent, true) => write!(f, "({})e{exponent}", self.body),
        }
    }
}

impl Render for Printed {
    fn render(&self) -> Markup {
        let minus = |text: &str| text.replace('-', "−").replace(" ± ", "\u{a0}±\u{a0}");
        let body = minus(&self.body);
        let (open, close) = if self.compound { ("(", ")") } else { ("", "") };
        html! {
            @if self.exponent == 0 { (body) }
            @else { (open) (body) (close) "\u{a0}×\u{a0}10" sup { (minus(&self.exponent.to_string())) } }
        }
    }
}

/// The power of ten of the first digit, after rounding to so many digits.
fn exponent_of(x: f64, digits: usize) -> i32 {
    let text = format!("{:.*e}", digits.saturating_sub(1), x);
    text.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0)
}

fn power_of_ten(exponent: i32) -> f64 {
    // Reading the text gives the nearest number on every machine.
    format!("1e{exponent}").parse().unwrap_or(1.0)
}

/// `x` with its last digit at `10^-decimals`.
fn rounded(x: f64, decimals: i32) -> String {
    if !x.is_finite() {
        return if x.is_nan() {
            "not a number"
        } else if x > 0.0 {
            "∞"
        } else {
            "-∞"
        }
        .to_owned();
    }
    let text = if decimals >= 0 {
        format!("{x:.*}", decimals as usize)
    } else {
        let unit = power_of_ten(-decimals);
        format!("{:.0}", (x / unit).round() * unit)
    };
    // A minus before nothing but zeros says nothing.
    match text.strip_prefix('-') {
        Some(digits) if digits.bytes().all(|digit| matches!(digit, b'0' | b'.')) => digits.to_owned(),
        _ => text,
    }
}

/// The power of ten to take out of numbers as large as `size` that have their last digit at
/// `10^-decimals`.
fn common_exponent(size: f64, decimals: i32) -> i32 {
    if size == 0.0 || !size.is_finite() {
        return 0;
    }
    let digits = (decimals + exponent_of(size, 17) + 1).max(1) as usize;
    let exponent = exponent_of(size, digits);
    if (SMALL..LARGE).contains(&exponent) { 0 } else { exponent }
}

/// The decimal places at which `error` has two digits; `None` for an error that is no positive number.
fn decimals_of(error: f64) -> Option<i32> {
    (error > 0.0 && error.is_finite()).then(|| 1 - exponent_of(error, 2))
}

fn shifted(x: f64, decimals: i32, exponent: i32) -> String {
    if exponent == 0 {
        rounded(x, decimals)
    } else {
        rounded(x / power_of_ten(exponent), decimals + exponent)
    }
}

/// `x` to so many significant digits, trailing zeros kept.
pub fn significant(x: f64, digits: usize) -> Printed {
    if x == 0.0 || !x.is_finite() {
        return Printed::single(rounded(x, 0), 0);
    }
    let decimals = digits as i32 - 1 - exponent_of(x, digits);
    let exponent = common_exponent(x.abs(), decimals);
    // Digits before the point are never hidden by zeros.
    let decimals = if exponent == 0 { decimals.max(0) } else { decimals };
    Printed::single(shifted(x, decimals, exponent), exponent)
}

/// `x` to at most six significant digits, trailing zeros left out: for numbers that someone chose.
pub fn compact(x: f64) -> Printed {
    let nearest: f64 = format!("{x:.5e}").parse().unwrap_or(x);
    if nearest == 0.0 || !nearest.is_finite() {
        return Printed::single(rounded(nearest, 0), 0);
    }
    let exponent = exponent_of(nearest, 6);
    if (SMALL..LARGE).contains(&exponent) {
        return Printed::single(nearest.to_string(), 0);
    }
    let text = format!("{nearest:e}");
    let mantissa = text.split_once('e').map_or(text.as_str(), |(mantissa, _)| mantissa);
    Printed::single(mantissa.to_owned(), exponent)
}

/// `x ± error`: the error with two digits, `x` down to the same place.
pub fn with_error(x: f64, error: f64) -> Printed {
    let Some(decimals) = decimals_of(error).filter(|_| x.is_finite()) else {
        return Printed { compound: true, ..significant(x, 5) };
    };
    let exponent = common_exponent(x.abs().max(error), decimals);
    let body = format!("{} ± {}", shifted(x, decimals, exponent), shifted(error, decimals, exponent));
    Printed { body, compound: true, exponent }
}

/// `[lo, hi]` with the digits that its width allows.
pub fn interval([lo, hi]: [f64; 2]) -> Printed {
    let size = [lo, hi].iter().filter(|end| end.is_finite()).fold(0.0, |size: f64, end| size.max(end.abs()));
    let decimals = decimals_of((hi - lo) / 4.0)
        .unwrap_or_else(|| if size > 0.0 { (4 - exponent_of(size, 5)).max(0) } else { 0 });
    let exponent = common_exponent(size, decimals);
    Printed::single(
        format!("[{}, {}]", shifted(lo, decimals, exponent), shifted(hi, decimals, exponent)),
        exponent,
    )
}

/// A value to set beside an estimate with this error: a digit more than the error shows, four to eight
/// in all.
pub fn reference(x: f64, error: Option<f64>) -> Printed {
    let digits =
        error.and_then(decimals_of).map_or(5, |decimals| (decimals + exponent_of(x, 5) + 1).clamp(4, 8));
    significant(x, digits as usize)
}

/// A count, its thousands apart.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            // A narrow space at which no line is broken.
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Plain text in HTML: true minus signs before numbers, powers of ten raised.
pub fn prose(text: &str) -> Markup {
    let mut out = String::new();
    let mut rest = text;
    let mut before = ' ';
    while let Some(character) = rest.chars().next() {
        let alone = !before.is_alphanumeric() && !matches!(before, '.' | '-' | '_');
        let length = if alone { number_length(rest) } else { 0 };
        if length > 0 {
            out.push_str(&written(&rest[..length]));
        } else {
            out.push_str(&html! { (character) }.into_string());
        }
        let taken = &rest[..length.max(character.len_utf8())];
        before = taken.chars().last().unwrap_or(' ');
        rest = &rest[taken.len()..];
    }
    PreEscaped(out)
}

/// Bytes of the number at the start of a text; 0 where there is none.
fn number_length(text: &str) -> usize {
    let digits = |from: usize| text.bytes().skip(from).take_while(u8::is_ascii_digit).count();
    let at = |place: usize| text.as_bytes().get(place).copied();
    let sign = usize::from(at(0) == Some(b'-'));
    let mut end = sign + digits(sign);
    if end == sign {
        return 0;
    }
    if at(end) == Some(b'.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    if at(end) == Some(b'e') {
        let sign = usize::from(matches!(at(end + 1), Some(b'-' | b'+')));
        let length = digits(end + 1 + sign);
        if length > 0 {
            end += 1 + sign + length;
        }
    }
    end
}

fn written(number: &str) -> String {
    let (mantissa, exponent) = number.split_once('e').unwrap_or((number, "0"));
    let exponent = exponent.parse().unwrap_or(0);
    Printed::single(mantissa.to_owned(), exponent).render().into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_follow_the_error() {
        for (value, error, text) in [
            (151.93, 1.62, "151.9 ± 1.6"),
            (151.93, 0.0996, "151.93 ± 0.10"),
            (15_193.0, 162.0, "15190 ± 160"),
            (1.5193e7, 1.62e5, "(1.519 ± 0.016)e7"),
            (1.5e-7, 2e-9, "(1.500 ± 0.020)e-7"),
            (9.9999e6, 1e4, "(1.0000 ± 0.0010)e7"),
            (-0.02, 0.5, "-0.02 ± 0.50"),
            (0.0, 2e-5, "(0.0 ± 2.0)e-5"),
            (12.5, 0.0, "12.500"),
            (-0.001, 0.5, "0.00 ± 0.50"),
        ] {
            assert_eq!(with_error(value, error).to_string(), text, "{value} {error}");
        }
    }

    #[test]
    fn single_numbers() {
        assert_eq!(compact(-1.0).to_string(), "-1");
        assert_eq!(compact(0.1 + 0.2).to_string(), "0.3");
        assert_eq!(compact(2.5e-7).to_string(), "2.5e-7");
        assert_eq!(compact(f64::NEG_INFINITY).to_string(), "-∞");
        assert_eq!(significant(0.001_234_56, 3).to_string(), "0.00123");
        assert_eq!(significant(123_456.7, 3).to_string(), "123457");
        assert_eq!(significant(1.0, 3).to_string(), "1.00");
        assert_eq!(significant(99.96, 3).to_string(), "100");
        assert_eq!(reference(150.234_567, Some(1.6)).to_string(), "150.2");
        assert_eq!(reference(150.234_567, Some(0.001)).to_string(), "150.2346");
        assert_eq!(reference(0.0, Some(0.1)).to_string(), "0");
        assert_eq!(count(1234), "1234");
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
    }

    #[test]
    fn intervals() {
        assert_eq!(interval([148.8123, 155.0456]).to_string(), "[148.8, 155.0]");
        assert_eq!(interval([1.488e7, 1.55e7]).to_string(), "[1.488, 1.550]e7");
        assert_eq!(interval([26_217.0, 32_081.0]).to_string(), "[26200, 32100]");
        assert_eq!(interval([2.0, f64::INFINITY]).to_string(), "[2.0000, ∞]");
        assert_eq!(interval([0.0, 0.0]).to_string(), "[0, 0]");
    }

    #[test]
    fn latex_has_formulas() {
        assert_eq!(with_error(75.13, 0.31).latex(), r"$75.13 \pm 0.31$");
        assert_eq!(with_error(-1.5193e7, 1.62e5).latex(), r"$(-1.519 \pm 0.016)\times 10^{7}$");
        assert_eq!(interval([1.488e7, 1.55e7]).latex(), r"$[1.488, 1.550]\times 10^{7}$");
        assert_eq!(interval([2.0, f64::INFINITY]).latex(), r"$[2.0000, \infty]$");
        assert_eq!(compact(-2.5e-7).latex(), r"$-2.5\times 10^{-7}$");
        assert_eq!(significant(f64::NAN, 3).latex(), "$not a number$");
    }

    #[test]
    fn html_has_true_minus_and_raised_exponents() {
        assert_eq!(compact(-2.5e-7).render().into_string(), "−2.5\u{a0}×\u{a0}10<sup>−7</sup>");
        assert_eq!(
            with_error(1.5e-7, 2e-9).render().into_string(),
            "(1.500\u{a0}±\u{a0}0.020)\u{a0}×\u{a0}10<sup>−7</sup>"
        );
        assert_eq!(
            prose("x = -1.5, 2. <b> path-wise 2e x2e3").into_string(),
            "x = −1.5, 2. &lt;b&gt; path-wise 2e x2e3"
        );
        assert_eq!(prose("2.5e-3 é").into_string(), "2.5\u{a0}×\u{a0}10<sup>−3</sup> é");
    }
}

//! Infinite numbers in JSON: `"inf"` and `"-inf"`, the words that a scenario uses too.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Repr {
    Number(f64),
    Word(String),
}

fn to_repr(x: f64) -> Repr {
    if x.is_finite() {
        Repr::Number(x)
    } else if x.is_nan() {
        Repr::Word("nan".into())
    } else if x > 0.0 {
        Repr::Word("inf".into())
    } else {
        Repr::Word("-inf".into())
    }
}

fn from_repr<E: Error>(repr: Repr) -> Result<f64, E> {
    match repr {
        Repr::Number(x) => Ok(x),
        Repr::Word(word) => match word.as_str() {
            "inf" => Ok(f64::INFINITY),
            "-inf" => Ok(f64::NEG_INFINITY),
            "nan" => Ok(f64::NAN),
            _ => Err(E::custom(format!("expected a number, \"inf\" or \"-inf\", found {word:?}"))),
        },
    }
}

/// Serialises one extended real number; for `#[serde(with = "extended_real")]`.
///
/// # Errors
/// Those of the serialiser.
pub fn serialize<S: Serializer>(x: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    to_repr(*x).serialize(serializer)
}

/// Reads one extended real number.
///
/// # Errors
/// A word other than `inf`, `-inf`, `nan`.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    from_repr(Repr::deserialize(deserializer)?)
}

/// The same for `Option<[f64; 2]>`.
pub mod option_pair {
    use super::{Deserialize, Deserializer, Repr, Serialize, Serializer, from_repr, to_repr};

    /// Serialises an optional interval.
    ///
    /// # Errors
    /// Those of the serialiser.
    pub fn serialize<S: Serializer>(pair: &Option<[f64; 2]>, serializer: S) -> Result<S::Ok, S::Error> {
        pair.map(|pair| pair.map(to_repr)).serialize(serializer)
    }

    /// Reads an optional interval.
    ///
    /// # Errors
    /// A word other than `inf`, `-inf`, `nan`.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<[f64; 2]>, D::Error> {
        match Option::<[Repr; 2]>::deserialize(deserializer)? {
            None => Ok(None),
            Some([lo, hi]) => Ok(Some([from_repr(lo)?, from_repr(hi)?])),
        }
    }
}

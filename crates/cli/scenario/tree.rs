//! TOML as a tree that remembers where everything was written.

use toml::de::{DeTable, DeValue};

use crate::errors::{Diagnostic, Location, SourceId};

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub value: Value,
    /// The value's text; of a table with a header, the header.
    pub location: Location,
}

/// What a TOML value can be.
#[derive(Debug, Clone)]
pub(super) enum Value {
    String {
        text: String,
        /// Byte offset of the first character, if the text stands in the source as it is, without
        /// escapes.
        first: Option<usize>,
    },
    Integer(i128),
    Float(f64),
    /// A number that double precision cannot hold.
    TooLarge,
    Boolean(bool),
    Datetime(String),
    Array(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key, where it stands, and its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub key: String,
    pub key_location: Location,
    pub node: Node,
}

impl Node {
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Table(entries) => Some(entries),
            _ => None,
        }
    }

    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries()?.iter().find(|entry| entry.key == key)
    }

    pub fn items(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::String { text, .. } => Some(text),
            _ => None,
        }
    }

    fn child(&self, segment: &str) -> Option<&Node> {
        match &self.value {
            Value::Array(items) => items.get(segment.parse::<usize>().ok()?),
            _ => self.entry(segment).map(|entry| &entry.node),
        }
    }

    /// The value at a dotted key; a number selects an element of an array.
    pub fn get(&self, segments: &[&str]) -> Option<&Node> {
        segments.iter().try_fold(self, |node, segment| node.child(segment))
    }

    /// The value at a dotted key or, where there is none, the nearest table above it.
    pub fn nearest(&self, segments: &[&str]) -> &Node {
        let mut node = self;
        for segment in segments {
            match node.child(segment) {
                Some(child) => node = child,
                None => break,
            }
        }
        node
    }

    /// Puts a value at a dotted key and makes the tables on the way there.
    ///
    /// # Errors
    /// The location of a value on the way that is no table.
    pub fn set(&mut self, segments: &[&str], key_location: &Location, node: Node) -> Result<(), Location> {
        let Some((first, rest)) = segments.split_first() else {
            *self = node;
            return Ok(());
        };
        let here = self.location.clone();
        match &mut self.value {
            Value::Array(items) => match first.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                Some(item) => item.set(rest, key_location, node),
                None => Err(here),
            },
            Value::Table(entries) => {
                if let Some(entry) = entries.iter_mut().find(|entry| entry.key == *first) {
                    if rest.is_empty() {
                        entry.key_location = key_location.clone();
                    }
                    return entry.node.set(rest, key_location, node);
                }
                let empty = Node { value: Value::Table(Vec::new()), location: key_location.clone() };
                let mut entry =
                    Entry { key: (*first).to_owned(), key_location: key_location.clone(), node: empty };
                let done = entry.node.set(rest, key_location, node);
                entries.push(entry);
                done
            }
            _ => Err(here),
        }
    }

    /// What the value is, for a message: `the number 3`, `a list`.
    pub fn describe(&self) -> String {
        match &self.value {
            Value::String { text, .. } if text.chars().count() <= 40 => format!("the string {text:?}"),
            Value::String { .. } => "a string".into(),
            Value::Integer(value) => format!("the number {value}"),
            Value::Float(value) => format!("the number {value}"),
            Value::TooLarge => "a number too large for double precision".into(),
            Value::Boolean(value) => format!("the truth value {value}"),
            Value::Datetime(value) => format!("the date or time {value}"),
            Value::Array(_) => "a list".into(),
            Value::Table(_) => "a table".into(),
        }
    }

    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::String { text, .. } => text.clone().into(),
            Value::Integer(value) => match i64::try_from(*value) {
                Ok(value) => value.into(),
                Err(_) => (*value as f64).into(),
            },
            Value::Float(value) if value.is_finite() => (*value).into(),
            Value::Float(value) => value.to_string().to_lowercase().into(),
            Value::TooLarge => "inf".into(),
            Value::Boolean(value) => (*value).into(),
            Value::Datetime(value) => value.clone().into(),
            Value::Array(items) => items.iter().map(Node::to_json).collect(),
            Value::Table(entries) => {
                entries.iter().map(|entry| (entry.key.clone(), entry.node.to_json())).collect()
            }
        }
    }

    pub fn to_toml(&self) -> toml::Value {
        match &self.value {
            Value::String { text, .. } => text.clone().into(),
            Value::Integer(value) => match i64::try_from(*value) {
                Ok(value) => value.into(),
                Err(_) => (*value as f64).into(),
            },
            Value::Float(value) if value.is_finite() => (*value).into(),
            Value::Float(value) => value.to_string().to_lowercase().into(),
            Value::TooLarge => f64::INFINITY.into(),
            Value::Boolean(value) => (*value).into(),
            Value::Datetime(value) => value.clone().into(),
            Value::Array(items) => toml::Value::Array(items.iter().map(Node::to_toml).collect()),
            Value::Table(entries) => toml::Value::Table(
                entries.iter().map(|entry| (entry.key.clone(), entry.node.to_toml())).collect(),
            ),
        }
    }
}

/// Where a piece of text that was parsed by itself stands.
#[derive(Clone, Copy)]
struct Origin<'t> {
    source: SourceId,
    /// The text that was parsed.
    text: &'t str,
    /// Its first byte in the source.
    offset: usize,
}

impl Origin<'_> {
    fn location(&self, span: std::ops::Range<usize>) -> Location {
        Location { source: self.source, span: self.offset + span.start..self.offset + span.end }
    }

    fn syntax_error(&self, error: &toml::de::Error) -> Box<Diagnostic> {
        let span = error.span().unwrap_or(self.text.len()..self.text.len());
        let message = error.message();
        let (label, help) = if message.contains("string values must be quoted") {
            let help = "a value is a number, true, false, \"text in quotes\", [a list] or { a = table }";
            ("this is no value", Some(help))
        } else if message.contains("duplicate key") {
            ("this key stands in this table already", Some("keep one of the two"))
        } else {
            ("the text cannot be read from here on", None)
        };
        let mut diagnostic =
            Diagnostic::new(&self.location(span), format!("this is not TOML: {message}"), label);
        diagnostic.help = help.map(str::to_owned);
        Box::new(diagnostic)
    }

    /// Offset in the source of the first character of a string that has no escapes.
    fn first_character(&self, span: std::ops::Range<usize>, decoded: &str) -> Option<usize> {
        let raw = self.text.get(span.clone())?;
        let quote = ["\"\"\"", "'''", "\"", "'"]
            .into_iter()
            .find(|quote| raw.len() >= 2 * quote.len() && raw.starts_with(quote) && raw.ends_with(quote))?;
        let mut start = quote.len();
        let mut inner = raw.get(start..raw.len() - quote.len())?;
        if quote.len() == 3
            && let Some(rest) = inner.strip_prefix("\r\n").or_else(|| inner.strip_prefix('\n'))
        {
            start += inner.len() - rest.len();
            inner = rest;
        }
        (inner == decoded).then_some(self.offset + span.start + start)
    }

    fn node(&self, value: &DeValue<'_>, span: std::ops::Range<usize>) -> Node {
        let location = self.location(span.clone());
        let value = match value {
            DeValue::String(text) => {
                Value::String { text: text.to_string(), first: self.first_character(span, text) }
            }
            DeValue::Integer(integer) => match i128::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(value) => Value::Integer(value),
                Err(_) => Value::TooLarge,
            },
            DeValue::Float(float) => match float.as_str().parse::<f64>() {
                Ok(value) if value.is_finite() || !float.as_str().contains(|c: char| c.is_ascii_digit()) => {
                    Value::Float(value)
                }
                _ => Value::TooLarge,
            },
            DeValue::Boolean(value) => Value::Boolean(*value),
            DeValue::Datetime(value) => Value::Datetime(value.to_string()),
            DeValue::Array(items) => {
                Value::Array(items.iter().map(|item| self.node(item.get_ref(), item.span())).collect())
            }
            DeValue::Table(table) => self.table(table),
        };
        Node { value, location }
    }

    fn table(&self, table: &DeTable<'_>) -> Value {
        let mut entries: Vec<Entry> = table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref().to_string(),
                key_location: self.location(key.span()),
                node: self.node(value.get_ref(), value.span()),
            })
            .collect();
        // The parser sorts by name; the order of writing is the order of a sweep's axes.
        entries.sort_by_key(|entry| entry.key_location.span.start);
        Value::Table(entries)
    }
}

/// Parses a whole TOML document.
///
/// # Errors
/// The first syntax error.
pub(super) fn parse_document(text: &str) -> Result<Node, Box<Diagnostic>> {
    let origin = Origin { source: SourceId::File, text, offset: 0 };
    let table = DeTable::parse(text).map_err(|error| origin.syntax_error(&error))?;
    Ok(Node { value: origin.table(table.get_ref()), location: Location::file(0..0) })
}

/// One `--set KEY=VALUE`.
pub(super) struct Override {
    pub key: String,
    pub key_location: Location,
    pub node: Node,
}

/// Parses the `--set` argument of the given index. A value that is not TOML is a string.
///
/// # Errors
/// No `=`, an empty key, or a value that opens a list, table or string and does not close it.
pub(super) fn parse_override(index: usize, text: &str) -> Result<Override, Box<Diagnostic>> {
    let source = SourceId::Override(index);
    let Some((key, value)) = text.split_once('=') else {
        let all = Location { source, span: 0..text.len() };
        let diagnostic = Diagnostic::new(&all, format!("`--set {text}` has no `=`"), "expected KEY=VALUE");
        return Err(Box::new(diagnostic.with_help("for example: --set noise.epsilon=0.1")));
    };
    let offset = key.len() + 1 + (value.len() - value.trim_start().len());
    let value = value.trim();
    let key_location = Location { source, span: 0..key.len() };
    let key = key.trim().replace(['"', '\''], "");
    if key.is_empty() {
        let diagnostic = Diagnostic::new(&key_location, "`--set` without a key", "expected KEY=VALUE");
        return Err(Box::new(diagnostic));
    }
    let origin = Origin { source, text: value, offset };
    let node = match DeValue::parse(value) {
        Ok(parsed) => origin.node(parsed.get_ref(), 0..value.len()),
        Err(error) if value.starts_with(['[', '{', '"', '\'']) => return Err(origin.syntax_error(&error)),
        Err(_) => Node {
            value: Value::String { text: value.to_owned(), first: Some(offset) },
            location: origin.location(0..value.len()),
        },
    };
    Ok(Override { key, key_location, node })
}

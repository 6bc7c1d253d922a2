//! Typed, ordered data between a source and a converter.

use std::borrow::Cow;

use jiff::Timestamp;

/// What a source gives to the runtime for one number of its sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The key; `None` is Kafka's null key.
    pub key: Option<Value>,
    /// The value.
    pub value: Value,
    /// The record's own time; `None` means the `now` it was made with.
    pub timestamp: Option<Timestamp>,
    /// Headers in order.
    pub headers: Vec<Header>,
}

/// A header; its value is written as text, as Connect's simple header converter does.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// The header's name.
    pub name: Cow<'static, str>,
    /// The header's value.
    pub value: Value,
}

/// A value with its type, as Connect's schema types name them.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// `boolean`.
    Boolean(bool),
    /// `int32`.
    Int32(i32),
    /// `int64`.
    Int64(i64),
    /// `float64`.
    Float64(f64),
    /// `string`.
    String(Cow<'static, str>),
    /// `array`.
    Array(Vec<Self>),
    /// `struct`: fields in their declared order, names unique.
    Record(Vec<(Cow<'static, str>, Self)>),
}

impl Value {
    /// The field called `name`, when this is a record that has it.
    pub fn field(&self, name: &str) -> Option<&Self> {
        let Self::Record(fields) = self else {
            return None;
        };
        fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Int32(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int64(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float64(value)
    }
}

impl From<&'static str> for Value {
    fn from(value: &'static str) -> Self {
        Self::String(Cow::Borrowed(value))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(Cow::Owned(value))
    }
}

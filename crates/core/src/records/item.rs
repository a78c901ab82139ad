//! A row as a table gives it: attributes with their types.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A row: its attributes by name.
pub type Item = BTreeMap<String, Value>;

/// The value of one attribute, typed as DynamoDB types it. Numbers stay the texts they are given as: they are compared as
/// decimals, never as binary floats. Source: Amazon DynamoDB API Reference, AttributeValue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Value {
    /// A text.
    S(String),
    /// A number, as its text.
    N(String),
    /// Bytes.
    B(Vec<u8>),
    /// True or false.
    #[serde(rename = "BOOL")]
    Bool(bool),
    /// Null.
    #[serde(rename = "NULL")]
    Null,
    /// A list.
    L(Vec<Value>),
    /// A map.
    M(BTreeMap<String, Value>),
    /// A set of texts.
    #[serde(rename = "SS")]
    Ss(Vec<String>),
    /// A set of numbers, as their texts.
    #[serde(rename = "NS")]
    Ns(Vec<String>),
    /// A set of bytes.
    #[serde(rename = "BS")]
    Bs(Vec<Vec<u8>>),
    /// A value of a type that this program does not know, by the type's name.
    #[serde(rename = "unknown")]
    Unknown(String),
}

impl Value {
    /// The text of an S.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::S(text) => Some(text),
            _ => None,
        }
    }

    /// The text of an N.
    pub fn as_number(&self) -> Option<&str> {
        match self {
            Self::N(number) => Some(number),
            _ => None,
        }
    }

    /// What its type is called.
    pub fn type_name(&self) -> &str {
        match self {
            Self::S(_) => "S",
            Self::N(_) => "N",
            Self::B(_) => "B",
            Self::Bool(_) => "BOOL",
            Self::Null => "NULL",
            Self::L(_) => "L",
            Self::M(_) => "M",
            Self::Ss(_) => "SS",
            Self::Ns(_) => "NS",
            Self::Bs(_) => "BS",
            Self::Unknown(name) => name,
        }
    }
}

//! YAML text as a tree in which every key and value knows its place. One parser gives values and places, so they cannot disagree.
//!
//! Values are resolved as kubectl resolves them (`scalars`). Errors become findings and parsing goes on with the next document.
//! Knows no kinds and no schemas. Bounded: bytes per input, depth and number of nodes (aliases are copies, so they count).

use std::sync::Arc;

use serde_json::{Map, Value};

use self::builder::Builder;
use crate::laptop::findings::Finding;

mod builder;
mod scalars;

const MAX_NODES: usize = 500_000;

/// Line and column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub line: usize,
    pub column: usize,
}

/// A value and where it begins.
#[derive(Debug, Clone)]
pub struct Node {
    pub at: Mark,
    pub data: Data,
}

#[derive(Debug, Clone)]
pub enum Data {
    /// `plain` holds the text of an unquoted scalar: `no` resolves to false, and its text says why.
    Scalar {
        value: Value,
        plain: Option<String>,
    },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One key of a mapping with its value.
#[derive(Debug, Clone)]
pub struct Entry {
    pub key: String,
    /// The key as written where YAML reads a boolean or a number (`on`): its JSON text in `key`
    /// would surprise the reader.
    pub surprise: Option<String>,
    pub key_at: Mark,
    pub value: Node,
}

impl Node {
    /// The value under `key`, if this is a mapping that has it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.data {
            Data::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The text of the string under `key`.
    pub fn text(&self, key: &str) -> Option<&str> {
        match &self.entry(key)?.value.data {
            Data::Scalar { value, .. } => value.as_str(),
            _ => None,
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(
            &self.data,
            Data::Scalar {
                value: Value::Null,
                ..
            }
        )
    }

    /// The same as JSON.
    pub fn to_json(&self) -> Value {
        match &self.data {
            Data::Scalar { value, .. } => value.clone(),
            Data::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Data::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|e| (e.key.clone(), e.value.to_json()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    /// Where the field at `path` (`spec.topics[2].name`) stands: its key, or the item, or as much of
    /// the path as there is.
    pub fn locate(&self, path: &str) -> Mark {
        self.follow(path).0
    }

    /// Where the value of the field at `path` begins; without the field, as [`Node::locate`].
    pub fn locate_value(&self, path: &str) -> Mark {
        let (at, node, rest) = self.follow(path);
        if rest.is_empty() { node.at } else { at }
    }

    /// Whether there is a field at `path`.
    pub fn has(&self, path: &str) -> bool {
        self.follow(path).2.is_empty()
    }

    fn follow<'p>(&self, path: &'p str) -> (Mark, &Self, &'p str) {
        let (mut here, mut at, mut rest) = (self, self.at, path.trim_start_matches('.'));
        while let Some((mark, next, tail)) = here.step(rest) {
            (at, here, rest) = (mark, next, tail);
        }
        (at, here, rest)
    }

    /// Follows the first segment of `path`. Keys may hold dots, so the longest key that fits is taken.
    fn step<'a, 'p>(&'a self, path: &'p str) -> Option<(Mark, &'a Self, &'p str)> {
        let path = path.trim_start_matches('.');
        match &self.data {
            Data::Scalar { .. } => None,
            Data::List(items) => {
                let (index, tail) = path.strip_prefix('[')?.split_once(']')?;
                let item = items.get(index.parse::<usize>().ok()?)?;
                Some((item.at, item, tail))
            }
            Data::Map(entries) => {
                let fits = |key: &str| {
                    path.strip_prefix(key)
                        .filter(|tail| tail.is_empty() || tail.starts_with(['.', '[']))
                };
                let entry = entries
                    .iter()
                    .filter(|e| fits(&e.key).is_some())
                    .max_by_key(|e| e.key.len())?;
                Some((entry.key_at, &entry.value, fits(&entry.key)?))
            }
        }
    }
}

/// What one input holds: its documents (empty ones left out) and what is wrong with it as YAML.
#[derive(Debug, Default)]
pub struct Stream {
    pub documents: Vec<Node>,
    pub findings: Vec<Finding>,
}

/// Reads all documents of `text`. A document that is not YAML gives one finding; the others are read all the same.
pub fn parse(file: &Arc<str>, text: &str) -> Stream {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut stream = Stream::default();
    let mut budget = MAX_NODES;
    for (first_line, chunk) in chunks(text) {
        let mut builder = Builder::new(file, first_line, chunk, budget);
        if let Err(finding) = builder.documents(&mut stream.documents) {
            builder.findings.push(finding);
        }
        budget = builder.budget;
        stream.findings.append(&mut builder.findings);
    }
    stream
}

/// The text of each document with the number of lines before it, cut at lines that begin with `---`, so that an error in one
/// document leaves the others readable.
fn chunks(text: &str) -> Vec<(usize, &str)> {
    let mut chunks = Vec::new();
    let (mut start, mut start_line, mut offset) = (0, 0, 0);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let separator = line
            .strip_prefix("---")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
        if separator && offset > start {
            chunks.push((start_line, &text[start..offset]));
            (start, start_line) = (offset, index);
        }
        offset += line.len();
    }
    chunks.push((start_line, &text[start..]));
    chunks
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Stream {
        parse(&Arc::from("f.yaml"), text)
    }

    fn said(text: &str) -> Vec<String> {
        read(text)
            .findings
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn documents_keep_their_places() {
        let stream = read("a: 1\n---\n# c\nb:\n  - x: on\n    c.d: 2\n---\n---\n'n': no\n");
        assert!(stream.findings.is_empty(), "{:?}", stream.findings);
        let values: Vec<Value> = stream.documents.iter().map(Node::to_json).collect();
        assert_eq!(
            values,
            [
                json!({"a": 1}),
                json!({"b": [{"x": true, "c.d": 2}]}),
                json!({"n": false})
            ]
        );
        assert_eq!(
            stream.documents[1].locate("b[0].c.d"),
            Mark { line: 6, column: 5 }
        );
        assert_eq!(
            stream.documents[1].locate("b[0].nothing.here"),
            Mark { line: 5, column: 5 }
        );
        assert_eq!(stream.documents[2].locate("n"), Mark { line: 9, column: 1 });
    }

    #[test]
    fn a_broken_document_does_not_hide_the_others() {
        let stream = read("a: [1\n---\nb: 2\n---\nc: {\n");
        assert_eq!(stream.documents.len(), 1);
        assert_eq!(stream.findings.len(), 2);
        assert_eq!(stream.findings[1].place.line, 6);
    }

    #[test]
    fn tabs_duplicates_and_infinity_are_named() {
        assert_eq!(
            said("a:\n\tb: 1\n"),
            ["f.yaml:2:1: a tab stands in the indentation; YAML wants spaces there"]
        );
        assert_eq!(
            said("a: 1\nb: 2\na: 3\n"),
            ["f.yaml:3:1: duplicate key \"a\"; it is given first on line 1; keep one of the two"]
        );
        assert_eq!(said("a: .inf\n").len(), 1);
    }

    #[test]
    fn aliases_and_merges_are_copies_within_bounds() {
        let stream = read("base: &b {x: 1, z: 2}\nuse:\n  <<: *b\n  z: 3\nsame: *b\n");
        assert_eq!(
            stream.documents[0].to_json()["use"],
            json!({"z": 3, "x": 1})
        );
        assert_eq!(
            stream.documents[0].to_json()["same"],
            json!({"x": 1, "z": 2})
        );
        let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for level in 1..10 {
            let previous = format!("*a{}", level - 1);
            let line = vec![previous; 10].join(",");
            bomb = format!("{bomb}a{level}: &a{level} [{line}]\n");
        }
        assert!(said(&bomb)[0].contains("more than 500000 values"));
    }

    #[test]
    fn depth_is_bounded() {
        assert!(said(&"[".repeat(5000))[0].contains("nested too deep"));
    }
}

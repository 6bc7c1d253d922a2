//! Builds the tree of one piece of text from the parser's events.

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput};
use serde_json::Value;

use super::{Data, Entry, MAX_NODES, Mark, Node, scalars};
use crate::laptop::findings::{Finding, Place};

const MAX_DEPTH: usize = 64;

pub(super) struct Builder<'a> {
    parser: Parser<'a, StrInput<'a>>,
    chunk: &'a str,
    file: &'a Arc<str>,
    first_line: usize,
    /// Nodes that may still be made.
    pub(super) budget: usize,
    anchors: HashMap<usize, Node>,
    pub(super) findings: Vec<Finding>,
}

impl<'a> Builder<'a> {
    /// `chunk` begins after `first_line` lines of the file.
    pub(super) fn new(
        file: &'a Arc<str>,
        first_line: usize,
        chunk: &'a str,
        budget: usize,
    ) -> Self {
        Self {
            parser: Parser::new_from_str(chunk),
            chunk,
            file,
            first_line,
            budget,
            anchors: HashMap::new(),
            findings: Vec::new(),
        }
    }

    /// Adds the documents of the text to `into`; an error ends it.
    pub(super) fn documents(&mut self, into: &mut Vec<Node>) -> Result<(), Finding> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(()),
                Event::StreamStart
                | Event::DocumentStart(_)
                | Event::DocumentEnd
                | Event::Nothing => {}
                content => {
                    let node = self.node(content, span, 0)?;
                    if !node.is_null() {
                        into.push(node);
                    }
                }
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Finding> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.refused(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Finding> {
        let at = self.mark(span.start);
        if depth > MAX_DEPTH {
            return Err(self.too_deep(at));
        }
        self.spend(at, 1)?;
        let (anchor, data) = match event {
            Event::Alias(anchor) => return self.alias(anchor, at),
            Event::Scalar(text, style, anchor, tag) => {
                let as_text =
                    style != ScalarStyle::Plain || tag.is_some_and(|tag| tag.suffix == "str");
                (anchor, self.scalar(&text, as_text, at))
            }
            Event::SequenceStart(anchor, _) => (anchor, self.list(depth)?),
            Event::MappingStart(anchor, _) => (anchor, self.map(depth)?),
            _ => return Err(self.finding(at, "the document ends in the middle of a value", "")),
        };
        let node = Node { at, data };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn scalar(&mut self, text: &str, as_text: bool, at: Mark) -> Data {
        if as_text {
            return Data::Scalar {
                value: Value::String(text.to_owned()),
                plain: None,
            };
        }
        let value = scalars::resolve(text).unwrap_or_else(|| {
            let finding = self.finding(
                at,
                format!("`{text}` has no form in JSON"),
                "write a finite number, or put it in quotes",
            );
            self.findings.push(finding);
            Value::Null
        });
        Data::Scalar {
            value,
            plain: Some(text.to_owned()),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Data, Finding> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Data::List(items)),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Data, Finding> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let key_at = self.mark(span.start);
            let key = self.node(event, span, depth + 1)?;
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            match key.data {
                Data::Scalar {
                    value: Value::String(key),
                    plain: Some(_),
                } if key == "<<" => {
                    merged.push(value);
                }
                Data::Scalar {
                    value: Value::String(key),
                    ..
                } => {
                    self.insert(
                        &mut entries,
                        Entry {
                            key,
                            surprise: None,
                            key_at,
                            value,
                        },
                    );
                }
                Data::Scalar {
                    value: json @ (Value::Bool(_) | Value::Number(_)),
                    plain,
                } => {
                    let entry = Entry {
                        key: json.to_string(),
                        surprise: plain,
                        key_at,
                        value,
                    };
                    self.insert(&mut entries, entry);
                }
                _ => {
                    let help = "write the key as a string";
                    return Err(self.finding(key_at, "a key is not a plain word", help));
                }
            }
        }
        for value in merged {
            merge(&mut entries, value);
        }
        Ok(Data::Map(entries))
    }

    fn insert(&mut self, entries: &mut Vec<Entry>, entry: Entry) {
        let Some(first) = entries.iter().find(|known| known.key == entry.key) else {
            entries.push(entry);
            return;
        };
        let what = format!("duplicate key \"{}\"", entry.key);
        let help = format!(
            "it is given first on line {}; keep one of the two",
            first.key_at.line
        );
        let finding = self.finding(entry.key_at, what, help);
        self.findings.push(finding);
    }

    fn alias(&mut self, anchor: usize, at: Mark) -> Result<Node, Finding> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err(self.finding(at, "an alias names no anchor that stands before it", ""));
        };
        self.spend(at, size(&node))?;
        Ok(node)
    }

    fn spend(&mut self, at: Mark, nodes: usize) -> Result<(), Finding> {
        match self.budget.checked_sub(nodes) {
            Some(left) => {
                self.budget = left;
                Ok(())
            }
            None => Err(self.finding(
                at,
                format!("the file holds more than {MAX_NODES} values"),
                "split it into several files",
            )),
        }
    }

    fn too_deep(&self, at: Mark) -> Finding {
        self.finding(
            at,
            "the document is nested too deep",
            format!("at most {MAX_DEPTH} levels"),
        )
    }

    fn mark(&self, marker: Marker) -> Mark {
        Mark {
            line: self.first_line + marker.line(),
            column: marker.col() + 1,
        }
    }

    fn finding(&self, at: Mark, what: impl Into<String>, help: impl Into<String>) -> Finding {
        Finding::new(
            Place {
                file: Arc::clone(self.file),
                line: at.line,
                column: at.column,
            },
            what,
            help,
        )
    }

    fn refused(&self, error: &ScanError) -> Finding {
        let at = self.mark(*error.marker());
        if error.info().contains("tab") {
            let line = self
                .chunk
                .lines()
                .nth(error.marker().line().saturating_sub(1));
            let tab = line.and_then(|line| line.chars().position(|letter| letter == '\t'));
            let at = Mark {
                column: tab.map_or(at.column, |index| index + 1),
                ..at
            };
            return self.finding(
                at,
                "a tab stands in the indentation",
                "YAML wants spaces there",
            );
        }
        if error.info().contains("recursion") {
            return self.too_deep(at);
        }
        self.finding(at, format!("this is not YAML: {}", error.info()), "")
    }
}

/// `<<: *base`: the entries of the base that the mapping does not give itself.
fn merge(entries: &mut Vec<Entry>, value: Node) {
    let sources = match value.data {
        Data::List(items) => items,
        _ => vec![value],
    };
    for source in sources {
        let Data::Map(base) = source.data else {
            continue;
        };
        for entry in base {
            if entries.iter().all(|known| known.key != entry.key) {
                entries.push(entry);
            }
        }
    }
}

fn size(node: &Node) -> usize {
    1 + match &node.data {
        Data::Scalar { .. } => 0,
        Data::List(items) => items.iter().map(size).sum(),
        Data::Map(entries) => entries.iter().map(|entry| 1 + size(&entry.value)).sum(),
    }
}

//! Texts in, objects out: the documents of all sources, each checked as the API server would check it. Pure: what was good before
//! is an argument.
//!
//! All findings are reported, not the first. A document of another kind is skipped with one line, a ConfigMap or a Secret, to which
//! fields may refer, without.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crds::{Cluster, Connector, Topic};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::laptop::findings::{Finding, Place, nearest, one_of};
use crate::laptop::schemas::{Broken, Kind, Schemas};
use crate::laptop::sources::Source;
use crate::laptop::strict;
use crate::laptop::yaml::{self, Data, Node};

/// What names an object: kind, namespace and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    pub kind: String,
    pub namespace: String,
    pub name: String,
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

/// An object: typed if it is good (`T` is `()` where nobody asks), as JSON with defaults, and where it stands.
#[derive(Debug, Clone)]
pub struct Object<T> {
    pub id: Id,
    pub value: T,
    pub json: Value,
    /// The place of its name.
    pub place: Place,
    document: Node,
}

impl<T> Object<T> {
    /// The place of one of its fields, such as `spec.partitions`.
    pub fn place_of(&self, path: &str) -> Place {
        place(&self.place.file, &self.document, path)
    }

    /// The place of the value of one of its fields.
    pub fn value_place_of(&self, path: &str) -> Place {
        let at = self.document.locate_value(path);
        Place {
            file: Arc::clone(&self.place.file),
            line: at.line,
            column: at.column,
        }
    }

    /// Whether the document itself gives the field, and no default filled it in.
    pub fn gives(&self, path: &str) -> bool {
        self.document.has(path)
    }
}

/// The objects of a set of sources. Order is that of the sources.
#[derive(Debug, Clone, Default)]
pub struct Objects {
    pub clusters: Vec<Object<Cluster>>,
    pub topics: Vec<Object<Topic>>,
    pub connectors: Vec<Object<Connector>>,
}

/// The outcome of reading: objects count only when there are no findings.
#[derive(Debug, Default)]
pub struct Reading {
    pub objects: Objects,
    /// Every object of ours that has a name, good or not: what checks across objects go by.
    pub all: Vec<Object<()>>,
    /// A document that may be a Cluster is not among them: it is no YAML, no kind of ours by a slip, or without a name.
    pub gaps: bool,
    /// What was skipped, a line each.
    pub notes: Vec<String>,
    pub findings: Vec<Finding>,
}

/// The last good JSON of each object, for rules about changes.
pub type Known = BTreeMap<Id, Value>;

/// Reads and checks all documents.
pub fn read(sources: &[Source], schemas: &Schemas, known: &Known) -> Reading {
    let mut reader = Reader {
        schemas,
        known,
        seen: BTreeMap::new(),
        reading: Reading::default(),
    };
    for source in sources {
        let stream = yaml::parse(&source.name, &source.text);
        if stream.documents.is_empty() && stream.findings.is_empty() {
            reader
                .reading
                .notes
                .push(format!("{} holds no documents", source.name));
        }
        reader.reading.gaps |= !stream.findings.is_empty();
        reader.reading.findings.extend(stream.findings);
        for document in &stream.documents {
            reader.document(&source.name, document);
        }
    }
    reader.reading.findings.sort();
    reader.reading.findings.dedup();
    reader.reading
}

struct Reader<'a> {
    schemas: &'a Schemas,
    known: &'a Known,
    seen: BTreeMap<Id, Place>,
    reading: Reading,
}

impl Reader<'_> {
    fn document(&mut self, file: &Arc<str>, document: &Node) {
        if !matches!(document.data, Data::Map(_)) {
            let help = "a document has the fields apiVersion, kind, metadata and spec";
            self.reading.gaps = true;
            return self.wrong(place(file, document, ""), "this is no object", help);
        }
        if document.text("kind") == Some("List") {
            return self.list(file, document);
        }
        let Some(name) = self.kind_of(file, document) else {
            return;
        };
        let schemas = self.schemas;
        if let Some(kind) = schemas.kind(&name) {
            self.object(file, document, kind);
        }
    }

    fn list(&mut self, file: &Arc<str>, document: &Node) {
        if let Some(Data::List(items)) = document.entry("items").map(|entry| &entry.value.data) {
            return items.iter().for_each(|item| self.document(file, item));
        }
        self.reading.gaps = true;
        let at = place(file, document, "items");
        self.wrong(at, "a List needs items", "a list of objects");
    }

    /// The name of the kind if it is ours; else the finding or the note is made.
    fn kind_of(&mut self, file: &Arc<str>, document: &Node) -> Option<String> {
        let ours = crds::api_version();
        let names: Vec<&str> = self
            .schemas
            .kinds
            .iter()
            .map(|kind| kind.name.as_str())
            .collect();
        let (kind, version) = (document.text("kind"), document.text("apiVersion"));
        let (what, field, help) = match (version, kind) {
            (Some(version), Some(kind)) if version == ours && names.contains(&kind) => {
                return Some(kind.to_owned());
            }
            (Some(version), Some(kind)) if version == ours => {
                let help = match nearest(kind, names.iter().copied()) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => format!("{ours} has {}", names.join(", ")),
                };
                (format!("unknown kind \"{kind}\""), "kind", help)
            }
            (Some(version), Some(kind)) if meant_as_ours(version) => (
                format!("{kind} has the apiVersion \"{version}\""),
                "apiVersion",
                format!("write apiVersion: {ours}"),
            ),
            // Sources of references: nothing to do by themselves.
            (Some("v1"), Some("ConfigMap" | "Secret")) => return None,
            (Some(version), Some(kind)) => {
                let name = document
                    .entry("metadata")
                    .and_then(|meta| meta.value.text("name"));
                let at = place(file, document, "");
                self.reading.notes.push(format!(
                    "{at}: skipped {kind}{} ({version})",
                    name.map(|name| format!(" {name}")).unwrap_or_default()
                ));
                return None;
            }
            (None, Some(_)) => (
                "the document lacks an apiVersion".to_owned(),
                "apiVersion",
                format!("write apiVersion: {ours}"),
            ),
            (_, None) => (
                "the document lacks a kind".to_owned(),
                "kind",
                format!("write kind: {}", one_of(&names)),
            ),
        };
        self.reading.gaps = true;
        self.wrong(place(file, document, field), what, help);
        None
    }

    fn object(&mut self, file: &Arc<str>, document: &Node, kind: &Kind) {
        let walked = strict::walk(file, document, &kind.walked, &mut self.reading.findings);
        let mut json = kind.defaulted(&walked.value);
        if let Some(fields) = json.as_object_mut() {
            // A copy from a cluster carries one; here nobody reads it.
            fields.shift_remove("status");
        }
        let meta = &json["metadata"];
        let text = |field: &str| meta[field].as_str().map(str::to_owned);
        let Some(name) = text("name") else {
            self.reading.gaps |= kind.name == "Cluster";
            return;
        };
        let namespace = text("namespace").unwrap_or_else(|| "default".to_owned());
        let id = Id {
            kind: kind.name.clone(),
            namespace,
            name,
        };
        let at = place(file, document, "metadata.name");
        if let Some(first) = self.seen.get(&id) {
            let help = format!("the first is at {first}; keep one of them");
            return self.wrong(at, format!("{id} is given twice"), help);
        }
        self.seen.insert(id.clone(), at.clone());
        let object = Object {
            id,
            value: (),
            json,
            place: at,
            document: document.clone(),
        };
        if walked.sound {
            self.judge(file, kind, &object);
        }
        self.reading.all.push(object);
    }

    /// Puts a sound object to the rules of its kind, and keeps it if it breaks none.
    fn judge(&mut self, file: &Arc<str>, kind: &Kind, object: &Object<()>) {
        let old = self.known.get(&object.id);
        let broken = self.schemas.broken(kind, &object.json, old);
        for rule in &broken {
            let mut help = before(&object.json, old, &rule.path);
            if help.is_empty() {
                help = meant(&object.json, rule);
            }
            // A rule on a mapping often speaks of one of its keys, and begins with its name.
            let subject = rule.message.split(' ').next().unwrap_or_default();
            let path = format!("{}.{subject}", rule.path);
            self.wrong(
                place(file, &object.document, &path),
                rule.message.clone(),
                help,
            );
        }
        if broken.is_empty() {
            self.keep(object);
        }
    }

    fn keep(&mut self, object: &Object<()>) {
        let objects = &mut self.reading.objects;
        let kept = match object.id.kind.as_str() {
            "Cluster" => object.typed().map(|object| objects.clusters.push(object)),
            "Topic" => object.typed().map(|object| objects.topics.push(object)),
            _ => object.typed().map(|object| objects.connectors.push(object)),
        };
        if let Err(error) = kept {
            let what = format!("the object cannot be read: {error}");
            self.wrong(object.place.clone(), what, "");
        }
    }

    fn wrong(&mut self, place: Place, what: impl Into<String>, help: impl Into<String>) {
        self.reading.findings.push(Finding::new(place, what, help));
    }
}

impl Object<()> {
    fn typed<T: DeserializeOwned>(&self) -> Result<Object<T>, serde_json::Error> {
        Ok(Object {
            value: T::deserialize(&self.json)?,
            id: self.id.clone(),
            json: self.json.clone(),
            place: self.place.clone(),
            document: self.document.clone(),
        })
    }
}

/// "did you mean …?", where a rule names the words of which the field has to be one.
fn meant(object: &Value, rule: &Broken) -> String {
    let pointer = format!("/{}", rule.path.replace('.', "/"));
    let word = object.pointer(&pointer).and_then(Value::as_str);
    let words = rule.message.split_once("write one of ");
    let near = word
        .zip(words)
        .and_then(|(word, (_, words))| nearest(word, words.split(", ")));
    near.map_or_else(String::new, |near| format!("did you mean \"{near}\"?"))
}

/// "before, it was …", for a rule that a change of the field at `path` breaks.
fn before(new: &Value, old: Option<&Value>, path: &str) -> String {
    let pointer = format!("/{}", path.replace('.', "/"));
    let Some(old) = old.map(|old| old.pointer(&pointer)) else {
        return String::new();
    };
    match old {
        same if same == new.pointer(&pointer) => String::new(),
        Some(Value::Object(_) | Value::Array(_)) => String::new(),
        Some(old) => format!("before, it was {old}"),
        None => "before, it was not given".to_owned(),
    }
}

/// An `apiVersion` that is a slip of ours: another version of our group, or a group one or two letters away.
fn meant_as_ours(version: &str) -> bool {
    let group = version.split('/').next().unwrap_or_default();
    group.split('.').next() == crds::GROUP.split('.').next()
        || nearest(group, [crds::GROUP]).is_some()
}

fn place(file: &Arc<str>, document: &Node, path: &str) -> Place {
    let at = document.locate(path);
    Place {
        file: Arc::clone(file),
        line: at.line,
        column: at.column,
    }
}

#[cfg(test)]
mod tests;

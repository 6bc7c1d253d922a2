//! The API server's audit log: who wrote what since a mark.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use serde_json::Value;

/// The log.
#[derive(Clone, Debug)]
pub struct Audit {
    path: PathBuf,
}

/// A place in the log.
#[derive(Clone, Copy, Debug)]
pub struct Mark(u64);

/// One answered request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Who asked, `system:serviceaccount:NAMESPACE:NAME` for a pod.
    pub user: String,
    /// `create`, `patch`, `get`, `watch` …
    pub verb: String,
    /// The plural with its subresource, `topics/status`.
    pub resource: String,
    /// The API group; empty for the core.
    pub group: String,
    /// Empty for what has none.
    pub namespace: String,
    /// Empty for a list.
    pub name: String,
    /// The HTTP code.
    pub code: u64,
}

impl Entry {
    /// Whether it asked for a change.
    pub fn is_write(&self) -> bool {
        ["create", "update", "patch", "delete", "deletecollection"].contains(&self.verb.as_str())
    }

    /// A right as a role would have it: verb, group and resource.
    pub fn right(&self) -> (String, String, String) {
        (self.verb.clone(), self.group.clone(), self.resource.clone())
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            user,
            verb,
            resource,
            namespace,
            name,
            code,
            ..
        } = self;
        write!(out, "{user}: {verb} {resource} {namespace}/{name}: {code}")
    }
}

impl Audit {
    /// The log in a file.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Here and now.
    pub fn mark(&self) -> Mark {
        Mark(std::fs::metadata(&self.path).map_or(0, |found| found.len()))
    }

    /// The log's beginning.
    pub fn beginning(&self) -> Mark {
        Mark(0)
    }

    /// Every request answered since `mark`; a line not yet whole waits for the next look.
    pub fn since(&self, mark: Mark) -> Vec<Entry> {
        let mut text = String::new();
        let read = File::open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(mark.0))?;
            file.read_to_string(&mut text)
        });
        if read.is_err() {
            return Vec::new();
        }
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().filter_map(entry).collect()
    }

    /// What `user` wrote since `mark`, but its Leases.
    pub fn writes(&self, mark: Mark, user: &str) -> Vec<Entry> {
        let mut found = self.since(mark);
        found.retain(|entry| {
            entry.user == user && entry.is_write() && !entry.resource.starts_with("leases")
        });
        found
    }

    /// The rights `user` made use of since `mark`.
    pub fn rights(&self, mark: Mark, user: &str) -> BTreeSet<(String, String, String)> {
        let entries = self.since(mark);
        let own = entries.iter().filter(|entry| entry.user == user);
        own.map(Entry::right).collect()
    }
}

fn entry(line: &str) -> Option<Entry> {
    let value: Value = serde_json::from_str(line).ok()?;
    let (reference, text) = (&value["objectRef"], |value: &Value| {
        value.as_str().unwrap_or_default().to_owned()
    });
    let (resource, part) = (
        text(&reference["resource"]),
        text(&reference["subresource"]),
    );
    (value["stage"] == "ResponseComplete" || value["stage"] == "ResponseStarted").then(|| Entry {
        user: text(&value["user"]["username"]),
        verb: text(&value["verb"]),
        resource: if part.is_empty() {
            resource
        } else {
            format!("{resource}/{part}")
        },
        group: text(&reference["apiGroup"]),
        namespace: text(&reference["namespace"]),
        name: text(&reference["name"]),
        code: value["responseStatus"]["code"].as_u64().unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn line(user: &str, verb: &str, resource: &str) -> String {
        format!(
            "{{\"stage\":\"ResponseComplete\",\"verb\":\"{verb}\",\"user\":{{\"username\":\"{user}\"}},\
             \"objectRef\":{{\"resource\":\"{resource}\",\"namespace\":\"n\",\"name\":\"x\",\"subresource\":\"status\"}},\
             \"responseStatus\":{{\"code\":200}}}}\n"
        )
    }

    #[test]
    fn writes_of_one_user_since_a_mark_are_found_and_leases_are_not() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let audit = Audit::new(file.path().to_owned());
        file.write_all(line("op", "patch", "topics").as_bytes())
            .unwrap();
        let mark = audit.mark();
        assert_eq!(audit.writes(mark, "op"), []);
        for (user, verb, resource) in [
            ("op", "get", "topics"),
            ("op", "patch", "leases"),
            ("other", "patch", "topics"),
            ("op", "patch", "clusters"),
        ] {
            file.write_all(line(user, verb, resource).as_bytes())
                .unwrap();
        }
        file.write_all(b"{\"stage\":\"ResponseComplete\",\"verb\":\"cre")
            .unwrap();
        let found: Vec<_> = audit
            .writes(mark, "op")
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found, ["op: patch clusters/status n/x: 200"]);
    }
}

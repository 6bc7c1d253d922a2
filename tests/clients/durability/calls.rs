//! The lines of `strace -f -y`, as calls that begin and return. It must not know what they are good for.

use std::collections::HashMap;

/// A system call at one of its two moments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) process: String,
    pub(super) name: String,
    /// Everything between the parentheses.
    words: String,
    /// What it returned; none while it is under way.
    result: Option<String>,
}

/// The moments in order; a call that nothing came between gives both at once.
pub(super) fn moments(trace: &str) -> Vec<Call> {
    let mut open: HashMap<&str, (String, String)> = HashMap::new();
    let mut moments = Vec::new();
    for line in trace.lines() {
        let Some((process, rest)) = line.split_once(' ') else {
            continue;
        };
        let rest = rest.trim_start();
        let mut push = |name: &str, words: &str, result: Option<&str>| {
            moments.push(Call {
                process: process.to_owned(),
                name: name.to_owned(),
                words: words.to_owned(),
                result: result.map(str::to_owned),
            });
        };
        if let Some(resumed) = rest.strip_prefix("<... ") {
            let Some((name, words)) = open.remove(process) else {
                continue;
            };
            let end = resumed.split_once("resumed>").map_or("", |(_, end)| end);
            let (more, result) = ended(end).unwrap_or((end, ""));
            push(&name, &format!("{words}{more}"), Some(result));
        } else if let Some((name, words)) = rest.split_once('(') {
            if let Some(words) = words.strip_suffix("<unfinished ...>") {
                let words = words.trim_end();
                push(name, words, None);
                open.insert(process, (name.to_owned(), words.to_owned()));
            } else if let Some((words, result)) = ended(words) {
                push(name, words, None);
                push(name, words, Some(result));
            }
        }
    }
    moments
}

/// Words and result of `words)    = result`.
fn ended(rest: &str) -> Option<(&str, &str)> {
    let (words, result) = rest.rsplit_once(" = ")?;
    Some((words.trim_end().strip_suffix(')')?, result))
}

impl Call {
    /// Whether this is the moment it begins.
    pub(super) fn begins(&self) -> bool {
        self.result.is_none()
    }

    /// Whether this is the moment it returns, and it did what it should.
    pub(super) fn did(&self) -> bool {
        let result = self.result.as_deref();
        result.is_some_and(|result| !result.starts_with('-') && !result.is_empty())
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.words.contains(word)
    }

    /// The path behind the descriptor that is the first word: `13</a/b>, …`.
    pub(super) fn file(&self) -> String {
        let inside = self.words.split_once('<').map_or("", |(_, rest)| rest);
        let path = inside.split_once('>').map_or("", |(path, _)| path);
        tidy(path)
    }

    /// The paths given in quotes, each below the folder whose descriptor stands before it, where it is not absolute.
    pub(super) fn paths(&self) -> Vec<String> {
        let parts: Vec<&str> = self.words.split('"').collect();
        let named = parts.chunks(2).filter(|pair| pair.len() == 2);
        named
            .map(|pair| {
                let folder = pair[0].rsplit_once('<').map_or("", |(_, rest)| rest);
                let folder = folder.split_once('>').map_or("", |(path, _)| path);
                if pair[1].starts_with('/') {
                    tidy(pair[1])
                } else {
                    tidy(&format!("{folder}/{}", pair[1]))
                }
            })
            .collect()
    }
}

fn tidy(path: &str) -> String {
    path.trim_end_matches('/').replace("//", "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = r#"7 openat(AT_FDCWD</x>, "/d/wal/0", O_RDWR|O_CREAT, 0666) = 3</d/wal/0>
8 fsync(3</d/wal/0> <unfinished ...>
7 renameat(4</d/>, "a.new", 4</d/>, "a") = 0
8 <... fsync resumed>)          = 0
7 mkdir("/d/p/", 0777) = -1 EEXIST (File exists)"#;

    #[test]
    fn a_trace_is_read_as_moments() {
        let moments = moments(TRACE);
        let told: Vec<_> = moments
            .iter()
            .map(|call| (call.name.as_str(), call.begins(), call.did()))
            .collect();
        let expected = [
            ("openat", true, false),
            ("openat", false, true),
            ("fsync", true, false),
            ("renameat", true, false),
            ("renameat", false, true),
            ("fsync", false, true),
            ("mkdir", true, false),
            ("mkdir", false, false),
        ];
        assert_eq!(told, expected);
        assert_eq!(moments[0].paths(), ["/d/wal/0"]);
        assert_eq!(moments[3].paths(), ["/d/a.new", "/d/a"]);
        assert_eq!(moments[5].file(), "/d/wal/0");
        assert_eq!(moments[7].paths(), ["/d/p"]);
    }
}

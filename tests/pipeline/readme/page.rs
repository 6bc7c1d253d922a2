//! The README as text: its fenced blocks, the commands in them, its tables. It must not know what they mean.

use tests::paths;

/// Kinds of blocks the page may have: commands are always marked as such, so that none escapes its test.
const KINDS: &[&str] = &["sh", "text", "yaml"];

/// The whole page.
pub(super) fn text() -> String {
    std::fs::read_to_string(paths::root().join("README.md")).unwrap()
}

/// All blocks, each with its kind.
fn blocks() -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text().lines() {
        match (line.strip_prefix("```"), open.as_mut()) {
            (Some(""), Some(_)) => blocks.extend(open.take()),
            (Some(kind), None) => {
                assert!(KINDS.contains(&kind), "a block of kind {kind:?}");
                open = Some((kind.to_owned(), String::new()));
            }
            (Some(_), Some(_)) => panic!("a block inside a block: {line}"),
            (None, Some((_, block))) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block without an end");
    blocks
}

/// The first block of this kind that has these words.
#[track_caller]
pub(super) fn block(kind: &str, words: &str) -> String {
    let mut blocks = blocks().into_iter();
    let found = blocks.find(|(its, block)| its == kind && block.contains(words));
    found
        .unwrap_or_else(|| panic!("no {kind} block with {words:?}"))
        .1
}

/// All commands in order; a line that ends in a backslash goes on in the next.
pub(super) fn commands() -> Vec<String> {
    let of_shell = blocks().into_iter().filter(|(kind, _)| kind == "sh");
    let joined = of_shell.map(|(_, block)| block.replace("\\\n", ""));
    joined
        .flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>())
        .filter(|line| !line.is_empty())
        .collect()
}

/// Whether a command speaks to a Kubernetes: with its programs, or through the port that is forwarded from it.
pub(super) fn needs_kubernetes(command: &str) -> bool {
    let program = command.split(' ').next().unwrap_or_default();
    matches!(program, "helm" | "kubectl") || command.contains("localhost:9094")
}

/// The cells of the rows of the table that begins with this line.
#[track_caller]
pub(super) fn table(head: &str) -> Vec<Vec<String>> {
    let text = text();
    let rows: Vec<_> = text
        .lines()
        .skip_while(|line| *line != head)
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells = line.trim_matches('|').split('|');
            cells.map(|cell| cell.trim().to_owned()).collect()
        })
        .collect();
    assert!(!rows.is_empty(), "no table {head:?}");
    rows
}

/// Everything between single backquotes outside of blocks.
pub(super) fn code() -> Vec<String> {
    let text = text();
    let mut in_block = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

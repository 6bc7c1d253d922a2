//! Golden files: what people see, kept as text and compared. `UPDATE_EXPECT=1` writes them anew.

#![expect(
    clippy::panic,
    reason = "test support: a failure here is the test's failure"
)]

use std::path::Path;

use crate::paths;

/// Compares `text` with a file of the `tests` folder.
#[track_caller]
pub fn same(file: &str, text: &str) {
    let path = paths::root().join("tests").join(file);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let written = std::fs::write(&path, text);
        assert!(written.is_ok(), "write {}: {written:?}", path.display());
        return;
    }
    let golden = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("read {}: {error}", path.display()));
    assert_eq!(text, golden, "differs from {}", path_text(&path));
}

fn path_text(path: &Path) -> String {
    format!("{}; UPDATE_EXPECT=1 writes it anew", path.display())
}

/// A table as kubectl prints it, laid out anew with what changes from run to run replaced: `replace` gets a column's
/// title and a cell, and returns what to show.
pub fn table(text: &str, replace: impl Fn(&str, &str) -> String) -> String {
    text.split("\n\n")
        .map(|one| aligned(one, &replace))
        .collect::<Vec<_>>()
        .join("\n")
}

fn aligned(text: &str, replace: &impl Fn(&str, &str) -> String) -> String {
    let mut lines = text.lines();
    let Some(head) = lines.next() else {
        return String::new();
    };
    let starts = column_starts(head);
    let titles = cells(head, &starts);
    let mut rows: Vec<Vec<String>> = vec![titles.clone()];
    for line in lines {
        let cells = cells(line, &starts);
        let shown = titles.iter().zip(&cells);
        rows.push(shown.map(|(title, cell)| replace(title, cell)).collect());
    }
    let width = |column: usize| {
        let lengths = rows.iter().filter_map(|row| row.get(column));
        lengths.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..titles.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        format!("{}\n", cells.join("   ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// Where the titles of a head line begin: kubectl parts columns by three spaces.
fn column_starts(head: &str) -> Vec<usize> {
    let letters: Vec<char> = head.chars().collect();
    let begins = |at: &usize| {
        letters[*at] != ' '
            && (*at == 0 || *at >= 2 && letters[at - 1] == ' ' && letters[at - 2] == ' ')
    };
    (0..letters.len()).filter(begins).collect()
}

fn cells(line: &str, starts: &[usize]) -> Vec<String> {
    let letters: Vec<char> = line.chars().collect();
    let cell = |index: usize, start: &usize| {
        let end = starts.get(index + 1).copied().unwrap_or(letters.len());
        let range = (*start).min(letters.len())..end.min(letters.len());
        letters[range].iter().collect::<String>().trim().to_owned()
    };
    let starts = starts.iter().enumerate();
    starts.map(|(index, start)| cell(index, start)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_keeps_empty_cells_and_is_laid_out_by_what_is_shown() {
        let text = "NAME   TOPIC NAME   AGE\na                   12s\nbc     orders       3m4s\n";
        let shown = table(text, |title, cell| match title {
            "AGE" => "…".to_owned(),
            _ => cell.to_owned(),
        });
        assert_eq!(
            shown,
            "NAME   TOPIC NAME   AGE\na                   …\nbc     orders       …\n"
        );
    }
}

//! Data for people and for programs: a plain table or JSON, both on standard output.

use std::io::{self, Write};

use clap::ValueEnum;
use comfy_table::{Table, presets};
use serde::Serialize;

use crate::failure::Failure;

/// The form of a command's data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns for people.
    #[default]
    Table,
    /// JSON for programs.
    Json,
}

/// Prints `value` as JSON or as the table that `rows` makes.
///
/// # Errors
/// Standard output cannot be written.
pub fn show<T: Serialize>(
    format: Format,
    value: &T,
    columns: &[&str],
    rows: impl FnOnce() -> Vec<Vec<String>>,
) -> Result<(), Failure> {
    match format {
        Format::Json => line(&json(value)),
        Format::Table => line(&table(columns, rows())),
    }
}

/// Prints one piece of text and a line end.
///
/// # Errors
/// Standard output cannot be written.
pub fn line(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()?;
    Ok(())
}

/// Talk: progress and hints, on standard error. A terminal that is gone stops nothing.
pub fn talk(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// The value as JSON with indentation.
pub fn json<T: Serialize>(value: &T) -> String {
    // Our own types hold only what JSON can hold.
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// Columns parted by two spaces, without lines: it greps and cuts well.
pub fn table(columns: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_header(columns.iter().map(|name| name.to_uppercase()));
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

/// A number, or `?` where it is not known.
pub fn known(number: Option<i64>) -> String {
    number.map_or_else(|| "?".to_owned(), |number| number.to_string())
}

/// Bytes in the largest unit below them: `1.5 KiB`.
pub fn size(bytes: i64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut unit = "B";
    // Tenths, so that no rounding of floating point shows.
    let mut tenths = i128::from(bytes) * 10;
    for larger in UNITS {
        if tenths < 10_240 {
            break;
        }
        tenths /= 1024;
        unit = larger;
    }
    match unit {
        "B" => format!("{bytes} B"),
        _ => format!("{}.{} {unit}", tenths / 10, tenths % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_plain_text() {
        let rows = vec![
            vec!["orders".to_owned(), "2".to_owned()],
            vec!["a".to_owned(), "16".to_owned()],
        ];
        assert_eq!(
            table(&["topic", "partitions"], rows),
            "TOPIC   PARTITIONS\norders  2\na       16"
        );
    }

    #[test]
    fn sizes_have_units() {
        for (bytes, words) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1600, "1.5 KiB"),
            (5 << 40, "5.0 TiB"),
            (-1, "-1 B"),
        ] {
            assert_eq!(size(bytes), words);
        }
    }
}

//! How `consume` prints a record: JSON lines, or a format such as `%t %p %o %k %v\n`. Pure.

use serde_json::Value;

use crate::failure::Failure;

/// What is printed of a record.
#[derive(Debug, Clone, Copy, Default)]
pub struct Record<'a> {
    pub topic: &'a str,
    pub partition: i32,
    pub offset: i64,
    /// Milliseconds since 1970.
    pub timestamp_ms: Option<i64>,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
}

/// A piece of a format.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(Vec<u8>),
    Topic,
    Partition,
    Offset,
    Key,
    Value,
    Timestamp,
}

/// The form of a printed record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// One JSON object per line. Keys and values that are JSON objects or lists stand as such, text as a string, other bytes as a
    /// list of numbers would be unreadable: they stand as text with replacement characters.
    JsonLines,
    Pieces(Pieces),
}

/// A read format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pieces(Vec<Piece>);

impl Form {
    /// Reads a format: `%t` topic, `%p` partition, `%o` offset, `%k` key, `%v` value, `%d` time in milliseconds, `%%`, and the
    /// escapes `\n`, `\t`, `\r`, `\0` and `\\`.
    ///
    /// # Errors
    /// An unknown letter after `%` or `\`.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let mut pieces = Vec::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match (letter, letter_after(letter, &mut letters)?) {
                ('%', Some('t')) => pieces.push(Piece::Topic),
                ('%', Some('p')) => pieces.push(Piece::Partition),
                ('%', Some('o')) => pieces.push(Piece::Offset),
                ('%', Some('k')) => pieces.push(Piece::Key),
                ('%', Some('v')) => pieces.push(Piece::Value),
                ('%', Some('d')) => pieces.push(Piece::Timestamp),
                ('%', Some('%')) => literal(&mut pieces, '%'),
                ('\\', Some('n')) => literal(&mut pieces, '\n'),
                ('\\', Some('t')) => literal(&mut pieces, '\t'),
                ('\\', Some('r')) => literal(&mut pieces, '\r'),
                ('\\', Some('0')) => literal(&mut pieces, '\0'),
                ('\\', Some('\\')) => literal(&mut pieces, '\\'),
                (sign, Some(unknown)) => return Err(unknown_letter(sign, unknown)),
                (plain, None) => literal(&mut pieces, plain),
            }
        }
        Ok(Self::Pieces(Pieces(pieces)))
    }

    /// Appends the printed record to `out`.
    pub fn print(&self, record: &Record<'_>, out: &mut Vec<u8>) {
        match self {
            Self::JsonLines => json_line(record, out),
            Self::Pieces(Pieces(pieces)) => pieces
                .iter()
                .for_each(|piece| print_piece(piece, record, out)),
        }
    }
}

fn letter_after(sign: char, letters: &mut std::str::Chars<'_>) -> Result<Option<char>, Failure> {
    if !matches!(sign, '%' | '\\') {
        return Ok(None);
    }
    match letters.next() {
        Some(letter) => Ok(Some(letter)),
        None => Err(Failure::usage(
            format!("the format ends with {sign}"),
            format!("write {sign}{sign} for the sign itself"),
        )),
    }
}

fn unknown_letter(sign: char, letter: char) -> Failure {
    let help = "%t topic, %p partition, %o offset, %k key, %v value, %d time in milliseconds, %%; \\n \\t \\r \\0 \\\\";
    Failure::usage(
        format!("the format holds {sign}{letter}, which means nothing"),
        help,
    )
}

fn literal(pieces: &mut Vec<Piece>, letter: char) {
    let mut buffer = [0; 4];
    let bytes = letter.encode_utf8(&mut buffer).as_bytes();
    match pieces.last_mut() {
        Some(Piece::Text(text)) => text.extend_from_slice(bytes),
        _ => pieces.push(Piece::Text(bytes.to_vec())),
    }
}

fn print_piece(piece: &Piece, record: &Record<'_>, out: &mut Vec<u8>) {
    match piece {
        Piece::Text(text) => out.extend_from_slice(text),
        Piece::Topic => out.extend_from_slice(record.topic.as_bytes()),
        Piece::Partition => out.extend_from_slice(record.partition.to_string().as_bytes()),
        Piece::Offset => out.extend_from_slice(record.offset.to_string().as_bytes()),
        Piece::Key => out.extend_from_slice(record.key.unwrap_or_default()),
        Piece::Value => out.extend_from_slice(record.value.unwrap_or_default()),
        Piece::Timestamp => {
            let time = record
                .timestamp_ms
                .map(|time| time.to_string())
                .unwrap_or_default();
            out.extend_from_slice(time.as_bytes());
        }
    }
}

fn json_line(record: &Record<'_>, out: &mut Vec<u8>) {
    let time = record
        .timestamp_ms
        .and_then(|time| jiff::Timestamp::from_millisecond(time).ok());
    let time = time.map_or(Value::Null, |time| Value::String(format!("{time:.3}")));
    let head = format!(
        "{{\"topic\":{},\"partition\":{},\"offset\":{},\"timestamp\":{time},\"key\":",
        Value::from(record.topic),
        record.partition,
        record.offset,
    );
    out.extend_from_slice(head.as_bytes());
    json_bytes(record.key, out);
    out.extend_from_slice(b",\"value\":");
    json_bytes(record.value, out);
    out.extend_from_slice(b"}\n");
}

/// JSON objects and lists stand as they came, byte for byte (re-reading would round their numbers); all else as a string.
fn json_bytes(bytes: Option<&[u8]>, out: &mut Vec<u8>) {
    let Some(bytes) = bytes else {
        out.extend_from_slice(b"null");
        return;
    };
    let nested = matches!(bytes.first(), Some(b'{' | b'[')) && !bytes.contains(&b'\n');
    if nested && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok() {
        out.extend_from_slice(bytes);
    } else {
        out.extend_from_slice(
            Value::from(String::from_utf8_lossy(bytes))
                .to_string()
                .as_bytes(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: Record<'_> = Record {
        topic: "orders",
        partition: 1,
        offset: 42,
        timestamp_ms: Some(1_500),
        key: Some(b"k"),
        value: Some(b"{\"a\": 1.10}"),
    };

    fn printed(form: &Form, record: &Record<'_>) -> String {
        let mut out = Vec::new();
        form.print(record, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_format_places_the_fields() {
        for (format, expected) in [
            ("%t %p %o %k %v\\n", "orders 1 42 k {\"a\": 1.10}\n"),
            ("%d\\t%%\\\\é", "1500\t%\\é"),
            ("", ""),
        ] {
            assert_eq!(
                printed(&Form::parse(format).unwrap(), &RECORD),
                expected,
                "{format}"
            );
        }
    }

    #[test]
    fn a_wrong_format_is_usage() {
        for format in ["%x", "\\q", "100%", "\\"] {
            let failure = Form::parse(format).unwrap_err();
            assert_eq!(failure.code, crate::failure::Code::Usage, "{format}");
        }
    }

    #[test]
    fn json_lines_keep_json_and_quote_the_rest() {
        let line = printed(&Form::JsonLines, &RECORD);
        let expected = "{\"topic\":\"orders\",\"partition\":1,\"offset\":42,\
            \"timestamp\":\"1970-01-01T00:00:01.500Z\",\"key\":\"k\",\"value\":{\"a\": 1.10}}\n";
        assert_eq!(line, expected);
        for (value, expected) in [
            (None, "null"),
            (Some(&b"12"[..]), "\"12\""),
            (Some(b"{broken"), "\"{broken\""),
            (Some(b"[1,\n2]"), "\"[1,\\n2]\""),
            (Some(b"\xff"), "\"\u{fffd}\""),
        ] {
            let line = printed(&Form::JsonLines, &Record { value, ..RECORD });
            assert!(
                line.ends_with(&format!("\"value\":{expected}}}\n")),
                "{line}"
            );
            serde_json::from_str::<Value>(&line).unwrap();
        }
    }
}

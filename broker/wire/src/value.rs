//! How each type of a field looks in a frame: in old versions, and in flexible ones (KIP-482).

use crate::{Blob, DecodeError, EncodeError, Problem, Reader, Records, Str, Uuid, Writer};

/// The form a message takes: which version, and what follows from it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    pub(crate) version: i16,
    /// Compact lengths, and tagged fields behind each struct.
    pub(crate) flexible: bool,
    /// Whether the field at hand may be null.
    pub(crate) nullable: bool,
}

/// A type that fields have.
pub(crate) trait Value<'a>: Sized {
    /// The fewest bytes any value takes.
    fn min_size(form: Form) -> usize;
    fn read(reader: &mut Reader<'a>, form: Form) -> Result<Self, DecodeError>;
    fn write(&self, writer: &mut Writer, form: Form) -> Result<(), EncodeError>;
}

impl Form {
    pub(crate) fn new(version: i16, flexible_from: i16) -> Self {
        Self {
            version,
            flexible: version >= flexible_from,
            nullable: false,
        }
    }

    pub(crate) fn nullable(self, nullable: bool) -> Self {
        Self { nullable, ..self }
    }

    fn null<T>(self) -> Result<Option<T>, DecodeError> {
        if self.nullable {
            Ok(None)
        } else {
            Err(DecodeError::new(Problem::Null))
        }
    }

    fn check_null(self) -> Result<(), EncodeError> {
        if self.nullable {
            return Ok(());
        }
        Err(EncodeError::Null {
            field: "",
            version: self.version,
        })
    }
}

/// Numbers and ids: the same in every version.
macro_rules! fixed_size {
    ($($type:ty: $method:ident, $size:literal;)*) => { $(
        impl Value<'_> for $type {
            fn min_size(_: Form) -> usize {
                $size
            }

            fn read(reader: &mut Reader<'_>, _: Form) -> Result<Self, DecodeError> {
                reader.$method()
            }

            fn write(&self, writer: &mut Writer, _: Form) -> Result<(), EncodeError> {
                writer.$method(*self);
                Ok(())
            }
        }
    )* };
}

fixed_size! {
    i8: i8, 1;
    i16: i16, 2;
    i32: i32, 4;
    i64: i64, 8;
    Uuid: uuid, 16;
}

impl Value<'_> for bool {
    fn min_size(_: Form) -> usize {
        1
    }

    fn read(reader: &mut Reader<'_>, _: Form) -> Result<Self, DecodeError> {
        Ok(reader.i8()? != 0)
    }

    fn write(&self, writer: &mut Writer, _: Form) -> Result<(), EncodeError> {
        writer.i8(i8::from(*self));
        Ok(())
    }
}

/// The longest string, also where a compact length could say more.
const MAX_STR: usize = i16::MAX as usize;

/// Strings have lengths of 16 bits, everything else of 32, and flexible versions one form for all.
fn read_str<'a>(reader: &mut Reader<'a>, form: Form) -> Result<Option<&'a str>, DecodeError> {
    let len = if form.flexible {
        reader.compact_len()?
    } else {
        reader.short_len()?
    };
    let Some(len) = len else { return form.null() };
    if len > MAX_STR {
        return Err(DecodeError::new(Problem::LongString(len)));
    }
    match std::str::from_utf8(reader.take(len)?) {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(DecodeError::new(Problem::NotUtf8)),
    }
}

fn write_str(text: Option<&str>, writer: &mut Writer, form: Form) -> Result<(), EncodeError> {
    let len = text.map(str::len);
    if let Some(len) = len.filter(|&len| len > MAX_STR) {
        return Err(EncodeError::TooLong {
            field: "",
            len,
            max: MAX_STR,
        });
    }
    if form.flexible {
        writer.compact_len(len)
    } else {
        writer.short_len(len)
    }?;
    match text {
        Some(text) => writer.put(text.as_bytes()),
        None => form.check_null()?,
    }
    Ok(())
}

/// The length of bytes, or the count of an array; also says `None` where null is allowed.
fn read_len(reader: &mut Reader<'_>, form: Form) -> Result<Option<usize>, DecodeError> {
    let len = if form.flexible {
        reader.compact_len()?
    } else {
        reader.int_len()?
    };
    if len.is_none() { form.null() } else { Ok(len) }
}

fn write_len(len: Option<usize>, writer: &mut Writer, form: Form) -> Result<(), EncodeError> {
    if len.is_none() {
        form.check_null()?;
    }
    if form.flexible {
        writer.compact_len(len)
    } else {
        writer.int_len(len)
    }
}

fn read_bytes<'a>(reader: &mut Reader<'a>, form: Form) -> Result<Option<&'a [u8]>, DecodeError> {
    let Some(len) = read_len(reader, form)? else {
        return Ok(None);
    };
    reader.take(len).map(Some)
}

fn write_bytes(bytes: Option<&[u8]>, writer: &mut Writer, form: Form) -> Result<(), EncodeError> {
    write_len(bytes.map(<[u8]>::len), writer, form)?;
    writer.put(bytes.unwrap_or_default());
    Ok(())
}

fn read_array<'a, T: Value<'a>>(
    reader: &mut Reader<'a>,
    form: Form,
) -> Result<Option<Vec<T>>, DecodeError> {
    let Some(count) = read_len(reader, form)? else {
        return Ok(None);
    };
    let form = form.nullable(false);
    reader.claim(count, T::min_size(form), size_of::<T>())?;
    let mut elements = Vec::with_capacity(count);
    for _ in 0..count {
        elements.push(T::read(reader, form)?);
    }
    Ok(Some(elements))
}

fn write_array<'a, T: Value<'a>>(
    array: Option<&[T]>,
    writer: &mut Writer,
    form: Form,
) -> Result<(), EncodeError> {
    write_len(array.map(<[T]>::len), writer, form)?;
    let form = form.nullable(false);
    array
        .unwrap_or_default()
        .iter()
        .try_for_each(|element| element.write(writer, form))
}

fn not_null<T>(value: Option<T>) -> Result<T, DecodeError> {
    value.ok_or_else(|| DecodeError::new(Problem::Null))
}

fn str_size(form: Form) -> usize {
    if form.flexible { 1 } else { 2 }
}

fn len_size(form: Form) -> usize {
    if form.flexible { 1 } else { 4 }
}

/// A type with a length in front, and the same type when it may be null.
macro_rules! counted {
    ($([$($generics:tt)*] $type:ty: $size:ident, $read:ident, $write:ident, $borrow:ident;)*) => { $(
        impl<'a, $($generics)*> Value<'a> for $type {
            fn min_size(form: Form) -> usize {
                $size(form)
            }

            fn read(reader: &mut Reader<'a>, form: Form) -> Result<Self, DecodeError> {
                not_null($read(reader, form.nullable(false))?).map(Self::from)
            }

            fn write(&self, writer: &mut Writer, form: Form) -> Result<(), EncodeError> {
                $write(Some($borrow(self)), writer, form)
            }
        }

        impl<'a, $($generics)*> Value<'a> for Option<$type> {
            fn min_size(form: Form) -> usize {
                $size(form)
            }

            fn read(reader: &mut Reader<'a>, form: Form) -> Result<Self, DecodeError> {
                Ok($read(reader, form)?.map(<$type>::from))
            }

            fn write(&self, writer: &mut Writer, form: Form) -> Result<(), EncodeError> {
                $write(self.as_ref().map(|value| $borrow(value)), writer, form)
            }
        }
    )* };
}

counted! {
    [] Str<'a>: str_size, read_str, write_str, as_ref;
    [] Blob<'a>: len_size, read_bytes, write_bytes, as_ref;
    [] &'a [u8]: len_size, read_bytes, write_bytes, as_ref;
    [T: Value<'a>] Vec<T>: len_size, read_array, write_array, as_ref;
}

fn as_ref<T: ?Sized>(value: &impl AsRef<T>) -> &T {
    value.as_ref()
}

impl<'a> Value<'a> for Records<'a> {
    fn min_size(form: Form) -> usize {
        len_size(form)
    }

    fn read(reader: &mut Reader<'a>, form: Form) -> Result<Self, DecodeError> {
        read_bytes(reader, form).map(Self::Inline)
    }

    fn write(&self, writer: &mut Writer, form: Form) -> Result<(), EncodeError> {
        match *self {
            Self::Inline(records) => write_bytes(records, writer, form),
            Self::Spliced(len) => {
                write_len(Some(len), writer, form)?;
                writer.splice(len);
                Ok(())
            }
        }
    }
}

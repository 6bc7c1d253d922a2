//! What a message definition says about a field, and what follows for reading and writing it.

use crate::value::{Form, Value};
use crate::{DecodeError, EncodeError, Reader, Writer};

/// A field's versions, and how it is encoded there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    first: i16,
    last: i16,
    nullable_from: i16,
    ignorable: bool,
    tag: Option<u32>,
}

/// In `first` and all later versions.
pub(crate) const fn since(first: i16) -> Field {
    versions(first, i16::MAX)
}

/// In `first` to `last`.
pub(crate) const fn versions(first: i16, last: i16) -> Field {
    Field {
        first,
        last,
        nullable_from: i16::MAX,
        ignorable: false,
        tag: None,
    }
}

impl Field {
    /// May be null from this version on.
    pub(crate) const fn nullable(self, from: i16) -> Self {
        Self {
            nullable_from: from,
            ..self
        }
    }

    /// Versions without it may lose it silently.
    pub(crate) const fn ignorable(self) -> Self {
        Self {
            ignorable: true,
            ..self
        }
    }

    /// Travels as a tagged field (KIP-482): left out when it has its default.
    pub(crate) const fn tag(self, tag: u32) -> Self {
        Self {
            tag: Some(tag),
            ..self
        }
    }

    pub(crate) const fn is_in(&self, form: Form) -> bool {
        self.first <= form.version && form.version <= self.last
    }

    pub(crate) const fn is_positional(&self, form: Form) -> bool {
        self.tag.is_none() && self.is_in(form)
    }

    pub(crate) const fn is_tagged(&self, form: Form) -> bool {
        self.tag.is_some() && form.flexible && self.is_in(form)
    }

    /// Whether the tagged field `number` of a frame is this one.
    pub(crate) fn has_tag(&self, number: u32, form: Form) -> bool {
        self.tag == Some(number) && self.is_tagged(form)
    }

    pub(crate) const fn form(&self, form: Form) -> Form {
        Form {
            nullable: form.version >= self.nullable_from,
            ..form
        }
    }

    pub(crate) fn min_size<'a, T: Value<'a>>(&self, form: Form) -> usize {
        if self.is_positional(form) {
            T::min_size(self.form(form))
        } else {
            0
        }
    }

    pub(crate) fn read<'a, T: Value<'a>>(
        &self,
        reader: &mut Reader<'a>,
        form: Form,
    ) -> Result<T, DecodeError> {
        T::read(reader, self.form(form))
    }

    /// Writes a field that is not tagged, or sees that nothing is lost without it.
    pub(crate) fn write<'a, T: Value<'a> + PartialEq>(
        &self,
        value: &T,
        default: impl FnOnce() -> T,
        writer: &mut Writer,
        form: Form,
    ) -> Result<(), EncodeError> {
        if self.is_positional(form) {
            return value.write(writer, self.form(form));
        }
        if self.ignorable || self.is_tagged(form) || *value == default() {
            return Ok(());
        }
        Err(EncodeError::Lost {
            field: "",
            version: form.version,
        })
    }

    /// Whether it belongs to the tagged fields of this message.
    pub(crate) fn has_tagged<T: PartialEq>(
        &self,
        value: &T,
        default: impl FnOnce() -> T,
        form: Form,
    ) -> bool {
        self.is_tagged(form) && *value != default()
    }

    pub(crate) fn write_tagged<'a, T: Value<'a>>(
        &self,
        value: &T,
        writer: &mut Writer,
        form: Form,
    ) -> Result<(), EncodeError> {
        let mut content = Writer::new();
        value.write(&mut content, self.form(form))?;
        writer.uvarint(self.tag.unwrap_or_default());
        let len = content.len();
        let Ok(size) = u32::try_from(len) else {
            return Err(EncodeError::TooLong {
                field: "",
                len,
                max: u32::MAX as usize,
            });
        };
        writer.uvarint(size);
        writer.append(content);
        Ok(())
    }
}

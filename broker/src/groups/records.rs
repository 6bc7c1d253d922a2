//! The records of `__consumer_offsets`, in Kafka's own formats.
//!
//! Keys: `OffsetCommitKey` v0-1, `GroupMetadataKey` v2. Values: `OffsetCommitValue` v0-4 read, v4
//! written, for its topic id (v1 where a client names its own expiry, v3 where no id is known);
//! `GroupMetadataValue` v0-4 read, v3 written. A null value is a tombstone. Keys of
//! other versions belong to other kinds of groups and are skipped.
//!
//! It must not know how groups behave: bytes ↔ records only.

use bytes::{BufMut, Bytes, BytesMut};
use thiserror::Error;
use wire::Uuid;

use self::fields::{Fields, put_bytes, put_compact, put_nullable, put_string, put_tag};

mod fields;
#[cfg(test)]
mod tests;

const OFFSET_KEY: i16 = 1;
const GROUP_KEY: i16 = 2;
const OFFSET_VALUE: i16 = 3;
const OFFSET_VALUE_WITH_ID: i16 = 4;
/// The tag of the topic id in an offset value.
const TOPIC_ID: u32 = 0;
const OFFSET_VALUE_EXPIRING: i16 = 1;
const GROUP_VALUE: i16 = 3;

/// One record, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// The committed offset of one partition; `None` removes it.
    Offset(OffsetKey, Option<OffsetValue>),
    /// The group itself; `None` removes it.
    Group(String, Option<GroupValue>),
}

/// Which offset a record is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OffsetKey {
    /// Group id.
    pub group: String,
    /// Topic name.
    pub topic: String,
    /// Partition index.
    pub partition: i32,
}

/// A committed offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetValue {
    /// The next offset to read.
    pub offset: i64,
    /// Leader epoch of the last record read; -1 when the client did not say.
    pub leader_epoch: i32,
    /// The client's own note.
    pub metadata: String,
    /// Milliseconds since 1970 UTC.
    pub committed_at_ms: i64,
    /// Milliseconds since 1970 UTC; only clients of `OffsetCommit` v2-4 may name it.
    pub expires_at_ms: Option<i64>,
    /// The topic it was committed for: one made again under the same name has another id. Zero where that is not known.
    pub topic_id: Uuid,
}

impl OffsetValue {
    /// Whether it may have been committed for the topic with this id.
    pub fn is_of(&self, topic_id: Uuid) -> bool {
        self.topic_id.is_zero() || self.topic_id == topic_id
    }
}

/// A group with its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupValue {
    /// `consumer`, `connect` and the like.
    pub protocol_type: String,
    /// The current generation.
    pub generation: i32,
    /// The chosen protocol; none while the group is empty.
    pub protocol: Option<String>,
    /// Member id of the leader; none while the group is empty.
    pub leader: Option<String>,
    /// Since when the group is in its state, milliseconds since 1970 UTC; -1 in old records.
    pub since_ms: i64,
    /// Everybody in the generation.
    pub members: Vec<MemberValue>,
}

/// One member of a [`GroupValue`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberValue {
    /// Member id.
    pub member_id: String,
    /// Static membership (KIP-345).
    pub instance_id: Option<String>,
    /// Client id it joined with.
    pub client_id: String,
    /// Address it joined from.
    pub client_host: String,
    /// Its rebalance time-out.
    pub rebalance_timeout_ms: i32,
    /// Its session time-out.
    pub session_timeout_ms: i32,
    /// Its data for the chosen protocol.
    pub subscription: Bytes,
    /// What the leader gave it.
    pub assignment: Bytes,
}

/// A record that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecordError {
    /// A length or field reaches beyond the end.
    #[error("read {0}: the record ends too early")]
    Short(&'static str),
    /// Not UTF-8.
    #[error("read {0}: not UTF-8")]
    Text(&'static str),
    /// A length that cannot be.
    #[error("read {0}: impossible length {1}")]
    Length(&'static str, i64),
    /// A value version newer than this program.
    #[error("read {0}: version {1} is unknown")]
    Version(&'static str, i16),
}

impl Record {
    /// Key and value as they stand in the log.
    ///
    /// # Errors
    /// When a string is longer than the format can say (32,767 bytes).
    pub fn encode(&self) -> Result<(Bytes, Option<Bytes>), RecordError> {
        match self {
            Self::Offset(key, value) => {
                let value = value.as_ref().map(encode_offset).transpose()?;
                Ok((encode_offset_key(key)?, value))
            }
            Self::Group(group, value) => {
                let mut key = BytesMut::with_capacity(4 + group.len());
                key.put_i16(GROUP_KEY);
                put_string(&mut key, group)?;
                let value = value.as_ref().map(encode_group).transpose()?;
                Ok((key.freeze(), value))
            }
        }
    }

    /// Reads one record; `Ok(None)` for keys of other kinds of groups.
    ///
    /// # Errors
    /// When the bytes are not what their version says.
    pub fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Option<Self>, RecordError> {
        let mut key = Fields::new(key, "offsets key");
        match key.i16()? {
            0 | OFFSET_KEY => {
                let key = OffsetKey {
                    group: key.string()?,
                    topic: key.string()?,
                    partition: key.i32()?,
                };
                let value = value.map(decode_offset).transpose()?;
                Ok(Some(Self::Offset(key, value)))
            }
            GROUP_KEY => {
                let group = key.string()?;
                let value = value.map(decode_group).transpose()?;
                Ok(Some(Self::Group(group, value)))
            }
            _ => Ok(None),
        }
    }
}

fn encode_offset_key(key: &OffsetKey) -> Result<Bytes, RecordError> {
    let mut out = BytesMut::with_capacity(10 + key.group.len() + key.topic.len());
    out.put_i16(OFFSET_KEY);
    put_string(&mut out, &key.group)?;
    put_string(&mut out, &key.topic)?;
    out.put_i32(key.partition);
    Ok(out.freeze())
}

fn encode_offset(value: &OffsetValue) -> Result<Bytes, RecordError> {
    let mut out = BytesMut::with_capacity(32 + value.metadata.len());
    if let Some(expires_at_ms) = value.expires_at_ms {
        out.put_i16(OFFSET_VALUE_EXPIRING);
        out.put_i64(value.offset);
        put_string(&mut out, &value.metadata)?;
        out.put_i64(value.committed_at_ms);
        out.put_i64(expires_at_ms);
    } else if !value.topic_id.is_zero() {
        out.put_i16(OFFSET_VALUE_WITH_ID);
        out.put_i64(value.offset);
        out.put_i32(value.leader_epoch);
        put_compact(&mut out, &value.metadata)?;
        out.put_i64(value.committed_at_ms);
        put_tag(&mut out, TOPIC_ID, &value.topic_id.0);
    } else {
        out.put_i16(OFFSET_VALUE);
        out.put_i64(value.offset);
        out.put_i32(value.leader_epoch);
        put_string(&mut out, &value.metadata)?;
        out.put_i64(value.committed_at_ms);
    }
    Ok(out.freeze())
}

fn decode_offset(bytes: &[u8]) -> Result<OffsetValue, RecordError> {
    let mut fields = Fields::new(bytes, "offset value");
    let version = fields.version(4)?;
    fields.flexible = version >= 4;
    let mut value = OffsetValue {
        offset: fields.i64()?,
        leader_epoch: if version >= 3 { fields.i32()? } else { -1 },
        metadata: fields.string()?,
        committed_at_ms: fields.i64()?,
        // -1 stands for "as the broker's retention says".
        expires_at_ms: match version {
            1 => Some(fields.i64()?).filter(|at_ms| *at_ms >= 0),
            _ => None,
        },
        topic_id: Uuid::ZERO,
    };
    let topic_id = fields.tagged(TOPIC_ID)?;
    if let Some(topic_id) = topic_id.and_then(|bytes| <[u8; 16]>::try_from(bytes).ok()) {
        value.topic_id = Uuid(topic_id);
    }
    Ok(value)
}

fn encode_group(value: &GroupValue) -> Result<Bytes, RecordError> {
    let mut out = BytesMut::with_capacity(64);
    out.put_i16(GROUP_VALUE);
    put_string(&mut out, &value.protocol_type)?;
    out.put_i32(value.generation);
    put_nullable(&mut out, value.protocol.as_deref())?;
    put_nullable(&mut out, value.leader.as_deref())?;
    out.put_i64(value.since_ms);
    out.put_i32(i32::try_from(value.members.len()).unwrap_or(i32::MAX));
    for member in &value.members {
        put_string(&mut out, &member.member_id)?;
        put_nullable(&mut out, member.instance_id.as_deref())?;
        put_string(&mut out, &member.client_id)?;
        put_string(&mut out, &member.client_host)?;
        out.put_i32(member.rebalance_timeout_ms);
        out.put_i32(member.session_timeout_ms);
        put_bytes(&mut out, &member.subscription)?;
        put_bytes(&mut out, &member.assignment)?;
    }
    Ok(out.freeze())
}

fn decode_group(bytes: &[u8]) -> Result<GroupValue, RecordError> {
    let mut fields = Fields::new(bytes, "group value");
    let version = fields.version(4)?;
    fields.flexible = version >= 4;
    let mut value = GroupValue {
        protocol_type: fields.string()?,
        generation: fields.i32()?,
        protocol: fields.nullable_string()?,
        leader: fields.nullable_string()?,
        since_ms: if version >= 2 { fields.i64()? } else { -1 },
        members: Vec::new(),
    };
    // No reservation from the count: a member that is not there ends the loop with an error.
    for _ in 0..fields.count()? {
        value.members.push(decode_member(&mut fields, version)?);
    }
    Ok(value)
}

fn decode_member(fields: &mut Fields<'_>, version: i16) -> Result<MemberValue, RecordError> {
    let member_id = fields.string()?;
    let instance_id = if version >= 3 {
        fields.nullable_string()?
    } else {
        None
    };
    let client_id = fields.string()?;
    let client_host = fields.string()?;
    let rebalance_timeout_ms = if version >= 1 {
        Some(fields.i32()?)
    } else {
        None
    };
    let session_timeout_ms = fields.i32()?;
    let member = MemberValue {
        member_id,
        instance_id,
        client_id,
        client_host,
        rebalance_timeout_ms: rebalance_timeout_ms.unwrap_or(session_timeout_ms),
        session_timeout_ms,
        subscription: fields.bytes()?,
        assignment: fields.bytes()?,
    };
    fields.skip_tags()?;
    Ok(member)
}

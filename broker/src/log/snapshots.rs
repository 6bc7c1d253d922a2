//! Snapshots of the floors above: small files, replaced as a whole, that may be lost without harm.

use std::io;

use bytes::{Buf, BufMut};

use super::{
    Snapshot,
    checkpoint::{read_whole, write_whole},
    disk::Disk,
};

const DIR: &str = "snapshots";
const MAGIC: &[u8; 8] = b"EDDYSNP1";

/// Keeps `snapshot` under `name`.
pub(super) fn save(disk: &dyn Disk, name: &str, snapshot: &Snapshot) -> io::Result<()> {
    if !is_name(name) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("snapshot name {name:?}"),
        ));
    }
    let mut content = Vec::with_capacity(snapshot.bytes.len() + 20);
    content.put_slice(MAGIC);
    content.put_i64_le(snapshot.at);
    content.put_slice(&snapshot.bytes);
    let crc = crc32c::crc32c(&content);
    content.put_u32_le(crc);
    let new = format!("{DIR}/{name}.new");
    write_whole(disk, &new, &content)?;
    disk.rename(&new, &format!("{DIR}/{name}"))?;
    disk.sync_dir(DIR)
}

/// What was kept under `name`, if it is whole.
pub(super) fn load(disk: &dyn Disk, name: &str) -> Option<Snapshot> {
    if !is_name(name) {
        return None;
    }
    let content = read_whole(disk, &format!("{DIR}/{name}")).ok()??;
    let (body, crc) = content.split_at_checked(content.len().checked_sub(4)?)?;
    if crc32c::crc32c(body).to_le_bytes() != crc {
        return None;
    }
    let mut rest = body.strip_prefix(MAGIC)?;
    Some(Snapshot {
        at: rest.try_get_i64_le().ok()?,
        bytes: rest.to_vec(),
    })
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !name.is_empty() && name.bytes().all(allowed)
}

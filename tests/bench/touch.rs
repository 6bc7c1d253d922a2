//! Memory is touched before the runs: the first use of a page of a virtual machine costs ten times a later one, and
//! whoever ran first would pay. It must not know what runs after.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::Result;

const BLOCK_BYTES: usize = 4 << 20;

/// Writes as many bytes as memory is free, at most `max_gib`, and deletes them; how many it were.
pub(crate) fn touch(folder: &Path, max_gib: u64) -> Result<u64> {
    let free_bytes = free_bytes(&std::fs::read_to_string("/proc/meminfo").unwrap_or_default());
    let wanted = free_bytes.min(max_gib << 30);
    if wanted == 0 {
        return Ok(0);
    }
    let path = folder.join("touch");
    let mut file = File::create(&path)?;
    let block = vec![0x5a; BLOCK_BYTES];
    let block_bytes = u64::try_from(BLOCK_BYTES)?;
    for _ in 0..wanted / block_bytes {
        file.write_all(&block)?;
    }
    std::fs::remove_file(path)?;
    Ok(wanted / block_bytes * block_bytes)
}

fn free_bytes(meminfo: &str) -> u64 {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemFree:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_memory_is_read() {
        assert_eq!(free_bytes("MemTotal: 9 kB\nMemFree:    3 kB\n"), 3072);
        assert_eq!(free_bytes(""), 0);
    }
}

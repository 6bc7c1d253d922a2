//! Writes the inputs that the fuzzer begins with, one folder for each target, below the folder it is given. They are kept in
//! `seeds/`, beside those that once found something:
//!
//! `cargo run --example seeds -- seeds`

use std::{fs, io, path::Path};

use wire::{
    Request, frame,
    record_batch::{BatchBuilder, Codec},
};

/// Inputs of damage: of so many bytes each.
const DAMAGE_LEN: [usize; 12] = [16, 24, 32, 40, 48, 64, 80, 96, 128, 160, 200, 240];

fn main() -> io::Result<()> {
    let root = std::env::args_os().nth(1).unwrap_or_else(|| "seeds".into());
    let root = Path::new(&root);
    write(root, "frames", frames())?;
    write(root, "batches", batches())?;
    for (target, seed) in [("log_files", 1), ("segments", 2)] {
        write(root, target, damage(seed))?;
    }
    Ok(())
}

fn write(root: &Path, target: &str, seeds: Vec<(String, Vec<u8>)>) -> io::Result<()> {
    let dir = root.join(target);
    fs::create_dir_all(&dir)?;
    for (name, bytes) in seeds {
        fs::write(dir.join(name), bytes)?;
    }
    Ok(())
}

macro_rules! requests {
    ($($module:ident)*) => {
        [$(request(&wire::messages::$module::Request::default())),*]
    };
}

/// A request of every API with nothing in it, in the first version and in the last.
fn frames() -> Vec<(String, Vec<u8>)> {
    let seeds = requests! {
        produce fetch list_offsets metadata offset_commit offset_fetch find_coordinator join_group heartbeat leave_group
        sync_group describe_groups list_groups api_versions create_topics delete_topics delete_records init_producer_id
        offset_for_leader_epoch describe_configs incremental_alter_configs create_partitions delete_groups
        describe_cluster describe_log_dirs
    };
    seeds.into_iter().flatten().collect()
}

fn request<'a, R: Request<'a>>(request: &R) -> Vec<(String, Vec<u8>)> {
    let seed = |version| {
        let framed = frame::request(1, Some("seed"), request, version).ok()?;
        // Without the length, which is not part of the target's input.
        let bytes = framed.bytes.get(4..)?.to_vec();
        Some((format!("{}-{version}", R::NAME), bytes))
    };
    let ends = [*R::VERSIONS.start(), *R::VERSIONS.end()];
    ends.into_iter().filter_map(seed).collect()
}

/// A batch as it is, and one packed and rewritten in each codec. The choices before it are as `arbitrary` reads them.
fn batches() -> Vec<(String, Vec<u8>)> {
    let codecs = [
        Codec::None,
        Codec::Gzip,
        Codec::Snappy,
        Codec::Lz4,
        Codec::Zstd,
    ];
    let pick = |place: u32| (place * (u32::MAX / 5) + 9).to_le_bytes();
    let mut seeds = vec![("as-it-is".to_owned(), [&[0; 10][..], &batch()].concat())];
    for (codec, place) in codecs.into_iter().zip(0..) {
        let made = [[0xff; 4], pick(place), pick((place + 1) % 5)].concat();
        let level = [u8::from(place % 2 == 1), 3];
        let bound = 40_000_u16.to_le_bytes();
        let horizon = [&[1][..], &i64::from(place).to_le_bytes()].concat();
        let bytes = [&made[..], &level, &bound, &horizon, &batch()].concat();
        seeds.push((format!("{codec:?}").to_lowercase(), bytes));
    }
    seeds
}

fn batch() -> Vec<u8> {
    let mut builder = BatchBuilder::default().producer(7, 1, 20);
    for number in 0..4_u8 {
        let headers: &[(&str, Option<&[u8]>)] = &[("h", Some(&[number])), ("none", None)];
        let value = [number; 40];
        let value = (number != 2).then_some(&value[..]);
        builder.push_with_headers(Some(&[number]), value, headers, 1000 - i64::from(number));
    }
    builder.build().to_vec()
}

/// Any bytes are damage of some kind, so these are bytes by chance, the same each time.
fn damage(mut seed: u64) -> Vec<(String, Vec<u8>)> {
    let mut byte = move || {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        seed.to_be_bytes()[0]
    };
    let bytes = |len: usize| (0..len).map(|_| byte()).collect();
    let contents: Vec<Vec<u8>> = DAMAGE_LEN.into_iter().map(bytes).collect();
    contents
        .into_iter()
        .map(|bytes| (format!("chance-{}", bytes.len()), bytes))
        .collect()
}

//! Record batches as a client may send them: taken apart, unfolded and written again.
//!
//! What must hold: no panic; unfolded records are within the bound asked for, and so is the memory on the way; a batch that
//! is written again is whole, valid where the old one was, and holds the same records.
#![no_main]

use arbitrary::Arbitrary;
use fuzzed::{
    checksum::seal_batch,
    memory::{Counted, peak_of},
};
use libfuzzer_sys::{Corpus, fuzz_target};
use wire::record_batch::{
    Batch, Codec, HEADER_LEN, Record, RecordHeader, Rewrite, assign, batches,
    compression::compress, stamp_log_append_time,
};

#[global_allocator]
static MEMORY: Counted = Counted;

/// More than any input of the fuzzer holds when its records are put in another codec.
const AMPLE_BYTES: usize = 16 << 20;
/// What a codec may hold beside its output: lz4 and gzip keep blocks and windows.
const CODEC_BYTES: usize = 24 << 20;

/// What a record's headers cost in memory for each byte that they have in a batch, at most: a header of two bytes is two slices.
const HEADER_COST: usize = size_of::<RecordHeader<'_>>() / 2;

/// The target's input. The bytes come last, so that a seed is a few bytes of choices and then a batch.
#[derive(Debug, Arbitrary)]
struct Input<'a> {
    make: Make,
    into: Packing,
    level: Option<u8>,
    bound_bytes: u16,
    delete_horizon: Option<i64>,
    bytes: &'a [u8],
}

/// How far the bytes are made a batch before they are looked at.
#[derive(Debug, Clone, Copy, Arbitrary)]
enum Make {
    /// As they are.
    Nothing,
    /// Length, format and checksum.
    Sealed,
    /// What follows the header is put in this codec first: a mutation of packed bytes seldom unpacks.
    Packed(Packing),
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Packing {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

impl Packing {
    fn codec(self) -> Codec {
        match self {
            Self::None => Codec::None,
            Self::Gzip => Codec::Gzip,
            Self::Snappy => Codec::Snappy,
            Self::Lz4 => Codec::Lz4,
            Self::Zstd => Codec::Zstd,
        }
    }
}

impl Input<'_> {
    fn made(&self) -> Vec<u8> {
        let mut bytes = self.bytes.to_vec();
        if bytes.len() < HEADER_LEN {
            return bytes;
        }
        match self.make {
            Make::Nothing => return bytes,
            Make::Sealed => {}
            Make::Packed(packing) => {
                let packed = compress(packing.codec(), None, &bytes[HEADER_LEN..]);
                bytes.truncate(HEADER_LEN);
                bytes.extend(packed.expect("memory takes what is written"));
                // The lowest bits of the attributes; the enum's order is Kafka's.
                bytes[22] = (bytes[22] & !7) | packing as u8;
            }
        }
        seal_batch(&mut bytes);
        bytes
    }

    fn rewrite(&self) -> Rewrite {
        Rewrite {
            codec: self.into.codec(),
            // What `compression.*.level` allows in every codec.
            level: self.level.map(|level| i32::from(level % 9) + 1),
            delete_horizon: self.delete_horizon,
        }
    }
}

fuzz_target!(|input: Input<'_>| -> Corpus {
    let bytes = input.made();
    take_apart(&bytes);
    in_place(&bytes);
    let Ok((batch, rest)) = Batch::split(&bytes) else {
        return Corpus::Keep;
    };
    assert_eq!(batch.bytes().len() + rest.len(), bytes.len());
    if rest.is_empty() && batch.verify().is_ok() {
        unfold(&batch, &input);
    } else {
        assert!(
            Batch::validate(&bytes).is_err(),
            "valid and damaged at once"
        );
    }
    Corpus::Keep
});

/// What is asked of bytes that nobody has checked.
fn take_apart(bytes: &[u8]) {
    let mut seen = 0;
    for batch in batches(bytes).map_while(Result::ok) {
        seen += batch.bytes().len();
        let header = batch.header();
        assert!(header.next_offset() >= header.last_offset());
        let mut records = batch.records();
        while let (Some(_), peak) = peak_of(|| records.next()) {
            assert!(
                peak <= HEADER_COST * batch.bytes().len(),
                "{peak} bytes held"
            );
        }
    }
    assert!(seen <= bytes.len());
}

/// What the broker writes into a batch in place, of any length.
fn in_place(bytes: &[u8]) {
    let mut changed = bytes.to_vec();
    assign(&mut changed, i64::MAX, i32::MAX);
    stamp_log_append_time(&mut changed, i64::MIN);
    let Ok((stamped, rest)) = Batch::split(&changed) else {
        return;
    };
    if rest.is_empty() && stamped.header().magic == 2 {
        stamped.verify().expect("the stamp comes with its checksum");
    }
}

fn unfold(batch: &Batch<'_>, input: &Input<'_>) {
    let bound = usize::from(input.bound_bytes);
    let (small, peak) = peak_of(|| batch.inflate(bound));
    let packed = batch
        .header()
        .codec()
        .is_ok_and(|codec| codec != Codec::None);
    if let Ok(small) = small.as_ref() {
        assert!(
            !packed || small.len() <= bound,
            "{} bytes of {bound}",
            small.len()
        );
    }
    assert!(
        peak <= 3 * bound + CODEC_BYTES,
        "{peak} bytes held for {bound}"
    );
    drop(small);
    let Ok(inflated) = batch.inflate(AMPLE_BYTES) else {
        return;
    };
    let records: Vec<_> = batch.records_in(&inflated).map_while(Result::ok).collect();
    let unread = batch
        .header()
        .record_count
        .try_into()
        .map_or(true, |count: usize| records.len() < count);
    if !unread && batch.header().codec().is_ok() {
        write_again(batch, &records, input);
    }
}

fn write_again(batch: &Batch<'_>, records: &[Record<'_>], input: &Input<'_>) {
    let rewrite = input.rewrite();
    let bytes = batch
        .rewrite(records.iter().cloned(), rewrite)
        .expect("memory takes what is written");
    let (again, rest) = Batch::split(&bytes).expect("a whole batch");
    assert!(rest.is_empty());
    again.verify().expect("its checksum matches");
    if Batch::validate(batch.bytes()).is_ok() && rewrite.delete_horizon.is_none() {
        Batch::validate(&bytes).expect("as valid as the batch it comes from");
    }
    let (old, new) = (batch.header(), again.header());
    assert_eq!(
        (old.base_offset, old.last_offset()),
        (new.base_offset, new.last_offset())
    );
    assert_eq!(
        (old.producer_id, old.producer_epoch, old.base_sequence),
        (new.producer_id, new.producer_epoch, new.base_sequence)
    );
    let inflated = again.inflate(AMPLE_BYTES).expect("what was packed unpacks");
    let second: Result<Vec<_>, _> = again.records_in(&inflated).collect();
    assert_eq!(second.expect("every record is whole"), records);
}

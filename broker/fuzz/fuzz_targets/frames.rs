//! Frames from the network: any bytes as a request, and as every message of every version that `wire` knows.
//!
//! What must hold: no panic; a decoded message takes no more memory than its reader's budget; and what was decoded is
//! encoded again and then decodes to the same value.
#![no_main]

use fuzzed::memory::{Counted, peak_of};
use libfuzzer_sys::fuzz_target;
use wire::{ApiKey, Message, Reader, Request, RequestHeader, ResponseHeader, Writer};

#[global_allocator]
static MEMORY: Counted = Counted;

/// Small enough that a few hundred bytes can ask for more.
const BUDGET_BYTES: usize = 16 * 1024;

/// One API with its types erased.
struct Api {
    key: ApiKey,
    versions: std::ops::RangeInclusive<i16>,
    request: fn(&[u8], i16),
    response: fn(&[u8], i16),
}

macro_rules! apis {
    ($($module:ident)*) => {
        &[$({
            use wire::messages::$module::{Request as Asked, Response as Answer};
            Api {
                key: Asked::KEY,
                versions: Asked::VERSIONS,
                request: |bytes, version| check!(Asked, bytes, version),
                response: |bytes, version| check!(Answer, bytes, version),
            }
        }),*]
    };
}

/// A macro, since the value that is decoded and the one decoded again borrow from different bytes.
macro_rules! check {
    ($type:ident, $bytes:expr, $version:expr) => {{
        let (bytes, version) = ($bytes, $version);
        let (first, peak) =
            peak_of(|| $type::decode(&mut Reader::with_budget(bytes, BUDGET_BYTES), version));
        assert!(
            peak <= BUDGET_BYTES,
            "{} v{version} holds {peak} bytes",
            $type::MESSAGE
        );
        if let Ok(first) = first {
            let mut writer = Writer::new();
            first
                .encode(&mut writer, version)
                .expect("what was decoded can be encoded");
            let again = writer.finish().bytes;
            let mut reader = Reader::new(&again);
            let second =
                $type::decode(&mut reader, version).expect("what was encoded can be decoded");
            assert_eq!(reader.remaining(), 0, "{} v{version}", $type::MESSAGE);
            assert_eq!(first, second, "{} v{version}", $type::MESSAGE);
        }
    }};
}

/// Every module of `wire::messages`.
const APIS: &[Api] = apis! {
    produce fetch list_offsets metadata offset_commit offset_fetch find_coordinator join_group heartbeat leave_group
    sync_group describe_groups list_groups api_versions create_topics delete_topics delete_records init_producer_id
    offset_for_leader_epoch describe_configs incremental_alter_configs create_partitions delete_groups
    describe_cluster describe_log_dirs
};

fuzz_target!(|frame: &[u8]| {
    let mut reader = Reader::new(frame);
    let (header, peak) = peak_of(|| RequestHeader::decode(&mut reader));
    // An error has no parts on the heap, a header borrows its client id.
    assert_eq!(peak, 0, "a header takes no memory");
    let Ok(header) = header else {
        return;
    };
    again(&header);
    let body = &frame[frame.len() - reader.remaining()..];
    for api in APIS {
        if api.key.code() == header.request_api_key {
            (api.request)(body, header.request_api_version);
            answer(api, body, header.request_api_version);
        }
    }
    // The header's version may be none of ours, and a body may be another API's: each takes the body in one of its own.
    for api in APIS {
        let count =
            usize::try_from(*api.versions.end() - *api.versions.start()).expect("a range") + 1;
        let pick = header.correlation_id.unsigned_abs() as usize % count;
        let version = api.versions.clone().nth(pick).expect("one of them");
        (api.request)(body, version);
        (api.response)(body, version);
    }
});

fn again(header: &RequestHeader<'_>) {
    let mut writer = Writer::new();
    header
        .encode(&mut writer)
        .expect("what was decoded can be encoded");
    let bytes = writer.finish().bytes;
    if ApiKey::from_code(header.request_api_key).is_some() {
        let second = RequestHeader::decode(&mut Reader::new(&bytes));
        assert_eq!(second.as_ref(), Ok(header));
    }
}

/// The same bytes as an answer, as `wire`'s own client reads them.
fn answer(api: &Api, body: &[u8], version: i16) {
    let mut reader = Reader::new(body);
    if ResponseHeader::decode(&mut reader, api.key, version).is_ok() {
        (api.response)(&body[body.len() - reader.remaining()..], version);
    }
}

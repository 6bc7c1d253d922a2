//! Numbers the floors below keep themselves, read when somebody asks for the page.

use std::fmt;
use std::sync::{Arc, OnceLock};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::log::{Damage, Log, Stats};
use crate::topics::{State, Topics};

/// Where the numbers come from, once the log is open.
#[derive(Debug, Clone, Default)]
pub(super) struct Floors(pub(super) Arc<OnceLock<(Log, Topics)>>);

impl Collector for Floors {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some((log, topics)) = self.0.get() else {
            return Ok(());
        };
        let view = topics.view();
        let damage = log.damage();
        let (free_bytes, volume_bytes) = log.space_bytes();
        for (name, help, value) in counters(&log.stats()) {
            let metric = ConstCounter::new(value);
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
        }
        let stats = log.stats();
        for (name, help, value) in [
            (
                "topics",
                "Topics, the broker's own included",
                view.topics().count() as u64,
            ),
            (
                "partitions",
                "Partitions of all topics",
                view.partitions() as u64,
            ),
            (
                "damaged_ranges",
                "Ranges of acknowledged records that damage took",
                damage.len() as u64,
            ),
            (
                "log_queued_bytes",
                "Bytes appended, not yet in the shared log",
                stats.queued_bytes,
            ),
            (
                "log_behind_bytes",
                "Bytes not yet in the partitions' files",
                stats.behind_bytes,
            ),
            (
                "volume_free_bytes",
                "Free bytes of the data folder's volume",
                free_bytes,
            ),
            (
                "volume_bytes",
                "Size of the data folder's volume",
                volume_bytes,
            ),
        ] {
            let metric = ConstGauge::new(value.try_into().unwrap_or(i64::MAX));
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
        }
        damaged_offsets(&mut encoder, &damage, &view)
    }
}

/// Which records are damaged.
#[derive(Debug, EncodeLabelSet)]
struct DamageLabels {
    /// Its id where no topic has it: the broker's own records, or a topic whose record is lost.
    topic: String,
    partition: i32,
    first_offset: i64,
    last_offset: i64,
}

fn damaged_offsets(
    encoder: &mut DescriptorEncoder<'_>,
    damage: &[Damage],
    view: &State,
) -> fmt::Result {
    let help = "Offsets of acknowledged records that damage took, by range";
    let mut family = encoder.encode_descriptor("damaged_offsets", help, None, MetricType::Gauge)?;
    for range in damage {
        let topic = range.partition.topic;
        let labels = DamageLabels {
            topic: view
                .topic_by_id(topic)
                .map_or_else(|| topic.to_string(), |topic| topic.name.to_string()),
            partition: range.partition.partition,
            first_offset: range.first_offset,
            last_offset: range.next_offset - 1,
        };
        let offsets = ConstGauge::new(range.next_offset - range.first_offset);
        offsets.encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

fn counters(stats: &Stats) -> [(&'static str, &'static str, u64); 5] {
    [
        (
            "log_rounds",
            "Rounds written to the shared log",
            stats.rounds,
        ),
        (
            "log_round_bytes",
            "Bytes of those rounds, padding included",
            stats.round_bytes,
        ),
        ("log_syncs", "Syncs of the shared log", stats.syncs),
        ("log_batches", "Batches appended", stats.batches),
        ("log_checkpoints", "Checkpoints taken", stats.checkpoints),
    ]
}

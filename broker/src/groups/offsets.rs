//! The committed offsets of one group, as a pure store.
//!
//! It changes only by applying records, so that a running coordinator and one that reads its log
//! again come to the same state. It must not know membership, clocks or the log.

use std::collections::BTreeMap;

use wire::Uuid;

use super::records::{OffsetKey, OffsetValue, Record};

/// Bytes one committed offset holds beside its texts.
const OFFSET_WEIGHT: usize = 128;

/// What a client commits for one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Topic name.
    pub topic: String,
    /// The topic's id.
    pub topic_id: Uuid,
    /// Partition index.
    pub partition: i32,
    /// The next offset to read.
    pub offset: i64,
    /// Leader epoch of the last record read; -1 when unknown.
    pub leader_epoch: i32,
    /// The client's own note.
    pub metadata: String,
}

/// How long offsets stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// `offsets.retention.minutes`, in milliseconds.
    pub retention_ms: i64,
    /// Since when the group has been empty; `None` while it has members. Simple groups, which never
    /// have any, count from each commit.
    pub empty_since_ms: Option<i64>,
}

/// All committed offsets of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offsets {
    topics: BTreeMap<String, BTreeMap<i32, OffsetValue>>,
    weight: usize,
}

impl Offsets {
    /// Takes over what a record says. Records of groups are not its business and do nothing.
    pub fn apply(&mut self, record: Record) {
        let Record::Offset(key, value) = record else {
            return;
        };
        let weight = OFFSET_WEIGHT + key.topic.len();
        let old = match value {
            Some(value) => {
                self.weight += weight + value.metadata.len();
                let partitions = self.topics.entry(key.topic).or_default();
                partitions.insert(key.partition, value)
            }
            None => self.remove(&key),
        };
        if let Some(old) = old {
            self.weight -= weight + old.metadata.len();
        }
    }

    fn remove(&mut self, key: &OffsetKey) -> Option<OffsetValue> {
        let partitions = self.topics.get_mut(&key.topic)?;
        let old = partitions.remove(&key.partition);
        if partitions.is_empty() {
            self.topics.remove(&key.topic);
        }
        old
    }

    /// The committed offset of one partition.
    pub fn find(&self, topic: &str, partition: i32) -> Option<&OffsetValue> {
        self.topics.get(topic)?.get(&partition)
    }

    /// Whether `commit` would take more memory than is taken already.
    pub fn would_grow(&self, commit: &Commit) -> bool {
        let known = self.find(&commit.topic, commit.partition);
        known.is_none_or(|known| known.metadata.len() < commit.metadata.len())
    }

    /// All, by topic and partition.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i32, &OffsetValue)> {
        self.topics.iter().flat_map(|(topic, partitions)| {
            let of_topic = move |(partition, value): (&i32, _)| (topic.as_str(), *partition, value);
            partitions.iter().map(of_topic)
        })
    }

    /// Records that bring all of them back.
    pub fn records(&self, group: &str) -> impl Iterator<Item = Record> {
        self.iter().map(move |(topic, partition, value)| {
            let (group, topic) = (group.to_owned(), topic.to_owned());
            let key = OffsetKey {
                group,
                topic,
                partition,
            };
            Record::Offset(key, Some(value.clone()))
        })
    }

    /// None at all.
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// About how many bytes of memory it holds.
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Tombstones for all offsets of `group` that `is_gone` says yes to.
    pub fn tombstones(
        &self,
        group: &str,
        is_gone: impl Fn(&str, &OffsetValue) -> bool,
    ) -> Vec<Record> {
        self.iter()
            .filter(|(topic, _, value)| is_gone(topic, value))
            .map(|(topic, partition, _)| {
                let (group, topic) = (group.to_owned(), topic.to_owned());
                let key = OffsetKey {
                    group,
                    topic,
                    partition,
                };
                Record::Offset(key, None)
            })
            .collect()
    }

    /// Tombstones for the offsets that ran out at `now_ms`. While the group has members, those of
    /// topics that `is_read` says no to run out by the age of their commit (KIP-211).
    pub fn expired(
        &self,
        group: &str,
        now_ms: i64,
        retention: Retention,
        is_read: impl Fn(&str) -> bool,
    ) -> Vec<Record> {
        self.tombstones(group, |topic, value| {
            if let Some(expires_at_ms) = value.expires_at_ms {
                return expires_at_ms <= now_ms;
            }
            let from_ms = match retention.empty_since_ms {
                Some(since_ms) => since_ms.max(value.committed_at_ms),
                None if is_read(topic) => return false,
                None => value.committed_at_ms,
            };
            from_ms.saturating_add(retention.retention_ms) <= now_ms
        })
    }
}

impl Commit {
    /// The record that keeps it. `lifetime_ms` is what a client of `OffsetCommit` v2-4 asked for.
    pub fn record(self, group: &str, now_ms: i64, lifetime_ms: Option<i64>) -> Record {
        let key = OffsetKey {
            group: group.to_owned(),
            topic: self.topic,
            partition: self.partition,
        };
        let value = OffsetValue {
            offset: self.offset,
            leader_epoch: self.leader_epoch,
            metadata: self.metadata,
            committed_at_ms: now_ms,
            expires_at_ms: lifetime_ms.map(|lifetime_ms| now_ms.saturating_add(lifetime_ms)),
            topic_id: self.topic_id,
        };
        Record::Offset(key, Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(topic: &str, partition: i32, at_ms: i64) -> Record {
        let metadata = "note".to_owned();
        let topic = topic.to_owned();
        let commit = Commit {
            topic,
            topic_id: Uuid::ZERO,
            partition,
            offset: 7,
            leader_epoch: -1,
            metadata,
        };
        commit.record("g", at_ms, None)
    }

    fn offsets(records: Vec<Record>) -> Offsets {
        let mut offsets = Offsets::default();
        for record in records {
            offsets.apply(record);
        }
        offsets
    }

    fn left(offsets: &Offsets, gone: Vec<Record>) -> Vec<(String, i32)> {
        let mut offsets = offsets.clone();
        for record in gone {
            offsets.apply(record);
        }
        offsets
            .iter()
            .map(|(topic, partition, _)| (topic.to_owned(), partition))
            .collect()
    }

    #[test]
    fn the_last_commit_counts_and_a_tombstone_removes_it() {
        let mut offsets = offsets(vec![
            commit("t", 0, 1),
            commit("t", 0, 2),
            commit("u", 1, 3),
        ]);
        assert_eq!(offsets.find("t", 0).unwrap().committed_at_ms, 2);
        assert_eq!(offsets.find("t", 1), None);
        assert_eq!(offsets.iter().count(), 2);
        for gone in offsets.tombstones("g", |_, _| true) {
            offsets.apply(gone);
        }
        assert_eq!(
            offsets,
            Offsets::default(),
            "and nothing of it stays, its weight neither"
        );
    }

    #[test]
    fn offsets_run_out_from_when_the_group_empties() {
        let offsets = offsets(vec![commit("t", 0, 100), commit("t", 1, 900)]);
        let gone = |now_ms, empty_since_ms| {
            let retention = Retention {
                retention_ms: 1_000,
                empty_since_ms,
            };
            let gone = offsets.expired("g", now_ms, retention, |_| true);
            left(&offsets, gone).len()
        };
        assert_eq!(gone(99_999, None), 2, "never while members read the topic");
        assert_eq!(gone(1_499, Some(500)), 2);
        assert_eq!(
            gone(1_500, Some(500)),
            1,
            "a later commit counts from itself"
        );
        assert_eq!(gone(1_900, Some(500)), 0);
    }

    #[test]
    fn offsets_of_topics_nobody_reads_run_out_under_members() {
        let offsets = offsets(vec![commit("t", 0, 100), commit("u", 0, 100)]);
        let retention = Retention {
            retention_ms: 1_000,
            empty_since_ms: None,
        };
        let gone = offsets.expired("g", 1_100, retention, |topic| topic == "t");
        assert_eq!(left(&offsets, gone), [("t".to_owned(), 0)]);
    }

    #[test]
    fn a_lifetime_the_client_named_goes_before_the_brokers() {
        let topic = "t".to_owned();
        let metadata = String::new();
        let commit = Commit {
            topic,
            topic_id: Uuid::ZERO,
            partition: 0,
            offset: 7,
            leader_epoch: -1,
            metadata,
        };
        let offsets = offsets(vec![commit.record("g", 100, Some(50))]);
        let retention = Retention {
            retention_ms: 1_000_000,
            empty_since_ms: None,
        };
        assert!(offsets.expired("g", 149, retention, |_| true).is_empty());
        assert_eq!(offsets.expired("g", 150, retention, |_| true).len(), 1);
    }
}

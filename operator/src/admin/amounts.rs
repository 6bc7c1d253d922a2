//! How much of topics there is: requests and answers. Pure.

use std::collections::BTreeMap;

use wire::messages::{describe_log_dirs, list_offsets};

use crate::ports::broker_admin::Amount;

/// Where `ListOffsets` finds the first record, and the end.
pub(super) const FIRST: i64 = -2;
pub(super) const END: i64 = -1;

/// Partitions by topic.
type Partitions = [(String, i32)];

/// What each partition of a topic has.
type ByPartition = BTreeMap<String, BTreeMap<i32, i64>>;

/// `ListOffsets` of every partition at `place`.
pub(super) fn offsets(topics: &Partitions, place: i64) -> list_offsets::Request<'_> {
    let topics = topics.iter().map(|(name, partitions)| {
        let partitions = (0..*partitions).map(|index| list_offsets::ListOffsetsPartition {
            partition_index: index,
            timestamp: place,
            ..Default::default()
        });
        list_offsets::ListOffsetsTopic {
            name: name.as_str().into(),
            partitions: partitions.collect(),
        }
    });
    list_offsets::Request {
        replica_id: -1,
        topics: topics.collect(),
        ..Default::default()
    }
}

/// `DescribeLogDirs` of every partition.
pub(super) fn sizes(topics: &Partitions) -> describe_log_dirs::Request<'_> {
    let topics = topics.iter().map(|(name, partitions)| {
        let partitions = (0..*partitions).collect();
        describe_log_dirs::DescribableLogDirTopic {
            topic: name.as_str().into(),
            partitions,
        }
    });
    describe_log_dirs::Request {
        topics: Some(topics.collect()),
    }
}

/// The offsets of an answer; partitions that this broker does not lead are missing.
pub(super) fn found_offsets(answer: &list_offsets::Response<'_>) -> ByPartition {
    let topics = answer.topics.iter().map(|topic| {
        let known = topic
            .partitions
            .iter()
            .filter(|partition| partition.error_code == 0);
        let known = known.map(|partition| (partition.partition_index, partition.offset));
        (topic.name.as_ref().to_owned(), known.collect())
    });
    topics.collect()
}

/// The sizes of an answer; partitions that this broker has no copy of are missing.
pub(super) fn found_sizes(answer: &describe_log_dirs::Response<'_>) -> ByPartition {
    let mut found = ByPartition::new();
    let folders = answer
        .results
        .iter()
        .filter(|result| result.error_code == 0);
    for topic in folders.flat_map(|result| &result.topics) {
        let known = found.entry(topic.name.as_ref().to_owned()).or_default();
        let current = topic.partitions.iter().filter(|one| !one.is_future_key);
        known.extend(current.map(|one| (one.partition_index, one.partition_size)));
    }
    found
}

/// Adds up what is known of every partition of a topic; other topics are left out.
pub(super) fn amounts(
    topics: &Partitions,
    (first, end): (&ByPartition, &ByPartition),
    sizes: &ByPartition,
) -> BTreeMap<String, Amount> {
    let amount = |(name, partitions): &(String, i32)| {
        let sum = |known: &ByPartition| -> Option<i64> {
            let known = known.get(name)?;
            (0..*partitions).map(|index| known.get(&index)).sum()
        };
        let amount = Amount {
            records: sum(end)?.saturating_sub(sum(first)?),
            bytes: sum(sizes)?,
        };
        Some((name.clone(), amount))
    };
    topics.iter().filter_map(amount).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(values: &[(i32, i64)]) -> ByPartition {
        [("orders".to_owned(), values.iter().copied().collect())].into()
    }

    #[test]
    fn partitions_are_added_up_where_all_are_known() {
        let topics = [("orders".to_owned(), 2), ("other".to_owned(), 1)];
        let first = known(&[(0, 5), (1, 0)]);
        let end = known(&[(0, 15), (1, 7)]);
        for (sizes, expected) in [
            (known(&[(0, 100), (1, 50)]), Some((17, 150))),
            (known(&[(0, 100)]), None),
        ] {
            let amounts = amounts(&topics, (&first, &end), &sizes);
            let found = amounts.get("orders").map(|one| (one.records, one.bytes));
            assert_eq!(found, expected);
            assert!(!amounts.contains_key("other"));
        }
    }

    #[test]
    fn every_partition_is_asked_about() {
        let topics = [("orders".to_owned(), 2)];
        let request = offsets(&topics, END);
        let indexes: Vec<_> = request.topics[0]
            .partitions
            .iter()
            .map(|partition| (partition.partition_index, partition.timestamp))
            .collect();
        assert_eq!(indexes, [(0, END), (1, END)]);
        let asked = sizes(&topics).topics.unwrap();
        assert_eq!(asked[0].partitions, [0, 1]);
    }
}

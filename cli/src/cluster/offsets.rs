//! Offsets of partitions: the first, the last, and those of a time. Each partition's leader is asked.

use std::collections::BTreeMap;

use wire::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic, Request, Response};

use super::{Cluster, Topic};
use crate::failure::Failure;

/// Asks for the log start offset.
pub const EARLIEST: i64 = -2;
/// Asks for the high watermark.
pub const LATEST: i64 = -1;

/// An outside replica id: a client.
const CLIENT: i32 = -1;

/// A topic's partition.
pub type Place = (String, i32);

/// The places of a topic.
pub fn places(topic: &Topic) -> impl Iterator<Item = Place> {
    let partitions = topic.partitions.iter();
    partitions.map(|partition| (topic.name.clone(), partition.index))
}

/// For each partition the first offset whose record is not older than its point in time (milliseconds since 1970,
/// [`EARLIEST`] or [`LATEST`]). `None` where no record is; a partition that nobody leads now, or whose leader
/// refuses, is left out.
///
/// # Errors
/// A leader does not answer.
pub async fn find(
    cluster: &mut Cluster,
    wanted: &BTreeMap<Place, i64>,
) -> Result<BTreeMap<Place, Option<i64>>, Failure> {
    let mut found = BTreeMap::new();
    for (leader, wanted) in by_leader(cluster, wanted) {
        let connection = cluster.broker(leader).await?;
        let reply = cluster.ask(connection.call(&request(&wanted))).await?;
        found.extend(answers(&cluster.read(reply.decode())?));
    }
    Ok(found)
}

/// As [`find`], with one point in time for all.
///
/// # Errors
/// As [`find`].
pub async fn find_all(
    cluster: &mut Cluster,
    places: &[Place],
    time: i64,
) -> Result<BTreeMap<Place, i64>, Failure> {
    let wanted = places.iter().map(|place| (place.clone(), time)).collect();
    let found = find(cluster, &wanted).await?;
    let known = |(place, offset): (Place, Option<i64>)| Some((place, offset?));
    Ok(found.into_iter().filter_map(known).collect())
}

fn by_leader(
    cluster: &Cluster,
    wanted: &BTreeMap<Place, i64>,
) -> BTreeMap<i32, BTreeMap<Place, i64>> {
    let mut leaders: BTreeMap<i32, BTreeMap<Place, i64>> = BTreeMap::new();
    for (place, time) in wanted {
        let topic = cluster.topics.get(&place.0);
        let partition = topic.and_then(|topic| {
            let partitions = topic.partitions.iter();
            partitions
                .filter(|one| one.leader >= 0)
                .find(|one| one.index == place.1)
        });
        if let Some(partition) = partition {
            let places = leaders.entry(partition.leader).or_default();
            places.insert(place.clone(), *time);
        }
    }
    leaders
}

fn request(wanted: &BTreeMap<Place, i64>) -> Request<'_> {
    let mut topics: Vec<ListOffsetsTopic<'_>> = Vec::new();
    for ((name, index), time) in wanted {
        let partition = ListOffsetsPartition {
            partition_index: *index,
            timestamp: *time,
            ..Default::default()
        };
        match topics.last_mut() {
            Some(topic) if topic.name == *name => topic.partitions.push(partition),
            _ => topics.push(ListOffsetsTopic {
                name: name.as_str().into(),
                partitions: vec![partition],
            }),
        }
    }
    Request {
        replica_id: CLIENT,
        topics,
        ..Default::default()
    }
}

fn answers(answer: &Response<'_>) -> BTreeMap<Place, Option<i64>> {
    let mut found = BTreeMap::new();
    for topic in &answer.topics {
        let known = topic.partitions.iter().filter(|one| one.error_code == 0);
        found.extend(known.map(|one| {
            let offset = Some(one.offset).filter(|offset| *offset >= 0);
            ((topic.name.to_string(), one.partition_index), offset)
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use wire::messages::list_offsets::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};

    use super::*;

    #[test]
    fn partitions_stand_below_their_topics() {
        let wanted =
            [("a", 0), ("a", 1), ("b", 0)].map(|(name, index)| ((name.to_owned(), index), 7));
        let wanted = wanted.into();
        let request = request(&wanted);
        let counts: Vec<_> = request
            .topics
            .iter()
            .map(|topic| (&*topic.name, topic.partitions.len()))
            .collect();
        assert_eq!(counts, [("a", 2), ("b", 1)]);
        assert_eq!(request.topics[0].partitions[1].timestamp, 7);
    }

    #[test]
    fn a_refusal_is_no_offset() {
        let partition = |partition_index, error_code, offset| ListOffsetsPartitionResponse {
            partition_index,
            error_code,
            offset,
            ..Default::default()
        };
        let topic = ListOffsetsTopicResponse {
            name: "a".into(),
            partitions: vec![partition(0, 0, 9), partition(1, 6, 9), partition(2, 0, -1)],
        };
        let answer = Response {
            topics: vec![topic],
            ..Default::default()
        };
        let found = answers(&answer);
        assert_eq!(found[&("a".to_owned(), 0)], Some(9));
        assert_eq!(found.get(&("a".to_owned(), 1)), None);
        assert_eq!(found[&("a".to_owned(), 2)], None);
    }
}

//! What a Topic's status remembers of its topic. Pure.
//!
//! The operator has no state of its own: whether a topic was made or adopted, and whether the spec
//! was carried out, is read back from what the status said last.

use crds::{Topic, condition::DRIFTED};

use super::plan::{History, Origin};

/// The history that the status of `topic` holds.
///
/// - `adopted` says who made the topic; `adopted: false` without `partitions` is the intent written
///   before a creation.
/// - The condition `Drifted` is only written after a comparison with a spec that was carried out,
///   so its generation is the last one carried out.
pub fn history(topic: &Topic) -> History {
    let Some(status) = &topic.status else {
        return History::default();
    };
    let drifted = status
        .conditions
        .iter()
        .find(|condition| condition.type_ == DRIFTED);
    let compared = drifted.and_then(|condition| condition.observed_generation);
    History {
        origin: status.adopted.map(|adopted| {
            if adopted {
                Origin::Adopted
            } else {
                Origin::Created
            }
        }),
        cluster_id: status.cluster_id.clone(),
        topic_id: status.topic_id.clone(),
        intent: status.adopted == Some(false) && status.partitions.is_none(),
        settled: compared.is_some() && compared == topic.metadata.generation,
    }
}

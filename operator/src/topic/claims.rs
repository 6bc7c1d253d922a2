//! Which object owns a topic when several name it. Pure.

use std::collections::BTreeMap;

use crate::names::ObjectName;

/// An object that names a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The object.
    pub object: ObjectName,
    /// The topic's name in Kafka, within one cluster.
    pub topic: String,
    /// When the object was made, in any unit that grows (on a laptop: its place in the files).
    pub created: i64,
}

/// The owner of each topic: the oldest object that names it, and of two equally old ones the first
/// by namespace and name. Every other object has a conflict and must not touch the topic.
pub fn owners(claims: &[Claim]) -> BTreeMap<&str, &ObjectName> {
    let mut oldest: BTreeMap<&str, &Claim> = BTreeMap::new();
    for claim in claims {
        let known = oldest.entry(&claim.topic).or_insert(claim);
        if (claim.created, &claim.object) < (known.created, &known.object) {
            *known = claim;
        }
    }
    oldest
        .into_iter()
        .map(|(topic, claim)| (topic, &claim.object))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(name: &str, topic: &str, created: i64) -> Claim {
        let object = ObjectName {
            namespace: "default".to_owned(),
            name: name.to_owned(),
        };
        Claim {
            object,
            topic: topic.to_owned(),
            created,
        }
    }

    #[test]
    fn the_oldest_object_owns_the_topic_in_any_order() {
        let mut claims = vec![
            claim("b", "orders", 2),
            claim("a", "orders", 3),
            claim("d", "rides", 1),
            claim("c", "rides", 1),
        ];
        for _ in 0..claims.len() {
            claims.rotate_left(1);
            let owners = owners(&claims);
            assert_eq!(owners["orders"].name, "b");
            assert_eq!(owners["rides"].name, "c");
        }
    }
}

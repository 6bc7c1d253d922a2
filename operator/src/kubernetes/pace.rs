//! How often counters may be written: pure.
//!
//! Records and rates change all the time; written as they change they would wear out etcd.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use crate::names::ObjectName;

/// Between two writes of one object's counters.
pub const PER_OBJECT: Duration = Duration::from_secs(30);
/// Between two writes of any object's counters.
pub const OVER_ALL: Duration = Duration::from_secs(1);

/// When counters were last written, of one kind or of all.
#[derive(Debug, Default)]
pub struct Pace {
    last: Option<Instant>,
    objects: HashMap<(&'static str, ObjectName), Instant>,
}

impl Pace {
    /// Whether this object's counters may be written now; if so, they count as written.
    pub fn admit(&mut self, kind: &'static str, name: &ObjectName, now: Instant) -> bool {
        let is_early = |last: Instant, gap| now.saturating_duration_since(last) < gap;
        if self.last.is_some_and(|last| is_early(last, OVER_ALL)) {
            return false;
        }
        self.objects.retain(|_, last| is_early(*last, PER_OBJECT));
        let key = (kind, name.clone());
        if self.objects.contains_key(&key) {
            return false;
        }
        self.last = Some(now);
        self.objects.insert(key, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_seconds_each_and_one_second_over_all() {
        let name = |name: &str| ObjectName {
            namespace: "n".into(),
            name: name.into(),
        };
        let (mut pace, start) = (Pace::default(), Instant::now());
        let at = |tenths: u64| start + Duration::from_millis(100 * tenths);
        for (kind, object, tenths, admitted) in [
            ("Cluster", "a", 0, true),
            ("Connector", "a", 9, false),
            ("Connector", "a", 10, true),
            ("Cluster", "a", 299, false),
            ("Cluster", "a", 300, true),
            ("Connector", "b", 311, true),
        ] {
            assert_eq!(
                pace.admit(kind, &name(object), at(tenths)),
                admitted,
                "{kind} {object} at {tenths}"
            );
        }
        assert_eq!(pace.objects.len(), 2);
    }
}

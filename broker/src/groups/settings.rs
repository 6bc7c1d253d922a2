//! What the coordinator is started with.

use std::time::Duration;

use super::group::Limits;
use crate::settings::BrokerConfig;

/// What the coordinator is started with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupSettings {
    /// Bounds of every group.
    pub limits: Limits,
    /// `offset.metadata.max.bytes`.
    pub metadata_max_bytes: usize,
    /// `offsets.retention.minutes`.
    pub retention: Duration,
    /// `offsets.retention.check.interval.ms`.
    pub check_interval: Duration,
    /// Memory that all groups together may take; above it joins of new members and commits are
    /// refused until some leave or expire.
    pub max_bytes: usize,
}

impl GroupSettings {
    /// As the broker is set.
    pub fn new(config: &BrokerConfig) -> Self {
        let defaults = Self::default();
        let millis = |time: Duration| i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
        Self {
            limits: Limits {
                max_size: config.group_max_size,
                initial_delay: config.group_initial_rebalance_delay,
                min_session_ms: millis(config.group_min_session_timeout),
                max_session_ms: millis(config.group_max_session_timeout),
                ..defaults.limits
            },
            metadata_max_bytes: config.offset_metadata_max_bytes,
            retention: config.offsets_retention,
            check_interval: config.offsets_retention_check_interval,
            ..defaults
        }
    }
}

impl Default for GroupSettings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            metadata_max_bytes: 4096,
            retention: Duration::from_hours(7 * 24),
            check_interval: Duration::from_mins(10),
            max_bytes: 64 << 20,
        }
    }
}

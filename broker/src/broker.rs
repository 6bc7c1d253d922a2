//! The running broker as its handlers see it: every floor's handle in one place.

use std::sync::Arc;

use crate::clock::Clock;
use crate::groups::Groups;
use crate::log::Log;
use crate::memory::Budget;
use crate::metrics::Metrics;
use crate::producers::{ProducerIds, Producers};
use crate::settings::BrokerConfig;
use crate::topics::Topics;

/// The one node's id, as broker and as controller.
pub const NODE_ID: i32 = 1;

/// What handlers work with. Floors are cheap handles or are shared by this struct's `Arc`.
#[derive(Debug)]
pub struct Broker {
    pub(crate) config: Arc<BrokerConfig>,
    pub(crate) clock: Clock,
    pub(crate) budget: Budget,
    pub(crate) metrics: Arc<Metrics>,
    /// The data folder, as `DescribeLogDirs` tells it.
    pub(crate) data_dir: String,
    /// What `DescribeConfigs` tells of how the broker was started, besides its settings.
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) log: Log,
    pub(crate) topics: Topics,
    pub(crate) producers: Arc<Producers>,
    pub(crate) producer_ids: ProducerIds,
    pub(crate) groups: Arc<Groups>,
}

impl Broker {
    /// The topics.
    pub fn topics(&self) -> &Topics {
        &self.topics
    }

    /// The log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The consumer groups.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// The effective `socket.request.max.bytes`: never more than the memory budget can grant.
    pub(crate) fn max_request_bytes(&self) -> usize {
        self.config
            .socket_request_max_bytes
            .min(self.budget.max_frame_bytes())
    }
}

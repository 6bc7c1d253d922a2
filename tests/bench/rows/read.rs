//! Reading what has long been written.

use anyhow::{Result, ensure};

use super::speed::{add_cost, add_speed};
use super::{RECORD_BYTES, of, with_topic};
use crate::load::closed::{self, Limit, Shape};
use crate::load::reader;
use crate::measurement::{Outcome, Values};
use crate::platform;
use crate::settings::Profile;
use crate::system::Running;

/// `consumers` read a whole topic each; cold: after its files have left memory.
pub(super) fn read(
    running: &Running,
    profile: &Profile,
    consumers: usize,
    cold: bool,
) -> Result<Outcome> {
    let bootstrap = running.bootstrap.as_str();
    let shape = Shape {
        partitions: 1,
        record_bytes: RECORD_BYTES,
    };
    let mut values = Values::new();
    let flow = with_topic(running, "read", 1, |topic| {
        let written = closed::produce(bootstrap, topic, shape, Limit::megabytes(profile.read_mb))?;
        running.settle()?;
        if cold {
            ensure!(
                platform::drop_pages(&running.folder)?,
                "pages cannot be dropped on this platform"
            );
        }
        let before_s = running.cpu_s()?;
        let flow = reader::read_all(bootstrap, topic, consumers, written.records)?;
        add_cost(&mut values, &flow, running.cpu_s()? - before_s);
        Ok(flow)
    })?;
    add_speed(&mut values, &flow);
    Ok(of(values))
}

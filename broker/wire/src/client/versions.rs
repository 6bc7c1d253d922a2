//! Which versions the broker speaks, and which one to speak with it. No I/O.

use std::collections::HashMap;

use super::ClientError;
use crate::Request;
use crate::messages::api_versions;

/// First and last version of each API that the broker offers.
#[derive(Debug, Default)]
pub(super) struct Versions {
    offered: HashMap<i16, (i16, i16)>,
}

impl Versions {
    /// Before the broker was asked.
    pub(super) fn unknown() -> Self {
        Self::default()
    }

    pub(super) fn of(answer: &api_versions::Response<'_>) -> Self {
        let offered = answer.api_keys.iter();
        let offered = offered.map(|api| (api.api_key, (api.min_version, api.max_version)));
        Self {
            offered: offered.collect(),
        }
    }

    /// The newest version of both sides that is not above `newest`.
    pub(super) fn common<'a, R: Request<'a>>(&self, newest: i16) -> Result<i16, ClientError> {
        let api = R::NAME;
        let Some(&theirs) = self.offered.get(&R::KEY.code()) else {
            return Err(ClientError::NotServed { api });
        };
        let ours = (*R::VERSIONS.start(), newest.min(*R::VERSIONS.end()));
        let (oldest, newest) = (ours.0.max(theirs.0), ours.1.min(theirs.1));
        if oldest > newest {
            return Err(ClientError::NoCommonVersion { api, ours, theirs });
        }
        Ok(newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::{delete_groups, offset_commit};

    fn offering(api_key: i16, min_version: i16, max_version: i16) -> Versions {
        let api = api_versions::ApiVersion {
            api_key,
            min_version,
            max_version,
        };
        Versions::of(&api_versions::Response {
            api_keys: vec![api],
            ..Default::default()
        })
    }

    fn offset_commit(theirs: (i16, i16), newest: i16) -> Result<i16, String> {
        let versions = offering(8, theirs.0, theirs.1);
        let common = versions.common::<offset_commit::Request<'_>>(newest);
        common.map_err(|error| error.to_string())
    }

    #[test]
    fn the_newest_common_version_is_spoken() {
        assert_eq!(offset_commit((0, 6), 10), Ok(6));
        assert_eq!(offset_commit((2, 30), 10), Ok(10));
        assert_eq!(offset_commit((2, 30), 9), Ok(9));
        assert_eq!(offset_commit((2, 30), i16::MAX), Ok(10));
    }

    #[test]
    fn without_a_common_version_both_ranges_are_told() {
        let error = "call OffsetCommit: the broker speaks versions (0, 1), this program (2, 10)";
        assert_eq!(offset_commit((0, 1), 10), Err(error.to_owned()));
        let error = "call OffsetCommit: the broker speaks versions (10, 12), this program (2, 9)";
        assert_eq!(offset_commit((10, 12), 9), Err(error.to_owned()));
    }

    #[test]
    fn an_api_that_is_not_offered_is_named() {
        let error = offering(8, 0, 9)
            .common::<delete_groups::Request<'_>>(2)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "call DeleteGroups: the broker does not offer it"
        );
    }
}

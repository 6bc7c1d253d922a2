//! `ListGroups` (key 16, versions 0–5): filters by state (KIP-518) and by type (KIP-848), both
//! without regard to case, as Kafka's.

use wire::messages::list_groups::{ListedGroup, Request, Response};

use crate::Broker;
use crate::api::{Context, Refusal, group};

/// The only type of group there is.
const TYPE: &str = "classic";

pub(crate) async fn handle<'r>(
    broker: &Broker,
    _context: &Context,
    request: Request<'_>,
) -> Result<Response<'r>, Refusal> {
    let listed = match broker.groups.list().await {
        Ok(listed) => listed,
        Err(error) => {
            let error_code = group::code(&error).code();
            return Ok(Response {
                error_code,
                ..Response::default()
            });
        }
    };
    let groups = listed
        .into_iter()
        .filter(|listed| {
            passes(&request.states_filter, listed.phase) && passes(&request.types_filter, TYPE)
        })
        .map(|listed| ListedGroup {
            group_id: listed.id.into(),
            protocol_type: listed.protocol_type.into(),
            group_state: listed.phase.into(),
            group_type: TYPE.into(),
        });
    Ok(Response {
        groups: groups.collect(),
        ..Response::default()
    })
}

fn passes(filter: &[wire::Str<'_>], value: &str) -> bool {
    filter.is_empty()
        || filter
            .iter()
            .any(|wanted| wanted.eq_ignore_ascii_case(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_filter_lets_all_pass_and_case_does_not_matter() {
        assert!(passes(&[], "Stable"));
        assert!(passes(&["empty".into(), "STABLE".into()], "Stable"));
        assert!(!passes(&["empty".into()], "Stable"));
    }
}

//! `SyncGroup` (key 14, versions 0–5). A follower's answer waits for the leader's assignments, and
//! everybody's until they are durable.

use bytes::Bytes;
use wire::messages::sync_group::{Request, Response};

use crate::Broker;
use crate::api::{Context, Refusal, group};
use crate::groups::{GroupError, Identity, Sync};

/// From this version protocol type and name have to be said (KIP-559).
const NAMED_FROM: i16 = 5;

pub(crate) async fn handle<'r>(
    broker: &Broker,
    context: &Context,
    request: Request<'_>,
) -> Result<Response<'r>, Refusal> {
    let unnamed = request.protocol_type.is_none() || request.protocol_name.is_none();
    let synced = if context.api_version >= NAMED_FROM && unnamed {
        Err(GroupError::InconsistentProtocol)
    } else {
        let group_id = request.group_id.to_string();
        broker.groups.sync(&group_id, sync(request)).await
    };
    let error_code = group::code_of(&synced);
    Ok(match synced {
        Ok(synced) => Response {
            protocol_type: Some(synced.protocol_type.into()),
            protocol_name: Some(synced.protocol.into()),
            assignment: synced.assignment.to_vec().into(),
            ..Response::default()
        },
        Err(_) => Response {
            error_code,
            ..Response::default()
        },
    })
}

fn sync(request: Request<'_>) -> Sync {
    let assignments = request.assignments.into_iter().map(|assigned| {
        (
            assigned.member_id.into(),
            Bytes::copy_from_slice(assigned.assignment),
        )
    });
    Sync {
        who: Identity {
            member_id: request.member_id.into(),
            instance_id: request.group_instance_id.map(Into::into),
            generation: request.generation_id,
        },
        protocol_type: request.protocol_type.map(Into::into),
        protocol: request.protocol_name.map(Into::into),
        assignments: assignments.collect(),
    }
}

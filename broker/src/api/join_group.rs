//! `JoinGroup` (key 11, versions 0–9). The answer waits until the next generation begins.

use std::cmp::Ordering;

use bytes::Bytes;
use wire::messages::join_group::{JoinGroupResponseMember, Request, Response};

use crate::Broker;
use crate::api::{Context, Refusal, group};
use crate::groups::{GroupError, Join, Joined, Protocol};

/// From this version a dynamic member learns its id before it joins (KIP-394).
const TWO_STEPS_FROM: i16 = 4;
/// From this version a returning static leader can be told not to assign (KIP-814).
const SKIP_FROM: i16 = 9;

pub(crate) async fn handle<'r>(
    broker: &Broker,
    context: &Context,
    request: Request<'_>,
) -> Result<Response<'r>, Refusal> {
    let group_id = request.group_id.to_string();
    let asked_id = request.member_id.to_string();
    let join = join(context, request);
    let joined = match group::ready(broker).await {
        Ok(()) => broker.groups.join(&group_id, join).await,
        Err(error) => Err(error),
    };
    Ok(match joined {
        Ok(joined) => response(joined),
        Err(error) => Response {
            error_code: group::code(&error).code(),
            member_id: match error {
                GroupError::MemberIdRequired(member_id) => member_id.into(),
                GroupError::UnknownMember | GroupError::GroupFull => "".into(),
                _ => asked_id.into(),
            },
            ..Response::default()
        },
    })
}

/// Owns what it keeps: a member outlives the frame it came in.
fn join(context: &Context, request: Request<'_>) -> Join {
    let client_id = context.client_id.clone().unwrap_or_default();
    let instance_id = request.group_instance_id.map(String::from);
    let name = instance_id.as_ref().unwrap_or(&client_id);
    let rebalance_timeout_ms = match request.rebalance_timeout_ms.cmp(&0) {
        Ordering::Less => request.session_timeout_ms,
        _ => request.rebalance_timeout_ms,
    };
    let protocols = request.protocols.into_iter().map(|protocol| Protocol {
        name: protocol.name.into(),
        metadata: Bytes::copy_from_slice(protocol.metadata),
    });
    Join {
        member_id: request.member_id.into(),
        fresh_id: format!("{name}-{}", uuid::Uuid::new_v4()),
        instance_id,
        client_id,
        client_host: context.client_host(),
        session_timeout_ms: request.session_timeout_ms,
        rebalance_timeout_ms,
        protocol_type: request.protocol_type.into(),
        protocols: protocols.collect(),
        two_step: context.api_version >= TWO_STEPS_FROM,
        may_skip_assignment: context.api_version >= SKIP_FROM,
    }
}

fn response<'r>(joined: Joined) -> Response<'r> {
    let members = joined
        .members
        .into_iter()
        .map(|member| JoinGroupResponseMember {
            member_id: member.member_id.into(),
            group_instance_id: member.instance_id.map(Into::into),
            metadata: member.metadata.to_vec().into(),
        });
    Response {
        generation_id: joined.generation,
        protocol_type: Some(joined.protocol_type.into()),
        protocol_name: Some(joined.protocol.into()),
        leader: joined.leader.into(),
        skip_assignment: joined.skip_assignment,
        member_id: joined.member_id.into(),
        members: members.collect(),
        ..Response::default()
    }
}

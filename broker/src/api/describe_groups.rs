//! `DescribeGroups` (key 15, versions 0–6). A group that is not there is "Dead" without an error up
//! to version 5, and `GROUP_ID_NOT_FOUND` from 6 (KIP-1043).

use wire::ErrorCode;
use wire::messages::describe_groups::{DescribedGroup, DescribedGroupMember, Request, Response};

use crate::Broker;
use crate::api::{Context, Refusal, group, operations};
use crate::groups::{GroupError, View};

/// From this version a group that is not there is an error.
const NOT_FOUND_FROM: i16 = 6;

pub(crate) async fn handle<'r>(
    broker: &Broker,
    context: &Context,
    request: Request<'r>,
) -> Result<Response<'r>, Refusal> {
    let mut groups = Vec::with_capacity(request.groups.len());
    for group_id in request.groups {
        let mut described = match broker.groups.describe(&group_id).await {
            Ok(view) => describe(view),
            Err(GroupError::NotFound) => missing(context.api_version, &group_id),
            Err(error) => {
                let error_code = group::code(&error).code();
                DescribedGroup {
                    error_code,
                    ..DescribedGroup::default()
                }
            }
        };
        described.group_id = group_id;
        if request.include_authorized_operations {
            described.authorized_operations = operations::GROUP;
        }
        groups.push(described);
    }
    Ok(Response {
        groups,
        ..Response::default()
    })
}

fn missing<'r>(version: i16, group_id: &str) -> DescribedGroup<'r> {
    let group_state = "Dead".into();
    if version < NOT_FOUND_FROM {
        return DescribedGroup {
            group_state,
            ..DescribedGroup::default()
        };
    }
    DescribedGroup {
        error_code: ErrorCode::GroupIdNotFound.code(),
        error_message: Some(format!("group {group_id} does not exist").into()),
        group_state,
        ..DescribedGroup::default()
    }
}

fn describe<'r>(view: View) -> DescribedGroup<'r> {
    let members = view.members.into_iter().map(|member| DescribedGroupMember {
        member_id: member.member_id.into(),
        group_instance_id: member.instance_id.map(Into::into),
        client_id: member.client_id.into(),
        client_host: member.client_host.into(),
        member_metadata: member.metadata.to_vec().into(),
        member_assignment: member.assignment.to_vec().into(),
    });
    DescribedGroup {
        group_state: view.phase.name().into(),
        protocol_type: view.protocol_type.into(),
        protocol_data: view.protocol.into(),
        members: members.collect(),
        ..DescribedGroup::default()
    }
}

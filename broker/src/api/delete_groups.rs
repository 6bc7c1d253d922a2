//! `DeleteGroups` (key 42, versions 0–2): only groups without members, with their offsets.

use wire::messages::delete_groups::{DeletableGroupResult, Request, Response};

use crate::Broker;
use crate::api::{Context, Refusal, group};

pub(crate) async fn handle<'r>(
    broker: &Broker,
    _context: &Context,
    request: Request<'r>,
) -> Result<Response<'r>, Refusal> {
    let mut results = Vec::with_capacity(request.groups_names.len());
    for group_id in request.groups_names {
        let error_code = group::code_of(&broker.groups.delete(&group_id).await);
        results.push(DeletableGroupResult {
            group_id,
            error_code,
        });
    }
    Ok(Response {
        results,
        ..Response::default()
    })
}

//! `DescribeCluster` (key 60, versions 0–2): the cluster's id and its one broker, at the address of
//! the listener the request came in on.

use wire::ErrorCode;
use wire::messages::describe_cluster::{DescribeClusterBroker, Request, Response};

use crate::api::{Context, Refusal, operations};
use crate::{Broker, NODE_ID};

/// Brokers are asked for, as opposed to controllers (KIP-919).
const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

#[expect(
    clippy::unused_async,
    reason = "every handler of the table has the same signature"
)]
pub(crate) async fn handle<'r>(
    broker: &Broker,
    context: &Context,
    request: Request,
) -> Result<Response<'r>, Refusal> {
    let endpoint_type = request.endpoint_type;
    if endpoint_type != BROKERS {
        let error = match endpoint_type {
            CONTROLLERS => ErrorCode::MismatchedEndpointType,
            _ => ErrorCode::UnsupportedEndpointType,
        };
        return Ok(Response {
            error_code: error.code(),
            error_message: Some("this is a broker's listener: ask for endpoint type 1".into()),
            endpoint_type,
            ..Response::default()
        });
    }
    let address = context.advertised();
    Ok(Response {
        endpoint_type,
        cluster_id: broker.topics.view().cluster_id().to_owned().into(),
        controller_id: NODE_ID,
        brokers: vec![DescribeClusterBroker {
            broker_id: NODE_ID,
            host: address.host.clone().into(),
            port: i32::from(address.port),
            ..DescribeClusterBroker::default()
        }],
        cluster_authorized_operations: operations::asked(
            request.include_cluster_authorized_operations,
            operations::CLUSTER,
        ),
        ..Response::default()
    })
}

//! The resources that have settings, as `DescribeConfigs` and `IncrementalAlterConfigs` name them.

use wire::ErrorCode;

use crate::NODE_ID;
use crate::api::error::Problem;
use crate::topics::name;

/// Whose settings are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resource {
    Topic(String),
    /// This broker.
    Broker,
    /// All brokers: what was changed while running.
    AllBrokers,
}

impl Resource {
    /// Reads Kafka's type number and name.
    pub(crate) fn read(kind: i8, name: &str) -> Result<Self, Problem> {
        match (kind, name) {
            (2, name) => match name::check(name) {
                Ok(()) => Ok(Self::Topic(name.to_owned())),
                Err(error) => Err(crate::topics::TopicError::from(error).into()),
            },
            (4, "") => Ok(Self::AllBrokers),
            (4, name) if name.parse() == Ok(NODE_ID) => Ok(Self::Broker),
            (4, _) => Err(Problem::new(
                ErrorCode::InvalidRequest,
                format!("the only broker is {NODE_ID}; an empty name means all brokers"),
            )),
            (other, _) => Err(Problem::new(
                ErrorCode::InvalidRequest,
                format!(
                    "resources of type {other} have no settings here, only topics (2) and brokers (4)"
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_topics_and_brokers() {
        let cases = [
            (2, "a", Ok(Resource::Topic("a".to_owned()))),
            (2, "a b", Err(ErrorCode::InvalidTopicException)),
            (4, "1", Ok(Resource::Broker)),
            (4, "", Ok(Resource::AllBrokers)),
            (4, "2", Err(ErrorCode::InvalidRequest)),
            (8, "1", Err(ErrorCode::InvalidRequest)),
        ];
        for (kind, name, expected) in cases {
            let read = Resource::read(kind, name).map_err(|problem| problem.code);
            assert_eq!(read, expected, "{kind} {name}");
        }
    }
}

//! Kafka's error codes.

/// Defines the enum and its tables in one place.
macro_rules! error_codes {
    ($($(#[$attribute:meta])* $variant:ident = $code:literal, $name:ident, $kind:ident, $text:literal;)*) => {
        /// An error code of Apache Kafka 4.3.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
        #[repr(i16)]
        pub enum ErrorCode {
            $(
                $(#[$attribute])*
                #[doc = concat!($text, " (", stringify!($name), ", ", stringify!($kind), ").")]
                $variant = $code,
            )*
        }

        impl ErrorCode {
            /// All of them, by number.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The error with that number.
            pub const fn from_code(code: i16) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// Its name, as Apache spells it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($name),)* }
            }

            /// Whether the same request may go well later.
            pub const fn is_retriable(self) -> bool {
                match self { $(Self::$variant => is_retriable!($kind),)* }
            }

            /// What it means, in one sentence without a full stop.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

macro_rules! is_retriable {
    (retriable) => {
        true
    };
    (lasting) => {
        false
    };
}

error_codes! {
    UnknownServerError = -1, UNKNOWN_SERVER_ERROR, lasting, "The broker met an error it has no code for";
    #[default]
    None = 0, NONE, lasting, "No error";
    OffsetOutOfRange = 1, OFFSET_OUT_OF_RANGE, lasting, "The offset is outside of what the partition holds";
    CorruptMessage = 2, CORRUPT_MESSAGE, retriable, "The batch is damaged: wrong CRC, size or format";
    UnknownTopicOrPartition = 3, UNKNOWN_TOPIC_OR_PARTITION, retriable, "There is no such topic or partition here";
    InvalidFetchSize = 4, INVALID_FETCH_SIZE, lasting, "The fetch size is not valid";
    LeaderNotAvailable = 5, LEADER_NOT_AVAILABLE, retriable, "No broker leads the partition right now";
    NotLeaderOrFollower = 6, NOT_LEADER_OR_FOLLOWER, retriable, "This broker does not lead the partition";
    RequestTimedOut = 7, REQUEST_TIMED_OUT, retriable, "The request took too long";
    BrokerNotAvailable = 8, BROKER_NOT_AVAILABLE, lasting, "The broker is not available";
    ReplicaNotAvailable = 9, REPLICA_NOT_AVAILABLE, retriable, "The replica is not available";
    MessageTooLarge = 10, MESSAGE_TOO_LARGE, lasting, "The batch is larger than max.message.bytes";
    StaleControllerEpoch = 11, STALE_CONTROLLER_EPOCH, lasting, "The controller has moved";
    OffsetMetadataTooLarge = 12, OFFSET_METADATA_TOO_LARGE, lasting, "The commit metadata is larger than offset.metadata.max.bytes";
    NetworkException = 13, NETWORK_EXCEPTION, retriable, "The connection was lost before an answer came";
    CoordinatorLoadInProgress = 14, COORDINATOR_LOAD_IN_PROGRESS, retriable, "The coordinator is still loading";
    CoordinatorNotAvailable = 15, COORDINATOR_NOT_AVAILABLE, retriable, "There is no coordinator right now";
    NotCoordinator = 16, NOT_COORDINATOR, retriable, "This broker is not the coordinator";
    InvalidTopicException = 17, INVALID_TOPIC_EXCEPTION, lasting, "The topic is internal or its name is not valid";
    RecordListTooLarge = 18, RECORD_LIST_TOO_LARGE, lasting, "The request has more batches than segment.bytes";
    NotEnoughReplicas = 19, NOT_ENOUGH_REPLICAS, retriable, "Too few replicas are in sync; nothing was written";
    NotEnoughReplicasAfterAppend = 20, NOT_ENOUGH_REPLICAS_AFTER_APPEND, retriable, "Written, but too few replicas are in sync";
    InvalidRequiredAcks = 21, INVALID_REQUIRED_ACKS, lasting, "acks must be -1, 0 or 1";
    IllegalGeneration = 22, ILLEGAL_GENERATION, lasting, "The generation is not the group's current one";
    InconsistentGroupProtocol = 23, INCONSISTENT_GROUP_PROTOCOL, lasting, "The member shares no protocol with its group";
    InvalidGroupId = 24, INVALID_GROUP_ID, lasting, "The group id is not valid";
    UnknownMemberId = 25, UNKNOWN_MEMBER_ID, lasting, "The group knows no such member";
    InvalidSessionTimeout = 26, INVALID_SESSION_TIMEOUT, lasting, "The session time-out is outside of what the broker allows";
    RebalanceInProgress = 27, REBALANCE_IN_PROGRESS, lasting, "The group is rebalancing: join again";
    InvalidCommitOffsetSize = 28, INVALID_COMMIT_OFFSET_SIZE, lasting, "The commit is too large";
    TopicAuthorizationFailed = 29, TOPIC_AUTHORIZATION_FAILED, lasting, "Not allowed to use the topic";
    GroupAuthorizationFailed = 30, GROUP_AUTHORIZATION_FAILED, lasting, "Not allowed to use the group";
    ClusterAuthorizationFailed = 31, CLUSTER_AUTHORIZATION_FAILED, lasting, "Not allowed to use the cluster";
    InvalidTimestamp = 32, INVALID_TIMESTAMP, lasting, "The timestamp is outside of what the topic allows";
    UnsupportedSaslMechanism = 33, UNSUPPORTED_SASL_MECHANISM, lasting, "The broker does not offer this SASL mechanism";
    IllegalSaslState = 34, ILLEGAL_SASL_STATE, lasting, "This request is not due in the current SASL state";
    UnsupportedVersion = 35, UNSUPPORTED_VERSION, lasting, "The broker does not speak this version or feature";
    TopicAlreadyExists = 36, TOPIC_ALREADY_EXISTS, lasting, "The topic exists already";
    InvalidPartitions = 37, INVALID_PARTITIONS, lasting, "The number of partitions is not valid";
    InvalidReplicationFactor = 38, INVALID_REPLICATION_FACTOR, lasting, "The replication factor is not valid, or there are too few brokers";
    InvalidReplicaAssignment = 39, INVALID_REPLICA_ASSIGNMENT, lasting, "The replica assignment is not valid";
    InvalidConfig = 40, INVALID_CONFIG, lasting, "A setting is not valid";
    NotController = 41, NOT_CONTROLLER, retriable, "This broker is not the controller";
    InvalidRequest = 42, INVALID_REQUEST, lasting, "The request contradicts itself or the protocol";
    UnsupportedForMessageFormat = 43, UNSUPPORTED_FOR_MESSAGE_FORMAT, lasting, "The message format does not allow this request";
    PolicyViolation = 44, POLICY_VIOLATION, lasting, "A policy of the broker forbids it";
    OutOfOrderSequenceNumber = 45, OUT_OF_ORDER_SEQUENCE_NUMBER, lasting, "The producer's batches came out of order";
    DuplicateSequenceNumber = 46, DUPLICATE_SEQUENCE_NUMBER, lasting, "The producer sent this batch before";
    InvalidProducerEpoch = 47, INVALID_PRODUCER_EPOCH, lasting, "The producer's epoch is an old one";
    InvalidTxnState = 48, INVALID_TXN_STATE, lasting, "The transaction's state does not allow this";
    InvalidProducerIdMapping = 49, INVALID_PRODUCER_ID_MAPPING, lasting, "The producer id does not belong to the transactional id";
    InvalidTransactionTimeout = 50, INVALID_TRANSACTION_TIMEOUT, lasting, "The transaction time-out is above transaction.max.timeout.ms";
    ConcurrentTransactions = 51, CONCURRENT_TRANSACTIONS, retriable, "Another change of this transaction is under way";
    TransactionCoordinatorFenced = 52, TRANSACTION_COORDINATOR_FENCED, lasting, "A newer transaction coordinator has taken over";
    TransactionalIdAuthorizationFailed = 53, TRANSACTIONAL_ID_AUTHORIZATION_FAILED, lasting, "Not allowed to use the transactional id";
    SecurityDisabled = 54, SECURITY_DISABLED, lasting, "Security is switched off on this broker";
    OperationNotAttempted = 55, OPERATION_NOT_ATTEMPTED, lasting, "Not tried, since an earlier step went wrong";
    KafkaStorageError = 56, KAFKA_STORAGE_ERROR, retriable, "The disk gave an error, or is full";
    LogDirNotFound = 57, LOG_DIR_NOT_FOUND, lasting, "There is no such log directory";
    SaslAuthenticationFailed = 58, SASL_AUTHENTICATION_FAILED, lasting, "The credentials were refused";
    UnknownProducerId = 59, UNKNOWN_PRODUCER_ID, lasting, "The broker knows nothing of this producer id";
    ReassignmentInProgress = 60, REASSIGNMENT_IN_PROGRESS, lasting, "The partitions are being moved";
    DelegationTokenAuthDisabled = 61, DELEGATION_TOKEN_AUTH_DISABLED, lasting, "Delegation tokens are switched off";
    DelegationTokenNotFound = 62, DELEGATION_TOKEN_NOT_FOUND, lasting, "There is no such delegation token";
    DelegationTokenOwnerMismatch = 63, DELEGATION_TOKEN_OWNER_MISMATCH, lasting, "The delegation token belongs to somebody else";
    DelegationTokenRequestNotAllowed = 64, DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, lasting, "Delegation tokens are not handed out on this connection";
    DelegationTokenAuthorizationFailed = 65, DELEGATION_TOKEN_AUTHORIZATION_FAILED, lasting, "Not allowed to use the delegation token";
    DelegationTokenExpired = 66, DELEGATION_TOKEN_EXPIRED, lasting, "The delegation token has expired";
    InvalidPrincipalType = 67, INVALID_PRINCIPAL_TYPE, lasting, "There is no such type of principal";
    NonEmptyGroup = 68, NON_EMPTY_GROUP, lasting, "The group still has members";
    GroupIdNotFound = 69, GROUP_ID_NOT_FOUND, lasting, "There is no such group";
    FetchSessionIdNotFound = 70, FETCH_SESSION_ID_NOT_FOUND, retriable, "There is no such fetch session";
    InvalidFetchSessionEpoch = 71, INVALID_FETCH_SESSION_EPOCH, retriable, "The fetch session is at another epoch";
    ListenerNotFound = 72, LISTENER_NOT_FOUND, retriable, "The leader has no listener of this name";
    TopicDeletionDisabled = 73, TOPIC_DELETION_DISABLED, lasting, "Topics cannot be deleted: delete.topic.enable is false";
    FencedLeaderEpoch = 74, FENCED_LEADER_EPOCH, retriable, "The leader epoch is an old one";
    UnknownLeaderEpoch = 75, UNKNOWN_LEADER_EPOCH, retriable, "The leader epoch is newer than the broker's";
    UnsupportedCompressionType = 76, UNSUPPORTED_COMPRESSION_TYPE, lasting, "This compression is not supported here";
    StaleBrokerEpoch = 77, STALE_BROKER_EPOCH, lasting, "The broker's epoch has changed";
    OffsetNotAvailable = 78, OFFSET_NOT_AVAILABLE, retriable, "The new leader does not know its high watermark yet";
    MemberIdRequired = 79, MEMBER_ID_REQUIRED, lasting, "Join again with the member id of this answer";
    PreferredLeaderNotAvailable = 80, PREFERRED_LEADER_NOT_AVAILABLE, retriable, "The preferred leader is not available";
    GroupMaxSizeReached = 81, GROUP_MAX_SIZE_REACHED, lasting, "The group has as many members as it may";
    FencedInstanceId = 82, FENCED_INSTANCE_ID, lasting, "Another member has taken this group.instance.id";
    EligibleLeadersNotAvailable = 83, ELIGIBLE_LEADERS_NOT_AVAILABLE, retriable, "No eligible leader is available";
    ElectionNotNeeded = 84, ELECTION_NOT_NEEDED, retriable, "Nothing to elect: the leader is the right one";
    NoReassignmentInProgress = 85, NO_REASSIGNMENT_IN_PROGRESS, lasting, "No move of partitions is under way";
    GroupSubscribedToTopic = 86, GROUP_SUBSCRIBED_TO_TOPIC, lasting, "A member of the group reads the topic";
    InvalidRecord = 87, INVALID_RECORD, lasting, "A record was refused by the broker";
    UnstableOffsetCommit = 88, UNSTABLE_OFFSET_COMMIT, retriable, "Offsets of an open transaction are pending";
    ThrottlingQuotaExceeded = 89, THROTTLING_QUOTA_EXCEEDED, retriable, "The quota is used up";
    ProducerFenced = 90, PRODUCER_FENCED, lasting, "A newer producer has taken over the transactional id";
    ResourceNotFound = 91, RESOURCE_NOT_FOUND, lasting, "There is no such resource";
    DuplicateResource = 92, DUPLICATE_RESOURCE, lasting, "The resource exists already, or is named twice";
    UnacceptableCredential = 93, UNACCEPTABLE_CREDENTIAL, lasting, "The new credentials are not acceptable";
    InconsistentVoterSet = 94, INCONSISTENT_VOTER_SET, lasting, "The voters are not the same on both sides";
    InvalidUpdateVersion = 95, INVALID_UPDATE_VERSION, lasting, "The update version is not valid";
    FeatureUpdateFailed = 96, FEATURE_UPDATE_FAILED, lasting, "A feature could not be updated";
    PrincipalDeserializationFailure = 97, PRINCIPAL_DESERIALIZATION_FAILURE, lasting, "The principal cannot be decoded";
    SnapshotNotFound = 98, SNAPSHOT_NOT_FOUND, lasting, "There is no such snapshot";
    PositionOutOfRange = 99, POSITION_OUT_OF_RANGE, lasting, "The position is outside of the snapshot";
    UnknownTopicId = 100, UNKNOWN_TOPIC_ID, retriable, "There is no topic with this id here";
    DuplicateBrokerRegistration = 101, DUPLICATE_BROKER_REGISTRATION, lasting, "Another broker has registered with this id";
    BrokerIdNotRegistered = 102, BROKER_ID_NOT_REGISTERED, lasting, "The broker has not registered";
    InconsistentTopicId = 103, INCONSISTENT_TOPIC_ID, retriable, "The topic id is not the one of the session or log";
    InconsistentClusterId = 104, INCONSISTENT_CLUSTER_ID, lasting, "The cluster id is another one";
    TransactionalIdNotFound = 105, TRANSACTIONAL_ID_NOT_FOUND, lasting, "There is no such transactional id";
    FetchSessionTopicIdError = 106, FETCH_SESSION_TOPIC_ID_ERROR, retriable, "The fetch session uses names where ids are due, or the reverse";
    IneligibleReplica = 107, INELIGIBLE_REPLICA, lasting, "The replica is not eligible";
    NewLeaderElected = 108, NEW_LEADER_ELECTED, lasting, "A new leader was elected";
    OffsetMovedToTieredStorage = 109, OFFSET_MOVED_TO_TIERED_STORAGE, lasting, "The offset is in tiered storage";
    FencedMemberEpoch = 110, FENCED_MEMBER_EPOCH, lasting, "The member's epoch was fenced: join again";
    UnreleasedInstanceId = 111, UNRELEASED_INSTANCE_ID, lasting, "The group.instance.id is still in use";
    UnsupportedAssignor = 112, UNSUPPORTED_ASSIGNOR, lasting, "The group does not offer this assignor";
    StaleMemberEpoch = 113, STALE_MEMBER_EPOCH, lasting, "The member's epoch is an old one: heartbeat first";
    MismatchedEndpointType = 114, MISMATCHED_ENDPOINT_TYPE, lasting, "The request reached the wrong kind of endpoint";
    UnsupportedEndpointType = 115, UNSUPPORTED_ENDPOINT_TYPE, lasting, "This kind of endpoint is not supported";
    UnknownControllerId = 116, UNKNOWN_CONTROLLER_ID, lasting, "There is no controller with this id";
    UnknownSubscriptionId = 117, UNKNOWN_SUBSCRIPTION_ID, lasting, "There is no such telemetry subscription";
    TelemetryTooLarge = 118, TELEMETRY_TOO_LARGE, lasting, "The telemetry is larger than the broker takes";
    InvalidRegistration = 119, INVALID_REGISTRATION, lasting, "The registration is not valid";
    TransactionAbortable = 120, TRANSACTION_ABORTABLE, lasting, "The transaction cannot go on: abort it";
    InvalidRecordState = 121, INVALID_RECORD_STATE, lasting, "The record's state does not allow this";
    ShareSessionNotFound = 122, SHARE_SESSION_NOT_FOUND, retriable, "There is no such share session";
    InvalidShareSessionEpoch = 123, INVALID_SHARE_SESSION_EPOCH, retriable, "The share session is at another epoch";
    FencedStateEpoch = 124, FENCED_STATE_EPOCH, lasting, "The state epoch is an old one";
    InvalidVoterKey = 125, INVALID_VOTER_KEY, lasting, "The voter's key does not match";
    DuplicateVoter = 126, DUPLICATE_VOTER, lasting, "The voter exists already";
    VoterNotFound = 127, VOTER_NOT_FOUND, lasting, "There is no such voter";
    InvalidRegularExpression = 128, INVALID_REGULAR_EXPRESSION, lasting, "The regular expression is not valid";
    RebootstrapRequired = 129, REBOOTSTRAP_REQUIRED, lasting, "The client's metadata is too old: start again from the bootstrap servers";
    StreamsInvalidTopology = 130, STREAMS_INVALID_TOPOLOGY, lasting, "The topology is not valid";
    StreamsInvalidTopologyEpoch = 131, STREAMS_INVALID_TOPOLOGY_EPOCH, lasting, "The topology epoch is not valid";
    StreamsTopologyFenced = 132, STREAMS_TOPOLOGY_FENCED, lasting, "The topology epoch is an old one";
    ShareSessionLimitReached = 133, SHARE_SESSION_LIMIT_REACHED, retriable, "The broker has as many share sessions as it may";
}

impl ErrorCode {
    /// Its number on the wire.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// Whether it stands for success.
    pub const fn is_none(self) -> bool {
        matches!(self, Self::None)
    }
}

impl From<ErrorCode> for i16 {
    fn from(error: ErrorCode) -> Self {
        error.code()
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name(), self.message())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_leads_back_to_its_error() {
        for &error in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_code(error.code()), Some(error));
            let oracle = kafka_protocol::ResponseError::try_from_code(error.code());
            assert_eq!(oracle.is_none(), error.is_none());
            let Some(oracle) = oracle else { continue };
            // The Java client 4.3.1 retries CONCURRENT_TRANSACTIONS; the oracle does not know that yet.
            let newer = error == ErrorCode::ConcurrentTransactions;
            assert_eq!(
                error.is_retriable(),
                oracle.is_retriable() || newer,
                "{error}"
            );
            let spelt: String = error
                .name()
                .split('_')
                .flat_map(|word| word.chars())
                .collect();
            assert_eq!(format!("{oracle:?}").to_uppercase(), spelt);
        }
        assert_eq!(ErrorCode::from_code(-2), None);
        assert_eq!(ErrorCode::from_code(134), None);
    }
}

//! What a client may do, as bit fields (KIP-430). Without an authorizer everything is allowed.

/// Read, write, create, delete, alter, describe, describe and alter configs.
pub(crate) const TOPIC: i32 = 0b1101_1111_1000;
/// Create, alter, describe, cluster action, describe and alter configs, idempotent write.
pub(crate) const CLUSTER: i32 = 0b1_1111_1010_0000;
/// Read, delete, describe, describe and alter configs.
pub(crate) const GROUP: i32 = 0b1101_0100_1000;
/// Nobody asked.
pub(crate) const UNASKED: i32 = i32::MIN;

/// The bit field where it was asked for.
pub(crate) fn asked(asked: bool, operations: i32) -> i32 {
    if asked { operations } else { UNASKED }
}

//! What the fuzz targets of the broker share: counted memory, and checksums that are made to fit. The targets themselves stand
//! in `fuzz_targets/`, each with what must hold.
//!
//! It uses the public API of `wire` alone.

pub mod checksum;
pub mod memory;

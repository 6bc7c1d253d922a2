//! What the fuzz targets of the broker share: counted memory, damaged copies of a data folder, and a reader that knows what
//! was there before the damage. The targets themselves stand in `fuzz_targets/`, each with what must hold.
//!
//! It uses the public API of `broker::log` and `wire` alone.

pub mod checksum;
pub mod damage;
pub mod folder;
pub mod memory;
pub mod reading;

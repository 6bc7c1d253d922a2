//! `eddyline consume`.

pub mod format;

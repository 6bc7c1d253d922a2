//! The group APIs over a real listener and real files, each in every version it is served in.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod admin;
mod membership;
mod offsets;
mod rig;

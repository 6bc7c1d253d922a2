//! The broker behind real sockets and real files: what clients get from it, whatever they send.

#[cfg(test)]
mod server {
    mod admin;
    mod bad_input;
    mod configs;
    mod listeners;
    mod rig;
    mod topics;
    mod versions;
}

//! The first rounds of `make torture`: kill -9 under load of two clients, and everything they were promised is kept.

use std::process::Command;

use crate::servers::{client, text};

const ROUNDS: &str = "5";

#[test]
fn what_two_clients_were_promised_outlives_kill_9() {
    let mut torture = Command::new(env!("CARGO_BIN_EXE_torture"));
    torture.args(["--only", "kill", "--rounds", ROUNDS]);
    let output = client(&mut torture, "");
    println!("{}", text(&output.stdout));
}

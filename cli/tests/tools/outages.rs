//! A broker that goes away while somebody reads: what was read stays read, and reading goes on when it is back.

use std::io::{BufRead, BufReader, Read};

use crate::program::{Home, eddyline, signal};

#[test]
fn a_reader_goes_on_when_its_broker_is_back() {
    let home = Home::new();
    let broker = home.broker(&[]);
    let kafka = broker.kafka.clone();
    home.run(&["topic", "create", "t"])
        .is(0, "", "created topic t\n");
    assert_eq!(home.run_with(&["produce", "t"], "a\n").code, Some(0));
    let mut reader = home.tool(&["consume", "t", "-n", "2", "-f", "%o %v\\n"]);
    let mut out = BufReader::new(reader.stdout.take().unwrap());
    let mut err = BufReader::new(reader.stderr.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "0 a\n");
    signal("-KILL", broker.id());
    drop(broker);
    let mut said = String::new();
    err.read_line(&mut said).unwrap();
    assert_eq!(
        said,
        format!("cannot reach Kafka at {kafka}: nothing listens there; waiting for it\n")
    );
    let mut again = eddyline(&[]);
    again.args([
        "broker",
        "--listen",
        &kafka,
        "--admin-listen",
        "127.0.0.1:0",
    ]);
    let _broker = home.serve(again);
    assert_eq!(home.run_with(&["produce", "t"], "b\n").code, Some(0));
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "1 b\n");
    err.read_to_string(&mut said).unwrap();
    assert_eq!(
        said.lines().last(),
        Some(&*format!("{kafka} answers again"))
    );
    assert!(reader.wait().unwrap().success());
}

//! Two listeners give two answers: each client is told the address of the listener it came in on.

use std::process::Command;

use crate::servers::{self, client, text};

#[test]
fn each_listener_tells_its_own_address() {
    let ports = free_ports();
    let inside = format!("inside=127.0.0.1:{}", ports[0]);
    let outside = format!(
        "outside=127.0.0.1:{},advertise=kafka.example:19092",
        ports[1]
    );
    let broker = servers::broker(&["--listener", &inside, "--listener", &outside]);
    let listing = |port: u16| {
        let address = format!("127.0.0.1:{port}");
        text(
            &client(
                Command::new("kcat").args(["-L", "-b", &address, "-m", "5"]),
                "",
            )
            .stdout,
        )
    };
    assert!(
        listing(ports[0]).contains(&format!("at 127.0.0.1:{}", ports[0])),
        "{}",
        listing(ports[0])
    );
    assert!(
        listing(ports[1]).contains("at kafka.example:19092"),
        "{}",
        listing(ports[1])
    );
    drop(broker);
}

fn free_ports() -> [u16; 2] {
    let sockets = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    sockets.map(|socket| socket.local_addr().unwrap().port())
}

use super::*;

fn address(host: &str, port: u16) -> Address {
    Address {
        host: host.to_owned(),
        port,
    }
}

#[test]
fn listeners_are_read() {
    let cases = [
        ("IN=0.0.0.0:9092", vec!["0.0.0.0:9092"], None),
        (
            "OUT=[::]:9094,advertise=localhost:9094",
            vec!["[::]:9094"],
            Some(address("localhost", 9094)),
        ),
        (
            "A=127.0.0.1:0,advertise=[::1]:1",
            vec!["127.0.0.1:0"],
            Some(address("::1", 1)),
        ),
        (
            "L=localhost:9092",
            vec!["127.0.0.1:9092", "[::1]:9092"],
            Some(address("localhost", 0)),
        ),
    ];
    for (text, bind, advertise) in cases {
        let listener: Listener = text.parse().unwrap();
        let bind: Vec<SocketAddr> = bind.into_iter().map(|one| one.parse().unwrap()).collect();
        assert_eq!(
            (listener.bind, listener.advertise),
            (bind, advertise),
            "{text}"
        );
    }
}

#[test]
fn wrong_listeners_say_what_is_wrong() {
    let cases = [
        ("127.0.0.1:9092", "it has no name"),
        ("=127.0.0.1:9092", "the name is"),
        ("A B=127.0.0.1:9092", "the name is"),
        ("A=example.org:9092", "the address is not IP:PORT"),
        ("A=127.0.0.1", "the address is not IP:PORT"),
        ("A=127.0.0.1:99999", "the address is not IP:PORT"),
        ("A=127.0.0.1:1,tls=on", "the only option is"),
        ("A=127.0.0.1:1,advertise=host", "advertise is not HOST:PORT"),
    ];
    for (text, problem) in cases {
        let message = text.parse::<Listener>().unwrap_err().to_string();
        assert!(message.contains(problem), "{text}: {message}");
    }
}

#[tokio::test]
async fn both_families_share_a_free_port_and_a_taken_one_is_named() {
    let (bound, sockets) = Listener::loopback(0).bind().unwrap();
    let port = bound.addresses[0].port();
    assert!(port != 0 && bound.addresses.iter().all(|address| address.port() == port));
    assert_eq!(bound.advertise, Some(address("localhost", port)));
    assert_eq!(bound.printed().to_string(), format!("localhost:{port}"));
    assert_eq!(sockets.len(), bound.addresses.len());

    let taken = Listener::loopback(port).bind().unwrap_err();
    let expected: SocketAddr = (Ipv4Addr::LOCALHOST, port).into();
    assert!(matches!(taken, BindError::PortInUse { address, .. } if address == expected));
}

#[test]
fn without_advertise_the_address_of_the_connection_is_told() {
    let bound = Bound {
        name: "A".to_owned(),
        addresses: vec![],
        advertise: None,
    };
    let told = bound.advertised("[::ffff:10.0.0.7]:9092".parse().unwrap());
    assert_eq!(told, address("10.0.0.7", 9092));
}

#[test]
fn all_addresses_are_printed_as_one_that_clients_can_use() {
    let printed = |address: &str| {
        let bound = Bound {
            name: "A".to_owned(),
            addresses: vec![address.parse().unwrap()],
            advertise: None,
        };
        bound.printed().to_string()
    };
    assert_eq!(printed("0.0.0.0:9092"), "localhost:9092");
    assert_eq!(printed("[::]:9092"), "localhost:9092");
    assert_eq!(printed("10.0.0.7:9092"), "10.0.0.7:9092");
}

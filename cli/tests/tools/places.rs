//! Where `up` listens and keeps its data, as flags say it: what is shown can be used, and what cannot be had is refused with
//! the flag that helps.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::program::Home;

const CLUSTER: &str =
    "apiVersion: eddyline.dev/v1alpha1\nkind: Cluster\nmetadata: {name: t}\nspec: {}\n";

/// What a client that asks there is told to connect to.
fn advertised(kafka: &str) -> String {
    let client: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", kafka)
        .create()
        .unwrap();
    let metadata = client.fetch_metadata(None, Duration::from_mins(1)).unwrap();
    let broker = &metadata.brokers()[0];
    format!("{}:{}", broker.host(), broker.port())
}

fn port(address: &str) -> u16 {
    address.rsplit(':').next().unwrap().parse().unwrap()
}

#[test]
fn all_addresses_are_told_as_ones_that_clients_can_use() {
    let home = Home::new();
    let up = home.up(CLUSTER, &["--listen", "0.0.0.0"]);
    let here = format!("localhost:{}", port(&up.kafka));
    assert_eq!(up.kafka, here);
    let program = home.run(&["client-config", "--lang", "kcat"]);
    assert!(program.out.contains(&format!("-b {here} ")), "{program:?}");
    home.run(&["topic", "create", "t"])
        .is(0, "", "created topic t\n");
    let told: SocketAddr = advertised(&here).parse().unwrap();
    assert!(told.ip().is_loopback(), "{told}");
    // A machine without a route to others has no address to show them.
    if let Some(lan) = up.ready["listeners"]["LAN"].as_str() {
        assert_eq!(advertised(lan), lan);
        up.line(lan);
    }
    let broker = home.broker(&["--listener", "all=0.0.0.0:0"]);
    let all = broker.ready["listeners"]["all"].as_str().unwrap();
    assert!(all.starts_with("localhost:"), "{all}");
    assert!(
        advertised(all)
            .parse::<SocketAddr>()
            .unwrap()
            .ip()
            .is_loopback()
    );
}

#[test]
fn an_address_of_another_machine_is_refused_with_the_flag() {
    let home = Home::new();
    std::fs::write(home.path().join("file.yaml"), CLUSTER).unwrap();
    let file = home.path().join("file.yaml");
    let up = |more: &[&str]| home.run(&[&["up", "-f", file.to_str().unwrap()], more].concat());
    // Of the addresses for documentation.
    let other = ["--any-port", "--listen", "198.51.100.9"];
    up(&other).says(
        1,
        &["this machine has no address 198.51.100.9", "--listen IP"],
    );
    up(&["--listen", "0.0.0.0:9092"]).says(2, &["an IP address alone", "--kafka-port"]);
    let both = ["--any-port", "--kafka-port", "7", "--admin-port", "7"];
    up(&both).says(2, &["--kafka-port and --admin-port both want port 7"]);
}

#[test]
fn taken_ports_are_left_to_their_holders() {
    let home = Home::new();
    let taken: Vec<TcpListener> = (0..3)
        .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    let ports = taken
        .iter()
        .map(|one| one.local_addr().unwrap().port().to_string());
    let ports: Vec<String> = ports.collect();
    let flags = ["--kafka-port", "--connect-port", "--admin-port"];
    let wanted = flags
        .iter()
        .zip(&ports)
        .flat_map(|(flag, port)| [*flag, port]);
    let wanted: Vec<&str> = wanted.collect();
    // With --any-port, as every `up` of these tests has.
    let up = home.up(CLUSTER, &wanted);
    for (name, port) in ["kafka", "connect", "admin"].iter().zip(&ports) {
        let address = up.ready[name].as_str().unwrap();
        assert!(
            !address.ends_with(&format!(":{port}")),
            "{name} is {address}"
        );
    }
    home.run(&["topic", "list", "-o", "json"]).is(0, "[]\n", "");
}

#[test]
fn containers_are_told_the_name_they_know_this_machine_by() {
    let home = Home::new();
    let up = home.up(CLUSTER, &["--containers"]);
    let told = up.ready["listeners"]["CONTAINERS"].as_str().unwrap();
    assert_eq!(told, format!("host.docker.internal:{}", port(told)));
    let line = up.line(told);
    assert!(line.contains("for containers"), "{line}");
    // It is bound to the Docker bridge where there is one, else to loopback.
    let hosts: [IpAddr; 2] = [[127, 0, 0, 1].into(), [172, 17, 0, 1].into()];
    let wait = Duration::from_secs(5);
    let mut places = hosts
        .iter()
        .map(|host| SocketAddr::from((*host, port(told))));
    let there = places.find(|place| std::net::TcpStream::connect_timeout(place, wait).is_ok());
    assert_eq!(advertised(&there.unwrap().to_string()), told);
    assert!(
        up.kafka.starts_with("localhost:"),
        "programs here go on using {}",
        up.kafka
    );
}

#[test]
fn data_goes_into_a_folder_of_ours_or_nowhere() {
    let home = Home::new();
    let (file, notes) = (home.path().join("file.yaml"), home.path().join("notes"));
    std::fs::write(&file, CLUSTER).unwrap();
    std::fs::write(&notes, "x").unwrap();
    let file = file.to_str().unwrap();
    let up = |data: &str, more: &[&str]| {
        home.run(&[&["up", "--any-port", "-f", file, "--data-dir", data], more].concat())
    };
    let wrong = format!("{} is a file", notes.display());
    for data in [notes.clone(), notes.join("data")] {
        let data = data.to_str().unwrap();
        up(data, &[]).says(1, &[&wrong, "--data-dir FOLDER"]);
        home.run(&["broker", "--data-dir", data])
            .says(1, &[&wrong, "--data-dir FOLDER"]);
    }
    let foreign = home.path().join("thesis");
    std::fs::create_dir(&foreign).unwrap();
    std::fs::write(foreign.join("thesis.txt"), "x").unwrap();
    up(foreign.to_str().unwrap(), &["--fresh"]).says(
        1,
        &["holds thesis.txt, which is not ours", "nothing was removed"],
    );
    let left: Vec<_> = std::fs::read_dir(&foreign).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing was added: {left:?}");
}

#[test]
fn topics_of_the_platform_are_hidden_unless_asked_for() {
    let home = Home::new();
    let documents = format!(
        "{CLUSTER}---\napiVersion: eddyline.dev/v1alpha1\nkind: Topic\nmetadata: {{name: orders}}\n\
         spec: {{cluster: t}}\n---\napiVersion: eddyline.dev/v1alpha1\nkind: Connector\n\
         metadata: {{name: gen}}\nspec: {{cluster: t, topic: orders, datagen: {{quickstart: orders}}}}\n"
    );
    let _up = home.up(&documents, &[]);
    let names = |words: &[&str]| {
        let list = home
            .run(&[&["topic", "list", "-o", "json"], words].concat())
            .json();
        let list = list.as_array().unwrap().iter();
        let names = list.map(|one| (one["name"].clone(), one["internal"] == true));
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), [("orders".into(), false)]);
    assert_eq!(
        names(&["--internal"]),
        [
            ("__eddyline_connect".into(), true),
            ("orders".into(), false)
        ]
    );
}

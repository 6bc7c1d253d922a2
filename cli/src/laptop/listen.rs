//! Where `up` listens: ports that are free, or the word which process has them and which flag helps.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};

use ::broker::listeners::{Address, Listener};

use crate::broker::refusal::{cannot_listen, port_in_use};
use crate::failure::Failure;

/// The port that compose files of tutorials name for a broker outside of the containers.
const CONTAINERS_PORT: u16 = 29092;
/// The name of the listener for containers.
pub const CONTAINERS: &str = "CONTAINERS";
/// What the names of listeners for other machines begin with.
pub const LAN: &str = "LAN";
/// What moves the port of the Kafka protocol.
const KAFKA_FLAG: &str = "--kafka-port PORT or --any-port";
/// What moves the port of the Connect REST API.
pub const CONNECT_FLAG: &str = "--connect-port PORT or --any-port";
/// What moves the admin port.
pub const ADMIN_FLAG: &str = "--admin-port PORT or --any-port";

/// What was asked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub kafka: u16,
    pub connect: u16,
    pub admin: u16,
    /// Where a port is taken, any free one will do.
    pub any: bool,
    /// Addresses beside the loopback ones.
    pub more: Vec<IpAddr>,
    /// A listener for containers on this machine.
    pub containers: bool,
}

/// What to bind. Port 0 is any free one.
#[derive(Debug, Clone)]
pub struct Places {
    pub kafka: Vec<Listener>,
    pub connect: Vec<SocketAddr>,
    pub admin: SocketAddr,
}

impl Wanted {
    /// Looks which ports are free. Another process may still take one before it is bound; that error reads alike.
    ///
    /// # Errors
    /// A port is taken: by whom, and which flag helps.
    pub fn places(&self) -> Result<Places, Failure> {
        self.distinct()?;
        let more = self.others()?;
        let hosts = hosts(&more);
        let kafka = self.free(self.kafka, &hosts, KAFKA_FLAG)?;
        let connect = self.free(self.connect, &hosts, CONNECT_FLAG)?;
        let admin = self.free(self.admin, &loopback(), ADMIN_FLAG)?;
        let mut listeners = kafka_listeners(kafka, &more);
        if self.containers {
            let host = docker_bridge().unwrap_or(Ipv4Addr::LOCALHOST);
            let help = "--any-port, or leave --containers out";
            let port = self.free(CONTAINERS_PORT, &[host.into()], help)?;
            listeners.push(Listener {
                name: CONTAINERS.to_owned(),
                bind: vec![(host, port).into()],
                advertise: Some(Address {
                    host: "host.docker.internal".to_owned(),
                    port,
                }),
            });
        }
        Ok(Places {
            kafka: listeners,
            connect: http(connect, &more),
            admin: (Ipv4Addr::LOCALHOST, admin).into(),
        })
    }

    /// Two things cannot be on one port.
    fn distinct(&self) -> Result<(), Failure> {
        let mut ports = vec![
            ("--kafka-port", self.kafka),
            ("--connect-port", self.connect),
            ("--admin-port", self.admin),
        ];
        ports.extend(self.containers.then_some(("--containers", CONTAINERS_PORT)));
        ports.retain(|(_, port)| *port != 0);
        for (at, (flag, port)) in ports.iter().enumerate() {
            if let Some((other, _)) = ports[..at].iter().find(|(_, taken)| taken == port) {
                let what = format!("{other} and {flag} both want port {port}");
                return Err(Failure::usage(what, "give one of them another port"));
            }
        }
        Ok(())
    }

    /// The addresses beside the loopback ones, each once. All must be this machine's.
    fn others(&self) -> Result<Vec<IpAddr>, Failure> {
        let mut others: Vec<IpAddr> = Vec::new();
        for address in &self.more {
            let known = loopback().contains(address) || others.contains(address);
            if known {
                continue;
            }
            if let Err(error) = TcpListener::bind((*address, 0)) {
                let own = seen_by_others((Ipv4Addr::UNSPECIFIED, 0).into());
                let own = own.map(|own| format!(", such as {}", own.ip()));
                let flag = format!(
                    "--listen IP: an address of this machine{}, or 0.0.0.0 for all",
                    own.unwrap_or_default()
                );
                return Err(cannot_listen((*address, 0).into(), &error, &flag));
            }
            others.push(*address);
        }
        Ok(others)
    }

    fn free(&self, port: u16, hosts: &[IpAddr], flag: &str) -> Result<u16, Failure> {
        let mut addresses = hosts.iter().map(|host| SocketAddr::from((*host, port)));
        let taken = addresses.find(|address| port != 0 && is_taken(*address));
        match taken {
            None => Ok(port),
            Some(_) if self.any => Ok(0),
            Some(address) => Err(port_in_use(address, flag)),
        }
    }
}

/// Where other machines reach what is bound to this address: nowhere, when it is a loopback one.
pub fn seen_by_others(bound: SocketAddr) -> Option<SocketAddr> {
    match bound.ip() {
        ip if ip.is_loopback() => None,
        ip if ip.is_unspecified() => Some((own_address()?, bound.port()).into()),
        _ => Some(bound),
    }
}

/// The address with which this machine talks to others. Asking for it sends nothing: connecting a datagram socket only looks
/// the route up, here to an address that is kept for documentation (RFC 5737).
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(203, 0, 113, 1), 9)).ok()?;
    let own = socket.local_addr().ok()?.ip();
    (!own.is_loopback() && !own.is_unspecified()).then_some(own)
}

/// Loopback on both families and each other address by itself; or all addresses at once, where that is asked for.
fn kafka_listeners(port: u16, more: &[IpAddr]) -> Vec<Listener> {
    if more.iter().any(IpAddr::is_unspecified) {
        let bind = hosts(more).into_iter().map(|host| (host, port).into());
        return vec![Listener {
            name: "PLAINTEXT".to_owned(),
            bind: bind.collect(),
            advertise: None,
        }];
    }
    let own = more.iter().enumerate().map(|(index, address)| Listener {
        name: match index {
            0 => LAN.to_owned(),
            _ => format!("{LAN}{}", index + 1),
        },
        bind: vec![(*address, port).into()],
        advertise: None,
    });
    std::iter::once(Listener::loopback(port))
        .chain(own)
        .collect()
}

fn http(port: u16, more: &[IpAddr]) -> Vec<SocketAddr> {
    // A free port of one family need not be free in the other.
    let both = |host: &IpAddr| port != 0 || *host != IpAddr::V6(Ipv6Addr::LOCALHOST);
    let hosts = hosts(more).into_iter().filter(both);
    hosts.map(|host| (host, port).into()).collect()
}

/// What to bind: loopback and these. An address that stands for all of its family takes the place of the others of it; the
/// one of IPv6 takes IPv4 in too.
fn hosts(more: &[IpAddr]) -> Vec<IpAddr> {
    let all = |family: IpAddr| more.contains(&family).then_some(family);
    let (all_v4, all_v6) = (
        all(Ipv4Addr::UNSPECIFIED.into()),
        all(Ipv6Addr::UNSPECIFIED.into()),
    );
    if let Some(all) = all_v6 {
        return vec![all];
    }
    let mut hosts = loopback();
    hosts.extend(more.iter().filter(|host| !host.is_unspecified()));
    if let Some(all) = all_v4 {
        hosts.retain(IpAddr::is_ipv6);
        hosts.insert(0, all);
    }
    hosts
}

/// The loopback addresses that this machine has.
fn loopback() -> Vec<IpAddr> {
    let mut hosts: Vec<IpAddr> = vec![Ipv4Addr::LOCALHOST.into()];
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        hosts.push(Ipv6Addr::LOCALHOST.into());
    }
    hosts
}

fn is_taken(address: SocketAddr) -> bool {
    matches!(TcpListener::bind(address), Err(error) if error.kind() == io::ErrorKind::AddrInUse)
}

/// The address of Docker's bridge on Linux, which containers reach as `host.docker.internal` with `host-gateway`. Elsewhere, and
/// with Docker Desktop, that name leads to loopback.
fn docker_bridge() -> Option<Ipv4Addr> {
    let routes = std::fs::read_to_string("/proc/net/route").ok()?;
    bridge_in(&routes).filter(|address| TcpListener::bind((*address, 0)).is_ok())
}

/// The first address of the network of `docker0`, from the kernel's routes (little-endian hexadecimal).
fn bridge_in(routes: &str) -> Option<Ipv4Addr> {
    let line = routes.lines().find(|line| line.starts_with("docker0"))?;
    let network = u32::from_str_radix(line.split_whitespace().nth(1)?, 16).ok()?;
    let [a, b, c, _] = network.to_le_bytes();
    Some(Ipv4Addr::new(a, b, c, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_names_its_holder_and_the_flag() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = listener.local_addr().unwrap().port();
        let wanted = Wanted {
            connect: taken,
            ..Wanted::default()
        };
        let failure = wanted.places().unwrap_err();
        assert!(
            failure.what.contains(&std::process::id().to_string()),
            "{failure}"
        );
        assert!(
            failure.help.contains("--connect-port") && failure.help.contains("--any-port"),
            "{failure}"
        );
        let places = Wanted {
            any: true,
            ..wanted
        }
        .places()
        .unwrap();
        assert_eq!(places.connect, ["127.0.0.1:0".parse().unwrap()]);
    }

    #[test]
    fn all_interfaces_take_the_place_of_loopback() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(kafka_listeners(9, &[]), [Listener::loopback(9)]);
        let all = kafka_listeners(9, &[ip("0.0.0.0")]);
        assert_eq!(
            (all.len(), all[0].bind[0]),
            (1, "0.0.0.0:9".parse().unwrap())
        );
        assert!(!all[0].bind.contains(&"127.0.0.1:9".parse().unwrap()));
        let both = kafka_listeners(9, &[ip("0.0.0.0"), ip("::")]);
        assert_eq!(both[0].bind, ["[::]:9".parse().unwrap()]);
        let two = kafka_listeners(9, &[ip("192.0.2.7")]);
        assert_eq!(
            (two.len(), two[1].bind[0]),
            (2, "192.0.2.7:9".parse().unwrap())
        );
        assert_eq!(http(0, &[ip("192.0.2.7")]).len(), 2);
        assert_eq!(http(0, &[ip("0.0.0.0")]).len(), 1);
    }

    #[test]
    fn addresses_are_taken_once_and_must_be_of_this_machine() {
        let wanted = |more: &[&str]| Wanted {
            more: more.iter().map(|text| text.parse().unwrap()).collect(),
            ..Wanted::default()
        };
        assert_eq!(
            wanted(&["127.0.0.1"]).others().unwrap(),
            Vec::<IpAddr>::new()
        );
        assert_eq!(wanted(&["0.0.0.0", "0.0.0.0"]).others().unwrap().len(), 1);
        // Of the addresses for documentation: no machine's.
        let failure = wanted(&["198.51.100.9"]).places().unwrap_err();
        assert_eq!(failure.what, "this machine has no address 198.51.100.9");
        assert!(
            failure.help.contains("--listen IP") && failure.help.contains("0.0.0.0"),
            "{failure}"
        );
    }

    #[test]
    fn two_flags_cannot_want_one_port() {
        let wanted = Wanted {
            kafka: 9600,
            admin: 9600,
            ..Wanted::default()
        };
        let failure = wanted.places().unwrap_err();
        assert_eq!(
            failure.what,
            "--kafka-port and --admin-port both want port 9600"
        );
    }

    #[test]
    fn others_do_not_see_loopback() {
        assert_eq!(seen_by_others("127.0.0.1:1".parse().unwrap()), None);
        let lan: SocketAddr = "192.0.2.7:1".parse().unwrap();
        assert_eq!(seen_by_others(lan), Some(lan));
        // What it is depends on this machine's routes; never an address nobody can connect to.
        let all = seen_by_others("0.0.0.0:1".parse().unwrap());
        assert!(all.is_none_or(|seen| !seen.ip().is_unspecified() && !seen.ip().is_loopback()));
    }

    #[test]
    fn the_bridge_is_read_from_the_routes() {
        let routes =
            "Iface\tDestination\tGateway\neth0\t00000000\t0100A8C0\ndocker0\t000011AC\t00000000\n";
        assert_eq!(bridge_in(routes), Some("172.17.0.1".parse().unwrap()));
        assert_eq!(bridge_in("Iface\n"), None);
    }
}

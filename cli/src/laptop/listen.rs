//! Where `up` listens: ports that are free, or the word which process has them and which flag helps.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use ::broker::listeners::{Address, Listener};

use crate::broker::refusal::port_in_use;
use crate::failure::Failure;

/// The port that compose files of tutorials name for a broker outside of the containers.
const CONTAINERS_PORT: u16 = 29092;
/// The name of the listener for containers.
pub const CONTAINERS: &str = "CONTAINERS";
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
        let kafka = self.free(self.kafka, "--kafka-port PORT or --any-port")?;
        let connect = self.free(self.connect, CONNECT_FLAG)?;
        let admin = self.free(self.admin, ADMIN_FLAG)?;
        let mut listeners = kafka_listeners(kafka, &self.more);
        if self.containers {
            let host = docker_bridge().unwrap_or(Ipv4Addr::LOCALHOST);
            let port = self.free(CONTAINERS_PORT, "--any-port, or leave --containers out")?;
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
            connect: http(connect, &self.more),
            admin: (Ipv4Addr::LOCALHOST, admin).into(),
        })
    }

    fn free(&self, port: u16, flag: &str) -> Result<u16, Failure> {
        let taken = port != 0 && addresses(port).into_iter().any(is_taken);
        match taken {
            false => Ok(port),
            true if self.any => Ok(0),
            true => Err(port_in_use((Ipv4Addr::LOCALHOST, port).into(), flag)),
        }
    }
}

/// Loopback on both families; an address for all interfaces takes the place of loopback, since it holds it.
fn kafka_listeners(port: u16, more: &[IpAddr]) -> Vec<Listener> {
    if let Some(all) = more.iter().find(|address| address.is_unspecified()) {
        let bind = vec![(*all, port).into()];
        return vec![Listener {
            name: "PLAINTEXT".to_owned(),
            bind,
            advertise: None,
        }];
    }
    let own = more.iter().enumerate().map(|(index, address)| Listener {
        name: format!("LAN{index}"),
        bind: vec![(*address, port).into()],
        advertise: None,
    });
    std::iter::once(Listener::loopback(port))
        .chain(own)
        .collect()
}

fn http(port: u16, more: &[IpAddr]) -> Vec<SocketAddr> {
    if let Some(all) = more.iter().find(|address| address.is_unspecified()) {
        return vec![(*all, port).into()];
    }
    // A free port of one family need not be free in the other.
    let own = if port == 0 {
        vec![(Ipv4Addr::LOCALHOST, port).into()]
    } else {
        addresses(port)
    };
    own.into_iter()
        .chain(more.iter().map(|address| (*address, port).into()))
        .collect()
}

/// The loopback addresses that this machine has.
fn addresses(port: u16) -> Vec<SocketAddr> {
    let mut addresses: Vec<SocketAddr> = vec![(Ipv4Addr::LOCALHOST, port).into()];
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        addresses.push((Ipv6Addr::LOCALHOST, port).into());
    }
    addresses
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
        let all: IpAddr = "0.0.0.0".parse().unwrap();
        let lan: IpAddr = "192.0.2.7".parse().unwrap();
        assert_eq!(kafka_listeners(9, &[]), [Listener::loopback(9)]);
        assert_eq!(
            kafka_listeners(9, &[all])[0].bind,
            ["0.0.0.0:9".parse().unwrap()]
        );
        let two = kafka_listeners(9, &[lan]);
        assert_eq!(
            (two.len(), two[1].bind[0]),
            (2, "192.0.2.7:9".parse().unwrap())
        );
        assert_eq!(http(0, &[lan]).len(), 2);
    }

    #[test]
    fn the_bridge_is_read_from_the_routes() {
        let routes =
            "Iface\tDestination\tGateway\neth0\t00000000\t0100A8C0\ndocker0\t000011AC\t00000000\n";
        assert_eq!(bridge_in(routes), Some("172.17.0.1".parse().unwrap()));
        assert_eq!(bridge_in("Iface\n"), None);
    }
}

//! Listeners: where the broker is reached, and what it tells clients about that.
//!
//! Metadata, `FindCoordinator` and `DescribeCluster` answer the address of the listener a request
//! came in on; this file binds the sockets and knows those addresses.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use tokio::net::{TcpListener, TcpSocket};

/// How many unaccepted connections the system may queue per socket.
const BACKLOG: u32 = 1024;
/// With port 0 and two families a free port of the first may be taken on the second: tries.
const PORT_TRIES: usize = 16;

/// One listener as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Unique among the broker's listeners.
    pub name: String,
    /// What to bind: all on one port. Port 0 picks a free one, the same for all.
    pub bind: Vec<SocketAddr>,
    /// What clients are told; unset, the address their connection came in on.
    pub advertise: Option<Address>,
}

/// A host and port that clients connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub host: String,
    /// In what is asked for, 0 means the port that was bound.
    pub port: u16,
}

impl std::fmt::Display for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{}:{}", self.host, self.port)
        }
    }
}

/// A listener that is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    pub name: String,
    /// The addresses that accept connections, with their true port; at least one.
    pub addresses: Vec<SocketAddr>,
    /// What clients are told; unset, the address their connection came in on.
    pub advertise: Option<Address>,
}

impl Bound {
    /// What a client on a connection to `local` is told to connect to.
    pub fn advertised(&self, local: SocketAddr) -> Address {
        self.advertise.clone().unwrap_or_else(|| Address {
            host: local.ip().to_canonical().to_string(),
            port: local.port(),
        })
    }

    /// The address to print for people: what is advertised, else the first bound one. One that stands for all addresses of
    /// this machine is no address to connect to: then `localhost`.
    pub fn printed(&self) -> Address {
        match (&self.advertise, self.addresses.first()) {
            (Some(advertise), _) => advertise.clone(),
            (None, Some(first)) => Address {
                host: if first.ip().is_unspecified() {
                    "localhost".to_owned()
                } else {
                    first.ip().to_string()
                },
                port: first.port(),
            },
            (None, None) => Address {
                host: "localhost".to_owned(),
                port: 0,
            },
        }
    }
}

/// An address that cannot be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("bind listener {name} to {address}: the port is in use")]
    PortInUse { name: String, address: SocketAddr },
    #[error("bind listener {name} to {address}")]
    Io {
        name: String,
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error("bind listener {name}: it has no address")]
    NoAddress { name: String },
}

impl Listener {
    /// The laptop's listener: both loopback addresses on one port, advertised as `localhost`, so
    /// that a client finds it whichever family its resolver prefers.
    pub fn loopback(port: u16) -> Self {
        Self {
            name: "PLAINTEXT".to_owned(),
            bind: loopback_addresses(port),
            advertise: Some(Address {
                host: "localhost".to_owned(),
                port: 0,
            }),
        }
    }

    /// Binds all addresses. `::1` beside another address is left out where the machine has no
    /// IPv6.
    ///
    /// # Errors
    /// [`BindError::PortInUse`] with the address, or what else the system refused.
    pub fn bind(&self) -> Result<(Bound, Vec<TcpListener>), BindError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.bind_once() {
                Err(BindError::PortInUse { .. }) if self.picks_port() && tries < PORT_TRIES => {}
                other => return other,
            }
        }
    }

    fn picks_port(&self) -> bool {
        self.bind.first().is_some_and(|address| address.port() == 0)
    }

    fn bind_once(&self) -> Result<(Bound, Vec<TcpListener>), BindError> {
        let mut sockets = Vec::with_capacity(self.bind.len());
        let mut addresses: Vec<SocketAddr> = Vec::with_capacity(self.bind.len());
        for wanted in &self.bind {
            let mut address = *wanted;
            if address.port() == 0 {
                address.set_port(addresses.first().map_or(0, SocketAddr::port));
            }
            match bind_socket(address).and_then(|socket| Ok((socket.local_addr()?, socket))) {
                Ok((bound, socket)) => {
                    addresses.push(bound);
                    sockets.push(socket);
                }
                Err(error) if self.may_be_left_out(address, &error) => {}
                Err(error) => return Err(self.bind_error(address, error)),
            }
        }
        let Some(port) = addresses.first().map(SocketAddr::port) else {
            return Err(BindError::NoAddress {
                name: self.name.clone(),
            });
        };
        let advertise = self
            .advertise
            .clone()
            .map(|advertise| match advertise.port {
                0 => Address { port, ..advertise },
                _ => advertise,
            });
        Ok((
            Bound {
                name: self.name.clone(),
                addresses,
                advertise,
            },
            sockets,
        ))
    }

    /// A machine without IPv6 answers one of these for `::1`; `127.0.0.1` alone will do there.
    fn may_be_left_out(&self, address: SocketAddr, error: &io::Error) -> bool {
        let without_ipv6 = matches!(
            error.kind(),
            io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported
        ) || error.raw_os_error()
            == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error());
        address.ip() == IpAddr::V6(Ipv6Addr::LOCALHOST) && self.bind.len() > 1 && without_ipv6
    }

    fn bind_error(&self, address: SocketAddr, source: io::Error) -> BindError {
        let name = self.name.clone();
        if source.kind() == io::ErrorKind::AddrInUse {
            BindError::PortInUse { name, address }
        } else {
            BindError::Io {
                name,
                address,
                source,
            }
        }
    }
}

fn loopback_addresses(port: u16) -> Vec<SocketAddr> {
    vec![
        (Ipv4Addr::LOCALHOST, port).into(),
        (Ipv6Addr::LOCALHOST, port).into(),
    ]
}

fn bind_socket(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A restarted broker must not wait for the last one's closed connections to fade.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// A listener that is not written as `NAME=ADDRESS[,advertise=HOST:PORT]`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read listener {text}: {problem}; write NAME=ADDRESS:PORT[,advertise=HOST:PORT]")]
pub struct ListenerError {
    text: String,
    problem: &'static str,
}

impl FromStr for Listener {
    type Err = ListenerError;

    /// Reads `NAME=ADDRESS:PORT[,advertise=HOST:PORT]`; the address is an IP, or `localhost` for
    /// both loopback addresses.
    fn from_str(text: &str) -> Result<Self, ListenerError> {
        let error = |problem| ListenerError {
            text: text.to_owned(),
            problem,
        };
        let (name, rest) = text
            .split_once('=')
            .ok_or_else(|| error("it has no name"))?;
        let plain = |sign: char| sign.is_ascii_alphanumeric() || sign == '_' || sign == '-';
        if name.is_empty() || !name.chars().all(plain) {
            return Err(error("the name is letters, digits, _ and -"));
        }
        let (address, option) = match rest.split_once(',') {
            None => (rest, None),
            Some((address, option)) => (address, Some(option)),
        };
        let bind = bind_addresses(address).ok_or_else(|| error("the address is not IP:PORT"))?;
        let advertise = match option {
            None if address.starts_with("localhost:") => Some(Address {
                host: "localhost".to_owned(),
                port: 0,
            }),
            None => None,
            Some(option) => {
                let value = option.strip_prefix("advertise=");
                let value = value.ok_or_else(|| error("the only option is advertise=HOST:PORT"))?;
                Some(host_and_port(value).ok_or_else(|| error("advertise is not HOST:PORT"))?)
            }
        };
        Ok(Self {
            name: name.to_owned(),
            bind,
            advertise,
        })
    }
}

fn bind_addresses(text: &str) -> Option<Vec<SocketAddr>> {
    match text.strip_prefix("localhost:") {
        Some(port) => port.parse().ok().map(loopback_addresses),
        None => text.parse().ok().map(|address| vec![address]),
    }
}

fn host_and_port(text: &str) -> Option<Address> {
    let (host, port) = text.rsplit_once(':')?;
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    let port = port.parse().ok()?;
    (!host.is_empty()).then(|| Address {
        host: host.to_owned(),
        port,
    })
}

#[cfg(test)]
mod tests;

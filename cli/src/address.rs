//! Which cluster a hand tool talks to: the flag, the environment, or the only one that runs here.

use clap::Args;

use crate::environment::Environment;
use crate::failure::Failure;
use crate::laptop::run_file::{self, Addresses};

/// The port of a bootstrap server that names none.
const KAFKA_PORT: u16 = 9092;

/// The flags of the tools that speak Kafka.
#[derive(Debug, Clone, Default, Args)]
pub struct Kafka {
    /// Bootstrap servers, as HOST:PORT, several parted by commas; unset, the only Eddyline that runs here.
    #[arg(
        short,
        long,
        global = true,
        value_name = "HOST:PORT",
        env = "EDDYLINE_BOOTSTRAP"
    )]
    pub bootstrap: Option<String>,
}

/// The flag of the tools that speak to a Connect REST API.
#[derive(Debug, Clone, Default, Args)]
pub struct Connect {
    /// URL of the Connect REST API; unset, that of the only Eddyline that runs here.
    #[arg(long, global = true, value_name = "URL", env = "EDDYLINE_CONNECT")]
    pub connect: Option<String>,
}

impl Kafka {
    /// The bootstrap servers to use.
    ///
    /// # Errors
    /// None given, and not exactly one Eddyline runs here.
    pub fn servers(&self, environment: &Environment) -> Result<String, Failure> {
        match self.given()? {
            Some(servers) => Ok(servers),
            None => Ok(only_running(environment, "--bootstrap HOST:PORT")?.kafka),
        }
    }

    /// The bootstrap servers that were given, if any, each with a port.
    ///
    /// # Errors
    /// They are no bootstrap servers.
    pub fn given(&self) -> Result<Option<String>, Failure> {
        self.bootstrap.as_deref().map(with_ports).transpose()
    }
}

impl Connect {
    /// The base URL, without a slash at its end.
    ///
    /// # Errors
    /// None given, and not exactly one Eddyline with a connect worker runs here.
    pub fn url(&self, environment: &Environment) -> Result<String, Failure> {
        if let Some(url) = &self.connect {
            let url = url.trim_end_matches('/');
            return Ok(if url.contains("://") {
                url.to_owned()
            } else {
                format!("http://{url}")
            });
        }
        only_running(environment, "--connect URL")?
            .connect
            .ok_or_else(|| {
                Failure::new(
                    "the Eddyline that runs here has no connect worker",
                    "give one with --connect URL",
                )
            })
    }
}

/// A host without a port is asked on Kafka's own, as other clients do.
fn with_ports(servers: &str) -> Result<String, Failure> {
    let servers = servers
        .split(',')
        .map(str::trim)
        .filter(|one| !one.is_empty());
    let servers: Result<Vec<String>, Failure> = servers.map(with_port).collect();
    let servers = servers?.join(",");
    if servers.is_empty() {
        let what = "no bootstrap server is given";
        return Err(Failure::usage(what, "write --bootstrap HOST:PORT"));
    }
    Ok(servers)
}

fn with_port(server: &str) -> Result<String, Failure> {
    let wrong = || {
        let what = format!("\"{server}\" is no bootstrap server");
        Failure::usage(what, "write --bootstrap HOST:PORT, such as localhost:9092")
    };
    let (host, port) = match server.rsplit_once(':') {
        // The colon is one inside an IPv6 address.
        Some(_) if server.ends_with(']') => (server, None),
        Some((host, port)) => (host, Some(port)),
        None => (server, None),
    };
    let in_brackets = host.starts_with('[') && host.ends_with(']');
    let is_host = !host.is_empty() && !host.contains('/') && (in_brackets || !host.contains(':'));
    match port {
        _ if !is_host => Err(wrong()),
        None => Ok(format!("{host}:{KAFKA_PORT}")),
        Some(port) if port.parse::<u16>().is_ok_and(|port| port > 0) => Ok(server.to_owned()),
        Some(_) => Err(wrong()),
    }
}

fn only_running(environment: &Environment, flag: &str) -> Result<Addresses, Failure> {
    let folder = environment.run_folder();
    let mut running = folder
        .map(|folder| run_file::running(&folder))
        .unwrap_or_default();
    if running.len() > 1 {
        let lines: Vec<String> = running.iter().map(in_words).collect();
        let help = format!("say which with {flag}:\n{}", lines.join("\n"));
        return Err(Failure::usage("several Eddylines run here", help));
    }
    running.pop().ok_or_else(|| {
        let help = format!("start one with: eddyline up -f FILE\nor say where it is with {flag}");
        Failure::new("no Eddyline runs here", help)
    })
}

fn in_words(addresses: &Addresses) -> String {
    let cluster = addresses.cluster.as_deref().unwrap_or("broker");
    format!("{}  {cluster} (pid {})", addresses.kafka, addresses.pid)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn addresses(pid: u32, connect: Option<&str>) -> Addresses {
        Addresses {
            pid,
            cluster: None,
            kafka: format!("localhost:{pid}"),
            connect: connect.map(str::to_owned),
            admin: None,
            data_dir: None,
            listeners: BTreeMap::new(),
        }
    }

    #[test]
    fn bootstrap_servers_are_hosts_with_ports() {
        for (given, taken) in [
            ("h:1", "h:1"),
            (" a:1 ,b:2,", "a:1,b:2"),
            ("localhost", "localhost:9092"),
            ("[::1]:5,[::1]", "[::1]:5,[::1]:9092"),
        ] {
            assert_eq!(with_ports(given).unwrap(), taken);
        }
        for wrong in [
            "",
            " , ",
            "h:",
            "h:0",
            "h:x",
            ":1",
            "http://h:1",
            "::1",
            "h:99999",
        ] {
            let failure = with_ports(wrong).unwrap_err();
            assert!(
                failure.help.contains("--bootstrap HOST:PORT"),
                "{wrong}: {failure}"
            );
        }
    }

    #[test]
    fn the_flag_wins_else_the_only_one_that_runs() {
        let folder = tempfile::tempdir().unwrap();
        let variables = [("XDG_RUNTIME_DIR".into(), folder.path().into())];
        let environment = Environment::from_variables(variables);
        let run = environment.run_folder().unwrap();
        let (kafka, connect) = (Kafka::default(), Connect::default());

        assert!(
            kafka
                .servers(&environment)
                .unwrap_err()
                .help
                .contains("eddyline up -f FILE")
        );
        let first = run_file::announce(&run, &addresses(1, Some("http://localhost:8083"))).unwrap();
        assert_eq!(kafka.servers(&environment).unwrap(), "localhost:1");
        assert_eq!(connect.url(&environment).unwrap(), "http://localhost:8083");
        let second = run_file::announce(&run, &addresses(2, None)).unwrap();
        assert!(
            kafka
                .servers(&environment)
                .unwrap_err()
                .help
                .contains("localhost:2  broker (pid 2)")
        );
        drop(first);
        assert!(
            connect
                .url(&environment)
                .unwrap_err()
                .what
                .contains("no connect worker")
        );
        drop(second);

        let flag = Kafka {
            bootstrap: Some("h:1".to_owned()),
        };
        assert_eq!(flag.servers(&environment).unwrap(), "h:1");
        let flag = Connect {
            connect: Some("h:8083/".to_owned()),
        };
        assert_eq!(flag.url(&environment).unwrap(), "http://h:8083");
    }
}

//! Why a broker did not start, in words for a person: who is in the way, and which flag of the command helps.

use std::io;
use std::net::SocketAddr;

use ::broker::StartError;
use ::broker::listeners::BindError;
use ::broker::log::OpenError;

use crate::failure::Failure;
use crate::laptop::port;

/// How a command calls what helps against each refusal.
#[derive(Debug, Clone, Copy)]
pub struct Flags {
    /// The flag that moves the listener of this name.
    pub listener: fn(&str) -> String,
    /// What chooses another address for the listener of this name.
    pub address: fn(&str) -> String,
    /// The flag that moves the admin port.
    pub admin: &'static str,
    /// The flag that chooses another data folder.
    pub data_dir: &'static str,
    /// What helps when the data is of another format or damaged.
    pub other_data: &'static str,
}

/// The refusal as a command's error.
pub fn failure(error: &StartError, flags: &Flags) -> Failure {
    match error {
        StartError::Config(error) => Failure::usage(error.to_string(), ""),
        StartError::Listeners(problem) => Failure::usage(*problem, ""),
        StartError::Bind(BindError::PortInUse { name, address }) => {
            port_in_use(*address, &(flags.listener)(name))
        }
        StartError::Bind(BindError::Io {
            name,
            address,
            source,
        }) => cannot_listen(*address, source, &(flags.address)(name)),
        StartError::Admin { address, source } if source.kind() == io::ErrorKind::AddrInUse => {
            port_in_use(*address, flags.admin)
        }
        StartError::Admin { address, source } => cannot_listen(*address, source, flags.admin),
        StartError::Data(error) => data(error, flags),
        StartError::Bind(BindError::NoAddress { .. })
        | StartError::Topics(_)
        | StartError::Groups(_)
        | StartError::Ended(_) => Failure::new(error.to_string(), ""),
    }
}

/// A port that another process has, and the flag that moves ours.
pub fn port_in_use(address: SocketAddr, flag: &str) -> Failure {
    let holder = port::holder_in_words(address.port());
    Failure::new(
        format!("port {} is in use by {holder}", address.port()),
        format!("stop it, or choose another port with {flag}"),
    )
}

/// An address that cannot be had for another reason than that somebody has it.
pub fn cannot_listen(address: SocketAddr, error: &io::Error, flag: &str) -> Failure {
    let what = match error.kind() {
        io::ErrorKind::AddrNotAvailable => format!("this machine has no address {}", address.ip()),
        io::ErrorKind::PermissionDenied => {
            format!(
                "port {} needs more rights than this user has",
                address.port()
            )
        }
        _ => format!("cannot listen on {address}: {error}"),
    };
    Failure::new(what, format!("choose another one with {flag}"))
}

/// A data folder that cannot be used.
pub fn data(error: &OpenError, flags: &Flags) -> Failure {
    match error {
        OpenError::InUse { path } => Failure::new(
            format!(
                "the data folder {} is in use by another broker",
                path.display()
            ),
            format!(
                "stop that one, or choose another folder with {}",
                flags.data_dir
            ),
        ),
        OpenError::Format {
            path,
            found,
            wanted,
        } => Failure::new(
            format!(
                "the data folder {} has format {found}, this version reads format {wanted}; nothing was changed",
                path.display()
            ),
            format!(
                "start the version that wrote it, or begin anew with {}",
                flags.other_data
            ),
        ),
        OpenError::Damaged { path, file, what } => Failure::new(
            format!(
                "the data folder {} is damaged: {file}: {what}; nothing was changed",
                path.display()
            ),
            format!(
                "restore it from a copy, or begin anew with {}",
                flags.other_data
            ),
        ),
        OpenError::Io { path, error } => Failure::new(
            format!("cannot use the data folder {}: {error}", path.display()),
            format!("choose another one with {}", flags.data_dir),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::path::PathBuf;

    use super::*;
    use crate::failure::Code;

    const FLAGS: Flags = Flags {
        listener: |name| format!("--port-of-{name}"),
        address: |name| format!("--address-of-{name}"),
        admin: "--admin",
        data_dir: "--folder",
        other_data: "--fresh",
    };

    #[test]
    fn a_port_in_use_names_the_process_and_the_flag() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let in_use = StartError::Bind(BindError::PortInUse {
            name: "inside".to_owned(),
            address,
        });
        let failure = failure(&in_use, &FLAGS);
        assert!(
            failure
                .what
                .starts_with(&format!("port {} is in use by ", address.port()))
        );
        if cfg!(target_os = "linux") {
            assert!(
                failure.what.contains(&std::process::id().to_string()),
                "{failure}"
            );
        }
        assert!(failure.help.ends_with("--port-of-inside"), "{failure}");
    }

    #[test]
    fn each_refusal_names_its_flag() {
        let path = PathBuf::from("/srv/data");
        let address: SocketAddr = "127.0.0.1:9600".parse().unwrap();
        let admin = |kind: io::ErrorKind| StartError::Admin {
            address,
            source: kind.into(),
        };
        let format = OpenError::Format {
            path: path.clone(),
            found: "99".to_owned(),
            wanted: 1,
        };
        let cases = [
            (admin(io::ErrorKind::AddrInUse), "port 9600", "--admin"),
            (
                admin(io::ErrorKind::PermissionDenied),
                "port 9600 needs more rights",
                "--admin",
            ),
            (
                StartError::Bind(BindError::Io {
                    name: "outside".to_owned(),
                    address,
                    source: io::ErrorKind::AddrNotAvailable.into(),
                }),
                "this machine has no address 127.0.0.1",
                "--address-of-outside",
            ),
            (
                OpenError::InUse { path: path.clone() }.into(),
                "/srv/data is in use",
                "--folder",
            ),
            (format.into(), "format 99", "--fresh"),
        ];
        for (error, what, flag) in cases {
            let failure = failure(&error, &FLAGS);
            assert_eq!(failure.code, Code::Failed);
            assert!(failure.what.contains(what), "{failure}");
            assert!(failure.help.ends_with(flag), "{failure}");
        }
    }
}

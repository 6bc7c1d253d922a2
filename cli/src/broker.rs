//! `eddyline broker`: the bundled broker alone, in the foreground.

mod check;
pub mod refusal;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ::broker::clock::Clock;
use ::broker::listeners::Listener;
use ::broker::log::{Fatal, FatalHandler, Options};
use ::broker::{Broker, Running, Settings};
use serde_json::{Value, json};

use crate::environment::Environment;
use crate::failure::{Code, Failure};
use crate::interrupt::{self, Interrupts};
use crate::laptop::folder::can_be_folder;
use crate::laptop::run_file::{self, Addresses, Announcement};
use crate::laptop::state;
use crate::output::{self, Format};

const KAFKA_PORT: u16 = 9092;
/// The name of the listener that `--listen` makes.
const PLAIN: &str = "PLAINTEXT";

/// Runs the bundled broker alone, until Ctrl-C.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Folder for all data, made if need be; unset, a folder of its own in the user's data folder.
    #[arg(long, value_name = "FOLDER", env = "EDDYLINE_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Where clients connect, such as 127.0.0.1:9092 or 0.0.0.0:9092; port 0 takes any free one. Unset and without
    /// --listener: localhost:9092.
    #[arg(long, value_name = "ADDRESS:PORT", env = "EDDYLINE_LISTEN", value_parser = plain_listener)]
    listen: Option<Listener>,
    /// A further place where clients connect, and what they are told to connect to; may be repeated (in the
    /// variable, parted by ';').
    #[arg(
        long = "listener",
        value_name = "NAME=ADDRESS:PORT[,advertise=HOST:PORT]",
        env = "EDDYLINE_LISTENERS",
        value_delimiter = ';'
    )]
    listeners: Vec<Listener>,
    /// Where health and metrics are served.
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        env = "EDDYLINE_ADMIN_LISTEN",
        default_value = "127.0.0.1:9600"
    )]
    admin_listen: SocketAddr,
    /// A broker setting by its Kafka name; may be repeated.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
    /// A file of broker settings, NAME=VALUE on each line; --set wins over it.
    #[arg(long, value_name = "FILE")]
    settings_file: Option<PathBuf>,
}

/// What else can be done with a broker's data.
#[derive(Debug, clap::Subcommand)]
enum Command {
    Check(check::Args),
}

/// Runs the command: returns when the broker has ended in order.
///
/// # Errors
/// It did not start; then with the flag that helps.
pub async fn run(args: Args, format: Format, environment: &Environment) -> Result<(), Failure> {
    if let Some(Command::Check(args)) = args.command {
        return check::run(&args, format);
    }
    let settings = settings(args, environment)?;
    let data_dir = settings.data_dir.clone();
    let mut interrupts = Interrupts::catch()?;
    let options = Options {
        on_fatal: FatalHandler(Arc::new(end_at_once)),
        ..Broker::log_options()
    };
    let running = tokio::select! {
        started = Broker::start_at(settings, Clock::system(), options) => {
            started.map_err(|error| refusal::failure(&error, &FLAGS))?
        }
        () = interrupts.next() => return Err(interrupt::interrupted()),
    };
    let ready = ready(&running, &data_dir);
    let _announcement = announce(&ready, environment);
    match format {
        Format::Json => output::line(&ready.to_string())?,
        Format::Table => output::talk(&in_words(&ready)),
    }
    interrupts.next().await;
    interrupts.end_at_next();
    running.stop().await.map_err(|_| {
        Failure::new(
            "the log had ended before the broker was stopped",
            "the next start recovers every acknowledged record",
        )
    })
}

const FLAGS: refusal::Flags = refusal::Flags {
    listener: |name| match name {
        PLAIN => "--listen ADDRESS:PORT".to_owned(),
        _ => format!("--listener {name}=ADDRESS:PORT"),
    },
    address: |name| match name {
        PLAIN => "--listen ADDRESS:PORT".to_owned(),
        _ => format!("--listener {name}=ADDRESS:PORT"),
    },
    admin: "--admin-listen ADDRESS:PORT",
    data_dir: "--data-dir FOLDER",
    other_data: "--data-dir FOLDER",
};

fn settings(args: Args, environment: &Environment) -> Result<Settings, Failure> {
    let folder = args
        .data_dir
        .or_else(|| Some(environment.data_folder()?.join("broker")))
        .ok_or_else(|| {
            Failure::new(
                "there is no home folder for the data",
                "say where it goes with --data-dir FOLDER",
            )
        })?;
    let data_dir = std::path::absolute(&folder)
        .map_err(|error| Failure::new(format!("cannot find {}: {error}", folder.display()), ""))?;
    can_be_folder(&data_dir)?;
    if state::is_in(&data_dir) {
        let (up, broker) = (data_dir.display(), data_dir.join("broker"));
        let what = format!(
            "{up} is a folder of eddyline up; its broker keeps its data in {}",
            broker.display()
        );
        return Err(Failure::new(
            what,
            "run it with eddyline up, or give another --data-dir FOLDER",
        ));
    }
    let mut listeners: Vec<Listener> = args.listen.into_iter().chain(args.listeners).collect();
    if listeners.is_empty() {
        listeners.push(Listener::loopback(KAFKA_PORT));
    }
    let mut config = match &args.settings_file {
        Some(file) => settings_of(file)?,
        None => BTreeMap::new(),
    };
    config.extend(args.set);
    Ok(Settings {
        data_dir,
        listeners,
        admin_listen: Some(args.admin_listen),
        config,
    })
}

/// The settings in a file: a line each, empty ones and those that begin with `#` left out.
fn settings_of(file: &std::path::Path) -> Result<BTreeMap<String, String>, Failure> {
    let unreadable = |reason: String| {
        let what = format!("cannot read the settings in {}: {reason}", file.display());
        Failure::new(what, "give another --settings-file FILE")
    };
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
    let lines = text.lines().map(str::trim).enumerate();
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(index, line)| {
            let (name, value) =
                setting(line).map_err(|help| unreadable(format!("line {}: {help}", index + 1)))?;
            Ok((name, value.trim().to_owned()))
        })
        .collect()
}

fn plain_listener(text: &str) -> Result<Listener, String> {
    format!("{PLAIN}={text}")
        .parse()
        .map_err(|_| "write IP:PORT, such as 127.0.0.1:9092, or localhost:9092".to_owned())
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("write NAME=VALUE, such as num.partitions=2")?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

/// What programs are told when it is ready.
fn ready(running: &Running, data_dir: &std::path::Path) -> Value {
    let listeners = running.listeners().iter();
    let listeners: BTreeMap<&str, String> = listeners
        .map(|bound| (bound.name.as_str(), bound.printed().to_string()))
        .collect();
    let first = running.listeners().first();
    json!({
        "kafka": first.map(|bound| bound.printed().to_string()),
        "admin": running.admin_address().map(|address| address.to_string()),
        "dataDir": data_dir,
        "listeners": listeners,
    })
}

fn in_words(ready: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut words = format!("broker  {}", text(&ready["kafka"]));
    let others = ready["listeners"].as_object().into_iter().flatten();
    for (name, address) in others.filter(|(_, address)| **address != ready["kafka"]) {
        let _ = write!(words, "\n        {} ({name})", text(address));
    }
    let (admin, data) = (text(&ready["admin"]), text(&ready["dataDir"]));
    let _ = write!(
        words,
        "\nadmin   http://{admin}\ndata    {data}\nStop it with Ctrl-C."
    );
    words
}

/// Leaves the addresses for the hand tools; without them each needs a flag, which is no reason not to run.
fn announce(ready: &Value, environment: &Environment) -> Option<Announcement> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let addresses = Addresses {
        pid: std::process::id(),
        cluster: None,
        kafka: text(&ready["kafka"])?,
        connect: None,
        admin: text(&ready["admin"]).map(|address| format!("http://{address}")),
        data_dir: text(&ready["dataDir"]).map(PathBuf::from),
        listeners: BTreeMap::new(),
    };
    let folder = environment.run_folder()?;
    run_file::announce(&folder, &addresses)
        .inspect_err(|error| tracing::warn!(%error, "write the run file in {}", folder.display()))
        .ok()
}

/// After a failed write or sync nothing that is still in memory can be trusted to reach the disk: only a new start can.
pub fn end_at_once(fatal: &Fatal) {
    let failure = Failure::new(
        format!("the broker cannot go on: {fatal}"),
        "mend the disk and start it again: every acknowledged record is recovered",
    );
    failure.report();
    std::process::exit(Code::Failed as i32);
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn read(words: &[&str]) -> Settings {
        let words = ["broker"].iter().chain(words);
        let environment = Environment::from_variables([("HOME".into(), "/srv/ada".into())]);
        settings(Line::try_parse_from(words).unwrap().args, &environment).unwrap()
    }

    #[test]
    fn without_flags_it_is_the_laptops_broker() {
        let settings = read(&[]);
        assert_eq!(settings.listeners, [Listener::loopback(9092)]);
        assert_eq!(
            settings.data_dir,
            PathBuf::from("/srv/ada/.local/share/eddyline/broker")
        );
        assert_eq!(
            settings.admin_listen.map(|address| address.to_string()),
            Some("127.0.0.1:9600".to_owned())
        );
    }

    #[test]
    fn listeners_take_the_place_of_the_default() {
        let settings = read(&["--listener", "a=127.0.0.1:1", "--listener", "b=[::1]:2"]);
        let names: Vec<_> = settings.listeners.iter().map(|one| &one.name).collect();
        assert_eq!(names, ["a", "b"]);
        let settings = read(&["--listen", "0.0.0.0:9", "--listener", "a=127.0.0.1:1"]);
        assert_eq!(settings.listeners[0].name, PLAIN);
        assert_eq!(settings.listeners.len(), 2);
    }

    #[test]
    fn settings_keep_what_stands_behind_the_first_equals_sign() {
        let settings = read(&[
            "--set",
            "a=b=c",
            "--set",
            "log.cleanup.policy=compact,delete",
        ]);
        assert_eq!(settings.config["a"], "b=c");
        assert_eq!(settings.config["log.cleanup.policy"], "compact,delete");
    }

    #[test]
    fn a_file_gives_settings_and_flags_win() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("broker.properties");
        std::fs::write(
            &file,
            "# ours\n\nnum.partitions=2\nlog.retention.hours = 24\n",
        )
        .unwrap();
        let path = file.to_str().unwrap();
        let settings = read(&["--settings-file", path, "--set", "num.partitions=3"]);
        assert_eq!(settings.config["num.partitions"], "3");
        assert_eq!(settings.config["log.retention.hours"], "24");

        std::fs::write(&file, "num.partitions=2\nlog.dirs\n").unwrap();
        let error = settings_of(&file).unwrap_err().to_string();
        assert!(error.contains("line 2: write NAME=VALUE"), "{error}");
        assert!(settings_of(&folder.path().join("none")).is_err());
    }

    #[test]
    fn a_wrong_address_is_met_with_a_right_one() {
        let error = Line::try_parse_from(["broker", "--listen", "9092"]).unwrap_err();
        assert!(
            error.to_string().contains("such as 127.0.0.1:9092"),
            "{error}"
        );
    }
}

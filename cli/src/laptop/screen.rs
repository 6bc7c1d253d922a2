//! What `up` shows: what runs, where, and which command reads it. Only true things. Lines are made here and printed by the caller.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use connect_worker::{ConnectorState, ConnectorStatus, Reason};

use crate::environment::Environment;
use crate::laptop::findings::nearest;
use crate::laptop::listen::CONTAINERS;

/// How lines look.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// A terminal that shows colours; else plain lines.
    pub color: bool,
}

/// What runs.
#[derive(Debug, Clone)]
pub struct View<'a> {
    pub kafka: &'a str,
    /// Where others connect, by the listener's name.
    pub more: &'a BTreeMap<String, String>,
    /// `External` has no broker here.
    pub bundled: bool,
    pub connect: &'a str,
    /// Where other machines reach the same.
    pub more_connect: &'a [SocketAddr],
    pub admin: &'a str,
    pub topics: &'a [(String, i32)],
    pub connectors: &'a [ConnectorStatus],
    pub restart: &'a str,
}

impl Style {
    /// A good line.
    pub fn good(self, text: &str) -> String {
        if self.color {
            format!("\u{1b}[32m✔\u{1b}[0m {text}")
        } else {
            format!("✔ {text}")
        }
    }

    /// A line that wants something done.
    pub fn bad(self, text: &str) -> String {
        if self.color {
            format!("\u{1b}[31m✘\u{1b}[0m {text}")
        } else {
            format!("✘ {text}")
        }
    }

    /// A line worth knowing.
    pub fn note(self, text: &str) -> String {
        if self.color {
            format!("\u{1b}[33m!\u{1b}[0m {text}")
        } else {
            format!("! {text}")
        }
    }
}

/// The whole screen, once everything runs.
pub fn lines(view: &View<'_>, style: Style, data: &Path, environment: &Environment) -> Vec<String> {
    let mut lines = vec![style.good(&if view.bundled {
        format!(
            "broker      {:<24}data {}",
            view.kafka,
            environment.shown(data)
        )
    } else {
        format!("kafka       {} (External)", view.kafka)
    })];
    lines.extend(view.more.iter().map(|(name, address)| {
        let whose = if name == CONTAINERS {
            "for containers on this machine"
        } else {
            "for other machines, without any protection"
        };
        format!("              {address:<22}  {whose}")
    }));
    lines.push(style.good(&format!("connect     {}", view.connect)));
    let more = view.more_connect.iter();
    lines.extend(more.map(|address| format!("              http://{address}")));
    lines.push(style.good(&format!("admin       {}/metrics", view.admin)));
    if !view.topics.is_empty() {
        let topics: Vec<String> = view
            .topics
            .iter()
            .map(|(name, count)| format!("{name} ({count})"))
            .collect();
        lines.push(style.good(&format!("topics      {}", topics.join(", "))));
    }
    if !view.connectors.is_empty() {
        let (good, states) = states(view.connectors);
        let text = format!("connectors  {states}");
        lines.push(if good {
            style.good(&text)
        } else {
            style.note(&text)
        });
        lines.extend(reasons(view.connectors, view.topics));
    }
    lines.push(String::new());
    lines.extend(hints(view));
    lines
}

/// Whether the state is one that was asked for.
fn good(state: ConnectorState) -> bool {
    use ConnectorState::{Completed, Paused, Running, Stopped};
    matches!(state, Running | Completed | Paused | Stopped)
}

/// Why connectors do not run, where they know.
fn reasons(connectors: &[ConnectorStatus], topics: &[(String, i32)]) -> Vec<String> {
    let troubled = connectors.iter().filter(|one| !good(one.state));
    let reasons = troubled.filter_map(|one| {
        let why = why(one, topics)?;
        Some(format!("              {}: {why}", one.name))
    });
    reasons.collect()
}

/// What a connector says about its state; about a topic that is not there also which one may be meant.
fn why(connector: &ConnectorStatus, topics: &[(String, i32)]) -> Option<String> {
    let said = connector.trace.as_deref()?.lines().next()?;
    // Deleted by hand it is still in the file.
    let others = topics.iter().filter(|(name, _)| *name != connector.topic);
    let names = others.map(|(name, _)| name.as_str());
    let near = match connector.reason {
        Some(Reason::TopicNotFound) => nearest(&connector.topic, names),
        _ => None,
    };
    Some(match near {
        Some(near) => format!("{said}; did you mean \"{near}\"?"),
        None => said.to_owned(),
    })
}

fn states(connectors: &[ConnectorStatus]) -> (bool, String) {
    let words: Vec<String> = connectors
        .iter()
        .map(|one| format!("{} {}", one.name, one.state))
        .collect();
    (
        connectors.iter().all(|one| good(one.state)),
        words.join("  "),
    )
}

fn hints(view: &View<'_>) -> Vec<String> {
    let mut connectors = view.connectors.iter();
    let filled = connectors.find(|one| one.reason != Some(Reason::TopicNotFound));
    let filled = filled.map(|one| one.topic.as_str());
    let topic = filled.or_else(|| view.topics.first().map(|(name, _)| name.as_str()));
    let mut hints = Vec::new();
    if let Some(topic) = topic {
        hints.push(format!("  Read it:      eddyline consume {topic} -n 5"));
    }
    hints.push("  Your program: eddyline client-config --lang python".to_owned());
    let reset = if view.bundled {
        format!("     Reset: {} --fresh", view.restart)
    } else {
        String::new()
    };
    hints.push(format!("  Stop:         Ctrl-C (again to force){reset}"));
    hints
}

/// The line for a connector whose state changed while running.
pub fn state_line(connector: &ConnectorStatus, topics: &[(String, i32)], style: Style) -> String {
    let text = match why(connector, topics) {
        Some(why) => format!("connector {} {}: {why}", connector.name, connector.state),
        None => format!("connector {} {}", connector.name, connector.state),
    };
    match connector.state {
        ConnectorState::Failed => style.bad(&text),
        ConnectorState::Throttled | ConnectorState::Restarting | ConnectorState::Unassigned => {
            style.note(&text)
        }
        _ => style.good(&text),
    }
}

#[cfg(test)]
mod tests {
    use connect_worker::Origin;

    use super::*;

    fn connector(state: ConnectorState) -> ConnectorStatus {
        ConnectorStatus {
            name: "orders-gen".to_owned(),
            origin: Origin::Rest,
            uid: String::new(),
            generation: 1,
            topic: "orders".to_owned(),
            state,
            reason: None,
            trace: Some("it broke\nat line 1".to_owned()),
            tasks: Vec::new(),
            epoch: None,
            all_tasks: 0,
            workers: 1,
            total: 0,
            records: 0,
            rate: 0.0,
        }
    }

    #[test]
    fn the_screen_says_what_runs_and_what_reads_it() {
        let view = View {
            kafka: "localhost:9092",
            bundled: true,
            connect: "http://localhost:8083",
            admin: "http://localhost:9600",
            topics: &[("orders".to_owned(), 2), ("rides".to_owned(), 3)],
            connectors: &[connector(ConnectorState::Running)],
            restart: "eddyline up -f q.yaml",
            more: &BTreeMap::from([
                (
                    "CONTAINERS".to_owned(),
                    "host.docker.internal:29092".to_owned(),
                ),
                ("LAN".to_owned(), "192.0.2.7:9092".to_owned()),
            ]),
            more_connect: &["192.0.2.7:8083".parse().unwrap()],
        };
        let environment = Environment::from_variables([("HOME".into(), "/srv/ada".into())]);
        let lines = lines(
            &view,
            Style { color: false },
            Path::new("/srv/ada/d/t"),
            &environment,
        );
        let expected = "\
✔ broker      localhost:9092          data ~/d/t
              host.docker.internal:29092  for containers on this machine
              192.0.2.7:9092          for other machines, without any protection
✔ connect     http://localhost:8083
              http://192.0.2.7:8083
✔ admin       http://localhost:9600/metrics
✔ topics      orders (2), rides (3)
✔ connectors  orders-gen RUNNING

  Read it:      eddyline consume orders -n 5
  Your program: eddyline client-config --lang python
  Stop:         Ctrl-C (again to force)     Reset: eddyline up -f q.yaml --fresh";
        assert_eq!(lines.join("\n"), expected);
    }

    #[test]
    fn a_connector_that_does_not_run_says_why() {
        let all = [
            connector(ConnectorState::Running),
            connector(ConnectorState::Unassigned),
        ];
        assert_eq!(reasons(&all, &[]), ["              orders-gen: it broke"]);
        assert!(!states(&all).0);
    }

    #[test]
    fn a_topic_that_is_not_there_is_met_with_the_nearest_one() {
        let topics = [("rides".to_owned(), 1), ("orders".to_owned(), 2)];
        let waiting = ConnectorStatus {
            topic: "ordrs".to_owned(),
            reason: Some(Reason::TopicNotFound),
            trace: Some("topic ordrs does not exist".to_owned()),
            ..connector(ConnectorState::Unassigned)
        };
        let told = "orders-gen: topic ordrs does not exist; did you mean \"orders\"?";
        let lines = reasons(std::slice::from_ref(&waiting), &topics);
        assert_eq!(lines, [format!("              {told}")]);
        let view = View {
            kafka: "",
            more: &BTreeMap::new(),
            bundled: true,
            connect: "",
            more_connect: &[],
            admin: "",
            topics: &topics,
            connectors: std::slice::from_ref(&waiting),
            restart: "",
        };
        assert_eq!(
            hints(&view)[0],
            "  Read it:      eddyline consume rides -n 5"
        );
        let far = [("clicks".to_owned(), 1), ("ordrs".to_owned(), 1)];
        assert_eq!(
            why(&waiting, &far).as_deref(),
            Some("topic ordrs does not exist")
        );
    }

    #[test]
    fn a_change_of_state_is_one_line_with_its_cause() {
        let line = state_line(
            &connector(ConnectorState::Failed),
            &[],
            Style { color: false },
        );
        assert_eq!(line, "✘ connector orders-gen FAILED: it broke");
        let colored = state_line(
            &connector(ConnectorState::Running),
            &[],
            Style { color: true },
        );
        assert!(colored.starts_with("\u{1b}[32m✔"), "{colored}");
    }
}

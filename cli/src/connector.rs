//! `eddyline connector`: lists and steers connectors through the Connect REST API.

use std::time::Duration;

use clap::Subcommand;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::address::Connect;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::laptop::findings::suggest;
use crate::output::{self, Format};

/// As long as Connect itself takes for a request at most.
const TIMEOUT: Duration = Duration::from_secs(90);

/// Lists and steers connectors.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    connect: Connect,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists all connectors with their states.
    List,
    /// Shows a connector's tasks, and what went wrong.
    Status { name: String },
    /// Pauses a connector: its tasks stay and send nothing.
    Pause { name: String },
    /// Resumes a paused or stopped connector.
    Resume { name: String },
    /// Stops a connector: its tasks end, its offsets stay.
    Stop { name: String },
    /// Restarts a connector and all its tasks.
    Restart {
        name: String,
        /// Restart only what has failed.
        #[arg(long)]
        only_failed: bool,
    },
}

/// Runs the command.
///
/// # Errors
/// The worker cannot be reached, or refuses: its own words.
pub async fn run(args: Args, format: Format, environment: &Environment) -> Result<(), Failure> {
    let client = reqwest::Client::builder().timeout(TIMEOUT).build();
    let client =
        client.map_err(|error| Failure::new(format!("cannot make an HTTP client: {error}"), ""))?;
    let api = Api {
        base: args.connect.url(environment)?,
        client,
        format,
    };
    match args.command {
        Command::List => list(&api, format).await,
        Command::Status { name } => status(&api, &name, format).await,
        Command::Pause { name } => api.steer(Method::PUT, &name, "pause", "paused").await,
        Command::Resume { name } => api.steer(Method::PUT, &name, "resume", "resumed").await,
        Command::Stop { name } => api.steer(Method::PUT, &name, "stop", "stopped").await,
        Command::Restart { name, only_failed } => {
            let action = format!("restart?includeTasks=true&onlyFailed={only_failed}");
            api.steer(Method::POST, &name, &action, "restarted").await
        }
    }
}

struct Api {
    base: String,
    client: reqwest::Client,
    format: Format,
}

impl Api {
    /// One request; the answer's JSON, or null where it has none.
    async fn call(&self, method: Method, path: &str) -> Result<(StatusCode, Value), Failure> {
        let url = format!("{}{path}", self.base);
        let response = self
            .client
            .request(method, &url)
            .send()
            .await
            .map_err(|error| {
                let why = if error.is_timeout() {
                    "no answer in time"
                } else {
                    "no connection"
                };
                let help =
                    "is `eddyline up` running there? say where the worker is with --connect URL";
                Failure::new(
                    format!("cannot reach the connect worker at {}: {why}", self.base),
                    help,
                )
            })?;
        let status = response.status();
        let text = response.text().await.map_err(|error| {
            Failure::new(format!("cannot read the answer of {url}: {error}"), "")
        })?;
        if text.is_empty() {
            return Ok((status, Value::Null));
        }
        let json = serde_json::from_str(&text).map_err(|_| {
            Failure::new(
                format!("{url} does not answer as Kafka Connect does"),
                "is the address right?",
            )
        })?;
        Ok((status, json))
    }

    /// The answer to a request that must succeed; an unknown connector is met with the nearest name.
    async fn expect(&self, method: Method, name: &str, path: &str) -> Result<Value, Failure> {
        let (status, json) = self.call(method, path).await?;
        if status.is_success() {
            return Ok(json);
        }
        let said = json["message"]
            .as_str()
            .unwrap_or(status.as_str())
            .to_owned();
        let help = match status {
            StatusCode::NOT_FOUND => suggest(name, self.names().await?.iter().map(String::as_str)),
            _ => String::new(),
        };
        Err(Failure::new(said, help))
    }

    async fn names(&self) -> Result<Vec<String>, Failure> {
        let (_, json) = self.call(Method::GET, "/connectors").await?;
        let names = json
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        Ok(names.map(str::to_owned).collect())
    }

    async fn steer(
        &self,
        method: Method,
        name: &str,
        action: &str,
        done: &str,
    ) -> Result<(), Failure> {
        self.expect(
            method,
            name,
            &format!("/connectors/{}/{action}", escaped(name)),
        )
        .await?;
        // Connect answers before it is done.
        match self.format {
            Format::Table => output::talk(&format!("{name} is being {done}")),
            Format::Json => {
                let answer = json!({"name": name, "result": format!("being {done}")});
                output::line(&output::json(&answer))?;
            }
        }
        Ok(())
    }
}

async fn list(api: &Api, format: Format) -> Result<(), Failure> {
    let path = "/connectors?expand=status&expand=info";
    let json = api.expect(Method::GET, "", path).await?;
    let connectors: Vec<Value> = json
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, connector)| summary(name, connector))
        .collect();
    output::show(
        format,
        &connectors,
        &["name", "state", "tasks", "topic"],
        || connectors.iter().map(summary_row).collect(),
    )
}

/// A connector in one object.
fn summary(name: &str, connector: &Value) -> Value {
    let status = &connector["status"];
    let tasks = status["tasks"].as_array().map_or(&[][..], Vec::as_slice);
    let running = tasks
        .iter()
        .filter(|task| task["state"] == "RUNNING")
        .count();
    json!({
        "name": name,
        "state": status["connector"]["state"],
        "tasks": tasks.len(),
        "running": running,
        "topic": connector["info"]["config"]["kafka.topic"],
    })
}

fn summary_row(summary: &Value) -> Vec<String> {
    let tasks = format!("{}/{}", summary["running"], summary["tasks"]);
    vec![
        text(&summary["name"]),
        text(&summary["state"]),
        tasks,
        text(&summary["topic"]),
    ]
}

async fn status(api: &Api, name: &str, format: Format) -> Result<(), Failure> {
    let path = format!("/connectors/{}/status", escaped(name));
    let json = api.expect(Method::GET, name, &path).await?;
    output::show(format, &json, &["what", "state", "worker", "error"], || {
        let tasks = json["tasks"].as_array().into_iter().flatten();
        let mut rows = vec![row("connector", &json["connector"])];
        rows.extend(tasks.map(|task| row(&format!("task {}", task["id"]), task)));
        rows
    })
}

fn row(what: &str, state: &Value) -> Vec<String> {
    let trace = text(&state["trace"]);
    let first_line = trace.lines().next().unwrap_or_default().to_owned();
    vec![
        what.to_owned(),
        text(&state["state"]),
        text(&state["worker_id"]),
        first_line,
    ]
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A connector's name as a path segment.
fn escaped(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    name.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect::<Vec<_>>()
        .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connector_is_one_line() {
        let connector = json!({
            "status": {"connector": {"state": "RUNNING"}, "tasks": [{"state": "RUNNING"}, {"state": "FAILED"}]},
            "info": {"config": {"kafka.topic": "orders"}},
        });
        let row = |name: &str, connector: &Value| summary_row(&summary(name, connector));
        assert_eq!(
            row("orders-gen", &connector),
            ["orders-gen", "RUNNING", "1/2", "orders"]
        );
        assert_eq!(row("x", &Value::Null), ["x", "", "0/0", ""]);
    }

    #[test]
    fn names_are_safe_in_a_path() {
        assert_eq!(escaped("orders-gen_1.a~"), "orders-gen_1.a~");
        assert_eq!(escaped("a/b ?ü"), "a%2Fb%20%3F%C3%BC");
    }
}

//! Making, changing and deleting topics, through the port that the operator uses.

use std::collections::BTreeSet;

use operator::admin::KafkaAdmin;
use operator::ports::BrokerAdmin;
use operator::ports::broker_admin::{
    AdminError, Alteration, Answers, Growth, NewTopic, TopicError, TopicErrorKind,
};
use serde_json::{Value, json};

use super::settings::Settings;
use crate::cluster::{CLIENT_ID, Cluster, TIMEOUT, WHERE_IS_IT};
use crate::failure::Failure;
use crate::output::{self, Format};

/// The broker's own default.
const DEFAULT: i32 = -1;

#[derive(Debug, clap::Args)]
pub(super) struct Create {
    #[arg(required = true)]
    names: Vec<String>,
    /// Number of partitions; unset, the broker's default.
    #[arg(short, long, value_parser = clap::value_parser!(i32).range(1..))]
    partitions: Option<i32>,
    /// Copies of each partition; unset, the broker's default.
    #[arg(short, long, value_parser = clap::value_parser!(i32).range(1..=i64::from(i16::MAX)))]
    replicas: Option<i32>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, clap::Args)]
pub(super) struct Alter {
    name: String,
    /// Number of partitions to have from now on; never fewer than before.
    #[arg(short, long, value_parser = clap::value_parser!(i32).range(1..))]
    partitions: Option<i32>,
    #[command(flatten)]
    settings: Settings,
    /// A setting to take off the topic, so that the default holds again; may be repeated.
    #[arg(long, value_name = "NAME")]
    delete_config: Vec<String>,
}

pub(super) async fn create(servers: &str, create: Create, format: Format) -> Result<(), Failure> {
    let settings = create.settings.by_name()?;
    let topics = create.names.into_iter().map(|name| NewTopic {
        name,
        partitions: create.partitions.unwrap_or(DEFAULT),
        replicas: create.replicas.unwrap_or(DEFAULT),
        settings: settings.clone(),
    });
    let topics: Vec<NewTopic> = topics.collect();
    let answers = admin(servers).create_topics(&topics).await;
    told(&answers.map_err(unreachable)?, "created", format)
}

pub(super) async fn delete(
    servers: &str,
    names: Vec<String>,
    format: Format,
) -> Result<(), Failure> {
    let cluster = Cluster::reach(servers).await?;
    // All are looked up first: a slip in one name must not leave half of the work done.
    for name in &names {
        cluster.topic(name)?;
    }
    let answers = admin(servers).delete_topics(&names).await;
    told(&answers.map_err(unreachable)?, "deleted", format)
}

pub(super) async fn alter(servers: &str, alter: Alter, format: Format) -> Result<(), Failure> {
    let set = alter.settings.by_name()?;
    let remove: BTreeSet<String> = alter.delete_config.into_iter().collect();
    if let Some(both) = remove.iter().find(|name| set.contains_key(*name)) {
        let what = format!("the setting {both} is both set and deleted");
        return Err(Failure::usage(what, ""));
    }
    let change_settings = !set.is_empty() || !remove.is_empty();
    if !change_settings && alter.partitions.is_none() {
        let help =
            "write --partitions N, --retention TIME, --config NAME=VALUE or --delete-config NAME";
        return Err(Failure::usage("nothing to change", help));
    }
    let cluster = Cluster::reach(servers).await?;
    let has = cluster.topic(&alter.name)?.partitions.len();
    let admin = admin(servers);
    if let Some(partitions) = alter.partitions
        && usize::try_from(partitions).is_ok_and(|wanted| wanted < has)
    {
        let what = format!(
            "topic {} has {has} partitions: it cannot have {partitions}, for partitions are never removed",
            alter.name
        );
        let help = format!(
            "make another topic with: eddyline topic create NAME --partitions {partitions}"
        );
        return Err(Failure::new(what, help));
    }
    let mut answers = Answers::new();
    if change_settings {
        let alteration = Alteration {
            name: alter.name.clone(),
            set,
            remove,
        };
        answers = admin
            .alter_settings(&[alteration])
            .await
            .map_err(unreachable)?;
    }
    let refused = answers.values().any(Result::is_err);
    if let Some(partitions) = alter.partitions.filter(|_| !refused)
        && usize::try_from(partitions) != Ok(has)
    {
        let growth = Growth {
            name: alter.name,
            partitions,
        };
        answers.extend(
            admin
                .grow_partitions(&[growth])
                .await
                .map_err(unreachable)?,
        );
    }
    told(&answers, "changed", format)
}

fn admin(servers: &str) -> KafkaAdmin {
    KafkaAdmin::new(servers, CLIENT_ID, TIMEOUT)
}

#[expect(clippy::needless_pass_by_value, reason = "stands in map_err")]
fn unreachable(error: AdminError) -> Failure {
    Failure::new(
        format!(
            "cannot reach Kafka at {}: {}",
            error.bootstrap, error.reason
        ),
        WHERE_IS_IT,
    )
}

/// Tells what became of each topic; a refusal of one is the command's failure.
fn told(answers: &Answers, done: &str, format: Format) -> Result<(), Failure> {
    let good = answers.iter().filter(|(_, answer)| answer.is_ok());
    let good: Vec<&String> = good.map(|(name, _)| name).collect();
    match format {
        Format::Table => good
            .iter()
            .for_each(|name| output::talk(&format!("{done} topic {name}"))),
        Format::Json => {
            let done: Vec<Value> = good
                .iter()
                .map(|name| json!({"name": name, "result": done}))
                .collect();
            output::line(&output::json(&done))?;
        }
    }
    let refused: Vec<&TopicError> = answers
        .values()
        .filter_map(|answer| answer.as_ref().err())
        .collect();
    if refused.is_empty() {
        return Ok(());
    }
    let what: Vec<String> = refused
        .iter()
        .map(|error| format!("cannot {error}"))
        .collect();
    let mut help: Vec<String> = refused.iter().map(|error| what_to_do(error)).collect();
    help.dedup();
    Err(Failure::new(what.join("\n       "), help.join("\n").trim()))
}

fn what_to_do(refused: &TopicError) -> String {
    let topic = &refused.topic;
    match refused.kind {
        TopicErrorKind::AlreadyExists => format!(
            "see it with: eddyline topic describe {topic}\nchange it with: eddyline topic alter {topic}"
        ),
        TopicErrorKind::NotFound => "see them with: eddyline topic list".to_owned(),
        TopicErrorKind::Invalid => String::new(),
        TopicErrorKind::Transient => "try again in a moment".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_refusal_fails_the_command_and_all_are_told() {
        let refusal = |topic: &str, kind| TopicError {
            operation: "create",
            topic: topic.to_owned(),
            kind,
            message: "no".to_owned(),
        };
        let answers: Answers = [
            ("a", Ok(())),
            ("b", Err(refusal("b", TopicErrorKind::AlreadyExists))),
            ("c", Err(refusal("c", TopicErrorKind::Transient))),
        ]
        .map(|(name, answer)| (name.to_owned(), answer))
        .into();
        let failure = told(&answers, "created", Format::Table).unwrap_err();
        assert_eq!(
            failure.what,
            "cannot create topic b: no\n       cannot create topic c: no"
        );
        assert!(failure.help.contains("topic describe b"), "{failure}");
        assert!(failure.help.ends_with("try again in a moment"), "{failure}");
    }
}

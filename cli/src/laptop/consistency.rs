//! What a file can only tell as a whole: an object beside its Cluster, judged by the operator's own validation and by the
//! broker's tables of settings, and objects beside each other. Pure; looks at every object, good or not, as far as it can be read.

use std::collections::BTreeMap;

use crds::cluster::Engine;
use crds::{Connector, Topic};
use operator::connector::validate::validate as validate_connector;
use operator::topic::{ClusterFacts, validate as validate_topic};
use serde::Deserialize as _;
use serde_json::Value;

use crate::laptop::documents::Object;
use crate::laptop::findings::{Finding, Place, suggest};
use crate::laptop::settings::{Fault, Owner, fault};

/// What refuses the file: settings that the broker does not take, and what the operator's validation finds.
/// What `before` tells of a place already is not said again.
pub fn findings(all: &[Object<()>], before: &[Finding]) -> Vec<Finding> {
    let mut found = Vec::new();
    for object in all {
        match object.id.kind.as_str() {
            "Cluster" if engine(object) == Engine::Bundled => {
                settings(object, Owner::Cluster, &mut found);
            }
            "Topic" => topic(object, all, &mut found),
            "Connector" => connector(object, &mut found),
            _ => {}
        }
    }
    found.extend(colliding(all));
    found.retain(|finding| before.iter().all(|known| known.place != finding.place));
    found
}

/// What is a condition on Kubernetes, where the order of apply must not matter: it refuses nothing by itself.
pub fn conditions(all: &[Object<()>]) -> Vec<Finding> {
    strays(all).into_iter().chain(conflicts(all)).collect()
}

/// Objects that name a Cluster which is in none of the files; without any Cluster that is one thing to say, not one for each.
pub fn strays(all: &[Object<()>]) -> Vec<Finding> {
    let lost =
        |object: &&Object<()>| !named(object).is_empty() && cluster_of(object, all).is_none();
    let any = clusters(all).next().is_some();
    all.iter()
        .filter(|object| any && lost(object))
        .map(|object| {
            let wanted = named(object);
            let namespace = &object.id.namespace;
            let beside = clusters(all).filter(|cluster| cluster.id.namespace == *namespace);
            let names: Vec<&str> = beside.map(|cluster| cluster.id.name.as_str()).collect();
            Finding::new(
                object.place_of("spec.cluster"),
                format!(
                    "{}: ClusterNotFound: there is no Cluster {namespace}/{wanted}",
                    object.id
                ),
                suggest(wanted, names.iter().copied()),
            )
        })
        .collect()
}

/// Topics that name a topic which another one names too. Which of them owns it is known once it runs.
fn conflicts(all: &[Object<()>]) -> Vec<Finding> {
    let mut first: BTreeMap<(&str, &str, String), &Object<()>> = BTreeMap::new();
    let mut found = Vec::new();
    for topic in all.iter().filter(|object| object.id.kind == "Topic") {
        let name = kafka_name(topic);
        let key = (topic.id.namespace.as_str(), named(topic), name.clone());
        let Some(other) = first.get(&key) else {
            first.insert(key, topic);
            continue;
        };
        let what = format!(
            "{}: Conflict: topic {name} is named by {} too, at {}",
            topic.id, other.id, other.place
        );
        found.push(Finding::new(
            name_place(topic),
            what,
            "name another one, or keep one of the two",
        ));
    }
    found
}

/// Topics of one bundled broker whose names differ by '.' and '_' alone: metrics could not tell them apart, so the second is refused.
fn colliding(all: &[Object<()>]) -> Vec<Finding> {
    let mut first: BTreeMap<(&str, &str, String), String> = BTreeMap::new();
    let mut found = Vec::new();
    for topic in all.iter().filter(|object| object.id.kind == "Topic") {
        if cluster_of(topic, all).map(engine) != Some(Engine::Bundled) {
            continue;
        }
        let name = kafka_name(topic);
        let key = (
            topic.id.namespace.as_str(),
            named(topic),
            name.replace('.', "_"),
        );
        let other = first.entry(key).or_insert_with(|| name.clone());
        if *other != name {
            let what = format!("topic {name} differs from topic {other} only by '.' and '_'");
            found.push(Finding::new(name_place(topic), what, "write another name"));
        }
    }
    found
}

fn topic(object: &Object<()>, all: &[Object<()>], found: &mut Vec<Finding>) {
    let Some(cluster) = cluster_of(object, all) else {
        return;
    };
    let engine = engine(cluster);
    if engine == Engine::Bundled {
        settings(object, Owner::Topic, found);
    }
    let Ok(read) = Topic::deserialize(&object.json) else {
        return;
    };
    let config = BTreeMap::deserialize(&cluster.json["spec"]["config"]).unwrap_or_default();
    let facts = ClusterFacts {
        engine,
        // Nobody has asked an existing Kafka yet: whether it has brokers enough is told when it answers.
        brokers: i32::MAX,
        config: &config,
    };
    tell(object, validate_topic(&read, &facts).err(), found);
}

fn connector(object: &Object<()>, found: &mut Vec<Finding>) {
    if let Ok(read) = Connector::deserialize(&object.json) {
        tell(object, validate_connector(&read).err(), found);
    }
}

/// The operator's findings, each at its place.
fn tell(object: &Object<()>, findings: Option<Vec<operator::Finding>>, found: &mut Vec<Finding>) {
    let findings = findings.into_iter().flatten();
    found.extend(findings.map(|finding| {
        let (what, help) = finding
            .message
            .split_once(": ")
            .unwrap_or((&finding.message, ""));
        Finding::new(object.place_of(&finding.path), what, help)
    }));
}

fn settings(object: &Object<()>, owner: Owner, found: &mut Vec<Finding>) {
    let Some(config) = object.json["spec"]["config"].as_object() else {
        return;
    };
    for (name, value) in config {
        let Some(value) = value.as_str() else {
            continue;
        };
        let path = format!("spec.config.{name}");
        match fault(owner, name, value) {
            None => {}
            Some(Fault::Name { help }) => {
                let what = format!("unknown setting \"{name}\" in spec.config");
                found.push(Finding::new(object.place_of(&path), what, help));
            }
            Some(Fault::Field { help }) => {
                let what = format!("{name} has a field of its own");
                found.push(Finding::new(object.place_of(&path), what, help));
            }
            Some(Fault::Value { help }) => {
                let what = format!("{path} cannot be {}", Value::from(value));
                found.push(Finding::new(object.value_place_of(&path), what, help));
            }
        }
    }
}

fn clusters(all: &[Object<()>]) -> impl Iterator<Item = &Object<()>> {
    all.iter().filter(|object| object.id.kind == "Cluster")
}

/// The Cluster that an object belongs to.
fn cluster_of<'a>(object: &Object<()>, all: &'a [Object<()>]) -> Option<&'a Object<()>> {
    let namespace = &object.id.namespace;
    clusters(all)
        .find(|cluster| cluster.id.namespace == *namespace && cluster.id.name == named(object))
}

/// The name of the Cluster that an object names; empty where it cannot be read.
fn named(object: &Object<()>) -> &str {
    object.json["spec"]["cluster"].as_str().unwrap_or_default()
}

fn engine(cluster: &Object<()>) -> Engine {
    Engine::deserialize(&cluster.json["spec"]["engine"]).unwrap_or_default()
}

fn kafka_name(topic: &Object<()>) -> String {
    let named = topic.json["spec"]["topicName"].as_str();
    named.unwrap_or(&topic.id.name).to_owned()
}

fn name_place(topic: &Object<()>) -> Place {
    if topic.gives("spec.topicName") {
        topic.place_of("spec.topicName")
    } else {
        topic.place.clone()
    }
}

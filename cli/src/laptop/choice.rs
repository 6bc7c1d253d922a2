//! Which Cluster `up` runs, and what belongs to it. Pure.

use crds::{Cluster, Connector, Topic};

use crate::failure::Failure;
use crate::laptop::documents::{Id, Object, Objects};
use crate::laptop::findings::suggest;

/// One Cluster with its Topics and Connectors.
#[derive(Debug, Clone)]
pub struct Chosen {
    pub cluster: Object<Cluster>,
    pub topics: Vec<Object<Topic>>,
    pub connectors: Vec<Object<Connector>>,
}

/// What a file needs so that something runs.
const NO_CLUSTER: &str = "add one:\n  apiVersion: eddyline.dev/v1alpha1\n  kind: Cluster\n  metadata: {name: tutorial}\n  spec: {}";

/// The Cluster called `wanted` (`name` or `namespace/name`), or the only one, of all in the files.
///
/// # Errors
/// There is none, there are several, or none has that name.
pub fn pick(clusters: &[&Id], wanted: Option<&str>) -> Result<Id, Failure> {
    let names: Vec<String> = clusters.iter().map(|id| short(id, clusters)).collect();
    let fits = |id: &&&Id| {
        let full = format!("{}/{}", id.namespace, id.name);
        wanted.is_none_or(|wanted| wanted == id.name || wanted == full)
    };
    let found: Vec<&&Id> = clusters.iter().filter(fits).collect();
    match (found.as_slice(), wanted) {
        ([only], _) => Ok((**only).clone()),
        ([], Some(wanted)) if !names.is_empty() => {
            let help = suggest(wanted, names.iter().map(String::as_str));
            let what = format!("the files hold no Cluster \"{wanted}\"");
            Err(Failure::new(what, help))
        }
        ([], _) => Err(Failure::new("the files hold no Cluster", NO_CLUSTER)),
        _ => {
            let list: Vec<String> = names
                .iter()
                .map(|name| format!("--cluster {name}"))
                .collect();
            Err(Failure::new(
                "the files hold several Clusters and `up` runs one",
                format!("say which:\n{}", list.join("\n")),
            ))
        }
    }
}

impl Chosen {
    /// The Cluster of this name with what is its own; `None` where it is not among the good objects.
    pub fn of(objects: Objects, id: &Id) -> Option<Self> {
        let ours = |namespace: &str, name: &str| id.namespace == namespace && id.name == name;
        let mut clusters = objects.clusters.into_iter();
        let cluster = clusters.find(|cluster| cluster.id == *id)?;
        let topics = objects
            .topics
            .into_iter()
            .filter(|topic| ours(&topic.id.namespace, &topic.value.spec.cluster));
        let connectors = objects
            .connectors
            .into_iter()
            .filter(|connector| ours(&connector.id.namespace, &connector.value.spec.cluster));
        Some(Self {
            topics: topics.collect(),
            connectors: connectors.collect(),
            cluster,
        })
    }
}

/// The name alone where it tells the Clusters apart, else with the namespace.
fn short(id: &Id, all: &[&Id]) -> String {
    if all.iter().filter(|other| other.name == id.name).count() > 1 {
        format!("{}/{}", id.namespace, id.name)
    } else {
        id.name.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::laptop::documents::{self, Known};
    use crate::laptop::schemas::Schemas;
    use crate::laptop::sources::Source;

    fn objects(lines: &[&str]) -> Objects {
        let documents: Vec<String> = lines
            .iter()
            .map(|line| format!("apiVersion: eddyline.dev/v1alpha1\n{line}\n"))
            .collect();
        let source = Source {
            name: Arc::from("f.yaml"),
            text: documents.join("---\n"),
        };
        let reading = documents::read(&[source], &Schemas::load().unwrap(), &Known::new());
        assert!(reading.findings.is_empty(), "{:?}", reading.findings);
        reading.objects
    }

    const ONE: &str = "kind: Cluster\nmetadata: {name: one}\nspec: {}";
    const TWO: &str = "kind: Cluster\nmetadata: {name: two}\nspec: {}";
    const TWO_ELSEWHERE: &str = "kind: Cluster\nmetadata: {name: two, namespace: demo}\nspec: {}";

    fn picked(objects: &Objects, wanted: Option<&str>) -> Result<Id, Failure> {
        let ids: Vec<&Id> = objects.clusters.iter().map(|cluster| &cluster.id).collect();
        pick(&ids, wanted)
    }

    #[test]
    fn the_only_cluster_is_taken_with_what_is_its_own() {
        let objects = objects(&[
            ONE,
            "kind: Topic\nmetadata: {name: a}\nspec: {cluster: one}",
            "kind: Topic\nmetadata: {name: b}\nspec: {cluster: oen}",
            "kind: Topic\nmetadata: {name: a, namespace: demo}\nspec: {cluster: one}",
        ]);
        let id = picked(&objects, None).unwrap();
        let chosen = Chosen::of(objects, &id).unwrap();
        assert_eq!(chosen.cluster.id.name, "one");
        assert_eq!(chosen.topics.len(), 1);
    }

    #[test]
    fn none_and_several_want_something_to_be_done() {
        let none = picked(&objects(&[]), None).unwrap_err();
        assert!(none.help.contains("kind: Cluster"), "{none}");
        let two = objects(&[ONE, TWO]);
        let several = picked(&two, None).unwrap_err();
        assert!(
            several.help.contains("--cluster one") && several.help.contains("--cluster two"),
            "{several}"
        );
        assert_eq!(picked(&two, Some("two")).unwrap().name, "two");
        let near = picked(&objects(&[ONE]), Some("oen")).unwrap_err();
        assert!(near.help.contains("\"one\""), "{near}");
        let twins = objects(&[TWO, TWO_ELSEWHERE]);
        let same = picked(&twins, Some("two")).unwrap_err();
        assert!(same.help.contains("--cluster demo/two"), "{same}");
        assert_eq!(picked(&twins, Some("demo/two")).unwrap().namespace, "demo");
    }
}

//! Which Cluster `up` runs, and what belongs to it. Pure.

use crds::{Cluster, Connector, Topic};

use crate::failure::Failure;
use crate::laptop::documents::{Object, Objects};
use crate::laptop::findings::suggest;

/// One Cluster with its Topics and Connectors.
#[derive(Debug, Clone)]
pub struct Chosen {
    pub cluster: Object<Cluster>,
    pub topics: Vec<Object<Topic>>,
    pub connectors: Vec<Object<Connector>>,
    /// Objects that name a Cluster which is in none of the files, a line each.
    pub strays: Vec<String>,
}

/// What a file needs so that something runs.
const NO_CLUSTER: &str = "add one:\n  apiVersion: eddyline.dev/v1alpha1\n  kind: Cluster\n  metadata: {name: tutorial}\n  spec: {}";

/// Takes the Cluster called `wanted` (`name` or `namespace/name`), or the only one.
///
/// # Errors
/// There is none, there are several, or none has that name.
pub fn choose(objects: Objects, wanted: Option<&str>) -> Result<Chosen, Failure> {
    let names: Vec<String> = objects
        .clusters
        .iter()
        .map(|cluster| short(cluster, &objects.clusters))
        .collect();
    let fits = |cluster: &&Object<Cluster>| {
        let full = format!("{}/{}", cluster.id.namespace, cluster.id.name);
        wanted.is_none_or(|wanted| wanted == cluster.id.name || wanted == full)
    };
    let found: Vec<&Object<Cluster>> = objects.clusters.iter().filter(fits).collect();
    let cluster = match (found.as_slice(), wanted) {
        ([only], _) => (*only).clone(),
        ([], Some(wanted)) if !names.is_empty() => {
            let help = suggest(wanted, names.iter().map(String::as_str));
            return Err(Failure::new(
                format!("the files hold no Cluster \"{wanted}\""),
                help,
            ));
        }
        ([], _) => return Err(Failure::new("the files hold no Cluster", NO_CLUSTER)),
        _ => {
            let list: Vec<String> = names
                .iter()
                .map(|name| format!("--cluster {name}"))
                .collect();
            return Err(Failure::new(
                "the files hold several Clusters and `up` runs one",
                format!("say which:\n{}", list.join("\n")),
            ));
        }
    };
    let strays = strays(&objects);
    let ours =
        |namespace: &str, name: &str| cluster.id.namespace == namespace && cluster.id.name == name;
    let topics = objects
        .topics
        .into_iter()
        .filter(|topic| ours(&topic.id.namespace, &topic.value.spec.cluster));
    let connectors = objects
        .connectors
        .into_iter()
        .filter(|connector| ours(&connector.id.namespace, &connector.value.spec.cluster));
    Ok(Chosen {
        topics: topics.collect(),
        connectors: connectors.collect(),
        strays,
        cluster,
    })
}

/// The name alone where it tells the Clusters apart, else with the namespace.
fn short(cluster: &Object<Cluster>, all: &[Object<Cluster>]) -> String {
    let same = all
        .iter()
        .filter(|other| other.id.name == cluster.id.name)
        .count();
    if same > 1 {
        format!("{}/{}", cluster.id.namespace, cluster.id.name)
    } else {
        cluster.id.name.clone()
    }
}

fn strays(objects: &Objects) -> Vec<String> {
    let topics = objects
        .topics
        .iter()
        .map(|topic| (&topic.id, &topic.value.spec.cluster, &topic.place));
    let connectors = objects.connectors.iter().map(|connector| {
        (
            &connector.id,
            &connector.value.spec.cluster,
            &connector.place,
        )
    });
    topics
        .chain(connectors)
        .filter_map(|(id, wanted, place)| {
            let beside = objects
                .clusters
                .iter()
                .filter(|cluster| cluster.id.namespace == id.namespace);
            let names: Vec<&str> = beside.map(|cluster| cluster.id.name.as_str()).collect();
            if names.contains(&wanted.as_str()) {
                return None;
            }
            let help = suggest(wanted, names.iter().copied());
            Some(format!(
                "{place}: {id}: ClusterNotFound: there is no Cluster {}/{wanted}; {help}",
                id.namespace
            ))
        })
        .collect()
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

    #[test]
    fn the_only_cluster_is_taken_with_what_is_its_own() {
        let chosen = choose(
            objects(&[
                ONE,
                "kind: Topic\nmetadata: {name: a}\nspec: {cluster: one}",
                "kind: Topic\nmetadata: {name: b}\nspec: {cluster: oen}",
                "kind: Topic\nmetadata: {name: a, namespace: demo}\nspec: {cluster: one}",
            ]),
            None,
        )
        .unwrap();
        assert_eq!(chosen.topics.len(), 1);
        assert_eq!(chosen.strays.len(), 2);
        assert!(
            chosen.strays[0].contains("did you mean \"one\"?"),
            "{}",
            chosen.strays[0]
        );
    }

    #[test]
    fn none_and_several_want_something_to_be_done() {
        assert!(
            choose(objects(&[]), None)
                .unwrap_err()
                .help
                .contains("kind: Cluster")
        );
        let several = choose(objects(&[ONE, TWO]), None).unwrap_err();
        assert!(
            several.help.contains("--cluster one") && several.help.contains("--cluster two"),
            "{several}"
        );
        assert_eq!(
            choose(objects(&[ONE, TWO]), Some("two"))
                .unwrap()
                .cluster
                .id
                .name,
            "two"
        );
        assert!(
            choose(objects(&[ONE]), Some("oen"))
                .unwrap_err()
                .help
                .contains("\"one\"")
        );
        let same = choose(objects(&[TWO, TWO_ELSEWHERE]), Some("two")).unwrap_err();
        assert!(same.help.contains("--cluster demo/two"), "{same}");
        let demo = choose(objects(&[TWO, TWO_ELSEWHERE]), Some("demo/two")).unwrap();
        assert_eq!(demo.cluster.id.namespace, "demo");
    }
}

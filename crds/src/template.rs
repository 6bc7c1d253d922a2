//! The definitions as templates of the Helm chart: the same YAML as beside this package, with the
//! switches that a chart needs around it.
//!
//! Helm installs a chart's `crds/` folder once and never upgrades it; as templates they are upgraded
//! with the rest. Knows the names of two values, `crds.enabled` and `crds.keep`, and of the helper
//! for labels.

use crate::schema::{self, Body};

/// The generated templates: file name and content of each definition.
pub fn templates() -> Result<Vec<(String, String)>, Box<dyn std::error::Error>> {
    let bodies = schema::bodies()?;
    bodies.into_iter().map(template).collect()
}

fn template(body: Body) -> Result<(String, String), Box<dyn std::error::Error>> {
    let Body { plural, name, yaml } = body;
    // Nothing in it may be taken for a template; a description that needs braces has to do without.
    if yaml.contains("{{") {
        return Err(format!("{plural}: \"{{{{\" in a definition would be a template").into());
    }
    let head = format!("metadata:\n  name: {name}\n");
    let (kind, spec) = yaml
        .split_once(&head)
        .ok_or_else(|| format!("{plural}: metadata has more than a name"))?;
    let text = format!(
        r#"{{{{- /* Generated from the types in crds/src by crdgen; do not edit. */ -}}}}
{{{{- if .Values.crds.enabled }}}}
{kind}{head}  labels:
    {{{{- include "eddyline.labels" . | nindent 4 }}}}
  {{{{- if .Values.crds.keep }}}}
  annotations:
    helm.sh/resource-policy: keep
  {{{{- end }}}}
{spec}{{{{- end }}}}
"#
    );
    Ok((format!("{plural}.yaml"), text))
}

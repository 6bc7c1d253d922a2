//! The plugins a worker carries, found by class name.

use std::sync::Arc;

use super::Plugin;

/// All plugins of a worker.
#[derive(Debug, Clone)]
pub struct Registry {
    plugins: Vec<Arc<dyn Plugin>>,
}

/// No plugin answers to the class.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "find connector class {class}: this worker has {known}{}",
    nearest.as_ref().map(|name| format!("; did you mean {name}?")).unwrap_or_default()
)]
pub struct UnknownClass {
    /// The class that was asked for.
    pub class: String,
    /// The classes there are, separated by commas.
    pub known: String,
    /// The class or alias that looks most like it.
    pub nearest: Option<String>,
}

impl Registry {
    /// A registry of these plugins; the first that answers to a class wins.
    pub fn new(plugins: Vec<Arc<dyn Plugin>>) -> Self {
        Self { plugins }
    }

    /// All plugins in their order.
    pub fn plugins(&self) -> &[Arc<dyn Plugin>] {
        &self.plugins
    }

    /// The plugin that `connector.class` names, by its class or an alias.
    ///
    /// # Errors
    /// [`UnknownClass`] names what there is.
    pub fn find(&self, class: &str) -> Result<Arc<dyn Plugin>, UnknownClass> {
        let answers = |plugin: &&Arc<dyn Plugin>| {
            plugin.class() == class || plugin.aliases().contains(&class)
        };
        self.plugins
            .iter()
            .find(answers)
            .cloned()
            .ok_or_else(|| self.unknown(class))
    }

    fn unknown(&self, class: &str) -> UnknownClass {
        let names = self.plugins.iter().flat_map(|plugin| {
            std::iter::once(plugin.class()).chain(plugin.aliases().iter().copied())
        });
        UnknownClass {
            class: class.to_owned(),
            known: self
                .plugins
                .iter()
                .map(|p| p.class())
                .collect::<Vec<_>>()
                .join(", "),
            nearest: super::validation::nearest(class, names),
        }
    }
}

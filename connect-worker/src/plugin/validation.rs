//! The verdict on a configuration: Connect's `ConfigInfos`, plus notes on settings that are
//! accepted but change nothing. The engine applies definitions to values; it knows no plugin.

use std::fmt;

use serde::Serialize;

use super::{Config, Definition, Effect, Kind};

/// A name is "near" another when Jaro-Winkler likeness reaches this.
const NEAR: f64 = 0.8;

/// What stands in for the value of a password.
pub(crate) const HIDDEN: &str = "[hidden]";

/// The verdict on one configuration. Serialised it is the body of
/// `PUT /connector-plugins/{plugin}/config/validate`.
#[derive(Debug, Clone, Serialize)]
pub struct Validation {
    /// The plugin's class.
    pub name: String,
    /// How many errors stand in `configs`.
    pub error_count: usize,
    /// The groups of the definitions, in order.
    pub groups: Vec<String>,
    /// Every known setting and every unknown one that was given, with values and errors.
    pub configs: Vec<ConfigInfo>,
    /// Given settings that are accepted and change nothing, or mean something else than people
    /// may expect. For the log and the screen: Connect's answer has no place for them, there the
    /// documentation of the definition says it.
    #[serde(skip)]
    pub notes: Vec<Note>,
}

/// One setting with its value.
#[derive(Debug, Clone, Serialize)]
pub struct ConfigInfo {
    /// What it is.
    pub definition: Definition,
    /// What was given.
    pub value: ConfigValue,
}

/// A given or defaulted value and what is wrong with it.
#[derive(Debug, Clone, Serialize)]
pub struct ConfigValue {
    /// The key in the configuration.
    pub name: String,
    /// The value that holds; passwords are hidden.
    pub value: Option<String>,
    /// Values to choose from.
    pub recommended_values: Vec<String>,
    /// What is wrong with it, each with what to write instead.
    pub errors: Vec<String>,
    /// Whether a form shows it.
    pub visible: bool,
}

/// Something to know about a setting that is no error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The key in the configuration.
    pub name: String,
    /// What to know.
    pub message: String,
}

/// What is wrong with one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The key in the configuration.
    pub name: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// A configuration was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct InvalidConfig {
    /// All findings; never empty.
    pub errors: Vec<ConfigError>,
}

impl fmt::Display for InvalidConfig {
    /// The first line is worded as Connect's, for scripts look for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.errors.len();
        write!(
            f,
            "Connector configuration is invalid and contains the following {count} error(s):"
        )?;
        self.errors
            .iter()
            .try_for_each(|error| write!(f, "\n{}: {}", error.name, error.message))
    }
}

impl Validation {
    /// Applies `definitions` to `config`. `known` finds definitions of whole families, such as
    /// `producer.override.…`, for keys that `definitions` does not list.
    pub(crate) fn new(
        class: &str,
        definitions: &[Definition],
        known: impl Fn(&str) -> Option<Definition>,
        config: &Config,
    ) -> Self {
        let listed = definitions.iter().cloned();
        let extra = config
            .keys()
            .filter(|key| {
                !definitions
                    .iter()
                    .any(|definition| definition.name == **key)
            })
            .map(|key| known(key).unwrap_or_else(|| unknown(key, definitions)));
        let configs: Vec<_> = listed
            .chain(extra)
            .map(|definition| ConfigInfo {
                value: judge(&definition, config.get(&*definition.name)),
                definition,
            })
            .collect();
        let mut groups: Vec<String> = Vec::new();
        for info in &configs {
            if !groups.iter().any(|group| group == info.definition.group) {
                groups.push(info.definition.group.to_owned());
            }
        }
        let notes = configs
            .iter()
            .filter_map(|info| note(info, config))
            .collect();
        let mut validation = Self {
            name: class.to_owned(),
            error_count: 0,
            groups,
            configs,
            notes,
        };
        validation.count();
        validation
    }

    /// Adds an error to the setting called `name`.
    pub(crate) fn refuse(&mut self, name: &str, message: impl Into<String>) {
        if let Some(info) = self.configs.iter_mut().find(|info| info.value.name == name) {
            info.value.errors.push(message.into());
        }
        self.count();
    }

    /// Adds a note on the setting called `name`.
    pub(crate) fn remark(&mut self, name: &str, message: impl Into<String>) {
        self.notes.push(Note {
            name: name.to_owned(),
            message: message.into(),
        });
    }

    /// All findings, or none.
    ///
    /// # Errors
    /// [`InvalidConfig`] when there is at least one.
    pub fn check(&self) -> Result<(), InvalidConfig> {
        let errors: Vec<_> = self
            .configs
            .iter()
            .flat_map(|info| {
                info.value.errors.iter().map(|message| ConfigError {
                    name: info.value.name.clone(),
                    message: message.clone(),
                })
            })
            .collect();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(InvalidConfig { errors })
        }
    }

    fn count(&mut self) {
        self.error_count = self
            .configs
            .iter()
            .map(|info| info.value.errors.len())
            .sum();
    }
}

/// The name in `names` that looks most like `name`, if one does.
pub(crate) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let wanted = name.to_lowercase();
    names
        .into_iter()
        .map(|candidate| {
            (
                strsim::jaro_winkler(&wanted, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate.to_owned())
}

/// A stand-in definition for a key nobody knows; always refused.
fn unknown(key: &str, definitions: &[Definition]) -> Definition {
    let names = definitions
        .iter()
        .filter(|definition| !matches!(definition.effect, Effect::Refused(_)))
        .map(|definition| &*definition.name);
    let hint = nearest(key, names).map(|name| format!("; did you mean {name}?"));
    let text = format!(
        "is not a setting of this connector{}",
        hint.unwrap_or_default()
    );
    let mut definition = Definition::free(key, "Unknown", text);
    definition.effect = Effect::Unknown;
    definition
}

fn judge(definition: &Definition, given: Option<&String>) -> ConfigValue {
    let mut errors = Vec::new();
    if let Some(value) = given {
        errors.extend(fault(definition, value));
    } else if definition.required {
        errors.push(format!(
            "is required and has no default; set {}",
            definition.name
        ));
    }
    let value = given
        .map(String::as_str)
        .or(definition.default_value.as_deref());
    let hidden = definition.kind == Kind::Password;
    ConfigValue {
        name: definition.name.to_string(),
        value: value.map(|value| if hidden { HIDDEN } else { value }.to_owned()),
        recommended_values: definition
            .recommended
            .iter()
            .map(ToString::to_string)
            .collect(),
        errors,
        visible: given.is_some() || !matches!(definition.effect, Effect::Refused(_)),
    }
}

/// What is wrong with a given value, if anything.
fn fault(definition: &Definition, value: &str) -> Option<String> {
    match definition.effect {
        // Empty is Connect's own default of these settings and asks for nothing.
        Effect::Refused(_) if value.trim().is_empty() => None,
        Effect::Refused(reason) => Some(format!("is refused: {reason}")),
        Effect::Unknown => Some(definition.documentation.to_string()),
        Effect::None(_) => None,
        Effect::Used => match typed(definition.kind, value) {
            Err(message) => Some(message),
            Ok(()) => definition.check.and_then(|check| check(value).err()),
        },
    }
}

fn typed(kind: Kind, value: &str) -> Result<(), String> {
    let value = value.trim();
    let fits = match kind {
        Kind::Boolean => matches!(value.to_ascii_lowercase().as_str(), "true" | "false"),
        Kind::Int => value.parse::<i32>().is_ok(),
        Kind::Long => value.parse::<i64>().is_ok(),
        Kind::Double => value.parse::<f64>().is_ok_and(f64::is_finite),
        Kind::String | Kind::List | Kind::Class | Kind::Password => true,
    };
    let wanted = match kind {
        Kind::Boolean => "true or false",
        Kind::Int => "a whole number of 32 bits",
        Kind::Long => "a whole number of 64 bits",
        _ => "a number",
    };
    if fits {
        Ok(())
    } else {
        Err(format!("is {value:?}; write {wanted}"))
    }
}

fn note(info: &ConfigInfo, config: &Config) -> Option<Note> {
    let name = &info.value.name;
    match info.definition.effect {
        Effect::None(reason) if config.contains_key(name) => Some(Note {
            name: name.clone(),
            message: format!("has no effect here: {reason}"),
        }),
        _ => None,
    }
}

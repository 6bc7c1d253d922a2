//! How a setting is described: the shape of Connect's `ConfigKeyInfo`, plus what this worker does
//! with it.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Serialize;

/// Judges one value; the message says what to write instead.
pub(crate) type Check = fn(&str) -> Result<(), String>;

/// One known setting. Serialised it is an element of `GET /connector-plugins/{plugin}/config`.
#[derive(Debug, Clone, Serialize)]
pub struct Definition {
    /// The key in the configuration.
    pub name: Cow<'static, str>,
    /// The type of its value.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Whether a configuration without it is refused.
    pub required: bool,
    /// What holds when it is not given.
    pub default_value: Option<Cow<'static, str>>,
    /// How much it matters.
    pub importance: Importance,
    /// What it means, in a sentence or two.
    pub documentation: Cow<'static, str>,
    /// The group it is shown in.
    pub group: &'static str,
    /// Its place in the group, from 1.
    pub order: i32,
    /// How wide a form shows it.
    pub width: Width,
    /// Its name for people.
    pub display_name: Cow<'static, str>,
    /// Settings whose meaning hangs on this one.
    pub dependents: &'static [&'static str],
    /// What this worker does with it.
    #[serde(skip)]
    pub effect: Effect,
    /// Values to choose from.
    #[serde(skip)]
    pub recommended: &'static [&'static str],
    /// Judges values beyond their type.
    #[serde(skip)]
    pub(crate) check: Option<Check>,
}

/// What this worker does with a known setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is followed.
    Used,
    /// It is accepted and changes nothing, for this reason.
    None(&'static str),
    /// A configuration with it is refused, for this reason.
    Refused(&'static str),
    /// There is no such setting: refused with the documentation as the message.
    Unknown,
}

/// Types of values, as Connect's `ConfigDef.Type` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// Text.
    String,
    /// A 32-bit whole number.
    Int,
    /// A 64-bit whole number.
    Long,
    /// A number with a fraction.
    Double,
    /// Names separated by commas.
    List,
    /// A class name.
    Class,
    /// Text that is never shown.
    Password,
}

/// How much a setting matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Importance {
    /// Look at it first.
    High,
    /// Often left alone.
    Medium,
    /// Seldom touched.
    Low,
}

/// How wide a form shows a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Width {
    /// A number or a word.
    Short,
    /// A name.
    Medium,
    /// A sentence or a list.
    Long,
}

impl Definition {
    /// A setting that is followed, optional, and without default.
    pub(crate) fn new(
        name: impl Into<Cow<'static, str>>,
        kind: Kind,
        group: &'static str,
        documentation: impl Into<Cow<'static, str>>,
    ) -> Self {
        let name = name.into();
        Self {
            display_name: display_name(&name).into(),
            name,
            kind,
            required: false,
            default_value: None,
            importance: Importance::Medium,
            documentation: documentation.into(),
            group,
            order: 1,
            width: match kind {
                Kind::Boolean | Kind::Int | Kind::Long | Kind::Double => Width::Short,
                Kind::String | Kind::Class | Kind::Password => Width::Medium,
                Kind::List => Width::Long,
            },
            dependents: &[],
            effect: Effect::Used,
            recommended: &[],
            check: None,
        }
    }

    /// A setting whose name only the user knows. What may be a secret never shows in an answer.
    pub(crate) fn free(name: &str, group: &'static str, text: String) -> Self {
        let secret = ["password", "secret", "token", "jaas", "key", "auth"];
        let secret = secret.iter().any(|word| name.to_lowercase().contains(word));
        let kind = if secret { Kind::Password } else { Kind::String };
        Self::new(name.to_owned(), kind, group, text)
    }

    /// Makes it one that must be given.
    pub(crate) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Names what holds when it is not given.
    pub(crate) fn default(mut self, value: &'static str) -> Self {
        self.default_value = Some(Cow::Borrowed(value));
        self
    }

    /// Says how much it matters.
    pub(crate) fn importance(mut self, importance: Importance) -> Self {
        self.importance = importance;
        self
    }

    /// Names the values to choose from.
    pub(crate) fn recommend(mut self, values: &'static [&'static str]) -> Self {
        self.recommended = values;
        self
    }

    /// Adds a judgement of the value beyond its type.
    pub(crate) fn check(mut self, check: Check) -> Self {
        self.check = Some(check);
        self
    }

    /// Names the settings that hang on it.
    pub(crate) fn dependents(mut self, names: &'static [&'static str]) -> Self {
        self.dependents = names;
        self
    }

    /// Accepts it without doing anything, for `reason`; its documentation says so first.
    pub(crate) fn without_effect(mut self, reason: &'static str) -> Self {
        self.effect = Effect::None(reason);
        self.importance = Importance::Low;
        self.documentation =
            format!("Without effect here: {reason}. {}", self.documentation).into();
        self
    }

    /// Refuses every configuration with it, for `reason`; its documentation says so first.
    pub(crate) fn refused(mut self, reason: &'static str) -> Self {
        self.effect = Effect::Refused(reason);
        self.importance = Importance::Low;
        self.documentation = format!("Refused here: {reason}. {}", self.documentation).into();
        self
    }
}

/// Gives each definition its place in its group.
pub(crate) fn numbered(mut definitions: Vec<Definition>) -> Vec<Definition> {
    let mut places: BTreeMap<&str, i32> = BTreeMap::new();
    for definition in &mut definitions {
        let place = places.entry(definition.group).or_default();
        *place += 1;
        definition.order = *place;
    }
    definitions
}

/// `max.interval` reads "Max interval".
fn display_name(name: &str) -> String {
    let words = name.replace(['.', '_'], " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

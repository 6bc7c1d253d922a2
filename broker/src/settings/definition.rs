//! The shape of one row in a table of settings, and how an unknown name finds its neighbour.

use crate::settings::kind::Kind;

/// One setting a topic or the broker has.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    pub name: &'static str,
    pub kind: Kind,
    /// The default as it is reported; `None` is reported as null.
    pub default: Option<&'static str>,
    /// For a topic setting: the broker setting whose value it takes when it is not set itself.
    pub broker_name: Option<&'static str>,
    /// Whether `IncrementalAlterConfigs` may change it while the broker runs.
    pub dynamic: bool,
    pub doc: &'static str,
}

/// A setting that the tables do not have, with the nearest one they have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown setting {name}{}", did_you_mean(.nearest.as_deref()))]
pub struct UnknownSetting {
    pub name: String,
    pub nearest: Option<String>,
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!(": did you mean {nearest}?"))
}

/// Names longer than any real one are not measured: the work grows with their length.
const MEASURED_NAME_BYTES: usize = 128;

impl UnknownSetting {
    /// Finds the nearest of `names`: at most a third of its letters apart.
    pub fn among<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Self {
        let nearest = (name.len() <= MEASURED_NAME_BYTES)
            .then(|| {
                names
                    .map(|known| (strsim::damerau_levenshtein(name, known), known))
                    .min_by_key(|(distance, _)| *distance)
            })
            .flatten()
            .filter(|(distance, known)| *distance <= known.len() / 3)
            .map(|(_, known)| known.to_owned());
        Self {
            name: shortened(name),
            nearest,
        }
    }
}

/// A name fit for a message: what a client sent may be a megabyte long.
fn shortened(name: &str) -> String {
    name.chars().take(MEASURED_NAME_BYTES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_when_it_is_near() {
        let names = ["retention.ms", "retention.bytes", "segment.ms"];
        let cases = [
            (
                "retention.m",
                "unknown setting retention.m: did you mean retention.ms?",
            ),
            (
                "retenton.bytes",
                "unknown setting retenton.bytes: did you mean retention.bytes?",
            ),
            ("color", "unknown setting color"),
        ];
        for (name, message) in cases {
            assert_eq!(
                UnknownSetting::among(name, names.into_iter()).to_string(),
                message
            );
        }
        let long = UnknownSetting::among(&"x".repeat(1_000_000), names.into_iter());
        assert_eq!(long.name.len(), MEASURED_NAME_BYTES);
    }
}

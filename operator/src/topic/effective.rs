//! What a topic's settings in effect mean in the words of the YAML. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crds::{Duration, Size, topic::EffectiveRetention};

use crate::ports::broker_admin::Setting;

/// Retention in effect; `None` where the broker does not say.
pub fn retention(settings: &BTreeMap<String, Setting>) -> Option<EffectiveRetention> {
    let retention = EffectiveRetention {
        time: value(settings, "retention.ms").map(time),
        size: value(settings, "retention.bytes").map(size),
    };
    (retention != EffectiveRetention::default()).then_some(retention)
}

/// Cleanup policy in effect, as `spec.cleanupPolicy` has it.
pub fn cleanup_policy(settings: &BTreeMap<String, Setting>) -> Option<String> {
    let text = value(settings, "cleanup.policy")?;
    let words: BTreeSet<_> = text.split(',').map(str::trim).collect();
    let known = match words.into_iter().collect::<Vec<_>>()[..] {
        ["delete"] => "Delete",
        ["compact"] => "Compact",
        ["compact", "delete"] => "CompactDelete",
        _ => text,
    };
    Some(known.to_owned())
}

fn value<'a>(settings: &'a BTreeMap<String, Setting>, name: &str) -> Option<&'a str> {
    settings.get(name)?.value.as_deref()
}

fn time(text: &str) -> String {
    match text.trim().parse::<i64>() {
        Ok(..0) => "Forever".to_owned(),
        Ok(millis) => {
            let duration = u64::try_from(millis).ok().and_then(Duration::from_millis);
            duration.map_or_else(|| format!("{millis}ms"), |duration| duration.to_string())
        }
        Err(_) => text.to_owned(),
    }
}

fn size(text: &str) -> String {
    match text.trim().parse::<i64>() {
        Ok(..0) => "Unlimited".to_owned(),
        Ok(bytes) => {
            let size = u64::try_from(bytes).ok().and_then(Size::from_bytes);
            size.map_or_else(|| bytes.to_string(), |size| size.to_string())
        }
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::broker_admin::SettingOrigin;

    #[test]
    fn brokers_numbers_become_the_words_of_the_yaml() {
        for (text, in_time, in_size) in [
            ("86400000", "1d", "84375Ki"),
            ("-1", "Forever", "Unlimited"),
            ("0", "0ms", "0"),
            ("1073741824", "1073741824ms", "1Gi"),
            ("1001", "1001ms", "1001"),
            (
                "9223372036854775807",
                "9223372036854775807ms",
                "9223372036854775807",
            ),
            ("a lot", "a lot", "a lot"),
        ] {
            assert_eq!(
                (time(text).as_str(), size(text).as_str()),
                (in_time, in_size)
            );
        }
    }

    #[test]
    fn cleanup_policies_have_their_yaml_names() {
        for (text, word) in [
            ("delete", "Delete"),
            ("compact", "Compact"),
            ("delete, compact", "CompactDelete"),
            ("other", "other"),
        ] {
            let setting = Setting {
                value: Some(text.to_owned()),
                origin: SettingOrigin::Topic,
            };
            let settings = BTreeMap::from([("cleanup.policy".to_owned(), setting)]);
            assert_eq!(cleanup_policy(&settings).as_deref(), Some(word));
        }
        assert_eq!(cleanup_policy(&BTreeMap::new()), None);
    }
}

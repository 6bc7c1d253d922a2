//! Settings of a topic as flags: `--config NAME=VALUE`, and the one that everybody changes as a time.

use std::collections::BTreeMap;

use crds::duration::TimeLimit;

use crate::failure::Failure;

const RETENTION: &str = "retention.ms";

/// The flags.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Settings {
    /// A setting by its Kafka name; may be repeated.
    #[arg(short, long = "config", value_name = "NAME=VALUE", value_parser = pair)]
    config: Vec<(String, String)>,
    /// How long records are kept, such as 1d, 12h or Forever.
    #[arg(long, value_name = "TIME")]
    retention: Option<TimeLimit>,
}

impl Settings {
    /// The settings by their Kafka names.
    ///
    /// # Errors
    /// One is given twice.
    pub(super) fn by_name(self) -> Result<BTreeMap<String, String>, Failure> {
        let retention = self.retention.map(|limit| {
            let millis = match limit {
                TimeLimit::Forever => "-1".to_owned(),
                TimeLimit::For(time) => time.as_millis().to_string(),
            };
            (RETENTION.to_owned(), millis)
        });
        let mut settings = BTreeMap::new();
        for (name, value) in self.config.into_iter().chain(retention) {
            if settings.insert(name.clone(), value).is_some() {
                let what = format!("the setting {name} is given twice");
                return Err(Failure::usage(what, "--retention is retention.ms"));
            }
        }
        Ok(settings)
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("write NAME=VALUE, such as retention.ms=86400000")?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

/// Milliseconds of a setting as people say them: "1d", "forever".
pub(super) fn time_in_words(millis: &str) -> String {
    let millis = match millis.parse::<i64>() {
        Ok(millis) if millis < 0 => return "forever".to_owned(),
        Ok(millis) => millis.unsigned_abs(),
        Err(_) => return millis.to_owned(),
    };
    crds::Duration::from_millis(millis).map_or_else(|| "0ms".to_owned(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(
        config: &[&str],
        retention: Option<&str>,
    ) -> Result<BTreeMap<String, String>, Failure> {
        let settings = Settings {
            config: config.iter().map(|text| pair(text).unwrap()).collect(),
            retention: retention.map(|text| text.parse().unwrap()),
        };
        settings.by_name()
    }

    #[test]
    fn retention_is_a_setting_like_others() {
        let given = settings(&["segment.ms=5", "a=b=c"], Some("1d")).unwrap();
        assert_eq!(given["retention.ms"], "86400000");
        assert_eq!(given["segment.ms"], "5");
        assert_eq!(given["a"], "b=c");
        assert_eq!(
            settings(&[], Some("Forever")).unwrap()["retention.ms"],
            "-1"
        );
        assert!(settings(&["retention.ms=1"], Some("1d")).is_err());
        assert!(pair("retention.ms").is_err());
    }

    #[test]
    fn a_time_is_told_as_people_say_it() {
        for (millis, words) in [
            ("86400000", "1d"),
            ("-1", "forever"),
            ("1500", "1500ms"),
            ("0", "0ms"),
            ("?", "?"),
        ] {
            assert_eq!(time_in_words(millis), words);
        }
    }
}

//! What the environment says apart from flags: where data lives, and whether colour is wanted. Read once, from `main`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Folders and wishes from environment variables.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    home: Option<PathBuf>,
    data_home: Option<PathBuf>,
    runtime_dir: Option<PathBuf>,
    /// `NO_COLOR` is set to something (<https://no-color.org>).
    pub no_color: bool,
    /// `TERM` says that the terminal knows no control sequences.
    pub dumb_terminal: bool,
}

impl Environment {
    pub fn from_variables(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            // The XDG specification: a relative path counts as unset.
            let folder = Some(PathBuf::from(&value)).filter(|path| path.is_absolute());
            match name.to_str() {
                Some("HOME") => environment.home = folder,
                Some("XDG_DATA_HOME") => environment.data_home = folder,
                Some("XDG_RUNTIME_DIR") => environment.runtime_dir = folder,
                Some("NO_COLOR") => environment.no_color = !value.is_empty(),
                Some("TERM") => environment.dumb_terminal = value == "dumb",
                _ => {}
            }
        }
        environment
    }

    /// `$XDG_DATA_HOME/eddyline`, else `~/.local/share/eddyline`; `None` where neither is known.
    pub fn data_folder(&self) -> Option<PathBuf> {
        let base = self
            .data_home
            .clone()
            .or_else(|| Some(self.home.as_ref()?.join(".local/share")))?;
        Some(base.join("eddyline"))
    }

    /// Where running processes leave their addresses: it must be the same for `up` and the tools of one user.
    pub fn run_folder(&self) -> Option<PathBuf> {
        match &self.runtime_dir {
            Some(folder) => Some(folder.join("eddyline")),
            None => Some(self.data_folder()?.join("run")),
        }
    }

    /// The path with the home folder as `~`, for people.
    pub fn shown(&self, path: &Path) -> String {
        match self
            .home
            .as_ref()
            .and_then(|home| path.strip_prefix(home).ok())
        {
            Some(rest) => format!("~/{}", rest.display()),
            None => path.display().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::from_variables(
            variables
                .iter()
                .map(|(name, value)| (name.into(), value.into())),
        )
    }

    #[test]
    fn folders_follow_the_xdg_rules() {
        let plain = environment(&[("HOME", "/srv/ada")]);
        assert_eq!(
            plain.data_folder(),
            Some("/srv/ada/.local/share/eddyline".into())
        );
        assert_eq!(
            plain.run_folder(),
            Some("/srv/ada/.local/share/eddyline/run".into())
        );
        assert_eq!(plain.shown(Path::new("/srv/ada/x")), "~/x");
        assert_eq!(plain.shown(Path::new("/srv/x")), "/srv/x");

        let set = environment(&[
            ("HOME", "/srv/ada"),
            ("XDG_DATA_HOME", "/d"),
            ("XDG_RUNTIME_DIR", "/run/user/1"),
        ]);
        assert_eq!(set.data_folder(), Some("/d/eddyline".into()));
        assert_eq!(set.run_folder(), Some("/run/user/1/eddyline".into()));

        assert_eq!(
            environment(&[("XDG_DATA_HOME", "relative")]).data_folder(),
            None
        );
    }

    #[test]
    fn an_empty_no_color_means_nothing() {
        assert!(!environment(&[("NO_COLOR", "")]).no_color);
        assert!(environment(&[("NO_COLOR", "1")]).no_color);
    }
}

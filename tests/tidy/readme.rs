//! The README's claims about the tree.

use tests::paths;

use crate::sources;

fn readme() -> String {
    std::fs::read_to_string(paths::root().join("README.md")).expect("README.md")
}

#[test]
fn the_code_map_names_every_top_folder() {
    let readme = readme();
    let mut folders: Vec<String> = sources::all()
        .iter()
        .filter_map(|source| {
            source
                .path
                .split_once('/')
                .map(|(folder, _)| folder.to_owned())
        })
        .filter(|folder| folder != ".cargo")
        .collect();
    folders.sort();
    folders.dedup();
    for folder in folders {
        assert!(
            readme.contains(&format!("`{folder}/")),
            "the README's code map lacks `{folder}/`"
        );
    }
}

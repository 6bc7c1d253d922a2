//! `eddyline broker check`: what it finds in a stopped broker's folder, and that it changes nothing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tests::manifest::Manifest;
use tests::program::{self, Program};
use tests::{kafka, wait};

const PATIENCE: Duration = Duration::from_secs(30);

/// Exit code, standard output and standard error.
fn check(folder: &Path) -> (Option<i32>, String, String) {
    let out = program::run(&["broker", "check", folder.to_str().unwrap()]);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

/// The largest segment below a folder.
fn segment(folder: &Path) -> PathBuf {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let (path, size) = (entry.path(), entry.metadata().unwrap().len());
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "log") {
                files.push((size, path));
            }
        }
    }
    files.into_iter().max().unwrap().1
}

#[test]
fn damage_is_named_by_topic_partition_and_offset() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = Manifest::topic("orders").orders("500").write(files.path());
    let (up, ready) = Program::up(&file, data.path(), &[]);
    wait::until("orders", PATIENCE, || {
        (kafka::count(&ready.kafka, "orders") >= 500).then_some(())
    });
    let (code, _, talk) = check(data.path());
    assert_eq!(code, Some(1), "{talk}");
    assert!(talk.contains("in use by another broker"), "{talk}");
    assert_eq!(up.interrupt(PATIENCE), Some(0));

    let (code, said, talk) = check(data.path());
    assert_eq!(code, Some(0), "{said}{talk}");
    assert!(
        said.contains("no damage found") && said.contains("stopped in order"),
        "{said}"
    );
    let path = segment(data.path());
    let mut bytes = std::fs::read(&path).unwrap();
    // In a record: not every byte of a batch's header is under its checksum.
    let words = bytes.windows(7).position(|words| words == b"address");
    bytes[words.unwrap()] ^= 0xff;
    std::fs::write(&path, &bytes).unwrap();
    for _ in 0..2 {
        let (code, said, talk) = check(data.path());
        assert_eq!(code, Some(1), "{said}");
        assert!(
            said.contains("damaged: orders partition 0, offsets "),
            "{said}"
        );
        assert!(talk.contains("one place is damaged"), "{talk}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "nothing is changed");

    let (code, _, talk) = check(files.path());
    assert_eq!(code, Some(1));
    assert!(talk.contains("holds no broker's data"), "{talk}");
}

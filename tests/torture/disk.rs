//! A volume filled to its end, again and again, without a restart: the broker refuses records and topics in time, still serves
//! readers and keeps their offsets, and takes records again once a topic is deleted.
//!
//! The volume is an ext4 of 256 MiB in a file, mounted through a loop device in a mount namespace of the broker's own: nobody else
//! sees it, and it is gone with the broker, however that ends. Where there are no loop devices a tmpfs of the same size stands in.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tests::direct::Direct;
use tests::history::{Event, History, Name, Place, Violation};
use tests::load::reader;
use tests::load::{Shared, Target, now_ms, value};
use tests::program::Program;
use tests::random::Random;
use tests::wait;
use wire::ErrorCode;
use wire::record_batch::BatchBuilder;

use crate::folder::Folder;
use crate::{child, say, stop};

const VOLUME_BYTES: u64 = 256 << 20;
/// No volume takes more batches than this before it is full.
const MOST_BATCHES: u64 = 4 * VOLUME_BYTES / BATCH_BYTES;
const BATCH_BYTES: u64 = 512 << 10;
/// Refused so often in a row, it is full for good: several checkpoints, one a second at most, have passed.
const STAYS_REFUSED: u32 = 40;
const BETWEEN_REFUSALS: Duration = Duration::from_millis(100);
const CALL: Duration = Duration::from_secs(30);
/// Until the room of a deleted topic is free.
const PATIENCE: Duration = Duration::from_mins(1);
const KEPT: &str = "kept";
const PRODUCER: u32 = 1;
const GROUP: &str = "readers";

struct Volume {
    folder: Folder,
    kind: &'static str,
    program: Program,
    address: String,
}

/// Fills the volume `rounds` times; what came of it, or why it was left out.
pub(crate) fn run(rounds: u32, seed: u64) -> Result<String, String> {
    let mut volume = mount()?;
    say(&format!("   {} of 256 MiB", volume.kind));
    let direct = Direct::open(&volume.address, CALL).unwrap();
    let mut random = Random::new(seed);
    let kept = Topic::make(&direct, &volume.address, KEPT);
    let mut number = 0;
    let (mut done, mut refused, mut taken_in_all) = (0, 0, 0);
    for round in 1..=rounds {
        // Something that has to outlive every fullness.
        for _ in 0..=random.below(20) {
            kept.must_take(&direct, number);
            number += 1;
        }
        let filler = Topic::make(&direct, &volume.address, &format!("filler-{round}"));
        let (taken, no) = filler.fill(&direct);
        taken_in_all += taken;
        refused += no;
        say(&format!(
            "   round {round}: {taken} batches taken, {no} refused, {} MiB used",
            volume.used_bytes() >> 20
        ));
        serves_while_full(&direct, &kept, &filler, round.into());
        assert_eq!(direct.delete(&filler.target.topic).unwrap(), 0, "delete");
        wait::until("room again", PATIENCE, || {
            let taken = kept.send(&direct, number, 1);
            number += 1;
            (taken == 0).then_some(())
        });
        kept.check(&format!("round {round}"));
        assert!(
            volume.program.ended().is_none(),
            "{}",
            volume.program.talk()
        );
        done = round;
        if stop::asked() {
            break;
        }
    }
    Ok(format!(
        "{} of 256 MiB filled {done} times, {refused} batches refused, {} MiB written in all; readers, commits and deletes \
         served each time; {number} records kept",
        volume.kind,
        (taken_in_all * BATCH_BYTES) >> 20
    ))
}

/// On the full volume: no record, no topic; but reads and commits.
fn serves_while_full(direct: &Direct, kept: &Topic, filler: &Topic, round: i64) {
    kept.check("full");
    filler.check("full");
    assert_eq!(direct.commit(GROUP, KEPT, round).unwrap(), 0, "commit");
    assert_eq!(direct.committed(GROUP, KEPT).unwrap(), round, "committed");
    let made = direct.create("one-too-many", 1).unwrap();
    assert_eq!(made, ErrorCode::KafkaStorageError.code(), "a topic made");
}

/// A topic with one partition, and what was seen of it.
struct Topic {
    target: Target,
    history: Shared,
}

impl Topic {
    fn make(direct: &Direct, address: &str, name: &str) -> Self {
        // Deleting frees room bit by bit: the first record may fit before the first topic does.
        wait::until("a topic to be made", PATIENCE, || {
            (direct.create(name, 1).unwrap() == 0).then_some(())
        });
        Self {
            target: Target {
                bootstrap: address.to_owned(),
                topic: name.to_owned(),
                partitions: 1,
            },
            history: Shared::new(History::of([])),
        }
    }

    /// Sends a batch of `records` records from `number` on; the error code.
    fn send(&self, direct: &Direct, number: u64, records: u64) -> i16 {
        let mut batch = BatchBuilder::default();
        let producer = PRODUCER;
        let names: Vec<_> = (number..number + records)
            .map(|number| Name { producer, number })
            .collect();
        for name in &names {
            self.history.tell_sent(*name);
            batch.push(None, Some(&value(*name)), now_ms());
        }
        let batch = batch.build();
        let answer = direct.produce(&self.target.topic, &[(0, &batch)]);
        let (code, base) = answer.unwrap()[0];
        for (name, offset) in names.iter().zip(base..) {
            self.history.tell(if code == 0 {
                let partition = 0;
                Event::Acked(*name, Place { partition, offset })
            } else {
                Event::Refused(*name)
            });
        }
        code
    }

    fn must_take(&self, direct: &Direct, number: u64) {
        assert_eq!(
            self.send(direct, number, 1),
            0,
            "produce to {}",
            self.target.topic
        );
    }

    /// Sends until it is refused for want of room, and stays refused: the shared log may give room back behind the records that it
    /// has handed on. Batches taken, and batches refused.
    fn fill(&self, direct: &Direct) -> (u64, u64) {
        // Records of about 760 bytes.
        let records = BATCH_BYTES / 760;
        let (mut taken, mut refused, mut in_a_row) = (0, 0, 0);
        for batch in 0..MOST_BATCHES {
            let code = self.send(direct, batch * records, records);
            if code == 0 {
                (taken, in_a_row) = (taken + 1, 0);
                continue;
            }
            let error = ErrorCode::from_code(code);
            assert_eq!(error, Some(ErrorCode::KafkaStorageError), "error {code}");
            (refused, in_a_row) = (refused + 1, in_a_row + 1);
            if in_a_row == STAYS_REFUSED {
                return (taken, refused);
            }
            wait::pass(BETWEEN_REFUSALS);
        }
        panic!("never refused for good: is the volume of the size it should have?");
    }

    fn check(&self, when: &str) {
        reader::scan(&self.target, &self.history);
        let history = self.history.look();
        let broken: Vec<String> = history
            .violations()
            .iter()
            .map(Violation::to_string)
            .collect();
        let topic = &self.target.topic;
        assert!(broken.is_empty(), "{topic}, {when}:\n{}", broken.join("\n"));
    }
}

impl Volume {
    /// What is used on the volume, seen through the broker's own view of the file system.
    fn used_bytes(&self) -> u64 {
        let inside = self.folder.path().join("volume");
        let path = format!("/proc/{}/root{}", self.program.id(), inside.display());
        let output = Command::new("stat")
            .args(["-f", "-c", "%b %f %S", &path])
            .output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        let text = text.unwrap_or_default();
        let mut numbers = text
            .split_whitespace()
            .map_while(|word| word.parse::<u64>().ok());
        let mut next = || numbers.next().unwrap_or_default();
        let (all, free, block) = (next(), next(), next());
        (all - free) * block
    }
}

/// A broker on a small volume: on a loop device, else on a tmpfs.
fn mount() -> Result<Volume, String> {
    let root = Command::new("id").arg("-u").output();
    if root.is_ok_and(|root| root.stdout.trim_ascii() != b"0") {
        return Err("mounting a volume needs root".to_owned());
    }
    let folder = Folder::new();
    let image = folder.path().join("image");
    let file = std::fs::File::create(&image).unwrap();
    file.set_len(VOLUME_BYTES).unwrap();
    let formatted = Command::new("mkfs.ext4").arg("-q").arg(&image).status();
    let image = image.to_string_lossy();
    let kinds = [
        ("an ext4 on a loop device", format!("mount -o loop {image}")),
        (
            "a tmpfs (no loop device)",
            "mount -t tmpfs -o size=256m tmpfs".to_owned(),
        ),
    ];
    let kinds = kinds
        .iter()
        .skip(usize::from(!formatted.is_ok_and(|status| status.success())));
    let place = folder.path().join("volume");
    std::fs::create_dir(&place).unwrap();
    for (kind, mount) in kinds {
        if can(mount, &place) {
            let address = child::free_address();
            let program = start(mount, &place, &address);
            return Ok(Volume {
                folder,
                kind,
                program,
                address,
            });
        }
    }
    Err("neither a loop device nor a tmpfs can be mounted".to_owned())
}

/// A command in a mount namespace of its own, in which the volume is mounted first.
fn inside(mount: &str, place: &Path, words: &[String]) -> Command {
    let script = format!("{mount} {} && exec \"$@\"", place.display());
    let mut command = child::bound("unshare");
    command.args([
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        &script,
        "sh",
    ]);
    command.args(words);
    command
}

fn can(mount: &str, place: &Path) -> bool {
    let output = inside(mount, place, &["true".to_owned()]).output();
    output.is_ok_and(|output| output.status.success())
}

fn start(mount: &str, place: &Path, address: &str) -> Program {
    let words = child::broker_words(address, &place.join("data"));
    let mut program = Program::start(inside(mount, place, &words));
    program.first_line(CALL);
    program
}

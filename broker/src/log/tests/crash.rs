//! The day of [`super::day`], cut off after every operation of the disk, with what was not synced lost, kept, reordered or
//! torn. Whatever is left opens, and keeps every promise made before the cut:
//! I1 acknowledged records are there, byte for byte; I2 an offset has one value; I3 the batch headers that producer state is
//! rebuilt from are there, in sequence; I7 log start, high watermark and leader epoch never go back.

use std::sync::Arc;

use super::{
    super::disk::simulated::{Crash, Simulated},
    day::{Day, Ground, History, tiny_options},
    *,
};

const CRASHES: [Crash; 5] = [
    Crash::Lost,
    Crash::Kept,
    Crash::Reordered,
    Crash::TornSectors,
    Crash::TornPages,
];

fn check(disk: &Simulated, history: &History, cut: usize) -> Result<(), String> {
    disk.kill();
    let (log, mut writer) = Log::open_idle(Arc::new(disk.clone()), tiny_options())
        .map_err(|refused| format!("does not open: {refused:?}"))?;
    if !log.recovery().damage.is_empty() {
        return Err(format!(
            "a crash was taken for damage: {:?}",
            log.recovery().damage
        ));
    }
    let known = history
        .epochs
        .iter()
        .filter(|(at, _)| *at <= cut)
        .map(|(_, epoch)| *epoch)
        .max();
    if log.recovery().leader_epoch < known.unwrap_or(0) {
        return Err(format!(
            "leader epoch went back to {}",
            log.recovery().leader_epoch
        ));
    }
    for partition in log.partitions() {
        check_partition(&log, history, partition, cut)?;
    }
    check_promises(&log, history, cut)?;
    // And life goes on where it ended.
    for partition in log.partitions() {
        let end = log.offsets(partition).unwrap().end;
        let ticket = log
            .append(vec![append(partition, batch(&values("later", 1), 0))])
            .unwrap();
        while log.stats().queued_bytes > 0 {
            writer.step(std::time::Instant::now()).unwrap();
        }
        if ticket.durable_blocking().unwrap()[0].base_offset != end {
            return Err(format!("{partition} does not go on at {end}"));
        }
    }
    Ok(())
}

fn check_partition(
    log: &Log,
    history: &History,
    partition: PartitionKey,
    cut: usize,
) -> Result<(), String> {
    let offsets = log.offsets(partition).unwrap();
    let starts = || {
        history
            .starts
            .iter()
            .filter(|start| start.partition == partition)
    };
    let visible = starts()
        .filter(|start| start.visible_at <= cut)
        .map(|start| start.offset)
        .max();
    let asked = starts()
        .filter(|start| start.asked_at <= cut)
        .map(|start| start.offset)
        .max();
    if offsets.start < visible.unwrap_or(0) || offsets.start > asked.unwrap_or(0) {
        return Err(format!(
            "{partition}: start {} is not in {visible:?}..={asked:?}",
            offsets.start
        ));
    }
    for (offset, value) in read_all(log, partition) {
        if history.values.get(&(partition, offset)) != Some(&value) {
            return Err(format!(
                "{partition}: offset {offset} was never {value:.20}"
            ));
        }
    }
    let mut headers = Vec::new();
    log.replay(partition, 0, Detail::Headers, &mut |batch| {
        headers.push(batch.header);
    })
    .map_err(|error| error.to_string())?;
    for header in &headers {
        if i64::from(header.base_sequence) != header.base_offset || header.producer_id != 7 {
            return Err(format!("{partition}: header of another batch: {header:?}"));
        }
    }
    let gap = headers
        .windows(2)
        .find(|pair| pair[0].next_offset() != pair[1].base_offset);
    let last = headers
        .last()
        .map(wire::record_batch::BatchHeader::next_offset);
    if gap.is_some() || last.is_some_and(|last| last != offsets.high_watermark) {
        return Err(format!(
            "{partition}: batches do not follow each other: {gap:?}, {last:?}"
        ));
    }
    Ok(())
}

fn check_promises(log: &Log, history: &History, cut: usize) -> Result<(), String> {
    for promise in &history.promises {
        let mut found = Vec::new();
        for (partition, base, values) in &promise.batches {
            if history.drops.get(partition).is_some_and(|&at| at <= cut) {
                continue;
            }
            let next = base + i64::try_from(values.len()).unwrap();
            let offsets = log.offsets(*partition);
            if offsets.is_some_and(|offsets| offsets.start >= next) {
                continue;
            }
            // The values were compared above; here it is enough that the offsets are there.
            found.push(offsets.is_some_and(|offsets| offsets.high_watermark >= next));
        }
        let acknowledged = promise.acknowledged_at.is_some_and(|at| at <= cut);
        if acknowledged && promise.flush == Flush::Sync && found.contains(&false) {
            return Err(format!(
                "acknowledged records are gone: {:.200}",
                format!("{promise:?}")
            ));
        }
        if found.contains(&true) && found.contains(&false) {
            return Err(format!(
                "half of an append is there: {:.200}",
                format!("{promise:?}")
            ));
        }
    }
    Ok(())
}

fn crash_everywhere(seed: u64, steps: usize) {
    let disk = Simulated::default();
    let mut day = Day::begin(Ground::Simulated(disk.clone()), seed);
    for _ in 0..steps {
        day.step();
    }
    let (_, history) = day.end();
    let mut random = Random(seed);
    for cut in 0..=disk.operation_count() {
        for crash in CRASHES {
            let left = disk.crash(cut, crash, &mut || random.next());
            if let Err(problem) = check(&left, &history, cut) {
                panic!("seed {seed}, {crash:?} after {cut} operations: {problem}");
            }
            // Recovery writes too, and can be cut off as well.
            if random.below(4) == 0 {
                check_second_crash(&left, &history, cut, &mut random).unwrap_or_else(|problem| {
                    panic!("seed {seed}, {crash:?} after {cut}: {problem}")
                });
            }
        }
    }
}

/// The first check appended records of its own, so only what recovery itself did is cut.
fn check_second_crash(
    disk: &Simulated,
    history: &History,
    cut: usize,
    random: &mut Random,
) -> Result<(), String> {
    let fresh = disk.rewind();
    let opened = Log::open_idle(Arc::new(fresh.clone()), tiny_options());
    let count = fresh.operation_count() as u64;
    drop(opened.map_err(|refused| format!("does not open: {refused:?}"))?);
    let again = usize::try_from(random.below(count + 1)).unwrap();
    let crash = CRASHES[usize::try_from(random.below(5)).unwrap()];
    let left = fresh.crash(again, crash, &mut || random.next());
    check(&left, history, cut)
        .map_err(|problem| format!("then {crash:?} after {again} of recovery: {problem}"))
}

#[test]
fn every_promise_survives_a_crash_at_every_operation() {
    for seed in [1, 2] {
        println!("seed {seed}");
        crash_everywhere(seed, 50);
    }
}

//! Goal: over any series of layouts every number is sent once. Method: play the tasks, count.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Sends the first `counts[t]` numbers of each task's path; answers how far each came.
fn play(unsent: &Unsent, counts: &[usize], sent: &mut BTreeMap<u64, u32>) -> Vec<u64> {
    let tasks = u32::try_from(counts.len()).unwrap();
    let mut next = Vec::new();
    for (task, count) in (0..tasks).zip(counts) {
        let path = unsent.path(Share { task, tasks });
        let mut at = 0;
        for _ in 0..*count {
            let g = path.next(at);
            assert_eq!(g % u64::from(tasks), u64::from(task));
            *sent.entry(g).or_default() += 1;
            at = g + 1;
        }
        next.push(at);
    }
    next
}

fn numbers(unsent: &Unsent) -> Vec<u64> {
    let path = unsent.path(Share { task: 0, tasks: 1 });
    let mut all = Vec::new();
    while let Some(g) =
        Some(path.next(all.last().map_or(0, |g| g + 1))).filter(|g| *g < unsent.from)
    {
        all.push(g);
    }
    all
}

#[test]
fn one_task_leaves_nothing_out() {
    assert_eq!(
        Unsent::default().after(&[7]),
        Unsent {
            stripes: vec![],
            from: 7
        }
    );
}

#[test]
fn what_slow_tasks_left_out_comes_first() {
    let unsent = Unsent::default().after(&[13, 10, 15, 8]);
    assert_eq!(unsent.from, 15);
    assert_eq!(numbers(&unsent), [11, 13]);
    let path = unsent.path(Share { task: 1, tasks: 2 });
    let mut next = 0;
    let firsts = [(); 4].map(|()| {
        let g = path.next(next);
        next = g + 1;
        g
    });
    assert_eq!(firsts, [11, 13, 15, 17]);
}

#[test]
fn a_task_that_stood_still_for_long_costs_one_stripe() {
    let unsent = Unsent::default().after(&[1_000_000_001, 5, 1_000_000_003, 1_000_000_000]);
    assert_eq!(
        unsent.stripes[0],
        Stripe {
            first: 5,
            end: 1_000_000_003,
            step: 4
        }
    );
    assert!(unsent.stripes.len() <= 4, "{unsent:?}");
}

#[test]
fn a_change_without_progress_changes_nothing() {
    let unsent = Unsent::default().after(&[9, 50, 3]);
    assert_eq!(unsent.after(&[0, 0, 0, 0, 0]), unsent);
}

#[test]
fn stripes_are_bounded_and_lose_nothing() {
    let mut unsent = Unsent::default();
    for round in 0..40_u64 {
        let tasks = 2 + round % 7;
        let next: Vec<u64> = (0..tasks)
            .map(|task| (task + 1) * (round + 3) * 17)
            .collect();
        unsent = unsent.after(&next);
        assert!(unsent.stripes.len() <= STRIPES_MAX);
    }
}

#[test]
fn a_new_epoch_waits_for_owners_that_are_there() {
    let owner = |ordinal, pod: &str, before: Option<&str>, ended| Owner {
        ordinal,
        pod: pod.to_owned(),
        before: before.map(str::to_owned),
        ended,
    };
    let owners = [
        owner(0, "a", None, true),
        owner(1, "b", None, false),
        owner(2, "c", None, false),
        owner(3, "new", Some("d"), false),
        owner(4, "x", Some("y"), false),
    ];
    let pods = ["a", "b", "", "d", "z"].map(str::to_owned);
    let waits = awaited(&owners, &pods);
    assert_eq!(waits, [1, 3], "c is gone, x too; the list is behind on d");
    assert!(awaited(&owners, &[]).is_empty());
}

proptest! {
    #[test]
    fn every_number_is_sent_once_over_any_layouts(
        layouts in prop::collection::vec(prop::collection::vec(0_usize..40, 1..6), 1..6)
    ) {
        let mut unsent = Unsent::default();
        let mut sent = BTreeMap::new();
        for counts in &layouts {
            let next = play(&unsent, counts, &mut sent);
            let tasks = u32::try_from(next.len()).unwrap();
            let below = (0..tasks).zip(&next).map(|(task, at)| unsent.path(Share { task, tasks }).count_below(*at));
            prop_assert_eq!(unsent.sent() + below.sum::<u64>(), sent.len() as u64);
            unsent = unsent.after(&next);
        }
        for g in numbers(&unsent) {
            *sent.entry(g).or_default() += 1;
        }
        let all: Vec<u64> = sent.keys().copied().collect();
        prop_assert_eq!(all, (0..unsent.from).collect::<Vec<_>>());
        prop_assert!(sent.values().all(|count| *count == 1), "{:?}", sent);
    }
}

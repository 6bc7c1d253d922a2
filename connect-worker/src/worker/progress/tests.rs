//! Goal: workers that see one journal agree on who sends what. Method: a state in memory, and what
//! each step asks to store put into it in order.

use super::*;

fn stream() -> Stream {
    Stream {
        connector: "default/orders-gen".to_owned(),
        uid: "u".to_owned(),
        hash: "s".to_owned(),
    }
}

fn pod(ordinal: u32, pod: &str) -> Me {
    Me {
        ordinal,
        pod: pod.to_owned(),
        alone: false,
    }
}

fn wanted(me: &Me, tasks: u32) -> Wanted<'_> {
    Wanted {
        tasks,
        workers: 1,
        epoch: None,
        generation: 1,
        pods: &[],
        me,
        seed: 7,
    }
}

fn put(state: &mut State, entries: Vec<Entry>) {
    for entry in entries {
        state.apply(entry, state.end());
    }
}

/// Steps until there is nothing more to store.
fn settle(state: &mut State, wanted: Wanted<'_>) -> Step {
    for _ in 0..8 {
        match stream().step(state, wanted).unwrap() {
            Step::Store(entries) => put(state, entries),
            step => return step,
        }
    }
    unreachable!("it never settles")
}

fn runs(state: &mut State, wanted: Wanted<'_>) -> Resumption {
    match settle(state, wanted) {
        Step::Run(resumption) => resumption,
        other => unreachable!("{other:?}"),
    }
}

/// The worker has come to `next`.
fn comes_to(state: &mut State, ordinal: u32, run: &Resumption, next: &[u64], ended: bool) {
    let part = Part {
        next: next.to_vec(),
        ended,
        ..run.part.clone()
    };
    put(state, vec![stream().part(ordinal, &part)]);
}

#[test]
fn nothing_stored_begins_at_record_0() {
    let mut state = State::default();
    let run = runs(&mut state, wanted(&Me::alone(), 2));
    assert_eq!((run.layout.number, run.layout.seed), (0, 7));
    assert_eq!((run.tasks, run.part.next), (vec![0, 1], vec![0, 0]));
    assert_eq!(state.end(), 1, "alone, the layout is all there is to store");
}

#[test]
fn the_same_layout_goes_on_where_it_was() {
    for me in [Me::alone(), pod(0, "a")] {
        let mut state = State::default();
        let first = runs(&mut state, wanted(&me, 2));
        comes_to(&mut state, 0, &first, &[0, 42], false);
        let again = runs(&mut state, wanted(&me, 2));
        assert_eq!((again.part.next, again.layout), (vec![0, 42], first.layout));
    }
}

#[test]
fn another_layout_begins_with_what_was_left_out() {
    let (me, mut state) = (Me::alone(), State::default());
    let first = runs(&mut state, wanted(&me, 2));
    comes_to(&mut state, 0, &first, &[7, 2], true);
    let next = runs(&mut state, wanted(&me, 1));
    let path = next.layout.unsent.path(Share { task: 0, tasks: 1 });
    let sent: Vec<u64> = std::iter::successors(Some(path.next(0)), |g| Some(path.next(g + 1)))
        .take(5)
        .collect();
    assert_eq!((next.layout.number, sent), (1, vec![3, 5, 7, 8, 9]));
    assert_eq!(next.part.next, [0]);
    // g = 0, 2, 4, 6 and 1 were sent; then three more.
    assert_eq!(stream().sent(&state, &next.layout, &|_| Some(8)), 8);
}

#[test]
fn task_t_runs_on_worker_t_modulo_workers() {
    let mut state = State::default();
    let mut tasks = Vec::new();
    for ordinal in 0..4 {
        let me = pod(ordinal, &ordinal.to_string());
        let wanted = Wanted {
            workers: 3,
            ..wanted(&me, 5)
        };
        match settle(&mut state, wanted) {
            Step::Run(run) => tasks.push(run.tasks),
            Step::Idle => tasks.push(vec![]),
            other => unreachable!("{other:?}"),
        }
    }
    assert_eq!(tasks, [vec![0, 3], vec![1, 4], vec![2], vec![]]);
}

#[test]
fn a_new_layout_waits_for_owners_that_are_there_and_for_no_others() {
    let (a, b) = (pod(0, "a"), pod(1, "b"));
    let mut state = State::default();
    let two = |me| Wanted {
        workers: 2,
        ..wanted(me, 2)
    };
    runs(&mut state, two(&a));
    let part = runs(&mut state, two(&b));
    let pods = ["a", "b"].map(str::to_owned);
    let next = Wanted {
        pods: &pods,
        ..wanted(&a, 4)
    };
    assert_eq!(settle(&mut state, next), Step::Await(vec![1]));
    let mut gone = State::default();
    runs(&mut gone, two(&a));
    runs(&mut gone, two(&b));
    let without = Wanted {
        pods: &pods[..1],
        ..next
    };
    assert_eq!(runs(&mut gone, without).layout.number, 1);
    comes_to(&mut state, 1, &part, &[9], true);
    assert_eq!(runs(&mut state, next).layout.unsent.from, 9);
}

#[test]
fn a_successor_goes_on_in_the_same_layout_and_is_awaited_by_the_next_one() {
    let (a, b, c) = (pod(0, "a"), pod(1, "b"), pod(1, "c"));
    let mut state = State::default();
    let two = |me| Wanted {
        workers: 2,
        ..wanted(me, 2)
    };
    runs(&mut state, two(&a));
    let part = runs(&mut state, two(&b));
    comes_to(&mut state, 1, &part, &[11], false);
    let successor = runs(&mut state, two(&c));
    assert_eq!(
        (successor.part.next, successor.layout.number),
        (vec![11], 0)
    );
    // Who lists the pods has not seen c yet.
    let pods = ["a", "b"].map(str::to_owned);
    let next = Wanted {
        pods: &pods,
        ..wanted(&a, 4)
    };
    assert_eq!(settle(&mut state, next), Step::Await(vec![1]));
}

#[test]
fn of_two_layouts_the_first_counts() {
    let (a, b) = (pod(0, "a"), pod(1, "b"));
    let mut state = State::default();
    let claim = |me, seed| {
        let wanted = Wanted {
            workers: 2,
            seed,
            ..wanted(me, 2)
        };
        stream().step(&State::default(), wanted).unwrap()
    };
    for (me, seed) in [(&b, 2), (&a, 1)] {
        let Step::Store(entries) = claim(me, seed) else {
            unreachable!()
        };
        put(&mut state, entries);
    }
    for me in [&a, &b] {
        let wanted = Wanted {
            workers: 2,
            ..wanted(me, 2)
        };
        assert_eq!(runs(&mut state, wanted).layout.seed, 2);
    }
}

#[test]
fn a_layout_that_missed_a_beginning_does_not_count() {
    let (a, b) = (pod(0, "a"), pod(1, "b"));
    let mut state = State::default();
    let two = |me| Wanted {
        workers: 2,
        ..wanted(me, 2)
    };
    runs(&mut state, two(&a));
    // Both decide by the same state; b's beginning comes first in the journal.
    let Step::Store(beginning) = stream().step(&state, two(&b)).unwrap() else {
        unreachable!()
    };
    let pods = ["a", "b"].map(str::to_owned);
    let next = Wanted {
        pods: &pods,
        ..wanted(&a, 4)
    };
    let Step::Store(ended) = stream().step(&state, next).unwrap() else {
        unreachable!()
    };
    put(&mut state, ended);
    let Step::Store(claim) = stream().step(&state, next).unwrap() else {
        unreachable!()
    };
    put(&mut state, beginning);
    put(&mut state, claim.clone());
    let run = runs(&mut state, two(&b));
    assert_eq!(run.layout.number, 0);
    assert_eq!(settle(&mut state, next), Step::Await(vec![1]));
    comes_to(&mut state, 1, &run, &[5], true);
    let run = runs(&mut state, next);
    assert_eq!((run.layout.number, run.layout.unsent.from), (1, 5));
}

#[test]
fn an_epoch_numbered_elsewhere_orders_layouts() {
    let me = pod(0, "a");
    let numbered = |epoch, tasks| Wanted {
        epoch: Some(epoch),
        ..wanted(&me, tasks)
    };
    let mut state = State::default();
    assert_eq!(runs(&mut state, numbered(5, 1)).layout.number, 5);
    for same in [4, 5, 6] {
        assert_eq!(runs(&mut state, numbered(same, 1)).layout.number, 5);
    }
    assert_eq!(settle(&mut state, numbered(4, 2)), Step::Stale);
    assert_eq!(runs(&mut state, numbered(9, 2)).layout.number, 9);
}

#[test]
fn another_object_under_the_name_forgets_the_old_one() {
    let (me, mut state) = (Me::alone(), State::default());
    let run = runs(&mut state, wanted(&me, 1));
    let old = Stream {
        uid: "old".to_owned(),
        ..stream()
    };
    put(
        &mut state,
        vec![old.layout(0, &run.layout), old.part(0, &run.part)],
    );
    let new = Stream {
        uid: "new".to_owned(),
        ..stream()
    };
    let Step::Store(entries) = new.step(&state, wanted(&me, 1)).unwrap() else {
        unreachable!()
    };
    assert_eq!(entries.iter().filter(|entry| new.loses(entry)).count(), 3);
}

#[test]
fn a_stream_pointed_elsewhere_keeps_the_seed_and_a_late_worker_does_not_undo_it() {
    let (me, mut state) = (pod(0, "a"), State::default());
    runs(&mut state, wanted(&me, 1));
    let elsewhere = Stream {
        hash: "t".to_owned(),
        ..stream()
    };
    let newer = Wanted {
        generation: 2,
        seed: 8,
        ..wanted(&me, 1)
    };
    let Step::Store(entries) = elsewhere.step(&state, newer).unwrap() else {
        unreachable!()
    };
    put(&mut state, entries);
    let layout = elsewhere.current(&state).unwrap().unwrap();
    assert_eq!((layout.seed, stream().current(&state)), (7, Ok(None)));
    assert_eq!(settle(&mut state, wanted(&me, 1)), Step::Stale);
}

#[test]
fn what_no_layout_needs_any_more_is_forgotten() {
    let mut state = State::default();
    let pods = [pod(0, "a"), pod(1, "b"), pod(2, "c")];
    for (workers, tasks) in [(3, 3), (1, 2), (2, 4), (1, 1), (3, 3), (1, 1)] {
        for me in &pods {
            let wanted = Wanted {
                workers,
                ..wanted(me, tasks)
            };
            settle(&mut state, wanted);
        }
    }
    let keys = state.keys("default/orders-gen");
    assert!(keys.len() <= 4, "{keys:?}");
}

use super::{
    entry::{Key, Subject},
    testing::MemoryJournal,
    *,
};

fn key(connector: &str, subject: Subject) -> Key {
    Key {
        connector: connector.to_owned(),
        subject,
    }
}

fn part(uid: &str) -> Subject {
    Subject::Part {
        uid: uid.to_owned(),
        stream: "s".to_owned(),
        worker: 0,
    }
}

async fn open(journal: &MemoryJournal) -> Store {
    let (fault, _) = watch::channel(None);
    let opened = Store::open(Arc::new(journal.clone()), fault, CancellationToken::new()).await;
    let (store, writer) = opened.unwrap();
    tokio::spawn(writer);
    store
}

#[tokio::test]
async fn what_is_put_is_there_for_the_next_worker() {
    let journal = MemoryJournal::default();
    let store = open(&journal).await;
    let kept = key("default/a", part("1"));
    let gone = key("default/a", part("0"));
    store
        .put(vec![
            Entry::set(kept.clone(), &7_u64),
            Entry::set(gone.clone(), &8_u64),
        ])
        .await
        .unwrap();
    store.put(vec![Entry::forget(gone.clone())]).await.unwrap();
    assert_eq!(store.state().value::<u64>(&kept), Ok(Some(7)));
    let next = open(&journal).await;
    assert_eq!(next.state().value::<u64>(&kept), Ok(Some(7)));
    assert_eq!(next.state().value::<u64>(&gone), Ok(None));
}

#[test]
fn keys_are_json_that_compaction_can_compare() {
    let (bytes, _) = Entry::forget(key("default/orders-gen", part("u"))).pair();
    let expected =
        r#"{"connector":"default/orders-gen","kind":"part","uid":"u","stream":"s","worker":0}"#;
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
}

#[test]
fn unknown_keys_are_left_alone_and_broken_values_are_told() {
    let known = key("a", part("1"));
    let pairs = [
        (b"\xff".to_vec(), Some(b"1".to_vec())),
        (
            br#"{"connector":"a","kind":"later"}"#.to_vec(),
            Some(b"1".to_vec()),
        ),
        (
            Entry::forget(known.clone()).pair().0,
            Some(b"no json".to_vec()),
        ),
    ];
    let mut state = State::default();
    for (offset, pair) in (0..).zip(pairs) {
        state.take(Stored { offset, pair });
    }
    assert_eq!(state.keys("a"), vec![known.clone()]);
    assert!(state.value::<u64>(&known).is_err());
}

#[test]
fn keys_of_one_connector_lie_together() {
    let mut state = State::default();
    for (connector, subject) in [
        ("a", part("1")),
        ("a", Subject::Config),
        ("a-b", part("1")),
        ("b", Subject::Config),
    ] {
        state.apply(Entry::set(key(connector, subject), &1), 0);
    }
    assert_eq!(
        state.keys("a"),
        [key("a", Subject::Config), key("a", part("1"))]
    );
    assert_eq!(state.declared(), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn workers_that_share_a_journal_see_it_in_one_order() {
    let journal = MemoryJournal::shared();
    let late = journal.delayed(Duration::from_millis(50));
    let (one, other) = (open(&journal).await, open(&late).await);
    let key = key("default/a", part("u"));
    one.put(vec![Entry::set(key.clone(), &1)]).await.unwrap();
    other.put(vec![Entry::set(key.clone(), &2)]).await.unwrap();
    assert_eq!(other.state().placed::<u64>(&key), Ok(Some((1, 2))));
    let mut changes = one.changes();
    changes.wait_for(|end| *end == 2).await.unwrap();
    assert_eq!(one.state().placed::<u64>(&key), Ok(Some((1, 2))));
}

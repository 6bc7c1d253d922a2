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

fn seed(uid: &str) -> Subject {
    Subject::Seed {
        uid: uid.to_owned(),
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
    let kept = key("default/a", seed("1"));
    let gone = key("default/a", seed("0"));
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
    let position = Subject::Position {
        uid: "u".to_owned(),
        stream: "s".to_owned(),
        task: 3,
    };
    let (bytes, _) = Entry::forget(key("default/orders-gen", position)).pair();
    let expected =
        r#"{"connector":"default/orders-gen","kind":"position","uid":"u","stream":"s","task":3}"#;
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
}

#[test]
fn unknown_keys_are_left_alone_and_broken_values_are_told() {
    let known = key("a", seed("1"));
    let state = State::fold(vec![
        (b"\xff".to_vec(), Some(b"1".to_vec())),
        (
            br#"{"connector":"a","kind":"later"}"#.to_vec(),
            Some(b"1".to_vec()),
        ),
        (
            Entry::forget(known.clone()).pair().0,
            Some(b"no json".to_vec()),
        ),
    ]);
    assert_eq!(state.keys("a"), vec![known.clone()]);
    assert!(state.value::<u64>(&known).is_err());
}

#[test]
fn keys_of_one_connector_lie_together() {
    let mut state = State::default();
    for (connector, subject) in [
        ("a", seed("1")),
        ("a", Subject::Config),
        ("a-b", seed("1")),
        ("b", Subject::Config),
    ] {
        state.apply(Entry::set(key(connector, subject), &1));
    }
    assert_eq!(
        state.keys("a"),
        [key("a", Subject::Config), key("a", seed("1"))]
    );
    assert_eq!(state.declared(), ["a", "b"]);
}

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::datagen::tests::{double, long, now, text};

const RECORDS: u64 = 50_000;

fn orders() -> impl Iterator<Item = Record> {
    let source = Orders::new(11);
    (0..RECORDS).map(move |g| source.record(g, now()))
}

#[test]
fn fields_have_the_templates_order_and_types() {
    let record = Orders::new(11).record(15, now());
    let Value::Record(fields) = &record.value else {
        panic!("an order is a record")
    };
    let names: Vec<_> = fields.iter().map(|(name, _)| &**name).collect();
    assert_eq!(
        names,
        ["ordertime", "orderid", "itemid", "orderunits", "address"]
    );
    let Some(Value::Record(address)) = record.value.field("address") else {
        panic!("an address is a record")
    };
    let names: Vec<_> = address.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["city", "state", "zipcode"]);
    assert_eq!(record.key, Some(Value::Int32(15)));
    assert_eq!(record.value.field("orderid"), Some(&Value::Int32(15)));
    assert_eq!(record.timestamp, None);
}

#[test]
fn values_keep_the_templates_ranges() {
    let (mut cities, mut states, mut items) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (g, record) in (0_i32..).zip(orders()) {
        let order = &record.value;
        assert_eq!(order.field("orderid"), Some(&Value::Int32(g)));
        assert!((FIRST_TIME..END_TIME).contains(&long(order, "ordertime")));
        assert!((0.1..10.0).contains(&double(order, "orderunits")));
        let address = order.field("address").unwrap();
        assert!((10_000..=99_998).contains(&long(address, "zipcode")));
        cities.insert(text(address, "city"));
        states.insert(text(address, "state"));
        items.insert(text(order, "itemid"));
    }
    assert_eq!((cities.len(), states.len()), (91, 91));
    assert_eq!(items.len(), 999);
    let number = |text: &str, prefix| text.strip_prefix(prefix).unwrap().to_owned();
    assert!(
        items
            .iter()
            .all(|item| (1..=999).contains(&number(item, "Item_").parse().unwrap()))
    );
    assert!(
        cities
            .iter()
            .all(|city| !number(city, "City_").contains('0'))
    );
    assert!(
        states
            .iter()
            .all(|state| !number(state, "State_").contains('0'))
    );
}

#[test]
fn order_ids_start_over_after_the_largest() {
    let source = Orders::new(1);
    let id = |g| source.record(g, now()).key;
    assert_eq!(id(ORDER_IDS - 1), Some(Value::Int32(i32::MAX - 1)));
    assert_eq!(id(ORDER_IDS), Some(Value::Int32(0)));
}

/// Pearson's statistic of counts against shares.
fn chi_square(counts: &[u32], shares: &[f64]) -> f64 {
    let total = f64::from(counts.iter().sum::<u32>());
    let term = |(count, share): (&u32, &f64)| {
        let expected = total * share;
        (f64::from(*count) - expected).powi(2) / expected
    };
    counts.iter().zip(shares).map(term).sum()
}

#[test]
fn lengths_follow_the_stop_probability() {
    let shares = [0.35, 0.65 * 0.35, 0.65 * 0.65];
    let mut counts = BTreeMap::from([("itemid", [0; 3]), ("city", [0; 3]), ("state", [0; 3])]);
    for record in orders() {
        let address = record.value.field("address").unwrap();
        for (field, value, shortest) in [
            ("itemid", text(&record.value, "itemid"), "Item_1".len()),
            ("city", text(address, "city"), "City_".len()),
            ("state", text(address, "state"), "State_".len()),
        ] {
            counts.get_mut(field).unwrap()[value.len() - shortest] += 1;
        }
    }
    for (field, counts) in counts {
        // 2 degrees of freedom; 1 of 1000 samples is above.
        assert!(chi_square(&counts, &shares) < 13.8, "{field}: {counts:?}");
    }
}

#[test]
fn digits_are_uniform() {
    let (mut first, mut later) = ([0; 9], [0; 10]);
    for record in orders() {
        let item = text(&record.value, "itemid");
        for (place, digit) in item["Item_".len()..].bytes().enumerate() {
            match place {
                0 => first[usize::from(digit - b'1')] += 1,
                _ => later[usize::from(digit - b'0')] += 1,
            }
        }
    }
    // 8 and 9 degrees of freedom; 1 of 1000 samples is above.
    assert!(chi_square(&first, &[1.0 / 9.0; 9]) < 26.1, "{first:?}");
    assert!(chi_square(&later, &[0.1; 10]) < 27.9, "{later:?}");
}

//! `orders`: the field order, types, value ranges and key of the reference's template.
//!
//! Record g has `orderid` g. Order times are random times of 2017 and 2018, and a city or state
//! without a number is a normal value: so it is there.

use jiff::Timestamp;

use super::{
    pattern::{DIGIT, DIGIT_NOT_ZERO, Pattern},
    random::Streams,
    sequence_header,
};
use crate::plugin::{Record, Source, Value};

/// 2017-02-21T22:22:55.521Z, in milliseconds.
const FIRST_TIME: i64 = 1_487_715_775_521;
/// 2018-02-22T04:22:44.600Z, in milliseconds; never reached.
const END_TIME: i64 = 1_519_273_364_600;

/// `orderid` counts 0 … 2³¹−2 and starts over.
const ORDER_IDS: u64 = i32::MAX as u64;

/// `Item_[1-9][0-9]{0,2}`
const ITEM: Pattern = Pattern {
    prefix: "Item_",
    once: &[DIGIT_NOT_ZERO],
    tail: DIGIT,
    tail_max: 2,
};
/// `City_[1-9]{0,2}`
const CITY: Pattern = Pattern {
    prefix: "City_",
    once: &[],
    tail: DIGIT_NOT_ZERO,
    tail_max: 2,
};
/// `State_[1-9]{0,2}`
const STATE: Pattern = Pattern {
    prefix: "State_",
    once: &[],
    tail: DIGIT_NOT_ZERO,
    tail_max: 2,
};

/// The sequence of orders of one seed.
#[derive(Debug)]
pub(super) struct Orders {
    streams: Streams,
}

impl Orders {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            streams: Streams::new(seed, "orders"),
        }
    }
}

impl Source for Orders {
    fn record(&self, g: u64, _now: Timestamp) -> Record {
        let draws = &mut self.streams.at(g);
        let order_id = (g % ORDER_IDS) as i32;
        let order = vec![
            (
                "ordertime".into(),
                Value::Int64(draws.integer(FIRST_TIME, END_TIME)),
            ),
            ("orderid".into(), Value::Int32(order_id)),
            ("itemid".into(), Value::from(ITEM.text(draws))),
            ("orderunits".into(), Value::Float64(draws.double(0.1, 10.0))),
            (
                "address".into(),
                Value::Record(vec![
                    ("city".into(), Value::from(CITY.text(draws))),
                    ("state".into(), Value::from(STATE.text(draws))),
                    (
                        "zipcode".into(),
                        Value::Int64(draws.integer(10_000, 99_999)),
                    ),
                ]),
            ),
        ];
        Record {
            key: Some(Value::Int32(order_id)),
            value: Value::Record(order),
            timestamp: None,
            headers: vec![sequence_header(g)],
        }
    }
}

#[cfg(test)]
mod tests;

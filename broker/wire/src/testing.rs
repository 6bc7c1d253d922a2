//! Random values of every message, and their rendering in the JSON of Kafka's Java client: for tests only.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};

use crate::field::Field;
use crate::value::{Form, Value};
use crate::{Blob, Records, Str, Uuid};

/// A seeded source of numbers (splitmix64): a failure names its seed and can be repeated.
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }
}

/// What tests ask of a field's type.
pub(crate) trait Sample<'a>: Value<'a> {
    /// A random value that `form` can carry whole.
    fn sample(random: &mut Random, form: Form) -> Self;
    fn json(&self, form: Form) -> Json;
}

impl Field {
    /// Adds the field to its struct's rendering, if this version has it.
    pub(crate) fn render<'a, T: Sample<'a> + PartialEq>(
        &self,
        object: &mut Map<String, Json>,
        name: &str,
        (value, default): (&T, T),
        form: Form,
    ) {
        if self.is_positional(form) || self.has_tagged(value, || default, form) {
            object.insert(camel_case(name), value.json(self.form(form)));
        }
    }
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap().to_owned();
    for word in words {
        let (first, rest) = word.split_at(1);
        camel.extend([first.to_uppercase().as_str(), rest]);
    }
    camel
}

macro_rules! sample_numbers {
    ($($type:ty),*) => { $(
        impl Sample<'_> for $type {
            fn sample(random: &mut Random, _: Form) -> Self {
                let any = random.next();
                [0, 1, -1, Self::MIN, Self::MAX, any as Self][random.below(6)]
            }

            fn json(&self, _: Form) -> Json {
                json!(self)
            }
        }
    )* };
}

mod numbers {
    #![expect(clippy::cast_possible_truncation, reason = "any bits will do")]
    #![expect(clippy::cast_possible_wrap, reason = "any bits will do")]
    use super::{Form, Json, Random, Sample, json};
    sample_numbers!(i8, i16, i32, i64);
}

impl Sample<'_> for bool {
    fn sample(random: &mut Random, _: Form) -> Self {
        random.below(2) == 0
    }

    fn json(&self, _: Form) -> Json {
        json!(self)
    }
}

impl Sample<'_> for Uuid {
    fn sample(random: &mut Random, _: Form) -> Self {
        let (high, low) = (u128::from(random.next()), u128::from(random.next()));
        [Self::ZERO, Self((high << 64 | low).to_be_bytes())][random.below(2)]
    }

    fn json(&self, _: Form) -> Json {
        json!(self.to_string())
    }
}

impl<'a> Sample<'a> for Str<'a> {
    fn sample(random: &mut Random, _: Form) -> Self {
        let len = [0, 1, 7, 126, 127, 128, 300][random.below(7)];
        let alphabet = ['a', '-', 'ü', '€', '🦀'];
        let text: String = (0..len)
            .map(|_| alphabet[random.below(alphabet.len())])
            .collect();
        text.into()
    }

    fn json(&self, _: Form) -> Json {
        json!(self)
    }
}

impl<'a> Sample<'a> for &'a [u8] {
    fn sample(random: &mut Random, _: Form) -> Self {
        const BYTES: &[u8] = &[0xa5; 300];
        &BYTES[..[0, 1, 127, 128, 300][random.below(5)]]
    }

    fn json(&self, _: Form) -> Json {
        json!(STANDARD.encode(self))
    }
}

impl<'a> Sample<'a> for Blob<'a> {
    fn sample(random: &mut Random, form: Form) -> Self {
        <&[u8]>::sample(random, form).into()
    }

    fn json(&self, form: Form) -> Json {
        self.as_ref().json(form)
    }
}

impl<'a> Sample<'a> for Records<'a> {
    fn sample(random: &mut Random, form: Form) -> Self {
        Self::Inline(Sample::sample(random, form))
    }

    fn json(&self, form: Form) -> Json {
        let Self::Inline(records) = self else {
            return json!(self.len());
        };
        records.json(form)
    }
}

impl<'a, T: Sample<'a>> Sample<'a> for Vec<T> {
    fn sample(random: &mut Random, form: Form) -> Self {
        let form = form.nullable(false);
        (0..random.below(4))
            .map(|_| T::sample(random, form))
            .collect()
    }

    fn json(&self, form: Form) -> Json {
        let form = form.nullable(false);
        self.iter().map(|element| element.json(form)).collect()
    }
}

impl<'a, T: Sample<'a>> Sample<'a> for Option<T>
where
    Self: Value<'a>,
{
    fn sample(random: &mut Random, form: Form) -> Self {
        let null = form.nullable && random.below(3) == 0;
        if null {
            None
        } else {
            Some(T::sample(random, form))
        }
    }

    fn json(&self, form: Form) -> Json {
        self.as_ref().map_or(Json::Null, |value| value.json(form))
    }
}

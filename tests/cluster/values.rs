//! What a row says beside its words: a value of every type, and a vector. They follow from the words, so
//! no history holds them, and whoever reads a row knows what they must be.

use serde_json::{Map, Value, json};

use crate::chance::Chance;

pub(crate) const METRIC: &str = "euclidean_squared";
pub(crate) const VECTOR: &str = "vector";
const DIMS: u64 = 6;
/// Of so many values, one is none.
const NONE_OF: u64 = 8;
const ITEMS_MAX: u64 = 3;
/// Names, and types.
const ATTRIBUTES: [(&str, &str); 14] = [
    ("bool", "bool"),
    ("bools", "[]bool"),
    ("bytes", "bytes"),
    ("datetime", "datetime"),
    ("datetimes", "[]datetime"),
    ("float", "float"),
    ("floats", "[]float"),
    ("int", "int"),
    ("ints", "[]int"),
    ("strings", "[]string"),
    ("uint", "uint"),
    ("uints", "[]uint"),
    ("uuid", "uuid"),
    ("uuids", "[]uuid"),
];

/// Most of the types cannot be told from the values.
pub(crate) fn schema() -> Value {
    Value::Object(
        ATTRIBUTES.map(|(name, kind)| (name.to_owned(), json!(kind))).into_iter().collect(),
    )
}

/// What follows from who wrote a row last, so a patch says it as well.
pub(crate) fn of_stamp(id: &str, n: i64, by: &str) -> Map<String, Value> {
    let mut chance = Chance::of(0, &format!("{id}|{n}|{by}"));
    let mut some =
        |kind: &str| if chance.one_in(NONE_OF) { Value::Null } else { value(kind, &mut chance) };
    ATTRIBUTES.map(|(name, kind)| (name.to_owned(), some(kind))).into_iter().collect()
}

/// It follows from what no patch changes, for none may change a vector.
pub(crate) fn vector(id: &str, body: &str) -> Value {
    let mut chance = Chance::of(1, &format!("{id}|{body}"));
    // Each of these decimals is the shortest of its f32, so it comes back as it is; and it needs all bits.
    let mut component = || json!((chance.below(1 << 24) as f64 - 8_388_608.0) / 1000.0);
    Value::Array((0..DIMS).map(|_| component()).collect())
}

/// In the form in which it comes back.
fn value(kind: &str, chance: &mut Chance) -> Value {
    if let Some(kind) = kind.strip_prefix("[]") {
        let many = chance.below(ITEMS_MAX + 1);
        return Value::Array((0..many).map(|_| value(kind, chance)).collect());
    }
    match kind {
        "bool" => json!(chance.one_in(2)),
        // Four digits of it are three bytes.
        "bytes" => {
            let fours = chance.below(9) as usize;
            json!(chance.text(4 * fours))
        }
        "datetime" => json!(datetime(chance)),
        "float" => json!(chance.below(u64::MAX) as i64 as f64 / 3e9),
        "int" => json!(chance.below(u64::MAX) as i64),
        "string" => {
            let bytes = chance.below(20) as usize;
            json!(format!("é🦆{}", chance.text(bytes)))
        }
        "uint" => json!(chance.below(u64::MAX)),
        "uuid" => {
            let hex = chance.text(32);
            let (one, two, three) = (&hex[..8], &hex[8..12], &hex[12..16]);
            json!(format!("{one}-{two}-{three}-{}-{}", &hex[16..20], &hex[20..]))
        }
        _ => panic!("{kind} is no type"),
    }
}

/// Before 1970, or after.
fn datetime(chance: &mut Chance) -> String {
    let parts = [(1930, 80), (1, 12), (1, 28), (0, 24), (0, 60), (0, 60), (0, 1000)];
    let [year, month, day, hour, minute, second, ms] =
        parts.map(|(least, many)| least + chance.below(many));
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}000000Z")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_same_words_call_for_the_same_values_and_others_for_others() {
        let stamp = of_stamp("p1/0", 3, "w1.7");
        assert_eq!(stamp, of_stamp("p1/0", 3, "w1.7"));
        for other in
            [of_stamp("p1/1", 3, "w1.7"), of_stamp("p1/0", 4, "w1.7"), of_stamp("p1/0", 3, "w1.8")]
        {
            assert_ne!(stamp, other);
        }
        assert_eq!(vector("p1/0", "abc"), vector("p1/0", "abc"));
        assert_ne!(vector("p1/0", "abc"), vector("p1/1", "abc"));
        assert_ne!(vector("p1/0", "abc"), vector("p1/0", "abd"));
    }

    #[test]
    fn every_attribute_is_declared_and_has_a_value_mostly() {
        let rows: Vec<Map<String, Value>> = (0..400).map(|n| of_stamp("p1/0", n, "w1.7")).collect();
        for (name, kind) in ATTRIBUTES {
            assert_eq!(schema()[name], kind);
            let none = rows.iter().filter(|row| row[name].is_null()).count();
            assert!((1..200).contains(&none), "{name}: {none}");
            if kind.starts_with("[]") {
                let lengths = rows.iter().filter_map(|row| Some(row[name].as_array()?.len()));
                let (lengths, all): (BTreeSet<usize>, BTreeSet<usize>) =
                    (lengths.collect(), (0..=ITEMS_MAX as usize).collect());
                assert_eq!(lengths, all, "{name}");
            }
        }
    }

    #[test]
    fn values_are_written_as_a_server_writes_them() {
        let mut chance = Chance::of(7, "values");
        for _ in 0..1000 {
            let [moment, uuid, bytes] =
                ["datetime", "uuid", "bytes"].map(|kind| value(kind, &mut chance));
            let moment = moment.as_str().unwrap();
            assert_eq!(
                (moment.len(), moment.parse::<jiff::Timestamp>().is_ok()),
                (30, true),
                "{moment}"
            );
            let hyphens: Vec<usize> =
                uuid.as_str().unwrap().match_indices('-').map(|(at, _)| at).collect();
            assert_eq!(
                (uuid.as_str().unwrap().len(), &*hyphens),
                (36, &[8, 13, 18, 23][..]),
                "{uuid}"
            );
            assert_eq!(bytes.as_str().unwrap().len() % 4, 0, "{bytes}");
            for number in vector("p1/0", moment).as_array().unwrap() {
                let number = number.as_f64().unwrap();
                assert_eq!((number as f32).to_string(), number.to_string());
            }
        }
    }
}

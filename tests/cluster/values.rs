//! What a row says beside its words: a value of every type, a vector of every type, and a text that is
//! searched. They follow from the words, so no history holds them, and whoever reads a row knows what they
//! must be.

use serde_json::{Map, Value, json};

use crate::chance::Chance;

pub(crate) const METRIC: &str = "euclidean_squared";
pub(crate) const VECTOR: &str = "vector";
pub(crate) const TEXT: &str = "text";
/// Of so many values, one is none.
const NONE_OF: u64 = 8;
const ITEMS_MAX: u64 = 3;
/// Names, and types.
pub(crate) const ATTRIBUTES: [(&str, &str); 14] = [
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
/// Those that no patch changes: of dense ones none may.
pub(crate) const VECTORS: [(&str, &str); 5] = [
    (VECTOR, "[6]f32"),
    ("halves", "[4]f16"),
    ("smalls", "[5]i8"),
    ("weights", "{}f16"),
    ("several", "[][3]f32"),
];

/// Most of the types cannot be told from the values. That of the first vector is.
pub(crate) fn schema() -> Value {
    let plain = ATTRIBUTES.map(|(name, kind)| (name, json!(kind)));
    let vectors = VECTORS.into_iter().skip(1).map(|(name, kind)| (name, vector_schema(kind)));
    let text = json!({"type": "string", "full_text_search": true});
    let all = plain.into_iter().chain(vectors).chain([(TEXT, text)]);
    Value::Object(all.map(|(name, declared)| (name.to_owned(), declared)).collect())
}

fn vector_schema(kind: &str) -> Value {
    match kind {
        "{}f16" => json!({"type": kind, "sparse_knn": {"distance_metric": "dot_product"}}),
        _ if kind.starts_with("[]") => json!({"type": kind, "ann": {"late_interaction": true}}),
        _ => json!({"type": kind, "ann": {"distance_metric": METRIC}}),
    }
}

/// What follows from who wrote a row last, so a patch says it as well.
pub(crate) fn of_stamp(id: &str, n: i64, by: &str) -> Map<String, Value> {
    let mut chance = Chance::of(0, &format!("{id}|{n}|{by}"));
    let mut some =
        |kind: &str| if chance.one_in(NONE_OF) { Value::Null } else { value(kind, &mut chance) };
    ATTRIBUTES.map(|(name, kind)| (name.to_owned(), some(kind))).into_iter().collect()
}

/// Vectors. They follow from what no patch changes.
pub(crate) fn of_body(id: &str, body: &str) -> Map<String, Value> {
    let mut chance = Chance::of(1, &format!("{id}|{body}"));
    let mut some = |name: &str, kind: &str| {
        // The first is compared by conditions, and none is not unlike none.
        let none = name != VECTOR && chance.one_in(NONE_OF);
        if none { Value::Null } else { value(kind, &mut chance) }
    };
    VECTORS.map(|(name, kind)| (name.to_owned(), some(name, kind))).into_iter().collect()
}

/// What is searched: all rows of a thing have its word, and say who wrote them.
pub(crate) fn text(thing: &str, by: &str) -> String {
    format!("{} by {by}", word(thing))
}

/// The word by which the rows of a thing are found, and no others: digits, which no tokenizer takes apart.
pub(crate) fn word(thing: &str) -> String {
    Chance::of(2, thing).below(u64::MAX).to_string()
}

/// In the form in which it comes back.
fn value(kind: &str, chance: &mut Chance) -> Value {
    if let Some(kind) = kind.strip_prefix("[]") {
        let many = chance.below(ITEMS_MAX + 1);
        return Value::Array((0..many).map(|_| value(kind, chance)).collect());
    }
    if let Some((dims, element)) = kind.strip_prefix('[').and_then(|kind| kind.split_once(']')) {
        let dims: u64 = dims.parse().unwrap();
        return Value::Array((0..dims).map(|_| number(element, chance)).collect());
    }
    match kind {
        "{}f16" => {
            let many = chance.below(ITEMS_MAX + 1);
            Value::Object((0..many).map(|_| (chance.text(1), number("f16", chance))).collect())
        }
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

/// Of a vector. Each of these decimals is the shortest of its f32, and one that the element holds: so it comes
/// back as it is. And it needs all bits that there are.
fn number(element: &str, chance: &mut Chance) -> Value {
    let (bits, part) = match element {
        "f32" => (24, 1000.0),
        "f16" => (12, 8.0),
        "i8" => (8, 1.0),
        _ => panic!("{element} is no element"),
    };
    let whole = chance.below(1 << bits) as i64 - (1 << (bits - 1));
    json!(whole as f64 / part)
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

    use half::f16;

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
        assert_eq!(of_body("p1/0", "abc"), of_body("p1/0", "abc"));
        assert_ne!(of_body("p1/0", "abc"), of_body("p1/1", "abc"));
        assert_ne!(of_body("p1/0", "abc"), of_body("p1/0", "abd"));
        assert_eq!(text("p1", "w1.7"), format!("{} by w1.7", word("p1")));
        assert_ne!(word("p1"), word("p2"));
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
    fn every_vector_but_the_first_is_declared_and_has_a_value_mostly() {
        let rows: Vec<Map<String, Value>> =
            (0..400).map(|n| of_body("p1/0", &n.to_string())).collect();
        for (name, kind) in VECTORS {
            let none = rows.iter().filter(|row| row[name].is_null()).count();
            let first = name == VECTOR;
            assert_eq!((schema()[name]["type"] == kind, none > 0), (!first, !first), "{name}");
            assert!(none < 200, "{name}: {none}");
        }
    }

    #[test]
    fn every_number_is_one_that_its_element_holds() {
        let mut chance = Chance::of(7, "numbers");
        for _ in 0..1000 {
            let [of_f32, of_f16, of_i8] =
                ["f32", "f16", "i8"].map(|it| number(it, &mut chance).as_f64().unwrap());
            assert_eq!((of_f32 as f32).to_string(), of_f32.to_string());
            assert_eq!(f16::from_f64(of_f16).to_f64(), of_f16);
            assert_eq!(f64::from(of_i8 as i8), of_i8);
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
        }
    }
}

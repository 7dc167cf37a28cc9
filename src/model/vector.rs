//! Vectors as they are given: lists of numbers, little-endian f32 in base64, maps of weights.
//!
//! Every number goes by way of f32, so that a vector is the same one in either form. What is not
//! read is told as the end of a sentence that began with "expects `[3]f32`, but got".

use base64::Engine;
use base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT;
use half::f16;

use super::given::short;
use super::{Element, Given, SPARSE_ENTRIES_MAX, Weights};

/// One vector, of exactly so many numbers that such elements can hold.
pub(super) fn dense(dims: u32, element: Element, given: &Given) -> Result<Box<[f32]>, String> {
    let odd = |number: &dyn std::fmt::Debug, at: usize| {
        format!("{number:?} at index {at}, which does not fit {element}")
    };
    match given {
        Given::List(items) => {
            check_length(items.len(), dims)?;
            let read = |(at, item): (usize, &Given)| {
                let number = item.number().ok_or_else(|| format!("'{item}' at index {at}"))?;
                fit(element, number).ok_or_else(|| odd(&number, at))
            };
            items.iter().enumerate().map(read).collect()
        }
        Given::Text(text) => {
            let numbers = of_base64(text)
                .ok_or_else(|| format!("'{given}', which is not f32 numbers in base64"))?;
            check_length(numbers.len(), dims)?;
            // All of them are looked at, at once, rather than one after the other up to the first odd one.
            if element == Element::F32 && numbers.iter().fold(true, |all, it| all & it.is_finite())
            {
                return Ok(numbers.into());
            }
            let read = |(at, number): (usize, &f32)| {
                fit(element, f64::from(*number)).ok_or_else(|| odd(number, at))
            };
            numbers.iter().enumerate().map(read).collect()
        }
        _ => Err(format!("'{given}'")),
    }
}

/// Several vectors, one after the other.
pub(super) fn several(dims: u32, given: &Given) -> Result<Box<[f32]>, String> {
    let Given::List(items) = given else { return Err(format!("'{given}'")) };
    let mut numbers = Vec::new();
    for (at, item) in items.iter().enumerate() {
        if !matches!(item, Given::List(_)) {
            return Err(format!("'{item}' at index {at}"));
        }
        let vector = dense(dims, Element::F32, item)
            .map_err(|got| format!("{got}, in the vector at index {at}"))?;
        numbers.extend_from_slice(&vector);
    }
    Ok(numbers.into())
}

/// Weights by key, sorted, no key twice.
pub(super) fn sparse(given: &Given) -> Result<Weights, String> {
    let Given::Map(entries) = given else { return Err(format!("'{given}'")) };
    if entries.len() > SPARSE_ENTRIES_MAX {
        let count = entries.len();
        return Err(format!("{count} entries, where {SPARSE_ENTRIES_MAX} are allowed"));
    }
    let mut weights = Vec::with_capacity(entries.len());
    for (key, weight) in entries {
        let read = weight.number().and_then(|number| fit(Element::F16, number));
        let read = read.ok_or_else(|| {
            format!("'{weight}' for '{}', which is not a number that f16 can hold", short(key))
        })?;
        weights.push((key.clone(), read));
    }
    weights.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    if let Some(pair) = weights.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(format!("the key '{}' twice", short(&pair[0].0)));
    }
    Ok(weights.into())
}

/// Numbers that were packed. `None`: this is not base64, or not of whole numbers.
pub fn of_base64(text: &str) -> Option<Vec<f32>> {
    let bytes = STANDARD_PAD_INDIFFERENT.decode(text).ok()?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| numbers.iter().map(|number| f32::from_le_bytes(*number)).collect())
}

fn check_length(length: usize, dims: u32) -> Result<(), String> {
    if length == dims as usize { Ok(()) } else { Err(format!("{length} numbers")) }
}

/// The nearest number that such an element holds; for i8 there is one only if it is the same.
fn fit(element: Element, number: f64) -> Option<f32> {
    let held = match element {
        Element::F32 => number as f32,
        Element::F16 => f16::from_f32(number as f32).to_f32(),
        Element::I8 => {
            let held = number as i8;
            return (f64::from(held) == number).then(|| f32::from(held));
        }
    };
    held.is_finite().then_some(held)
}

#[cfg(test)]
mod tests {
    use super::*;

    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    fn list(numbers: &[f64]) -> Given {
        Given::List(numbers.iter().map(|number| Given::Float(*number)).collect())
    }

    fn base64(numbers: &[f32]) -> Given {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        Given::Text(STANDARD.encode(bytes).into())
    }

    fn map(entries: &[(&str, f64)]) -> Given {
        let entry = |(key, weight): &(&str, f64)| ((*key).into(), Given::Float(*weight));
        Given::Map(entries.iter().map(entry).collect())
    }

    fn numbers(list: &[f32]) -> Result<Box<[f32]>, String> {
        Ok(list.into())
    }

    proptest! {
        #[test]
        fn a_vector_is_the_same_one_in_either_form(
            vector in prop::collection::vec(-60_000.0..60_000.0_f32, 1..9)
        ) {
            let dims = vector.len() as u32;
            let wide: Vec<f64> = vector.iter().map(|number| f64::from(*number)).collect();
            for element in [Element::F32, Element::F16] {
                let read = dense(dims, element, &base64(&vector));
                prop_assert!(read.is_ok());
                prop_assert_eq!(read, dense(dims, element, &list(&wide)));
            }
        }
    }

    #[test]
    fn the_clients_own_base64_is_read() {
        let given = Given::Text("zczMPc3MTD4=".into());
        assert_eq!(dense(2, Element::F32, &given), numbers(&[0.1, 0.2]));
        let unpadded = Given::Text("zczMPc3MTD4".into());
        assert_eq!(dense(2, Element::F32, &unpadded), numbers(&[0.1, 0.2]));
    }

    #[test]
    fn integers_are_numbers_too() {
        let given = Given::List(vec![Given::Int(1), Given::Float(0.5), Given::Uint(1 << 63)]);
        assert_eq!(dense(3, Element::F32, &given), numbers(&[1.0, 0.5, (1_u64 << 63) as f32]));
    }

    #[test]
    fn halves_are_rounded_to_the_nearest_and_never_to_infinity() {
        let given = list(&[0.1, 2049.0, 2051.0, 65_519.0, -1e-9]);
        let held = [0.099_975_586, 2048.0, 2052.0, 65_504.0, -0.0];
        assert_eq!(dense(5, Element::F16, &given), numbers(&held));
        assert!(dense(1, Element::F16, &list(&[65_520.0])).is_err());
        assert!(dense(1, Element::F16, &base64(&[-1e6])).is_err());
    }

    #[test]
    fn bytes_take_the_integers_that_they_can_hold() {
        let extremes = list(&[-128.0, 127.0, -0.0]);
        assert_eq!(dense(3, Element::I8, &extremes), numbers(&[-128.0, 127.0, 0.0]));
        assert_eq!(dense(2, Element::I8, &base64(&[1.0, -2.0])), numbers(&[1.0, -2.0]));
        for odd in [0.5, 128.0, -129.0, 1.000_000_001, f64::NAN] {
            let told = dense(1, Element::I8, &list(&[odd])).unwrap_err();
            assert!(told.contains("does not fit i8"), "{told}");
        }
    }

    #[test]
    fn a_vector_has_its_length_and_nothing_but_finite_numbers() {
        let refused = |given: &Given, why: &str| {
            let told = dense(2, Element::F32, given).unwrap_err();
            assert!(told.contains(why), "{told}");
        };
        refused(&list(&[1.0]), "1 numbers");
        refused(&list(&[]), "0 numbers");
        refused(&base64(&[1.0, 2.0, 3.0]), "3 numbers");
        refused(&base64(&[1.0, f32::NAN]), "NaN at index 1");
        refused(&base64(&[f32::INFINITY, 1.0]), "inf at index 0");
        refused(&list(&[1.0, 1e39]), "1e39 at index 1");
        refused(&Given::List(vec![Given::Int(1), Given::Null]), "'null' at index 1");
        refused(&Given::List(vec![Given::Text("1".into()), Given::Int(1)]), "'1' at index 0");
        refused(&Given::Text("zczMPc3MTD".into()), "base64");
        refused(&Given::Text("no vector".into()), "'no vector'");
        refused(&Given::Int(1), "'1'");
    }

    #[test]
    fn several_vectors_lie_one_after_the_other() {
        let given = Given::List(vec![list(&[1.0, 2.0]), list(&[3.0, 4.0])]);
        assert_eq!(several(2, &given), numbers(&[1.0, 2.0, 3.0, 4.0]));
        assert_eq!(several(2, &Given::List(Vec::new())), numbers(&[]));
        let uneven = Given::List(vec![list(&[1.0, 2.0]), list(&[3.0])]);
        let told = several(2, &uneven).unwrap_err();
        assert!(told.contains("1 numbers, in the vector at index 1"), "{told}");
        assert!(several(2, &list(&[1.0, 2.0])).unwrap_err().contains("'1.0' at index 0"));
        assert!(several(2, &Given::List(vec![base64(&[1.0, 2.0])])).is_err());
    }

    #[test]
    fn weights_are_sorted_by_key_and_rounded() {
        let read = sparse(&map(&[("b", 0.1), ("a", 2.0), ("", 1e-9)])).unwrap();
        let words: Vec<(&str, f32)> = read.iter().map(|(key, weight)| (&**key, *weight)).collect();
        assert_eq!(words, [("", 0.0), ("a", 2.0), ("b", 0.099_975_586)]);
        assert!(sparse(&map(&[])).unwrap().is_empty());
    }

    #[test]
    fn a_sparse_vector_has_few_entries_each_of_its_own_key_and_finite() {
        let refused = |given: &Given, why: &str| {
            let told = sparse(given).unwrap_err();
            assert!(told.contains(why), "{told}");
        };
        refused(&map(&[("a", 1.0), ("b", 1.0), ("a", 2.0)]), "'a' twice");
        refused(&map(&[("a", 65_520.0)]), "'a'");
        refused(&Given::Map(vec![("a".into(), Given::Null)]), "'null' for 'a'");
        refused(&list(&[1.0]), "'[1.0]'");
        let many = |count: usize| {
            let entry = |at: usize| (at.to_string().into(), Given::Int(1));
            Given::Map((0..count).map(entry).collect())
        };
        assert!(sparse(&many(SPARSE_ENTRIES_MAX)).is_ok());
        refused(&many(SPARSE_ENTRIES_MAX + 1), "1025 entries");
    }
}

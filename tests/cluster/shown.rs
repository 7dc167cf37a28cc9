//! Of which types somebody read a value: what nobody read, nobody compared.

use serde_json::Value;

use crate::counts::Count;
use crate::values::{ATTRIBUTES, TEXT, VECTORS};

/// By its attribute and its type, in how many answers there was a value of each.
#[derive(Debug)]
pub(crate) struct Shown(Vec<(&'static str, &'static str, Count)>);

impl Default for Shown {
    fn default() -> Self {
        let all = ATTRIBUTES.into_iter().chain(VECTORS).chain([(TEXT, "string")]);
        Self(all.map(|(name, kind)| (name, kind, Count::default())).collect())
    }
}

impl Shown {
    pub(crate) fn saw(&self, rows: &Value) {
        let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
        for (name, _, count) in &self.0 {
            if rows.iter().any(|row| !row[*name].is_null()) {
                count.add();
            }
        }
    }

    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let missing = self.0.iter().filter(|(_, _, count)| count.get() == 0);
        missing.map(|(_, kind, _)| *kind).collect()
    }

    pub(crate) fn told(&self) -> String {
        let told = self.0.iter().map(|(_, kind, count)| format!("{kind} {}", count.get()));
        told.collect::<Vec<_>>().join(", ")
    }
}

#[test]
fn a_type_is_read_where_a_row_has_a_value_of_it() {
    let shown = Shown::default();
    let types = ATTRIBUTES.len() + VECTORS.len() + 1;
    assert_eq!(shown.missing().len(), types);
    shown.saw(&serde_json::json!([{"id": "a", "halves": null}, {"id": "b", "smalls": [1.0]}]));
    shown.saw(&serde_json::json!([]));
    let missing = shown.missing();
    assert_eq!((missing.len(), missing.contains(&"[4]f16")), (types - 1, true));
    assert!(!missing.contains(&"[5]i8") && shown.told().contains("[5]i8 1, "), "{}", shown.told());
}

//! Which attributes come with a row: `include_attributes`, or `exclude_attributes`.

use crate::api::error::Refusal;
use crate::api::json::{Object, mistyped};
use crate::model::{Given, Include};

/// `None`: nothing was said.
pub(super) fn read(object: &mut Object) -> Result<Option<Include>, Refusal> {
    let path = object.path_of("include_attributes");
    let included = match object.take("include_attributes") {
        None => None,
        Some(Given::Bool(true)) => Some(Include::All),
        Some(Given::Bool(false)) => Some(Include::Nothing),
        Some(Given::List(items)) => Some(these(&path, items)?),
        Some(other) => return Err(mistyped(&path, &other, "a boolean or a sequence")),
    };
    match (included, object.texts("exclude_attributes")?) {
        (Some(_), Some(_)) => Err(Refusal::invalid(format!(
            "{}💔 cannot specify both include_attributes and exclude_attributes",
            object.place()
        ))),
        (included, None) => Ok(included),
        (None, Some(names)) => Ok(Some(Include::AllBut(names))),
    }
}

fn these(path: &str, items: Vec<Given>) -> Result<Include, Refusal> {
    let mut names = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        match item {
            // It comes anyway.
            Given::Text(name) if *name == *"id" => {}
            Given::Text(name) => names.push(name),
            other => return Err(mistyped(&format!("{path}[{at}]"), &other, "a string")),
        }
    }
    Ok(if names.is_empty() { Include::Nothing } else { Include::These(names) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::given;

    fn include(text: &str) -> Result<Option<Include>, Refusal> {
        read(&mut Object::of("", given(text)).unwrap())
    }

    #[test]
    fn what_comes_with_a_row_is_said_in_four_ways() {
        for (text, expected) in [
            ("{}", None),
            (r#"{"include_attributes":true}"#, Some(Include::All)),
            (r#"{"include_attributes":false}"#, Some(Include::Nothing)),
            (r#"{"include_attributes":[]}"#, Some(Include::Nothing)),
            (r#"{"include_attributes":["id","a"]}"#, Some(Include::These(vec!["a".into()]))),
            (r#"{"exclude_attributes":["a"]}"#, Some(Include::AllBut(vec!["a".into()]))),
        ] {
            assert_eq!(include(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_says_nothing_clear_is_refused() {
        for (text, told) in [
            (r#"{"include_attributes":7}"#, "include_attributes: invalid type"),
            (r#"{"include_attributes":["a",7]}"#, "include_attributes[1]: invalid type"),
            (r#"{"exclude_attributes":true}"#, "exclude_attributes: invalid type"),
            (r#"{"include_attributes":[],"exclude_attributes":[]}"#, "💔 cannot specify both"),
        ] {
            let refusal = include(text).unwrap_err();
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }
}

//! Which of the ranked documents are wanted: `limit` or its older name, `limit.per`, `offset`.

use crate::api::error::Refusal;
use crate::api::json::{Object, integral, mistyped, unmatched};
use crate::model::{Given, LIMIT_MAX, PER_ATTRIBUTES_MAX, Page, Per};

/// What a request says of it, which may be nothing.
#[derive(Debug, PartialEq)]
pub(super) struct Wished {
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
    pub(super) per: Option<Per>,
}

pub(super) fn read(object: &mut Object) -> Result<Wished, Refusal> {
    let place = object.place();
    let (limit, per) = limit(object)?;
    let offset = object.size("offset")?.unwrap_or(0);
    if offset.saturating_add(limit.unwrap_or(0)) > LIMIT_MAX {
        return Err(Refusal::invalid(format!(
            "{place}💔 offset and limit come to at most {LIMIT_MAX} together"
        )));
    }
    Ok(Wished { limit, offset, per })
}

impl Wished {
    /// Where no limit was given: all that there can be.
    pub(super) fn page(self) -> Page {
        let limit = self.limit.unwrap_or(LIMIT_MAX - self.offset);
        Page { limit, offset: self.offset, per: self.per }
    }
}

fn limit(object: &mut Object) -> Result<(Option<usize>, Option<Per>), Refusal> {
    let (place, path) = (object.place(), object.path_of("limit"));
    let misshapen = || unmatched(&path, "LimitInput");
    let (total, per) = match object.take("limit") {
        Some(given @ Given::Map(_)) => {
            let mut limit = Object::of(&path, given)?;
            let per = limit.object("per")?.map(per).transpose()?;
            let total = limit.take("total").ok_or_else(misshapen)?;
            limit.end()?;
            (Some(total), per)
        }
        other => (other, None),
    };
    let given = match (total, object.take("top_k")) {
        (Some(_), Some(_)) => {
            let message = format!("{place}💔 top_k is the older name of limit: specify one");
            return Err(Refusal::invalid(message));
        }
        (total, top_k) => total.or(top_k),
    };
    let Some(given) = given else { return Ok((None, per)) };
    let number = rows(given).map_err(|_| misshapen())?;
    if !(1..=LIMIT_MAX).contains(&number) {
        let message = format!("{place}💔 top_k must be between 1 and {LIMIT_MAX}");
        return Err(Refusal::invalid(message));
    }
    Ok((Some(number), per))
}

fn per(mut object: Object) -> Result<Per, Refusal> {
    let place = object.place();
    let (attributes, given) = (object.texts("attributes")?, object.take("limit"));
    let attributes = object.needed("attributes", attributes)?;
    let given = object.needed("limit", given)?;
    let odd = |given: Given| mistyped(&object.path_of("limit"), &given, "an integer");
    let limit = rows(given).map_err(odd)?;
    object.end()?;
    if !(1..=PER_ATTRIBUTES_MAX).contains(&attributes.len()) {
        let message = format!("{place}attributes must be 1 to {PER_ATTRIBUTES_MAX}");
        return Err(Refusal::invalid(message));
    }
    if limit == 0 {
        return Err(Refusal::invalid(format!("{place}limit must be at least 1")));
    }
    Ok(Per { attributes, limit })
}

/// So many rows, if it is an integer: what is too few is none, and what is too many stays so.
fn rows(given: Given) -> Result<usize, Given> {
    match integral(given) {
        Given::Int(number) => Ok(usize::try_from(number).unwrap_or(0)),
        Given::Uint(_) => Ok(usize::MAX),
        other => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::given;

    fn wished(text: &str) -> Result<Wished, Refusal> {
        let mut object = Object::of("", given(text)).unwrap();
        let wished = read(&mut object)?;
        object.end()?;
        Ok(wished)
    }

    #[test]
    fn a_page_is_said_in_any_of_its_forms() {
        let of = |limit, offset| Wished { limit, offset, per: None };
        for (text, expected) in [
            ("{}", of(None, 0)),
            (r#"{"limit":7}"#, of(Some(7), 0)),
            (r#"{"top_k":7,"offset":null}"#, of(Some(7), 0)),
            (r#"{"limit":{"total":7},"offset":-0}"#, of(Some(7), 0)),
            (r#"{"limit":1,"offset":9999}"#, of(Some(1), 9999)),
        ] {
            assert_eq!(wished(text).unwrap(), expected, "{text}");
        }
        let per = r#"{"limit":{"total":7,"per":{"attributes":["a","id"],"limit":2}}}"#;
        let attributes = vec!["a".into(), "id".into()];
        let page = wished(per).unwrap().page();
        let per = Some(Per { attributes, limit: 2 });
        assert_eq!(page, Page { limit: 7, offset: 0, per });
        let rest = wished(r#"{"offset":10}"#).unwrap().page();
        assert_eq!(rest, Page { limit: LIMIT_MAX - 10, offset: 10, per: None });
    }

    #[test]
    fn what_is_no_page_is_refused() {
        let nine = ["\"a\""; 9].join(",");
        let nine =
            format!(r#"{{"limit":{{"total":1,"per":{{"attributes":[{nine}],"limit":1}}}}}}"#);
        for (text, code, told) in [
            (r#"{"limit":0}"#, "invalid", "💔 top_k must be between 1 and 10000"),
            (r#"{"limit":10001}"#, "invalid", "💔 top_k must be between 1 and 10000"),
            (r#"{"limit":"ten"}"#, "wrong_shape", "limit: data did not match any variant"),
            (r#"{"limit":1.5}"#, "wrong_shape", "untagged enum LimitInput"),
            (r#"{"limit":{}}"#, "wrong_shape", "untagged enum LimitInput"),
            (r#"{"limit":{"total":1,"x":1}}"#, "unknown_field", "`limit.x`"),
            (r#"{"limit":1,"top_k":1}"#, "invalid", "specify one"),
            (r#"{"limit":1,"offset":10000}"#, "invalid", "💔 offset and limit come to at most"),
            (r#"{"offset":10001}"#, "invalid", "come to at most 10000"),
            (r#"{"offset":-1}"#, "wrong_shape", "offset: invalid type"),
            (r#"{"limit":{"total":1,"per":7}}"#, "wrong_shape", "limit.per: invalid type"),
            (
                r#"{"limit":{"total":1,"per":{"limit":1}}}"#,
                "wrong_shape",
                "limit.per: missing field `attributes`",
            ),
            (
                r#"{"limit":{"total":1,"per":{"attributes":["a"],"limit":0}}}"#,
                "invalid",
                "limit.per: limit must be at least 1",
            ),
            (
                r#"{"limit":{"total":1,"per":{"attributes":[],"limit":1}}}"#,
                "invalid",
                "limit.per: attributes must be 1 to 8",
            ),
            (&*nine, "invalid", "1 to 8"),
        ] {
            let refusal = wished(text).unwrap_err();
            assert_eq!(refusal.code(), code, "{text}: {}", refusal.story());
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }
}

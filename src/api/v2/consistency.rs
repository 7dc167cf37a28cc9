//! How new what a query sees has to be.

use std::time::Duration;

use crate::api::error::Refusal;
use crate::api::json::{Object, type_of, unknown_word};
use crate::model::{Consistency, Given};

const STALENESS_SECONDS: u64 = 60;

pub(super) fn read(object: &mut Object) -> Result<Consistency, Refusal> {
    let mut wished = match object.take("consistency") {
        None => return Ok(Consistency::Strong),
        Some(given @ Given::Map(_)) => Object::of("consistency", given)?,
        Some(other) => {
            return Err(Refusal::misshapen(&format!(
                "consistency: invalid type: {}, expected struct Consistency",
                type_of(&other)
            )));
        }
    };
    let level = wished.text("level")?;
    let seconds = wished.count("max_staleness_seconds")?;
    let level = wished.needed("level", level)?;
    wished.end()?;
    match &*level {
        "strong" if seconds.is_some() => Err(Refusal::invalid(
            "💔 consistency.max_staleness_seconds is for the level eventual, strong is never stale",
        )),
        "strong" => Ok(Consistency::Strong),
        "eventual" => {
            let max_staleness = Duration::from_secs(seconds.unwrap_or(STALENESS_SECONDS));
            Ok(Consistency::Eventual { max_staleness })
        }
        other => Err(unknown_word("consistency.level", other, "`strong` or `eventual`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::given;

    fn consistency(text: &str) -> Result<Consistency, Refusal> {
        let text = format!("{{\"consistency\":{text}}}");
        read(&mut Object::of("", given(&text)).unwrap())
    }

    #[test]
    fn it_is_as_new_as_can_be_unless_less_will_do() {
        let stale = |seconds| Consistency::Eventual { max_staleness: Duration::from_secs(seconds) };
        for (text, expected) in [
            ("null", Consistency::Strong),
            (r#"{"level":"strong"}"#, Consistency::Strong),
            (r#"{"level":"eventual"}"#, stale(60)),
            (r#"{"level":"eventual","max_staleness_seconds":10}"#, stale(10)),
        ] {
            assert_eq!(consistency(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_level_is_refused() {
        for (text, told) in [
            ("\"eventual\"", "invalid type: string \"eventual\", expected struct Consistency"),
            ("{}", "consistency: missing field `level`"),
            (r#"{"level":"x"}"#, "unknown variant `x`, expected `strong` or `eventual`"),
            (r#"{"level":"strong","max_staleness_seconds":1}"#, "strong is never stale"),
            (r#"{"level":"eventual","stale":1}"#, "unknown field `consistency.stale`"),
        ] {
            let refusal = consistency(text).unwrap_err();
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }
}

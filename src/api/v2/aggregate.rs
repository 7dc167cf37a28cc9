//! `aggregate_by` and `group_by`: what is said of all documents that match, or of each group.

use super::aggregation;
use crate::api::error::Refusal;
use crate::api::json::{Object, quoted, unmatched};
use crate::model::aggregation::Named;
use crate::model::{ATTRIBUTE_NAME_BYTES_MAX, Aggregate, GROUP_KEYS_MAX, Given, Group};

pub(in crate::api) const AGGREGATES_MAX: usize = 256;

/// Under their labels: what the contract has, and what is ours.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Labelled {
    pub(super) aggregates: Vec<(Box<str>, Aggregate)>,
    pub(super) aggregations: Vec<Named>,
}

pub(super) fn labelled(object: &mut Object) -> Result<Labelled, Refusal> {
    let place = object.place();
    let mut labelled = Labelled::default();
    let Some(given) = object.object("aggregate_by")? else { return Ok(labelled) };
    let given = given.into_fields();
    if !(1..=AGGREGATES_MAX).contains(&given.len()) {
        let message = match given.len() {
            0 => "aggregate_by cannot be empty".to_owned(),
            many => format!("aggregate_by takes at most {AGGREGATES_MAX} labels, not {many}"),
        };
        return Err(Refusal::invalid(format!("{place}💔 {message}")));
    }
    for (label, path, given) in given {
        check_label(&path, &label)?;
        match of_contract(&given) {
            Some(aggregate) => labelled.aggregates.push((label, aggregate)),
            None => labelled.aggregations.push((label, aggregation::read(&path, given)?)),
        }
    }
    Ok(labelled)
}

/// A group of an answer has its keys and its aggregates beside each other: no two have one name.
pub(super) fn groups(
    object: &mut Object,
    aggregates: &[(Box<str>, Aggregate)],
    aggregations: &[Named],
) -> Result<Vec<Group>, Refusal> {
    let (place, path) = (object.place(), object.path_of("group_by"));
    let Some(items) = object.list("group_by")? else { return Ok(Vec::new()) };
    let refused = |message: &str| Err(Refusal::invalid(format!("{place}💔 {message}")));
    if let Some((label, _)) = aggregations.first() {
        let label = quoted(label);
        return refused(&format!(
            "group_by goes with Count and Sum alone, and not with `{label}`: nest it below Terms"
        ));
    }
    if aggregates.is_empty() {
        return refused("group_by needs aggregate_by");
    }
    if !(1..=GROUP_KEYS_MAX).contains(&items.len()) {
        return refused(&format!("group_by takes 1 to {GROUP_KEYS_MAX} keys, not {}", items.len()));
    }
    let one = |(at, given): (usize, Given)| group(&format!("{path}[{at}]"), given);
    let groups = items.into_iter().enumerate().map(one).collect::<Result<Vec<_>, _>>()?;
    for (at, group) in groups.iter().enumerate() {
        let label = label(group);
        let among_groups = groups[..at].iter().any(|other| *self::label(other) == *label);
        if among_groups || aggregates.iter().any(|(other, _)| **other == *label) {
            let label = quoted(label);
            return refused(&format!("`{label}` stands twice among group_by and aggregate_by"));
        }
    }
    Ok(groups)
}

/// Nothing, if it is none of those that the contract has.
fn of_contract(given: &Given) -> Option<Aggregate> {
    let Given::List(items) = given else { return None };
    match items.as_slice() {
        [Given::Text(word)] if **word == *"Count" => Some(Aggregate::Count),
        [Given::Text(word), Given::Text(attribute)] if **word == *"Count" => {
            Some(Aggregate::CountOf(attribute.clone()))
        }
        [Given::Text(word), Given::Text(attribute)] if **word == *"Sum" => {
            Some(Aggregate::Sum(attribute.clone()))
        }
        _ => None,
    }
}

/// An attribute, or `{"label": ["ForEachUnique", "attribute"]}`.
fn group(path: &str, given: Given) -> Result<Group, Refusal> {
    let misshapen = || unmatched(path, "GroupInput");
    let fields = match given {
        Given::Text(attribute) => return Ok(Group::Of(attribute)),
        Given::Map(fields) => fields,
        _ => return Err(misshapen()),
    };
    let Ok([(label, Given::List(items))]) = <[(Box<str>, Given); 1]>::try_from(fields) else {
        return Err(misshapen());
    };
    check_label(path, &label)?;
    match items.as_slice() {
        [Given::Text(word), Given::Text(attribute)] if **word == *"ForEachUnique" => {
            Ok(Group::EachOf { label, attribute: attribute.clone() })
        }
        _ => Err(misshapen()),
    }
}

fn label(group: &Group) -> &str {
    match group {
        Group::Of(attribute) => attribute,
        Group::EachOf { label, .. } => label,
    }
}

/// It is said again with each group.
fn check_label(path: &str, label: &str) -> Result<(), Refusal> {
    if (1..=ATTRIBUTE_NAME_BYTES_MAX).contains(&label.len()) {
        return Ok(());
    }
    // What has no name has a place all the same, but for the dot before it.
    let place = if label.is_empty() { path.trim_end_matches('.') } else { path };
    Err(Refusal::invalid(format!("{place}: a label has 1 to {ATTRIBUTE_NAME_BYTES_MAX} bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::given;

    fn read(text: &str) -> Result<(Labelled, Vec<Group>), Refusal> {
        let mut object = Object::of("", given(text)).unwrap();
        let labelled = labelled(&mut object)?;
        let groups = groups(&mut object, &labelled.aggregates, &labelled.aggregations)?;
        object.end()?;
        Ok((labelled, groups))
    }

    #[test]
    fn counts_and_sums_of_all_or_of_groups_are_read() {
        assert_eq!(read("{}").unwrap(), (Labelled::default(), Vec::new()));
        let text = r#"{"aggregate_by":{"n":["Count"],"a":["Count","x"],"s":["Sum","x"]},
            "group_by":["owner",{"tag":["ForEachUnique","tags"]}]}"#;
        let (labelled, groups) = read(text).unwrap();
        let aggregates = vec![
            ("n".into(), Aggregate::Count),
            ("a".into(), Aggregate::CountOf("x".into())),
            ("s".into(), Aggregate::Sum("x".into())),
        ];
        assert_eq!(labelled, Labelled { aggregates, aggregations: Vec::new() });
        let each = Group::EachOf { label: "tag".into(), attribute: "tags".into() };
        assert_eq!(groups, [Group::Of("owner".into()), each]);
    }

    #[test]
    fn what_is_no_aggregate_and_no_group_is_refused() {
        let grouped = |groups: &str| format!(r#"{{"aggregate_by":{{"n":["Count"]}},{groups}}}"#);
        let nine = grouped(&format!("\"group_by\":[{}]", ["\"a\""; 9].join(",")));
        let long = format!(r#"{{"aggregate_by":{{"{}":["Count"]}}}}"#, "x".repeat(129));
        let labels: Vec<String> = (0..257).map(|at| format!("\"l{at}\":[\"Count\"]")).collect();
        let many = format!("{{\"aggregate_by\":{{{}}}}}", labels.join(","));
        for (text, code, told) in [
            (r#"{"aggregate_by":{}}"#, "invalid", "💔 aggregate_by cannot be empty"),
            (r#"{"aggregate_by":[]}"#, "wrong_shape", "aggregate_by: invalid type"),
            (r#"{"aggregate_by":{"n":7}}"#, "wrong_shape", "aggregate_by.n: invalid type"),
            (r#"{"aggregate_by":{"n":["Sum"]}}"#, "wrong_shape", "untagged enum AggregateInput"),
            (r#"{"aggregate_by":{"n":["Median","x"]}}"#, "wrong_shape", "AggregateInput"),
            (
                r#"{"aggregate_by":{"n":["Count"],"a":["Avg","x"]},"group_by":["b"]}"#,
                "invalid",
                "Count and Sum alone, and not with `a`",
            ),
            (r#"{"group_by":["a"]}"#, "invalid", "💔 group_by needs aggregate_by"),
            (&*grouped(r#""group_by":[]"#), "invalid", "1 to 8 keys, not 0"),
            (&*grouped(r#""group_by":"a""#), "wrong_shape", "group_by: invalid type"),
            (&*grouped(r#""group_by":[7]"#), "wrong_shape", "group_by[0]: data did not match"),
            (&*grouped(r#""group_by":[{"t":["Each","a"]}]"#), "wrong_shape", "enum GroupInput"),
            (&*grouped(r#""group_by":["n"]"#), "invalid", "`n` stands twice"),
            (&*grouped(r#""group_by":["a","a"]"#), "invalid", "`a` stands twice"),
            (&*grouped(r#""group_by":["a",{"a":["ForEachUnique","b"]}]"#), "invalid", "`a` stands"),
            (&*nine, "invalid", "1 to 8 keys, not 9"),
            (&*long, "invalid", "a label has 1 to 128 bytes"),
            (r#"{"aggregate_by":{"":["Count"]}}"#, "invalid", "aggregate_by: a label has 1 to"),
            (&*many, "invalid", "at most 256 labels, not 257"),
        ] {
            let refusal = read(text).unwrap_err();
            assert_eq!(refusal.code(), code, "{text}: {}", refusal.story());
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }
}

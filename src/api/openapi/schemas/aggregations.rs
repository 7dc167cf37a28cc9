//! Aggregations: what stands beside one, which both contracts spell alike but for the order, and the
//! expressions of the second contract.

use serde_json::Value;

use crate::api::aggregation::CALENDARS;
use crate::api::openapi::shape::{
    Field, at_least, count, either, list_of, map_of, named, number, object, object_of, one_of,
    only, text, text_like, told, tuple, within,
};
use crate::model::aggregation::{
    CARDINALITY_PRECISION, CARDINALITY_PRECISION_MAX, ORDERS_MAX, PERCENTS_MAX, RANGES_MAX,
    TERMS_MAX,
};

const LENGTH: &str = "^[0-9]+(ms|s|m|h|d)$";
const OFFSET: &str = "^[+-]?[0-9]+(ms|s|m|h|d)$";

pub(super) fn all() -> Vec<(&'static str, Value)> {
    vec![("Aggregation", aggregation()), ("BucketOrder", order())]
}

/// Over one attribute, as the first operand names it.
fn aggregation() -> Value {
    let attribute = || told(text(), "An attribute");
    let plain = one_of(&["Avg", "Min", "Max", "Sum", "ValueCount", "Stats"]);
    let options = |fields: Vec<Field>| object_of(&[], fields);
    let of = |word: &str, required: &[&str], fields: Vec<Field>| {
        let with_more = object_of(required, [fields, vec![aggs()]].concat());
        // Where one of them is required, so are they.
        tuple([only(word), attribute(), with_more], 2 + required.len())
    };
    let order = || named("BucketOrder");
    told(
        either([
            tuple([plain, attribute(), options(vec![missing()])], 2),
            tuple([only("ExtendedStats"), attribute(), options(extended_stats())], 2),
            tuple([only("Cardinality"), attribute(), options(cardinality())], 2),
            tuple([only("Percentiles"), attribute(), percents(), options(vec![missing()])], 2),
            tuple([only("Percentiles"), attribute(), options(vec![missing()])], 3),
            of("Terms", &[], terms(order())),
            of("Histogram", &["interval"], histogram(order())),
            tuple([only("DateHistogram"), attribute(), dates(order())], 3),
            of("Range", &["ranges"], vec![ranges(), missing()]),
            tuple([only("Filters"), map_of(named("Filter")), options(vec![aggs()])], 2),
        ]),
        "`[\"Avg\", \"price\"]`, and behind it what may be left out. Buckets have others in them: `aggs`",
    )
}

fn dates(order: Value) -> Value {
    let fields = [date_histogram(order), vec![aggs()]].concat();
    object_of(&[], fields)
}

fn aggs() -> Field {
    ("aggs", told(map_of(named("Aggregation")), "Of the documents of each bucket, by their names"))
}

fn order() -> Value {
    let words = "`_count`, `_key`, or a metric below, such as `price` or `stats.max`";
    told(either([named("Order"), list_of(named("Order"), 1, ORDERS_MAX)]), words)
}

pub(super) fn missing() -> Field {
    ("missing", told(named("Value"), "What a document has that has no value"))
}

pub(super) fn extended_stats() -> Vec<Field> {
    let sigma = "So many standard deviations lie its bounds beside the mean: 2, if nothing is said";
    vec![("sigma", told(at_least(0), sigma)), missing()]
}

pub(super) fn cardinality() -> Vec<Field> {
    let words = format!(
        "Up to so many it is exact: {CARDINALITY_PRECISION}, if nothing is said, and \
         {CARDINALITY_PRECISION_MAX} at most"
    );
    vec![("precision_threshold", told(count(), &words)), missing()]
}

pub(super) fn percents() -> Value {
    let mut percent = at_least(0);
    percent["maximum"] = 100.into();
    list_of(percent, 1, PERCENTS_MAX)
}

pub(super) fn terms(order: Value) -> Vec<Field> {
    vec![
        ("size", told(within(1, TERMS_MAX as usize), "10, if nothing is said")),
        ("min_doc_count", within(1, usize::MAX)),
        ("order", order),
        missing(),
    ]
}

pub(super) fn histogram(order: Value) -> Vec<Field> {
    let bounds = object(&[], [("min", number()), ("max", number())]);
    let mut fields = vec![
        ("interval", told(at_least(0), "Above 0")),
        ("offset", number()),
        ("extended_bounds", told(bounds, "There are buckets from the one on and up to the other")),
        missing(),
    ];
    fields.extend(layout(order));
    fields
}

pub(super) fn date_histogram(order: Value) -> Vec<Field> {
    let words: Vec<&str> =
        CALENDARS.iter().flat_map(|(whole, short, _)| [*whole, *short]).collect();
    let moment = || told(either([text(), number()]), "As text, or whole milliseconds");
    let bounds = object(&[], [("min", moment()), ("max", moment())]);
    let mut fields = vec![
        ("calendar_interval", told(one_of(&words), "One of this and `fixed_interval` is there")),
        ("fixed_interval", told(text_like(LENGTH), "Such as `90m`")),
        ("time_zone", told(text(), "A name of the IANA database, or as `+01:00`; else UTC")),
        ("offset", told(text_like(OFFSET), "By so much every bucket is late, such as `-6h`")),
        ("extended_bounds", bounds),
        missing(),
    ];
    fields.extend(layout(order));
    fields
}

fn layout(order: Value) -> [Field; 2] {
    [
        ("min_doc_count", told(count(), "With 0, as if nothing is said, there are no gaps")),
        ("order", order),
    ]
}

pub(super) fn ranges() -> Field {
    let end = || either([number(), text()]);
    let range = object(&[], [("key", text()), ("from", end()), ("to", end())]);
    ("ranges", told(list_of(range, 1, RANGES_MAX), "`from` is in it, and `to` is not"))
}

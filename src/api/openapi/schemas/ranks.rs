//! The expressions of the second contract, which are lists: filters, scores, orders, aggregates.

use serde_json::Value;

use crate::api::openapi::shape::{
    any, either, headed, list, list_of, map_of, named, nothing, number, object, one_of, only, text,
    text_of, told, truth, tuple, within,
};
use crate::api::v2::TOKENS_MAX;
use crate::eval::ORDER_KEYS_MAX;
use crate::model::{FRAGMENTS_MAX, SPARSE_ENTRIES_MAX, TEXT_QUERY_CHARS_MAX};
use crate::query::VECTORS_MAX;

/// What stands between an attribute and an operand.
const OPERATORS: [&str; 25] = [
    "Eq",
    "NotEq",
    "In",
    "NotIn",
    "Lt",
    "Lte",
    "Gt",
    "Gte",
    "Contains",
    "NotContains",
    "ContainsAny",
    "NotContainsAny",
    "AnyLt",
    "AnyLte",
    "AnyGt",
    "AnyGte",
    "Glob",
    "NotGlob",
    "IGlob",
    "NotIGlob",
    "Regex",
    "Fuzzy",
    "ContainsAllTokens",
    "ContainsAnyToken",
    "ContainsTokenSequence",
];

pub(super) fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("Filter", filter("Filter", "An operand")),
        ("Condition", filter("Condition", "An operand, or `{\"$ref_new\": \"attribute\"}`")),
        ("Order", tuple([text(), one_of(&["asc", "desc"])], 2)),
        ("Nearest", nearest()),
        ("Score", score()),
        ("Curve", curve()),
        ("Rank", rank()),
        ("Aggregate", aggregate()),
        ("Group", group()),
        ("Computed", computed()),
        ("Highlight", highlight()),
    ]
}

fn filter(itself: &str, operand: &str) -> Value {
    let several = tuple([one_of(&["And", "Or"]), list(named(itself))], 2);
    let not = tuple([only("Not"), named(itself)], 2);
    let settings = either([map_of(any("Of Fuzzy, and of tokens")), nothing()]);
    let test = tuple([text(), one_of(&OPERATORS), any(operand), settings], 3);
    told(either([several, not, test]), "`[\"age\", \"Gt\", 7]`, and `And`, `Or`, `Not` around such")
}

fn nearest() -> Value {
    let several = list_of(list(number()), 1, VECTORS_MAX);
    let vectors = either([named("Vector"), told(several, "Of late interaction")]);
    let how = told(one_of(&["ANN", "kNN"]), "`kNN` is exact, and needs `filters`");
    tuple([text(), how, vectors], 3)
}

fn rank() -> Value {
    let orders = list_of(named("Order"), 1, ORDER_KEYS_MAX);
    either([named("Nearest"), named("Order"), orders, named("Score")])
}

fn score() -> Value {
    let asked = either([text_of(0, TEXT_QUERY_CHARS_MAX), list_of(text(), 0, TOKENS_MAX)]);
    let settings = object(&[], [("last_as_prefix", truth())]);
    let text_search = tuple([text(), only("BM25"), asked, settings], 3);
    let weights = told(map_of(number()), &format!("At most {SPARSE_ENTRIES_MAX}"));
    let sparse = tuple([text(), only("SparseKNN"), weights], 3);
    let part = || either([named("Score"), number()]);
    let several = either([part(), list(part())]);
    let parts = told(
        headed(one_of(&["Sum", "Max"]), several, 2),
        "`[\"Sum\", [part, …]]`, `[\"Max\", part, …]`: scores, and numbers that are not negative",
    );
    let product = tuple([only("Product"), part(), part()], 3);
    let attribute = || tuple([only("Attribute"), text()], 2);
    let curved = tuple([one_of(&["Saturate", "Decay"]), named("Score"), named("Curve")], 3);
    let dist = tuple([only("Dist"), attribute(), either([number(), text()])], 3);
    told(
        either([text_search, sparse, product, attribute(), curved, dist, named("Filter"), parts]),
        "The higher, the better. A filter scores 1 where it holds",
    )
}

fn curve() -> Value {
    let midpoint =
        told(either([number(), text()]), "Or a time such as `7d`, over a distance of times");
    object(&["midpoint"], [("midpoint", midpoint), ("exponent", number())])
}

fn aggregate() -> Value {
    let of_all = told(tuple([only("Count")], 1), "How many match");
    let of_one = tuple([one_of(&["Count", "Sum"]), told(text(), "An attribute")], 2);
    either([of_all, of_one, named("Aggregation")])
}

fn group() -> Value {
    let each = map_of(tuple([only("ForEachUnique"), text()], 2));
    either([told(text(), "An attribute"), told(each, "One label, of each element of an array")])
}

fn computed() -> Value {
    let distance = tuple([text(), only("VectorDist"), named("Vector")], 3);
    let highlight = tuple([only("Highlight"), text(), named("Highlight")], 2);
    either([named("Score"), distance, highlight])
}

fn highlight() -> Value {
    let over_fragments = "Of BM25 and filters over `$fragment`, the text of a part: as of documents, \
                          those that score 0 are left out";
    object(
        &[],
        [
            ("fragment_by", one_of(&["none", "sentence", "paragraph", "word"])),
            ("fragment_limit", within(1, FRAGMENTS_MAX)),
            ("include_offsets", one_of(&["utf-8", "utf-16", "codepoints"])),
            ("rank_fragments_by", told(named("Score"), over_fragments)),
        ],
    )
}

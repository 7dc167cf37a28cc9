//! Searches of v1: by a text, by a vector, by both as one ranking, and in an order.

use crate::examples::Example;
use crate::questions::{Frame, Questions};

pub(crate) const SEARCHES: Questions = Questions {
    name: "searches",
    answered: &[(SEARCHED, WHOLES)],
    refused: &[(SEARCHED, ODD)],
    words: "
        filter vector sort full_text fields weights aggs min_score explain rrf
    ",
    takes: |example: &Example| example.operation == "search" && !example.aggregates(),
};

const SEARCHED: Frame = Frame::of("/v1/namespaces/a/query");

const WHOLES: &[&str] = &[
    r#"{"full_text":{"field":"title","query":"quick fox"}}"#,
    r#"{"full_text":{"field":"tokens","query":["red","green"]},"explain":true}"#,
    r#"{"filter":{"field":"n","op":"not_in","value":[1]},"top_k":1,"include_attributes":["n"]}"#,
    r#"{"full_text":{"fields":["title","notes"],"query":"fox"}}"#,
    r#"{"full_text":{"fields":["title","notes"],"query":"fox","weights":[1,0.5]},"include_attributes":["title"]}"#,
    r#"{"full_text":{"fields":["title","notes"],"query":"foxes","weights":{"notes":2}},"min_score":0.1,"top_k":2}"#,
    r#"{"vector":[0,1],"full_text":{"field":"title","query":"fox"},"include_vector":true}"#,
    r#"{"vector":[1,0],"full_text":{"field":"title","query":"fox","weight":0.3},"rrf":{"k":1,"vector_weight":0.7},"top_k":3,"explain":true}"#,
    r#"{"vector":[1,1],"min_score":0.5,"metric":"cosine"}"#,
    r#"{"vector":[1,0],"filter":{"field":"n","op":"gte","value":0},"top_k":2,"include_attributes":[]}"#,
    r#"{"full_text":{"field":"title","query":"fox"},"filter":{"type":"and","conditions":[{"field":"tags","op":"contains","value":"y"}]},"aggs":{"n":{"avg":{"field":"n"}}}}"#,
    r#"{"filter":{"type":"or","conditions":[{"field":"ok","op":"eq","value":true},{"field":"s","op":"glob","value":"*"}]},"sort":[{"field":"n","order":"desc"},{"field":"id"}],"min_seq":0}"#,
    "{}",
];

const ODD: &[(&str, &str)] = &[
    (r#"{"full_text":{"field":"title"}}"#, "missing field"),
    (r#"{"full_text":{"field":"s","query":"fox"}}"#, "has no full text"),
    (r#"{"full_text":{"field":"n","query":"fox"}}"#, "holds no text"),
    (r#"{"full_text":{"field":"absent","query":"fox"}}"#, "is not in the schema"),
    (r#"{"full_text":{"field":"title","query":["fox"]}}"#, "holds texts is a text"),
    (r#"{"full_text":{"field":"tokens","query":"red"}}"#, "holds tokens is a list"),
    (r#"{"full_text":{"field":"title","query":7}}"#, "invalid type"),
    (
        r#"{"full_text":{"field":"title","fields":["notes"],"query":"fox"}}"#,
        "is one and are several",
    ),
    (r#"{"full_text":{"field":"title","weights":[1],"query":"fox"}}"#, "are of and not of one"),
    (
        r#"{"full_text":{"fields":["title"],"weights":[1,2],"query":"fox"}}"#,
        "has one weight of each field",
    ),
    (r#"{"full_text":{"fields":["title","title"],"query":"fox"}}"#, "has twice give it once"),
    (r#"{"full_text":{"fields":[],"query":"fox"}}"#, "has to fields"),
    (r#"{"full_text":{"fields":["title"],"weights":{"notes":1},"query":"fox"}}"#, "unknown field"),
    (r#"{"vector":[1,0],"sort":[{"field":"n"}]}"#, "are two orders"),
    (r#"{"vector":[1,0],"rrf":{}}"#, "makes one of two rankings"),
    (r#"{"min_score":1}"#, "is of scores and without"),
    (r#"{"vector":[1,0,0]}"#, "expects but got numbers"),
];

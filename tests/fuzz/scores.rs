//! Scores, of v2: what rows are ranked by, what is computed of each, what several rankings become one by,
//! and how much is found of what there is.

use crate::examples::Example;
use crate::questions::{Frame, Questions};

pub(crate) const SCORES: Questions = Questions {
    name: "scores",
    answered: &[
        (RANKED, RANKS),
        (COMPUTED, COMPUTATIONS),
        (FUSED, FUSIONS),
        (WHOLE, WHOLES),
        (EXPLAINED, EXPLANATIONS),
        (RECALLED, RECALLS),
    ],
    refused: &[
        (RANKED, ODD_RANKS),
        (COMPUTED, ODD_COMPUTATIONS),
        (FUSED, ODD_FUSIONS),
        (WHOLE, ODD_WHOLES),
        (RECALLED, ODD_RECALLS),
    ],
    words: "
        BM25 ANN Attribute Sum Max Product SparseKNN Dist Saturate Decay VectorDist
        last_as_prefix Highlight include_offsets rank_fragments_by per RRF weights
        include_ground_truth
    ",
    takes: |example: &Example| example.operation != "search" && !example.aggregates(),
};

const QUERY: &str = "/v2/namespaces/a/query";
const RANKED: Frame = Frame { path: QUERY, before: r#"{"limit":5,"rank_by":"#, behind: "}" };
const COMPUTED: Frame = Frame {
    path: QUERY,
    before: r#"{"rank_by":["title","BM25","quick fox"],"limit":5,"compute_attributes":{"made":"#,
    behind: "}}",
};
const FUSED: Frame = Frame {
    path: QUERY,
    before: r#"{"queries":[{"rank_by":["vector","ANN",[1,0]],"limit":3},{"rank_by":["n","desc"],"limit":3}],"limit":2,"rerank_by":"#,
    behind: "}",
};
const WHOLE: Frame = Frame::of(QUERY);
const EXPLAINED: Frame = Frame::of("/v2/namespaces/a/explain_query");
const RECALLED: Frame = Frame::of("/v1/namespaces/a/_debug/recall");

const RANKS: &[&str] = &[
    r#"["title","BM25","quick fox"]"#,
    r#"["title","BM25","quick fo",{"last_as_prefix":true}]"#,
    r#"["notes","BM25","foxes"]"#,
    r#"["tokens","BM25",["red","green"]]"#,
    r#"["sparse","SparseKNN",{"a":0.5,"c":-1}]"#,
    r#"["many","ANN",[[1,0],[0,1]]]"#,
    r#"["title","ContainsAnyToken","fox"]"#,
    r#"["And",[["n","Gte",0],["ok","Eq",true]]]"#,
    r#"["Attribute","u"]"#,
    r#"["Max",0,["Attribute","n"]]"#,
    r#"["Max",["title","BM25","fox"],["notes","BM25","fox"]]"#,
    r#"["Sum",[["title","BM25","fox"],["n","Gt",0],1]]"#,
    r#"["Product",2,["title","BM25","fox"]]"#,
    r#"["Product",["Attribute","t"],0.5]"#,
    r#"["Dist",["Attribute","n"],-1.5]"#,
    r#"["Dist",["Attribute","u"],18446744073709551615]"#,
    r#"["Saturate",["Attribute","n"],{"midpoint":3,"exponent":2}]"#,
    r#"["Decay",["Dist",["Attribute","t"],"2024-03-01"],{"midpoint":"7d"}]"#,
    r#"["Decay",["Dist",["Attribute","f"],0.5],{"midpoint":1,"exponent":0.5}]"#,
    r#"["Sum",[["Product",3,["title","BM25","fox"]],["Saturate",["Max",0,["Attribute","f"]],{"midpoint":2}],["Decay",["Dist",["Attribute","t"],1709251200000],{"midpoint":"1.5h"}],["tags","Contains","x"]]]"#,
];

const COMPUTATIONS: &[&str] = &[
    r#"["title","BM25","fox"]"#,
    r#"["Saturate",["title","BM25","fox"],{"midpoint":0.5}]"#,
    r#"["n","Gt",0]"#,
    r#"["vector","VectorDist",[0,1]]"#,
    r#"["vector","VectorDist","AACAPwAAAAA="]"#,
    r#"["Highlight","title"]"#,
    r#"["Highlight","title",{"fragment_by":"none","include_offsets":"utf-8"}]"#,
    r#"["Highlight","title",{"fragment_by":"word","fragment_limit":2,"include_offsets":"utf-16"}]"#,
    r#"["Highlight","notes",{"fragment_by":"paragraph","rank_fragments_by":["$fragment","BM25","fox"]}]"#,
    r#"["Highlight","title",{"fragment_by":"sentence","include_offsets":"codepoints","rank_fragments_by":["Sum",[["$fragment","BM25","fox"],["Product",2,["$fragment","BM25","quick"]]]]}]"#,
    r#"["Highlight","title",{"include_offsets":"utf-8","rank_fragments_by":["Sum",[["$fragment","Regex","fox[.!]"],["Decay",["$fragment","ContainsTokenSequence","a fo",{"last_as_prefix":true}],{"midpoint":1}],["And",[["$fragment","NotGlob","*It*"],["$fragment","Lt","z"]]]]]}]"#,
    r#"["Highlight","notes",{"fragment_by":"word","rank_fragments_by":["$fragment","Fuzzy","foxe",{"max_edit_distance":[{"min_query_chars":3,"distance":0}]}]}]"#,
];

const FUSIONS: &[&str] = &[r#"["RRF"]"#, r#"["RRF",{"rank_constant":1.5,"weights":[1,0.5]}]"#];

const WHOLES: &[&str] = &[
    r#"{"rank_by":["title","BM25","fox"],"filters":["n","Gt",0],"limit":{"total":3,"per":{"attributes":["s","n"],"limit":1}},"offset":1,"include_attributes":["s"],"explain":true}"#,
    r#"{"queries":[{"rank_by":["title","BM25","fox"],"limit":2,"compute_attributes":{"near":["vector","VectorDist",[1,0]]}},{"aggregate_by":{"n":["Count"]}}]}"#,
];

const EXPLANATIONS: &[&str] = &[
    r#"{"rank_by":["Sum",[["title","BM25","fox"],["Max",0,["Attribute","n"]]]],"limit":10,"compute_attributes":{"shown":["Highlight","title"]}}"#,
];

const RECALLS: &[&str] = &[
    "{}",
    r#"{"num":2,"top_k":3,"filters":["n","NotEq",null],"include_ground_truth":true}"#,
    r#"{"num":1,"top_k":2,"rank_by":["vector","ANN",[1,0]],"include_ground_truth":true}"#,
];

const ODD_RANKS: &[(&str, &str)] = &[
    (r#"["Sum",[]]"#, "has at least one part"),
    (r#"["Max",0,-1,["Attribute","u"]]"#, "a constant must be"),
    (r#"["Product",-1,["Attribute","u"]]"#, "the weight of a must be"),
    (r#"["Product",1,2]"#, "of one number and one expression"),
    (r#"["Decay",1,{"midpoint":1}]"#, "a constant is a part of a"),
    (r#"["Decay",["Attribute","u"],{"midpoint":0}]"#, "must be above"),
    (r#"["Decay",["Attribute","u"],{"midpoint":"6h"}]"#, "is a time such as only over"),
    (
        r#"["Decay",["Dist",["Attribute","t"],0],{"midpoint":"6y"}]"#,
        "the midpoint of a must be a number",
    ),
    (r#"["Saturate",["Attribute","u"],{"exponent":2}]"#, "missing field"),
    (r#"["Saturate",["Attribute","u"],{"midpoint":1,"half":2}]"#, "unknown field"),
    (r#"["Sum",[["vector","ANN",[1,0]]]]"#, "is no part of a score"),
    (r#"["Attribute","n"]"#, "may be negative"),
    (r#"["Attribute","s"]"#, "a score takes"),
    (r#"["Attribute","absent"]"#, "attribute not found"),
    (r#"["Dist",["Attribute","n"],"soon"]"#, "the origin of the"),
    (r#"["s","BM25","fox"]"#, "has to be declared with to be ranked"),
    (r#"["title","BM25",["fox"]]"#, "invalid input for field expecting string"),
    (r#"["tokens","BM25","red"]"#, "invalid input for field expecting"),
    (r#"["tags","SparseKNN",{"a":1}]"#, "is of type is for"),
    (r#"["sparse","SparseKNN",{"a":"x"}]"#, "is ranked by numbers"),
    (r#"["vector","ANN",[[1,0]]]"#, "several vectors are for"),
    (r#"["title","Up","fox"]"#, "data did not match"),
];

const ODD_COMPUTATIONS: &[(&str, &str)] = &[
    (r#"["vector","ANN",[0,1]]"#, "ranks and computes nothing"),
    (r#"["title","VectorDist",[0,1]]"#, "only a dense vector has neighbours"),
    (r#"["Highlight","s"]"#, "needs an attribute with"),
    (r#"["Highlight","tokens"]"#, "has no text to show"),
    (r#"["Highlight","title",{"fragment_by":"line"}]"#, "unknown variant"),
    (r#"["Highlight","title",{"fragment_limit":0}]"#, "must be between"),
    (
        r#"["Highlight","title",{"rank_fragments_by":["title","BM25","fox"]}]"#,
        "made of and of filters over and of nothing else",
    ),
    (
        r#"["Highlight","title",{"rank_fragments_by":["Or",[["$fragment","Eq","x"],["id","Eq",1]]]}]"#,
        "made of and of filters over and of nothing else",
    ),
    (
        r#"["Highlight","title",{"rank_fragments_by":["$fragment","Contains","fox"]}]"#,
        "does not apply to",
    ),
];

const ODD_FUSIONS: &[(&str, &str)] = &[
    (r#"["RRF",{"weights":[1]}]"#, "takes one weight of each query"),
    (r#"{"model":"x"}"#, "needs a model"),
];

const ODD_WHOLES: &[(&str, &str)] = &[
    (
        r#"{"rank_by":["id","asc"],"limit":1,"compute_attributes":{"title":["n","Gt",0]}}"#,
        "is taken a label is neither",
    ),
    (
        r#"{"rank_by":["id","asc"],"limit":1,"compute_attributes":{"$x":["n","Gt",0]}}"#,
        "a computed attribute has a name",
    ),
    (r#"{"rank_by":["id","asc"],"limit":1,"allow_partial":true}"#, "not_supported"),
    (r#"{"rank_by":["id","asc"],"limit":1,"rerank_by":["RRF"]}"#, "makes one of the answers"),
    (
        r#"{"queries":[{"rank_by":["id","asc"],"limit":1}],"rerank_by":["RRF"]}"#,
        "needs at least queries",
    ),
];

const ODD_RECALLS: &[(&str, &str)] = &[
    (r#"{"num":101}"#, "num must be between"),
    (r#"{"rank_by":["title","BM25","fox"]}"#, "must be an query of one vector"),
];

//! Aggregations, in the words of both contracts: what is said of all rows that match, and of each bucket
//! or group of them.

use crate::examples::Example;
use crate::questions::{Frame, Questions};

pub(crate) const AGGREGATIONS: Questions = Questions {
    name: "aggregations",
    answered: &[
        (AGGREGATED, AGGREGATES),
        (WHOLE, WHOLES),
        (BUCKETED, BUCKETS),
        (SEARCHED, SEARCHES),
    ],
    refused: &[(AGGREGATED, ODD_AGGREGATES), (WHOLE, ODD_WHOLES), (BUCKETED, ODD_BUCKETS)],
    words: "
        Count Sum Avg Min Max ValueCount Stats ExtendedStats Cardinality Percentiles
        Terms Histogram DateHistogram Range Filters ForEachUnique sum avg min max
        value_count stats extended_stats cardinality percentiles terms histogram range
        date_histogram format filters other_bucket_key bool full_text
    ",
    takes: Example::aggregates,
};

const QUERY: &str = "/v2/namespaces/a/query";
const SEARCH: &str = "/v1/namespaces/a/query";
const AGGREGATED: Frame = Frame { path: QUERY, before: r#"{"aggregate_by":{"x":"#, behind: "}}" };
const BUCKETED: Frame = Frame { path: SEARCH, before: r#"{"top_k":0,"aggs":{"x":"#, behind: "}}" };
const WHOLE: Frame = Frame::of(QUERY);
const SEARCHED: Frame = Frame::of(SEARCH);

const AGGREGATES: &[&str] = &[
    r#"["Avg","n"]"#,
    r#"["Sum","n",{"missing":1}]"#,
    r#"["Min","t"]"#,
    r#"["Max","f"]"#,
    r#"["ValueCount","tags"]"#,
    r#"["Stats","u"]"#,
    r#"["ExtendedStats","f",{"sigma":1.5}]"#,
    r#"["Cardinality","tags",{"precision_threshold":3}]"#,
    r#"["Percentiles","n"]"#,
    r#"["Percentiles","ns",[5,50.5,100],{"missing":7}]"#,
    r#"["Terms","tags",{"size":2,"min_doc_count":1,"order":[["_count","desc"],["_key","asc"]]}]"#,
    r#"["Terms","s",{"missing":"none","order":["best","desc"],"aggs":{"best":["Max","n"]}}]"#,
    r#"["Terms","ok"]"#,
    r#"["Histogram","age",{"interval":0.5,"offset":0.25,"min_doc_count":1,"missing":0}]"#,
    r#"["Histogram","age",{"interval":5,"extended_bounds":{"min":-10,"max":60},"aggs":{"mean":["Avg","n"]}}]"#,
    r#"["DateHistogram","t",{"calendar_interval":"month","time_zone":"Europe/Berlin","min_doc_count":1}]"#,
    r#"["DateHistogram","ts",{"fixed_interval":"90m","offset":"-30m","min_doc_count":1,"order":["_key","desc"]}]"#,
    r#"["DateHistogram","ts",{"calendar_interval":"1d","time_zone":"+05:30","extended_bounds":{"min":"2024-03-20","max":1712059200000}}]"#,
    r#"["Range","f",{"ranges":[{"to":0},{"key":"mid","from":0,"to":1},{"from":1}]}]"#,
    r#"["Range","t",{"ranges":[{"from":"2024-01-01","to":1712059200000}]}]"#,
    r#"["Filters",{"a":["n","Gt",0],"b":["Not",["ok","Eq",true]]},{"aggs":{"tags":["Terms","tags",{"aggs":{"n":["Avg","n"]}}]}}]"#,
];

const WHOLES: &[&str] = &[
    r#"{"aggregate_by":{"n":["Count"]}}"#,
    r#"{"aggregate_by":{"all":["Count"],"some":["Count","tags"],"adds":["Sum","n"]},"group_by":["s",{"tag":["ForEachUnique","tags"]}],"limit":3}"#,
    r#"{"rank_by":["id","asc"],"limit":1,"filters":["n","NotEq",null],"aggregate_by":{"n":["Count"],"years":["Stats","t"]},"explain":true}"#,
];

const BUCKETS: &[&str] = &[
    r#"{"avg":{"field":"n","missing":0}}"#,
    r#"{"sum":{"field":"ns"}}"#,
    r#"{"min":{"field":"t"}}"#,
    r#"{"max":{"field":"f"}}"#,
    r#"{"value_count":{"field":"s"}}"#,
    r#"{"stats":{"field":"t"}}"#,
    r#"{"extended_stats":{"field":"u","sigma":0}}"#,
    r#"{"cardinality":{"field":"w","precision_threshold":40000}}"#,
    r#"{"percentiles":{"field":"f","percents":[0,99.9],"keyed":false}}"#,
    r#"{"terms":{"field":"s","size":3,"shard_size":10,"order":{"best":"desc"}},"aggs":{"best":{"max":{"field":"n"}}}}"#,
    r#"{"terms":{"field":"tags","order":[{"_count":"asc"},{"_key":"desc"}],"missing":"none"}}"#,
    r#"{"histogram":{"field":"age","interval":2,"offset":1,"keyed":true,"extended_bounds":{"max":50}}}"#,
    r#"{"date_histogram":{"field":"t","calendar_interval":"quarter","time_zone":"America/New_York","format":"yyyy-MM-dd'T'HH:mm:ss.SSSXXX","min_doc_count":1}}"#,
    r#"{"date_histogram":{"field":"ts","calendar_interval":"1w","offset":"+6h","missing":"2024-01-01","min_doc_count":1,"order":{"_count":"desc"}}}"#,
    r#"{"date_histogram":{"field":"ts","fixed_interval":"12h","format":"epoch_millis","keyed":true},"aggregations":{"mean":{"avg":{"field":"n"}}}}"#,
    r#"{"range":{"field":"t","keyed":true,"ranges":[{"key":"old","to":"2024-04-01"},{"from":1711929600000}]}}"#,
    r#"{"filters":{"filters":{"x":{"term":{"tags":"x"}},"few":{"terms":{"n":[1,-3]}},"own":{"field":"n","op":"gt","value":0}},"other_bucket":true},"aggs":{"mean":{"avg":{"field":"n"}}}}"#,
    r#"{"filters":{"filters":[{"match_all":{}},{"match_none":{}},{"exists":{"field":"ok"}},{"prefix":{"s":"a"}},{"wildcard":{"s":{"value":"?*"}}}],"other_bucket_key":"rest"}}"#,
    r#"{"filters":{"filters":[{"bool":{"must":[{"range":{"n":{"gte":-3,"lt":2}}}],"filter":{"term":{"ok":{"value":true}}},"must_not":{"exists":{"field":"w"}},"should":[{"term":{"s":"a"}}],"minimum_should_match":1}}]}}"#,
];

const SEARCHES: &[&str] = &[
    r#"{"top_k":1,"filter":{"field":"n","op":"exists","value":true},"aggregations":{"n":{"stats":{"field":"n"}}}}"#,
    r#"{"top_k":0,"full_text":{"field":"title","query":"fox"},"aggs":{"n":{"avg":{"field":"n"}}}}"#,
];

const ODD_AGGREGATES: &[(&str, &str)] = &[
    (r#"["Median","n"]"#, "data did not match"),
    (r#"["Avg","absent"]"#, "attribute not found"),
    (r#"["Avg","s"]"#, "it takes int"),
    (r#"["Sum","n",{"missing":"x"}]"#, "missing expects"),
    (r#"["ExtendedStats","n",{"sigma":-1}]"#, "sigma is a number"),
    (r#"["Percentiles","n",[101]]"#, "a percent is"),
    (r#"["Percentiles","n",[5,5]]"#, "is asked for twice"),
    (r#"["Terms","tags",{"size":0}]"#, "size is to"),
    (r#"["Terms","tags",{"order":["absent","asc"]}]"#, "nothing called below it"),
    (r#"["Terms","tags",{"order":"_key"}]"#, "or a list of such"),
    (r#"["Histogram","n",{"interval":0}]"#, "interval is above"),
    (r#"["Histogram","n",{}]"#, "missing field"),
    (r#"["Histogram","n",{"interval":1}]"#, "have at most buckets"),
    (r#"["DateHistogram","t",{"calendar_interval":"90m"}]"#, "is one of minute hour day"),
    (r#"["DateHistogram","t",{"fixed_interval":"month"}]"#, "is a number and its unit"),
    (
        r#"["DateHistogram","t",{"fixed_interval":"1d","calendar_interval":"day"}]"#,
        "are two intervals",
    ),
    (
        r#"["DateHistogram","t",{"calendar_interval":"day","time_zone":"Mars"}]"#,
        "is neither a name of the database",
    ),
    (r#"["DateHistogram","t",{"fixed_interval":"0s"}]"#, "is ms to ms"),
    (r#"["Range","n",{"ranges":[]}]"#, "it takes to ranges"),
    (r#"["Filters",{}]"#, "it takes to filters"),
    (r#"["Terms","s",{"aggs":{"a>b":["Avg","n"]}}]"#, "a name has no no and no"),
    (r#"["Terms","s",{"aggs":{"key":["Avg","n"]}}]"#, "is what a bucket calls"),
    (
        r#"["Terms","s",{"aggs":{"a":["Terms","s",{"aggs":{"a":["Terms","s",{"aggs":{"a":["Terms","s",{"aggs":{"a":["Avg","n"]}}]}}]}}]}}]"#,
        "aggregations nest at most",
    ),
    (r#"["Avg","n",{"aggs":{"a":["Avg","n"]}}]"#, "a metric has no buckets"),
];

const ODD_WHOLES: &[(&str, &str)] = &[
    (r#"{"aggregate_by":{}}"#, "cannot be empty"),
    (r#"{"aggregate_by":{"s":["Count"]},"group_by":["s"]}"#, "stands twice among"),
    (r#"{"aggregate_by":{"x":["Avg","n"]},"group_by":["s"]}"#, "goes with and alone"),
    (
        r#"{"rank_by":["id","asc"],"limit":1,"aggregate_by":{"n":["Count"]},"group_by":["s"]}"#,
        "does not go with ask for each",
    ),
    (r#"{"aggregate_by":{"n":["Count"]},"group_by":["s"],"offset":1}"#, "offset needs"),
];

const ODD_BUCKETS: &[(&str, &str)] = &[
    (r#"{"median":{"field":"n"}}"#, "is none of terms histogram"),
    (r#"{"avg":{"field":"n"},"min":{"field":"n"}}"#, "it has one type and not"),
    (r#"{"avg":{"field":"n","script":"1"}}"#, "unknown field"),
    (r#"{"avg":{"field":"n"},"meta":{"a":1}}"#, "not_supported"),
    (r#"{"avg":{"field":"n"},"aggs":{},"aggregations":{}}"#, "are two words for one thing"),
    (
        r#"{"date_histogram":{"field":"t","fixed_interval":"1d","format":"YYYY"}}"#,
        "is of yyyy uuuu",
    ),
    (r#"{"filters":{"filters":{"a":{"match":{"s":"a"}}}}}"#, "is none of term terms"),
    (r#"{"filters":{"filters":{"a":{"term":{"s":"a","n":1}}}}}"#, "is of one field"),
    (
        r#"{"filters":{"filters":{"a":{"term":{"s":"a"},"exists":{"field":"n"}}}}}"#,
        "is one query of",
    ),
];

//! Aggregations in both contracts: in the shape of Elasticsearch in v1, as a wider `aggregate_by` in
//! v2, over what a filter matches, beside rows or alone, folded or not.

use serde_json::{Value, json};

use crate::server::{Options, Server};

const V1: &str = "/v1/namespaces/a/query";
const V2: &str = "/v2/namespaces/a/query";

/// Books, of which one has no price and one no genre.
async fn filled() -> Server {
    let server = Server::start(&Options::memory()).await;
    let write = json!({
        "schema": {"price": "float", "tags": "[]string", "seen": "datetime", "sold": "bool",
                   "copies": "int", "genre": "string"},
        "upsert_rows": [
            {"id": 1, "genre": "crime", "price": 8.5, "copies": 2, "tags": ["a", "b"],
             "seen": "2024-03-30T23:30:00Z", "sold": true},
            {"id": 2, "genre": "crime", "price": 4.0, "copies": 5, "tags": ["b"],
             "seen": "2024-03-31T12:00:00Z", "sold": false},
            {"id": 3, "genre": "poetry", "copies": 1, "tags": [],
             "seen": "2024-04-02T01:00:00Z", "sold": true},
            {"id": 4, "price": 12.0, "copies": 7, "tags": ["c", "c"]},
        ],
    });
    server.write("a", write).await;
    server
}

async fn of_v1(server: &Server, body: Value) -> Value {
    let answer = server.post(V1, &body).await;
    assert_eq!(answer.status, 200, "{body}: {}", answer.text());
    answer.ok()["aggregations"].take()
}

async fn of_v2(server: &Server, body: Value) -> Value {
    server.query("a", json!({"aggregate_by": body})).await["aggregations"].take()
}

#[tokio::test]
async fn numbers_are_told_in_the_shape_of_elasticsearch() {
    let server = filled().await;
    let price = |name: &str| json!({name: {"field": "price"}});
    let body = json!({"top_k": 0, "aggs": {
        "avg": price("avg"), "min": price("min"), "max": price("max"), "sum": price("sum"),
        "count": price("value_count"), "stats": price("stats"),
        "percentiles": {"percentiles": {"field": "price", "percents": [0, 50]}},
        "listed": {"percentiles": {"field": "price", "percents": [50], "keyed": false}},
        "genres": {"cardinality": {"field": "genre"}},
        "missing": {"avg": {"field": "price", "missing": 0}},
        "seen": {"max": {"field": "seen"}},
        "middle": {"avg": {"field": "seen"}},
    }});
    let expected = json!({
        "avg": {"value": 24.5 / 3.0}, "min": {"value": 4.0}, "max": {"value": 12.0},
        "sum": {"value": 24.5}, "count": {"value": 3},
        "stats": {"count": 3, "min": 4.0, "max": 12.0, "avg": 24.5 / 3.0, "sum": 24.5},
        "percentiles": {"values": {"0.0": 4.0, "50.0": 8.5}},
        "listed": {"values": [{"key": 50.0, "value": 8.5}]},
        "genres": {"value": 2},
        "missing": {"value": 24.5 / 4.0},
        "seen": {"value": 1_712_019_600_000.0, "value_as_string": "2024-04-02T01:00:00.000Z"},
    });
    let mut told = of_v1(&server, body).await;
    // To be sure that it is one: its digits are not the point here.
    assert!(told["middle"]["value"].is_f64(), "{told}");
    told.as_object_mut().unwrap().remove("middle");
    assert_eq!(told, expected);

    let spread = json!({"top_k": 0, "filter": {"field": "id", "op": "lte", "value": 2},
        "aggs": {"s": {"extended_stats": {"field": "copies", "sigma": 1}}}});
    let expected = json!({"s": {
        "count": 2, "min": 2.0, "max": 5.0, "avg": 3.5, "sum": 7.0, "sum_of_squares": 29.0,
        "variance": 2.25, "variance_population": 2.25, "variance_sampling": 4.5,
        "std_deviation": 1.5, "std_deviation_population": 1.5,
        "std_deviation_sampling": 4.5_f64.sqrt(),
        "std_deviation_bounds": {
            "upper": 5.0, "lower": 2.0, "upper_population": 5.0, "lower_population": 2.0,
            "upper_sampling": 3.5 + 4.5_f64.sqrt(), "lower_sampling": 3.5 - 4.5_f64.sqrt(),
        },
    }});
    assert_eq!(of_v1(&server, spread).await, expected);
}

#[tokio::test]
async fn buckets_are_told_in_the_shape_of_elasticsearch() {
    let server = filled().await;
    let body = json!({"top_k": 0, "aggs": {
        "tags": {"terms": {"field": "tags", "size": 1, "order": {"_key": "desc"}}},
        "genres": {
            "terms": {"field": "genre", "missing": "none", "order": [{"copies": "desc"}]},
            "aggs": {"copies": {"sum": {"field": "copies"}}},
        },
        "sold": {"terms": {"field": "sold"}},
        "copies": {"histogram": {"field": "copies", "interval": 3}},
        "days": {"date_histogram": {
            "field": "seen", "calendar_interval": "day", "time_zone": "Europe/Berlin",
            "format": "yyyy-MM-dd", "min_doc_count": 1,
        }},
        "prices": {"range": {"field": "price", "keyed": true, "ranges": [
            {"from": 8.5}, {"to": 8.5, "key": "cheap"}]}},
        "kinds": {"filters": {"other_bucket": true, "filters": {
            "crime": {"term": {"genre": "crime"}},
            "b": {"field": "tags", "op": "contains", "value": "b"},
        }}},
    }});
    let bucket = |key: Value, count: u64| json!({"key": key, "doc_count": count});
    let genre = |key: &str, count: u64, copies: f64| json!({"key": key, "doc_count": count, "copies": {"value": copies}});
    let day = |text: &str, ms: i64| json!({"key_as_string": text, "key": ms, "doc_count": 1});
    let expected = json!({
        "tags": {"doc_count_error_upper_bound": 0, "sum_other_doc_count": 3,
                 "buckets": [bucket(json!("c"), 1)]},
        "genres": {"doc_count_error_upper_bound": 0, "sum_other_doc_count": 0, "buckets": [
            genre("crime", 2, 7.0), genre("none", 1, 7.0), genre("poetry", 1, 1.0)]},
        "sold": {"doc_count_error_upper_bound": 0, "sum_other_doc_count": 0, "buckets": [
            {"key": 1, "key_as_string": "true", "doc_count": 2},
            {"key": 0, "key_as_string": "false", "doc_count": 1}]},
        "copies": {"buckets": [
            bucket(json!(0.0), 2), bucket(json!(3.0), 1), bucket(json!(6.0), 1)]},
        "days": {"buckets": [
            {"key_as_string": "2024-03-31", "key": 1_711_839_600_000_i64, "doc_count": 2},
            day("2024-04-02", 1_712_008_800_000)]},
        "prices": {"buckets": {
            "cheap": {"to": 8.5, "doc_count": 1}, "8.5-*": {"from": 8.5, "doc_count": 2}}},
        "kinds": {"buckets": {
            "b": {"doc_count": 2}, "crime": {"doc_count": 2}, "_other_": {"doc_count": 2}}},
    });
    assert_eq!(of_v1(&server, body).await, expected);
}

#[tokio::test]
async fn they_stand_beside_results_and_are_of_all_that_match() {
    let server = filled().await;
    let aggregated = json!({"n": {"value_count": {"field": "copies"}}});
    let filter = json!({"field": "genre", "op": "eq", "value": "crime"});
    for name in ["aggs", "aggregations"] {
        let body = json!({"top_k": 1, "filter": filter, name: aggregated});
        let answer = server.post(V1, &body).await.ok();
        assert_eq!(answer["results"].as_array().map(Vec::len), Some(1), "{answer}");
        assert_eq!(answer["aggregations"], json!({"n": {"value": 2}}));
    }
    let answer = server.post(V1, &json!({})).await.ok();
    assert!(answer.get("aggregations").is_none(), "{answer}");

    let body = json!({
        "rank_by": ["copies", "desc"], "limit": 1, "filters": ["genre", "Eq", "crime"],
        "aggregate_by": {"n": ["Count"], "most": ["Max", "copies"]},
    });
    let answer = server.query("a", body).await;
    assert_eq!(answer["rows"], json!([{"id": 2}]));
    assert_eq!(answer["aggregations"], json!({"n": 2, "most": 5}));
}

#[tokio::test]
async fn an_object_has_no_two_buckets_of_the_same_name() {
    let server = filled().await;
    let asked = |format: &str, keyed: bool| {
        let days = json!({"date_histogram": {"field": "seen", "calendar_interval": "day",
                          "format": format, "keyed": keyed}});
        json!({"top_k": 0, "aggs": {"days": days}})
    };
    let below = |format: &str| {
        let mut body = asked(format, true);
        let days = body["aggs"].take();
        body["aggs"] = json!({"sold": {"terms": {"field": "sold"}, "aggs": days}});
        body
    };
    let twins = "aggregation `days`: two of its buckets are called `2024`: give a `format` that";
    let cases = [
        (asked("yyyy", true), 400, twins),
        // Days that nothing was seen on are told as well.
        (below("yyyy-MM"), 400, "aggregation `sold>days`: two of its buckets are called `2024-0"),
    ];
    server.refuses(V1, &cases).await;

    let listed = of_v1(&server, asked("yyyy", false)).await;
    let keys = listed["days"]["buckets"].as_array().unwrap().iter();
    let keys: Vec<&str> = keys.map(|bucket| bucket["key_as_string"].as_str().unwrap()).collect();
    assert_eq!(keys, ["2024"; 4]);
    let object = of_v1(&server, asked("MM-dd", true)).await;
    let names: Vec<&String> = object["days"]["buckets"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["03-30", "03-31", "04-01", "04-02"]);
    of_v1(&server, below("MM-dd")).await;
}

#[tokio::test]
async fn v2_has_words_of_its_own_for_them() {
    let server = filled().await;
    let body = json!({
        "avg": ["Avg", "price"], "min": ["Min", "seen"], "sum": ["Sum", "copies", {"missing": 0}],
        "n": ["ValueCount", "tags"], "distinct": ["Cardinality", "tags"],
        "stats": ["Stats", "copies"], "p": ["Percentiles", "copies", [50, 100]],
        "most": ["Max", "price", {}],
        "genres": ["Terms", "genre", {"size": 1, "order": ["_key", "desc"], "aggs": {
            "copies": ["Sum", "copies"],
            "sold": ["Terms", "sold"],
        }}],
        "steps": ["Histogram", "copies", {"interval": 4, "offset": 1}],
        "days": ["DateHistogram", "seen", {"fixed_interval": "2d"}],
        "prices": ["Range", "price", {"ranges": [{"to": 8}]}],
        "kinds": ["Filters", {"crime": ["genre", "Eq", "crime"]},
                  {"aggs": {"n": ["ValueCount", "price"]}}],
    });
    let expected = json!({
        "avg": 24.5 / 3.0, "min": "2024-03-30T23:30:00.000000000Z", "sum": 15, "n": 5,
        "distinct": 3,
        "stats": {"count": 4, "min": 1, "max": 7, "avg": 3.75, "sum": 15},
        "p": {"50.0": 3.5, "100.0": 7.0},
        "most": 12.0,
        "genres": {"buckets": [{
            "key": "poetry", "count": 1, "copies": 1,
            "sold": {"buckets": [{"key": true, "count": 1}], "other_count": 0},
        }], "other_count": 2},
        "steps": {"buckets": [{"key": 1.0, "count": 2}, {"key": 5.0, "count": 2}]},
        "days": {"buckets": [
            {"key": "2024-03-30T00:00:00.000000000Z", "count": 2},
            {"key": "2024-04-01T00:00:00.000000000Z", "count": 1}]},
        "prices": {"buckets": [{"key": "*-8.0", "count": 1, "to": 8.0}]},
        "kinds": {"buckets": [{"key": "crime", "count": 2, "n": 2}]},
    });
    assert_eq!(of_v2(&server, body).await, expected);
}

#[tokio::test]
async fn in_whatever_parts_documents_were_written_the_answer_is_the_same() {
    let server = Server::start(&Options::memory()).await;
    let rows: Vec<Value> = (0..3000)
        .map(|id| json!({"id": id, "k": format!("k{}", id % 7), "f": f64::from(id) * 0.1}))
        .collect();
    let body = || {
        json!({
            "k": ["Terms", "k", {"aggs": {"f": ["ExtendedStats", "f"], "p": ["Percentiles", "f"]}}],
            "f": ["Avg", "f"],
        })
    };
    server.write("a", json!({"upsert_rows": rows})).await;
    let before = of_v2(&server, body()).await;
    // Written once more in other parts, each of which has others of the documents.
    for part in rows.chunks(170) {
        server.write("a", json!({"upsert_rows": part})).await;
    }
    assert_eq!(of_v2(&server, body()).await, before);
}

#[tokio::test]
async fn what_cannot_be_aggregated_is_refused_by_name() {
    let server = filled().await;
    let aggs = |aggregation: Value| json!({"aggs": {"x": aggregation}});
    let deep = (0..4).fold(
        json!({"avg": {"field": "copies"}}),
        |inner, _| json!({"terms": {"field": "genre"}, "aggs": {"y": inner}}),
    );
    let many: serde_json::Map<String, Value> =
        (0..65).map(|at| (format!("n{at}"), json!({"avg": {"field": "copies"}}))).collect();
    let cases = [
        (aggs(json!({"avg": {"field": "gone"}})), 400, "aggregation `x`: attribute not found"),
        (aggs(json!({"avg": {"field": "genre"}})), 400, "aggregation `x`: attribute 'genre' is of"),
        (aggs(json!({"avg": {"field": "price", "script": 1}})), 400, "`aggs.x.avg.script`"),
        (aggs(json!({"top_hits": {}})), 400, "aggs.x: `top_hits` is none of"),
        (aggs(json!({"terms": {"field": "genre", "size": 10001}})), 400, "size is 1 to 10000"),
        (aggs(json!({"terms": {"field": "genre", "order": {"y": "asc"}}})), 400, "called `y`"),
        (aggs(json!({"histogram": {"field": "price"}})), 422, "missing field `interval`"),
        (aggs(json!({"date_histogram": {"field": "seen"}})), 422, "field `calendar_interval` or"),
        (aggs(json!({"date_histogram": {"field": "seen", "interval": "day"}})), 400, ".interval`"),
        (aggs(deep), 400, "aggregation `x>y>y>y>y`: aggregations nest at most 4 deep"),
        (json!({"aggs": many}), 400, "a query has at most 64 aggregations"),
        (json!({"top_k": 0}), 400, "top_k is 1 to 10000"),
        (json!({"top_k": 0, "aggs": {}}), 400, "top_k is 1 to 10000"),
    ];
    server.refuses(V1, &cases).await;
    let by = |expression: Value| json!({"aggregate_by": {"x": expression}});
    let grouped = json!({"aggregate_by": {"x": ["Avg", "price"]}, "group_by": ["genre"]});
    let cases = [
        (by(json!(["Median", "price"])), 422, "untagged enum AggregateInput"),
        (by(json!(["Avg", "genre"])), 400, "aggregation `x`: attribute 'genre' is of type string"),
        (by(json!(["Terms", "genre", {"shard_size": 9}])), 400, "`aggregate_by.x[2].shard_size`"),
        (by(json!(["Terms", "genre", {"aggs": {"count": ["Avg", "price"]}}])), 400, "`x>count`"),
        (by(json!(["Terms", "genre", {"aggs": {"n": ["Count"]}}])), 422, "AggregateInput"),
        (grouped, 400, "Count and Sum alone"),
    ];
    server.refuses(V2, &cases).await;
}

//! Texts in queries of v1: in one field or in several, and what is said of all that they find. What
//! they score is what v2 says of the same documents; what they find, words between spaces tell.

use serde_json::{Value, json};

use crate::server::{Options, Server};

const QUERY: &str = "/v1/namespaces/a/query";

/// One of them has no vector, some have no body, and one no text at all.
fn books() -> Value {
    json!([
        {"id": 1, "vector": [1, 0], "attributes": {
            "title": "the walrus sleeps", "body": "sea ice and sea", "year": 1990,
            "words": ["sea", "Ice"]}},
        {"id": 2, "vector": [0, 1], "attributes": {
            "title": "the elephant walks", "body": "land", "year": 2005, "words": ["land"]}},
        {"id": 3, "vector": [1, 1], "attributes": {
            "title": "a walrus walks and walks", "year": 2020, "words": ["sea", "land"]}},
        {"id": 4, "vector": [-1, 1], "attributes": {
            "title": "songs", "body": "of a walrus and of the sea", "year": 2020}},
        {"id": 5, "vector": [1, -1], "attributes": {
            "title": "walrus", "body": "walrus walrus", "year": 1980}},
        {"id": 6, "attributes": {
            "title": "the llama", "body": "land of the walrus", "year": 2010}},
        {"id": 7, "vector": [0, -1], "attributes": {"year": 2011}},
    ])
}

pub(crate) async fn filled() -> Server {
    let server = Server::start(&Options::memory()).await;
    let schema = json!({"schema": {
        "vector_dim": 2, "vector_metric": "cosine",
        "attributes": {
            "title": {"type": "string", "full_text": true},
            "body": {"type": "string", "full_text": true},
            "words": {"type": "array<string>", "full_text": {"tokenizer": "pre_tokenized_array"}},
            "mute": {"type": "string"}, "year": {"type": "integer"},
        },
    }});
    assert_eq!(server.send("PUT", "/v1/namespaces/a", &schema).await.status, 201);
    upsert(&server, books()).await;
    server
}

pub(crate) async fn upsert(server: &Server, documents: Value) -> Value {
    let documents = json!({"documents": documents});
    server.post("/v1/namespaces/a/upsert", &documents).await.ok()
}

pub(crate) async fn ask(server: &Server, query: &Value) -> Value {
    let answer = server.post(QUERY, query).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer.ok()
}

/// What was found, by its id, with what it scores.
pub(crate) fn scores(answer: &Value) -> Vec<(Value, Value)> {
    let results = answer["results"].as_array().unwrap();
    results.iter().map(|found| (found["id"].clone(), found["score"].clone())).collect()
}

async fn of_v2(server: &Server, rank_by: &Value, filters: &Value) -> Vec<(Value, Value)> {
    let query = json!({"rank_by": rank_by, "filters": filters, "limit": 10});
    let answer = server.query("a", query).await;
    let rows = answer["rows"].as_array().unwrap();
    rows.iter().map(|row| (row["id"].clone(), row["$dist"].clone())).collect()
}

#[tokio::test]
async fn a_text_scores_as_in_v2_and_finds_what_has_one_of_its_words() {
    let server = filled().await;
    for (field, query, count) in [
        ("title", json!("walrus"), 3),
        ("title", json!("The WALRUS walks, and walks"), 5),
        ("body", json!("sea land"), 4),
        ("words", json!(["sea", "ice"]), 2),
        ("title", json!("nobody"), 0),
        ("title", json!(""), 0),
    ] {
        let text = json!({"field": field, "query": query});
        let found = scores(&ask(&server, &json!({"full_text": text})).await);
        let rank_by = json!([field, "BM25", query]);
        assert_eq!(found, of_v2(&server, &rank_by, &json!(null)).await, "{text}");
        assert_eq!(found.len(), count, "{text}: {found:?}");

        let filter = json!({"field": "year", "op": "gte", "value": 2005});
        let filtered = ask(&server, &json!({"full_text": text, "filter": filter})).await;
        let expected = of_v2(&server, &rank_by, &json!(["year", "Gte", 2005])).await;
        assert_eq!(scores(&filtered), expected, "{text}");
        // Whatever it counts beside a vector, it is alone here.
        let text = json!({"field": field, "query": query, "weight": 7});
        assert_eq!(scores(&ask(&server, &json!({"full_text": text})).await), found);
    }
}

#[tokio::test]
async fn several_fields_score_as_the_sum_of_products_of_v2() {
    let server = filled().await;
    let query = "walrus of the sea";
    for (weights, [of_title, of_body], count) in [
        (json!(null), [1.0, 1.0], 6),
        (json!([3, 0.5]), [3.0, 0.5], 6),
        (json!([1e-6, 1e6]), [1e-6, 1e6], 6),
        (json!({"body": 2}), [1.0, 2.0], 6),
        // What counts for nothing finds nothing.
        (json!([1, 0]), [1.0, 0.0], 5),
        (json!({"title": 0, "body": 0}), [0.0, 0.0], 0),
    ] {
        let text = json!({"fields": ["title", "body"], "query": query, "weights": weights});
        let found = scores(&ask(&server, &json!({"full_text": text})).await);
        let rank_by = json!([
            "Sum",
            [
                ["Product", of_title, ["title", "BM25", query]],
                ["Product", of_body, ["body", "BM25", query]],
            ]
        ]);
        assert_eq!(found, of_v2(&server, &rank_by, &json!(null)).await, "{text}");
        assert_eq!(found.len(), count, "{text}: {found:?}");
    }
}

/// Whether one of these fields has one of the words.
fn has(book: &Value, fields: &[&str], words: &[&str]) -> bool {
    fields.iter().any(|field| {
        let text = book["attributes"][*field].as_str().unwrap_or_default();
        text.split(' ').any(|word| words.contains(&word))
    })
}

#[tokio::test]
async fn what_is_said_of_all_that_match_is_of_what_a_text_finds() {
    let (server, books) = (filled().await, books());
    let aggs = json!({"n": {"value_count": {"field": "year"}}, "sum": {"sum": {"field": "year"}}});
    let both = ["title", "body"];
    for (text, fields, words) in [
        (json!({"field": "title", "query": "walrus walks"}), &both[..1], &["walrus", "walks"][..]),
        (json!({"fields": both, "query": "walrus"}), &both[..], &["walrus"][..]),
        (json!({"fields": both, "query": "land", "weights": [0, 1]}), &both[1..], &["land"][..]),
        (json!({"fields": both, "query": "land", "weights": [0, 1e-6]}), &both[1..], &["land"][..]),
        (
            json!({"fields": both, "query": "walrus", "weights": [0, 0]}),
            &both[..0],
            &["walrus"][..],
        ),
        (json!({"field": "title", "query": "nobody"}), &both[..1], &["nobody"][..]),
    ] {
        let since = |year: i64| json!({"field": "year", "op": "gte", "value": year});
        let twice = json!({"type": "and", "conditions": [since(2005), since(2000)]});
        for (filter, year) in [(json!(null), 0), (since(2010), 2010), (twice, 2005)] {
            let years = books.as_array().unwrap().iter();
            let years: Vec<i64> = years
                .filter(|book| has(book, fields, words))
                .map(|book| book["attributes"]["year"].as_i64().unwrap())
                .filter(|known| *known >= year)
                .collect();
            let sum = years.iter().sum::<i64>() as f64;
            let expected = json!({"n": {"value": years.len()}, "sum": {"value": sum}});
            for top_k in [0, 1, 10] {
                let query =
                    json!({"full_text": text, "filter": filter, "top_k": top_k, "aggs": aggs});
                let answer = ask(&server, &query).await;
                assert_eq!(answer["aggregations"], expected, "{query}");
                assert_eq!(scores(&answer).len(), years.len().min(top_k), "{query}");
            }
        }
    }
    // What scores little is left out of what is shown, and a vector finds all that match.
    let text = json!({"field": "title", "query": "walrus"});
    let query = json!({"full_text": text, "min_score": 1e9, "aggs": aggs});
    let answer = ask(&server, &query).await;
    assert_eq!((scores(&answer).len(), &answer["aggregations"]["n"]["value"]), (0, &json!(3)));
    for top_k in [0_usize, 1, 10] {
        let filter = json!({"field": "year", "op": "gte", "value": 2010});
        let query = json!({
            "vector": [1, 0], "full_text": text, "filter": filter, "top_k": top_k, "aggs": aggs,
        });
        let answer = ask(&server, &query).await;
        assert_eq!(answer["aggregations"]["n"], json!({"value": 4}), "{query}");
        assert_eq!(scores(&answer).len(), top_k.min(3), "{query}: {answer}");
    }
}

/// A text says what is found, and the order is another.
#[tokio::test]
async fn what_a_text_finds_comes_in_the_order_that_is_said() {
    let (server, books) = (filled().await, books());
    for (field, words) in [("title", "walrus"), ("body", "sea land"), ("title", "zebra")] {
        let wanted: Vec<&str> = words.split(' ').collect();
        let books = books.as_array().unwrap().iter();
        let mut found: Vec<&Value> = books.filter(|book| has(book, &[field], &wanted)).collect();
        found.sort_by_key(|book| {
            let year = book["attributes"]["year"].as_i64().unwrap();
            (-year, book["id"].as_u64().unwrap())
        });
        let found: Vec<(Value, Value)> =
            found.iter().map(|book| (book["id"].clone(), json!(0.0))).collect();
        let text = json!({"field": field, "query": words});
        let sort = json!([{"field": "year", "order": "desc"}]);
        for (top_k, aggs) in [(1, json!({})), (10, json!({})), (2, all_of("year"))] {
            let query = json!({"full_text": text, "sort": sort, "top_k": top_k, "aggs": aggs});
            let answer = ask(&server, &query).await;
            assert_eq!(scores(&answer), found[..top_k.min(found.len())], "{query}");
            if aggs != json!({}) {
                assert_eq!(answer["aggregations"]["n"]["value"], json!(found.len()), "{query}");
            }
        }
    }
}

fn all_of(field: &str) -> Value {
    json!({"n": {"value_count": {"field": field}}})
}

#[tokio::test]
async fn what_comes_with_a_document_is_said_as_of_a_vector() {
    let server = filled().await;
    for beside in [json!({}), json!({"vector": [1, -1]})] {
        let mut query = json!({
            "full_text": {"field": "title", "query": "walrus"}, "top_k": 1,
            "include_attributes": ["year", "title"], "include_vector": true,
        });
        query.as_object_mut().unwrap().extend(beside.as_object().unwrap().clone());
        let mut answer = ask(&server, &query).await;
        assert!(answer["results"][0]["score"].take().as_f64() > Some(0.0), "{answer}");
        let attributes = json!({"title": "walrus", "year": 1980});
        let expected =
            json!([{"id": 5, "score": null, "vector": [1.0, -1.0], "attributes": attributes}]);
        assert_eq!(answer["results"], expected, "{query}");
    }
}

#[tokio::test]
async fn what_was_written_is_found_by_who_says_since_when() {
    let server = filled().await;
    let zebra = json!([{"id": 9, "vector": [1, 0], "attributes": {"title": "a zebra"}}]);
    let seq = upsert(&server, zebra).await["seq"].as_u64().unwrap();
    let text = json!({"field": "title", "query": "zebra"});
    for beside in [json!(null), json!([1, 0])] {
        let query = json!({"full_text": text, "vector": beside, "top_k": 1, "min_seq": seq});
        let answer = ask(&server, &query).await;
        assert_eq!(answer["results"][0]["id"], json!(9), "{query}");
        assert!(answer["performance"]["seq"].as_u64() >= Some(seq), "{answer}");
        for explain in [false, true] {
            let ahead = json!({"full_text": text, "min_seq": seq + 1_000_000, "explain": explain});
            server.refuses(QUERY, &[(ahead, 400, "min_seq")]).await;
        }
    }
}

/// Each of these queries is refused, and told why.
async fn refuses(server: &Server, status: u16, code: &str, refused: &[(Value, &str)]) {
    for (body, told) in refused {
        let answer = server.post(QUERY, body).await;
        let refusal = answer.refusal();
        assert!(answer.status == status && refusal.contains(*told), "{body}: {refusal}");
        assert_eq!(answer.json()["code"], json!(code), "{body}");
    }
}

fn text(said: Value) -> Value {
    json!({"full_text": said})
}

/// A text in that field.
fn of(field: &str) -> Value {
    json!({"field": field, "query": "x"})
}

#[tokio::test]
async fn a_text_in_a_field_that_has_none_such_is_refused_by_its_name() {
    let server = filled().await;
    let aggs = json!({"n": {"value_count": {"field": "year"}}});
    let mute =
        "full_text: `mute` has no full text: create the namespace with `\"full_text\": true`";
    let gone = "full_text: `gone` is not in the schema";
    let unweighed = json!({"fields": ["title", "gone"], "query": "x", "weights": [1, 0]});
    let refused = [
        (text(of("mute")), mute),
        (json!({"full_text": of("mute"), "top_k": 0, "aggs": aggs}), mute),
        (json!({"full_text": of("mute"), "explain": true}), mute),
        (json!({"full_text": of("mute"), "vector": [1, 0]}), mute),
        (text(of("year")), "full_text: `year` holds no text: name an attribute"),
        (text(of("gone")), gone),
        (text(unweighed.clone()), gone),
        (json!({"full_text": unweighed, "top_k": 0, "aggs": aggs}), gone),
        (text(of("words")), "full_text: `words` holds tokens: `query` is a list"),
        (
            text(json!({"field": "title", "query": ["x"]})),
            "full_text: `title` holds texts: `query` is a text",
        ),
        // What is wrong with something else is told of that.
        (json!({"full_text": of("body"), "metric": "l2"}), "`metric`: that of this namespace"),
        (
            json!({
                "full_text": of("body"), "filter": {"field": "gone", "op": "eq", "value": 1},
            }),
            "attribute not found",
        ),
    ];
    refuses(&server, 400, "invalid", &refused).await;
    let absent = server.post("/v1/namespaces/none/query", &text(of("title"))).await;
    assert_eq!((absent.status, &absent.json()["code"]), (404, &json!("not_found")));
}

#[tokio::test]
async fn a_text_that_says_too_much_or_too_little_is_refused_by_what_it_says() {
    let server = filled().await;
    let refused = [
        (
            json!({"field": "title", "fields": ["body"], "query": "x"}),
            "full_text: `field` is one and `fields` are several: give one",
        ),
        (json!({"fields": ["body", "body"], "query": "x"}), "full_text.fields has `body` twice"),
        (
            json!({"fields": ["body"], "query": "x", "weights": [1, 2]}),
            "full_text.weights has one weight of each field: 1, not 2",
        ),
        (
            json!({"field": "body", "query": "x", "weight": -1}),
            "full_text.weight is 0, or 0.000001 to 1000000, not -1.0",
        ),
        (
            json!({"fields": ["body"], "query": "x", "weights": [1e-60]}),
            "full_text.weights[0] is 0, or 0.000001 to 1000000, not 1e-60",
        ),
        (
            json!({"field": "body", "query": "x".repeat(8193)}),
            "full_text.query has at most 8192 characters, not 8193",
        ),
    ];
    refuses(&server, 400, "invalid", &refused.map(|(said, told)| (text(said), told))).await;
    let unknown = json!({"field": "body", "query": "x", "operator": "and"});
    let unknown = [(text(unknown), "unknown field `full_text.operator`")];
    refuses(&server, 400, "unknown_field", &unknown).await;
    let misshapen = [
        (text(json!({"query": "x"})), "full_text: missing field `field`"),
        (text(json!({"field": "body"})), "full_text: missing field `query`"),
        (text(json!(false)), "full_text: invalid type: boolean `false`"),
    ];
    refuses(&server, 422, "wrong_shape", &misshapen).await;
}

//! Our own contract, v1: namespaces with a schema, documents with their attributes apart.

use serde_json::{Value, json};

use crate::server::{Options, Server};
use crate::talk::without_counts;

const DOCS: &str = "/v1/namespaces/docs";

/// As the quick start creates it.
fn quick_start() -> Value {
    json!({"schema": {
        "vector_dim": 3, "vector_metric": "cosine",
        "attributes": {
            "title": {"attr_type": "string", "indexed": false, "full_text": {"Simple": true}},
            "year": {"type": "integer"},
        },
    }})
}

async fn started() -> Server {
    let server = Server::start(&Options::memory()).await;
    let created = server.send("PUT", DOCS, &quick_start()).await;
    assert_eq!(created.status, 201, "{}", created.text());
    assert_eq!(created.json(), json!({"namespace": "docs", "created": true}));
    server
}

async fn filled() -> Server {
    let server = started().await;
    let documents = json!({"documents": [
        {"id": 1, "vector": [1, 0, 0], "attributes": {"title": "x", "year": 2024}},
        {"id": 2, "vector": [0, 1, 0], "attributes": {}},
        {"id": 3},
    ]});
    let answer = server.post(&format!("{DOCS}/upsert"), &documents).await.ok();
    assert_eq!(without_counts(answer, &["/seq"]), json!({"count": 3, "seq": null}));
    server
}

#[tokio::test]
async fn to_create_what_is_there_as_it_is_is_no_mistake() {
    let server = started().await;
    let again = server.send("PUT", DOCS, &quick_start()).await.ok();
    assert_eq!(again, json!({"namespace": "docs", "created": false}));
    let mut other = quick_start();
    other["schema"]["vector_dim"] = json!(4);
    let mut more = quick_start();
    more["schema"]["attributes"]["more"] = json!({"type": "string"});
    let mut retyped = quick_start();
    retyped["schema"]["attributes"]["year"] = json!({"type": "string"});
    let mut metric = quick_start();
    metric["schema"]["vector_metric"] = json!("l2");
    let mut unsaid = quick_start();
    unsaid["schema"]["attributes"]["title"] = json!({"type": "string"});
    for (schema, told) in [
        (other, "`vector` is of type [3]f32, and not [4]f32"),
        (more, "it has no `more`"),
        (retyped, "`year` is of type int, and not string"),
        (metric, "the options of `vector` are others"),
        (unsaid, "the options of `title` are others"),
    ] {
        let answer = server.send("PUT", DOCS, &schema).await;
        let refusal = answer.refusal();
        assert!(answer.status == 409 && refusal.contains("another schema"), "{schema}: {refusal}");
        assert!(refusal.contains(told), "{schema}: {refusal}");
        assert_eq!(answer.header("x-should-retry"), Some("false"));
    }
    let mut wrong = quick_start();
    wrong["schema"]["attributes"]["title"]["full_text"] = json!({"language": "klingon"});
    let answer = server.send("PUT", DOCS, &wrong).await;
    assert!(answer.status == 400 && answer.refusal().contains("klingon"), "{}", answer.text());
    let nothing = json!({"schema": {}});
    assert_eq!(server.send("PUT", "/v1/namespaces/bare", &nothing).await.status, 201);
    assert_eq!(server.send("PUT", "/v1/namespaces/bare", &nothing).await.status, 200);
    let names = server.get("/v1/namespaces").await.ok();
    assert_eq!(names["namespaces"], json!([{"id": "bare"}, {"id": "docs"}]));
}

#[tokio::test]
async fn full_text_is_kept_and_shown_however_it_was_spelt() {
    let server = Server::start(&Options::memory()).await;
    for (at, (full_text, is_on)) in [
        (json!(true), true),
        (json!({"Simple": true}), true),
        (json!({"language": "english", "stemming": false}), true),
        (json!(false), false),
        (json!({"Simple": false}), false),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/v1/namespaces/text-{at}");
        let title = json!({"type": "string", "full_text": full_text});
        let schema = json!({"schema": {"attributes": {"title": title}}});
        assert_eq!(server.send("PUT", &path, &schema).await.status, 201);
        assert_eq!(server.send("PUT", &path, &schema).await.status, 200);
        let shown = server.get(&format!("{path}/schema")).await.ok();
        let settings = &shown["title"]["full_text_search"];
        assert_eq!(settings["tokenizer"] == "word_v4", is_on, "{full_text}: {shown}");
        assert_eq!(settings.is_null(), !is_on, "{full_text}: {shown}");
        let query = json!({"full_text": {"field": "title", "query": "x"}});
        let asked = server.post(&format!("{path}/query"), &query).await;
        assert_eq!(asked.status, if is_on { 200 } else { 400 }, "{}", asked.text());
        assert_eq!(asked.text().contains("`title` has no full text"), !is_on, "{}", asked.text());
    }
}

/// They were left where they were, and nobody was told.
#[tokio::test]
async fn stop_words_of_a_language_without_a_list_are_refused() {
    let server = Server::start(&Options::memory()).await;
    let schema = |removed: bool| {
        let full_text = json!({"language": "tamil", "remove_stopwords": removed});
        json!({"schema": {"attributes": {"t": {"type": "string", "full_text": full_text}}}})
    };
    let refused = server.send("PUT", "/v1/namespaces/a", &schema(true)).await;
    let told = refused.refusal();
    assert!(refused.status == 400 && told.contains("remove_stopwords is not for tamil"), "{told}");
    assert_eq!(server.send("PUT", "/v1/namespaces/a", &schema(false)).await.status, 201);
}

#[tokio::test]
async fn a_schema_names_the_types_of_v1() {
    let server = Server::start(&Options::memory()).await;
    let schema = json!({"schema": {
        "vector_dim": 2, "vector_metric": "dot",
        "attributes": {
            "a": {"type": "string"}, "b": {"type": "integer"}, "c": {"type": "float"},
            "d": {"type": "boolean"}, "e": {"type": "datetime"}, "f": {"type": "uuid"},
            "g": {"type": "array<string>", "indexed": false}, "h": {"type": "array<integer>"},
        },
    }});
    assert_eq!(server.send("PUT", DOCS, &schema).await.status, 201);
    let shown = server.get(&format!("{DOCS}/schema")).await.ok();
    for (name, kind, filterable) in [
        ("a", "string", json!(true)),
        ("b", "int", json!(true)),
        ("c", "float", json!(true)),
        ("d", "bool", json!(true)),
        ("e", "datetime", json!(true)),
        ("f", "uuid", json!(true)),
        ("g", "[]string", json!(false)),
        ("h", "[]int", json!(true)),
        ("vector", "[2]f32", json!(null)),
    ] {
        assert_eq!((&shown[name]["type"], &shown[name]["filterable"]), (&json!(kind), &filterable));
    }
}

#[tokio::test]
async fn a_document_is_got_by_its_id() {
    let server = filled().await;
    let whole = json!({
        "id": 1, "vector": [1.0, 0.0, 0.0], "attributes": {"title": "x", "year": 2024},
    });
    for (id, document) in [
        ("1", json!({"id": 1, "attributes": {"title": "x", "year": 2024}})),
        ("2", json!({"id": 2, "attributes": {}})),
        ("3", json!({"id": 3, "attributes": {}})),
        ("1?include_vector=true", whole.clone()),
        ("1?include_vector=1", whole.clone()),
        ("1?include_vector", whole),
        ("2?include_vector=false", json!({"id": 2, "attributes": {}})),
        ("2?include_vector=0", json!({"id": 2, "attributes": {}})),
        ("3?include_vector=true", json!({"id": 3, "attributes": {}})),
    ] {
        assert_eq!(server.get(&format!("{DOCS}/documents/{id}")).await.ok(), document, "{id}");
    }
    for absent in ["4", "x", "-1", "1.0", "01", "18446744073709551616"] {
        let answer = server.get(&format!("{DOCS}/documents/{absent}")).await;
        assert!(answer.refusal().contains(absent), "{}", answer.text());
        assert_eq!((answer.status, &answer.json()["code"]), (404, &json!("not_found")));
    }
    assert_eq!(server.get("/v1/namespaces/absent/documents/1").await.status, 404);
}

#[tokio::test]
async fn an_id_may_be_text_of_any_kind() {
    let server = Server::start(&Options::memory()).await;
    assert_eq!(server.send("PUT", DOCS, &json!({"schema": {}})).await.status, 201);
    let documents = json!({"documents": [{"id": "a/b c?é", "attributes": {"n": 1}}]});
    server.post(&format!("{DOCS}/upsert"), &documents).await.ok();
    let document = server.get(&format!("{DOCS}/documents/a%2Fb%20c%3F%C3%A9")).await.ok();
    assert_eq!(document, json!({"id": "a/b c?é", "attributes": {"n": 1}}));
}

#[tokio::test]
async fn documents_are_replaced_and_deleted_by_id() {
    let server = filled().await;
    let replaced = json!({"documents": [{"id": 1, "attributes": {"year": 7}}]});
    server.post(&format!("{DOCS}/upsert"), &replaced).await.ok();
    let document = server.get(&format!("{DOCS}/documents/1?include_vector=true")).await.ok();
    assert_eq!(document, json!({"id": 1, "attributes": {"year": 7}}));
    let deleted = server.post(&format!("{DOCS}/delete"), &json!({"ids": [1, 2]})).await.ok();
    assert_eq!(without_counts(deleted, &["/seq"]), json!({"count": 2, "seq": null}));
    assert_eq!(server.get(&format!("{DOCS}/documents/1")).await.status, 404);
    assert_eq!(server.get(&format!("{DOCS}/documents/3")).await.status, 200);
}

#[tokio::test]
async fn a_namespace_that_is_not_there_is_not_written_to_or_asked() {
    let server = started().await;
    assert_eq!(server.remove(DOCS).await.ok(), json!({"status": "OK"}));
    for (method, rest, body) in [
        ("POST", "/upsert", json!({"documents": [{"id": 1}]})),
        ("POST", "/delete", json!({"ids": [1]})),
        ("POST", "/query", json!({})),
        ("GET", "/documents/1", json!({})),
        ("DELETE", "", json!({})),
    ] {
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let answer = server.call(method, &format!("{DOCS}{rest}"), &[], body.as_bytes()).await;
        assert_eq!((answer.status, &answer.json()["code"]), (404, &json!("not_found")), "{rest}");
    }
    assert_eq!(server.send("PUT", DOCS, &quick_start()).await.status, 201);
}

#[tokio::test]
async fn what_v1_cannot_read_is_refused_by_name() {
    let server = started().await;
    let (upsert, delete) = (format!("{DOCS}/upsert"), format!("{DOCS}/delete"));
    let cases = [
        (&upsert, json!({}), 422, "missing field `documents`"),
        (&upsert, json!({"documents": {}}), 422, "documents: invalid type: map"),
        (&upsert, json!({"documents": [{}]}), 422, "documents[0]: missing field `id`"),
        (
            &upsert,
            json!({"documents": [{"id": 1.5}]}),
            422,
            "an id is a text, or a whole number of 64 bits at line 1",
        ),
        (&upsert, json!({"documents": [], "rows": []}), 400, "unknown field `rows`"),
        (&upsert, json!({"documents": [{"id": 1, "title": "x"}]}), 400, "unknown field `title`"),
        (&upsert, json!({"documents": [{"id": 1, "attributes": []}]}), 422, "expected an object"),
        (&upsert, json!({"documents": [{"id": 1, "vector": [1]}]}), 400, "expects [3]f32"),
        (&upsert, json!({"documents": [{"id": 1}, {"id": 1}]}), 400, "is there twice"),
        (
            &upsert,
            json!({"documents": [{"id": 1, "attributes": {"year": "x"}}]}),
            400,
            "attribute 'year' expects int, but got 'x' (document '1')",
        ),
        (&delete, json!({}), 422, "missing field `ids` or `filter`"),
        (&delete, json!({"ids": 1}), 422, "ids: invalid type"),
        (
            &delete,
            json!({"ids": [true]}),
            422,
            "ids: an id is a text, or a whole number of 64 bits",
        ),
        (&delete, json!({"ids": [1], "x": 1}), 400, "unknown field `x`"),
    ];
    for (path, body, status, told) in cases {
        server.refuses(path, &[(body, status, told)]).await;
    }
    let attribute = |it: Value| json!({"schema": {"attributes": {"a": it}}});
    for (schema, status, told) in [
        (json!({}), 422, "missing field `schema`"),
        (json!({"schema": {"vector_dim": 3}}), 422, "missing field `vector_metric`"),
        (json!({"schema": {"vector_metric": "l2"}}), 422, "missing field `vector_dim`"),
        (json!({"schema": {"vector_dim": 0, "vector_metric": "l2"}}), 400, "vector_dim is 1 to"),
        (json!({"schema": {"vector_dim": 99999, "vector_metric": "l2"}}), 400, "vector_dim is 1"),
        (json!({"schema": {"vector_dim": 3, "vector_metric": "x"}}), 422, "unknown variant `x`"),
        (json!({"schema": {}, "shards": 2}), 400, "unknown field `shards`"),
        (json!({"schema": {"dim": 2}}), 400, "unknown field `schema.dim`"),
        (attribute(json!({"type": "text"})), 400, "schema.attributes.a.type is string"),
        (attribute(json!({"type": "array<array<string>>"})), 400, "schema.attributes.a.type"),
        (attribute(json!({})), 422, "missing field `type`"),
        (attribute(json!({"type": "uuid", "unique": true})), 400, "`schema.attributes.a.unique`"),
        (attribute(json!({"type": "integer", "full_text": true})), 400, "full_text"),
        (
            json!({"schema": {"attributes": {"vector": {"type": "string"}}}}),
            400,
            "declare it with `vector_dim` and `vector_metric`",
        ),
    ] {
        let answer = server.send("PUT", "/v1/namespaces/new", &schema).await;
        let refusal = answer.refusal();
        assert!(answer.status == status && refusal.contains(told), "{schema}: {refusal}");
    }
    let odd = server.send("PUT", "/v1/namespaces/a%20b", &quick_start()).await;
    assert!(odd.status == 400 && odd.refusal().contains("namespace name"), "{}", odd.text());
}

//! The schema of v2: how it is shown, to the key, and what may become of it.

use serde_json::{Value, json};

use crate::server::{Options, Server};

/// All ten settings of full text, as they are by default.
fn settings() -> Value {
    json!({
        "k1": 1.2, "k3": 8.0, "b": 0.75, "language": "english", "stemming": false,
        "max_token_length": 39, "remove_stopwords": false, "ascii_folding": false,
        "case_sensitive": false, "tokenizer": "word_v4",
    })
}

fn settings_of_tags() -> Value {
    let mut settings = settings();
    settings["case_sensitive"] = json!(true);
    settings
}

async fn documented() -> Server {
    let server = Server::start(&Options::memory()).await;
    let write = json!({
        "distance_metric": "cosine_distance",
        "schema": {
            "tags": {"type": "[]string", "full_text_search": {"case_sensitive": true}},
            "title": {"type": "string", "filterable": true, "full_text_search": true, "x": 7},
            "path": {"type": "string", "glob": true, "regex": true, "fuzzy": true},
        },
        "upsert_rows": [{"id": 1, "vector": [0.1, 0.2], "private": true}],
    });
    server.write("a", write).await;
    server
}

#[tokio::test]
async fn alone_it_is_shown_with_nulls_and_a_bare_ann() {
    let server = documented().await;
    let expected = json!({
        "id": {"type": "uint", "filterable": null, "full_text_search": null},
        "vector": {"type": "[2]f32", "ann": true, "filterable": null, "full_text_search": null},
        "private": {"type": "bool", "filterable": true, "full_text_search": null},
        "tags": {"type": "[]string", "filterable": false, "full_text_search": settings_of_tags()},
        "title": {"type": "string", "filterable": true, "full_text_search": settings()},
        "path": {
            "type": "string", "filterable": false, "full_text_search": null, "glob": true,
            "regex": true, "fuzzy": true,
        },
    });
    assert_eq!(server.get("/v1/namespaces/a/schema").await.ok(), expected);
    let nothing = server.post("/v1/namespaces/a/schema", &json!({})).await.ok();
    assert_eq!(nothing, expected);
}

#[tokio::test]
async fn within_metadata_it_is_shown_without_nulls() {
    let server = documented().await;
    let expected = json!({
        "id": {"type": "uint"},
        "vector": {"type": "[2]f32", "ann": {"distance_metric": "cosine_distance"}},
        "private": {"type": "bool", "filterable": true},
        "tags": {"type": "[]string", "filterable": false, "full_text_search": settings_of_tags()},
        "title": {"type": "string", "filterable": true, "full_text_search": settings()},
        "path": {
            "type": "string", "filterable": false, "glob": true, "regex": true, "fuzzy": true,
        },
    });
    for version in ["v1", "v2"] {
        let metadata = server.get(&format!("/{version}/namespaces/a/metadata")).await.ok();
        assert_eq!(metadata["schema"], expected);
    }
}

#[tokio::test]
async fn options_change_and_attributes_come_and_go() {
    let server = documented().await;
    let path = "/v1/namespaces/a/schema";
    let change = json!({
        "private": {"type": "bool", "filterable": false}, "later": "datetime",
        "title": {"type": "string", "full_text_search": false},
    });
    let schema = server.post(path, &change).await.ok();
    let shown = |kind: &str, filterable: Value| {
        let full_text = json!(null);
        json!({"type": kind, "filterable": filterable, "full_text_search": full_text})
    };
    assert_eq!(schema["private"], shown("bool", json!(false)));
    assert_eq!(schema["later"], shown("datetime", json!(true)));
    assert_eq!(schema["title"], shown("string", json!(true)));
    assert_eq!(schema["tags"]["full_text_search"], settings_of_tags(), "what is not named stays");
    assert_eq!(server.get(path).await.ok(), schema);

    let by_private = json!({
        "rank_by": ["id", "asc"], "limit": 1, "filters": ["private", "Eq", true],
    });
    server.refuses("/v2/namespaces/a/query", &[(by_private.clone(), 400, "not filterable")]).await;
    server.post(path, &json!({"private": {"type": "bool", "filterable": true}})).await.ok();
    assert_eq!(server.ids("a", by_private).await, [json!(1)]);

    // A vector is searched in, and what is sparse is if that is said.
    let sparse = |on: Value| json!({"words": {"type": "{}f16", "sparse_knn": on}});
    let is_on = async |change: Value| {
        server.post(path, &change).await.ok()["words"].get("sparse_knn").is_some()
    };
    assert!(is_on(sparse(json!(true))).await);
    assert!(is_on(json!({"words": "{}f16"})).await, "what is not named stays");
    assert!(!is_on(sparse(json!(false))).await);
    let other = sparse(json!({"distance_metric": "cosine"}));
    server.refuses(path, &[(other, 400, "distance_metric is dot_product, not cosine")]).await;
    let mute = json!({"vector": {"type": "[2]f32", "ann": false}});
    server.refuses(path, &[(mute, 400, "must have `ann` set to `true`")]).await;

    // What is no longer searched in can be filtered by: else it could not be asked at all.
    let of_path = async |options: Value| {
        let mut path_of = json!({"type": "string"});
        path_of.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        server.post(path, &json!({"path": path_of})).await.ok()["path"]["filterable"].take()
    };
    assert_eq!(of_path(json!({"regex": false, "glob": false})).await, false);
    assert_eq!(of_path(json!({"fuzzy": false})).await, true);
    assert_eq!(of_path(json!({"regex": true})).await, true, "what is not named stays");
    assert_eq!(of_path(json!({"regex": false, "filterable": false})).await, false);

    // An attribute that is dropped and comes back is another one.
    let schema = server.post(path, &json!({"private": {"drop": true}})).await.ok();
    assert!(schema.get("private").is_none(), "{schema}");
    let again = json!({"schema": {"private": "string"}, "patch_rows": [{"id": 7, "private": "x"}]});
    server.write("a", again).await;
    assert_eq!(server.documents("a").await, json!([{"id": 1, "vector": [0.1, 0.2]}]));
    server.write("a", json!({"patch_rows": [{"id": 1, "private": "x"}]})).await;
    assert_eq!(server.documents("a").await[0]["private"], "x");
    server.post(path, &json!({"gone": {"drop": true}})).await.ok();
}

#[tokio::test]
async fn what_never_changes_is_refused_and_the_attribute_named() {
    let server = documented().await;
    let path = "/v1/namespaces/a/schema";
    let ann = |kind: &str| json!({"type": kind, "ann": true});
    let greek = json!({"language": "greek", "remove_stopwords": true});
    let greek = json!({"type": "string", "full_text_search": greek});
    let to_int = "🙅 invalid schema update for attribute 'title': \
                  cannot change attribute type from string to int";
    for (change, attribute, told) in [
        (json!({"title": "int"}), "title", to_int),
        (json!({"vector": ann("[3]f32")}), "vector", "from [2]f32 to [3]f32"),
        (json!({"vector": ann("[2]f16")}), "vector", "from [2]f32 to [2]f16"),
        (json!({"id": "string"}), "id", "from uint to string"),
        (json!({"id": {"type": "uuid"}}), "id", "from uint to uuid"),
        (json!({"id": "int"}), "id", "from uint to int"),
        (json!({"second": ann("[2]f32")}), "second", "first document"),
        (json!({"private": {"type": "bool", "regex": true}}), "private", "regex"),
        (json!({"private": {"type": "bool", "full_text_search": true}}), "private", "full_text"),
        (json!({"private": {"type": "bool", "ann": true}}), "private", "ann is for vectors"),
        (json!({"greek": greek}), "greek", "remove_stopwords is not for greek"),
        (json!({"$x": "int"}), "$x", "'$'"),
        (json!({"": "int"}), "", "empty"),
        (json!({"x".repeat(129): "int"}), &*format!("{}…", "x".repeat(80)), "128 bytes"),
    ] {
        let written = json!({"schema": change, "upsert_rows": [{"id": 9, "vector": [1, 1]}]});
        for (path, body) in [(path, &change), ("/v2/namespaces/a", &written)] {
            let answer = server.post(path, body).await;
            let refusal = answer.refusal();
            assert!(answer.status == 400 && refusal.contains(told), "{body}: {refusal}");
            assert_eq!(answer.json()["attribute"], attribute, "{body}: {refusal}");
        }
    }
    let other = json!({"vector": {"type": "[2]f32", "ann": {"distance_metric": "dot_product"}}});
    let mismatch = "💔 distance metric mismatch, expected cosine_distance, got dot_product";
    server.refuses(path, &[(other, 400, mismatch)]).await;
    assert!(server.matching("a", &json!(["id", "Gt", 1])).await.is_empty());
}

#[tokio::test]
async fn what_is_no_schema_is_refused() {
    let server = documented().await;
    let many: Value = (0..1025).map(|at| (format!("n{at}"), json!("int"))).collect();
    let unknown = "unknown attribute type 'text'";
    let cases = [
        (json!({"x": {}}), 422, "x: missing field `type`"),
        (json!({"x": {"filterable": true}}), 422, "x: missing field `type`"),
        // It is read as an attribute of that name.
        (json!({"schema": {"x": "int"}}), 422, "schema: missing field `type`"),
        (json!({"x": 7}), 422, "x: invalid type: integer `7`"),
        (json!([]), 422, "invalid type: sequence"),
        (json!({"x": {"type": 7}}), 422, "x.type: invalid type"),
        (json!({"x": {"type": "int", "filterable": "yes"}}), 422, "x.filterable: invalid type"),
        (json!({"x": "text"}), 400, unknown),
        (json!({"x": {"type": "text"}}), 400, unknown),
        (json!({"x": "[]bytes"}), 400, "unknown attribute type '[]bytes'"),
        (json!({"x": "[0]f32"}), 400, "unknown attribute type '[0]f32'"),
        (json!({"x": "[10753]f32"}), 400, "unknown attribute type '[10753]f32'"),
        (json!({"x": "[2]f64"}), 400, "unknown attribute type '[2]f64'"),
        (json!({"id": "float"}), 400, "'float'"),
        (json!({"x": {"drop": true, "type": "int"}}), 400, "`x.type`"),
        (
            json!({"x": {"type": "string", "full_text_search": {"language": "klingon"}}}),
            400,
            "klingon",
        ),
        (json!({"x": {"type": "string", "full_text_search": {"b": 2}}}), 400, "b is 0 to 1"),
        (
            json!({"x": {"type": "string", "full_text_search": {"max_token_length": 255}}}),
            400,
            "max_token_length is 1 to 254",
        ),
        (json!({"x": {"type": "string", "full_text_search": {"lang": "x"}}}), 400, "lang`"),
        (json!({"x": {"type": "string", "embed": "m"}}), 400, "x.embed"),
        (many, 400, "at most 1024 attributes"),
    ];
    server.refuses("/v1/namespaces/a/schema", &cases).await;

    let vectors: Value =
        (0..9).map(|at| (format!("v{at}"), json!({"type": "[1]f32", "ann": true}))).collect();
    let nine = json!({
        "distance_metric": "cosine_distance", "schema": vectors, "upsert_rows": [{"id": 1}],
    });
    server.refuses("/v2/namespaces/b", &[(nine, 400, "at most 8 vector attributes")]).await;
}

/// A text that is prepared for search is kept so that it can be, one day.
#[tokio::test]
async fn settings_of_full_text_are_kept_as_they_were_given() {
    let server = documented().await;
    let path = "/v1/namespaces/a/schema";
    let mut french = settings();
    french["language"] = json!("french");
    french["stemming"] = json!(true);
    french["k1"] = json!(0.9);
    let change = json!({"body": {
        "type": "string",
        "full_text_search": {"language": "french", "stemming": true, "k1": 0.9},
    }});
    let schema = server.post(path, &change).await.ok();
    let body = json!({"type": "string", "filterable": false, "full_text_search": french});
    assert_eq!(schema["body"], body);
    let tokens = json!({"words": {
        "type": "[]string", "full_text_search": {"tokenizer": "pre_tokenized_array"},
    }});
    let schema = server.post(path, &tokens).await.ok();
    assert_eq!(schema["words"]["full_text_search"]["tokenizer"], "pre_tokenized_array");
    assert_eq!(schema["words"]["full_text_search"]["case_sensitive"], true);
}

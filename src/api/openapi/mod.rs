//! `GET /openapi.json`: both contracts as a document of OpenAPI 3.1, made of the same constants that
//! the server checks.
//!
//! What must hold: every route is in it with every status that it can answer, and nothing else is;
//! what a route needs is told as the table of rights has it. A test walks the router, that table and
//! the document, and others send every example, and compare what comes with the schema under its
//! status (`tests/api/openapi.rs`).

mod errors;
mod examples;
mod node;
mod operation;
mod schemas;
mod shape;
mod v1;
mod v2;

use std::sync::LazyLock;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::json_response;
use operation::Operation;

const ABOUT: &str = "Two wire contracts over one engine, chosen by the path. Under `/v2/` is the \
    turbopuffer contract, with those of its paths that begin with `/v1/`; the rest of `/v1/` is our \
    own. Parameters and headers that nobody knows are passed over, fields of a body are refused by \
    name; a field that is null is a field that is not there, but for vectors: an upsert of `/v2/` \
    names every vector attribute of its namespace, be it by null. A body may be packed by gzip or zstd. \
    Every answer has the header `X-Request-Id`. Where keys are configured, each operation names under \
    `security` the scope that a key has to have. The examples speak of a namespace `docs`: \
    `created` of `createNamespace` creates it, `filled` of `upsertDocuments` fills it, and all others find \
    it so. What is sent, and where, and what is answered to that have one name.";

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| document().to_string().into());

pub(super) async fn tell() -> Response {
    json_response(StatusCode::OK, Body::from(DOCUMENT.clone()))
}

fn operations() -> Vec<Operation> {
    [v1::operations(), v2::operations(), node::operations()].into_iter().flatten().collect()
}

fn document() -> Value {
    let examples = examples::read();
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations() {
        let shown = examples.get(operation.id).map_or(&[][..], Vec::as_slice);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = operation.entry(shown);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Elacsym",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "v1", "description": "Our own contract"},
            {"name": "v2", "description": "The turbopuffer contract"},
            {"name": "node", "description": "What is asked of a node, without a key"},
        ],
        "paths": paths,
        "components": {
            "schemas": schemas::all(),
            "responses": errors::components(),
            "securitySchemes": {"bearer": bearer()},
        },
    })
}

fn bearer() -> Value {
    let words = "A key, if any are configured. The scopes beside it are those that the key has to have, \
                 and where a namespace is in the path, one of its patterns has to match";
    json!({"type": "http", "scheme": "bearer", "description": words})
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::http::Request;
    use regex::Regex;

    use super::*;
    use crate::api::alone::Alone;
    use crate::api::{Need, ROUTES, routed};
    use crate::config::Scope;

    type Routes = BTreeSet<(String, String)>;

    /// The methods that a path takes, as it says itself to whoever comes with another.
    async fn methods(alone: &Alone, path: &str) -> Vec<String> {
        let plain = Regex::new(r"\{[a-z]+\}").unwrap().replace_all(path, "x").into_owned();
        let request = Request::builder().method("TRACE").uri(plain).body(Body::empty()).unwrap();
        let response = alone.respond(request).await;
        if response.status() == 404 {
            // The router prints where it refuses, too.
            return Vec::new();
        }
        assert_eq!(response.status(), 405, "{path}");
        let allowed = response.headers()["allow"].to_str().unwrap().to_lowercase();
        allowed.split(',').filter(|method| *method != "head").map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn every_route_is_documented_and_has_its_rights_and_nothing_else_is_or_has() {
        let alone = Alone::start().await;
        let printed = format!("{:?}", routed(alone.api.clone()));
        let paths: BTreeSet<&str> = Regex::new("\"(/[^\"]*)\"")
            .unwrap()
            .captures_iter(&printed)
            .map(|found| found.get(1).unwrap().as_str())
            .filter(|path| !path.contains("__private"))
            .collect();
        let mut routes = Routes::new();
        for path in paths {
            for method in methods(&alone, path).await {
                routes.insert((path.to_owned(), method));
            }
        }
        let documented: Routes = operations()
            .iter()
            .map(|operation| (operation.path.to_owned(), operation.method.to_owned()))
            .collect();
        assert!(routes.len() > 20, "the router does not print its paths any more: {printed}");
        assert_eq!(routes, documented);
        let with_rights: Routes = ROUTES
            .iter()
            .map(|route| (route.path.to_owned(), route.method.to_lowercase()))
            .collect();
        assert_eq!(routes, with_rights);
        let document = document();
        let told = document["paths"].as_object().unwrap().iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap();
            methods.keys().map(move |method| (path.clone(), method.clone()))
        });
        assert_eq!(told.collect::<Routes>(), documented, "no two operations are one");
    }

    #[test]
    fn each_route_tells_what_it_needs_and_what_it_refuses_for_want_of_it() {
        let document = document();
        for route in ROUTES {
            let told = &document["paths"][route.path][route.method.to_lowercase()];
            let tells = |status: &str| told["responses"].get(status).is_some();
            let (keys, rights) = (route.need != Need::Nothing, route.need.scope().is_some());
            assert_eq!((tells("401"), tells("403")), (keys, rights), "{route:?}");
            assert_eq!(tells("429"), keys, "{route:?}");
            let scopes: Vec<&str> = route.need.scope().map(Scope::word).into_iter().collect();
            let security = if keys { json!([{"bearer": scopes}, {}]) } else { json!([]) };
            assert_eq!(told["security"], security, "{route:?}");
            let words = told["description"].as_str().unwrap();
            assert!(words.contains(route.need.words()), "{route:?}: {words}");
        }
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_and_an_example() {
        let examples = examples::read();
        let operations = operations();
        let ids: BTreeSet<&str> = operations.iter().map(|operation| operation.id).collect();
        assert_eq!(ids.len(), operations.len());
        // The document is no example of itself.
        let shown: BTreeSet<&str> =
            examples.keys().map(String::as_str).chain(["describe"]).collect();
        assert_eq!(shown, ids);
        for (id, examples) in &examples {
            let names: BTreeSet<&str> =
                examples.iter().map(|example| example.name.as_str()).collect();
            assert!(!examples.is_empty() && names.len() == examples.len(), "{id}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_schema_is_used() {
        let document = document();
        let text = document.to_string();
        let referred: BTreeSet<&str> = Regex::new("\"\\$ref\":\"#([^\"]+)\"")
            .unwrap()
            .captures_iter(&text)
            .map(|found| found.get(1).unwrap().as_str())
            .collect();
        for reference in &referred {
            assert!(document.pointer(reference).is_some(), "{reference} leads nowhere");
        }
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            let reference = format!("/components/schemas/{name}");
            assert!(referred.contains(&*reference), "nobody speaks of {name}");
        }
    }
}

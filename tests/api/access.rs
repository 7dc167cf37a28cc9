//! Who is let in where keys are configured, over every route there is: the routes come from the table
//! by which the server decides, so none is forgotten.

use elacsym::api::{Need, ROUTES, Route};
use elacsym::config::Scope;
use serde_json::json;

use crate::key_file::{KEYS, entry};
use crate::server::{Options, Server};
use crate::socket::Answer;

async fn locked() -> Server {
    Server::start(&Options::memory().with("ELACSYM_API_KEYS", "alpha,beta")).await
}

fn closed() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| route.need != Need::Nothing)
}

async fn ask(server: &Server, route: &Route, ns: &str, headers: &[(&str, &str)]) -> Answer {
    let path = route.path.replace("{ns}", ns).replace("{id}", "1").replace("{token}", "t");
    server.call(route.method, &path, headers, b"{}").await
}

#[tokio::test]
async fn nothing_is_told_to_who_shows_no_key() {
    let server = locked().await;
    let bearer = [("Authorization", "Bearer alpha")];
    let write = json!({"upsert_rows": [{"id": 1}]}).to_string();
    let written = server.call("POST", "/v2/namespaces/a", &bearer, write.as_bytes()).await;
    assert_eq!(written.status, 200, "{}", written.text());
    let odd = [
        vec![],
        vec![("Authorization", "Bearer gamma")],
        vec![("Authorization", "Bearer alph")],
        vec![("Authorization", "Bearer alpha,beta")],
        vec![("Authorization", "Bearer")],
        vec![("Authorization", "Bearer ")],
        vec![("Authorization", "Basic alpha")],
        vec![("Authorization", "alpha")],
        vec![("X-Api-Key", "alpha")],
    ];
    for route in closed() {
        let mut told = Vec::new();
        for headers in &odd {
            let answer = ask(&server, route, "a", headers).await;
            told.push(answer.refusal());
            assert_eq!(answer.status, 401, "{route:?} {headers:?}");
            assert_eq!(answer.json()["code"], "unauthorized");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            assert!(!answer.text().contains("alpha"), "{}", answer.text());
        }
        assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
    }
    // Whether it is there or not.
    let absent = server.get("/v2/namespaces/absent/metadata").await;
    assert_eq!(absent.status, 401);
    let there = server.call("GET", "/v1/namespaces/a/schema", &bearer, b"").await;
    assert_eq!(there.status, 200, "a delete without a key did nothing: {}", there.text());
}

#[tokio::test]
async fn a_key_with_all_rights_opens_every_route() {
    let server = locked().await;
    for key in ["Bearer alpha", "Bearer beta", "bearer alpha", "BEARER  beta"] {
        for route in ROUTES {
            let answer = ask(&server, route, "a", &[("Authorization", key)]).await;
            assert!(!matches!(answer.status, 401 | 403 | 405), "{route:?}: {}", answer.text());
            assert!(answer.status < 500, "{route:?}: {}", answer.text());
        }
    }
}

/// What becomes of a key at a route, as far as keys are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Unknown,
    NoRight,
    LetIn,
}

const WHO: [(Option<&str>, &[Scope], bool); 8] = [
    (None, &[], false),
    (Some("wrong"), &[], false),
    (Some("reader"), &[Scope::Read, Scope::List], true),
    (Some("writer"), &[Scope::Write], true),
    (Some("keeper"), &[Scope::Admin], true),
    (Some("owner"), &Scope::ALL, true),
    (Some("stranger"), &Scope::ALL, false),
    (Some("root"), &Scope::ALL, true),
];

/// By the need alone, worked out once more.
fn fate(need: Need, who: Option<&str>, scopes: &[Scope], own: bool) -> Fate {
    let let_in = match need {
        Need::Nothing => return Fate::LetIn,
        _ if scopes.is_empty() => return Fate::Unknown,
        Need::Known => true,
        Need::InNamespace(scope) => own && scopes.contains(&scope),
        Need::Names => scopes.contains(&Scope::List),
        Need::Everything => who == Some("root"),
    };
    if let_in { Fate::LetIn } else { Fate::NoRight }
}

#[tokio::test]
async fn each_key_opens_the_routes_that_its_scopes_and_namespaces_are_for() {
    let options = Options::memory().with("ELACSYM_API_KEYS_FILE", KEYS);
    let keys = [
        entry("reader", &["read", "list"], &["acme-*"], ""),
        entry("writer", &["write"], &["acme-*"], ""),
        entry("keeper", &["admin"], &["acme-*"], ""),
        entry("owner", &["read", "write", "list", "admin"], &["acme-*"], ""),
        entry("stranger", &["read", "write", "list", "admin"], &["other-*", "acme-b"], ""),
        entry("late", &["read", "write", "list", "admin"], &["*"], "expires = 2000-01-01"),
        entry("root", &["read", "write", "list", "admin"], &["*"], ""),
    ];
    options.put(KEYS, &keys.concat());
    let server = Server::start(&options).await;
    // Who has expired is nobody.
    let who = WHO.into_iter().chain([(Some("late"), &[][..], false)]);
    for (who, scopes, own) in who {
        let bearer = who.map(|who| format!("Bearer {who}"));
        let headers: Vec<(&str, &str)> =
            bearer.iter().map(|bearer| ("Authorization", bearer.as_str())).collect();
        for route in ROUTES {
            let answer = ask(&server, route, "acme-a", &headers).await;
            let met = match answer.status {
                401 => Fate::Unknown,
                403 => Fate::NoRight,
                _ => Fate::LetIn,
            };
            assert_eq!(met, fate(route.need, who, scopes, own), "{who:?} {route:?}");
            assert!(answer.status < 500 && answer.status != 405, "{who:?} {route:?}");
            if met == Fate::NoRight {
                let refusal = answer.refusal();
                assert!(refusal.contains("it needs the scope `"), "{refusal}");
                assert_eq!(answer.json()["code"], "forbidden");
            }
        }
    }
}

#[tokio::test]
async fn health_and_figures_need_no_key() {
    let server = locked().await;
    for path in ["/health", "/healthz", "/livez", "/readyz", "/metrics"] {
        for headers in [vec![], vec![("Authorization", "Bearer gamma")]] {
            assert_eq!(server.call("GET", path, &headers, b"").await.status, 200, "{path}");
        }
    }
}

/// Clients of v2 do not start without a key, and always send one.
#[tokio::test]
async fn without_keys_whatever_is_shown_is_taken() {
    let server = Server::start(&Options::memory()).await;
    for headers in [vec![], vec![("Authorization", "Bearer x")], vec![("Authorization", "?")]] {
        assert_eq!(server.call("GET", "/v1/namespaces", &headers, b"").await.status, 200);
    }
}

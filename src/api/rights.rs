//! What each route asks of a key, in one table.
//!
//! A route that is not in it is a bug, which whoever asks is told: to forget one is to see its first
//! test fail, and not to leave a door open. Tests take their routes from here, so they forget none
//! either.

use axum::http::Method;

use crate::config::Scope;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    pub method: &'static str,
    /// As it stands in the router; `{ns}` is the namespace.
    pub path: &'static str,
    pub need: Need,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It is asked by what starts, watches and balances, and names nobody's data.
    Nothing,
    /// Any key that is known: the answer is the same for everybody.
    Known,
    /// A key with this scope, and with a pattern that the namespace of the path matches.
    InNamespace(Scope),
    /// The scope `list`; what is shown are the names that are the key's own.
    Names,
    /// The scope `admin` over all namespaces: it is about the node, and so about everybody.
    Everything,
}

impl Need {
    /// Whether an audit wants to know of it though all went well.
    pub(super) fn is_admin(self) -> bool {
        matches!(self, Self::InNamespace(Scope::Admin) | Self::Everything)
    }

    pub(super) fn is_query(self) -> bool {
        self == Self::InNamespace(Scope::Read)
    }

    /// The scope that a key has to have, if it has to have one.
    pub(super) fn scope(self) -> Option<Scope> {
        match self {
            Self::Nothing | Self::Known => None,
            Self::InNamespace(scope) => Some(scope),
            Self::Names => Some(Scope::List),
            Self::Everything => Some(Scope::Admin),
        }
    }

    /// As whoever is refused is told it, and whoever reads of the route.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Nothing => "no key",
            Self::Known => "any key that is known",
            Self::InNamespace(Scope::Read) => "the scope `read` for this namespace",
            Self::InNamespace(Scope::Write) => "the scope `write` for this namespace",
            Self::InNamespace(Scope::List) => "the scope `list` for this namespace",
            Self::InNamespace(Scope::Admin) => "the scope `admin` for this namespace",
            Self::Names => "the scope `list`",
            Self::Everything => "the scope `admin` for all namespaces",
        }
    }
}

const READ: Need = Need::InNamespace(Scope::Read);
const WRITE: Need = Need::InNamespace(Scope::Write);
const ADMIN: Need = Need::InNamespace(Scope::Admin);

const fn route(method: &'static str, path: &'static str, need: Need) -> Route {
    Route { method, path, need }
}

pub const ROUTES: &[Route] = &[
    route("POST", "/v2/namespaces/{ns}", WRITE),
    route("DELETE", "/v2/namespaces/{ns}", ADMIN),
    route("POST", "/v2/namespaces/{ns}/query", READ),
    route("POST", "/v2/namespaces/{ns}/explain_query", READ),
    route("POST", "/v1/namespaces/{ns}/_debug/recall", READ),
    route("GET", "/v2/namespaces/{ns}/metadata", READ),
    route("PATCH", "/v2/namespaces/{ns}/metadata", ADMIN),
    route("GET", "/v1/namespaces/{ns}/metadata", READ),
    route("PATCH", "/v1/namespaces/{ns}/metadata", ADMIN),
    route("GET", "/v1/namespaces/{ns}/schema", READ),
    route("POST", "/v1/namespaces/{ns}/schema", WRITE),
    route("GET", "/v1/namespaces/{ns}/hint_cache_warm", READ),
    route("GET", "/v1/namespaces", Need::Names),
    route("POST", "/v2/namespaces/{ns}/async", WRITE),
    route("GET", "/v1/namespaces/{ns}/operations/{token}", WRITE),
    route("GET", "/v1/namespaces/{ns}/_debug/warm_cache", ADMIN),
    route("GET", "/v1/namespaces/{ns}/_debug/purge_cache", ADMIN),
    route("PUT", "/v1/namespaces/{ns}", WRITE),
    route("DELETE", "/v1/namespaces/{ns}", ADMIN),
    route("POST", "/v1/namespaces/{ns}/upsert", WRITE),
    route("POST", "/v1/namespaces/{ns}/delete", WRITE),
    route("GET", "/v1/namespaces/{ns}/documents/{id}", READ),
    route("POST", "/v1/namespaces/{ns}/query", READ),
    route("GET", "/v1/namespaces/{ns}/usage", READ),
    route("GET", "/v1/namespaces/{ns}/export", READ),
    route("GET", "/v1/cluster", Need::Everything),
    route("GET", "/v1/cluster/owner/{ns}", READ),
    route("GET", "/openapi.json", Need::Known),
    route("GET", "/livez", Need::Nothing),
    route("GET", "/healthz", Need::Nothing),
    route("GET", "/health", Need::Nothing),
    route("GET", "/readyz", Need::Nothing),
    route("GET", "/metrics", Need::Nothing),
];

/// The route of a request, whose path is as it stands in the router.
pub(super) fn of(method: &Method, path: &str) -> Option<&'static Route> {
    // Who answers a GET answers a HEAD.
    find(if *method == Method::HEAD { "GET" } else { method.as_str() }, path)
}

/// The method may be in letters of any case.
pub(super) fn find(method: &str, path: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.path == path && route.method.eq_ignore_ascii_case(method))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::alone::Alone;

    #[test]
    fn each_route_stands_there_once_and_has_a_namespace_if_it_needs_one() {
        for (at, route) in ROUTES.iter().enumerate() {
            let twin = ROUTES[..at]
                .iter()
                .find(|other| (other.method, other.path) == (route.method, route.path));
            assert_eq!(twin, None);
            let needs_namespace = matches!(route.need, Need::InNamespace(_));
            assert_eq!(route.path.contains("{ns}"), needs_namespace, "{route:?}");
        }
    }

    #[test]
    fn who_may_get_may_ask_for_the_head_of_it() {
        let of = |method: Method, path| of(&method, path).map(|route| route.need);
        assert_eq!(of(Method::HEAD, "/v1/namespaces"), Some(Need::Names));
        assert_eq!(of(Method::POST, "/v2/namespaces/{ns}"), Some(WRITE));
        assert_eq!(of(Method::HEAD, "/v2/namespaces/{ns}"), None);
        assert_eq!(of(Method::GET, "/v2/namespaces/a"), None);
    }

    #[tokio::test]
    async fn whatever_is_in_the_table_is_in_the_router() {
        let alone = Alone::start().await;
        for route in ROUTES {
            let path = route.path.replace("{ns}", "a").replace("{id}", "1").replace("{token}", "t");
            let (status, body) = alone.call(route.method, &path, "{}").await;
            assert!(status != 405 && !body.contains("nothing at this path"), "{route:?}: {body}");
            assert!(status < 500, "{route:?}: {body}");
        }
    }
}

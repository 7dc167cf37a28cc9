//! The audit log: who has asked for what an operator may have to answer for. Every administrative
//! action and every request that a key was refused for is one line of the target `audit`, with the
//! name of the key and never the key.
//!
//! What was asked for is told as it stands in the table of rights, and a namespace only if it is one:
//! nobody writes lines of his own into this log.

use axum::http::StatusCode;

use super::error::Refusal;
use super::rights::Route;
use crate::model::Namespace;

/// What is known of a request.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) route: &'static Route,
    /// As it was written in the path.
    pub(super) namespace: Option<&'a str>,
    pub(super) request_id: &'a str,
}

/// Whose key was shown; nobody's, if it is not known.
pub(super) fn refused(asked: Asked<'_>, who: Option<&str>, refusal: &Refusal) {
    let Route { method, path, .. } = asked.route;
    let namespace = asked.namespace.and_then(|namespace| Namespace::new(namespace).ok());
    tracing::info!(
        target: "audit",
        who = who.unwrap_or("nobody"),
        what = format!("{method} {path}"),
        namespace = namespace.as_ref().map(Namespace::as_str),
        outcome = "refused",
        code = refusal.code(),
        why = refusal.story(),
        request_id = asked.request_id,
        "a request was refused"
    );
}

/// An administrative action, from the moment it is let in. If it is dropped before its end, nobody
/// knows what became of it.
pub(super) struct Action {
    who: String,
    what: String,
    namespace: Option<Namespace>,
    request_id: String,
    told: bool,
}

impl Action {
    pub(super) fn begin(asked: Asked<'_>, who: &str) -> Self {
        let Route { method, path, .. } = asked.route;
        Self {
            who: who.to_owned(),
            what: format!("{method} {path}"),
            namespace: asked.namespace.and_then(|namespace| Namespace::new(namespace).ok()),
            request_id: asked.request_id.to_owned(),
            told: false,
        }
    }

    pub(super) fn end(mut self, status: StatusCode) {
        let outcome = match status {
            status if status.is_success() => "done",
            // It may still happen: the answer says what is known.
            StatusCode::GATEWAY_TIMEOUT => "unknown",
            status if status.is_server_error() => "failed",
            _ => "refused",
        };
        self.tell(outcome, Some(status.as_u16()));
    }

    fn tell(&mut self, outcome: &str, status: Option<u16>) {
        self.told = true;
        tracing::info!(
            target: "audit",
            who = self.who,
            what = self.what,
            namespace = self.namespace.as_ref().map(Namespace::as_str),
            outcome,
            status,
            request_id = self.request_id,
            "an administrative action"
        );
    }
}

impl Drop for Action {
    fn drop(&mut self) {
        if !self.told {
            self.tell("unknown", None);
        }
    }
}

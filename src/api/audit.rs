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

#[cfg(test)]
mod tests {
    use super::*;

    use std::collections::BTreeMap;
    use std::fmt;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use axum::body::Body;
    use axum::http::Request;
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use crate::api::alone::Alone;
    use crate::api::rights;
    use crate::config::Location;
    use crate::env::{Clock, Dice};
    use crate::storage::{self, Pace};

    const METHOD: &str = "DELETE";
    const PATH: &str = "/v2/namespaces/{ns}";
    const MOMENT: Duration = Duration::from_millis(1);
    const SLOW: Pace = Pace { get: Duration::from_secs(1), ..Pace::NONE };

    /// A line of the log, by the names of its fields.
    #[derive(Default)]
    struct Line(BTreeMap<&'static str, String>);

    /// Hears what is said to the audit in this thread.
    #[derive(Clone, Default)]
    struct Ear(Arc<Mutex<Vec<Line>>>);

    impl Visit for Line {
        fn record_str(&mut self, field: &Field, value: &str) {
            self.0.insert(field.name(), value.to_owned());
        }

        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            self.0.insert(field.name(), format!("{value:?}"));
        }
    }

    impl Subscriber for Ear {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "audit"
        }

        fn event(&self, event: &Event<'_>) {
            let mut line = Line::default();
            event.record(&mut line);
            self.0.lock().unwrap().push(line);
        }

        // Nobody asks in which span a line was said.
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    impl Ear {
        /// Of each line who did what to which namespace, what became of it, and the status.
        fn heard(&self) -> Vec<String> {
            let lines = std::mem::take(&mut *self.0.lock().unwrap());
            let told = |line: &Line| {
                let fields = ["who", "what", "namespace", "outcome", "status"];
                let fields = fields.map(|name| line.0.get(name).map_or("-", String::as_str));
                fields.join(", ")
            };
            lines.iter().map(told).collect()
        }
    }

    #[test]
    fn what_became_of_an_action_is_told_as_far_as_it_is_known() {
        let ear = Ear::default();
        let _hearing = tracing::subscriber::set_default(ear.clone());
        let route = rights::find(METHOD, PATH).unwrap();
        let begin = || {
            let asked = Asked { route, namespace: Some("acme-1"), request_id: "r1" };
            Action::begin(asked, "boss")
        };
        for (status, outcome) in [
            (StatusCode::OK, "done"),
            (StatusCode::NOT_FOUND, "refused"),
            (StatusCode::SERVICE_UNAVAILABLE, "failed"),
            (StatusCode::GATEWAY_TIMEOUT, "unknown"),
        ] {
            begin().end(status);
            let status = status.as_u16();
            let told = format!("boss, {METHOD} {PATH}, acme-1, {outcome}, {status}");
            assert_eq!(ear.heard(), [told]);
        }
        drop(begin());
        assert_eq!(ear.heard(), [format!("boss, {METHOD} {PATH}, acme-1, unknown, -")]);
    }

    /// The store goes on without whoever asked.
    #[tokio::test(start_paused = true)]
    async fn of_an_action_whose_client_leaves_in_the_middle_the_outcome_is_unknown() {
        let ear = Ear::default();
        let _hearing = tracing::subscriber::set_default(ear.clone());
        let (clock, dice) = (Clock::start(), Dice::from_seed(1));
        let opened = storage::open_slow(&Location::Memory, [], clock, dice.clone(), SLOW).await;
        let (store, _) = opened.unwrap();
        let alone = Alone::over(store, clock, dice);
        let ask = || {
            let request = Request::builder().method(METHOD).uri("/v2/namespaces/acme-1");
            alone.respond(request.body(Body::empty()).unwrap())
        };
        assert!(tokio::time::timeout(MOMENT, ask()).await.is_err());
        let told = |outcome| format!("everybody, {METHOD} {PATH}, acme-1, {outcome}");
        assert_eq!(ear.heard(), [told("unknown, -")]);
        assert_eq!(ask().await.status(), StatusCode::NOT_FOUND);
        assert_eq!(ear.heard(), [told("refused, 404")]);
    }
}

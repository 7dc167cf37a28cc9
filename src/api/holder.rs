//! Whoever shows a key: what they may do, and how much of it.
//!
//! Whether they may is decided by the route and the name alone, before anything is asked of the
//! engine: so the answer of who may not is the same, and as quick, whether the namespace is there or
//! not.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::response::Response;

use super::error::Refusal;
use super::meter::{InFlight, Meter, Metered};
use super::rights::Need;
use crate::config::{ApiKey, Rates, Scope};
use crate::env::Clock;
use crate::model::NamePatterns;

#[derive(Debug)]
pub(super) struct Holder {
    key: ApiKey,
    meter: Arc<Meter>,
}

impl Holder {
    pub(super) fn of(key: ApiKey, meter: Arc<Meter>) -> Self {
        Self { key, meter }
    }

    /// Who may do everything, and as much as they like.
    pub(super) fn unbounded(name: String, sha256: [u8; 32]) -> Self {
        let key = ApiKey {
            name,
            sha256,
            scopes: Scope::ALL.to_vec(),
            namespaces: NamePatterns::all(),
            expires_micros: None,
            rates: Rates::default(),
        };
        Self::of(key, Arc::default())
    }

    pub(super) fn key(&self) -> &ApiKey {
        &self.key
    }

    pub(super) fn name(&self) -> &str {
        &self.key.name
    }

    pub(super) fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    /// Those that a list may show.
    pub(super) fn namespaces(&self) -> &NamePatterns {
        &self.key.namespaces
    }

    pub(super) fn has_expired(&self, wall: SystemTime) -> bool {
        let now = wall.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        self.key.expires_micros.is_some_and(|micros| i128::from(micros) <= now as i128)
    }

    /// `namespace` is that of the path, as it was written there: it need not be a name.
    pub(super) fn may(&self, need: Need, namespace: Option<&str>) -> bool {
        let has = |scope| self.key.scopes.contains(&scope);
        let names = &self.key.namespaces;
        match need {
            Need::Nothing | Need::Known => true,
            Need::InNamespace(scope) => {
                let own = namespace.is_some_and(|namespace| names.matches(namespace));
                // Of what is no name at all a handler has more to say.
                has(scope) && (names.is_all() || own)
            }
            Need::Names => has(Scope::List),
            Need::Everything => has(Scope::Admin) && names.is_all(),
        }
    }

    /// Lets a request in, or tells why not. Each counts, also one that has no right to what it wants.
    pub(super) fn admit(
        self: Arc<Self>,
        need: Need,
        namespace: Option<&str>,
        clock: Clock,
    ) -> Result<Pass, Refusal> {
        let (rates, now) = (self.key.rates, clock.now());
        if let Some(most) = rates.requests_per_second {
            let over = |wait| Refusal::over_limit(&format!("{most} requests a second"), wait);
            self.meter.request(most, now).map_err(over)?;
        }
        if !self.may(need, namespace) {
            return Err(Refusal::forbidden(need.words()));
        }
        if let Some(most) = rates.bytes_per_second {
            let over = |wait| Refusal::over_limit(&format!("{most} bytes a second"), wait);
            self.meter.bytes_left(now).map_err(over)?;
        }
        let query = match rates.queries_in_flight.filter(|_| need.is_query()) {
            None => None,
            Some(most) => {
                let limit = || format!("{most} queries under way at a time");
                let over = || Refusal::over_limit(&limit(), Duration::ZERO);
                Some(self.meter.query(most).ok_or_else(over)?)
            }
        };
        Ok(Pass { holder: self, clock, _query: query })
    }
}

/// Of a request that was let in, until it is answered.
pub(super) struct Pass {
    holder: Arc<Holder>,
    clock: Clock,
    _query: Option<InFlight>,
}

impl Pass {
    /// With what a handler may want to know of who asks.
    pub(super) fn counted_in(&self, request: Request) -> Request {
        let mut request = request.map(|body| self.counted(body));
        request.extensions_mut().insert(self.holder.clone());
        request
    }

    pub(super) fn counted_out(self, response: Response) -> Response {
        response.map(|body| self.counted(body))
    }

    fn counted(&self, body: Body) -> Body {
        match self.holder.key.rates.bytes_per_second {
            Some(per_second) if !body.is_end_stream() => {
                let (meter, clock) = (self.holder.meter.clone(), self.clock);
                Body::new(Metered { body, meter, per_second, clock })
            }
            _ => body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(scopes: &[Scope], namespaces: &[&str], rates: Rates) -> Arc<Holder> {
        let key = ApiKey {
            name: "ops".to_owned(),
            sha256: [7; 32],
            scopes: scopes.to_vec(),
            namespaces: NamePatterns::new(namespaces).unwrap(),
            expires_micros: Some(5_000_000),
            rates,
        };
        Arc::new(Holder::of(key, Arc::default()))
    }

    #[test]
    fn a_key_may_what_it_has_a_scope_and_a_pattern_for() {
        use Need::*;
        let reader = holder(&[Scope::Read, Scope::Admin], &["acme-*"], Rates::default());
        let lister = holder(&[Scope::List], &["acme-*"], Rates::default());
        let all = holder(&[Scope::Admin], &["*"], Rates::default());
        for (holder, need, namespace, may) in [
            (&reader, InNamespace(Scope::Read), Some("acme-1"), true),
            (&reader, InNamespace(Scope::Admin), Some("acme-1"), true),
            (&reader, InNamespace(Scope::Write), Some("acme-1"), false),
            (&reader, InNamespace(Scope::Read), Some("other"), false),
            (&reader, InNamespace(Scope::Read), None, false),
            (&reader, Names, None, false),
            (&reader, Known, None, true),
            (&reader, Everything, None, false),
            (&lister, Names, None, true),
            (&lister, InNamespace(Scope::Read), Some("acme-1"), false),
            (&all, Everything, None, true),
            (&all, InNamespace(Scope::Admin), Some("no/name"), true),
            (&all, InNamespace(Scope::Admin), None, true),
        ] {
            assert_eq!(holder.may(need, namespace), may, "{need:?} {namespace:?}");
        }
    }

    #[test]
    fn a_key_that_has_expired_is_known_no_more() {
        let holder = holder(&Scope::ALL, &["*"], Rates::default());
        let at = |micros| holder.has_expired(UNIX_EPOCH + Duration::from_micros(micros));
        assert!(!at(0) && !at(4_999_999) && at(5_000_000) && at(u64::MAX / 1000));
        let unbounded = Holder::unbounded("one".to_owned(), [0; 32]);
        assert!(!unbounded.has_expired(UNIX_EPOCH + Duration::from_secs(1 << 40)));
    }

    #[test]
    fn the_name_of_a_namespace_changes_nothing_of_the_answer() {
        let reader = holder(&[Scope::Read], &["acme-*"], Rates::default());
        let told = |need, namespace| {
            let admitted = reader.clone().admit(need, Some(namespace), Clock::start());
            admitted.err().unwrap()
        };
        let read = Need::InNamespace(Scope::Read);
        assert_eq!(told(read, "other"), told(read, "another-one"));
        let write = Need::InNamespace(Scope::Write);
        assert_eq!(told(write, "other"), told(write, "acme-1"));
        assert!(told(write, "other").story().contains("`write`"));
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_over_a_limit_is_refused_and_let_in_again_later() {
        let rates = Rates { requests_per_second: Some(2), ..Rates::default() };
        let (holder, clock) = (holder(&[Scope::Read], &["*"], rates), Clock::start());
        let admit = || holder.clone().admit(Need::Known, None, clock);
        assert!(admit().is_ok() && admit().is_ok());
        let refusal = admit().err().unwrap();
        assert_eq!(refusal.code(), "throttled");
        assert!(refusal.story().contains("2 requests a second"), "{}", refusal.story());
        clock.sleep(Duration::from_millis(500)).await;
        assert!(admit().is_ok() && admit().is_err());
    }

    #[test]
    fn queries_are_those_that_read_and_are_over_when_they_are_answered() {
        let rates = Rates { queries_in_flight: Some(1), ..Rates::default() };
        let (holder, clock) = (holder(&Scope::ALL, &["*"], rates), Clock::start());
        let admit = |scope| holder.clone().admit(Need::InNamespace(scope), Some("a"), clock);
        let one = admit(Scope::Read).ok().unwrap();
        let refusal = admit(Scope::Read).err().unwrap();
        assert!(refusal.story().contains("1 queries under way"), "{}", refusal.story());
        assert!(admit(Scope::Write).is_ok());
        drop(one.counted_out(Response::new(Body::empty())));
        assert!(admit(Scope::Read).is_ok());
    }
}

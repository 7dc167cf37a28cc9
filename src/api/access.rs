//! Who may come in: whoever shows a key that is configured and has the right to what they want, or
//! everybody if no keys are configured.
//!
//! What is compared are hashes, in constant time, and all of them every time: how long a refusal
//! takes tells nothing of how much of a key was right. Keys that lie in a file are read again when it
//! changes; what was counted of a key goes on as long as it is there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{MatchedPath, RawPathParams, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Api;
use super::audit::{self, Action, Asked};
use super::error::Refusal;
use super::followed::{Change, Followed};
use super::holder::Holder;
use super::journey::RequestId;
use super::rights::{self, Need};
use crate::config::{ApiKey, Auth, Secret};
use crate::env::Clock;
use crate::error::{Context, Error, Result};

/// A handle; all of its clones are one.
#[derive(Clone)]
pub struct Access(Arc<Gate>);

struct Gate {
    door: Mutex<Arc<Door>>,
    /// Where the keys are, if they are in a file.
    file: Option<Followed>,
}

enum Door {
    /// To everybody, who are one to us.
    Open(Arc<Holder>),
    Locked(Vec<Arc<Holder>>),
}

/// Why somebody is not known.
enum Stranger {
    NoKey,
    Unknown,
    Expired(Arc<Holder>),
}

impl Access {
    /// Reads the file of keys, if there is one.
    pub fn new(auth: &Auth) -> Result<Self> {
        let (door, file) = match auth {
            Auth::Open => {
                let everybody = Holder::unbounded("everybody".to_owned(), [0; 32]);
                (Door::Open(Arc::new(everybody)), None)
            }
            Auth::Keys(keys) => {
                let holder = |(at, key): (usize, &Secret)| {
                    let name = format!("auth.api_keys[{at}]");
                    Arc::new(Holder::unbounded(name, sha256(key.reveal().as_bytes())))
                };
                (Door::Locked(keys.iter().enumerate().map(holder).collect()), None)
            }
            Auth::KeysFile(path) => {
                let file = Followed::new("keys", vec![path.clone()]);
                let keys = file.read().and_then(|contents| parsed(&contents));
                let keys = keys.context(format!("auth.api_keys_file ({})", path.display()))?;
                (Door::Locked(holders(keys, &[])), Some(file))
            }
        };
        Ok(Self(Arc::new(Gate { door: Mutex::new(Arc::new(door)), file })))
    }

    /// Obeys the file of keys as it changes, for as long as this is polled.
    pub async fn follow(self, clock: Clock) {
        if let Some(file) = &self.0.file {
            file.follow(clock, |contents| self.take(contents)).await;
        }
    }

    pub(super) fn followed(&self) -> Option<&Followed> {
        self.0.file.as_ref()
    }

    fn take(&self, contents: &[Vec<u8>]) -> Result<Change> {
        let keys = parsed(contents)?;
        let before = self.door();
        let known: &[Arc<Holder>] = match &*before {
            Door::Open(_) => &[],
            Door::Locked(holders) => holders,
        };
        if known.iter().map(|holder| holder.key()).eq(&keys) {
            return Ok(Change::None);
        }
        tracing::info!(target: "audit", before = known.len(), now = keys.len(), "other API keys");
        let door = Arc::new(Door::Locked(holders(keys, known)));
        *self.0.door.lock().unwrap_or_else(PoisonError::into_inner) = door;
        Ok(Change::Taken)
    }

    fn door(&self) -> Arc<Door> {
        self.0.door.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn holder(&self, headers: &HeaderMap, wall: SystemTime) -> Result<Arc<Holder>, Stranger> {
        let door = self.door();
        let holders = match &*door {
            Door::Open(everybody) => return Ok(everybody.clone()),
            Door::Locked(holders) => holders,
        };
        let shown = sha256(bearer(headers).ok_or(Stranger::NoKey)?);
        let mut found = None;
        for holder in holders {
            if verify_slices_are_equal(&holder.key().sha256, &shown).is_ok() {
                found = Some(holder);
            }
        }
        match found.cloned() {
            None => Err(Stranger::Unknown),
            Some(holder) if holder.has_expired(wall) => Err(Stranger::Expired(holder)),
            Some(holder) => Ok(holder),
        }
    }
}

impl Stranger {
    fn name(&self) -> Option<&str> {
        match self {
            Self::NoKey | Self::Unknown => None,
            Self::Expired(holder) => Some(holder.name()),
        }
    }

    fn refusal(&self) -> Refusal {
        Refusal::unauthorized(match self {
            Self::NoKey => "no API key was shown".to_owned(),
            Self::Unknown => "the API key is not known".to_owned(),
            Self::Expired(holder) => format!("the API key {} has expired", holder.name()),
        })
    }
}

/// Those that were there before keep what was counted of them.
fn holders(keys: Vec<ApiKey>, before: &[Arc<Holder>]) -> Vec<Arc<Holder>> {
    let meter = |holder: &Arc<Holder>| (holder.key().sha256, holder.meter().clone());
    let meters: BTreeMap<_, _> = before.iter().map(meter).collect();
    let holder = |key: ApiKey| {
        let meter = meters.get(&key.sha256).cloned().unwrap_or_default();
        Arc::new(Holder::of(key, meter))
    };
    keys.into_iter().map(holder).collect()
}

fn parsed(contents: &[Vec<u8>]) -> Result<Vec<ApiKey>> {
    let text = contents.first().map(Vec::as_slice).unwrap_or_default();
    let text = str::from_utf8(text)
        .map_err(|_| Error::invalid("the file of API keys is not UTF-8".to_owned()))?;
    ApiKey::parse_file(text)
        .map_err(|told| Error::invalid(format!("the file of API keys {}", told.join("; "))))
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, key) = value.split_at_checked(b"Bearer ".len())?;
    let key = key.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"Bearer ") && !key.is_empty()).then_some(key)
}

/// Before every handler there is.
pub(super) async fn guard(
    State(api): State<Arc<Api>>,
    parameters: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let Some(route) = rights::of(request.method(), path) else {
        return Refusal::unlisted(request.method().as_str(), path).into_response();
    };
    if route.need == Need::Nothing {
        return next.run(request).await;
    }
    let parameters = parameters.ok();
    let namespace = parameters.iter().flatten().find(|(name, _)| *name == "ns");
    let namespace = namespace.map(|(_, value)| value);
    let id = request.extensions().get::<RequestId>().cloned().unwrap_or_default();
    let asked = Asked { route, namespace, request_id: id.as_str() };

    let holder = match api.access.holder(request.headers(), api.clock.wall()) {
        Ok(holder) => holder,
        Err(stranger) => {
            let refusal = stranger.refusal();
            audit::refused(asked, stranger.name(), &refusal);
            return refusal.into_response();
        }
    };
    let pass = match holder.clone().admit(route.need, namespace, api.clock) {
        Ok(pass) => pass,
        Err(refusal) => {
            audit::refused(asked, Some(holder.name()), &refusal);
            return refusal.into_response();
        }
    };
    let action = route.need.is_admin().then(|| Action::begin(asked, holder.name()));
    let response = next.run(pass.counted_in(request)).await;
    if let Some(action) = action {
        action.end(response.status());
    }
    pass.counted_out(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::{Duration, UNIX_EPOCH};

    use axum::Router;
    use axum::http::StatusCode;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;

    use crate::api::alone::Alone;
    use crate::config::{Config, Inputs};

    fn with(keys: &str) -> Access {
        let env = vec![("ELACSYM_API_KEYS".into(), keys.into())];
        Access::new(&Config::load(&Inputs { env, ..Inputs::default() }).unwrap().auth).unwrap()
    }

    fn shown(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        headers
    }

    fn name(access: &Access, headers: &HeaderMap) -> Option<String> {
        access.holder(headers, UNIX_EPOCH).ok().map(|holder| holder.name().to_owned())
    }

    fn key(name: &str, key: &str, more: &str) -> String {
        let hash: String =
            sha256(key.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        format!(
            "[[keys]]\nname = '{name}'\nsha256 = '{hash}'\nscopes = ['read']\n\
             namespaces = ['*']\n{more}\n"
        )
    }

    #[test]
    fn only_a_key_that_is_known_comes_in() {
        let access = with("other,secret");
        for (good, place) in [
            ("Bearer secret", 1),
            ("bearer secret", 1),
            ("BEARER  secret ", 1),
            ("Bearer other", 0),
        ] {
            let expected = format!("auth.api_keys[{place}]");
            assert_eq!(name(&access, &shown(good)), Some(expected), "{good}");
        }
        for bad in ["Bearer", "Bearer ", "Bearer secre", "Bearer secrets", "Basic secret", "secret"]
        {
            assert_eq!(name(&access, &shown(bad)), None, "{bad}");
        }
        assert_eq!(name(&access, &HeaderMap::new()), None);
    }

    #[test]
    fn without_keys_whatever_clients_send_is_taken() {
        let access = Access::new(&Auth::Open).unwrap();
        for headers in [HeaderMap::new(), shown("Bearer anything")] {
            assert_eq!(name(&access, &headers).as_deref(), Some("everybody"));
        }
    }

    /// As `printf %s abc | sha256sum` prints it.
    #[test]
    fn a_hash_is_the_one_that_everybody_else_computes() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(key("a", "abc", "").contains(abc));
    }

    #[test]
    fn a_file_of_keys_is_taken_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        let open = || Access::new(&Auth::KeysFile(path.clone()));
        let told = open().err().unwrap().chain();
        assert!(told.contains("keys.toml") && told.contains("No such file"), "{told}");
        for (text, expected) in [
            (&b"\xff"[..], "not UTF-8"),
            (b"[[keys]]\nname = 'a'", "line 1: keys[0].sha256 is missing; line 1: keys[0].scopes"),
        ] {
            std::fs::write(&path, text).unwrap();
            let told = open().err().unwrap().chain();
            assert!(told.contains("auth.api_keys_file") && told.contains(expected), "{told}");
        }
        std::fs::write(&path, key("a", "one", "") + &key("b", "two", "")).unwrap();
        let access = open().unwrap();
        assert_eq!(name(&access, &shown("Bearer two")).as_deref(), Some("b"));
        let take = |text: String| access.take(&[text.into_bytes()]);
        assert!(take(key("a", "one", "") + "x = 1").is_err());
        assert!(take(String::new()).is_err());
        assert_eq!(name(&access, &shown("Bearer two")).as_deref(), Some("b"));
        assert_eq!(take(key("a", "one", "") + &key("b", "two", "")).unwrap(), Change::None);
        assert_eq!(take(key("c", "three", "")).unwrap(), Change::Taken);
        assert_eq!(name(&access, &shown("Bearer two")), None);
        assert_eq!(name(&access, &shown("Bearer three")).as_deref(), Some("c"));
    }

    #[test]
    fn what_was_counted_of_a_key_outlives_a_change_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        std::fs::write(&path, key("a", "one", "requests_per_second = 1")).unwrap();
        let (access, clock) = (Access::new(&Auth::KeysFile(path)).unwrap(), Clock::start());
        let admitted = || {
            let holder = access.holder(&shown("Bearer one"), UNIX_EPOCH).ok().unwrap();
            holder.admit(Need::Known, None, clock).is_ok()
        };
        assert!(admitted() && !admitted());
        let other = key("z", "zero", "") + &key("b", "one", "requests_per_second = 2");
        access.take(&[other.into_bytes()]).unwrap();
        // The second that it had used up was one request; now it is two.
        assert!(!admitted());
    }

    #[test]
    fn a_key_that_has_expired_is_unknown_to_all_but_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        std::fs::write(&path, key("a", "one", "expires = 1970-01-01T00:01:00Z")).unwrap();
        let access = Access::new(&Auth::KeysFile(path)).unwrap();
        let at = |seconds| {
            let wall = UNIX_EPOCH + Duration::from_secs(seconds);
            access.holder(&shown("Bearer one"), wall).err()
        };
        assert!(at(59).is_none());
        let stranger = at(60).unwrap();
        assert_eq!(stranger.name(), Some("a"));
        assert_eq!(stranger.refusal().story(), "the API key a has expired");
    }

    /// A path that nobody gave rights to is closed to everybody, also where there are no keys.
    #[tokio::test]
    async fn a_route_that_is_not_in_the_table_serves_nobody() {
        let alone = Alone::start().await;
        let router: Router = Router::new()
            .route("/forgotten/{ns}", get(|| async { StatusCode::OK }))
            .route_layer(from_fn_with_state(alone.api.clone(), guard));
        let (status, _) = alone.call_of(router, "GET", "/forgotten/a", "").await;
        assert_eq!(status, 500);
    }
}

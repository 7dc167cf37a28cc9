//! Who may come in: whoever shows a key that is configured, or everybody if none is.
//!
//! What is compared are hashes, in constant time, and all of them every time: how long a refusal
//! takes tells nothing of how much of a key was right.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Api;
use super::error::Refusal;
use crate::config::{Auth, Secret};
use crate::error::{Error, Result};

pub struct Access {
    /// `None`: open to all.
    keys: Option<Vec<blake3::Hash>>,
}

impl Access {
    pub fn new(auth: &Auth) -> Result<Self> {
        match auth {
            Auth::Open => Ok(Self { keys: None }),
            Auth::Keys(keys) => {
                let hash = |key: &Secret| blake3::hash(key.reveal().as_bytes());
                Ok(Self { keys: Some(keys.iter().map(hash).collect()) })
            }
            // To serve without looking at their scopes would be to serve everybody everything.
            Auth::KeysFile(path) => Err(Error::invalid(format!(
                "auth.api_keys_file ({}): keys with scopes are not obeyed yet; use auth.api_keys",
                path.display()
            ))),
        }
    }

    fn lets_in(&self, headers: &HeaderMap) -> bool {
        let Some(keys) = &self.keys else { return true };
        let Some(shown) = bearer(headers) else { return false };
        let shown = blake3::hash(shown);
        keys.iter().fold(false, |known, key| known | (*key == shown))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, key) = value.split_at_checked(b"Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| key.trim_ascii())
}

/// Before everything that is not about the health of the node.
pub(super) async fn guard(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    if api.access.lets_in(request.headers()) {
        next.run(request).await
    } else {
        Refusal::unauthorized().into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(key: &str) -> Access {
        Access { keys: Some(vec![blake3::hash(b"other"), blake3::hash(key.as_bytes())]) }
    }

    fn shown(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        headers
    }

    #[test]
    fn only_a_key_that_is_known_comes_in() {
        let access = with("secret");
        for good in ["Bearer secret", "bearer secret", "BEARER  secret ", "Bearer other"] {
            assert!(access.lets_in(&shown(good)), "{good}");
        }
        for bad in ["Bearer", "Bearer ", "Bearer secre", "Bearer secrets", "Basic secret", "secret"]
        {
            assert!(!access.lets_in(&shown(bad)), "{bad}");
        }
        assert!(!access.lets_in(&HeaderMap::new()));
    }

    #[test]
    fn without_keys_whatever_clients_send_is_taken() {
        let access = Access::new(&Auth::Open).unwrap();
        assert!(access.lets_in(&HeaderMap::new()));
        assert!(access.lets_in(&shown("Bearer anything")));
    }

    #[test]
    fn keys_with_scopes_are_refused_and_not_taken_for_keys_to_everything() {
        assert!(Access::new(&Auth::KeysFile("keys.toml".into())).is_err());
    }
}

//! An error becomes an answer: what went wrong below has a kind, what the wire refuses has a
//! status, and here is the one match between the two, per contract.
//!
//! A handler returns a [`Refusal`]. It travels in the extensions of a response without a body;
//! `journey` writes the body, for it knows the id of the request, and logs it, once.

use std::borrow::Cow;
use std::fmt::Display;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::error::{Error, ErrorKind};
use crate::eval::Halted;
use crate::model::{Namespace, WriteFault};
use crate::query::Overload;

const SHOULD_RETRY: &str = "x-should-retry";
/// Of what is too much right now, or away: clients wait so long before they come again.
const RETRY_AFTER_SECONDS: u64 = 1;
/// Clients pass over what is longer, and come again when they like.
pub(super) const RETRY_AFTER_SECONDS_MAX: u64 = 30 * 60;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contract {
    V1,
    V2,
}

/// Whether a request that may or may not have been done can be sent once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// To do it twice is to do it once.
    Safe,
    Unsafe,
}

/// The answer to what was not done.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    status: StatusCode,
    /// One stable word.
    code: &'static str,
    message: Cow<'static, str>,
    form: Form,
    retry: Retry,
    /// For the log, where it tells more than the message.
    story: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    /// What is wrong with a URL is told as text by this contract.
    Plain,
}

/// Clients come again after 408, 409, 429 and 5xx, unless they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Retry {
    AsUsual,
    Later,
    /// After so many seconds, and not before.
    After(u64),
    Never,
}

impl Contract {
    /// What an error of the engine is in this contract.
    pub(super) fn refuse(self, error: &Error) -> Refusal {
        if below::<Halted>(error).is_some() {
            return Refusal { story: Some(error.chain()), ..Refusal::large_query() };
        }
        let fault = below::<WriteFault>(error).copied();
        let (status, code, retry) = match error.kind() {
            ErrorKind::Invalid | ErrorKind::Conflict if fault == Some(WriteFault::KeyOfAnother) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", Retry::AsUsual)
            }
            ErrorKind::Invalid => (StatusCode::BAD_REQUEST, "invalid", Retry::AsUsual),
            ErrorKind::NotFound => (StatusCode::NOT_FOUND, "not_found", Retry::AsUsual),
            ErrorKind::Conflict => match self {
                Self::V1 => (StatusCode::CONFLICT, "conflict", Retry::Never),
                Self::V2 => (StatusCode::BAD_REQUEST, "conflict", Retry::AsUsual),
            },
            ErrorKind::Throttled => (StatusCode::TOO_MANY_REQUESTS, "throttled", Retry::Later),
            ErrorKind::Unavailable if fault == Some(WriteFault::OutcomeUnknown) => {
                (StatusCode::GATEWAY_TIMEOUT, "outcome_unknown", Retry::AsUsual)
            }
            // Whatever it was, it may come again.
            ErrorKind::Unavailable if fault == Some(WriteFault::NotCommitted) => {
                (StatusCode::SERVICE_UNAVAILABLE, "not_committed", Retry::Later)
            }
            ErrorKind::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", Retry::Later)
            }
            // Sent again it would meet the same bytes.
            ErrorKind::Corrupt => (StatusCode::INTERNAL_SERVER_ERROR, "corrupt", Retry::Never),
            ErrorKind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", Retry::AsUsual),
        };
        let refusal = Refusal::new(status, code, error.to_string());
        Refusal { retry, story: Some(error.chain()), ..refusal }
    }

    /// The same of a namespace, which v2 has its own words for when it is not there.
    pub(super) fn refuse_of(self, name: &Namespace, error: &Error) -> Refusal {
        let refusal = self.refuse(error);
        if refusal.status != StatusCode::NOT_FOUND {
            return refusal;
        }
        Refusal { message: format!("🤷 namespace '{name}' was not found").into(), ..refusal }
    }
}

/// What the sources of an error say, beside its kind.
pub(super) fn below<T: std::error::Error + 'static>(error: &Error) -> Option<&T> {
    let mut below: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = below {
        if let Some(said) = error.downcast_ref::<T>() {
            return Some(said);
        }
        below = error.source();
    }
    None
}

/// The refusal of an answer that was too large before it was whole, if that is what the error says.
/// `fewer` is what the request calls the number of its rows.
pub(super) fn overloaded(error: &Error, fewer: &str) -> Option<Refusal> {
    let Overload { bytes } = *below::<Overload>(error)?;
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    Some(Refusal { story: Some(error.chain()), ..Refusal::large_answer(fewer, bytes) })
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Self { status, code, message, form: Form::Json, retry: Retry::AsUsual, story: None }
    }

    pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", message)
    }

    /// About the URL, in the words of v2.
    pub(super) fn invalid_url(why: &str) -> Self {
        let refusal = Self::new(StatusCode::BAD_REQUEST, "invalid", format!("Invalid URL: {why}"));
        Self { form: Form::Plain, ..refusal }
    }

    /// What the contract has and this server has not. `field` is what the request calls it.
    pub(super) fn not_built(field: &str) -> Self {
        let message = format!("`{field}` is not supported by this server yet");
        Self::new(StatusCode::BAD_REQUEST, "not_supported", message)
    }

    /// The same, where the client can do without.
    pub(super) fn not_built_but(field: &str, instead: &str) -> Self {
        let message = format!("`{field}` is not supported by this server yet: {instead}");
        Self::new(StatusCode::BAD_REQUEST, "not_supported", message)
    }

    pub(super) fn unknown_field(field: &str) -> Self {
        Self::unknown_field_at("", field)
    }

    /// `place` ends in a colon, if it is anything.
    pub(super) fn unknown_field_at(place: impl Display, field: &str) -> Self {
        let message = format!("{place}unknown field `{field}`");
        Self::new(StatusCode::BAD_REQUEST, "unknown_field", message)
    }

    /// This is no JSON.
    pub(super) fn malformed(what: &str) -> Self {
        let message = format!("Failed to parse the request body as JSON: {what}");
        Self::new(StatusCode::BAD_REQUEST, "malformed_json", message)
    }

    /// This is JSON of another shape.
    pub(super) fn misshapen(what: &str) -> Self {
        let message = format!("Failed to deserialize the JSON body into the target type: {what}");
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "wrong_shape", message)
    }

    /// The client is told the same whatever the story is: no key, an unknown one, one that expired.
    pub(super) fn unauthorized(story: String) -> Self {
        let message = "the API key is missing or not known; send it as `Authorization: Bearer KEY`";
        let refusal = Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message);
        Self { story: Some(story), ..refusal }
    }

    /// Of a key that is known. Of a namespace it is told the same whether that is there or not.
    pub(super) fn forbidden(needed: &str) -> Self {
        let message = format!("this API key has no right to this here: it needs {needed}");
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// Of a key that has used up what it may have.
    pub(super) fn over_limit(limit: &str, wait: Duration) -> Self {
        let seconds = wait.as_nanos().div_ceil(Duration::from_secs(1).as_nanos());
        let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
        let seconds = seconds.clamp(RETRY_AFTER_SECONDS, RETRY_AFTER_SECONDS_MAX);
        let message = format!("this API key may have {limit}; come again in {seconds} s");
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, "throttled", message);
        Self { retry: Retry::After(seconds), ..refusal }
    }

    /// To serve it would be to serve it to everybody.
    pub(super) fn unlisted(method: &str, path: &str) -> Self {
        Self::internal(format!("{method} {path} is not in the table of rights"))
    }

    pub(super) fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(super) fn no_such_path() -> Self {
        Self::not_found("there is nothing at this path")
    }

    pub(super) fn wrong_method() -> Self {
        let message = "this path does not take this method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", message)
    }

    pub(super) fn conflict(message: impl Into<Cow<'static, str>>) -> Self {
        let refusal = Self::new(StatusCode::CONFLICT, "conflict", message);
        Self { retry: Retry::Never, ..refusal }
    }

    pub(super) fn too_large(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
    }

    pub(super) fn unknown_coding(coding: &str) -> Self {
        let coding: String = coding.chars().take(40).collect();
        let message = format!("a body is sent as it is, or in gzip or zstd, not in `{coding}`");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unknown_encoding", message)
    }

    /// A body for which there is no memory now, or never will be.
    pub(super) fn no_room(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Invalid => Self::too_large(error.to_string()),
            _ => Contract::V1.refuse(error),
        }
    }

    /// An answer that is more than an answer may be. `fewer` is what the request calls the number
    /// of its rows.
    pub(super) fn large_answer(fewer: &str, bytes: usize) -> Self {
        let message = format!(
            "the answer comes to {bytes} bytes, which is more than one answer may have: lower \
             `{fewer}`, name fewer attributes in `include_attributes`, or ask for fewer buckets"
        );
        Self::new(StatusCode::BAD_REQUEST, "answer_too_large", message)
    }

    /// Of a request that was not read to its end, and so was not begun.
    pub(super) fn slow_body() -> Self {
        let message = "the body of the request came too slowly, and nothing was done";
        Self::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", message)
    }

    /// Of one that was read, and not begun: this server has too much to do.
    pub(super) fn late_start() -> Self {
        let message = "there was no time left to begin this, and nothing was done: send it again \
                       in a moment, or send less at once";
        let refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, "deadline", message);
        Self { retry: Retry::Later, ..refusal }
    }

    pub(super) fn late_query() -> Self {
        let message = "the query took longer than a query may take: ask for less, or filter more";
        Self::new(StatusCode::GATEWAY_TIMEOUT, "deadline", message)
    }

    /// Of one that waited for nothing but what it computes. Sent again it would be as late.
    pub(super) fn large_query() -> Self {
        Self { retry: Retry::Never, ..Self::late_query() }
    }

    /// Of one whose client gave it less time than there is, and is not helped by a second one.
    pub(super) fn hurried_query() -> Self {
        let message = "the query took longer than its `deadline_ms`: give it more time, ask for \
                       less, or filter more";
        Self { message: message.into(), ..Self::large_query() }
    }

    pub(super) fn late_write() -> Self {
        let message = "the write took longer than a write may take: it may or may not be committed; \
                       look, or send it again with the same Idempotency-Key";
        Self::new(StatusCode::GATEWAY_TIMEOUT, "outcome_unknown", message)
    }

    pub(super) fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    /// A handler came to grief. Nobody knows how far it had come, and sent again it would come to
    /// grief again.
    pub(super) fn panicked(story: String) -> Self {
        let message = "this request met a bug of the server, and what became of it is not known";
        let refusal = Self::internal(message);
        Self { retry: Retry::Never, story: Some(story), ..refusal }
    }

    /// Of a write: one that may have been done and must not be done twice is not to be retried.
    /// Busy and away, it was not done.
    pub(super) fn of_a_write(self, again: Again) -> Self {
        let doubt = self.status.is_server_error() && self.retry != Retry::Later;
        match again {
            Again::Unsafe if doubt => Self { retry: Retry::Never, ..self },
            Again::Safe | Again::Unsafe => self,
        }
    }

    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    /// Whether it is the server that failed, and not whoever asked.
    pub(super) fn is_ours(&self) -> bool {
        self.status.is_server_error() && (self.code, self.retry) != ("deadline", Retry::Never)
    }

    pub(super) fn story(&self) -> &str {
        self.story.as_deref().unwrap_or(&self.message)
    }

    /// What the client sees.
    pub(super) fn render(&self, request_id: &str) -> Response {
        let (kind, body) = match self.form {
            Form::Json => ("application/json", self.body(request_id)),
            Form::Plain => ("text/plain; charset=utf-8", self.message.as_bytes().to_vec()),
        };
        let mut response = (self.status, Body::from(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        match self.retry {
            Retry::AsUsual => None,
            Retry::Later => headers.insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS.into()),
            Retry::After(seconds) => headers.insert(header::RETRY_AFTER, seconds.into()),
            Retry::Never => headers.insert(SHOULD_RETRY, HeaderValue::from_static("false")),
        };
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }

    fn body(&self, request_id: &str) -> Vec<u8> {
        #[derive(Serialize)]
        struct Envelope<'a> {
            status: &'static str,
            error: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            attribute: Option<&'a str>,
            code: &'static str,
            request_id: &'a str,
        }
        let envelope = Envelope {
            status: "error",
            error: &self.message,
            attribute: attribute(&self.message),
            code: self.code,
            request_id,
        };
        serde_json::to_vec(&envelope).unwrap_or_default()
    }
}

/// The attribute that a refused schema is about. The contract wants its name beside the message,
/// and the message is where it is.
fn attribute(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("🙅 invalid schema update for attribute '")?;
    rest.split_once("': ").map(|(name, _)| name)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::Halt;

    fn body(refusal: &Refusal) -> String {
        String::from_utf8(refusal.body("r1")).unwrap()
    }

    fn unknown() -> Error {
        let error = Error::unavailable("slot 7 did not answer");
        error.with_source(WriteFault::OutcomeUnknown)
    }

    #[test]
    fn a_kind_is_a_status_in_each_contract() {
        for (kind, v1, v2, code) in [
            (ErrorKind::Invalid, 400, 400, "invalid"),
            (ErrorKind::NotFound, 404, 404, "not_found"),
            (ErrorKind::Conflict, 409, 400, "conflict"),
            (ErrorKind::Throttled, 429, 429, "throttled"),
            (ErrorKind::Unavailable, 503, 503, "unavailable"),
            (ErrorKind::Corrupt, 500, 500, "corrupt"),
            (ErrorKind::Internal, 500, 500, "internal"),
        ] {
            let error = Error::new(kind, "m");
            for (contract, status) in [(Contract::V1, v1), (Contract::V2, v2)] {
                let refusal = contract.refuse(&error);
                assert_eq!((refusal.status.as_u16(), refusal.code), (status, code), "{kind:?}");
            }
        }
    }

    #[test]
    fn what_is_known_of_a_write_is_found_among_the_sources() {
        let wrapped = Error::unavailable("writing acme").with_source(unknown());
        for error in [unknown(), wrapped] {
            let refusal = Contract::V2.refuse(&error);
            assert_eq!((refusal.status.as_u16(), refusal.code), (504, "outcome_unknown"));
        }
        let overtaken = Error::unavailable("no").with_source(WriteFault::NotCommitted);
        for contract in [Contract::V1, Contract::V2] {
            let refusal = contract.refuse(&overtaken);
            assert_eq!((refusal.status.as_u16(), refusal.code), (503, "not_committed"));
        }
        let reused = Error::invalid("no").with_source(WriteFault::KeyOfAnother);
        assert_eq!(Contract::V1.refuse(&reused).status.as_u16(), 422);
    }

    #[test]
    fn what_was_halted_took_too_long() {
        let halt = Halt::default();
        halt.raise();
        let error = halt.check().unwrap_err();
        for contract in [Contract::V1, Contract::V2] {
            let told = contract.refuse(&error);
            assert!(told.story().contains("nobody waits"), "{}", told.story());
            assert_eq!(Refusal { story: None, ..told }, Refusal::large_query());
        }
    }

    #[test]
    fn what_was_too_large_before_it_was_whole_is_too_large() {
        let error = Error::invalid("no").with_source(Overload { bytes: 7 });
        let told = overloaded(&error, "top_k").unwrap();
        assert_eq!((told.status.as_u16(), told.code), (400, "answer_too_large"));
        let message = &told.message;
        assert!(message.contains("7 bytes") && message.contains("lower `top_k`"), "{message}");
        assert_eq!(overloaded(&unknown(), "top_k"), None);
    }

    #[test]
    fn what_must_not_be_repeated_is_not_retried() {
        let header = |refusal: Refusal, name: &str| {
            let response = refusal.render("r1");
            response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
        };
        let refuse = |error: &Error, again| Contract::V2.refuse(error).of_a_write(again);
        for error in [unknown(), Error::internal("a bug")] {
            let never = refuse(&error, Again::Unsafe);
            assert_eq!(header(never, "x-should-retry").as_deref(), Some("false"));
            assert_eq!(header(refuse(&error, Again::Safe), "x-should-retry"), None);
        }
        let away = Error::unavailable("nobody is home");
        let overtaken = Error::unavailable("lost").with_source(WriteFault::NotCommitted);
        for error in [away, overtaken] {
            let refusal = refuse(&error, Again::Unsafe);
            assert_eq!(header(refusal.clone(), "x-should-retry"), None);
            assert_eq!(header(refusal, "retry-after").as_deref(), Some("1"));
        }
        assert_eq!(header(Refusal::late_query(), "x-should-retry"), None);
        let large = Refusal::large_query();
        assert_eq!(header(large, "x-should-retry").as_deref(), Some("false"));
        let late = Refusal::late_write().of_a_write(Again::Unsafe);
        assert_eq!(header(late, "x-should-retry").as_deref(), Some("false"));
        let panicked = Refusal::panicked("why".to_owned());
        assert_eq!(header(panicked, "x-should-retry").as_deref(), Some("false"));
        // Nothing was done, so that it may come again whatever it is.
        let not_begun = Refusal::late_start().of_a_write(Again::Unsafe);
        assert_eq!(header(not_begun.clone(), "x-should-retry"), None);
        assert_eq!(header(not_begun, "retry-after").as_deref(), Some("1"));
    }

    #[test]
    fn what_was_asked_too_much_is_no_failure_of_the_server() {
        let corrupt = Contract::V2.refuse(&Error::corrupt("crc32 is 1, not 2"));
        for ours in [corrupt, Refusal::late_query(), Refusal::late_start(), Refusal::late_write()] {
            assert!(ours.is_ours(), "{}", ours.story());
        }
        let large = [Refusal::large_query(), Refusal::hurried_query()];
        for theirs in large.into_iter().chain([Refusal::invalid("no"), Refusal::slow_body()]) {
            assert!(!theirs.is_ours(), "{}", theirs.story());
        }
    }

    #[test]
    fn who_is_over_a_limit_is_told_when_to_come_again() {
        for (wait, told) in [
            (Duration::ZERO, "1"),
            (Duration::from_millis(900), "1"),
            (Duration::from_millis(1001), "2"),
            (Duration::from_secs(7), "7"),
            (Duration::from_secs(1799), "1799"),
            (Duration::from_millis(1_799_001), "1800"),
            (Duration::from_secs(1800), "1800"),
            (Duration::from_millis(1_800_001), "1800"),
            (Duration::from_secs(1801), "1800"),
            (Duration::MAX, "1800"),
        ] {
            let response = Refusal::over_limit("3 requests a second", wait).render("r1");
            assert_eq!(response.status().as_u16(), 429);
            assert_eq!(response.headers()["retry-after"], told, "{wait:?}");
        }
    }

    /// Whoever tries keys must not learn that one of them was good once.
    #[test]
    fn who_is_not_known_is_told_the_same_whatever_the_log_says() {
        let one = Refusal::unauthorized("no key".to_owned());
        let other = Refusal::unauthorized("the key ops has expired".to_owned());
        assert_eq!(body(&one), body(&other));
        assert_eq!((one.story(), other.story()), ("no key", "the key ops has expired"));
    }

    #[test]
    fn the_envelope_names_the_attribute_that_a_schema_was_refused_for() {
        let error = Error::invalid("🙅 invalid schema update for attribute 'a': cannot change");
        assert_eq!(
            body(&Contract::V2.refuse(&error)),
            "{\"status\":\"error\",\"error\":\"🙅 invalid schema update for attribute 'a': cannot \
             change\",\"attribute\":\"a\",\"code\":\"invalid\",\"request_id\":\"r1\"}"
        );
        let name = Namespace::new("docs").unwrap();
        let absent = Error::new(ErrorKind::NotFound, "no head");
        assert_eq!(
            body(&Contract::V2.refuse_of(&name, &absent)),
            "{\"status\":\"error\",\"error\":\"🤷 namespace 'docs' was not found\",\
             \"code\":\"not_found\",\"request_id\":\"r1\"}"
        );
    }

    #[test]
    fn what_is_wrong_with_a_url_is_told_as_text() {
        let response = Refusal::invalid_url("no").render("r1");
        assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
    }
}

//! How the date of an answer is learnt.
//!
//! The clock of this machine may stand still while the store's goes on: a virtual machine that is
//! paused, or moved, does not notice. So the age of a head is also taken from the `Date` headers of
//! two answers.
//!
//! `object_store` shows no header of an answer, and of a 404 nothing at all. But it hands what a
//! request carries beside it to its HTTP client, and that can be wrapped: so a request carries a
//! [`Stamp`], on which the client notes the date. A store without HTTP leaves it blank.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService, ReqwestConnector,
};

use crate::model::StoreDate;

/// A date as HTTP writes it. Whoever answers wrote it, so it may be any text.
pub fn parse(header: &str) -> Option<StoreDate> {
    let date = chrono::DateTime::parse_from_rfc2822(header).ok()?;
    Some(StoreDate::from_seconds(date.timestamp()))
}

/// Where the date of the last answer to a request is noted.
#[derive(Clone, Debug, Default)]
pub(super) struct Stamp(Arc<Mutex<Option<StoreDate>>>);

impl Stamp {
    pub(super) fn date(&self) -> Option<StoreDate> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, date: Option<StoreDate>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date;
    }
}

/// Makes the usual HTTP client, and has it note dates.
#[derive(Debug)]
pub(super) struct Dating;

impl HttpConnector for Dating {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(DatingClient(client)))
    }
}

#[derive(Debug)]
struct DatingClient(HttpClient);

#[async_trait]
impl HttpService for DatingClient {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let stamp = request.extensions().get::<Stamp>().cloned();
        let response = self.0.execute(request).await?;
        if let Some(stamp) = stamp {
            let header = response.headers().get("date").and_then(|value| value.to_str().ok());
            stamp.note(header.and_then(parse));
        }
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_are_read_as_http_writes_them_and_only_a_difference_is_told() {
        let date = |text| parse(text).unwrap();
        let (one, two) =
            (date("Sat, 31 Dec 2016 23:59:58 GMT"), date("Sun, 01 Jan 2017 00:15:00 GMT"));
        assert_eq!(two.since(one), Duration::from_secs(902));
        assert_eq!(one.since(two), Duration::ZERO);
        for odd in ["", "yesterday", "2016-12-31T23:59:58Z", "Sat, 31 Feb 2016 00:00:00 GMT"] {
            assert_eq!(parse(odd), None, "{odd}");
        }
    }
}

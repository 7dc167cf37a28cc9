//! The parameters of a URL. Those that nobody asks for are passed over: clients send some.

use axum::http::Uri;

use super::error::Refusal;

/// The first one of this name, decoded; an empty one is none.
pub(super) fn parameter(uri: &Uri, name: &str) -> Result<Option<String>, Refusal> {
    let Some((_, value)) = pairs(uri).find(|(key, _)| *key == name) else { return Ok(None) };
    let value = decoded(value).ok_or_else(|| {
        Refusal::invalid_url(&format!("the parameter `{name}` is not percent-encoded UTF-8"))
    })?;
    Ok(Some(value).filter(|value| !value.is_empty()))
}

/// Whether something is asked for by a parameter of this name: `?deep`, `?deep=1`, and not
/// `?deep=0`. What is not understood is asked for.
pub(super) fn asks_for(uri: &Uri, name: &str) -> bool {
    pairs(uri).any(|(key, value)| key == name && !matches!(value, "0" | "false"))
}

/// What the contract has and this server has not. It is no parameter to pass over where the request
/// would then do something else.
pub(super) fn refuse_unbuilt(uri: &Uri, name: &str) -> Result<(), Refusal> {
    if asks_for(uri, name) { Err(Refusal::not_built(name)) } else { Ok(()) }
}

fn pairs(uri: &Uri) -> impl Iterator<Item = (&str, &str)> {
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                (16 * high + low) as u8
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_asks_unless_it_says_that_it_does_not() {
        for (query, asks) in [
            ("deep", true),
            ("deep=", true),
            ("a=b&deep=1", true),
            ("deep=false&deep=true", true),
            ("deep=maybe", true),
            ("deep=0", false),
            ("deep=false", false),
            ("deeper=1", false),
            ("", false),
        ] {
            let uri = format!("/readyz?{query}").parse().unwrap();
            assert_eq!(asks_for(&uri, "deep"), asks, "{query}");
            let told = refuse_unbuilt(&uri, "deep").err();
            let told = told.map(|refusal| refusal.story().contains("`deep` is not supported"));
            assert_eq!(told, asks.then_some(true), "{query}");
        }
        assert!(!asks_for(&Uri::from_static("/readyz"), "deep"));
    }

    #[test]
    fn a_parameter_is_found_and_decoded() {
        let uri = Uri::from_static("/v1/namespaces?prefix=a-%C3%A9+b&cursor=&odd&page_size=5");
        for (name, value) in [
            ("prefix", Some("a-é b")),
            ("cursor", None),
            ("odd", None),
            ("page_size", Some("5")),
            ("size", None),
        ] {
            assert_eq!(parameter(&uri, name).unwrap().as_deref(), value, "{name}");
        }
        for odd in ["/x?a=%", "/x?a=%C3", "/x?a=%zz"] {
            assert!(parameter(&odd.parse().unwrap(), "a").is_err(), "{odd}");
        }
    }
}

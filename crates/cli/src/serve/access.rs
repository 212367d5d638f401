//! Access to the server: the host names that it accepts, and the pages that may read its responses.

use std::{net::IpAddr, str::FromStr};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header, uri::Authority};
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};

/// The pages that may read responses: the value of `--cors`. Credentials are never allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cors {
    /// Pages of this machine, on any port.
    #[default]
    Loopback,
    /// Pages of any origin. Only those of this machine may read the log.
    Any,
    /// Pages of this origin alone.
    Origin(HeaderValue),
    /// No pages: there are no CORS headers at all, to show how a page copes with that.
    None,
}

impl FromStr for Cors {
    type Err = String;

    /// `loopback`, `any`, `none`, or an origin such as `https://app.example`.
    fn from_str(from: &str) -> Result<Self, String> {
        match from {
            "loopback" => Ok(Self::Loopback),
            "any" | "*" => Ok(Self::Any),
            "none" => Ok(Self::None),
            origin => {
                let expected = || {
                    format!(
                        "expected loopback, any, none or an origin such as http://localhost:5173, not `{origin}`"
                    )
                };
                let (_, host) = origin.split_once("://").ok_or_else(expected)?;
                match HeaderValue::from_str(origin) {
                    Ok(value) if !host.is_empty() && !host.contains('/') => Ok(Self::Origin(value)),
                    _ => Err(expected()),
                }
            }
        }
    }
}

/// Headers that a page can make use of.
const EXPOSED: [HeaderName; 8] = [
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::DATE,
    header::LOCATION,
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
    HeaderName::from_static("request-id"),
    HeaderName::from_static("x-request-id"),
];

impl Cors {
    /// The layer that adds the headers and answers preflights, or `None` if there are no headers to add.
    pub(crate) fn layer(&self) -> Option<CorsLayer> {
        if *self == Self::None {
            return None;
        }
        let cors = self.clone();
        let layer = CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(move |origin, _| cors.admits(origin)))
            .allow_methods(AllowMethods::mirror_request())
            // A plain `*` would not include `Authorization`.
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(EXPOSED);
        Some(layer)
    }

    /// Whether a page of this origin may read responses.
    fn admits(&self, origin: &HeaderValue) -> bool {
        match self {
            Self::Loopback => is_loopback_origin(origin),
            Self::Any => true,
            Self::Origin(admitted) => origin == admitted,
            Self::None => false,
        }
    }

    /// Whether the log is shown to this request: one that no page makes, or one of a page whose origin is allowed.
    pub(crate) fn shows_log(&self, headers: &HeaderMap) -> bool {
        headers.get_all(header::ORIGIN).iter().all(|origin| match self {
            Self::Any => is_loopback_origin(origin),
            Self::Loopback | Self::Origin(_) | Self::None => self.admits(origin),
        })
    }
}

/// The host name in a request, if it is not one of the server's names.
///
/// If a page's host name was rebound to this machine's address, its browser considers the server to be of the page's origin, but the
/// request still has that host name. An IP address cannot be rebound, so every IP address is accepted.
pub(crate) fn foreign_host(uri: &Uri, headers: &HeaderMap, names: &[String]) -> Option<String> {
    let from_uri = uri.authority().map(|authority| Some(authority.host().to_owned()));
    let from_headers = headers.get_all(header::HOST).iter().map(|host| {
        let authority = host.to_str().ok()?.parse::<Authority>().ok()?;
        Some(authority.host().to_owned())
    });
    let is_own = |host: &str| {
        let name = host.strip_suffix('.').unwrap_or(host);
        is_loopback(name) || address(name).is_some() || names.iter().any(|own| own.eq_ignore_ascii_case(name))
    };
    let mut hosts = from_uri.into_iter().chain(from_headers);
    hosts.find_map(|host| match host {
        Some(host) if is_own(&host) => None,
        Some(host) => Some(host),
        None => Some("a malformed host".to_owned()),
    })
}

fn is_loopback_origin(origin: &HeaderValue) -> bool {
    let Some((_, authority)) = origin.to_str().ok().and_then(|origin| origin.split_once("://")) else {
        return false;
    };
    authority.parse::<Authority>().is_ok_and(|authority| is_loopback(authority.host()))
}

/// `localhost` and the names below it (RFC 6761, 6.3), and the loopback addresses.
fn is_loopback(host: &str) -> bool {
    let name = host.to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || address(host).is_some_and(|address| address.is_loopback())
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_answers_to_its_own_names_only() {
        let names = ["upstream".to_owned()];
        let foreign = |host: &'static str| {
            let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]);
            foreign_host(&Uri::from_static("/"), &headers, &names)
        };
        #[rustfmt::skip]
        let own = [
            "localhost", "LOCALHOST:8787", "localhost.:80", "app.localhost:1", "127.0.0.1:8787", "127.1.2.3", "[::1]:8787",
            "192.168.1.7:8787", "[fe80::1]", "0.0.0.0:1", "upstream", "Upstream:8787",
        ];
        for host in own {
            assert_eq!(foreign(host), None, "{host}");
        }
        #[rustfmt::skip]
        let others = [
            "evil.example", "evil.example:8787", "localhost.evil.example", "127.0.0.1.evil.example", "notlocalhost",
            "evil.example.", "upstream.evil.example", "127.0.0.1@evil.example", "", "a b",
        ];
        for host in others {
            assert!(foreign(host).is_some(), "{host}");
        }
        // HTTP/2 and requests to a proxy name the host in the URI, and both names count.
        let uri = Uri::from_static("http://evil.example/");
        let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("localhost"))]);
        assert!(foreign_host(&uri, &headers, &names).is_some());
        assert_eq!(foreign_host(&Uri::from_static("http://localhost:1/"), &headers, &names), None);
        assert_eq!(
            foreign_host(&Uri::from_static("/"), &HeaderMap::new(), &names),
            None,
            "no page does that"
        );
    }

    #[test]
    fn pages_are_admitted_by_their_origin() {
        let origin = |text: &'static str| HeaderValue::from_static(text);
        #[rustfmt::skip]
        let rows: [(&str, [bool; 4]); 8] = [
            // loopback, any, http://app.example, none
            ("http://localhost:5173", [true, true, false, false]),
            ("https://127.0.0.1", [true, true, false, false]),
            ("http://[::1]:80", [true, true, false, false]),
            ("http://app.example", [false, true, true, false]),
            ("https://app.example", [false, true, false, false]),
            ("http://app.example.evil.example", [false, true, false, false]),
            ("http://localhost.evil.example", [false, true, false, false]),
            ("null", [false, true, false, false]),
        ];
        for (page, admitted) in rows {
            for (cors, want) in ["loopback", "any", "http://app.example", "none"].into_iter().zip(admitted) {
                let parsed: Cors = cors.parse().unwrap();
                assert_eq!(parsed.admits(&origin(page)), want, "{page} with {cors}");
                let headers = HeaderMap::from_iter([(header::ORIGIN, origin(page))]);
                let shows_log = if cors == "any" { Cors::Loopback.admits(&origin(page)) } else { want };
                assert_eq!(parsed.shows_log(&headers), shows_log, "the log for {page} with {cors}");
                assert!(parsed.shows_log(&HeaderMap::new()), "the log without a page");
            }
        }
        for wrong in ["", "localhost", "http://", "http://a/b", "http://a\n"] {
            assert!(wrong.parse::<Cors>().is_err(), "{wrong:?}");
        }
    }
}

//! Which pages may use the server.

use std::str::FromStr;

use axum::http::{HeaderName, HeaderValue, header};
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};

/// The value of `--cors`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cors {
    /// Any page, with credentials too: each origin is told that it may.
    #[default]
    Any,
    /// Pages of this origin alone.
    Origin(HeaderValue),
    /// No CORS headers at all, to see what a page sees then.
    None,
}

impl FromStr for Cors {
    type Err = String;

    /// `any`, `none`, or an origin such as `http://localhost:5173`.
    fn from_str(from: &str) -> Result<Self, String> {
        match from {
            "any" | "*" => Ok(Self::Any),
            "none" => Ok(Self::None),
            origin => {
                let expected = || {
                    format!("expected any, none or an origin such as http://localhost:5173, not `{origin}`")
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

impl Cors {
    /// What adds the headers and answers preflights; `None` where there is nothing to add.
    pub(crate) fn layer(self) -> Option<CorsLayer> {
        let origin = match self {
            Self::Any => AllowOrigin::mirror_request(),
            Self::Origin(origin) => AllowOrigin::exact(origin),
            Self::None => return None,
        };
        // Mirrored, since a plain `*` allows no `Authorization` and nothing at all with credentials.
        let layer = CorsLayer::new()
            .allow_origin(origin)
            .allow_credentials(true)
            .allow_methods(AllowMethods::mirror_request())
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(EXPOSED);
        Some(layer)
    }
}

/// Headers that a page can make use of; with credentials they have to be named.
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

//! Sorts the errors of the HTTP library into those that a retry may cure, those that it cannot, and mistakes of the caller.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};

use super::tls;
use crate::transport::message::TransportError;

/// Why no response head arrived.
pub(super) fn before_head(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    if error.is_builder() {
        return TransportError::Unsendable(innermost(&error));
    }
    if error.is_redirect() {
        // Only the caller's own client follows redirects itself.
        return TransportError::Permanent(format!("the redirects cannot be followed: {}", innermost(&error)));
    }
    // Also after the connect phase: with TLS 1.3 a server rejects a client certificate after the handshake.
    if let Some(failure) = sources(&error).find_map(tls::failure) {
        return match failure {
            tls::Failure::Permanent(text) => TransportError::Permanent(text),
            tls::Failure::Transient(text) if error.is_connect() => TransportError::Connect(text),
            tls::Failure::Transient(text) => TransportError::Broken(text),
        };
    }
    if let Some(failure) = sources(&error).find_map(protocol_failure) {
        return failure;
    }
    match (error.is_connect(), error.is_timeout()) {
        (true, true) => TransportError::ConnectTimeout("no connection within the connect timeout".to_owned()),
        (true, false) => connect_failure(&error),
        (false, _) => TransportError::Broken(innermost(&error)),
    }
}

/// Why the rest of the body did not arrive.
///
/// A protocol error inside a body (an invalid chunk size or HTTP/2 frame) counts as a break: a server or proxy that dies in the middle of
/// a response often sends such bytes, and may well answer the next request properly.
pub(super) fn inside_body(error: &reqwest::Error) -> TransportError {
    let text = innermost(error);
    let broken = error.is_timeout()
        || sources(error).any(|source| source.is::<hyper::Error>())
        || io_kinds(error).any(is_disconnect)
        // zlib's text for truncated input (zlib.h, Z_BUF_ERROR), if the caller's own client decodes; the error has no specific kind.
        || text.contains("BufError");
    if broken {
        TransportError::Broken(format!("the connection broke inside the body: {text}"))
    } else {
        TransportError::Corrupt(format!("the body's content coding is corrupt: {text}"))
    }
}

/// The failure for a server that violated HTTP, or refused the request by means of HTTP/2; `None` for any other cause.
fn protocol_failure(cause: &(dyn StdError + 'static)) -> Option<TransportError> {
    if cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse) {
        return Some(TransportError::Permanent(format!(
            "the server answered, but not with valid HTTP: {cause}"
        )));
    }
    http2::failure(cause)
}

#[cfg(feature = "http2")]
mod http2 {
    use std::error::Error as StdError;

    use h2::Reason;

    use crate::transport::message::TransportError;

    pub(super) fn failure(cause: &(dyn StdError + 'static)) -> Option<TransportError> {
        let error = cause.downcast_ref::<h2::Error>()?;
        let reason = error.reason()?;
        let invalid = [
            Reason::PROTOCOL_ERROR,
            Reason::FRAME_SIZE_ERROR,
            Reason::COMPRESSION_ERROR,
            Reason::FLOW_CONTROL_ERROR,
        ];
        if !error.is_remote() && invalid.contains(&reason) {
            return Some(TransportError::Permanent(format!(
                "the server answered, but not with valid HTTP/2: {}",
                reason.description()
            )));
        }
        // RFC 9113, 8.7 and 6.8: the request was not processed in any way. h2 reports a GOAWAY only to the requests that it excludes.
        let is_untouched = match reason {
            Reason::REFUSED_STREAM => true,
            Reason::NO_ERROR => error.is_go_away() && error.is_remote(),
            _ => false,
        };
        if is_untouched {
            let text = match error.is_go_away() {
                true => "the server closed the connection before it took the request",
                false => "the server refused the request before it took it (HTTP/2 REFUSED_STREAM)",
            };
            return Some(TransportError::Connect(text.to_owned()));
        }
        match reason {
            Reason::HTTP_1_1_REQUIRED => {
                Some(TransportError::Permanent("the server wants this request over HTTP/1.1".to_owned()))
            }
            _ => None,
        }
    }
}

#[cfg(not(feature = "http2"))]
mod http2 {
    use std::error::Error as StdError;

    use crate::transport::message::TransportError;

    pub(super) fn failure(_cause: &(dyn StdError + 'static)) -> Option<TransportError> {
        None
    }
}

/// Why no connection was made, with a text for each kind of failure.
fn connect_failure(error: &reqwest::Error) -> TransportError {
    let text = innermost(error);
    let is = |kind| io_kinds(error).any(|found| found == kind);
    // Recognised by hyper-util's text, since its type is private.
    if text == "tunnel error: proxy authorization required" {
        return TransportError::Permanent("the proxy asks for a user and a password (407)".to_owned());
    }
    if is(ErrorKind::InvalidData) {
        // rustls uses this kind for all its errors. It gets here if the caller's own client has another version of rustls.
        return TransportError::Permanent(format!("the TLS handshake failed: {text}"));
    }
    // By the same library's text; of a proxy for plain http nothing tells.
    let tunnel = sources(error).map(ToString::to_string).find(|text| text.starts_with("tunnel error"));
    let text = if tunnel.as_deref() == Some("tunnel error: failed to create underlying connection") {
        format!("the proxy cannot be reached: {text}")
    } else if tunnel.is_some() {
        format!("the proxy did not connect to the host: {text}")
    } else if error.is_dns() {
        format!("the host's name cannot be resolved: {text}")
    } else if is(ErrorKind::ConnectionRefused) {
        format!("the connection was refused: {text}")
    } else if is(ErrorKind::UnexpectedEof) {
        format!("the connection was closed during the TLS handshake: {text}")
    } else {
        format!("no connection: {text}")
    };
    TransportError::Connect(text)
}

fn io_kinds(error: &reqwest::Error) -> impl Iterator<Item = ErrorKind> {
    sources(error).filter_map(|source| source.downcast_ref::<io::Error>()).map(io::Error::kind)
}

const fn is_disconnect(kind: ErrorKind) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof};
    matches!(kind, UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe | TimedOut)
}

/// The text of the innermost cause, which is the most specific.
pub(super) fn innermost(error: &(dyn StdError + 'static)) -> String {
    sources(error).last().map_or_else(|| error.to_string(), ToString::to_string)
}

/// The error and its causes. An `io::Error` that wraps another error leaves it out of `source`, so it is opened here.
pub(super) fn sources<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| {
        let error: &'a (dyn StdError + 'static) = *error;
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        match wrapped {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}

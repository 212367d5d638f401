//! The errors of the platform's own TLS.

use std::error::Error as StdError;
use std::io;

use super::super::failure::sources;
use super::Failure;

pub(super) fn failure(cause: &(dyn StdError + 'static)) -> Option<Failure> {
    let error = cause.downcast_ref::<native_tls::Error>()?;
    let text = error.to_string();
    // A broken connection shows as an I/O error; OpenSSL reports it only as text.
    let broken = sources(error).any(|source| source.is::<io::Error>())
        || text.to_ascii_lowercase().contains("unexpected eof");
    Some(if broken {
        Failure::Transient(format!("the connection was closed during the TLS handshake: {text}"))
    } else if text.contains("certificate") {
        Failure::Permanent(format!("the server's certificate is not accepted: {text}"))
    } else {
        Failure::Permanent(format!("the TLS handshake failed: {text}"))
    })
}

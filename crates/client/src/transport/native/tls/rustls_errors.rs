//! The errors of rustls.

use std::error::Error as StdError;

use rustls::{AlertDescription as Alert, CertificateError, Error};

use super::Failure;

pub(super) fn failure(cause: &(dyn StdError + 'static)) -> Option<Failure> {
    let error = cause.downcast_ref::<Error>()?;
    Some(match error {
        Error::InvalidCertificate(problem) => Failure::Permanent(certificate(problem)),
        // These alerts mean that the server has a problem now, or that bytes were damaged. All others reject this client or its request.
        Error::AlertReceived(
            alert @ (Alert::InternalError
            | Alert::UserCanceled
            | Alert::CloseNotify
            | Alert::BadRecordMac
            | Alert::DecryptError
            | Alert::DecryptionFailed),
        ) => Failure::Transient(format!("the server broke off the TLS handshake ({alert:?})")),
        Error::AlertReceived(Alert::CertificateRequired) => Failure::Permanent(
            "the server refused the TLS handshake: it wants a client certificate".to_owned(),
        ),
        Error::AlertReceived(alert) => {
            Failure::Permanent(format!("the server refused the TLS handshake ({alert:?})"))
        }
        Error::InvalidMessage(_) => {
            Failure::Permanent(format!("the server answered, but not with TLS: {error}"))
        }
        Error::DecryptError | Error::EncryptError | Error::FailedToGetRandomBytes => {
            Failure::Transient(format!("the TLS handshake failed: {error}"))
        }
        _ => Failure::Permanent(format!("the TLS handshake failed: {error}")),
    })
}

fn certificate(problem: &CertificateError) -> String {
    use CertificateError as Problem;
    let why = match problem {
        Problem::UnknownIssuer => {
            "is not trusted: it is self-signed, or signed by an authority that this machine does not know"
                .to_owned()
        }
        Problem::Expired | Problem::ExpiredContext { .. } => "has expired".to_owned(),
        Problem::NotValidYet | Problem::NotValidYetContext { .. } => "is not valid yet".to_owned(),
        Problem::Revoked => "has been revoked".to_owned(),
        Problem::NotValidForName => "is for another host".to_owned(),
        Problem::NotValidForNameContext { presented, .. } if presented.is_empty() => {
            "names no host".to_owned()
        }
        Problem::NotValidForNameContext { presented, .. } => {
            format!("is for another host: {}", names(presented))
        }
        problem => format!("is not accepted: {problem}"),
    };
    format!("the server's certificate {why}")
}

/// The names in a certificate, which rustls writes like `DnsName("localhost")`.
fn names(presented: &[String]) -> String {
    let inside = |name: &String| name.split('"').nth(1).unwrap_or(name).to_owned();
    presented.iter().take(3).map(inside).collect::<Vec<_>>().join(", ")
}

//! Makes the request from the arguments of `get`.

use std::borrow::Cow;
use std::time::Duration;

use tidewire::{Client, Request, is_secret_name};

use crate::advice::Situation;
use crate::args::{GetArgs, ResumeArg};
use crate::data;
use crate::redact::redact_urls;

/// The request that the arguments describe, and the facts about it on which advice depends.
///
/// # Errors
/// A line that says what to write instead.
pub(crate) fn request(args: &GetArgs) -> Result<(Request, Situation), String> {
    let connect_timeout = Duration::from_millis(args.timeouts.connect_timeout);
    let client = Client::builder().connect_timeout(connect_timeout).build();
    let body = data::body(&args.request.data, args.request.json.as_deref())?;
    let method = match (&args.request.method, &body) {
        (Some(method), _) => method.as_str(),
        (None, Some(_)) => "POST",
        (None, None) => "GET",
    };
    let is_idempotent =
        ["GET", "HEAD"].contains(&method) || args.retry.idempotent || args.retry.idempotency_key.is_some();
    let mut situation = Situation {
        could_resume: args.retry.resume == ResumeArg::Auto && !is_idempotent,
        // With a dialect, the cursor may not be an event id, and the continued message would lack its beginning.
        continues_by_id: args.read.dialect.is_none(),
        // The URL contains a secret.
        has_credentials: matches!(redact_urls(&args.url, &[]), Cow::Owned(_)),
    };
    let url = url(&args.url);
    let mut request = client.request(
        method
            .parse()
            .map_err(|_| format!("-X {method:?} is not an HTTP method; write GET, POST, PUT, …"))?,
        &url,
    );
    if let Some(body) = body {
        request = request.header("content-type", body.content_type).body(body.bytes);
    }
    for (name, value) in data::headers(&args.request.header)? {
        let is_declared = args.request.secret_header.iter().any(|secret| secret.eq_ignore_ascii_case(&name));
        situation.has_credentials |= is_declared || is_secret_name(&name);
        request = match is_declared {
            true => request.secret_header(&name, &value),
            false => request.header(&name, &value),
        };
    }
    Ok((with_options(request, args)?, situation))
}

/// The URL as people type it: `http://` may be left out.
fn url(given: &str) -> Cow<'_, str> {
    let scheme = given.split_once("://").map(|(scheme, _)| scheme);
    match scheme {
        Some(scheme) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) => {
            Cow::Borrowed(given)
        }
        _ => Cow::Owned(format!("http://{given}")),
    }
}

fn with_options(mut request: Request, args: &GetArgs) -> Result<Request, String> {
    let ms = Duration::from_millis;
    let (read, retry, timeouts) = (&args.read, &args.retry, &args.timeouts);
    request = request
        .format(read.format)
        .max_event_bytes(read.max_event_bytes)
        .markers(read.markers()?)
        .resume(retry.resume.into())
        .retry_attempts(retry.retry_attempts)
        .retry_delay(ms(retry.retry_delay))
        .timeout(ms(timeouts.timeout))
        .first_event_timeout(ms(timeouts.first_event_timeout))
        .idle_timeout(ms(timeouts.idle_timeout))
        .progress_timeout(ms(timeouts.progress_timeout))
        .stall_after(ms(timeouts.stall_after));
    if read.skip_oversized {
        request = request.skip_oversized();
    }
    if read.deliver_unterminated {
        request = request.deliver_unterminated();
    }
    if retry.dedupe {
        request = request.dedupe();
    }
    if retry.follow {
        request = request.follow();
    }
    if retry.idempotent {
        request = request.idempotent();
    }
    if let Some(key) = &retry.idempotency_key {
        request = request.idempotency_key(key);
    }
    if let Some(dialect) = &read.dialect {
        request = request.dialect(dialect.clone());
    }
    if let Some(id) = &retry.last_event_id {
        request = request.last_event_id(id);
    }
    Ok(request)
}

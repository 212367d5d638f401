//! Reads the errors that providers report inside a stream, in their various shapes.

use alloc::borrow::Cow;

use crate::json::Value;
use crate::out::scalar;

/// A failure that the provider reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fault<'a> {
    /// Its name for it, or the status.
    pub(crate) kind: Cow<'a, str>,
    pub(crate) message: Cow<'a, str>,
    /// The HTTP status that it would have had.
    status: Option<u64>,
}

impl<'a> Fault<'a> {
    pub(crate) fn new(kind: impl Into<Cow<'a, str>>, message: impl Into<Cow<'a, str>>) -> Self {
        Self { kind: kind.into(), message: message.into(), status: None }
    }

    /// Reads an error in one of the common shapes: a text, or an object with `type`, `code`, `status` and `message`, which
    /// may have another `error` inside.
    pub(crate) fn of(error: Value<'a>) -> Self {
        if !error.is_object() {
            return Self::new("", scalar(Some(error)));
        }
        let names = ["type", "code", "status", "message", "detail", "errorText", "error", "reason"];
        let [kind, code, status, message, detail, text, inner, reason] = error.fields(&names);
        if let (None, Some(inner)) = (message, inner) {
            return Self::of(inner);
        }
        // A number is a status; `type: "error"` says no more than that it is one.
        let named = [kind, code, status].into_iter().flatten();
        let word =
            named.clone().find(|value| value.content().is_some_and(|text| !matches!(text, b"" | b"error")));
        Self {
            kind: scalar(word.or(code).or(status)),
            message: scalar(message.or(detail).or(text).or(reason)),
            status: [code, status].into_iter().flatten().find_map(status_of),
        }
    }

    /// Reads a record that is itself an error, in one of the shapes that gateways use; `None` if it is not. In a record of an
    /// unknown kind, a `message` or `detail` is an error too.
    pub(crate) fn bare(record: Value<'a>, is_unknown: bool) -> Option<Self> {
        let [error, errors, message, detail, base] =
            record.fields(&["error", "errors", "message", "detail", "base_resp"]);
        if let Some(base) = base {
            let [code, said] = base.fields(&["status_code", "status_msg"]);
            return code
                .filter(|code| code.whole() != Some(0))
                .map(|code| Self::new(scalar(Some(code)), scalar(said)));
        }
        let inner = error.or(errors.and_then(|errors| errors.items().next()).or(errors));
        if let Some(inner) = inner.filter(|inner| !inner.is_nothing()) {
            return Some(Self::of(inner));
        }
        let is_text = |value: Option<Value<'_>>| value.is_some_and(|value| value.content().is_some());
        (is_unknown && (is_text(message) || is_text(detail))).then(|| Self::of(record))
    }

    /// The same failure by its code, if it has one in words.
    pub(crate) fn by_code(self, error: Value<'a>) -> Self {
        let code = error.field("code").filter(|code| code.content().is_some());
        self.named(scalar(code), "".into())
    }

    /// The same failure in other words, where there are any.
    pub(crate) fn named(self, kind: Cow<'a, str>, message: Cow<'a, str>) -> Self {
        let or = |new: Cow<'a, str>, old| if new.is_empty() { old } else { new };
        Self { kind: or(kind, self.kind), message: or(message, self.message), ..self }
    }

    /// Whether the same request may well succeed later.
    pub(crate) fn retryable(&self) -> bool {
        matches!(self.status, Some(408 | 425 | 429 | 500 | 502 | 503 | 504 | 529))
            || matches!(
                &*self.kind,
                // Anthropic
                "overloaded_error" | "rate_limit_error" | "api_error" | "timeout_error"
                // OpenAI and those like it
                | "server_error" | "rate_limit_exceeded" | "requests" | "tokens" | "internal_error"
                | "internal_server_error" | "InternalServerError" | "service_unavailable" | "timeout" | "vector_store_timeout"
                | "engine_overloaded" | "overloaded" | "TooManyRequests" | "ServiceUnavailable" | "upstream_error"
                // Google
                | "UNAVAILABLE" | "RESOURCE_EXHAUSTED" | "INTERNAL" | "DEADLINE_EXCEEDED" | "ABORTED"
                // Amazon
                | "internalServerException" | "throttlingException" | "serviceUnavailableException"
                | "modelStreamErrorException" | "modelTimeoutException"
            )
    }
}

/// A status, as a number or as a text of one.
fn status_of(value: Value<'_>) -> Option<u64> {
    let text = value.text();
    let number = text.as_deref().map_or_else(|| value.whole(), |text| text.parse().ok());
    number.filter(|status| (400..600).contains(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_of_error_is_read() {
        for (json, kind, message, retryable) in [
            (r#""boom""#, "", "boom", false),
            (r#"{"message":"m"}"#, "", "m", false),
            (r#"{"type":"overloaded_error","message":"m"}"#, "overloaded_error", "m", true),
            (
                r#"{"type":"invalid_request_error","code":null,"message":"m"}"#,
                "invalid_request_error",
                "m",
                false,
            ),
            (r#"{"code":429,"message":"m"}"#, "429", "m", true),
            (r#"{"code":400,"message":"m"}"#, "400", "m", false),
            (r#"{"code":"503","message":"m"}"#, "503", "m", true),
            (r#"{"code":503,"message":"m","status":"UNAVAILABLE"}"#, "UNAVAILABLE", "m", true),
            (r#"{"type":"error","message":"m"}"#, "", "m", false),
            (r#"{"type":"error","error":{"type":"api_error","message":"m"}}"#, "api_error", "m", true),
            (
                r#"{"type":"error","code":"rate_limit_exceeded","message":"m"}"#,
                "rate_limit_exceeded",
                "m",
                true,
            ),
            (r#"{"type":"","code":500,"message":"m"}"#, "500", "m", true),
            ("[1]", "", "[1]", false),
        ] {
            let fault = Fault::of(Value::parse(json.as_bytes()).unwrap());
            assert_eq!(
                (&*fault.kind, &*fault.message, fault.retryable()),
                (kind, message, retryable),
                "{json}"
            );
        }
    }
}

//! Bodies of requests.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::transport::OnceBody;

/// Headers that describe a request's body (WHATWG Fetch, "request-body-header name"), and its length.
const OF_BODY: [HeaderName; 5] =
    [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION];

/// Takes away the headers of a body that is not sent.
pub(crate) fn forget_body(headers: &mut HeaderMap) {
    for name in OF_BODY {
        headers.remove(name);
    }
}

/// What a request carries.
#[derive(Clone, Default)]
pub(crate) enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// Bytes, which can be sent again. Boxed, since most requests that are many at a time have none.
    Bytes(Box<Bytes>),
    /// A stream, which can be read once.
    Once(Once),
}

/// A stream that goes to whoever takes it first.
#[derive(Clone)]
pub(crate) struct Once(Arc<Mutex<Option<OnceBody>>>);

/// A body that is about to be sent.
pub(crate) enum Taken {
    Nothing,
    Bytes(Bytes),
    Once(OnceBody),
}

impl Body {
    /// A body of bytes.
    pub(crate) fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::Bytes(Box::new(bytes.into()))
    }

    /// A body that can be read once.
    #[cfg_attr(target_family = "wasm", expect(dead_code, reason = "a page has none to give"))]
    pub(crate) fn once(body: OnceBody) -> Self {
        Self::Once(Once(Arc::new(Mutex::new(Some(body)))))
    }

    /// Whether it can be sent again.
    pub(crate) const fn is_repeatable(&self) -> bool {
        !matches!(self, Self::Once(_))
    }

    /// The body to be sent; of a stream there is nothing left then.
    pub(crate) fn take(&self) -> Taken {
        match self {
            Self::Empty => Taken::Nothing,
            Self::Bytes(bytes) => Taken::Bytes(Bytes::clone(bytes)),
            Self::Once(Once(body)) => {
                body.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Taken::Nothing, Taken::Once)
            }
        }
    }
}

/// A JSON object's fields in their order, each value as it is written.
pub(crate) struct Fields<'a>(Vec<(String, Cow<'a, RawValue>)>);

impl<'a> Fields<'a> {
    /// `None` for what is no JSON object.
    pub(crate) fn of(json: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    /// Sets a field, in the place of the first of its name.
    pub(crate) fn set(&mut self, name: &str, value: Box<RawValue>) {
        let place = self.0.iter().position(|(other, _)| other == name).unwrap_or(self.0.len());
        self.0.retain(|(other, _)| other != name);
        self.0.insert(place, (name.to_owned(), Cow::Owned(value)));
    }

    /// The object.
    pub(crate) fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut json = Vec::new();
        let fields = self.0.iter().map(|(name, value)| (name, value));
        serde::Serializer::collect_map(&mut serde_json::Serializer::new(&mut json), fields)?;
        Ok(json)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;

        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    fields.push((name, Cow::Borrowed(value)));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(FieldsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_set_and_all_else_stays() {
        let rows = [
            ("{}", Some(r#"{"a":7}"#)),
            (
                r#"{ "z": 1.50, "a" : {}, "b":12345678901234567890123}"#,
                Some(r#"{"z":1.50,"a":7,"b":12345678901234567890123}"#),
            ),
            (r#"{"z":1e400,"b":"\u00e9"}"#, Some(r#"{"z":1e400,"b":"\u00e9","a":7}"#)),
            (r#"{"a":1,"b":2,"b":3,"\u0061":4}"#, Some(r#"{"a":7,"b":2,"b":3}"#)),
            ("[]", None),
            ("{", None),
        ];
        for (body, want) in rows {
            let set = Fields::of(body.as_bytes()).map(|mut fields| {
                fields.set("a", RawValue::from_string("7".to_owned()).expect("JSON"));
                String::from_utf8(fields.to_json().expect("JSON")).expect("text")
            });
            assert_eq!(set.as_deref(), want, "{body}");
        }
    }
}

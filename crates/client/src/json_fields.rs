//! A JSON object as the list of its fields, to set one field and keep everything else as it was written.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The fields of a JSON object in their order, each value as it was written.
pub(crate) struct JsonFields<'a>(Vec<(String, Cow<'a, RawValue>)>);

impl<'a> JsonFields<'a> {
    /// `None` if `json` is not a JSON object.
    pub(crate) fn parse(json: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    /// Sets a field, replacing all of that name.
    pub(crate) fn set(&mut self, name: &str, value: Box<RawValue>) {
        let index = self.0.iter().position(|(other, _)| other == name).unwrap_or(self.0.len());
        self.0.retain(|(other, _)| other != name);
        self.0.insert(index, (name.to_owned(), Cow::Owned(value)));
    }

    /// Writes the object.
    pub(crate) fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut json = Vec::new();
        let fields = self.0.iter().map(|(name, value)| (name, value));
        serde::Serializer::collect_map(&mut serde_json::Serializer::new(&mut json), fields)?;
        Ok(json)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for JsonFields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;

        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = JsonFields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    fields.push((name, Cow::Borrowed(value)));
                }
                Ok(JsonFields(fields))
            }
        }

        deserializer.deserialize_map(FieldsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_a_field_leaves_the_others_as_written() {
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
            let set = JsonFields::parse(body.as_bytes()).map(|mut fields| {
                fields.set("a", RawValue::from_string("7".to_owned()).expect("JSON"));
                String::from_utf8(fields.to_json().expect("JSON")).expect("text")
            });
            assert_eq!(set.as_deref(), want, "{body}");
        }
    }
}

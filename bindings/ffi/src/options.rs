//! Options as a JSON object, with their names in camelCase: how the C API takes them.
//!
//! Read by hand from a small tree. What serde derives for such structs would take a thirtieth of the whole library.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::decode::DecodeSettings;
use crate::error::NativeError;
use crate::settings::{ClientSettings, CursorPlace, CursorSettings, Header, RequestSettings};

impl ClientSettings {
    /// The settings that a JSON object describes.
    pub(crate) fn from_json(json: &str) -> Result<Self, NativeError> {
        let mut settings = Self::default();
        each(json, |name, option| {
            match name {
                "baseUrl" => settings.base_url = Some(option.text()?),
                "headers" => settings.headers = option.pairs()?,
                "secretHeaders" => settings.secret_headers = option.pairs()?,
                "allowedOrigins" => settings.allowed_origins = option.texts()?,
                "caCertificates" => settings.ca_certificates = Some(option.text()?),
                "connectTimeout" => settings.connect_timeout = Some(option.number()?),
                "maxConcurrent" => settings.max_concurrent = Some(option.small()?),
                "queueTimeout" => settings.queue_timeout = Some(option.number()?),
                _ => return Err(option.unknown()),
            }
            Ok(())
        })?;
        Ok(settings)
    }
}

impl RequestSettings {
    /// The settings that a JSON object describes. `body` is a text, `json` any value.
    pub(crate) fn from_json(json: &str) -> Result<Self, NativeError> {
        let mut settings = Self::default();
        each(json, |name, option| {
            match name {
                "method" => settings.method = Some(option.text()?),
                "url" => settings.url = option.text()?,
                "query" => settings.query = option.pairs()?,
                "headers" => settings.headers = option.pairs()?,
                "secretHeaders" => settings.secret_headers = option.pairs()?,
                "body" => settings.body = Some(option.text()?.into_bytes()),
                "json" => settings.json = Some(option.json.to_owned()),
                "form" => settings.form = Some(option.pairs()?),
                "format" => settings.format = Some(option.text()?),
                "dialect" => settings.dialect = Some(option.text()?),
                "maxEventBytes" => settings.max_event_bytes = Some(option.number()?),
                "skipOversized" => settings.skip_oversized = option.flag()?,
                "deliverUnterminated" => settings.deliver_unterminated = option.flag()?,
                "endOn" => settings.end_on = Some(option.texts()?),
                "failOn" => settings.fail_on = Some(option.texts()?),
                "heartbeatOn" => settings.heartbeat_on = option.texts()?,
                "follow" => settings.follow = option.flag()?,
                "idempotent" => settings.idempotent = option.flag()?,
                "idempotencyKey" => settings.idempotency_key = Some(option.text()?),
                "resume" => settings.resume = Some(option.text()?),
                "cursor" => settings.cursor = Some(cursor(option)?),
                "lastEventId" => settings.last_event_id = Some(option.text()?),
                "dedupe" => settings.dedupe = option.flag()?,
                "retryAttempts" => settings.retry_attempts = Some(option.small()?),
                "retryDelay" => settings.retry_delay = Some(option.number()?),
                "firstEventTimeout" => settings.first_event_timeout = Some(option.number()?),
                "idleTimeout" => settings.idle_timeout = Some(option.number()?),
                "progressTimeout" => settings.progress_timeout = Some(option.number()?),
                "timeout" => settings.timeout = Some(option.number()?),
                "stallAfter" => settings.stall_after = Some(option.number()?),
                _ => return Err(option.unknown()),
            }
            Ok(())
        })?;
        Ok(settings)
    }
}

impl DecodeSettings {
    /// The settings that a JSON object describes.
    pub(crate) fn from_json(json: &str) -> Result<Self, NativeError> {
        let mut settings = Self::default();
        each(json, |name, option| {
            match name {
                "format" => settings.format = Some(option.text()?),
                "dialect" => settings.dialect = Some(option.text()?),
                "maxEventBytes" => settings.max_event_bytes = Some(option.number()?),
                "skipOversized" => settings.skip_oversized = option.flag()?,
                "deliverUnterminated" => settings.deliver_unterminated = option.flag()?,
                "endOn" => settings.end_on = Some(option.texts()?),
                "failOn" => settings.fail_on = Some(option.texts()?),
                "heartbeatOn" => settings.heartbeat_on = option.texts()?,
                _ => return Err(option.unknown()),
            }
            Ok(())
        })?;
        Ok(settings)
    }
}

fn cursor(option: &JsonOption<'_>) -> Result<CursorSettings, NativeError> {
    let mut found = [None, None, None];
    each(option.json, |name, option| {
        let at = match name {
            "path" => 0,
            "place" => 1,
            "name" => 2,
            _ => return Err(option.unknown()),
        };
        found[at] = Some(option.text()?);
        Ok(())
    })?;
    let [Some(path), Some(place), Some(name)] = found else {
        return Err(option.wrong("an object with path, place and name"));
    };
    let place = match &*place {
        "query" => CursorPlace::Query,
        "header" => CursorPlace::Header,
        "body" => CursorPlace::Body,
        _ => return Err(option.wrong("an object whose place is query, header or body")),
    };
    Ok(CursorSettings { path, place, name })
}

/// An option with its value.
struct JsonOption<'a> {
    name: &'a str,
    json: &'a str,
}

impl JsonOption<'_> {
    fn value(&self) -> Value {
        // It is the text of a value.
        serde_json::from_str(self.json).unwrap_or_default()
    }

    fn text(&self) -> Result<String, NativeError> {
        match self.value() {
            Value::String(text) => Ok(text),
            _ => Err(self.wrong("a text")),
        }
    }

    fn number(&self) -> Result<u64, NativeError> {
        self.value().as_u64().ok_or_else(|| self.wrong("a whole number from 0"))
    }

    fn small(&self) -> Result<u32, NativeError> {
        self.number()?.try_into().map_err(|_| self.wrong("a whole number below 2^32"))
    }

    fn flag(&self) -> Result<bool, NativeError> {
        self.value().as_bool().ok_or_else(|| self.wrong("true or false"))
    }

    fn texts(&self) -> Result<Vec<String>, NativeError> {
        texts(self.value()).ok_or_else(|| self.wrong("a list of texts"))
    }

    fn pairs(&self) -> Result<Vec<Header>, NativeError> {
        let Value::Array(pairs) = self.value() else { return Err(self.wrong(PAIRS)) };
        let pair = |pair| <[String; 2]>::try_from(texts(pair)?).ok();
        let header = |[name, value]: [String; 2]| Header { name, value };
        let pairs: Option<Vec<Header>> = pairs.into_iter().map(|value| pair(value).map(header)).collect();
        pairs.ok_or_else(|| self.wrong(PAIRS))
    }

    fn wrong(&self, accepted: &str) -> NativeError {
        NativeError::usage(format!("the option {:?} is {accepted}, not {}", self.name, self.json))
    }

    fn unknown(&self) -> NativeError {
        NativeError::usage(format!("there is no option {:?}", self.name))
    }
}

const PAIRS: &str = "a list of [\"name\",\"value\"]";

fn texts(value: Value) -> Option<Vec<String>> {
    let Value::Array(values) = value else { return None };
    let text = |value| if let Value::String(text) = value { Some(text) } else { None };
    values.into_iter().map(text).collect()
}

/// Takes the members of an object one after the other. One that is `null` counts as missing, except for the JSON body.
fn each(
    json: &str,
    mut take: impl FnMut(&str, &JsonOption<'_>) -> Result<(), NativeError>,
) -> Result<(), NativeError> {
    let Members(members) = serde_json::from_str(json)
        .map_err(|error| NativeError::usage(format!("the options are no JSON object: {error}")))?;
    for (name, json) in &members {
        let json = json.get();
        if json != "null" || name == "json" {
            take(name, &JsonOption { name, json })?;
        }
    }
    Ok(())
}

/// The members of an object, with their values as they are written.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

//! Lookups in a JSON text, compared with the tree that serde_json builds, and its values, compared with the decoder of concatenated JSON.

use serde_json::Value;
use serde_json::value::RawValue;
use tidewire_core::json::{Concat, Path, lookup as look_up, unescape, values};
use tidewire_core::{DecodeError, DecoderOptions, Frame, Marker};

/// The input is a path and a JSON text.
pub fn lookup(data: &[u8]) {
    let Some((&length, rest)) = data.split_first() else { return };
    let (path, json) = rest.split_at(usize::from(length % 16).min(rest.len()));
    let path = String::from_utf8_lossy(path);
    let found = look_up(json, &Path::parse(&path));
    if let Some(found) = found {
        let inside = json.as_ptr_range();
        let range = found.as_ptr_range();
        assert!(inside.start <= range.start && range.end <= inside.end, "not lent from the text");
        let text: Vec<u8> = found.iter().map(|byte| if byte.is_ascii() { *byte } else { b'x' }).collect();
        let raw = serde_json::from_slice::<&RawValue>(&text);
        assert!(raw.is_ok_and(|raw| raw.get().len() == found.len()), "not JSON: {}", found.escape_ascii());
    }
    as_the_tree_says(json, &path, found);
    as_concatenated(json);
    marker(&path, json, found);
}

fn as_the_tree_says(json: &[u8], path: &str, found: Option<&[u8]>) {
    let Ok(tree) = serde_json::from_slice::<Value>(json) else { return };
    let want = match path {
        "" => Some(&tree),
        path => path.split('.').try_fold(&tree, |value, segment| match value {
            Value::Array(elements) => {
                elements.get(segment.parse::<usize>().ok().filter(|index| index.to_string() == segment)?)
            }
            value => value.get(segment),
        }),
    };
    let have: Option<Value> =
        found.map(|found| serde_json::from_slice(found).expect("a part of what was read"));
    assert_eq!(have.as_ref(), want, "at {path}");
}

/// The values of a text are those of a body, except that only a body may have a byte order mark.
fn as_concatenated(json: &[u8]) {
    if json.starts_with(b"\xEF") {
        return;
    }
    let mut decoder =
        Concat::new(DecoderOptions { max_event_bytes: usize::MAX, ..DecoderOptions::default() });
    let mut values = values(json);
    let mut rest = json;
    loop {
        match decoder.next(&mut rest) {
            Ok(Some(Frame::Record(record))) => assert_eq!(values.next(), Some(Ok(record.json))),
            Ok(Some(Frame::BadRecord(bad))) => assert_eq!(values.next(), Some(Err(bad))),
            Ok(Some(frame)) => panic!("{frame:?}"),
            Ok(None) => break,
            Err(DecodeError::Malformed(_)) => return assert_eq!(values.next(), None),
            Err(error) => panic!("{error:?}"),
        }
    }
    while let Some(frame) = decoder.finish().expect("no error at the end") {
        let Frame::Record(record) = frame else { panic!("{frame:?}") };
        assert_eq!(values.next(), Some(Ok(record.json)));
    }
    if decoder.inside_record() {
        let bad = values.next().expect("the unfinished value").expect_err("it is unfinished");
        assert_eq!(bad.offset, json.len() as u64);
    }
    assert_eq!(values.next(), None);
}

/// A marker is displayed as it was parsed, and a condition holds if the lookup finds its value.
fn marker(path: &str, json: &[u8], found: Option<&[u8]>) {
    if let Ok(marker) = path.parse::<Marker>() {
        assert_eq!(marker.to_string(), path);
    }
    if path.is_empty() || path.contains('=') {
        return;
    }
    let text =
        found.map(|found| unescape(found).unwrap_or_else(|| String::from_utf8_lossy(found).into_owned()));
    let text = text.unwrap_or_default();
    let Ok(Marker::Json(condition)) = format!("json:{path}={text}").parse() else { panic!("no condition") };
    let broken = found.is_some_and(|found| found.first() != Some(&b'"') && str::from_utf8(found).is_err());
    assert_eq!(condition.holds(json), found.is_some() && !broken, "json:{path}={text}");
}

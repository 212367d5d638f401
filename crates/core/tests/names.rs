//! Names and codes that every language shares, and what is said to people.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::HashSet;
use std::time::Duration;

use tidewire_core::json::{JsonSeq, Ndjson, Path, lookup};
use tidewire_core::session::{Limit, Outcome, Reason, Refusal};
use tidewire_core::{
    BadRecord, DecodeError, DecoderOptions, Event, Format, Frame, Marker, REFUSED_BODY_BYTES, Record,
    TooLarge, Utf8,
};

const CUT_SHORT: &str = "the record is cut short by the next one";

#[test]
fn decode_errors() {
    let large = DecodeError::from(TooLarge { limit: 5, offset: 7 });
    let bad = DecodeError::from(BadRecord { offset: 8, problem: "" });
    assert_eq!((large.code(), large.offset()), ("too_large", 7));
    assert_eq!((bad.code(), bad.offset()), ("bad_record", 8));
}

#[test]
fn formats() {
    let rows = [
        (Format::Sse, "sse", "text/event-stream"),
        (Format::Ndjson, "ndjson", "application/x-ndjson, application/jsonl"),
        (Format::JsonSeq, "json-seq", "application/json-seq"),
        (Format::JsonArray, "json-array", "application/json"),
        (Format::Concat, "concat", "application/json"),
        (Format::Text, "text", "text/plain"),
    ];
    for (format, name, accept) in rows {
        assert_eq!((format.name(), format.to_string().as_str()), (name, name));
        assert_eq!(name.parse(), Ok(format));
        assert_eq!(format.accept(), accept);
        assert!(accept.split(", ").all(|each| Format::Auto.accept().contains(each)), "{name}");
    }
    assert_eq!(Format::Auto.to_string(), "auto");
}

#[test]
fn reasons() {
    let rows = [
        (Reason::Connect, "connect"),
        (Reason::Head, "head"),
        (Reason::Body, "body"),
        (Reason::Status, "status"),
        (Reason::End, "end"),
        (Reason::Idle, "idle"),
        (Reason::Progress, "progress"),
        (Reason::FirstEvent, "first_event"),
        (Reason::Kick, "kick"),
    ];
    for (reason, name) in rows {
        assert_eq!((reason.name(), reason.to_string().as_str()), (name, name));
    }
}

#[test]
fn outcomes() {
    let refused = |why| Outcome::Refused { status: 503, why };
    let limits = [
        (Limit::Connect, "connect"),
        (Limit::FirstEvent, "first_event"),
        (Limit::Idle, "idle"),
        (Limit::Progress, "progress"),
        (Limit::Total, "total"),
        (Limit::Queue, "queue"),
    ];
    let mut rows = vec![
        (Outcome::Complete, "complete"),
        (Outcome::Ended, "ended"),
        (Outcome::Truncated, "truncated"),
        (Outcome::Failed, "failed"),
        (refused(Refusal::Status), "refused"),
        (refused(Refusal::ContentType), "refused"),
        (refused(Refusal::RetryAfter(Duration::from_secs(90))), "refused"),
        (Outcome::Unreachable, "unreachable"),
        (Outcome::Unreadable { offset: 1, limit: None }, "unreadable"),
        (Outcome::Unreadable { offset: 1, limit: Some(2) }, "unreadable"),
        (Outcome::Cancelled, "cancelled"),
    ];
    for (limit, name) in limits {
        assert_eq!((limit.name(), limit.to_string().as_str()), (name, name));
        rows.push((Outcome::TimedOut(limit), "timed_out"));
    }
    let mut texts = HashSet::new();
    for (outcome, code) in rows {
        assert_eq!(outcome.code(), code);
        assert_eq!(outcome.is_success(), matches!(code, "complete" | "ended"), "{code}");
        let text = outcome.to_string();
        assert!(text.len() > 8 && texts.insert(text.clone()), "not said, or said of another too: {text:?}");
    }
}

#[test]
fn markers_read_as_they_are_written() {
    for text in ["[DONE]", "event:close", "json:done=true", "json:choices.0.finish_reason=stop"] {
        assert_eq!(text.parse::<Marker>().unwrap().to_string(), text);
    }
}

#[test]
fn a_data_marker_is_the_data_of_any_record() {
    let event = |data: &'static str| {
        Frame::Event(Event {
            event: Utf8::new(b"message"),
            data: Utf8::new(data.as_bytes()),
            id: Utf8::new(b""),
            has_own_id: false,
        })
    };
    let record = |json: &'static str| Frame::Record(Record { index: 0, json: Utf8::new(json.as_bytes()) });
    let rows = [
        ("[DONE]", Frame::Done, true),
        ("END", Frame::Done, false),
        ("[DONE]", event("[DONE]"), true),
        ("[DONE]", event("[DONE"), false),
        ("null", record("null"), true),
        ("null", record("0"), false),
        ("null", Frame::Text("null"), false),
    ];
    for (marker, frame, want) in rows {
        assert_eq!(marker.parse::<Marker>().unwrap().matches(&frame), want, "{marker} on {frame:?}");
    }
}

#[test]
fn bytes_are_shown_as_text() {
    assert!(Utf8::new(b"").is_empty() && !Utf8::new(b"a").is_empty());
    for (bytes, text) in
        [(&b"a\xFFb"[..], "a\u{FFFD}b"), (b"\xE4\xBD\xA0", "\u{4F60}"), (b"\xE4\xBD", "\u{FFFD}")]
    {
        assert_eq!(Utf8::new(bytes).to_string(), text);
        assert_eq!(Utf8::new(bytes).to_str(), text);
        // Long enough for the vectors.
        let long = [&b"0123456789".repeat(20)[..], bytes].concat();
        assert_eq!(Utf8::new(&long).to_str(), "0123456789".repeat(20) + text);
    }
}

#[test]
fn problems_of_json_say_what_was_expected() {
    let rows = [
        ("[1 2]", "expected `,` or `]`"),
        (r#"{"a":1 2}"#, "expected `,` or `}`"),
        (r#"{"a" 1}"#, "expected `:`"),
        ("{1}", "expected a key in quotes or `}`"),
    ];
    for (line, want) in rows {
        let line = format!("{line}\n");
        let mut ndjson = Ndjson::new(DecoderOptions::default());
        match ndjson.next(&mut line.as_bytes()).unwrap() {
            Some(Frame::BadRecord(bad)) => assert_eq!(bad.problem, want, "{line}"),
            other => panic!("{line}: {other:?}"),
        }
    }
}

#[test]
fn problems_of_json_texts_say_what_was_wrong() {
    let rows = [
        ("\u{1E}{}x\n", "more after the value"),
        ("\u{1E}{\"a\u{1E}1\n", CUT_SHORT),
        ("\u{1E}12\u{1E}1\n", CUT_SHORT),
        ("\u{1E}{\"a\":x}\n", "expected a value"),
    ];
    for (text, want) in rows {
        let mut body = text.as_bytes();
        let mut texts = JsonSeq::new(DecoderOptions::default());
        let mut problems = Vec::new();
        while let Some(frame) = texts.next(&mut body).unwrap() {
            if let Frame::BadRecord(bad) = frame {
                problems.push(bad.problem);
            }
        }
        assert_eq!(problems, [want], "{}", text.escape_debug());
    }
}

#[test]
fn a_path_may_be_as_deep_as_json() {
    for (depth, found) in [(512, true), (513, false)] {
        let json = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let path = Path::parse(&vec!["0"; depth].join("."));
        assert_eq!(lookup(json.as_bytes(), &path).is_some(), found, "{depth}");
    }
}

#[test]
fn limits_are_those_of_the_documentation() {
    assert_eq!(DecoderOptions::default().max_event_bytes, 16_777_216);
    assert_eq!(REFUSED_BODY_BYTES, 65_536);
}

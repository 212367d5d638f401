//! Tests the reading of JSON texts, and compares it with `serde_json`.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use proptest::prelude::*;

use super::Value;

fn parse(text: &str) -> Value<'_> {
    Value::parse(text.as_bytes()).unwrap()
}

#[test]
fn a_text_is_one_value_and_nothing_else() {
    for (text, want) in [
        (" {\"a\" : 1} ", Ok("{\"a\" : 1}")),
        ("1", Ok("1")),
        ("\"\"\n", Ok("\"\"")),
        ("", Err(0)),
        ("  ", Err(2)),
        ("{\"a\":1", Err(6)),
        ("{\"a\":1}}", Err(7)),
        ("1 2", Err(2)),
        ("[DONE]", Err(1)),
        ("{\"a\":x}", Err(5)),
    ] {
        let have = Value::parse(text.as_bytes());
        let have = have.map(|value| core::str::from_utf8(value.as_bytes()).unwrap());
        assert_eq!(have.map_err(|bad| bad.offset), want, "{text:?}");
    }
}

#[test]
fn fields_are_those_of_the_outer_object() {
    for (text, want) in [
        (r#"{"a":1}"#, Some("1")),
        (r#"{ "x" : {"a":9} , "a" : [1, {"a":2}] , "y":3 }"#, Some(r#"[1, {"a":2}]"#)),
        // Look-alikes.
        (r#"{"x":"\"a\":1","y":["a",1],"z":"a"}"#, None),
        (r#"{"x":"}","a":2}"#, Some("2")),
        (r#"{"x":"\\","a":3}"#, Some("3")),
        (r#"{"aa":1,"":2,"A":3}"#, None),
        // The last of equal keys, however written; and null is no value.
        (r#"{"a":1,"a":2}"#, Some("2")),
        (r#"{"\u0061":1}"#, Some("1")),
        (r#"{"a":1,"\u0061":"x"}"#, Some("\"x\"")),
        (r#"{"a":1,"a":null}"#, None),
        (r#"{"a":null,"a":1}"#, Some("1")),
        ("{}", None),
        ("[\"a\",1]", None),
        ("\"a\"", None),
    ] {
        let have = parse(text).field("a").map(|value| core::str::from_utf8(value.as_bytes()).unwrap());
        assert_eq!(have, want, "{text}");
    }
}

#[test]
fn scalars_are_read_exactly() {
    assert_eq!(parse(r#""h\u00e9\ud83d""#).text().as_deref(), Some("hé\u{FFFD}"));
    assert!(parse(r#""h\u00e9""#).is("hé") && parse("\"hé\"").is("hé") && !parse("\"h\"").is("hé"));
    assert_eq!(["7", "-7", "7.0", "7e2", "\"7\"", "18446744073709551616"].map(|text| parse(text).whole()), {
        [Some(7), None, None, None, None, None]
    });
    assert!(parse("true").is_true() && !parse("\"true\"").is_true() && parse("{}").is_object());
    assert_eq!(parse("1").text(), None);
}

/// What a tree has, read by views alone.
fn rebuilt(value: Value<'_>) -> serde_json::Value {
    if let Some(text) = value.text() {
        return serde_json::Value::String(text.into_owned());
    }
    match value.as_bytes().first() {
        Some(b'[') => value.items().map(rebuilt).collect(),
        Some(b'{') => {
            let names: Vec<String> =
                value.entries().map(|(name, _)| name.text().unwrap().into_owned()).collect();
            let field = |name: String| {
                let found = value.field(&name).map_or(serde_json::Value::Null, rebuilt);
                (name, found)
            };
            serde_json::Value::Object(names.into_iter().map(field).collect())
        }
        _ => serde_json::from_slice(value.as_bytes()).unwrap(),
    }
}

fn texts() -> impl Strategy<Value = String> {
    let string = prop_oneof![
        "[a-c\"\\\\/ é😀\n{}\\[\\]:,]{0,6}".prop_map(|text| serde_json::Value::String(text).to_string()),
        Just(r#""\u0061\ud83d\ude00\n""#.to_owned()),
    ];
    let leaf = prop_oneof![
        string.clone(),
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?([eE][+-]?[0-9])?",
    ];
    let white = "[ \t\n\r]{0,2}";
    leaf.prop_recursive(4, 40, 5, move |inner| {
        let padded = (white, inner, white).prop_map(|(before, value, after)| before + &value + &after);
        let member = (string.clone(), padded.clone()).prop_map(|(key, value)| key + ":" + &value);
        prop_oneof![
            proptest::collection::vec(padded, 0..5).prop_map(|items| "[".to_owned() + &items.join(",") + "]"),
            proptest::collection::vec(member, 0..5)
                .prop_map(|members| "{".to_owned() + &members.join(",") + "}"),
        ]
    })
}

proptest! {
    #[test]
    fn values_equal_those_of_serde_json(text in texts()) {
        let want: serde_json::Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(rebuilt(parse(&text)), want);
    }

    #[test]
    fn broken_texts_are_bad_where_serde_json_reports_it(mut text in texts(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let at = at.index(text.len());
        if text.is_char_boundary(at) && text.is_char_boundary(at + 1) && byte.is_ascii() {
            text.replace_range(at..=at, &char::from(byte).to_string());
        }
        let sound = serde_json::from_str::<serde_json::Value>(&text);
        // serde_json refuses half a surrogate pair and numbers beyond f64, which JSON.parse takes.
        let known = sound.as_ref().is_err_and(|error| {
            let said = error.to_string();
            said.contains("surrogate") || said.contains("hex escape") || said.contains("out of range")
        });
        if !known {
            prop_assert_eq!(Value::parse(text.as_bytes()).is_ok(), sound.is_ok(), "{}", text);
        }
    }
}

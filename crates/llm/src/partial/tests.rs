//! Reads every text at every cut, and compares the result with `serde_json`.

use std::format;
use std::string::ToString;
use std::vec::Vec;

use serde_json::Value;

use super::Partial;

const TEXTS: &[&str] = &[
    "{}",
    "[]",
    "\"\"",
    "0",
    " -1.5e+3 ",
    "true",
    "null",
    r#"{"a":1,"b":[true,false,null,{"c":"d"}],"a":{"x":"y"}}"#,
    r#"{"":"\"\\\/\b\f\n\r\té😀\u00e9\ud83d\ude00","k\u0065y":[[],{},[1,2.5]]}"#,
    "[\n1 ,\t\"a\"\r, {\"b\" : 0.1E-5 } ]",
];

fn grown(pieces: &[&str]) -> Result<Partial, usize> {
    let mut partial = Partial::default();
    for piece in pieces {
        partial.push(piece).map_err(|problem| problem.offset)?;
    }
    partial.finish().map_err(|problem| problem.offset)?;
    Ok(partial)
}

fn value(partial: &Partial) -> Value {
    serde_json::from_str(&partial.to_string()).unwrap()
}

#[test]
fn texts_read_the_same_at_every_cut() {
    for text in TEXTS {
        let want: Value = serde_json::from_str(text).unwrap();
        assert_eq!(value(&grown(&[text]).unwrap()), want, "{text}");
        let cuts: Vec<usize> = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect();
        for (place, first) in cuts.iter().enumerate() {
            for second in &cuts[place..] {
                let pieces = [&text[..*first], &text[*first..*second], &text[*second..]];
                assert_eq!(value(&grown(&pieces).unwrap()), want, "{pieces:?}");
            }
        }
        let characters: Vec<&str> = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
        assert_eq!(value(&grown(&characters).unwrap()), want, "{text}");
    }
}

#[test]
fn the_value_so_far_is_always_valid_json() {
    for text in TEXTS {
        let mut partial = Partial::default();
        for (at, c) in text.char_indices() {
            partial.push(&text[at..at + c.len_utf8()]).unwrap();
            if partial.root().is_some() && partial.tree.open.is_empty() {
                continue;
            }
            if partial.root().is_some() {
                assert!(serde_json::from_str::<Value>(&partial.to_string()).is_ok(), "{partial}");
            }
        }
    }
}

#[test]
fn bad_texts_are_bad_at_every_cut() {
    for (text, offset) in [
        ("", 0),
        ("{", 1),
        ("[1,]", 3),
        ("{\"a\" 1}", 5),
        ("{a:1}", 1),
        ("{\"a\":1,}", 7),
        ("[1}", 2),
        ("01", 1),
        ("1.", 2),
        ("-", 1),
        ("[1e+]", 4),
        ("tru", 3),
        ("trux", 3),
        ("nul,", 3),
        ("\"\n\"", 1),
        ("\"ab\u{1}\"", 3),
        ("\"\\x\"", 2),
        ("\"\\u00g0\"", 5),
        ("\"a", 2),
        ("1 2", 2),
        ("{} {}", 3),
    ] {
        let whole = grown(&[text]).err();
        assert_eq!(whole, Some(offset), "{text:?}");
        for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
            assert_eq!(grown(&[&text[..at], &text[at..]]).err(), whole, "{text:?} at {at}");
        }
    }
}

#[test]
fn surrogate_pairs_may_be_cut() {
    for (pieces, want) in [
        (&["\"\\ud8", "3d\\ude", "00\""][..], "😀"),
        (&["\"\\ud83d", "\\", "ude00\""], "😀"),
        (&["\"\\ud83d", "x\""], "\u{FFFD}x"),
        (&["\"\\ud83d\\n\""], "\u{FFFD}\n"),
        (&["\"\\ud83d\\ud83d\\ude00\""], "\u{FFFD}😀"),
        (&["\"\\ude00\""], "\u{FFFD}"),
        (&["\"\\ud83d\""], "\u{FFFD}"),
        (&["\"\\ud83d\\u0041\""], "\u{FFFD}A"),
    ] {
        assert_eq!(grown(pieces).unwrap().root().unwrap().text(), Some(want), "{pieces:?}");
    }
}

#[test]
fn the_last_of_equal_keys_wins_at_the_place_of_the_first() {
    let few = grown(&[r#"{"a":1,"b":2,"a":{"c":3}}"#]).unwrap();
    assert_eq!(few.to_string(), r#"{"a":{"c":3},"b":2}"#);
    let mut text = "{".to_string();
    for place in 0..100 {
        text += &format!("\"{}\":{place},", place % 40);
    }
    text.pop();
    let many = grown(&[&text, "}"]).unwrap();
    assert_eq!(value(&many), serde_json::from_str::<Value>(&format!("{text}}}")).unwrap());
    assert_eq!(many.root().unwrap().field("39").unwrap().scalar(), Some("79"));
    assert_eq!(many.root().unwrap().fields().count(), 40);
}

#[test]
fn depth_is_bounded() {
    assert_eq!(grown(&[&"[".repeat(513)]).err(), Some(512));
    assert!(grown(&[&"[".repeat(512), &"]".repeat(512)]).is_ok());
}

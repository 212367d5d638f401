//! `unescape`, compared with serde_json and a simple reader in UTF-16, and `compact`, compared with a simple version and serde_json.

use serde_json::Value;
use serde_json::value::RawValue;
use tidewire_core::json::{compact, unescape};

/// The input is a text that may be a JSON string or other JSON.
pub fn strings(data: &[u8]) {
    check_unescape(data);
    check_compact(&String::from_utf8_lossy(data));
}

fn check_unescape(raw: &[u8]) {
    let have = unescape(raw);
    let quoted = raw.len() >= 2 && raw.first() == Some(&b'"') && raw.last() == Some(&b'"');
    let ascii: Vec<u8> = raw.iter().map(|byte| if byte.is_ascii() { *byte } else { b'x' }).collect();
    let is_string = quoted && serde_json::from_slice::<&RawValue>(&ascii).is_ok();
    assert_eq!(have.is_some(), is_string, "{have:?}");
    let Some(have) = have else { return };
    if let Ok(want) = serde_json::from_slice::<String>(raw) {
        assert_eq!(have, want);
    }
    if let Ok(text) = str::from_utf8(raw) {
        assert_eq!(have, in_utf16(&text[1..text.len() - 1]));
    }
}

/// Reads the content of a valid string.
fn in_utf16(content: &str) -> String {
    let mut units = Vec::new();
    let mut rest = content.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
            continue;
        }
        units.push(match rest.next().expect("an escape") {
            'u' => {
                let digits: String = rest.by_ref().take(4).collect();
                u16::from_str_radix(&digits, 16).expect("four digits")
            }
            'b' => 8,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            other => other as u16,
        });
    }
    String::from_utf16_lossy(&units)
}

fn check_compact(json: &str) {
    let mut have = String::from("|");
    compact(json, &mut have);
    let have = have.strip_prefix('|').expect("it appends");
    assert_eq!(have, without_white(json));
    let mut again = String::new();
    compact(have, &mut again);
    assert_eq!(again, have, "once is enough");
    if let Ok(want) = serde_json::from_str::<Value>(json) {
        assert_eq!(serde_json::from_str::<Value>(have).expect("still JSON"), want);
    }
}

fn without_white(json: &str) -> String {
    let (mut string, mut escaped) = (false, false);
    let kept = |character: &char| {
        let is_white = !string && matches!(character, ' ' | '\t' | '\n' | '\r');
        match character {
            _ if escaped => escaped = false,
            '\\' if string => escaped = true,
            '"' => string = !string,
            _ => {}
        }
        !is_white
    };
    json.chars().filter(kept).collect()
}

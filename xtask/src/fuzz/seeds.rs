//! Seeds for the fuzz targets: the bodies of `tests/cases`, in the input format of each target (`fuzz/src/input.rs`,
//! `fuzz/src/stream/choices.rs`).

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::cannot;
use crate::run::Trouble;

/// Writes the seeds of a target, one file each, in place of earlier ones.
pub(super) fn write(target: &str, folder: &Path) -> Result<(), Trouble> {
    fs::remove_dir_all(folder).map_err(cannot("clear", folder))?;
    fs::create_dir_all(folder).map_err(cannot("create", folder))?;
    for (index, seed) in seeds(target)?.iter().enumerate() {
        let path = folder.join(index.to_string());
        fs::write(&path, seed).map_err(cannot("write", &path))?;
    }
    Ok(())
}

/// The JSON tables of `tests/cases`.
const JSON: [&str; 4] = ["json_ndjson", "json_seq", "json_array", "json_concat"];

fn seeds(target: &str) -> Result<Vec<Vec<u8>>, Trouble> {
    let rows = |tables: &[&str]| tables.iter().map(|table| rows(table)).collect::<Result<Vec<_>, _>>();
    Ok(match target {
        "sse" | "text" => decoding(&rows(&[target])?.concat()),
        "page" => decoding(&rows(&["sse", "text"])?.concat()),
        "ndjson" | "json_seq" | "json_array" | "concat" => {
            let table = JSON.iter().find(|table| table.ends_with(target)).unwrap_or(&target);
            decoding(&rows(&[table])?.concat())
        }
        "decoder" => {
            let all = rows(&["sse", "text", JSON[0], JSON[1], JSON[2], JSON[3]])?.concat();
            let kinds = (0..32).cycle();
            kinds.zip(decoding(&all)).map(|(kind, seed)| [&[kind], &seed[..]].concat()).collect()
        }
        "stream" => rows(&["stream"])?.concat().iter().filter_map(streaming).flatten().collect(),
        "lookup" => {
            let bodies = rows(&JSON)?.concat();
            let bodies = bodies.iter().map(|row| [b"\x01a", &row.wire[..]].concat());
            bodies.chain(LOOKUPS.map(<[u8]>::to_vec)).collect()
        }
        "dialects" => replies(&[&[0, 3, b'"']])?,
        "alike" => replies(&ALIKE)?,
        "partial" => rows(&JSON)?.concat().iter().map(|row| [b"\x00", &row.wire[..]].concat()).collect(),
        "strings" | "views" => rows(&JSON)?.concat().into_iter().map(|row| row.wire).collect(),
        "retry_after" => DATES.iter().map(|date| [&[0; 4], date.as_bytes()].concat()).collect(),
        // `session` reads numbers, which need no seeds.
        _ => Vec::new(),
    })
}

/// The length of a path, the path, and a JSON text that has a value there.
const LOOKUPS: [&[u8]; 4] = [
    b"\x01a{\"a\":1,\"a\":2}",
    b"\x03a.b{\"a\":{\"b\":1},\"\\u0061\":{\"c\":2}}",
    b"\x050.a.1[{\"a\":[1,\"\\ud83d\\ude00\"]}, 2]",
    b"\x00 [1] x",
];
const DATES: [&str; 4] =
    ["120", "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"];

/// The dialects in the order of `DIALECTS`, from the second one.
const REPLIES: [&str; 23] = [
    "openai_chat",
    "openai_responses",
    "anthropic",
    "gemini",
    "gemini_interactions",
    "ollama",
    "cohere",
    "mistral",
    "mistral_conversations",
    "bedrock_json",
    "vercel_ui",
    "ag_ui",
    "openai_assistants",
    "workers_ai",
    "dashscope",
    "dify",
    "coze",
    "langgraph",
    "replicate",
    "tgi",
    "a2a",
    "snowflake_cortex",
    "generic",
];

/// The choices of the target `alike`: how events are written and which markers there are, a place, a byte; decoder options, a limit, cuts.
const ALIKE: [&[u8]; 5] = [
    &[0, 3, b'"', 0, 0, 3, 0],
    &[2, 10, b'x', 0, 0, 2, 60],
    &[16, 2, b'x', 0, 0, 2, 60],
    &[80, 3, b'x', 0, 0, 2, 60],
    &[0, 6, b'x', 1, 80, 2, 60],
];

/// A dialect, these choices, and the records of a reply, one per line.
fn replies(choices: &[&[u8]]) -> Result<Vec<Vec<u8>>, Trouble> {
    let mut seeds = Vec::new();
    for (dialect, table) in (1..).zip(REPLIES) {
        for row in rows(&format!("llm_{table}"))? {
            let records = row.case["data"].as_array().into_iter().flatten();
            let lines = records.map(|data| data.as_str().map_or_else(|| data.to_string(), str::to_owned));
            let lines: Vec<String> = lines.collect();
            seeds.extend(
                choices.iter().map(|chosen| [&[dialect], *chosen, lines.join("\n").as_bytes()].concat()),
            );
        }
    }
    Ok(seeds)
}

/// A row of a case table.
#[derive(Clone)]
struct Row {
    wire: Vec<u8>,
    case: Value,
}

fn rows(table: &str) -> Result<Vec<Row>, Trouble> {
    let path = format!("tests/cases/{table}.json");
    let text = fs::read_to_string(&path).map_err(cannot("read", Path::new(&path)))?;
    let mut table: Value =
        serde_json::from_str(&text).map_err(|error| Trouble::Failed(format!("{path}: {error}")))?;
    let cases = table["cases"].as_array_mut().map(std::mem::take).unwrap_or_default();
    if cases.is_empty() {
        return Err(Trouble::Failed(format!("{path} has no cases")));
    }
    Ok(cases.into_iter().map(|case| Row { wire: wire(&case), case }).collect())
}

fn wire(case: &Value) -> Vec<u8> {
    let hex = case["wire_hex"].as_str().unwrap_or_default();
    let byte = |at: usize| hex.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    let bytes = (0..hex.len()).step_by(2).filter_map(byte);
    case["wire"].as_str().map_or_else(|| bytes.collect(), |text| text.as_bytes().to_vec())
}

/// Options, a limit, how to cut, and the body.
fn decoding(rows: &[Row]) -> Vec<Vec<u8>> {
    let seed = |(index, row): (usize, &Row)| {
        let options = &row.case["options"];
        let flags = ["", "skip_oversized", "deliver_unterminated", "done"];
        let limit = options["max_event_bytes"].as_u64().and_then(|limit| u8::try_from(limit).ok());
        let set = flags.iter().enumerate().filter(|(_, flag)| options[**flag] == true);
        let flags = set.fold(u8::from(limit.is_some()), |flags, (bit, _)| flags | 1 << bit);
        let choices = [flags, limit.unwrap_or_default(), index as u8, (index as u8).wrapping_mul(37)];
        [&choices[..], &row.wire].concat()
    };
    rows.iter().enumerate().map(seed).collect()
}

/// One response: choices, its head, its body, its end; and the same with something else after the first part of the body.
fn streaming(row: &Row) -> Option<Vec<Vec<u8>>> {
    const BODY: u8 = 0;
    const HEAD: u8 = 1;
    const BODY_END: u8 = 3;
    const PART_OF_BODY: u8 = 0x1E;
    const BROKE: u8 = 4;
    const CORRUPT: u8 = 5;
    const KICK: u8 = 10;
    const CANCEL: u8 = 11;
    const IDEMPOTENT: u8 = 1;
    const TYPES: [Option<&str>; 6] = [
        Some("text/event-stream"),
        Some("application/x-ndjson"),
        Some("application/json"),
        Some("application/json-seq"),
        Some("text/plain"),
        None,
    ];
    let content_type = row.case["content_type"].as_str();
    let kind = TYPES.iter().position(|known| *known == content_type)?;
    let follow = u8::from(row.case["follow"] == true) << 2;
    let end = if row.case["broken"] == true { BROKE } else { BODY_END };
    let seed = |flags: u8, body: u8, end: u8| {
        let mut seed = vec![0, flags, 0, 0, 0, 3, HEAD | (kind as u8) << 4];
        for piece in row.wire.chunks(255) {
            seed.extend([body, piece.len() as u8]);
            seed.extend(piece);
        }
        seed.push(end);
        seed
    };
    let left = [BROKE, CORRUPT, KICK, CANCEL].map(|end| seed(follow | IDEMPOTENT, PART_OF_BODY, end));
    Some([seed(follow, BODY, end)].into_iter().chain(left).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_choices_and_a_body() {
        let case = serde_json::json!({"options": {"max_event_bytes": 7, "done": true}, "wire_hex": "efbb"});
        let row = Row { wire: wire(&case), case };
        assert_eq!(decoding(&[row]), [vec![0b1001, 7, 0, 0, 0xEF, 0xBB]]);
        let case = serde_json::json!({"content_type": "text/plain", "wire": "ab", "broken": true});
        let row = Row { wire: wire(&case), case };
        let whole = vec![0, 0, 0, 0, 0, 3, 0x41, 0, 2, b'a', b'b', 4];
        let left = |end| vec![0, 1, 0, 0, 0, 3, 0x41, 0x1E, 2, b'a', b'b', end];
        assert_eq!(streaming(&row), Some(vec![whole, left(4), left(5), left(10), left(11)]));
    }
}

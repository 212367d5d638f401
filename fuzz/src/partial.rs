//! JSON that arrives in pieces, compared with the whole text, and with serde_json.

use serde_json::Value;
use tidewire_llm::partial::Partial;

/// The input is the length of the pieces, and a text that may be JSON.
pub fn partial(data: &[u8]) {
    let Some((&cut, text)) = data.split_first() else { return };
    let Ok(text) = str::from_utf8(text) else { return };
    let whole = grown([text].into_iter());
    let (pieces, step) = (text.char_indices(), usize::from(cut % 8) + 1);
    let cuts: Vec<usize> = pieces.map(|(at, _)| at).step_by(step).skip(1).chain([text.len()]).collect();
    let mut from = 0;
    let pieces = cuts.iter().map(|at| &text[std::mem::replace(&mut from, *at)..*at]);
    let cut = grown(pieces);
    assert_eq!(cut, whole);
    let want = serde_json::from_str::<Value>(text);
    match (&whole, want) {
        (Ok(have), Ok(want)) => assert_eq!(serde_json::from_str::<Value>(have).expect("JSON"), want),
        (Err(offset), Ok(_)) => panic!("bad at {offset}"),
        // serde_json rejects lone surrogates and very large numbers; JSON.parse accepts them.
        (Ok(_), Err(error)) => {
            let said = error.to_string();
            let known = ["surrogate", "hex escape", "out of range", "recursion limit"];
            assert!(known.iter().any(|known| said.contains(known)), "{said}");
        }
        (Err(_), Err(_)) => {}
    }
}

fn grown<'a>(pieces: impl Iterator<Item = &'a str>) -> Result<String, usize> {
    let mut partial = Partial::default();
    for piece in pieces {
        partial.push(piece).map_err(|problem| problem.offset)?;
    }
    partial.finish().map_err(|problem| problem.offset)?;
    Ok(partial.to_string())
}

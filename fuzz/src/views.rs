//! Views of a JSON text, compared with the tree that serde_json builds.

use serde_json::value::RawValue;
use serde_json::{Map, Value as Tree};
use tidewire_llm::json::Value;

/// The input is a text that may be JSON.
pub fn views(data: &[u8]) {
    let ascii: Vec<u8> = data.iter().map(|byte| if byte.is_ascii() { *byte } else { b'x' }).collect();
    let sound = serde_json::from_slice::<&RawValue>(&ascii).is_ok();
    let view = match Value::parse(data) {
        Ok(view) => view,
        Err(bad) => {
            // serde_json stops at 128 levels, and reports errors at other offsets.
            let deep = ascii.iter().filter(|byte| matches!(byte, b'[' | b'{')).count() > 127;
            assert!(!sound || deep, "{bad}");
            return assert!(bad.offset <= data.len() as u64);
        }
    };
    if let Ok(tree) = serde_json::from_slice::<Tree>(data) {
        assert_eq!(rebuilt(view, &tree), tree);
    }
}

/// Rebuilds the tree from views; the given tree only names the keys.
fn rebuilt(view: Value<'_>, tree: &Tree) -> Tree {
    match tree {
        Tree::String(_) => view.text().expect("a string").into_owned().into(),
        Tree::Array(items) => {
            let views: Vec<_> = view.items().collect();
            assert_eq!(views.len(), items.len());
            views.into_iter().zip(items).map(|(view, item)| rebuilt(view, item)).collect()
        }
        Tree::Object(fields) => {
            let field = |(name, value): (&String, &Tree)| {
                // Views treat `null` as absent.
                let [found, again] = view.fields(&[name, name]);
                assert!(again.is_none(), "the first of equal names counts");
                (name.clone(), found.map_or(Tree::Null, |found| rebuilt(found, value)))
            };
            Tree::Object(fields.iter().map(field).collect::<Map<_, _>>())
        }
        Tree::Null | Tree::Bool(_) | Tree::Number(_) => {
            serde_json::from_slice(view.as_bytes()).expect("a part of what was read")
        }
    }
}

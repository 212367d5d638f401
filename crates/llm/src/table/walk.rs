//! Reads a record in one pass: checks that it is JSON, and finds the values that have roles.

use alloc::vec::Vec;
use core::ops::Range;

use tidewire_core::json::{plain, unescape_into};

use super::{Action, Edge, Table, roles};

/// The deepest nesting, as in the core's own scanner.
const MAX_DEPTH: usize = 512;

/// A value that has a role. Those inside a scope follow it.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    /// The kind of record in which it has this role.
    pub(crate) kind: u8,
    pub(crate) role: u8,
    pub(crate) rank: u8,
    /// Where the value is in the record's text.
    pub(crate) value: Range<usize>,
    /// The content of its key.
    pub(crate) key: Range<usize>,
    /// Its place in its array.
    pub(crate) place: u32,
    /// For a scope: the index after its last hit.
    pub(crate) until: usize,
}

/// Reads the value at the front of `text`, after any white space. Returns its end, or `None` if it is not JSON.
pub(crate) fn walk(table: &Table, text: &[u8], hits: &mut Vec<Hit>) -> Option<usize> {
    let mut walker = Walker { table, text, at: 0, hits, has_twice: false, picks_last: false, depth: 0 };
    walker.hits.clear();
    walker.value(table.root())?;
    if walker.has_twice {
        // An object has a key twice, and the last one counts: read again, this time looking for the last ones.
        walker.hits.clear();
        (walker.at, walker.depth, walker.picks_last) = (0, 0, true);
        walker.value(table.root())?;
    }
    Some(walker.at)
}

struct Walker<'t, 'h> {
    table: &'t Table,
    text: &'t [u8],
    at: usize,
    hits: &'h mut Vec<Hit>,
    has_twice: bool,
    picks_last: bool,
    /// How many brackets are open around the value.
    depth: usize,
}

impl<'t> Walker<'t, '_> {
    /// Reads a value; `node` is where the paths through it are, 0 if there are none.
    fn value(&mut self, node: usize) -> Option<()> {
        self.white();
        let read = match self.text.get(self.at)? {
            b'"' => return self.string(),
            b'{' if node != 0 => Self::object,
            b'[' if node != 0 => Self::array,
            b'{' | b'[' => return self.skip(),
            _ => return self.scalar(),
        };
        self.depth += 1;
        read(self, node)?;
        self.depth -= 1;
        Some(())
    }

    fn object(&mut self, node: usize) -> Option<()> {
        let last = if self.picks_last { self.last_of_each(node)? } else { Vec::new() };
        self.at += 1;
        self.white();
        if self.eat(b'}') {
            return Some(());
        }
        let mut seen = 0_u64;
        loop {
            let key = self.key()?;
            match self.edge(node, &key) {
                None => self.value(0)?,
                Some((number, edge))
                    if self.picks_last && edge.is_name() && !last.contains(&(number, self.at)) =>
                {
                    self.value(0)?
                }
                Some((number, edge)) => {
                    // Several keys fit what is not a name. Beyond 64 names any may be there twice.
                    let bit = 1_u64.checked_shl(number).unwrap_or_default();
                    self.has_twice |= edge.is_name() && (seen & bit != 0 || number >= u64::BITS);
                    seen |= bit;
                    self.follow(&edge, key, 0)?;
                }
            }
            self.white();
            if !self.eat(b',') {
                return self.eat(b'}').then_some(());
            }
            self.white();
        }
    }

    /// Where the last value of each name is that the node knows.
    fn last_of_each(&mut self, node: usize) -> Option<Vec<(u32, usize)>> {
        let start = self.at;
        let mut last: Vec<(u32, usize)> = Vec::new();
        self.at += 1;
        self.white();
        if !self.eat(b'}') {
            loop {
                let key = self.key()?;
                // There are only so many names; what fits several keys is not compared.
                if let Some((number, _)) = self.edge(node, &key).filter(|(_, edge)| edge.is_name()) {
                    last.retain(|(known, _)| *known != number);
                    last.push((number, self.at));
                }
                self.value(0)?;
                self.white();
                if !self.eat(b',') {
                    self.eat(b'}').then_some(())?;
                    break;
                }
                self.white();
            }
        }
        self.at = start;
        Some(last)
    }

    fn array(&mut self, node: usize) -> Option<()> {
        self.at += 1;
        self.white();
        if self.eat(b']') {
            return Some(());
        }
        let mut place = 0;
        loop {
            match self.table.element(node, place) {
                None => self.value(0)?,
                Some(edge) => self.follow(&edge, 0..0, place)?,
            }
            place += 1;
            self.white();
            if !self.eat(b',') {
                return self.eat(b']').then_some(());
            }
        }
    }

    /// Reads the value at the end of an edge.
    fn follow(&mut self, edge: &Edge<'t>, key: Range<usize>, place: u32) -> Option<()> {
        self.white();
        let start = self.at;
        let first = *self.text.get(start)?;
        let begun = self.hits.len();
        let found = |action: Action, value: Range<usize>, hits: &mut Vec<Hit>| {
            let Action { kind, role, rank } = action;
            hits.push(Hit { kind, role, rank, value, key: key.clone(), place, until: 0 });
        };
        for action in edge.actions().filter(|action| roles::opens(action.role, first)) {
            found(action, start..start, self.hits);
        }
        let scopes = begun..self.hits.len();
        self.value(edge.node)?;
        if first != b'n' {
            let is_container = matches!(first, b'{' | b'[');
            for action in edge.actions().filter(|action| roles::takes(action.role, is_container)) {
                found(action, start..self.at, self.hits);
            }
        }
        let until = self.hits.len();
        for scope in &mut self.hits[scopes] {
            (scope.value.end, scope.until) = (self.at, until);
        }
        Some(())
    }

    #[inline]
    fn edge(&self, node: usize, key: &Range<usize>) -> Option<(u32, Edge<'t>)> {
        let content = &self.text[key.clone()];
        // Nearly no key is written with an escape.
        if plain(content) == content.len() {
            return self.table.edge(node, content);
        }
        let mut unescaped = alloc::string::String::new();
        unescape_into(content, &mut unescaped)?;
        self.table.edge(node, unescaped.as_bytes())
    }

    /// Reads a key and its colon; returns where its content is.
    fn key(&mut self) -> Option<Range<usize>> {
        let start = self.at + 1;
        self.string()?;
        let key = start..self.at - 1;
        self.white();
        self.eat(b':').then_some(key)
    }

    /// Reads a string, quotes included.
    #[inline]
    fn string(&mut self) -> Option<()> {
        self.eat(b'"').then_some(())?;
        loop {
            self.at += plain(&self.text[self.at..]);
            match &self.text[self.at..] {
                [b'"', ..] => {
                    self.at += 1;
                    return Some(());
                }
                [b'\\', b'u', digits @ ..] => {
                    digits.first_chunk::<4>()?.iter().all(u8::is_ascii_hexdigit).then_some(())?;
                    self.at += 6;
                }
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => self.at += 2,
                _ => return None,
            }
        }
    }

    /// Reads any value without looking for roles in it.
    fn skip(&mut self) -> Option<()> {
        let mut open = [0_u64; MAX_DEPTH / 64];
        let around = self.depth;
        let mut depth = around;
        loop {
            self.white();
            match self.text.get(self.at)? {
                b'"' => self.string()?,
                bracket @ (b'{' | b'[') => {
                    let is_object = *bracket == b'{';
                    self.at += 1;
                    self.white();
                    if !self.eat(bracket + 2) {
                        let word = open.get_mut(depth / 64)?;
                        *word = *word & !(1 << (depth % 64)) | u64::from(is_object) << (depth % 64);
                        depth += 1;
                        if is_object {
                            self.key()?;
                        }
                        continue;
                    }
                    // The brackets of an empty one are levels too.
                    (depth < MAX_DEPTH).then_some(())?;
                }
                _ => self.scalar()?,
            }
            loop {
                if depth == around {
                    return Some(());
                }
                self.white();
                let is_object = open[(depth - 1) / 64] >> ((depth - 1) % 64) & 1 != 0;
                if self.eat(b',') {
                    if is_object {
                        self.white();
                        self.key()?;
                    }
                    break;
                }
                self.eat(if is_object { b'}' } else { b']' }).then_some(())?;
                depth -= 1;
            }
        }
    }

    /// Reads a literal or a number.
    fn scalar(&mut self) -> Option<()> {
        match self.text.get(self.at)? {
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.text[self.at..].starts_with(word).then_some(())?;
        self.at += word.len();
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        } else if self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            return None;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let count = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        (count > 0).then_some(())
    }

    #[inline]
    fn white(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.text.get(self.at) {
            self.at += 1;
        }
    }

    #[inline]
    fn eat(&mut self, byte: u8) -> bool {
        let is_there = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(is_there);
        is_there
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use alloc::borrow::Cow;
    use alloc::string::{String, ToString};

    use proptest::prelude::*;

    use super::*;
    use crate::json::Value;
    use crate::table::compile::compile;

    /// Paths of every form, so that values are walked and skipped at every depth.
    const TABLE: &str = r#"{"name": "t", "paths": {
        "a": "text", "b.a": "text", "b[]": "piece", "b[].a": "text", "b[][0]": "other", "c*.a.b": "reasoning", "*d": "other", "e": "call",
        "e.a": "call.id", "f[1].a": "text", "g[]": "reasoning", "g[0]": "text", "*": "ignore"
    }}"#;

    fn table() -> Table {
        Table::new(Cow::Owned(compile(TABLE).unwrap()))
    }

    fn found(text: &str) -> (Option<usize>, Vec<String>) {
        let mut hits = Vec::new();
        let end = walk(&table(), text.as_bytes(), &mut hits);
        let name = |hit: &Hit| [roles::NAMES[usize::from(hit.role)], "=", &text[hit.value.clone()]].concat();
        (end, hits.iter().filter(|hit| hit.role != roles::IGNORE).map(name).collect())
    }

    #[test]
    fn values_are_found_by_their_paths() {
        for (text, want) in [
            (r#"{"a":"x"}"#, &[r#"text="x""#][..]),
            (r#" { "a" : 1 , "z" : {"a":"no"} } "#, &["text=1"]),
            (r#"{"a":null}"#, &[]),
            (r#"{"\u0061":"x"}"#, &[r#"text="x""#]),
            (r#"{"b":{"a":true}}"#, &["text=true"]),
            (r#"{"b":[{"a":1},{"a":2}]}"#, &[r#"piece={"a":1}"#, "text=1", r#"piece={"a":2}"#, "text=2"]),
            (r#"{"b":[[7,8],3]}"#, &["other=7"]),
            (r#"{"c9":{"a":{"b":"r"}},"xd":[1]}"#, &[r#"reasoning="r""#, "other=[1]"]),
            (r#"{"f":[{"a":1},{"a":2}]}"#, &["text=2"]),
            // What fits less counts.
            (r#"{"g":[1,2]}"#, &["text=1", "reasoning=2"]),
            // The last of two equal keys counts, with all that is in it.
            (r#"{"a":1,"a":2}"#, &["text=2"]),
            (r#"{"b":{"a":1},"a":3,"b":{"a":2}}"#, &["text=3", "text=2"]),
            (r#"{"b":[{"a":1}],"b":4}"#, &[]),
            (r#"{"e":{"a":1,"a":2},"e":{"a":3,"a":4}}"#, &[r#"call={"a":3,"a":4}"#, "call.id=4"]),
        ] {
            let (end, have) = found(text);
            assert_eq!(
                (end, &have[..]),
                (Some(text.trim_end().len()), &want.iter().map(ToString::to_string).collect::<Vec<_>>()[..]),
                "{text}"
            );
        }
    }

    #[test]
    fn names_that_stand_twice_among_many_keys_are_linear() {
        let time = |count: usize| {
            let other: String = (0..count).map(|number| alloc::format!("\"k{number}\":1,")).collect();
            let text = ["{", &other, &"\"a\":1,".repeat(count), "\"a\":2}"].concat();
            let began = std::time::Instant::now();
            assert_eq!(found(&text), (Some(text.len()), ["text=2".to_string()].into()));
            began.elapsed()
        };
        let best = |count| (0..3).map(|_| time(count)).min().unwrap();
        let (some, many) = (best(2_000), best(32_000));
        assert!(many < some * 60, "{some:?}, 16 times as many {many:?}");
    }

    #[test]
    fn nesting_ends_where_the_core_says() {
        for (depth, is_json) in [(511, true), (512, true), (513, false)] {
            for path in ["", "{\"b\":"] {
                let around = path.len().min(1);
                let text =
                    [path, &"[".repeat(depth - around), &"]".repeat(depth - around), &"}".repeat(around)]
                        .concat();
                assert_eq!(found(&text).0.is_some(), is_json, "{depth} {path}");
                assert_eq!(Value::parse(text.as_bytes()).is_ok(), is_json, "{depth} {path}");
            }
        }
    }

    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("1".to_string()),
            Just("-0.5e+3".to_string()),
            Just("true".to_string()),
            Just("null".to_string()),
            Just("\"x\"".to_string()),
            Just("\"\\u00e9\\n\"".to_string()),
            Just("\"\"".to_string()),
            Just("[]".to_string()),
            Just("{}".to_string()),
        ];
        leaf.prop_recursive(5, 40, 4, |inner| {
            let key = prop_oneof!["[a-f]", "c[0-9]", "x?d"];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|items| ["[", &items.join(" , "), "]"].concat()),
                prop::collection::vec((key, inner), 0..4).prop_map(|fields| {
                    let fields: Vec<_> =
                        fields.iter().map(|(key, value)| ["\"", key, "\": ", value].concat()).collect();
                    ["{", &fields.join(","), "}"].concat()
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_json_is_what_the_core_says(text in json(), at in 0..200_usize, byte in prop::sample::select(b"{}[]\",:\\u0-.eE+nt \x01".to_vec()), change in 0..4) {
            let mut bytes = text.into_bytes();
            let at = at.min(bytes.len().saturating_sub(1));
            match change {
                1 => bytes[at] = byte,
                2 => bytes.insert(at, byte),
                3 => { bytes.remove(at); }
                _ => {}
            }
            let mut hits = Vec::new();
            let end = walk(&table(), &bytes, &mut hits);
            let value = Value::first(&bytes);
            prop_assert_eq!(end.is_some(), value.is_ok(), "{:?}", String::from_utf8_lossy(&bytes));
            if let (Some(end), Ok(value)) = (end, value) {
                prop_assert_eq!(end, value.as_bytes().as_ptr() as usize - bytes.as_ptr() as usize + value.as_bytes().len());
            }
        }
    }
}

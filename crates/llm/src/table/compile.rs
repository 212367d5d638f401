//! Compiles a dialect's table from its JSON text to the bytes that [`Table`](super::Table) reads. docs/dialect-format.md has the format.
//!
//! Errors name the line and the field. The crate's build compiles the built-in tables with it, and programs compile their own.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::layout::{self, ANY_KIND, form};
use super::roles;
use crate::json::Value;

/// Why a table cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError {
    /// The line of the table's text, from 1.
    pub line: usize,
    /// The field of the table, such as `records.done.usage`; empty for the text as a whole.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if !self.field.is_empty() {
            write!(f, ", {}", self.field)?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl core::error::Error for TableError {}

/// The largest table in bytes: offsets have 16 bits.
const LARGEST: usize = u16::MAX as usize;
/// The most entries of a list: their number has one byte.
const MOST: usize = u8::MAX as usize;
/// The fields of a table.
pub(crate) const FIELDS: [&str; 18] = [
    "name",
    "about",
    "source",
    "date",
    "evidence",
    "kind",
    "done",
    "cursor",
    "varying",
    "plain",
    "flags",
    "finish_default",
    "finish",
    "pieces",
    "inside",
    "paths",
    "records",
    "auto",
];

/// Compiles the JSON text of a table.
///
/// # Errors
/// [`TableError`] if the text is not JSON, has an unknown field, or has an invalid value in a field.
pub(crate) fn compile(text: &str) -> Result<Vec<u8>, TableError> {
    let compiler = Compiler { text };
    let table = Value::parse(text.as_bytes())
        .map_err(|bad| compiler.error_at(bad.offset as usize, "", bad.problem))?;
    compiler.table(table)
}

/// A rule: in records of this kind, a value has this role.
#[derive(Clone, Copy)]
struct Action {
    kind: u8,
    role: u8,
    /// The position in the table: of several values with one role, the one with the lowest rank counts.
    rank: u8,
}

/// What a step of a path matches: one of [`form`], and the text to compare.
#[derive(Clone, PartialEq, Eq)]
struct Step {
    form: u8,
    text: String,
}

#[derive(Default)]
struct Node {
    actions: Vec<Action>,
    children: Vec<(Step, Box<Node>)>,
}

struct Compiler<'t> {
    text: &'t str,
}

impl Compiler<'_> {
    fn table(&self, table: Value<'_>) -> Result<Vec<u8>, TableError> {
        for (key, _) in table.entries() {
            let name = self.string(key, "")?;
            if !FIELDS.contains(&&*name) {
                let problem = format!("no such field; use one of {}", FIELDS.join(", "));
                return Err(self.error(key, &name, problem));
            }
        }
        let name = match table.field("name") {
            Some(name) => self.string(name, "name")?,
            None => return Err(self.error(table, "name", "is missing")),
        };
        let (root, kinds) = self.rules(table)?;

        let mut out = vec![0; layout::HEADER];
        put(&mut out, layout::NAME, |out| text(out, &name));
        let cursor = self.optional(table, "cursor")?;
        put(&mut out, layout::CURSOR, |out| text(out, &cursor));
        let default = self.optional(table, "finish_default")?;
        put(&mut out, layout::FINISH_DEFAULT, |out| text(out, &default));
        let varying = self.strings(table, "varying")?;
        if varying.len() > layout::VARYING {
            return Err(self.error(table, "varying", format!("has more than {} fields", layout::VARYING)));
        }
        put(&mut out, layout::VARYING_AT, |out| {
            for place in 0..layout::VARYING {
                text(out, varying.get(place).map_or("", |name| name));
            }
        });
        let pieces = self.words(table, "pieces", &layout::PIECES)?;
        put(&mut out, layout::PIECES_AT, |out| list(out, &pieces));
        let finish = self.words(table, "finish", &layout::REASONS)?;
        put(&mut out, layout::FINISH_AT, |out| list(out, &finish));
        put(&mut out, layout::KINDS, |out| {
            out.push(kinds.len() as u8);
            for kind in &kinds {
                let step = key(kind);
                out.push(step.form);
                text(out, &step.text);
            }
        });
        let marks = self.marks(table)?;
        put(&mut out, layout::MARKS, |out| {
            out.push(marks.len() as u8);
            for mark in &marks {
                out.push(mark.len() as u8);
                for (path, step) in mark {
                    text(out, path);
                    out.push(step.form);
                    text(out, &step.text);
                }
            }
        });
        let flags = self.flags(table)?;
        out[layout::FLAGS] = flags;
        let at = node(&mut out, &root);
        out[layout::ROOT..layout::ROOT + 2].copy_from_slice(&(at as u16).to_le_bytes());
        put(&mut out, layout::RECORD, |out| actions(out, &root.actions));
        if out.len() > LARGEST {
            return Err(self.error(table, "", "the table is too large"));
        }
        Ok(out)
    }

    fn rules(&self, table: Value<'_>) -> Result<(Node, Vec<String>), TableError> {
        let (mut root, kinds) = self.paths(table)?;
        // Some gateways wrap each record in another object.
        for around in self.strings(table, "inside")? {
            let (inner, _) = self.paths(table)?;
            root.children.push((key(&around), Box::new(inner)));
        }
        Ok((root, kinds))
    }

    fn paths(&self, table: Value<'_>) -> Result<(Node, Vec<String>), TableError> {
        let mut root = Node::default();
        let mut kinds: Vec<String> = Vec::new();
        let mut rank = 0_u8;
        for path in self.strings(table, "kind")? {
            self.add(&mut root, &path, Action { kind: ANY_KIND, role: roles::KIND, rank }, table, "kind")?;
            rank = rank.saturating_add(1);
        }
        if let Some(paths) = self.object(table, "paths")? {
            for (path, role) in paths.entries() {
                let path = self.string(path, "paths")?;
                let field = format!("paths.{path}");
                self.add_roles(&mut root, &path, ANY_KIND, &mut rank, role, &field)?;
            }
        }
        let Some(records) = self.object(table, "records")? else { return Ok((root, kinds)) };
        for (names, rule) in records.entries() {
            let names = self.string(names, "records")?;
            for name in names.split('|') {
                let field = format!("records.{name}");
                if kinds.iter().any(|kind| kind == name) {
                    return Err(self.error(rule, &field, "is there twice"));
                }
                if kinds.len() + 1 >= usize::from(ANY_KIND) {
                    return Err(self.error(rule, &field, "too many kinds of record"));
                }
                kinds.push(name.to_owned());
                let kind = kinds.len() as u8;
                if !rule.is_object() {
                    self.add_roles(&mut root, "", kind, &mut rank, rule, &field)?;
                    continue;
                }
                for (path, role) in rule.entries() {
                    let path = self.string(path, &field)?;
                    let field = format!("{field}.{path}");
                    self.add_roles(&mut root, &path, kind, &mut rank, role, &field)?;
                }
            }
        }
        Ok((root, kinds))
    }

    /// Adds the role, or each role of a list, that a path has.
    fn add_roles(
        &self,
        root: &mut Node,
        path: &str,
        kind: u8,
        rank: &mut u8,
        value: Value<'_>,
        field: &str,
    ) -> Result<(), TableError> {
        let is_list = value.as_bytes().first() == Some(&b'[');
        for one in value.items().chain((!is_list).then_some(value)) {
            let action = Action { kind, role: self.role(one, field)?, rank: *rank };
            self.add(root, path, action, one, field)?;
            *rank = rank.saturating_add(1);
        }
        Ok(())
    }

    fn add(
        &self,
        root: &mut Node,
        path: &str,
        action: Action,
        at: Value<'_>,
        field: &str,
    ) -> Result<(), TableError> {
        let steps = steps(path).map_err(|problem| self.error(at, field, problem))?;
        let mut node = root;
        for step in steps {
            let place = match node.children.iter().position(|(known, _)| *known == step) {
                Some(place) => place,
                None if node.children.len() == MOST => {
                    return Err(self.error(at, field, "too many paths go through the same object"));
                }
                None => {
                    node.children.push((step, Box::default()));
                    node.children.len() - 1
                }
            };
            node = &mut node.children[place].1;
        }
        node.actions.push(action);
        if node.actions.len() > MOST {
            return Err(self.error(at, field, "the path has too many roles"));
        }
        Ok(())
    }

    fn role(&self, value: Value<'_>, field: &str) -> Result<u8, TableError> {
        let name = self.string(value, field)?;
        let role = roles::NAMES.iter().position(|known| *known == name);
        role.map(|role| role as u8).ok_or_else(|| {
            self.error(value, field, format!("no such role: {name}; use one of {}", roles::NAMES.join(", ")))
        })
    }

    /// The marks by which a record is recognised; all conditions of a mark must hold.
    fn marks(&self, table: Value<'_>) -> Result<Vec<Vec<(String, Step)>>, TableError> {
        let mut marks = Vec::new();
        let auto = table.field("auto");
        if let Some(auto) = auto.filter(|auto| auto.as_bytes().first() != Some(&b'[')) {
            return Err(self.error(auto, "auto", "must be a list of marks"));
        }
        for mark in auto.into_iter().flat_map(Value::items) {
            let mut conditions = Vec::new();
            for (path, value) in mark.entries() {
                let path = self.string(path, "auto")?;
                let step = match value.as_bytes() {
                    b"true" => Step { form: form::PRESENT, text: String::new() },
                    b"false" => Step { form: form::ABSENT, text: String::new() },
                    _ => key(&self.string(value, &format!("auto.{path}"))?),
                };
                conditions.push((path, step));
            }
            if conditions.len() > MOST {
                return Err(self.error(mark, "auto", "a mark has too many conditions"));
            }
            if conditions.is_empty() {
                return Err(self.error(mark, "auto", "a mark without a condition fits everything"));
            }
            marks.push(conditions);
        }
        if marks.len() > MOST {
            return Err(self.error(table, "auto", "has too many marks"));
        }
        Ok(marks)
    }

    fn flags(&self, table: Value<'_>) -> Result<u8, TableError> {
        let mut flags = 0;
        for name in self.strings(table, "flags")? {
            let Some(place) = layout::FLAG_NAMES.iter().position(|flag| *flag == name) else {
                let problem = format!("no such flag: {name}; use one of {}", layout::FLAG_NAMES.join(", "));
                return Err(self.error(table, "flags", problem));
            };
            flags |= 1 << place;
        }
        for (name, flag) in [("done", layout::DONE), ("plain", layout::PLAIN)] {
            match table.field(name) {
                None => {}
                Some(value) if value.is_true() => flags |= flag,
                Some(value) if value.as_bytes() == b"false" => {}
                Some(value) => return Err(self.error(value, name, "must be true or false")),
            }
        }
        Ok(flags)
    }

    /// The keys of an object, each with the index of its value in `names`.
    fn words(&self, table: Value<'_>, field: &str, names: &[&str]) -> Result<Vec<(String, u8)>, TableError> {
        let mut words = Vec::new();
        for (word, value) in self.object(table, field)?.into_iter().flat_map(Value::entries) {
            let word = self.string(word, field)?;
            let field = format!("{field}.{word}");
            let name = self.string(value, &field)?;
            let Some(place) = names.iter().position(|known| *known == name) else {
                return Err(self.error(value, &field, format!("must be one of {}", names.join(", "))));
            };
            words.push((word, place as u8));
        }
        if words.len() > MOST {
            return Err(self.error(table, field, "has too many words"));
        }
        Ok(words)
    }

    /// The value of a field that must be an object if it is there.
    fn object<'t>(&self, table: Value<'t>, field: &str) -> Result<Option<Value<'t>>, TableError> {
        match table.field(field) {
            Some(value) if !value.is_object() => Err(self.error(value, field, "must be an object")),
            value => Ok(value),
        }
    }

    fn optional(&self, table: Value<'_>, field: &str) -> Result<String, TableError> {
        table.field(field).map_or_else(|| Ok(String::new()), |value| self.string(value, field))
    }

    /// A text, or a list of texts.
    fn strings(&self, table: Value<'_>, field: &str) -> Result<Vec<String>, TableError> {
        match table.field(field) {
            None => Ok(Vec::new()),
            Some(value) if value.content().is_some() => Ok(Vec::from([self.string(value, field)?])),
            Some(value) if value.as_bytes().first() == Some(&b'[') => {
                value.items().map(|item| self.string(item, field)).collect()
            }
            Some(value) => Err(self.error(value, field, "must be a text or a list of texts")),
        }
    }

    fn string(&self, value: Value<'_>, field: &str) -> Result<String, TableError> {
        let Some(text) = value.text() else { return Err(self.error(value, field, "must be a text")) };
        if text.len() >= usize::from(layout::NO_NAME) {
            return Err(self.error(value, field, "is longer than 254 bytes"));
        }
        Ok(text.into_owned())
    }

    fn error(&self, at: Value<'_>, field: &str, problem: impl ToString) -> TableError {
        self.error_at(
            (at.as_bytes().as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize),
            field,
            problem,
        )
    }

    fn error_at(&self, offset: usize, field: &str, problem: impl ToString) -> TableError {
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        TableError { line, field: field.to_owned(), problem: problem.to_string() }
    }
}

/// The steps of `a.b[].c`, `[0].d` and `*`.
fn steps(path: &str) -> Result<Vec<Step>, &'static str> {
    let mut steps = Vec::new();
    if path.is_empty() {
        return Ok(steps);
    }
    for part in path.split('.') {
        let (name, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
        if name.is_empty() && rest.is_empty() {
            return Err("a step of the path is empty");
        }
        if !name.is_empty() {
            steps.push(key(name));
        }
        while !rest.is_empty() {
            let Some((inside, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
                return Err("write `[]` for each element and `[0]` for the first");
            };
            let form = if inside.is_empty() { form::EACH } else { form::ELEMENT };
            if !inside.bytes().all(|byte| byte.is_ascii_digit()) || inside.len() > 3 {
                return Err("write `[]` for each element and `[0]` for the first");
            }
            steps.push(Step { form, text: inside.to_owned() });
            rest = after;
        }
    }
    Ok(steps)
}

/// A name, `*`, `a*` or `*z`.
fn key(name: &str) -> Step {
    let (form, text) = match (name.strip_prefix('*'), name.strip_suffix('*')) {
        (Some(""), _) => (form::ANY, ""),
        (Some(end), _) => (form::SUFFIX, end),
        (None, Some(start)) => (form::PREFIX, start),
        (None, None) => (form::EXACT, name),
    };
    Step { form, text: text.to_owned() }
}

/// Appends what `write` produces, and puts its offset into the header.
fn put(out: &mut Vec<u8>, header: usize, write: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len() as u16;
    out[header..header + 2].copy_from_slice(&at.to_le_bytes());
    write(out);
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.push(text.len() as u8);
    out.extend_from_slice(text.as_bytes());
}

fn list(out: &mut Vec<u8>, words: &[(String, u8)]) {
    out.push(words.len() as u8);
    for (word, number) in words {
        text(out, word);
        out.push(*number);
    }
}

fn actions(out: &mut Vec<u8>, actions: &[Action]) {
    out.push(actions.len() as u8);
    for Action { kind, role, rank } in actions {
        out.extend([*kind, *role, *rank]);
    }
}

/// Writes a node after its children and returns its offset. Narrower steps come first: `[0]` before `[]`, names before `a*`, `*b` and `*`.
fn node(out: &mut Vec<u8>, of: &Node) -> usize {
    let below: Vec<usize> = of
        .children
        .iter()
        .map(|(_, child)| if child.children.is_empty() { 0 } else { node(out, child) })
        .collect();
    let mut edges = Vec::new();
    for wanted in [form::ELEMENT, form::EACH, form::EXACT, form::PREFIX, form::SUFFIX, form::ANY] {
        for ((step, child), below) in
            of.children.iter().zip(&below).filter(|((step, _), _)| step.form == wanted)
        {
            let body = out.len();
            out.push(step.form);
            text(out, &step.text);
            out.extend((*below as u16).to_le_bytes());
            actions(out, &child.actions);
            // What can be compared at a glance: the length and the first byte of a name.
            let is_name = step.form == form::EXACT && !step.text.is_empty();
            let length = if is_name { step.text.len() as u8 } else { layout::NO_NAME };
            edges.push((length, step.text.bytes().next().unwrap_or_default(), body as u16));
        }
    }
    let at = out.len();
    out.push(edges.len() as u8);
    for (length, first, body) in edges {
        out.extend([length, first]);
        out.extend(body.to_le_bytes());
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_table_is_an_error_with_its_line_and_field() {
        let many = |of: &str, count| {
            (0..count).map(|number| of.replace('#', &format!("{number}"))).collect::<Vec<_>>().join(",")
        };
        let paths = format!(r#"{{"name": "t", "paths": {{{}}}}}"#, many(r#""k#": "text""#, 256));
        let roles = format!(r#"{{"name": "t", "paths": {{"k": [{}]}}}}"#, many(r#""text""#, 256));
        let marks = format!(r#"{{"name": "t", "auto": [{{{}}}]}}"#, many(r#""k#": true"#, 256));
        for (text, want) in [
            ("{", "line 1: the data ends inside a value"),
            ("[]", "line 1, name: is missing"),
            ("{\"name\":\n1}", "line 2, name: must be a text"),
            ("{\"name\": \"t\",\n\"nmae\": 1}", "line 2, nmae: no such field; use one of name, "),
            (r#"{"name": "t", "paths": 5}"#, "line 1, paths: must be an object"),
            (r#"{"name": "t", "records": [1]}"#, "line 1, records: must be an object"),
            (r#"{"name": "t", "records": {"a": {"b": 1}}}"#, "line 1, records.a.b: must be a text"),
            (r#"{"name": "t", "records": {"a|a": "other"}}"#, "line 1, records.a: is there twice"),
            (r#"{"name": "t", "finish": ["a"]}"#, "line 1, finish: must be an object"),
            (r#"{"name": "t", "finish": {"a": "b"}}"#, "line 1, finish.a: must be one of stop, "),
            (r#"{"name": "t", "auto": "x"}"#, "line 1, auto: must be a list of marks"),
            (r#"{"name": "t", "auto": [{}]}"#, "line 1, auto: a mark without a condition fits everything"),
            (r#"{"name": "t", "flags": ["x"]}"#, "line 1, flags: no such flag: x; use one of "),
            (r#"{"name": "t", "done": 1}"#, "line 1, done: must be true or false"),
            (
                r#"{"name": "t", "paths": {"a..b": "text"}}"#,
                "line 1, paths.a..b: a step of the path is empty",
            ),
            (
                r#"{"name": "t", "paths": {"a[x]": "text"}}"#,
                "line 1, paths.a[x]: write `[]` for each element",
            ),
            (&paths, "line 1, paths.k255: too many paths go through the same object"),
            (&roles, "line 1, paths.k: the path has too many roles"),
            (&marks, "line 1, auto: a mark has too many conditions"),
        ] {
            let error = compile(text).unwrap_err().to_string();
            assert!(error.starts_with(want), "{error}");
        }
    }
}

//! Reads from a crate's sources which module uses which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The root module, `lib.rs`.
pub(crate) const ROOT: &str = "lib";

/// The sources of all modules, by the path of the module: `serve::routes`, or [`ROOT`].
pub(crate) fn sources(folder: &Path) -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    collect(folder, "", &mut sources);
    sources
}

fn collect(folder: &Path, parent: &str, sources: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry").path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("UTF-8").to_owned();
        if path.is_dir() {
            collect(&path, &join(parent, &stem), sources);
            continue;
        }
        let module = match stem.as_str() {
            "main" => continue,
            "lib" => ROOT.to_owned(),
            "mod" => parent.to_owned(),
            stem => join(parent, stem),
        };
        sources.insert(module, fs::read_to_string(&path).expect("UTF-8"));
    }
}

fn join(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}::{name}") }
}

/// The modules among `modules` that this source uses outside its tests, apart from itself.
pub(crate) fn used_modules(module: &str, source: &str, modules: &BTreeSet<String>) -> BTreeSet<String> {
    let tokens: TokenStream = source.parse().unwrap_or_else(|error| panic!("{module}: {error}"));
    let here = if module == ROOT { Vec::new() } else { module.split("::").map(str::to_owned).collect() };
    let mut scan = Scan { modules, used: BTreeSet::new() };
    scan.tokens(tokens, &here);
    scan.used.remove(module);
    scan.used
}

/// The code of a source in one line, without comments, white space and literals.
pub(crate) fn code(source: &str) -> String {
    fn flatten(tokens: TokenStream, code: &mut String) {
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => code.push_str(&ident.to_string()),
                TokenTree::Punct(punct) => code.push(punct.as_char()),
                TokenTree::Group(group) => {
                    code.push('(');
                    flatten(group.stream(), code);
                    code.push(')');
                }
                TokenTree::Literal(_) => {}
            }
        }
    }
    let mut code = String::new();
    flatten(source.parse().unwrap_or_else(|error| panic!("{error}")), &mut code);
    code
}

struct Scan<'a> {
    modules: &'a BTreeSet<String>,
    used: BTreeSet<String>,
}

impl Scan<'_> {
    /// Looks at the tokens of a module whose path is `here`.
    fn tokens(&mut self, tokens: TokenStream, here: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut rest = tokens.as_slice();
        while let [token, after @ ..] = rest {
            rest = match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => self.attribute(after),
                TokenTree::Ident(ident) if ident == "mod" => self.module(after, here),
                TokenTree::Ident(_) => self.path(rest, &[], here),
                // `::std` starts outside the crate.
                TokenTree::Punct(_) if is_path_separator(rest) => skip_path(&rest[2..]),
                TokenTree::Group(group) => {
                    self.tokens(group.stream(), here);
                    after
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => after,
            };
        }
    }

    /// After a `#`: skips the attribute, and after `#[cfg(test)]` its item.
    fn attribute<'t>(&self, tokens: &'t [TokenTree]) -> &'t [TokenTree] {
        let inner = usize::from(matches!(tokens, [TokenTree::Punct(punct), ..] if punct.as_char() == '!'));
        match &tokens[inner..] {
            [TokenTree::Group(group), after @ ..] if is_cfg_test(group) => skip_item(after),
            [TokenTree::Group(_), after @ ..] => after,
            after => after,
        }
    }

    /// After a `mod`: looks at a module in this file. That a module exists in another file is no use of it.
    fn module<'t>(&mut self, tokens: &'t [TokenTree], here: &[String]) -> &'t [TokenTree] {
        match tokens {
            [TokenTree::Ident(name), TokenTree::Group(group), after @ ..] => {
                let inside: Vec<_> = here.iter().cloned().chain([name.to_string()]).collect();
                self.tokens(group.stream(), &inside);
                after
            }
            [TokenTree::Ident(_), after @ ..] => after,
            _ => tokens,
        }
    }

    /// At a name: reads a path to its end, `prefix` being what stood before a group of paths.
    fn path<'t>(&mut self, tokens: &'t [TokenTree], prefix: &[String], here: &[String]) -> &'t [TokenTree] {
        let mut rest = tokens;
        let mut path = prefix.to_vec();
        let mut is_glob = false;
        while let [TokenTree::Ident(name), after @ ..] = rest {
            path.push(name.to_string());
            rest = after;
            if !is_path_separator(rest) {
                break;
            }
            match &rest[2..] {
                [TokenTree::Group(group), after @ ..] if group.delimiter() == Delimiter::Brace => {
                    let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
                    // The last one is empty after a comma at the end.
                    for one in inside.split(is_comma).filter(|one| !one.is_empty()) {
                        self.path(one, &path, here);
                    }
                    return after;
                }
                after => rest = after,
            }
            is_glob = !matches!(rest, [TokenTree::Ident(_), ..]);
        }
        // A single name is a keyword, as in `pub(crate)`, or a name of this module.
        if path.len() > 1 || is_glob {
            self.use_of(&path, here);
        }
        rest
    }

    fn use_of(&mut self, path: &[String], here: &[String]) {
        let Some(first) = path.first() else { return };
        let mut absolute = match first.as_str() {
            "crate" => Vec::new(),
            "self" | "super" => here.to_vec(),
            child if self.modules.contains(&join(&here.join("::"), child)) => here.to_vec(),
            _ => return,
        };
        for name in path {
            match name.as_str() {
                "crate" | "self" => {}
                "super" => drop(absolute.pop()),
                name => absolute.push(name.to_owned()),
            }
        }
        // What is not a module is an item of the module that it is in.
        while !absolute.is_empty() && !self.modules.contains(&absolute.join("::")) {
            absolute.pop();
        }
        self.used.insert(if absolute.is_empty() { ROOT.to_owned() } else { absolute.join("::") });
    }
}

fn is_path_separator(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [TokenTree::Punct(a), TokenTree::Punct(b), ..] if a.as_char() == ':' && b.as_char() == ':')
}

fn skip_path(mut tokens: &[TokenTree]) -> &[TokenTree] {
    while let [TokenTree::Ident(_), after @ ..] = tokens {
        tokens = if is_path_separator(after) { &after[2..] } else { return after };
    }
    tokens
}

fn is_cfg_test(attribute: &Group) -> bool {
    attribute.stream().to_string().replace(' ', "") == "cfg(test)"
}

/// Skips further attributes and one item: to its `;`, or to its block.
fn skip_item(mut tokens: &[TokenTree]) -> &[TokenTree] {
    while let [token, after @ ..] = tokens {
        tokens = after;
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ';' => break,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => break,
            TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Ident(_) | TokenTree::Literal(_) => {}
        }
    }
    tokens
}

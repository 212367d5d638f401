//! Measures the chosen cases one after the other and writes the tables.

mod child;
mod clients;
mod document;
mod figures;
mod groups;
mod machine;
mod measure;
mod table;
mod targets;

use std::time::Instant;

use tidewire_bench::plan::{CASES, CLIENT, CLIENT_CASES, Case, ClientCase};

pub(crate) type Trouble = Box<dyn std::error::Error>;

/// Measures the chosen cases, and returns the document with the results.
pub(crate) fn run(only: &[String], quick: bool) -> Result<String, Trouble> {
    let chosen = choose(only)?;
    let began = Instant::now();
    let say = |index: usize, name: &str, title: &str| {
        let at = began.elapsed().as_secs();
        eprintln!(
            "[{}/{}] {name} ({title}), after {at} s",
            index + 1,
            chosen.cases.len() + chosen.clients.len()
        );
    };
    let mut results = Vec::new();
    for (index, case) in chosen.cases.iter().enumerate() {
        say(index, case.name, case.title);
        results.push(measure::case(case, quick)?);
    }
    let mut clients = Vec::new();
    for (index, case) in chosen.clients.iter().enumerate() {
        say(chosen.cases.len() + index, case.name, case.title);
        clients.push(clients::case(case, quick)?);
    }
    eprintln!("measured in {} s", began.elapsed().as_secs());
    Ok(document::write(&results, &clients, quick))
}

pub(crate) fn list() {
    let cases = CASES.iter().map(|case| (case.group.name(), case.name, case.title));
    let clients = CLIENT_CASES.iter().map(|case| (CLIENT, case.name, case.title));
    for (group, name, title) in cases.chain(clients) {
        println!("{group:8} {name:12} {title}");
    }
}

struct Chosen {
    cases: Vec<&'static Case>,
    clients: Vec<&'static ClientCase>,
}

/// The cases named, by themselves or by their group; all if none is named.
fn choose(only: &[String]) -> Result<Chosen, Trouble> {
    let parses = |case: &Case, name: &String| case.name == name || case.group.name() == name;
    let reads = |case: &ClientCase, name: &String| case.name == name || CLIENT == name;
    let known = |name: &&String| {
        CASES.iter().any(|case| parses(case, name)) || CLIENT_CASES.iter().any(|case| reads(case, name))
    };
    if let Some(unknown) = only.iter().find(|name| !known(name)) {
        return Err(format!("no case or group `{unknown}`; --list shows them").into());
    }
    let all = only.is_empty();
    Ok(Chosen {
        cases: CASES.iter().filter(|case| all || only.iter().any(|name| parses(case, name))).collect(),
        clients: CLIENT_CASES
            .iter()
            .filter(|case| all || only.iter().any(|name| reads(case, name)))
            .collect(),
    })
}

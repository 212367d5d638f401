//! Cases in order, each measured, tabulated and judged.

mod child;
mod document;
mod figures;
mod groups;
mod machine;
mod measure;
mod table;
mod targets;

use std::time::Instant;

use tidewire_bench::plan::{CASES, Case};

pub(crate) type Trouble = Box<dyn std::error::Error>;

/// Measures the cases chosen, and returns the document that tells of them.
pub(crate) fn run(only: &[String], quick: bool) -> Result<String, Trouble> {
    let cases = choose(only)?;
    let began = Instant::now();
    let mut results = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        let at = began.elapsed().as_secs();
        eprintln!("[{}/{}] {} ({}), after {at} s", index + 1, cases.len(), case.name, case.title);
        results.push(measure::case(case, quick)?);
    }
    eprintln!("measured in {} s", began.elapsed().as_secs());
    Ok(document::write(&results, quick))
}

pub(crate) fn list() {
    for case in CASES {
        println!("{:8} {:12} {}", case.group.name(), case.name, case.title);
    }
}

/// The cases named, by themselves or by their group; all where none is.
fn choose(only: &[String]) -> Result<Vec<&'static Case>, Trouble> {
    let named = |case: &Case, name: &String| case.name == name || case.group.name() == name;
    if let Some(unknown) = only.iter().find(|name| !CASES.iter().any(|case| named(case, name))) {
        return Err(format!("no case or group `{unknown}`; --list shows them").into());
    }
    Ok(CASES.iter().filter(|case| only.is_empty() || only.iter().any(|name| named(case, name))).collect())
}

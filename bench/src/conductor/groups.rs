//! The table of each group of cases.

use std::fmt::Write;

use tidewire_bench::plan::Group;

use super::figures::{CaseResult, Figures, Measured};
use super::table::{Table, bytes, number};

pub(super) fn write(text: &mut String, results: &[CaseResult]) {
    for result in of(results, Group::Sse) {
        section(text, result, throughput(result));
    }
    sweep(text, &of(results, Group::Sweep));
    for result in of(results, Group::Large) {
        section(text, result, large(result));
    }
    let rest = [Group::Framing, Group::Typed, Group::Deltas];
    for result in rest.into_iter().flat_map(|group| of(results, group)) {
        section(text, result, throughput(result));
    }
}

pub(super) fn of(results: &[CaseResult], group: Group) -> Vec<&CaseResult> {
    results.iter().filter(|result| result.case.group == group).collect()
}

fn section(text: &mut String, result: &CaseResult, table: Table) {
    let _ = write!(text, "\n### {}: {}\n\n{table}", result.case.name, result.case.title);
}

fn throughput(result: &CaseResult) -> Table {
    let mut table = Table::new(&[
        "contender",
        "hands out",
        "MB/s",
        "× best peer",
        "× floor",
        "allocations/event",
        "bytes/event",
        "peak",
    ]);
    for one in &result.measured {
        let name = one.contender.name;
        table.row(row(one, one.contender.hands_out, |figures| {
            vec![
                number(figures.mb_per_second()),
                ratio(result.to_best_peer(name)),
                ratio(result.to_floor(name)),
                format!("{:.2}", figures.allocations_per_event()),
                number(figures.allocated_per_event()),
                bytes(figures.facts.peak as f64),
            ]
        }));
    }
    table
}

fn large(result: &CaseResult) -> Table {
    let mut table = Table::new(&[
        "contender",
        "hands out",
        "ms",
        "× floor's time",
        "× best peer's speed",
        "peak / event",
        "allocated per small event afterwards",
    ]);
    for one in &result.measured {
        let name = one.contender.name;
        table.row(row(one, one.contender.hands_out, |figures| {
            vec![
                number(figures.median.as_secs_f64() * 1e3),
                ratio(result.to_floor(name).map(f64::recip)),
                ratio(result.to_best_peer(name)),
                number(figures.peak_to_body()),
                bytes(figures.allocated_per_event_afterwards()),
            ]
        }));
    }
    table
}

/// One table for all chunk sizes.
fn sweep(text: &mut String, results: &[&CaseResult]) {
    let Some(first) = results.first() else { return };
    let head: Vec<_> = ["MB/s"].into_iter().chain(results.iter().map(|result| result.case.title)).collect();
    let mut table = Table::new(&head);
    for contender in first.case.contenders {
        let speeds = results.iter().map(|result| result.speed(contender.name).map_or("–".into(), number));
        table.row([contender.name.to_owned()].into_iter().chain(speeds));
    }
    let _ = write!(text, "\n### sweep: OpenAI chat by chunk size\n\n{table}");
}

fn row(one: &Measured, hands_out: &str, cells: impl Fn(&Figures) -> Vec<String>) -> Vec<String> {
    let first = vec![one.contender.name.to_owned(), hands_out.to_owned()];
    let rest = one.figures.as_ref().map_or_else(|reason| vec![reason.clone()], cells);
    [first, rest].concat()
}

fn ratio(value: Option<f64>) -> String {
    value.map_or("–".into(), |value| format!("{value:.2}"))
}

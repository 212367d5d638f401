//! Measures the cases of clients: the contenders take turns, each with a process for itself and one for the server.

use std::fmt::Write;
use std::time::Duration;

use tidewire_bench::plan::{CLIENTS, ClientCase, Contender, Role};
use tidewire_bench::wire::ClientFacts;

use super::Trouble;
use super::child::{Talker, program};
use super::table::{Table, bytes, number};

pub(super) struct ClientResult {
    pub(super) case: ClientCase,
    pub(super) measured: Vec<(&'static Contender, Result<ClientFigures, String>)>,
}

/// The figures of a client from all its rounds; allocations are counted in a separate round.
pub(super) struct ClientFigures {
    facts: ClientFacts,
    /// CPU time per event, in µs.
    pub(super) cpu: Spread,
    /// How much more than the floor that is. The median is over the differences within each round, because other work on the
    /// machine changes from minute to minute and slows neighbouring runs equally.
    pub(super) above_floor: Spread,
    pub(super) median: Duration,
    pub(super) p99: Duration,
}

/// A value over several rounds.
#[derive(Clone, Copy)]
pub(super) struct Spread {
    pub(super) median: f64,
    /// The value of the least disturbed round.
    pub(super) least: f64,
}

pub(super) fn case(case: &'static ClientCase, quick: bool) -> Result<ClientResult, Trouble> {
    let size = if quick { case.quick() } else { *case };
    let mut rounds: Vec<(_, Result<Vec<ClientFacts>, String>)> =
        CLIENTS.iter().map(|contender| (contender, Ok(Vec::new()))).collect();
    // The first round counts allocations, which takes time. The order is reversed after each round, so that none always follows the same contender.
    for round in 0..=size.rounds {
        for (contender, facts) in &mut rounds {
            if let Ok(so_far) = facts {
                match run(case, contender, quick, round == 0) {
                    Ok(facts) => so_far.push(facts),
                    Err(trouble) => *facts = Err(format!("cannot: {trouble}")),
                }
            }
        }
        rounds.reverse();
    }
    rounds.sort_by_key(|(contender, _)| CLIENTS.iter().position(|one| one == *contender));
    let floor = rounds.iter().find(|(contender, _)| contender.role == Role::Floor);
    let floor = floor.and_then(|(_, facts)| facts.as_deref().ok()).map(cpu_of_rounds).unwrap_or_default();
    let measured =
        rounds.into_iter().map(|(contender, facts)| (contender, facts.map(|facts| figures(facts, &floor))));
    Ok(ClientResult { case: size, measured: measured.collect() })
}

fn run(case: &ClientCase, contender: &Contender, quick: bool, counted: bool) -> Result<ClientFacts, Trouble> {
    let mut server = Talker::start(program("tidewire-bench-client")?.arg("serve"))?;
    let address = server.line()?;
    let mut client = program(match contender.name {
        "tidewire-seen" => "tidewire-bench-client-seen",
        _ => "tidewire-bench-client",
    })?;
    client.args(["read", case.name, contender.name, &address]);
    client.args(quick.then_some("--quick")).args(counted.then_some("--counted"));
    Ok(serde_json::from_str(&Talker::start(&mut client)?.line()?)?)
}

fn figures(mut facts: Vec<ClientFacts>, floor: &[f64]) -> ClientFigures {
    let cpu = cpu_of_rounds(&facts);
    let differences: Vec<f64> = cpu.iter().zip(floor).map(|(cpu, floor)| cpu - floor).collect();
    let above_floor = Spread { median: median(&differences), least: least(&cpu) - least(floor) };
    let counted = facts.remove(0);
    let latency = |of: fn(&ClientFacts) -> Duration| {
        let mut values: Vec<_> = facts.iter().map(of).collect();
        values.sort_unstable();
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    ClientFigures {
        cpu: Spread { median: median(&cpu), least: least(&cpu) },
        above_floor,
        median: latency(|facts| facts.median),
        p99: latency(|facts| facts.p99),
        facts: counted,
    }
}

/// CPU time per event, in µs, of each round except the first, which counts allocations.
fn cpu_of_rounds(facts: &[ClientFacts]) -> Vec<f64> {
    facts.iter().skip(1).map(|facts| micros(facts.cpu) / facts.events as f64).collect()
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NAN, f64::min)
}

impl ClientFigures {
    /// Bytes allocated per stream, without the text of its events, which belongs to the consumer.
    pub(super) fn allocated(&self, case: &ClientCase) -> f64 {
        self.facts.allocated.saturating_sub(self.facts.text) as f64 / case.streams as f64
    }

    /// Bytes held per stream after half of its events.
    pub(super) fn held(&self, case: &ClientCase) -> f64 {
        self.facts.live.get(1).copied().unwrap_or_default() as f64 / case.streams as f64
    }

    /// Bytes held at the end, as a multiple of those at the beginning.
    pub(super) fn growth(&self) -> f64 {
        match self.facts.live[..] {
            [first, .., last] if first > 0 => last as f64 / first as f64,
            _ => f64::NAN,
        }
    }
}

impl ClientResult {
    pub(super) fn figures(&self, contender: &str) -> Option<&ClientFigures> {
        self.measured.iter().find(|(one, _)| one.name == contender)?.1.as_ref().ok()
    }

    pub(super) fn floor(&self) -> Option<&ClientFigures> {
        self.measured.iter().find(|(one, _)| one.role == Role::Floor)?.1.as_ref().ok()
    }

    pub(super) fn best_peer(&self, of: impl Fn(&ClientFigures) -> f64) -> Option<(&'static str, f64)> {
        let peers = self.measured.iter().filter(|(one, _)| one.role == Role::Peer);
        peers
            .filter_map(|(one, figures)| Some((one.name, of(figures.as_ref().ok()?))))
            .min_by(|(_, one), (_, other)| one.total_cmp(other))
    }
}

pub(super) fn write(text: &mut String, results: &[ClientResult]) {
    for result in results {
        let table = if result.case.streams == 1 { latency(result) } else { load(result) };
        let _ = write!(text, "\n### {}: {}\n\n{table}", result.case.name, result.case.title);
    }
}

fn load(result: &ClientResult) -> Table {
    let mut table = Table::new(&[
        "contender",
        "µs CPU/event",
        "minimum",
        "above reqwest, in pairs",
        "above, minima",
        "allocations/stream",
        "allocated/stream without text",
        "above reqwest",
        "held/stream",
        "above reqwest",
        "held at the end / at the beginning",
        "events, each once and in order",
    ]);
    let case = &result.case;
    let above = |value: f64, floor: fn(&ClientFigures, &ClientCase) -> f64| {
        result.floor().map_or(f64::NAN, |figures| value - floor(figures, case))
    };
    rows(&mut table, result, |figures| {
        let (allocated, held) = (figures.allocated(case), figures.held(case));
        vec![
            number(figures.cpu.median),
            number(figures.cpu.least),
            format!("{:+.2}", figures.above_floor.median),
            format!("{:+.2}", figures.above_floor.least),
            number(figures.facts.allocations as f64 / case.streams as f64),
            bytes(allocated),
            bytes(above(allocated, ClientFigures::allocated)),
            bytes(held),
            bytes(above(held, ClientFigures::held)),
            format!("{:.2}", figures.growth()),
            figures.facts.events.to_string(),
        ]
    });
    table
}

fn latency(result: &ClientResult) -> Table {
    let mut table = Table::new(&["contender", "median µs", "p99 µs", "median above reqwest"]);
    let floor = result.floor().map_or(f64::NAN, |figures| micros(figures.median));
    rows(&mut table, result, |figures| {
        let median = micros(figures.median);
        vec![number(median), number(micros(figures.p99)), format!("{:+.1}", median - floor)]
    });
    table
}

fn rows(table: &mut Table, result: &ClientResult, cells: impl Fn(&ClientFigures) -> Vec<String>) {
    for (contender, figures) in &result.measured {
        let cells = figures.as_ref().map_or_else(|reason| vec![reason.clone()], &cells);
        table.row([vec![contender.name.to_owned()], cells].concat());
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

//! Measures one case: checks every contender, then times them in turns.

use std::time::Duration;

use tidewire_bench::plan::{self, Case, Contender};
use tidewire_bench::wire::{Checked, Facts, LONG, Turn};

use super::Trouble;
use super::child;
use super::figures::{CaseResult, Figures, Measured};

/// If a run is short, the timed part of a turn takes at least about this long.
const TURN: Duration = Duration::from_millis(30);

/// Limits the turns of a slow contender, so that it takes no longer than about `time`.
struct Budget {
    time: Duration,
    least: usize,
    most: usize,
}

const FULL: Budget = Budget { time: Duration::from_millis(1500), least: 3, most: 15 };
const QUICK: Budget = Budget { time: Duration::from_millis(200), least: 1, most: 5 };

struct Running {
    process: child::Contender,
    facts: Facts,
    times: Vec<Duration>,
    turn: Turn,
    turns: usize,
}

pub(super) fn case(case: &'static Case, quick: bool) -> Result<CaseResult, Trouble> {
    let budget = if quick { &QUICK } else { &FULL };
    let mut entered = Vec::new();
    for contender in case.contenders {
        entered.push((contender, enter(case, contender, quick, budget)?));
    }
    for round in 0..budget.most {
        for running in entered.iter_mut().filter_map(|(_, entry)| entry.as_mut().ok()) {
            if round < running.turns {
                running.times.extend(running.process.take_turn(running.turn)?);
            }
        }
    }
    let measured = entered
        .into_iter()
        .map(|(contender, entry)| Measured { contender, figures: entry.map(finish) })
        .collect();
    Ok(CaseResult { case, measured })
}

/// The contender's process after its checked run, or the reason why it does not take part.
fn enter(
    case: &Case,
    contender: &Contender,
    quick: bool,
    budget: &Budget,
) -> Result<Result<Running, String>, Trouble> {
    if let Some(reason) = plan::refusal(case, contender.name) {
        return Ok(Err(format!("not run: {reason}")));
    }
    let (process, checked) = child::Contender::start(case, contender.name, quick)?;
    Ok(match checked {
        Checked::Cannot(reason) => Err(format!("cannot: {reason}")),
        Checked::Right(facts) => {
            let turn = turn(facts.took);
            let turns = times(budget.time, facts.took) / (turn.warming + turn.timed);
            let turns = turns.clamp(budget.least, budget.most);
            Ok(Running { process, facts, times: Vec::new(), turn, turns })
        }
    })
}

fn turn(took: Duration) -> Turn {
    if took > LONG {
        return Turn { warming: 0, timed: 1 };
    }
    let timed = times(TURN, took).clamp(3, 15);
    Turn { warming: timed.div_ceil(3), timed }
}

fn times(budget: Duration, took: Duration) -> usize {
    usize::try_from(budget.as_nanos() / took.as_nanos().max(1)).unwrap_or(usize::MAX)
}

fn finish(mut running: Running) -> Figures {
    running.times.sort_unstable();
    Figures { median: running.times[running.times.len() / 2], facts: running.facts }
}

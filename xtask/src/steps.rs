//! A table of steps, run one after the other, and the summary of what each came to and what it cost.

use std::env;
use std::time::{Duration, Instant};

use clap::Args;

use crate::report::{bold, dim, green, red, say, spent, yellow};
use crate::run::{Trouble, cpu_time_of_children};

/// One check, or one thing that later steps need.
pub(crate) struct Step {
    name: &'static str,
    what: &'static str,
    tier: Tier,
    /// About how long it takes from a cold start on two idle cores.
    cost: Duration,
    /// Steps whose results this one uses; they stand earlier in the table.
    needs: &'static [&'static str],
    run: fn() -> Result<(), Trouble>,
}

/// When a step runs without being named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tier {
    /// In every run.
    Every,
    /// Only with `--long`.
    Long,
}

impl Step {
    /// A step of every run, with its cost in seconds.
    pub(crate) const fn new(
        name: &'static str,
        what: &'static str,
        seconds: u64,
        run: fn() -> Result<(), Trouble>,
    ) -> Self {
        Step { name, what, tier: Tier::Every, cost: Duration::from_secs(seconds), needs: &[], run }
    }

    /// A step of long runs only, with its cost in minutes.
    pub(crate) const fn long(
        name: &'static str,
        what: &'static str,
        minutes: u64,
        run: fn() -> Result<(), Trouble>,
    ) -> Self {
        Step { name, what, tier: Tier::Long, cost: Duration::from_secs(minutes * 60), needs: &[], run }
    }

    /// The same step, which uses the results of these.
    pub(crate) const fn needs(mut self, needs: &'static [&'static str]) -> Self {
        self.needs = needs;
        self
    }
}

#[derive(Args)]
pub(crate) struct Choice {
    /// Run the campaigns, differential runs and framework apps too
    #[arg(long)]
    long: bool,
    /// Run these steps only, with those they need; steps of --long can be named too
    #[arg(long, value_delimiter = ',', value_name = "STEP,…")]
    only: Vec<String>,
    /// List the steps with their tier and cost, and exit
    #[arg(long)]
    list: bool,
    /// Stop at the first step that fails
    #[arg(long)]
    fail_fast: bool,
    /// Treat a step that could not run as failed (the default when CI is set in the environment)
    #[arg(long)]
    require_all: bool,
}

/// Runs the chosen steps and prints a summary.
pub(crate) fn run(title: &str, steps: &[Step], choice: &Choice) -> Result<(), Trouble> {
    let chosen = choose(steps, choice)?;
    if choice.list {
        list(steps);
        return Ok(());
    }
    let mut finished: Vec<Finished> = Vec::new();
    for (index, step) in chosen.iter().enumerate() {
        let stopped = choice.fail_fast && finished.iter().any(|earlier| earlier.result.is_failure());
        let place = format!("[{}/{}]", index + 1, chosen.len());
        let result = if stopped { Finished::stopped(step) } else { carry_out(step, &place) };
        let interrupted = matches!(result.result, StepResult::Interrupted);
        finished.push(result);
        if interrupted {
            break;
        }
    }
    summarize(title, steps, &chosen, &finished);
    decide(&finished, choice.require_all || in_ci())
}

/// A step that was reached, with what it came to and what it cost.
struct Finished<'a> {
    step: &'a Step,
    result: StepResult,
    wall: Duration,
    cpu: Option<Duration>,
}

impl<'a> Finished<'a> {
    fn stopped(step: &'a Step) -> Self {
        let result = StepResult::NotRun("stopped by --fail-fast".into());
        Finished { step, result, wall: Duration::ZERO, cpu: None }
    }
}

fn carry_out<'a>(step: &'a Step, place: &str) -> Finished<'a> {
    say!("\n{}", bold(format!("{place} {}: {}", step.name, step.what)));
    let (started, cpu_before) = (Instant::now(), cpu_time_of_children());
    let result = StepResult::from((step.run)());
    let wall = started.elapsed();
    let cpu = cpu_time_of_children().zip(cpu_before).map(|(after, before)| after.saturating_sub(before));
    match &result {
        StepResult::LeftOut(what) => say!("{}: {} {what}", step.name, result.coloured("left out:")),
        StepResult::Ok | StepResult::Failed(_) | StepResult::NotRun(_) | StepResult::Interrupted => {
            say!("{}: {} in {}", step.name, result.coloured(result.word()), spent(wall));
        }
    }
    Finished { step, result, wall, cpu }
}

/// What a step came to.
enum StepResult {
    Ok,
    Failed(String),
    /// Something that it needs is missing on this machine.
    NotRun(String),
    /// It needs something that is optional, so this never counts as a failure.
    LeftOut(String),
    Interrupted,
}

impl From<Result<(), Trouble>> for StepResult {
    fn from(result: Result<(), Trouble>) -> Self {
        match result {
            Ok(()) => StepResult::Ok,
            Err(Trouble::Failed(why) | Trouble::Usage(why)) => StepResult::Failed(why),
            Err(trouble @ Trouble::Missing { .. }) => StepResult::NotRun(trouble.to_string()),
            Err(trouble @ Trouble::LeftOut { .. }) => StepResult::LeftOut(trouble.to_string()),
            Err(Trouble::Interrupted) => StepResult::Interrupted,
        }
    }
}

impl StepResult {
    fn is_failure(&self) -> bool {
        match self {
            StepResult::Failed(_) | StepResult::Interrupted => true,
            StepResult::Ok | StepResult::NotRun(_) | StepResult::LeftOut(_) => false,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            StepResult::Ok => "ok",
            StepResult::Failed(_) => "FAILED",
            StepResult::NotRun(_) => "NOT RUN",
            StepResult::LeftOut(_) => "left out",
            StepResult::Interrupted => "INTERRUPTED",
        }
    }

    fn coloured(&self, word: &str) -> String {
        match self {
            StepResult::Ok => green(word),
            StepResult::NotRun(_) | StepResult::LeftOut(_) => yellow(word),
            StepResult::Failed(_) | StepResult::Interrupted => red(word),
        }
    }

    fn why(&self) -> &str {
        match self {
            StepResult::Failed(why) | StepResult::NotRun(why) | StepResult::LeftOut(why) => why,
            StepResult::Ok | StepResult::Interrupted => "",
        }
    }
}

/// What is wrong with a table: a name that is used twice, or a step that needs none of the earlier ones by that name.
#[cfg(test)]
pub(crate) fn fault(steps: &[Step]) -> Option<String> {
    steps.iter().enumerate().find_map(|(at, step)| {
        let is_earlier = |name: &str| steps[..at].iter().any(|earlier| earlier.name == name);
        let missing = step.needs.iter().find(|name| !is_earlier(name));
        let missing = missing.map(|name| format!("{} needs {name}, which is not before it", step.name));
        missing.or_else(|| is_earlier(step.name).then(|| format!("{} is there twice", step.name)))
    })
}

/// The named steps with those they need, or the steps of the tier; in the order of the table.
fn choose<'a>(steps: &'a [Step], choice: &Choice) -> Result<Vec<&'a Step>, Trouble> {
    let only = &choice.only;
    if let Some(unknown) = only.iter().find(|name| !steps.iter().any(|step| step.name == **name)) {
        let known: Vec<_> = steps.iter().map(|step| step.name).collect();
        return Err(Trouble::Usage(format!("no step `{unknown}`; there are {}", known.join(", "))));
    }
    let is_wanted = |step: &Step| match (only.is_empty(), step.tier) {
        (false, _) => only.iter().any(|name| name == step.name),
        (true, Tier::Every) => true,
        (true, Tier::Long) => choice.long,
    };
    let mut wanted: Vec<&str> = steps.iter().filter(|step| is_wanted(step)).map(|step| step.name).collect();
    // Backwards, so that the needs of a needed step are still ahead.
    for step in steps.iter().rev() {
        if wanted.contains(&step.name) {
            wanted.extend(step.needs);
        }
    }
    Ok(steps.iter().filter(|step| wanted.contains(&step.name)).collect())
}

fn list(steps: &[Step]) {
    say!("{}", dim(format!("{:width$}  {:>12}  tier    what", "step", "cost", width = width(steps))));
    for Step { name, what, tier, cost, .. } in steps {
        let tier = match tier {
            Tier::Every => "every",
            Tier::Long => "--long",
        };
        say!("{name:width$}  {:>12}  {tier:6}  {what}", spent(*cost), width = width(steps));
    }
    let every = cost_of(steps.iter().filter(|step| step.tier == Tier::Every));
    say!("{} in all; {} with --long", spent(every), spent(cost_of(steps.iter())));
}

fn cost_of<'a>(steps: impl Iterator<Item = &'a Step>) -> Duration {
    steps.map(|step| step.cost).sum()
}

fn summarize(title: &str, all: &[Step], chosen: &[&Step], finished: &[Finished]) {
    let width = width(all).max(IN_ALL.len());
    say!("\n{}", bold(title));
    say!("{}", dim(format!("  {:width$}  {:<11} {:>12} {:>12}  {:>12}", "step", "", "time", "CPU", "usual")));
    for Finished { step, result, wall, cpu } in finished {
        // Padded before it is coloured: escape codes have no width.
        let word = result.coloured(&format!("{:<11}", result.word()));
        let (wall, cpu, usual) = (spent(*wall), cpu.map(spent).unwrap_or_default(), spent(step.cost));
        say!("  {:width$}  {word} {wall:>12} {cpu:>12}  {usual:>12}  {}", step.name, result.why());
    }
    let wall = finished.iter().map(|step| step.wall).sum();
    let cpu = finished.iter().filter_map(|step| step.cpu).sum();
    let usual = cost_of(finished.iter().map(|finished| finished.step));
    say!(
        "  {}",
        bold(format!(
            "{IN_ALL:width$}  {:<11} {:>12} {:>12}  {:>12}",
            "",
            spent(wall),
            spent(cpu),
            spent(usual)
        ))
    );
    let missed: Vec<_> = chosen.iter().skip(finished.len()).map(|step| step.name).collect();
    if !missed.is_empty() {
        say!("  not reached: {}", missed.join(", "));
    }
    let is_chosen = |step: &Step| chosen.iter().any(|one| one.name == step.name);
    for (tier, words) in [(Tier::Every, "not chosen"), (Tier::Long, "not chosen, of --long")] {
        let others: Vec<_> =
            all.iter().filter(|step| step.tier == tier && !is_chosen(step)).map(|step| step.name).collect();
        if !others.is_empty() {
            say!("  {words}: {}", others.join(", "));
        }
    }
}

const IN_ALL: &str = "in all";

fn decide(finished: &[Finished], require_all: bool) -> Result<(), Trouble> {
    if finished.iter().any(|step| matches!(step.result, StepResult::Interrupted)) {
        return Err(Trouble::Interrupted);
    }
    let failed = names(finished, |result| matches!(result, StepResult::Failed(_)));
    let not_run = names(finished, |result| matches!(result, StepResult::NotRun(_)));
    match (failed.is_empty(), not_run.is_empty()) {
        (false, _) => Err(Trouble::Failed(format!("FAILED: {}", failed.join(", ")))),
        (true, false) if require_all => Err(Trouble::Failed(format!(
            "NOT RUN: {}, which counts as failed here (CI is set, or --require-all)",
            not_run.join(", ")
        ))),
        (true, false) => {
            say!("{}", yellow(format!("ok except for what was NOT RUN: {}", not_run.join(", "))));
            Ok(())
        }
        (true, true) => {
            let left_out = names(finished, |result| matches!(result, StepResult::LeftOut(_)));
            match left_out.is_empty() {
                true => say!("{}", green("all ok")),
                false => say!("{}", green(format!("all ok; left out as optional: {}", left_out.join(", ")))),
            }
            Ok(())
        }
    }
}

fn names(finished: &[Finished], wanted: fn(&StepResult) -> bool) -> Vec<&'static str> {
    finished.iter().filter(|finished| wanted(&finished.result)).map(|finished| finished.step.name).collect()
}

fn width(steps: &[Step]) -> usize {
    steps.iter().map(|step| step.name.len()).max().unwrap_or(0)
}

fn in_ci() -> bool {
    env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: &[Step] = &[
        Step::new("a", "", 1, || Ok(())),
        Step::new("b", "", 1, || Ok(())).needs(&["a"]),
        Step::new("c", "", 1, || Ok(())).needs(&["b"]),
        Step::new("d", "", 1, || Ok(())),
        Step::long("e", "", 1, || Ok(())),
        Step::long("f", "", 1, || Ok(())).needs(&["b", "e"]),
    ];

    fn choice(long: bool, only: &[&str]) -> Choice {
        let only = only.iter().copied().map(String::from).collect();
        Choice { long, only, list: false, fail_fast: false, require_all: false }
    }

    #[test]
    fn chosen_steps_bring_what_they_need_in_order() {
        for (long, only, want) in [
            (false, &[][..], "a b c d"),
            (true, &[], "a b c d e f"),
            (false, &["d", "c"], "a b c d"),
            (false, &["b"], "a b"),
            (true, &["d"], "d"),
            (false, &["f"], "a b e f"),
        ] {
            let names: Vec<_> =
                choose(STEPS, &choice(long, only)).unwrap().iter().map(|step| step.name).collect();
            assert_eq!(names.join(" "), want);
        }
    }

    #[test]
    fn an_unknown_step_names_the_known() {
        let error = choose(STEPS, &choice(false, &["x"])).err().unwrap();
        assert_eq!(error.to_string(), "no step `x`; there are a, b, c, d, e, f");
    }

    #[test]
    fn a_step_that_did_not_run_fails_only_when_all_are_required() {
        let rows = [
            (StepResult::Ok, true, true),
            (StepResult::NotRun(String::new()), true, false),
            (StepResult::LeftOut(String::new()), true, true),
            (StepResult::Failed(String::new()), false, false),
            (StepResult::Interrupted, false, false),
        ];
        for (result, lenient, strict) in rows {
            let finished = [Finished { step: &STEPS[0], result, wall: Duration::ZERO, cpu: None }];
            assert_eq!(decide(&finished, false).is_ok(), lenient);
            assert_eq!(decide(&finished, true).is_ok(), strict);
        }
    }
}

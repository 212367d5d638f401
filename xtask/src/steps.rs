//! Steps in order, each of which runs whatever became of the others, and the table that tells all.

use std::env;
use std::time::{Duration, Instant};

use clap::Args;

use crate::report::{bold, green, red, say, spent, yellow};
use crate::run::Trouble;

/// One thing that is checked or set up.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// Steps without which this one has nothing to work on; they come earlier in the list.
    pub(crate) needs: &'static [&'static str],
    pub(crate) run: fn() -> Result<(), Trouble>,
}

#[derive(Args)]
pub(crate) struct Choice {
    /// Run these steps only, and those they need
    #[arg(long, value_delimiter = ',', value_name = "STEP,…")]
    only: Vec<String>,
    /// List the steps and end
    #[arg(long)]
    list: bool,
    /// Stop at the first step that fails
    #[arg(long)]
    fail_fast: bool,
    /// Count a step that could not run as failed (the default where CI is set in the environment)
    #[arg(long)]
    require_all: bool,
}

/// Runs the chosen steps and sums up.
pub(crate) fn run(title: &str, steps: &[Step], choice: &Choice) -> Result<(), Trouble> {
    let chosen = choose(steps, &choice.only)?;
    if choice.list {
        for step in steps {
            say!("{:width$}  {}", step.name, step.what, width = width(steps));
        }
        return Ok(());
    }
    let started = Instant::now();
    let mut results: Vec<(&Step, Verdict, Duration)> = Vec::new();
    for (index, step) in chosen.iter().enumerate() {
        let began = Instant::now();
        let verdict = if choice.fail_fast && results.iter().any(|(_, verdict, _)| verdict.is_failure()) {
            Verdict::NotRun("stopped by --fail-fast".into())
        } else {
            say!("\n{}", bold(format!("[{}/{}] {}: {}", index + 1, chosen.len(), step.name, step.what)));
            Verdict::of((step.run)())
        };
        if let Verdict::LeftOut(what) = &verdict {
            say!("{}: {} {what}", step.name, verdict.coloured("left out:"));
        } else if !matches!(verdict, Verdict::NotRun(_)) {
            say!("{}: {} in {}", step.name, verdict.coloured(verdict.word()), spent(began.elapsed()));
        }
        let interrupted = matches!(verdict, Verdict::Interrupted);
        results.push((step, verdict, began.elapsed()));
        if interrupted {
            break;
        }
    }
    sum_up(title, steps, &chosen, &results, started.elapsed());
    judge(&results, choice.require_all || in_ci())
}

/// What became of a step.
enum Verdict {
    Ok,
    Failed(String),
    NotRun(String),
    /// It needs something that nobody has to have, so it never counts as failed.
    LeftOut(String),
    Interrupted,
}

impl Verdict {
    fn of(result: Result<(), Trouble>) -> Self {
        match result {
            Ok(()) => Verdict::Ok,
            Err(Trouble::Failed(why) | Trouble::Usage(why)) => Verdict::Failed(why),
            Err(trouble @ Trouble::Missing { .. }) => Verdict::NotRun(trouble.to_string()),
            Err(trouble @ Trouble::LeftOut { .. }) => Verdict::LeftOut(trouble.to_string()),
            Err(Trouble::Interrupted) => Verdict::Interrupted,
        }
    }

    fn is_failure(&self) -> bool {
        match self {
            Verdict::Failed(_) | Verdict::Interrupted => true,
            Verdict::Ok | Verdict::NotRun(_) | Verdict::LeftOut(_) => false,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Failed(_) => "FAILED",
            Verdict::NotRun(_) => "NOT RUN",
            Verdict::LeftOut(_) => "left out",
            Verdict::Interrupted => "INTERRUPTED",
        }
    }

    fn coloured(&self, word: &str) -> String {
        match self {
            Verdict::Ok => green(word),
            Verdict::NotRun(_) | Verdict::LeftOut(_) => yellow(word),
            Verdict::Failed(_) | Verdict::Interrupted => red(word),
        }
    }

    fn why(&self) -> &str {
        match self {
            Verdict::Failed(why) | Verdict::NotRun(why) | Verdict::LeftOut(why) => why,
            Verdict::Ok | Verdict::Interrupted => "",
        }
    }
}

/// The steps named, with those they need, in the order of the list; all where none is named.
fn choose<'a>(steps: &'a [Step], only: &[String]) -> Result<Vec<&'a Step>, Trouble> {
    if let Some(unknown) = only.iter().find(|name| !steps.iter().any(|step| step.name == **name)) {
        let known: Vec<_> = steps.iter().map(|step| step.name).collect();
        return Err(Trouble::Usage(format!("no step `{unknown}`; there are {}", known.join(", "))));
    }
    let mut wanted: Vec<&str> = only.iter().map(String::as_str).collect();
    // Backwards, so that what a needed step needs is met further on.
    for step in steps.iter().rev().filter(|_| !only.is_empty()) {
        if wanted.contains(&step.name) {
            wanted.extend(step.needs);
        }
    }
    Ok(steps.iter().filter(|step| only.is_empty() || wanted.contains(&step.name)).collect())
}

fn sum_up(
    title: &str,
    all: &[Step],
    chosen: &[&Step],
    results: &[(&Step, Verdict, Duration)],
    took: Duration,
) {
    say!("\n{}", bold(title));
    for (step, verdict, time) in results {
        let name = format!("{:width$}", step.name, width = width(all));
        // Padded before it is coloured: escape codes have no width.
        let word = verdict.coloured(&format!("{:<11}", verdict.word()));
        say!("  {name}  {word} {:>12}  {}", spent(*time), verdict.why());
    }
    let missed: Vec<_> = chosen.iter().skip(results.len()).map(|step| step.name).collect();
    if !missed.is_empty() {
        say!("  not reached: {}", missed.join(", "));
    }
    let left_out: Vec<_> = all
        .iter()
        .filter(|step| !chosen.iter().any(|one| one.name == step.name))
        .map(|step| step.name)
        .collect();
    if !left_out.is_empty() {
        say!("  not chosen: {}", left_out.join(", "));
    }
    say!("  {} in all", spent(took));
}

fn judge(results: &[(&Step, Verdict, Duration)], require_all: bool) -> Result<(), Trouble> {
    if results.iter().any(|(_, verdict, _)| matches!(verdict, Verdict::Interrupted)) {
        return Err(Trouble::Interrupted);
    }
    let failed = names(results, |verdict| matches!(verdict, Verdict::Failed(_)));
    let not_run = names(results, |verdict| matches!(verdict, Verdict::NotRun(_)));
    match (failed.is_empty(), not_run.is_empty()) {
        (false, _) => Err(Trouble::Failed(format!("FAILED: {}", failed.join(", ")))),
        (true, false) if require_all => Err(Trouble::Failed(format!(
            "NOT RUN: {}, which counts as failed here (CI is set, or --require-all)",
            not_run.join(", ")
        ))),
        (true, false) => {
            say!("{}", yellow(format!("ok but for what was NOT RUN: {}", not_run.join(", "))));
            Ok(())
        }
        (true, true) => {
            let left_out = names(results, |verdict| matches!(verdict, Verdict::LeftOut(_)));
            match left_out.is_empty() {
                true => say!("{}", green("all ok")),
                false => say!("{}", green(format!("all ok; left out as optional: {}", left_out.join(", ")))),
            }
            Ok(())
        }
    }
}

fn names(results: &[(&Step, Verdict, Duration)], wanted: fn(&Verdict) -> bool) -> Vec<&'static str> {
    results.iter().filter(|(_, verdict, _)| wanted(verdict)).map(|(step, _, _)| step.name).collect()
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
        Step { name: "a", what: "", needs: &[], run: || Ok(()) },
        Step { name: "b", what: "", needs: &["a"], run: || Ok(()) },
        Step { name: "c", what: "", needs: &["b"], run: || Ok(()) },
        Step { name: "d", what: "", needs: &[], run: || Ok(()) },
    ];

    #[test]
    fn chosen_steps_bring_what_they_need_in_order() {
        for (only, want) in
            [(vec![], "a b c d"), (vec!["d", "c"], "a b c d"), (vec!["b"], "a b"), (vec!["d"], "d")]
        {
            let only: Vec<String> = only.into_iter().map(String::from).collect();
            let names: Vec<_> = choose(STEPS, &only).unwrap().iter().map(|step| step.name).collect();
            assert_eq!(names.join(" "), want);
        }
    }

    #[test]
    fn an_unknown_step_names_the_known() {
        let error = choose(STEPS, &["x".into()]).err().unwrap();
        assert_eq!(error.to_string(), "no step `x`; there are a, b, c, d");
    }

    #[test]
    fn what_was_not_run_fails_only_where_all_is_required() {
        let rows = [
            (Verdict::Ok, true, true),
            (Verdict::NotRun(String::new()), true, false),
            (Verdict::LeftOut(String::new()), true, true),
            (Verdict::Failed(String::new()), false, false),
            (Verdict::Interrupted, false, false),
        ];
        for (verdict, lenient, strict) in rows {
            let results = [(&STEPS[0], verdict, Duration::ZERO)];
            assert_eq!(judge(&results, false).is_ok(), lenient);
            assert_eq!(judge(&results, true).is_ok(), strict);
        }
    }
}

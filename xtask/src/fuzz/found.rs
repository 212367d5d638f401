//! Reads libFuzzer's log.

use std::path::PathBuf;

/// The figures at the end of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) executions: u64,
    pub(super) each_second: u64,
    /// Edges of the program that some input has taken.
    pub(super) coverage: u64,
    /// Inputs in the corpus.
    pub(super) corpus: u64,
}

impl Figures {
    pub(super) fn of(log: &str) -> Self {
        let stat = |name: &str| {
            let line = log.lines().rev().find_map(|line| line.strip_prefix(name))?;
            line.trim().parse().ok()
        };
        let progress = |name: &str| {
            let line = log.lines().rev().find(|line| line.starts_with('#') && line.contains(" cov: "))?;
            let value = line.split(name).nth(1)?.trim_start();
            value.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        };
        Self {
            executions: stat("stat::number_of_executed_units:").unwrap_or_default(),
            each_second: stat("stat::average_exec_per_sec:").unwrap_or_default(),
            coverage: progress(" cov: ").unwrap_or_default(),
            corpus: progress(" corp: ").unwrap_or_default(),
        }
    }
}

/// The file of the input that crashed the target.
pub(super) fn crash(log: &str) -> Option<PathBuf> {
    log.lines().find_map(|line| line.split("Test unit written to ").nth(1)).map(|path| path.trim().into())
}

/// The target's message when it crashed: from the panic to the stack trace, or the last lines.
pub(super) fn last_words(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let is_last = |line: &&str| line.contains("panicked at") || line.contains("ERROR: libFuzzer");
    let from = lines.iter().position(is_last).unwrap_or(lines.len().saturating_sub(MOST_LINES));
    let is_stack = |line: &&&str| line.starts_with("stack backtrace") || line.starts_with("==");
    let words: Vec<&str> = lines[from..]
        .iter()
        .enumerate()
        .take_while(|(nth, line)| *nth == 0 || !is_stack(line))
        .map(|(_, line)| *line)
        .take(MOST_LINES)
        .collect();
    words.join("\n")
}

/// A number in groups of three digits: `1 234 567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let groups =
        [&digits[..first]].into_iter().chain((first..digits.len()).step_by(3).map(|at| &digits[at..at + 3]));
    groups.filter(|group| !group.is_empty()).collect::<Vec<_>>().join(" ")
}

const MOST_LINES: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    const DONE: &str = "#2\tINITED cov: 5 ft: 6 corp: 1/1b exec/s: 0 rss: 28Mb\n\
        #524288\tpulse  cov: 710 ft: 2222 corp: 588/9742b lim: 48 exec/s: 0 rss: 28Mb\n\
        Done 830436 runs in 13 second(s)\n\
        stat::number_of_executed_units: 830436\n\
        stat::average_exec_per_sec:     63879\n";
    const CRASHED: &str = "#61706\tNEW    cov: 696 ft: 2222 corp: 588/9742b lim: 48\n\
        thread '<unnamed>' panicked at src/sse.rs:456:72:\nattempt to add with overflow\nstack backtrace:\n   0: x\n\
        ==21607== ERROR: libFuzzer: deadly signal\n\
        artifact_prefix='a/'; Test unit written to a/crash-12\nBase64: YQ==\n\
        stat::number_of_executed_units: 61707\n";

    #[test]
    fn figures_are_read_from_the_end() {
        let done = Figures { executions: 830_436, each_second: 63_879, coverage: 710, corpus: 588 };
        assert_eq!(Figures::of(DONE), done);
        assert_eq!(Figures::of(CRASHED).executions, 61_707);
        assert_eq!(Figures::of(""), Figures::default());
    }

    #[test]
    fn a_crash_has_an_input_and_a_cause() {
        assert_eq!((crash(DONE), crash(CRASHED)), (None, Some("a/crash-12".into())));
        let cause = "thread '<unnamed>' panicked at src/sse.rs:456:72:\nattempt to add with overflow";
        assert_eq!(last_words(CRASHED), cause);
    }

    #[test]
    fn digits_are_grouped_by_three() {
        let rows = [(0, "0"), (12, "12"), (123, "123"), (1234, "1 234"), (100_000_000, "100 000 000")];
        for (number, want) in rows {
            assert_eq!(grouped(number), want);
        }
    }
}

//! What a person reads: headings, the dim lines between, and the table at the end.

use std::fmt::Display;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

/// Prints a line to stdout, with colours where they are wanted.
macro_rules! say {
    ($($argument:tt)*) => { anstream::println!($($argument)*) };
}
pub(crate) use say;

pub(crate) fn bold(text: impl Display) -> String {
    styled(Style::new().bold(), text)
}

pub(crate) fn dim(text: impl Display) -> String {
    styled(Style::new().dimmed(), text)
}

pub(crate) fn green(text: impl Display) -> String {
    styled(AnsiColor::Green.on_default(), text)
}

pub(crate) fn yellow(text: impl Display) -> String {
    styled(AnsiColor::Yellow.on_default(), text)
}

pub(crate) fn red(text: impl Display) -> String {
    styled(AnsiColor::Red.on_default().bold(), text)
}

/// A time as a person says it: `0.4 s`, `38 s`, `4 min 20 s`.
pub(crate) fn spent(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        seconds @ 10..60 => format!("{seconds} s"),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

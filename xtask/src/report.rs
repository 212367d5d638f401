//! Text for people: coloured lines and times.

use std::fmt::Display;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

/// Prints a line to stdout, coloured if the terminal supports it.
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

/// A time as people write it: `0.4 s`, `38 s`, `4 min 20 s`, `1 h 05 min`.
pub(crate) fn spent(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        seconds @ 10..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

//! Describes the machine and the compiler that produced the figures.

use std::fs::read_to_string;
use std::process::Command;

pub(super) fn description() -> String {
    let cores = std::thread::available_parallelism().map_or_else(|_| "?".into(), |count| count.to_string());
    let model = value_of("/proc/cpuinfo", "model name", ':').unwrap_or_else(|| "unknown CPU".into());
    let system =
        value_of("/etc/os-release", "PRETTY_NAME", '=').unwrap_or_else(|| std::env::consts::OS.into());
    format!("{cores} cores of {model}, {system} on {}", std::env::consts::ARCH)
}

pub(super) fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    version.unwrap_or_else(|_| "rustc unknown".into())
}

fn value_of(file: &str, name: &str, sign: char) -> Option<String> {
    let text = read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(sign)?.1.trim().trim_matches('"').to_owned())
}

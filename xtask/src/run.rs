//! Runs commands: prints each as it could be typed, lets its output through, and ends it when xtask ends.

use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, stderr};
use std::path::Path;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use crate::report::{dim, say};

/// The error type of xtask: why a command did not succeed, by what must be done about it.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// A check failed, or a command that must work did not.
    Failed(String),
    /// Something is missing on this machine; `install` is the command that installs it.
    Missing { what: String, install: String },
    /// Something optional is missing; the command `see` prints how to get it.
    LeftOut { what: String, see: &'static str },
    /// The command line is wrong.
    Usage(String),
    /// Ctrl-C or SIGTERM.
    Interrupted,
}

impl Trouble {
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Trouble::Failed(_) | Trouble::Missing { .. } | Trouble::LeftOut { .. } => ExitCode::FAILURE,
            Trouble::Usage(_) => ExitCode::from(2),
            Trouble::Interrupted => ExitCode::from(130),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Failed(why) | Trouble::Usage(why) => f.write_str(why),
            Trouble::Missing { what, install } => write!(f, "{what}; install it with: {install}"),
            Trouble::LeftOut { what, see } => write!(f, "{what} (optional); `{see}` says how to provide it"),
            Trouble::Interrupted => f.write_str("interrupted"),
        }
    }
}

/// Prints the command, runs it, and fails unless it succeeds.
pub(crate) fn run(command: &mut Command) -> Result<(), Trouble> {
    show(command);
    let mut child = spawn(command.stdin(Stdio::null()))?;
    succeed(command, &mut child)
}

/// The same; also returns the lines of its stdout, even if it fails.
pub(crate) fn run_and_keep(command: &mut Command) -> (Vec<String>, Result<(), Trouble>) {
    show(command);
    let mut child = match spawn(command.stdin(Stdio::null()).stdout(Stdio::piped())) {
        Ok(child) => child,
        Err(trouble) => return (Vec::new(), Err(trouble)),
    };
    let output = child.stdout.take();
    let kept = thread::spawn(move || {
        let lines = output.into_iter().flat_map(|output| BufReader::new(output).split(b'\n'));
        let shown = lines.map_while(Result::ok).map(|line| {
            let line = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
            say!("{line}");
            line
        });
        shown.collect()
    });
    let result = succeed(command, &mut child);
    // The thread ends with the child's output, and panics only if our own stdout is closed.
    (kept.join().unwrap_or_default(), result)
}

/// Runs the command with all its output in a file.
pub(crate) fn run_into(log: &Path, command: &mut Command) -> Result<(), Trouble> {
    let cannot = |error| Trouble::Failed(format!("cannot write {}: {error}", log.display()));
    let file = File::create(log).map_err(cannot)?;
    command.stdin(Stdio::null()).stdout(file.try_clone().map_err(cannot)?).stderr(file);
    let mut child = spawn(command)?;
    succeed(command, &mut child)
}

/// What a short command prints on stdout; `None` if it is not installed or fails.
pub(crate) fn output_of(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    let output = without_own_package(command.args(arguments)).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Starts the command.
pub(crate) fn spawn(command: &mut Command) -> Result<Child, Trouble> {
    without_own_package(command)
        .spawn()
        .map_err(|error| Trouble::Failed(format!("cannot start `{}`: {error}", shown(command))))
}

/// Hides the variables that cargo set for xtask: build scripts that look at them would run again, since a cargo that is called from a shell
/// has none.
fn without_own_package(command: &mut Command) -> &mut Command {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Kills a child, by its id, and waits for it.
pub(crate) fn stop(child: &mut Child) {
    // Both fail only for a child that has already ended.
    let _ = child.kill();
    let _ = child.wait();
}

/// An error once the user has pressed Ctrl-C.
pub(crate) fn check_interrupt() -> Result<(), Trouble> {
    if INTERRUPTED.load(Ordering::Relaxed) { Err(Trouble::Interrupted) } else { Ok(()) }
}

/// The same after a child has ended: Ctrl-C goes to both, and the child may react first.
pub(crate) fn check_interrupt_after_child() -> Result<(), Trouble> {
    sleep(POLL_EVERY);
    check_interrupt()
}

pub(crate) fn watch_for_interrupts() -> Result<(), Trouble> {
    ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed))
        .map_err(|error| Trouble::Failed(format!("cannot watch for Ctrl-C: {error}")))
}

/// Enters the root of the workspace; all paths in xtask are relative to it.
pub(crate) fn enter_checkout() -> Result<(), Trouble> {
    let manifest = output_of("cargo", &["locate-project", "--workspace", "--message-format", "plain"])
        .ok_or_else(|| Trouble::Usage("run this inside a checkout of Tidewire".into()))?;
    let root = std::path::Path::new(manifest.trim()).with_file_name("");
    env::set_current_dir(&root)
        .map_err(|error| Trouble::Failed(format!("cannot enter {}: {error}", root.display())))
}

/// The CPU time of all children that have ended, and of their children; `None` where the system does not count it.
#[cfg(unix)]
pub(crate) fn cpu_time_of_children() -> Option<Duration> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeVal;

    let duration = |time: TimeVal| {
        let seconds = u64::try_from(time.tv_sec()).unwrap_or_default();
        let micros = u64::try_from(time.tv_usec()).unwrap_or_default();
        Duration::from_secs(seconds) + Duration::from_micros(micros)
    };
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
    Some(duration(usage.user_time()) + duration(usage.system_time()))
}

#[cfg(not(unix))]
pub(crate) fn cpu_time_of_children() -> Option<Duration> {
    None
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// How long a child may take to end by itself after Ctrl-C, which it receives too.
const GRACE: Duration = Duration::from_secs(2);
const POLL_EVERY: Duration = Duration::from_millis(30);
/// A log has no progress bar, so a quiet command prints its age now and then.
const SIGN_OF_LIFE_EVERY: Duration = Duration::from_secs(60);

fn show(command: &Command) {
    say!("{}", dim(format!("$ {}", shown(command))));
}

fn succeed(command: &Command, child: &mut Child) -> Result<(), Trouble> {
    let status = wait(child)?;
    if status.success() { Ok(()) } else { Err(Trouble::Failed(format!("`{}`: {status}", words(command)))) }
}

fn wait(child: &mut Child) -> Result<ExitStatus, Trouble> {
    let started = Instant::now();
    let mut signs_of_life = 0;
    let mut interrupted_at = None;
    loop {
        let ended = child.try_wait().map_err(|error| Trouble::Failed(format!("cannot wait: {error}")))?;
        if let Some(status) = ended {
            if !status.success() {
                check_interrupt_after_child()?;
            }
            return Ok(status);
        }
        if check_interrupt().is_err() && interrupted_at.get_or_insert_with(Instant::now).elapsed() > GRACE {
            stop(child);
        }
        if started.elapsed() >= SIGN_OF_LIFE_EVERY * (signs_of_life + 1) {
            signs_of_life += 1;
            if !stderr().is_terminal() {
                anstream::eprintln!("   … {} min", signs_of_life);
            }
        }
        sleep(POLL_EVERY);
    }
}

/// The command as it could be typed in a shell.
fn shown(command: &Command) -> String {
    let variables = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={}", name.to_string_lossy(), quoted(value?))));
    let directory = command.get_current_dir().map(|folder| format!("cd {} && ", quoted(folder.as_os_str())));
    directory.unwrap_or_default() + &variables.chain([words(command)]).collect::<Vec<_>>().join(" ")
}

fn words(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into_owned() } else { format!("'{word}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_could_be_typed() {
        let mut command = Command::new("cargo");
        command.args(["doc", "--no-deps", ""]).env("RUSTDOCFLAGS", "-D warnings").current_dir("a b");
        assert_eq!(shown(&command), "cd 'a b' && RUSTDOCFLAGS='-D warnings' cargo doc --no-deps ''");
    }
}

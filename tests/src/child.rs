//! Runs other people's servers and our own programs as child processes on free ports.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::net::TcpStream;

/// How many ports to try, since a port that was free a moment ago may be taken.
const TRIES: usize = 5;
const FIRST_PORT: u16 = 12_000;
const PORTS: u16 = 20_000;
const BEAT: Duration = Duration::from_millis(10);
/// How long a server may take to exit after it was asked to, before it is killed.
const GRACE: Duration = Duration::from_secs(3);

/// A running server. Dropping it stops its process and waits until it has exited.
#[derive(Debug)]
pub struct ChildServer {
    name: String,
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl ChildServer {
    /// Starts a server on a free port, with a folder of its own inside `parent`, and waits until it accepts connections.
    ///
    /// # Panics
    /// If the server does not start, with the output of the server.
    pub async fn start(name: &str, parent: &Path, command: impl Fn(u16, &Path) -> Command) -> Self {
        for _ in 0..TRIES {
            let port = free_port();
            let folder = parent.join(format!("{name}-{port}"));
            fs::create_dir_all(&folder).expect("a folder for the server");
            let log = File::create(folder.join("log")).expect("a log of the server");
            let child = command(port, &folder)
                .stdin(Stdio::null())
                .stdout(log.try_clone().expect("a second handle of the log"))
                .stderr(log)
                .spawn()
                .unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
            let mut server = Self { name: name.to_owned(), child, port, folder };
            match server.ready().await {
                true => return server,
                false => eprintln!("{name} ended before it was ready:\n{}", server.log()),
            }
        }
        panic!("{name} did not start on any of {TRIES} ports");
    }

    /// The port on which it listens.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// How many sockets its processes hold; `None` if the system does not tell.
    #[must_use]
    pub fn sockets(&self) -> Option<usize> {
        let main = self.child.id();
        let children = fs::read_to_string(format!("/proc/{main}/task/{main}/children")).ok()?;
        let ids = children.split_whitespace().map(str::to_owned).chain([main.to_string()]);
        let links = ids.flat_map(|id| fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten());
        let targets = links.filter_map(|link| fs::read_link(link.path()).ok());
        Some(targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count())
    }

    /// Waits until the server accepts connections; `false` if its process exited first.
    async fn ready(&mut self) -> bool {
        let begun = Instant::now();
        while self.is_running() {
            if TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return self.is_running();
            }
            assert!(begun.elapsed() < crate::PATIENCE, "{} never became ready:\n{}", self.name, self.log());
            tokio::time::sleep(BEAT).await;
        }
        false
    }

    fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for ChildServer {
    /// Sends SIGTERM first, because a server with workers stops those itself.
    fn drop(&mut self) {
        let asked = Instant::now();
        let before = self.child.try_wait();
        if self.is_running() && cfg!(unix) {
            let _ = Command::new("kill").arg(self.child.id().to_string()).status();
            while self.is_running() && asked.elapsed() < GRACE {
                thread::sleep(BEAT);
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("{} (exited by itself: {before:?}) printed:\n{}", self.name, self.log());
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The program of an example. `cargo test --workspace --all-features` builds them all; this builds them for a test that runs alone.
///
/// # Panics
/// If the example does not build.
#[must_use]
pub fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this test's own path");
    let folder = test.ancestors().nth(2).expect("the folder of the profile").join("examples");
    let program = folder.join(name).with_extension(std::env::consts::EXE_EXTENSION);
    if !program.exists() {
        assert!(cargo_build().status().expect("cargo runs").success());
    }
    program
}

/// A command that builds the examples, with the features of the whole workspace, like the tests; so nothing is built twice. It gets none of
/// the variables that cargo sets for a test: build scripts that look at them would run again.
#[must_use]
pub fn cargo_build() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--workspace", "--all-features", "--examples"]);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// A port on which nothing listens, and which no other test of this process has. It is below the ports that systems assign by
/// themselves (from 32768 on), because another program could be assigned one of those before the server takes it.
fn free_port() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    // A starting point that another run of the tests is unlikely to share.
    let begin = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.subsec_micros());
    let begin = u16::try_from(begin % u32::from(PORTS)).unwrap_or(0);
    let _ = GIVEN.compare_exchange(0, begin.max(1), Ordering::Relaxed, Ordering::Relaxed);
    loop {
        let port = FIRST_PORT + GIVEN.fetch_add(1, Ordering::Relaxed) % PORTS;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

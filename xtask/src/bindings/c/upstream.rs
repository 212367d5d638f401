//! `tidewire serve` as the upstream of the tests, with TLS or without.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;

use crate::build;
use crate::run::{Trouble, run, spawn, stop};

/// A running server, which is stopped when it is dropped.
pub(super) struct Upstream {
    child: Child,
    url: String,
}

impl Upstream {
    pub(super) fn start(options: &[&Path]) -> Result<Self, Trouble> {
        let mut command = Command::new(build::program("tidewire")?);
        command.args(["serve", "--port", "0"]).args(options).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = spawn(&mut command)?;
        let url = child.stdout.take().and_then(listening);
        let mut server = Self { child, url: String::new() };
        match url {
            Some(url) => server.url = url,
            None => return Err(Trouble::Failed("`tidewire serve` does not listen".into())),
        }
        Ok(server)
    }

    /// Without a slash at the end.
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

/// The address in the first line of the log. The further lines are read, so that the log does not fill its pipe.
fn listening(stdout: ChildStdout) -> Option<String> {
    let mut lines = BufReader::new(stdout).lines();
    let first: serde_json::Value = serde_json::from_str(&lines.next()?.ok()?).ok()?;
    let url = first["url"].as_str()?.to_owned();
    thread::spawn(move || lines.for_each(drop));
    Some(url)
}

/// A self-made authority, and a certificate for 127.0.0.1 that it signed.
pub(super) struct Authority {
    authority: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

impl Authority {
    pub(super) fn new(folder: &Path) -> Result<Self, Trouble> {
        let file = |name: &str| folder.join(name);
        let made = Self {
            authority: file("authority.pem"),
            certificate: file("certificate.pem"),
            key: file("key.pem"),
        };
        let authority_key = file("authority-key.pem");
        let mut authority = request("/CN=Tidewire's tests", "critical,CA:TRUE");
        authority.arg("-keyout").arg(&authority_key).arg("-out").arg(&made.authority);
        let mut certificate = request("/CN=127.0.0.1", "critical,CA:FALSE");
        certificate.args(["-addext", "subjectAltName=IP:127.0.0.1"]);
        certificate.arg("-CA").arg(&made.authority).arg("-CAkey").arg(&authority_key);
        certificate.arg("-keyout").arg(&made.key).arg("-out").arg(&made.certificate);
        run(&mut authority)?;
        run(&mut certificate)?;
        Ok(made)
    }

    /// The authority's PEM file, for clients.
    pub(super) fn file(&self) -> &Path {
        &self.authority
    }

    /// For `tidewire serve`.
    pub(super) fn options(&self) -> [&Path; 4] {
        [Path::new("--tls-cert"), &self.certificate, Path::new("--tls-key"), &self.key]
    }
}

/// A command that makes a key and a certificate.
fn request(subject: &str, constraints: &str) -> Command {
    let mut command = Command::new("openssl");
    command.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]);
    command.args(["-subj", subject, "-addext", &format!("basicConstraints={constraints}")]);
    command
}

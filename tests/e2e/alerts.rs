//! Tests the alert rules of `examples/prometheus` with Prometheus itself: with the rows of `alerts.test.yml`, and with the real
//! metrics of the example while its upstream is slow, fails, or has too many streams. `cargo xtask test` installs Prometheus and
//! passes its location in the environment; without it, these tests pass and report that they did not run.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tidewire_tests::child::{ChildServer, example};
use tidewire_tests::{upstream, within};

const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/prometheus");
const BEAT: Duration = Duration::from_millis(200);

const METRICS: [(&str, &str); 7] = [
    ("streams_active", "gauge"),
    ("time_to_first_event_seconds", "histogram"),
    ("inter_event_seconds", "histogram"),
    ("attempts_total", "counter"),
    ("streams_ended_total", "counter"),
    ("stalls_total", "counter"),
    ("bytes_total", "counter"),
];

/// One instance of the example, what it streams, and the alert that must fire for it.
struct Row {
    name: &'static str,
    path: &'static str,
    streams: &'static str,
    alert: Option<&'static str>,
}

const ROWS: [Row; 4] = [
    Row { name: "calm", path: "/chat?interval_ms=0", streams: "4", alert: None },
    // Most of these wait for one of the example's connections.
    Row {
        name: "crowded",
        path: "/stall?interval_ms=0",
        streams: "8001",
        alert: Some("TidewireStreamsActiveHigh"),
    },
    Row {
        name: "slow",
        path: "/slow-headers?silence_ms=2200&interval_ms=0",
        streams: "20",
        alert: Some("TidewireFirstEventSlow"),
    },
    Row {
        name: "failing",
        path: "/midstream-error?interval_ms=0",
        streams: "4",
        alert: Some("TidewireErrorRatioHigh"),
    },
];

#[test]
fn the_rules_are_valid_and_pass_their_own_tests() {
    let Some(promtool) = program("TIDEWIRE_PROMTOOL") else { return };
    for arguments in [["check", "rules", "alerts.yml"], ["test", "rules", "alerts.test.yml"]] {
        let output = Command::new(&promtool).args(arguments).current_dir(RULES).output();
        must_succeed(&arguments.join(" "), &output.expect("promtool runs"));
    }
}

#[tokio::test]
async fn each_alert_fires_for_its_instance_only() {
    let (Some(prometheus), Some(promtool)) = (program("TIDEWIRE_PROMETHEUS"), program("TIDEWIRE_PROMTOOL"))
    else {
        return;
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let upstream = upstream().await;
    let mut programs = Vec::new();
    for Row { name, path, streams, .. } in ROWS {
        let url = upstream.url(path);
        programs.push(
            ChildServer::start(name, folder, |port, _| {
                let mut command = Command::new(example("prometheus"));
                command.args([&format!("127.0.0.1:{port}"), &url, streams]);
                command
            })
            .await,
        );
    }
    let ports: Vec<u16> = programs.iter().map(ChildServer::port).collect();
    let server = ChildServer::start("prometheus", folder, |port, folder| {
        set_up(folder, &ports);
        let mut command = Command::new(&prometheus);
        command
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()));
        command
    })
    .await;

    let want: BTreeSet<_> =
        ROWS.iter().filter_map(|row| Some((row.alert?.to_owned(), row.name.to_owned()))).collect();
    let mut firing = BTreeSet::new();
    within("all alerts", async {
        while !firing.is_superset(&want) {
            tokio::time::sleep(BEAT).await;
            firing = alerts(&server, "firing").await;
        }
    })
    .await;
    assert_eq!(firing, want, "nothing else fires");
    let calm = text(&programs[0].url("/metrics")).await;
    lint(&promtool, &calm);
    let ended = calm
        .lines()
        .find_map(|line| line.strip_prefix(r#"tidewire_streams_ended_total{outcome="complete"} "#));
    assert!(ended.is_some_and(|count| count.parse::<u64>().is_ok_and(|count| count > 0)), "{calm}");
}

/// The path of a program that `cargo xtask test` installs; `None`, with a notice, if it is not installed.
fn program(variable: &str) -> Option<OsString> {
    let found = env::var_os(variable);
    if found.is_none() {
        // Not `eprintln`, whose output the test harness hides if the test passes.
        let _ = writeln!(
            std::io::stderr(),
            "NOT RUN: {variable} is not set; `cargo xtask test` installs Prometheus"
        );
    }
    found
}

/// Configures Prometheus to scrape every second, with the rules as they are except for the wait of two minutes.
fn set_up(folder: &Path, ports: &[u16]) {
    let rules = fs::read_to_string(PathBuf::from(RULES).join("alerts.yml")).expect("the rules");
    assert_eq!(rules.matches("for: ").count(), 1);
    fs::write(folder.join("alerts.yml"), rules.replace("for: 2m", "for: 2s")).expect("a file");
    let targets: String = ROWS
        .iter()
        .zip(ports)
        .map(|(row, port)| {
            format!("      - {{ targets: ['127.0.0.1:{port}'], labels: {{ instance: {} }} }}\n", row.name)
        })
        .collect();
    let config = format!(
        "global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}\nrule_files: [alerts.yml]\n\
         scrape_configs:\n  - job_name: tidewire\n    static_configs:\n{targets}"
    );
    fs::write(folder.join("prometheus.yml"), config).expect("a file");
}

/// The names of the alerts in a state, each with its instance.
async fn alerts(server: &ChildServer, state: &str) -> BTreeSet<(String, String)> {
    let reply: Value = serde_json::from_str(&text(&server.url("/api/v1/alerts")).await).expect("JSON");
    let alerts = reply["data"]["alerts"].as_array().expect("alerts");
    let label = |alert: &Value, name| alert["labels"][name].as_str().unwrap_or_default().to_owned();
    let fitting = alerts.iter().filter(|alert| alert["state"] == state);
    fitting.map(|alert| (label(alert, "alertname"), label(alert, "instance"))).collect()
}

/// Runs `promtool check metrics` on the metrics that a program exports.
fn lint(promtool: &OsString, shown: &str) {
    for (metric, kind) in METRICS {
        for line in [format!("# TYPE tidewire_{metric} {kind}\n"), format!("# HELP tidewire_{metric} ")] {
            assert!(shown.contains(&line), "{line} in {shown}");
        }
    }
    let mut child = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool runs");
    child.stdin.take().expect("its input").write_all(shown.as_bytes()).expect("it reads");
    must_succeed("check metrics", &child.wait_with_output().expect("its output"));
}

fn must_succeed(what: &str, output: &Output) {
    let said = [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).join("\n");
    assert!(output.status.success(), "promtool {what}: {said}");
}

async fn text(url: &str) -> String {
    within("a reply", async {
        let reply = reqwest::get(url).await.expect("a reply").error_for_status().expect("a success");
        reply.text().await.expect("a body")
    })
    .await
}

//! Tests on a pseudo terminal: nothing from a peer becomes a control sequence there, in any output and on either stream.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;

use serde_json::{Value, json};

use crate::support::{Run, TempFile, Terminal, Upstream, each, listening, tidewire};

/// ESC, BEL, NUL, backspace, a lone carriage return, DEL, CSI as one character of C1, and what changes the direction of text.
const ATTACK: &str = "\x1b[2J\x1b]0;owned\x07\0\x08over\rwrite\x7f\u{9b}31m\u{85}\u{202e}\u{2066}\u{200f}.";

const SSE: &str = "text/event-stream";

/// What JSON may hold unescaped of it: DEL, C1 and the characters that change the direction.
fn unescaped_in_json() -> String {
    ATTACK.replace(|c: char| c < ' ', "")
}

fn on_a_terminal(command: &mut Command, input: &str) -> String {
    Terminal::spawn(command, input.as_bytes()).finish()
}

/// The characters that act on a terminal, apart from line ends and the command's own styles.
fn control_characters(shown: &str) -> String {
    let mut text = shown.replace("\r\n", "\n");
    for style in ["\x1b[2m", "\x1b[0m", "\x1b[31m", "\x1b[32m"] {
        text = text.replace(style, "");
    }
    let changes_direction = ['\u{202e}', '\u{2066}', '\u{200f}'];
    text.chars()
        .filter(|c| (c.is_control() && !['\n', '\t'].contains(c)) || changes_direction.contains(c))
        .collect()
}

/// A server of one response.
fn upstream(status: u16, content_type: &str, body: &str) -> (Upstream, TempFile) {
    let head = json!({ "response": { "status": status, "headers": [["content-type", content_type]] } });
    let file = TempFile::with(&format!("{head}\n{}\n", json!({ "text": body })));
    (Upstream::of_file(file.path()), file)
}

#[test]
fn get_escapes_control_characters_in_any_output() {
    // In an event, the carriage return would end the line.
    let line = ATTACK.replace('\r', "");
    let escaped = json!(ATTACK);
    let raw = unescaped_in_json();
    let chunk = |delta: Value| json!({ "choices": [{ "index": 0, "delta": delta }] });
    let call = json!({ "index": 0, "id": escaped, "function": { "name": escaped, "arguments": escaped } });
    let error = json!({ "error": { "code": escaped, "message": escaped } });
    let reply = [
        chunk(json!({ "content": escaped })),
        chunk(json!({ "reasoning_content": escaped })),
        chunk(json!({ "tool_calls": [call] })),
        error.clone(),
    ];
    let reply: String = reply.iter().map(|record| format!("data: {record}\n\n")).collect();
    let bodies = [
        (200, SSE, format!("id: {line}\nevent: {line}\ndata: {line}\n\n: {line}\n\n")),
        (200, SSE, reply),
        (200, SSE, format!("event: error\ndata: {error}\n\n")),
        (200, "text/plain", ATTACK.to_owned()),
        (200, "application/x-ndjson", format!("{{\"a\":\"{raw}\"}}\n{{{raw}}}\n")),
        (200, "application/octet-stream", line),
        (403, "application/json", error.to_string()),
        (500, "text/plain", ATTACK.to_owned()),
    ];
    let options: [&[&str]; 8] = [
        &["--output", "pretty"],
        &["--output", "events"],
        &["--output", "data"],
        &["--output", "text"],
        &["--output", "pretty", "--dialect", "openai-chat"],
        &["--output", "events", "--dialect", "auto"],
        &["--output", "data", "--dialect", "openai-chat", "--stats"],
        &["--record", "-"],
    ];
    let rows: Vec<_> = bodies.iter().flat_map(|body| options.map(|options| (body, options))).collect();
    each(
        &rows,
        |row| format!("{row:?}"),
        |((status, content_type, body), options)| {
            let (server, _file) = upstream(*status, content_type, body);
            let url = server.url("/");
            let args = ["get", &url, "--retry-attempts", "0"].into_iter().chain(options.iter().copied());
            let shown = on_a_terminal(&mut tidewire(args), "");
            assert_eq!(control_characters(&shown), "", "{shown:?}");
            assert!(!shown.is_empty());
        },
    );
}

#[test]
fn a_pipe_gets_the_bytes_as_they_are() {
    let (server, _file) = upstream(200, "text/plain", ATTACK);
    let done = tidewire(["get", &server.url("/"), "--output", "text"]).run();
    assert_eq!(done.text(), ATTACK);
    // So does standard error, for instance in the reasons of a provider.
    let reason =
        format!("data: {}\n\n", json!({ "type": "error", "error": { "message": "a\u{9b}31m\x1b[2J" } }));
    let (server, _file) = upstream(200, SSE, &reason);
    let args = ["get", &server.url("/"), "--output", "text", "--dialect", "anthropic"];
    let done = tidewire(args).run();
    assert!(done.stderr.contains("a\u{9b}31m\x1b[2J"), "{:?}", done.stderr);
}

#[test]
fn escaped_json_has_the_same_value() {
    let raw = unescaped_in_json();
    let (server, _file) = upstream(200, SSE, &format!("data: {raw}\n\n"));
    let shown = on_a_terminal(&mut tidewire(["get", &server.url("/"), "--output", "events"]), "");
    let event: Value = serde_json::from_str(shown.lines().next().unwrap()).unwrap();
    assert_eq!(event["data"], raw);
}

/// A header that no HTTP library would send.
#[test]
fn a_header_in_an_error_message_is_escaped() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let _ = socket.read(&mut [0; 4096]).unwrap();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x\u{9b}31m\u{202e}\r\nContent-Length: 4\r\n\r\ndata";
        socket.write_all(head.as_bytes()).unwrap();
    });
    let shown = on_a_terminal(&mut tidewire(["get", &url, "--retry-attempts", "0"]), "");
    server.join().unwrap();
    assert_eq!(control_characters(&shown), "", "{shown:?}");
    assert!(shown.contains("refused"), "{shown:?}");
}

#[test]
fn decode_escapes_control_characters() {
    let line = ATTACK.replace('\r', "");
    let raw = unescaped_in_json();
    let rows: [(&[&str], String); 4] = [
        (&["decode"], format!("id: {line}\nevent: {line}\ndata: {line}\n\n")),
        (&["decode", "--format", "text"], ATTACK.to_owned()),
        (&["decode", "--dialect", "openai-chat"], format!("data: {{\"error\":\"{raw}\"}}\n\n")),
        (&["decode", "--format", "ndjson"], format!("{{\"a\":\"{raw}\"}}\n")),
    ];
    for (args, input) in rows {
        let shown = on_a_terminal(&mut tidewire(args.iter().copied()), &input);
        assert_eq!(control_characters(&shown), "", "{args:?}: {shown:?}");
        assert!(shown.contains("\\u009b"), "{args:?}: {shown:?}");
    }
}

#[test]
fn serve_escapes_control_characters_in_its_log() {
    let terminal = Terminal::spawn(&mut tidewire(["serve", "--port", "0"]), b"");
    let shown = terminal.wait_for("}");
    let url = listening(shown.lines().next().unwrap());
    let mut socket = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    let body = "{\"prompt\":\"\u{9b}31m\u{202e}\u{7f}\"}";
    let head = format!(
        "POST /ai/chat?interval_ms=0 HTTP/1.1\r\nHost: localhost\r\nX-A: \u{9b}31m\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    terminal.wait_for("\"ended\"");
    terminal.process.signal("INT");
    let shown = terminal.finish();
    assert_eq!(control_characters(&shown), "", "{shown:?}");
    assert!(shown.contains("\\u009b31m\\u202e\\u007f"), "{shown:?}");
}

#[test]
fn styles_are_for_terminals() {
    let server = Upstream::start();
    let url = server.url("/chat?interval_ms=0&events=1");
    let mut command = tidewire(["get", &url]);
    command.env("TERM", "xterm").env_remove("NO_COLOR");
    assert!(on_a_terminal(&mut command, "").contains("\x1b[32mcomplete"));
    command.env("NO_COLOR", "1");
    assert!(!on_a_terminal(&mut command, "").contains('\x1b'));
}

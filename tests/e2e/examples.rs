//! Runs the examples in the way that the comments at their top describe.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tidewire::{Client, Dialect, Outcome};
use tidewire_cli::serve::reply_text;
use tidewire_tests::child::{ChildServer, example};
use tidewire_tests::{raw, upstream, within};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

async fn run(name: &'static str, url: String) -> String {
    let output =
        within(name, tokio::process::Command::new(example(name)).arg(url).kill_on_drop(true).output());
    let output = output.await.expect("the example runs");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[tokio::test]
async fn each_example_does_what_its_comment_says() {
    let server = upstream().await;
    let chat = run("chat", server.url("/ai/chat?interval_ms=0")).await;
    assert!(chat.contains("hello") && chat.ends_with("Some(Complete)\n"), "{chat}");
    let records = run("records", server.url("/ndjson?interval_ms=0")).await;
    assert_eq!(records, reply_text());
    let follow = run("follow", server.url("/notify?interval_ms=0")).await;
    assert!(follow.lines().count() == 11 && follow.ends_with("Some(Ended) after 2 requests\n"), "{follow}");
    let own = run("own_client", server.url("/chat?interval_ms=0")).await;
    assert!(own.ends_with("Some(Complete)\n"), "{own}");
    assert!(server.log().iter().any(|request| request.headers["user-agent"] == "my-service/1.0"));
}

/// The example `relay` in front of the upstream at this URL.
async fn relay(url: String) -> ChildServer {
    let start = move |port: u16, _: &Path| {
        let mut command = Command::new(example("relay"));
        command.args([&port.to_string(), &url]);
        command
    };
    ChildServer::start("relay", Path::new(env!("CARGO_TARGET_TMPDIR")), start).await
}

#[tokio::test]
async fn the_relay_passes_on_the_reply_and_its_outcome() {
    let server = upstream().await;
    let direct = Client::new().post(server.url("/llm?dialect=anthropic&interval_ms=0"));
    let direct = within("the message", direct.reply(Dialect::Anthropic).whole()).await.expect("whole");
    for (more, outcome) in [
        ("&interval_ms=0", "complete"),
        ("&interval_ms=0&error=1", "failed"),
        ("&interval_ms=0&unfinished=1", "truncated"),
        ("&interval_ms=0&unfinished=1&end=clean", "truncated"),
        // Not all at once: when a connection breaks, the relay's server drops what it has not written yet.
        ("&interval_ms=5&cut_at=3000", "truncated"),
    ] {
        let relay = relay(server.url(&format!("/llm?dialect=anthropic{more}"))).await;
        let mut reply = Client::new().post(relay.url("/chat")).reply(Dialect::OpenAiChat);
        while within("a delta", reply.next()).await.is_some() {}
        let end = reply.end().expect("an end");
        assert_eq!(end.outcome.code(), outcome, "{more}: {end:?}");
        let message = reply.message();
        assert!(!message.text.is_empty() && direct.text.starts_with(&message.text), "{more}: {message:?}");
        assert!(direct.reasoning.starts_with(&message.reasoning), "{more}: {message:?}");
        match outcome {
            "complete" => {
                assert_eq!((&message.text, &message.reasoning), (&direct.text, &direct.reasoning));
                assert_eq!((&message.tool_calls, message.finish), (&direct.tool_calls, direct.finish));
                assert_eq!(message.usage.output_tokens, direct.usage.output_tokens);
            }
            "failed" => {
                let error = end.error.as_deref();
                assert_eq!(error, Some("overloaded_error: the model is overloaded"));
            }
            _ => {}
        }
    }
    let refused = relay(server.url("/status?status=401")).await;
    let mut reply = Client::new().post(refused.url("/chat")).reply(Dialect::OpenAiChat);
    while within("the end", reply.next()).await.is_some() {}
    assert!(matches!(reply.end().map(|end| &end.outcome), Some(Outcome::Refused { status: 502, .. })));
}

/// A page that stops reading holds the upstream back, and one that disconnects ends the upstream's request.
#[tokio::test]
async fn the_relay_is_no_faster_than_its_reader() {
    const WRITES: u32 = 2_000;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let relay = relay(format!("http://{}/", listener.local_addr().expect("an address"))).await;
    let mut reply = Client::new().post(relay.url("/chat")).reply(Dialect::OpenAiChat);
    let asking = tokio::spawn(async move {
        for _ in 0..10 {
            within("a delta", reply.next()).await.expect("a delta").expect("a delta");
        }
        reply
    });
    let (mut upstream, _) = within("the relay's request", listener.accept()).await.expect("a connection");
    within("the request", raw::read_request(&mut upstream)).await.expect("a request");
    let text = "x".repeat(1 << 18);
    let event = format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
    upstream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n").await.expect("a head");
    // 500 MB, of which the buffers on the way hold a part.
    let mut held_back = false;
    for _ in 0..WRITES {
        let write = tokio::time::timeout(Duration::from_secs(2), upstream.write_all(event.as_bytes()));
        match write.await {
            Ok(written) => written.expect("the relay is connected"),
            Err(_) => {
                held_back = true;
                break;
            }
        }
    }
    assert!(held_back, "everything was read, although the page had stopped reading");
    drop(asking.await.expect("deltas"));
    let gone = async { while upstream.write_all(event.as_bytes()).await.is_ok() {} };
    within("the end of the relay's request", gone).await;
}

#[tokio::test]
async fn a_chat_in_the_terminal() {
    let server = upstream().await;
    for (path, want) in [
        ("/llm?reply=text&interval_ms=0", "适合游泳。\n> "),
        ("/llm?error=1&interval_ms=0", "[not whole: the server reported an error inside the stream"),
        ("/llm?unfinished=1&interval_ms=0", "[not whole: "),
    ] {
        server.clear_log();
        let mut child = tokio::process::Command::new(example("terminal_chat"))
            .arg(server.url(path))
            .env_remove("OPENAI_API_KEY")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the example runs");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all("one\ntwo\n".as_bytes()).await.expect("it reads");
        drop(stdin);
        let output = within("its end", child.wait_with_output()).await.expect("it ends");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(output.status.success() && text.matches(want).count() == 2, "{path}: {text}");
        let log = server.log();
        // The second request contains the first question and its answer, if that answer was whole.
        let second: serde_json::Value = serde_json::from_str(&log[1].body).expect("JSON");
        let turns = second["messages"].as_array().map(Vec::len);
        assert_eq!(turns, Some(if path.contains("reply=text") { 3 } else { 1 }), "{second}");
    }
}

//! The examples, as their head comments say to run them.

use tidewire_cli::serve::reply_text;
use tidewire_tests::child::example;
use tidewire_tests::{upstream, within};

async fn run(name: &'static str, url: String) -> String {
    let output =
        within(name, tokio::process::Command::new(example(name)).arg(url).kill_on_drop(true).output());
    let output = output.await.expect("the example runs");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[tokio::test]
async fn each_does_what_it_says() {
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

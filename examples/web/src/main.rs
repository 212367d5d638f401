//! A chat page in Rust: the same client as in a service, with the same code, in the browser.
//!
//! `cargo xtask demo --web` builds it and serves it at `/rust/`. The page connects to `/api` on the same server, which forwards to
//! `tidewire serve`, or to the server named in its address (`?server=http://127.0.0.1:8787`).

#[cfg(not(target_family = "wasm"))]
fn main() {
    println!("this is a web page; run `cargo xtask demo --web` to see it");
}

#[cfg(target_family = "wasm")]
fn main() {
    page::show();
}

#[cfg(target_family = "wasm")]
mod page {
    use serde::Deserialize;
    use tidewire::Client;
    use wasm_bindgen_futures::spawn_local;
    use yew::prelude::*;

    #[derive(Deserialize)]
    struct Chunk {
        choices: Vec<Choice>,
    }

    #[derive(Deserialize)]
    struct Choice {
        delta: Delta,
    }

    #[derive(Deserialize)]
    struct Delta {
        content: Option<String>,
    }

    pub(super) fn show() {
        yew::Renderer::<Chat>::new().render();
    }

    #[function_component]
    fn Chat() -> Html {
        let reply = use_state(String::new);
        let state = use_state(|| "idle".to_owned());
        let onclick = {
            let (reply, state) = (reply.clone(), state.clone());
            Callback::from(move |_| spawn_local(ask(reply.setter(), state.setter())))
        };
        html! {
            <main>
                <button {onclick}>{ "Ask" }</button>
                <p id="reply">{ &*reply }</p>
                <p id="state">{ &*state }</p>
            </main>
        }
    }

    /// Streams a reply that is cut every few events, and shows it as it arrives.
    async fn ask(reply: UseStateSetter<String>, state: UseStateSetter<String>) {
        let shown = state.clone();
        let mut chunks = Client::new()
            .get(format!("{}/flaky?interval_ms=20", server()))
            .on_attempt(move |attempt| shown.set(format!("request {}", attempt.number)))
            .records::<Chunk>();
        let mut text = String::new();
        while let Some(chunk) = chunks.next().await {
            match chunk {
                Ok(chunk) => text.extend(chunk.choices.into_iter().filter_map(|choice| choice.delta.content)),
                Err(error) => return state.set(error.to_string()),
            }
            reply.set(text.clone());
        }
        if let Some(end) = chunks.end() {
            state.set(format!("{} after {} requests", end.outcome, end.stats.attempts));
        }
    }

    /// The server that the page's address names, or `/api` on the page's own server.
    fn server() -> String {
        let Some(location) = web_sys::window().map(|window| window.location()) else { return String::new() };
        let query = location.search().unwrap_or_default();
        let named = web_sys::UrlSearchParams::new_with_str(&query).ok().and_then(|query| query.get("server"));
        named.unwrap_or_else(|| location.origin().unwrap_or_default() + "/api")
    }
}

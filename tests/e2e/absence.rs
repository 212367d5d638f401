//! An app that was in the background: its connections may be dead without a word when it is back, its network another one, its server
//! restarted. A stream notices that within two seconds of the return, continues, and loses and repeats nothing. Over HTTP/1.1 and HTTP/2,
//! whose streams share one connection.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use tidewire::{Client, Event, Outcome, Streaming};
use tidewire_cli::serve::Server;
use tidewire_tests::{PATIENCE, ids, take, upstream, upstream_with_tls, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{RwLock, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

/// How long the app was away, as its phone's clock says.
const AWAY: Duration = Duration::from_secs(600);
const EVENTS: usize = 40;

/// Held for writing by a test that has all clients of this process forget their connections, and for reading by those that count them.
static CONNECTIONS: RwLock<()> = RwLock::const_new(());

/// A server, and a client that trusts it.
struct Upstream {
    server: Server,
    authority: Option<String>,
}

impl Upstream {
    async fn http1() -> Self {
        Self { server: upstream().await, authority: None }
    }

    async fn http2() -> Self {
        let (server, authority) = upstream_with_tls().await;
        Self { server, authority: Some(authority) }
    }

    fn client(&self) -> Client {
        match &self.authority {
            None => Client::new(),
            Some(authority) => Client::builder().ca_certificates(authority).expect("PEM").build(),
        }
    }

    fn version(&self) -> &'static str {
        if self.authority.is_some() { "HTTP/2.0" } else { "HTTP/1.1" }
    }
}

/// Stands between the client and its server.
struct Proxy {
    url: String,
    connections: Arc<AtomicUsize>,
    fate: watch::Sender<Fate>,
    task: JoinHandle<()>,
}

/// What became of the connections that were accepted so far.
#[derive(Clone, Copy, Default)]
struct Fate {
    /// So many of the first ones are silent, although they stay open.
    dead: usize,
    /// So many are closed.
    closed: usize,
}

impl Proxy {
    async fn start(upstream: &Upstream) -> Self {
        let server: SocketAddr = upstream.server.addr();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let scheme = if upstream.authority.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().expect("an address"));
        let connections = Arc::new(AtomicUsize::new(0));
        let (fate, told) = watch::channel(Fate::default());
        let count = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            let mut relays = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst);
                relays.spawn(relay(number, client, server, told.clone()));
            }
        });
        Self { url, connections, fate, task }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn kill(&self) {
        self.fate.send_modify(|fate| fate.dead = self.connections());
    }

    fn close(&self) {
        self.fate.send_modify(|fate| fate.closed = self.connections());
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn relay(number: usize, mut client: TcpStream, server: SocketAddr, mut told: watch::Receiver<Fate>) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let (mut up, mut down) = (vec![0; 4096], vec![0; 4096]);
    loop {
        let fate = *told.borrow_and_update();
        if number < fate.closed {
            return;
        }
        let is_dead = number < fate.dead;
        tokio::select! {
            changed = told.changed() => if changed.is_err() { return },
            read = client.read(&mut up) => match read {
                Ok(0) | Err(_) => return,
                Ok(_) if is_dead => {}
                Ok(count) => if server.write_all(&up[..count]).await.is_err() { return },
            },
            read = server.read(&mut down), if !is_dead => match read {
                Ok(0) | Err(_) => return,
                Ok(count) => if client.write_all(&down[..count]).await.is_err() { return },
            },
        }
    }
}

/// What happens between two events.
#[derive(Clone, Copy, Debug)]
enum Happening {
    /// The app is in the background for a while, and its connection survives.
    Background,
    /// Its connection does not.
    DeadInBackground,
    /// The connection goes silent while the app is shown, and it is told of the new network.
    NetworkChange,
    ServerRestart,
}

impl Happening {
    fn any(random: &mut Rng) -> Self {
        use Happening::{Background, DeadInBackground, NetworkChange, ServerRestart};
        [Background, DeadInBackground, NetworkChange, ServerRestart][random.usize(..4)]
    }

    async fn happen(self, stream: &mut Streaming<Event>, proxy: &Proxy, random: &mut Rng) {
        match self {
            Self::Background | Self::DeadInBackground => {
                if matches!(self, Self::DeadInBackground) {
                    proxy.kill();
                }
                sleep(Duration::from_millis(random.u64(..60))).await;
                stream.check(AWAY);
            }
            Self::NetworkChange => {
                proxy.kill();
                stream.reconnect();
            }
            Self::ServerRestart => proxy.close(),
        }
    }
}

/// Plays a random schedule, and returns the longest time from a return to the next event.
async fn play(seed: u64, upstream: Arc<Upstream>) -> Duration {
    let mut random = Rng::with_seed(seed);
    let proxy = Proxy::start(&upstream).await;
    let interval = random.u64(2..30);
    let url = format!("{}/sse?ids=true&events={EVENTS}&interval_ms={interval}", proxy.url);
    let mut stream = upstream.client().get(url).retry_delay(Duration::from_millis(5)).events();
    let mut schedule: Vec<(usize, Happening)> =
        (0..random.usize(1..4)).map(|_| (random.usize(..EVENTS), Happening::any(&mut random))).collect();
    schedule.sort_by_key(|(at, _)| *at);
    let mut ids = Vec::new();
    let mut longest = Duration::ZERO;
    let mut schedule = schedule.into_iter().peekable();
    loop {
        let mut back = None;
        while let Some((_, happening)) = schedule.next_if(|(at, _)| *at <= ids.len()) {
            // Before the first event there is nothing to continue.
            if !ids.is_empty() {
                happening.happen(&mut stream, &proxy, &mut random).await;
                back = Some(Instant::now());
            }
        }
        let Ok(next) = timeout(PATIENCE, stream.next()).await else {
            panic!("seed {seed}: nothing after {ids:?}, {:?}", stream.state())
        };
        longest = longest.max(back.map_or(Duration::ZERO, |back| back.elapsed()));
        match next {
            Some(Ok(event)) if event.data == "[DONE]" || event.id.is_empty() => {}
            Some(Ok(event)) => ids.push(event.id.parse::<usize>().expect("a number")),
            Some(Err(error)) => panic!("seed {seed}: {error} after {ids:?}"),
            None => break,
        }
    }
    let once: Vec<usize> = (1..=ids.len()).collect();
    assert!(ids == once && ids.len() >= EVENTS, "seed {seed}: {ids:?}");
    longest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_in_the_background_nothing_is_lost() {
    let schedules = std::env::var("TIDEWIRE_SCHEDULES").map_or(24, |count| count.parse().expect("a number"));
    let upstreams = [Arc::new(Upstream::http1().await), Arc::new(Upstream::http2().await)];
    let mut longest = Duration::ZERO;
    let mut running = JoinSet::new();
    for (seed, upstream) in (0..schedules).zip(upstreams.iter().cycle()) {
        if running.len() >= 12 {
            longest = longest.max(running.join_next().await.expect("one").expect("it holds"));
        }
        running.spawn(play(seed, Arc::clone(upstream)));
    }
    while let Some(one) = running.join_next().await {
        longest = longest.max(one.expect("it holds"));
    }
    for upstream in &upstreams {
        let log = upstream.server.log();
        assert!(log.iter().all(|request| request.version == upstream.version()), "{}", upstream.version());
    }
    println!(
        "{schedules} schedules: 0 events lost, 0 twice; at most {longest:?} from a return to the next event"
    );
}

/// A POST that may not be sent again is left alone, whether its connection lives or not.
#[tokio::test]
async fn a_post_is_not_repeated_for_an_absence() {
    for upstream in [Upstream::http1().await, Upstream::http2().await] {
        let proxy = Proxy::start(&upstream).await;
        let url = format!("{}/sse?ids=true&events=1000000&interval_ms=5", proxy.url);
        let mut stream = upstream.client().post(url).body("{}").events();
        let mut ids = 0;
        for happening in [Happening::Background, Happening::NetworkChange] {
            for _ in 0..5 {
                let event = within("an event", stream.next()).await.expect("an item").expect("an event");
                ids += 1;
                assert_eq!(event.id, ids.to_string());
            }
            happening.happen(&mut stream, &proxy, &mut Rng::with_seed(1)).await;
            stream.check(AWAY);
        }
        // What was on its way still comes; then it is silent.
        while timeout(Duration::from_millis(2500), stream.next()).await.is_ok() {}
        assert_eq!((proxy.connections(), stream.stats().attempts), (1, 1), "{}", upstream.version());
    }
}

/// Over HTTP/2 the streams of a client share a connection. Each finds out by itself that it is dead, and they share the next one too.
#[tokio::test]
async fn streams_that_lost_one_connection_share_the_next() {
    let _counted = CONNECTIONS.read().await;
    let upstream = Upstream::http2().await;
    let proxy = Proxy::start(&upstream).await;
    let client = upstream.client();
    let get = || {
        let url = format!("{}/sse?ids=true&events=30&interval_ms=20", proxy.url);
        client.get(url).retry_delay(Duration::from_millis(5)).events()
    };
    let mut first = get();
    within("an event", first.next()).await.expect("an item").expect("an event");
    let mut streams = vec![get(), get(), get(), get()];
    for stream in &mut streams {
        within("an event", stream.next()).await.expect("an item").expect("an event");
    }
    streams.push(first);
    assert_eq!(proxy.connections(), 1);
    proxy.kill();
    let back = Instant::now();
    let readers = streams.into_iter().enumerate().map(|(number, mut stream)| {
        tokio::spawn(async move {
            sleep(Duration::from_millis(300 * number as u64)).await;
            stream.check(AWAY);
            // What was on its way comes at once.
            let taken = take(&mut stream).await;
            let wanted: Vec<String> = (2..=30).map(|id: u32| id.to_string()).collect();
            let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
            assert_eq!((&ids(&taken.items)[..29], taken.outcome), (&wanted[..], Some(Outcome::Ended)));
        })
    });
    for reader in readers.collect::<Vec<_>>() {
        reader.await.expect("it holds");
    }
    assert_eq!(proxy.connections(), 2, "after {:?}", back.elapsed());
}

/// A caller who gave up on a silent connection and tries again gets an answer, although HTTP/2 would put the request on the same connection.
#[tokio::test]
async fn after_a_silence_the_next_request_gets_another_connection() {
    let _counted = CONNECTIONS.read().await;
    let upstream = Upstream::http2().await;
    let proxy = Proxy::start(&upstream).await;
    let client = upstream.client();
    let url = format!("{}/sse?ids=true&events=3&interval_ms=10", proxy.url);
    let post = || client.post(&url).body("{}").idle_timeout(Duration::from_millis(300)).events();
    let mut first = post();
    within("an event", first.next()).await.expect("an item").expect("an event");
    proxy.kill();
    assert_eq!(take(&mut first).await.outcome, Some(Outcome::TimedOut(tidewire::Limit::Idle)));
    assert_eq!(take(&mut post()).await.outcome, Some(Outcome::Ended));
    assert_eq!(proxy.connections(), 2);
}

/// The same with a limit on the whole stream, which passes before the one on silence.
#[tokio::test]
async fn a_request_without_an_answer_is_the_last_one_over_its_connection() {
    let _counted = CONNECTIONS.read().await;
    let upstream = Upstream::http2().await;
    let proxy = Proxy::start(&upstream).await;
    let client = upstream.client();
    let url = format!("{}/sse?ids=true&events=3&interval_ms=10", proxy.url);
    let post = || client.post(&url).body("{}").timeout(Duration::from_secs(2)).events();
    assert_eq!(take(&mut post()).await.outcome, Some(Outcome::Ended));
    proxy.kill();
    assert_eq!(take(&mut post()).await.outcome, Some(Outcome::TimedOut(tidewire::Limit::Total)));
    assert_eq!(take(&mut post()).await.outcome, Some(Outcome::Ended));
    assert_eq!(proxy.connections(), 2);
}

/// A connection was idle when it died. The next request over it would notice only that nothing arrives.
#[tokio::test]
async fn forgotten_connections_are_not_used_again() {
    let _alone = CONNECTIONS.write().await;
    for upstream in [Upstream::http1().await, Upstream::http2().await] {
        let proxy = Proxy::start(&upstream).await;
        let client = upstream.client();
        let post = || client.post(format!("{}/sse?events=3&interval_ms=1", proxy.url)).body("{}").events();
        assert_eq!(take(&mut post()).await.outcome, Some(Outcome::Ended));
        assert_eq!(take(&mut post()).await.outcome, Some(Outcome::Ended));
        proxy.kill();
        tidewire::forget_connections();
        assert_eq!(take(&mut post()).await.outcome, Some(Outcome::Ended), "{}", upstream.version());
    }
}

/// A stream that waits for its next attempt while the app sleeps finds only connections that died meanwhile.
#[tokio::test]
async fn a_stream_that_waited_does_not_use_a_connection_that_died_meanwhile() {
    for upstream in [Upstream::http1().await, Upstream::http2().await] {
        let proxy = Proxy::start(&upstream).await;
        let client = upstream.client();
        let url = format!("{}/flaky?interval_ms=0&events=30", proxy.url);
        let mut stream = client.get(url).retry_delay(Duration::from_secs(30)).frames();
        within("the first break", async {
            while !matches!(stream.state(), tidewire::StreamState::Waiting { .. }) {
                stream.next().await.expect("an item").expect("a frame");
            }
        })
        .await;
        proxy.kill();
        let back = Instant::now();
        stream.check(AWAY);
        within("another frame", stream.next()).await.expect("an item").expect("a frame");
        assert!(back.elapsed() < Duration::from_secs(10), "{:?}, {}", back.elapsed(), upstream.version());
    }
}

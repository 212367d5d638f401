//! The server: waits until all streams of a client are open, then writes one event to each in turn, round by round.
//!
//! Every event is one write and one chunk of the body. It carries its number in the stream and the time of the write.

use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::sleep;
use std::time::Duration;

use tidewire_bench::clock;
use tidewire_bench::event::{self, EVENT};

const HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-store\r\ntransfer-encoding: chunked\r\n\r\n";
/// Time for the clients to read the response heads.
const SETTLING: Duration = Duration::from_millis(300);
/// The number of connections that may wait to be accepted.
const BACKLOG: u32 = 16_384;

pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let listener = listen()?;
    println!("{}", listener.local_addr()?);
    loop {
        let plan = Plan::accepted(&listener)?;
        sleep(SETTLING);
        plan.play();
    }
}

/// Uses tokio's socket because it takes the length of the queue; the standard library's is fixed at 128.
fn listen() -> Result<TcpListener, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let listener = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        socket.listen(BACKLOG)?.into_std()
    })?;
    listener.set_nonblocking(false)?;
    Ok(listener)
}

struct Plan {
    streams: Vec<TcpStream>,
    events: u64,
    interval: Duration,
}

impl Plan {
    /// Accepts connections until there are as many as the requests ask for: `GET /{streams}/{events}/{interval in µs}`.
    fn accepted(listener: &TcpListener) -> Result<Self, Box<dyn Error>> {
        let mut plan = Self { streams: Vec::new(), events: 0, interval: Duration::ZERO };
        loop {
            let (mut stream, _) = listener.accept()?;
            stream.set_nodelay(true)?;
            let [streams, events, interval] = request(&mut stream)?;
            plan.events = events;
            plan.interval = Duration::from_micros(interval);
            stream.write_all(HEAD)?;
            plan.streams.push(stream);
            if plan.streams.len() as u64 >= streams {
                return Ok(plan);
            }
        }
    }

    fn play(mut self) {
        let mut chunk = [format!("{EVENT:x}\r\n").into_bytes(), event::template(), b"\r\n".to_vec()].concat();
        let start = chunk.len() - 2 - EVENT;
        let began = clock::monotonic();
        for number in 0..self.events {
            // Rounds start at fixed times: a late round does not delay those after it.
            let due = self.interval * u32::try_from(number).unwrap_or(u32::MAX);
            sleep(due.saturating_sub(clock::monotonic() - began));
            // A client that has disconnected needs no more events.
            self.streams.retain_mut(|stream| {
                event::stamp(&mut chunk[start..start + EVENT], number, clock::monotonic());
                stream.write_all(&chunk).is_ok()
            });
        }
        for mut stream in self.streams {
            let _ = stream.write_all(b"0\r\n\r\n");
        }
    }
}

fn request(stream: &mut TcpStream) -> Result<[u64; 3], Box<dyn Error>> {
    let mut head = Vec::new();
    let mut piece = [0; 4096];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut piece)? {
            0 => return Err(std::io::Error::from(ErrorKind::UnexpectedEof).into()),
            length => head.extend_from_slice(&piece[..length]),
        }
    }
    let head = String::from_utf8(head)?;
    let path = head.split(' ').nth(1).ok_or("a request without a path")?;
    let numbers = path.split('/').skip(1).map(str::parse).collect::<Result<Vec<u64>, _>>()?;
    numbers.try_into().map_err(|_| format!("not a plan: {path}").into())
}

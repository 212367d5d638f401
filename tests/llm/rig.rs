//! A core stream with a dialect, fed by hand instead of by a driver.

use std::time::Duration;

use tidewire::Format;
use tidewire::core::session::{At, Failure, Policy};
use tidewire::core::{ResponseHead, Step, Stream, StreamOptions};
use tidewire_llm::{Deltas, Message};

const NOW: At = At::new(Duration::ZERO, 0);

#[derive(Clone)]
pub(crate) struct Rig {
    stream: Stream,
    pub(crate) deltas: Deltas,
    pub(crate) message: Message,
    pub(crate) bad: usize,
}

impl Rig {
    pub(crate) fn new(format: Format, dialect: &str) -> Self {
        let dialect: tidewire_llm::Dialect = dialect.parse().unwrap();
        let policy = Policy { retry_attempts: 0, ..Policy::default() };
        let mut setup = StreamOptions { policy, format, ..StreamOptions::default() };
        dialect.set_up(&mut setup);
        let mut stream = Stream::new(setup);
        stream.start(NOW);
        assert!(matches!(stream.next(NOW, &mut &[][..]), Step::Connect));
        stream.head(NOW, &ResponseHead { status: 200, ..ResponseHead::default() }, Duration::ZERO);
        Self { stream, deltas: Deltas::new(dialect), message: Message::default(), bad: 0 }
    }

    pub(crate) fn feed(&mut self, mut input: &[u8]) {
        self.stream.received(NOW, input.len());
        loop {
            let message = &mut self.message;
            self.deltas.read_alike(&mut self.stream, NOW, &mut input, &mut |delta| message.push(delta));
            match self.stream.next(NOW, &mut input) {
                Step::Frame { frame, .. } => {
                    self.bad += usize::from(matches!(frame, tidewire::core::Frame::BadRecord(_)));
                    let message = &mut self.message;
                    match self.deltas.read(&frame, &mut |delta| message.push(delta)) {
                        Ok(reply_state) => self.stream.reply_state(NOW, reply_state, self.deltas.error()),
                        Err(_) => self.bad += 1,
                    }
                }
                Step::Starved | Step::Closed => break,
                _ => {}
            }
        }
    }

    /// Ends the body cleanly here, and returns the outcome.
    pub(crate) fn end(&mut self) -> &'static str {
        self.stream.body_end();
        self.feed(&[]);
        let message = &mut self.message;
        self.deltas.finish(&mut |delta| message.push(delta));
        self.stream.outcome().unwrap().code()
    }

    /// Breaks the body off here, and returns the outcome.
    pub(crate) fn broken(&mut self) -> &'static str {
        self.stream.broke(NOW, Failure::Body, "reset".to_owned());
        self.feed(&[]);
        self.stream.outcome().unwrap().code()
    }
}

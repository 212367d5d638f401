//! Counts what the streams of a client deliver, and checks that each event is the next one.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use tidewire_bench::plan::ClientCase;
use tidewire_bench::wire::ClientFacts;
use tidewire_bench::{clock, event, memory};

/// The counts over all streams of one process, which has one thread.
pub(crate) struct Meter {
    case: ClientCase,
    events: Cell<u64>,
    /// Bytes of the text that was handed out for the consumer to keep.
    text: Cell<u64>,
    latencies: RefCell<Vec<Duration>>,
    /// Bytes held on the heap at three moments: after the first events, after half of the events, and before the last events.
    live: RefCell<Vec<i64>>,
    counted: bool,
}

impl Meter {
    pub(crate) fn new(case: ClientCase, counted: bool) -> Rc<Self> {
        let expected = usize::try_from(case.streams * case.events).unwrap_or_default();
        Rc::new(Self {
            case,
            events: Cell::new(0),
            text: Cell::new(0),
            latencies: RefCell::new(Vec::with_capacity(expected)),
            live: RefCell::default(),
            counted,
        })
    }

    pub(crate) fn facts(&self, cpu: Duration, counts: memory::Counts) -> Result<ClientFacts, Box<dyn Error>> {
        let expected = self.case.streams * self.case.events;
        if self.events.get() != expected {
            return Err(format!("only {} of {expected} events arrived", self.events.get()).into());
        }
        let mut latencies = self.latencies.take();
        latencies.sort_unstable();
        let at =
            |part: f64| latencies.get((latencies.len() as f64 * part) as usize).copied().unwrap_or_default();
        Ok(ClientFacts {
            events: expected,
            cpu,
            allocations: counts.allocations,
            allocated: counts.allocated,
            text: self.text.get(),
            peak: counts.peak,
            live: self.live.take(),
            median: at(0.5),
            p99: at(0.99),
        })
    }

    fn note(&self, text: usize, latency: Option<Duration>) {
        let events = self.events.get() + 1;
        self.events.set(events);
        self.text.set(self.text.get() + text as u64);
        if let Some(latency) = latency {
            self.latencies.borrow_mut().push(latency);
        }
        let all = self.case.streams * self.case.events;
        if self.counted && [self.case.streams, all / 2, all - self.case.streams].contains(&events) {
            self.live.borrow_mut().push(memory::counts().live);
        }
    }
}

/// Checks that the events of one stream are those that were written, in order.
pub(crate) struct Reading {
    meter: Rc<Meter>,
    next: u64,
}

impl Reading {
    pub(crate) fn new(meter: &Rc<Meter>) -> Self {
        Self { meter: meter.clone(), next: 0 }
    }

    /// Takes an event's data; `text` is how many bytes of data, name and id the consumer keeps. Returns whether more events
    /// are expected.
    pub(crate) fn event(&mut self, data: &[u8], text: usize) -> Result<bool, Box<dyn Error>> {
        let now = clock::monotonic();
        let (number, written) = event::read(data).ok_or("an event that was never written")?;
        if number != self.next {
            return Err(format!("event {number} arrived, but {} was next", self.next).into());
        }
        self.meter.note(text, Some(now.saturating_sub(written)));
        Ok(self.advance())
    }

    /// Takes an event whose content was not read.
    pub(crate) fn bytes_of_event(&mut self) -> bool {
        self.meter.note(0, None);
        self.advance()
    }

    fn advance(&mut self) -> bool {
        self.next += 1;
        self.next < self.meter.case.events
    }
}

//! A subscriber that keeps all it is told.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

pub(crate) type Fields = BTreeMap<&'static str, Value>;

/// A span as it was told.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) name: &'static str,
    pub(crate) target: &'static str,
    pub(crate) level: Level,
    /// By its place among all spans.
    pub(crate) parent: Option<usize>,
    pub(crate) fields: Fields,
    pub(crate) closed: bool,
}

/// An event as it was told.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// The span in which it happened, by its place among all.
    pub(crate) span: Option<usize>,
    pub(crate) target: &'static str,
    pub(crate) level: Level,
    pub(crate) message: String,
    pub(crate) fields: Fields,
}

#[derive(Debug, Default)]
struct Kept {
    spans: Vec<Span>,
    events: Vec<Told>,
}

/// What a subscriber was told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Capture(Arc<Mutex<Kept>>);

/// The registry uses an id again once its span is closed; this never is.
struct Place(usize);

impl Capture {
    /// Keeps what happens on this thread as long as the guard lives.
    pub(crate) fn start() -> (Self, tracing::subscriber::DefaultGuard) {
        everybody_listens();
        let capture = Self::default();
        let subscriber = tracing_subscriber::registry().with(capture.clone());
        (capture, tracing::subscriber::set_default(subscriber))
    }

    /// The spans of streams.
    pub(crate) fn streams(&self) -> Vec<Span> {
        self.kept().spans.iter().filter(|span| span.target == "tidewire").cloned().collect()
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        self.kept().spans.clone()
    }

    /// The events of one target, and where they happened.
    pub(crate) fn events(&self, target: &str) -> Vec<Told> {
        self.kept().events.iter().filter(|event| event.target == target).cloned().collect()
    }

    /// Everything, as text.
    pub(crate) fn text(&self) -> String {
        format!("{:?}", self.kept())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As long as there is only one subscriber, `tracing` asks the thread that comes to a place in the source first whether anybody
/// wants to hear of it. That must not be the thread of a test without one.
pub(crate) fn everybody_listens() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing::subscriber::set_global_default(tracing_subscriber::registry()).expect("the first")
    });
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Capture {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let span = context.span(id).expect("the span");
        let parent = span.parent().map(|parent| parent.extensions().get::<Place>().expect("a place").0);
        let metadata = attributes.metadata();
        let mut fields = Fields::new();
        attributes.record(&mut Reader(&mut fields));
        let mut kept = self.kept();
        span.extensions_mut().insert(Place(kept.spans.len()));
        kept.spans.push(Span {
            name: metadata.name(),
            target: metadata.target(),
            level: *metadata.level(),
            parent,
            fields,
            closed: false,
        });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let place = place(&context, id);
        values.record(&mut Reader(&mut self.kept().spans[place].fields));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let mut fields = Fields::new();
        event.record(&mut Reader(&mut fields));
        let message = fields.remove("message").map_or_else(String::new, |message| {
            message.as_str().expect("text").trim_start_matches("debug ").to_owned()
        });
        let span = context.event_span(event).map(|span| place(&context, &span.id()));
        let told = Told { span, target: metadata.target(), level: *metadata.level(), message, fields };
        self.kept().events.push(told);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let place = place(&context, &id);
        self.kept().spans[place].closed = true;
    }
}

fn place<S: Subscriber + for<'a> LookupSpan<'a>>(context: &Context<'_, S>, id: &Id) -> usize {
    context.span(id).expect("the span").extensions().get::<Place>().expect("a place").0
}

/// What OpenTelemetry's layer would make text of shows as such.
struct Reader<'a>(&'a mut Fields);

impl Visit for Reader<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name(), json!(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name(), json!(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), json!(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), json!(format!("debug {value:?}")));
    }
}

//! A `tracing` subscriber that records all spans and events.

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

/// A recorded span.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) name: &'static str,
    pub(crate) target: &'static str,
    pub(crate) level: Level,
    /// The index of the parent among all spans.
    pub(crate) parent: Option<usize>,
    pub(crate) fields: Fields,
    pub(crate) closed: bool,
}

/// A recorded event.
#[derive(Clone, Debug)]
pub(crate) struct CapturedEvent {
    /// The index of the span in which it happened.
    pub(crate) span: Option<usize>,
    pub(crate) target: &'static str,
    pub(crate) level: Level,
    pub(crate) message: String,
    pub(crate) fields: Fields,
}

#[derive(Debug, Default)]
struct Captured {
    spans: Vec<Span>,
    events: Vec<CapturedEvent>,
}

/// All that the subscriber has recorded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Capture(Arc<Mutex<Captured>>);

/// A span's index, which is never reused, unlike the registry's id of a closed span.
struct SpanIndex(usize);

impl Capture {
    /// Records what happens on this thread while the guard lives.
    pub(crate) fn start() -> (Self, tracing::subscriber::DefaultGuard) {
        enable_all_callsites();
        let capture = Self::default();
        let subscriber = tracing_subscriber::registry().with(capture.clone());
        (capture, tracing::subscriber::set_default(subscriber))
    }

    /// The spans of streams.
    pub(crate) fn streams(&self) -> Vec<Span> {
        self.captured().spans.iter().filter(|span| span.target == "tidewire").cloned().collect()
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        self.captured().spans.clone()
    }

    /// The events of one target, each with its span.
    pub(crate) fn events(&self, target: &str) -> Vec<CapturedEvent> {
        self.captured().events.iter().filter(|event| event.target == target).cloned().collect()
    }

    /// Everything, as text.
    pub(crate) fn text(&self) -> String {
        format!("{:?}", self.captured())
    }

    fn captured(&self) -> MutexGuard<'_, Captured> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While there is only one subscriber, `tracing` caches whether a place in the source is enabled as the first thread to reach it sees
/// it. That must not be the thread of a test without a subscriber.
pub(crate) fn enable_all_callsites() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing::subscriber::set_global_default(tracing_subscriber::registry()).expect("the first")
    });
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Capture {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let span = context.span(id).expect("the span");
        let parent = span.parent().map(|parent| parent.extensions().get::<SpanIndex>().expect("an index").0);
        let metadata = attributes.metadata();
        let mut fields = Fields::new();
        attributes.record(&mut FieldVisitor(&mut fields));
        let mut captured = self.captured();
        span.extensions_mut().insert(SpanIndex(captured.spans.len()));
        captured.spans.push(Span {
            name: metadata.name(),
            target: metadata.target(),
            level: *metadata.level(),
            parent,
            fields,
            closed: false,
        });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let index = index(&context, id);
        values.record(&mut FieldVisitor(&mut self.captured().spans[index].fields));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let mut fields = Fields::new();
        event.record(&mut FieldVisitor(&mut fields));
        let message = fields.remove("message").map_or_else(String::new, |message| {
            message.as_str().expect("text").trim_start_matches("debug ").to_owned()
        });
        let span = context.event_span(event).map(|span| index(&context, &span.id()));
        let captured_event =
            CapturedEvent { span, target: metadata.target(), level: *metadata.level(), message, fields };
        self.captured().events.push(captured_event);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let index = index(&context, &id);
        self.captured().spans[index].closed = true;
    }
}

fn index<S: Subscriber + for<'a> LookupSpan<'a>>(context: &Context<'_, S>, id: &Id) -> usize {
    context.span(id).expect("the span").extensions().get::<SpanIndex>().expect("an index").0
}

/// Records the values of fields. Values recorded by `Debug`, which OpenTelemetry's layer would turn into text, are marked.
struct FieldVisitor<'a>(&'a mut Fields);

impl Visit for FieldVisitor<'_> {
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

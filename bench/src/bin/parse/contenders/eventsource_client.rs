//! eventsource-client: its parser is private, so its client reads a response from memory.

use std::hint::black_box;

use bytes::Bytes;
use eventsource_client::{Client, ClientBuilder, Error, ReconnectOptions, SSE};
use futures_util::stream;
use http::{Request, Response};
use launchdarkly_sdk_transport::{ByteStream, HttpTransport, ResponseFuture};
use tidewire_bench::tally::Tally;

use super::{Outcome, ready};
use crate::chunks::Chunks;

pub(crate) fn run<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    let client = ClientBuilder::for_url("http://memory.invalid/")?
        .reconnect(ReconnectOptions::reconnect(false).build())
        .build_with_transport(InMemory(*chunks));
    ready::drain(client.stream(), |item| {
        match item {
            Ok(SSE::Event(event)) => tally.event(black_box(&event).data.as_bytes()),
            Ok(SSE::Connected(_) | SSE::Comment(_)) | Err(Error::Eof) => {}
            Err(error) => return Err(error.to_string().into()),
        }
        Ok(())
    })
}

#[derive(Clone)]
struct InMemory(Chunks);

impl HttpTransport for InMemory {
    fn request(&self, _: Request<Option<Bytes>>) -> ResponseFuture {
        let body: ByteStream =
            Box::pin(stream::iter(self.0.iter().map(|chunk| Ok(Bytes::from_static(chunk)))));
        Box::pin(std::future::ready(Ok(Response::new(body))))
    }
}

//! Clients: what their streams share.

use std::sync::Arc;
use std::time::Duration;

use tidewire::Client;

use crate::error::NativeError;
use crate::hooks::RequestHooks;
use crate::per_process::PerProcess;
use crate::request;
use crate::settings::{ClientSettings, Header, RequestSettings};
use crate::source::StreamKind;
use crate::stream::NativeStream;

/// A client: the connections, headers and limits that its streams share.
#[derive(uniffi::Object)]
pub struct NativeClient {
    settings: ClientSettings,
    client: PerProcess<Client>,
}

#[uniffi::export]
impl NativeClient {
    /// A client with these settings.
    ///
    /// # Errors
    /// [`NativeError::Usage`] for a URL, a header or certificates that cannot be used.
    #[uniffi::constructor]
    pub fn new(settings: ClientSettings) -> Result<Arc<Self>, NativeError> {
        let client = Self { settings, client: PerProcess::new() };
        client.client()?;
        Ok(Arc::new(client))
    }

    /// A stream. Nothing is sent before its first item is asked for.
    ///
    /// # Errors
    /// [`NativeError::Usage`] for a request that can never be sent, and for an option that does not exist.
    pub fn open(
        &self,
        kind: StreamKind,
        settings: RequestSettings,
        hooks: RequestHooks,
    ) -> Result<Arc<NativeStream>, NativeError> {
        let request = request::make(&self.client()?, &settings)?;
        NativeStream::open(kind, hooks.set(request), settings.dialect.as_deref())
    }
}

impl NativeClient {
    /// The client of this process. A forked child cannot use its parent's connections.
    fn client(&self) -> Result<Client, NativeError> {
        self.client.get(|| build(&self.settings))
    }
}

fn build(settings: &ClientSettings) -> Result<Client, NativeError> {
    let mut builder = Client::builder();
    if let Some(url) = &settings.base_url {
        builder = builder.base_url(url)?;
    }
    for Header { name, value } in &settings.headers {
        builder = builder.header(name, value)?;
    }
    for Header { name, value } in &settings.secret_headers {
        builder = builder.secret_header(name, value)?;
    }
    for origin in &settings.allowed_origins {
        builder = builder.allowed_origin(origin)?;
    }
    if let Some(pem) = &settings.ca_certificates {
        builder = builder.ca_certificates(pem)?;
    }
    if let Some(limit) = settings.connect_timeout {
        builder = builder.connect_timeout(Duration::from_millis(limit));
    }
    if let Some(streams) = settings.max_concurrent {
        builder = builder.max_concurrent(streams as usize);
    }
    if let Some(limit) = settings.queue_timeout {
        builder = builder.queue_timeout(Duration::from_millis(limit));
    }
    Ok(builder.build())
}

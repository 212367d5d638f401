//! Clients.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::{Arc, OnceLock};

use super::status::{call, clear, free, required, tidewire_error, tidewire_status};
use super::text::argument;
use crate::client::NativeClient;
use crate::error::NativeError;
use crate::settings::ClientSettings;

/// A client: the connections, headers and limits that its streams share. Any thread may use it.
pub struct tidewire_client(pub(super) Arc<NativeClient>);

/// Makes a client. `options_json` is an object with `baseUrl`, `headers`, `secretHeaders`, `allowedOrigins`, `caCertificates` (PEM),
/// `connectTimeout`, `maxConcurrent` and `queueTimeout`; NULL stands for none of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_client_new(
    options_json: *const c_char,
    client: Option<&mut MaybeUninit<Option<Box<tidewire_client>>>>,
    error: Option<&mut MaybeUninit<tidewire_error>>,
) -> tidewire_status {
    call(error, || {
        let client = required(client, "client")?;
        clear(client);
        // SAFETY: C passes NULL or a text that is ended by a NUL.
        let settings = unsafe { options(options_json, ClientSettings::from_json) }?;
        client.write(Some(Box::new(tidewire_client(NativeClient::new(settings)?))));
        Ok(tidewire_status::TIDEWIRE_OK)
    })
}

/// Frees a client. Its streams go on. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_client_free(client: Option<Box<tidewire_client>>) {
    free(client);
}

/// Stops the library's threads: streams that are still open end, and their connections are closed. To be called before the program exits
/// or unloads the library. A stream that is opened later starts them again.
#[unsafe(no_mangle)]
pub extern "C" fn tidewire_shutdown() {
    call(None, || {
        crate::shutdown();
        Ok(tidewire_status::TIDEWIRE_OK)
    });
}

/// Requests from now on use new connections, in every client: another network is used, or the machine has slept. The requests that are under
/// way keep theirs, see `tidewire_check` and `tidewire_reconnect`.
#[unsafe(no_mangle)]
pub extern "C" fn tidewire_forget_connections() {
    crate::forget_connections();
}

/// The version of this library. It lives as long as the program.
#[unsafe(no_mangle)]
pub extern "C" fn tidewire_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The client of streams that are opened without one.
pub(super) fn default_client() -> Result<Arc<NativeClient>, NativeError> {
    static CLIENT: OnceLock<Arc<NativeClient>> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Ok(Arc::clone(client));
    }
    let client = NativeClient::new(ClientSettings::default())?;
    Ok(Arc::clone(CLIENT.get_or_init(|| client)))
}

/// What options say, or NULL for the defaults.
///
/// # Safety
/// The pointer is NULL, or a text that is ended by a NUL.
pub(super) unsafe fn options<T: Default>(
    json: *const c_char,
    read: fn(&str) -> Result<T, NativeError>,
) -> Result<T, NativeError> {
    if json.is_null() {
        return Ok(T::default());
    }
    // SAFETY: as the caller promises.
    read(unsafe { argument(json, "options_json") }?)
}

//! Functions of the caller that change the request of each attempt.

use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;

use super::status::{call, required, tidewire_status};
use super::text::{argument, bytes, tidewire_header, tidewire_text};
use crate::error::NativeError;
use crate::hooks::{HookError, RequestChanges, RequestHook, RequestHooks, RequestView};
use crate::settings::Header;

/// The request of one attempt, as it would be sent. It is valid during the call.
#[repr(C)]
#[derive(Debug)]
pub struct tidewire_request {
    /// Which attempt of the stream it is, from 1.
    pub attempt: u32,
    /// Why it is made; none for the first.
    pub reason: tidewire_text,
    /// The cursor from which the stream continues, if there is one.
    pub cursor: tidewire_text,
    pub method: tidewire_text,
    /// The URL with its query.
    pub url: tidewire_text,
    /// The headers, those included that the client adds.
    pub headers: *const tidewire_header,
    pub header_count: usize,
    /// The body, if there is one; any bytes.
    pub body: tidewire_text,
}

/// What is to be changed of a request. It is valid during the call.
#[derive(Debug, Default)]
pub struct tidewire_changes {
    changes: RequestChanges,
    problem: Option<String>,
}

/// A function that looks at the request of an attempt and says what to change. It returns 0. Anything else, or a call of tidewire_fail,
/// means that it failed, and the attempt counts as one that did not connect.
///
/// It runs on a thread of the library, so one that waits delays its own stream alone. It must return: no exception and no longjmp may
/// leave it.
pub type tidewire_hook = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        request: *const tidewire_request,
        changes: *mut tidewire_changes,
    ) -> c_int,
>;

/// The functions of a stream. Each of them may be NULL.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tidewire_hooks {
    /// Called for each attempt, last: headers, URL and body are as they would be sent, so that they can be signed.
    pub prepare: tidewire_hook,
    /// Renews what the request carries after a 401, once in a row. Its changes apply to all later attempts.
    pub refresh: tidewire_hook,
    /// Makes the request that continues after a cursor, of the request without a cursor.
    pub resume: tidewire_hook,
    /// Passed to the functions.
    pub user_data: *mut c_void,
    /// Called once, on any thread, when no function will be called any more; also if the stream could not be opened.
    pub release: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
}

/// What the functions of a stream share. It is released with the last of them.
struct UserData {
    pointer: *mut c_void,
    release: Option<unsafe extern "C" fn(*mut c_void)>,
}

// SAFETY: the header says that the functions run on threads of the library, so C passes data that allow that.
unsafe impl Send for UserData {}
// SAFETY: as above. The functions of one stream do not run at the same time.
unsafe impl Sync for UserData {}

impl Drop for UserData {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: C passed the function together with the data, and this is the only call.
            unsafe { release(self.pointer) };
        }
    }
}

/// A function with its data.
struct Hook {
    function: unsafe extern "C" fn(*mut c_void, *const tidewire_request, *mut tidewire_changes) -> c_int,
    data: Arc<UserData>,
}

impl RequestHook for Hook {
    fn change(&self, request: RequestView) -> Result<RequestChanges, HookError> {
        let headers = tidewire_header::all(&request.headers);
        let view = tidewire_request {
            attempt: request.attempt,
            reason: tidewire_text::of_optional(request.reason.as_deref()),
            cursor: tidewire_text::of_optional(request.cursor.as_deref()),
            method: tidewire_text::of(&request.method),
            url: tidewire_text::of(&request.url),
            headers: headers.as_ptr(),
            header_count: headers.len(),
            body: request.body.as_deref().map_or(tidewire_text::NONE, tidewire_text::of_bytes),
        };
        let mut changes = tidewire_changes::default();
        // SAFETY: C passed the function together with the data, which are not released yet; `view` points into `request` and `headers`,
        // and both outlive the call.
        let returned = unsafe { (self.function)(self.data.pointer, &raw const view, &raw mut changes) };
        match (changes.problem, returned) {
            (Some(reason), _) => Err(HookError::Failed { reason }),
            (None, 0) => Ok(changes.changes),
            (None, code) => Err(HookError::Failed { reason: format!("the function returned {code}") }),
        }
    }
}

/// The functions that C passes. From here on they are released when the result is dropped.
pub(super) fn taken_over(hooks: Option<&tidewire_hooks>) -> RequestHooks {
    let Some(hooks) = hooks else { return RequestHooks::default() };
    let data = Arc::new(UserData { pointer: hooks.user_data, release: hooks.release });
    let hook = |function: tidewire_hook| {
        function.map(|function| Arc::new(Hook { function, data: Arc::clone(&data) }) as Arc<dyn RequestHook>)
    };
    RequestHooks { prepare: hook(hooks.prepare), refresh: hook(hooks.refresh), resume: hook(hooks.resume) }
}

/// Changes a request, unless an argument cannot be used: then the function counts as failed.
fn change(
    changes: Option<&mut tidewire_changes>,
    make: impl FnOnce(&mut RequestChanges) -> Result<(), NativeError>,
) -> tidewire_status {
    call(None, || {
        let changes = required(changes, "changes")?;
        make(&mut changes.changes).inspect_err(|error| {
            changes.problem.get_or_insert(error.to_string());
        })?;
        Ok(tidewire_status::TIDEWIRE_OK)
    })
}

/// Sets the method.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_set_method(
    changes: Option<&mut tidewire_changes>,
    method: *const c_char,
) -> tidewire_status {
    change(changes, |changes| {
        // SAFETY: C passes NULL or a text that is ended by a NUL.
        changes.method = Some(unsafe { argument(method, "method") }?.to_owned());
        Ok(())
    })
}

/// Sets the URL. A relative one is resolved against the present one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_set_url(
    changes: Option<&mut tidewire_changes>,
    url: *const c_char,
) -> tidewire_status {
    change(changes, |changes| {
        // SAFETY: C passes NULL or a text that is ended by a NUL.
        changes.url = Some(unsafe { argument(url, "url") }?.to_owned());
        Ok(())
    })
}

/// Sets a header in place of those with the same name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_set_header(
    changes: Option<&mut tidewire_changes>,
    name: *const c_char,
    value: *const c_char,
) -> tidewire_status {
    change(changes, |changes| {
        // SAFETY: C passes NULL or texts that are ended by a NUL.
        let (name, value) = unsafe { (argument(name, "name")?, argument(value, "value")?) };
        changes.headers.push(Header { name: name.to_owned(), value: value.to_owned() });
        Ok(())
    })
}

/// Sets the body. The bytes are copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_set_body(
    changes: Option<&mut tidewire_changes>,
    body: *const c_void,
    length: usize,
) -> tidewire_status {
    change(changes, |changes| {
        // SAFETY: C passes NULL or so many bytes.
        changes.body = Some(unsafe { bytes(body, length, "body") }?.to_vec());
        Ok(())
    })
}

/// Takes the body away.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_clear_body(changes: Option<&mut tidewire_changes>) -> tidewire_status {
    change(changes, |changes| {
        changes.clear_body = true;
        Ok(())
    })
}

/// Says why the function fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_fail(
    changes: Option<&mut tidewire_changes>,
    reason: *const c_char,
) -> tidewire_status {
    call(None, || {
        let changes = required(changes, "changes")?;
        // SAFETY: C passes NULL or a text that is ended by a NUL.
        let reason = unsafe { argument(reason, "reason") }.unwrap_or("the function failed");
        changes.problem = Some(reason.to_owned());
        Ok(tidewire_status::TIDEWIRE_OK)
    })
}

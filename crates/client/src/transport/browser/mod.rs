//! The browser's transport.

mod fetch;

pub(crate) use self::fetch::{BodyReader, Transport};

//! The native transport.

mod reqwest;

pub(crate) use self::reqwest::{BodyReader, Transport};

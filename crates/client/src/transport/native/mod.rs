//! The native transport: reqwest.

mod body;
mod coding;
mod failure;
mod pool;
mod redirect;
mod send;
mod tls;

pub(crate) use self::body::BodyReader;
pub use self::pool::forget_connections;
pub(crate) use self::send::Transport;
pub(crate) use self::tls::certificates as ca_certificates;

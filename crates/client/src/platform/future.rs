//! Boxed futures.

use std::future::Future;
use std::pin::Pin;

/// A future that may move to another thread.
pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

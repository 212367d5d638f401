//! A value that a forked child makes anew.

use std::mem;
use std::process;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

/// A value that belongs to one process. After a `fork` the threads behind it are missing in the child, so the child makes its own. No lock
/// is involved: another thread might have held it during the fork.
pub(crate) struct PerProcess<T>(ArcSwapOption<Made<T>>);

struct Made<T> {
    process: u32,
    value: T,
}

impl<T: Clone> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self(ArcSwapOption::const_empty())
    }

    /// The value of this process, made by `make` if there is none.
    pub(crate) fn get<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let process = process::id();
        let own = |made: &Option<Arc<Made<T>>>| {
            made.as_ref().filter(|made| made.process == process).map(|made| made.value.clone())
        };
        let old = self.0.load_full();
        if let Some(value) = own(&old) {
            return Ok(value);
        }
        let value = make()?;
        let new = Arc::new(Made { process, value: value.clone() });
        let before = self.0.compare_and_swap(&old, Some(new));
        // Unless another thread was faster, the value is the new one.
        let value = own(&before).unwrap_or(value);
        // Dropping what belongs to the parent would wait for its threads.
        mem::forget(old);
        Ok(value)
    }

    /// Removes the value, and returns it if it belongs to this process.
    pub(crate) fn take(&self) -> Option<T> {
        let made = self.0.swap(None)?;
        let value = (made.process == process::id()).then(|| made.value.clone());
        if value.is_none() {
            mem::forget(made);
        }
        value
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        if let Some(made) = self.0.swap(None).filter(|made| made.process != process::id()) {
            mem::forget(made);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn a_value_is_made_once() {
        let cell = PerProcess::new();
        let get = |value| cell.get(|| Ok::<_, Infallible>(value));
        assert_eq!((get(1), get(2)), (Ok(1), Ok(1)));
        assert_eq!((cell.take(), cell.take()), (Some(1), None));
        assert_eq!(cell.get(|| Err::<i32, _>("no")), Err("no"));
    }

    #[test]
    fn a_parents_value_is_replaced_and_not_dropped() {
        let value = Arc::new(1);
        let cell = PerProcess(ArcSwapOption::new(Some(Arc::new(Made {
            process: process::id() + 1,
            value: Arc::clone(&value),
        }))));
        assert_eq!(cell.get(|| Ok::<_, Infallible>(Arc::new(2))), Ok(Arc::new(2)));
        assert_eq!(Arc::strong_count(&value), 2);
    }
}

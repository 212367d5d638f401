//! The numbers of the options.

/// The options. `js/src/core.ts` has the same list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// A name of a format.
    Format,
    /// An end marker; `None` of them is said by a number.
    EndOn,
    FailOn,
    HeartbeatOn,
    LastEventId,
    /// A JSON path whose value is the cursor.
    Cursor,
    MaxEventBytes,
    SkipOversized,
    DeliverUnterminated,
    Done,
    Sniff,
    Follow,
    Idempotent,
    Repeatable,
    /// 0 auto, 1 always, 2 never, 3 by another request.
    Resume,
    RetryAttempts,
    /// The rest are milliseconds; 0 turns a limit off.
    RetryDelay,
    Timeout,
    FirstEventTimeout,
    IdleTimeout,
    ProgressTimeout,
    StallAfter,
    /// Of an LLM's reply.
    Dialect,
    /// Of the same: `POST https://…`, what is requested.
    Request,
    /// Records that arrive again are left out.
    Dedupe,
    /// The caller can renew what the request carries.
    Refresh,
    Unknown,
}

const KEYS: [Key; 26] = [
    Key::Format,
    Key::EndOn,
    Key::FailOn,
    Key::HeartbeatOn,
    Key::LastEventId,
    Key::Cursor,
    Key::MaxEventBytes,
    Key::SkipOversized,
    Key::DeliverUnterminated,
    Key::Done,
    Key::Sniff,
    Key::Follow,
    Key::Idempotent,
    Key::Repeatable,
    Key::Resume,
    Key::RetryAttempts,
    Key::RetryDelay,
    Key::Timeout,
    Key::FirstEventTimeout,
    Key::IdleTimeout,
    Key::ProgressTimeout,
    Key::StallAfter,
    Key::Dialect,
    Key::Request,
    Key::Dedupe,
    Key::Refresh,
];

impl Key {
    pub(crate) fn of(number: u32) -> Self {
        KEYS.get(number as usize).copied().unwrap_or(Self::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_stands_at_its_own_number() {
        for (number, key) in KEYS.iter().enumerate() {
            assert_eq!(*key as usize, number);
        }
        assert_eq!(KEYS.len(), Key::Unknown as usize);
    }
}

//! The one form every answer takes: a timeline of bytes, pauses and an end.

use std::{iter, time::Duration};

use bytes::Bytes;

/// What a response does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Sends these bytes as one chunk, in a write of their own.
    Bytes(Bytes),
    /// Stays silent for so long.
    Pause(Duration),
    /// Stays silent for ever, the connection open.
    Stall,
    /// Breaks the body off: no terminating chunk in HTTP/1.1, `RST_STREAM` in HTTP/2.
    Cut,
    /// Ends the body as HTTP wants it ended. A script that runs out of steps does the same.
    End,
}

impl Step {
    /// The step that sends `bytes`.
    pub(crate) fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::Bytes(bytes.into())
    }
}

/// The steps of one response, produced as they are needed, so that a script can be endless.
pub(crate) type Script = Box<dyn Iterator<Item = Step> + Send>;

/// Puts a pause from `pauses` before every piece but the first.
pub(crate) fn paced<P>(
    pieces: impl Iterator<Item = P> + Send + 'static,
    pauses: impl Iterator<Item = Duration> + Send + 'static,
) -> Script
where
    P: Into<Bytes> + 'static,
{
    let waits = iter::once(Duration::ZERO).chain(pauses);
    Box::new(pieces.zip(waits).flat_map(|(piece, wait)| {
        let pause = (!wait.is_zero()).then_some(Step::Pause(wait));
        pause.into_iter().chain([Step::bytes(piece)])
    }))
}

/// Breaks `script` off after exactly `limit` bytes; a shorter script keeps its own end.
pub(crate) fn cut_at(script: Script, limit: u64) -> Script {
    let mut left = Some(limit);
    let mut script = script;
    Box::new(iter::from_fn(move || {
        let budget = left?;
        if budget == 0 {
            left = None;
            return Some(Step::Cut);
        }
        let step = script.next()?;
        Some(match step {
            Step::Bytes(mut bytes) => {
                bytes.truncate(usize::try_from(budget).unwrap_or(usize::MAX));
                left = Some(budget - bytes.len() as u64);
                Step::Bytes(bytes)
            }
            other @ (Step::Pause(_) | Step::Stall | Step::Cut | Step::End) => other,
        })
    }))
}

/// Turns every cut of `script` into a clean end.
pub(crate) fn ending_cleanly(script: Script) -> Script {
    Box::new(script.map(|step| match step {
        Step::Cut => Step::End,
        other @ (Step::Bytes(_) | Step::Pause(_) | Step::Stall | Step::End) => other,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(steps: &[Step]) -> Script {
        let steps = steps.to_vec();
        Box::new(steps.into_iter())
    }

    #[test]
    fn a_cut_falls_after_exactly_so_many_bytes() {
        let source =
            [Step::bytes("abc"), Step::Pause(Duration::from_millis(1)), Step::bytes("def"), Step::End];
        let rows: [(u64, &[Step]); 5] = [
            (0, &[Step::Cut]),
            (2, &[Step::bytes("ab"), Step::Cut]),
            (3, &[Step::bytes("abc"), Step::Cut]),
            (6, &[source[0].clone(), source[1].clone(), source[2].clone(), Step::Cut]),
            (7, &source),
        ];
        for (limit, want) in rows {
            let got: Vec<_> = cut_at(script(&source), limit).collect();
            assert_eq!(got, want, "cut_at {limit}");
        }
    }

    #[test]
    fn a_cut_can_be_made_a_clean_end() {
        let got: Vec<_> = ending_cleanly(cut_at(script(&[Step::bytes("abc")]), 1)).collect();
        assert_eq!(got, [Step::bytes("a"), Step::End]);
    }

    #[test]
    fn pauses_stand_between_the_pieces() {
        let wait = Duration::from_millis(5);
        let got: Vec<_> = paced(["a", "b"].into_iter(), iter::repeat(wait)).collect();
        assert_eq!(got, [Step::bytes("a"), Step::Pause(wait), Step::bytes("b")]);
    }
}

//! A response's body as a script: a timeline of bytes, pauses and an end.

use std::{iter, time::Duration};

use bytes::Bytes;

/// One step of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ScriptStep {
    /// Sends these bytes as one chunk, in a write of their own.
    Bytes(Bytes),
    /// Stays silent for this long.
    Pause(Duration),
    /// Stays silent for ever, with the connection open.
    Stall,
    /// Breaks the body off: no terminating chunk in HTTP/1.1, `RST_STREAM` in HTTP/2.
    Cut,
    /// Ends the body cleanly. A script that runs out of steps does the same.
    End,
}

impl ScriptStep {
    /// The step that sends `bytes`.
    pub(crate) fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::Bytes(bytes.into())
    }
}

/// The steps of one response. Each is made when it is played, so that a script can be endless and takes no memory.
pub(crate) type Script = Box<dyn Iterator<Item = ScriptStep> + Send>;

/// Puts a pause from `pauses` between every two pieces.
pub(crate) fn paced<P>(
    pieces: impl Iterator<Item = P> + Send + 'static,
    pauses: impl Iterator<Item = Duration> + Send + 'static,
) -> Script
where
    P: Into<Bytes> + 'static,
{
    let waits = iter::once(Duration::ZERO).chain(pauses);
    Box::new(pieces.zip(waits).flat_map(|(piece, wait)| {
        let pause = (!wait.is_zero()).then_some(ScriptStep::Pause(wait));
        pause.into_iter().chain([ScriptStep::bytes(piece)])
    }))
}

/// Joins pieces of text to chunks of at least `min_bytes`, which take no more memory than that and one piece.
pub(crate) fn joined(
    pieces: impl Iterator<Item = String> + Send + 'static,
    min_bytes: usize,
) -> impl Iterator<Item = Bytes> + Send + 'static {
    let mut pieces = pieces;
    iter::from_fn(move || {
        let mut chunk = pieces.next()?;
        while chunk.len() < min_bytes
            && let Some(piece) = pieces.next()
        {
            chunk.push_str(&piece);
        }
        Some(Bytes::from(chunk))
    })
}

/// Breaks `script` off after exactly `limit` bytes. A shorter script keeps its own end.
pub(crate) fn cut_at(script: Script, limit: u64) -> Script {
    let mut left = Some(limit);
    let mut script = script;
    Box::new(iter::from_fn(move || {
        let budget = left?;
        if budget == 0 {
            left = None;
            return Some(ScriptStep::Cut);
        }
        let step = script.next()?;
        Some(match step {
            ScriptStep::Bytes(mut bytes) => {
                bytes.truncate(usize::try_from(budget).unwrap_or(usize::MAX));
                left = Some(budget - bytes.len() as u64);
                ScriptStep::Bytes(bytes)
            }
            other @ (ScriptStep::Pause(_) | ScriptStep::Stall | ScriptStep::Cut | ScriptStep::End) => other,
        })
    }))
}

/// Turns every cut of `script` into a clean end.
pub(crate) fn ending_cleanly(script: Script) -> Script {
    Box::new(script.map(|step| match step {
        ScriptStep::Cut => ScriptStep::End,
        other @ (ScriptStep::Bytes(_) | ScriptStep::Pause(_) | ScriptStep::Stall | ScriptStep::End) => other,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(steps: &[ScriptStep]) -> Script {
        let steps = steps.to_vec();
        Box::new(steps.into_iter())
    }

    #[test]
    fn a_cut_comes_after_exactly_this_many_bytes() {
        let source = [
            ScriptStep::bytes("abc"),
            ScriptStep::Pause(Duration::from_millis(1)),
            ScriptStep::bytes("def"),
            ScriptStep::End,
        ];
        let rows: [(u64, &[ScriptStep]); 5] = [
            (0, &[ScriptStep::Cut]),
            (2, &[ScriptStep::bytes("ab"), ScriptStep::Cut]),
            (3, &[ScriptStep::bytes("abc"), ScriptStep::Cut]),
            (6, &[source[0].clone(), source[1].clone(), source[2].clone(), ScriptStep::Cut]),
            (7, &source),
        ];
        for (limit, want) in rows {
            let got: Vec<_> = cut_at(script(&source), limit).collect();
            assert_eq!(got, want, "cut_at {limit}");
        }
    }

    #[test]
    fn a_cut_becomes_a_clean_end() {
        let got: Vec<_> = ending_cleanly(cut_at(script(&[ScriptStep::bytes("abc")]), 1)).collect();
        assert_eq!(got, [ScriptStep::bytes("a"), ScriptStep::End]);
    }

    #[test]
    fn pauses_come_between_the_pieces() {
        let wait = Duration::from_millis(5);
        let got: Vec<_> = paced(["a", "b"].into_iter(), iter::repeat(wait)).collect();
        assert_eq!(got, [ScriptStep::bytes("a"), ScriptStep::Pause(wait), ScriptStep::bytes("b")]);
    }
}

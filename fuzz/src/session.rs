//! The session, given any input at any time, compared with a model of the table of reconnects.

mod history;
mod model;

use core::time::Duration;

pub use history::History;
use history::{Happening, Later};
use model::{Answer, Model};
use tidewire_core::StreamState;
use tidewire_core::session::{Action, At, Failure, Input, Reason, Session};

/// More failures in a row than any policy of this target allows.
const MANY: usize = 16;

/// The input is the history of one session.
pub fn session(history: &History) {
    let (policy, stored) = (history.policy(), history.stored());
    let mut pair = Pair {
        session: Session::with_policy(&policy, stored),
        model: Model::new(policy, stored),
        now: Duration::ZERO,
        request: false,
        longest_silence: 0.0,
    };
    for step in &history.steps {
        let later = match step.later {
            Later::AtOnce => Duration::ZERO,
            Later::Milliseconds(ms) => Duration::from_millis(ms.into()),
            Later::Seconds(seconds) => Duration::from_secs(seconds.into()),
            Later::WhenDue => pair.until_deadline().unwrap_or_default(),
        };
        pair.happen(later, step.happening, step.chance);
    }
    pair.ends();
}

/// The session and its model.
struct Pair {
    session: Session,
    model: Model,
    now: Duration,
    /// A request is under way.
    request: bool,
    /// In milliseconds.
    longest_silence: f64,
}

impl Pair {
    fn happen(&mut self, later: Duration, happening: Happening, chance: u32) {
        let mut later = later;
        happening.each(|input| {
            self.tell(core::mem::take(&mut later), input, chance);
        });
    }

    fn tell(&mut self, later: Duration, input: Input<'_>, chance: u32) -> Action {
        self.now += later;
        self.model.pass(later);
        let over = self.session.outcome();
        let action = self.session.handle(At::new(self.now, chance), input);
        let want = self.model.answer(input, &action);
        self.is_expected(&action, want);
        if over.is_some() {
            assert_eq!(
                (&action, self.session.outcome()),
                (&Action::Nothing, over),
                "an action after the end"
            );
        }
        match action {
            Action::Connect => {
                assert!(!self.request, "two requests at once");
                self.request = true;
            }
            Action::Wait(_) | Action::Close => self.request = false,
            _ => {}
        }
        self.matches_the_model();
        action
    }

    fn is_expected(&self, action: &Action, want: Answer) {
        match (action, want) {
            (Action::Nothing, Answer::Nothing) | (Action::Connect, Answer::Connect) => {}
            (Action::Stalled { silent }, Answer::Stalled) => {
                assert_eq!(*silent, self.model.silence());
            }
            (Action::Gap { after }, Answer::Gap(want)) => assert_eq!(*after, want),
            (Action::Replayed { first }, Answer::Replayed { first: want }) => assert_eq!(*first, want),
            (Action::Close, Answer::Close(outcome)) => assert_eq!(self.session.outcome(), Some(outcome)),
            (Action::Wait(retry), Answer::Wait { reason, gap, refresh, asked, least, most }) => {
                assert_eq!((retry.reason, retry.gap, retry.refresh), (reason, gap, refresh));
                assert!(
                    is_as_asked(retry.asked, asked),
                    "`retry:` asked for {asked:?} and not {:?}",
                    retry.asked
                );
                assert_eq!(retry.attempt, self.model.connects() + 1);
                assert!(
                    least <= retry.delay && retry.delay <= most,
                    "{retry:?} is not within {least:?} and {most:?}"
                );
                assert!(reason != Reason::Kick || retry.delay.is_zero());
            }
            (action, want) => panic!("{action:?} and not {want:?}, {:?}", self.session.outcome()),
        }
    }

    fn matches_the_model(&mut self) {
        assert_eq!(
            self.session.cursor(),
            self.model.cursor().unwrap_or_default().as_bytes(),
            "the cursor is the last one that came"
        );
        let asked = self.model.request_cursor().unwrap_or_default();
        assert_eq!(self.session.request_cursor(), asked.as_bytes(), "the cursor of a request");
        assert_eq!(self.session.facts().at_relay, self.model.continues_at_relay());
        assert_eq!(self.session.facts().attempts, self.model.attempts(), "requests that were sent");
        assert_eq!(self.session.outcome(), self.model.outcome());
        self.state_says_the_same();
        let due = |when: Option<Duration>| when.map(|when| when.max(self.now));
        // The session rounds up to the microsecond.
        match (due(self.session.deadline()), due(self.model.deadline(self.now))) {
            (Some(have), Some(want)) => {
                assert!(want <= have && have - want <= Duration::from_micros(1), "{have:?} and not {want:?}");
            }
            (have, want) => assert_eq!(have, want, "the deadline"),
        }
        let waits = self.model.connects() > 0 && !self.request && self.session.outcome().is_none();
        assert!(!waits || self.session.deadline().is_some(), "it waits without a deadline");
        let now = At::new(self.now, 0).now;
        let silence = self.session.longest_silence(now);
        assert!(self.longest_silence <= silence && silence <= now, "{silence:?} of silence");
        self.longest_silence = silence;
    }

    fn state_says_the_same(&self) {
        match self.session.state(self.now) {
            StreamState::Idle => assert!(self.model.connects() == 0 && !self.request),
            StreamState::Connecting | StreamState::Open => assert!(self.request),
            StreamState::Waiting { delay } => {
                assert!(!self.request && self.until_deadline().is_some_and(|rest| rest <= delay));
            }
            StreamState::Closed(outcome) => assert_eq!(self.session.outcome(), outcome),
            state => panic!("an unknown state: {state:?}"),
        }
    }

    fn until_deadline(&self) -> Option<Duration> {
        self.session.deadline().map(|when| when.saturating_sub(self.now))
    }

    /// After endless failures, or a cancel, the session ends.
    fn ends(&mut self) {
        self.tell(Duration::ZERO, Input::Start, 0);
        self.tell(Duration::ZERO, Input::Resume, 0);
        for _ in 0..MANY {
            if self.session.outcome().is_some() {
                break;
            }
            if self.request {
                self.tell(Duration::ZERO, Input::Broken(Failure::Connect), u32::MAX);
            } else {
                let later = self.until_deadline().expect("a deadline");
                let action = self.tell(later, Input::Tick, 0);
                assert_ne!(action, Action::Nothing, "a tick at the deadline does nothing");
            }
        }
        assert!(self.session.outcome().is_some() || self.model.policy().follow, "it never ends");
        self.tell(Duration::ZERO, Input::Cancel, 0);
        assert!(self.session.outcome().is_some() && self.session.deadline().is_none());
        for input in [Input::Start, Input::Tick, Input::Kick, Input::Resume] {
            self.tell(Duration::from_secs(1000), input, 0);
        }
    }
}

/// The session's milliseconds are numbers with 53 bits.
fn is_as_asked(have: Option<Duration>, want: Option<Duration>) -> bool {
    match (have, want) {
        (Some(have), Some(want)) => have.abs_diff(want) <= want / (1 << 30),
        (have, want) => have == want,
    }
}

//! The whole machine, called in any order: bodies cut or whole, against a decoder of its own and what holds for every stream.

mod book;
mod choices;
mod driver;

use choices::{Call, Calls, setup};
use driver::Driver;

/// Choices, then calls (`stream/choices.rs` says how they are written).
pub fn stream(data: &[u8]) {
    let Some((choices, calls)) = data.split_first_chunk::<6>() else { return };
    let setup = setup(choices);
    let run = |cut: Option<u8>| {
        let mut driver = Driver::new(setup.clone(), cut);
        driver.start();
        for call in Calls::new(calls) {
            driver.call(call);
        }
        driver.comes_to_an_end();
        driver.trace()
    };
    let cut = run(Some(choices[5]));
    if Calls::new(calls).all(|call| call.is_seen()) {
        assert_eq!(cut, run(None), "the cuts make a difference");
    }
}

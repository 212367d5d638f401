//! The stream, called in any order, with bodies cut and whole. Its frames are compared with those of a decoder of the same body.

mod book;
mod choices;
mod driver;

use choices::{Call, Calls, setup};
use driver::Driver;

/// The input is choices, then calls, in the form that `stream/choices.rs` describes.
pub fn stream(data: &[u8]) {
    let Some((choices, calls)) = data.split_first_chunk::<6>() else { return };
    let setup = setup(choices);
    let run = |cut: Option<u8>| {
        let mut driver = Driver::new(setup.clone(), cut);
        driver.start();
        for call in Calls::new(calls) {
            driver.call(call);
        }
        driver.ends();
        driver.trace()
    };
    let cut = run(Some(choices[5]));
    if Calls::new(calls).all(|call| call.is_seen()) {
        assert_eq!(cut, run(None), "the cuts make a difference");
    }
}

use arbitrary::Arbitrary;
#[derive(Arbitrary, Debug)]
pub struct Life;
pub fn session(_: &Life) {}

//! JSON that grows: the value that is there so far, after every piece of its text.

mod scan;
mod tree;

pub use scan::{Build, Problem, Scanner};
pub use tree::{Node, Partial};

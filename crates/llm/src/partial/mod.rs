//! JSON that grows: the value so far, after every piece of its text.

mod scan;
mod tree;

pub use scan::{Build, Problem, Scanner};
pub use tree::{Node, Partial};

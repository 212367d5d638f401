//! What the build of this crate needs of its tables.

pub(crate) mod compile;
pub(crate) mod layout;
pub(crate) mod roles;

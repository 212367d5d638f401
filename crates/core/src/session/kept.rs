//! Where a session keeps the ids of what it delivered. In WebAssembly they are in the session itself, which is less code to download. Elsewhere
//! they are in a box that is allocated for the first id, since most streams have no ids.

#[cfg(target_arch = "wasm32")]
pub(super) use super::delivered::Delivered as Kept;

#[cfg(not(target_arch = "wasm32"))]
pub(super) use boxed::Kept;

#[cfg(not(target_arch = "wasm32"))]
mod boxed {
    use alloc::boxed::Box;

    use crate::session::delivered::{Delivered, Known};

    /// A [`Delivered`], once it has an id in it. It has the same methods.
    #[derive(Clone, Debug)]
    pub(in crate::session) struct Kept(Option<Box<Delivered>>);

    impl Kept {
        pub(in crate::session) const NEW: Self = Self(None);

        fn made(&mut self) -> &mut Delivered {
            self.0.get_or_insert_with(|| Box::new(Delivered::NEW))
        }

        pub(in crate::session) fn begin_attempt(&mut self) {
            if let Some(delivered) = &mut self.0 {
                delivered.begin_attempt();
            }
        }

        pub(in crate::session) fn contains(&self, id: &[u8], key: u64) -> bool {
            self.0.as_ref().is_some_and(|delivered| delivered.contains(id, key))
        }

        pub(in crate::session) fn compare(&mut self, id: &[u8], key: u64) -> Known {
            self.0.as_mut().map_or(Known::New, |delivered| delivered.compare(id, key))
        }

        pub(in crate::session) fn repeats(&self) -> bool {
            self.0.as_ref().is_some_and(|delivered| delivered.repeats())
        }

        pub(in crate::session) fn report(&mut self) -> bool {
            self.made().report()
        }

        pub(in crate::session) fn remember(&mut self, id: &[u8], key: u64) {
            self.made().remember(id, key);
        }

        pub(in crate::session) fn is_gap(&mut self, id: &[u8]) -> bool {
            (self.0.is_some() || !id.is_empty()) && self.made().is_gap(id)
        }

        pub(in crate::session) fn gap_after(&self) -> &[u8] {
            self.0.as_ref().map_or(&[], |delivered| delivered.gap_after())
        }

        pub(in crate::session) fn forget_order(&mut self) {
            if let Some(delivered) = &mut self.0 {
                delivered.forget_order();
            }
        }
    }
}

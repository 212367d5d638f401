#![no_main]

libfuzzer_sys::fuzz_target!(|history: tidewire_fuzz::History| tidewire_fuzz::session(&history));

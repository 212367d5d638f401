#![no_main]

libfuzzer_sys::fuzz_target!(|life: tidewire_fuzz::Life| tidewire_fuzz::session(&life));

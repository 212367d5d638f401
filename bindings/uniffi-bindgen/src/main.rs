//! `uniffi-bindgen generate --library LIBRARY --language LANGUAGE --out-dir FOLDER`.

fn main() {
    uniffi::uniffi_bindgen_main();
}

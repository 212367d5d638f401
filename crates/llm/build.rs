//! Compiles the dialects' tables to bytes.
#![allow(clippy::expect_used, clippy::panic, reason = "a build that cannot go on ends with the reason")]

extern crate alloc;

use std::path::Path;
use std::{env, fs};

#[path = "src/json.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the crate, which uses more of it")]
mod json;
#[path = "src/table/build.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the crate, which uses more of it")]
mod table;

fn main() {
    let folder = Path::new("dialects");
    println!("cargo::rerun-if-changed=dialects");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    for entry in fs::read_dir(folder).expect("the folder of the tables") {
        let path = entry.expect("the folder of the tables").path();
        let text = fs::read_to_string(&path).expect("a table");
        let bytes =
            table::compile::compile(&text).unwrap_or_else(|error| panic!("{}, {error}", path.display()));
        let name = path.file_stem().expect("a file's name");
        fs::write(Path::new(&out).join(name).with_extension("table"), bytes)
            .expect("the folder of the build");
    }
}

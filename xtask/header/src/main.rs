//! `xtask-header write | check`: writes the header of the C API from the sources of the library, or compares the committed header with
//! them.

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use cbindgen::{Builder, Config, DocumentationStyle, ExportConfig, Language, Style};

const HEADER: &str = "bindings/c/tidewire.h";
/// The modules of the C API, in the order of the header.
const MODULES: [&str; 8] = ["status", "text", "event", "end", "client", "hooks", "stream", "decoder"];

const ABOUT: &str = "\
/* Tidewire: streams over HTTP, read from C.
 *
 * This file is made from the sources of the library by `cargo xtask bindings c`.
 *
 * Every function can be called with NULL; what cannot be done without the argument returns TIDEWIRE_ERROR. Pointers that are not NULL have to
 * be valid. An object is freed once, when no other call uses it. Options are a JSON object; the README lists them. Texts that are passed are
 * UTF-8; those without a length are ended by a NUL.
 */";

fn main() -> ExitCode {
    match run(env::args().nth(1).as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{HEADER}: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Option<&str>) -> Result<(), Box<dyn Error>> {
    match command {
        Some("write") => Ok(fs::write(HEADER, made()?)?),
        Some("check") if fs::read(HEADER)? == made()? => Ok(()),
        Some("check") => {
            Err("it does not fit bindings/ffi/src/c; run `cargo xtask bindings c`, and commit it".into())
        }
        _ => Err("use `xtask-header write` or `xtask-header check`".into()),
    }
}

fn made() -> Result<Vec<u8>, Box<dyn Error>> {
    let sources = Path::new("bindings/ffi/src/c");
    let builder = MODULES.iter().fold(Builder::new().with_config(config()), |builder, module| {
        builder.with_src(sources.join(format!("{module}.rs")))
    });
    let mut header = Vec::new();
    builder.generate()?.write(&mut header);
    Ok(header)
}

fn config() -> Config {
    Config {
        language: Language::C,
        cpp_compat: true,
        header: Some(ABOUT.to_owned()),
        include_guard: Some("TIDEWIRE_H".to_owned()),
        no_includes: true,
        sys_includes: ["stdbool.h", "stddef.h", "stdint.h"].map(str::to_owned).to_vec(),
        usize_is_size_t: true,
        style: Style::Type,
        documentation_style: DocumentationStyle::C99,
        line_length: 140,
        tab_width: 4,
        // Passed as a number, so that a wrong one is a typed error.
        export: ExportConfig { include: vec!["tidewire_stream_kind".to_owned()], ..ExportConfig::default() },
        ..Config::default()
    }
}

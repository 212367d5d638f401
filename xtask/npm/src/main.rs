//! Runs wasm-bindgen on a compiled module, and removes from the npm package's core what it never needs, such as panic messages.
//! A program of its own, so that xtask itself builds quickly.

use std::process::ExitCode;

use walrus::ir::Value;
use walrus::{ConstExpr, DataKind, FunctionBuilder, FunctionKind, Module};
use wasm_bindgen_cli_support::Bindgen;

/// The functions that only panic, as the name section has them: crate and start of the path. Their messages outweigh the decoders.
const PANICS: [(&str, &str); 8] = [
    ("core", "panicking::"),
    ("core", "str::slice_error_fail"),
    ("core", "slice::index::slice_"),
    ("core", "option::expect_failed"),
    ("core", "option::unwrap_failed"),
    ("core", "result::unwrap_failed"),
    ("alloc", "alloc::handle_alloc_error"),
    ("alloc", "raw_vec::handle_error"),
];

/// The panic messages of the standard library and of wasm-bindgen. A trap has no message, so they are never shown. A message that is not
/// in this list stays in the module and costs bytes.
const MESSAGES: [&str; 21] = [
    "overflow in Duration::new",
    "overflow when adding durations",
    "slice index starts at ",
    " but ends at ",
    " index out of bounds: the len is ",
    " but the index is ",
    "range start index ",
    "range end index ",
    " out of range for slice of length ",
    "memory allocation of ",
    " bytes failed",
    "copy_from_slice: source slice length (",
    ") does not match destination slice length (",
    "removal index (is ",
    ") should be < len (is ",
    "mid > len",
    "dest is out of bounds",
    "capacity overflow",
    "attempted to take ownership of Rust value while it was borrowed",
    "null pointer passed to rust",
    "recursive use of an object detected which would lead to unsafe aliasing in rust",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, input, folder] = &arguments[..] else {
        eprintln!("xtask-npm: the arguments are a name, the compiled module and the output folder");
        return ExitCode::from(2);
    };
    match bind(name, input, folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask-npm: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes `name.js` and `name_bg.wasm`. The module `core` is the npm package's, which is made small and does without the glue.
fn bind(name: &str, input: &str, folder: &str) -> Result<(), String> {
    let is_core = name == "core";
    let mut bindgen = Bindgen::new();
    bindgen.input_path(input).out_name(name).typescript(false);
    bindgen.remove_name_section(is_core).remove_producers_section(true);
    let made = bindgen.web(true).and_then(Bindgen::generate_output);
    let mut output = made.map_err(|error| format!("{error:?}"))?;
    if is_core {
        remove_glue(output.wasm_mut());
        replace_panics(output.wasm_mut());
        blank_locations(output.wasm_mut());
        blank_messages(output.wasm_mut());
    }
    output.emit(folder).map_err(|error| format!("{error:?}"))
}

/// Removes the exports that only wasm-bindgen's glue would call.
fn remove_glue(module: &mut Module) {
    let is_called =
        |name: &str| name == "memory" || name.starts_with("machine_") || name.starts_with("__wbg_machine_");
    let glue = module.exports.iter().filter(|export| !is_called(&export.name)).map(walrus::Export::id);
    for id in glue.collect::<Vec<_>>() {
        module.exports.delete(id);
    }
    module.start = None;
}

/// Replaces the body of every function that only panics by a trap.
fn replace_panics(module: &mut Module) {
    let panicking = module.funcs.iter().filter(|function| {
        // As in `core[0123456789abcdef]::panicking::panic`, where the hash does not matter.
        let name = function.name.as_deref().unwrap_or_default();
        let (krate, path) = name.split_once("::").unwrap_or_default();
        let krate = krate.split('[').next().unwrap_or_default();
        PANICS.iter().any(|(of, start)| krate == *of && path.starts_with(start))
    });
    for id in panicking.map(walrus::Function::id).collect::<Vec<_>>() {
        let function = module.funcs.get(id);
        let FunctionKind::Local(local) = &function.kind else { continue };
        let arguments = local.args.clone();
        let (parameters, results) = {
            let (parameters, results) = module.types.params_results(function.ty());
            (parameters.to_vec(), results.to_vec())
        };
        let mut builder = FunctionBuilder::new(&mut module.types, &parameters, &results);
        builder.func_body().unreachable();
        module.funcs.get_mut(id).kind = FunctionKind::Local(builder.local_func(arguments));
    }
}

/// Blanks the locations of panics: names of source files, and the tables that point at them. They are never shown, and would depend on
/// the machine that built the module.
fn blank_locations(module: &mut Module) {
    let segments: Vec<_> = module.data.iter().map(|data| (data.id(), start(&data.kind))).collect();
    let mut places = Vec::new();
    for (id, start) in &segments {
        let bytes = &mut module.data.get_mut(*id).value;
        for (at, length) in source_files(bytes) {
            bytes[at..at + length].fill(0);
            // `core::panic::Location`: the file's name, its length with or without a closing NUL, a line, a column.
            places.extend([length, length + 1].map(|length| [start + at as u32, length as u32]));
        }
    }
    for (id, _) in segments {
        let bytes = &mut module.data.get_mut(id).value;
        for at in (0..bytes.len().saturating_sub(15)).step_by(4) {
            let word =
                |at: usize| bytes[at..at + 4].iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
            if places.contains(&[word(at), word(at + 4)]) {
                bytes[at..at + 16].fill(0);
            }
        }
    }
}

/// Blanks [`MESSAGES`].
fn blank_messages(module: &mut Module) {
    let segments: Vec<_> = module.data.iter().map(|data| data.id()).collect();
    for id in segments {
        let bytes = &mut module.data.get_mut(id).value;
        for word in MESSAGES.map(str::as_bytes) {
            while let Some(at) = bytes.windows(word.len()).position(|here| here == word) {
                bytes[at..at + word.len()].fill(0);
            }
        }
    }
}

fn start(kind: &DataKind) -> u32 {
    match kind {
        DataKind::Active { offset: ConstExpr::Value(Value::I32(start)), .. } => *start as u32,
        DataKind::Active { .. } | DataKind::Passive => 0,
    }
}

/// The offsets and lengths of the paths of Rust sources.
fn source_files(data: &[u8]) -> Vec<(usize, usize)> {
    let is_path = |byte: &u8| byte.is_ascii_alphanumeric() || b"/\\:._-".contains(byte);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(end) = data[at..].windows(3).position(|bytes| bytes == b".rs") {
        let end = at + end + 3;
        let length = data[at..end].iter().rev().take_while(|byte| is_path(byte)).count();
        found.push((end - length, length));
        at = end;
    }
    found
}

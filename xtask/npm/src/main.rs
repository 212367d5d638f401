//! wasm-bindgen, which tells a compiled module and JavaScript of each other; from the npm package's core the words of panics are taken out then.
//! A program of its own, so that nobody else waits for it.

use std::process::ExitCode;

use walrus::ir::Value;
use walrus::{ConstExpr, DataKind, FunctionBuilder, FunctionKind, Module};
use wasm_bindgen_cli_support::Bindgen;

/// What a panic passes through on its way to the trap, as the name section writes it. Their words weigh more than the decoders.
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

/// What they would say, as far as it is text of the standard library and of wasm-bindgen; a trap says nothing, and what is thrown says it in
/// JavaScript's words. One that is no longer found stays in, and weighs.
const WORDS: [&str; 21] = [
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
        eprintln!("xtask-npm: give a name, the compiled module and the folder for what is made of it");
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

/// Makes `name.js` and `name_bg.wasm`. The module `core` is the npm package's: it is made small, and nobody needs its glue.
fn bind(name: &str, input: &str, folder: &str) -> Result<(), String> {
    let is_core = name == "core";
    let mut bindgen = Bindgen::new();
    bindgen.input_path(input).out_name(name).typescript(false);
    bindgen.remove_name_section(is_core).remove_producers_section(true);
    let made = bindgen.web(true).and_then(Bindgen::generate_output);
    let mut output = made.map_err(|error| format!("{error:?}"))?;
    if is_core {
        forget_glue(output.wasm_mut());
        trap_at_once(output.wasm_mut());
        forget_places(output.wasm_mut());
        forget_words(output.wasm_mut());
    }
    output.emit(folder).map_err(|error| format!("{error:?}"))
}

/// Takes away what glue alone would call: nothing here is an object of JavaScript.
fn forget_glue(module: &mut Module) {
    let is_called =
        |name: &str| name == "memory" || name.starts_with("machine_") || name.starts_with("__wbg_machine_");
    let glue = module.exports.iter().filter(|export| !is_called(&export.name)).map(walrus::Export::id);
    for id in glue.collect::<Vec<_>>() {
        module.exports.delete(id);
    }
    module.start = None;
}

/// Gives every function that only panics the body of the trap that it ends in.
fn trap_at_once(module: &mut Module) {
    let panicking = module.funcs.iter().filter(|function| {
        // `core[0123456789abcdef]::panicking::panic`: which build of a crate it is does not matter.
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

/// Blanks what panics would say of where they happened: names of source files, and the tables that point at them. Nobody reads them any
/// more, and they would be of the machine that built this.
fn forget_places(module: &mut Module) {
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

/// Blanks [`WORDS`].
fn forget_words(module: &mut Module) {
    let segments: Vec<_> = module.data.iter().map(|data| data.id()).collect();
    for id in segments {
        let bytes = &mut module.data.get_mut(id).value;
        for word in WORDS.map(str::as_bytes) {
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

/// Where the paths of Rust's sources lie, and how long they are.
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

//! Makes the npm package's cores smaller and writes the numbers that they share with its TypeScript; runs wasm-bindgen on the modules that need
//! it. A program of its own, so that xtask itself builds quickly.

mod abi;

use std::fs;
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

/// The panic messages of the standard library, those with numbers as the compiler writes them: the length of each piece, and
/// 0xC0 for a number. A trap has no message, so they are never shown. A message that is not in this list stays in the module and costs bytes.
const MESSAGES: [&[u8]; 14] = [
    b"\x16slice index starts at \xC0\x0D but ends at \xC0\0",
    b"\x20index out of bounds: the len is \xC0\x12 but the index is \xC0\0",
    b"\x12range start index \xC0\x22 out of range for slice of length \xC0\0",
    b"\x10range end index \xC0\x22 out of range for slice of length \xC0\0",
    b"\x15memory allocation of \xC0\x0D bytes failed\0",
    b"copy_from_slice: source slice length (",
    b") does not match destination slice length (",
    b"removal index (is ",
    b") should be < len (is ",
    b"overflow in Duration::new",
    b"overflow when adding durations",
    b"mid > len",
    b"dest is out of bounds",
    b"capacity overflow",
];
/// The digits with which the standard library writes the numbers of its messages.
const DIGITS: &[u8] = b"00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["abi", output] => {
            fs::write(output, abi::typescript()).map_err(|error| format!("cannot write {output}: {error}"))
        }
        ["shrink", input, output] => shrink(input, output),
        ["bind", name, input, folder] => bind(name, input, folder),
        _ => {
            eprintln!("usage: xtask-npm abi OUTPUT | shrink MODULE OUTPUT | bind NAME MODULE FOLDER");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask-npm: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs wasm-bindgen: writes `name.js` and `name_bg.wasm`.
fn bind(name: &str, input: &str, folder: &str) -> Result<(), String> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(input).out_name(name).typescript(false).remove_producers_section(true);
    bindgen.web(true).and_then(|bindgen| bindgen.generate(folder)).map_err(|error| format!("{error:?}"))
}

/// Writes a module without what says why it panicked.
fn shrink(input: &str, output: &str) -> Result<(), String> {
    let mut module = Module::from_file(input).map_err(|error| format!("{error:?}"))?;
    replace_panics(&mut module);
    blank_locations(&mut module);
    blank_messages(&mut module);
    module.emit_wasm_file(output).map_err(|error| format!("{error:?}"))
}

/// Replaces the body of every function that only panics by a trap.
fn replace_panics(module: &mut Module) {
    let panicking = module.funcs.iter().filter(|function| {
        // As in `core[0123456789abcdef]::panicking::panic`, where the hash does not matter.
        let name = function.name.as_deref().unwrap_or_default();
        let name = &rustc_demangle::demangle(name).to_string();
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
        for word in MESSAGES.into_iter().chain([DIGITS]) {
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

//! What `cargo xtask npm` does to the compiled core: wasm-bindgen. A program of its own, so that nobody else waits for it.

use std::path::PathBuf;
use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(input), Some(folder)) = (arguments.next(), arguments.next()) else {
        eprintln!("xtask-npm: give the compiled core and the folder for what is made of it");
        return ExitCode::from(2);
    };
    let mut bindgen = Bindgen::new();
    let made = bindgen
        .input_path(input)
        .out_name("core")
        // The driver in js/ calls the module's functions itself; the glue would weigh a kilobyte.
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .web(true)
        .and_then(|bindgen| bindgen.generate(folder));
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask-npm: {error:?}");
            ExitCode::FAILURE
        }
    }
}

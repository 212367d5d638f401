//! The conductor of the benchmarks: starts the contenders, lets them take turns, and reports the results.

mod conductor;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::conductor::Trouble;

#[derive(Parser)]
#[command(name = "tidewire-bench", about = "Compare Tidewire with its peers")]
struct Arguments {
    /// Run only these cases or groups; writes no file
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    only: Vec<String>,
    /// Use small bodies and few runs, to check that it works; writes no file
    #[arg(long)]
    quick: bool,
    /// List the cases and exit
    #[arg(long)]
    list: bool,
    /// Write the tables of a full run to this file
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list {
        conductor::list();
        return ExitCode::SUCCESS;
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("tidewire-bench: {trouble}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Trouble> {
    let report = conductor::run(&arguments.only, arguments.quick)?;
    println!("{report}");
    match &arguments.write {
        Some(file) if arguments.only.is_empty() && !arguments.quick => {
            std::fs::write(file, report)?;
            eprintln!("written to {}", file.display());
        }
        Some(_) | None => {}
    }
    Ok(())
}

//! Conducts the benchmarks: starts the contenders, lets them run in turn, and says what came of it.

mod conductor;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::conductor::Trouble;

#[derive(Parser)]
#[command(name = "tidewire-bench", about = "Tidewire beside its peers")]
struct Arguments {
    /// These cases or groups only; nothing is written then
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    only: Vec<String>,
    /// Small bodies and few runs, to see that it works; nothing is written then
    #[arg(long)]
    quick: bool,
    /// List the cases and end
    #[arg(long)]
    list: bool,
    /// Where the tables of a whole run are written
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

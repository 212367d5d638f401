//! Runs one client that reads many streams at once from a server in another process.
//!
//! By hand: `tidewire-bench-client serve` prints its address, and `tidewire-bench-client read client-1000 tidewire ADDRESS`
//! reads from it. `--counted` counts allocations, which costs time.

mod contenders;
mod meter;
mod server;

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use rustix::process::{Resource, getrlimit, setrlimit};
use tidewire_bench::plan::{CLIENT_CASES, ClientCase};

#[derive(Parser)]
enum Arguments {
    /// Serve one reader after another on a free port of 127.0.0.1
    Serve,
    /// Read the streams of a case
    Read {
        case: String,
        contender: String,
        address: SocketAddr,
        /// Use fewer streams and events
        #[arg(long)]
        quick: bool,
        /// Count allocations
        #[arg(long)]
        counted: bool,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse() {
        Arguments::Serve => raise_file_limit().and_then(|()| server::run()),
        Arguments::Read { case, contender, address, quick, counted } => {
            find(&case, quick).and_then(|case| read(&case, &contender, address, counted))
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tidewire-bench-client: {error}");
            ExitCode::FAILURE
        }
    }
}

fn read(
    case: &ClientCase,
    contender: &str,
    address: SocketAddr,
    counted: bool,
) -> Result<(), Box<dyn Error>> {
    raise_file_limit()?;
    let facts = contenders::run(case, contender, address, counted)?;
    println!("{}", serde_json::to_string(&facts)?);
    Ok(())
}

fn find(name: &str, quick: bool) -> Result<ClientCase, Box<dyn Error>> {
    let case = CLIENT_CASES.iter().find(|case| case.name == name);
    let case = case.ok_or_else(|| {
        let names: Vec<_> = CLIENT_CASES.iter().map(|case| case.name).collect();
        format!("no such case; the cases are {}", names.join(", "))
    })?;
    Ok(if quick { case.quick() } else { *case })
}

/// Raises the limit of open files, because each stream needs a socket on each side.
fn raise_file_limit() -> Result<(), Box<dyn Error>> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}

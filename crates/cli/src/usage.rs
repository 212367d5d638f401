//! Errors in the arguments: one line that says what to write instead.

use std::error::Error;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::exit;

/// Help and version as they are; an error in one line.
pub(crate) fn conclude(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // Nobody is left to tell when the output is gone.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            exit::bad_option("no command; write get, decode or serve")
        }
        _ => exit::bad_option(&what_to_write(error)),
    }
}

fn what_to_write(error: &clap::Error) -> String {
    let said = |kind| error.get(kind).map(list).unwrap_or_default();
    let option = said(ContextKind::InvalidArg).join(" ");
    let name = option.split(' ').next().unwrap_or_default();
    let value = said(ContextKind::InvalidValue).join(" ");
    match error.kind() {
        ErrorKind::UnknownArgument if name.starts_with('-') => {
            match said(ContextKind::SuggestedArg).first() {
                Some(similar) => format!("there is no option {name}; write {similar}"),
                None => format!("there is no option {name}; --help lists them"),
            }
        }
        ErrorKind::UnknownArgument if said(ContextKind::Usage).concat().contains("tidewire decode") => {
            "decode takes no file; write tidewire decode < FILE".to_owned()
        }
        // What it is stays unsaid: a header's value that lost its quotes may be a secret.
        ErrorKind::UnknownArgument => {
            "there is one argument too many; put quotes around what has spaces, like -H 'Name: value'"
                .to_owned()
        }
        ErrorKind::InvalidSubcommand => {
            let unknown = said(ContextKind::InvalidSubcommand).join(" ");
            format!("there is no command {unknown:?}; write get, decode or serve")
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("{name} has no value; write it like {option}"),
        ErrorKind::InvalidValue => {
            format!("{name} cannot be {value:?}; write {}", either(&said(ContextKind::ValidValue)))
        }
        ErrorKind::ValueValidation => {
            format!("{name} cannot be {value:?}: {}", error.source().map(why).unwrap_or_default())
        }
        ErrorKind::ArgumentConflict => {
            let prior = said(ContextKind::PriorArg).join(" ");
            let prior = prior.split(' ').next().unwrap_or_default();
            if prior == name {
                format!("{name} is given twice; write it once")
            } else {
                format!("{name} and {prior} exclude each other; write one of them")
            }
        }
        ErrorKind::MissingRequiredArgument => format!("{option} is missing; --help shows how to write it"),
        _ => error.to_string().lines().next().unwrap_or_default().replace("error: ", ""),
    }
}

fn list(value: &ContextValue) -> Vec<String> {
    match value {
        ContextValue::String(text) => vec![text.clone()],
        ContextValue::Strings(texts) => texts.clone(),
        ContextValue::StyledStr(text) => vec![text.to_string()],
        _ => Vec::new(),
    }
}

fn either(values: &[String]) -> String {
    match values {
        [others @ .., last] if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => values.join(""),
    }
}

/// What a parser says; the standard library's say what is wrong, but not what to write.
fn why(error: &(dyn Error + 'static)) -> String {
    match error.to_string().as_str() {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "write a whole number".to_owned()
        }
        "number too large to fit in target type" => "write a smaller number".to_owned(),
        "invalid IP address syntax" => "write an address such as 127.0.0.1".to_owned(),
        said => said.to_owned(),
    }
}

//! Errors in the arguments: one line that says what to write instead.

use std::error::Error;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use strsim::damerau_levenshtein;

use crate::exit;

/// Prints help and version as they are, and an error in one line.
pub(crate) fn conclude(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // If standard output is gone, nobody reads it.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            exit::usage_error("no command; write get, decode or serve")
        }
        _ => exit::usage_error(&what_to_write(error)),
    }
}

/// Options of curl that people give `get` by habit, and what to write instead. What is advised does the same, or the line says why
/// nothing is needed.
const CURL_OPTIONS: [(&[&str], &str); 14] = [
    (&["--max-time", "-m"], "write --timeout with milliseconds"),
    (&["--retry"], "write --retry-attempts"),
    (&["--compressed"], "compressed bodies are always read, so leave it out"),
    (&["--location", "-L"], "redirects are always followed, so leave it out"),
    (&["--no-buffer", "-N"], "output is never held back, so leave it out"),
    (&["--fail", "-f"], "a refusal always ends with exit status 4, so leave it out"),
    (&["--silent", "-s"], "write 2> /dev/null"),
    (&["-o"], "write > FILE after the command"),
    (&["--data-binary"], "write -d"),
    (&["--head", "-I"], "write -X HEAD"),
    (&["--user-agent", "-A"], "write -H 'User-Agent: …'"),
    (&["--referer", "-e"], "write -H 'Referer: …'"),
    (&["--cookie", "-b"], "write -H 'Cookie: …'"),
    (&["--oauth2-bearer"], "write -H 'Authorization: Bearer …'"),
];

fn what_to_write(error: &clap::Error) -> String {
    let context = |kind| error.get(kind).map(list).unwrap_or_default();
    let option = context(ContextKind::InvalidArg).join(" ");
    let name = option.split(' ').next().unwrap_or_default();
    let value = context(ContextKind::InvalidValue).join(" ");
    match error.kind() {
        ErrorKind::UnknownArgument if name.starts_with('-') => {
            let is_get = context(ContextKind::Usage).concat().contains("tidewire get");
            unknown_option(name, is_get, context(ContextKind::SuggestedArg).first())
        }
        ErrorKind::UnknownArgument if context(ContextKind::Usage).concat().contains("tidewire decode") => {
            "decode reads standard input; write tidewire decode < FILE".to_owned()
        }
        // The argument is not repeated: a header's value that lost its quotes may be a secret.
        ErrorKind::UnknownArgument => {
            "there is one argument too many; put quotes around what has spaces, like -H 'Name: value'"
                .to_owned()
        }
        ErrorKind::InvalidSubcommand => {
            let unknown = context(ContextKind::InvalidSubcommand).join(" ");
            format!("there is no command {unknown:?}; write get, decode or serve")
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("{name} has no value; write it like {option}"),
        ErrorKind::InvalidValue => {
            format!("{name} cannot be {value:?}; write {}", either(&context(ContextKind::ValidValue)))
        }
        ErrorKind::ValueValidation => {
            format!("{name} cannot be {value:?}: {}", error.source().map(problem).unwrap_or_default())
        }
        ErrorKind::ArgumentConflict => {
            let prior = context(ContextKind::PriorArg).join(" ");
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

/// A similar option is advised only for a typing error: an option that merely looks similar may do something else.
fn unknown_option(name: &str, is_get: bool, similar: Option<&String>) -> String {
    let of_curl = CURL_OPTIONS.iter().find(|(names, _)| is_get && names.contains(&name));
    let advice = match (of_curl, similar) {
        (Some((_, advice)), _) => (*advice).to_owned(),
        (None, Some(similar)) if is_typing_error(name, similar) => format!("write {similar}"),
        (None, _) => "--help lists them".to_owned(),
    };
    format!("there is no option {name}; {advice}")
}

/// Whether one is the other with a slip or two: a letter left out, added, changed, or two exchanged.
fn is_typing_error(name: &str, similar: &str) -> bool {
    const SHORT: usize = "--".len() + 5;
    let slips = if name.len() <= SHORT { 1 } else { 2 };
    damerau_levenshtein(name, similar) <= slips
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

/// A parser's message. The standard library's messages, which do not say what to write, are replaced.
fn problem(error: &(dyn Error + 'static)) -> String {
    match error.to_string().as_str() {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "write a whole number".to_owned()
        }
        "number too large to fit in target type" => "write a smaller number".to_owned(),
        "invalid IP address syntax" => "write an address such as 127.0.0.1".to_owned(),
        message => message.to_owned(),
    }
}

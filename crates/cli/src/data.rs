//! The values of `-d`, `--json` and `-H`, read from a file for `@file` and from standard input for `@-`, as in curl.

use std::fs;
use std::io::{self, Read};

/// A request's body and its content type.
pub(crate) struct RequestBody {
    pub(crate) bytes: Vec<u8>,
    pub(crate) content_type: &'static str,
}

/// The body of `-d` or `--json`, if there is one.
pub(crate) fn body(data: &[String], json: Option<&str>) -> Result<Option<RequestBody>, String> {
    if let Some(json) = json {
        let bytes = read(json, "--json")?;
        if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes) {
            return Err(format!(
                "--json is not JSON ({error}); quote it for the shell, or use -d for other data"
            ));
        }
        return Ok(Some(RequestBody { bytes, content_type: "application/json" }));
    }
    if data.is_empty() {
        return Ok(None);
    }
    let parts: Vec<Vec<u8>> = data.iter().map(|part| read(part, "-d")).collect::<Result<_, _>>()?;
    Ok(Some(RequestBody { bytes: parts.join(&b'&'), content_type: "application/x-www-form-urlencoded" }))
}

/// The names and values of `-H`. The values of a name that is given twice are joined (RFC 9110, 5.3; cookies: RFC 6265, 5.4).
pub(crate) fn headers(given: &[String]) -> Result<Vec<(String, String)>, String> {
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut add = |header: &str| {
        let (name, value) = split(header)?;
        match headers.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, values)) => {
                values.push_str(if name.eq_ignore_ascii_case("cookie") { "; " } else { ", " });
                values.push_str(value);
            }
            None => headers.push((name.to_owned(), value.to_owned())),
        }
        Ok::<(), String>(())
    };
    for header in given {
        if header.starts_with('@') {
            let text =
                String::from_utf8(read(header, "-H")?).map_err(|_| format!("-H {header}: not UTF-8 text"))?;
            text.lines().filter(|line| !line.trim().is_empty()).try_for_each(&mut add)?;
        } else {
            add(header)?;
        }
    }
    Ok(headers)
}

fn split(header: &str) -> Result<(&str, &str), String> {
    match header.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim(), value.trim())),
        // The value may be a secret, so it is not repeated.
        _ => Err("-H needs a name and a colon; write it like -H 'Name: value'".to_owned()),
    }
}

fn read(text: &str, option: &str) -> Result<Vec<u8>, String> {
    match text.strip_prefix('@') {
        None => Ok(text.as_bytes().to_vec()),
        Some("-") => {
            let mut bytes = Vec::new();
            io::stdin().lock().read_to_end(&mut bytes).map_err(|error| format!("{option} @-: {error}"))?;
            Ok(bytes)
        }
        Some(path) => {
            fs::read(path).map_err(|error| format!("{option} @{path}: {error}; name a readable file"))
        }
    }
}

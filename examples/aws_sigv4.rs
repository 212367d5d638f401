//! Signs each request with AWS Signature Version 4, also the ones that resume: their `Last-Event-ID` is signed too.
//!
//! ```sh
//! export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… AWS_REGION=eu-central-1
//! cargo run -p tidewire-examples --example aws_sigv4 -- https://API.execute-api.eu-central-1.amazonaws.com/events
//! ```

use std::env;
use std::error::Error;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use tidewire::{AttemptRequest, Client, UsageError};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::args().nth(1).ok_or("usage: aws_sigv4 URL")?;
    let credentials = Credentials::new(
        env::var("AWS_ACCESS_KEY_ID")?,
        env::var("AWS_SECRET_ACCESS_KEY")?,
        env::var("AWS_SESSION_TOKEN").ok(),
        None,
        "environment",
    );
    let region = env::var("AWS_REGION")?;

    let mut events = Client::new()
        .post(url)
        .json(&["weather", "tides"])
        .idempotent()
        .prepare_with(move |request| {
            add_signature(request, &credentials, &region)
                .map_err(|error| UsageError::Prepare { problem: error.to_string() })
        })
        .events();
    while let Some(event) = events.next().await {
        println!("{}", event?.data);
    }
    println!("{:?} after {} requests", events.outcome(), events.stats().attempts);
    Ok(())
}

fn add_signature(
    request: &mut AttemptRequest,
    credentials: &Credentials,
    region: &str,
) -> Result<(), Box<dyn Error>> {
    let identity = credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("execute-api")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()?
        .into();
    let mut headers = Vec::new();
    for (name, value) in request.headers() {
        headers.push((name.as_str(), value.to_str()?));
    }
    let body = request.body().map_or(SignableBody::Bytes(&[]), |bytes| SignableBody::Bytes(bytes));
    let (method, url) = (request.method().as_str(), request.url().as_str());
    let signable = SignableRequest::new(method, url, headers.into_iter(), body)?;
    let (instructions, _signature) = sign(signable, &params)?.into_parts();
    for (name, value) in instructions.headers() {
        request.set_header(name, value)?;
    }
    Ok(())
}

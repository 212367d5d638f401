//! Sends a request over reqwest and follows its redirects, up to the head of the response.

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use http::header::{self, HeaderName};
use http::{HeaderMap, Method};

use super::body::BodyReader;
use super::pool::Pool;
use super::redirect::{MOST_REDIRECTS, redirected, take_credentials};
use super::{coding, failure, tls};
use crate::body::Taken;
use crate::platform::Boxed;
use crate::template::RequestTemplate;
use crate::transport::message::{Outgoing, Response, TransportError, TransportOptions};

const USER_AGENT: &str = concat!("tidewire/", env!("CARGO_PKG_VERSION"));

/// Sends requests with a `reqwest::Client`.
#[derive(Clone)]
pub(crate) struct Transport {
    pool: Arc<Pool>,
    owner: Owner,
}

/// Who configured the client.
#[derive(Clone, Debug)]
enum Owner {
    /// Ours: redirects and content codings are handled here. `no_tls` says why an `https` URL cannot be requested.
    Tidewire { no_tls: Option<Arc<str>> },
    /// The caller's: its settings hold.
    Caller,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("owner", &self.owner).finish_non_exhaustive()
    }
}

impl Transport {
    /// A transport with Tidewire's own settings.
    pub(crate) fn new(options: &TransportOptions) -> Result<Self, TransportError> {
        let build =
            |builder: reqwest::ClientBuilder| builder.build().map_err(|error| failure::innermost(&error));
        let TransportOptions { connect_timeout, authorities } = options.clone();
        let with_tls = move || tls::configure(base(connect_timeout), &authorities).and_then(build);
        let without_tls = move || tls::without(base(connect_timeout)).and_then(build);
        let (pool, no_tls) = match with_tls() {
            Ok(client) => (Pool::new(client, Some(Box::new(with_tls))), None),
            // Plain HTTP works without TLS, for example in a container without certificates.
            Err(problem) => {
                let client = without_tls().map_err(TransportError::Unsendable)?;
                let problem = format!("https is not possible: {problem}");
                (Pool::new(client, Some(Box::new(without_tls))), Some(problem.into()))
            }
        };
        Ok(Self { pool, owner: Owner::Tidewire { no_tls } })
    }

    /// The caller's own client, whose redirect and connect settings hold.
    pub(crate) fn with_client(client: reqwest::Client) -> Self {
        Self { pool: Pool::new(client, None), owner: Owner::Caller }
    }

    /// The connections of a pool may be dead: later requests use others.
    pub(crate) fn replace_pool(&self, number: u32) {
        self.pool.replace(number);
    }

    /// As [`replace_pool`](Self::replace_pool), for all connections there are.
    pub(crate) fn replace_present_pool(&self) {
        self.pool.replace_present();
    }

    /// Headers that are added to a request without one of the same name. Of these the caller's own client has its own `User-Agent` and
    /// `Accept-Encoding`.
    pub(crate) fn default_headers(&self) -> impl Iterator<Item = (HeaderName, &'static str)> + use<> {
        let is_own = matches!(self.owner, Owner::Tidewire { .. });
        [
            (header::CACHE_CONTROL, "no-store", true),
            (header::USER_AGENT, USER_AGENT, is_own),
            (header::ACCEPT_ENCODING, coding::accepted(), is_own),
        ]
        .into_iter()
        .filter_map(|(name, value, applies)| applies.then_some((name, value)))
    }

    /// Sends the request, follows its redirects, and waits for the head of the response. Also returns the number of the pool whose
    /// connections it uses.
    pub(crate) fn send(
        self,
        mut request: Outgoing,
    ) -> (Boxed<Result<Response<BodyReader>, TransportError>>, u32) {
        let (client, number) = self.pool.client();
        take_credentials(&client, &mut request);
        let Outgoing { url, mut template } = request;
        let sent = self.execute(&client, url, &template).map_err(TransportError::Unsendable);
        let response: Boxed<_> = Box::pin(async move {
            let mut sent = sent?;
            let has_cursor = |template: &RequestTemplate| {
                template.cursor_header.as_ref().is_some_and(|name| template.headers.contains_key(name))
            };
            let had_cursor = has_cursor(&template);
            let mut redirects_left = match self.owner {
                Owner::Tidewire { .. } => MOST_REDIRECTS,
                Owner::Caller => 0,
            };
            loop {
                let response = sent.await.map_err(failure::before_head)?;
                let next = match redirects_left {
                    0 => None,
                    _ => redirected(&template, response.status(), response.headers()),
                };
                let Some(Outgoing { url, template: next }) = next else {
                    let lost_cursor = had_cursor && !has_cursor(&template);
                    return Ok(response_of(response, &template.method, lost_cursor));
                };
                redirects_left -= 1;
                // A redirect to a URL that cannot be requested is not the caller's fault.
                sent = self.execute(&client, url, &next).map_err(TransportError::Permanent)?;
                template = next;
            }
        });
        (response, number)
    }

    /// Sends one request; an error if it cannot be sent.
    fn execute(
        &self,
        client: &reqwest::Client,
        url: url::Url,
        template: &RequestTemplate,
    ) -> Result<impl Future<Output = Result<reqwest::Response, reqwest::Error>> + Send + use<>, String> {
        if let Owner::Tidewire { no_tls: Some(problem) } = &self.owner
            && url.scheme() == "https"
        {
            return Err(problem.to_string());
        }
        let mut request = reqwest::Request::new(template.method.clone(), url);
        *request.headers_mut() = HeaderMap::clone(&template.headers);
        let body = template.body.take();
        if !matches!(body, Taken::Once(_)) {
            // hyper would send a wrong count as it is, and the server would wait for the missing bytes.
            request.headers_mut().remove(header::CONTENT_LENGTH);
        }
        *request.body_mut() = match body {
            Taken::Nothing => None,
            Taken::Bytes(bytes) => Some(bytes.into()),
            Taken::Once(body) => Some(body),
        };
        Ok(client.execute(request))
    }
}

/// The settings of every client that is made here. reqwest's content codings are off, even if the program enables their features. It also
/// sends no request again by itself: the session decides that, and counts and announces each attempt.
fn base(connect_timeout: Option<Duration>) -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .user_agent(USER_AGENT)
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate();
    match connect_timeout {
        Some(limit) => builder.connect_timeout(limit),
        None => builder,
    }
}

fn response_of(mut response: reqwest::Response, method: &Method, lost_cursor: bool) -> Response<BodyReader> {
    let mut headers = mem::take(response.headers_mut());
    let status = response.status().as_u16();
    let url = Some(response.url().clone());
    let body = BodyReader::new(response, &mut headers, method);
    Response { status, headers, url, body, lost_cursor }
}

//! Scenario files: timelines of bytes, pauses and cuts in JSON Lines, written by hand or recorded.
//!
//! `docs/scenarios.md` describes the format.

mod format;
mod parser;
mod writer;

pub use self::{
    format::{ScenarioFile, ScenarioFileError},
    writer::ScenarioWriter,
};

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

    use std::{sync::Arc, time::Duration};

    use super::{format::FileResponse, *};
    use crate::serve::{response::ResponseHead, script::ScriptStep};

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_recording_is_read_back() {
        let mut file = Vec::new();
        let mut writer = ScenarioWriter::new(&mut file);
        let headers = [
            ("content-type", "text/event-stream"),
            ("Set-Cookie", "sid=1"),
            ("x-session-token", "t"),
            ("content-encoding", "gzip"),
            ("transfer-encoding", "chunked"),
            ("x-request-id", "r1"),
            ("www-authenticate", "Bearer"),
        ];
        writer.response(200, headers, ms(30)).unwrap();
        writer.bytes("data: 你\n\n".as_bytes(), ms(31)).unwrap();
        writer.bytes(b"data: \xE4\xBD", Duration::from_micros(31_900)).unwrap();
        writer.cut(ms(40)).unwrap();
        writer.cut(ms(5)).unwrap();
        writer.response(307, [("location", "https://u:p@h/x?a=1&token=t")], ms(7)).unwrap();
        writer.response(204, [("", ""); 0], ms(0)).unwrap();
        writer.end(ms(0)).unwrap();

        let text = String::from_utf8(file).unwrap();
        let kept = HeaderMap::from_iter([
            (HeaderName::from_static("content-type"), HeaderValue::from_static("text/event-stream")),
            (HeaderName::from_static("x-request-id"), HeaderValue::from_static("r1")),
            (HeaderName::from_static("www-authenticate"), HeaderValue::from_static("Bearer")),
        ]);
        let location = HeaderMap::from_iter([(
            HeaderName::from_static("location"),
            HeaderValue::from_static("https://***@h/x?a=1&token=***"),
        )]);
        let want = ScenarioFile {
            responses: vec![
                FileResponse {
                    delay: ms(30),
                    head: Some(ResponseHead { status: StatusCode::OK, headers: kept }),
                    steps: Arc::new([
                        ScriptStep::Pause(ms(1)),
                        ScriptStep::bytes("data: 你\n\n"),
                        ScriptStep::bytes(&b"data: \xE4\xBD"[..]),
                        ScriptStep::Pause(ms(9)),
                        ScriptStep::Cut,
                    ]),
                },
                FileResponse { delay: ms(5), head: None, steps: Arc::new([]) },
                FileResponse {
                    delay: ms(7),
                    head: Some(ResponseHead { status: StatusCode::TEMPORARY_REDIRECT, headers: location }),
                    steps: Arc::new([ScriptStep::End]),
                },
                FileResponse {
                    delay: ms(0),
                    head: Some(ResponseHead { status: StatusCode::NO_CONTENT, headers: HeaderMap::new() }),
                    steps: Arc::new([ScriptStep::End]),
                },
            ],
        };
        assert_eq!(text.parse(), Ok(want), "{text}");
    }

    #[test]
    fn later_requests_get_the_last_response() {
        let text = "{\"response\":{\"status\":500}}\n{\"wait_ms\":3}\n{\"response\":{\"status\":200}}\n";
        let file: ScenarioFile = text.parse().unwrap();
        let statuses = [0, 1, 2, u64::MAX].map(|nth| file.respond(nth).head.unwrap().status.as_u16());
        assert_eq!(statuses, [500, 200, 200, 200]);
        assert_eq!(file.respond(0).script.collect::<Vec<_>>(), [ScriptStep::Pause(ms(3))]);
    }
}

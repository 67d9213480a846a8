//! Asking the token endpoint until a person has decided: whatever the server says, it is not asked more often than it allows,
//! nor after the end.

use crate::client::{CLIENT_ID, ISSUER, NOW, Scripted, config};
use crate::keys::provider;
use crate::property::{at_once, hides, is_presentable, marker, tells_nothing};
use bytes::Bytes;
use grantee_core::grant::ciba::{BackchannelAuthenticationRequest, Delivery};
use grantee_core::grant::device_code::DeviceAuthorizationRequest;
use grantee_core::grant::polling::{PollState, Polling};
use grantee_core::{Client, UnixTime};
use http::{HeaderValue, Response, StatusCode};
use std::time::Duration;

/// The most answers of a case. Then connections break for a while, and at last the person says no.
const MOST: usize = 64;
const BREAKS: usize = 32;
const SLOW_DOWN: Duration = Duration::from_secs(5);

/// The first line is a byte that chooses the grant, then members of the answer that begins it; each further line is an answer to
/// a poll: `0`, a digit that chooses its status, or `x` for a connection that breaks; `Retry-After`; `|`; a letter for the usual
/// answers, or the body itself.
pub fn polling(data: &[u8]) {
    let marker = marker(data);
    let mut lines = data.split(|byte| *byte == b'\n');
    let (choice, members) = lines.next().and_then(<[u8]>::split_first).unwrap_or((&0, &[]));
    let answers = lines.take(MOST).map(|line| answer(line, &marker));
    let world = Scripted::new(answers.chain(std::iter::repeat_n(None, BREAKS)).chain([answer(b"0|d", &marker)]));
    let mut config = config();
    config.set_jwks(provider().1);
    let client = world.client(config).expect("the client is configured");
    let members = String::from_utf8_lossy(members);
    let Some(mut polling) = started(&client, *choice, &members, &marker) else { return };

    let sent_at = UnixTime::from_seconds(NOW);
    let expires_at = polling.expires_at();
    assert!(expires_at >= sent_at && expires_at <= sent_at.after(Duration::from_secs(30 * 86_400)), "{expires_at:?}");
    let (mut asked, mut interval, mut last) = (0, polling.interval(), Duration::ZERO);
    assert!(interval >= Duration::from_secs(1), "{interval:?}");
    loop {
        // Each step is one of these, so that nothing goes on for ever: announced, asked, ended.
        let state = at_once(polling.next()).expect("no end without a word");
        hides(&marker, &polling);
        let sent = world.sent_since(asked);
        assert!(sent.len() <= 1, "one request a step");
        if let Some((came, request)) = sent.first() {
            asked += 1;
            assert_eq!(request.uri().path(), "/token");
            assert!(*came >= last.saturating_add(interval), "{came:?} is too early after {last:?}");
            assert!(sent_at.after(*came) < expires_at, "asked after the end");
            last = *came;
        }
        match &state {
            PollState::SlowDown { interval: now } => {
                assert_eq!(*now, interval.saturating_add(SLOW_DOWN), "slow_down adds five seconds for good");
                interval = *now;
            }
            PollState::Waiting { until, attempt } => {
                assert!(*until <= expires_at && usize::try_from(*attempt).is_ok_and(|attempt| attempt == asked + 1));
            }
            _ => {}
        }
        assert_eq!(polling.interval(), interval);
        if let PollState::Unreachable { error, .. } = &state {
            tells_nothing(&marker, error);
        }
        match state.outcome() {
            None => {}
            Some(Ok(login)) => {
                hides(&marker, &login);
                break;
            }
            Some(Err(error)) => {
                is_presentable(&error);
                tells_nothing(&marker, &error);
                break;
            }
        }
        assert!(asked <= MOST + BREAKS, "asked after a final answer");
    }
    assert!(at_once(polling.next()).is_none() && at_once(polling.poll_once()).is_none(), "it went on after the end");
}

fn started(client: &Client, choice: u8, members: &str, marker: &str) -> Option<Polling> {
    let members = members.trim_matches(['{', '}']);
    let (sent_at, issuer) = (UnixTime::from_seconds(NOW), Some(ISSUER));
    let body = |own: &str| Response::new(Bytes::from(format!("{{{own},{members}}}")));
    if choice & 1 == 0 {
        let own =
            format!(r#""device_code":"{marker}","user_code":"WDJB-MJHT","verification_uri":"https://as.example/d""#);
        let judged = DeviceAuthorizationRequest::new().judge(&body(&own), CLIENT_ID, issuer, sent_at);
        judged.ok().map(|device| client.device_polling(&device))
    } else {
        let own = format!(r#""auth_req_id":"{marker}""#);
        let request = BackchannelAuthenticationRequest::login_hint("alice").delivery(Delivery::Poll);
        let pending = request.judge(&body(&own), CLIENT_ID, issuer, sent_at, None).ok()?;
        Some(client.backchannel_polling(pending, None).expect("what is polled can be polled"))
    }
}

fn answer(line: &[u8], marker: &str) -> Option<Response<Bytes>> {
    const STATUSES: [u16; 8] = [400, 400, 200, 429, 500, 503, 401, 302];
    let (head, body) = line.split_at(line.iter().position(|byte| *byte == b'|').unwrap_or(line.len()));
    let (choice, retry_after) = head.split_first()?;
    if *choice == b'x' {
        return None;
    }
    let said = |code: &str| Bytes::from(format!(r#"{{"error":"{code}"}}"#));
    let body = match body.strip_prefix(b"|").unwrap_or_default() {
        b"p" => said("authorization_pending"),
        b"s" => said("slow_down"),
        b"e" => said("expired_token"),
        b"d" => said("access_denied"),
        b"t" => Bytes::from(format!(r#"{{"access_token":"{marker}","token_type":"Bearer","expires_in":60}}"#)),
        other => Bytes::copy_from_slice(other),
    };
    let mut response = Response::new(body);
    let status = STATUSES[usize::from(choice.wrapping_sub(b'0')) % STATUSES.len()];
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    if let Ok(value) = HeaderValue::from_bytes(retry_after)
        && !retry_after.is_empty()
    {
        response.headers_mut().insert(http::header::RETRY_AFTER, value);
    }
    Some(response)
}

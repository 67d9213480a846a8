//! What is posted to the client notification endpoint: whoever knows the address can.

use crate::client::{CLIENT, CLIENT_ID, ISSUER, NOW};
use crate::keys::provider;
use crate::property::{at_once, hides, is_presentable, marker, tells_nothing};
use bytes::Bytes;
use grantee_core::grant::ciba::{
    BackchannelAuthentication, BackchannelAuthenticationRequest, Delivery, Notification, NotificationInbox, answer,
};
use grantee_core::{Result, UnixTime};
use grantee_jose::jws::{self, Header};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Response};
use serde_json::Value;

const TOKEN: &str = "8d67dc78-7faa-4d41-aabd-67707b374255";
const ID: &str = "1c266114-a1be-4252-8ad1-04986c5b9ac1";

/// The first byte chooses ping or push and whether the right bearer token goes along; then come lines that are `Authorization`
/// fields, an empty line, and the body. An `id_token` that is an object is signed by the issuer.
pub fn notification(data: &[u8]) {
    let (choice, bytes) = data.split_first().unwrap_or((&0, &[]));
    let delivery = if choice & 1 == 0 { Delivery::Ping } else { Delivery::Push };
    let (head, body) = match bytes.windows(2).position(|pair| pair == b"\n\n") {
        Some(place) => (&bytes[..place], &bytes[place + 2..]),
        None => (&[][..], bytes),
    };
    let lines = head.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).take(8);
    let mut headers: HeaderMap =
        lines.filter_map(|line| Some((AUTHORIZATION, HeaderValue::from_bytes(line).ok()?))).collect();
    if choice & 2 == 2 {
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer 8d67dc78-7faa-4d41-aabd-67707b374255"));
    }
    let body = with_signed_id_token(body);

    let pending = pending(delivery);
    let outcome = Notification::read(&pending, &headers, &body);
    is_answered(&outcome);
    let members = serde_json::from_slice::<Value>(&body).unwrap_or_default();
    if let Ok(notification) = &outcome {
        let shown: Vec<_> = headers.get_all(AUTHORIZATION).iter().collect();
        assert!(shown.len() == 1 && shown[0].as_bytes().trim_ascii_end().ends_with(TOKEN.as_bytes()), "{shown:?}");
        assert_eq!(members["auth_req_id"], ID);
        match notification {
            Notification::Ping => assert_eq!(delivery, Delivery::Ping),
            Notification::Push(push) => {
                assert_eq!(delivery, Delivery::Push);
                match at_once(CLIENT.pushed(&pending, push)) {
                    Ok(login) => {
                        // The ID token is the signature over all the rest.
                        let claims = login.id_token.expect("a push is identified");
                        assert_eq!(
                            claims.claims().get::<String>("urn:openid:params:jwt:claim:auth_req_id").as_deref(),
                            Some(ID)
                        );
                        assert!(claims.claims().get::<String>("at_hash").is_some());
                        assert_eq!(members["access_token"], login.token.access_token.reveal());
                        assert!(
                            login.token.refresh_token.is_none()
                                || claims.claims().get::<String>("urn:openid:params:jwt:claim:rt_hash").is_some()
                        );
                    }
                    Err(error) => is_presentable(&error),
                }
            }
            Notification::Error(error) => {
                assert_eq!((delivery, &members["error"]), (Delivery::Push, &error.error.as_str().into()))
            }
            other => panic!("{other:?}"),
        }
    }

    // The inbox says the same, however often, and to nobody else.
    let inbox = NotificationInbox::new();
    assert_eq!(inbox.deliver(&headers, &body).status(), 401, "nobody waits yet");
    let status = answer(&outcome).status();
    let polling = CLIENT.backchannel_polling(pending, Some(&inbox)).expect("it is waited for");
    for _ in 0..2 {
        assert_eq!(inbox.deliver(&headers, &body).status(), status);
    }
    drop(polling);
    assert_eq!(inbox.deliver(&headers, &body).status(), 401, "nobody waits any more");

    let marker = marker(data);
    let mut secret = format!(r#"{{"auth_req_id":"{ID}","access_token":"{marker}","id_token":"{marker}","#).into_bytes();
    secret.extend_from_slice(body.strip_prefix(b"{").unwrap_or(&body));
    headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer 8d67dc78-7faa-4d41-aabd-67707b374255"));
    match Notification::read(&self::pending(Delivery::Push), &headers, &secret) {
        Ok(notification) => hides(&marker, &notification),
        Err(error) => tells_nothing(&marker, &error),
    }
}

fn is_answered<T>(outcome: &Result<T>) {
    let answered = answer(outcome);
    let text = String::from_utf8_lossy(answered.body());
    assert!(matches!(answered.status().as_u16(), 204 | 400 | 401) && text.len() < 512, "{answered:?}");
    assert_eq!(answered.status() == 204, outcome.is_ok());
    assert_eq!(answered.headers()["cache-control"], "no-store");
    // An answer holds rules alone, which are the same for everybody.
    assert!(!text.contains(TOKEN) && !text.contains(ID));
    if let Err(error) = outcome {
        is_presentable(error);
        hides(TOKEN, error);
        hides(TOKEN, &error.to_string());
    }
}

fn with_signed_id_token(body: &[u8]) -> Vec<u8> {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(mut members)) if members.get("id_token").is_some_and(Value::is_object) => {
            let claims = members["id_token"].to_string();
            let token = jws::sign_blocking(&Header::new(), claims.as_bytes(), &provider().0.private);
            members.insert("id_token".to_owned(), token.expect("a key signs").into());
            Value::Object(members).to_string().into_bytes()
        }
        _ => body.to_vec(),
    }
}

fn pending(delivery: Delivery) -> BackchannelAuthentication {
    let body = Bytes::from(format!(r#"{{"auth_req_id":"{ID}","expires_in":120}}"#));
    let request = BackchannelAuthenticationRequest::login_hint("alice").delivery(delivery).notification_token(TOKEN);
    let pending = request.judge(&Response::new(body), CLIENT_ID, Some(ISSUER), UnixTime::from_seconds(NOW), None);
    pending.expect("the answer is sound")
}

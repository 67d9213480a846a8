//! Claims: the two strict readers of JSON agree, and reading by type never panics.

use crate::property::{is_exact, of_jose};
use grantee_jose::jws::Header;
use grantee_jose::jwt::{Claims, Expect};
use grantee_jose::view::{Member, View};
use grantee_jose::{Verified, json};
use serde_json::Value;
use std::time::Duration;

/// The bytes are the payload of a token.
pub fn claims(data: &[u8]) {
    let (view, object) = (View::read(data), json::object(data));
    let (view, object) = match (view, object) {
        (Ok(view), Ok(object)) => (view, object),
        (Err(view), Err(object)) => {
            of_jose(&view);
            of_jose(&object);
            // What is no object at all is read by one of them and left by the other.
            if data.trim_ascii_start().first() == Some(&b'{') {
                assert_eq!((view.kind(), view.rule()), (object.kind(), object.rule()));
            }
            return assert!(Claims::parse(data).is_err());
        }
        (view, object) => panic!("one reads and the other does not: {:?} {:?}", view.is_ok(), object.is_ok()),
    };
    for (name, value) in &object {
        let seen = match view.get(name).expect("both have each member") {
            Member::Null => Value::Null,
            Member::Bool(value) => (*value).into(),
            Member::Number(value) => value.clone().into(),
            Member::Text(value) => value.as_ref().into(),
            Member::Nested(value) => value.clone(),
            other => panic!("another kind: {}", std::any::type_name_of_val(other)),
        };
        assert_eq!(&seen, value, "{name}");
    }
    // serde_json's own reader is laxer, and agrees on what both read, but for names that mean something to itself.
    if !object.keys().any(|name| name.starts_with("$serde_json")) {
        assert_eq!(serde_json::from_slice::<Value>(data).ok().as_ref(), Some(&Value::Object(object.clone())));
    }
    let claims = Claims::parse(data).expect("claims are a strict object");
    if is_exact(&Value::Object(object)) {
        assert_eq!(Claims::parse(claims.to_json().as_bytes()), Ok(claims.clone()));
    }
    by_type(&claims);
}

fn by_type(claims: &Claims) {
    let now = 1_700_000_000;
    let expect = Expect::new().issuer("https://as.example").audience("app").leeway(Duration::from_secs(60));
    let expect = expect.require("exp").max_age(Duration::from_secs(600));
    match expect.check(&Header::new(), claims, now) {
        Ok(()) => {
            assert_eq!(claims.iss(), Ok(Some("https://as.example")));
            assert!(claims.aud().is_ok_and(|aud| aud.is_some_and(|aud| aud.contains(&"app"))));
            let exp = claims.exp().expect("a time").expect("that is there");
            assert!(exp > (now - 60) as f64);
        }
        Err(error) => {
            of_jose(&error);
            assert_eq!(error.verified(), Verified::Signature);
        }
    }
}

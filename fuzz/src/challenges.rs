//! `WWW-Authenticate` from any API.

use grantee_core::wire::www_authenticate::{BearerChallenge, Challenge, parse};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue};

/// Each line is a header field.
pub fn challenges(data: &[u8]) {
    let fields: Vec<HeaderValue> =
        data.split(|byte| *byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok()).take(40).collect();
    let found = parse(&headers(&fields));
    assert!(found.len() <= 32, "{} challenges", found.len());
    found.iter().for_each(is_well_formed);
    // A byte that is no UTF-8 becomes three.
    assert!(found.iter().map(length).sum::<usize>() <= 3 * data.len(), "more came out than went in");

    // What stands in one field never changes what another says.
    let one_by_one = fields.iter().take(32).flat_map(|field| parse(&headers(std::slice::from_ref(field))));
    assert_eq!(found, one_by_one.take(32).collect::<Vec<_>>());

    let written: Vec<HeaderValue> = found.iter().map(write).collect();
    if written.iter().all(|field| field.len() <= 16 * 1024) {
        assert_eq!(parse(&headers(&written)), found, "not the same when written and read again");
    }
    for scheme in ["bearer", "DPoP"] {
        let held = found.iter().any(|challenge| challenge.scheme().eq_ignore_ascii_case(scheme));
        assert_eq!(BearerChallenge::of_scheme(&found, scheme).is_some(), held);
    }
}

fn is_well_formed(challenge: &Challenge) {
    assert!(!challenge.scheme().is_empty() && !challenge.scheme().contains(|c: char| c.is_ascii_uppercase()));
    assert!(challenge.token68().is_none() || challenge.params().count() == 0, "{challenge:?}");
    let mut names: Vec<&str> = challenge.params().map(|(name, _)| name).collect();
    assert!(names.len() <= 64, "{} parameters", names.len());
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a name twice: {challenge:?}");
    assert!(names.iter().all(|name| !name.is_empty() && !name.contains(|c: char| c.is_ascii_uppercase())));
}

fn length(challenge: &Challenge) -> usize {
    let params: usize = challenge.params().map(|(name, value)| name.len() + value.len()).sum();
    challenge.scheme().len() + challenge.token68().map_or(0, str::len) + params
}

fn write(challenge: &Challenge) -> HeaderValue {
    let mut text = format!("{} {}", challenge.scheme(), challenge.token68().unwrap_or_default());
    for (name, value) in challenge.params() {
        let value = value.replace('\\', r"\\").replace('"', r#"\""#);
        text.push_str(&format!(",{name}=\"{value}\""));
    }
    HeaderValue::from_bytes(text.as_bytes()).expect("what came from a header fits into one")
}

fn headers(fields: &[HeaderValue]) -> HeaderMap {
    fields.iter().map(|field| (WWW_AUTHENTICATE, field.clone())).collect()
}

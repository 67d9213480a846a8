//! OAuth 1.0: logins and calls ([RFC 5849](https://www.rfc-editor.org/rfc/rfc5849)).

use std::net::TcpListener;

use grantee::oauth1::Placement;
use grantee_interop::oauth1::{CLIENT, Provider, agree};
use grantee_interop::on_each_oauth1_server;
use serde_json::json;

use crate::face::oauth1::{
    AsyncOAuth1, BlockingOAuth1, Call, Credentials, OAuth1Face, OAuth1Library, PLACEMENTS, Setup, is_configuration,
    name_of, pairs, seen, through_each_oauth1_face,
};

through_each_oauth1_face!(
    a_login_and_calls_by_every_method_in_every_placement,
    a_json_body_is_signed_by_its_hash,
    a_client_signs_for_itself,
    a_token_is_good_in_the_realm_it_was_asked_for,
    a_code_that_the_server_shows_ends_a_login,
    a_redirect_is_an_answer,
);
on_each_oauth1_server!(an_api_client_signs_what_it_sends);

/// What has to be encoded, or must not be, and names that repeat.
const QUERY: [(&str, &str); 3] = [("a", "1 2"), ("a", "é"), ("b", "")];
const FORM: [(&str, &str); 2] = [("c", "~*'()!"), ("d", "x&y=z")];

fn logged_in<F: OAuth1Face>(setup: &Setup) -> (F, Credentials) {
    let face = F::new(setup);
    let credentials = face.log_in(&agree);
    let credentials =
        credentials.unwrap_or_else(|failure| panic!("{} {:?}: {failure:?}", setup.method, setup.placement));
    (face, credentials)
}

fn a_login_and_calls_by_every_method_in_every_placement<F: OAuth1Face>(provider: &Provider) {
    for method in provider.methods {
        for placement in PLACEMENTS {
            let what = format!("{method} {placement:?}");
            let setup = Setup::new(provider, method, placement);
            let (face, credentials) = logged_in::<F>(&setup);
            if setup.consumer.key == CLIENT.key {
                assert!(credentials.secret.ends_with(" &+%/=~é"), "{what}: {credentials:?}");
            }
            for verb in ["POST", "PUT"] {
                let call = Call::new(verb, &provider.api, &QUERY).form(&FORM);
                let (status, answer) = face.call(Some(&credentials), &call).expect(&what);
                assert_eq!(status, 200, "{what} {verb}");
                assert_eq!(
                    (seen(&answer, "query"), seen(&answer, "form")),
                    (pairs(&QUERY), pairs(&FORM)),
                    "{what} {verb}"
                );
                assert_eq!(answer["placements"], json!([name_of(placement)]), "{what}");
                assert_eq!((&answer["client"], &answer["realm"]), (&json!(setup.consumer.key), &json!(null)), "{what}");
                let protocol = &answer["protocol"];
                assert_eq!(
                    (&protocol["oauth_signature_method"], &protocol["oauth_token"], &protocol["oauth_version"]),
                    (&json!(method), &json!(credentials.token), &json!("1.0")),
                    "{what}"
                );
            }
            let outcome = face.call(Some(&credentials), &Call::new("GET", &provider.api, &QUERY));
            if placement == Placement::Body {
                assert!(outcome.is_err_and(|failure| is_configuration(&failure)), "a GET has no body");
                continue;
            }
            let (status, answer) = outcome.expect(&what);
            assert_eq!((status, seen(&answer, "query")), (200, pairs(&QUERY)), "{what}");
        }
    }
}

fn an_api_client_signs_what_it_sends(provider: &Provider) {
    by_an_api_client::<AsyncOAuth1>(provider);
    by_an_api_client::<BlockingOAuth1>(provider);
}

fn by_an_api_client<F: OAuth1Library>(provider: &Provider) {
    for placement in PLACEMENTS {
        let (face, credentials) = logged_in::<F>(&Setup::new(provider, "HMAC-SHA1", placement));
        let (status, answer) = face.api(&credentials, &provider.api, &QUERY, Some(&FORM)).expect("an answer");
        assert_eq!(status, 200, "{placement:?}");
        assert_eq!((seen(&answer, "query"), seen(&answer, "form")), (pairs(&QUERY), pairs(&FORM)), "{placement:?}");
        let outcome = face.api(&credentials, &provider.api, &QUERY, None);
        if placement == Placement::Body {
            assert!(outcome.is_err_and(|failure| is_configuration(&failure)), "a GET has no body");
            continue;
        }
        let (status, answer) = outcome.expect("an answer");
        assert_eq!((status, seen(&answer, "query")), (200, pairs(&QUERY)), "{placement:?}");
        let elsewhere = face.api(&credentials, &provider.elsewhere, &[("to", &provider.api)], None);
        assert_eq!(elsewhere.expect("an answer").0, 302, "it is not followed");
    }
}

fn a_json_body_is_signed_by_its_hash<F: OAuth1Face>(provider: &Provider) {
    const BODY: &str = r#"{"name": "é &=+%", "list": [1, 2]}"#;
    for method in F::methods(provider) {
        let (face, credentials) = logged_in::<F>(&Setup::new(provider, method, Placement::Header));
        for placement in PLACEMENTS {
            let face = match placement {
                Placement::Header => &face,
                _ => &F::new(&Setup::new(provider, method, placement)),
            };
            let call = Call::new("POST", &provider.api, &QUERY).json(BODY);
            if placement == Placement::Body {
                let failure = face.call(Some(&credentials), &call).expect_err("no parameters go into JSON");
                assert!(is_configuration(&failure), "{failure:?}");
                continue;
            }
            // The plain client is another one, to which this token does not belong.
            if Setup::new(provider, method, placement).consumer.key != CLIENT.key {
                continue;
            }
            let (status, answer) = face.call(Some(&credentials), &call).expect("an answer");
            assert_eq!(status, 200, "{method} {placement:?}");
            assert_eq!((&answer["body"], seen(&answer, "query")), (&json!(BODY), pairs(&QUERY)), "{method}");
            // A PLAINTEXT signature covers nothing.
            let hash = &answer["protocol"]["oauth_body_hash"];
            assert_eq!(hash.is_string(), method != "PLAINTEXT", "{method}");
        }
    }
}

fn a_client_signs_for_itself<F: OAuth1Face>(provider: &Provider) {
    let Some(url) = &provider.two_legged else { return };
    for method in F::methods(provider) {
        for placement in PLACEMENTS {
            let setup = Setup::new(provider, method, placement);
            let call = Call::new("POST", url, &QUERY).form(&FORM);
            let (status, answer) = F::new(&setup).call(None, &call).expect("an answer");
            assert_eq!(status, 200, "{method} {placement:?}");
            assert_eq!((seen(&answer, "query"), seen(&answer, "form")), (pairs(&QUERY), pairs(&FORM)), "{method}");
            assert!(answer["protocol"].get("oauth_token").is_none(), "{answer}");
        }
    }
}

fn a_token_is_good_in_the_realm_it_was_asked_for<F: OAuth1Face>(provider: &Provider) {
    let setup = Setup { realm: Some("photos"), ..Setup::usual(provider) };
    let (face, credentials) = logged_in::<F>(&setup);
    let (status, answer) = face.call(Some(&credentials), &Call::new("GET", &provider.api, &[])).expect("an answer");
    assert_eq!((status, &answer["realm"]), (200, &json!("photos")));
    let Some(photos) = &provider.photos else { return };
    let call = Call::new("GET", photos, &[]);
    assert_eq!(face.call(Some(&credentials), &call).expect("an answer").0, 200);
    let (face, credentials) = logged_in::<F>(&Setup::usual(provider));
    assert_eq!(face.call(Some(&credentials), &call).expect("an answer").0, 401);
    let failure = F::new(&Setup { realm: Some("letters"), ..setup }).log_in(&agree).expect_err("no such realm");
    assert!(failure.status.is_some_and(|status| status >= 400), "{failure:?}");
}

fn a_code_that_the_server_shows_ends_a_login<F: OAuth1Face>(provider: &Provider) {
    let (face, credentials) = logged_in::<F>(&Setup { callback: None, ..Setup::usual(provider) });
    let call = Call::new("GET", &provider.api, &[]);
    assert_eq!(face.call(Some(&credentials), &call).expect("an answer").0, 200);
}

/// Neither followed nor signed for where it leads to.
fn a_redirect_is_an_answer<F: OAuth1Face>(provider: &Provider) {
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port");
    nobody.set_nonblocking(true).expect("it need not block");
    let there = format!("http://{}/", nobody.local_addr().expect("an address"));
    for to in [there.as_str(), &provider.api] {
        for placement in [Placement::Header, Placement::Query] {
            let (face, credentials) = logged_in::<F>(&Setup::new(provider, "HMAC-SHA1", placement));
            let call = Call::new("GET", &provider.elsewhere, &[("to", to)]);
            assert_eq!(face.call(Some(&credentials), &call).expect("an answer").0, 302, "{to}");
        }
    }
    assert!(nobody.accept().is_err(), "somebody came");
}

//! OAuth 1.0: what servers and persons refuse.

use grantee::oauth1::Placement;
use grantee_interop::oauth1::{CLIENT, Provider, agree, refuse};
use grantee_interop::plain;

use crate::face::Failure;
use crate::face::oauth1::{Call, Credentials, OAuth1Face, PLACEMENTS, Setup, name_of, through_each_oauth1_face};

through_each_oauth1_face!(
    what_is_signed_by_another_secret_or_key_is_refused,
    a_signature_covers_query_form_and_body,
    a_request_that_comes_again_is_refused,
    somebody_who_refuses,
    a_callback_of_another_login_is_no_answer_to_this_one,
    credentials_are_had_with_the_right_secret_and_the_right_verifier_alone,
    a_plaintext_signature_of_reserved_characters,
    a_callback_with_an_escape,
);

fn post(provider: &Provider) -> Call {
    Call::new("POST", &provider.api, &[("a", "1")]).form(&[("c", "2")])
}

/// The server's own error where it explains itself, else a bare status.
#[track_caller]
fn is_refused(failure: &Failure, provider: &Provider, status: u16, error: &str) {
    let told = provider.explains_errors.then_some(error);
    let code = if told.is_some() { "server_error_response" } else { "http_status" };
    assert_eq!((failure.code.as_str(), failure.status), (code, Some(status)), "{failure:?}");
    assert_eq!(failure.server_error.as_deref(), told, "{failure:?}");
}

fn what_is_signed_by_another_secret_or_key_is_refused<F: OAuth1Face>(provider: &Provider) {
    for method in F::methods(provider) {
        for placement in PLACEMENTS {
            let what = format!("{method} {placement:?}");
            let setup = Setup::new(provider, method, placement);
            let face = F::new(&setup);
            let credentials = face.log_in(&agree).expect(&what);
            let status_of = |face: &F, credentials: &Credentials| {
                let (status, _) = face.call(Some(credentials), &post(provider)).expect(&what);
                assert!(matches!(face.retries(), None | Some(0)), "{what}: there is nothing to renew");
                status
            };
            assert_eq!(status_of(&face, &credentials), 200, "{what}");
            // RFC 5849, 3.4.3: of the secrets there is nothing in a signature by key.
            let by_secrets = if setup.signs_by_key() { 200 } else { 401 };
            assert_eq!(status_of(&F::new(&setup.clone().secret("wrong")), &credentials), by_secrets, "{what}");
            let wrong_token_secret = Credentials { secret: "wrong".into(), ..credentials.clone() };
            assert_eq!(status_of(&face, &wrong_token_secret), by_secrets, "{what}");
            if setup.signs_by_key() {
                let wrong_key = F::new(&Setup { key: provider.strangers_key(), ..setup });
                assert_eq!(status_of(&wrong_key, &credentials), 401, "{what}");
            }
            let of_nobody = Credentials { token: "nobodys-token".into(), ..credentials };
            assert_eq!(status_of(&face, &of_nobody), 401, "{what}");
        }
    }
}

fn a_signature_covers_query_form_and_body<F: OAuth1Face>(provider: &Provider) {
    for method in F::methods(provider).into_iter().filter(|method| *method != "PLAINTEXT") {
        let face = F::new(&Setup::new(provider, method, Placement::Header));
        let credentials = face.log_in(&agree).expect("a login");
        let json = Call::new("POST", &provider.api, &[("a", "1")]).json(r#"{"b":1}"#);
        for call in [post(provider), json] {
            let signed = || face.sign(Some(&credentials), &call).expect("a signature");
            assert_eq!(plain::exchange(signed()).status, 200, "{method}");
            let mut other_query = signed();
            *other_query.uri_mut() = call.url.replace("a=1", "a=2").parse().expect("a URL");
            assert_eq!(plain::exchange(other_query).status, 401, "{method}");
            let other_body =
                signed().map(|body| body.iter().map(|byte| if *byte == b'2' { b'3' } else { *byte }).collect());
            let other_body =
                other_body.map(|body: Vec<u8>| if body.ends_with(b"}") { b"{\"b\":2}".to_vec() } else { body });
            assert_eq!(plain::exchange(other_body).status, 401, "{method}");
            let mut other_method = signed();
            *other_method.method_mut() = http::Method::PUT;
            assert_eq!(plain::exchange(other_method).status, 401, "{method}");
        }
    }
}

/// RFC 5849, 3.3.
fn a_request_that_comes_again_is_refused<F: OAuth1Face>(provider: &Provider) {
    for method in F::methods(provider) {
        for placement in PLACEMENTS {
            let face = F::new(&Setup::new(provider, method, placement));
            let credentials = face.log_in(&agree).expect("a login");
            let signed = face.sign(Some(&credentials), &post(provider)).expect("a signature");
            assert_eq!(plain::exchange(signed.clone()).status, 200, "{method} {placement:?}");
            assert_eq!(plain::exchange(signed).status, 401, "{method} {placement:?}");
            let again = face.sign(Some(&credentials), &post(provider)).expect("a signature");
            assert_eq!(plain::exchange(again).status, 200, "{method} {placement:?}: its nonce is another one");
        }
    }
}

fn somebody_who_refuses<F: OAuth1Face>(provider: &Provider) {
    let failure = F::new(&Setup::usual(provider)).log_in(&refuse).expect_err("she said no");
    assert_eq!(failure.code, "server_error_response", "{failure:?}");
    assert_eq!(failure.server_error.as_deref(), Some(provider.refusal), "{failure:?}");
}

fn a_callback_of_another_login_is_no_answer_to_this_one<F: OAuth1Face>(provider: &Provider) {
    let face = F::new(&Setup::usual(provider));
    let failure = face.log_in(&|_| {
        let other = std::cell::RefCell::new(String::new());
        face.log_in(&|url| {
            let callback = agree(url);
            other.replace(callback.clone());
            callback
        })
        .expect("the other login ends well");
        other.into_inner()
    });
    failure.expect_err("not lent for this login").breaks("oauth_token is the one that was lent");
}

fn credentials_are_had_with_the_right_secret_and_the_right_verifier_alone<F: OAuth1Face>(provider: &Provider) {
    for placement in PLACEMENTS {
        let setup = Setup::new(provider, "HMAC-SHA1", placement);
        let failure = F::new(&setup.clone().secret("wrong")).log_in(&agree).expect_err("another secret");
        is_refused(&failure, provider, 401, "invalid_signature");
        let shown = Setup { callback: None, ..setup };
        let failure = F::new(&shown).log_in(&|url| agree(url).replace(|_| true, "x")).expect_err("another verifier");
        is_refused(&failure, provider, if provider.explains_errors { 400 } else { 401 }, "invalid_request");
    }
}

/// RFC 5849, 3.4.4: the secrets are encoded, and the signature made of them is so once more wherever it is put. oauthlib undoes both in
/// a query or a body, and so refuses what is right. Its own client can't log in there either.
fn a_plaintext_signature_of_reserved_characters<F: OAuth1Face>(provider: &Provider) {
    for placement in PLACEMENTS {
        let setup = Setup { consumer: CLIENT, ..Setup::new(provider, "PLAINTEXT", placement) };
        let outcome = F::new(&setup).log_in(&agree);
        if provider.decodes_signatures_twice && placement != Placement::Header {
            is_refused(&outcome.expect_err("oauthlib mistakes it"), provider, 401, "invalid_signature");
        } else {
            outcome.unwrap_or_else(|failure| panic!("{placement:?}: {failure:?}"));
        }
    }
}

/// RFC 5849, 3.4.1.3.1: parameters are decoded once, so that the `%` of a callback's own is signed as `%2525`. Both servers decode what is
/// theirs once more for the base string, Authlib always, oauthlib in a query or a body; what they refuse is right.
fn a_callback_with_an_escape<F: OAuth1Face>(provider: &Provider) {
    for placement in PLACEMENTS {
        let callback = Some("http://127.0.0.1/cb?x=%20");
        let outcome = F::new(&Setup { callback, ..Setup::new(provider, "HMAC-SHA1", placement) }).log_in(&agree);
        if provider.decodes_twice.contains(&name_of(placement)) {
            is_refused(&outcome.expect_err("it is mistaken"), provider, 401, "invalid_signature");
        } else {
            outcome.unwrap_or_else(|failure| panic!("{placement:?}: {failure:?}"));
        }
    }
}

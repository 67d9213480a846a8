//! OAuth 1.0: three legs, two legs, and everything that is refused.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use aws_lc_rs::{
    encoding::AsDer,
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use common::{
    consumer::{Draft, Place, escape, member, problem, sha1},
    *,
};
use grantor::{Endpoint, Misbehaviour, OAuth1Client, Server};
use serde_json::json;

/// Temporary credentials by the client `consumer`.
fn lend(server: &Server, callback: &str) -> Answer {
    Draft::new("POST", "/oauth1/initiate").with("oauth_callback", callback).send(server)
}

fn credentials(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    (member(answer, "oauth_token").unwrap(), member(answer, "oauth_token_secret").unwrap())
}

fn redeem(server: &Server, (token, secret): &(String, String), verifier: &str) -> Answer {
    Draft::new("POST", "/oauth1/token").token(token, secret).with("oauth_verifier", verifier).send(server)
}

fn agree(server: &Server, token: &str) -> Answer {
    get(server, &format!("/oauth1/authorize?oauth_token={}", escape(token)))
}

/// Why a call of the API is refused, with its status.
fn refused(server: &Server, draft: Draft<'_>) -> (u16, String) {
    let answer = draft.send(server);
    (answer.status, problem(&answer))
}

fn issued(server: &Server) -> (String, String) {
    let issued = server.issue_oauth1("consumer", "alice");
    (issued.token, issued.secret)
}

#[test]
fn three_legs_lead_to_an_api() {
    let server = Server::builder().auto_approve("jane").oauth1_token_member("expires", "never & ever").start();
    let lent = lend(&server, CALLBACK);
    assert_eq!(member(&lent, "oauth_callback_confirmed").as_deref(), Some("true"));
    assert_eq!(lent.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(lent.header("cache-control"), Some("no-store"));
    let lent = credentials(&lent);

    let back = agree(&server, &lent.0);
    assert_eq!(back.status, 302);
    assert!(back.header("location").unwrap().starts_with(&format!("{CALLBACK}?oauth_token=")));
    assert_eq!(back.callback("oauth_token").as_ref(), Some(&lent.0));
    assert_eq!(agree(&server, &lent.0).status, 400, "it is decided");

    let answer = redeem(&server, &lent, &back.callback("oauth_verifier").unwrap());
    assert_eq!(member(&answer, "screen_name").as_deref(), Some("jane"));
    assert_eq!(member(&answer, "expires").as_deref(), Some("never & ever"));
    let (token, secret) = credentials(&answer);
    let mut draft = Draft::new("GET", "/oauth1/api/photos").token(&token, &secret).with("oauth_version", "1.0");
    draft.query = "file=vacation.jpg&size=a+b&empty&%C3%A9=%26&file=z";
    draft.realm = Some("a, \\\"b\\\"");
    let echo = draft.send(&server).json();
    assert_eq!(
        (&echo["method"], &echo["path"], &echo["client"], &echo["user"]),
        (&json!("GET"), &json!("/oauth1/api/photos"), &json!("consumer"), &json!("jane"))
    );
    let query = json!([["file", "vacation.jpg"], ["size", "a b"], ["empty", ""], ["é", "&"], ["file", "z"]]);
    assert_eq!((&echo["query"], &echo["realm"]), (&query, &json!("a, \"b\"")));
    assert_eq!((&echo["signature_method"], &echo["placement"]), (&json!("HMAC-SHA1"), &json!("header")));
    assert_eq!(server.count(Endpoint::OAuth1Api), 1);
    assert_eq!(server.requests_to(Endpoint::OAuth1TemporaryCredentials)[0].status, Some(200));
}

#[test]
fn without_a_callback_the_person_is_shown_the_verifier() {
    let server = auto();
    let lent = credentials(&lend(&server, "oob"));
    let page = agree(&server, &lent.0);
    assert_eq!(page.status, 200);
    let (_, rest) = page.body.split_once("<code id=\"verifier\">").unwrap();
    assert_eq!(redeem(&server, &lent, rest.split_once("</code>").unwrap().0).status, 200);

    let lent = credentials(&lend(&server, "oob"));
    let verifier = server.approve_oauth1(&lent.0, "alice").unwrap();
    assert_eq!(server.approve_oauth1(&lent.0, "alice"), None);
    assert_eq!(redeem(&server, &lent, &verifier).status, 200);
}

#[test]
fn a_person_logs_in_and_agrees_or_denies() {
    let server = Server::start();
    let walk = |action: &str| {
        let lent = credentials(&lend(&server, "http://127.0.0.1:4711/callback"));
        let page = agree(&server, &lent.0);
        assert_eq!(page.status, 200, "{}", page.body);
        let hidden = |page: &Answer, name: &str| {
            let (_, rest) = page.body.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
            rest.split_once('"').unwrap().0.to_owned()
        };
        let cookie = |page: &Answer| page.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let go_on = |page: &Answer, path: &str, more: &[(&str, &str)]| {
            let (interaction, csrf) = (hidden(page, "interaction"), hidden(page, "csrf"));
            let form = [&[("interaction", interaction.as_str()), ("csrf", csrf.as_str())], more].concat();
            send(&server, "POST", path, &[FORM, ("Cookie", &cookie(page))], &encode(&form))
        };
        let login = [("username", "alice"), ("password", "wonderland"), ("action", "login")];
        let asked = go_on(&page, "/authorize/login", &login);
        assert!(asked.body.contains("consumer") && asked.body.contains("127.0.0.1:4711/callback"), "{}", asked.body);
        (lent, go_on(&asked, "/authorize/consent", &[("action", action)]))
    };
    let (lent, back) = walk("allow");
    assert_eq!(back.status, 303, "{}", back.body);
    assert_eq!(redeem(&server, &lent, &back.callback("oauth_verifier").unwrap()).status, 200);
    let (lent, back) = walk("deny");
    assert_eq!(back.callback("oauth_token").as_ref(), Some(&lent.0));
    assert_eq!(
        (back.callback("oauth_verifier"), back.callback("oauth_problem").unwrap()),
        (None, "permission_denied".into())
    );
    assert_eq!(problem(&redeem(&server, &lent, "v")), "permission_denied");
}

#[test]
fn temporary_credentials_are_good_once_in_time_and_for_their_client() {
    let server = Server::builder().oauth1_temporary_credentials_lifetime(Duration::from_secs(60)).start();
    let lent = credentials(&lend(&server, "oob"));
    assert_eq!(problem(&redeem(&server, &lent, "v")), "permission_unknown");
    let verifier = server.approve_oauth1(&lent.0, "alice").unwrap();
    let wrong = redeem(&server, &lent, "wrong");
    assert_eq!((wrong.status, problem(&wrong).as_str()), (401, "verifier_invalid"));
    let none = redeem(&server, &lent, "");
    assert_eq!((none.status, problem(&none).as_str()), (400, "parameter_absent"));
    assert_eq!(member(&none, "oauth_parameters_absent").as_deref(), Some("oauth_verifier"));
    let thief = Draft { key: "odd consumer&=+%é", secret: "s3cret &+%41/=:é", ..Draft::new("POST", "/oauth1/token") };
    let thief = thief.token(&lent.0, &lent.1).with("oauth_verifier", &verifier);
    assert_eq!(refused(&server, thief), (401, "token_rejected".into()));
    assert_eq!(redeem(&server, &lent, &verifier).status, 200);
    let again = redeem(&server, &lent, &verifier);
    assert_eq!((again.status, problem(&again).as_str()), (401, "token_used"));
    let api = Draft::new("GET", "/oauth1/api").token(&lent.0, &lent.1);
    assert_eq!(refused(&server, api), (401, "token_rejected".into()), "they are no token credentials");

    let lent = credentials(&lend(&server, "oob"));
    let verifier = server.approve_oauth1(&lent.0, "alice").unwrap();
    server.advance(Duration::from_secs(60));
    assert_eq!(problem(&redeem(&server, &lent, &verifier)), "token_expired");
    assert!(!server.deny_oauth1(&lent.0));
}

#[test]
fn a_callback_must_be_there_and_be_registered() {
    let server = Server::builder()
        .oauth1_client(OAuth1Client::new("printer", "s").callback("http://127.0.0.1/ready?x=1"))
        .auto_approve("alice")
        .start();
    let ask = |callback: &str| {
        let draft = Draft { key: "printer", secret: "s", ..Draft::new("POST", "/oauth1/initiate") };
        draft.with("oauth_callback", callback).send(&server)
    };
    assert_eq!((ask("").status, problem(&ask("")).as_str()), (400, "parameter_absent"));
    assert_eq!((ask(CALLBACK).status, problem(&ask(CALLBACK)).as_str()), (400, "parameter_rejected"));
    let (token, _) = credentials(&ask("http://127.0.0.1:4711/ready?x=1"));
    let back = agree(&server, &token);
    let location = back.header("location").unwrap();
    assert!(location.starts_with("http://127.0.0.1:4711/ready?x=1&oauth_token="), "section 2.2: {location}");
}

#[test]
fn each_place_alone_is_taken_for_each_method_and_a_forged_signature_is_not() {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der = pair.public_key().as_der().unwrap();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der.as_ref()));
    let odd = OAuth1Client::new("o d&d%é", "s &+%41/=:é").rsa_public_key(&pem);
    let server = Server::builder().oauth1_client(odd).start();
    let issued = server.issue_oauth1("o d&d%é", "alice");
    for place in [Place::Header, Place::Body, Place::Query] {
        for method in ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA256", "RSA-SHA512", "PLAINTEXT"] {
            let draft = Draft {
                key: "o d&d%é",
                secret: "s &+%41/=:é",
                place,
                signature_method: method,
                rsa: Some(&pair),
                query: "q=1%202",
                ..Draft::new("POST", "/oauth1/api/a%20b")
                    .form("a=b+c&oauth=mine&d")
                    .token(&issued.token, &issued.secret)
            };
            let answer = draft.clone().send(&server);
            assert_eq!(answer.status, 200, "{method} {place:?}: {}", answer.body);
            let echo = answer.json();
            assert_eq!(echo["form"], json!([["a", "b c"], ["oauth", "mine"], ["d", ""]]), "{method} {place:?}");
            assert_eq!((&echo["query"], &echo["signature_method"]), (&json!([["q", "1 2"]]), &json!(method)));
            let forged = Draft { spoil: |signature| signature.chars().rev().collect(), ..draft.clone() };
            assert_eq!(refused(&server, forged), (401, "signature_invalid".into()), "{method} {place:?}");
            if !method.starts_with("RSA") {
                let stranger = Draft { secret: "other", ..draft.clone() };
                assert_eq!(refused(&server, stranger), (401, "signature_invalid".into()), "{method} {place:?}");
                let stranger = Draft { token: Some((&issued.token, "other")), ..draft };
                assert_eq!(refused(&server, stranger), (401, "signature_invalid".into()), "{method} {place:?}");
            }
        }
    }
}

#[test]
fn what_is_signed_cannot_be_changed() {
    let server = Server::start();
    let (token, secret) = issued(&server);
    let bytes = |draft: Draft<'_>| String::from_utf8(draft.token(&token, &secret).bytes(&server)).unwrap();
    let draft = Draft { query: "a=1", ..Draft::new("POST", "/oauth1/api/x").form("b=2") };
    for (from, to) in [
        ("POST ", "PUT "),
        ("/oauth1/api/x?", "/oauth1/api/y?"),
        ("a=1", "a=2"),
        ("b=2", "b=3"),
        ("oauth_nonce=\"nonce", "oauth_nonce=\"other"),
        ("Host: 127.0.0.1:", "Host: localhost:"),
        ("Host: 127.0.0.1", "Host: photos.example"),
    ] {
        let changed = bytes(draft.clone()).replacen(from, to, 1);
        let answer = parse(&raw(&server, changed.as_bytes()).unwrap());
        assert_eq!((answer.status, problem(&answer).as_str()), (401, "signature_invalid"), "{from}");
        assert!(member(&answer, "base_string").unwrap().contains("oauth_consumer_key"));
    }
    let realm = Draft { realm: Some("here"), ..draft };
    let changed = bytes(realm).replacen("realm=\"here\"", "realm=\"there\"", 1);
    assert_eq!(parse(&raw(&server, changed.as_bytes()).unwrap()).status, 200, "a realm is not signed");
}

#[test]
fn a_signature_for_another_host_is_refused_here() {
    let server = Server::start();
    let other = Server::start();
    let (token, secret) = issued(&server);
    let draft = Draft::new("GET", "/oauth1/api").token(&token, &secret);
    let stolen = draft.bytes(&other);
    let answer = parse(&raw(&server, &stolen).unwrap());
    assert_eq!((answer.status, problem(&answer).as_str()), (401, "signature_invalid"));
}

#[test]
fn a_nonce_is_good_once_for_its_client_token_and_time() {
    let server = Server::start();
    let (token, secret) = issued(&server);
    let (other, other_secret) = issued(&server);
    let bytes = Draft::new("GET", "/oauth1/api").token(&token, &secret).bytes(&server);
    assert_eq!(parse(&raw(&server, &bytes).unwrap()).status, 200);
    let replay = parse(&raw(&server, &bytes).unwrap());
    assert_eq!((replay.status, problem(&replay).as_str()), (401, "nonce_used"));

    let call = |token: &str, secret: &str, timestamp: u64| {
        let draft = Draft::new("GET", "/oauth1/api").token(token, secret);
        draft.with("oauth_nonce", "same").with("oauth_timestamp", timestamp.to_string()).send(&server).status
    };
    let now = server.now().as_secs();
    assert_eq!([call(&token, &secret, now), call(&token, &secret, now)], [200, 401]);
    assert_eq!([call(&token, &secret, now + 1), call(&other, &other_secret, now)], [200, 200]);
    // A forger can't use a nonce up for somebody else.
    let forged = Draft { spoil: |_| "forged".into(), ..Draft::new("GET", "/oauth1/api") };
    assert_eq!(forged.token(&token, &secret).with("oauth_nonce", "mine").send(&server).status, 401);
    let own = Draft::new("GET", "/oauth1/api").token(&token, &secret).with("oauth_nonce", "mine");
    assert_eq!(own.send(&server).status, 200);
}

#[test]
fn a_timestamp_is_near_the_servers_own_clock() {
    let server = Server::builder()
        .clock(|| Duration::from_secs(1_000_000))
        .oauth1_timestamp_window(Duration::from_secs(10))
        .start();
    let call =
        |timestamp: &str| Draft::new("GET", "/oauth1/two-legged").with("oauth_timestamp", timestamp).send(&server);
    for timestamp in ["999990", "1000010"] {
        assert_eq!(call(timestamp).status, 200, "{timestamp}");
    }
    for timestamp in ["999989", "1000011", "1"] {
        let answer = call(timestamp);
        assert_eq!((answer.status, problem(&answer).as_str()), (401, "timestamp_refused"), "{timestamp}");
        assert_eq!(member(&answer, "oauth_acceptable_timestamps").as_deref(), Some("999990-1000010"));
    }
    for timestamp in ["0", "-1", "+1000000", "1e6", "1000000.0", "99999999999999999999999"] {
        let answer = call(timestamp);
        assert_eq!((answer.status, problem(&answer).as_str()), (400, "parameter_rejected"), "{timestamp}");
    }
    server.advance(Duration::from_secs(21));
    assert_eq!(call("1000010").status, 401);
}

#[test]
fn a_body_hash_is_verified_where_it_is_there() {
    let server = Server::start();
    let (token, secret) = issued(&server);
    let json = Draft { content_type: Some("application/json"), body: "{\"a\":1}", ..Draft::new("POST", "/oauth1/api") };
    let json = json.token(&token, &secret);
    assert_eq!(json.clone().send(&server).json()["body_hash"], json!(null));
    let answer = json.clone().with("oauth_body_hash", sha1("{\"a\":1}")).send(&server).json();
    assert_eq!((&answer["body"], &answer["form"]), (&json!("{\"a\":1}"), &json!(null)));
    assert_eq!(answer["body_hash"], json!(sha1("{\"a\":1}")));
    let wrong = json.clone().with("oauth_body_hash", sha1("{\"a\":2}"));
    assert_eq!(refused(&server, wrong), (401, "body_hash_invalid".into()));
    // By the hash of the method that signs.
    let other = Draft { signature_method: "HMAC-SHA256", ..json }.with("oauth_body_hash", sha1("{\"a\":1}"));
    assert_eq!(refused(&server, other), (401, "body_hash_invalid".into()));
    let form = Draft::new("POST", "/oauth1/api").form("a=1").token(&token, &secret);
    assert_eq!(refused(&server, form.with("oauth_body_hash", sha1("a=1"))), (400, "parameter_rejected".into()));
    let empty = Draft::new("GET", "/oauth1/api").token(&token, &secret).with("oauth_body_hash", sha1(""));
    assert_eq!(empty.send(&server).status, 200);
}

#[test]
fn each_parameter_stands_once_and_in_one_place() {
    let server = Server::start();
    let (token, secret) = issued(&server);
    let draft = || Draft::new("POST", "/oauth1/api").form("a=b").token(&token, &secret);
    let rejected = (400, "parameter_rejected".to_owned());
    assert_eq!(refused(&server, Draft { query: "oauth_version=1.0", ..draft() }), rejected);
    assert_eq!(refused(&server, draft().form("oauth_nonce=x")), rejected);
    assert_eq!(refused(&server, Draft { place: Place::Body, query: "oauth_token=x", ..draft() }), rejected);
    assert_eq!(refused(&server, Draft { place: Place::Query, query: "oauth_token=x", ..draft() }), rejected);
    assert_eq!(refused(&server, draft().with("oauth_colour", "red")), rejected);
    let twice = String::from_utf8(draft().bytes(&server)).unwrap();
    let twice = twice.replacen(
        "Connection: close\r\n",
        "Connection: close\r\nAuthorization: OAuth oauth_version=\"1.0\"\r\n",
        1,
    );
    assert_eq!(problem(&parse(&raw(&server, twice.as_bytes()).unwrap())), "parameter_rejected");
    let beside = String::from_utf8(draft().bytes(&server)).unwrap();
    let beside = beside.replacen("Connection: close\r\n", "Connection: close\r\nAuthorization: Basic YTpi\r\n", 1);
    assert_eq!(parse(&raw(&server, beside.as_bytes()).unwrap()).status, 200, "another scheme is none of ours");
}

#[test]
fn what_is_missing_or_unknown_is_named() {
    let server = Server::builder().oauth1_client(OAuth1Client::new("new", "s").signature_method("HMAC-SHA256")).start();
    let draft = || Draft::new("GET", "/oauth1/two-legged");
    for name in ["oauth_consumer_key", "oauth_signature_method", "oauth_timestamp", "oauth_nonce"] {
        let answer = draft().with(name, "").send(&server);
        assert_eq!((answer.status, problem(&answer).as_str()), (400, "parameter_absent"), "{name}");
        assert_eq!(member(&answer, "oauth_parameters_absent").as_deref(), Some(name));
    }
    let bare = get(&server, "/oauth1/two-legged");
    assert_eq!((bare.status, problem(&bare).as_str()), (400, "parameter_absent"));
    let unknown = Draft { signature_method: "HMAC-MD5", ..draft() };
    assert_eq!(refused(&server, unknown), (400, "signature_method_rejected".into()));
    let narrow = Draft { key: "new", secret: "s", ..draft() };
    assert_eq!(refused(&server, narrow.clone()), (400, "signature_method_rejected".into()));
    assert_eq!(Draft { signature_method: "HMAC-SHA256", ..narrow }.send(&server).status, 200);
    let keyless = Draft { signature_method: "RSA-SHA1", ..draft() };
    assert_eq!(refused(&server, keyless), (400, "signature_method_rejected".into()));
    assert_eq!(refused(&server, draft().with("oauth_version", "1.1")), (400, "version_rejected".into()));
    assert_eq!(refused(&server, Draft { key: "nobody", ..draft() }), (401, "consumer_key_unknown".into()));
    assert_eq!(refused(&server, draft().token("t", "s")), (401, "token_rejected".into()), "two legs have no token");
    let api = Draft::new("GET", "/oauth1/api");
    assert_eq!(refused(&server, api.clone()), (400, "parameter_absent".into()));
    assert_eq!(refused(&server, api.token("t", "s")), (401, "token_rejected".into()));
    let plain = Draft { signature_method: "PLAINTEXT", ..draft() };
    let plain = plain.with("oauth_timestamp", "").with("oauth_nonce", "");
    assert_eq!(plain.send(&server).status, 200, "section 3.1: PLAINTEXT needs neither");
}

#[test]
fn two_legs_are_signed_by_the_client_alone() {
    let server = Server::start();
    let answer = Draft { query: "a=b", ..Draft::new("DELETE", "/oauth1/two-legged/x") }.send(&server).json();
    assert_eq!(
        (&answer["method"], &answer["user"], &answer["client"]),
        (&json!("DELETE"), &json!(null), &json!("consumer"))
    );
    let odd =
        Draft { key: "odd consumer&=+%é", secret: "s3cret &+%41/=:é", ..Draft::new("GET", "/oauth1/two-legged") };
    assert_eq!(odd.send(&server).status, 200);
}

#[test]
fn tokens_end_when_they_are_revoked() {
    let server = Server::start();
    let (token, secret) = issued(&server);
    let call = || Draft::new("GET", "/oauth1/api/status/204").token(&token, &secret).send(&server);
    assert_eq!(call().status, 204);
    assert!(server.revoke_oauth1(&token) && !server.revoke_oauth1(&token));
    assert_eq!(problem(&call()), "token_rejected");
    let (token, secret) = issued(&server);
    let lent = credentials(&lend(&server, "oob"));
    server.revoke_everything();
    assert_eq!(
        refused(&server, Draft::new("GET", "/oauth1/api").token(&token, &secret)),
        (401, "token_rejected".into())
    );
    assert_eq!(problem(&redeem(&server, &lent, "v")), "token_rejected");
}

#[test]
fn get_is_taken_for_both_credentials_and_nothing_else_is() {
    let server = auto();
    let draft = Draft { place: Place::Query, ..Draft::new("GET", "/oauth1/initiate") };
    let lent = credentials(&draft.with("oauth_callback", "oob").send(&server));
    let verifier = server.approve_oauth1(&lent.0, "alice").unwrap();
    let draft = Draft::new("GET", "/oauth1/token").token(&lent.0, &lent.1);
    assert_eq!(draft.with("oauth_verifier", verifier).send(&server).status, 200);
    for path in ["/oauth1/initiate", "/oauth1/token"] {
        assert_eq!(send(&server, "PUT", path, &[], "").header("allow"), Some("GET, POST"));
    }
    assert_eq!(post(&server, "/oauth1/authorize", &[("oauth_token", "t")]).status, 405);
    assert_eq!(get(&server, "/oauth1/authorize").status, 400);
    assert_eq!(get(&server, "/oauth1/authorize?oauth_token=a&oauth_token=a").status, 400);
    assert_eq!(get(&server, "/oauth1").status, 404);
}

#[test]
fn credentials_can_be_wrong_in_every_way() {
    let server = auto();
    let temporary = Endpoint::OAuth1TemporaryCredentials;
    let spoilt = |misbehaviour: Misbehaviour| {
        server.misbehave_times(temporary, 1, misbehaviour);
        lend(&server, CALLBACK)
    };
    let unconfirmed = spoilt(Misbehaviour::OmitMember("oauth_callback_confirmed".into()));
    assert_eq!(member(&unconfirmed, "oauth_callback_confirmed"), None);
    let denied = spoilt(Misbehaviour::SetMember("oauth_callback_confirmed".into(), json!("false")));
    assert_eq!(member(&denied, "oauth_callback_confirmed").as_deref(), Some("false"));
    assert_eq!(member(&spoilt(Misbehaviour::OmitMember("oauth_token_secret".into())), "oauth_token_secret"), None);
    let twice = spoilt(Misbehaviour::DuplicateMember("oauth_token".into()));
    assert_eq!(twice.body.matches("oauth_token=").count(), 2);
    let json = spoilt(Misbehaviour::JsonForForm);
    assert_eq!(json.header("content-type"), Some("application/json"));
    assert!(!json.text("oauth_token_secret").is_empty() && json.text("oauth_callback_confirmed") == "true");
    let named = spoilt(Misbehaviour::ContentType("text/html".into()));
    assert_eq!(named.headers("content-type"), ["text/html"]);
    assert!(member(&named, "oauth_token").is_some());
    assert!(spoilt(Misbehaviour::Huge(5000)).body.len() > 5000);
    let extra = spoilt(Misbehaviour::ExtraParameter("a".into(), "b c".into()));
    assert_eq!(member(&extra, "a").as_deref(), Some("b c"));
    let plain = Misbehaviour::Body { status: 401, content_type: "text/plain".into(), body: "Invalid signature".into() };
    assert_eq!((spoilt(plain).body.as_str(), lend(&server, CALLBACK).status), ("Invalid signature", 200));
}

#[test]
fn a_callback_can_be_wrong() {
    let server = auto();
    let spoilt = |misbehaviour: Misbehaviour| {
        server.misbehave_times(Endpoint::OAuth1Authorize, 1, misbehaviour);
        agree(&server, &credentials(&lend(&server, CALLBACK)).0)
    };
    let other = spoilt(Misbehaviour::SetMember("oauth_token".into(), json!("another")));
    assert_eq!(other.callback("oauth_token").as_deref(), Some("another"));
    assert_eq!(spoilt(Misbehaviour::OmitMember("oauth_verifier".into())).callback("oauth_verifier"), None);
    let problem = Misbehaviour::OAuthProblem { status: 0, problem: "user_refused".into(), more: Vec::new() };
    let refused = spoilt(problem);
    assert_eq!(refused.callback("oauth_problem").as_deref(), Some("user_refused"));
    assert_eq!((refused.callback("oauth_verifier"), refused.callback("oauth_token").is_some()), (None, true));
}

#[test]
fn every_endpoint_can_refuse_and_redirect() {
    let server = auto();
    let more = vec![("oauth_acceptable_timestamps".to_owned(), "1-2".to_owned())];
    for (endpoint, path) in [
        (Endpoint::OAuth1TemporaryCredentials, "/oauth1/initiate"),
        (Endpoint::OAuth1TokenCredentials, "/oauth1/token"),
        (Endpoint::OAuth1Api, "/oauth1/api"),
    ] {
        let problem_ =
            Misbehaviour::OAuthProblem { status: 401, problem: "timestamp_refused".into(), more: more.clone() };
        server.misbehave(endpoint, problem_);
        let answer = Draft::new("POST", path).send(&server);
        assert_eq!((answer.status, problem(&answer).as_str()), (401, "timestamp_refused"), "{path}");
        assert_eq!(member(&answer, "oauth_acceptable_timestamps").as_deref(), Some("1-2"));
        assert!(answer.header("www-authenticate").unwrap().ends_with(", oauth_acceptable_timestamps=\"1-2\""));
        for to in ["https://other.example/x".to_owned(), server.url("/oauth1/api/there")] {
            server.misbehave(endpoint, Misbehaviour::Found(to.clone()));
            let answer = Draft::new("POST", path).send(&server);
            assert_eq!((answer.status, answer.header("location")), (302, Some(to.as_str())));
        }
    }
    server.behave(Endpoint::OAuth1Api);
    let (token, secret) = issued(&server);
    let draft = Draft { query: "to=https%3A%2F%2Fother.example%2F", ..Draft::new("GET", "/oauth1/api/redirect") };
    let answer = draft.token(&token, &secret).send(&server);
    assert_eq!((answer.status, answer.header("location")), (302, Some("https://other.example/")));
}

//! DPoP, RFC 9449: proofs, nonces, and what a token is bound to.

mod common;

use common::{prover::*, *};
use grantor::{Builder, Client, DpopNonces, Endpoint, Misbehaviour, Server};
use serde_json::{Value, json};

fn challenge(answer: &Answer) -> &str {
    answer.header("www-authenticate").unwrap_or_default()
}

/// What is wrong, at the API.
fn refused(answer: &Answer) -> (u16, String, bool) {
    (answer.status, answer.error(), challenge(answer).starts_with("DPoP ") && challenge(answer).contains("algs=\""))
}

fn with_nonces(policy: DpopNonces) -> Builder {
    Server::builder().dpop_nonces(policy)
}

#[test]
fn a_proof_makes_a_token_of_type_dpop_that_names_its_key() {
    let jwt = Client::new("jwt").secret("secret").jwt_access_tokens("ES256");
    let server = Server::builder().client(jwt).start();
    let prover = Prover::new();
    let answer = prover.svc(&server, json!({}));
    assert_eq!(answer.text("token_type"), "DPoP");
    let token = answer.text("access_token");
    let described = svc(&server, "/introspect", &[("token", &token)]).json();
    assert_eq!((&described["cnf"]["jkt"], &described["token_type"]), (&json!(prover.jkt), &json!("DPoP")));
    let pairs = [("grant_type", "client_credentials"), ("client_id", "jwt"), ("client_secret", "secret")];
    let token = prover.token(&server, &pairs, json!({})).text("access_token");
    assert_eq!(claims(&token)["cnf"], json!({"jkt": prover.jkt}));
    assert_eq!(prover.get(&server, "/api/orders", &token, json!({})).status, 200);
    assert!(get(&server, "/.well-known/openid-configuration").json()["dpop_signing_alg_values_supported"].is_array());
    assert!(server.requests_to(Endpoint::Api)[0].dpop().is_some());
}

#[test]
fn a_client_that_shows_no_proof_gets_a_bearer_token_unless_it_is_registered_for_dpop() {
    let bound = Client::new("bound").secret("secret").dpop_bound_access_tokens();
    let server = Server::builder().auto_approve("alice").client(bound).start();
    let ask = |client: &str| {
        let pairs = [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", "secret")];
        post(&server, "/token", &pairs)
    };
    assert_eq!(ask("svc").text("token_type"), "Bearer");
    assert_eq!((ask("bound").status, ask("bound").error().as_str()), (400, "invalid_request"));
    let front = get(&server, &authorize_target(&[("client_id", "bound"), ("response_type", "code token")]));
    assert_eq!(front.fragment("error").as_deref(), Some("unauthorized_client"));
}

#[test]
fn each_rule_about_a_proof_is_held() {
    let server = Server::start();
    let prover = Prover::new();
    let url = server.url("/token");
    let form = encode(&[("grant_type", "client_credentials"), ("client_id", "svc"), ("client_secret", "secret")]);
    let ask = |proofs: &[&str]| {
        let headers: Vec<_> = [FORM].into_iter().chain(proofs.iter().map(|proof| ("DPoP", *proof))).collect();
        to(&server, "POST", "/token", &headers, &form)
    };
    let refused = |proof: &str, what: &str| {
        let answer = ask(&[proof]);
        assert_eq!((answer.status, answer.error().as_str()), (400, "invalid_dpop_proof"), "{what}");
    };
    for (name, value) in [
        ("htm", json!("GET")),
        ("htm", json!("post")),
        ("htm", Value::Null),
        ("htu", json!(server.url("/api"))),
        ("htu", json!(format!("{url}?a=b"))),
        ("htu", json!(format!("{url}#a"))),
        ("htu", json!(url.replace("127.0.0.1", "localhost"))),
        ("htu", json!(url.replace("http:", "https:"))),
        ("htu", json!("https://server.example/token")),
        ("htu", json!("/token")),
        ("htu", Value::Null),
        ("iat", json!(now() - 120)),
        ("iat", json!(now() + 120)),
        ("iat", json!(now().to_string())),
        ("iat", Value::Null),
        ("jti", json!("")),
        ("jti", Value::Null),
    ] {
        refused(&prover.proof("POST", &url, json!({name: value})), &format!("{name} {value}"));
    }
    let other = Prover::new();
    let mut private = prover.jwk.clone();
    private["d"] = json!("AA");
    for (name, value) in [
        ("typ", json!("JWT")),
        ("typ", Value::Null),
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("ES384")),
        ("jwk", private),
        ("jwk", other.jwk.clone()),
        ("jwk", json!({"kty": "oct", "k": "AA"})),
        ("jwk", Value::Null),
    ] {
        let mut header = prover.header();
        header[name] = value.clone();
        refused(&prover.sign(&header, &prover.claims("POST", &url, json!({}))), &format!("{name} {value}"));
    }
    refused("nonsense", "no JWT");
    let (one, two) = (prover.proof("POST", &url, json!({})), prover.proof("POST", &url, json!({})));
    assert_eq!(ask(&[&one, &two]).error(), "invalid_dpop_proof", "two proofs");
    assert_eq!(ask(&[&one]).status, 200);
    assert_eq!(ask(&[&one]).error(), "invalid_dpop_proof", "a proof is good once");
}

#[test]
fn a_proof_for_another_host_does_not_pass_because_the_host_field_says_so() {
    let server = Server::start();
    let proof = Prover::new().proof("POST", "http://server.example/token", json!({}));
    let form = encode(&[("grant_type", "client_credentials"), ("client_id", "svc"), ("client_secret", "secret")]);
    let bytes = String::from_utf8(request_bytes("POST", "/token", &[FORM, ("DPoP", &proof)], &form)).unwrap();
    let answer = parse(&raw(&server, bytes.replace("localhost", "server.example").as_bytes()).unwrap());
    assert_eq!(answer.error(), "invalid_dpop_proof");
}

#[test]
fn a_proof_may_be_signed_with_what_the_metadata_lists_alone() {
    let server = Server::builder().dpop_signing_algs(["EdDSA"]).start();
    assert_eq!(Prover::new().svc(&server, json!({})).error(), "invalid_dpop_proof");
    let metadata = get(&server, "/.well-known/openid-configuration").json();
    assert_eq!(metadata["dpop_signing_alg_values_supported"], json!(["EdDSA"]));
}

#[test]
fn a_bound_token_needs_its_own_key_its_own_scheme_and_its_own_hash() {
    let server = Server::start();
    let (prover, thief) = (Prover::new(), Prover::new());
    let token = prover.svc(&server, json!({})).text("access_token");
    assert_eq!(prover.get(&server, "/api", &token, json!({})).status, 200);
    let dpop = |error: &str| (401, error.to_owned(), true);
    assert_eq!(refused(&get_with(&server, "/api", &token)), dpop("invalid_token"), "as Bearer");
    assert_eq!(refused(&post(&server, "/api", &[("access_token", &token)])), dpop("invalid_token"), "in a form");
    assert_eq!(refused(&thief.get(&server, "/api", &token, json!({}))), dpop("invalid_token"));
    let ath = json!({"ath": hash("another")});
    assert_eq!(refused(&prover.get(&server, "/api", &token, ath)), dpop("invalid_dpop_proof"));
    let bare = to(&server, "GET", "/api", &[("Authorization", &format!("dpop {token}"))], "");
    assert_eq!(refused(&bare), dpop("invalid_dpop_proof"));
    assert_eq!(refused(&prover.get(&server, "/api", "nonsense", json!({}))), dpop("invalid_token"));
    let unbound = server.issue("svc", None, "").access_token;
    let as_dpop = prover.get(&server, "/api", &unbound, json!({}));
    assert_eq!((as_dpop.status, as_dpop.error().as_str()), (401, "invalid_token"));
    assert!(challenge(&as_dpop).starts_with("Bearer "), "{as_dpop:?}");
    assert_eq!(refused(&prover.get(&server, "/api/scope/x", &token, json!({}))).0, 403);
}

#[test]
fn userinfo_takes_a_proof_too() {
    let server = auto();
    let prover = Prover::new();
    let code = code(&server);
    let pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", "public"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let token = prover.token(&server, &pairs, json!({})).text("access_token");
    assert_eq!(prover.get(&server, "/userinfo", &token, json!({})).text("sub"), "alice");
    assert_eq!(refused(&get_with(&server, "/userinfo", &token)).1, "invalid_token");
}

#[test]
fn the_holder_of_a_bound_token_may_introspect_with_a_proof() {
    let server = Server::start();
    let prover = Prover::new();
    let token = prover.svc(&server, json!({})).text("access_token");
    let form = encode(&[("token", &token)]);
    let ask = |scheme: &str, proof: &str| {
        let credentials = format!("{scheme} {token}");
        to(&server, "POST", "/introspect", &[FORM, ("Authorization", &credentials), ("DPoP", proof)], &form)
    };
    let proof = || prover.proof("POST", &server.url("/introspect"), json!({"ath": hash(&token)}));
    assert_eq!(ask("DPoP", &proof()).json()["active"], true);
    assert_eq!(refused(&ask("Bearer", &proof())), (401, "invalid_token".into(), true));
}

#[test]
fn a_code_asked_for_with_dpop_jkt_is_for_that_key_alone() {
    let server = auto();
    let (prover, other) = (Prover::new(), Prover::new());
    let code = get(&server, &authorize_target(&[("dpop_jkt", &prover.jkt)])).callback("code").unwrap();
    let pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", "public"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(exchange(&server, &code).error(), "invalid_grant");
    assert_eq!(other.token(&server, &pairs, json!({})).error(), "invalid_grant");
    assert_eq!(prover.token(&server, &pairs, json!({})).text("token_type"), "DPoP");
}

#[test]
fn the_refresh_token_of_a_public_client_is_bound_and_that_of_a_confidential_one_is_not() {
    let confidential = Client::new("web").secret("secret");
    let server = Server::builder().auto_approve("alice").client(confidential).start();
    let (prover, other) = (Prover::new(), Prover::new());
    let login = |client: &str, more: &[(&str, &str)]| {
        let code = get(&server, &authorize_target(&[("client_id", client)])).callback("code").unwrap();
        let pairs = [
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", &code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        prover.token(&server, &[&pairs, more].concat(), json!({})).text("refresh_token")
    };
    let token = login("public", &[]);
    let pairs = [("grant_type", "refresh_token"), ("client_id", "public"), ("refresh_token", token.as_str())];
    assert_eq!(refresh(&server, &token).error(), "invalid_grant");
    assert_eq!(other.token(&server, &pairs, json!({})).error(), "invalid_grant");
    // Neither mistake used it up.
    let next = prover.token(&server, &pairs, json!({}));
    assert_eq!(next.text("token_type"), "DPoP");
    assert_eq!(
        refresh(&server, &next.text("refresh_token")).error(),
        "invalid_grant",
        "its successor is bound as well"
    );

    let token = login("web", &[("client_secret", "secret")]);
    let pairs = [("grant_type", "refresh_token"), ("client_id", "web"), ("client_secret", "secret")];
    let pairs = [&pairs[..], &[("refresh_token", token.as_str())]].concat();
    assert_eq!(other.token(&server, &pairs, json!({})).text("token_type"), "DPoP");
}

#[test]
fn a_nonce_is_asked_for_learnt_and_replaced_in_time() {
    let server = with_nonces(DpopNonces::Required).start();
    let prover = Prover::new();
    let first = prover.svc(&server, json!({}));
    assert_eq!((first.status, first.error().as_str()), (400, "use_dpop_nonce"));
    let nonce = first.header("dpop-nonce").unwrap();
    let good = prover.svc(&server, json!({"nonce": nonce}));
    assert_eq!((good.status, good.header("dpop-nonce")), (200, None));
    let token = good.text("access_token");
    let asked = prover.get(&server, "/api", &token, json!({"nonce": nonce}));
    assert_eq!(refused(&asked), (401, "use_dpop_nonce".into(), true), "the API has nonces of its own");
    let api_nonce = asked.header("dpop-nonce").unwrap();
    assert_ne!(api_nonce, nonce);
    assert_eq!(prover.get(&server, "/api", &token, json!({"nonce": api_nonce})).status, 200);

    server.rotate_dpop_nonces();
    let late = prover.svc(&server, json!({"nonce": nonce}));
    let next = late.header("dpop-nonce").unwrap();
    assert!(late.status == 200 && next != nonce, "the last one still does, and the next one comes along");
    server.rotate_dpop_nonces();
    assert_eq!(prover.svc(&server, json!({"nonce": nonce})).error(), "use_dpop_nonce");
    assert_eq!(prover.svc(&server, json!({"nonce": next})).status, 200);
    // So that no client mends an old proof.
    let used = prover.proof("POST", &server.url("/token"), json!({"jti": "one"}));
    let form = encode(&[("grant_type", "client_credentials"), ("client_id", "svc"), ("client_secret", "secret")]);
    assert_eq!(to(&server, "POST", "/token", &[FORM, ("DPoP", &used)], &form).error(), "use_dpop_nonce");
    let nonce = json!({"jti": "one", "nonce": next});
    assert_eq!(prover.svc(&server, nonce).error(), "invalid_dpop_proof");
    assert_eq!(
        svc(&server, "/token", &[("grant_type", "client_credentials")]).status,
        200,
        "without a proof, no nonce"
    );
}

#[test]
fn a_nonce_for_each_request_is_good_once_and_every_answer_has_the_next() {
    let server = with_nonces(DpopNonces::EachRequest).start();
    let prover = Prover::new();
    let nonce = |answer: &Answer| json!({"nonce": answer.header("dpop-nonce").expect("a nonce")});
    let first = prover.svc(&server, json!({}));
    assert_eq!(first.error(), "use_dpop_nonce");
    let second = prover.svc(&server, nonce(&first));
    assert_eq!(second.status, 200);
    assert_eq!(prover.svc(&server, nonce(&first)).error(), "use_dpop_nonce");
    let token = second.text("access_token");
    let asked = prover.get(&server, "/api", &token, nonce(&second));
    assert_eq!(refused(&asked).1, "use_dpop_nonce", "a nonce of the authorization server is none of the API");
    let good = prover.get(&server, "/api/status/204", &token, nonce(&asked));
    assert_eq!(good.status, 204);
    assert_eq!(prover.get(&server, "/api", &token, nonce(&good)).status, 200);
    assert!(get(&server, "/api").header("dpop-nonce").is_some(), "every answer");
}

#[test]
fn an_endless_demand_for_nonces_names_another_each_time() {
    let server = Server::start();
    let prover = Prover::new();
    let token = prover.svc(&server, json!({})).text("access_token");
    for endpoint in [Endpoint::Token, Endpoint::Api] {
        server.misbehave(endpoint, Misbehaviour::UseDpopNonce);
    }
    let (one, two) = (prover.svc(&server, json!({})), prover.svc(&server, json!({})));
    assert_eq!((one.status, one.error().as_str()), (400, "use_dpop_nonce"));
    assert_ne!(one.header("dpop-nonce").unwrap(), two.header("dpop-nonce").unwrap());
    let api = prover.get(&server, "/api", &token, json!({}));
    assert_eq!(refused(&api), (401, "use_dpop_nonce".into(), true));
    assert!(api.header("dpop-nonce").is_some());
}

#[test]
fn answers_about_dpop_can_be_wrong() {
    let server = Server::start();
    let prover = Prover::new();
    let token = prover.svc(&server, json!({})).text("access_token");
    let once = |endpoint, misbehaviour| server.misbehave_times(endpoint, 1, misbehaviour);
    once(Endpoint::Token, Misbehaviour::SetMember("token_type".into(), "Bearer".into()));
    assert_eq!(prover.svc(&server, json!({})).text("token_type"), "Bearer");
    once(Endpoint::Token, Misbehaviour::OddCase);
    assert_eq!(prover.svc(&server, json!({})).text("token_type"), "dPoP");
    once(Endpoint::Api, Misbehaviour::OddCase);
    assert!(challenge(&prover.get(&server, "/api", "nonsense", json!({}))).starts_with("dPoP "));
    once(Endpoint::Api, Misbehaviour::DpopNonce("unasked".into()));
    let unasked = prover.get(&server, "/api", &token, json!({}));
    assert_eq!((unasked.status, unasked.header("dpop-nonce")), (200, Some("unasked")));
    let error = Misbehaviour::OAuthError { status: 401, error: "invalid_token".into(), description: None };
    once(Endpoint::Api, error);
    assert_eq!(refused(&prover.get(&server, "/api", &token, json!({}))), (401, "invalid_token".into(), true));
    let server = with_nonces(DpopNonces::Required).start();
    server.misbehave_times(Endpoint::Token, 1, Misbehaviour::OmitMember("DPoP-Nonce".into()));
    let answer = prover.svc(&server, json!({}));
    assert_eq!((answer.error().as_str(), answer.header("dpop-nonce")), ("use_dpop_nonce", None));
}

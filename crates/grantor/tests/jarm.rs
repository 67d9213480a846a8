//! The authorization response as a JWT, JARM.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use grantor::{Client, Endpoint, Jwt, JwtFault, Misbehaviour, OTHER_CLIENT, OTHER_ISSUER, Server};
use serde_json::{Value, json};

fn ask(server: &Server, mode: &str, more: &[(&str, &str)]) -> Answer {
    get(server, &authorize_target(&[&[("response_mode", mode)], more].concat()))
}

fn response(server: &Server) -> String {
    ask(server, "jwt", &[]).callback("response").unwrap()
}

#[test]
fn every_parameter_is_inside_a_signed_jwt_and_none_beside_it() {
    let server = auto();
    let answer = ask(&server, "query.jwt", &[]);
    for name in ["code", "state", "iss", "session_state"] {
        assert_eq!(answer.callback(name), None, "{name}");
    }
    let token = answer.callback("response").unwrap();
    assert!(is_by_server(&server, &token));
    let inside = claims(&token);
    assert_eq!(inside["iss"], server.issuer());
    assert_eq!((&inside["aud"], &inside["state"]), (&json!("public"), &json!("af0ifjsldkj")));
    let now = server.now().as_secs();
    assert!((now + 500..=now + 600).contains(&inside["exp"].as_u64().unwrap()));
    assert!(inside["session_state"].is_string());
    assert_eq!(exchange(&server, inside["code"].as_str().unwrap()).status, 200);
}

#[test]
fn each_mode_carries_it_its_own_way() {
    let server = auto();
    let hybrid = [("response_type", "code id_token token")];
    assert!(ask(&server, "jwt", &[]).callback("response").is_some());
    assert!(ask(&server, "fragment.jwt", &[]).fragment("response").is_some());
    assert!(ask(&server, "form_post.jwt", &[]).body.contains(r#"name="response""#));
    let inside = claims(&ask(&server, "jwt", &hybrid).fragment("response").unwrap());
    assert!(inside["expires_in"].is_u64(), "numbers are numbers");
    for name in ["code", "access_token", "id_token", "token_type"] {
        assert!(inside[name].is_string(), "{name}");
    }
    let query = ask(&server, "query.jwt", &hybrid);
    let inside = claims(&query.fragment("response").unwrap());
    assert_eq!(inside["error"], "invalid_request", "a token never goes into a query that can be read");
    assert_eq!(ask(&server, "telegram.jwt", &[]).callback("error").as_deref(), Some("invalid_request"));
}

#[test]
fn an_error_is_inside_too() {
    let server = auto();
    let inside = claims(&ask(&server, "jwt", &[("prompt", "none login")]).callback("response").unwrap());
    assert_eq!((&inside["error"], &inside["state"]), (&json!("invalid_request"), &json!("af0ifjsldkj")));
    assert_eq!((&inside["iss"], &inside["aud"]), (&json!(server.issuer()), &json!("public")));
}

#[test]
fn it_is_signed_as_the_client_is_registered_and_never_not_at_all() {
    for alg in ["PS256", "ES256", "EdDSA"] {
        let client = Client::new("public").authorization_signed_response_alg(alg);
        let server = Server::builder().auto_approve("alice").client(client).start();
        let token = response(&server);
        assert!(jose_header(&token)["alg"] == alg && is_by_server(&server, &token), "{alg}");
    }
    let secret = "a secret of more than thirty-two bytes";
    let client = Client::new("public").secret(secret).authorization_signed_response_alg("HS256");
    let server = Server::builder().auto_approve("alice").client(client).start();
    assert!(verifies_with_secret(&response(&server), secret.as_bytes()));
    let unsigned = Client::new("public").authorization_signed_response_alg("none");
    assert!(Server::builder().client(unsigned).try_start().is_err());
    let metadata = get(&auto(), "/.well-known/openid-configuration").json();
    let list = |name: &str| metadata[name].as_array().unwrap().clone();
    for mode in ["jwt", "query.jwt", "fragment.jwt", "form_post.jwt"] {
        assert!(list("response_modes_supported").contains(&json!(mode)));
    }
    assert!(list("authorization_signing_alg_values_supported").contains(&json!("PS256")));
    assert!(!list("authorization_signing_alg_values_supported").contains(&json!("none")));
}

#[test]
fn every_fault_of_a_jwt_can_be_the_responses() {
    let server = auto();
    let by = |fault: JwtFault| {
        server.misbehave_jwt_times(Jwt::AuthorizationResponse, 1, fault);
        response(&server)
    };
    assert_eq!(claims(&by(JwtFault::WrongIssuer))["iss"], OTHER_ISSUER);
    assert_eq!(claims(&by(JwtFault::WrongAudience))["aud"], OTHER_CLIENT);
    assert!(claims(&by(JwtFault::Expired))["exp"].as_u64().unwrap() < server.now().as_secs());
    for name in ["iss", "aud", "exp", "code", "state"] {
        assert!(claims(&by(JwtFault::without(name))).get(name).is_none(), "{name}");
    }
    let none = by(JwtFault::AlgNone);
    assert!(jose_header(&none)["alg"] == "none" && none.ends_with('.'));
    assert!(!is_by_server(&server, &by(JwtFault::BrokenSignature)));
    assert!(!is_by_server(&server, &by(JwtFault::OtherKey)));
    assert_eq!(by(JwtFault::Literal("no jwt".into())), "no jwt");
    assert!(is_by_server(&server, &response(&server)));
}

#[test]
fn every_fault_of_a_callback_comes_to_be_inside() {
    let server = auto();
    let by = |misbehaviour: Misbehaviour| -> Value {
        server.misbehave_times(Endpoint::Authorize, 1, misbehaviour);
        let token = response(&server);
        assert!(is_by_server(&server, &token), "it is signed all the same");
        claims(&token)
    };
    assert_eq!(by(Misbehaviour::WrongIssuer("https://x.example".into()))["iss"], "https://x.example");
    assert!(by(Misbehaviour::OmitMember("iss".into())).get("iss").is_none());
    assert_ne!(by(Misbehaviour::WrongState)["state"], "af0ifjsldkj");
    assert!(by(Misbehaviour::OmitMember("state".into())).get("state").is_none());
    assert_eq!(by(Misbehaviour::ExtraParameter("x".into(), "y".into()))["x"], "y");
    let denied = Misbehaviour::OAuthError { status: 400, error: "access_denied".into(), description: None };
    let inside = by(denied);
    assert!(inside["error"] == "access_denied" && inside.get("code").is_none());
    let used = by(Misbehaviour::ReusedCode);
    assert_eq!(exchange(&server, used["code"].as_str().unwrap()).error(), "invalid_grant");
    server.misbehave_times(Endpoint::Authorize, 1, Misbehaviour::DuplicateMember("code".into()));
    let token = response(&server);
    use base64::Engine;
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    assert_eq!(String::from_utf8(payload).unwrap().matches(r#""code":"#).count(), 2);
}

#[test]
fn a_pushed_request_and_a_request_object_may_ask_for_it() {
    let server = auto();
    let pairs = [
        ("response_type", "code"),
        ("response_mode", "jwt"),
        ("client_id", "public"),
        ("redirect_uri", CALLBACK),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let uri = post(&server, "/par", &pairs).text("request_uri");
    let target = format!("/authorize?{}", encode(&[("client_id", "public"), ("request_uri", &uri)]));
    let token = get(&server, &target).callback("response").unwrap();
    assert!(is_by_server(&server, &token) && claims(&token)["code"].is_string());
}

#[cfg(feature = "oracle")]
#[test]
fn it_is_encrypted_where_the_client_wants_it_and_may_then_go_by_query() {
    use josekit::{
        jwe,
        jwk::{Jwk, alg::ec::EcCurve},
    };
    use serde_json::Map;
    let key = Jwk::generate_ec_key(EcCurve::P256).unwrap();
    let mut public: Map<String, Value> = key.to_public_key().unwrap().into();
    public.insert("use".into(), "enc".into());
    let client = Client::new("public")
        .jwks(json!({"keys": [public]}))
        .auth("none")
        .authorization_encrypted_response("ECDH-ES", "A128GCM");
    let server = Server::builder().auto_approve("alice").client(client).start();
    let answer = ask(&server, "query.jwt", &[("response_type", "code id_token")]);
    let decrypter = jwe::ECDH_ES.decrypter_from_jwk(&key).unwrap();
    let (inner, header) = jwe::deserialize_compact(&answer.callback("response").unwrap(), &decrypter).unwrap();
    let inner = String::from_utf8(inner).unwrap();
    assert_eq!(header.content_type(), Some("JWT"));
    assert!(is_by_server(&server, &inner) && claims(&inner)["id_token"].is_string());
}

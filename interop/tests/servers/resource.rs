//! What a token is for: resource indicators, RFC 8707, and authorization details, RFC 9396.

use grantee::authorization::AuthorizationDetail;
use grantee::{AuthorizationRequest, ClientCredentials};
use grantee_interop::{Server, Walk};
use serde_json::json;

use crate::face::{Face, LoggedIn, OpenIdFace, Setup, claims_of, through_all_faces, through_both_faces};

through_all_faces!(
    a_login_for_a_resource at oidc_provider,
    authorization_details_that_lack_something_are_refused at oidc_provider,
);

through_both_faces!(
    a_token_is_for_the_resource_asked_for at oidc_provider glewlwyd,
    a_resource_goes_with_client_credentials at oidc_provider glewlwyd,
    a_resource_that_nobody_knows_is_refused at oidc_provider,
    authorization_details_are_granted_and_told at oidc_provider glewlwyd,
);

fn resource(server: &Server) -> &'static str {
    if server.name == "glewlwyd" { "https://api.example.test/" } else { "https://api.example.test/jwt" }
}

fn a_login_for_a_resource<F: Face>(server: &Server) {
    let face = F::new(&Setup::registered(server, "basic"));
    let details = r#"[{"type":"payment","amount":"10"}]"#;
    let asked = [("resource", resource(server)), ("authorization_details", details)];
    let claims = claims_of(&face.log_in_with(&asked).expect("a login").access_token);
    assert_eq!(claims["aud"], resource(server), "{claims}");
    assert_eq!(claims["authorization_details"], json!([{ "type": "payment", "amount": "10" }]), "{claims}");
}

fn a_token_is_for_the_resource_asked_for<F: OpenIdFace>(server: &Server) {
    let face = F::new(&Setup::registered(server, "basic"));
    let request = AuthorizationRequest::new().scope("openid read").resource(resource(server));
    let login = face.log_in_by(&mut Walk::new(server), request).expect("a login");
    let claims = claims_of(login.token().access_token.reveal());
    assert_eq!(claims["aud"], resource(server), "{claims}");
    let words = claims["scope"].as_str().unwrap_or_default().split(' ').collect::<Vec<_>>();
    assert!(words.contains(&"read"), "{claims}");
}

fn a_resource_goes_with_client_credentials<F: OpenIdFace>(server: &Server) {
    let face = F::new(&Setup::registered(server, "basic"));
    let token = face.token(ClientCredentials::new().scope("read").resource(resource(server))).expect("a token");
    let claims = claims_of(token.access_token.reveal());
    assert_eq!(claims["aud"], resource(server), "{claims}");
}

fn a_resource_that_nobody_knows_is_refused<F: OpenIdFace>(server: &Server) {
    let face = F::new(&Setup::registered(server, "basic"));
    let unknown = "https://api.example.test/unknown";
    let failure = face.log_in_with(&[("resource", unknown)]).expect_err("an unknown resource");
    assert_eq!(failure.server_error.as_deref(), Some("invalid_target"), "{failure:?}");
    let failure = face.token(ClientCredentials::new().scope("read").resource(unknown)).expect_err("the same");
    assert_eq!(failure.server_error.as_deref(), Some("invalid_target"), "{failure:?}");
}

fn authorization_details_are_granted_and_told<F: OpenIdFace>(server: &Server) {
    for pushed in [false, true] {
        let face = F::new(&Setup { pushed, ..Setup::registered(server, "basic") });
        let detail = AuthorizationDetail::new("payment").member("amount", "10");
        let request = AuthorizationRequest::new().scope("openid read").authorization_details(detail);
        let request = if server.name == "glewlwyd" { request } else { request.resource(resource(server)) };
        let login = face.log_in_by(&mut Walk::new(server), request).expect("a login");
        let granted = login.token().authorization_details().expect("a list").expect("they are told");
        let granted = serde_json::to_value(granted).expect("JSON");
        assert_eq!(granted, json!([{ "type": "payment", "amount": "10" }]));
    }
}

fn authorization_details_that_lack_something_are_refused<F: Face>(server: &Server) {
    let face = F::new(&Setup::registered(server, "basic"));
    let failure = face.log_in_with(&[("authorization_details", r#"[{"type":"payment"}]"#)]).expect_err("no amount");
    assert_eq!(failure.server_error.as_deref(), Some("invalid_authorization_details"), "{failure:?}");
}

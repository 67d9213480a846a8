//! Tests of the refresh token plan.

use crate::suite::{Flow, Outcome, flows};
use crate::world::{PERSON, Person, Rule, World, block_on};
use grantee::{AuthorizationRequest, Stored};
use grantee_core::session::SourceBuilder;
use grantor::{Endpoint, Jwt, JwtFault, OTHER_ISSUER};
use std::sync::Arc;

fn login(world: &World, flow: Flow) -> Person {
    world.login_for(flow, AuthorizationRequest::new().scope("offline_access")).unwrap()
}

#[test]
fn oidcc_client_test_refresh_token() {
    for flow in flows("oidcc-client-test-refresh-token", Outcome::Succeed) {
        let world = World::new();
        let person = login(&world, flow);
        world.clock.pass(3601);
        let error = block_on(world.rp.userinfo(person.token(), &person.id_token)).unwrap_err();
        assert_eq!(error.server_error(), Some("invalid_token"), "the access token has had its hour");
        let renewed = block_on(world.rp.refresh(person.token())).unwrap();
        assert_ne!(renewed.access_token, person.token().access_token);
        assert_ne!(renewed.id_token, person.token().id_token, "a new ID token came and was taken");
        assert_eq!(block_on(world.rp.userinfo(&renewed, &person.id_token)).unwrap().claims.sub(), Some(PERSON));
        let sent = world.op.requests_to(Endpoint::Token).pop().unwrap();
        let refresh_token = person.token().refresh_token.as_ref().map(|token| token.reveal().to_owned());
        assert_eq!(sent.form_value("grant_type").as_deref(), Some("refresh_token"));
        assert_eq!(sent.form_value("refresh_token"), refresh_token);

        // The same by itself, when it is due.
        let session =
            SourceBuilder::new(world.rp.clone(), Arc::new(Stored::new())).token(renewed.clone()).build().unwrap();
        assert_eq!(block_on(session.token()).unwrap().access_token, renewed.access_token);
        world.clock.pass(3601);
        let due = block_on(session.token()).unwrap();
        assert_ne!(due.access_token, renewed.access_token);
        assert_eq!(block_on(world.rp.userinfo(&due, &person.id_token)).unwrap().claims.sub(), Some(PERSON));
        assert_eq!(world.op.count(Endpoint::Token), 3);
    }
}

fn refused(id: &str, fault: JwtFault, rule: Rule) {
    for flow in flows(id, Outcome::Reject) {
        let world = World::new();
        let person = login(&world, flow);
        world.op.misbehave_jwt_times(Jwt::RefreshedIdToken, 1, fault.clone());
        rule.refuses(block_on(world.rp.refresh(person.token())));
        let person = login(&world, flow);
        let renewed = block_on(world.rp.refresh(person.token())).unwrap();
        assert_eq!(block_on(world.rp.userinfo(&renewed, &person.id_token)).unwrap().claims.sub(), Some(PERSON));

        // A session does not go on with somebody else's token.
        let session = SourceBuilder::new(world.rp.clone(), Arc::new(Stored::new())).token(renewed).build().unwrap();
        world.clock.pass(3601);
        world.op.misbehave_jwt_times(Jwt::RefreshedIdToken, 1, fault.clone());
        rule.refuses(block_on(session.token()).map(drop));
    }
}

#[test]
fn oidcc_client_test_refresh_token_invalid_issuer() {
    let rule = Rule::id_token("iss is the issuer that was asked", "OpenID Connect Core section 3.1.3.7", OTHER_ISSUER);
    refused("oidcc-client-test-refresh-token-invalid-issuer", JwtFault::WrongIssuer, rule);
}

#[test]
fn oidcc_client_test_refresh_token_invalid_sub() {
    let rule = Rule::id_token(
        "the ID token of a refresh is of the same login as the one before",
        "OpenID Connect Core section 12.2",
        "another sub",
    );
    refused("oidcc-client-test-refresh-token-invalid-sub", JwtFault::WrongSubject, rule);
}

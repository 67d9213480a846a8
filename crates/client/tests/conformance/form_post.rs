//! Tests about an answer that the browser posts. Every other test of the comprehensive plan runs with one too.

use crate::browser::{Arrived, Browser};
use crate::suite::{Outcome, flows_where};
use crate::world::{PERSON, World};
use grantee::{AuthorizationRequest, Error, Pending};
use grantor::Endpoint;

#[test]
fn oidcc_client_test_form_post_error() {
    for flow in flows_where("oidcc-client-test-form-post-error", Outcome::Succeed, |flow| flow.form_post) {
        let world = World::new();
        let (url, pending) = world.start(flow, AuthorizationRequest::new().prompt("none").max_age(0));
        let kept = pending.to_json().unwrap();
        let arrived = Browser::new().open(url.as_str());
        let error = world.end(flow, pending, &arrived).unwrap_err();
        let Error::Server(told) = &error else { panic!("{flow:?}: {error}") };
        assert_eq!((told.stage, told.error.as_str()), ("authorization response", "login_required"), "{flow:?}");
        let description = told.description.as_deref().unwrap();
        assert!(error.to_string().contains(description) && error.to_string().contains("login_required"), "{error}");
        assert_eq!(world.op.count(Endpoint::Token), 0, "{flow:?}");
        // One that belongs to another login says nothing to this one.
        let Arrived::Posted(form) = arrived else { panic!("{flow:?}") };
        let planted = Arrived::Posted(form.replace("state=", "state=x"));
        let error = world.end(flow, Pending::from_json(&kept).unwrap(), &planted).unwrap_err();
        assert!(error.to_string().contains("state is the one that was sent (RFC 6749 section 10.12)"), "{error}");
        assert_eq!(world.login(flow).unwrap().id_token.subject(), PERSON, "{flow:?}");
    }
}

//! Rich authorization requests (RFC 9396): what is asked and what is granted, to the last member.

use crate::Case;
use crate::support::authorization::{parameter, request, world};
use grantee_core::authorization::{AuthorizationDetail, AuthorizationDetails};
use serde_json::Value;

pub fn authorization_details(case: &Case) {
    assert_eq!(case.expected["roundtrip"], true);
    let given = &case.input["authorization_details"];
    let Some(types) = case.expected["types"].as_array() else {
        // What holds details, as the RFC shows it, is no detail itself: none has a type.
        assert!(AuthorizationDetails::from_value(given.clone()).is_err());
        return comes_back(&given[0]["authorization_details"]);
    };
    let read = AuthorizationDetails::from_value(given.clone()).unwrap();
    assert_eq!(&read.iter().map(AuthorizationDetail::detail_type).collect::<Vec<_>>(), types);
    comes_back(given);
}

fn comes_back(given: &Value) {
    let read = AuthorizationDetails::from_value(given.clone()).unwrap();
    assert_eq!(&Value::from(read.clone()), given);
    assert_eq!(given.to_string().parse::<AuthorizationDetails>().unwrap(), read);
    assert!(read.compare(&read).all(), "granted as asked");
    // And in an authorization request.
    let url = world(|_| ()).start(request().authorization_details(read)).0;
    let sent: Value = serde_json::from_str(&parameter(&url, "authorization_details").unwrap()).unwrap();
    assert_eq!(&sent, given);
}

//! What any [`Grant`] keeps to.

use crate::grant::{Grant, GrantContext};
use crate::ports::Entropy;
use crate::wire::form::Params;
use crate::{Result, Token, UnixTime};

/// Runs the suite over a grant that is ready to be asked.
///
/// ```
/// grantee_core::contract::grant::run(&grantee_core::grant::ClientCredentials::new().scope("read"));
/// ```
///
/// # Panics
/// When a rule is broken, with the rule.
pub fn run(grant: &dyn Grant) {
    let grant_type = grant.grant_type();
    assert!(!grant_type.is_empty(), "grant_type() names the grant");
    assert!(
        grant_type.bytes().all(|byte| byte.is_ascii_graphic()),
        "grant_type() is a name or an absolute URI (RFC 6749 section 4.5)"
    );
    let first = params(grant);
    for reserved in ["grant_type", "client_id", "client_secret", "client_assertion", "client_assertion_type"] {
        assert!(first.get(reserved).is_none(), "params() leaves {reserved} to the client");
    }
    let names = |params: &Params| params.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    assert_eq!(
        names(&first),
        names(&params(grant)),
        "params() gives the same parameters at each attempt, their values made anew"
    );
    let parameters = grant.parameters();
    for (name, _) in parameters.other.iter() {
        assert!(first.get(name).is_none(), "parameters() does not repeat {name} of params()");
    }
    let token = Token::bearer("contract-token");
    if let Ok(finished) = grant.finish(token.clone()) {
        assert_eq!(finished.access_token, token.access_token, "finish() keeps the access token");
    }
}

fn params(grant: &dyn Grant) -> Params {
    let context = GrantContext::new(
        "contract-client",
        "https://as.example/token",
        UnixTime::from_seconds(1_700_000_000),
        &Counting,
    );
    match super::at_once(grant.params(context)) {
        Ok(params) => params,
        Err(error) => panic!("params() brings parameters: {error}"),
    }
}

struct Counting;

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<()> {
        bytes.iter_mut().zip((1..=u8::MAX).cycle()).for_each(|(byte, count)| *byte = count);
        Ok(())
    }
}

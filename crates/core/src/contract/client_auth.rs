//! What any [`ClientAuth`] keeps to.

use crate::client_auth::{AuthContext, ClientAuth, Draft};
use crate::ports::Entropy;
use crate::wire::form::Params;
use crate::{Result, UnixTime};

/// Runs the suite over a client-authentication method.
///
/// ```
/// grantee_core::contract::client_auth::run(&grantee_core::client_auth::ClientSecretBasic::new("s3cret"));
/// ```
///
/// # Panics
/// When a rule is broken, with the rule.
pub fn run(method: &dyn ClientAuth) {
    assert!(!method.method().is_empty(), "method() names the method");
    if let Err(error) = method.check() {
        panic!("check() passes what authenticates: {error}");
    }
    let first = authenticated(method);
    let pairs: Vec<_> = first
        .form
        .get_all("resource")
        .chain(first.url.query_pairs().filter(|(name, _)| name == "resource").map(|_| "moved"))
        .collect();
    assert!(pairs == ["a", "b"] || pairs == ["moved", "moved"], "repeated parameters of the request survive");
    let shows = |draft: &Draft| {
        draft.form.get("client_id").is_some()
            || draft.form.get("client_assertion").is_some()
            || draft.headers.contains_key(http::header::AUTHORIZATION)
            || draft.url.query_pairs().any(|(name, _)| name == "client_id")
            || draft.headers.len() > 1
    };
    assert!(shows(&first), "the request says who the client is");
    assert_eq!(
        first.form.get("client_assertion").is_some(),
        first.form.get("client_assertion_type").is_some(),
        "an assertion and its type go together (RFC 7521 section 4.2)"
    );
    assert!(
        !first.url.query_pairs().any(|(name, _)| name == "client_assertion"),
        "an assertion goes in the body (RFC 7521 section 4.2)"
    );
    let again = authenticated(method);
    assert_eq!(first.form.len(), again.form.len(), "each attempt is authenticated anew and the same way");
    assert!(first.into_request().is_ok(), "what comes out is a request");
}

fn authenticated(method: &dyn ClientAuth) -> Draft {
    let url = url::Url::parse("https://as.example/token").expect("a URL");
    let form = Params::new().with("grant_type", "client_credentials").with("resource", "a").with("resource", "b");
    let mut draft = Draft::post(url, form);
    let mut context = AuthContext::new("contract client", UnixTime::from_seconds(1_700_000_000), &Counting);
    context.issuer = Some("https://as.example");
    context.token_endpoint = Some("https://as.example/token");
    if let Err(error) = super::at_once(method.authenticate(&mut draft, context)) {
        panic!("authenticate() authenticates: {error}");
    }
    draft
}

struct Counting;

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<()> {
        bytes.iter_mut().zip((1..=u8::MAX).cycle()).for_each(|(byte, count)| *byte = count);
        Ok(())
    }
}

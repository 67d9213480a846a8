//! Token credentials, [RFC 5849 section 2.3](https://www.rfc-editor.org/rfc/rfc5849#section-2.3).

use super::{
    Problem,
    request::{With, judge},
    store::State,
    temporary::credentials,
};
use crate::{
    Request, random,
    response::Response,
    shared::{Shared, lock},
};

pub(crate) fn issue(shared: &Shared, request: &Request) -> Result<Response, Problem> {
    let signed = judge(shared, request, With::TemporaryCredentials)?;
    let mut store = lock(&shared.oauth1);
    let temporary = store.temporary(&signed.token).ok_or_else(|| Problem::new(401, "token_rejected"))?;
    let refused = match &temporary.state {
        State::Used => Some("token_used"),
        _ if temporary.life.is_over(&shared.clock) => Some("token_expired"),
        State::Waiting => Some("permission_unknown"),
        State::Denied => Some("permission_denied"),
        State::Approved { verifier, .. } => {
            signed.parameters.require(&["oauth_verifier"])?;
            let given = signed.parameters.get("oauth_verifier").unwrap_or_default();
            (!random::same(verifier, given)).then_some("verifier_invalid")
        }
    };
    if let Some(problem) = refused {
        return Err(Problem::new(401, problem));
    }
    let username = store.spend(&signed.token).ok_or_else(|| Problem::new(401, "token_used"))?;
    let [token, secret] = store.issue(&signed.client.key, &username);
    let sub = shared.config.users.get(&username).map_or(&username, |user| &user.sub).clone();
    let further = [("user_id".to_owned(), sub), ("screen_name".to_owned(), username)];
    Ok(credentials(&token, &secret, further.into_iter().chain(shared.config.oauth1.token_members.iter().cloned())))
}

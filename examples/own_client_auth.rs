//! A client-authentication method of your own, as a type and as a closure.

use grantee::client_auth::{AuthContext, ClientAuth, Draft, from_fn};
use grantee::ports::BoxFuture;
use grantee::{ClientCredentials, Result, Secret, blocking};

/// Identifier and secret in the body, under names that one server wants beside the standard ones.
struct AppKey(Secret);

impl ClientAuth for AppKey {
    fn method(&self) -> &str {
        "app_key"
    }

    fn authenticate<'a>(&'a self, draft: &'a mut Draft, context: AuthContext<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            draft.form.set("app_key", context.client_id);
            draft.form.set("client_id", context.client_id);
            draft.form.set("client_secret", &self.0);
            Ok(())
        })
    }
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let server = grantor::Server::start();
    let client =
        blocking::Client::discover(server.issuer()).public_client("svc").auth(AppKey("secret".into())).build()?;
    let token = client.token(ClientCredentials::new())?;
    assert!(client.introspect(&token)?.active);
    assert!(server.requests().iter().any(|request| request.form_value("app_key").is_some()));

    // A closure does as well.
    let closure = from_fn("client_secret_post", |draft, context| {
        draft.form.set("client_id", context.client_id);
        draft.form.set("client_secret", "secret");
        Ok(())
    });
    let client = blocking::Client::discover(server.issuer()).public_client("svc").auth(closure).build()?;
    client.token(ClientCredentials::new())?;
    grantee::contract::client_auth::run(&AppKey("secret".into()));
    Ok(())
}

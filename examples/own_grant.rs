//! A grant of your own: one type, usable wherever ours are, sessions included.

use grantee::grant::{Grant, GrantContext, TokenParameters};
use grantee::ports::BoxFuture;
use grantee::{Client, Params, Result, Secret};

/// A grant that a server calls `password` and that gets its one-time code from a device of our own. The code is made
/// anew at each attempt.
struct DeviceCode {
    user: &'static str,
    parameters: TokenParameters,
}

impl Grant for DeviceCode {
    fn grant_type(&self) -> &str {
        "password"
    }

    fn params<'a>(&'a self, _: GrantContext<'a>) -> BoxFuture<'a, Result<Params>> {
        Box::pin(async { Ok(Params::new().with("username", self.user).with("password", code_of_the_device())) })
    }

    fn parameters(&self) -> &TokenParameters {
        &self.parameters
    }

    fn account(&self) -> Option<&str> {
        Some(self.user)
    }
}

fn code_of_the_device() -> Secret {
    Secret::from("wonderland")
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let server = grantor::Server::start();
    let client = Client::discover(server.issuer()).client("svc", "secret").build()?;
    let grant = || DeviceCode { user: "alice", parameters: TokenParameters::default() };
    assert!(client.introspect(&client.token(grant()).await?).await?.active);
    let session = client.session(grant()).build()?;
    assert_ne!(session.token().await?, session.renew().await?);
    grantee::contract::grant::run(&grant());
    Ok(())
}

//! The README's examples compile: each stands here in a function that says what its names are, but for how it is laid out.

use grantee::jose::{Jwk, SigningKey};
use grantee::{AuthorizationDetail, Client, Renewal, Token, blocking};
use serde::{Deserialize, Serialize};
use std::time::Duration;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[derive(Serialize, Deserialize)]
struct Order;

async fn a_token_for_a_service(secret: &str) -> Outcome<bool> {
    use grantee::{Client, ClientCredentials};

    let client = Client::discover("https://as.example").client("svc", secret).build()?;
    let token = client.token(ClientCredentials::new().scope("orders")).await?;
    let seen = client.introspect(&token).await?;
    client.revoke(&token).await?;
    Ok(seen.active)
}

async fn a_person_logs_in(
    client: Client,
    callback_url: &str,
    store: grantee::stores::Memory,
    user_id: &str,
) -> Outcome<(url::Url, grantee::Userinfo, grantee::Session)> {
    use grantee::AuthorizationRequest;

    let (url, pending) = client.start(AuthorizationRequest::new().scope("openid email")).await?;
    let login = client.finish(pending, callback_url).await?;
    let id_token = login.id_token().ok_or("no openid")?;
    println!("{} {:?}", id_token.subject(), id_token.claims().email());
    let userinfo = login.userinfo().await?;
    let session = login.session().store(store).account(user_id).build()?;
    Ok((url, userinfo, session))
}

async fn a_request_that_is_signed(key: Jwk, signing_key: SigningKey) -> Outcome<(url::Url, grantee::Pending)> {
    use grantee::AuthorizationRequest;

    let client = Client::discover("https://as.example")
        .client_key("app", key)
        .request_object(signing_key)
        .par()
        .authorization_alg("PS256")
        .build()?;
    let asked = AuthorizationDetail::new("payment_initiation").action("initiate").member("amount", "123.50");
    let (url, pending) =
        client.start(AuthorizationRequest::new().authorization_details(asked).response_mode("jwt")).await?;
    Ok((url, pending))
}

async fn on_another_device(client: Client) -> Outcome<grantee::Login> {
    use grantee::DeviceAuthorizationRequest;

    let device = client.device(DeviceAuthorizationRequest::new().scope("openid")).await?;
    println!("{device}");
    let login = device.wait().await?;
    Ok(login)
}

async fn tokens_that_nobody_else_can_use(secret: &str, key: Jwk) -> Outcome<()> {
    use grantee::ClientCredentials;

    let client = Client::discover("https://as.example").client("svc", secret).dpop(key).build()?;
    let api = client.session(ClientCredentials::new().scope("orders")).api("https://api.example/v1")?;
    api.get("orders").send().await?;
    Ok(())
}

async fn a_profile(key: Jwk, dpop_key: Jwk, signing_key: SigningKey) -> Outcome<()> {
    use grantee::Rules;

    let client = Client::discover("https://bank.example")
        .rules(Rules::Fapi2MessageSigning)
        .client_key("app", key)
        .dpop(dpop_key)
        .request_object(signing_key)
        .authorization_alg("ES256")
        .id_token_alg("ES256")
        .introspection_alg("ES256")
        .build()?;
    println!("{}", client.audit().await?);
    Ok(())
}

fn signed_tokens() -> Outcome<Vec<u8>> {
    use grantee::jose::{Curve, Jwk, KeyKind, SignatureAlgorithm, SigningKey, VerifyingKey, jws};

    let key = Jwk::generate(KeyKind::Curve(Curve::Ed25519))?.with_kid("today");
    let token =
        jws::sign_blocking(&jws::Header::new(), b"any bytes", &SigningKey::new(&key, SignatureAlgorithm::Ed25519)?)?;
    let verified = jws::Compact::parse(&token)?.verify(&VerifyingKey::new(&key, SignatureAlgorithm::Ed25519)?)?;
    Ok(verified.payload.to_vec())
}

fn audit(_: Option<&Token>, _: &Token, _: Renewal) -> std::io::Result<()> {
    Ok(())
}

async fn a_session_that_renews(client: Client) -> Outcome<http::HeaderValue> {
    use grantee::ClientCredentials;
    use grantee::stores::File;

    let session = client
        .session(ClientCredentials::new().scope("orders"))
        .store(File::at("tokens.json")?)
        .on_change(|old, new, how| Ok(audit(old, new, how)?))
        .renew_early(Duration::from_secs(300))
        .build()?;
    let header = session.header().await?;
    Ok(header)
}

async fn an_api_client(client: Client, order: Order) -> Outcome<(Vec<Order>, grantee::ApiClient)> {
    use grantee::ClientCredentials;
    use grantee::stores::File;

    let api = client
        .session(ClientCredentials::new().scope("orders"))
        .store(File::at("tokens.json")?)
        .api("https://api.example/v1")?;
    let open: Vec<Order> = api.get(["orders", "open"]).query("page", 2).send().await?.json()?;
    api.post("orders").json(&order).send().await?;
    let users = api.sub("users")?;
    Ok((open, users))
}

async fn oauth1(key: &str, secret: &str, callback_url: &str) -> Outcome<(url::Url, grantee::ApiClient)> {
    use grantee::oauth1::{Client, presets::Discogs};

    let client = Client::builder(key, secret)
        .preset(Discogs::new("Crates/1.0 +https://crates.example")?)
        .callback("https://app.example/ready")
        .build()?;
    let (url, pending) = client.start().await?;
    let token = client.finish(pending, callback_url).await?;
    let api = client.session_of(token).api(Discogs::API)?;
    api.get("oauth/identity").send().await?;
    Ok((url, api))
}

fn without_a_runtime(secret: &str) -> Outcome<(blocking::Client, Vec<Order>)> {
    use grantee::ClientCredentials;
    use grantee::stores::File;

    use grantee::blocking::Client;

    let client = Client::discover("https://as.example").client("svc", secret).build()?;
    let api = client
        .session(ClientCredentials::new().scope("orders"))
        .store(File::at("tokens.json")?)
        .api("https://api.example/v1")?;
    let open: Vec<Order> = api.get(["orders", "open"]).send()?.json()?;
    Ok((client, open))
}

/// Without comments and layout.
fn bare(code: &str) -> String {
    let lines = code.lines().map(|line| line.split_once("// ").map_or(line, |(code, _)| code));
    let text: String = lines.flat_map(str::chars).filter(|character| !character.is_whitespace()).collect();
    text.replace(",)", ")")
}

#[test]
fn every_example_of_the_readme_stands_here() {
    let here = bare(include_str!("readme.rs"));
    let readme = include_str!("../../README.md");
    let blocks: Vec<_> = readme.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(blocks.len(), 11);
    for block in blocks {
        assert!(here.contains(&bare(block)), "this is not what compiles:\n{block}");
    }
}

#[test]
fn what_needs_no_server_runs() {
    assert_eq!(signed_tokens().unwrap(), b"any bytes");
    // The others would talk to example hosts: that they compile is what is held.
    let _ = (a_token_for_a_service, a_person_logs_in, a_request_that_is_signed, on_another_device);
    let _ =
        (tokens_that_nobody_else_can_use, a_profile, a_session_that_renews, an_api_client, oauth1, without_a_runtime);
}

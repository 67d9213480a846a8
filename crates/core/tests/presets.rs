//! Providers: the whole wire of each one's token request, and that the answers in which it deviates are read, and are refused by a
//! client of the same endpoints without the preset.

mod support;

use bytes::Bytes;
use grantee_core::authorization::AuthorizationRequest;
use grantee_core::client::{Config, Server};
use grantee_core::grant::{AuthorizationCode, ClientCredentials, Stored};
use grantee_core::jose::{Curve, Jwk, KeyKind, SignatureAlgorithm, VerifyingKey, jws};
use grantee_core::preset::*;
use grantee_core::session::call::{Placement, call};
use grantee_core::{Client, Error, Params, Result, Token};
use serde_json::{Value, json};
use std::sync::Arc;
use support::{FakeServer, Inline, ManualClock, block_on, ports, source, whole};

const JSON: &str = r#"{"access_token":"at","token_type":"bearer","expires_in":60}"#;
const POST_BODY: &str = "client_id=app&client_secret=s3cret";

fn built(mut config: Config, server: &Arc<FakeServer>) -> Client {
    config.set_client("app".into(), Some("s3cret".into()));
    config.set_redirect_uri("https://app.example/cb".into());
    Client::new(config, ports(server, &ManualClock::new(), Arc::new(Inline))).unwrap()
}

fn code() -> AuthorizationCode {
    AuthorizationCode::from_parts("c0de", "https://app.example/cb", "v".repeat(43))
}

/// The request for a code, which every provider gets but for what the arguments say.
fn expected(endpoint: &str, authorization: bool, credentials: &str) -> String {
    let header = if authorization { "authorization: Basic YXBwOnMzY3JldA==\n" } else { "" };
    let verifier = "v".repeat(43);
    let separator = if credentials.is_empty() { "" } else { "&" };
    format!(
        "POST {endpoint}\naccept: application/json\n{header}content-type: application/x-www-form-urlencoded\n\ngrant_type=authorization_code&code=c0de&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&code_verifier={verifier}{separator}{credentials}"
    )
}

/// What one token request of a client with fixed endpoints sends, and what comes of the answer.
fn exchanged(config: Config, status: u16, body: &'static str) -> (String, Result<Token>) {
    let server = FakeServer::new(move |_, _| {
        Ok(http::Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap())
    });
    let token = block_on(built(config, &server).token(&code()));
    let requests = server.requests.lock().unwrap();
    assert_eq!(requests.len(), 1, "nothing is fetched beside the token");
    (whole(&requests[0]), token)
}

/// The same endpoints without the preset.
fn plain(preset: &impl Preset) -> Config {
    let mut with = preset.config();
    let mut config = Config::new(Server::Literal);
    *config.members_mut() = with.members_mut().clone();
    config
}

/// That the answer is read with the preset, and refused without.
fn deviates(preset: impl Preset, status: u16, body: &'static str) -> Token {
    let (_, strict) = exchanged(plain(&preset), status, body);
    assert!(strict.is_err(), "a client without the preset stays strict: {strict:?}");
    exchanged(preset.config(), status, body).1.unwrap()
}

fn failure(preset: impl Preset, status: u16, body: &'static str) -> (String, String) {
    match exchanged(preset.config(), status, body).1.unwrap_err() {
        Error::Server(error) => (error.error.clone(), error.description.clone().unwrap_or_default()),
        other => panic!("{other:?}"),
    }
}

/// The whole query of a login's URL but for what is made by chance.
fn login(config: Config, scope: &str) -> Vec<(String, String)> {
    let server = FakeServer::new(|_, _| support::json(500, ""));
    let (url, _) = block_on(built(config, &server).start(AuthorizationRequest::new().scope(scope))).unwrap();
    let made = ["state", "nonce", "code_challenge"];
    url.query_pairs().into_owned().filter(|(name, _)| !made.contains(&name.as_str())).collect()
}

fn has(query: &[(String, String)], name: &str, value: &str) -> bool {
    query.iter().filter(|(held, _)| held == name).map(|(_, held)| held.as_str()).eq([value])
}

/// A client of a provider that describes itself: what is asked for first, and the token request.
fn discovered(preset: &impl Preset, document_at: &str, metadata: Value) -> String {
    let text = metadata.to_string();
    let server = FakeServer::new(move |request, _| {
        support::json(200, if request.method() == http::Method::GET { &text } else { JSON })
    });
    block_on(built(preset.config(), &server).token(&code())).unwrap();
    let requests = server.requests.lock().unwrap();
    assert_eq!(requests[0].uri(), document_at);
    assert_eq!(requests.len(), 2);
    whole(&requests[1])
}

/// As [`discovered`], where nothing but the addresses matters.
fn at(preset: impl Preset, issuer: &str) {
    let document = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let token = format!("{}/token", issuer.trim_end_matches('/'));
    let metadata = json!({"issuer": issuer, "token_endpoint": token, "jwks_uri": format!("{token}/keys")});
    assert_eq!(discovered(&preset, &document, metadata), expected(&token, true, ""));
}

#[test]
fn providers_that_describe_themselves_are_asked_at_their_issuer() {
    at(Auth0::tenant("mytenant").unwrap(), "https://mytenant.auth0.com/");
    at(Auth0::tenant("mytenant.eu").unwrap(), "https://mytenant.eu.auth0.com/");
    at(Auth0::tenant("mytenant.us-3").unwrap(), "https://mytenant.us-3.auth0.com/");
    at(Auth0::tenant("mytenant.eu.auth0.com").unwrap(), "https://mytenant.eu.auth0.com/");
    at(Auth0::tenant("login.example.com").unwrap(), "https://login.example.com/");
    at(
        Cognito::user_pool("eu-west-1_AbCdEfGhI").unwrap(),
        "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI",
    );
    at(Google::new(), "https://accounts.google.com");
    at(Keycloak::realm("https://sso.example.com", "my realm").unwrap(), "https://sso.example.com/realms/my%20realm");
    at(Keycloak::realm("https://sso.example.com/auth/", "a").unwrap(), "https://sso.example.com/auth/realms/a");
    at(Okta::org("dev-1.okta.com").unwrap(), "https://dev-1.okta.com");
    at(Okta::custom("dev-1.okta.com", "default").unwrap(), "https://dev-1.okta.com/oauth2/default");
    at(PingOne::environment("com.au", "342b5660-0c32").unwrap(), "https://auth.pingone.com.au/342b5660-0c32/as");
    at(Salesforce::production(), "https://login.salesforce.com");
    at(Salesforce::sandbox(), "https://test.salesforce.com");
    at(Salesforce::my_domain("acme.my.salesforce.com").unwrap(), "https://acme.my.salesforce.com");
    let tenant = "9188040d-6c67-4c5b-b112-36a304b66dad";
    at(Entra::tenant(tenant).unwrap(), &format!("https://login.microsoftonline.com/{tenant}/v2.0"));
    at(
        Entra::tenant(tenant).unwrap().authority("https://login.microsoftonline.us/").unwrap(),
        &format!("https://login.microsoftonline.us/{tenant}/v2.0"),
    );
}

#[test]
fn names_that_are_none_are_refused_before_anything_is_built() {
    assert!(Auth0::tenant("evil.example/").is_err() && Auth0::tenant("").is_err());
    assert!(Cognito::user_pool("eu-west-1").is_err() && Cognito::user_pool("_a").is_err());
    assert!(Cognito::user_pool("evil.example_a").is_err());
    assert!(Entra::tenant("contoso.onmicrosoft.com").is_err());
    assert!(Entra::tenant("9188040d-6c67-4c5b-b112-36a304b66dag").is_err());
    assert!(Facebook::version("v23.0/..").is_err() && Okta::custom("a.okta.com", "..").is_err());
    assert!(GitHub::enterprise("http://github.example.com").is_err());
    assert!(Keycloak::realm("https://sso.example.com", "..").is_err());
    assert!(PingFederate::at("https://sso.example.com?x=1").is_err());
}

#[test]
fn auth0_asks_for_the_management_api_by_its_audience() {
    let auth0 = Auth0::tenant("mytenant.eu").unwrap();
    let issuer = auth0.issuer();
    let metadata = json!({"issuer": issuer, "token_endpoint": format!("{issuer}oauth/token")}).to_string();
    let server = FakeServer::new(move |request, _| {
        support::json(200, if request.method() == http::Method::GET { &metadata } else { JSON })
    });
    block_on(built(auth0.config(), &server).token(&auth0.management_grant())).unwrap();
    assert_eq!(
        server.body(1),
        "grant_type=client_credentials&audience=https%3A%2F%2Fmytenant.eu.auth0.com%2Fapi%2Fv2%2F"
    );
}

#[test]
fn entra_names_the_issuer_of_many_tenants_and_of_one_only_when_that_was_asked_for() {
    let metadata = json!({
        "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0",
        "token_endpoint": "https://login.microsoftonline.com/common/oauth2/v2.0/token",
    });
    let document = "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration";
    let sent = discovered(&Entra::tenant("common").unwrap(), document, metadata.clone());
    assert!(sent.starts_with("POST https://login.microsoftonline.com/common/oauth2/v2.0/token\n"), "{sent}");
    let server = FakeServer::new(move |_, _| support::json(200, &metadata.to_string()));
    let one = Entra::tenant("9188040d-6c67-4c5b-b112-36a304b66dad").unwrap();
    assert!(matches!(block_on(built(one.config(), &server).metadata()), Err(Error::Rule(_))));
}

#[test]
fn google_asks_for_refresh_tokens_in_its_own_way_and_only_when_told_to() {
    let with_endpoint = |preset: Google| {
        let mut config = preset.config();
        let metadata = json!({
            "issuer": "https://accounts.google.com", "token_endpoint": "https://oauth2.googleapis.com/token",
            "authorization_endpoint": "https://accounts.google.com/o/oauth2/v2/auth",
        });
        config.set_client("app".into(), Some("s3cret".into()));
        config.set_redirect_uri("https://app.example/cb".into());
        let server = FakeServer::new(move |_, _| support::json(200, &metadata.to_string()));
        let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
        let (url, _) = block_on(client.start(AuthorizationRequest::new().scope("openid"))).unwrap();
        url.query_pairs().into_owned().collect::<Vec<_>>()
    };
    let offline = with_endpoint(Google::new().offline());
    assert!(has(&offline, "access_type", "offline") && has(&offline, "prompt", "consent"), "{offline:?}");
    let online = with_endpoint(Google::new());
    assert!(!online.iter().any(|(name, _)| name == "access_type" || name == "prompt"), "{online:?}");
}

#[test]
fn apple_gets_a_new_secret_with_each_request() {
    let key = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap();
    let apple = Apple::new("TEAM123456", "KEY1234567", &key.to_private_pem().unwrap()).unwrap();
    let metadata = json!({
        "issuer": "https://appleid.apple.com", "token_endpoint": "https://appleid.apple.com/auth/token",
        "authorization_endpoint": "https://appleid.apple.com/auth/authorize",
    });
    let document = "https://appleid.apple.com/.well-known/openid-configuration";
    let sent = discovered(&apple, document, metadata.clone());
    let body = Params::parse(sent.split_once("\n\n").unwrap().1);
    let secret = body.get("client_secret").unwrap();
    assert_eq!(
        sent,
        expected("https://appleid.apple.com/auth/token", false, &format!("client_id=app&client_secret={secret}"))
    );
    let verified = jws::Compact::parse(secret)
        .unwrap()
        .verify(&VerifyingKey::new(&key, SignatureAlgorithm::Es256).unwrap())
        .unwrap();
    assert_eq!(verified.header.to_json(), r#"{"alg":"ES256","kid":"KEY1234567"}"#);
    let claims: Value = serde_json::from_slice(&verified.payload).unwrap();
    assert_eq!(
        claims,
        json!({"iss": "TEAM123456", "iat": 1_700_000_000, "exp": 1_700_000_300, "aud": "https://appleid.apple.com", "sub": "app"})
    );
    assert!(!format!("{apple:?}").contains(key.to_value()["d"].as_str().unwrap()));
    // Its answers come by POST.
    let server = FakeServer::new(move |_, _| support::json(200, &metadata.to_string()));
    let (url, pending) =
        block_on(built(apple.config(), &server).start(AuthorizationRequest::new().scope("name"))).unwrap();
    assert!(url.query_pairs().any(|(name, value)| name == "response_mode" && value == "form_post"));
    assert_eq!(pending.response_mode(), Some("form_post"));
    assert!(Apple::new("T", "K", "no key").is_err());
    let other = Jwk::generate(KeyKind::Curve(Curve::P384)).unwrap();
    assert!(Apple::new("T", "K", &other.to_private_pem().unwrap()).is_err());
}

#[test]
fn facebook_says_errors_as_objects() {
    let preset = || Facebook::version("v23.0").unwrap();
    let (sent, token) = exchanged(preset().config(), 200, JSON);
    assert_eq!(sent, expected("https://graph.facebook.com/v23.0/oauth/access_token", false, POST_BODY));
    token.unwrap();
    let body = r#"{"error":{"message":"This authorization code has been used.","type":"OAuthException","code":100,"fbtrace_id":"x"}}"#;
    let strict = exchanged(plain(&preset()), 400, body).1.unwrap_err();
    assert_eq!(strict.server_error(), Some("100"));
    assert_eq!(
        failure(preset(), 400, body),
        ("OAuthException".into(), "This authorization code has been used.".into())
    );
    assert!(has(&login(preset().config(), "email"), "client_id", "app"));
    // Logins on devices are of Facebook's own making there, so no such endpoint is named.
    assert_eq!(preset().config().members_mut().device_authorization_endpoint, None);
}

#[test]
fn fitbit_says_errors_as_a_list() {
    let (sent, token) = exchanged(Fitbit::new().config(), 200, JSON);
    assert_eq!(sent, expected("https://api.fitbit.com/oauth2/token", true, ""));
    token.unwrap();
    let body = r#"{"errors":[{"errorType":"invalid_grant","message":"Refresh token invalid: x"}],"success":false}"#;
    assert!(matches!(exchanged(plain(&Fitbit::new()), 400, body).1, Err(Error::Status(_))));
    assert_eq!(failure(Fitbit::new(), 400, body), ("invalid_grant".into(), "Refresh token invalid: x".into()));
}

#[test]
fn github_answers_with_a_form_and_commas() {
    let (sent, token) = exchanged(GitHub::new().config(), 200, JSON);
    assert_eq!(sent, expected("https://github.com/login/oauth/access_token", false, POST_BODY));
    token.unwrap();
    let form = "access_token=gho_16C7e42F292c6912E7710c838347Ae178B4a&scope=repo%2Cgist&token_type=bearer";
    let token = deviates(GitHub::new(), 200, form);
    assert_eq!(token.access_token.reveal(), "gho_16C7e42F292c6912E7710c838347Ae178B4a");
    assert_eq!(token.scope, Some("repo gist".into()));
    let form = "error=bad_verification_code&error_description=The+code+passed+is+incorrect+or+expired.";
    assert_eq!(
        failure(GitHub::new(), 200, form),
        ("bad_verification_code".into(), "The code passed is incorrect or expired.".into())
    );
    let json = r#"{"error":"bad_verification_code"}"#;
    assert_eq!(failure(GitHub::new(), 200, json).0, "bad_verification_code");
    let own = GitHub::enterprise("https://github.example.com/").unwrap().config();
    assert!(exchanged(own, 200, JSON).0.starts_with("POST https://github.example.com/login/oauth/access_token\n"));
}

#[test]
fn linkedin_leaves_the_type_out() {
    let metadata = || {
        json!({
            "issuer": "https://www.linkedin.com/oauth", "token_endpoint": "https://www.linkedin.com/oauth/v2/accessToken",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        })
        .to_string()
    };
    let got = |config: Config| {
        let server = FakeServer::new(move |request, _| {
            let answer = r#"{"access_token":"at","expires_in":5184000,"scope":"email,openid,profile"}"#;
            support::json(200, if request.method() == http::Method::GET { metadata() } else { answer.into() }.as_str())
        });
        let token = block_on(built(config, &server).token(&code()));
        let requests = server.requests.lock().unwrap();
        assert_eq!(requests[0].uri(), "https://www.linkedin.com/oauth/.well-known/openid-configuration");
        (whole(&requests[1]), token)
    };
    let (sent, token) = got(LinkedIn::new().config());
    assert_eq!(sent, expected("https://www.linkedin.com/oauth/v2/accessToken", false, POST_BODY));
    assert_eq!(token.unwrap().scope, Some("email openid profile".into()));
    let strict = Config::new(Server::Discover("https://www.linkedin.com/oauth".into()));
    assert!(matches!(got(strict).1, Err(Error::Rule(_))));
}

#[test]
fn mailchimp_tokens_live_for_ever_and_its_api_is_where_it_says() {
    let body = r#"{"access_token":"5c6ccc561059aa386da9d112215bae55","expires_in":0,"scope":null}"#;
    let (sent, _) = exchanged(Mailchimp::new().config(), 200, body);
    assert_eq!(sent, expected("https://login.mailchimp.com/oauth2/token", false, POST_BODY));
    let token = deviates(Mailchimp::new(), 200, body);
    assert_eq!((token.expires_at, token.is_bearer()), (None, true));
    let ask = |answer: &'static str| {
        let server = FakeServer::new(move |_, _| support::json(200, answer));
        let base = block_on(Mailchimp::api_base(&built(Mailchimp::new().config(), &server), &token));
        let requests = server.requests.lock().unwrap();
        (whole(&requests[0]), base)
    };
    let (sent, base) = ask(r#"{"dc":"us6","api_endpoint":"https://us6.api.mailchimp.com","login_url":"x"}"#);
    assert_eq!(
        sent,
        "GET https://login.mailchimp.com/oauth2/metadata\naccept: application/json\nauthorization: OAuth 5c6ccc561059aa386da9d112215bae55\n\n"
    );
    assert_eq!(base.unwrap(), "https://us6.api.mailchimp.com/3.0/");
    for hostile in [
        "{}",
        r#"{"api_endpoint":"https://evil.example"}"#,
        r#"{"api_endpoint":"http://us6.api.mailchimp.com"}"#,
        r#"{"api_endpoint":"https://evil.example/.api.mailchimp.com"}"#,
        r#"{"api_endpoint":"https://us6.api.mailchimp.com@evil.example"}"#,
        r#"{"api_endpoint":"https://us6.api.mailchimp.com:8443"}"#,
    ] {
        assert!(matches!(ask(hostile).1, Err(Error::Rule(_))), "{hostile}");
    }
    assert_eq!(ask(r#"{"error":"invalid_token"}"#).1.unwrap_err().server_error(), Some("invalid_token"));
}

#[test]
fn pingfederate_is_known_by_its_paths() {
    let (sent, token) = exchanged(PingFederate::at("https://sso.example.com/").unwrap().config(), 200, JSON);
    assert_eq!(sent, expected("https://sso.example.com/as/token.oauth2", true, ""));
    token.unwrap();
}

#[test]
fn salesforce_says_where_its_api_is() {
    let token = |url: Value| {
        let mut token = Token::bearer("at");
        token.extra.insert("instance_url".into(), url);
        Salesforce::instance_url(&token).map(str::to_owned)
    };
    assert_eq!(token("https://acme.my.salesforce.com".into()).unwrap(), "https://acme.my.salesforce.com");
    for hostile in [
        json!("https://evil.example"),
        json!("http://a.salesforce.com"),
        json!("https://x.salesforce.com@evil.example"),
        json!(7),
    ] {
        assert!(matches!(token(hostile), Err(Error::Rule(_))));
    }
}

#[test]
fn slack_nests_the_persons_token_and_names_its_types_otherwise() {
    let both = r#"{"ok":true,"access_token":"xoxb-1","token_type":"bot","scope":"commands,incoming-webhook","bot_user_id":"U0","app_id":"A0","team":{"id":"T9"},"authed_user":{"id":"U1","scope":"chat:write,users:read","access_token":"xoxp-2","token_type":"user"}}"#;
    let (sent, bot) = exchanged(Slack::bot().config(), 200, both);
    assert_eq!(sent, expected("https://slack.com/api/oauth.v2.access", true, ""));
    let bot = bot.unwrap();
    assert_eq!((bot.access_token.reveal(), bot.is_bearer()), ("xoxb-1", true));
    assert_eq!(bot.scope, Some("commands incoming-webhook".into()));
    assert_eq!(bot.get("authed_user").unwrap()["id"], "U1");
    let user = exchanged(Slack::user().config(), 200, both).1.unwrap();
    assert_eq!((user.access_token.reveal(), user.is_bearer()), ("xoxp-2", true));
    assert_eq!(
        (user.scope, user.extra.get("team").unwrap()["id"].as_str()),
        (Some("chat:write users:read".into()), Some("T9"))
    );
    // Without the preset the type is none that goes on a request, and a nested token is none at all.
    let strict = exchanged(plain(&Slack::bot()), 200, both).1.unwrap();
    assert!(http::HeaderValue::try_from(&strict).is_err());
    let alone = r#"{"ok":true,"team":{"id":"T9"},"authed_user":{"id":"U1","scope":"chat:write","access_token":"xoxp-2","token_type":"user"}}"#;
    assert_eq!(deviates(Slack::user(), 200, alone).access_token.reveal(), "xoxp-2");
    // The app's token is not taken for the person's.
    let app = r#"{"ok":true,"access_token":"xoxb-1","token_type":"bot","scope":"a","authed_user":{"id":"U1"}}"#;
    let taken = exchanged(Slack::user().config(), 200, app).1.unwrap();
    assert!(http::HeaderValue::try_from(&taken).is_err());
    // Refreshed, a person's token is not nested.
    let refreshed =
        r#"{"ok":true,"access_token":"xoxe.xoxp-3","token_type":"user","expires_in":43200,"refresh_token":"xoxe-1"}"#;
    assert!(exchanged(Slack::user().config(), 200, refreshed).1.unwrap().is_bearer());
    assert_eq!(failure(Slack::bot(), 200, r#"{"ok":false,"error":"invalid_code"}"#).0, "invalid_code");
    let query = login(Slack::user().config(), "chat:write users:read");
    assert!(has(&query, "user_scope", "chat:write,users:read") && !query.iter().any(|(name, _)| name == "scope"));
    assert!(has(&login(Slack::bot().config(), "a b"), "scope", "a,b"));
}

#[test]
fn spotify_deviates_in_nothing() {
    let (sent, token) = exchanged(Spotify::new().config(), 200, JSON);
    assert_eq!(sent, expected("https://accounts.spotify.com/api/token", true, ""));
    token.unwrap();
}

#[test]
fn stack_exchange_answers_with_a_form_and_wants_parameters_on_calls() {
    let form = "access_token=abcd*%2801234&expires=86400";
    let (sent, _) = exchanged(StackExchange::new().config(), 200, form);
    assert_eq!(sent, expected("https://stackoverflow.com/oauth/access_token", false, POST_BODY));
    let token = deviates(StackExchange::new(), 200, form);
    assert_eq!((token.access_token.reveal(), token.lifetime().unwrap().as_secs()), ("abcd*(01234", 86_400));
    let body = r#"{"error":{"type":"invalid_request","message":"unknown code"}}"#;
    assert_eq!(failure(StackExchange::new(), 400, body), ("invalid_request".into(), "unknown code".into()));
    let call_to = |url: &str| {
        let server = FakeServer::new(|_, _| support::json(200, "{}"));
        let client = built(StackExchange::new().site("stackoverflow").key("k((").config(), &server);
        let source = source(&client, Stored::new()).token(Token::bearer("at")).build().unwrap();
        let request = http::Request::get(url).body(Bytes::new()).unwrap();
        block_on(call(&source, request, Placement::Query)).unwrap();
        server.requests.lock().unwrap()[0].uri().to_string()
    };
    assert_eq!(
        call_to("https://api.stackexchange.com/2.3/me?order=desc"),
        "https://api.stackexchange.com/2.3/me?order=desc&site=stackoverflow&key=k%28%28&access_token=at"
    );
    assert_eq!(
        call_to("https://api.stackexchange.com/2.3/me?site=superuser"),
        "https://api.stackexchange.com/2.3/me?site=superuser&key=k%28%28&access_token=at"
    );
    assert_eq!(call_to("https://other.example/me"), "https://other.example/me?access_token=at");
}

#[test]
fn tiktok_calls_the_client_otherwise() {
    let (sent, token) = exchanged(TikTok::new().config(), 200, JSON);
    assert_eq!(
        sent,
        expected("https://open.tiktokapis.com/v2/oauth/token/", false, "client_key=app&client_secret=s3cret")
    );
    token.unwrap();
    let body = r#"{"access_token":"act.1","expires_in":86400,"open_id":"o","scope":"user.info.basic,video.list","token_type":"Bearer"}"#;
    let token = exchanged(TikTok::new().config(), 200, body).1.unwrap();
    assert_eq!(token.scope, Some("user.info.basic video.list".into()));
    let strict = exchanged(plain(&TikTok::new()), 200, body);
    assert!(
        strict.0.contains("client_id=app") && strict.1.unwrap().scope.unwrap().contains("user.info.basic,video.list")
    );
    let query = login(TikTok::new().config(), "user.info.basic video.list");
    assert!(has(&query, "client_key", "app") && has(&query, "scope", "user.info.basic,video.list"), "{query:?}");
    assert!(!query.iter().any(|(name, _)| name == "client_id"), "{query:?}");
}

#[test]
fn tiktoks_code_challenge_is_hexadecimal() {
    let server = FakeServer::new(|_, _| support::json(500, ""));
    let start = |config: Config| {
        let request = AuthorizationRequest::new().code_verifier("v".repeat(43));
        let (url, _) = block_on(built(config, &server).start(request)).unwrap();
        url.query_pairs().find(|(name, _)| name == "code_challenge").unwrap().1.into_owned()
    };
    let digest: String =
        grantee_core::jose::sha256("v".repeat(43).as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(start(TikTok::new().config()), digest);
    assert_eq!(
        start(Spotify::new().config()),
        grantee_core::jose::base64url::encode(grantee_core::jose::sha256("v".repeat(43).as_bytes()))
    );
}

#[test]
fn a_revocation_goes_by_the_same_names() {
    let server = FakeServer::new(|_, _| support::json(200, "{}"));
    block_on(built(TikTok::new().config(), &server).revoke("at")).unwrap();
    assert_eq!(server.body(0), "token=at&client_key=app&client_secret=s3cret");
}

#[test]
fn nothing_of_a_preset_leaks_into_another_client() {
    let form = "access_token=at&token_type=bearer";
    exchanged(GitHub::new().config(), 200, form).1.unwrap();
    for other in [Spotify::new().config(), Slack::bot().config(), TikTok::new().config(), support::literal()] {
        assert!(matches!(exchanged(other, 200, form).1, Err(Error::Rule(_))));
    }
    let server = FakeServer::new(|_, _| support::json(200, JSON));
    block_on(support::client(&server, &ManualClock::new()).token(&ClientCredentials::new())).unwrap();
    assert_eq!(server.body(0), "grant_type=client_credentials");
}

//! OpenID Connect against a server that is none of ours: who logged in, userinfo, every kind of logout, WebFinger, access
//! tokens that are JWTs.

mod faces;

use faces::{Client, Face, Login, callback_of, client, in_both_faces, walk};
use grantee::endpoint::discovery::Where;
use grantee::jose::{ContentEncryption, DecryptionKey, EncryptionKey, Jwk, KeyAlgorithm, KeyKind, jwe};
use grantee::oidc::{access_token, backchannel_logout};
use grantee::{
    AuthorizationRequest, ClientCredentials, EndSession, Error, IdTokenExpectations, MemoryReplayCache, Result,
    UnverifiedIdToken,
};
use grantor::{Endpoint, Jwt, JwtFault, Server};

const REDIRECT_URI: &str = "http://127.0.0.1:4711/callback";

fn server() -> Server {
    Server::builder().auto_approve("alice").start()
}

fn client_of(face: Face, server: &Server) -> Client {
    client!(face, discover(server.issuer().as_str()).client("svc", "secret").redirect_uri(REDIRECT_URI)).unwrap()
}

fn logged_in(client: &Client, scope: &str) -> Result<Login> {
    let (url, pending) = client.start(AuthorizationRequest::new().scope(scope)).unwrap();
    client.finish(pending, callback_of(&url))
}

in_both_faces! {
    a_login_says_who_the_person_is,
    a_login_without_openid_binds_userinfo_to_nobody,
    an_id_token_alone_identifies_the_person,
    a_wrong_id_token_is_no_login,
    encrypted_id_tokens_are_read_with_the_programs_own_key,
    unsigned_id_tokens_are_behind_the_door,
    a_logout_goes_to_the_server_and_comes_back,
    a_back_channel_logout_ends_the_session_once,
    a_front_channel_logout_names_the_session,
    a_third_party_starts_a_login,
    the_session_is_watched_where_the_server_says,
    an_identifier_leads_to_the_provider,
    an_api_validates_access_tokens,
}

fn a_login_says_who_the_person_is(face: Face) {
    let server = server();
    let client = client_of(face, &server);
    let login = logged_in(&client, "openid profile").unwrap();
    let id_token = login.id_token().unwrap();
    assert_eq!((id_token.issuer(), id_token.subject()), (server.issuer().as_str(), "alice"));
    assert_eq!(login.claims().unwrap().sub(), Some("alice"));
    assert!(login.userinfo().unwrap().claims.name().is_some());
    assert_eq!(client.userinfo(login.token(), id_token).unwrap(), login.userinfo().unwrap());
    let raw = login.token().id_token.as_ref().unwrap();
    assert_eq!(&client.verify_id_token(raw, &IdTokenExpectations::new()).unwrap(), id_token);
}

fn a_login_without_openid_binds_userinfo_to_nobody(face: Face) {
    let server = server();
    let client = client_of(face, &server);
    let login = logged_in(&client, "orders").unwrap();
    assert!(login.id_token().is_none() && login.claims().is_none());
    assert!(matches!(login.userinfo(), Err(Error::Config(_))));
    assert_eq!(server.count(Endpoint::Userinfo), 0);
    let unbound = client.userinfo_unbound(logged_in(&client, "openid").unwrap().token()).unwrap();
    assert_eq!(unbound.claims.sub(), Some("alice"));
}

fn an_id_token_alone_identifies_the_person(face: Face) {
    let server = server();
    let client = client_of(face, &server);
    let (url, pending) = client.start(AuthorizationRequest::new().scope("openid").response_type("id_token")).unwrap();
    assert_eq!(client.identify(pending, callback_of(&url)).unwrap().subject(), "alice");
    assert_eq!(server.count(Endpoint::Token), 0);
    let request = AuthorizationRequest::new().scope("openid").response_type("code id_token");
    let (url, pending) = client.start(request).unwrap();
    let response = client.respond(pending, callback_of(&url)).unwrap();
    assert!(response.code().is_some() && response.id_token().is_some());
    assert_eq!(server.count(Endpoint::Token), 0);
}

fn a_wrong_id_token_is_no_login(face: Face) {
    let server = server();
    let client = client_of(face, &server);
    for fault in [JwtFault::WrongIssuer, JwtFault::claim("aud", "other"), JwtFault::without("sub")] {
        server.misbehave_jwt(Jwt::IdToken, fault);
        assert!(matches!(logged_in(&client, "openid"), Err(Error::Rule(_))));
    }
}

fn encrypted_id_tokens_are_read_with_the_programs_own_key(face: Face) {
    let (alg, enc) = (KeyAlgorithm::RsaOaep256, ContentEncryption::A256Gcm);
    let key = Jwk::generate(KeyKind::Rsa(2048)).unwrap();
    let server = server();
    let client = client!(
        face,
        discover(server.issuer().as_str())
            .client("svc", "secret")
            .id_token_encryption(alg.name(), enc.name())
            .decryption_key(DecryptionKey::new(&key, alg).unwrap())
    )
    .unwrap();
    let login = logged_in(&client_of(face, &server), "openid").unwrap();
    let signed = login.token().id_token.as_ref().unwrap();
    let recipient = EncryptionKey::new(&key.public().unwrap(), alg).unwrap();
    let header = jwe::Header::new().with_cty("JWT");
    let encrypted = jwe::encrypt(&header, signed.reveal_unverified().as_bytes(), &recipient, enc).unwrap();
    let verified = client.verify_id_token(&UnverifiedIdToken::new(encrypted), &IdTokenExpectations::new()).unwrap();
    assert_eq!(verified.subject(), "alice");
    assert!(client.verify_id_token(signed, &IdTokenExpectations::new()).is_err());
}

fn unsigned_id_tokens_are_behind_the_door(face: Face) {
    let unsigned = grantor::Client::new("app").secret("secret").redirect_uri(REDIRECT_URI);
    let unsigned = unsigned.id_token_signed_response_alg("none");
    let server = Server::builder().auto_approve("alice").client(unsigned).start();
    let issuer = server.issuer();
    let strict = client!(face, discover(issuer.as_str()).client("app", "secret").redirect_uri(REDIRECT_URI)).unwrap();
    assert!(matches!(logged_in(&strict, "openid"), Err(Error::Rule(_))));
    let lax = client!(
        face,
        discover(issuer.as_str())
            .client("app", "secret")
            .redirect_uri(REDIRECT_URI)
            .danger()
            .accept_unsigned_id_tokens()
    )
    .unwrap();
    assert_eq!(logged_in(&lax, "openid").unwrap().id_token().unwrap().algorithm(), None);
}

fn a_logout_goes_to_the_server_and_comes_back(face: Face) {
    let server = Server::builder()
        .auto_approve("alice")
        .client(
            grantor::Client::new("app")
                .secret("secret")
                .redirect_uri(REDIRECT_URI)
                .post_logout_redirect_uri("http://127.0.0.1:4711/bye"),
        )
        .start();
    let client =
        client!(face, discover(server.issuer().as_str()).client("app", "secret").redirect_uri(REDIRECT_URI)).unwrap();
    let login = logged_in(&client, "openid").unwrap();
    let request = || {
        EndSession::new().id_token_hint(login.id_token().unwrap()).post_logout_redirect_uri("http://127.0.0.1:4711/bye")
    };
    let (url, pending) = client.logout(request()).unwrap();
    let back = back_from(url.as_str());
    pending.finish(back.as_str()).unwrap();
    let (_, other) = client.logout(request()).unwrap();
    assert!(matches!(other.finish(back.as_str()), Err(Error::Rule(_))), "another logout's state");
}

/// Where the server's page after a logout leads.
fn back_from(url: &str) -> String {
    let (status, headers, body) = walk(url);
    let location = headers.into_iter().find(|(name, _)| name == "location").map(|(_, value)| value);
    location.unwrap_or_else(|| panic!("no redirect but {status}: {body}"))
}

fn a_back_channel_logout_ends_the_session_once(face: Face) {
    let server = server();
    let client = client_of(face, &server);
    let replays = MemoryReplayCache::new();
    let judge = |token: &str| client.logout_token(format!("logout_token={token}").as_bytes(), &replays);
    let token = server.logout_token("svc", Some("alice"), Some("s1"), None);
    let outcome = judge(&token);
    assert_eq!(backchannel_logout::answer(&outcome).status(), 200);
    let ended = outcome.unwrap();
    assert_eq!((ended.issuer(), ended.subject()), (server.issuer().as_str(), Some("alice")));
    assert_eq!(ended.session_id(), Some("s1"));
    assert!(judge(&token).unwrap_err().to_string().contains("jti has not been seen before"));
    for fault in [
        JwtFault::WrongIssuer,
        JwtFault::claim("nonce", "n"),
        JwtFault::claim("aud", "other"),
        JwtFault::without("events"),
        JwtFault::without("jti"),
        JwtFault::without("iat"),
        JwtFault::without("exp"),
        JwtFault::AlgNone,
    ] {
        let outcome = judge(&server.logout_token("svc", Some("alice"), None, fault));
        assert_eq!(backchannel_logout::answer(&outcome).status(), 400);
    }
}

fn a_front_channel_logout_names_the_session(face: Face) {
    let server = Server::builder()
        .client(grantor::Client::new("app").secret("secret").frontchannel_logout_uri("http://127.0.0.1:4711/out"))
        .start();
    let client = client!(
        face,
        discover(server.issuer().as_str()).client("app", "secret").frontchannel_logout_session_required()
    )
    .unwrap();
    let named = client.frontchannel_logout(&server.frontchannel_logout_url("app", "s1").unwrap()).unwrap();
    assert_eq!((named.issuer(), named.session_id()), (Some(server.issuer().as_str()), Some("s1")));
    assert!(client.frontchannel_logout("http://127.0.0.1:4711/out").is_err());
}

fn a_third_party_starts_a_login(face: Face) {
    let server = server();
    let client = client_of(face, &server);
    let target = "http://127.0.0.1:4711/orders/7";
    let url = server.initiate_login_url("http://127.0.0.1:4711/initiate", Some(target), Some("alice")).unwrap();
    let login = client.third_party_login(&url).unwrap();
    assert_eq!(login.target_within(&["http://127.0.0.1:4711/orders"]).unwrap().as_str(), target);
    let (url, pending) = client.start(login.request()).unwrap();
    assert_eq!(client.finish(pending, callback_of(&url)).unwrap().id_token().unwrap().subject(), "alice");
    assert!(client.third_party_login("iss=https://other.example").is_err());
}

fn the_session_is_watched_where_the_server_says(face: Face) {
    let server = server();
    let client = client_of(face, &server);
    let login = logged_in(&client, "openid").unwrap();
    let watch = client.session_watch(login.session_state().unwrap()).unwrap();
    assert!(server.issuer().starts_with(watch.origin()));
    let page = watch.rp_iframe_page("/again", "/unknown").unwrap();
    assert!(std::str::from_utf8(page.body()).unwrap().contains("/check_session"));
}

fn an_identifier_leads_to_the_provider(face: Face) {
    let server = server();
    let client = client!(face, discover(Where::person(server.url("/joe"))).public_client("public")).unwrap();
    assert_eq!(client.metadata().unwrap().issuer.as_deref(), Some(server.issuer().as_str()));
    assert_eq!(server.requests_to(Endpoint::Webfinger)[0].query_value("resource"), Some(server.url("/joe")));
}

fn an_api_validates_access_tokens(face: Face) {
    const API: &str = "https://api.example/";
    let server = Server::builder()
        .client(grantor::Client::new("app").secret("secret").jwt_access_tokens("ES256"))
        .client(
            grantor::Client::new("bound")
                .secret("secret")
                .jwt_access_tokens("ES256")
                .access_token_cnf(serde_json::json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"})),
        )
        .start();
    let token_of = |client_id: &str| {
        let client = client!(face, discover(server.issuer().as_str()).client(client_id, "secret")).unwrap();
        let token = client.token(ClientCredentials::new().scope("orders").resource(API)).unwrap();
        token.access_token.reveal().to_owned()
    };
    let api = client!(face, discover(server.issuer().as_str()).public_client("api")).unwrap();
    let token = token_of("app");
    let claims = api.validate(API, "ES256", "orders", &token).unwrap();
    assert_eq!((claims.client_id(), claims.scope().contains("orders")), ("app", true));
    let missing = api.validate(API, "ES256", "orders:write", &token).unwrap_err();
    assert_eq!(access_token::answer(&missing).status(), 403);
    for refused in [
        api.validate("https://other.example/", "ES256", "", &token),
        api.validate(API, "RS256", "", &token),
        api.validate(API, "ES256", "", &token_of("bound")),
    ] {
        assert_eq!(access_token::answer(&refused.unwrap_err()).status(), 401);
    }
}

#[test]
fn a_blocking_replay_cache_of_ones_own_is_asked_on_the_calling_thread() {
    struct Mine(std::thread::ThreadId);
    impl grantee::oidc::BlockingReplayCache for Mine {
        fn first_use(&self, _: &str, _: grantee::UnixTime) -> Result<bool> {
            Ok(std::thread::current().id() == self.0)
        }
    }
    let server = server();
    let client = grantee::blocking::Client::discover(server.issuer())
        .client("svc", "secret")
        .accept_untyped_logout_tokens()
        .build()
        .unwrap();
    let token = server.logout_token("svc", Some("alice"), None, None);
    client.logout_token(token.as_bytes(), &Mine(std::thread::current().id())).unwrap();
}

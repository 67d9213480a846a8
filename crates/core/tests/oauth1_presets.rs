//! Providers of OAuth 1.0: the whole wire of each one's login and of a call to its API, the answers that each documents, and each
//! deviation.

mod support;

use bytes::Bytes;
use grantee_core::oauth1::preset::{Discogs, Flickr, NetSuite, Trello, Tumblr, X};
use grantee_core::oauth1::{Client, Config, Preset, parse_authorization_header, token_credentials};
use grantee_core::ports::Request;
use grantee_core::session::call::{Placement, call};
use grantee_core::{Error, Result, Token};
use std::collections::BTreeMap;
use std::sync::Arc;
use support::{FakeServer, Inline, ManualClock, block_on, ports};
use url::Url;

const LENT: &str = "oauth_token=lent&oauth_token_secret=lent-secret&oauth_callback_confirmed=true";
const GRANTED: &str = "oauth_token=granted&oauth_token_secret=granted-secret";
const CALLBACK: &str = "https://app.example/ready";

fn built(preset: &dyn Preset, server: &Arc<FakeServer>) -> Client {
    let mut config = Config::new("key", "key-secret");
    preset.settle(&mut config);
    config.set_callback(CALLBACK.to_owned());
    Client::new(config, ports(server, &ManualClock::new(), Arc::new(Inline))).unwrap()
}

/// A request without what is in every header: method, URL, the header's further parameters with the realm, the body.
fn told(request: &Request) -> String {
    let header = request.headers()["authorization"].to_str().unwrap();
    let mut read: BTreeMap<_, _> = parse_authorization_header(header).unwrap().into_iter().collect();
    assert_eq!(read.remove("oauth_consumer_key").as_deref(), Some("key"));
    assert_eq!(read.remove("oauth_timestamp").as_deref(), Some("1700000000"));
    assert_eq!(read.remove("oauth_version").as_deref(), Some("1.0"));
    assert_eq!(read.remove("oauth_nonce").map(|nonce| nonce.len()), Some(32));
    assert!(read.remove("oauth_signature").is_some_and(|signature| !signature.is_empty()));
    let mut text = format!("{} {}", request.method(), request.uri());
    for (name, value) in read {
        text.push_str(&format!("\n{name}: {value}"));
    }
    if let Some(agent) = request.headers().get("user-agent") {
        text.push_str(&format!("\nuser-agent: {}", agent.to_str().unwrap()));
    }
    text.push_str(&format!("\n\n{}", std::str::from_utf8(request.body()).unwrap()));
    text
}

struct Told {
    temporary: String,
    url: String,
    token: String,
    api: String,
}

/// A login, and a post of JSON to the API.
fn wire(preset: &dyn Preset, api: &str) -> Told {
    let server = FakeServer::new(|_, count| {
        Ok(http::Response::new(Bytes::from_static([LENT, GRANTED, "{}"][count - 1].as_bytes())))
    });
    let client = built(preset, &server);
    let (url, pending) = block_on(client.start()).unwrap();
    let token = block_on(client.finish(pending, "oauth_token=lent&oauth_verifier=v#_=_")).unwrap();
    let source = client.source_of(token).build().unwrap();
    let request =
        http::Request::post(api).header("content-type", "application/json").body(Bytes::from_static(b"{}")).unwrap();
    block_on(call(&source, request, Placement::Header)).unwrap();
    let requests = server.requests.lock().unwrap();
    assert_eq!(requests.len(), 3);
    Told { temporary: told(&requests[0]), url: url.into(), token: told(&requests[1]), api: told(&requests[2]) }
}

/// That the wire is the usual one at these endpoints: nothing of a body that is no form is signed.
fn usual(preset: &dyn Preset, temporary: &str, url: &str, token: &str, api: &str, method: &str, more: &str) {
    let told = wire(preset, api);
    let by = |name: &str| format!("oauth_signature_method: {name}");
    assert_eq!(told.temporary, format!("{temporary}\noauth_callback: {CALLBACK}\n{}{more}\n\n", by(method)));
    assert_eq!(told.url, url);
    assert_eq!(told.token, format!("{token}\n{}\noauth_token: lent\noauth_verifier: v{more}\n\n", by(method)));
    assert_eq!(told.api, format!("POST {api}\n{}\noauth_token: granted{more}\n\n{{}}", by(method)));
}

/// What comes of an answer to the request for temporary credentials.
fn answered(preset: &dyn Preset, status: u16, body: &'static str) -> Result<Url> {
    let server = FakeServer::new(move |_, _| {
        Ok(http::Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap())
    });
    block_on(built(preset, &server).start()).map(|(url, _)| url)
}

fn said(error: &Error) -> (&str, &str) {
    match error {
        Error::Server(server) => (server.error.as_str(), server.description.as_deref().unwrap_or_default()),
        other => panic!("{other:?}"),
    }
}

fn granted(body: &'static str) -> Token {
    token_credentials::judge(&http::Response::new(Bytes::from_static(body.as_bytes()))).unwrap()
}

#[test]
fn discogs_is_told_who_asks() {
    let discogs = Discogs::new("Crates/1.0 +https://crates.example").unwrap();
    usual(
        &discogs,
        "POST https://api.discogs.com/oauth/request_token",
        "https://www.discogs.com/oauth/authorize?oauth_token=lent",
        "POST https://api.discogs.com/oauth/access_token",
        &format!("{}oauth/identity", Discogs::API),
        "HMAC-SHA1",
        "\nuser-agent: Crates/1.0 +https://crates.example",
    );
    for bad in ["", " ", "a\nb"] {
        assert!(matches!(Discogs::new(bad), Err(Error::Config(_))), "{bad:?}");
    }
    assert!(
        answered(&discogs, 200, "oauth_token=abc123&oauth_token_secret=xyz789&oauth_callback_confirmed=true").is_ok()
    );
    let text = "This URL is an OAuth endpoint, but the request you made doesn't appear to\nconform to the OAuth 1.0a protocol.";
    let error = answered(&discogs, 400, text).unwrap_err();
    assert!(said(&error).1.starts_with("This URL is an OAuth endpoint"), "{error}");
    assert_eq!(error.to_string().lines().count(), 1);
    assert_eq!(said(&answered(&discogs, 401, "Invalid consumer.").unwrap_err()), ("refused", "Invalid consumer."));
}

#[test]
fn a_user_agent_of_the_programs_own_is_left_alone() {
    let server = FakeServer::new(|_, _| Ok(http::Response::new(Bytes::new())));
    let client = built(&Discogs::new("Crates/1.0").unwrap(), &server);
    let source = client.source_of(token_credentials::token("t", "s")).build().unwrap();
    let request = http::Request::get("https://api.discogs.com/a").header("user-agent", "Other/2").body(Bytes::new());
    block_on(call(&source, request.unwrap(), Placement::Header)).unwrap();
    assert_eq!(server.requests.lock().unwrap()[0].headers()["user-agent"], "Other/2");
}

#[test]
fn flickr_is_asked_by_get_and_told_what_is_wanted() {
    usual(
        &Flickr::write(),
        "GET https://www.flickr.com/services/oauth/request_token",
        "https://www.flickr.com/services/oauth/authorize?oauth_token=lent&perms=write",
        "GET https://www.flickr.com/services/oauth/access_token",
        Flickr::API,
        "HMAC-SHA1",
        "",
    );
    for (preset, perms) in [(Flickr::read(), "perms=read"), (Flickr::delete(), "perms=delete")] {
        let url = answered(&preset, 200, "oauth_callback_confirmed=true&oauth_token=72157626737672178-022bbd2f4c2f3432&oauth_token_secret=fccb68c4e6103197").unwrap();
        assert!(url.as_str().ends_with(perms), "{url}");
    }
    let token = granted(
        "fullname=Jamal%20Fanaian&oauth_token=72157626318069415-087bfc7b5816092c&oauth_token_secret=a202d1f853ec69de&user_nsid=21207597%40N07&username=jamalfanaian",
    );
    assert_eq!(token.get("user_nsid").unwrap(), "21207597@N07");
    let error =
        answered(&Flickr::read(), 401, "oauth_problem=signature_invalid&debug_sbs=GET&https%3A%2F%2F").unwrap_err();
    assert_eq!(said(&error), ("signature_invalid", ""));
    // Its errors have come with status 200, too.
    let error = answered(&Flickr::read(), 200, "oauth_problem=nonce_used").unwrap_err();
    assert_eq!(said(&error).0, "nonce_used");
}

#[test]
fn netsuite_is_known_by_the_account_in_hosts_and_realm() {
    for id in ["1234567_SB1", "1234567-sb1"] {
        let netsuite = NetSuite::account(id).unwrap();
        let restlet = format!("{}?script=6&deploy=1", netsuite.restlet_url());
        assert_eq!(
            restlet,
            "https://1234567-sb1.restlets.api.netsuite.com/app/site/hosting/restlet.nl?script=6&deploy=1"
        );
        let told = wire(&netsuite, &restlet);
        assert_eq!(
            told.temporary,
            format!(
                "POST https://1234567-sb1.restlets.api.netsuite.com/rest/requesttoken\noauth_callback: {CALLBACK}\n\
                 oauth_signature_method: HMAC-SHA256\nrealm: 1234567_SB1\n\n"
            )
        );
        assert_eq!(
            told.url,
            "https://1234567-sb1.app.netsuite.com/app/login/secure/authorizetoken.nl?oauth_token=lent"
        );
        assert_eq!(
            told.token,
            "POST https://1234567-sb1.restlets.api.netsuite.com/rest/accesstoken\noauth_signature_method: HMAC-SHA256\n\
             oauth_token: lent\noauth_verifier: v\nrealm: 1234567_SB1\n\n"
        );
        assert_eq!(
            told.api,
            format!(
                "POST {restlet}\noauth_signature_method: HMAC-SHA256\noauth_token: granted\nrealm: 1234567_SB1\n\n{{}}"
            )
        );
    }
    let production = NetSuite::account("1234567").unwrap();
    assert_eq!(production.rest_url(), "https://1234567.suitetalk.api.netsuite.com/services/rest/");
    for bad in ["", "-1", "_1", "1.2", "1/2", "1 2", "a@b", "é", &"1".repeat(51)] {
        assert!(matches!(NetSuite::account(bad), Err(Error::Config(_))), "{bad}");
    }
}

#[test]
fn netsuite_says_more_when_the_person_comes_back_and_nothing_when_they_refuse() {
    let finished = |callback: &str| {
        let server = FakeServer::new(|_, count| {
            Ok(http::Response::new(Bytes::from_static([LENT, GRANTED][count - 1].as_bytes())))
        });
        let client = built(&NetSuite::account("1234567").unwrap(), &server);
        let (_, pending) = block_on(client.start()).unwrap();
        block_on(client.finish(pending, callback))
    };
    let back = "https://my.example.com/TBA/?callbackRequest&oauth_token=lent";
    finished(&format!("{back}&oauth_verifier=v&company=1234567&role=3&entity=38")).unwrap();
    let error = finished(&format!("{back}&oauth_verifier=")).unwrap_err();
    assert!(error.hint().unwrap().contains("refused"), "{error}");
    let preset = NetSuite::account("1234567").unwrap();
    let error =
        answered(&preset, 403, r#"{"error":{"code":"INVALID_LOGIN_ATTEMPT","message":"Invalid login attempt."}}"#);
    assert_eq!(said(&error.unwrap_err()), ("INVALID_LOGIN_ATTEMPT", "Invalid login attempt."));
}

#[test]
fn trello_is_told_who_wants_what_for_how_long() {
    let endpoints = |preset: &dyn Preset, asks: &str| {
        usual(
            preset,
            "POST https://trello.com/1/OAuthGetRequestToken",
            &format!("https://trello.com/1/OAuthAuthorizeToken?oauth_token=lent&{asks}"),
            "POST https://trello.com/1/OAuthGetAccessToken",
            &format!("{}members/me", Trello::API),
            "HMAC-SHA1",
            "",
        );
    };
    endpoints(&Trello::new("Boards & more"), "name=Boards+%26+more&scope=read&expiration=30days");
    let backup = Trello::new("Backup").scope("read,account").expiration("never");
    endpoints(&backup, "name=Backup&scope=read%2Caccount&expiration=never");
    assert_eq!(said(&answered(&backup, 500, "Invalid Signature").unwrap_err()), ("refused", "Invalid Signature"));
}

#[test]
fn tumblr_is_as_the_specification_says() {
    usual(
        &Tumblr::new(),
        "POST https://www.tumblr.com/oauth/request_token",
        "https://www.tumblr.com/oauth/authorize?oauth_token=lent",
        "POST https://www.tumblr.com/oauth/access_token",
        &format!("{}user/info", Tumblr::API),
        "HMAC-SHA1",
        "",
    );
    let text = "Out-of-band (\"oob\") callbacks are not supported by this implementation.";
    assert_eq!(said(&answered(&Tumblr::new(), 400, text).unwrap_err()), ("refused", text));
    let body = r#"{"meta":{"status":401,"msg":"Unauthorized"},"response":[],"errors":[{"title":"Unauthorized","code":1016,"detail":"Unable to authorize"}]}"#;
    assert_eq!(said(&answered(&Tumblr::new(), 401, body).unwrap_err()), ("1016", "Unable to authorize"));
}

#[test]
fn x_asks_each_time_or_signs_in() {
    let endpoints = |preset: &dyn Preset, temporary: &str, url: &str| {
        usual(
            preset,
            temporary,
            url,
            "POST https://api.x.com/oauth/access_token",
            &format!("{}2/tweets", X::API),
            "HMAC-SHA1",
            "",
        );
    };
    let temporary = "POST https://api.x.com/oauth/request_token";
    endpoints(&X::new(), temporary, "https://api.x.com/oauth/authorize?oauth_token=lent");
    endpoints(
        &X::sign_in().force_login().screen_name("a b"),
        temporary,
        "https://api.x.com/oauth/authenticate?oauth_token=lent&force_login=true&screen_name=a+b",
    );
    let read_only = wire(&X::new().read_only(), "https://api.x.com/2/tweets");
    assert_eq!(
        read_only.temporary,
        format!(
            "{temporary}\noauth_callback: {CALLBACK}\noauth_signature_method: HMAC-SHA1\n\nx_auth_access_type=read"
        )
    );
}

#[test]
fn x_says_in_json_and_xml_why_it_refuses() {
    let refused = |body| answered(&X::new(), 401, body).unwrap_err();
    let error = refused(r#"{"errors":[{"code":32,"message":"Could not authenticate you."}]}"#);
    assert_eq!(said(&error), ("32", "Could not authenticate you."));
    let error = refused(r#"{"errors":[{"code":135,"message":"Timestamp out of bounds."}]}"#);
    assert!(error.hint().unwrap().contains("clock"), "{error}");
    let error = refused(
        r#"<?xml version="1.0" encoding="UTF-8"?><errors><error code="415">Callback URL not approved for this client application.</error></errors>"#,
    );
    assert_eq!(said(&error), ("415", "Callback URL not approved for this client application."));
    let error = refused(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<hash>\n  <error>Desktop applications only support the oauth_callback value 'oob'</error>\n  <request>/oauth/request_token</request>\n</hash>\n",
    );
    assert!(said(&error).1.starts_with("Desktop applications only support the oauth_callback value 'oob'"), "{error}");
    let token = granted(
        "oauth_token=6253282-eWudHldSbIaelX7swmsiHImEL4KinwaGloHANdrY&oauth_token_secret=2EEfA6BG3ly3sR3RjE0IBSnlQu4ZrUzPiYKmrkVU&user_id=6253282&screen_name=xapi",
    );
    assert_eq!((token.get("user_id").unwrap(), token.get("screen_name").unwrap()), (&"6253282".into(), &"xapi".into()));
}

#[test]
fn none_of_them_lets_an_unconfirmed_callback_pass() {
    let presets: [&dyn Preset; 6] = [
        &Discogs::new("Crates/1.0").unwrap(),
        &Flickr::read(),
        &NetSuite::account("1234567").unwrap(),
        &Trello::new("Boards"),
        &Tumblr::new(),
        &X::new(),
    ];
    for preset in presets {
        let outcome = answered(preset, 200, "oauth_token=t&oauth_token_secret=s");
        assert!(matches!(outcome, Err(Error::Rule(_))), "{outcome:?}");
    }
}

#[test]
fn who_shows_no_code_needs_a_callback() {
    let presets: [(&dyn Preset, bool); 3] =
        [(&Trello::new("Boards"), true), (&Tumblr::new(), true), (&Flickr::read(), false)];
    for (preset, needs_one) in presets {
        for callback in [None, Some("oob")] {
            let server = FakeServer::new(|_, _| Ok(http::Response::new(Bytes::from_static(LENT.as_bytes()))));
            let mut config = Config::new("key", "key-secret");
            preset.settle(&mut config);
            callback.into_iter().for_each(|callback: &str| config.set_callback(callback.to_owned()));
            let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
            let outcome = block_on(client.start());
            assert_eq!(matches!(&outcome, Err(Error::Config(_))), needs_one, "{outcome:?}");
            assert_eq!(server.count(), usize::from(!needs_one), "nothing is sent");
        }
    }
}

#[test]
fn nothing_of_a_preset_leaks_into_another_client() {
    wire(&Flickr::read(), Flickr::API);
    wire(&NetSuite::account("1234567").unwrap(), "https://1234567.restlets.api.netsuite.com/a");
    struct Plain;
    impl Preset for Plain {
        fn settle(&self, config: &mut Config) {
            config.set_temporary_credentials_endpoint("https://photos.example/initiate".to_owned());
            config.set_authorization_endpoint("https://photos.example/authorize".to_owned());
            config.set_token_credentials_endpoint("https://photos.example/token".to_owned());
        }
    }
    let told = wire(&Plain, "https://photos.example/a");
    assert!(told.temporary.starts_with("POST ") && !told.temporary.contains("realm"), "{}", told.temporary);
    assert!(told.api.contains("oauth_body_hash") && !told.api.contains("user-agent"), "{}", told.api);
    assert_eq!(told.url, "https://photos.example/authorize?oauth_token=lent");
}

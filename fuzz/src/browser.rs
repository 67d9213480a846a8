//! What a browser brings to the program's own addresses, and the page it is given: any page of anybody's can send it.

use crate::client::{CLIENT, CLIENT_ID, ISSUER, NOW, Nothing};
use crate::property::{at_once, hides, is_presentable, marker};
use grantee_core::UnixTime;
use grantee_core::authorization::Callback;
use grantee_core::endpoint::end_session::{EndSession, EndSessionContext, PendingLogout};
use grantee_core::oidc::{SessionWatch, ThirdPartyLogin};
use std::sync::LazyLock;
use url::Url;

const BACK: &str = "https://app.example/bye?own=1";

/// The first byte chooses how the text came, the rest is the text.
pub fn browser(data: &[u8]) {
    let (choice, bytes) = data.split_first().unwrap_or((&0, &[]));
    let text = String::from_utf8_lossy(bytes);
    let callback = || match choice % 3 {
        0 => Callback::from(&*text),
        1 => Callback::query(&*text),
        _ => Callback::form_post(bytes),
    };
    frontchannel(callback());
    third_party(callback());
    end_session(callback(), &marker(data), &text);
    page(&text);
}

fn frontchannel(callback: Callback<'_>) {
    match at_once(CLIENT.frontchannel_logout(callback)) {
        Ok(logout) => {
            assert_eq!(logout.issuer().is_some(), logout.session_id().is_some());
            assert!(logout.issuer().is_none_or(|issuer| issuer == ISSUER));
        }
        Err(error) => is_presentable(&error),
    }
}

fn third_party(callback: Callback<'_>) {
    let login = match ThirdPartyLogin::read(callback) {
        Ok(login) => login,
        Err(error) => return is_presentable(&error),
    };
    assert!(!login.issuer().is_empty());
    if let Some(target) = login.target_within(&["https://app.example/orders"]) {
        assert_eq!(target.origin().ascii_serialization(), "https://app.example");
        let path = target.path();
        assert!(path == "/orders" || path.starts_with("/orders/"), "{target}");
        assert!(target.username().is_empty() && target.password().is_none());
        let again = Url::parse(target.as_str()).expect("a URL");
        assert_eq!(again, target);
    }
}

static PENDING: LazyLock<String> = LazyLock::new(|| {
    let context = EndSessionContext {
        client_id: CLIENT_ID,
        end_session_endpoint: "https://as.example/logout",
        entropy: &Nothing,
        now: UnixTime::from_seconds(NOW),
        allow_http: false,
    };
    let request = EndSession::new().post_logout_redirect_uri(BACK).state("st4te");
    let (_, pending) = request.start(&context).expect("a request that can be made");
    pending.to_json().expect("it can be kept")
});

fn end_session(callback: Callback<'_>, marker: &str, text: &str) {
    let pending = || PendingLogout::from_json(&PENDING).expect("what was kept is read");
    match pending().finish(callback) {
        Ok(()) => {}
        Err(error) => is_presentable(&error),
    }
    // An answer that holds a state, with anything behind it.
    let kept = PENDING.replace("st4te", marker);
    let pending = PendingLogout::from_json(&kept).expect("what was kept is read");
    hides(marker, &pending);
    if let Err(error) = pending.finish(Callback::query(format!("state={marker}&{text}"))) {
        hides(marker, &error);
        hides(marker, &error.to_string());
    }
    if let Err(error) = PendingLogout::from_json(text) {
        is_presentable(&error);
    }
}

/// Lines: a client, a session state, the server's page, and where to go.
fn page(text: &str) {
    let mut lines = text.lines();
    let mut line = || lines.next().unwrap_or_default();
    let (client_id, state, frame, changed, error) = (line(), line(), line(), line(), line());
    let watch = match SessionWatch::new(client_id, state, frame) {
        Ok(watch) => watch,
        Err(error) => return is_presentable(&error),
    };
    assert_eq!(watch.message(), format!("{client_id} {state}"));
    let answer = match watch.rp_iframe_page(changed, error) {
        Ok(answer) => answer,
        Err(error) => return is_presentable(&error),
    };
    let plain = SessionWatch::new("a", "b", "https://as.example/").and_then(|watch| watch.rp_iframe_page("/c", "/d"));
    let plain = plain.expect("a plain page");
    let [page, plain] = [&answer, &plain].map(|answer| String::from_utf8_lossy(answer.body()).into_owned());
    for character in ['<', '>', '"', '\''] {
        let count = |text: &str| text.chars().filter(|c| *c == character).count();
        assert_eq!(count(&page), count(&plain), "{character} in {page}");
    }
    let policy = answer.headers()["content-security-policy"].to_str().expect("a header");
    assert!(policy.contains(&format!("frame-src {};", watch.origin())) && policy.matches(';').count() == 5, "{policy}");
}

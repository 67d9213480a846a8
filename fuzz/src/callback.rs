//! What comes back through the browser: anybody can send it.

use crate::property::{hides, is_presentable, marker};
use grantee_core::authorization::{AuthorizationRequest, Callback, Pending, RequestContext};
use grantee_core::ports::Entropy;
use grantee_core::{Params, Result, UnixTime};

const STATE: &str = "st4te";
const ISSUER: &str = "https://as.example";
const REDIRECT_URI: &str = "https://app.example/callback?own=1";

/// The first byte chooses how the text came and whether it must name the issuer, the rest is the text.
pub fn callback(data: &[u8]) {
    let (choice, bytes) = data.split_first().unwrap_or((&0, &[]));
    let iss_required = choice & 1 == 1;
    let text = String::from_utf8_lossy(bytes);
    judge(*choice, &text, bytes, iss_required);

    // An answer that holds a code, with anything behind it.
    let marker = marker(data);
    let answer = format!("code={marker}&state={STATE}&{text}");
    for callback in [Callback::query(&answer), Callback::fragment(&answer), Callback::form_post(answer.as_bytes())] {
        match pending(iss_required).respond(callback) {
            Ok(response) => hides(&marker, &response),
            Err(error) => {
                hides(&marker, &error);
                hides(&marker, &error.to_string());
            }
        }
    }

    // What was kept meanwhile came back from a cookie, perhaps not the way it left.
    if let Err(error) = Pending::from_json(&text) {
        is_presentable(&error);
    }
}

fn judge(choice: u8, text: &str, bytes: &[u8], iss_required: bool) {
    let callback = match choice >> 1 & 3 {
        0 => Callback::from(text),
        1 => Callback::query(text),
        2 => Callback::fragment(text),
        _ => Callback::form_post(bytes),
    };
    let response = match pending(iss_required).respond(callback) {
        Ok(response) => response,
        Err(error) => return is_presentable(&error),
    };
    assert_eq!(response.state(), STATE);
    let code = response.code().expect("an answer that passes holds a code").reveal();
    assert!(!code.is_empty());

    // The parameters read another way, from wherever the text may hold them: what passed stands there once. A whole URL
    // loses control characters when it is parsed, so texts with such are left out.
    if text.contains(|c: char| c.is_control()) {
        return;
    }
    let held = readings(text).find(|params| params.get("code") == Some(code) && params.get("state") == Some(STATE));
    let params = held.expect("code and state are those of the answer");
    assert_eq!(params.get_all("code").count(), 1);
    assert_eq!(params.get_all("state").collect::<Vec<_>>(), [STATE]);
    assert_eq!(params.get("error"), None);
    match params.get_all("iss").collect::<Vec<_>>()[..] {
        [] => assert!(!iss_required),
        [iss] => assert_eq!(iss, ISSUER),
        _ => panic!("two issuers"),
    }
}

/// The whole text, what follows the first `?` or `#`, and each of these without its fragment.
fn readings(text: &str) -> impl Iterator<Item = Params> {
    let parts = [Some(text), text.split_once('?').map(|(_, rest)| rest), text.split_once('#').map(|(_, rest)| rest)];
    parts.into_iter().flatten().flat_map(|part| [part, part.split('#').next().unwrap_or(part)]).map(Params::parse)
}

fn pending(iss_required: bool) -> Pending {
    struct Sevens;
    impl Entropy for Sevens {
        fn fill(&self, bytes: &mut [u8]) -> Result<()> {
            bytes.fill(7);
            Ok(())
        }
    }
    let context = RequestContext {
        client_id: "app",
        issuer: Some(ISSUER),
        authorization_endpoint: "https://as.example/authorize",
        iss_parameter_supported: iss_required,
        redirect_uri: Some(REDIRECT_URI),
        entropy: &Sevens,
        now: UnixTime::from_seconds(1_700_000_000),
        allow_http: false,
    };
    AuthorizationRequest::new().state(STATE).start(&context).expect("a request that can be made").1
}

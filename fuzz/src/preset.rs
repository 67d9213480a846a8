//! Token answers of providers that deviate: evened out, or refused; and never made what they were not.

use crate::client::Scripted;
use crate::property::{answer, answer_with_secrets, at_once, hides, is_presentable, marker, tells_nothing};
use grantee_core::grant::ClientCredentials;
use grantee_core::preset::{
    Facebook, Fitbit, GitHub, Mailchimp, Preset, Salesforce, Slack, Spotify, StackExchange, TikTok,
};
use grantee_core::{Result, Token, token_type};
use url::Url;

/// The first byte chooses the status, the rest is the body.
pub fn preset(data: &[u8]) {
    let facebook = Facebook::version("v23.0").expect("a version");
    let presets: [&dyn Preset; 9] = [
        &facebook,
        &Fitbit::new(),
        &GitHub::new(),
        &Mailchimp::new(),
        &Slack::bot(),
        &Slack::user(),
        &Spotify::new(),
        &StackExchange::new(),
        &TikTok::new(),
    ];
    let marker = marker(data);
    for preset in presets {
        match token(preset, answer(data)) {
            Ok(token) => {
                assert!(!token.access_token.is_empty() && !token.token_type.is_empty());
                // An answer that says no is no token, in whatever form it says so.
                assert!(token.get("error").is_none_or(|error| error.as_str().is_none_or(str::is_empty)), "{token:?}");
                if let Ok(header) = token_type::authorization_header(&token) {
                    assert!(header.is_sensitive());
                }
                if let Ok(url) = Salesforce::instance_url(&token) {
                    let url = Url::parse(url).expect("it is a URL");
                    let host = url.host_str().expect("it has a host");
                    assert!(host.ends_with(".salesforce.com") || host.ends_with(".force.com"), "{url}");
                    assert!(url.scheme() == "https" && url.username().is_empty(), "{url}");
                }
            }
            Err(error) => is_presentable(&error),
        }
        match token(preset, answer_with_secrets(&marker, data)) {
            Ok(token) => hides(&marker, &token),
            Err(error) => tells_nothing(&marker, &error),
        }
        let mut form = data.get(..1).unwrap_or_default().to_vec();
        form.extend_from_slice(format!("access_token={marker}&").as_bytes());
        form.extend_from_slice(data.get(1..).unwrap_or_default());
        match token(preset, answer(&form)) {
            Ok(token) => hides(&marker, &token),
            Err(error) => tells_nothing(&marker, &error),
        }
    }
    match Mailchimp::judge_metadata(&answer(data)) {
        Ok(base) => {
            let url = Url::parse(&base).expect("it is a URL");
            assert!(url.scheme() == "https" && url.username().is_empty() && url.path() == "/3.0/", "{base}");
            assert!(url.host_str().is_some_and(|host| host.ends_with(".api.mailchimp.com")), "{base}");
            assert!(url.query().is_none() && url.fragment().is_none() && url.password().is_none(), "{base}");
        }
        Err(error) => is_presentable(&error),
    }
}

fn token(preset: &dyn Preset, answer: http::Response<bytes::Bytes>) -> Result<Token> {
    let world = Scripted::new([Some(answer)]);
    let mut config = preset.config();
    config.set_client("app".to_owned(), Some("s3cret".into()));
    let client = world.client(config).expect("the client is configured");
    let outcome = at_once(client.token(&ClientCredentials::new()));
    assert_eq!(world.sent().len(), 1);
    outcome
}

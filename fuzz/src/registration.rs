//! Registrations: as a server answers them, as it answers when they are managed, and as they come back from where they were kept.

use crate::client::{ISSUER, NOW, Scripted, config};
use crate::property::{answer, answer_with, hides, is_kept, is_presentable, marker, tells_nothing};
use grantee_core::UnixTime;
use grantee_core::endpoint::client_configuration::{self, judge_deletion, read_request, update_request};
use grantee_core::endpoint::registration::{Registration, judge};
use grantee_core::metadata::ClientMetadata;
use url::Url;

/// The first byte chooses the status, the rest is the body; or a registration that was kept.
pub fn registration(data: &[u8]) {
    match judge(&answer(data)) {
        Ok(registration) => {
            assert!(registration.issuer.is_none(), "a server does not say whose the client is");
            is_sound(&registration);
        }
        Err(error) => is_presentable(&error),
    }
    let kept = kept();
    match client_configuration::judge(&answer(data), &kept) {
        Ok(now) => {
            assert_eq!((&now.client_id, &now.issuer), (&kept.client_id, &kept.issuer));
            assert!(now.client_secret.is_some() && now.registration_access_token.is_some());
            assert!(now.registration_client_uri.is_some());
            is_sound(&now);
        }
        Err(error) => is_presentable(&error),
    }
    if let Err(error) = judge_deletion(&answer(data)) {
        is_presentable(&error);
    }

    let marker = marker(data);
    let secrets = format!(
        r#""client_secret":"{marker}","registration_access_token":"{marker}","software_statement":"{marker}","client_id":"s6BhdRkqt3""#
    );
    let with_secrets = answer_with(&secrets, data);
    for outcome in [judge(&with_secrets), client_configuration::judge(&with_secrets, &kept)] {
        match outcome {
            Ok(registration) => hides(&marker, &registration),
            Err(error) => tells_nothing(&marker, &error),
        }
    }

    let body = data.get(1..).unwrap_or_default();
    if let Ok(registration) = serde_json::from_slice::<Registration>(body) {
        is_sound(&registration);
    }
}

fn is_sound(registration: &Registration) {
    let again = is_kept(registration);
    assert_eq!(
        again.is_secret_expired(UnixTime::from_seconds(NOW)),
        registration.is_secret_expired(UnixTime::from_seconds(NOW))
    );
    assert!(again.client_secret == registration.client_secret, "another secret came back");
    assert!(registration.changed_from(&registration.metadata).is_empty(), "it differs from itself");
    assert!(registration.changed_from(&ClientMetadata::new()).is_empty(), "nothing was asked, so nothing was changed");
    // Whatever it says, a client of it is made or refused.
    let mut config = config();
    config.set_registration(registration);
    match Scripted::new([]).client(config) {
        Ok(client) => assert_eq!(client.client_id(), registration.client_id),
        Err(error) => is_presentable(&error),
    }
    let url = Url::parse("https://as.example/register/1").expect("a URL");
    if let Err(error) = read_request(&url, registration) {
        is_presentable(&error);
    }
    // Beginning with what is registered, an update sends nothing that is the server's to give, but who the client is.
    match update_request(&url, registration, &registration.metadata) {
        Ok(request) => {
            let body: serde_json::Value = serde_json::from_slice(request.body()).expect("an update is JSON");
            assert_eq!(body["client_id"], registration.client_id);
            for name in ["registration_access_token", "registration_client_uri", "client_secret_expires_at"] {
                assert!(body.get(name).is_none(), "{name} was sent back");
            }
        }
        Err(error) => is_presentable(&error),
    }
}

fn kept() -> Registration {
    let mut kept = Registration::default();
    kept.issuer = Some(ISSUER.to_owned());
    kept.client_id = "s6BhdRkqt3".to_owned();
    kept.client_secret = Some("cf136dc3".into());
    kept.registration_access_token = Some("reg-23410913".into());
    kept.registration_client_uri = Some(format!("{ISSUER}/register/1"));
    kept
}

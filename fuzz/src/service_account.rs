//! The key file of a service account, and what stands where its key would.

use crate::keys;
use crate::property::{hides, marker, tells_nothing};
use grantee_core::grant::ServiceAccount;
use std::sync::LazyLock;

static PEM: LazyLock<String> = LazyLock::new(|| keys::pem("rsa"));

/// The text of the file. A `private_key` that is the one word `rsa` is a good one.
pub fn service_account(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let marker = marker(data);
    let with_key = text.replacen("\"rsa\"", &serde_json::Value::from(PEM.as_str()).to_string(), 1);
    // What tells the key from any other.
    let secret = PEM.lines().nth(2).unwrap_or_default();
    for text in [&*text, &with_key] {
        match ServiceAccount::from_json(text) {
            Ok(account) => {
                assert!(!account.client_email().is_empty());
                hides(secret, &account);
                hides(secret, &account.grant());
                let config = account.config();
                hides(secret, &config);
            }
            Err(error) => tells_nothing(secret, &error),
        }
    }
    // A key that is broken somewhere, with anything behind it.
    for key in [format!("-----BEGIN PRIVATE KEY-----\\n{marker}\\n-----END PRIVATE KEY-----\\n"), marker.clone()] {
        let rest = text.strip_prefix('{').unwrap_or(&text);
        let file = format!(
            r#"{{"type":"service_account","client_email":"a","token_uri":"https://as.example/t","private_key":"{key}",{rest}"#
        );
        match ServiceAccount::from_json(&file) {
            Ok(account) => hides(&marker, &account),
            Err(error) => tells_nothing(&marker, &error),
        }
    }
}

//! A token file: what a store finds where it has written before, whatever has happened to it meanwhile.

use crate::property::{hides, is_presentable, marker};
use grantee_core::store::TokenKey;

/// The bytes are the file, or what follows a secret in one.
pub fn token_file(data: &[u8]) {
    let key = TokenKey::new([("account", "a")]);
    let marker = marker(data);
    let mut torn = format!(
        r#"{{"version":1,"records":{{"{key}":{{"issuer":"i","client_id":"c","token":{{"access_token":"{marker}","#
    )
    .into_bytes();
    torn.extend_from_slice(data);
    for bytes in [data, &torn] {
        match grantee_stores::read_for_fuzzing(bytes, &key) {
            Ok(record) => hides(&marker, &record),
            Err(error) => {
                hides(&marker, &error);
                assert!(!error.to_string().contains(&marker));
                is_presentable(&error.into());
            }
        }
    }
}

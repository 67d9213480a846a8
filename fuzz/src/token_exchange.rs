//! An answer to a token exchange: what was issued is used as what it is.

use crate::client::{Scripted, config};
use crate::property::{answer, answer_with, at_once, hides, is_kept, is_presentable, marker, tells_nothing};
use grantee_core::Token;
use grantee_core::grant::{SecurityToken, TokenExchange};
use grantee_core::token_type::authorization_header;

/// The first byte chooses the status, the rest is the body.
pub fn token_exchange(data: &[u8]) {
    match exchange(answer(data)) {
        Ok(token) => {
            let issued = token.issued_token_type.as_deref().expect("an exchange says what was issued");
            assert!(!issued.is_empty() && !token.access_token.is_empty());
            // What is no access token goes on no request.
            let bearer = token.token_type.eq_ignore_ascii_case("Bearer");
            assert!(bearer || authorization_header(&token).is_err());
            // Handed over once more, its type is the one that the server told.
            let next = SecurityToken::from(&token);
            assert!(next.token_type() == issued || next.token_type().ends_with(issued), "{}", next.token_type());
            let again: Token = is_kept(&token);
            assert_eq!(again.issued_token_type, token.issued_token_type);
        }
        Err(error) => is_presentable(&error),
    }
    let marker = marker(data);
    match exchange(answer_with(&format!(r#""access_token":"{marker}""#), data)) {
        Ok(token) => {
            hides(&marker, &token);
            hides(&marker, &SecurityToken::from(&token));
            hides(&marker, &TokenExchange::new(&token).actor(&token));
        }
        Err(error) => tells_nothing(&marker, &error),
    }
}

fn exchange(answer: http::Response<bytes::Bytes>) -> grantee_core::Result<Token> {
    let world = Scripted::new([Some(answer)]);
    let client = world.client(config()).expect("the client is configured");
    let grant = TokenExchange::new(SecurityToken::new("subject", "jwt")).requested_token_type("id_token");
    let outcome = at_once(client.token(&grant));
    assert_eq!(world.sent().len(), 1);
    outcome
}

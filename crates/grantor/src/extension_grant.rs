//! The grants that other specifications add, [RFC 6749 section 4.5](https://www.rfc-editor.org/rfc/rfc6749#section-4.5), and
//! what the metadata says of them.

use serde_json::{Map, Value, json};

use crate::{
    Client, Request, ciba, device, error::OAuthError, exchange, jwt_bearer, params::Params, response::Response,
    saml_bearer, shared::Shared,
};

pub(crate) fn token(
    shared: &Shared,
    request: &Request,
    client: &Client,
    grant_type: &str,
    params: &Params,
) -> Result<Response, OAuthError> {
    match grant_type {
        device::GRANT_TYPE => device::token(shared, client, params),
        ciba::GRANT_TYPE => ciba::token(shared, client, params),
        exchange::GRANT_TYPE => exchange::token(shared, client, params),
        jwt_bearer::GRANT_TYPE => jwt_bearer::token(shared, request, Some(client), params),
        saml_bearer::GRANT_TYPE => saml_bearer::token(shared, request, Some(client), params),
        _ => Err(OAuthError::new("unsupported_grant_type", "this server does not know that grant type")),
    }
}

/// The answer to an assertion that comes without any client, where it is one: client authentication is optional then
/// (RFC 7521 section 4.1), but what there is of it counts.
pub(crate) fn without_client(
    shared: &Shared,
    request: &Request,
    params: &Params,
) -> Option<Result<Response, OAuthError>> {
    let said = ["client_id", "client_secret", "client_assertion", "client_assertion_type"];
    if request.header("authorization").is_some() || said.into_iter().any(|name| params.get(name).is_some()) {
        return None;
    }
    match params.get("grant_type")? {
        jwt_bearer::GRANT_TYPE => Some(jwt_bearer::token(shared, request, None, params)),
        saml_bearer::GRANT_TYPE => Some(saml_bearer::token(shared, request, None, params)),
        _ => None,
    }
}

/// Adds the endpoints and the grant types (RFC 8628 section 4, CIBA section 4).
pub(crate) fn describe(shared: &Shared, document: &mut Map<String, Value>) {
    let at = |path: &str| shared.config.at(path);
    let algs = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];
    document.insert("device_authorization_endpoint".into(), at("/device").into());
    document.insert("backchannel_authentication_endpoint".into(), at("/bc-authorize").into());
    document.insert("backchannel_token_delivery_modes_supported".into(), json!(["poll", "ping", "push"]));
    document.insert("backchannel_authentication_request_signing_alg_values_supported".into(), json!(algs));
    document.insert("backchannel_user_code_parameter_supported".into(), true.into());
    if let Some(Value::Array(known)) = document.get_mut("grant_types_supported") {
        known.extend(
            [
                device::GRANT_TYPE,
                ciba::GRANT_TYPE,
                exchange::GRANT_TYPE,
                jwt_bearer::GRANT_TYPE,
                saml_bearer::GRANT_TYPE,
            ]
            .map(Value::from),
        );
    }
}

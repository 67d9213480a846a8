//! Which part of the server a request is for.

use crate::protected_resource;

/// A part of the server: what requests are counted, logged, held and misbehaved by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// The metadata document at either well-known address.
    Metadata,
    /// The authorization endpoint with its login and consent pages, and the page for the code of a device.
    Authorize,
    /// The token endpoint.
    Token,
    /// Token introspection, [RFC 7662](https://www.rfc-editor.org/rfc/rfc7662).
    Introspection,
    /// Token revocation, [RFC 7009](https://www.rfc-editor.org/rfc/rfc7009).
    Revocation,
    /// The OpenID Connect UserInfo endpoint.
    Userinfo,
    /// The JSON Web Key Set.
    Jwks,
    /// The protected API: `/api` and everything below it.
    Api,
    /// Logout by the client, its confirmation page included.
    EndSession,
    /// The page that checks a session, [OpenID Connect Session Management 1.0](https://openid.net/specs/openid-connect-session-1_0.html).
    CheckSession,
    /// WebFinger, [RFC 7033](https://www.rfc-editor.org/rfc/rfc7033).
    Webfinger,
    /// The claims provider: `/claims` and everything below it.
    Claims,
    /// The metadata of the API, [RFC 9728](https://www.rfc-editor.org/rfc/rfc9728).
    ProtectedResource,
    /// Device authorization, [RFC 8628](https://www.rfc-editor.org/rfc/rfc8628).
    DeviceAuthorization,
    /// Backchannel authentication,
    /// [CIBA](https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html).
    BackchannelAuthentication,
    /// Pushed authorization requests, [RFC 9126](https://www.rfc-editor.org/rfc/rfc9126).
    Par,
    /// Client registration and its management, [RFC 7591](https://www.rfc-editor.org/rfc/rfc7591) and
    /// [RFC 7592](https://www.rfc-editor.org/rfc/rfc7592).
    Registration,
    /// Temporary credentials of OAuth 1.0, [RFC 5849 section 2.1](https://www.rfc-editor.org/rfc/rfc5849#section-2.1).
    OAuth1TemporaryCredentials,
    /// Where a person agrees to a client of OAuth 1.0,
    /// [RFC 5849 section 2.2](https://www.rfc-editor.org/rfc/rfc5849#section-2.2). The pages that follow are
    /// [`Endpoint::Authorize`].
    OAuth1Authorize,
    /// Token credentials of OAuth 1.0, [RFC 5849 section 2.3](https://www.rfc-editor.org/rfc/rfc5849#section-2.3).
    OAuth1TokenCredentials,
    /// What OAuth 1.0 protects: `/oauth1/api`, `/oauth1/two-legged` and everything below them.
    OAuth1Api,
    /// Everything else: `/public`, `/attacker/jwks`, paths that do not exist.
    Other,
}

impl Endpoint {
    /// Every endpoint, for loops over all of them.
    pub const ALL: [Endpoint; 22] = [
        Endpoint::Metadata,
        Endpoint::Authorize,
        Endpoint::Token,
        Endpoint::Introspection,
        Endpoint::Revocation,
        Endpoint::Userinfo,
        Endpoint::Jwks,
        Endpoint::Api,
        Endpoint::EndSession,
        Endpoint::CheckSession,
        Endpoint::Webfinger,
        Endpoint::Claims,
        Endpoint::ProtectedResource,
        Endpoint::DeviceAuthorization,
        Endpoint::BackchannelAuthentication,
        Endpoint::Par,
        Endpoint::Registration,
        Endpoint::OAuth1TemporaryCredentials,
        Endpoint::OAuth1Authorize,
        Endpoint::OAuth1TokenCredentials,
        Endpoint::OAuth1Api,
        Endpoint::Other,
    ];

    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

/// What a path leads to. One endpoint may have several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Metadata,
    Authorize,
    Login,
    Consent,
    Token,
    Introspection,
    Revocation,
    Userinfo,
    Jwks,
    EndSession,
    ConfirmLogout,
    CheckSession,
    Webfinger,
    DeviceAuthorization,
    DeviceVerification,
    BackchannelAuthentication,
    Claims,
    ClaimsMetadata,
    ClaimsJwks,
    Par,
    Registration,
    ClientConfiguration,
    AttackerJwks,
    ProtectedResource,
    OAuth1TemporaryCredentials,
    OAuth1Authorize,
    OAuth1TokenCredentials,
    OAuth1Api,
    OAuth1TwoLegged,
    Api,
    Public,
    Nothing,
}

impl Route {
    /// `base` is the path of the issuer: empty, or with a leading and without a trailing slash.
    pub(crate) fn of(path: &str, base: &str) -> Route {
        if below(path, "/api") {
            return Route::Api;
        }
        if below(path, "/public") {
            return Route::Public;
        }
        // OAuth 1.0 has no issuer.
        match path.strip_prefix("/oauth1") {
            Some("/initiate") => return Route::OAuth1TemporaryCredentials,
            Some("/authorize") => return Route::OAuth1Authorize,
            Some("/token") => return Route::OAuth1TokenCredentials,
            Some(path) if below(path, "/api") => return Route::OAuth1Api,
            Some(path) if below(path, "/two-legged") => return Route::OAuth1TwoLegged,
            _ => {}
        }
        if path == "/.well-known/webfinger" {
            return Route::Webfinger;
        }
        if path == "/attacker/jwks" {
            return Route::AttackerJwks;
        }
        if protected_resource::is_path(path) {
            return Route::ProtectedResource;
        }
        // RFC 8414 section 3.1: the well-known part goes between the host and the issuer's path.
        if path.strip_prefix("/.well-known/oauth-authorization-server") == Some(base) {
            return Route::Metadata;
        }
        match path.strip_prefix(base) {
            // OpenID Connect Discovery 1.0 section 4: the well-known part goes after the issuer's path.
            Some("/.well-known/openid-configuration") => Route::Metadata,
            Some("/authorize") => Route::Authorize,
            Some("/authorize/login") => Route::Login,
            Some("/authorize/consent") => Route::Consent,
            Some("/token") => Route::Token,
            Some("/introspect") => Route::Introspection,
            Some("/revoke") => Route::Revocation,
            Some("/userinfo") => Route::Userinfo,
            Some(path) if below(path, "/jwks") => Route::Jwks,
            Some("/end_session") => Route::EndSession,
            Some("/end_session/confirm") => Route::ConfirmLogout,
            Some("/check_session") => Route::CheckSession,
            Some("/device") => Route::DeviceAuthorization,
            Some("/device/verify") => Route::DeviceVerification,
            Some("/bc-authorize") => Route::BackchannelAuthentication,
            Some("/claims") => Route::Claims,
            Some("/claims/.well-known/openid-configuration") => Route::ClaimsMetadata,
            Some("/claims/jwks") => Route::ClaimsJwks,
            Some("/par") => Route::Par,
            Some("/register") => Route::Registration,
            Some(path) if path.starts_with("/register/") => Route::ClientConfiguration,
            _ => Route::Nothing,
        }
    }

    pub(crate) fn endpoint(self) -> Endpoint {
        match self {
            Route::Metadata => Endpoint::Metadata,
            Route::Authorize | Route::Login | Route::Consent | Route::DeviceVerification => Endpoint::Authorize,
            Route::DeviceAuthorization => Endpoint::DeviceAuthorization,
            Route::BackchannelAuthentication => Endpoint::BackchannelAuthentication,
            Route::Token => Endpoint::Token,
            Route::Introspection => Endpoint::Introspection,
            Route::Revocation => Endpoint::Revocation,
            Route::Userinfo => Endpoint::Userinfo,
            Route::Jwks => Endpoint::Jwks,
            Route::Api => Endpoint::Api,
            Route::EndSession | Route::ConfirmLogout => Endpoint::EndSession,
            Route::CheckSession => Endpoint::CheckSession,
            Route::Webfinger => Endpoint::Webfinger,
            Route::Claims | Route::ClaimsMetadata | Route::ClaimsJwks => Endpoint::Claims,
            Route::ProtectedResource => Endpoint::ProtectedResource,
            Route::Par => Endpoint::Par,
            Route::Registration | Route::ClientConfiguration => Endpoint::Registration,
            Route::OAuth1TemporaryCredentials => Endpoint::OAuth1TemporaryCredentials,
            Route::OAuth1Authorize => Endpoint::OAuth1Authorize,
            Route::OAuth1TokenCredentials => Endpoint::OAuth1TokenCredentials,
            Route::OAuth1Api | Route::OAuth1TwoLegged => Endpoint::OAuth1Api,
            Route::AttackerJwks | Route::Public | Route::Nothing => Endpoint::Other,
        }
    }
}

fn below(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_well_known_part_goes_before_the_issuer_path_for_oauth_and_after_it_for_openid() {
        let base = "/tenant/one";
        for (path, route) in [
            ("/.well-known/oauth-authorization-server/tenant/one", Route::Metadata),
            ("/tenant/one/.well-known/openid-configuration", Route::Metadata),
            ("/tenant/one/.well-known/oauth-authorization-server", Route::Nothing),
            ("/.well-known/openid-configuration/tenant/one", Route::Nothing),
            ("/.well-known/openid-configuration", Route::Nothing),
            ("/tenant/one/token", Route::Token),
            ("/token", Route::Nothing),
            ("/api", Route::Api),
            ("/apiary", Route::Nothing),
        ] {
            assert_eq!(Route::of(path, base), route, "{path}");
        }
    }

    #[test]
    fn all_lists_each_endpoint_at_its_index() {
        for (index, endpoint) in Endpoint::ALL.into_iter().enumerate() {
            assert_eq!(endpoint.index(), index);
        }
    }
}

//! From a route to what answers it.

use crate::{
    api, authorize, ciba, claims_provider, client_configuration, device, device_verify, end_session, endpoint::Route,
    interaction, introspection, jwks, jwks_uri, metadata, oauth1, par, protected_resource, registration,
    request::Request, response::Response, revocation, session, shared::Shared, token, userinfo, webfinger,
};

pub(crate) async fn handle(shared: &Shared, route: Route, request: &Request) -> Response {
    let method = request.method.as_str();
    let read = matches!(method, "GET" | "HEAD");
    let post = method == "POST";
    jwks_uri::refresh(shared, request).await;
    match route {
        Route::Metadata if read => metadata::metadata(shared),
        Route::Jwks if read => jwks::jwks(shared, request),
        Route::AttackerJwks if read => jwks::of_attacker(),
        Route::ProtectedResource if read => protected_resource::metadata(shared, request),
        Route::Webfinger if read => webfinger::webfinger(&shared.config, request),
        Route::CheckSession if read => session::check_session(&shared.config),
        Route::ClaimsMetadata if read => claims_provider::metadata(shared),
        Route::ClaimsJwks if read => claims_provider::jwks(),
        Route::Metadata
        | Route::Jwks
        | Route::AttackerJwks
        | Route::ProtectedResource
        | Route::Webfinger
        | Route::CheckSession
        | Route::ClaimsMetadata
        | Route::ClaimsJwks => Response::method_not_allowed("GET, HEAD"),
        Route::Claims if read || post => claims_provider::claims(shared, request),
        Route::Authorize if read || post => authorize::authorize(shared, request).await,
        Route::Userinfo if read || post => userinfo::userinfo(shared, request),
        Route::EndSession if read || post => end_session::end_session(shared, request),
        Route::DeviceVerification if read || post => device_verify::verify(shared, request),
        Route::Authorize | Route::Userinfo | Route::EndSession | Route::Claims | Route::DeviceVerification => {
            Response::method_not_allowed("GET, HEAD, POST")
        }
        Route::Login if post => interaction::login(shared, request),
        Route::ConfirmLogout if post => end_session::confirm(shared, request),
        Route::Consent if post => interaction::consent(shared, request),
        Route::Token if post => answer(token::token(shared, request)),
        Route::Par if post => answer(par::push(shared, request)),
        Route::Introspection if post => answer(introspection::introspect(shared, request)),
        Route::Revocation if post => answer(revocation::revoke(shared, request)),
        Route::DeviceAuthorization if post => answer(device::authorize(shared, request)),
        Route::BackchannelAuthentication if post => answer(ciba::authorize(shared, request)),
        Route::Login
        | Route::DeviceAuthorization
        | Route::BackchannelAuthentication
        | Route::Consent
        | Route::ConfirmLogout
        | Route::Token
        | Route::Par
        | Route::Introspection
        | Route::Revocation => Response::method_not_allowed("POST"),
        Route::Api => api::api(shared, request),
        Route::Public => api::public(request),
        Route::OAuth1TemporaryCredentials if post || method == "GET" => signed(oauth1::lend(shared, request)),
        Route::OAuth1TokenCredentials if post || method == "GET" => signed(oauth1::issue(shared, request)),
        Route::OAuth1TemporaryCredentials | Route::OAuth1TokenCredentials => Response::method_not_allowed("GET, POST"),
        Route::OAuth1Authorize if read => oauth1::authorize(shared, request),
        Route::OAuth1Authorize => Response::method_not_allowed("GET, HEAD"),
        Route::OAuth1Api => signed(oauth1::api(shared, request)),
        Route::OAuth1TwoLegged => signed(oauth1::two_legged(shared, request)),
        Route::Registration if post => registration::register(shared, request).await,
        Route::Registration => Response::method_not_allowed("POST"),
        Route::ClientConfiguration => client_configuration::configure(shared, request).await,
        Route::Nothing => Response::raw(404, "text/plain; charset=utf-8", "there is nothing here\n"),
    }
}

fn answer(result: Result<Response, crate::error::OAuthError>) -> Response {
    result.unwrap_or_else(Response::from)
}

fn signed(result: Result<Response, oauth1::Problem>) -> Response {
    result.unwrap_or_else(Response::from)
}

//! What profiles ask of one authorization request.

use super::Rules;
use crate::authorization::request::{AuthorizationRequest, Prepared};
use crate::error::{Error, Result};

impl Rules {
    /// Asks for what the profile requires, where the request leaves it open.
    pub(crate) fn shape(self, request: &mut AuthorizationRequest) {
        let signed = match self {
            Self::Fapi2MessageSigning => true,
            // Without an ID token in the answer, the answer itself is signed (section 5.2.2).
            Self::Fapi1Advanced => !request.asks_for_id_token(),
            _ => false,
        };
        if signed {
            request.default_response_mode("jwt");
        }
    }

    /// Refuses a request that breaks the profile.
    pub(crate) fn check_request(self, prepared: &Prepared) -> Result<()> {
        let pending = &prepared.pending;
        let (kind, signed) = (pending.response_type_name(), pending.expects_signed());
        let refused = |rule, spec| Err(self.refused(rule, spec));
        match self {
            Self::OAuth21 => {
                if kind.split(' ').any(|word| word == "token") {
                    return refused("no token comes through the browser", "draft-ietf-oauth-v2-1 section 10.1");
                }
                if !prepared.has_s256() {
                    return refused("every code is protected by PKCE with S256", "draft-ietf-oauth-v2-1 section 4.1.1");
                }
            }
            Self::Fapi1Advanced => {
                const SPEC: &str = "FAPI 1.0 Advanced section 5.2.2";
                if !(kind == "code id_token" || kind == "code" && signed) {
                    return refused("a login asks for code id_token, or for a code in a signed answer", SPEC);
                }
                if !prepared.has_s256() {
                    return refused("a code is protected by PKCE with S256", "FAPI 1.0 Advanced section 5.2.3");
                }
            }
            Self::Fapi2Security | Self::Fapi2MessageSigning => {
                const SPEC: &str = "FAPI 2.0 Security Profile section 5.3.3.2";
                if kind != "code" {
                    return refused("a login asks for a code", SPEC);
                }
                if !prepared.has_s256() {
                    return refused("every code is protected by PKCE with S256", SPEC);
                }
                if self == Self::Fapi2MessageSigning && !signed {
                    let spec = "FAPI 2.0 Message Signing section 5.4.2";
                    return refused("authorization responses are signed (response_mode jwt)", spec);
                }
            }
        }
        if self.signs_requests() && prepared.wants_request_object() == Some(false) {
            return refused(
                "authorization requests are signed",
                match self {
                    Self::Fapi1Advanced => "FAPI 1.0 Advanced section 5.2.3",
                    _ => "FAPI 2.0 Message Signing section 5.3.2",
                },
            );
        }
        if self.is_fapi() && !redirects_confidentially(pending.redirect_uri()) {
            return Err(Error::config(
                format!(
                    "{}: the redirect URI is https, or loopback (FAPI 2.0 Security Profile section 5.3.2.2)",
                    self.name()
                ),
                "an answer over plain http can be read on the way",
            ));
        }
        Ok(())
    }
}

fn redirects_confidentially(redirect_uri: &str) -> bool {
    url::Url::parse(redirect_uri)
        .is_ok_and(|url| url.scheme() == "https" || url.scheme() == "http" && crate::wire::url::is_loopback(&url))
}

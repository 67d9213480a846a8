//! What can be wrong with a JWT, as a value.

use serde_json::Value;

use crate::keys;

/// One way for a JWT of the server's to be wrong.
///
/// Given to [`Server::misbehave_jwt`](crate::Server::misbehave_jwt) or
/// [`Server::misbehave_jwt_times`](crate::Server::misbehave_jwt_times) together with a [`Jwt`], or to
/// [`Server::logout_token`](crate::Server::logout_token).
///
/// Unless it says otherwise the JWT is signed as it should be, over the wrong claims. Where one means nothing, as a wrong
/// `c_hash` where there is none, the JWT is the right one and the fault is not used up.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum JwtFault {
    /// This claim has this value, in place of its own or as one more.
    SetClaim(String, Value),
    /// The claim is missing.
    RemoveClaim(String),
    /// The claim is written twice: as it should be, and then with this value.
    DuplicateClaim(String, Value),
    /// This member of the header has this value, in place of its own or as one more.
    SetHeader(String, Value),
    /// The member of the header is missing.
    RemoveHeader(String),
    /// `iss` is [`OTHER_ISSUER`](crate::OTHER_ISSUER).
    WrongIssuer,
    /// `aud` is [`OTHER_CLIENT`](crate::OTHER_CLIENT).
    WrongAudience,
    /// `aud` lists the client and [`OTHER_CLIENT`](crate::OTHER_CLIENT). `azp` is this, or missing.
    SeveralAudiences {
        /// Authorized party, [OpenID Connect Core 1.0 section 2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken).
        azp: Option<String>,
    },
    /// `sub` is [`OTHER_SUBJECT`](crate::OTHER_SUBJECT).
    WrongSubject,
    /// It ended an hour ago.
    Expired,
    /// `iat` is ten years ago; it has not expired.
    IssuedLongAgo,
    /// `iat` is in a day.
    IssuedInTheFuture,
    /// `nbf` is in a day.
    NotYetValid,
    /// `nonce` is not the one of the request.
    WrongNonce,
    /// `at_hash` is that of another access token.
    WrongAtHash,
    /// `c_hash` is that of another code.
    WrongCHash,
    /// `s_hash` is that of another state, whether or not the client is registered for one.
    WrongSHash,
    /// `auth_time` is ten years ago.
    StaleAuthTime,
    /// One bit of the signature is another.
    BrokenSignature,
    /// There is no signature, while `alg` says that there is.
    EmptySignature,
    /// Signed with another key of the same kind, under the `kid` of the right one. A MAC is by another secret.
    OtherKey,
    /// `alg` is `none` and there is no signature.
    AlgNone,
    /// Signed with the server's own key for that algorithm, not the one that the client is registered for. With HS256,
    /// HS384 and HS512 it is a MAC by the client's secret.
    OtherAlg(String),
    /// `alg` is HS256, and the MAC is by the PEM of the public key: what verifies for whoever takes `alg` from the header
    /// and the key from the set ([RFC 8725 section 2.1](https://www.rfc-editor.org/rfc/rfc8725#section-2.1)).
    AlgorithmConfusion,
    /// The header has no `kid`.
    NoKid,
    /// The `kid` is one that the key set does not have.
    UnknownKid,
    /// Signed by an attacker, whose public key is in `jwk` of the header.
    AttackerJwk,
    /// Signed by an attacker, whose keys are where `jku` of the header points: `/attacker/jwks` here, unless given. No
    /// client ever asks for them: look whether one did.
    AttackerJku(Option<String>),
    /// Signed by an attacker, whose certificate is in `x5c` of the header.
    AttackerX5c,
    /// `crit` names an extension that nobody knows ([RFC 7515 section 4.1.11](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11)).
    UnknownCrit,
    /// Encrypted to the client's RSA key with RSA1_5, where it should be with RSA-OAEP or RSA-OAEP-256
    /// ([RFC 8725 section 3.2](https://www.rfc-editor.org/rfc/rfc8725#section-3.2)). Means nothing where it is not encrypted so.
    EncryptedWithRsa15,
    /// The keys are rotated just before it is signed, with the new one.
    RotateKeys,
    /// This text in its place.
    Literal(String),
    /// All of these, one after the other.
    All(Vec<JwtFault>),
}

impl JwtFault {
    /// [`JwtFault::SetClaim`].
    pub fn claim(name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::SetClaim(name.into(), value.into())
    }

    /// [`JwtFault::RemoveClaim`].
    pub fn without(name: impl Into<String>) -> Self {
        Self::RemoveClaim(name.into())
    }

    /// Stops a test where it asks for what cannot be done, not in the server's thread.
    pub(crate) fn must_be_possible(&self) {
        match self {
            Self::OtherAlg(alg) => assert!(keys::can_sign(alg), "grantor cannot sign with {alg} in this build"),
            Self::All(faults) => faults.iter().for_each(Self::must_be_possible),
            _ => {}
        }
    }
}

/// A kind of JWT that the server makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Jwt {
    /// The ID token that the token endpoint gives for a code or a password.
    IdToken,
    /// The ID token of the authorization response.
    FrontChannelIdToken,
    /// The ID token that comes with a refresh.
    RefreshedIdToken,
    /// The signed answer of the UserInfo endpoint.
    Userinfo,
    /// An access token, of a client that gets them as JWTs.
    AccessToken,
    /// The claims of a claims provider, aggregated or distributed.
    Claims,
    /// The logout tokens that a logout sends by itself. See also [`Server::logout_token`](crate::Server::logout_token).
    LogoutToken,
    /// The signed answer of introspection ([RFC 9701](https://www.rfc-editor.org/rfc/rfc9701)).
    Introspection,
    /// The ID token that is pushed to a client, by CIBA.
    PushedIdToken,
    /// The authorization response of a `response_mode` that ends with `jwt`
    /// ([JARM](https://openid.net/specs/oauth-v2-jarm.html)).
    AuthorizationResponse,
    /// The answer of `/api/signed`.
    ApiAnswer,
}

impl Jwt {
    pub(crate) const COUNT: usize = 11;

    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

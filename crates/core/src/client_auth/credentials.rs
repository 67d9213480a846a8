//! What a client has to show, and how its method follows from that: by a fixed order, and nothing is ever tried out.

use super::private_key_jwt::usual_algorithm;
use super::{ClientAuth, ClientSecretBasic, ClientSecretJwt, ClientSecretPost, None, PrivateKeyJwt};
use crate::Secret;
use crate::error::{Error, Excerpt, Result};
use crate::metadata::AuthorizationServer;
use grantee_jose::{Jwk, SignatureAlgorithm};
use std::sync::{Arc, OnceLock};

/// What the client has to show, and so how its method is chosen.
#[derive(Clone)]
pub(crate) enum Credentials {
    /// Nothing: a public client.
    Public,
    /// A secret; the method follows from the server's metadata.
    Secret(SecretMethods),
    /// A private key; its algorithm follows from the server's metadata.
    Key(Arc<KeyMethods>),
    /// A method chosen by the caller.
    Method(Arc<dyn ClientAuth>),
}

impl Credentials {
    pub(crate) fn key(key: Jwk) -> Self {
        Self::Key(Arc::new(KeyMethods { key, methods: Default::default() }))
    }

    /// The registry's name of the method, as far as it is settled before the server is known.
    pub(crate) fn method_name(&self) -> String {
        match self {
            Self::Public => "none".to_owned(),
            Self::Secret(_) => "the client's secret".to_owned(),
            Self::Key(_) => "private_key_jwt".to_owned(),
            Self::Method(method) => method.method().to_owned(),
        }
    }

    /// What assertions are signed by, as far as that is settled before the server is known.
    pub(crate) fn algorithm(&self) -> Option<SignatureAlgorithm> {
        match self {
            Self::Public | Self::Secret(_) => Option::None,
            Self::Key(methods) => usual_algorithm(&methods.key).ok(),
            Self::Method(method) => method.algorithm(),
        }
    }

    pub(crate) fn has_own_audience(&self) -> bool {
        matches!(self, Self::Method(method) if method.has_own_audience())
    }

    /// For a profile that forbids RSASSA-PKCS1-v1_5: an RSA key that names no algorithm signs by PS256.
    pub(crate) fn prefer_ps256(&mut self) {
        if let Self::Key(methods) = self
            && methods.key.key_type() == "RSA"
            && methods.key.alg().is_none()
        {
            *self = Self::key(methods.key.clone().with_alg("PS256"));
        }
    }

    /// That they can work at all.
    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Self::Public | Self::Secret(_) => Ok(()),
            Self::Key(methods) => methods.by(usual_algorithm(&methods.key)?).map(drop),
            Self::Method(method) => method.check(),
        }
    }

    /// The method of a private key with the algorithm that the client is registered for; `None` where there is no such key or no
    /// such algorithm.
    pub(crate) fn with_alg(&self, alg: Option<SignatureAlgorithm>) -> Result<Option<Arc<dyn ClientAuth>>> {
        match (self, alg) {
            (Self::Key(methods), Some(alg)) => methods.by(alg).map(Some),
            _ => Ok(Option::None),
        }
    }

    /// The method for these credentials at a server:
    ///
    /// 1. The caller's choice.
    /// 2. Neither secret nor key: `none`.
    /// 3. A private key: `private_key_jwt`, by the key's usual algorithm, or by another that fits it where the metadata list
    ///    that one alone.
    /// 4. A secret: the first of `client_secret_basic`, `client_secret_post`, `client_secret_jwt` that the metadata list, the last
    ///    by the first of HS256, HS384, HS512 that they list, and `client_secret_basic` where they list no methods (the default of
    ///    RFC 8414 section 2).
    pub(crate) fn method(&self, metadata: &AuthorizationServer, basic_raw: bool) -> Result<Arc<dyn ClientAuth>> {
        match self {
            Self::Method(method) => Ok(Arc::clone(method)),
            Self::Public => Ok(Arc::new(None)),
            Self::Key(methods) => methods.method(metadata),
            Self::Secret(methods) => methods.method(metadata, basic_raw),
        }
    }
}

/// The methods that use a secret: made once, so that what they prepare is kept.
#[derive(Clone)]
pub(crate) struct SecretMethods {
    basic: Arc<ClientSecretBasic>,
    basic_raw: Arc<ClientSecretBasic>,
    post: Arc<ClientSecretPost>,
    jwt: [(SignatureAlgorithm, Arc<ClientSecretJwt>); 3],
}

impl SecretMethods {
    pub(crate) fn new(secret: &Secret) -> Self {
        let jwt = |alg| (alg, Arc::new(ClientSecretJwt::new(secret).alg(alg)));
        Self {
            basic: Arc::new(ClientSecretBasic::new(secret)),
            basic_raw: Arc::new(ClientSecretBasic::new(secret).raw()),
            post: Arc::new(ClientSecretPost::new(secret)),
            jwt: [SignatureAlgorithm::Hs256, SignatureAlgorithm::Hs384, SignatureAlgorithm::Hs512].map(jwt),
        }
    }

    fn method(&self, metadata: &AuthorizationServer, basic_raw: bool) -> Result<Arc<dyn ClientAuth>> {
        let basic = if basic_raw { &self.basic_raw } else { &self.basic };
        let Some(supported) = &metadata.token_endpoint_auth_methods_supported else {
            return Ok(basic.clone());
        };
        let lists = |name: &str| supported.iter().any(|method| method == name);
        if lists("client_secret_basic") {
            return Ok(basic.clone());
        }
        if lists("client_secret_post") {
            return Ok(self.post.clone());
        }
        if !lists("client_secret_jwt") {
            return Err(no_method(supported, "uses a client secret"));
        }
        match self.jwt.iter().find(|(alg, _)| takes(metadata, *alg)) {
            Some((_, method)) => Ok(method.clone()),
            Option::None => Err(no_algorithm(metadata, "HS256, HS384 or HS512")),
        }
    }
}

/// The methods that use a private key: one for each algorithm that was needed, since reading a key costs.
pub(crate) struct KeyMethods {
    key: Jwk,
    methods: [OnceLock<Arc<PrivateKeyJwt>>; SignatureAlgorithm::ALL.len()],
}

impl KeyMethods {
    fn method(&self, metadata: &AuthorizationServer) -> Result<Arc<dyn ClientAuth>> {
        if let Some(supported) = &metadata.token_endpoint_auth_methods_supported
            && !supported.iter().any(|method| method == "private_key_jwt")
        {
            return Err(no_method(supported, "uses a private key"));
        }
        let usual = usual_algorithm(&self.key)?;
        let others = self.key.signature_algorithms();
        match std::iter::once(usual).chain(others).find(|alg| takes(metadata, *alg)) {
            Some(alg) => self.by(alg),
            Option::None => Err(no_algorithm(metadata, usual.name())),
        }
    }

    fn by(&self, alg: SignatureAlgorithm) -> Result<Arc<dyn ClientAuth>> {
        let place = SignatureAlgorithm::ALL.iter().position(|other| *other == alg);
        let Some(kept) = place.and_then(|place| self.methods.get(place)) else {
            return Ok(Arc::new(PrivateKeyJwt::from_key_with(&self.key, alg)?));
        };
        if let Some(method) = kept.get() {
            return Ok(method.clone());
        }
        let method = Arc::new(PrivateKeyJwt::from_key_with(&self.key, alg)?);
        Ok(kept.get_or_init(|| method).clone())
    }
}

/// Whether the server takes this algorithm in assertions, as far as it says.
fn takes(metadata: &AuthorizationServer, alg: SignatureAlgorithm) -> bool {
    let listed = &metadata.token_endpoint_auth_signing_alg_values_supported;
    listed.as_ref().is_none_or(|listed| listed.iter().any(|name| name == alg.name()))
}

fn no_method(supported: &[String], wanted: &str) -> Error {
    Error::config(
        format!(
            "the server's token_endpoint_auth_methods_supported ({}) has no method that {wanted}",
            Excerpt(&supported.join(" "))
        ),
        "choose the method yourself with auth(…)",
    )
}

fn no_algorithm(metadata: &AuthorizationServer, wanted: &str) -> Error {
    let listed = metadata.token_endpoint_auth_signing_alg_values_supported.as_deref().unwrap_or_default();
    Error::config(
        format!(
            "the server's token_endpoint_auth_signing_alg_values_supported ({}) does not have {wanted}",
            Excerpt(&listed.join(" "))
        ),
        "choose method and algorithm yourself with auth(…)",
    )
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Public => f.write_str("Public"),
            Self::Secret(_) => f.write_str("Secret(..)"),
            Self::Key(methods) => f.debug_tuple("Key").field(&methods.key.kid()).finish(),
            Self::Method(method) => f.debug_tuple("Method").field(&method.method()).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AuthContext, Draft, from_fn};
    use super::*;
    use crate::UnixTime;
    use crate::ports::Entropy;
    use crate::wire::form::Params;
    use grantee_jose::jws::Compact;
    use grantee_jose::{Curve, KeyKind};

    struct Ones;

    impl Entropy for Ones {
        fn fill(&self, bytes: &mut [u8]) -> Result<()> {
            bytes.fill(1);
            Ok(())
        }
    }

    /// The method that is chosen, with the algorithm where it signs.
    fn chosen(credentials: &Credentials, methods: Option<&[&str]>, algs: Option<&[&str]>) -> String {
        let list = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let metadata = AuthorizationServer {
            token_endpoint_auth_methods_supported: methods.map(list),
            token_endpoint_auth_signing_alg_values_supported: algs.map(list),
            ..AuthorizationServer::default()
        };
        let method = match credentials.method(&metadata, false) {
            Ok(method) => method,
            Err(error) => return error.code().to_owned(),
        };
        let mut draft = Draft::post("https://as.example/token".parse().unwrap(), Params::new());
        let mut context = AuthContext::new("client", UnixTime::from_seconds(0), &Ones);
        context.issuer = Some("https://as.example");
        crate::contract::at_once(method.authenticate(&mut draft, context)).unwrap();
        match draft.form.get("client_assertion") {
            Some(token) => format!("{} {}", method.method(), Compact::parse(token).unwrap().algorithm()),
            Option::None => method.method().to_owned(),
        }
    }

    #[test]
    fn the_method_follows_a_fixed_order_and_is_never_tried_out() {
        let secret = Credentials::Secret(SecretMethods::new(&"s".into()));
        let of = |methods: &[&str]| chosen(&secret, Some(methods), Option::None);
        assert_eq!(chosen(&secret, Option::None, Option::None), "client_secret_basic");
        assert_eq!(of(&["client_secret_jwt", "client_secret_post", "client_secret_basic"]), "client_secret_basic");
        assert_eq!(of(&["client_secret_jwt", "client_secret_post"]), "client_secret_post");
        assert_eq!(of(&["private_key_jwt", "client_secret_jwt"]), "client_secret_jwt HS256");
        assert_eq!(of(&["private_key_jwt"]), "configuration");
        assert_eq!(chosen(&Credentials::Public, Some(&["client_secret_basic"]), Option::None), "none");
        let own = Credentials::Method(Arc::new(from_fn("own", |_, _| Ok(()))));
        assert_eq!(chosen(&own, Some(&["client_secret_basic"]), Option::None), "own");
    }

    #[test]
    fn a_secret_signs_by_the_first_hmac_that_the_server_lists() {
        let secret = Credentials::Secret(SecretMethods::new(&"s".into()));
        let of = |algs: &[&str]| chosen(&secret, Some(&["client_secret_jwt"]), Some(algs));
        assert_eq!(of(&["RS256", "HS512", "HS256"]), "client_secret_jwt HS256");
        assert_eq!(of(&["RS256", "HS512", "HS384"]), "client_secret_jwt HS384");
        assert_eq!(of(&["HS512"]), "client_secret_jwt HS512");
        assert_eq!(of(&["RS256", "ES256"]), "configuration");
    }

    #[test]
    fn a_key_signs_by_its_usual_algorithm_else_by_one_that_fits_it_and_is_listed() {
        let rsa = Credentials::key(Jwk::generate(KeyKind::Rsa(2048)).unwrap());
        let of = |algs: &[&str]| chosen(&rsa, Some(&["private_key_jwt"]), Some(algs));
        assert_eq!(chosen(&rsa, Option::None, Option::None), "private_key_jwt RS256");
        assert_eq!(of(&["PS256", "RS256"]), "private_key_jwt RS256");
        assert_eq!(of(&["ES256", "PS256"]), "private_key_jwt PS256");
        assert_eq!(of(&["ES256", "HS256"]), "configuration");
        assert_eq!(chosen(&rsa, Some(&["client_secret_basic"]), Option::None), "configuration");
        let edwards = Credentials::key(Jwk::generate(KeyKind::Curve(Curve::Ed25519)).unwrap());
        assert_eq!(chosen(&edwards, Option::None, Some(&["EdDSA", "Ed25519"])), "private_key_jwt EdDSA");
        assert_eq!(chosen(&edwards, Option::None, Some(&["Ed25519"])), "private_key_jwt Ed25519");
    }

    #[test]
    fn a_key_that_names_its_algorithm_signs_by_no_other() {
        let key = Jwk::generate(KeyKind::Rsa(2048)).unwrap().with_alg("RS256");
        assert_eq!(chosen(&Credentials::key(key), Option::None, Some(&["PS256"])), "configuration");
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap();
        let d = key.to_value()["d"].as_str().unwrap().to_owned();
        assert!(!format!("{:?}", Credentials::key(key)).contains(&d));
        let shown = format!("{:?}", Credentials::Secret(SecretMethods::new(&"s3cret".into())));
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

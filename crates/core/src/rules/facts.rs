//! What rules are judged by: the configuration, the connection, and the server's metadata where they are known.

use super::Verdict;
use crate::client::Config;
use crate::error::Excerpt;
use crate::metadata::AuthorizationServer;
use crate::oidc::rules::AlgorithmRule;

pub(super) struct Facts<'a> {
    pub(super) config: &'a Config,
    pub(super) metadata: Option<&'a AuthorizationServer>,
}

/// FAPI 2.0 Security Profile section 5.4.1, with the fully specified name that RFC 9864 has registered since.
pub(super) const FAPI2_ALGORITHMS: &[&str] = &["PS256", "ES256", "EdDSA", "Ed25519"];
/// FAPI 1.0 Advanced section 8.6.
pub(super) const FAPI1_ALGORITHMS: &[&str] = &["PS256", "ES256"];
/// The methods of both.
pub(super) const FAPI_METHODS: &[&str] = &["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"];

pub(super) fn kept(holds: bool, found: impl FnOnce() -> String) -> Verdict {
    if holds { Verdict::Kept } else { Verdict::Broken(found()) }
}

pub(super) fn said(holds: bool, found: impl FnOnce() -> String) -> Verdict {
    if holds { Verdict::Kept } else { Verdict::Unsaid(found()) }
}

fn is_among(name: &str, allowed: &[&str]) -> bool {
    allowed.contains(&name)
}

impl Facts<'_> {
    /// How the client authenticates.
    pub(super) fn method_is(&self, allowed: &[&str]) -> Verdict {
        let method = self.config.credentials.method_name();
        kept(is_among(&method, allowed), || format!("it authenticates by {}", Excerpt(&method)))
    }

    /// What its assertions, proofs and request objects are signed by.
    pub(super) fn signs_by(&self, allowed: &[&str]) -> Verdict {
        let config = self.config;
        let objects = config.authorization.request_objects.as_ref();
        let assertions = config.credentials.algorithm().map(|alg| ("client assertions", alg.name()));
        let proofs = config.token_type.algorithms().into_iter().map(|alg| ("DPoP proofs", alg.name()));
        let objects = objects.map(|objects| ("request objects", objects.algorithm()));
        let mut signers = assertions.into_iter().chain(proofs).chain(objects);
        match signers.find(|(_, name)| !is_among(name, allowed)) {
            Some((what, name)) => Verdict::Broken(format!("{what} are signed by {name}")),
            None => Verdict::Kept,
        }
    }

    /// That authorization requests are signed, for the issuer.
    pub(super) fn signs_requests(&self) -> Verdict {
        let objects = self.config.authorization.request_objects.as_ref();
        match objects.filter(|objects| objects.algorithm() != "none") {
            None => Verdict::Broken("it has nothing to sign them with".to_owned()),
            Some(objects) => {
                kept(!objects.has_own_audience(), || "request objects have an audience of their own".to_owned())
            }
        }
    }

    /// What userinfo answers that are signed are expected signed by.
    pub(super) fn expects_userinfo(&self, allowed: &[&str]) -> Verdict {
        let userinfo = &self.config.userinfo;
        if userinfo.any_algorithm {
            return Verdict::Broken("it takes userinfo answers signed by any algorithm".to_owned());
        }
        match userinfo.algorithm.as_deref().filter(|alg| !is_among(alg, allowed)) {
            Some(alg) => Verdict::Broken(format!("it expects userinfo answers signed by {}", Excerpt(alg))),
            None => Verdict::Kept,
        }
    }

    /// What ID tokens are expected signed by.
    pub(super) fn expects(&self, allowed: &[&str]) -> Verdict {
        if self.config.id_token.unsigned {
            return Verdict::Broken("it takes ID tokens without a signature".to_owned());
        }
        match &self.config.id_token.algorithm {
            AlgorithmRule::Registered(alg) => {
                kept(is_among(alg, allowed), || format!("it expects ID tokens signed by {}", Excerpt(alg)))
            }
            AlgorithmRule::OnlyOneListed => {
                let listed = self.metadata.and_then(|metadata| metadata.id_token_signing_alg_values_supported.as_ref());
                listed.map_or(Verdict::Kept, |listed| some_listed(listed, allowed))
            }
        }
    }

    pub(super) fn token_is_bound(&self) -> Verdict {
        let token_type = &self.config.token_type;
        kept(token_type.needs_proof() || token_type.over_mtls(), || "whoever has a token may use it".to_owned())
    }

    pub(super) fn token_is_certificate_bound(&self) -> Verdict {
        kept(self.config.token_type.over_mtls(), || "its tokens are bound to no certificate".to_owned())
    }

    pub(super) fn is_https_only(&self) -> Verdict {
        match (self.config.allow_http, self.config.accept_invalid_certs) {
            (false, false) => Verdict::Kept,
            (true, _) => Verdict::Broken("the danger door to plain http is open".to_owned()),
            (false, true) => Verdict::Broken("the danger door to any certificate is open".to_owned()),
        }
    }

    pub(super) fn discovers(&self) -> Verdict {
        let discovers = matches!(self.config.server, crate::client::Server::Discover(_));
        said(discovers, || "its endpoints are given by hand".to_owned())
    }

    /// A list of the metadata, judged where it is there.
    pub(super) fn listed(&self, list: fn(&AuthorizationServer) -> &Option<Vec<String>>, allowed: &[&str]) -> Verdict {
        match self.metadata.map(list) {
            Some(Some(listed)) => some_listed(listed, allowed),
            _ => Verdict::Kept,
        }
    }

    /// A list that has to be there and hold one of these.
    pub(super) fn lists(
        &self,
        name: &str,
        list: fn(&AuthorizationServer) -> &Option<Vec<String>>,
        allowed: &[&str],
    ) -> Verdict {
        match self.metadata.map(list) {
            Some(Some(listed)) => some_listed(listed, allowed),
            _ => Verdict::Unsaid(format!("no {name}")),
        }
    }

    pub(super) fn flag(&self, name: &str, flag: fn(&AuthorizationServer) -> Option<bool>) -> Verdict {
        said(self.metadata.and_then(flag) == Some(true), || format!("{name} is not true"))
    }

    pub(super) fn endpoint(&self, name: &str) -> Verdict {
        kept(self.metadata.is_none_or(|metadata| metadata.endpoint(name).is_some()), || format!("no {name}"))
    }
}

fn some_listed(listed: &[String], allowed: &[&str]) -> Verdict {
    kept(listed.iter().any(|name| is_among(name, allowed)), || {
        format!("{} and none of {}", Excerpt(&listed.join(" ")), allowed.join(" "))
    })
}

//! Microsoft Entra ID.

use super::{Preset, base, discovered, word};
use crate::client::Config;
use crate::endpoint::discovery::IssuerPolicy;
use crate::error::{Error, Result};

/// A tenant of [Microsoft Entra ID](https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc), by its v2.0
/// endpoints. Deviates in:
///
/// - `common`, `organizations` and `consumers` stand for many tenants: their metadata name an issuer with `{tenantid}` in it, and
///   each token that of its tenant. This preset then follows
///   [`IssuerPolicy::EntraTenant`]; which tenants may log in is for the program to check, by the claim `tid`.
///
/// A client's own tokens are asked for by the scope `…/.default`; refresh tokens come with `offline_access`.
///
/// ```
/// use grantee_core::preset::Entra;
/// let one = Entra::tenant("9188040d-6c67-4c5b-b112-36a304b66dad")?;
/// let any = Entra::tenant("organizations")?;
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Entra {
    authority: String,
    tenant: String,
}

impl Entra {
    /// A tenant by its identifier, or `common`, `organizations` or `consumers`.
    ///
    /// # Errors
    /// [`Error::Config`] for anything else: a tenant's domain does not stand in its issuer.
    pub fn tenant(tenant: &str) -> Result<Self> {
        let tenant = word("the tenant", tenant)?;
        let is_id = tenant.len() == 36
            && tenant.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            });
        if !is_id && !is_shared(&tenant) {
            return Err(Error::config(
                "the tenant is neither an identifier nor common, organizations or consumers",
                "give the Directory (tenant) ID that the portal shows; a domain does not stand in the issuer",
            ));
        }
        Ok(Self { authority: "https://login.microsoftonline.com".to_owned(), tenant })
    }

    /// A national cloud, such as `https://login.microsoftonline.us`.
    ///
    /// # Errors
    /// [`Error::Config`] when that is no https URL.
    pub fn authority(mut self, authority: &str) -> Result<Self> {
        self.authority = base("the authority", authority)?;
        Ok(self)
    }
}

fn is_shared(tenant: &str) -> bool {
    matches!(tenant, "common" | "organizations" | "consumers")
}

impl Preset for Entra {
    fn config(&self) -> Config {
        let mut config = discovered(format!("{}/{}/v2.0", self.authority, self.tenant));
        if is_shared(&self.tenant) {
            config.set_issuer_policy(IssuerPolicy::EntraTenant);
        }
        config
    }
}

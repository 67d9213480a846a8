//! Request parameters, [RFC 6749 sections 3.1 and 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.1).

use crate::{Request, error::OAuthError};

/// Parameters of a request, in order.
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// The parameters of a POST whose body must be a form.
    pub(crate) fn of_form(request: &Request) -> Result<Self, OAuthError> {
        if !request.is_form() {
            return Err(OAuthError::invalid_request("the body must be application/x-www-form-urlencoded"));
        }
        let params = Self::new(request.form());
        match params.repeated() {
            Some(name) => Err(OAuthError::invalid_request(format!("the parameter {name} is repeated"))),
            None => Ok(params),
        }
    }

    /// A parameter without a value counts as left out (RFC 6749 section 3.1).
    pub(crate) fn new(mut pairs: Vec<(String, String)>) -> Self {
        pairs.retain(|(_, value)| !value.is_empty());
        Self(pairs)
    }

    /// The name of a parameter that occurs twice and must not.
    pub(crate) fn repeated(&self) -> Option<&str> {
        // RFC 8707 section 2 lets `resource` be repeated; `audience` follows RFC 8693 section 2.1.
        let single = |name: &str| name != "resource" && name != "audience";
        self.0
            .iter()
            .enumerate()
            .find(|(index, (name, _))| single(name) && self.0[..*index].iter().any(|(other, _)| other == name))
            .map(|(_, (name, _))| name.as_str())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    pub(crate) fn count(&self, name: &str) -> usize {
        self.all(name).count()
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, OAuthError> {
        self.get(name).ok_or_else(|| OAuthError::invalid_request(format!("the parameter {name} is missing")))
    }

    /// The resources and audiences asked for, in order.
    ///
    /// A resource is an absolute URI without a fragment (RFC 8707 section 2).
    pub(crate) fn audience(&self) -> Result<Vec<String>, OAuthError> {
        for resource in self.all("resource") {
            let sound = url::Url::parse(resource).is_ok_and(|url| url.fragment().is_none());
            if !sound {
                return Err(OAuthError::new("invalid_target", "resource must be an absolute URI without a fragment"));
            }
        }
        Ok(self.all("resource").chain(self.all("audience")).map(str::to_owned).collect())
    }
}

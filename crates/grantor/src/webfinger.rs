//! WebFinger, [RFC 7033](https://www.rfc-editor.org/rfc/rfc7033), as
//! [OpenID Connect Discovery 1.0 section 2](https://openid.net/specs/openid-connect-discovery-1_0.html#IssuerDiscovery) uses it.

use serde_json::{Map, Value, json};

use crate::{Request, response::Response, shared::Config};

const ISSUER: &str = "http://openid.net/specs/connect/1.0/issuer";

pub(crate) fn webfinger(config: &Config, request: &Request) -> Response {
    let Some(resource) = request.query_value("resource").filter(|resource| is_resource(resource)) else {
        return plain(400, "the query must have a resource that is an acct or http URI\n");
    };
    let wanted: Vec<String> =
        request.query_pairs().into_iter().filter(|(name, _)| name == "rel").map(|(_, rel)| rel).collect();
    // Without any `rel` every link is given (RFC 7033 section 4.3).
    let given = wanted.is_empty() || wanted.iter().any(|rel| rel == ISSUER);
    let links = if given { vec![json!({"rel": ISSUER, "href": config.issuer()})] } else { Vec::new() };
    let mut members = Map::new();
    members.insert("subject".into(), resource.into());
    members.insert("links".into(), Value::from(links));
    Response::json(200, members)
        .header("Content-Type", "application/jrd+json")
        // Section 5.
        .header("Access-Control-Allow-Origin", "*")
}

fn is_resource(text: &str) -> bool {
    match text.split_once(':') {
        Some(("acct", account)) => {
            account.rsplit_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
        }
        Some(("http" | "https", rest)) => rest.len() > 2 && rest.starts_with("//"),
        _ => false,
    }
}

fn plain(status: u16, text: &str) -> Response {
    Response::raw(status, "text/plain; charset=utf-8", text)
}

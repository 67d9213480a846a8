//! What a client says of itself, [RFC 7591 section 2](https://www.rfc-editor.org/rfc/rfc7591#section-2) and
//! [OpenID Connect Dynamic Client Registration 1.0 section 2](https://openid.net/specs/openid-connect-registration-1_0.html#ClientMetadata).

use serde_json::{Map, Value, json};
use url::Url;

use crate::{
    Client, client::is_loopback, client_assertion::SIGNING_ALGS, client_keys, error::OAuthError, keys, mutual_tls,
    random, registration::Registration, response_type::ResponseType, shared::Shared,
};

/// Members that are strings, and lists of them. What is in neither list is not understood and left out
/// (RFC 7591 section 2).
const STRINGS: [&str; 35] = [
    "application_type",
    "authorization_encrypted_response_alg",
    "authorization_encrypted_response_enc",
    "authorization_signed_response_alg",
    "backchannel_authentication_request_signing_alg",
    "backchannel_client_notification_endpoint",
    "backchannel_logout_uri",
    "backchannel_token_delivery_mode",
    "client_name",
    "client_uri",
    "frontchannel_logout_uri",
    "id_token_encrypted_response_alg",
    "id_token_encrypted_response_enc",
    "id_token_signed_response_alg",
    "initiate_login_uri",
    "introspection_encrypted_response_alg",
    "introspection_encrypted_response_enc",
    "introspection_signed_response_alg",
    "jwks_uri",
    "logo_uri",
    "policy_uri",
    "request_object_signing_alg",
    "scope",
    "software_id",
    "software_statement",
    "software_version",
    "subject_type",
    "tls_client_auth_san_dns",
    "tls_client_auth_subject_dn",
    "token_endpoint_auth_method",
    "token_endpoint_auth_signing_alg",
    "tos_uri",
    "userinfo_encrypted_response_alg",
    "userinfo_encrypted_response_enc",
    "userinfo_signed_response_alg",
];
const LISTS: [&str; 7] = [
    "authorization_details_types",
    "contacts",
    "grant_types",
    "post_logout_redirect_uris",
    "redirect_uris",
    "request_uris",
    "response_types",
];
const FLAGS: [&str; 7] = [
    "backchannel_logout_session_required",
    "backchannel_user_code_parameter",
    "dpop_bound_access_tokens",
    "frontchannel_logout_session_required",
    "require_pushed_authorization_requests",
    "require_signed_request_object",
    "tls_client_certificate_bound_access_tokens",
];

/// What may be encrypted to a client.
const ENCRYPTED: [&str; 4] = ["id_token", "userinfo", "authorization", "introspection"];

const METHODS: [&str; 5] =
    ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"];

/// Members that may be in a language, `client_name#ja` say (RFC 7591 section 2.2).
const READABLE: [&str; 5] = ["client_name", "client_uri", "logo_uri", "policy_uri", "tos_uri"];

/// A client with that metadata, defaults filled in. With `old` it is that client still, and keeps its secret.
pub(crate) async fn client(
    shared: &Shared,
    id: &str,
    old: Option<&Client>,
    registration: Registration,
    mut asked: Map<String, Value>,
) -> Result<Client, OAuthError> {
    asked.extend(shared.config.registration.replaced.iter().cloned());
    let mut metadata = understood(asked)?;
    fill_in(&mut metadata);
    check(shared, &metadata)?;
    let metadata = Metadata(metadata);
    let mut client = metadata.client(id);
    client.jwks = client_keys::of_metadata(&metadata.0).await?;
    if metadata.needs_secret() {
        let now = shared.clock.seconds();
        let lifetime = shared.config.registration.secret_lifetime;
        let ends = lifetime.map(|lifetime| now.saturating_add(lifetime.as_secs()));
        (client.secret, client.secret_expires_at) = match old {
            Some(Client { secret: Some(secret), secret_expires_at, .. }) => (Some(secret.clone()), *secret_expires_at),
            // Long enough for HS512 (RFC 7518 section 3.2).
            _ => (Some(format!("{}{}", random::token(), random::token())), ends),
        };
    }
    client.check().map_err(|message| invalid(&message))?;
    client.registration = Some(Registration { metadata: metadata.0, ..registration });
    Ok(client)
}

pub(crate) fn invalid(description: &str) -> OAuthError {
    OAuthError::new("invalid_client_metadata", description)
}

/// What this server knows, of the right type. Null and empty values count as left out (RFC 7592 section 2.2).
fn understood(asked: Map<String, Value>) -> Result<Map<String, Value>, OAuthError> {
    let mut metadata = Map::new();
    for (name, value) in asked {
        let plain = name.split_once('#').map_or(name.as_str(), |(plain, _)| plain);
        let known = |names: &[&str]| names.contains(&name.as_str());
        let right = match &value {
            Value::Null => continue,
            Value::String(text) if known(&STRINGS) || READABLE.contains(&plain) => {
                if text.is_empty() {
                    continue;
                }
                true
            }
            Value::Array(many) if known(&LISTS) => many.iter().all(Value::is_string),
            Value::Bool(_) if known(&FLAGS) => true,
            Value::Object(_) if name == "jwks" => true,
            _ if known(&STRINGS) || known(&LISTS) || known(&FLAGS) || READABLE.contains(&plain) || name == "jwks" => {
                false
            }
            _ => continue,
        };
        if !right {
            let error = format!("{name} is of the wrong type");
            return Err(if name == "redirect_uris" {
                OAuthError::new("invalid_redirect_uri", error)
            } else {
                invalid(&error)
            });
        }
        metadata.insert(name, value);
    }
    Ok(metadata)
}

/// The defaults of RFC 7591 section 2 and OpenID Connect Dynamic Client Registration 1.0 section 2.
fn fill_in(metadata: &mut Map<String, Value>) {
    let mut default = |name: &str, value: Value| {
        metadata.entry(name).or_insert(value);
    };
    default("token_endpoint_auth_method", "client_secret_basic".into());
    default("grant_types", json!(["authorization_code"]));
    default("application_type", "web".into());
    default("subject_type", "public".into());
    default("id_token_signed_response_alg", "RS256".into());
    let by_code = metadata.get("grant_types").is_some_and(|types| contains(types, "authorization_code"));
    metadata.entry("response_types").or_insert(if by_code { json!(["code"]) } else { json!([]) });
    for what in ENCRYPTED {
        if metadata.contains_key(&format!("{what}_encrypted_response_alg")) {
            let enc = format!("{what}_encrypted_response_enc");
            metadata.entry(enc).or_insert_with(|| "A128CBC-HS256".into());
        }
    }
}

fn contains(list: &Value, text: &str) -> bool {
    list.as_array().is_some_and(|list| list.iter().any(|one| one == text))
}

fn check(shared: &Shared, metadata: &Map<String, Value>) -> Result<(), OAuthError> {
    let metadata = Metadata(metadata.clone());
    let one_of = |name: &str, allowed: &[&str]| match metadata.text(name) {
        Some(value) if !allowed.contains(&value) => Err(invalid(&format!("{name} {value} is not supported"))),
        _ => Ok(()),
    };
    // Without TLS there are no certificates to know a client by.
    let by_certificate = shared.tls.is_some().then_some(mutual_tls::METHODS);
    let methods: Vec<&str> = METHODS.into_iter().chain(by_certificate.into_iter().flatten()).collect();
    one_of("token_endpoint_auth_method", &methods)?;
    one_of("application_type", &["web", "native"])?;
    one_of("subject_type", &["public"])?;
    one_of("token_endpoint_auth_signing_alg", &SIGNING_ALGS)?;
    let with_none: Vec<&str> = SIGNING_ALGS.into_iter().chain(["none"]).collect();
    one_of("request_object_signing_alg", &with_none)?;
    for what in ENCRYPTED {
        let alg = metadata.text(&format!("{what}_signed_response_alg"));
        if alg.is_some_and(|alg| !keys::can_sign(alg)) {
            return Err(invalid(&format!("{what}_signed_response_alg is not supported")));
        }
        let (alg, enc) = metadata.encryption(what);
        if alg.is_none() && enc.is_some() {
            return Err(invalid(&format!("{what}_encrypted_response_enc came without an alg")));
        }
    }
    check_flow(&metadata)?;
    check_uris(&metadata)
}

/// Grant types and response types go together (RFC 7591 section 2.1).
fn check_flow(metadata: &Metadata) -> Result<(), OAuthError> {
    let grants: Vec<&str> = metadata.list("grant_types").collect();
    let mut front_channel_id_token = false;
    for text in metadata.list("response_types") {
        let parsed = ResponseType::parse(text).ok_or_else(|| invalid(&format!("response_types has {text}")))?;
        let needs = [("authorization_code", parsed.code), ("implicit", parsed.is_front_channel())];
        if let Some((grant, _)) = needs.iter().find(|(grant, needed)| *needed && !grants.contains(grant)) {
            return Err(invalid(&format!("the response type {text} needs the grant type {grant}")));
        }
        front_channel_id_token |= parsed.id_token;
    }
    if front_channel_id_token && metadata.text("id_token_signed_response_alg") == Some("none") {
        return Err(invalid("an ID token of the authorization endpoint needs a signature"));
    }
    let redirected = grants.contains(&"authorization_code") || grants.contains(&"implicit");
    if redirected && metadata.list("redirect_uris").next().is_none() {
        return Err(OAuthError::new("invalid_redirect_uri", "redirect_uris is missing"));
    }
    Ok(())
}

fn check_uris(metadata: &Metadata) -> Result<(), OAuthError> {
    let sound = |uri: &str| Url::parse(uri).is_ok_and(|url| url.fragment().is_none() && is_safe(&url));
    if let Some(uri) = metadata.list("redirect_uris").find(|uri| !sound(uri)) {
        return Err(OAuthError::new("invalid_redirect_uri", format!("the redirect URI {uri} will not do")));
    }
    let lists = ["post_logout_redirect_uris", "request_uris"].into_iter().flat_map(|name| metadata.list(name));
    let names = STRINGS.into_iter().filter(|name| name.ends_with("_uri"));
    let web = |uri: &str| Url::parse(uri).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
    match lists.chain(names.filter_map(|name| metadata.text(name))).find(|uri| !web(uri)) {
        Some(uri) => Err(invalid(&format!("{uri} is no web address"))),
        None => Ok(()),
    }
}

/// HTTPS, a loopback host, or a scheme of an app's own (RFC 8252 sections 7.1 to 7.3).
fn is_safe(url: &Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => is_loopback(url),
        "javascript" | "data" | "file" | "vbscript" => false,
        _ => true,
    }
}

struct Metadata(Map<String, Value>);

impl Metadata {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    fn encryption(&self, what: &str) -> (Option<&str>, Option<&str>) {
        let part = |part: &str| self.text(&format!("{what}_encrypted_response_{part}"));
        (part("alg"), part("enc"))
    }

    /// Whether it authenticates, signs or is written to with a secret.
    fn needs_secret(&self) -> bool {
        let with_hmac = |(name, value): (&String, &Value)| {
            name.ends_with("_alg") && value.as_str().is_some_and(|alg| alg.starts_with("HS"))
        };
        let symmetric = |alg: &str| alg == "dir" || (alg.starts_with('A') && alg.ends_with("KW"));
        self.text("token_endpoint_auth_method").is_some_and(|method| method.starts_with("client_secret"))
            || self.0.iter().any(with_hmac)
            || ENCRYPTED.into_iter().any(|what| self.encryption(what).0.is_some_and(symmetric))
    }

    fn client(&self, id: &str) -> Client {
        // Nothing in client metadata asks for it, and nobody minds.
        let mut client = Client::new(id).s_hash();
        let with = |client: Client, name: &str, set: fn(Client, String) -> Client| match self.text(name) {
            Some(value) => set(client, value.to_owned()),
            None => client,
        };
        let each = |client: Client, name: &str, add: fn(Client, String) -> Client| {
            self.list(name).fold(client, |client, value| add(client, value.to_owned()))
        };
        client = with(client, "token_endpoint_auth_method", Client::auth);
        client = with(client, "scope", Client::scope);
        client = with(client, "jwks_uri", Client::jwks_uri);
        client = with(client, "token_endpoint_auth_signing_alg", Client::token_endpoint_auth_signing_alg);
        client = with(client, "id_token_signed_response_alg", Client::id_token_signed_response_alg);
        client = with(client, "userinfo_signed_response_alg", Client::userinfo_signed_response_alg);
        client = with(client, "authorization_signed_response_alg", Client::authorization_signed_response_alg);
        client = with(client, "request_object_signing_alg", Client::request_object_signing_alg);
        client = with(client, "introspection_signed_response_alg", Client::introspection_signed_response_alg);
        client = with(client, "backchannel_token_delivery_mode", Client::backchannel_token_delivery_mode);
        let notified = Client::backchannel_client_notification_endpoint;
        client = with(client, "backchannel_client_notification_endpoint", notified);
        let signed = Client::backchannel_authentication_request_signing_alg;
        client = with(client, "backchannel_authentication_request_signing_alg", signed);
        client = with(client, "frontchannel_logout_uri", Client::frontchannel_logout_uri);
        client = with(client, "backchannel_logout_uri", Client::backchannel_logout_uri);
        client = each(client, "redirect_uris", Client::redirect_uri);
        client = each(client, "response_types", Client::response_type);
        client = each(client, "request_uris", Client::request_uri);
        client = each(client, "post_logout_redirect_uris", Client::post_logout_redirect_uri);
        client = each(client, "authorization_details_types", Client::authorization_details_type);
        client.requests.grant_types = self.list("grant_types").map(str::to_owned).collect();
        client.requests.require_pushed = self.flag("require_pushed_authorization_requests");
        client.requests.require_signed = self.flag("require_signed_request_object");
        client.ciba.user_code = self.flag("backchannel_user_code_parameter");
        client.dpop_bound = self.flag("dpop_bound_access_tokens");
        client.certificate_bound = self.flag("tls_client_certificate_bound_access_tokens");
        client.tls_client_auth_subject_dn = self.text("tls_client_auth_subject_dn").map(str::to_owned);
        client.tls_client_auth_san_dns = self.text("tls_client_auth_san_dns").map(str::to_owned);
        if let (Some(alg), Some(enc)) = self.encryption("id_token") {
            client = client.id_token_encrypted_response(alg, enc);
        }
        if let (Some(alg), Some(enc)) = self.encryption("userinfo") {
            client = client.userinfo_encrypted_response(alg, enc);
        }
        if let (Some(alg), Some(enc)) = self.encryption("authorization") {
            client = client.authorization_encrypted_response(alg, enc);
        }
        if let (Some(alg), Some(enc)) = self.encryption("introspection") {
            client = client.introspection_encrypted_response(alg, enc);
        }
        client
    }
}

//! The rules that are taken out.

use super::Mutant;

/// The tests that a mutant is held against: those of OpenID Connect, or of one of the FAPI plans.
const OPENID: &str = "oidcc_";
const FAPI1: &str = "fapi1_";
const FAPI2: &str = "fapi2_";
const CIBA: &str = "fapi_ciba_";

const JWS_KEY: &str = "crates/jose/src/jws/key.rs";
const JWT: &str = "crates/core/src/oidc/jwt.rs";
const ID_TOKEN: &str = "crates/core/src/oidc/id_token.rs";
const KEY_SET: &str = "crates/core/src/metadata/key_set.rs";
const USERINFO: &str = "crates/core/src/endpoint/userinfo.rs";
const DISCOVERY: &str = "crates/core/src/endpoint/discovery.rs";
const END_SESSION: &str = "crates/core/src/endpoint/end_session.rs";
const BACKCHANNEL: &str = "crates/core/src/oidc/backchannel_logout.rs";
const FRONTCHANNEL: &str = "crates/core/src/oidc/frontchannel_logout.rs";
const THIRD_PARTY: &str = "crates/core/src/oidc/third_party_login.rs";
const RESPONSE: &str = "crates/core/src/authorization/response.rs";

const RULES: &str = "crates/core/src/rules/mod.rs";
const DPOP: &str = "crates/core/src/token_type/dpop.rs";
const ASK: &str = "crates/core/src/client/ask.rs";
const CALL: &str = "crates/core/src/session/call.rs";
const JARM: &str = "crates/core/src/authorization/jarm.rs";
const PUSHED: &str = "crates/core/src/authorization/pushed.rs";
const REQUEST_OBJECT: &str = "crates/core/src/authorization/request_object.rs";
const POLLING: &str = "crates/core/src/grant/polling.rs";
const CIBA_REQUEST: &str = "crates/core/src/grant/ciba/request.rs";
const CIBA_OBJECT: &str = "crates/core/src/grant/ciba/request_object.rs";
const INBOX: &str = "crates/core/src/grant/ciba/inbox.rs";
const REGISTRATION: &str = "crates/core/src/endpoint/registration.rs";
const CONFIGURATION: &str = "crates/core/src/endpoint/client_configuration.rs";

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        rule: "a signature verifies",
        tests: OPENID,
        file: JWS_KEY,
        from: "if verified { Ok(()) } else { Err(Error::signature()) }",
        to: "let _ = verified;\n        Ok(())",
    },
    Mutant {
        rule: "alg is the registered one",
        tests: OPENID,
        file: JWT,
        from: "if !rules.algorithms.iter().any(|allowed| allowed == said) {",
        to: "if said.is_empty() {",
    },
    Mutant {
        rule: "alg none needs the danger door",
        tests: OPENID,
        file: JWT,
        from: "let unsigned = rules.unsigned && rules.algorithms.iter().any(|allowed| allowed == \"none\");",
        to: "let unsigned = true;",
    },
    Mutant {
        rule: "iss of an ID token is the issuer",
        tests: OPENID,
        file: ID_TOKEN,
        from: "let issuer = check_issuer(STAGE, VALIDATION, metadata, claims)?;",
        to: "let _ = metadata;\n    let issuer = required_text(STAGE, claims, \"iss\", VALIDATION)?;",
    },
    Mutant {
        rule: "aud of an ID token is the client",
        tests: OPENID,
        file: ID_TOKEN,
        from: "check_audience(STAGE, claims, client.client_id(), &rules.trusted_audiences)?;",
        to: "",
    },
    Mutant {
        rule: "sub is required",
        tests: OPENID,
        file: ID_TOKEN,
        from: "let subject = required_text(STAGE, claims, \"sub\", \"OpenID Connect Core section 2\")?;",
        to: "let subject = claims.text_of(\"sub\").unwrap_or_default();",
    },
    Mutant {
        rule: "iat is required",
        tests: OPENID,
        file: JWT,
        from: "let iat = required_time(stage, claims, \"iat\", self.spec)?;",
        to: "let iat = required_time(stage, claims, \"iat\", self.spec).unwrap_or(self.now);",
    },
    Mutant {
        rule: "nonce is the one sent",
        tests: OPENID,
        file: ID_TOKEN,
        from: "Some(Claim::Text(nonce)) if constant_time_eq(nonce.as_bytes(), sent.reveal().as_bytes()) => Ok(()),",
        to: "Some(Claim::Text(nonce)) if constant_time_eq(nonce.as_bytes(), nonce.as_bytes()) => Ok(()),",
    },
    Mutant {
        rule: "nonce is required",
        tests: OPENID,
        file: ID_TOKEN,
        from: "        Some(Claim::Text(_)) => Err(broken().got(\"another nonce\")),\n",
        to: "        Some(Claim::Text(_)) => Err(broken().got(\"another nonce\")),\n        None => Ok(()),\n",
    },
    Mutant {
        rule: "nonce is sent with each request",
        tests: OPENID,
        file: "crates/core/src/authorization/request.rs",
        from: "None => makes_nonce.then(|| random.secret()),",
        to: "None => makes_nonce.then(|| \"always-the-same-nonce-here\".into()),",
    },
    Mutant {
        rule: "at_hash is compared",
        tests: OPENID,
        file: ID_TOKEN,
        from: "if !digest.is_left_half(",
        to: "if name != \"at_hash\" && !digest.is_left_half(",
    },
    Mutant {
        rule: "at_hash is required",
        tests: OPENID,
        file: ID_TOKEN,
        from: "front, AT_HASH,",
        to: "false, AT_HASH,",
    },
    Mutant {
        rule: "c_hash is compared",
        tests: OPENID,
        file: ID_TOKEN,
        from: "if !digest.is_left_half(",
        to: "if name != \"c_hash\" && !digest.is_left_half(",
    },
    Mutant { rule: "c_hash is required", tests: OPENID, file: ID_TOKEN, from: "front, C_HASH,", to: "false, C_HASH," },
    Mutant {
        rule: "keys are fetched again when none fits",
        tests: OPENID,
        file: KEY_SET,
        from: "for _ in 0..2 {",
        to: "for _ in 0..0 {",
    },
    Mutant {
        rule: "a token without kid fits any key",
        tests: OPENID,
        file: KEY_SET,
        from: "kid.is_none_or(|kid| key.jwk.kid() == Some(kid))",
        to: "key.jwk.kid() == kid",
    },
    Mutant {
        rule: "every key that fits is tried",
        tests: OPENID,
        file: JWT,
        from: "(kid, algorithm).take(MOST_TRIES)",
        to: "(kid, algorithm).take(1)",
    },
    Mutant {
        rule: "a refreshed ID token is verified",
        tests: OPENID,
        file: ID_TOKEN,
        from: "        Err(error) => Err(error),\n",
        to: "        Err(error) => Ok(keep(answer, &error)),\n",
    },
    Mutant {
        rule: "a refreshed ID token has the same sub",
        tests: OPENID,
        file: ID_TOKEN,
        from: "for name in [\"iss\", \"sub\"] {",
        to: "for name in [\"iss\"] {",
    },
    Mutant {
        rule: "sub of userinfo is that of the ID token",
        tests: OPENID,
        file: USERINFO,
        from: "Some(sub) if sub == id_token.subject() =>",
        to: "Some(sub) if sub != \"\" || sub == id_token.subject() =>",
    },
    Mutant {
        rule: "userinfo is signed as registered",
        tests: OPENID,
        file: USERINFO,
        from: "Answer::Json(members) if !protected =>",
        to: "Answer::Json(members) if !protected || !members.is_empty() =>",
    },
    Mutant {
        rule: "issuer of the metadata is the one asked",
        tests: OPENID,
        file: DISCOVERY,
        from: "(expected, issuer == expected)",
        to: "(expected, true)",
    },
    Mutant {
        rule: "iss of a logout token is the issuer",
        tests: OPENID,
        file: BACKCHANNEL,
        from: "let issuer = check_issuer(STAGE, VALIDATION, metadata, claims)?;",
        to: "let _ = metadata;\n    let issuer = required_text(STAGE, claims, \"iss\", VALIDATION)?;",
    },
    Mutant {
        rule: "aud of a logout token is the client",
        tests: OPENID,
        file: BACKCHANNEL,
        from: "check_audience(STAGE, claims, client.client_id(), &rules.trusted_audiences)?;",
        to: "",
    },
    Mutant {
        rule: "a logout token has the event",
        tests: OPENID,
        file: BACKCHANNEL,
        from: "    check_events(claims)?;\n",
        to: "",
    },
    Mutant {
        rule: "a logout token has no nonce",
        tests: OPENID,
        file: BACKCHANNEL,
        from: "if claims.contains_key(\"nonce\") {",
        to: "if claims.contains_key(\"no such claim\") {",
    },
    Mutant {
        rule: "a logout token serves once",
        tests: OPENID,
        file: BACKCHANNEL,
        from: "if !replays.first_use(&TokenKey::new(parts).to_string(), until).await? {",
        to: "if !replays.first_use(&TokenKey::new(parts).to_string(), until).await? && until == UnixTime::now() {",
    },
    Mutant {
        rule: "state of a logout is the one sent",
        tests: OPENID,
        file: END_SESSION,
        from: "Some(got) if Secret::from(got) == state => {}",
        to: "Some(got) if Secret::from(got) == state || !got.is_empty() => {}",
    },
    Mutant {
        rule: "state of a logout is required",
        tests: OPENID,
        file: END_SESSION,
        from: "None => return Err(broken().got(\"no state\").into()),",
        to: "None => {}",
    },
    Mutant {
        rule: "an error in the authorization response is told",
        tests: OPENID,
        file: RESPONSE,
        from: "if let Some(error) = server_error(&answer)? {",
        to: "if let Some(error) = server_error(&answer)?.filter(|error| error.status() == Some(1)) {",
    },
    Mutant {
        rule: "iss of a front-channel logout is the issuer",
        tests: OPENID,
        file: FRONTCHANNEL,
        from: "if !metadata.issues_as(issuer) {",
        to: "if issuer.is_empty() {",
    },
    Mutant {
        rule: "iss of a login by a third party is the issuer",
        tests: OPENID,
        file: THIRD_PARTY,
        from: "if !metadata.issues_as(&login.issuer) {",
        to: "if login.issuer.is_empty() {",
    },
    Mutant {
        rule: "iat is less than a week old",
        tests: FAPI1,
        file: JWT,
        from: "&& self.now.since(iat) >= oldest",
        to: "&& self.now.since(iat) > oldest.saturating_add(self.leeway)",
    },
    Mutant {
        rule: "s_hash is required by FAPI 1.0",
        tests: FAPI1,
        file: ID_TOKEN,
        from: "expected.s_hash_required, S_HASH,",
        to: "false, S_HASH,",
    },
    Mutant {
        rule: "s_hash is compared",
        tests: FAPI1,
        file: ID_TOKEN,
        from: "if !digest.is_left_half(",
        to: "if name != \"s_hash\" && !digest.is_left_half(",
    },
    Mutant {
        rule: "an ID token is encrypted as registered",
        tests: FAPI1,
        file: JWT,
        from: "if said != Some(registered) {",
        to: "if said.is_none_or(str::is_empty) && !registered.is_empty() {",
    },
    Mutant {
        rule: "a claim is as the program expects it",
        tests: FAPI1,
        file: ID_TOKEN,
        from: "if !expectation.holds(&claims) {",
        to: "if !expectation.holds(&claims) && claims.members().is_empty() {",
    },
    Mutant {
        rule: "aud of a request object is the issuer",
        tests: FAPI1,
        file: REQUEST_OBJECT,
        from: "(\"aud\", audience.into()),",
        to: "(\"aud\", format!(\"{audience}/other\").into()),",
    },
    Mutant {
        rule: "exp of a request object is there",
        tests: FAPI1,
        file: REQUEST_OBJECT,
        from: "            (\"exp\", making.now.after(self.lifetime).seconds().into()),\n",
        to: "",
    },
    Mutant {
        rule: "nbf of a request object is there",
        tests: FAPI1,
        file: REQUEST_OBJECT,
        from: "            (\"nbf\", making.now.before(self.not_before).seconds().into()),\n",
        to: "",
    },
    Mutant {
        rule: "nothing but what is required stands beside a request object",
        tests: FAPI1,
        file: REQUEST_OBJECT,
        from: "{ &[\"response_type\", \"client_id\", \"scope\"] }",
        to: "{ &[\"response_type\", \"client_id\", \"scope\", \"nonce\"] }",
    },
    Mutant {
        rule: "a pushed request leaves nothing in the URL",
        tests: FAPI2,
        file: PUSHED,
        from: "prepared.url_with(&[\"client_id\"],",
        to: "prepared.url_with(&[\"client_id\", \"scope\"],",
    },
    Mutant {
        rule: "iss of the answer is required by FAPI 2.0",
        tests: FAPI2,
        file: RULES,
        from: "    pub(crate) fn requires_iss(self) -> bool {\n        self.pushes()",
        to: "    pub(crate) fn requires_iss(self) -> bool {\n        self == Self::OAuth21",
    },
    Mutant {
        rule: "iss of the answer is the issuer",
        tests: FAPI2,
        file: RESPONSE,
        from: "(Some(iss), Some(issuer)) if iss != issuer => Err(broken()",
        to: "(Some(iss), Some(issuer)) if iss != issuer && iss.is_empty() => Err(broken()",
    },
    Mutant {
        rule: "state of the answer is the one sent",
        tests: FAPI2,
        file: RESPONSE,
        from: "if equal && !state.is_empty() {",
        to: "if equal || !state.is_empty() {",
    },
    Mutant {
        rule: "state of the answer is required",
        tests: FAPI2,
        file: RESPONSE,
        from: "if equal && !state.is_empty() {",
        to: "if equal || state.is_empty() {",
    },
    Mutant {
        rule: "iss of a signed answer is the issuer",
        tests: FAPI2,
        file: JARM,
        from: "let issuer = check_issuer(STAGE, SPEC, metadata, claims)?;",
        to: "let _ = (metadata, check_issuer(STAGE, SPEC, metadata, claims));\n    let issuer = signed.asked.issuer().unwrap_or_default();",
    },
    Mutant {
        rule: "aud of a signed answer is the client",
        tests: FAPI2,
        file: JARM,
        from: "Some(audience) if audience.contains(&client.client_id()) => {}",
        to: "Some(_) => {}",
    },
    Mutant {
        rule: "aud of a signed answer is required",
        tests: FAPI2,
        file: JARM,
        from: "match audiences(claims) {",
        to: "match audiences(claims).or_else(|| claims.get(\"aud\").is_none().then(|| vec![client.client_id()])) {",
    },
    Mutant {
        rule: "exp of a signed answer is in the future",
        tests: FAPI2,
        file: JARM,
        from: "times.not_expired(STAGE, required_time(STAGE, claims, \"exp\", SPEC)?)?;",
        to: "required_time(STAGE, claims, \"exp\", SPEC)?;",
    },
    Mutant {
        rule: "exp of a signed answer is required",
        tests: FAPI2,
        file: JARM,
        from: "times.not_expired(STAGE, required_time(STAGE, claims, \"exp\", SPEC)?)?;",
        to: "times.not_expired(STAGE, required_time(STAGE, claims, \"exp\", SPEC).unwrap_or(now.after(leeway)))?;",
    },
    Mutant {
        rule: "a signed answer is never unsigned",
        tests: FAPI2,
        file: JWT,
        from: "let unsigned = rules.unsigned && rules.algorithms.iter().any(|allowed| allowed == \"none\");",
        to: "let unsigned = rules.stage == \"authorization response\";",
    },
    Mutant {
        rule: "the server's nonce goes into another proof",
        tests: FAPI2,
        file: ASK,
        from: "if matches!(proof, Proof::By(_)) && demanded.0.is_none() {",
        to: "if matches!(proof, Proof::By(_)) && demanded.0.is_some() {",
    },
    Mutant {
        rule: "the API's nonce goes into another proof",
        tests: FAPI2,
        file: CALL,
        from: "        if self.demanded.is_none() {",
        to: "        if self.demanded.is_some() {",
    },
    Mutant {
        rule: "the scheme of a challenge has no case",
        tests: FAPI2,
        file: DPOP,
        from: "challenge.scheme().eq_ignore_ascii_case(\"dpop\")",
        to: "challenge.scheme() == \"DPoP\"",
    },
    Mutant {
        rule: "ath is the digest of the token",
        tests: FAPI2,
        file: DPOP,
        from: "grantee_jose::sha256(token.access_token.reveal().as_bytes())",
        to: "grantee_jose::sha256(token.token_type.as_bytes())",
    },
    Mutant {
        rule: "htu is without the query",
        tests: FAPI2,
        file: DPOP,
        from: "text.push_str(uri.path());",
        to: "text.push_str(uri.path_and_query().map_or(\"/\", |path| path.as_str()));",
    },
    Mutant {
        rule: "each proof has another jti",
        tests: FAPI2,
        file: DPOP,
        from: "let jti = self.chance.next(context.entropy)?;",
        to: "self.chance.next(context.entropy)?;\n        let jti = [7; 16];",
    },
    Mutant {
        rule: "a token that is bound is no Bearer token",
        tests: FAPI2,
        file: DPOP,
        from: "        if !answer.token_type.eq_ignore_ascii_case(\"DPoP\") {",
        to: "        if answer.token_type.is_empty() {",
    },
    Mutant {
        rule: "token_type DPoP has no case",
        tests: FAPI2,
        file: DPOP,
        from: "        if !answer.token_type.eq_ignore_ascii_case(\"DPoP\") {",
        to: "        if answer.token_type != \"DPoP\" {",
    },
    Mutant {
        rule: "token_type Bearer has no case",
        tests: FAPI2,
        file: "crates/core/src/token.rs",
        from: "self.token_type.eq_ignore_ascii_case(\"Bearer\")",
        to: "self.token_type == \"Bearer\"",
    },
    Mutant {
        rule: "the server's interval is kept",
        tests: CIBA,
        file: CIBA_REQUEST,
        from: "members.get(\"interval\").and_then(json::seconds).unwrap_or(DEFAULT_INTERVAL)",
        to: "DEFAULT_INTERVAL",
    },
    Mutant {
        rule: "the interval is five seconds where none is said",
        tests: CIBA,
        file: CIBA_REQUEST,
        from: ".unwrap_or(DEFAULT_INTERVAL),",
        to: ".unwrap_or(DEFAULT_INTERVAL / 5),",
    },
    Mutant {
        rule: "there is a pause before the first poll",
        tests: CIBA,
        file: POLLING,
        from: "due: monotonic.saturating_add(schedule.interval),",
        to: "due: monotonic,",
    },
    Mutant {
        rule: "slow_down adds five seconds",
        tests: CIBA,
        file: POLLING,
        from: "self.pace.interval = self.pace.interval.saturating_add(SLOW_DOWN);\n                self.pace.answered(",
        to: "self.pace.answered(",
    },
    Mutant {
        rule: "slow_down is for good",
        tests: CIBA,
        file: POLLING,
        from: "self.pace.interval = self.pace.interval.saturating_add(SLOW_DOWN);\n                self.pace.answered(sent_at, now, retry_after);",
        to: "self.pace.answered(sent_at, now + SLOW_DOWN, Some(self.pace.interval + SLOW_DOWN));",
    },
    Mutant {
        rule: "an error ends the polling",
        tests: CIBA,
        file: POLLING,
        from: "Some(\"slow_down\") => Self::SlowDown,",
        to: "Some(\"slow_down\") => Self::SlowDown,\n            Some(\"access_denied\" | \"invalid_request\") => Self::Pending,",
    },
    Mutant {
        rule: "nothing is asked before the ping",
        tests: CIBA,
        file: POLLING,
        from: "        self.turns.pace.due = Duration::MAX;\n",
        to: "",
    },
    Mutant {
        rule: "a ping has the bearer token that was sent",
        tests: CIBA,
        file: INBOX,
        from: "let delivery = self.0.lock().fitting(&key).find(|place| place.token == shown).ok_or_else(unknown)?.delivery;\n",
        to: "let place = self.0.lock().0.values().flatten().next().cloned().ok_or_else(unknown)?;\n        let (key, delivery) = (digest(&place.token), place.delivery);\n        let _ = shown;\n",
    },
    Mutant {
        rule: "auth_req_id is required",
        tests: CIBA,
        file: CIBA_REQUEST,
        from: "_ => return Err(broken(\"auth_req_id\", \"auth_req_id\").into()),",
        to: "_ => Secret::new(\"none\"),",
    },
    Mutant {
        rule: "expires_in of the request is required",
        tests: CIBA,
        file: CIBA_REQUEST,
        from: ".ok_or_else(|| broken(\"expires_in, a positive number of seconds\", \"expires_in\"))?",
        to: ".unwrap_or(DEFAULT_INTERVAL * 24)",
    },
    Mutant {
        rule: "a signed CIBA request has a jti",
        tests: CIBA,
        file: CIBA_OBJECT,
        from: "    claims.insert(\"jti\".to_owned(), base64url::encode(jti).into());\n",
        to: "",
    },
    Mutant {
        rule: "a signed CIBA request has an nbf",
        tests: CIBA,
        file: CIBA_OBJECT,
        from: "    claims.insert(\"nbf\".to_owned(), context.now.seconds().into());\n",
        to: "",
    },
    Mutant {
        rule: "a client with a certificate goes to the aliases",
        tests: OPENID,
        file: ASK,
        from: "Some(endpoint) if over_mtls => Ok(endpoint),",
        to: "Some(endpoint) if over_mtls && endpoint.is_empty() => Ok(endpoint),",
    },
    Mutant {
        rule: "so does one whose tokens are bound",
        tests: OPENID,
        file: ASK,
        from: "let over_mtls = config.token_type.over_mtls()\n        || config.credentials",
        to: "let over_mtls = config.credentials",
    },
    Mutant {
        rule: "and nobody else",
        tests: OPENID,
        file: ASK,
        from: "Some(endpoint) if over_mtls => Ok(endpoint),",
        to: "Some(endpoint) if over_mtls || !endpoint.is_empty() => Ok(endpoint),",
    },
    Mutant {
        rule: "a client authenticates as it is registered",
        tests: OPENID,
        file: REGISTRATION,
        from: "method: metadata.token_endpoint_auth_method.clone(),",
        to: "method: None,",
    },
    Mutant {
        rule: "the newest registration access token is kept",
        tests: FAPI2,
        file: CONFIGURATION,
        from: "        now.registration_access_token.take().or_else(|| kept.registration_access_token.clone());",
        to: "        kept.registration_access_token.clone().or_else(|| now.registration_access_token.take());",
    },
];

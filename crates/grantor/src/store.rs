//! Everything the server has issued.
//!
//! A grant is what a person, or a client for itself, allowed. Every code and token points to its grant, so revoking a
//! family of tokens is one flag.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::{Map, Value};

use crate::{
    authorization_request::AuthorizationRequest, binding::Binding, bounded::Bounded, claims_request::ClaimsRequest,
    clock::Clock, random,
};

/// How many tokens of a kind are remembered.
const TOKENS: usize = 200_000;

#[derive(Debug, Default)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    /// The name a person logs in by; none when the client acts for itself.
    pub(crate) username: Option<String>,
    pub(crate) sub: String,
    pub(crate) scope: String,
    pub(crate) audience: Vec<String>,
    /// RFC 9396 section 7.
    pub(crate) authorization_details: Vec<Value>,
    /// Seconds since the epoch.
    pub(crate) auth_time: u64,
    pub(crate) acr: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) state: Option<String>,
    /// The session in which the person logged in (OpenID Connect Front-Channel Logout 1.0 section 3).
    pub(crate) sid: Option<String>,
    pub(crate) claims: ClaimsRequest,
    /// The key that the code alone may be exchanged with (RFC 9449 section 10).
    pub(crate) dpop_jkt: Option<String>,
    /// Who acts for the person (RFC 8693 section 4.1).
    pub(crate) act: Option<Value>,
    /// The CIBA request that it answers.
    pub(crate) auth_req_id: Option<String>,
    pub(crate) revoked: AtomicBool,
}

impl Grant {
    pub(crate) fn revoke(&self) -> bool {
        !self.revoked.swap(true, Ordering::Relaxed)
    }

    fn is_live(&self) -> bool {
        !self.revoked.load(Ordering::Relaxed)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct AccessToken {
    pub(crate) grant: Arc<Grant>,
    pub(crate) scope: String,
    pub(crate) audience: Vec<String>,
    pub(crate) authorization_details: Vec<Value>,
    pub(crate) life: Life,
    pub(crate) cnf: Option<Value>,
    pub(crate) binding: Binding,
    /// Whether `/api/bare-401` has refused it already.
    pub(crate) refused_once: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct RefreshToken {
    pub(crate) grant: Arc<Grant>,
    pub(crate) life: Life,
    pub(crate) used: bool,
    binding: Binding,
}

#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) grant: Arc<Grant>,
    /// None when the authorization request had none and the only registered one was taken.
    pub(crate) redirect_uri: Option<String>,
    pub(crate) code_challenge: Option<String>,
    pub(crate) life: Life,
    pub(crate) used: bool,
}

/// From when to when something is good.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    ends: Duration,
    /// Seconds since the epoch.
    pub(crate) issued_at: u64,
    /// Seconds since the epoch.
    pub(crate) expires_at: u64,
}

impl Life {
    pub(crate) fn starting(now: Duration, length: Duration) -> Self {
        let ends = now.saturating_add(length);
        Self { ends, issued_at: now.as_secs(), expires_at: ends.as_secs() }
    }

    pub(crate) fn is_over(&self, clock: &Clock) -> bool {
        clock.now() >= self.ends
    }
}

/// Claims that wait to be fetched from the claims provider.
#[derive(Clone, Debug)]
pub(crate) struct HeldClaims {
    pub(crate) claims: Map<String, Value>,
    pub(crate) as_jwt: bool,
}

/// An authorization request that waits behind its `request_uri`.
struct Pushed {
    authorization: AuthorizationRequest,
    life: Life,
}

pub(crate) struct Store {
    access: Bounded<AccessToken>,
    refresh: Bounded<RefreshToken>,
    codes: Bounded<Code>,
    held_claims: Bounded<HeldClaims>,
    /// Client assertions that have been used: `iss` and `jti`, with when they end.
    assertions: Bounded<()>,
    pushed: Bounded<Pushed>,
    clock: Arc<Clock>,
    pub(crate) families_revoked: usize,
}

/// What became of a code or a refresh token that was presented.
pub(crate) enum Spent<T> {
    Now(T),
    /// It had been used before, which is what theft looks like.
    Before,
    No,
}

impl Store {
    pub(crate) fn new(clock: Arc<Clock>) -> Self {
        Self {
            clock,
            held_claims: Bounded::new(TOKENS),
            assertions: Bounded::new(TOKENS),
            pushed: Bounded::new(TOKENS),
            access: Bounded::new(TOKENS),
            refresh: Bounded::new(TOKENS),
            codes: Bounded::new(TOKENS),
            families_revoked: 0,
        }
    }

    pub(crate) fn add_access(&mut self, value: Arc<str>, token: AccessToken) {
        self.access.insert(value, token);
    }

    pub(crate) fn hold_claims(&mut self, held: HeldClaims) -> Arc<str> {
        let value = random::token();
        self.held_claims.insert(value.clone(), held);
        value
    }

    pub(crate) fn held_claims(&self, value: &str) -> Option<&HeldClaims> {
        self.held_claims.get(value)
    }

    /// True the first time a client shows that assertion (RFC 7523 section 3).
    pub(crate) fn is_new_assertion(&mut self, client_id: &str, jti: &str) -> bool {
        let key: Arc<str> = format!("{client_id} {jti}").into();
        let new = self.assertions.get(&key).is_none();
        if new {
            self.assertions.insert(key, ());
        }
        new
    }

    pub(crate) fn add_refresh(&mut self, grant: Arc<Grant>, lifetime: Duration, binding: Binding) -> Arc<str> {
        let value = random::token();
        let life = Life::starting(self.clock.now(), lifetime);
        self.refresh.insert(value.clone(), RefreshToken { grant, life, used: false, binding });
        value
    }

    pub(crate) fn add_code(&mut self, code: Code) -> Arc<str> {
        let value = random::token();
        self.codes.insert(value.clone(), code);
        value
    }

    pub(crate) fn push(&mut self, request_uri: Arc<str>, authorization: AuthorizationRequest, lifetime: Duration) {
        let life = Life::starting(self.clock.now(), lifetime);
        self.pushed.insert(request_uri, Pushed { authorization, life });
    }

    /// The request behind a `request_uri`, once and for the client that pushed it (RFC 9126 sections 2.2 and 4).
    pub(crate) fn take_pushed(&mut self, request_uri: &str, client_id: &str) -> Option<AuthorizationRequest> {
        self.pushed.get(request_uri).filter(|pushed| pushed.authorization.client_id == client_id)?;
        let pushed = self.pushed.remove(request_uri)?;
        (!pushed.life.is_over(&self.clock)).then_some(pushed.authorization)
    }

    pub(crate) fn access(&self, value: &str) -> Option<&AccessToken> {
        self.access.get(value).filter(|token| token.grant.is_live() && !token.life.is_over(&self.clock))
    }

    /// True the first time it is asked of a token.
    pub(crate) fn refuse_once(&mut self, value: &str) -> bool {
        self.access.get_mut(value).is_some_and(|token| !std::mem::replace(&mut token.refused_once, true))
    }

    pub(crate) fn refresh(&self, value: &str) -> Option<&RefreshToken> {
        self.refresh.get(value).filter(|token| token.grant.is_live() && !token.life.is_over(&self.clock) && !token.used)
    }

    /// Looks a refresh token up for use. A used one revokes its whole family (RFC 9700 section 4.14.2).
    pub(crate) fn present_refresh(&mut self, value: &str, client_id: &str) -> Spent<Arc<Grant>> {
        let Some(token) = self.refresh.get(value).filter(|token| token.grant.client_id == client_id) else {
            return Spent::No;
        };
        if token.used {
            if token.grant.revoke() {
                self.families_revoked += 1;
            }
            return Spent::Before;
        }
        if token.life.is_over(&self.clock) || !token.grant.is_live() {
            return Spent::No;
        }
        Spent::Now(token.grant.clone())
    }

    /// Whether a refresh token may be used by who has proven that.
    pub(crate) fn refresh_is_for(&self, value: &str, proven: &Binding) -> bool {
        self.refresh.get(value).is_none_or(|token| token.binding.is_met_by(proven))
    }

    pub(crate) fn spend_refresh(&mut self, value: &str) {
        if let Some(token) = self.refresh.get_mut(value) {
            token.used = true;
        }
    }

    /// Looks a code up for use. A used one revokes what it was exchanged for (RFC 6749 section 4.1.2).
    pub(crate) fn present_code(&mut self, value: &str, client_id: &str) -> Spent<&mut Code> {
        let Some(code) = self.codes.get_mut(value).filter(|code| code.grant.client_id == client_id) else {
            return Spent::No;
        };
        if code.used {
            if code.grant.revoke() {
                self.families_revoked += 1;
            }
            return Spent::Before;
        }
        if code.life.is_over(&self.clock) || !code.grant.is_live() {
            return Spent::No;
        }
        Spent::Now(code)
    }

    pub(crate) fn use_code_up(&mut self, value: &str) {
        if let Some(code) = self.codes.get_mut(value) {
            code.used = true;
        }
    }

    pub(crate) fn revoke_access(&mut self, value: &str) {
        self.access.remove(value);
    }

    pub(crate) fn forget_access_tokens(&mut self) {
        self.access.clear();
    }

    /// From now on nothing that a client was issued is good (RFC 7592 section 2.3).
    pub(crate) fn forget_client(&mut self, client_id: &str) {
        let access = self.access.values().map(|token| &token.grant);
        let refresh = self.refresh.values().map(|token| &token.grant);
        let codes = self.codes.values().map(|code| &code.grant);
        for grant in access.chain(refresh).chain(codes).filter(|grant| grant.client_id == client_id) {
            grant.revoke();
        }
    }

    /// Flags each grant as well: a used refresh token must not come back to life.
    pub(crate) fn forget_everything(&mut self) {
        for grant in self.refresh.values().map(|token| &token.grant).chain(self.codes.values().map(|code| &code.grant))
        {
            grant.revoke();
        }
        self.access.clear();
        self.refresh.clear();
        self.codes.clear();
    }

    pub(crate) fn active_access_tokens(&self) -> usize {
        self.access.values().filter(|token| token.grant.is_live() && !token.life.is_over(&self.clock)).count()
    }
}

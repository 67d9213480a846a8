//! What the server remembers of a person's browser.

use std::{collections::HashSet, sync::Arc};

use crate::{
    Request,
    authorize::{AuthorizationRequest, Login},
    bounded::Bounded,
    random,
    shared::Config,
};

/// How many sessions, and how many half-finished logins, are remembered.
const LIMIT: usize = 10_000;

/// How many consents a session remembers; beyond, the person is asked each time.
const CONSENTS: usize = 1000;

#[derive(Clone, Debug, Default)]
pub(crate) struct Session {
    pub(crate) login: Option<Login>,
    /// Client and scope of each consent given.
    consents: HashSet<(String, String)>,
}

impl Session {
    pub(crate) fn has_consented(&self, authorization: &AuthorizationRequest) -> bool {
        !authorization.asks_for("consent")
            && self.consents.contains(&(authorization.client_id.clone(), authorization.scope.clone()))
    }
}

/// A login or a consent that waits for the person.
#[derive(Clone, Debug)]
pub(crate) struct Interaction {
    pub(crate) authorization: AuthorizationRequest,
    /// The browser it was shown to.
    session: Arc<str>,
    /// Only the page that was shown knows it.
    pub(crate) csrf: Arc<str>,
    /// Set once the person has logged in and is asked for consent.
    pub(crate) login: Option<Login>,
}

pub(crate) struct Browser {
    sessions: Bounded<Session>,
    interactions: Bounded<Interaction>,
}

impl Browser {
    pub(crate) fn new() -> Self {
        Self { sessions: Bounded::new(LIMIT), interactions: Bounded::new(LIMIT) }
    }

    pub(crate) fn session_of(&self, request: &Request, config: &Config) -> Session {
        let id = request.cookie(&cookie_name(config));
        id.and_then(|id| self.sessions.get(id)).cloned().unwrap_or_default()
    }

    /// The id of the browser's session; a new one where it has none.
    pub(crate) fn session_id(&mut self, request: &Request, config: &Config) -> Arc<str> {
        match request.cookie(&cookie_name(config)) {
            Some(id) if self.sessions.get(id).is_some() => id.into(),
            _ => {
                let id = random::token();
                self.sessions.insert(id.clone(), Session::default());
                id
            }
        }
    }

    /// Logs a person in under a new session id, so that an id planted in the browser before is worth nothing.
    pub(crate) fn log_in(&mut self, old: &str, login: Login) -> Arc<str> {
        let mut session = self.sessions.remove(old).unwrap_or_default();
        if session.login.as_ref().is_some_and(|before| before.username != login.username) {
            session.consents.clear();
        }
        session.login = Some(login);
        let id = random::token();
        self.sessions.insert(id.clone(), session);
        id
    }

    pub(crate) fn log_out(&mut self, request: &Request, config: &Config) {
        if let Some(id) = request.cookie(&cookie_name(config)) {
            self.sessions.remove(id);
        }
    }

    pub(crate) fn has_consented(&self, session: &str, authorization: &AuthorizationRequest) -> bool {
        self.sessions.get(session).is_some_and(|session| session.has_consented(authorization))
    }

    pub(crate) fn consent(&mut self, session: &str, authorization: &AuthorizationRequest) {
        if let Some(session) = self.sessions.get_mut(session).filter(|session| session.consents.len() < CONSENTS) {
            session.consents.insert((authorization.client_id.clone(), authorization.scope.clone()));
        }
    }

    pub(crate) fn add(
        &mut self,
        session: Arc<str>,
        authorization: AuthorizationRequest,
        login: Option<Login>,
    ) -> (Arc<str>, Interaction) {
        let id = random::token();
        let interaction = Interaction { authorization, session, csrf: random::token(), login };
        self.interactions.insert(id.clone(), interaction.clone());
        (id, interaction)
    }

    /// Takes the interaction that a form came from, if it came from the page and the browser it was shown in.
    pub(crate) fn take(&mut self, request: &Request, config: &Config) -> Option<(Arc<str>, Interaction)> {
        let id = request.form_value("interaction")?;
        let csrf = request.form_value("csrf")?;
        let session = request.cookie(&cookie_name(config))?;
        let interaction = self.interactions.get(&id)?;
        let same = random::same(&interaction.csrf, &csrf) && random::same(&interaction.session, session);
        if !same {
            return None;
        }
        let session = interaction.session.clone();
        self.interactions.remove(&id).map(|interaction| (session, interaction))
    }
}

/// Cookies do not tell ports apart (RFC 6265 section 8.5), and several servers run on one host.
fn cookie_name(config: &Config) -> String {
    let port = config.origin.rsplit(':').next().unwrap_or_default();
    format!("grantor_session_{port}")
}

pub(crate) fn session_cookie(config: &Config, id: &str) -> String {
    format!("{}={id}; Path=/; HttpOnly; SameSite=Lax", cookie_name(config))
}

pub(crate) fn no_session_cookie(config: &Config) -> String {
    format!("{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0", cookie_name(config))
}

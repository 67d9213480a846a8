//! What the server remembers of a person's browser.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use crate::{
    Request, authorization_request::AuthorizationRequest, authorize::Login, bounded::Bounded, end_session::Target,
    random, shared::Config,
};

/// How many sessions, and how many half-finished logins, are remembered.
const LIMIT: usize = 10_000;

/// How many consents a session remembers; beyond, the person is asked each time.
const CONSENTS: usize = 1000;

#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) id: Arc<str>,
    pub(crate) login: Option<Login>,
    /// What the clients know it by (OpenID Connect Front-Channel Logout 1.0 section 3).
    pub(crate) sid: Arc<str>,
    /// What changes with every login and logout (OpenID Connect Session Management 1.0 section 3.2).
    pub(crate) state: Arc<str>,
    /// Whoever got an answer in it.
    pub(crate) clients: BTreeSet<String>,
    /// Client and scope of each consent given.
    consents: HashSet<(String, String)>,
}

/// A session in which somebody is logged in.
#[derive(Clone, Debug)]
pub(crate) struct Entered {
    pub(crate) session: Arc<str>,
    pub(crate) sid: Arc<str>,
    pub(crate) state: Arc<str>,
    pub(crate) login: Login,
}

impl Entered {
    pub(crate) fn cookies(&self, config: &Config) -> [(String, String); 2] {
        [session_cookie(config, &self.session), state_cookie(config, &self.state)].map(set_cookie)
    }
}

impl Session {
    fn new() -> Self {
        Self {
            id: random::token(),
            login: None,
            sid: random::token(),
            state: random::token(),
            clients: BTreeSet::new(),
            consents: HashSet::new(),
        }
    }

    pub(crate) fn entered(&self, login: Login) -> Entered {
        Entered { session: self.id.clone(), sid: self.sid.clone(), state: self.state.clone(), login }
    }

    pub(crate) fn has_consented(&self, authorization: &AuthorizationRequest) -> bool {
        // What stands in the details is allowed once, not for good.
        !authorization.asks_for("consent")
            && authorization.details.is_empty()
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

/// A logout that waits for the person.
struct Logout {
    session: Arc<str>,
    csrf: Arc<str>,
    target: Option<Target>,
}

pub(crate) struct Browser {
    logouts: Bounded<Logout>,
    sessions: Bounded<Session>,
    interactions: Bounded<Interaction>,
}

impl Browser {
    pub(crate) fn new() -> Self {
        Self { logouts: Bounded::new(LIMIT), sessions: Bounded::new(LIMIT), interactions: Bounded::new(LIMIT) }
    }

    pub(crate) fn session_of(&self, request: &Request, config: &Config) -> Option<Session> {
        let id = request.cookie(&cookie_name(config))?;
        self.sessions.get(id).cloned()
    }

    /// The session that the clients know by that `sid`.
    pub(crate) fn session_by_sid(&self, sid: &str) -> Option<Session> {
        self.sessions.values().find(|session| session.sid.as_ref() == sid).cloned()
    }

    fn start(&mut self, session: Session) -> Arc<str> {
        let id = session.id.clone();
        self.sessions.insert(id.clone(), session);
        id
    }

    /// A session for somebody who is approved without a page: the browser's own, or a new one.
    pub(crate) fn enter(
        &mut self,
        request: &Request,
        config: &Config,
        username: &str,
        login: impl FnOnce() -> Login,
    ) -> Entered {
        let own = self.session_of(request, config);
        let is_theirs = |session: &Session| session.login.as_ref().is_none_or(|login| login.username == username);
        let mut session = own.filter(is_theirs).unwrap_or_else(Session::new);
        let login = login();
        session.login = Some(login.clone());
        let entered = session.entered(login);
        match self.sessions.get_mut(&session.id) {
            Some(kept) => *kept = session,
            None => drop(self.start(session)),
        }
        entered
    }

    pub(crate) fn remember_client(&mut self, session: &str, client_id: &str) {
        if let Some(session) = self.sessions.get_mut(session)
            && !session.clients.contains(client_id)
        {
            session.clients.insert(client_id.to_owned());
        }
    }

    /// The id of the browser's session; a new one where it has none.
    pub(crate) fn session_id(&mut self, request: &Request, config: &Config) -> Arc<str> {
        match request.cookie(&cookie_name(config)) {
            Some(id) if self.sessions.get(id).is_some() => id.into(),
            _ => self.start(Session::new()),
        }
    }

    /// Logs a person in under a new session id, so that an id planted in the browser before is worth nothing.
    pub(crate) fn log_in(&mut self, old: &str, login: Login) -> Entered {
        let fresh = Session::new();
        let mut session = match self.sessions.remove(old) {
            Some(old) if old.login.as_ref().is_none_or(|before| before.username == login.username) => {
                // Whoever logs in again stays in the session that the clients know.
                Session { id: fresh.id, ..old }
            }
            _ => fresh,
        };
        session.login = Some(login.clone());
        let entered = session.entered(login);
        self.start(session);
        entered
    }

    pub(crate) fn log_out(&mut self, session: &str) {
        self.sessions.remove(session);
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

impl Browser {
    /// Remembers what the person is asked; its id and its secret go into the page.
    pub(crate) fn ask_to_log_out(&mut self, session: Arc<str>, target: Option<Target>) -> (Arc<str>, Arc<str>) {
        let (id, csrf) = (random::token(), random::token());
        self.logouts.insert(id.clone(), Logout { session, csrf: csrf.clone(), target });
        (id, csrf)
    }

    /// Takes the logout that a form came from, with the session if it is still there.
    pub(crate) fn take_logout(
        &mut self,
        request: &Request,
        config: &Config,
    ) -> Option<(Option<Session>, Option<Target>)> {
        let id = request.form_value("interaction")?;
        let csrf = request.form_value("csrf")?;
        let asked = self.logouts.get(&id)?;
        let own = request.cookie(&cookie_name(config))?;
        if !random::same(&asked.csrf, &csrf) || !random::same(&asked.session, own) {
            return None;
        }
        let asked = self.logouts.remove(&id)?;
        Some((self.sessions.get(&asked.session).cloned(), asked.target))
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

/// The page that checks a session reads it by script.
fn state_cookie(config: &Config, state: &str) -> String {
    format!("{}={state}; Path=/; SameSite=Lax", state_cookie_name(config))
}

pub(crate) fn state_cookie_name(config: &Config) -> String {
    cookie_name(config).replace("session", "state")
}

/// What takes both cookies away.
pub(crate) fn no_cookies(config: &Config) -> [(String, String); 2] {
    [
        format!("{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0", cookie_name(config)),
        format!("{}=; Path=/; SameSite=Lax; Max-Age=0", state_cookie_name(config)),
    ]
    .map(set_cookie)
}

fn set_cookie(value: String) -> (String, String) {
    ("Set-Cookie".into(), value)
}

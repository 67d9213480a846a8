//! `--provider` with its parameters.

use crate::client::Setup;
use crate::failure::{Failure, Result, usage};
use crate::settings::oauth1::ProviderName;
use crate::settings::param;
use grantee::oauth1::Preset;
use grantee::oauth1::presets::{Discogs, Flickr, NetSuite, Trello, Tumblr, X};

/// Who this program says it is, where a provider wants to know and nobody says otherwise.
const USER_AGENT: &str = concat!("grantee/", env!("CARGO_PKG_VERSION"), " +", env!("CARGO_PKG_REPOSITORY"));

impl Setup {
    /// What is known of the provider.
    pub(super) fn preset(&self) -> Result<Option<Box<dyn Preset>>> {
        let server = &self.settings.oauth1.server;
        let mut given = Given(server.provider_param.iter().map(|pair| param(pair)).collect::<Result<_>>()?);
        let preset: Option<Box<dyn Preset>> = match server.provider {
            None => None,
            Some(ProviderName::X) => Some(Box::new(x(&mut given)?)),
            Some(ProviderName::Discogs) => {
                let user_agent = given.take("user_agent").unwrap_or(USER_AGENT);
                Some(Box::new(Discogs::new(user_agent)?))
            }
            Some(ProviderName::Trello) => Some(Box::new(trello(&mut given)?)),
            Some(ProviderName::Tumblr) => Some(Box::new(Tumblr::new())),
            Some(ProviderName::Flickr) => Some(Box::new(match given.take("perms") {
                None | Some("read") => Flickr::read(),
                Some("write") => Flickr::write(),
                Some("delete") => Flickr::delete(),
                Some(_) => return Err(Failure::usage("perms is one of read, write, delete")),
            })),
            Some(ProviderName::NetSuite) => Some(Box::new(NetSuite::account(given.needed("account", "1234567_SB1")?)?)),
        };
        match (given.0.first(), server.provider) {
            (Some(_), None) => {
                Err(Failure::usage("a provider's parameter is given, and no provider").hint("give --provider NAME"))
            }
            (Some((name, _)), Some(_)) => {
                Err(usage(format_args!("the provider has no parameter {}, or has it once", name.escape_debug()))
                    .hint("grantee oauth1 login --help lists them"))
            }
            (None, _) => Ok(preset),
        }
    }
}

fn x(given: &mut Given<'_>) -> Result<X> {
    let mut x = if given.is_true("sign_in")? { X::sign_in() } else { X::new() };
    if given.is_true("force_login")? {
        x = x.force_login();
    }
    if given.is_true("read_only")? {
        x = x.read_only();
    }
    Ok(match given.take("screen_name") {
        Some(name) => x.screen_name(name),
        None => x,
    })
}

fn trello(given: &mut Given<'_>) -> Result<Trello> {
    let mut trello = Trello::new(given.needed("name", "'Boards at a glance'")?);
    if let Some(scope) = given.take("scope") {
        trello = trello.scope(scope);
    }
    if let Some(expiration) = given.take("expiration") {
        trello = trello.expiration(expiration);
    }
    Ok(trello)
}

/// The parameters that nobody has taken yet.
struct Given<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Given<'a> {
    fn take(&mut self, name: &str) -> Option<&'a str> {
        let place = self.0.iter().position(|(given, _)| *given == name)?;
        Some(self.0.remove(place).1)
    }

    fn needed(&mut self, name: &str, example: &str) -> Result<&'a str> {
        self.take(name).ok_or_else(|| {
            Failure::usage(format!("the provider needs its parameter {name}"))
                .hint(format!("give --provider-param {name}={example}"))
        })
    }

    fn is_true(&mut self, name: &str) -> Result<bool> {
        match self.take(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Failure::usage(format!("{name} is true or false"))),
        }
    }
}

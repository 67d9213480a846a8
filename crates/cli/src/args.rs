//! The command line.

pub(crate) mod jose;
pub(crate) mod oauth1;
pub(crate) mod openid;
pub(crate) mod register;
pub(crate) mod token;

use crate::settings::Settings;
use crate::settings::oauth1::OAuth1Settings;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Tokens from OAuth servers, 2.x and 1.0, kept fresh, and calls to the APIs they open.
#[derive(Debug, Parser)]
#[command(
    name = "grantee",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "Data goes to stdout, everything else to stderr.\n\n\
        Exit status: 0 done; 2 wrong use; 10 the server said no; 11 an answer broke a rule and was refused;\n\
        12 the person must log in; 13 the server could not be reached; 14 a file, key or store failed."
)]
pub(crate) struct Cli {
    /// One JSON value on stdout; an error as JSON at the end of stderr.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Runs every flow against a server of its own, and says which passed.
    Demo,
    /// Fetches, checks and shows a server's metadata.
    Discover(Discover),
    /// Gets a token by a person's login in the browser.
    Login(Login),
    /// Prints the profile's held token, renewed when due; with GRANT, gets one by that grant.
    Token(Box<token::Token>),
    /// Lists, shows, saves and removes profiles.
    #[command(subcommand)]
    Profile(Profile),
    /// Sends a request to an API with the token, renewed when due, and prints the answer's body.
    Call(Call),
    /// Asks the server about a token, read from stdin.
    Introspect(ActOnToken),
    /// Revokes a token, read from stdin.
    Revoke(ActOnToken),
    /// Shows what the server says about the person: of the profile's token, or of one on stdin.
    Userinfo(openid::Userinfo),
    /// Logs the person out at the server, and forgets the profile's token.
    Logout(openid::Logout),
    /// Registers a client, and reads, updates or deletes the profile's registration.
    Register(register::Register),
    /// Judges ID tokens.
    #[command(subcommand)]
    IdToken(openid::IdToken),
    /// Signs, verifies, encrypts, decrypts and shows JOSE tokens of any payload. With --json only errors are JSON.
    #[command(subcommand)]
    Jose(Box<jose::Jose>),
    /// Makes and converts keys.
    #[command(subcommand)]
    Jwk(jose::Jwk),
    /// Signs requests by OAuth 1.0, logs in by it, and calls APIs with it.
    #[command(subcommand)]
    Oauth1(Box<oauth1::OAuth1>),
    /// Prints what completes this program's command line in a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Prints the manual page (roff).
    Man,
}

/// What every verb with a client takes.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// The profile to use, and to save to; its own settings come after options and environment.
    #[arg(long, env = "GRANTEE_PROFILE", hide_env = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    #[command(flatten)]
    pub(crate) settings: Settings,
}

#[derive(Debug, Args)]
pub(crate) struct Discover {
    /// The issuer, the URL of its metadata document, or a person's address such as joe@example.com.
    #[arg(value_name = "ISSUER")]
    pub(crate) server: Option<String>,

    /// ISSUER is a person's URL or address, and WebFinger is asked for the issuer. An address needs no saying.
    #[arg(long, requires = "server")]
    pub(crate) person: bool,

    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Login {
    /// Prints the URL instead of opening a browser, and reads the pasted callback from stdin.
    #[arg(long, conflicts_with_all = ["start", "finish"])]
    pub(crate) no_browser: bool,

    /// Writes the pending login to FILE and prints the URL to open.
    #[arg(long, value_name = "FILE", conflicts_with = "finish")]
    pub(crate) start: Option<PathBuf>,

    /// Finishes the login that --start wrote to FILE, with the CALLBACK it led to.
    #[arg(long, value_name = "FILE", requires = "callback")]
    pub(crate) finish: Option<PathBuf>,

    /// With --finish: the URL the browser was sent to, or its query, fragment or form body; @FILE, or - for stdin.
    #[arg(value_name = "CALLBACK", requires = "finish", allow_hyphen_values = false)]
    pub(crate) callback: Option<String>,

    /// How the token is printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    pub(crate) output: TokenForm,

    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenForm {
    /// Everything that came with it.
    #[default]
    Json,
    /// The access token alone.
    Token,
    /// The value of the Authorization header.
    Header,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Profile {
    /// Lists the profiles.
    List,
    /// Shows one, without its secrets.
    Show(ProfileName),
    /// Saves client options under a name; what is not given stays as it was.
    Save(Box<ProfileSave>),
    /// Removes one with the tokens it holds.
    Remove(ProfileName),
}

#[derive(Debug, Args)]
pub(crate) struct ProfileName {
    /// The profile.
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// The profile, as with the other verbs.
    #[arg(long, env = "GRANTEE_PROFILE", hide_env = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ProfileSave {
    /// The profile.
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,

    #[command(flatten)]
    pub(crate) common: Common,

    #[command(flatten)]
    pub(crate) oauth1: OAuth1Settings,
}

#[derive(Debug, Args)]
pub(crate) struct Call {
    #[command(flatten)]
    pub(crate) request: Request,

    #[command(flatten)]
    pub(crate) common: Common,
}

/// What is sent to an API.
#[derive(Debug, Args)]
pub(crate) struct Request {
    /// The method.
    pub(crate) method: String,

    /// The URL, which gets the token: https, or http on this machine.
    pub(crate) url: String,

    /// A header field; may be repeated.
    #[arg(short = 'H', long = "header", value_name = "K: V")]
    pub(crate) headers: Vec<String>,

    /// The body: as given, or @FILE, or @- for stdin. Its Content-Type, unless given, is guessed: JSON, a form, text, bytes.
    #[arg(short, long, value_name = "BODY|@FILE", allow_hyphen_values = true)]
    pub(crate) data: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ActOnToken {
    /// What kind of token it is.
    #[arg(long, value_enum, value_name = "KIND")]
    pub(crate) token_type_hint: Option<TokenKind>,

    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum TokenKind {
    AccessToken,
    RefreshToken,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_option_takes_a_secret() {
        fn look(command: &clap::Command) {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                assert!(!["client_secret", "password", "token_secret"].contains(&name), "{name}");
                // What holds a token or a code names where that is.
                const REFERRED: [&str; 10] = [
                    "access_token",
                    "actor_token",
                    "assertion",
                    "code",
                    "id_token_hint",
                    "initial_access_token",
                    "login_hint_token",
                    "refresh_token",
                    "subject_token",
                    "token",
                ];
                if REFERRED.contains(&name) {
                    assert_eq!(argument.get_value_names().unwrap()[0], "@FILE|-", "{name}");
                }
            }
            command.get_subcommands().for_each(look);
        }
        look(&Cli::command());
    }
}

//! What both faces' client modules hold besides their conversations: written once, expanded in each.

/// The door to what is weaker, and what a login brought. Expects `Client`, `ClientBuilder` and `SessionBuilder` in scope.
macro_rules! danger_and_login {
    () => {
        impl std::fmt::Debug for ClientBuilder {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct("ClientBuilder").field("config", &self.config).finish_non_exhaustive()
            }
        }

        /// The door to what is weaker than it should be.
        #[derive(Debug)]
        #[must_use]
        pub struct Danger(ClientBuilder);

        impl Danger {
            /// Lets credentials and tokens travel by plain http to other machines. Whoever is on the way can read and use them.
            pub fn allow_http(mut self) -> ClientBuilder {
                self.0.config.set_allow_http();
                self.0
            }

            /// Takes any certificate. Whoever is on the way can pose as the server and read everything.
            pub fn accept_invalid_certs(mut self) -> ClientBuilder {
                self.0.http.accept_invalid_certs = true;
                self.0.config.set_accept_invalid_certs();
                self.0
            }

            /// Takes ID tokens without a signature (`alg` `none`) from the token endpoint, for a client that is registered so. The
            /// connection alone says then who the person is: whoever stands in its way, or comes by an answer of the server's to
            /// put in, logs in as anybody. Never from the browser, and never for userinfo, logout or access tokens.
            pub fn accept_unsigned_id_tokens(mut self) -> ClientBuilder {
                self.0.config.set_accept_unsigned_id_tokens();
                self.0
            }

            /// Sends every authorization request as a request object without a signature (`alg` `none`), for a client that is
            /// registered so. It protects nothing: whoever is in the browser's way can write another.
            pub fn unsigned_request_objects(mut self) -> ClientBuilder {
                self.0.config.set_unsigned_request_objects();
                self.0
            }
        }

        /// What a login brought.
        #[derive(Debug, Clone)]
        pub struct Login {
            login: grantee_core::Login,
            client: Client,
        }

        impl Login {
            /// The token.
            pub fn token(&self) -> &grantee_core::Token {
                &self.login.token
            }

            /// Who logged in, verified; `None` where `openid` was not asked for.
            pub fn id_token(&self) -> Option<&grantee_core::oidc::IdToken> {
                self.login.id_token.as_ref()
            }

            /// What the ID token says about the person. More may be had from [`userinfo`](Self::userinfo).
            pub fn claims(&self) -> Option<&grantee_core::oidc::Claims> {
                self.id_token().map(grantee_core::oidc::IdToken::claims)
            }

            /// The state of the person's session at the server, if it was sent.
            pub fn session_state(&self) -> Option<&str> {
                self.login.session_state.as_deref()
            }

            /// What was asked for.
            pub fn parameters(&self) -> &grantee_core::grant::TokenParameters {
                &self.login.parameters
            }

            /// What was granted of the authorization details asked for, where the server said (RFC 9396 section 7).
            pub fn granted_details(&self) -> Option<&grantee_core::authorization::Granted> {
                self.login.granted_details.as_ref()
            }

            /// A session on this login's token. With a store, [`account`](SessionBuilder::account) says whose it is.
            pub fn session(&self) -> SessionBuilder {
                let grant = grantee_core::grant::Stored::with_parameters(self.login.parameters.clone());
                SessionBuilder::new(
                    self.client.core.clone(),
                    std::sync::Arc::new(grant),
                    Some(self.login.token.clone()),
                )
            }

            pub(crate) fn new(login: grantee_core::Login, client: Client) -> Self {
                Self { login, client }
            }

            pub(crate) fn client(&self) -> &Client {
                &self.client
            }

            pub(crate) fn known_id_token(&self) -> grantee_core::Result<&grantee_core::oidc::IdToken> {
                self.id_token().ok_or_else(|| {
                    grantee_core::Error::config(
                        "the login brought no ID token to bind userinfo to",
                        "add openid to its scope; userinfo_unbound(..) of the client binds to nobody",
                    )
                })
            }
        }

        impl ClientBuilder {
            pub(crate) fn config_mut(&mut self) -> &mut Config {
                &mut self.config
            }
        }
    };
}
pub(crate) use danger_and_login;

/// A person's confirmation under way. Expects `Client`, `Cancel`, `UnixTime`, `Duration` and the core's `polling` in scope.
macro_rules! polling {
    () => {
        /// A person's confirmation under way: state by state for whoever shows it, as one wait, or by single requests.
        #[derive(Debug)]
        #[must_use]
        pub struct Polling {
            core: polling::Polling,
            client: Client,
        }

        impl Polling {
            pub(crate) fn new(core: polling::Polling, client: Client) -> Self {
                Self { core, client }
            }

            /// Ends the waits when this is thrown.
            pub fn cancelled_by(mut self, cancel: &Cancel) -> Self {
                self.core = self.core.cancelled_by(cancel);
                self
            }

            /// How long to wait before the server may be asked again; zero when it is time, or when it is all over.
            pub fn due_in(&self) -> Duration {
                self.core.due_in()
            }

            /// The pause between two requests as it is now.
            pub fn interval(&self) -> Duration {
                self.core.interval()
            }

            /// Until when the person may confirm.
            pub fn expires_at(&self) -> UnixTime {
                self.core.expires_at()
            }
        }
    };
}
pub(crate) use polling;

/// A login on a device under way, but for its waits. Expects `Client`, `Polling` and the core's `DeviceAuthorization` and
/// `DeviceCode` in scope.
macro_rules! device {
    () => {
        impl Device {
            /// What the server answered, to be kept: [`Client::resume_device`] goes on with it, in another process too.
            pub fn authorization(&self) -> &DeviceAuthorization {
                &self.authorization
            }

            /// The grant that brings the token: for a [`session`](Client::session) that waits when it is first used.
            pub fn grant(&self) -> DeviceCode {
                self.authorization.grant()
            }

            /// Where the person has to go, the code in it where the server has such an address, as a QR code of text: two modules
            /// a character, light on dark as most terminals are. `None` where it is too long for one.
            #[cfg(feature = "qr")]
            pub fn qr(&self) -> Option<String> {
                $crate::faces::qr(self.verification_uri_complete().unwrap_or(self.verification_uri()))
            }

            /// Waits state by state.
            pub fn polling(&self) -> Polling {
                Polling::new(self.client.core().device_polling(&self.authorization), self.client.clone())
            }
        }

        impl std::ops::Deref for Device {
            type Target = DeviceAuthorization;

            fn deref(&self) -> &DeviceAuthorization {
                &self.authorization
            }
        }

        /// What the person has to do.
        impl std::fmt::Display for Device {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.authorization.fmt(f)
            }
        }
    };
}
pub(crate) use device;

/// An address as a QR code of text.
#[cfg(feature = "qr")]
pub(crate) fn qr(address: &str) -> Option<String> {
    use qrcode::render::unicode::Dense1x2;
    let code = qrcode::QrCode::new(address).ok()?;
    // A code is dark on light, and most terminals are light on dark.
    Some(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

/// A backchannel authentication under way, but for its waits. Expects `Client`, `Polling`, `Result` and the core's types in scope.
macro_rules! backchannel {
    () => {
        impl Backchannel {
            /// Where its notification comes in, for one that was kept.
            #[must_use]
            pub fn notified_in(mut self, inbox: &NotificationInbox) -> Self {
                self.inbox = Some(inbox.clone());
                self
            }

            /// What a notification is checked against.
            pub fn pending(&self) -> &BackchannelAuthentication {
                &self.pending
            }

            /// What is under way, to be kept: [`Client::resume_backchannel`] goes on with it, in another process too.
            pub fn into_pending(self) -> BackchannelAuthentication {
                self.pending
            }

            /// The grant that brings the token: for a [`session`](Client::session) that waits when it is first used.
            ///
            /// # Errors
            /// [`Error::Config`](crate::Error::Config) when the mode is push.
            pub fn into_grant(self) -> Result<Ciba> {
                self.pending.into_grant()
            }

            /// Waits state by state: asks the token endpoint or, with an inbox, waits for what comes in there.
            ///
            /// # Errors
            /// [`Error::Config`](crate::Error::Config) when the mode is push and there is no inbox.
            pub fn polling(self) -> Result<Polling> {
                let core = self.client.core().backchannel_polling(self.pending, self.inbox.as_ref())?;
                Ok(Polling::new(core, self.client))
            }
        }
    };
}
pub(crate) use backchannel;

#[cfg(all(test, feature = "qr"))]
mod tests {
    #[test]
    fn an_address_becomes_a_picture_with_a_margin() {
        let picture = super::qr("https://as.example/device?user_code=WDJB-MJHT").unwrap();
        let lines: Vec<&str> = picture.lines().collect();
        let width = lines[0].chars().count();
        assert!(lines.iter().all(|line| line.chars().count() == width), "{picture}");
        // Four light modules around it (ISO/IEC 18004 section 6.3.8).
        assert!(lines[0].chars().chain(lines[1].chars()).all(|character| character == '\u{2588}'), "{picture}");
        // The last line has one row of modules alone.
        assert!(
            lines[..lines.len() - 1].iter().all(|line| line.starts_with("\u{2588}\u{2588}\u{2588}\u{2588}")),
            "{picture}"
        );
        assert_eq!(super::qr(&"x".repeat(5000)), None);
    }
}

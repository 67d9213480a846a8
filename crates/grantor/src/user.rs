//! A person who can log in.

/// A person the server knows.
#[derive(Clone, Debug)]
pub struct User {
    pub(crate) username: String,
    /// None for a person who is only ever approved automatically.
    pub(crate) password: Option<String>,
    pub(crate) sub: String,
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
}

impl User {
    /// A person with a user name, which is also their `sub`, and a password.
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Self {
        let username = username.into();
        Self { sub: username.clone(), username, password: Some(password.into()), name: None, email: None }
    }

    /// Their subject identifier, where it is not the user name.
    pub fn subject(mut self, sub: impl Into<String>) -> Self {
        self.sub = sub.into();
        self
    }

    /// The `name` claim, given with scope `profile`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The `email` claim, given with scope `email`, and marked as verified.
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    pub(crate) fn without_password(username: &str) -> Self {
        let mut user = Self::new(username, "");
        user.password = None;
        user
    }
}

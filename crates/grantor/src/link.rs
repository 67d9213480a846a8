//! The connection a request came by.

/// What is known of a connection before its first request.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    /// The port that was connected to.
    pub(crate) port: u16,
}

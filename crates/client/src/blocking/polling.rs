//! Waiting for a person in the blocking client.

use super::client::{Client, Login};
use super::runtime::block_on;
use grantee_core::grant::Grant;
use grantee_core::grant::polling::{self, PollState};
use grantee_core::ports::Cancel;
use grantee_core::{Result, UnixTime};
use std::sync::Arc;
use std::time::Duration;

impl Client {
    /// Starts to wait, state by state, for what a grant brings once a person has confirmed. [`token`](Self::token) waits in one
    /// step.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) for a grant that one request decides.
    pub fn polling(&self, grant: impl Grant + 'static) -> Result<Polling> {
        Ok(Polling::new(self.core().polling(Arc::new(grant))?, self.clone()))
    }
}

crate::faces::polling!();

impl Polling {
    /// Asks once, now, and waits for nothing, for a program with a timer of its own: wait [`due_in`](Self::due_in) first. `None`
    /// after the end.
    pub fn poll_once(&mut self) -> Option<PollState<Login>> {
        let state = block_on(self.core.poll_once())?;
        Some(state.map(|login| Login::new(login, self.client.clone())))
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// [`Error::Server`](crate::Error::Server) when the person or the server said no, [`Error::Expired`](crate::Error::Expired) when
    /// nobody confirmed in time, [`Error::Interrupted`](crate::Error::Interrupted) when it was cancelled.
    pub fn wait(self) -> Result<Login> {
        Ok(Login::new(block_on(self.core.wait())?, self.client))
    }
}

/// The states, one by one, each when it has come about. Between two of them the thread may be held for long.
impl Iterator for Polling {
    type Item = PollState<Login>;

    fn next(&mut self) -> Option<PollState<Login>> {
        let state = block_on(self.core.next())?;
        Some(state.map(|login| Login::new(login, self.client.clone())))
    }
}

//! Waiting for a person in the async client.

use crate::client::{Client, Login};
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
    /// Takes the next step, which may be a long wait, and says how it stands; `None` after the end. Dropping the future asks no
    /// more, and the next call goes on.
    pub async fn next(&mut self) -> Option<PollState<Login>> {
        let state = self.core.next().await?;
        Some(state.map(|login| Login::new(login, self.client.clone())))
    }

    /// Asks once, now, and waits for nothing, for a program with a timer of its own: wait [`due_in`](Self::due_in) first. `None`
    /// after the end.
    pub async fn poll_once(&mut self) -> Option<PollState<Login>> {
        let state = self.core.poll_once().await?;
        Some(state.map(|login| Login::new(login, self.client.clone())))
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// [`Error::Server`](crate::Error::Server) when the person or the server said no, [`Error::Expired`](crate::Error::Expired) when
    /// nobody confirmed in time, [`Error::Interrupted`](crate::Error::Interrupted) when it was cancelled.
    pub async fn wait(self) -> Result<Login> {
        Ok(Login::new(self.core.wait().await?, self.client))
    }
}

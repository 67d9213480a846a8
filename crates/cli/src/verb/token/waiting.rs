//! Waiting for a person: live on a terminal, in plain lines elsewhere.

use crate::failure::{Failure, Result};
use crate::output;
use crate::progress;
use grantee::blocking::{Login, Polling};
use grantee::{Error, PollState, UnixTime};
use std::time::Duration;

/// Waits for the end, and shows how it stands meanwhile.
pub(super) fn wait(polling: Polling) -> Result<Login> {
    let until = polling.expires_at();
    let spinner = progress::until("waiting for the person", move || left(until));
    for state in polling {
        match state {
            PollState::Waiting { attempt, .. } if attempt > 1 => {
                spinner.set_message(format!("waiting for the person, asked {} times", attempt - 1));
            }
            PollState::SlowDown { interval } => {
                spinner.suspend(|| {
                    output::note(&format!("the server wants to be asked every {} s only", interval.as_secs()))
                });
            }
            PollState::Unreachable { error, retry_in } => spinner.suspend(|| {
                output::note(&format!("asked again in {} s: {error}", retry_in.as_secs()));
            }),
            other => {
                if let Some(outcome) = other.outcome() {
                    spinner.finish_and_clear();
                    return outcome.map_err(ended);
                }
            }
        }
    }
    spinner.finish_and_clear();
    Err(Failure::login("the wait for the person has ended without an answer"))
}

/// What the person can still do about it.
pub(super) fn ended(error: Error) -> Failure {
    let expired = matches!(error, Error::Expired { .. });
    let failure = Failure::from(error);
    if expired { failure.hint_if_none(|| "run it again, for a new code".to_owned()) } else { failure }
}

fn left(until: UnixTime) -> Duration {
    Duration::from_secs(u64::try_from(until.seconds().saturating_sub(UnixTime::now().seconds())).unwrap_or(0))
}

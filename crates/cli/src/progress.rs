//! Something that moves while something is awaited: on stderr, and only where that is a terminal.

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use std::time::Duration;

/// Shows a spinner while `work` runs.
pub(crate) fn spin<T>(what: &'static str, work: impl FnOnce() -> T) -> T {
    let spinner = ProgressBar::new_spinner().with_message(what);
    spinner.enable_steady_tick(Duration::from_millis(100));
    let outcome = work();
    spinner.finish_and_clear();
    outcome
}

/// A spinner that counts down what is left.
pub(crate) fn until(what: &'static str, left: impl Fn() -> Duration + Send + Sync + Clone + 'static) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message(what);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}, {left} left") {
        let write = move |_: &ProgressState, text: &mut dyn std::fmt::Write| {
            let seconds = left().as_secs();
            let _ = write!(text, "{}:{:02}", seconds / 60, seconds % 60);
        };
        spinner.set_style(style.with_key("left", write));
    }
    spinner.enable_steady_tick(Duration::from_millis(200));
    spinner
}

/// A bar of so many steps.
pub(crate) fn bar(steps: u64) -> ProgressBar {
    let bar = ProgressBar::new(steps);
    if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar
}

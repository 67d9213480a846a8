//! What the measured processes share.

use std::time::Duration;

/// `NAME URL COUNT` from the command line.
pub fn arguments() -> (String, String, usize) {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().expect("NAME URL COUNT");
    let (name, url) = (next(), next());
    (name, url, next().parse().expect("COUNT is a number"))
}

/// reqwest as a careful program sets it up for OAuth, and as grantee does: no redirects, a timeout, a name.
pub fn http_client() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(30))
        .user_agent("floor/0.1.0")
        .build()
        .expect("a client")
}

/// A runtime of one thread, so that instructions are those of the work alone.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

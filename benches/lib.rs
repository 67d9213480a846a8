//! What the measured processes share.

/// `NAME URL COUNT` from the command line.
pub fn arguments() -> (String, String, usize) {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().expect("NAME URL COUNT");
    let (name, url) = (next(), next());
    (name, url, next().parse().expect("COUNT is a number"))
}

/// A runtime of one thread, so that instructions are those of the work alone.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

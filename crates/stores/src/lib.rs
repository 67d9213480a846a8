//! Where grantee keeps tokens.
//!
//! | store | lives | shared by | lock of a key |
//! |---|---|---|---|
//! | [`Memory`] | as long as the process | its clones | a queue in the process |
//! | [`File`] | in one file, mode 0600 | every process that opens the path | a sibling lock file; the system lets go when its holder dies |
//!
//! Both are a [`Store`](grantee_core::store::Store) for the async face and a
//! [`BlockingStore`](grantee_core::store::BlockingStore) for the blocking one, need no runtime, and have no leases:
//! their locks carry no fencing number. Both pass [`grantee_core::contract::store`], which a store of your own can run too.
//!
//! | file | what |
//! |---|---|
//! | `memory.rs`, `memory/packed.rs` | the map; a record in one allocation |
//! | `file.rs` | the store: who may write when |
//! | `file/disk.rs`, `file/unix.rs` | reading, locking, replacing; modes and owners |
//! | `file/content.rs` | the JSON |
//! | `file/worker.rs` | the thread that does the async face's blocking work |
//! | `queue.rs`, `timer.rs` | who waits for which key; when a wait is over |
//!
//! In scope next: SQLite, keyring, Redis, PostgreSQL. Out of scope: encrypting what is kept.

#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod file;
mod memory;
mod queue;
mod timer;

pub use file::File;
pub use memory::Memory;

#[doc(hidden)]
pub use file::read_for_fuzzing;

//! The servers, and the library and the program against them. Run by `cargo xtask interop`.

mod walk;

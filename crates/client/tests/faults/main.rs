//! What goes wrong, and what the program is told. In both faces, against grantor.

#[path = "../faces/mod.rs"]
mod faces;

mod disk;
mod extensions;
mod killed;
mod matrix;
mod sessions;

/// What the processes do that `killed` starts.
#[test]
fn child() {
    killed::be_a_child();
}

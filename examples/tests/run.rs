//! Every example runs to its end.

use std::process::Command;

fn run(program: &str) {
    let output = Command::new(program).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

macro_rules! examples {
    ($($name:ident,)*) => {
        $(#[test] fn $name() { run(env!(concat!("CARGO_BIN_EXE_", stringify!($name)))); })*

        #[test]
        fn no_example_is_left_out() {
            let listed = [$(stringify!($name),)*];
            for file in std::fs::read_dir(env!("CARGO_MANIFEST_DIR")).unwrap() {
                let path = file.unwrap().path();
                if path.extension().is_some_and(|extension| extension == "rs") {
                    assert!(listed.contains(&path.file_stem().unwrap().to_str().unwrap()), "{}", path.display());
                }
            }
        }
    };
}

examples! {
    blocking_device_login,
    blocking_session,
    ciba,
    ciba_ping,
    client_credentials,
    device_login,
    dpop_session,
    fapi2,
    login,
    mtls,
    native_login,
    oauth1_login,
    oauth1_two_legged,
    own_client_auth,
    own_grant,
    payment,
    preset,
    registration,
    resource_discovery,
    saml_bearer,
    service_account,
    session,
    session_management,
    signed_introspection,
    signed_login,
    step_up,
    token_exchange,
}

use crate::support::{Home, Ran, service, with};
use grantor::Server;
use std::time::Duration;

#[test]
fn eight_processes_share_one_rotating_refresh_token() {
    let server = Server::builder().access_token_lifetime(Duration::from_millis(300)).start();
    let home = Home::new();
    home.file("password", "wonderland");
    let login = ["token", "password", "--username", "alice", "--password-file", "password", "--profile", "p"];
    home.run(&with(&login, &service(&home, &server))).exits(0);
    let arguments = ["call", "GET", &server.url("/api/orders"), "--profile", "p"];
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..8 {
                    Ran::new(&arguments, home.command(&arguments).output().unwrap()).exits(0);
                }
            });
        }
    });
    assert_eq!(server.families_revoked(), 0);
}

//! Starting, stopping, holding, and what a connection may do.

mod common;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use common::*;
use grantor::{Endpoint, Misbehaviour, Server};

#[test]
fn a_held_answer_has_been_carried_out_already() {
    let server = Server::start();
    let hold = server.hold(Endpoint::Token);
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| svc(&server, "/token", &[("grant_type", "client_credentials")]).status))
            .collect();
        assert!(hold.wait_for(3));
        assert_eq!(hold.arrived(), 3);
        assert_eq!(server.active_access_tokens(), 3);
        assert_eq!(get(&server, "/public").status, 200, "the others go on");
        hold.release();
        for thread in waiting {
            assert_eq!(thread.join().unwrap(), 200);
        }
    });
    assert_eq!(svc(&server, "/token", &[("grant_type", "client_credentials")]).status, 200);
    assert_eq!(hold.arrived(), 3);
}

#[test]
fn a_request_held_before_has_done_nothing_yet() {
    let server = Server::start();
    let hold = server.hold_before(Endpoint::Token);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| svc(&server, "/token", &[("grant_type", "client_credentials")]).status);
        assert!(hold.wait_for(1));
        assert_eq!(server.active_access_tokens(), 0);
        assert_eq!(server.count(Endpoint::Token), 1);
        // What goes wrong may still be chosen.
        server.misbehave(Endpoint::Token, Misbehaviour::Status { status: 500, retry_after: None });
        drop(hold);
        assert_eq!(waiting.join().unwrap(), 500);
    });
}

#[tokio::test]
async fn a_hold_can_be_awaited_on_a_runtime_of_one_thread() {
    let server = Arc::new(Server::start());
    let hold = server.hold(Endpoint::Api);
    let of_thread = server.clone();
    let asking = tokio::task::spawn_blocking(move || get(&of_thread, "/api").status);
    assert!(hold.wait_for_async(1).await);
    hold.release();
    assert_eq!(asking.await.unwrap(), 401);
    server.stop();
    assert!(!hold.wait_for_async(2).await, "a server that has stopped keeps nobody waiting");
}

#[test]
fn a_server_stops_once_and_its_port_is_free() {
    let server = Server::start();
    let port = server.port();
    server.stop();
    server.stop();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    let again = Server::builder().port(port).try_start().unwrap();
    assert_eq!(again.port(), port);
    assert!(Server::builder().port(port).try_start().is_err(), "the port is taken");
}

#[test]
fn hundreds_of_servers_fit_into_a_process() {
    let servers: Vec<Server> = (0..200).map(|_| Server::start()).collect();
    for server in &servers {
        assert_eq!(get(server, "/jwks").status, 200);
    }
}

#[test]
fn a_connection_serves_many_requests_sent_at_once() {
    let server = Server::start();
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    let one = "GET /public/1 HTTP/1.1\r\nHost: x\r\n\r\n";
    let last = "HEAD /public/2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(format!("{one}{one}{last}").as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 3);
    assert!(text.ends_with("\r\n\r\n"), "HEAD has no body");
}

#[test]
fn a_chunked_body_is_put_together() {
    let server = Server::start();
    let bytes = b"POST /public HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n\
        3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n";
    assert_eq!(parse(&raw(&server, bytes).unwrap()).text("body"), "abcde");
}

#[test]
fn what_is_too_large_or_malformed_is_refused() {
    let server = Server::start();
    let long = "x".repeat(70_000);
    let status = |bytes: &[u8]| parse(&raw(&server, bytes).unwrap()).status;
    assert_eq!(status(format!("GET /{long} HTTP/1.1\r\n\r\n").as_bytes()), 431);
    assert_eq!(status(b"POST /token HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n"), 413);
    assert_eq!(status(b"POST /token HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFF\r\n"), 413);
    assert_eq!(status(b"POST /token HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
    assert_eq!(status(b"nonsense\r\n\r\n"), 400);
    assert_eq!(get(&server, "/public").status, 200);
}

#[test]
fn ten_thousand_requests_over_three_hundred_connections_are_all_answered() {
    let server = Server::builder().log_limit(0).start();
    let token = server.issue("svc", None, "").access_token;
    let request = format!("GET /api HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n").repeat(34);
    let hold = server.hold(Endpoint::Api);
    let mut streams: Vec<TcpStream> =
        (0..300).map(|_| TcpStream::connect(("127.0.0.1", server.port())).unwrap()).collect();
    for stream in &mut streams {
        stream.write_all(request.as_bytes()).unwrap();
    }
    assert!(hold.wait_for(300));
    hold.release();
    for stream in &mut streams {
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut reader = BufReader::new(stream);
        for _ in 0..34 {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            assert_eq!(line, "HTTP/1.1 200 OK\r\n");
            let mut length = 0;
            while line != "\r\n" {
                line.clear();
                reader.read_line(&mut line).unwrap();
                if let Some(value) = line.strip_prefix("Content-Length: ") {
                    length = value.trim().parse().unwrap();
                }
            }
            reader.read_exact(&mut vec![0; length]).unwrap();
        }
    }
    assert_eq!(server.count(Endpoint::Api), 10_200);
}

#[cfg(unix)]
#[test]
fn the_program_prints_its_issuer_and_stops_on_sigterm() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_grantor"))
        .args(["--lifetime-ms", "1500", "--auto-approve=alice"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port: u16 = line.trim().rsplit(':').next().unwrap().parse().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok(), "{line}");
    let killed = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(killed.success());
    let limit = Instant::now() + Duration::from_secs(30);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < limit, "it did not stop");
        thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_server_can_be_shared_among_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Server>();
    shared::<grantor::Hold>();
    fn sent<T: Send>(_: T) {}
    let server = Server::start();
    sent(server.hold(Endpoint::Token).wait_for_async(0));
}

#[cfg(unix)]
#[test]
fn the_program_speaks_tls_and_writes_what_to_trust_and_a_certificate_for_its_client() {
    let directory = std::env::temp_dir().join(format!("grantor-{}", std::process::id()));
    let mut child = Command::new(env!("CARGO_BIN_EXE_grantor"))
        .arg("--tls")
        .arg(&directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut value = |name: &str| {
        let line = lines.find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    let (issuer, mtls) = (value("issuer"), value("mtls"));
    assert_eq!(value("trust"), directory.join("ca.pem").display().to_string());
    let read = |name: &str| std::fs::read_to_string(directory.join(name)).unwrap();
    let (ca, chain, key) = (read("ca.pem"), read("client.pem"), read("client-key.pem"));
    let trusting = https::config_of(&ca, Some((&chain, &key)));
    let metadata = format!("{issuer}/.well-known/openid-configuration");
    let answer = parse(&https::try_https(trusting.clone(), "GET", &metadata, &[], "").unwrap());
    assert_eq!(answer.text("issuer"), issuer);
    let body = encode(&[("grant_type", "client_credentials"), ("client_id", "mtls")]);
    let answer = parse(&https::try_https(trusting, "POST", &format!("{mtls}/token"), &[FORM], &body).unwrap());
    assert_eq!(answer.status, 200, "{}", answer.body);
    child.kill().unwrap();
    child.wait().unwrap();
    std::fs::remove_dir_all(directory).unwrap();
}

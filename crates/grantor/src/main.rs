//! grantor as a program: a server to try a client against by hand.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use grantor::{Builder, Client, Server};

/// The client that is known by its certificate.
const MTLS: &str = "mtls";

const USAGE: &str = "\
An OAuth 2.x, OAuth 1.0 and OpenID Connect authorization server for tests and demos.

Usage: grantor [--port N] [--lifetime-ms N] [--auto-approve USER] [--tls DIRECTORY]

  --port N             listen on that port of 127.0.0.1 (a free one unless given)
  --lifetime-ms N      how long access tokens live, in milliseconds (3600000)
  --auto-approve USER  answer authorization requests at once as that person
  --tls DIRECTORY      speak TLS, with a second port that asks for certificates; writes there what to trust, ca.pem, and
                       what the client mtls is known by, client.pem and client-key.pem
  --help               show this

Stops on Ctrl-C and on SIGTERM.
";

fn main() -> ExitCode {
    let (builder, directory) = match arguments(env::args().skip(1)) {
        Ok(Some(found)) => found,
        Ok(None) => {
            let _ = io::stdout().write_all(USAGE.as_bytes());
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("grantor: {message}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(builder.log_limit(0), directory.as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("grantor: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn run(builder: Builder, directory: Option<&Path>) -> io::Result<()> {
    // Listened for before anybody can read that the server is there, lest a signal sent right then kill it.
    let mut signals = Signals::new()?;
    let server = builder.try_start()?;
    if let Some(directory) = directory {
        certify(&server, directory)?;
    }
    // Whoever started us may have closed the pipe; that is no reason to stop.
    let _ = introduce(&server, directory);
    signals.any().await;
    server.stop();
    Ok(())
}

/// Writes what to trust, and a certificate that the client `mtls` is known by.
fn certify(server: &Server, directory: &Path) -> io::Result<()> {
    let own = server.client_certificate(MTLS);
    fs::create_dir_all(directory)?;
    for (name, pem) in [("ca.pem", server.ca_pem()), ("client.pem", &own.chain_pem), ("client-key.pem", &own.key_pem)] {
        fs::write(directory.join(name), pem)?;
    }
    server
        .register(Client::new(MTLS).tls_client_auth_subject_dn(format!("CN={MTLS}")).certificate_bound_access_tokens());
    Ok(())
}

#[cfg(unix)]
struct Signals(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self(signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self(tokio::signal::windows::ctrl_c()?))
    }

    async fn any(&mut self) {
        let _ = self.0.recv().await;
    }
}

/// The settings, and where certificates go.
fn arguments(mut arguments: impl Iterator<Item = String>) -> Result<Option<(Builder, Option<PathBuf>)>, String> {
    let (mut builder, mut directory) = (Server::builder(), None);
    while let Some(name) = arguments.next() {
        if name == "--help" || name == "-h" {
            return Ok(None);
        }
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (name, None),
        };
        let known = ["--port", "--lifetime-ms", "--auto-approve", "--tls"].contains(&name.as_str());
        if !known {
            return Err(format!("there is no option {name}"));
        }
        let value = value.or_else(|| arguments.next()).ok_or_else(|| format!("{name} needs a value"))?;
        builder = match name.as_str() {
            "--port" => builder.port(value.parse().map_err(|_| format!("{value} is no port"))?),
            "--lifetime-ms" => {
                let milliseconds = value.parse().map_err(|_| format!("{value} is no number of milliseconds"))?;
                builder.access_token_lifetime(Duration::from_millis(milliseconds))
            }
            "--tls" => {
                directory = Some(PathBuf::from(value));
                builder.tls()
            }
            _ => builder.auto_approve(value),
        };
    }
    Ok(Some((builder, directory)))
}

fn introduce(server: &Server, directory: Option<&Path>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "issuer    {}", server.issuer())?;
    writeln!(out, "api       {}", server.url("/api"))?;
    if let Some(directory) = directory {
        writeln!(out, "mtls      {}", server.mtls_url(""))?;
        writeln!(out, "trust     {}", directory.join("ca.pem").display())?;
        writeln!(out, "client    mtls    {}    tls_client_auth", directory.join("client.pem").display())?;
    }
    writeln!(out, "client    svc     secret: secret              client_secret_basic or client_secret_post")?;
    writeln!(out, "client    basic   secret: secret              client_secret_basic")?;
    writeln!(out, "client    post    secret: secret              client_secret_post")?;
    writeln!(out, "client    odd     secret: s3cret &+%41/=:é    client_secret_basic")?;
    writeln!(out, "client    public  no secret                   none")?;
    writeln!(out, "oauth 1.0 {}    client: consumer    secret: secret", server.url("/oauth1/initiate"))?;
    writeln!(out, "user      alice   password: wonderland")?;
    writeln!(out, "user      jane    password: bennet")?;
    out.flush()
}

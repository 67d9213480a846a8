//! grantor as a program: a server to try a client against by hand.

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use grantor::Server;

const USAGE: &str = "\
An OAuth 2.x and OpenID Connect authorization server for tests and demos.

Usage: grantor [--port N] [--lifetime-ms N] [--auto-approve USER]

  --port N             listen on that port of 127.0.0.1 (a free one unless given)
  --lifetime-ms N      how long access tokens live, in milliseconds (3600000)
  --auto-approve USER  answer authorization requests at once as that person
  --help               show this

Stops on Ctrl-C and on SIGTERM.
";

fn main() -> ExitCode {
    let builder = match arguments(env::args().skip(1)) {
        Ok(Some(builder)) => builder,
        Ok(None) => {
            let _ = io::stdout().write_all(USAGE.as_bytes());
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("grantor: {message}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(builder.log_limit(0)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("grantor: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn run(builder: grantor::Builder) -> io::Result<()> {
    // Listened for before anybody can read that the server is there, lest a signal sent right then kill it.
    let mut signals = Signals::new()?;
    let server = builder.try_start()?;
    // Whoever started us may have closed the pipe; that is no reason to stop.
    let _ = introduce(&server);
    signals.any().await;
    server.stop();
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

fn arguments(mut arguments: impl Iterator<Item = String>) -> Result<Option<grantor::Builder>, String> {
    let mut builder = Server::builder();
    while let Some(name) = arguments.next() {
        if name == "--help" || name == "-h" {
            return Ok(None);
        }
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (name, None),
        };
        let known = ["--port", "--lifetime-ms", "--auto-approve"].contains(&name.as_str());
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
            _ => builder.auto_approve(value),
        };
    }
    Ok(Some(builder))
}

fn introduce(server: &Server) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "issuer    {}", server.issuer())?;
    writeln!(out, "api       {}", server.url("/api"))?;
    writeln!(out, "client    svc     secret: secret              client_secret_basic or client_secret_post")?;
    writeln!(out, "client    basic   secret: secret              client_secret_basic")?;
    writeln!(out, "client    post    secret: secret              client_secret_post")?;
    writeln!(out, "client    odd     secret: s3cret &+%41/=:é    client_secret_basic")?;
    writeln!(out, "client    public  no secret                   none")?;
    writeln!(out, "user      alice   password: wonderland")?;
    writeln!(out, "user      jane    password: bennet")?;
    out.flush()
}

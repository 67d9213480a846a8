//! The server's own thread.

use std::{
    future::pending,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, RwLock, mpsc},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    runtime::{Builder as RuntimeBuilder, Handle},
    sync::{Notify, Semaphore},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    Builder, Server,
    browser::Browser,
    clock::Clock,
    connection,
    dpop::Dpop,
    fault::Faults,
    forge::Forgeries,
    hold::Holds,
    key_ring::KeyRing,
    link::Link,
    log::Log,
    notification::Notifications,
    oauth1,
    pending::Waiting,
    shared::Shared,
    store::Store,
    tls::{Reach, Tls},
};

/// How many connections are served at a time; more wait in the backlog.
const CONNECTIONS: usize = 8192;

/// How long a client may take to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(30);

pub(crate) fn launch(builder: Builder) -> io::Result<Server> {
    let (tell, told) = mpsc::channel();
    let stop = Arc::new(Notify::new());
    let stopped = stop.clone();
    // One thread: connections need no locks among each other, and a whole server costs a test next to nothing.
    let thread = std::thread::Builder::new().name("grantor".into()).spawn(move || {
        let runtime = match RuntimeBuilder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return drop(tell.send(Err(error))),
        };
        runtime.block_on(async {
            let Opened { door, mtls, shared, port } = match open(builder) {
                Ok(opened) => opened,
                Err(error) => return drop(tell.send(Err(error))),
            };
            if tell.send(Ok((shared.clone(), port, Handle::current()))).is_ok() {
                let room = Arc::new(Semaphore::new(CONNECTIONS));
                let second = async {
                    match mtls {
                        Some(door) => accept(door, room.clone(), shared.clone()).await,
                        None => pending().await,
                    }
                };
                tokio::select! {
                    () = stopped.notified() => {}
                    () = accept(door, room.clone(), shared.clone()) => {}
                    () = second => {}
                }
            }
        });
    })?;
    let (shared, port, runtime) =
        told.recv().map_err(|_| io::Error::other("the server's thread ended before it began"))??;
    Ok(Server { shared, port, runtime, stop, thread: Mutex::new(Some(thread)) })
}

/// A port that is listened on.
struct Door {
    listener: TcpListener,
    link: Arc<Link>,
    acceptor: Option<TlsAcceptor>,
}

/// A server whose ports are bound.
struct Opened {
    door: Door,
    /// The port that asks for certificates.
    mtls: Option<Door>,
    shared: Arc<Shared>,
    port: u16,
}

fn open(builder: Builder) -> io::Result<Opened> {
    let (listener, port) = listen(builder.port)?;
    let mut config = builder.config;
    config.origin = format!("{}://127.0.0.1:{port}", config.scheme());
    let (mtls, tls) = match config.tls {
        Reach::Nothing => (None, None),
        Reach::Mutual | Reach::Everything => {
            let (listener, port) = listen(0)?;
            let tls = Tls::new(port)?;
            let link = Arc::new(Link::new("https", port, true));
            (Some(Door { listener, link, acceptor: Some(tls.mutual.clone().into()) }), Some(tls))
        }
    };
    let acceptor = tls.as_ref().filter(|_| config.tls == Reach::Everything).map(|tls| tls.plain.clone().into());
    let door = Door { listener, link: Arc::new(Link::new(config.scheme(), port, false)), acceptor };
    let clock = Arc::new(Clock::new(builder.clock));
    let shared = Shared {
        dpop: Dpop::new(config.dpop_nonces),
        tls,
        config,
        keys: KeyRing::new(builder.keys),
        clients: RwLock::new(builder.clients.into_iter().map(|(id, client)| (id, Arc::new(client))).collect()),
        store: Mutex::new(Store::new(clock.clone())),
        clock: clock.clone(),
        browser: Mutex::new(Browser::new()),
        faults: Faults::default(),
        forgeries: Forgeries::default(),
        holds: Holds::default(),
        log: Log::new(builder.log_limit),
        notices: Mutex::default(),
        pending: Mutex::new(Waiting::new(clock.clone())),
        notifications: Notifications::default(),
        oauth1: Mutex::new(oauth1::Store::new()),
    };
    Ok(Opened { door, mtls, shared: Arc::new(shared), port })
}

fn listen(port: u16) -> io::Result<(TcpListener, u16)> {
    let socket = TcpSocket::new_v4()?;
    // A port that was given must be free again right after the last server stopped.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    // A stampede arrives all at once.
    let listener = socket.listen(4096)?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

async fn accept(door: Door, room: Arc<Semaphore>, shared: Arc<Shared>) {
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        match door.listener.accept().await {
            Ok((stream, _)) => {
                let (shared, link, acceptor) = (shared.clone(), door.link.clone(), door.acceptor.clone());
                tokio::spawn(async move {
                    match acceptor {
                        None => connection::serve(stream, shared, link).await,
                        // In a box, lest every plain connection be as large.
                        Some(acceptor) => Box::pin(serve_by_tls(acceptor, stream, shared, link)).await,
                    }
                    drop(permit);
                });
            }
            // Out of file descriptors, most likely: some will be given back.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn serve_by_tls(acceptor: TlsAcceptor, stream: TcpStream, shared: Arc<Shared>, link: Arc<Link>) {
    // Who cannot agree on TLS has been told so by an alert.
    let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await else { return };
    let certificates = stream.get_ref().1.peer_certificates().map(<[_]>::to_vec);
    let link = certificates.map_or(link.clone(), |certificates| Arc::new(link.with(certificates)));
    connection::serve(stream, shared, link).await;
}

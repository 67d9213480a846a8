//! The server's own thread.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, RwLock, mpsc},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpSocket},
    runtime::{Builder as RuntimeBuilder, Handle},
    sync::{Notify, Semaphore},
};

use crate::{
    Builder, Server, browser::Browser, clock::Clock, connection, fault::Faults, forge::Forgeries, hold::Holds,
    key_ring::KeyRing, log::Log, notification::Notifications, pending::Waiting, shared::Shared, store::Store,
};

/// How many connections are served at a time; more wait in the backlog.
const CONNECTIONS: usize = 8192;

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
            let (listener, shared, port) = match open(builder) {
                Ok(opened) => opened,
                Err(error) => return drop(tell.send(Err(error))),
            };
            if tell.send(Ok((shared.clone(), port, Handle::current()))).is_ok() {
                tokio::select! {
                    () = stopped.notified() => {}
                    () = accept(listener, shared) => {}
                }
            }
        });
    })?;
    let (shared, port, runtime) =
        told.recv().map_err(|_| io::Error::other("the server's thread ended before it began"))??;
    Ok(Server { shared, port, runtime, stop, thread: Mutex::new(Some(thread)) })
}

fn open(builder: Builder) -> io::Result<(TcpListener, Arc<Shared>, u16)> {
    let socket = TcpSocket::new_v4()?;
    // A port that was given must be free again right after the last server stopped.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, builder.port)))?;
    // A stampede arrives all at once.
    let listener = socket.listen(4096)?;
    let port = listener.local_addr()?.port();
    let mut config = builder.config;
    config.origin = format!("http://127.0.0.1:{port}");
    let clock = Arc::new(Clock::new(builder.clock));
    let shared = Shared {
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
    };
    Ok((listener, Arc::new(shared), port))
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = shared.clone();
                tokio::spawn(async move {
                    connection::serve(stream, shared).await;
                    drop(permit);
                });
            }
            // Out of file descriptors, most likely: some will be given back.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

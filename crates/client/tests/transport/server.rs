//! A server, with TLS or without, that says yes to everything; a proxy; an authority that signs certificates.
#![allow(dead_code)] // no test file uses all of it

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

pub(crate) struct Certificate {
    pub(crate) pem: String,
    pub(crate) key_pem: String,
    pub(crate) der: Vec<u8>,
    pub(crate) key_der: Vec<u8>,
}

impl Certificate {
    fn new(certificate: &rcgen::Certificate, key: &KeyPair) -> Self {
        let (pem, der) = (certificate.pem(), certificate.der().to_vec());
        Self { pem, key_pem: key.serialize_pem(), der, key_der: key.serialize_der() }
    }
}

pub(crate) fn self_signed(names: &[&str]) -> Certificate {
    let key = KeyPair::generate().unwrap();
    Certificate::new(&params(names).self_signed(&key).unwrap(), &key)
}

fn params(names: &[&str]) -> CertificateParams {
    CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()).unwrap()
}

pub(crate) struct Authority {
    certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = params(&[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Two authorities of one name would be taken for one.
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("authority {}", COUNT.fetch_add(1, Ordering::SeqCst));
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        Self { certificate: params.self_signed(&key).unwrap(), issuer: Issuer::new(params, key) }
    }

    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    pub(crate) fn signs(&self, names: &[&str]) -> Certificate {
        self.signs_key(names, &KeyPair::generate().unwrap())
    }

    pub(crate) fn signs_key(&self, names: &[&str], key: &KeyPair) -> Certificate {
        Certificate::new(&params(names).signed_by(key, &self.issuer).unwrap(), key)
    }
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let body = grantee_jose::base64url::encode_standard(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) certificate: Option<Vec<u8>>,
}

/// Answers everything with one JSON object that is metadata, a token and an introspection at once.
pub(crate) struct Server {
    shared: Arc<Shared>,
}

struct Shared {
    address: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    size: usize,
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    hang_up: AtomicBool,
    redirect: Mutex<Option<String>>,
    stopped: AtomicBool,
}

impl Server {
    pub(crate) fn plain() -> Self {
        Self::start(None, 0)
    }

    pub(crate) fn plain_of_size(size: usize) -> Self {
        Self::start(None, size)
    }

    pub(crate) fn tls(certificate: &Certificate) -> Self {
        Self::start(Some(config(certificate, None)), 0)
    }

    pub(crate) fn mutual_tls(certificate: &Certificate, authority: &Authority) -> Self {
        Self::start(Some(config(certificate, Some(authority))), 0)
    }

    fn start(tls: Option<Arc<ServerConfig>>, size: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let shared = Arc::new(Shared {
            address: listener.local_addr().unwrap(),
            tls,
            size,
            requests: Mutex::default(),
            connections: AtomicUsize::new(0),
            hang_up: AtomicBool::new(false),
            redirect: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if serving.stopped.load(Ordering::SeqCst) {
                    return;
                }
                serving.connections.fetch_add(1, Ordering::SeqCst);
                let serving = Arc::clone(&serving);
                thread::spawn(move || serving.serve(stream));
            }
        });
        Self { shared }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = if self.shared.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.shared.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.shared.address.port()
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn hang_up_at_the_next_request(&self) {
        self.shared.hang_up.store(true, Ordering::SeqCst);
    }

    pub(crate) fn redirect_to(&self, url: &str) {
        *self.shared.redirect.lock().unwrap() = Some(url.to_owned());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.shared.address));
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) {
        let Some(config) = &self.tls else { return self.converse(&mut stream, None) };
        let mut connection = ServerConnection::new(Arc::clone(config)).unwrap();
        while connection.is_handshaking() {
            if connection.complete_io(&mut stream).is_err() {
                return;
            }
        }
        let certificate = connection.peer_certificates().and_then(|chain| Some(chain.first()?.to_vec()));
        self.converse(&mut StreamOwned::new(connection, stream), certificate);
    }

    fn converse(&self, stream: &mut (impl Read + Write), certificate: Option<Vec<u8>>) {
        while let Some(head) = read_request(stream) {
            self.requests.lock().unwrap().push(Request { head, certificate: certificate.clone() });
            if self.hang_up.swap(false, Ordering::SeqCst) {
                return;
            }
            let redirect = self.redirect.lock().unwrap().clone();
            let answer = match redirect {
                Some(to) => format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"),
                None => {
                    let body = self.body();
                    let length = body.len();
                    format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
                    )
                }
            };
            if stream.write_all(answer.as_bytes()).and_then(|()| stream.flush()).is_err() {
                return;
            }
        }
    }

    fn body(&self) -> String {
        let issuer = format!("{}://{}", if self.tls.is_some() { "https" } else { "http" }, self.address);
        let mut body = format!(
            r#"{{"issuer":"{issuer}","token_endpoint":"{issuer}/token","introspection_endpoint":"{issuer}/introspect",
            "revocation_endpoint":"{issuer}/revoke","access_token":"at","token_type":"Bearer","active":true,"padding":""}}"#
        );
        let missing = self.size.saturating_sub(body.len());
        body.insert_str(body.len() - 2, &"x".repeat(missing));
        body
    }
}

/// The head, once the whole request has been read.
fn read_request(stream: &mut impl Read) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).ok()?;
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    stream.read_exact(&mut vec![0; length.unwrap_or(0)]).ok()?;
    Some(head)
}

fn config(certificate: &Certificate, clients: Option<&Authority>) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.certificate.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certificate.key_der.clone()));
    Arc::new(builder.with_single_cert(vec![CertificateDer::from(certificate.der.clone())], key).unwrap())
}

/// A proxy that opens tunnels.
pub(crate) struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    stopped: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Proxy {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, stopped) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicBool>::default());
        let (heard, stop) = (Arc::clone(&asked), Arc::clone(&stopped));
        let thread = thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let heard = Arc::clone(&heard);
                thread::spawn(move || tunnel(stream, &heard));
            }
        });
        Self { address, asked, stopped, thread: Some(thread) }
    }

    pub(crate) fn url(&self, userinfo: &str) -> String {
        let at = if userinfo.is_empty() { "" } else { "@" };
        format!("http://{userinfo}{at}{}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn tunnel(mut near: TcpStream, asked: &Mutex<Vec<String>>) {
    let Some(head) = read_request(&mut near) else { return };
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    asked.lock().unwrap().push(head);
    let Ok(mut far) = TcpStream::connect(target) else { return };
    near.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").unwrap();
    let (mut from_far, mut to_near) = (far.try_clone().unwrap(), near.try_clone().unwrap());
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_far, &mut to_near);
        let _ = to_near.shutdown(Shutdown::Both);
    });
    let _ = std::io::copy(&mut near, &mut far);
    let _ = far.shutdown(Shutdown::Both);
}

/// A listener whose queue is full, so that the next connection is neither made nor refused.
pub(crate) fn full_listener() -> (impl Sized, SocketAddr) {
    let _guard = crate::faces::RUNTIME.enter();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
        waiting.push(stream);
    }
    ((listener, waiting), address)
}

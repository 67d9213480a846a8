//! A client of TLS, with a certificate or without.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use grantor::{ClientCertificate, Server};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use url::Url;

use super::{Answer, FORM, encode, parse, request_bytes};

pub fn config(ca_pem: &str, identity: Option<&ClientCertificate>) -> ClientConfig {
    config_of(ca_pem, identity.map(|identity| (identity.chain_pem.as_str(), identity.key_pem.as_str())))
}

/// `identity` is a chain and a key, as PEM.
pub fn config_of(ca_pem: &str, identity: Option<(&str, &str)>) -> ClientConfig {
    let chain = |pem: &str| -> Vec<_> { CertificateDer::pem_slice_iter(pem.as_bytes()).map(Result::unwrap).collect() };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(chain(ca_pem));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let builder = builder.with_root_certificates(roots);
    match identity {
        None => builder.with_no_client_auth(),
        Some((chain_pem, key_pem)) => {
            let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain(chain_pem), key).unwrap()
        }
    }
}

/// Sends one request to an `https` URL and reads until the server closes.
pub fn try_https(
    config: ClientConfig,
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Vec<u8>> {
    let url = Url::parse(url).unwrap();
    assert_eq!(url.scheme(), "https");
    let (host, port) = (url.host_str().unwrap().to_owned(), url.port().unwrap());
    let name = ServerName::try_from(host).unwrap();
    let socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut stream = StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), socket);
    let target = url.query().map_or(url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let bytes = String::from_utf8(request_bytes(method, &target, headers, body)).unwrap();
    let host = format!("Host: {}:{port}\r\n", url.host_str().unwrap());
    stream.write_all(bytes.replacen("Host: localhost\r\n", &host, 1).as_bytes())?;
    let mut answer = Vec::new();
    // An end without a farewell of TLS is an error here.
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

pub fn https(server: &Server, identity: Option<&ClientCertificate>, url: &str, pairs: &[(&str, &str)]) -> Answer {
    let config = config(server.ca_pem(), identity);
    let answer = match pairs {
        [] => try_https(config, "GET", url, &[], ""),
        pairs => try_https(config, "POST", url, &[FORM], &encode(pairs)),
    };
    parse(&answer.unwrap())
}

pub fn with_token(server: &Server, identity: Option<&ClientCertificate>, url: &str, token: &str) -> Answer {
    let headers = [("Authorization", format!("Bearer {token}"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    parse(&try_https(config(server.ca_pem(), identity), "GET", url, &headers, "").unwrap())
}

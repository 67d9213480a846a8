//! Posting JSON to a client on this machine, by HTTP or HTTPS.

use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    sync::Arc,
    time::Instant,
};

use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use url::Url;

use crate::post::{PATIENCE, answer};

/// Sends it and waits for the status of the answer. A redirect is not followed (CIBA section 10.2).
pub(crate) fn post(url: &str, bearer_token: Option<&str>, body: &str) -> io::Result<u16> {
    let unfit = |why: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("a notification endpoint {why}"));
    let url = Url::parse(url).map_err(|_| unfit("must be a URL"))?;
    let host = url.host_str().ok_or_else(|| unfit("must have a host"))?;
    let port = url.port_or_known_default().unwrap_or(80);
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    // Whatever a name may resolve to, nothing leaves this machine.
    let mut addresses = (bare.as_str(), port).to_socket_addrs()?.filter(|address| address.ip().is_loopback());
    let address = addresses.next().ok_or_else(|| unfit("must be on this machine"))?;
    let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
    let authorization = bearer_token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
    let request = format!(
        "POST {}{query} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n{authorization}\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        url.path(),
        body.len()
    );
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    match url.scheme() {
        "http" => exchange(stream, &request),
        "https" => {
            let name = ServerName::try_from(bare).map_err(|_| unfit("has a host that no certificate can name"))?;
            let connection = ClientConnection::new(trusting(), name).map_err(io::Error::other)?;
            exchange(StreamOwned::new(connection, stream), &request)
        }
        _ => Err(unfit("must be http or https")),
    }
}

fn exchange(mut stream: impl Read + Write, request: &str) -> io::Result<u16> {
    let end = Instant::now() + PATIENCE;
    stream.write_all(request.as_bytes())?;
    stream.flush()?;
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = match stream.read(&mut buffer) {
            Ok(count) => count,
            // TLS without a farewell; the answer is there or it is not.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            Err(error) => return Err(error),
        };
        received.extend(buffer.iter().take(count));
        if let Some(answer) = answer(&received, count == 0)? {
            return Ok(answer.status);
        }
        if Instant::now() > end {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
}

/// A client under test has a certificate that nobody vouches for. It is only ever reached on this machine.
fn trusting() -> Arc<ClientConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let config = config.expect("the provider has a cipher suite for each version");
    let verifier = Arc::new(AnyCertificate(provider));
    Arc::new(config.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_this_machine() {
        for url in ["http://192.0.2.1/", "https://[2001:db8::1]/cb", "ftp://127.0.0.1:1/", "nonsense"] {
            assert!(post(url, None, "{}").is_err(), "{url}");
        }
        let refused = post("http://192.0.2.1/", None, "{}").unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput, "and was not even tried");
    }
}

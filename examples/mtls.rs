//! A client that is known by the certificate of its connection, and tokens that serve over that connection alone (RFC 8705).

use grantee::blocking::Client;
use grantee::{ClientCertificate, ClientCredentials, SelfSignedTlsClientAuth, TlsClientAuth};
use grantor::Server;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own server: one in this process. One client is known by what its authority says of it, one by its
    // certificate itself.
    let own = Server::self_signed_certificate("till");
    let bank = grantor::Client::new("bank").tls_client_auth_subject_dn("CN=bank").certificate_bound_access_tokens();
    let till = grantor::Client::new("till").auth("self_signed_tls_client_auth").jwks(own.jwks());
    let server = Server::builder().mtls().client(bank).client(till.certificate_bound_access_tokens()).start();
    let signed = server.client_certificate("bank");

    // Requests go to the server's mtls_endpoint_aliases by themselves.
    let certificate = ClientCertificate::from_pem(&signed.chain_pem, signed.key_pem.as_str())?;
    let bank = Client::discover(server.issuer())
        .public_client("bank")
        .auth(TlsClientAuth)
        .certificate_bound_tokens()
        .only_ca(server.ca_pem())
        .client_certificate_from(certificate.clone())
        .build()?;
    let api = bank.session(ClientCredentials::new().scope("orders")).api(&server.mtls_url("/api"))?;
    assert_eq!(api.get("orders").send()?.status(), 200);

    // A certificate is renewed while the program runs; ClientCertificate::from_files(..) looks at its files by itself.
    let renewed = server.client_certificate("bank");
    certificate.replace(&renewed.chain_pem, renewed.key_pem.as_str())?;
    assert_eq!(api.get("orders").send()?.status(), 200);
    let shown = server
        .requests_to(grantor::Endpoint::Api)
        .last()
        .and_then(|request| request.client_certificate_thumbprint().map(str::to_owned));
    assert_eq!(shown, Some(renewed.thumbprint()));

    let till = Client::discover(server.issuer())
        .public_client("till")
        .auth(SelfSignedTlsClientAuth)
        .certificate_bound_tokens()
        .only_ca(server.ca_pem())
        .client_certificate(own.chain_pem.as_str(), own.key_pem.as_str())
        .build()?;
    let token = till.token(ClientCredentials::new())?;
    assert_eq!(token.key_thumbprint, Some(own.thumbprint()));
    Ok(())
}

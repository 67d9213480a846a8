//! An organization's identity provider speaks SAML: its assertion is worth a token (RFC 7522).

use grantee::{Client, Saml2Bearer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own server: one in this process, which trusts the identity provider.
    let server = grantor::Server::builder().saml_issuer("https://idp.example").start();
    let from_the_identity_provider = assertion(&server.issuer());

    let client = Client::discover(server.issuer()).client("svc", "secret").build()?;
    // Byte by byte as it was signed; what is one element too many, such as the response around it, is refused here.
    let token = client.token(Saml2Bearer::xml(&from_the_identity_provider)?.scope("orders")).await?;
    assert_eq!(client.introspect(&token).await?.sub.as_deref(), Some("alice"));

    let again = client.token(Saml2Bearer::xml(&from_the_identity_provider)?).await.unwrap_err();
    assert_eq!(again.server_error(), Some("invalid_grant"));
    Ok(())
}

fn assertion(issuer: &str) -> String {
    format!(
        r#"<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0">
<saml:Issuer>https://idp.example</saml:Issuer>
<saml:Subject><saml:NameID>alice</saml:NameID>
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
<saml:SubjectConfirmationData NotOnOrAfter="2999-01-01T00:00:00Z" Recipient="{issuer}/token"/>
</saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="2001-01-01T00:00:00Z"><saml:AudienceRestriction>
<saml:Audience>{issuer}</saml:Audience></saml:AudienceRestriction></saml:Conditions>
</saml:Assertion>"#
    )
}

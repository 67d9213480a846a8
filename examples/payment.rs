//! A request that says exactly what is wanted, and what was granted of it (RFC 9396).

mod browser;

use grantee::blocking::Client;
use grantee::{AuthorizationDetail, AuthorizationRequest};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own server: one in this process. The person chooses the account to pay from.
    let server = grantor::Server::builder()
        .authorization_details_types(["payment_initiation"])
        .grant_authorization_details(|asked| {
            let mut granted = asked.clone();
            granted["debtorAccount"] = json!({"iban": "DE40100100103307118608"});
            Some(granted)
        })
        .auto_approve("alice")
        .start();

    let client = Client::discover(server.issuer())
        .client("svc", "secret")
        .redirect_uri("https://app.example/callback")
        .build()?;
    let payment = AuthorizationDetail::new("payment_initiation")
        .action("initiate")
        .location("https://example.com/payments")
        .member("instructedAmount", json!({"currency": "EUR", "amount": "123.50"}))
        .member("creditorName", "Merchant A");
    let (url, pending) = client.start(AuthorizationRequest::new().authorization_details(payment))?;
    let login = client.finish(pending, browser::visit(&url)?)?;

    let granted = login.granted_details().ok_or("the server did not say")?;
    // All of it, and one of them with what the person chose.
    assert!(granted.all());
    let payment = &granted.enriched.first().ok_or("the person chose nothing")?.granted;
    assert_eq!(payment.get("debtorAccount"), Some(&json!({"iban": "DE40100100103307118608"})));
    // The token says so too, for as long as it lives.
    assert!(login.token().authorization_details()?.is_some());
    Ok(())
}

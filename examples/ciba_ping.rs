//! The server says when the person has decided (CIBA by ping), so that nobody asks in vain; by push it brings the tokens along.

use grantee::BackchannelAuthenticationRequest;
use grantee::blocking::Client;
use grantee::ciba::{Delivery, NotificationListener};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Behind a reverse proxy that does TLS. A program with a web server of its own hands what is posted to it to a
    // NotificationInbox: inbox.deliver(&headers, &body) is the answer.
    let listener = NotificationListener::bind("127.0.0.1:0")?;

    for mode in ["ping", "push"] {
        // In the place of your own server: one in this process, where the client's endpoint is registered.
        let registered = grantor::Client::new("till")
            .secret("s3cret")
            .backchannel_token_delivery_mode(mode)
            .backchannel_client_notification_endpoint(format!("http://{}/cb", listener.local_addr()));
        let server = grantor::Server::builder().client(registered).start();
        let delivery = if mode == "ping" { Delivery::Ping } else { Delivery::Push };

        let client = Client::discover(server.issuer()).client("till", "s3cret").build()?;
        let request = BackchannelAuthenticationRequest::login_hint("alice").delivery(delivery);
        let waiting = client.backchannel(request.notified_in(listener.inbox()))?;

        // Alice agrees on her phone.
        let asked = server.pending_authorizations().remove(0);
        assert!(server.approve_ciba(&asked.id, "alice"));

        // What is pushed is believed once its ID token is verified, which signs all of it.
        let login = waiting.wait()?;
        assert_eq!(login.id_token().map(|id_token| id_token.subject()), Some("alice"));
        assert_eq!(server.count(grantor::Endpoint::Token), usize::from(mode == "ping"));
    }
    Ok(())
}

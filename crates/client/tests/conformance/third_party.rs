//! A login that somebody else starts.

use crate::browser::Browser;
use crate::suite::{Outcome, flows};
use crate::world::{PERSON, Rule, World, block_on};
use grantor::{Endpoint, OTHER_ISSUER, Server};

const LOGIN: &str = "https://rp.example/login";
const TARGET: &str = "https://rp.example/orders/7";

#[test]
fn oidcc_client_test_3rd_party_init_login() {
    for flow in flows("oidcc-client-test-3rd-party-init-login", Outcome::Succeed) {
        let world = World::new();
        let link = |op: &Server| op.initiate_login_url(LOGIN, Some(TARGET), Some("alice@example.test")).unwrap();
        let wanted = block_on(world.rp.third_party_login(link(&world.op).as_str())).unwrap();
        assert_eq!(wanted.issuer(), world.op.issuer());
        assert_eq!(wanted.target_within(&["https://rp.example/orders"]).unwrap().as_str(), TARGET);
        assert_eq!(wanted.target_within(&["https://rp.example/profile"]), None);

        let browser = Browser::new();
        let (url, pending) = block_on(world.rp.start(wanted.request())).unwrap();
        let person = world.end(flow, pending, &browser.open(url.as_str())).unwrap();
        assert_eq!(person.id_token.subject(), PERSON);
        let asked = &world.op.requests_to(Endpoint::Authorize)[0];
        assert_eq!(asked.query_value("login_hint").as_deref(), Some("alice@example.test"));
        assert_eq!(asked.query_value("scope").as_deref(), Some("openid"));
        assert!(asked.query_value("state").is_some() && asked.query_value("nonce").is_some());

        // Another issuer's link starts no login here.
        let rule = Rule {
            stage: "third-party login",
            rule: "iss is the issuer of this client",
            spec: "OpenID Connect Core section 4",
            got: OTHER_ISSUER,
        };
        rule.refuses(block_on(world.rp.third_party_login(format!("{LOGIN}?iss={OTHER_ISSUER}"))));
    }
}

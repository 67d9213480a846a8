//! What a person does on another device: confirms a code that a device shows, or a login that a client has asked for.

use serde_json::Value;
use url::Url;

use crate::plain;
use crate::server::{Server, USER};
use crate::walk::Walk;

/// What the person says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allow,
    /// No.
    Deny,
}

/// Answers, as alice, the code that a device shows. Glewlwyd's page takes a yes alone.
pub fn confirm_device(server: &Server, user_code: &str, decision: Decision) {
    let action = if decision == Decision::Allow { "approve" } else { "deny" };
    let form = [("user_code", user_code), ("action", action)];
    let page = match server.name {
        "oidc-provider" => format!("{}/_test/device", server.base),
        "authlib" => format!("{}/oauth/activate", server.base),
        _ => return confirm_at_glewlwyd(server, user_code),
    };
    let reply = plain::submit(&page, &form);
    assert_eq!(reply.status, 200, "{reply:?}");
}

fn confirm_at_glewlwyd(server: &Server, user_code: &str) {
    let mut walk = Walk::new(server);
    walk.log_in_to_glewlwyd().unwrap_or_else(|stuck| panic!("{stuck}"));
    // The first visit shows what is asked for, the second is the button.
    for _ in 0..2 {
        let mut page = Url::parse(&format!("{}/device", issuer(server))).expect("a URL");
        page.query_pairs_mut().append_pair("code", user_code).append_key_only("g_continue");
        walk.get(&page).unwrap_or_else(|stuck| panic!("{stuck}"));
    }
}

/// Answers, as alice, every login that a client has asked Glewlwyd for. oidc-provider's person decides by the hint: `deny` refuses, `wait`
/// never answers, anybody else agrees after two seconds.
pub fn confirm_backchannel(server: &Server, decision: Decision) {
    if server.name != "glewlwyd" {
        return;
    }
    let mut walk = Walk::new(server);
    walk.log_in_to_glewlwyd().unwrap_or_else(|stuck| panic!("{stuck}"));
    let list = Url::parse(&format!("{}/ciba_user_list?username={USER}", issuer(server))).expect("a URL");
    let page = walk.get(&list).unwrap_or_else(|stuck| panic!("{stuck}"));
    let waiting: Vec<Value> = serde_json::from_str(&page.body).unwrap_or_else(|error| panic!("{error}: {}", page.body));
    assert!(!waiting.is_empty(), "nobody has asked");
    for asked in &waiting {
        let mut page = Url::parse(&format!("{}/ciba_user_check", issuer(server))).expect("a URL");
        let id = asked["user_req_id"].as_str().unwrap_or_else(|| panic!("{asked}"));
        let answer = if decision == Decision::Allow { "g_continue" } else { "cancel" };
        page.query_pairs_mut().append_pair("user_req_id", id).append_key_only(answer);
        walk.get(&page).unwrap_or_else(|stuck| panic!("{stuck}"));
    }
}

fn issuer(server: &Server) -> &str {
    server.issuer.as_deref().expect("a server with metadata")
}

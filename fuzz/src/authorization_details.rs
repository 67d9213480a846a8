//! What was asked in detail and what a server says of it.

use crate::property::{is_exact, is_presentable};
use grantee_core::authorization::{AuthorizationDetails, Granted};
use serde_json::Value;

/// Two lines: what was asked, and what was granted.
pub fn authorization_details(data: &[u8]) {
    let mut lines = data.splitn(2, |byte| *byte == b'\n').map(String::from_utf8_lossy);
    let (asked, granted) = (read(&lines.next().unwrap_or_default()), read(&lines.next().unwrap_or_default()));
    let (Some(asked), Some(granted)) = (asked, granted) else { return };
    let compared = asked.compare(&granted);
    let kept = asked.len() - compared.enriched.len() - compared.changed.len() - compared.missing.len();
    assert_eq!(granted.len() - compared.enriched.len() - compared.changed.len() - compared.extra.len(), kept);
    assert_eq!(compared.all(), compared.changed.is_empty() && compared.missing.is_empty());
    for change in compared.enriched.iter().chain(&compared.changed) {
        assert_eq!(change.requested.detail_type(), change.granted.detail_type());
    }

    // The order of lists says nothing.
    for (other_asked, other_granted) in
        [(turned(&asked), granted.clone()), (asked.clone(), turned(&granted)), (turned(&asked), turned(&granted))]
    {
        assert_eq!(counts(&other_asked.compare(&other_granted)), counts(&compared), "{asked:?} {granted:?}");
    }
    // Nor does what was granted beside it.
    let more = granted.iter().fold(granted.clone(), |all, one| all.with(one.clone()));
    assert!(!compared.all() || asked.compare(&more).all());
}

fn counts(compared: &Granted) -> [usize; 4] {
    [compared.enriched.len(), compared.changed.len(), compared.missing.len(), compared.extra.len()]
}

/// Each list the other way round.
fn turned(details: &AuthorizationDetails) -> AuthorizationDetails {
    fn turn(value: &mut Value) {
        match value {
            Value::Array(list) => {
                list.reverse();
                list.iter_mut().for_each(turn);
            }
            Value::Object(members) => members.values_mut().for_each(turn),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(details).expect("they can be written");
    turn(&mut value);
    AuthorizationDetails::from_value(value).expect("they are still some")
}

fn read(text: &str) -> Option<AuthorizationDetails> {
    let details: AuthorizationDetails = text.parse().inspect_err(is_presentable).ok()?;
    assert!(details.iter().all(|detail| !detail.detail_type().is_empty()));
    let written = serde_json::to_value(&details).expect("they can be written");
    if is_exact(&written) {
        assert_eq!(AuthorizationDetails::from_value(written).expect("and read again"), details);
        let own = details.compare(&details);
        assert!(own.all() && counts(&own) == [0; 4], "they differ from themselves: {details:?}");
    }
    Some(details)
}

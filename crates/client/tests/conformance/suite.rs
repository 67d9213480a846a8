//! The list of the suite's tests: what is in it, and that each is here.

use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::LazyLock;

static LIST: LazyLock<Vec<Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../vectors/rp_conformance.json")).unwrap());

/// How a test must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Succeed,
    Reject,
    Either,
}

/// What one login asks for, and how the answer travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    pub response_type: &'static str,
    pub form_post: bool,
}

/// Where an ID token comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The authorization response.
    Front,
    /// The token endpoint.
    Back,
}

impl Flow {
    pub const CODE: Self = Self { response_type: "code", form_post: false };

    fn has(self, word: &str) -> bool {
        self.response_type.split(' ').any(|other| other == word)
    }

    pub fn code(self) -> bool {
        self.has("code")
    }

    /// Whether the authorization response has an access token.
    pub fn front_token(self) -> bool {
        self.has("token")
    }

    /// Whether there is an access token in the end.
    pub fn brings_token(self) -> bool {
        self.code() || self.front_token()
    }

    /// Where ID tokens come from.
    pub fn places(self) -> Vec<Place> {
        let here = [(self.has("id_token"), Place::Front), (self.code(), Place::Back)];
        here.into_iter().filter_map(|(here, place)| here.then_some(place)).collect()
    }
}

impl Place {
    pub fn jwt(self) -> grantor::Jwt {
        match self {
            Self::Front => grantor::Jwt::FrontChannelIdToken,
            Self::Back => grantor::Jwt::IdToken,
        }
    }
}

fn entry(id: &str) -> &'static Value {
    LIST.iter().find(|entry| entry["id"] == id).unwrap_or_else(|| panic!("no test {id} in the list"))
}

/// That the list agrees on how a test ends.
pub fn outcome(id: &str, outcome: Outcome) {
    let expected = match outcome {
        Outcome::Succeed => "succeed",
        Outcome::Reject => "reject",
        Outcome::Either => "either",
    };
    assert_eq!(entry(id)["outcome"], expected, "{id}");
}

/// The flows of a test's plans. The list must agree on how the test ends.
pub fn flows(id: &str, expected: Outcome) -> Vec<Flow> {
    outcome(id, expected);
    let entry = entry(id);
    const IMPLICIT: [&str; 2] = ["id_token", "id_token token"];
    const HYBRID: [&str; 3] = ["code id_token", "code token", "code id_token token"];
    let mut flows = Vec::new();
    for plan in entry["plan"].as_array().unwrap() {
        let (types, modes): (Vec<&str>, &[bool]) = match plan.as_str().unwrap() {
            plan if plan.contains("-implicit") => (IMPLICIT.to_vec(), &[false]),
            plan if plan.contains("-hybrid") => (HYBRID.to_vec(), &[false]),
            // The comprehensive plan leaves both to whoever runs it.
            "oidcc-client-test-plan" => ([&["code"], &IMPLICIT[..], &HYBRID[..]].concat(), &[false, true]),
            _ => (vec!["code"], &[false]),
        };
        for form_post in modes {
            flows.extend(types.iter().map(|response_type| Flow { response_type, form_post: *form_post }));
        }
    }
    let mut distinct: Vec<Flow> = Vec::new();
    for flow in flows {
        if !distinct.contains(&flow) {
            distinct.push(flow);
        }
    }
    distinct
}

/// Those of the flows that a test is about; there must be some.
pub fn flows_where(id: &str, outcome: Outcome, keep: impl Fn(Flow) -> bool) -> Vec<Flow> {
    let kept: Vec<Flow> = flows(id, outcome).into_iter().filter(|flow| keep(*flow)).collect();
    assert!(!kept.is_empty(), "{id}");
    kept
}

/// Not here, and why: clients of OpenID Federation come with a later version.
const FEDERATION: &str = "openid-federation-";

const SOURCES: [&str; 13] = [
    include_str!("basic.rs"),
    include_str!("ciba.rs"),
    include_str!("comprehensive.rs"),
    include_str!("config.rs"),
    include_str!("dynamic.rs"),
    include_str!("fapi1.rs"),
    include_str!("fapi2.rs"),
    include_str!("form_post.rs"),
    include_str!("hybrid.rs"),
    include_str!("implicit.rs"),
    include_str!("logout.rs"),
    include_str!("refresh.rs"),
    include_str!("third_party.rs"),
];

#[test]
fn every_test_of_the_suite_but_those_of_federation_is_here_under_its_name() {
    let ids: Vec<&str> = LIST.iter().filter_map(|entry| entry["id"].as_str()).collect();
    let (federation, listed): (Vec<&str>, Vec<&str>) = ids.iter().partition(|id| id.starts_with(FEDERATION));
    let named: BTreeSet<String> = listed.iter().map(|id| id.replace('-', "_")).collect();
    let here: Vec<String> = SOURCES.iter().flat_map(|source| tests_in(source)).collect();
    assert_eq!(BTreeSet::from_iter(here.iter().cloned()), named);
    assert_eq!((ids.len(), federation.len(), listed.len(), here.len()), (157, 10, 147, 147), "each once");
}

/// The names of the functions that stand right below a `#[test]`.
fn tests_in(source: &str) -> Vec<String> {
    let mut lines = source.lines();
    let mut names = Vec::new();
    while lines.by_ref().any(|line| line == "#[test]") {
        let line = lines.next().unwrap_or_default();
        names.extend(line.strip_prefix("fn ").and_then(|rest| rest.strip_suffix("() {")).map(str::to_owned));
    }
    names
}

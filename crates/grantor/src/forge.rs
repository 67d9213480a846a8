//! Carrying a [`JwtFault`] out.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use serde_json::{Value, json};

use crate::{
    Jwt, JwtFault, OTHER_CLIENT, OTHER_ISSUER, OTHER_SUBJECT, SigningKey, certificate,
    jwt::{Draft, Seal, Signer, half_hash},
    queue::Queue,
    shared::{Shared, lock},
};

const DAY: u64 = 86_400;
const TEN_YEARS: u64 = 3652 * DAY;

/// What each kind of JWT is to have wrong.
#[derive(Default)]
pub(crate) struct Forgeries {
    queues: Mutex<[Queue<JwtFault>; Jwt::COUNT]>,
    any: AtomicBool,
}

impl Forgeries {
    pub(crate) fn change(&self, jwt: Jwt, change: impl FnOnce(&mut Queue<JwtFault>)) {
        let mut queues = lock(&self.queues);
        change(&mut queues[jwt.index()]);
        self.any.store(queues.iter().any(|queue| !queue.is_empty()), Ordering::Release);
    }

    fn take(&self, jwt: Jwt, draft: &Draft) -> Option<JwtFault> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        lock(&self.queues)[jwt.index()].take(|fault| means_something(fault, draft))
    }
}

/// Signs a JWT, with whatever is to be wrong with it.
pub(crate) fn sealed(shared: &Shared, jwt: Jwt, draft: Draft) -> String {
    forged(shared, jwt, draft).compact()
}

/// Makes wrong what is to be wrong with it.
pub(crate) fn forged(shared: &Shared, jwt: Jwt, mut draft: Draft) -> Draft {
    if let Some(fault) = shared.forgeries.take(jwt, &draft) {
        apply(shared, &fault, &mut draft);
    }
    draft
}

fn means_something(fault: &JwtFault, draft: &Draft) -> bool {
    let has = |name: &str| draft.claims.contains_key(name);
    match fault {
        JwtFault::RemoveClaim(name) => has(name),
        JwtFault::RemoveHeader(name) => draft.header.contains_key(name),
        JwtFault::NoKid => draft.header.contains_key("kid"),
        JwtFault::WrongNonce => has("nonce"),
        JwtFault::WrongAtHash => has("at_hash"),
        JwtFault::WrongCHash => has("c_hash"),
        JwtFault::StaleAuthTime => has("auth_time"),
        JwtFault::EncryptedWithRsa15 => draft.encryption.as_ref().is_some_and(|how| how.alg.starts_with("RSA")),
        JwtFault::All(faults) => faults.iter().any(|fault| means_something(fault, draft)),
        _ => true,
    }
}

pub(crate) fn apply(shared: &Shared, fault: &JwtFault, draft: &mut Draft) {
    let now = shared.clock.seconds();
    let mut set = |name: &str, value: Value| drop(draft.claims.insert(name.into(), value));
    match fault {
        JwtFault::SetClaim(name, value) => set(name, value.clone()),
        JwtFault::RemoveClaim(name) => drop(draft.claims.remove(name)),
        JwtFault::DuplicateClaim(name, value) => draft.doubled.push((name.clone(), value.clone())),
        JwtFault::SetHeader(name, value) => drop(draft.header.insert(name.clone(), value.clone())),
        JwtFault::RemoveHeader(name) => drop(draft.header.remove(name)),
        JwtFault::WrongIssuer => set("iss", OTHER_ISSUER.into()),
        JwtFault::WrongAudience => set("aud", OTHER_CLIENT.into()),
        JwtFault::SeveralAudiences { azp } => several_audiences(draft, azp.as_deref()),
        JwtFault::WrongSubject => set("sub", OTHER_SUBJECT.into()),
        JwtFault::Expired => {
            set("iat", now.saturating_sub(7200).into());
            set("exp", now.saturating_sub(3600).into());
        }
        JwtFault::IssuedLongAgo => set("iat", now.saturating_sub(TEN_YEARS).into()),
        JwtFault::IssuedInTheFuture => {
            set("iat", (now + DAY).into());
            set("exp", (now + 2 * DAY).into());
        }
        JwtFault::NotYetValid => {
            set("nbf", (now + DAY).into());
            set("exp", (now + 2 * DAY).into());
        }
        JwtFault::WrongNonce => set("nonce", "not-the-nonce-that-was-sent".into()),
        JwtFault::WrongAtHash => wrong_hash(draft, "at_hash"),
        JwtFault::WrongCHash => wrong_hash(draft, "c_hash"),
        JwtFault::WrongSHash => wrong_hash(draft, "s_hash"),
        JwtFault::StaleAuthTime => set("auth_time", now.saturating_sub(TEN_YEARS).into()),
        JwtFault::BrokenSignature => draft.seal = Seal::Broken,
        JwtFault::EmptySignature => draft.seal = Seal::Missing,
        JwtFault::OtherKey => draft.signer = other_signer(&draft.signer),
        JwtFault::AlgNone => {
            draft.header.insert("alg".into(), "none".into());
            draft.header.remove("kid");
            draft.signer = Signer::Nobody;
        }
        JwtFault::OtherAlg(alg) => other_alg(shared, alg, draft),
        JwtFault::AlgorithmConfusion => {
            let key = match &draft.signer {
                Signer::Key(key) => key.clone(),
                _ => shared.keys.key("RS256"),
            };
            draft.header.insert("alg".into(), "HS256".into());
            draft.signer = Signer::Secret("HS256".into(), key.public_pem().into_bytes());
        }
        JwtFault::NoKid => drop(draft.header.remove("kid")),
        JwtFault::UnknownKid => drop(draft.header.insert("kid".into(), "no-such-key".into())),
        JwtFault::AttackerJwk => {
            let key = attack(draft);
            draft.header.insert("jwk".into(), key.jwk());
        }
        JwtFault::AttackerJku(url) => {
            attack(draft);
            let own = || format!("{}/attacker/jwks", shared.config.origin);
            draft.header.insert("jku".into(), url.clone().unwrap_or_else(own).into());
        }
        JwtFault::AttackerX5c => {
            let key = attack(draft);
            draft.header.insert("x5c".into(), json!([certificate::self_signed(&key)]));
        }
        JwtFault::UnknownCrit => {
            draft.header.insert("crit".into(), json!(["grantor-unknown"]));
            draft.header.insert("grantor-unknown".into(), true.into());
        }
        JwtFault::RotateKeys => {
            shared.keys.rotate();
            let signer = match &draft.signer {
                Signer::Key(key) => Signer::Key(shared.keys.key(key.alg())),
                other => other.clone(),
            };
            re_sign(draft, signer);
        }
        JwtFault::EncryptedWithRsa15 => {
            if let Some(how) = draft.encryption.as_mut().filter(|how| how.alg.starts_with("RSA")) {
                how.alg = "RSA1_5".into();
            }
        }
        JwtFault::Literal(text) => draft.literal = Some(text.clone()),
        JwtFault::All(faults) => faults.iter().for_each(|fault| apply(shared, fault, draft)),
    }
}

fn several_audiences(draft: &mut Draft, azp: Option<&str>) {
    let client = draft.claims.get("aud").cloned().unwrap_or_default();
    draft.claims.insert("aud".into(), json!([client, OTHER_CLIENT]));
    match azp {
        Some(azp) => drop(draft.claims.insert("azp".into(), azp.into())),
        None => drop(draft.claims.remove("azp")),
    }
}

fn wrong_hash(draft: &mut Draft, name: &str) {
    let hash = half_hash(draft.signer.alg(), "something else").unwrap_or_else(|| "AAAAAAAAAAAAAAAAAAAAAA".into());
    draft.claims.insert(name.into(), hash.into());
}

fn other_signer(signer: &Signer) -> Signer {
    match signer {
        Signer::Nobody => Signer::Nobody,
        Signer::Secret(alg, _) => {
            Signer::Secret(alg.clone(), b"a secret that nobody agreed on, and long enough".to_vec())
        }
        Signer::Key(key) => Signer::Key(SigningKey::attacker(key.alg())),
    }
}

fn other_alg(shared: &Shared, alg: &str, draft: &mut Draft) {
    let client = draft.claims.get("aud").and_then(Value::as_str).and_then(|id| shared.client(id));
    let signer = match alg {
        "none" => Signer::Nobody,
        "HS256" | "HS384" | "HS512" => {
            let secret = client.and_then(|client| client.secret.clone()).unwrap_or_default();
            Signer::Secret(alg.to_owned(), secret.into_bytes())
        }
        alg => Signer::Key(shared.keys.key(alg)),
    };
    re_sign(draft, signer);
}

fn re_sign(draft: &mut Draft, signer: Signer) {
    let fresh = Draft::new(signer.clone(), draft.claims.clone());
    draft.header.remove("kid");
    draft.header.extend(fresh.header);
    draft.signer = signer;
}

/// Puts the attacker's key in the place of ours. The `kid` stays, and so does `alg`.
fn attack(draft: &mut Draft) -> SigningKey {
    let alg = match &draft.signer {
        Signer::Key(key) => key.alg(),
        _ => "RS256",
    };
    let key = SigningKey::attacker(alg);
    draft.header.insert("alg".into(), alg.into());
    draft.signer = Signer::Key(key.clone());
    key
}

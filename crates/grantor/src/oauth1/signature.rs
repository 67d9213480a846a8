//! Signature methods, [RFC 5849 section 3.4](https://www.rfc-editor.org/rfc/rfc5849#section-3.4), and the same with SHA-2.

use aws_lc_rs::{digest, hmac, signature};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::{OAuth1Client, percent::encode};
use crate::random;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Hmac(Hash),
    Rsa(Hash),
    Plaintext,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

impl Method {
    /// Names are compared as they are (section 3.4).
    pub(crate) fn parse(name: &str) -> Option<Self> {
        if name == "PLAINTEXT" {
            return Some(Self::Plaintext);
        }
        let (family, hash) = name.split_once('-')?;
        let hash = match hash {
            "SHA1" => Hash::Sha1,
            "SHA256" => Hash::Sha256,
            "SHA512" => Hash::Sha512,
            _ => return None,
        };
        match family {
            "HMAC" => Some(Self::Hmac(hash)),
            "RSA" => Some(Self::Rsa(hash)),
            _ => None,
        }
    }

    /// Whether this is the client's signature of that base string. It is compared as sent, so that one signature has one form.
    pub(crate) fn verifies(
        self,
        client: &OAuth1Client,
        token_secret: &str,
        base_string: &str,
        signature: &str,
    ) -> bool {
        // Sections 3.4.2 and 3.4.4: both are encoded, and the ampersand is there even if they are empty.
        let secrets = format!("{}&{}", encode(&client.secret), encode(token_secret));
        match self {
            Self::Plaintext => random::same(&secrets, signature),
            Self::Hmac(hash) => {
                let key = hmac::Key::new(hash.hmac(), secrets.as_bytes());
                let own = STANDARD.encode(hmac::sign(&key, base_string.as_bytes()));
                random::same(&own, signature)
            }
            Self::Rsa(hash) => {
                let (Some(key), Ok(signature)) = (&client.rsa_key, STANDARD.decode(signature)) else { return false };
                let key = signature::UnparsedPublicKey::new(hash.rsa(), key);
                key.verify(base_string.as_bytes(), &signature).is_ok()
            }
        }
    }

    /// `oauth_body_hash`: by the method's own hash, and SHA-1 where it has none
    /// ([OAuth Request Body Hash section 3.2](https://datatracker.ietf.org/doc/html/draft-eaton-oauth-bodyhash-00#section-3.2)).
    pub(crate) fn body_hash(self, body: &[u8]) -> String {
        let hash = match self {
            Self::Hmac(hash) | Self::Rsa(hash) => hash,
            Self::Plaintext => Hash::Sha1,
        };
        STANDARD.encode(digest::digest(hash.digest(), body))
    }
}

impl Hash {
    fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        }
    }

    fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }

    /// Keys of 1024 bits are as old as this protocol, and still about.
    fn rsa(self) -> &'static signature::RsaParameters {
        match self {
            Self::Sha1 => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            Self::Sha512 => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{base_string::base_string, percent::form},
        *,
    };

    /// The request of RFC 5849 section 3.4.1.1.
    const REQUEST: &str = "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D\
        %26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method\
        %3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7";

    fn verifies(method: &str, secrets: (&str, &str), base_string: &str, signature: &str) -> bool {
        let client = OAuth1Client::new("c", secrets.0);
        Method::parse(method).unwrap().verifies(&client, secrets.1, base_string, signature)
    }

    #[test]
    fn rfc_5849_section_1_2() {
        for (method, uri, parameters, token_secret, signature) in [
            (
                "POST",
                "https://photos.example.net/initiate",
                "oauth_consumer_key=dpf43f3p2l4k3l03&oauth_signature_method=HMAC-SHA1&oauth_timestamp=137131200&\
                oauth_nonce=wIjqoS&oauth_callback=http%3A%2F%2Fprinter.example.com%2Fready",
                "",
                "74KNZJeDHnMBp0EMJ9ZHt/XKycU=",
            ),
            (
                "POST",
                "https://photos.example.net/token",
                "oauth_consumer_key=dpf43f3p2l4k3l03&oauth_token=hh5s93j4hdidpola&oauth_signature_method=HMAC-SHA1&\
                oauth_timestamp=137131201&oauth_nonce=walatlh&oauth_verifier=hfdp7dh39dks9884",
                "hdhd0244k9j7ao03",
                "gKgrFCywp7rO0OXSjdot/IHF7IU=",
            ),
            (
                "GET",
                "http://photos.example.net/photos",
                "file=vacation.jpg&size=original&oauth_consumer_key=dpf43f3p2l4k3l03&oauth_token=nnch734d00sl2jdk&\
                oauth_signature_method=HMAC-SHA1&oauth_timestamp=137131202&oauth_nonce=chapoH",
                "pfkkdhi9sl3r4s00",
                "MdpQcU8iPSUjWoN/UDMsK2sui9I=",
            ),
        ] {
            let text = base_string(method, uri, &form(parameters.as_bytes()));
            assert!(verifies("HMAC-SHA1", ("kd94hf93k423kf44", token_secret), &text, signature), "{text}");
            assert!(!verifies("HMAC-SHA1", ("kd94hf93k423kf44", "x"), &text, signature), "{text}");
        }
    }

    /// Under secrets with spaces; the signatures are those that other implementations make of it.
    #[test]
    fn secrets_are_encoded_before_they_are_keys() {
        let secrets = ("ECrDNoq1VYzzzzzzzzzyAK7TwZNtPnkqatqZZZZ", "just-a-string    asdasd");
        for (method, signature) in [
            ("HMAC-SHA1", "wsdNmjGB7lvis0UJuPAmjvX/PXw="),
            ("HMAC-SHA256", "wdfdHUKXHbOnOGZP8WFAWMSAmWzN3EVBWWgXGlC/Eo4="),
            ("HMAC-SHA512", "u/vlyZFDxOWOZ9UUXwRBJHvq8/T4jCA74ocRmn2ECnjUBTAeJiZIRU8hDTjS88Tz1fGONffMpdZxUkUTW3k1kg=="),
            ("PLAINTEXT", "ECrDNoq1VYzzzzzzzzzyAK7TwZNtPnkqatqZZZZ&just-a-string%20%20%20%20asdasd"),
        ] {
            assert!(verifies(method, secrets, REQUEST, signature), "{method}");
            assert!(!verifies(method, (secrets.0, "just-a-string"), REQUEST, signature), "{method}");
        }
        assert!(verifies("HMAC-SHA1", ("cs", ""), "bs", "egQqG5AJep5sJ7anhXju1unge2I="));
        assert!(verifies("HMAC-SHA1", ("cs", "ts"), "bs", "VZVjXceV7JgPq/dOTnNmEfO0Fv8="));
        assert!(verifies("PLAINTEXT", ("ja893SD9", "xyz4992k83j47x0b"), "", "ja893SD9&xyz4992k83j47x0b"));
    }

    /// The same request; the key is of 1024 bits, in both shapes that PEM has for it.
    #[test]
    fn rsa_signatures_of_others_are_verified_and_forged_ones_are_not() {
        const SPKI: &str = "-----BEGIN PUBLIC KEY-----
            MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDk1/bxyS8Q8jiheHeYYp/4rEKJ
            opeQRRKKpZI4s5i+UPwVpupGAlwXWfzXwSMaKPAoKJNdu7tqKRniqst5uoHXw98g
            j0x7zamu0Ck1LtQ4c7pFMVah5IYGhBi2E9ycNS329W27nJPWNCbESTu7snVlG8V8
            mfvGGg3xNjTMO7IdrwIDAQAB
            -----END PUBLIC KEY-----";
        const PKCS1: &str = "-----BEGIN RSA PUBLIC KEY-----
            MIGJAoGBAOTX9vHJLxDyOKF4d5hin/isQomil5BFEoqlkjizmL5Q/BWm6kYCXBdZ
            /NfBIxoo8Cgok127u2opGeKqy3m6gdfD3yCPTHvNqa7QKTUu1DhzukUxVqHkhgaE
            GLYT3Jw1Lfb1bbuck9Y0JsRJO7uydWUbxXyZ+8YaDfE2NMw7sh2vAgMBAAE=
            -----END RSA PUBLIC KEY-----";
        for (name, signature) in [
            (
                "RSA-SHA1",
                "mFY2KOEnlYWsTvUA+5kxuBIcvBYXu+ljw9ttVJQxKduMueGSVPCB1tK1PlqVLK738HK0t19ecBJfb6rMxUwrriw+MlBO+jpojkZIWccw1J4c\
                Ab4qu4M81DbpUAq4j/1w/QyTR4TWCODlEfN7Zfgy8+pf+TjiXfIwRC1jEWbuL1E=",
            ),
            (
                "RSA-SHA256",
                "jqKl6m0WS69tiVJV8ZQ6aQEfJqISoZkiPBXRv6Al2+iFSaDpfeXjYm+Hbx6m1azRdrZ/35PM3cvuid3LwW/siAkzb0xQcGnTyAPH8YcGWzmn\
                KGY7LsB7fkqThchNxvRK/N7s9M1WMnfZZ+1dQbbwtTs1TG1+iexUcV7r3M7Heec=",
            ),
            (
                "RSA-SHA512",
                "jL1CnjlsNd25qoZVHZ2oJft47IRYTjpF5CvCUjL3LY0NTnbEeVhE4amWXUFBe9GLDWdUh/79ZWNOrCirBFIP26cHLApjYdt4ZG7EVK0/GubS\
                2v8wT1QPRsog8zyiMZkmg4JXdWCGXG8YRvRJTg+QKhXuXwS6TcMNakrgzgFIVhA=",
            ),
        ] {
            let method = Method::parse(name).unwrap();
            for pem in [SPKI, PKCS1] {
                let client = OAuth1Client::new("c", "").rsa_public_key(pem);
                assert!(method.verifies(&client, "", REQUEST, signature), "{name}");
                assert!(!method.verifies(&client, "", &format!("{REQUEST}x"), signature), "{name}");
                assert!(!method.verifies(&client, "", REQUEST, &format!("A{}", &signature[1..])), "{name}");
                assert!(!method.verifies(&client, "", REQUEST, "no base64"), "{name}");
            }
            let other = OAuth1Client::new("c", "").rsa_public_key(&crate::SigningKey::shared("RS256").public_pem());
            assert!(!method.verifies(&other, "", REQUEST, signature), "{name}");
            assert!(!method.verifies(&OAuth1Client::new("c", "s"), "", REQUEST, signature), "{name}: there is no key");
        }
    }

    #[test]
    fn a_method_is_named_exactly() {
        for name in ["hmac-sha1", "HMAC-SHA-1", "HMAC-SHA384", "HMAC", "RSA-MD5", "", "PLAINTEXT-SHA1", "NONE"] {
            assert_eq!(Method::parse(name), None, "{name}");
        }
    }

    #[test]
    fn a_body_is_hashed_by_the_method_that_signs() {
        // The examples of the draft, section 3.2 and appendix A.
        let sha1 = Method::parse("HMAC-SHA1").unwrap();
        assert_eq!(sha1.body_hash(b""), "2jmj7l5rSw0yVb/vlWAYkK/YBwk=");
        assert_eq!(sha1.body_hash(b"Hello World!"), "Lve95gjOVATpfV8EL5X4nxwjKHE=");
        assert_eq!(Method::parse("RSA-SHA256").unwrap().body_hash(b"").len(), 44);
        assert_eq!(Method::parse("HMAC-SHA512").unwrap().body_hash(b"").len(), 88);
    }
}

//! What is signed, [RFC 5849 section 3.4.1](https://www.rfc-editor.org/rfc/rfc5849#section-3.4.1).

use super::percent::{Pair, encode};

/// Section 3.4.1.1. The parameters are all that was sent, but for `realm` and `oauth_signature`.
pub(crate) fn base_string(method: &str, uri: &str, parameters: &[Pair]) -> String {
    let method = encode(method.to_ascii_uppercase());
    format!("{method}&{}&{}", encode(uri), encode(normalized(parameters)))
}

/// The URI without its query, by the `Host` field and the path as they were sent (section 3.4.1.2).
pub(crate) fn uri(scheme: &str, host: &str, path: &str) -> String {
    let (scheme, host) = (scheme.to_ascii_lowercase(), host.to_ascii_lowercase());
    let default = if scheme == "https" { ":443" } else { ":80" };
    let host = host.strip_suffix(default).unwrap_or(&host);
    let path = if path.is_empty() { "/" } else { path };
    format!("{scheme}://{host}{path}")
}

/// Encoded first and sorted then, by name and by value (section 3.4.1.3.2).
fn normalized(parameters: &[Pair]) -> String {
    let mut encoded: Vec<_> = parameters.iter().map(|(name, value)| (encode(name), encode(value))).collect();
    encoded.sort();
    let pairs: Vec<String> = encoded.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::{super::percent::form, *};

    /// The request of sections 3.1 and 3.4.1.1.
    const REQUEST: &str = "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D\
        %26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method\
        %3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7";

    #[test]
    fn rfc_5849_section_3_4_1_1() {
        let mut parameters = form(b"b5=%3D%253D&a3=a&c%40=&a2=r%20b");
        let header = "oauth_consumer_key=9djdj82h48djs9d2&oauth_token=kkk9d7dh3k39sjv7&oauth_signature_method=HMAC-SHA1\
            &oauth_timestamp=137131201&oauth_nonce=7d8f3e4a";
        parameters.extend(form(header.as_bytes()));
        parameters.extend(form(b"c2&a3=2+q"));
        assert_eq!(base_string("post", &uri("http", "example.com", "/request"), &parameters), REQUEST);
    }

    #[test]
    fn rfc_5849_section_3_4_1_3_2() {
        for (raw, sorted) in [
            ("name", "name="),
            ("a=x!y&a=x+y", "a=x%20y&a=x%21y"),
            ("x!y=a&x=a", "x=a&x%21y=a"),
            // A name is compared before its value is looked at: "a" comes before "a-".
            ("a-=1&a=2", "a=2&a-=1"),
            ("c%40=&a3=a&a2=r%20b&a3=2+q", "a2=r%20b&a3=2%20q&a3=a&c%40="),
        ] {
            assert_eq!(normalized(&form(raw.as_bytes())), sorted);
        }
    }

    #[test]
    fn the_default_port_alone_is_left_out() {
        for (scheme, host, path, expected) in [
            ("http", "EXAMPLE.COM:80", "/r%20v/X", "http://example.com/r%20v/X"),
            ("https", "www.example.net:8080", "/", "https://www.example.net:8080/"),
            ("HTTP", "www.example.com:443", "/", "http://www.example.com:443/"),
            ("https", "www.example.com:443", "", "https://www.example.com/"),
            ("https", "example.com:80", "/", "https://example.com:80/"),
            ("http", "[::1]:80", "/a", "http://[::1]/a"),
            ("http", "[::1]:8080", "/a", "http://[::1]:8080/a"),
        ] {
            assert_eq!(uri(scheme, host, path), expected);
        }
    }

    #[test]
    fn a_method_of_ones_own_is_encoded() {
        assert!(base_string("m*", "http://a/", &[]).starts_with("M%2A&"));
    }
}

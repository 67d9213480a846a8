use crate::support::{Home, Ran};
use serde_json::Value;

/// The published key of the test cases in the OAuth wiki, section 9.3.
const WIKI_KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBALRiMLAh9iimur8V
A7qVvdqxevEuUkW4K+2KdMXmnQbG9Aa7k7eBjK1S+0LYmVjPKlJGNXHDGuy5Fw/d
7rjVJ0BLB+ubPK8iA/Tw3hLQgXMRRGRXXCn8ikfuQfjUS1uZSatdLB81mydBETlJ
hI6GH4twrbDJCR2Bwy/XWXgqgGRzAgMBAAECgYBYWVtleUzavkbrPjy0T5FMou8H
X9u2AC2ry8vD/l7cqedtwMPp9k7TubgNFo+NGvKsl2ynyprOZR1xjQ7WgrgVB+mm
uScOM/5HVceFuGRDhYTCObE+y1kxRloNYXnx3ei1zbeYLPCHdhxRYW7T0qcynNmw
rn05/KO2RLjgQNalsQJBANeA3Q4Nugqy4QBUCEC09SqylT2K9FrrItqL2QKc9v0Z
zO2uwllCbg0dwpVuYPYXYvikNHHg+aCWF+VXsb9rpPsCQQDWR9TT4ORdzoj+Nccn
qkMsDmzt0EfNaAOwHOmVJ2RVBspPcxt5iN4HI7HNeG6U5YsFBb+/GZbgfBT3kpNG
WPTpAkBI+gFhjfJvRw38n3g/+UeAkwMI2TJQS4n8+hid0uus3/zOjDySH3XHCUno
cn1xOJAyZODBo47E+67R4jV1/gzbAkEAklJaspRPXP877NssM5nAZMU0/O/NGCZ+
3jPgDUno6WbJn5cqm8MqWhW1xGkImgRk+fkDBquiq4gPiT898jusgQJAd5Zrr6Q8
AO/0isr/3aa6O6NLQxISLKcPDk2NOccAfS/xOtfOz4sJYM3+Bs4Io9+dZGSDCA54
Lw03eHTNQghS0A==
-----END PRIVATE KEY-----
";

/// The client of RFC 5849 section 1.2, and its secrets in files.
fn printer() -> Home {
    let home = Home::new();
    home.file("client-secret", "kd94hf93k423kf44\n");
    home.file("temporary", "hh5s93j4hdidpola\n");
    home.file("temporary-secret", "hdhd0244k9j7ao03\n");
    home.file("token", "nnch734d00sl2jdk\n");
    home.file("token-secret", "pfkkdhi9sl3r4s00\n");
    home
}

fn sign(home: &Home, more: &[&str]) -> Ran {
    const PRINTER: [&str; 4] = ["--consumer-key", "dpf43f3p2l4k3l03", "--client-secret-file", "client-secret"];
    home.run(&[&["oauth1", "sign"], more, &PRINTER].concat())
}

/// The same as JSON, at a fixed time.
fn signed(home: &Home, more: &[&str]) -> Value {
    sign(home, &[more, &["--nonce", "chapoH", "--timestamp", "137131202", "--json"]].concat()).json()
}

#[test]
fn rfc_5849_section_1_2() {
    let home = printer();
    let start = "OAuth realm=\"Photos\", oauth_consumer_key=\"dpf43f3p2l4k3l03\", ";
    for (request, more, base, header) in [
        (
            ["POST", "https://photos.example.net/initiate"],
            &["--timestamp", "137131200", "--nonce", "wIjqoS", "--callback", "http://printer.example.com/ready"][..],
            "POST&https%3A%2F%2Fphotos.example.net%2Finitiate&oauth_callback%3Dhttp%253A%252F%252Fprinter.example.com%252Fready\
             %26oauth_consumer_key%3Ddpf43f3p2l4k3l03%26oauth_nonce%3DwIjqoS%26oauth_signature_method%3DHMAC-SHA1\
             %26oauth_timestamp%3D137131200",
            "oauth_signature=\"74KNZJeDHnMBp0EMJ9ZHt%2FXKycU%3D\"",
        ),
        (
            ["POST", "https://photos.example.net/token"],
            &[
                "--timestamp",
                "137131201",
                "--nonce",
                "walatlh",
                "--verifier",
                "hfdp7dh39dks9884",
                "--token",
                "@temporary",
                "--token-secret-file",
                "temporary-secret",
            ],
            "POST&https%3A%2F%2Fphotos.example.net%2Ftoken&oauth_consumer_key%3Ddpf43f3p2l4k3l03%26oauth_nonce%3Dwalatlh\
             %26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dhh5s93j4hdidpola\
             %26oauth_verifier%3Dhfdp7dh39dks9884",
            "oauth_signature=\"gKgrFCywp7rO0OXSjdot%2FIHF7IU%3D\"",
        ),
        (
            ["get", "http://photos.example.net/photos?file=vacation.jpg&size=original"],
            &[
                "--timestamp",
                "137131202",
                "--nonce",
                "chapoH",
                "--token",
                "@token",
                "--token-secret-file",
                "token-secret",
            ],
            "GET&http%3A%2F%2Fphotos.example.net%2Fphotos&file%3Dvacation.jpg%26oauth_consumer_key%3Ddpf43f3p2l4k3l03\
             %26oauth_nonce%3DchapoH%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131202\
             %26oauth_token%3Dnnch734d00sl2jdk%26size%3Doriginal",
            "oauth_signature=\"MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D\"",
        ),
    ] {
        let arguments = [&request[..], more, &["--realm", "Photos", "--no-version"]].concat();
        let json = sign(&home, &[&arguments[..], &["--json"]].concat()).json();
        assert_eq!((&json["method"], &json["url"]), (&request[0].to_uppercase().into(), &request[1].into()));
        assert_eq!((&json["base_string"], &json["body"]), (&base.into(), &Value::Null));
        let authorization = json["headers"]["authorization"].as_str().unwrap();
        assert!(authorization.starts_with(start) && authorization.ends_with(header), "{authorization}");
        let people = sign(&home, &arguments).exits(0);
        for part in [request[1], base, authorization] {
            assert!(people.text().contains(part), "{}", people.text());
        }
    }
}

#[test]
fn rfc_5849_section_3_4_1_1_with_a_form_in_the_body() {
    let home = Home::new();
    home.file("secret", "ECrDNoq1VYzzzzzzzzzyAK7TwZNtPnkqatqZZZZ");
    home.file("token", "kkk9d7dh3k39sjv7");
    let home = home.env("GRANTEE_TOKEN_SECRET", "just-a-string    asdasd");
    let arguments = [
        &["oauth1", "sign", "POST", "http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b"][..],
        &["--body", "c2&a3=2+q", "--consumer-key", "9djdj82h48djs9d2", "--client-secret-file", "secret"],
        &["--token", "@token", "--timestamp", "137131201", "--nonce", "7d8f3e4a", "--no-version", "--json"],
    ];
    let json = home.run(&arguments.concat()).json();
    assert_eq!(
        json["base_string"],
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D\
         %26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1\
         %26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    );
    // oauthlib's vector of this base string.
    let authorization = json["headers"]["authorization"].as_str().unwrap();
    assert!(authorization.contains("oauth_signature=\"wsdNmjGB7lvis0UJuPAmjvX%2FPXw%3D\""), "{authorization}");
    assert_eq!(json["headers"]["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(json["body"], "c2&a3=2+q");
}

#[test]
fn each_placement_and_no_realm_but_in_the_header() {
    let home = printer();
    let url = "https://photos.example.net/photos?size=original";
    let query = signed(&home, &["GET", url, "--placement", "query", "--realm", "Photos"]);
    let text = query["url"].as_str().unwrap();
    assert!(text.starts_with(&format!("{url}&oauth_consumer_key=")) && text.contains("&oauth_signature="), "{text}");
    assert!(query["headers"].as_object().unwrap().is_empty() && !text.contains("realm"));
    let body = signed(&home, &["POST", url, "--placement", "body", "--body", "a=1&b=2"]);
    assert!(body["body"].as_str().unwrap().starts_with("a=1&b=2&oauth_consumer_key="));
    assert_eq!(body["url"], url);
    let empty = signed(&home, &["POST", url, "--placement", "body"]);
    assert_eq!(empty["headers"]["content-type"], "application/x-www-form-urlencoded");
    let json = ["POST", url, "--placement", "body", "--body", "{}", "--content-type", "application/json"];
    sign(&home, &json).exits(2);
    sign(&home, &["GET", url, "--placement", "body"]).exits(2);
    sign(&home, &["GET", url, "--placement", "cookie"]).exits(2);
}

#[test]
fn a_body_given_is_a_form_and_one_of_a_file_is_bytes() {
    let home = printer();
    let url = "https://photos.example.net/photos";
    let form = signed(&home, &["POST", url, "--body", "a=1&b=2"]);
    assert!(form["base_string"].as_str().unwrap().contains("&a%3D1%26b%3D2%26oauth_consumer_key"));
    assert!(!form["base_string"].as_str().unwrap().contains("oauth_body_hash"));
    home.file("photo", b"\xff\xd8");
    let photo = signed(&home, &["POST", url, "--body", "@photo"]);
    assert_eq!(photo["headers"]["content-type"], "application/octet-stream");
    assert_eq!((&photo["body"], &photo["body_base64"]), (&Value::Null, &"/9g=".into()));
    // SHA-1 of "Hello World!", from the draft of the body hash.
    home.file("hello", "Hello World!");
    let hello = signed(&home, &["PUT", url, "--body", "@hello", "--content-type", "text/plain"]);
    assert!(hello["headers"]["authorization"].as_str().unwrap().contains("Lve95gjOVATpfV8EL5X4nxwjKHE%3D"));
    let bare = signed(&home, &["PUT", url, "--body", "@hello", "--body-hash", "never"]);
    assert!(!bare["base_string"].as_str().unwrap().contains("oauth_body_hash"));
    // SHA-1 of nothing.
    let empty = signed(&home, &["GET", url, "--body-hash", "always"]);
    assert!(empty["headers"]["authorization"].as_str().unwrap().contains("2jmj7l5rSw0yVb%2FvlWAYkK%2FYBwk%3D"));
    let stdin = home.run_with(
        "a=1",
        &[
            &["oauth1", "sign", "POST", url, "--body", "@-", "--content-type", "application/x-www-form-urlencoded"][..],
            &["--consumer-key", "k", "--client-secret-file", "client-secret", "--json"],
        ]
        .concat(),
    );
    assert_eq!(stdin.json()["body"], "a=1");
    let ran = sign(&home, &["POST", url, "--body", "{\"a\": 1}", "--json"]).exits(2);
    assert!(ran.error()["hint"].as_str().unwrap().contains("--content-type"));
}

#[test]
fn an_unknown_method_is_told_with_those_that_are_known() {
    let home = printer();
    for name in ["MD5", "hmac-sha1", "HMAC_SHA1"] {
        let ran = sign(&home, &["GET", "https://x.example/", "--signature-method", name, "--json"]).exits(2);
        let message = ran.error()["message"].as_str().unwrap().to_owned();
        for known in ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA1", "RSA-SHA256", "RSA-SHA512", "PLAINTEXT"] {
            assert!(message.contains(known), "{message}");
        }
    }
}

#[test]
fn a_short_rsa_key_signs_as_in_the_wikis_test_case() {
    let home = Home::new();
    home.file("key.pem", WIKI_KEY);
    let arguments = [
        &["oauth1", "sign", "GET", "http://photos.example.net/photos?file=vacaction.jpg&size=original"][..],
        &["--consumer-key", "dpf43f3p2l4k3l03", "--key", "key.pem", "--signature-method", "RSA-SHA1"],
        &["--timestamp", "1196666512", "--nonce", "13917289812797014437", "--json"],
    ];
    let json = home.run(&arguments.concat()).json();
    let authorization = json["headers"]["authorization"].as_str().unwrap();
    assert!(authorization.contains("oauth_signature=\"jvTp%2FwX1TYtByB1m%2BPbyo0lnCOLI"), "{authorization}");
}

#[test]
fn a_key_is_for_the_rsa_methods_and_they_are_for_a_key() {
    let home = printer();
    let url = "https://photos.example.net/photos";
    home.file("key.jwk", home.run(&["jwk", "generate", "--type", "rsa"]).exits(0).stdout);
    home.file("key.pem", home.run(&["jwk", "convert", "key.jwk", "--to", "pem"]).exits(0).stdout);
    let by_pem = signed(&home, &["GET", url, "--signature-method", "RSA-SHA256", "--key", "key.pem"]);
    let by_jwk = signed(&home, &["GET", url, "--signature-method", "RSA-SHA256", "--key", "key.jwk"]);
    assert_eq!(by_pem["headers"], by_jwk["headers"]);
    let ran = sign(&home, &["GET", url, "--key", "key.pem", "--json"]).exits(2);
    assert!(ran.error()["hint"].as_str().unwrap().contains("--signature-method"));
    // A profile may have both.
    sign(&home, &["GET", url, "--key", "key.pem", "--signature-method", "HMAC-SHA1"]).exits(0);
    let ran = sign(&home, &["GET", url, "--signature-method", "RSA-SHA1", "--json"]).exits(2);
    assert!(ran.error()["hint"].as_str().unwrap().contains("--key"));
    sign(&home, &["GET", url, "--signature-method", "RSA-SHA1", "--key", "none.pem"]).exits(14);
    home.file("bad.pem", "-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----\n");
    let ran = sign(&home, &["GET", url, "--signature-method", "RSA-SHA1", "--key", "bad.pem"]).exits(14);
    assert!(!ran.stderr.contains("s3cret"));
    // OpenSSL's form from before PKCS#8 is not taken with a password either, and the hint says what is.
    home.file(
        "old.pem",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
    );
    let ran = sign(&home, &["GET", url, "--signature-method", "RSA-SHA1", "--key", "old.pem", "--json"]).exits(14);
    assert!(ran.error()["hint"].as_str().unwrap().contains("unencrypted"), "{}", ran.stderr);
}

#[test]
fn plaintext_shows_the_secrets_and_so_goes_over_tls_alone() {
    let home = printer();
    let plain = ["--signature-method", "PLAINTEXT", "--token", "@token", "--token-secret-file", "token-secret"];
    let json = signed(&home, &[&["GET", "https://photos.example.net/"], &plain[..]].concat());
    let authorization = json["headers"]["authorization"].as_str().unwrap();
    assert!(authorization.contains("oauth_signature=\"kd94hf93k423kf44%26pfkkdhi9sl3r4s00\""), "{authorization}");
    let http = [&["GET", "http://photos.example.net/"], &plain[..]].concat();
    sign(&home, &http).exits(2);
    sign(&home, &[&http[..], &["--allow-http"]].concat()).exits(0);
}

#[test]
fn each_request_has_a_nonce_of_its_own_and_the_time() {
    let home = printer();
    let header = || {
        let json = sign(&home, &["GET", "https://photos.example.net/", "--json"]).json();
        json["headers"]["authorization"].as_str().unwrap().to_owned()
    };
    let part = |header: &str, name: &str| {
        header.split(", ").find_map(|pair| pair.strip_prefix(name)).unwrap().trim_matches(['=', '"']).to_owned()
    };
    let (one, two) = (header(), header());
    let nonce = part(&one, "oauth_nonce");
    assert!(
        nonce != part(&two, "oauth_nonce") && nonce.len() == 32 && nonce.bytes().all(|byte| byte.is_ascii_hexdigit())
    );
    assert!(part(&one, "oauth_timestamp").parse::<u64>().unwrap() > 1_700_000_000);
}

#[test]
fn a_client_has_a_name_and_something_to_sign_with() {
    let home = printer();
    let url = "https://photos.example.net/";
    for (arguments, hint) in [
        (&["--client-secret-file", "client-secret"][..], "--consumer-key"),
        (&["--consumer-key", "k"], "--client-secret-file"),
    ] {
        let ran = home.run(&[&["oauth1", "sign", "GET", url, "--json"], arguments].concat()).exits(2);
        assert!(ran.error()["hint"].as_str().unwrap().contains(hint), "{}", ran.stderr);
    }
    home.run(&["oauth1", "sign", "GET", url, "--consumer-key", "k", "--consumer-secret-file", "client-secret"])
        .exits(0);
    sign(&home, &["GET", "photos.example.net"]).exits(2);
    sign(&home, &["GET", url, "--token", "nnch734d00sl2jdk"]).exits(2);
    sign(&home, &["GET", url, "--token-secret-file", "token-secret"]).exits(2);
    for time in ["0", "-1", "9223372036854775808", "now"] {
        let ran = sign(&home, &["GET", url, &format!("--timestamp={time}")]).exits(2);
        assert!(ran.stderr.contains("--timestamp"), "{}", ran.stderr);
    }
}

#[test]
fn a_token_without_its_secret_signs_nothing_unless_it_is_said_to_be_empty() {
    let home = printer();
    let arguments = ["GET", "https://photos.example.net/", "--token", "@token"];
    let ran = sign(&home, &[&arguments[..], &["--json"]].concat()).exits(2);
    assert!(ran.error()["hint"].as_str().unwrap().contains("--token-secret-file"), "{}", ran.stderr);
    home.file("key.pem", WIKI_KEY);
    sign(&home, &[&arguments[..], &["--signature-method", "RSA-SHA1", "--key", "key.pem"]].concat()).exits(0);
    home.file("empty", "");
    sign(&home, &[&arguments[..], &["--token-secret-file", "empty"]].concat()).exits(0);
    sign(&printer().env("GRANTEE_TOKEN_SECRET", ""), &arguments).exits(0);
}

#[test]
fn a_provider_says_how_requests_are_signed() {
    let home = printer();
    let url = "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/record";
    home.file("profile", "");
    let save = ["profile", "save", "netsuite", "--provider", "netsuite", "--provider-param", "account=1234567_SB1"];
    home.run(&[&save[..], &["--consumer-key", "k", "--client-secret-file", "client-secret"]].concat()).exits(0);
    let tokens = ["--token", "@token", "--token-secret-file", "token-secret"];
    let of_profile = |more: &[&str]| {
        let first = ["oauth1", "sign", "POST", url, "--profile", "netsuite", "--json"];
        let json = home.run(&[&first[..], &tokens, more].concat()).json();
        json["headers"]["authorization"].as_str().unwrap().to_owned()
    };
    let header = of_profile(&[]);
    assert!(header.contains("realm=\"1234567_SB1\"") && header.contains("\"HMAC-SHA256\""), "{header}");
    // What is said goes before what is known, and the rest of that stays.
    let header = of_profile(&["--signature-method", "HMAC-SHA512"]);
    assert!(header.contains("realm=\"1234567_SB1\"") && header.contains("\"HMAC-SHA512\""), "{header}");
    let login = |more: &[&str]| {
        let first = ["oauth1", "login", "--no-browser", "--json", "--consumer-key", "k"];
        home.run(&[&first[..], &["--client-secret-file", "client-secret"], more].concat()).exits(2).error()
    };
    assert!(login(&["--provider", "trello"])["hint"].as_str().unwrap().contains("name="));
    assert!(
        login(&["--provider", "x", "--provider-param", "perms=read"])["message"].as_str().unwrap().contains("perms")
    );
    assert!(login(&["--provider", "friendster"])["message"].as_str().unwrap().contains("discogs"));
    login(&["--provider-param", "name=x"]);
    let named = login(&["--provider", "trello", "--provider-param", "name"]);
    assert_eq!(named["hint"], "give it as NAME=VALUE");
    // They show nobody a code.
    for provider in [&["--provider", "tumblr"][..], &["--provider", "trello", "--provider-param", "name=x"]] {
        let needs_a_callback = login(provider);
        assert!(needs_a_callback["hint"].as_str().unwrap().contains("give --callback URI"), "{needs_a_callback}");
    }
    login(&["--provider", "netsuite", "--provider-param", "account=../x"]);
}

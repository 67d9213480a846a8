//! The other side, as RFC 5849 section 3.2 wants it, written from the RFC alone: own decoding, sorting and HMAC. The fuzz targets
//! use it too.

use aws_lc_rs::digest::{self, Algorithm, digest};

type Request = http::Request<bytes::Bytes>;

type Pair = (Vec<u8>, Vec<u8>);

#[derive(Debug)]
pub struct Read {
    /// The parameters that the request has of its own, decoded, in the order in which they came: of the query, then of the form.
    pub own: Vec<Pair>,
    /// Those of the protocol.
    pub protocol: Vec<Pair>,
    pub realm: Option<String>,
    pub base_string: String,
}

impl Read {
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.protocol.iter().find(|(held, _)| held == name.as_bytes());
        found.map(|(_, value)| std::str::from_utf8(value).unwrap())
    }
}

/// Says why a request is refused.
pub fn verify(request: &Request, client_secret: &str, token_secret: &str) -> Result<Read, String> {
    let is_form = is_form(request);
    let (query, form) = sources(request);
    let (realm, header) = header_pairs(request)?;

    let places: Vec<Vec<Pair>> = [&header, &form, &query]
        .into_iter()
        .map(|pairs| pairs.iter().filter(|pair| is_protocol(pair)).cloned().collect())
        .filter(|pairs: &Vec<Pair>| !pairs.is_empty())
        .collect();
    let [protocol] = &places[..] else { return Err(format!("the protocol is in {} places", places.len())) };
    let mut names: Vec<_> = protocol.iter().map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    if names.len() != protocol.len() {
        return Err("a parameter of the protocol stands twice".into());
    }

    let mut all: Vec<(String, String)> = query
        .iter()
        .chain(&form)
        .chain(&header)
        .filter(|(name, _)| name != b"oauth_signature")
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    all.sort_by(|(a, x), (b, y)| a.as_bytes().cmp(b.as_bytes()).then(x.as_bytes().cmp(y.as_bytes())));
    let normalized = all.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let method = request.method().as_str().to_uppercase();
    let parts = [method, base_uri(request), normalized];
    let base_string = parts.iter().map(|part| encode(part.as_bytes())).collect::<Vec<_>>().join("&");

    let read = Read { own: own(request), protocol: protocol.clone(), realm, base_string };
    if read.get("oauth_version").is_some_and(|version| version != "1.0") {
        return Err("another version".into());
    }
    let key = format!("{}&{}", encode(client_secret.as_bytes()), encode(token_secret.as_bytes()));
    let algorithm = match read.get("oauth_signature_method") {
        Some("PLAINTEXT") => {
            return if read.get("oauth_signature") == Some(&key) { Ok(read) } else { Err("another secret".into()) };
        }
        Some("HMAC-SHA1") => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        Some("HMAC-SHA256") => &digest::SHA256,
        Some("HMAC-SHA512") => &digest::SHA512,
        other => return Err(format!("the method {other:?}")),
    };
    if let Some(hash) = read.get("oauth_body_hash") {
        if is_form {
            return Err("a body hash of a form".into());
        }
        if hash != base64(digest(algorithm, request.body()).as_ref()) {
            return Err("another body".into());
        }
    }
    let expected = base64(&hmac(algorithm, key.as_bytes(), read.base_string.as_bytes()));
    if read.get("oauth_signature") != Some(&expected) {
        return Err(format!("another signature than that of {}", read.base_string));
    }
    Ok(read)
}

/// The parameters of the query and of the form, without those of the protocol.
pub fn own(request: &Request) -> Vec<Pair> {
    let (query, form) = sources(request);
    query.into_iter().chain(form).filter(|pair| !is_protocol(pair)).collect()
}

fn sources(request: &Request) -> (Vec<Pair>, Vec<Pair>) {
    let query = form_pairs(request.uri().query().unwrap_or_default().as_bytes());
    (query, if is_form(request) { form_pairs(request.body()) } else { Vec::new() })
}

fn is_form(request: &Request) -> bool {
    let kind = request.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap().trim().to_lowercase() == "application/x-www-form-urlencoded"
}

fn is_protocol((name, _): &Pair) -> bool {
    name.starts_with(b"oauth_")
}

/// Section 3.4.1.2.
fn base_uri(request: &Request) -> String {
    let uri = request.uri();
    let scheme = uri.scheme_str().unwrap().to_lowercase();
    let authority = match request.headers().get("host") {
        Some(host) => host.to_str().unwrap().to_lowercase(),
        None => uri.authority().unwrap().as_str().rsplit('@').next().unwrap().to_lowercase(),
    };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority.as_str(), ""),
    };
    let authority = match (scheme.as_str(), port.parse::<u16>()) {
        (_, Err(_)) | ("http", Ok(80)) | ("https", Ok(443)) => host.to_owned(),
        (_, Ok(port)) => format!("{host}:{port}"),
    };
    format!("{scheme}://{authority}{}", uri.path())
}

/// HTML 4.01 section 17.13.4.1.
fn form_pairs(text: &[u8]) -> Vec<Pair> {
    let pieces = text.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty());
    pieces
        .map(|piece| {
            let end = piece.iter().position(|byte| *byte == b'=').unwrap_or(piece.len());
            let spaced =
                |half: &[u8]| half.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect::<Vec<_>>();
            (decode(&spaced(&piece[..end])), decode(&spaced(piece.get(end + 1..).unwrap_or_default())))
        })
        .collect()
}

/// Section 3.5.1.
fn header_pairs(request: &Request) -> Result<(Option<String>, Vec<Pair>), String> {
    let mut fields = request.headers().get_all("authorization").iter();
    let Some(field) = fields.next() else { return Ok((None, Vec::new())) };
    if fields.next().is_some() {
        return Err("two Authorization headers".into());
    }
    let text = std::str::from_utf8(field.as_bytes()).unwrap();
    let Some(mut rest) = text.strip_prefix("OAuth ") else { return Ok((None, Vec::new())) };
    let (mut realm, mut pairs) = (None, Vec::new());
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").ok_or("no value")?;
        let (mut value, mut characters) = (String::new(), after.chars());
        loop {
            match characters.next().ok_or("no end")? {
                '"' => break,
                '\\' => value.push(characters.next().ok_or("no end")?),
                other => value.push(other),
            }
        }
        match name {
            "realm" => realm = Some(value),
            _ => pairs.push((decode(name.as_bytes()), decode(value.as_bytes()))),
        }
        rest = characters.as_str();
        rest = rest.strip_prefix(", ").unwrap_or(rest);
    }
    Ok((realm, pairs))
}

fn decode(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut place = 0;
    while place < text.len() {
        let hex = text.get(place + 1..place + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        match hex.filter(|hex| text[place] == b'%' && hex.chars().all(|digit| digit.is_ascii_hexdigit())) {
            Some(hex) => {
                bytes.push(u8::from_str_radix(hex, 16).unwrap());
                place += 3;
            }
            None => {
                bytes.push(text[place]);
                place += 1;
            }
        }
    }
    bytes
}

/// Section 3.6.
pub fn encode(bytes: &[u8]) -> String {
    let plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    let encoded = bytes.iter().map(|byte| match plain.as_bytes().contains(byte) {
        true => char::from(*byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    encoded.collect()
}

/// RFC 2104.
fn hmac(algorithm: &'static Algorithm, key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block =
        if key.len() > algorithm.block_len() { digest(algorithm, key).as_ref().to_vec() } else { key.to_vec() };
    block.resize(algorithm.block_len(), 0);
    let padded = |pad: u8, text: &[u8]| {
        let input: Vec<u8> = block.iter().map(|byte| byte ^ pad).chain(text.iter().copied()).collect();
        digest(algorithm, &input).as_ref().to_vec()
    };
    padded(0x5c, &padded(0x36, text))
}

/// RFC 2045 section 6.8, without lines.
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let number = (0..3).fold(0, |number, place| number << 8 | u32::from(*chunk.get(place).unwrap_or(&0)));
        for place in 0..4 {
            let digit = (number >> (18 - 6 * place) & 63) as usize;
            text.push(if place <= chunk.len() { char::from(ALPHABET[digit]) } else { '=' });
        }
    }
    text
}

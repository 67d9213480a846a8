//! Forms and queries.

use grantee_core::Params;

/// The bytes are a body or a query.
pub fn form(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let params = Params::parse(&text);
    assert!(params.len() <= text.len() + 1, "{} parameters", params.len());
    let encoded = params.encode();
    assert!(encoded.bytes().all(|byte| byte.is_ascii_graphic()), "{encoded}");
    assert_eq!(Params::parse(&encoded), params, "not the same when written and read again");

    let names: Vec<&str> = params.iter().map(|(name, _)| name).collect();
    let shown = format!("{params:?}");
    assert!(names.iter().all(|name| shown.contains(&format!("{name:?}"))));
    for name in names {
        assert_eq!(params.get(name), params.get_all(name).next());
        let mut without = params.clone();
        without.remove(name);
        assert_eq!(without.get(name), None);
    }
}

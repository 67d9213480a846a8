//! In the place of a browser and of a person in front of it: one request, to a server that agrees at once.

use std::error::Error;

/// Where the server sends the browser back to.
pub fn visit(url: &url::Url) -> Result<String, Box<dyn Error>> {
    let agent = ureq::Agent::config_builder().max_redirects(0).build().new_agent();
    let answer = agent.get(url.as_str()).call()?;
    Ok(answer.headers().get("location").ok_or("no redirect")?.to_str()?.to_owned())
}

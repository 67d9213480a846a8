//! Why a request is refused, [RFC 5849 section 3.2](https://www.rfc-editor.org/rfc/rfc5849#section-3.2), in the words of the
//! OAuth Problem Reporting extension.

use super::percent::encode;
use crate::response::{Body, Response};

#[derive(Clone, Debug)]
pub(crate) struct Problem {
    status: u16,
    problem: String,
    more: Vec<(String, String)>,
}

impl Problem {
    pub(crate) fn new(status: u16, problem: impl Into<String>) -> Self {
        Self { status, problem: problem.into(), more: Vec::new() }
    }

    /// Unsupported, missing and doubled parameters.
    pub(crate) fn rejected(advice: &str) -> Self {
        Self::new(400, "parameter_rejected").with("oauth_problem_advice", advice)
    }

    pub(crate) fn absent(names: &[&str]) -> Self {
        let names: Vec<String> = names.iter().map(encode).collect();
        Self::new(400, "parameter_absent").with("oauth_parameters_absent", names.join("&"))
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.more.push((name.to_owned(), value.into()));
        self
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Self {
        let mut challenge = format!("OAuth realm=\"grantor\", oauth_problem=\"{}\"", encode(&problem.problem));
        for (name, value) in problem.more.iter().filter(|(name, _)| name.starts_with("oauth_")) {
            challenge.push_str(&format!(", {}=\"{}\"", encode(name), encode(value)));
        }
        let mut members = vec![("oauth_problem".to_owned(), problem.problem)];
        members.extend(problem.more);
        let mut response = Response::empty(problem.status);
        response.body = Body::Form(members);
        response.header("WWW-Authenticate", challenge).no_store()
    }
}

//! Our own HTTP clients keep the contract that a stranger's can be tested against.

use grantee::ReqwestHttp;
use grantee::blocking::UreqHttp;
use grantee::contract::http::{run, run_blocking};

#[tokio::test]
async fn the_async_faces_own_client_keeps_the_contract() {
    let client = grantee::Client::at("http://127.0.0.1:1/token").client("svc", "secret").build().unwrap();
    run(&*client.core().ports().http).await;
}

#[tokio::test]
async fn a_reqwest_client_of_ones_own_keeps_it_with_redirects_off() {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    run(&ReqwestHttp::new(client)).await;
}

#[tokio::test]
async fn a_reqwest_client_that_follows_redirects_tells_where_it_landed() {
    run(&ReqwestHttp::new(reqwest::Client::builder().no_proxy().build().unwrap())).await;
}

#[test]
fn the_blocking_faces_own_client_keeps_the_contract() {
    let client = grantee::blocking::Client::at("http://127.0.0.1:1/token").client("svc", "secret").build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(run(&*client.core().ports().http));
}

#[test]
fn a_ureq_agent_of_ones_own_keeps_it_with_redirects_off() {
    let config = ureq::Agent::config_builder().proxy(None).max_redirects(0).http_status_as_error(false);
    run_blocking(&UreqHttp::new(config.allow_non_standard_methods(true).build().into()));
}

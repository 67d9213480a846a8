#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| grantee_fuzz::pushed_request(data));

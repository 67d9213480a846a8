#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| grantee_fuzz::oauth1_login(data));

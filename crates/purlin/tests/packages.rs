//! Packages of every kind, built by the binary from archives of a server.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod packages {
    mod bench;
    mod test_absent;
    mod test_build;
    mod test_debian;
    mod test_faults;
    mod test_foreign;
    mod test_identity;
    mod test_in_use;
    mod test_install;
    mod test_requests;
    mod test_sandbox;
    mod test_store;
    mod test_use;
}

//! Our side against independent implementations, which `tests/conformance.sh` installs: plain `cargo test` leaves
//! these stories out.

mod authorization_server;
mod company_sign_in;
mod oauth_client;
mod signatures;

use std::io::BufReader;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A program of `tests/conformance` at work. It ends with its standard input.
struct Program {
    child: Child,
    says: BufReader<ChildStdout>,
}

impl Program {
    fn start(script: &str, arguments: &[&str]) -> Self {
        let python = std::env::var("SMARTPAY_CONFORMANCE_PYTHON").unwrap_or_else(|_| panic!("run tests/conformance.sh"));
        Self::of(&python, script, arguments)
    }

    fn of(interpreter: &str, script: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(interpreter)
            .arg(format!("{}/tests/conformance/{script}", env!("CARGO_MANIFEST_DIR")))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let says = BufReader::new(child.stdout.take().unwrap());
        Self { child, says }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

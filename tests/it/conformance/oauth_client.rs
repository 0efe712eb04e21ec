//! Partners with ordinary libraries: authlib as an OAuth client, npm's `http-message-signatures` on both ends of a call.

use crate::support::{TestApp, certificates};
use smartpay::flow::four_eyes::{Change, read_keys};
use smartpay::partner::SignatureRules;
use std::process::Command;

/// Runs a program of `tests/conformance` while the application goes on; answers what it printed.
async fn run(interpreter: String, script: &str, arguments: Vec<String>) -> String {
    let script = format!("{}/tests/conformance/{script}", env!("CARGO_MANIFEST_DIR"));
    let ran = tokio::task::spawn_blocking(move || Command::new(interpreter).arg(script).args(arguments).output().unwrap());
    let output = ran.await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}

fn tool(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("run tests/conformance.sh"))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs what tests/conformance.sh installs"]
async fn authlib_gets_a_token_and_reads_the_banks() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    certificates::write_to(folder.path());
    let path = folder.path().display().to_string();
    let arguments = vec![app.cx.issuer().to_owned(), "shop".into(), path];
    let said = run(tool("SMARTPAY_CONFORMANCE_PYTHON"), "oauth_client.py", arguments).await;
    assert!(said.contains("banks with a token"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs what tests/conformance.sh installs"]
async fn a_partner_signs_with_npm_and_believes_our_answers() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    certificates::write_to(folder.path());
    for (kind, name) in [("ec', { namedCurve: 'P-256' }", "ecdsa-p256-sha256"), ("ed25519', {}", "ed25519")] {
        let file = folder.path().join(name);
        // Made where a partner would make it; only the public key comes here.
        let make = format!(
            "const {{ publicKey, privateKey }} = require('crypto').generateKeyPairSync('{kind}); \
             require('fs').writeFileSync('{}', privateKey.export({{ type: 'pkcs8', format: 'pem' }})); \
             console.log(publicKey.export({{ type: 'spki', format: 'pem' }}))",
            file.display()
        );
        let made = Command::new("node").args(["-e", &make]).output().unwrap();
        let keys = read_keys(&String::from_utf8(made.stdout).unwrap()).unwrap();
        let (kid, partner) = (keys[0].kid.clone(), app.partner_id("shop").await);
        let rules = SignatureRules { required: true, keys };
        app.carry_out(Change::SignedRequests { partner, rules }).await;
        let arguments = vec![
            tool("SMARTPAY_CONFORMANCE_MESSAGE_SIGNATURES"),
            app.cx.issuer().to_owned(),
            folder.path().display().to_string(),
            "shop".into(),
            file.display().to_string(),
            kid,
            name.into(),
        ];
        let said = run("node".into(), "message_signatures.mjs", arguments).await;
        assert!(said.contains("believed every answer"), "{said}");
    }
}

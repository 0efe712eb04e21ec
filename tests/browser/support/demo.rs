//! `smartpay demo` as people start it: the built binary, its own folder, its own ports.

use super::{end, free_port, until};
use anyhow::{Context as _, Result, bail, ensure};
use smartpay::demo::setup::DemoFile;
use std::fs::File;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// The running demonstration.
pub struct Demo {
    /// Where everything is.
    pub file: DemoFile,
    folder: TempDir,
    child: Running,
}

/// Ends with the test, whatever happens.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Demo {
    /// Starts it and waits until it says that it is ready.
    pub async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let said = File::create(folder.path().join("said"))?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_smartpay"));
        command.arg("demo").arg("--dir").arg(folder.path().join("demo"));
        for site in ["public", "gateway", "banks", "banks-tls", "operations", "shop"] {
            command.arg(format!("--{site}-port")).arg(free_port()?.to_string());
        }
        command
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(said.try_clone()?)
            .stderr(said);
        let mut child = Running(command.spawn().context("cannot start the demonstration")?);
        let json = folder.path().join("demo/demo.json");
        let file: DemoFile = until("demo.json is there", async || {
            if let Some(status) = child.0.try_wait()? {
                return Ok(Some(Err(status)));
            }
            Ok(Some(Ok(serde_json::from_slice(&std::fs::read(&json)?)?)))
        })
        .await?
        .map_err(|status| anyhow::anyhow!("ended at once ({status}):\n{}", said_in(&folder)))?;
        smartpay::app::install_crypto_provider();
        let http = reqwest::Client::builder().build()?;
        let ready = format!("{}health/ready", file.operations);
        until("the demonstration is ready", async || {
            let answer = http.get(&ready).send().await?;
            Ok(answer.status().is_success().then_some(()))
        })
        .await
        .with_context(|| said_in(&folder))?;
        Ok(Self { file, folder, child })
    }

    /// An address of the demonstration's own site, such as `shop`.
    pub fn site(&self, path: &str) -> String {
        format!("{}{path}", self.file.demo_site)
    }

    /// Asks it to end. Also what it said while it ran.
    pub async fn stop(mut self) -> (Result<()>, String) {
        let ended = match end(&mut self.child.0).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(anyhow::anyhow!("the demonstration did not end well")),
            Err(error) => Err(error.context("the demonstration did not end")),
        };
        (ended.and_then(|()| self.is_quiet()), said_in(&self.folder))
    }

    /// A story in which everything goes as it should leaves no error in the log.
    fn is_quiet(&self) -> Result<()> {
        let said = said_in(&self.folder);
        ensure!(!said.contains(" ERROR "), "the demonstration logged an error");
        if said.contains("panicked at") {
            bail!("the demonstration panicked");
        }
        Ok(())
    }
}

fn said_in(folder: &TempDir) -> String {
    std::fs::read_to_string(folder.path().join("said")).unwrap_or_default()
}

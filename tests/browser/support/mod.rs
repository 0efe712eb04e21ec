//! The demonstration as a child process, a browser, and what they share.
//!
//! **Invariant:** nothing here sleeps for a fixed time; everything waits for a condition, with a deadline.

pub mod browser;
pub mod demo;

use anyhow::{Result, bail};
use browser::{Browser, Script};
use demo::Demo;
use std::net::TcpListener;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// How long one wait may take. Generous: a busy build machine is no failure.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long one story may take.
const STORY: Duration = Duration::from_secs(300);

/// Starts the demonstration and a browser, tells the story, and stops both. The demonstration must end well
/// when it is asked to, and the browser must have had nothing to complain about.
pub async fn tell(name: &str, script: Script, story: impl AsyncFnOnce(&Demo, &Browser) -> Result<()>) -> Result<()> {
    let demo = Demo::start().await?;
    let browser = Browser::open(name, script).await?;
    let told = match tokio::time::timeout(STORY, story(&demo, &browser)).await {
        Ok(told) => told,
        Err(_) => Err(anyhow::anyhow!("took more than {STORY:?}")),
    };
    let told = match told {
        Ok(()) => browser.no_complaints().await,
        Err(error) => Err(error.context(browser.describe().await)),
    };
    let closed = browser.close().await;
    let (stopped, log) = demo.stop().await;
    let whole = told.and(closed).and(stopped);
    whole.map_err(|error| anyhow::anyhow!("{error:#}\n\nThe demonstration said:\n{log}"))
}

/// Looks again and again until there is something, and fails with the last reason.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = look().await;
        if let Ok(Some(found)) = seen {
            return Ok(found);
        }
        if Instant::now() > deadline {
            return match seen {
                Err(error) => Err(error.context(format!("waited in vain until {what}"))),
                Ok(_) => bail!("waited in vain until {what}"),
            };
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A free port on loopback, below those the system gives to outgoing connections, so that none of those
/// takes it before the program that is meant to.
fn free_port() -> Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 200)? * 50;
    for _ in 0..10_000 {
        let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port")
}

/// Asks a program to end, waits for it, and says whether it ended well.
async fn end(child: &mut Child) -> Result<bool> {
    Command::new("sh").args(["-c", &format!("kill -TERM {}", child.id())]).status()?;
    let ended = until("the program has ended", async || Ok(child.try_wait()?)).await;
    if ended.is_err() {
        child.kill()?;
    }
    Ok(ended?.success())
}

//! Chromium through chromedriver.

use super::{end, free_port, until};
use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fantoccini::elements::Element;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use tempfile::TempDir;
use url::Url;

/// Width and height in CSS pixels.
type Screen = (u32, u32);
const PHONE: Screen = (390, 844);
const DESKTOP: Screen = (1280, 900);

/// Whether pages may run scripts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// As usual.
    On,
    /// Blocked by the browser's settings.
    Off,
}

/// A browser with one window.
pub struct Browser {
    client: Client,
    story: String,
    script: Script,
    driver: Mutex<Child>,
    pictures: Mutex<u32>,
    complaints: Mutex<Vec<String>>,
    _profile: TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Ok(driver) = self.driver.get_mut() {
            let _ = driver.kill();
            let _ = driver.wait();
        }
    }
}

impl Browser {
    /// Starts chromedriver and a browser with an empty profile. The story's name is also the folder of its
    /// pictures.
    pub async fn open(story: &str, script: Script) -> Result<Self> {
        let port = free_port()?;
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .arg("--log-level=OFF")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start chromedriver (Debian: apt-get install chromium chromium-driver)")?;
        let profile = tempfile::tempdir()?;
        let connected = connect(port, &profile, script).await;
        let mut driver = driver;
        let client = match connected {
            Ok(client) => client,
            Err(error) => {
                let _ = driver.kill();
                return Err(error);
            }
        };
        let browser = Self {
            client,
            story: story.to_owned(),
            script,
            driver: Mutex::new(driver),
            pictures: Mutex::new(0),
            complaints: Mutex::new(Vec::new()),
            _profile: profile,
        };
        browser.screen(DESKTOP).await?;
        Ok(browser)
    }

    /// Ends browser and driver.
    pub async fn close(mut self) -> Result<()> {
        self.client.clone().close().await?;
        match self.driver.get_mut() {
            Ok(driver) => end(driver).await.map(|_| ()),
            Err(_) => bail!("the driver was lost"),
        }
    }

    /// Opens an address.
    pub async fn open_page(&self, address: &str) -> Result<()> {
        Ok(self.client.goto(address).await?)
    }

    /// Waits for an element that can be seen.
    pub async fn see(&self, css: &str) -> Result<Element> {
        until(&format!("{css} is seen"), async || {
            let found = self.client.find(Locator::Css(css)).await?;
            Ok(found.is_displayed().await?.then_some(found))
        })
        .await
    }

    /// Waits until a part of the page says something.
    pub async fn read(&self, css: &str, text: &str) -> Result<()> {
        until(&format!("{css} says “{text}”"), async || {
            let said = self.client.find(Locator::Css(css)).await?.text().await?;
            ensure!(said.contains(text), "it says “{said}”");
            Ok(Some(()))
        })
        .await
    }

    /// Whether an element is there and can be seen now.
    pub async fn shows(&self, css: &str) -> bool {
        match self.client.find(Locator::Css(css)).await {
            Ok(found) => found.is_displayed().await.unwrap_or(false),
            Err(_) => false,
        }
    }

    /// Presses a button, link or label.
    pub async fn press(&self, css: &str) -> Result<()> {
        Ok(self.see(css).await?.click().await?)
    }

    /// Chooses a radio button, which may be drawn by its label.
    pub async fn choose(&self, css: &str) -> Result<()> {
        Ok(self.client.find(Locator::Css(css)).await?.click().await?)
    }

    /// Presses a link until the browser is somewhere else: pages that also go on by themselves may be
    /// quicker than we are.
    pub async fn leave_by(&self, css: &str, to: &str) -> Result<()> {
        until(&format!("{css} has led to {to}"), async || {
            if self.address().await?.as_str().starts_with(to) {
                return Ok(Some(()));
            }
            if let Ok(link) = self.client.find(Locator::Css(css)).await {
                link.click().await?;
            }
            Ok(None)
        })
        .await
    }

    /// Waits until the address begins with something.
    pub async fn arrive(&self, at: &str) -> Result<()> {
        until(&format!("the browser is at {at}"), async || {
            let address = self.address().await?;
            ensure!(address.as_str().starts_with(at), "it is at {address}");
            Ok(Some(()))
        })
        .await
    }

    /// Types into a field, instead of what stands there.
    pub async fn write(&self, css: &str, text: &str) -> Result<()> {
        let field = self.see(css).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// Presses keys in a field.
    pub async fn keys(&self, css: &str, keys: &str) -> Result<()> {
        Ok(self.see(css).await?.send_keys(keys).await?)
    }

    /// What stands in a field.
    pub async fn value(&self, css: &str) -> Result<String> {
        Ok(self.see(css).await?.prop("value").await?.unwrap_or_default())
    }

    /// An attribute of an element, which may be hidden.
    pub async fn attribute(&self, css: &str, name: &str) -> Result<String> {
        let found = self.client.find(Locator::Css(css)).await.with_context(|| css.to_owned())?;
        Ok(found.attr(name).await?.unwrap_or_default())
    }

    /// Goes on inside a frame of the page.
    pub async fn enter_frame(&self) -> Result<()> {
        Ok(self.client.enter_frame(0).await?)
    }

    /// Does something in a window of its own, then comes back to this one.
    pub async fn in_another_window(&self, address: &str, there: impl AsyncFnOnce(&Self) -> Result<()>) -> Result<()> {
        let here = self.client.window().await?;
        let other = self.client.new_window(true).await?;
        self.client.switch_to_window(other.handle).await?;
        self.screen(DESKTOP).await?;
        self.client.goto(address).await?;
        let done = there(self).await;
        self.client.close_window().await?;
        self.client.switch_to_window(here).await?;
        done
    }

    /// Where the browser is.
    pub async fn address(&self) -> Result<Url> {
        Ok(self.client.current_url().await?)
    }

    /// Takes note of a page: it must fit on a phone, and the browser must have nothing to complain about.
    /// Keeps its picture as a phone and as a desktop shows it, when `SMARTPAY_SCREENSHOTS` is set.
    pub async fn look(&self, page: &str) -> Result<()> {
        self.screen(PHONE).await?;
        let size = self.developer("Page.getLayoutMetrics", json!({})).await?;
        let width = size["cssContentSize"]["width"].as_u64().unwrap_or_default();
        self.picture(page, "phone").await?;
        self.screen(DESKTOP).await?;
        self.picture(page, "desktop").await?;
        ensure!(width <= u64::from(PHONE.0), "{page}: {width} pixels wide on a phone of {}", PHONE.0);
        self.no_complaints().await.with_context(|| page.to_owned())
    }

    /// [`Self::look`] at a page that goes on by itself and may be gone already.
    pub async fn glance(&self, page: &str) {
        if std::env::var_os("SMARTPAY_SCREENSHOTS").is_some() {
            let _ = self.look(page).await;
        }
    }

    /// Fails when the console has a warning or an error: a refused script or style, a missing file.
    pub async fn no_complaints(&self) -> Result<()> {
        let entries = self.command("se/log", json!({ "type": "browser" })).await?;
        let mut complaints = self.complaints.lock().map_err(|_| anyhow::anyhow!("the complaints were lost"))?;
        for entry in entries.as_array().into_iter().flatten() {
            if matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING")) {
                complaints.push(entry["message"].as_str().unwrap_or_default().to_owned());
            }
        }
        ensure!(complaints.is_empty(), "the browser complained: {complaints:#?}");
        Ok(())
    }

    /// Forgets complaints about an answer with this status, which the story asked for.
    pub async fn expect_status(&self, status: u16) -> Result<()> {
        let _ = self.no_complaints().await;
        let mut complaints = self.complaints.lock().map_err(|_| anyhow::anyhow!("the complaints were lost"))?;
        complaints.retain(|c| !c.contains(&format!("status of {status}")));
        Ok(())
    }

    /// Where the browser is and what it shows, for a failure.
    pub async fn describe(&self) -> String {
        let address = self.address().await.map(|u| u.to_string()).unwrap_or_default();
        let text = match self.client.find(Locator::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(error) => error.to_string(),
        };
        let _ = self.picture("failure", "desktop").await;
        format!("story “{}”, at {address}:\n---\n{text}\n---", self.story)
    }

    async fn screen(&self, (width, height): Screen) -> Result<()> {
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": (width, height) == PHONE });
        self.developer("Emulation.setDeviceMetricsOverride", screen).await.map(|_| ())
    }

    async fn picture(&self, page: &str, screen: &str) -> Result<()> {
        if std::env::var_os("SMARTPAY_SCREENSHOTS").is_none() {
            return Ok(());
        }
        let size = self.developer("Page.getLayoutMetrics", json!({})).await?;
        let size = &size["cssContentSize"];
        let clip = json!({ "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 });
        let how = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let taken = self.developer("Page.captureScreenshot", how).await?;
        let png = STANDARD.decode(taken["data"].as_str().unwrap_or_default())?;
        let number = {
            let mut pictures = self.pictures.lock().map_err(|_| anyhow::anyhow!("the count was lost"))?;
            *pictures += 1;
            pictures.div_ceil(2)
        };
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("var/screenshots").join(&self.story);
        std::fs::create_dir_all(&folder)?;
        Ok(std::fs::write(folder.join(format!("{number:02}-{page}-{screen}.png")), png)?)
    }

    /// A command of the Chrome DevTools protocol.
    async fn developer(&self, command: &str, parameters: Value) -> Result<Value> {
        self.command("goog/cdp/execute", json!({ "cmd": command, "params": parameters }))
            .await
    }

    /// A command that chromedriver adds to WebDriver.
    async fn command(&self, path: &'static str, body: Value) -> Result<Value> {
        Ok(self.client.issue_cmd(Posted { path, body }).await?)
    }

    /// Presses keys wherever the focus is.
    pub async fn type_keys(&self, keys: &str) -> Result<()> {
        Ok(self.client.active_element().await?.send_keys(keys).await?)
    }

    /// The id of what has the focus; empty where it has none.
    pub async fn focus(&self) -> Result<String> {
        Ok(self.client.active_element().await?.attr("id").await?.unwrap_or_default())
    }

    /// Presses Tab until something with this id has the focus, at most `most` times.
    pub async fn tab_to(&self, id: &str, most: u32) -> Result<()> {
        for _ in 0..most {
            if self.focus().await? == id {
                return Ok(());
            }
            self.type_keys("\u{e004}").await?;
        }
        bail!("#{id} is not reached with {most} presses of Tab, but #{}", self.focus().await?)
    }

    /// Shows the page as on a phone, until the next picture.
    pub async fn as_phone(&self) -> Result<()> {
        self.screen(PHONE).await
    }

    /// What a script says, as JSON.
    pub async fn ask(&self, expression: &str) -> Result<Value> {
        Ok(self.client.execute(&format!("return {expression}"), Vec::new()).await?)
    }

    /// Whether scripts run.
    pub fn has_script(&self) -> bool {
        self.script == Script::On
    }
}

#[derive(Debug)]
struct Posted {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Posted {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

async fn connect(port: u16, profile: &TempDir, script: Script) -> Result<Client> {
    let flags = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ];
    let mut flags: Vec<String> = flags.into_iter().map(str::to_owned).collect();
    flags.push(format!("--user-data-dir={}", profile.path().display()));
    let mut preferences = json!({ "intl.accept_languages": "ro-RO,ro" });
    if script == Script::Off {
        preferences["profile.managed_default_content_settings.javascript"] = json!(2);
    }
    let capabilities = json!({
        "browserName": "chrome",
        "goog:chromeOptions": { "args": flags, "prefs": preferences },
        "goog:loggingPrefs": { "browser": "ALL" },
    });
    let Value::Object(capabilities) = capabilities else {
        bail!("no capabilities")
    };
    smartpay::app::install_crypto_provider();
    let mut builder = ClientBuilder::rustls()?;
    builder.capabilities(capabilities);
    let address = format!("http://127.0.0.1:{port}");
    until("a browser window opens", async || Ok(Some(builder.connect(&address).await?))).await
}

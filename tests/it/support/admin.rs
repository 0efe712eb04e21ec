//! An admin: a browser at the back office.

use super::TestApp;
use super::browser::{Browser, Page};
use smartpay::flow::add_admin::add_admin;
use std::ops::Deref;
use url::Url;

pub const USER: &str = "maria.admin";
pub const PASSWORD: &str = "cinci-cai-albastri-pe-deal";

/// An admin at a browser.
pub struct Admin {
    browser: Browser,
    office: Url,
}

impl Deref for Admin {
    type Target = Browser;
    fn deref(&self) -> &Browser {
        &self.browser
    }
}

impl Admin {
    /// A browser at the back office, where one admin may sign in but has not.
    pub async fn new(app: &TestApp) -> Self {
        // A second one finds the first one's account.
        let _ = add_admin(&app.cx.db, USER, PASSWORD.to_owned().into(), "story", app.cx.now()).await;
        Self {
            browser: Browser::new(),
            office: app.public("back-office"),
        }
    }

    /// Opens the sign-in page and tries.
    pub async fn try_to_sign_in(&self, user: &str, password: &str) -> Page {
        let login = self.get(&self.office.join("back-office/login").unwrap()).await;
        let form = login.form("/back-office/login").with("user", user).with("password", password);
        self.submit(&form).await
    }

    /// Signs in; answers the first page.
    pub async fn sign_in(&self) -> Page {
        let page = self.follow(&self.try_to_sign_in(USER, PASSWORD).await).await;
        page.says("Autentificat ca maria.admin");
        page
    }

    /// The first page, or the way to the sign-in page.
    pub async fn home(&self) -> Page {
        self.get(&self.office).await
    }
}

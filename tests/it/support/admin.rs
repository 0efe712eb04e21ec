//! An admin: a browser at the back office.

use super::TestApp;
use super::browser::{Browser, Page};
use smartpay::flow::add_admin::add_admin;
use smartpay::store::admins::{self, Role};
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

    /// A browser at which somebody of a role has signed in; the user is named as the role.
    pub async fn of_role(app: &TestApp, role: Role) -> Self {
        let admin = Self::new(app).await;
        let _ = add_admin(&app.cx.db, role.as_str(), PASSWORD.to_owned().into(), "story", app.cx.now()).await;
        let given = app.cx.db.write(move |a| {
            let known = admins::by_user_name(a, role.as_str())?.unwrap();
            admins::set_role(a, &known.id, role)
        });
        given.await.unwrap();
        let home = admin.follow(&admin.try_to_sign_in(role.as_str(), PASSWORD).await).await;
        home.says(&format!("Autentificat ca {}", role.as_str()));
        admin
    }

    /// An address of the back office.
    pub fn at(&self, path: &str) -> Url {
        self.office.join(path).unwrap()
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

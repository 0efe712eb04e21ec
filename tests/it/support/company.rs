//! The back office with a company's provider beside it, and a browser that goes there and comes back.

use super::TestApp;
use super::admin::{Admin, PASSWORD};
use super::browser::{Browser, Form, Page};
use super::provider::{Provider, Somebody};
use smartpay::flow::add_admin::add_admin;
use smartpay::flow::admins::second_factor::enrol_known;
use smartpay::store::admins;
use url::Url;

pub const LOGIN: &str = "/back-office/login";
pub const COMPANY: &str = "/back-office/login/company";
pub const MARIA: &str = "maria@firma.example";
pub const ION: &str = "ion@firma.example";
pub const TOTP: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// Insists on a text of a page, whatever its status.
pub fn reads(page: &Page, words: &str) {
    assert!(page.text().contains(words), "{words}: {}", page.text());
}

/// The application, its provider, and a browser.
pub struct Office {
    pub app: TestApp,
    pub provider: Provider,
    pub admin: Admin,
}

impl Office {
    pub async fn open(more: &str) -> Self {
        let provider = Provider::start().await;
        let app = TestApp::start_with(&provider.settings(more)).await;
        for name in [MARIA, ION] {
            add_admin(&app.cx.db, name, PASSWORD.to_owned().into(), "story", app.cx.now())
                .await
                .unwrap();
        }
        let admin = app.admin().await;
        Self { app, provider, admin }
    }

    /// Presses the button; answers where the browser goes.
    pub async fn leave(&self) -> Url {
        let login = self.admin.get(&self.admin.at(LOGIN)).await;
        self.on_the_way(&login.form(COMPANY)).await
    }

    pub async fn on_the_way(&self, form: &Form) -> Url {
        let page = self.admin.submit(form).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let way = page.link("a#go");
        assert!(page.has("meta[http-equiv=refresh]"), "it goes by itself too");
        way
    }

    /// Comes back as browsers do from another site: without the session, whose cookie is `SameSite=Strict`.
    pub async fn come_back(&self, way: &Url) -> Page {
        let arriving = Browser::new();
        if let Some(key) = self.admin.cookie("office-company") {
            arriving.remember("office-company", &key);
        }
        let page = arriving.get(way).await;
        assert!(
            arriving.cookie("office").is_none(),
            "no session begins on a page that another site opened"
        );
        self.admin
            .remember("office-company", &arriving.cookie("office-company").unwrap_or_default());
        page
    }

    /// Comes back and goes on; answers the page after the last redirect.
    pub async fn go_on(&self, way: &Url) -> Page {
        let arrived = self.come_back(way).await;
        assert_eq!(arrived.status, 200, "{}", arrived.text());
        let mut page = self.admin.get(&arrived.link("a#go")).await;
        for _ in 0..4 {
            if page.status == 303 {
                page = self.admin.follow(&page).await;
            }
        }
        page
    }

    pub async fn sign_in(&self, who: Somebody) -> Page {
        let url = self.leave().await;
        self.go_on(&self.provider.sign_in(&self.app, &url, who)).await
    }

    /// Signs in there; answers the page on which it ends, which must let nobody in.
    pub async fn is_refused(&self, who: Somebody) -> Page {
        let url = self.leave().await;
        let page = self.come_back(&self.provider.sign_in(&self.app, &url, who)).await;
        assert_eq!(page.status, 403, "{}", page.text());
        assert!(self.admin.cookie("office").is_none() && page.has("#password"), "{}", page.text());
        page
    }

    /// The audit log's lines of an action: actor's name or `nobody`, and detail.
    pub fn audited(&self, action: &str) -> Vec<String> {
        self.app.database.lines(&format!(
            "SELECT COALESCE(u.user_name, a.actor) || ' ' || COALESCE(a.detail, '') AS line FROM audit a LEFT JOIN admins u ON u.id = a.actor \
             WHERE a.action = '{action}' ORDER BY a.seq"
        ))
    }

    pub async fn enrol(&self, name: &str) {
        enrol_known(&self.app.cx.db, name, TOTP, "story", self.app.cx.now()).await.unwrap();
    }

    pub async fn id_of(&self, name: &str) -> String {
        let name = name.to_owned();
        let known = self.app.cx.db.read(move |a| admins::by_user_name(a, &name)).await.unwrap();
        known.unwrap().id
    }
}

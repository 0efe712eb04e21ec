//! Who looks at which thing: what nearly every handler of a page about one thing takes.

use super::confirm::way;
use super::gate::{SignedIn, go};
use super::partners::{OwnForm, address, is_id};
use super::roles::Route;
use crate::flow::FlowError;
use crate::web::{PageError, Site};
use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest, HttpResponse, web};
use serde::Deserialize;
use std::future::{Ready, ready};
use std::marker::PhantomData;

/// A signed-in user at a page about the thing of the address's `{id}`; `Area` says what kind of thing, so that each
/// kind has its own pages.
#[derive(Debug)]
pub struct Look<Area> {
    /// The site.
    pub site: web::Data<Site>,
    /// The request.
    pub request: HttpRequest,
    /// The user.
    pub user: SignedIn,
    /// The thing's id as the address has it; empty where the address has none.
    pub id: String,
    area: PhantomData<fn() -> Area>,
}

impl<Area> FromRequest for Look<Area> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let site = request.app_data::<web::Data<Site>>().cloned();
        let user = request.extensions().get::<SignedIn>().cloned();
        let found = site.zip(user).map(|(site, user)| Self {
            site,
            user,
            id: request.match_info().query("id").to_owned(),
            request: request.clone(),
            area: PhantomData,
        });
        ready(found.ok_or_else(|| actix_web::error::ErrorForbidden("nobody is signed in")))
    }
}

impl<Area> Look<Area> {
    /// The form of a route about the thing.
    pub fn form(&self, route: Route) -> OwnForm {
        OwnForm::of(&self.site, &self.request, route, &self.id)
    }

    /// Whether a posted form of a route about the thing is our own.
    pub fn is_own(&self, route: Route, csrf: &str) -> bool {
        OwnForm::is_own(&self.site, &self.request, route, &self.id, csrf)
    }

    /// Whether the user has proved to be there within the last minutes.
    pub fn is_fresh(&self) -> bool {
        self.user.is_fresh(self.site.cx.now())
    }

    /// Where the user proves to be there and comes back to the page of a route about the thing; `None` where that has
    /// just been done.
    pub fn confirm(&self, route: Route) -> Option<String> {
        (!self.is_fresh()).then(|| way(&address(route, &self.id)))
    }

    /// The id, when it can be one that a database knows.
    ///
    /// # Errors
    /// The page that says that there is nothing.
    pub fn known_id(&self) -> Result<String, PageError> {
        if is_id(&self.id) {
            Ok(self.id.clone())
        } else {
            Err(self.failed(FlowError::NotFound))
        }
    }

    /// The page of an error.
    pub fn failed(&self, error: impl Into<FlowError>) -> PageError {
        self.user.failed(&self.site, error)
    }

    /// To the page of a route about the thing, with a word on what was done.
    pub fn after(&self, route: Route, word: &str) -> HttpResponse {
        go(&format!("{}?after={word}", address(route, &self.id)))
    }
}

/// What a page is shown after.
#[derive(Debug, Default, Deserialize)]
pub struct After {
    after: Option<String>,
}

impl After {
    /// The word on what was done; empty for nothing.
    pub fn word(&self) -> &str {
        self.after.as_deref().unwrap_or_default()
    }
}

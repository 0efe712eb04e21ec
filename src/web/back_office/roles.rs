//! Who may open what: one table of all routes of the back office.
//!
//! **Invariant:** a route that is not in the table cannot be registered, and a role that is not named beside
//! a route is refused there before its handler runs.

use super::gate;
use crate::store::admins::Role;
use actix_web::body::BoxBody;
use actix_web::dev::{Handler, ServiceRequest};
use actix_web::middleware::{Next, from_fn};
use actix_web::{FromRequest, Responder, guard, web};

/// How a route is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Shows something.
    Get,
    /// Changes something.
    Post,
}

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Those who have not signed in, too.
    Anybody,
    /// Signed-in users of these roles.
    Roles(&'static [Role]),
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// How it is called.
    pub verb: Verb,
    /// Its address, with places in braces.
    pub path: &'static str,
    /// Who may use it.
    pub who: Who,
}

const ANYBODY: Who = Who::Anybody;
const EVERY_ROLE: Who = Who::Roles(&Role::ALL);
const OPERATORS: Who = Who::Roles(&[Role::Administrator, Role::Operations]);
const SUPPORT: Who = Who::Roles(&[Role::Support]);

macro_rules! routes {
    ($($name:ident: $verb:ident $path:literal, $who:expr;)+) => {
        /// Every route of the back office.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Route { $(#[doc = $path] $name,)+ }

        impl Route {
            /// Every route.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Its line of the table.
            #[must_use]
            pub const fn entry(self) -> Entry {
                match self {
                    $(Self::$name => Entry { verb: Verb::$verb, path: $path, who: $who },)+
                }
            }
        }
    };
}

routes! {
    SignInPage: Get "/back-office/login", ANYBODY;
    SignIn: Post "/back-office/login", ANYBODY;
    ChooseLanguage: Post "/back-office/language", ANYBODY;
    SignOut: Post "/back-office/logout", EVERY_ROLE;
    Unmask: Post "/back-office/unmask", SUPPORT;

    Payments: Get "/back-office", EVERY_ROLE;
    Payment: Get "/back-office/payments/{id}", EVERY_ROLE;
    ResolvePayment: Post "/back-office/payments/{id}/resolve", OPERATORS;

    Reports: Get "/back-office/reports", EVERY_ROLE;
    ReportFile: Get "/back-office/reports.csv", EVERY_ROLE;

    Mail: Get "/back-office/mail", EVERY_ROLE;
    SendMailAgain: Post "/back-office/mail/{id}/again", OPERATORS;
    MailPreview: Get "/back-office/mail/preview", EVERY_ROLE;
    MailPreviewHtml: Get "/back-office/mail/preview.html", EVERY_ROLE;
}

impl Route {
    /// Its address; places in braces are not filled.
    #[must_use]
    pub const fn path(self) -> &'static str {
        self.entry().path
    }

    /// Whether a signed-in user of this role may use it.
    #[must_use]
    pub fn allows(self, role: Role) -> bool {
        match self.entry().who {
            Who::Anybody => true,
            Who::Roles(roles) => roles.contains(&role),
        }
    }
}

/// Registers the handler of a route, behind the table.
pub fn serve<F, Args>(config: &mut web::ServiceConfig, route: Route, handler: F)
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let Entry { verb, path, .. } = route.entry();
    let behind = from_fn(move |request: ServiceRequest, next: Next<BoxBody>| gate::pass(route, request, next));
    let resource = web::resource(path);
    let resource = match verb {
        Verb::Get => resource.guard(guard::Get()),
        Verb::Post => resource.guard(guard::Post()),
    };
    config.service(resource.route(web::to(handler)).wrap(behind));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_route_stands_twice_and_nothing_but_signing_in_is_open() {
        let lines: HashSet<(bool, &str)> = Route::ALL.iter().map(|r| (r.entry().verb == Verb::Get, r.path())).collect();
        assert_eq!(lines.len(), Route::ALL.len());
        let open: Vec<Route> = Route::ALL.iter().copied().filter(|r| r.entry().who == Who::Anybody).collect();
        assert_eq!(open, [Route::SignInPage, Route::SignIn, Route::ChooseLanguage]);
    }

    #[test]
    fn who_only_looks_changes_nothing() {
        let own = [Route::ChooseLanguage, Route::SignIn, Route::SignOut];
        for route in Route::ALL {
            if route.entry().verb == Verb::Post && !own.contains(route) {
                assert!(!route.allows(Role::ReadOnly), "{route:?}");
            }
        }
    }
}

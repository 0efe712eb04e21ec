//! Who is shopping: a random cookie, and what is in the cart that it names.

use crate::clock::Timestamp;
use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

const COOKIE: &str = "demo_shop";
/// Carts that are kept; the one not touched for longest makes room.
const MAX_CARTS: usize = 2000;
/// Largest number of one product in a cart.
pub(super) const MAX_QUANTITY: u32 = 20;

/// What is in a cart: product → how many.
pub(super) type Cart = BTreeMap<&'static str, u32>;

struct Session {
    cart: Cart,
    /// The key of the order this cart will become. A form sent twice names the same key.
    next_key: String,
    touched: Timestamp,
}

#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<String, Session>>);

/// 122 random bits as 32 hex digits.
pub(super) fn random_key() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

fn is_key(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The visitor's session id, if the cookie holds one.
pub(super) fn id_of(request: &HttpRequest) -> Option<String> {
    request.cookie(COOKIE).map(|c| c.value().to_owned()).filter(|id| is_key(id))
}

/// The cookie that names a session.
pub(super) fn cookie(id: &str, secure: bool) -> Cookie<'static> {
    Cookie::build(COOKIE, id.to_owned())
        .path("/shop")
        .http_only(true)
        .secure(secure)
        .same_site(SameSite::Lax)
        .max_age(Duration::days(30))
        .finish()
}

impl Sessions {
    fn with<T>(&self, id: &str, now: Timestamp, work: impl FnOnce(&mut Session) -> T) -> T {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= MAX_CARTS && !sessions.contains_key(id) {
            let oldest = sessions.iter().min_by_key(|(_, s)| s.touched).map(|(id, _)| id.clone());
            oldest.and_then(|id| sessions.remove(&id));
        }
        let session = sessions.entry(id.to_owned()).or_insert_with(|| Session {
            cart: Cart::new(),
            next_key: random_key(),
            touched: now,
        });
        session.touched = now;
        work(session)
    }

    /// The cart of a visitor, and the key of the order it will become.
    pub(super) fn cart(&self, id: Option<&str>) -> (Cart, String) {
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        id.and_then(|id| sessions.get(id))
            .map_or_else(Default::default, |s| (s.cart.clone(), s.next_key.clone()))
    }

    /// Changes how many of a product are in the cart, within 0 ..= [`MAX_QUANTITY`].
    pub(super) fn change(&self, id: &str, product: &'static str, now: Timestamp, quantity: impl FnOnce(u32) -> u32) {
        self.with(id, now, |session| {
            let count = quantity(session.cart.get(product).copied().unwrap_or(0)).min(MAX_QUANTITY);
            if count == 0 {
                session.cart.remove(product);
            } else {
                session.cart.insert(product, count);
            }
        });
    }

    /// Empties the cart after it has become an order.
    pub(super) fn empty(&self, id: &str, now: Timestamp) {
        self.with(id, now, |session| {
            session.cart.clear();
            session.next_key = random_key();
        });
    }
}

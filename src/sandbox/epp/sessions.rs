//! Logins: tokens of 20 minutes, the refresh token that buys the next, and the minute without a login after three
//! wrong passwords. Links to statements.

use super::users::{self, User};
use crate::clock::Timestamp;
use crate::sandbox::secrets::{random_word, same_secret};
use chrono::{NaiveDate, TimeDelta};
use std::collections::HashMap;
use std::net::IpAddr;

/// How long an access token is good.
const TOKEN_LIFE: TimeDelta = TimeDelta::minutes(20);
/// How long a refresh token is good.
const REFRESH_LIFE: TimeDelta = TimeDelta::hours(8);
/// Wrong passwords that lock an account out.
const MAX_FAILURES: u8 = 3;
/// How long, and how long failures count.
const LOCK: TimeDelta = TimeDelta::seconds(60);
/// How long a link to a statement is good.
const LINK_LIFE: TimeDelta = TimeDelta::seconds(60);

/// Access and refresh token.
pub(super) type Pair = (String, String);

/// What a link to a statement leads to.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub number: String,
    pub date: NaiveDate,
    pub format: String,
    pub special: bool,
    pub until: Timestamp,
    pub address: Option<IpAddr>,
}

#[derive(Debug, Default)]
pub(super) struct Sessions {
    access: HashMap<String, (&'static str, Timestamp)>,
    refresh: HashMap<String, (&'static str, Timestamp)>,
    /// Failures of a login name, and the time of the last.
    failures: HashMap<String, (u8, Timestamp)>,
    links: HashMap<String, Link>,
}

/// Why nobody was logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoLogin {
    Wrong,
    Locked,
}

impl Sessions {
    /// Locked means locked, also for the right password.
    pub(super) fn log_in(&mut self, login: &str, password: &str, now: Timestamp) -> Result<Pair, NoLogin> {
        let failed = self.failures.entry(login.to_owned()).or_insert((0, now));
        if now - failed.1 >= LOCK {
            *failed = (0, now);
        }
        if failed.0 >= MAX_FAILURES {
            return Err(NoLogin::Locked);
        }
        match users::by_login(login).filter(|user| same_secret(user.password, password)) {
            Some(user) => {
                self.failures.remove(login);
                Ok(self.issue(user.login, now))
            }
            None => {
                *failed = (failed.0 + 1, now);
                Err(NoLogin::Wrong)
            }
        }
    }

    /// A refresh token is good once.
    pub(super) fn renew(&mut self, refresh: &str, now: Timestamp) -> Option<Pair> {
        let (login, _) = self.refresh.remove(refresh).filter(|(_, until)| *until > now)?;
        Some(self.issue(login, now))
    }

    fn issue(&mut self, login: &'static str, now: Timestamp) -> Pair {
        let pair = (random_word(), random_word());
        self.access.insert(pair.0.clone(), (login, now + TOKEN_LIFE));
        self.refresh.insert(pair.1.clone(), (login, now + REFRESH_LIFE));
        pair
    }

    pub(super) fn user(&self, access: &str, now: Timestamp) -> Option<&'static User> {
        let (login, _) = self.access.get(access).filter(|(_, until)| *until > now)?;
        users::by_login(login)
    }

    pub(super) fn link(&mut self, mut link: Link, now: Timestamp) -> String {
        let word = random_word();
        link.until = now + LINK_LIFE;
        self.links.insert(word.clone(), link);
        word
    }

    pub(super) fn follow(&self, word: &str, now: Timestamp, address: Option<IpAddr>) -> Option<&Link> {
        self.links.get(word).filter(|link| link.until > now && link.address == address)
    }
}

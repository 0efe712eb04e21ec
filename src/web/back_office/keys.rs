//! How far a change of the sealing key is. The steps themselves are taken where the key file is, on the command line.

use super::frame::OfficeShell;
use super::gate::SignedIn;
use super::roles::Route;
use crate::store::reseal::{self, Pass};
use crate::web::hosted_page::local_time;
use crate::web::hosted_page::texts::catalogue;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

catalogue! {
    /// The texts of the page.
    KeyTexts {
        title: "Cheia de sigilare", "Sealing key";
        lead: "Datele personale și secretele sunt sigilate în baza de date. Cheia se schimbă pe server, în pași, cu smartpay rotate-key; plățile merg mai departe.",
            "Personal data and secrets are sealed in the database. The key is changed on the server, step by step, with smartpay rotate-key; payments go on meanwhile.";
        seals: "Sigilează cheia", "Key that seals";
        opens: "Chei care deschid", "Keys that open";
        state: "Schimbarea cheii", "Change of key";
        one_key: "Nu se schimbă nicio cheie.", "No key is being changed.";
        waiting: "O cheie nouă e pregătită; nimic nu a fost încă sigilat din nou.", "A new key is prepared; nothing has been sealed again yet.";
        running: "Se sigilează din nou; poți pleca și reveni.", "Being sealed again; you may leave and come back.";
        done: "Tot ce era de sigilat din nou a fost sigilat. Următorul pas: smartpay rotate-key finish.",
            "Everything that had to be sealed again was. Next step: smartpay rotate-key finish.";
        seen: "Valori verificate", "Values looked at";
        resealed: "Sigilate din nou", "Sealed again";
        started: "Început", "Begun";
        ended: "Terminat", "Ended";
        reload: "Reîncarcă pagina", "Reload the page";
    }
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "back_office/keys.html", whitespace = "minimize")]
struct KeyPage {
    shell: OfficeShell,
    l: &'static KeyTexts,
    seals: u32,
    opens: usize,
    progress: Option<Progress>,
}

#[derive(Debug)]
struct Progress {
    seen: i64,
    all: i64,
    resealed: i64,
    started_at: String,
    ended_at: Option<String>,
}

impl KeyPage {
    const fn sentence(&self) -> &'static str {
        match &self.progress {
            Some(progress) if progress.ended_at.is_some() => self.l.done,
            Some(_) => self.l.running,
            None if self.opens > 1 => self.l.waiting,
            None => self.l.one_key,
        }
    }
}

/// GET /back-office/keys.
pub async fn show(site: web::Data<Site>, request: HttpRequest, user: SignedIn) -> Result<HttpResponse, PageError> {
    let vault = site.cx.db.vault();
    let (seals, opens) = (vault.seals_with(), vault.keys());
    let pass = site.cx.db.read(reseal::state).await.map_err(|e| user.failed(&site, e))?;
    let is_this_change = opens > 1 && pass.key_id == i64::from(seals);
    let progress = |pass: Pass| {
        Some(Progress {
            seen: pass.rows_seen,
            // Rows that came since the beginning are looked at too.
            all: pass.rows_all.max(pass.rows_seen),
            resealed: pass.values_resealed,
            started_at: local_time(pass.started_at?, user.language),
            ended_at: pass.ended_at.map(|at| local_time(at, user.language)),
        })
    };
    let page = KeyPage {
        shell: user.shell(&site, &request, Route::Keys),
        l: KeyTexts::of(user.language),
        seals,
        opens,
        progress: Some(pass).filter(|_| is_this_change).and_then(progress),
    };
    Ok(html(StatusCode::OK, page.render()?))
}

//! Administrators manage the users of the back office, and always one of them is left.

use crate::support::TestApp;
use crate::support::admin::{Admin, PASSWORD, USER};
use crate::support::browser::Page;
use smartpay::store::admins::{self, Role};
use std::time::Duration;

const USERS: &str = "/back-office/users";

async fn id_of(app: &TestApp, name: &str) -> String {
    let name = name.to_owned();
    app.cx.db.read(move |a| admins::by_user_name(a, &name)).await.unwrap().unwrap().id
}

async fn page_of(app: &TestApp, admin: &Admin, name: &str) -> Page {
    admin.get(&admin.at(&format!("{USERS}/{}", id_of(app, name).await))).await
}

/// Does something on a user's page; answers the page after it.
async fn act(app: &TestApp, admin: &Admin, name: &str, what: &str, role: Option<&str>) -> Page {
    let page = page_of(app, admin, name).await;
    let id = id_of(app, name).await;
    let mut form = page.form(&format!("{USERS}/{id}")).with("act", what);
    if let Some(role) = role {
        form = form.with("role", role);
    }
    let answer = admin.submit(&form).await;
    if answer.status == 303 {
        admin.follow(&answer).await
    } else {
        answer
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_added_with_a_password_that_is_shown_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.sign_in().await;
    let list = admin.get(&admin.at(USERS)).await;
    let form = list.form(USERS);
    for (name, role, said) in [
        ("ab", "support", "3–64"),
        ("cu spatii", "support", "3–64"),
        (USER, "support", "Există deja"),
        ("ion.suport", "", "Alege un rol"),
        ("ion.suport", "rege", "Alege un rol"),
    ] {
        let page = admin.submit(&form.clone().with("user", name).with("role", role)).await;
        assert_eq!(page.status, 422, "{name} {role}");
        assert!(page.part("[role=alert]").contains(said), "{said}: {}", page.text());
    }
    let forged = form.clone().with("user", "ion.suport").with("role", "support").with("csrf", "x");
    assert_eq!(admin.submit(&forged).await.status, 403);
    let shown = admin.submit(&form.with("user", "ion.suport").with("role", "support")).await;
    let password = shown.part("#first-password");
    admin
        .get(&admin.at(USERS))
        .await
        .says("ion.suport")
        .says("suport")
        .says("parolă de schimbat");
    let ion = Admin::new(&app).await;
    let first = ion.try_to_sign_in("ion.suport", &password).await;
    assert_eq!(ion.follow(&first).await.leads_to().path(), "/back-office/account/password");
    let audited = app
        .database
        .lines("SELECT detail AS line FROM audit WHERE action = 'admin_added' AND detail = 'support'");
    assert_eq!(audited, ["support"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_a_lock_and_a_reset_take_effect_at_once() {
    let app = TestApp::start().await;
    let support = Admin::of_role(&app, Role::Support).await;
    let admin = app.admin().await;
    admin.sign_in().await;
    act(&app, &admin, "support", "role", Some("compliance"))
        .await
        .says("S-a făcut.")
        .says("conformitate");
    assert_eq!(
        support.home().await.leads_to().path(),
        "/back-office/login",
        "the session has ended"
    );
    assert_eq!(support.try_to_sign_in("support", PASSWORD).await.status, 303);
    act(&app, &admin, "support", "end_sessions", None).await.says("S-a făcut.");
    assert_eq!(support.home().await.leads_to().path(), "/back-office/login");
    act(&app, &admin, "support", "lock", None).await.says("blocat");
    assert_eq!(support.try_to_sign_in("support", PASSWORD).await.status, 401);
    act(&app, &admin, "support", "unlock", None).await.says("activ");
    let password = act(&app, &admin, "support", "reset_password", None).await.part("#first-password");
    assert_eq!(support.try_to_sign_in("support", PASSWORD).await.status, 401);
    assert_eq!(support.try_to_sign_in("support", &password).await.status, 303);
    let audited = app.database.lines(
        "SELECT action AS line FROM audit WHERE action IN ('admin_role_changed', 'admin_sessions_ended', 'admin_locked', 'admin_unlocked', 'admin_password_reset')",
    );
    assert_eq!(audited.len(), 5, "{audited:?}");
    for (wrong, role) in [("", None), ("crown", None), ("role", Some("")), ("role", Some("rege"))] {
        assert_eq!(act(&app, &admin, "support", wrong, role).await.status, 422, "{wrong}");
    }
    for id in ["x", "00000000-0000-0000-0000-000000000000", "%00"] {
        assert_eq!(admin.get(&admin.at(&format!("{USERS}/{id}"))).await.status, 404, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_locks_or_demotes_himself() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.sign_in().await;
    let own = page_of(&app, &admin, USER).await;
    own.says("Este contul tău");
    assert!(!own.has("button[value=lock]") && !own.has("select[name=role]"));
    for (what, role) in [("lock", None), ("role", Some("read_only")), ("reset_password", None)] {
        let page = act(&app, &admin, USER, what, role).await;
        assert!(page.part("[role=alert]").contains("Nu se poate"), "{what}: {}", page.text());
    }
    let refused = app
        .database
        .lines("SELECT action AS line FROM audit WHERE action IN ('admin_locked', 'admin_role_changed')");
    assert_eq!(refused, [] as [String; 0], "what was refused is not written as done");
    admin.home().await.says("administrator");
}

#[tokio::test(flavor = "multi_thread")]
async fn managing_users_asks_for_a_proof_first() {
    let app = TestApp::start().await;
    Admin::of_role(&app, Role::Support).await;
    let admin = app.admin().await;
    admin.sign_in().await;
    let page = page_of(&app, &admin, "support").await;
    app.advance(Duration::from_secs(4 * 60));
    admin.home().await;
    app.advance(Duration::from_secs(61));
    let id = id_of(&app, "support").await;
    let asked = admin.submit(&page.form(&format!("{USERS}/{id}")).with("act", "lock")).await;
    assert_eq!(asked.leads_to().path(), "/back-office/confirm");
    let confirm = admin.follow(&asked).await;
    let wrong = confirm.form("/confirm").with("password", "gresit-gresit-gresit");
    assert_eq!(admin.submit(&wrong).await.status, 401);
    assert_eq!(admin.submit(&confirm.form("/confirm").with("password", PASSWORD)).await.status, 303);
    act(&app, &admin, "support", "lock", None).await.says("blocat");
}

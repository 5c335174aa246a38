//! My account in a browser without WebAssembly (AUTH-2, AUTH-4, SET-1, SET-2).

use commonhold::rpc::my_account::{
    ChangeEmail, ChangePassword, DeleteAccount, EndOtherSessions, EndSession, ForgotPassword, SendVerificationAgain,
    UpdateProfile,
};
use leptos::server_fn::ServerFn;
use serde_json::Value;

use crate::{both, support::PASSWORD};

const NEW: &str = "quarry-lantern-teaspoon";

both!(set_1_a_profile_is_saved_by_a_form_alone, async |app| {
    let anna = app.stranger("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let page = anna.page("/account").await.expect(200);
    for label in ["First name", "Last name", "Email", "Default organization", "Cluster location", "Password"] {
        assert!(page.body.contains(&format!(">{label}")), "{label}");
    }
    assert!(page.body.contains("Verify your email") && page.body.contains("Not verified yet"));
    let organization = org.id.to_string();
    let mut form = vec![
        ("first_name", "<b>Änna</b>"),
        ("last_name", "Berg"),
        ("cluster", "ap-southeast"),
        ("default_organization", organization.as_str()),
    ];
    assert_eq!(anna.form(UpdateProfile::url(), "/account", &form).await.location(), "/account");
    let page = anna.page("/account").await.expect(200);
    assert!(page.body.contains("Saved") && page.body.contains("role=\"status\""));
    assert!(!page.body.contains("<b>Änna</b>"), "escaped");
    assert!(!anna.page("/account").await.body.contains(">Saved<"), "once");
    let me = anna.get("/api/v1/me").await.json();
    assert_eq!(
        (&me["first_name"], &me["language"], &me["cluster"]),
        (&"<b>Änna</b>".into(), &"en".into(), &"ap-southeast".into())
    );
    assert_eq!(me["default_organization"], Value::from(organization.clone()));
    form[0] = ("first_name", "");
    assert_eq!(anna.form(UpdateProfile::url(), "/account", &form).await.location(), "/account");
    assert!(anna.page("/account").await.body.contains("Enter a first name."));
    assert_eq!(anna.get("/api/v1/me").await.json()["first_name"], me["first_name"]);
});

both!(auth_4_set_1_password_fields_are_never_filled_again, async |app| {
    let anna = app.person("Anna").await;
    let other = anna.elsewhere().await;
    let secret = "my secret password";
    for (url, form) in [
        (ChangePassword::url(), [("current", secret), ("password", NEW)]),
        (ChangeEmail::url(), [("email", "new@example.com"), ("password", secret)]),
        (DeleteAccount::url(), [("confirm", anna.email.as_str()), ("password", secret)]),
    ] {
        anna.form(url, "/account/security", &form).await;
        let mut tx = app.db().read().await.expect("a connection");
        let rows: Vec<(String,)> = tx.sql("SELECT data FROM session").all().await.expect("rows");
        assert!(rows.iter().all(|(data,)| !data.contains(secret) && !data.contains(NEW)), "{rows:?}");
        drop(tx);
        anna.page("/account/security").await.expect(200);
    }
    other.get("/api/v1/me").await.expect(200);
    let before = anna.cookie();
    let form = [("current", PASSWORD), ("password", NEW)];
    assert_eq!(anna.form(ChangePassword::url(), "/account/security", &form).await.location(), "/account/security");
    assert_ne!(anna.cookie(), before);
    assert!(anna.page("/account/security").await.expect(200).body.contains("Your password is changed."));
    other.get("/api/v1/me").await.expect(401);
});

both!(auth_4_sessions_are_ended_by_forms_alone, async |app| {
    let anna = app.person("Anna").await;
    let phone = anna.elsewhere().await;
    let page = anna.page("/account/security").await.expect(200);
    assert!(page.body.contains("This device") && page.body.contains("End all other sessions"));
    let sessions = phone.get("/api/v1/me/sessions").await.json();
    let mine = sessions["items"].as_array().expect("a list").iter().find(|one| one["current"] == true).cloned();
    let id = mine.expect("the phone's")["id"].as_str().expect("an id").to_owned();
    assert_eq!(anna.form(EndSession::url(), "/account/security", &[("id", &id)]).await.location(), "/account/security");
    phone.get("/api/v1/me").await.expect(401);
    let tablet = anna.elsewhere().await;
    anna.form(EndOtherSessions::url(), "/account/security", &[]).await;
    tablet.get("/api/v1/me").await.expect(401);
    assert!(!anna.page("/account/security").await.expect(200).body.contains("End all other sessions"));
});

both!(auth_5_the_reset_page_says_the_same_for_every_address, async |app| {
    let anna = app.person("Anna").await;
    let mut pages = Vec::new();
    for email in [anna.email.as_str(), "nobody@example.com"] {
        let nobody = app.nobody();
        let answer = nobody.form(ForgotPassword::url(), "/forgot", &[("email", email)]).await;
        assert_eq!(answer.location(), "/forgot?sent=yes");
        assert_eq!(nobody.cookie(), None);
        let page = nobody.page("/forgot?sent=yes").await.expect(200).body;
        assert!(page.contains("If an account uses that address") && !page.contains(email));
        pages.push(page.len());
    }
    assert_eq!(pages[0], pages[1]);
    assert!(app.nobody().page("/signin").await.body.contains("Forgot password?"));
});

both!(auth_2_the_link_is_sent_again_from_the_page, async |app| {
    let anna = app.person("Anna").await;
    app.tick(61_000);
    assert_eq!(anna.form(SendVerificationAgain::url(), "/account", &[]).await.location(), "/account");
    assert!(anna.page("/account").await.body.contains("We sent the link again."));
});

both!(set_2_an_account_is_deleted_by_a_form_alone, async |app| {
    let anna = app.person("Anna").await;
    let form = [("confirm", anna.email.as_str()), ("password", PASSWORD)];
    let answer = anna.form(DeleteAccount::url(), "/account/privacy?dialog=delete", &form).await;
    assert_eq!(answer.location(), "/", "{}", answer.body);
    assert!(anna.page("/").await.expect(200).body.contains("Your account is deleted."));
    anna.get("/api/v1/me").await.expect(401);
    assert_eq!(anna.page("/account").await.status, 303);
    app.healthy().await;
});

//! Unsolicited mail (attack 27): it needs a verified address, and is limited per day.

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request},
};
use serde_json::{Value, json};

use crate::{
    both,
    support::{Answer, Org, Person},
};

/// A call from a network address.
async fn from(person: &Person, address: &str, method: Method, path: &str, body: &Value) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("x-requested-with", "commonhold")
        .header("content-type", "application/json");
    let mut request = request.body(Body::from(body.to_string())).expect("a request");
    let socket: std::net::SocketAddr = format!("{address}:1234").parse().expect("an address");
    request.extensions_mut().insert(ConnectInfo(socket));
    person.send(request).await
}

async fn invite_many(person: &Person, address: &str, org: &Org, name: &str, many: usize) -> Answer {
    let people: Vec<Value> =
        (0..many).map(|n| json!({ "email": format!("{name}.{n}@example.com"), "role": "reader" })).collect();
    let path = format!("/api/v1/orgs/{}/invitations", org.org_id);
    from(person, address, Method::POST, &path, &json!({ "invitations": people })).await
}

both!(attack_27_auth_2_no_mail_to_others_before_the_senders_address_is_verified, async |app| {
    let (anna, john) = (app.stranger("Anna").await, app.person("John").await);
    let (org, other) = (anna.create_org("Alpine Survey").await, john.create_org("Tunnel North").await);
    app.images_licence(&org, 100, 10).await;
    app.team_licence(&org).await;
    app.images_licence(&other, 100, 10).await;
    let folder = anna.folder(org.root, "A").await;
    let letters =
        "SELECT CAST(COUNT(*) AS BIGINT) FROM outbox WHERE recipient NOT LIKE 'anna%' AND recipient NOT LIKE 'john%'";
    let invitations = format!("/api/v1/orgs/{}/invitations", org.org_id);
    let invited = json!({ "invitations": [{ "email": "x@example.com", "role": "reader" }] });
    let create = json!({ "first_name": "X", "last_name": "Y", "email": "y@example.com", "role": "reader" });
    let offered = json!({ "items": [folder], "target": other.org_id });
    let refused = async |answer: Answer| assert_eq!(answer.expect(403).code(), "email_unverified");
    refused(anna.post(&invitations, &invited).await).await;
    refused(anna.give(folder, json!({ "email": "x@example.com" }), "reader").await).await;
    refused(anna.post(&format!("/api/v1/orgs/{}/people", org.org_id), &create).await).await;
    refused(anna.post("/api/v1/offers", &offered).await).await;
    assert_eq!(app.count(letters).await, 0);
    // The page offers to send the link, and keeps what was typed.
    let form = [("org", org.org_id.as_str()), ("people", "x@example.com"), ("role", "reader")];
    let back = format!("/o/{}/people?dialog=invite", org.org_id);
    let send = <commonhold::rpc::invitation::SendInvitations as leptos::server_fn::ServerFn>::url();
    anna.form(send, &back, &form).await;
    let page = anna.page(&back).await.expect(200).body;
    assert!(page.contains("Verify your email address first.") && page.contains("Send the link again"), "{page}");
    assert!(page.contains("x@example.com"));
    // With a verified address each of them works.
    app.verify(&anna).await;
    let answer = anna.post(&invitations, &invited).await.expect(200).json();
    assert_eq!(answer["results"][0]["outcome"], "invited");
    assert_eq!(app.count(letters).await, 1);
    anna.post(&format!("/api/v1/orgs/{}/people", org.org_id), &create).await.expect(201);
});

both!(attack_27_mail_is_limited_per_client_and_day, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let (org, other) = (anna.create_org("Alpine Survey").await, john.create_org("Tunnel North").await);
    for n in 0..4 {
        invite_many(&anna, "192.0.2.1", &org, &format!("a{n}"), 500).await.expect(200);
    }
    // Another person and another organization, but the same client.
    let refused = invite_many(&john, "192.0.2.1", &other, "b", 1).await.expect(429);
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0));
    let sent = invite_many(&john, "192.0.2.2", &other, "b", 1).await.expect(200).json();
    assert_eq!(sent["results"][0]["outcome"], "invited");
    // Mail that is not sent does not count: these addresses are all invited already.
    for _ in 0..5 {
        invite_many(&john, "192.0.2.3", &other, "b", 1).await.expect(200);
    }
    // The limit of an organization holds for all its people and clients together.
    let chris = app.person("Chris").await;
    app.join(&org, &chris, commonhold::domain::role::Role::Manager).await;
    invite_many(&chris, "192.0.2.9", &org, "c", 1).await.expect(429);
    app.later(1);
    app.tick(1);
    invite_many(&chris, "192.0.2.9", &org, "c", 1).await.expect(200);
});

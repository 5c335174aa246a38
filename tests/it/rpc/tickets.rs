//! **Contact support** in a browser without WebAssembly (HELP-1).

use commonhold::{
    rpc::ticket::{CloseTicket, OpenTicket, ReplyToTicket},
    server::usecase::{self, operator::Operator},
};
use leptos::server_fn::ServerFn;

use crate::both;

both!(help_1_contact_support_is_in_the_help_menu_of_every_page_and_takes_along_where_one_is, async |app| {
    let anna = app.person("Anna").await;
    anna.create_org("Alpine Survey").await;
    for (path, link) in [
        (
            "/o/alpine-survey/drive?q=dam",
            "/support/new?org=alpine-survey&amp;page=%2Fo%2Falpine-survey%2Fdrive%3Fq%3Ddam",
        ),
        ("/o/alpine-survey/people", "/support/new?org=alpine-survey&amp;page=%2Fo%2Falpine-survey%2Fpeople"),
        ("/account", "/support/new?page=%2Faccount"),
        ("/", "/support/new?page=%2F\""),
        // Where one asks already, there is nothing to take along.
        ("/support?org=alpine-survey", "/support/new?org=alpine-survey\""),
    ] {
        let page = anna.page(path).await.expect(200);
        assert!(page.body.contains("popovertarget=\"help-menu\"") && page.body.contains(link), "{path}: {link}");
    }
    // A secret in the address of a page does not go along.
    let link = anna.page("/invitations/SECRET").await.body;
    assert!(link.contains("page=%2Finvitations\"") || !link.contains("help-menu"), "{link}");
});

both!(help_1_a_ticket_by_forms_alone_and_nothing_that_was_typed_is_lost, async |app| {
    let anna = app.person("Anna").await;
    anna.create_org("Alpine Survey").await;
    let new = "/support/new?org=alpine-survey&page=%2Fo%2Falpine-survey%2Fdrive&request=0198c0de";
    let page = anna.page(new).await.expect(200);
    for part in ["Sent along", "Alpine Survey", "/o/alpine-survey/drive", "0198c0de"] {
        assert!(page.body.contains(part), "{part}");
    }
    let bare = anna.page("/support/new").await.expect(200);
    assert!(!bare.body.contains("Sent along"));
    // Without a subject, and with the page left out.
    let text = "Since <b>today</b>.\r\n\r\nOn every dataset.";
    let refused = [
        ("frame", "alpine-survey"),
        ("subject", ""),
        ("message", text),
        ("org", "alpine-survey"),
        ("request_id", "0198c0de"),
    ];
    assert_eq!(anna.form(OpenTicket::url(), new, &refused).await.location(), new);
    let page = anna.page(new).await.expect(200);
    assert!(page.body.contains("Enter a subject.") && page.body.contains("Since &lt;b&gt;today&lt;/b&gt;."), "kept");
    let boxes: Vec<&str> =
        page.body.split("type=\"checkbox\"").skip(1).map(|rest| rest.split('>').next().unwrap_or_default()).collect();
    let ticked: Vec<bool> = boxes.iter().map(|tag| tag.contains("checked")).collect();
    assert_eq!(ticked, [true, false, true], "{boxes:?}");
    let sent =
        [("frame", "alpine-survey"), ("subject", "The map stays grey"), ("message", text), ("org", "alpine-survey")];
    let done = anna.form(OpenTicket::url(), new, &sent).await;
    assert_eq!(done.location(), "/support/1?org=alpine-survey");
    let page = anna.page("/support/1?org=alpine-survey").await.expect(200);
    for part in
        ["Ticket 1 was saved", "The map stays grey", "On every dataset.", "Open", "Alpine Survey", "Close ticket"]
    {
        assert!(page.body.contains(part), "{part}");
    }
    assert!(!page.body.contains("0198c0de"), "it was left out");

    usecase::ticket::answer(app.ctx(), &Operator::command_line(), "1", "Fixed.\nReload the page.")
        .await
        .expect("an answer");
    let page = anna.page("/support/1").await.expect(200);
    assert!(page.body.contains("Reload the page.") && page.body.contains("Answered") && page.body.contains("Support"));
    let here = "/support/1?org=alpine-survey";
    let form = |text: &'static str| [("frame", "alpine-survey"), ("number", "1"), ("text", text)];
    anna.form(ReplyToTicket::url(), here, &form(" ")).await;
    assert!(anna.page(here).await.expect(200).body.contains("Enter a text."));
    assert_eq!(anna.form(ReplyToTicket::url(), here, &form("Thanks, it works.")).await.location(), here);
    assert!(anna.page(here).await.expect(200).body.contains("Thanks, it works."));
    assert_eq!(
        anna.form(CloseTicket::url(), here, &[("frame", "alpine-survey"), ("number", "1")]).await.location(),
        here
    );
    let page = anna.page(here).await.expect(200);
    assert!(page.body.contains("Closed") && !page.body.contains("Close ticket"));
    let list = anna.page("/support").await.expect(200);
    assert!(list.body.contains("href=\"/support/1\"") && list.body.contains("3 messages"), "{}", list.body);
});

both!(help_1_what_was_mailed_is_said_to_be_sent, async |app| {
    app.ctx().set_operator_mail("ops@example.com".to_owned());
    let anna = app.person("Anna").await;
    let page = anna.page("/support").await.expect(200);
    assert!(page.body.contains("No tickets yet."), "{}", page.body);
    let sent = [("subject", "S"), ("message", "M")];
    anna.form(OpenTicket::url(), "/support/new", &sent).await;
    assert!(anna.page("/support/1").await.expect(200).body.contains("Ticket 1 was sent"), "it was mailed");
});

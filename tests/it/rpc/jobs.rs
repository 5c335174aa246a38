//! Jobs in a browser without WebAssembly (JOB-2, JOB-3, LIC-2): **Process**, Monitor, a job's page and its log.

use commonhold::{
    domain::{access::Level, id::ResourceId, role::Role, transfer::Grantee},
    rpc::job::{CancelJob, RunAgain, StartJob},
    server::usecase,
};
use leptos::server_fn::ServerFn;
use serde_json::json;

use crate::{
    both,
    flow::{
        apps::{authorize, published},
        engines::Engine,
        jobs::{show, started},
    },
    support::{Answer, Org, Person, TestApp},
};

/// An organization with 30 credits, an app that costs and makes datasets Processed, a free one, and a dataset of 50 images.
async fn studio(app: &TestApp) -> (Person, Org, ResourceId) {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.credits_licence(&org, 30).await;
    published(&anna, &org, "ortho", "processing", true).await;
    published(&anna, &org, "qc", "free", false).await;
    let dataset = anna.dataset(org.root, "Flight", 50).await;
    (anna, org, dataset)
}

/// The value of a hidden field.
fn hidden(page: &Answer, name: &str) -> String {
    let field = page.body.split(&format!("name=\"{name}\"")).nth(1).unwrap_or_default();
    field.split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned()
}

both!(job_2_lic_2_process_is_a_form_with_price_balance_and_options, async |app| {
    let (anna, org, dataset) = studio(app).await;
    let at = format!("/o/{}/drive/{dataset}", org.org_id);
    assert!(anna.page(&at).await.expect(200).body.contains(&format!("href=\"{at}?dialog=process\"")));
    // What makes it Processed is chosen already; another one by the address.
    let dialog = format!("{at}?dialog=process");
    let page = anna.page(&dialog).await.expect(200);
    for text in [
        "The ortho",
        "The qc",
        "10 credits",
        "30 credits of Cloud Pro",
        "Start<",
        "name=\"options[quality]\"",
        "How fine.",
    ] {
        assert!(page.body.contains(text), "{text}");
    }
    assert_eq!((hidden(&page, "app").as_str(), hidden(&page, "price[credits]").as_str()), ("ortho", "10"));
    let free = anna.page(&format!("{dialog}&app=qc")).await.expect(200);
    assert!(free.body.contains("Free") && !free.body.contains("30 credits"), "no balance is asked for what is free");
    // A value that does not fit is told at its field, and what was typed is still there.
    let (id, org_id) = (dataset.to_string(), org.org_id.clone());
    let form = |tiles: &'static str, credits: &'static str| {
        vec![
            ("org", org_id.clone()),
            ("dataset", id.clone()),
            ("app", "ortho".to_owned()),
            ("version", "1".to_owned()),
            ("options[quality]", "high".to_owned()),
            ("options[tiles]", tiles.to_owned()),
            ("options[fast]", "false".to_owned()),
            ("price[images]", "0".to_owned()),
            ("price[projects]", "0".to_owned()),
            ("price[credits]", credits.to_owned()),
        ]
    };
    let send = async |fields: Vec<(&'static str, String)>| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        anna.form(StartJob::url(), &dialog, &fields).await
    };
    let refused = send(form("many", "10")).await;
    assert_eq!(refused.location(), dialog);
    let page = anna.page(&dialog).await.expect(200);
    assert!(page.body.contains("Enter a whole number.") && page.body.contains("value=\"many\""), "told at the field");
    // What was agreed to is the most that it may cost.
    send(form("8", "9")).await;
    assert!(anna.page(&dialog).await.expect(200).body.contains("This now costs 10 credits"));
    let done = send(form("8", "10")).await;
    let job = done.location().strip_prefix(&format!("/o/{}/monitor/", org.org_id)).expect("a job").to_owned();
    let shown = show(&anna, &job).await;
    assert_eq!(shown["options"], json!({ "quality": "high", "tiles": "8", "fast": "false" }));
    let page = anna.page(done.location()).await.expect(200);
    for text in ["Started “The ortho” on “Flight”", "Queued", "10 credits", "50 images", "Tiles: 8", "Fast: No"]
    {
        assert!(page.body.contains(text), "{text}");
    }
    // Another one is in the way now, and the dialog says so.
    let page = anna.page(&format!("{dialog}&app=ortho")).await.expect(200);
    assert!(page.body.contains("What is in the way") && page.body.contains("Another job is processing this dataset."));
    app.healthy().await;
});

both!(job_2_what_cannot_be_paid_says_so_before_and_after, async |app| {
    let (anna, org, _) = studio(app).await;
    let large = anna.dataset(org.root, "Large flight", 500).await;
    let dialog = format!("/o/{}/drive/{large}?dialog=process", org.org_id);
    let page = anna.page(&dialog).await.expect(200);
    assert!(page.body.contains("This needs 100 credits, and 30 are left."));
    assert!(page.body.contains("starts by itself once there is enough"));
    assert!(page.body.contains("Start when it can be paid"));
    let id = large.to_string();
    let form = [("org", org.org_id.as_str()), ("dataset", &id), ("app", "ortho")];
    let done = anna.form(StartJob::url(), &dialog, &form).await;
    let page = anna.page(done.location()).await.expect(200);
    assert!(page.body.contains("waits for credits. It starts by itself"), "said on the next page");
    assert!(page.body.contains("Waiting for credits") && page.body.contains("Not paid yet"));
    // Before an engine is at it, nothing is asked.
    assert!(page.body.contains("Cancel job") && !page.body.contains("dialog=cancel"));
    app.healthy().await;
});

both!(job_3_monitor_and_a_job_show_prices_to_the_people_who_pay_alone, async |app| {
    let (anna, org, dataset) = studio(app).await;
    let (rolf, eve) = (app.person("Rolf").await, app.person("Eve").await);
    app.join(&org, &rolf, Role::Reader).await;
    app.give(dataset, Grantee::Person(eve.id), Level::Editor, false).await;
    authorize(&anna, "qc", &eve.id.to_string()).await;
    let monitor = format!("/o/{}/monitor", org.org_id);
    assert!(anna.page(&monitor).await.expect(200).body.contains("No jobs yet."));
    let (job, _) = started(&anna, dataset, "ortho").await;
    let (own, _) = started(&eve, dataset, "qc").await;
    let page = anna.page(&monitor).await.expect(200);
    for text in ["The ortho", "The qc", "Price", "10 credits", "Free", "Anna", "Eve"] {
        assert!(page.body.contains(text), "{text}");
    }
    assert!(page.body.contains(&format!("href=\"{monitor}/{job}\"")));
    let outside = eve.page(&monitor).await.expect(200);
    assert!(outside.body.contains(&own) && !outside.body.contains(&job), "those that she started");
    assert!(!outside.body.contains("Price") && !outside.body.contains("10 credits"));
    let tab = eve.page(&format!("/o/{}/drive/{dataset}?tab=jobs", org.org_id)).await.expect(200);
    assert!(tab.body.contains(&job) && !tab.body.contains("10 credits"), "all of the dataset, without prices");
    for (person, sees, acts) in [(&anna, true, true), (&rolf, true, false), (&eve, false, true)] {
        let page = person.page(&format!("{monitor}/{job}")).await.expect(200);
        assert_eq!(page.body.contains("10 credits"), sees, "{}", person.name);
        assert_eq!(page.body.contains("Cancel job"), acts, "{}", person.name);
    }
    app.person("Stranger").await.page(&format!("{monitor}/{job}")).await.expect(404);
    // A job of another organization is not there under this address.
    let other = anna.create_org("Tunnel North").await;
    anna.page(&format!("/o/{}/monitor/{job}", other.org_id)).await.expect(404);
    // Filters are in the address, and an empty result offers to clear them.
    let set = format!("dataset={dataset}");
    for (query, there) in [
        ("state=queued", true),
        ("app=ortho", true),
        ("app=qc", false),
        ("person=me", true),
        ("from=2026-11-21&to=2026-11-21", true),
        ("to=2026-11-20", false),
        (set.as_str(), true),
    ] {
        let page = anna.page(&format!("{monitor}?{query}")).await.expect(200);
        assert_eq!(page.body.contains(&format!("{monitor}/{job}\"")), there, "{query}");
    }
    assert!(
        anna.page(&format!("{monitor}?state=done")).await.expect(200).body.contains("Nothing matches these filters.")
    );
    app.healthy().await;
});

both!(job_2_job_3_a_queued_job_says_whom_it_waits_for_and_who_pays_what_comes_back, async |app| {
    let (anna, org, dataset) = studio(app).await;
    let eve = app.person("Eve").await;
    app.give(dataset, Grantee::Person(eve.id), Level::Editor, false).await;
    usecase::app::add_built_in(app.ctx()).await.expect("the apps are added");
    anna.upload(dataset, "a.jpg", b"\xff\xd8\xffphoto").await;
    let (theirs, _) = started(&anna, dataset, "ortho").await;
    let (own, _) = started(&anna, dataset, "qc-report").await;
    let page =
        async |by: &Person, job: &str| by.page(&format!("/o/{}/monitor/{job}", org.org_id)).await.expect(200).body;
    let (engine, turn) = ("It waits for an engine of Alpine Survey, and begins by itself.", "It waits for its turn");
    let back = "Cancelling it gives back what was paid.";
    let mine = page(&anna, &theirs).await;
    assert!(mine.contains(engine) && mine.contains(back), "{mine}");
    let hers = page(&eve, &theirs).await;
    assert!(hers.contains(engine) && !hers.contains(back), "who sees no price is told of none");
    let free = page(&anna, &own).await;
    assert!(free.contains(turn) && !free.contains(back), "nothing was paid for what is free");
    app.healthy().await;
});

both!(job_1_who_publishes_an_app_sees_how_many_jobs_of_it_wait_and_run, async |app| {
    let (anna, org, dataset) = studio(app).await;
    let rolf = app.person("Rolf").await;
    app.join(&org, &rolf, Role::Reader).await;
    let engine = Engine::new(app, &anna, &org, "Farm", &["engine"]).await;
    let said = async |by: &Person| by.page("/apps/ortho").await.expect(200).body;
    assert!(said(&anna).await.contains("0 waiting, 0 running"));
    started(&anna, dataset, "ortho").await;
    assert!(said(&anna).await.contains("1 waiting, 0 running"));
    assert!(!said(&rolf).await.contains("1 waiting"), "only who publishes it");
    engine.claim("ortho").await.expect("a job");
    assert!(said(&anna).await.contains("0 waiting, 1 running"));
    app.healthy().await;
});

both!(job_3_a_failed_job_says_why_and_is_run_again_and_cancelling_what_runs_is_asked_about, async |app| {
    let (anna, org, dataset) = studio(app).await;
    let engine = Engine::new(app, &anna, &org, "Farm", &["engine"]).await;
    let (job, _) = started(&anna, dataset, "ortho").await;
    let at = format!("/o/{}/monitor/{job}", org.org_id);
    let held = engine.claim("ortho").await.expect("a job");
    held.say("heartbeat", json!({ "progress": 310, "step": "Dense point cloud" })).await.expect(200);
    let page = anna.page(&at).await.expect(200);
    let question = format!("{at}?dialog=cancel");
    for text in ["Dense point cloud", "31 %", question.as_str(), "Farm"] {
        assert!(page.body.contains(text), "{text}");
    }
    let question = anna.page(&question).await.expect(200);
    assert!(question.body.contains("what was paid for it is not given back"));
    assert!(question.body.contains("Keep it running"), "the other button is called like what it does");
    held.say("fail", json!({ "kind": "input_error", "message": "No photo has a position." })).await.expect(200);
    let page = anna.page(&at).await.expect(200);
    for text in ["The images cannot be processed", "No photo has a position.", "leave out those", "Refunded"] {
        assert!(page.body.contains(text), "{text}");
    }
    let dialog = format!("{at}?dialog=again");
    let page = anna.page(&dialog).await.expect(200);
    assert!(page.body.contains("10 credits") && page.body.contains("30 credits"));
    let fields = [
        ("org", org.org_id.as_str()),
        ("job", &job),
        ("price[images]", "0"),
        ("price[projects]", "0"),
        ("price[credits]", "10"),
    ];
    let again = anna.form(RunAgain::url(), &dialog, &fields).await;
    let next = again.location().rsplit('/').next().unwrap_or_default().to_owned();
    assert!(next != job && again.location().contains("/monitor/"), "{}", again.location());
    assert_eq!(show(&anna, &next).await["state"], "queued");
    let cancelled = anna.form(CancelJob::url(), again.location(), &[("job", &next), ("back", again.location())]).await;
    let page = anna.page(cancelled.location()).await.expect(200);
    assert!(
        page.body.contains("What was paid was given back.") && page.body.contains("It was cancelled before it ran.")
    );
    app.healthy().await;
});

both!(job_3_a_long_log_is_paged_searched_and_filtered, async |app| {
    let (anna, org, dataset) = studio(app).await;
    let engine = Engine::new(app, &anna, &org, "Farm", &["engine"]).await;
    let (job, _) = started(&anna, dataset, "qc").await;
    let held = engine.claim("qc").await.expect("a job");
    let at = format!("/o/{}/monitor/{job}", org.org_id);
    assert!(anna.page(&at).await.expect(200).body.contains("No lines yet."));
    for first in [1, 1_001, 2_001] {
        let line = |number: i64| match number {
            42 => json!({ "text": "line 42 with a <Needle>" }),
            1_500 => json!({ "text": "line 1500", "level": "error" }),
            1_600 => json!({ "text": "line 1600", "level": "warning" }),
            _ => json!({ "text": format!("line {number}") }),
        };
        let lines: Vec<_> = (first..first + 1_000).map(line).collect();
        held.say("log", json!({ "first": first, "lines": lines })).await.expect(200);
    }
    let lines = async |query: &str| -> (Vec<String>, String) {
        let page = anna.page(&format!("{at}{query}")).await.expect(200).body;
        let lines = page.split("class=\"log-text\">").skip(1).filter_map(|rest| rest.split("</span>").next());
        (lines.map(|line| line.replace("<!>", "")).collect(), page.clone())
    };
    // The last ones first, and from there back to the first one.
    let (last, page) = lines("").await;
    assert_eq!(
        (last.len(), last.first().map(String::as_str), last.last().map(String::as_str)),
        (500, Some("line 2501"), Some("line 3000"))
    );
    assert!(page.contains("Lines 2,501 to 3,000 of 3,000") && page.contains(&format!("{at}?before=2501")));
    assert!(!page.contains("Later lines"));
    let (middle, page) = lines("?before=2501").await;
    assert_eq!((middle.len(), middle.last().map(String::as_str)), (500, Some("line 2500")));
    assert!(page.contains(&format!("{at}?line=2501")) && page.contains("Last lines"));
    let (first, page) = lines("?line=1").await;
    assert_eq!((first.len(), first.first().map(String::as_str)), (500, Some("line 1")));
    assert!(!page.contains("Earlier lines") && page.contains("Later lines"));
    // In the whole log, whatever page is shown, and never as markup.
    let (found, page) = lines("?find=needle").await;
    assert!(found.len() == 1 && found[0].starts_with("line 42 with a &lt;Needle"), "{found:?}");
    assert!(!page.contains("Earlier lines") && !page.contains("Later lines"));
    assert_eq!(lines("?level=error").await.0, ["line 1500"]);
    assert_eq!(lines("?level=warning").await.0, ["line 1500", "line 1600"]);
    assert_eq!(lines("?level=warning&find=1600").await.0, ["line 1600"]);
    let (found, _) = lines("?find=line%202").await;
    assert_eq!((found.len(), found.last().map(String::as_str)), (500, Some("line 2999")));
    assert!(lines("?find=nowhere").await.1.contains("No line matches."));
    for odd in ["?line=x", "?before=-1", "?before=99999999", "?line=99999999"] {
        lines(odd).await;
    }
    app.healthy().await;
});

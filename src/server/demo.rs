//! The demo: the people and organizations of the examples, with work of every kind and state and licences of both models,
//! so that every transfer case can be tried by hand.

use futures::stream;

use crate::{
    domain::{
        access::Level,
        annotation::{Annotation, AnnotationKind, Colour, place_in_degrees},
        app::{AppForm, AppOptionForm, BuiltIn, NewAppForm, NewVersionForm},
        geo::{Frame, Point},
        id::{GrantId, LinkId, OrganizationId, PersonId, ResourceId},
        licence::EntryKind,
        organization::NewOrganizationForm,
        permit::{found, operate},
        photo::Position,
        resource::{DatasetStatus, Kind},
        role::Role,
        time::Timestamp,
        transfer::Grantee,
    },
    view::DatasetView,
};

use super::{
    context::{Ctx, Principal, digest},
    error::{Error, Result, at_field},
    pictures::survey::{Planted, Shot, Survey},
    store::{Tx, account, annotation, grant, licence, link, membership, organization, person, resource},
    usecase::{
        self,
        invitation::review::InviteForm,
        job::StartForm,
        licence::operator::GrantForm,
        upload::{
            PlanForm, PlannedFileForm, Sender,
            receive::{Arriving, ReceiveRequest, receive},
        },
    },
    workers::{builtin, layers, photos},
};

/// The password of everybody in the demo.
pub const PASSWORD: &str = "survey-the-alps-by-drone";

/// A sign-in of the demo, and what it shows.
#[derive(Debug, Clone, Copy)]
pub struct SignIn {
    /// First name.
    pub first_name: &'static str,
    /// Last name.
    pub last_name: &'static str,
    /// What can be tried with it.
    pub shows: &'static str,
}

impl SignIn {
    /// Email.
    pub fn email(&self) -> String {
        format!("{}@example.com", self.first_name.to_lowercase())
    }
}

/// Everybody in the demo.
pub const PEOPLE: [SignIn; 10] = [
    SignIn {
        first_name: "Anna",
        last_name: "Muster",
        shows: "Owner of Anna Muster's Space (70 projects, Images & Projects), Manager of Alpine Survey, Editor of Tunnel North JV: transfers within Images & Projects",
    },
    SignIn {
        first_name: "John",
        last_name: "Keller",
        shows: "Owner of Alpine Survey (Images & Projects), Tunnel North JV (Images & Projects, little left) and Credit Mapping (Credits): every pair of models, and an allowance that is too small",
    },
    SignIn {
        first_name: "Chris",
        last_name: "Weber",
        shows: "Editor of Quarry Works, Manager of Harbour Inspect, Reader of Alpine Survey: who may transfer and who may not",
    },
    SignIn {
        first_name: "Jane",
        last_name: "Roth",
        shows: "Owner of Harbour Inspect (Credits) and Quarry Works (Images & Projects, expired): out of an expired licence into Credits",
    },
    SignIn {
        first_name: "Ada",
        last_name: "Lind",
        shows: "Owner of Genome Group (A in the example): gave its people a look at the project",
    },
    SignIn {
        first_name: "Ben",
        last_name: "Osei",
        shows: "Member of Genome Group (B): sees what was shared with the group",
    },
    SignIn {
        first_name: "Cleo",
        last_name: "Marsh",
        shows: "Member of Genome Group (C): sees what was shared with the group",
    },
    SignIn { first_name: "Dan", last_name: "Ito", shows: "Owner of Genome Group and of Genome Group New (D)" },
    SignIn { first_name: "Eva", last_name: "Novak", shows: "Member of Genome Group and of Genome Group New (E)" },
    SignIn { first_name: "Finn", last_name: "Aas", shows: "Member of Genome Group New only (F)" },
];

/// How wide the photos of the demo are.
pub const PHOTO_WIDTH: u32 = 1024;

/// Fills an empty database, with photos that are so wide: rendering them is most of the work.
///
/// # Errors
/// `Internal` if there are people in it already.
pub async fn fill(ctx: &Ctx, photo_width: u32) -> Result<()> {
    {
        let mut tx = ctx.db().read().await?;
        if person::any(&mut tx).await? {
            return Err(Error::Internal(
                "There are people in this database already; the demo fills only an empty one.".to_owned(),
            ));
        }
    }
    let mut people = Vec::new();
    for one in PEOPLE {
        let view =
            usecase::session::sign_up_verified(ctx, one.first_name, one.last_name, &one.email(), PASSWORD).await?;
        let by = Principal {
            person: view.id,
            name: format!("{} {}", one.first_name, one.last_name),
            email_key: one.email(),
            address: None,
            session: None,
            key: None,
        };
        people.push(by);
    }
    let [anna, john, chris, jane, ada, ben, cleo, dan, eva, finn] = people.as_slice() else {
        return Err(Error::Internal("the demo has ten people".to_owned()));
    };

    let annas = space_of(ctx, anna).await?;
    grant_licence(ctx, &annas, "cloud-pro", Some("images-projects"), (30_000, 120, 0), None).await?;
    grant_licence(ctx, &annas, "desktop", None, (0, 0, 0), None).await?;
    flights(ctx, anna, &annas, "Flights of 2024 and 2025", 70, 400).await?;

    let alpine = organization(ctx, john, "Alpine Survey", "CH").await?;
    grant_licence(ctx, &alpine, "cloud-teams", Some("images-projects"), (60_000, 250, 0), None).await?;
    let tunnel = organization(ctx, john, "Tunnel North JV", "AT").await?;
    grant_licence(ctx, &tunnel, "cloud-pro", Some("images-projects"), (2_500, 24, 0), None).await?;
    let credit = organization(ctx, john, "Credit Mapping", "DE").await?;
    grant_licence(ctx, &credit, "cloud-enterprise", Some("credits"), (0, 0, 9_000), None).await?;
    let harbour = organization(ctx, jane, "Harbour Inspect", "NL").await?;
    grant_licence(ctx, &harbour, "cloud-pro", Some("credits"), (0, 0, 1_200), None).await?;
    let quarry = organization(ctx, jane, "Quarry Works", "CH").await?;
    let expired = grant_licence(ctx, &quarry, "cloud-pro", Some("images-projects"), (12_000, 60, 0), None).await?;
    let genome = organization(ctx, ada, "Genome Group", "US").await?;
    grant_licence(ctx, &genome, "cloud-teams", Some("credits"), (0, 0, 40), None).await?;
    let genome_new = organization(ctx, dan, "Genome Group New", "US").await?;

    let invited = [("dora@example.com", "Dora Meier", "reader"), ("erik@example.com", "", "member")];
    let invited = invited.map(|(email, name, role)| InviteForm {
        email: email.to_owned(),
        name: name.to_owned(),
        role: role.to_owned(),
        ..InviteForm::default()
    });
    usecase::invitation::send::invite(ctx, john, &alpine.id.to_string(), invited.to_vec()).await?;

    for (org, by, person, role) in [
        (&alpine, john, anna, Role::Manager),
        (&alpine, john, jane, Role::Editor),
        (&alpine, john, chris, Role::Reader),
        (&tunnel, john, anna, Role::Editor),
        (&quarry, jane, chris, Role::Editor),
        (&harbour, jane, chris, Role::Manager),
        (&harbour, jane, john, Role::Editor),
        (&credit, john, jane, Role::Editor),
        (&genome, ada, ben, Role::Member),
        (&genome, ada, cleo, Role::Member),
        (&genome, ada, dan, Role::Owner),
        (&genome, ada, eva, Role::Member),
        (&genome_new, dan, eva, Role::Member),
        (&genome_new, dan, finn, Role::Member),
    ] {
        join(ctx, org, by, person, role).await?;
    }

    desktops(ctx, john, &alpine, chris).await?;
    let (flown, shaft) = Box::pin(alpine_drive(ctx, john, &alpine, chris, photo_width)).await?;
    let handover = flights(ctx, john, &tunnel, "Handover", 14, 100).await?;
    container(ctx, john, &tunnel, handover, Kind::Folder, "2026").await?;
    container(ctx, john, &tunnel, handover, Kind::Site, "North Portal").await?;
    flights(ctx, john, &credit, "Corridor mapping", 30, 90).await?;
    flights(ctx, jane, &harbour, "Quay walls", 24, 60).await?;
    flights(ctx, jane, &quarry, "Spoil heaps", 40, 10).await?;
    usecase::licence::operator::expire(ctx, expired).await?;
    let project = flights(ctx, ada, &genome, "Project resources", 12, 60).await?;
    let raw = container(ctx, ada, &genome, project, Kind::Folder, "Project raw data").await?;
    grant_to(ctx, ada, &genome, project, Grantee::Organization(genome.id), Level::Reader).await?;
    grant_to(ctx, dan, &genome, raw, Grantee::Organization(genome.id), Level::Uploader).await?;
    flights(ctx, dan, &genome_new, "New project", 8, 20).await?;

    built_in_jobs(ctx, john, &flown).await?;
    orthophotos(ctx, john, &credit, [&alpine, &genome], shaft).await?;
    // It costs more than there are credits, so its job waits.
    let large = processed(400, ctx.now());
    let large = DatasetView { status: DatasetStatus::Draft, ..large };
    let large = put(ctx, ada, &genome, project, Kind::Dataset, "Field plots", Some(large), ctx.now()).await?;
    start(ctx, ada, large, ORTHOPHOTO).await?;
    Ok(())
}

async fn start(ctx: &Ctx, by: &Principal, dataset: ResourceId, app: &str) -> Result<String> {
    let form = StartForm { app: app.to_owned(), ..StartForm::default() };
    let started = Box::pin(usecase::job::start(ctx, by, &dataset.to_string(), &form)).await?;
    Ok(started.id.to_string())
}

/// What the built-in apps make of the flights whose photos are there, and its tiles: run as the server runs them (JOB-4, VIEW-1).
async fn built_in_jobs(ctx: &Ctx, by: &Principal, flown: &[ResourceId]) -> Result<()> {
    usecase::app::add_built_in(ctx).await?;
    photos::run_due(ctx).await?;
    for dataset in flown {
        for app in BuiltIn::ALL {
            start(ctx, by, *dataset, app.facts().slug).await?;
        }
    }
    Box::pin(builtin::run_due(ctx)).await?;
    photos::run_due(ctx).await?;
    layers::run_due(ctx).await?;
    Ok(())
}

/// The app that is published in the demo.
const ORTHOPHOTO: &str = "fast-orthophoto";

/// An app that an organization publishes and others may run, with a job that waits for an engine and one that somebody cancelled.
async fn orthophotos(ctx: &Ctx, by: &Principal, publisher: &Org, users: [&Org; 2], dataset: ResourceId) -> Result<()> {
    let text = str::to_owned;
    let app = NewAppForm {
        slug: text(ORTHOPHOTO),
        title: text("Fast orthophoto"),
        summary: text("An orthophoto and a surface model of photos that overlap."),
        price: text("processing"),
        makes_processed: true,
    };
    usecase::app::create(ctx, by, &publisher.id.to_string(), &app).await?;
    let option = |name: &str, kind: &str, value: &str, choices: &[&str], help: &str| AppOptionForm {
        name: text(name),
        kind: text(kind),
        value: text(value),
        domain: String::new(),
        choices: choices.iter().copied().map(str::to_owned).collect(),
        help: text(help),
    };
    let version = NewVersionForm {
        label: text("1.0"),
        options: vec![
            option("quality", "enum", "medium", &["low", "medium", "high"], "Higher takes longer."),
            option("resolution", "float", "5", &[], "Of the orthophoto, in centimetres a pixel."),
            option("surface-model", "bool", "true", &[], "Makes a surface model too."),
        ],
        outputs: vec![text("orthophoto"), text("dsm"), text("report")],
        timeout_minutes: Some(600),
        notes: text("The first version."),
    };
    usecase::app::publish_version(ctx, by, ORTHOPHOTO, &version).await?;
    let release = AppForm { state: Some(text("published")), ..AppForm::default() };
    usecase::app::change(ctx, by, ORTHOPHOTO, &release).await?;
    for user in users {
        usecase::app::authorize(ctx, by, ORTHOPHOTO, &user.id.to_string()).await?;
    }
    let cancelled = start(ctx, by, dataset, ORTHOPHOTO).await?;
    usecase::job::cancel(ctx, by, &cancelled).await?;
    start(ctx, by, dataset, ORTHOPHOTO).await?;
    Ok(())
}

/// An organization of the demo, and where its Drive is.
#[derive(Debug, Clone)]
struct Org {
    id: OrganizationId,
    account: account::Account,
}

async fn organization(ctx: &Ctx, by: &Principal, name: &str, country: &str) -> Result<Org> {
    let form = NewOrganizationForm {
        name: name.to_owned(),
        kind: "business".to_owned(),
        country: country.to_owned(),
        legal_name: format!("{name} Ltd"),
        address: "Example Street 1".to_owned(),
        postal_code: "8000".to_owned(),
        city: "Example City".to_owned(),
        ..NewOrganizationForm::default()
    };
    let created = usecase::founding::create(ctx, by, &form).await?;
    let (account, _) = created.accounts.into_iter().next().ok_or_else(|| Error::Internal("no account".to_owned()))?;
    has_worked_for_a_year(ctx, by, created.id).await?;
    Ok(Org { id: created.id, account })
}

/// Dates an organization back: the flights of the demo are up to a year old, and nobody there is at their first steps (ORG-9).
async fn has_worked_for_a_year(ctx: &Ctx, by: &Principal, id: OrganizationId) -> Result<()> {
    let (owner, at) = (by.person, ctx.now().plus_days(-500));
    ctx.db()
        .write(|tx, _| {
            Box::pin(async { Ok::<_, Error>(organization::update_created_at(tx, &found(owner, id), at).await?) })
        })
        .await
}

/// Anna's personal space, which became an organization when she joined others (SPACE-1).
async fn space_of(ctx: &Ctx, by: &Principal) -> Result<Org> {
    let mut tx = ctx.db().read().await?;
    let space = organization::list_used(&mut tx, by.person, 20).await?.into_iter().find(|one| one.personal);
    let id = space.map(|space| space.id).ok_or_else(|| Error::Internal("no space".to_owned()))?;
    let account =
        account::list(&mut tx, id).await?.into_iter().next().ok_or_else(|| Error::Internal("no account".to_owned()))?;
    drop(tx);
    has_worked_for_a_year(ctx, by, id).await?;
    Ok(Org { id, account })
}

async fn grant_licence(
    ctx: &Ctx,
    org: &Org,
    product: &str,
    model: Option<&str>,
    (images, projects, credits): (i64, i64, i64),
    until: Option<&str>,
) -> Result<crate::domain::id::LicenceId> {
    let form = GrantForm {
        account: None,
        org: org.id.to_string(),
        product: product.to_owned(),
        model: model.map(str::to_owned),
        images,
        projects,
        credits,
        seats: (product == "desktop").then_some(5),
        from: None,
        until: until.map(str::to_owned),
    };
    usecase::licence::operator::grant(ctx, &form).await
}

/// Desktop licences: of one a Reader was given a seat (LIC-5), another is lent for two months (ACCT-3).
async fn desktops(ctx: &Ctx, by: &Principal, org: &Org, reader: &Principal) -> Result<()> {
    let own = grant_licence(ctx, org, "desktop", None, (0, 0, 0), None).await?;
    usecase::seat::give(ctx, by, &own.to_string(), &reader.person.to_string()).await?;
    let lent = grant_licence(ctx, org, "desktop", None, (0, 0, 0), None).await?;
    let form = usecase::loan::LoanForm {
        licence: lent.to_string(),
        sharing_id: "credit-mapping/primary".to_owned(),
        until: ctx.now().plus_days(60).day().iso(),
    };
    usecase::loan::lend(ctx, by, &org.id.to_string(), &form).await?;
    Ok(())
}

/// People of the demo joined before it begins: their memberships are written as the Owner's.
async fn join(ctx: &Ctx, org: &Org, by: &Principal, person: &Principal, role: Role) -> Result<()> {
    let (id, owner, person, at) = (org.id, by.person, person.person, ctx.now());
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                membership::insert(tx, &found(owner, id), person, role, at).await?;
                usecase::organization::turn_space_of(tx, person).await?;
                Ok::<_, Error>(())
            })
        })
        .await
}

async fn container(
    ctx: &Ctx,
    by: &Principal,
    org: &Org,
    parent: ResourceId,
    kind: Kind,
    name: &str,
) -> Result<ResourceId> {
    put(ctx, by, org, parent, kind, name, None, ctx.now()).await
}

async fn put(
    ctx: &Ctx,
    by: &Principal,
    org: &Org,
    parent: ResourceId,
    kind: Kind,
    name: &str,
    dataset: Option<DatasetView>,
    at: Timestamp,
) -> Result<ResourceId> {
    let id = ResourceId(ctx.id());
    let person = by.person;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let permit = operate(person, org.id, parent);
                let new =
                    resource::NewResource { id, account: org.account.id, kind, name, dataset: dataset.as_ref(), at };
                resource::insert(tx, &permit, &new).await?;
                if let Some(dataset) = &dataset {
                    pay(tx, ctx, person, org, id, dataset, at).await?;
                }
                Ok::<_, Error>(id)
            })
        })
        .await
}

/// What was processed has been paid for, as the books show.
async fn pay(
    tx: &mut Tx,
    ctx: &Ctx,
    person: PersonId,
    org: &Org,
    id: ResourceId,
    dataset: &DatasetView,
    at: Timestamp,
) -> Result<()> {
    if !matches!(dataset.status, DatasetStatus::Processed | DatasetStatus::Processing | DatasetStatus::Queued) {
        return Ok(());
    }
    let licences = licence::list_of_account(tx, org.account.id, ctx.now()).await?;
    let Some(paying) = crate::domain::licence::governing(&licences, ctx.now()) else { return Ok(()) };
    let Some(model) = paying.model else { return Ok(()) };
    let entry = licence::NewEntry {
        id: crate::domain::id::EntryId(ctx.id()),
        licence: paying.id,
        kind: EntryKind::Spend,
        change: crate::domain::licence::price(model, dataset.images, crate::domain::licence::DEFAULT_MEGAPIXELS)
            .negated(),
        transfer: None,
        resource: Some(id),
        job: None,
        at,
    };
    if licence::append(tx, &entry).await? {
        let permit = operate(person, org.id, id);
        resource::update_status(tx, &permit, dataset.status, Some(paying.id), at).await?;
    }
    Ok(())
}

/// A folder of processed datasets, the newest `youngest` days old.
async fn flights(ctx: &Ctx, by: &Principal, org: &Org, folder: &str, number: i64, youngest: i64) -> Result<ResourceId> {
    let parent = container(ctx, by, org, org.account.root, Kind::Folder, folder).await?;
    for n in 1..=number {
        let at = ctx.now().plus_days(-(youngest + (number - n) * 3));
        let name = format!("Flight {n:02}, {}", at.day().words());
        let dataset = processed(60 + (n * 37) % 90, at);
        put(ctx, by, org, parent, Kind::Dataset, &name, Some(dataset), at).await?;
    }
    Ok(parent)
}

fn processed(images: i64, at: Timestamp) -> DatasetView {
    DatasetView {
        status: DatasetStatus::Processed,
        images,
        bytes: images * 8_400_000,
        cluster: "eu-central".to_owned(),
        captured_on: Some(at.day()),
        files: 0,
    }
}

/// The organization of the drawings: every kind, every status, direct and carried access, share links. The datasets whose photos are
/// there, and one that is queued.
async fn alpine_drive(
    ctx: &Ctx,
    by: &Principal,
    org: &Org,
    reader: &Principal,
    photo_width: u32,
) -> Result<(Vec<ResourceId>, ResourceId)> {
    let root = org.account.root;
    let tunnels = container(ctx, by, org, root, Kind::Folder, "Tunnels").await?;
    let gotthard = container(ctx, by, org, tunnels, Kind::Folder, "Gotthard").await?;
    let rail = container(ctx, by, org, gotthard, Kind::Folder, "Rail corridor 2026").await?;
    let quarries = container(ctx, by, org, gotthard, Kind::Folder, "Quarries").await?;
    let portal = container(ctx, by, org, gotthard, Kind::Site, "Gotthard North Portal").await?;
    let bridge = container(ctx, by, org, gotthard, Kind::Asset, "Bridge B-114").await?;
    for (folder, number, youngest) in [(rail, 12, 40), (quarries, 18, 35), (portal, 16, 5), (bridge, 6, 50)] {
        for n in 1..=number {
            let at = ctx.now().plus_days(-(youngest + (number - n) * 7));
            let name = format!("{}, {}", if folder == bridge { "Inspection" } else { "Flight" }, at.day().words());
            put(ctx, by, org, folder, Kind::Dataset, &name, Some(processed(40 + n * 11, at)), at).await?;
        }
    }
    let flown = portal_flights(ctx, by, org, portal, photo_width).await?;
    let mut queued = root;
    for (name, status, images, age) in [
        ("Spoil heap survey", DatasetStatus::Processing, 340, 0),
        ("Access road", DatasetStatus::Draft, 77, 2),
        ("Test grid", DatasetStatus::Failed, 18, 80),
        ("Ventilation shaft", DatasetStatus::Queued, 120, 1),
        ("Avalanche gallery", DatasetStatus::Draft, 55, 1),
    ] {
        let at = ctx.now().plus_days(-age);
        let dataset = DatasetView { status, ..processed(images, at) };
        let id = put(ctx, by, org, gotthard, Kind::Dataset, name, Some(dataset), at).await?;
        if status == DatasetStatus::Queued {
            queued = id;
        }
        if name == "Access road" {
            grant_to(ctx, by, org, id, Grantee::Person(reader.person), Level::Editor).await?;
        }
    }
    let archive = flights(ctx, by, org, "Archive", 25, 45).await?;
    grant_to(ctx, by, org, archive, Grantee::Person(reader.person), Level::Uploader).await?;
    flights(ctx, by, org, "Dams", 20, 32).await?;
    flights(ctx, by, org, "Landslides", 15, 12).await?;
    Ok((flown, queued))
}

/// The two flights whose photos are there (FILE-5), to be compared on the site that they are in (VIEW-6): rendered, and sent as everybody
/// sends files.
async fn portal_flights(ctx: &Ctx, by: &Principal, org: &Org, site: ResourceId, width: u32) -> Result<Vec<ResourceId>> {
    let flight = |week: u64, age: i64, planted: &'static [(u32, Planted)]| {
        let day = ctx.now().plus_days(-age).day();
        let begins = day.start().plus_millis(FLIGHT_BEGINS_MILLIS);
        (week, begins, Survey { width, seed: week, lines: 4, photos_in_line: 6, middle: PORTAL, begins, planted })
    };
    let flights =
        [flight(46, 3, &[(9, Planted::Blur), (16, Planted::NoPosition)]), flight(45, 10, &[(12, Planted::Dark)])];
    // Both at once: rendering is most of the work.
    let flown = flights.map(|(week, at, survey)| (week, at, tokio::task::spawn_blocking(move || survey.fly())));
    let mut datasets = Vec::new();
    for (week, at, shots) in flown {
        let shots = shots.await.map_err(|error| Error::Internal(error.to_string()))?;
        let shots = shots.map_err(|problem| Error::Internal(problem.to_string()))?;
        let empty = DatasetView { status: DatasetStatus::Draft, images: 0, bytes: 0, ..processed(0, at) };
        let name = format!("Portal flight, week {week}");
        let id = put(ctx, by, org, site, Kind::Dataset, &name, Some(empty), at).await?;
        send(ctx, by, id, shots).await?;
        share(ctx, by, org, id).await?;
        draw(ctx, by, org, id).await?;
        datasets.push(id);
    }
    Ok(datasets)
}

/// What is drawn on a flight (VIEW-3): the square of 100 m that is rendered into the ground, one of its sides, and its middle.
async fn draw(ctx: &Ctx, by: &Principal, org: &Org, dataset: ResourceId) -> Result<()> {
    let frame = Frame::around(PORTAL);
    let corners = [(-50.0, -50.0), (50.0, -50.0), (50.0, 50.0), (-50.0, 50.0)].map(|(east, north)| {
        let (latitude, longitude) = frame.degrees(Point::new(east, north));
        place_in_degrees(latitude, longitude).map_err(at_field("places"))
    });
    let corners = corners.into_iter().collect::<Result<Vec<Position>>>()?;
    let drawing = |kind, places: &[Position], name: &str, colour| {
        let annotation =
            Annotation { places: places.to_vec(), name: name.to_owned(), description: String::new(), colour };
        (kind, annotation)
    };
    let side: Vec<Position> = corners.iter().take(2).copied().collect();
    let drawings = [
        drawing(AnnotationKind::Area, &corners, "Test square", Colour::Yellow),
        drawing(AnnotationKind::Line, &side, "South side", Colour::Red),
        drawing(AnnotationKind::Point, &[PORTAL], "Middle of the survey", Colour::Blue),
    ];
    let permit = operate(by.person, org.id, dataset);
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                annotation::insert(tx, &permit, &drawings, ctx.now()).await?;
                Ok::<_, Error>(())
            })
        })
        .await
}

/// The middle of what is flown over.
const PORTAL: Position = Position { latitude: 46_662_400_000, longitude: 8_585_600_000 };
/// When flights begin, in milliseconds after midnight.
const FLIGHT_BEGINS_MILLIS: i64 = 10 * 3_600_000;

/// Sends photos to a dataset.
async fn send(ctx: &Ctx, by: &Principal, dataset: ResourceId, shots: Vec<Shot>) -> Result<()> {
    let planned = shots.iter().map(|shot| PlannedFileForm {
        path: format!("100MEDIA/{}", shot.name),
        bytes: i64::try_from(shot.jpeg.len()).unwrap_or(i64::MAX),
        modified: shot.taken.moment().map(Timestamp::rfc3339).unwrap_or_default(),
    });
    let form = PlanForm { files: planned.collect(), ..PlanForm::default() };
    let plan = usecase::upload::plan(ctx, by, &dataset.to_string(), &form).await?;
    for (file, shot) in plan.items.into_iter().zip(shots) {
        let upload =
            file.upload.ok_or_else(|| Error::Internal(format!("{} is not sent: {:?}", file.path, file.reason)))?;
        let body = stream::iter([Arriving::Chunk(shot.jpeg.into()), Arriving::End]);
        receive(ctx, &Sender::Person(by.clone()), &upload.id.to_string(), &ReceiveRequest::default(), body).await?;
    }
    Ok(())
}

async fn grant_to(
    ctx: &Ctx,
    by: &Principal,
    org: &Org,
    resource: ResourceId,
    grantee: Grantee,
    level: Level,
) -> Result<()> {
    let (person, organization, at, id) = (by.person, org.id, ctx.now(), GrantId(ctx.id()));
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let new = grant::NewGrant { id, resource, grantee, level, carried: false, at };
                grant::upsert(tx, &operate(person, organization, resource), &new).await?;
                Ok::<_, Error>(())
            })
        })
        .await
}

async fn share(ctx: &Ctx, by: &Principal, org: &Org, resource: ResourceId) -> Result<()> {
    let (person, organization, at, id) = (by.person, org.id, ctx.now(), LinkId(ctx.id()));
    let token_hash = digest(ctx.secret().share_token(id).as_bytes());
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let new = link::NewLink { id, token_hash: &token_hash, password_hash: None, expires_at: None, at };
                link::insert(tx, &operate(person, organization, resource), &new).await?;
                Ok::<_, Error>(())
            })
        })
        .await
}

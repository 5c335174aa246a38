//! An application over a fresh database, and a client for each person who uses it.
//!
//! Every test has a database of its own: a SQLite file in a temporary folder, or a PostgreSQL database that is created
//! and dropped. The clock stands still until a test moves it.

mod fake_node;
mod mail_server;
mod page_data;
mod person;
mod tcp_proxy;

pub use fake_node::{FakeNode, Quirks};
pub use mail_server::{Fault, MailServer, closed_port, delivery_to};
pub use person::{Answer, Org, Person, in_time, read, redacted};
pub use tcp_proxy::TcpProxy;

use std::{
    path::Path,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use axum::Router;
use commonhold::{
    domain::{
        access::Level,
        id::{GrantId, LicenceId, LinkId, OrganizationId, PersonId, ResourceId},
        permit::{found, operate},
        resource::DatasetStatus,
        role::Role,
        share_link::ShareLinkState,
        transfer::Grantee,
    },
    server::{
        config::Settings,
        context::{Clock, Ctx, digest},
        doctor,
        error::Error,
        files::{FileLimits, Files},
        limit::RateLimiter,
        password::Hasher,
        router,
        store::{Db, Synchronous, grant, link, membership, outbox, person as people, resource},
        usecase::{self, dataset::StatusSet, licence::operator::GrantForm},
    },
};
use leptos::config::{Env, LeptosOptions};

/// When every test begins: 21 November 2026.
pub const BEGINNING: i64 = 1_795_287_903_007;

/// How large a file may be in tests.
pub const MAX_FILE_BYTES: i64 = 200_000_000;

/// Everybody's password.
pub const PASSWORD: &str = "survey-the-alps-by-drone";

/// A test on both databases: `both!(name, async |app| { … });` makes the tests `name::sqlite` and `name::postgres`.
#[macro_export]
macro_rules! both {
    (@tests $test:expr) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn sqlite() {
            $crate::support::on_sqlite($test).await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn postgres() {
            $crate::support::on_postgres($test).await;
        }
    };
    ($name:ident, $test:expr) => {
        mod $name {
            use super::*;
            both!(@tests $test);
        }
    };
}

pub async fn on_sqlite(test: impl AsyncFn(&TestApp)) {
    let app = TestApp::sqlite().await;
    test(&app).await;
    app.finish().await;
}

/// Skipped where there is no PostgreSQL server.
pub async fn on_postgres(test: impl AsyncFn(&TestApp)) {
    match TestApp::postgres().await {
        Some(app) => {
            test(&app).await;
            app.finish().await;
        }
        None => eprintln!("skipped: COMMONHOLD_TEST_POSTGRES is not set"),
    }
}

/// The application. Cheap to clone.
#[derive(Clone)]
pub struct TestApp(Arc<Inner>);

struct Inner {
    ctx: Ctx,
    clock: Arc<AtomicI64>,
    clock_step: Arc<AtomicI64>,
    router: OnceLock<Router>,
    settings: Settings,
    people: AtomicU64,
    /// The folder of the SQLite file; removed with the application.
    folder: Option<tempfile::TempDir>,
    /// The folder of the objects.
    files: Arc<tempfile::TempDir>,
    /// The PostgreSQL database, and the server to drop it on.
    database: Mutex<Option<(String, String)>>,
}

/// A variable of the environment, unless it is empty.
#[expect(clippy::disallowed_methods, reason = "what scripts/with-postgres and people hand on")]
pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn postgres_url() -> Option<String> {
    setting("COMMONHOLD_TEST_POSTGRES")
}

/// How many rounds a randomized test plays: `COMMONHOLD_TEST_ROUNDS`, or the default that it names.
pub fn rounds(usual: usize) -> usize {
    setting("COMMONHOLD_TEST_ROUNDS")
        .map_or(usual, |rounds| rounds.parse().expect("COMMONHOLD_TEST_ROUNDS is a number"))
}

impl TestApp {
    pub async fn sqlite() -> Self {
        Self::sqlite_with(true).await
    }

    /// With or without limits on failed sign-ins.
    pub async fn sqlite_with(limits: bool) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let db = open_file(folder.path()).await;
        db.migrate().await.expect("migrations run");
        Self::over(db, limits, Some(folder), None)
    }

    /// `None` where there is no server.
    pub async fn postgres() -> Option<Self> {
        let server = postgres_url()?;
        let template = template(&server).await;
        Some(Self::over_postgres(server, &format!("TEMPLATE {template}"), false).await)
    }

    /// With options for `CREATE DATABASE`, for example a locale.
    pub async fn postgres_with(options: &str) -> Option<Self> {
        Some(Self::over_postgres(postgres_url()?, options, true).await)
    }

    async fn over_postgres(server: String, options: &str, migrate: bool) -> Self {
        let name = format!("it_{}", uuid::Uuid::from_u128(rand::random::<u128>()).simple());
        command(&server, format!("CREATE DATABASE {name} {options}")).await.expect("a database is created");
        let db = open_postgres(&server, &name).await;
        if migrate {
            db.migrate().await.expect("migrations run");
        }
        Self::over(db, true, None, Some((server, name)))
    }

    fn over(db: Db, limits: bool, folder: Option<tempfile::TempDir>, database: Option<(String, String)>) -> Self {
        let files = Arc::new(tempfile::tempdir().expect("a temporary folder"));
        Self::over_files(db, limits, folder, database, (files, FileLimits::default()))
    }

    fn over_files(
        db: Db,
        limits: bool,
        folder: Option<tempfile::TempDir>,
        database: Option<(String, String)>,
        (files, file_limits): (Arc<tempfile::TempDir>, FileLimits),
    ) -> Self {
        let (clock, clock_step) = (Arc::new(AtomicI64::new(BEGINNING)), Arc::new(AtomicI64::new(0)));
        let test_clock = Clock::Test { millis: clock.clone(), step: clock_step.clone() };
        let hasher = Hasher::quick().expect("quick parameters");
        let storage = Files::in_folder(files.path(), FileLimits { max_file_bytes: MAX_FILE_BYTES, ..file_limits });
        let ctx = Ctx::new(db, test_clock, hasher, RateLimiter::new(limits), "http://localhost:3000")
            .with_files(storage.expect("a folder for objects"));
        let settings = Settings {
            public_url: "http://localhost:3000".to_owned(),
            rate_limits: limits,
            inbox: true,
            trusted_proxies: Vec::new(),
        };
        Self(Arc::new(Inner {
            ctx,
            clock,
            clock_step,
            router: OnceLock::new(),
            settings,
            people: AtomicU64::new(0),
            folder,
            files,
            database: Mutex::new(database),
        }))
    }

    /// Another node over an existing database and the same storage. The first node drops it.
    pub async fn node(&self, url: &str) -> Self {
        let db = Db::open(url, Synchronous::Normal, false).await.expect("the database opens");
        Self::over_files(db, true, None, None, (self.0.files.clone(), FileLimits::default()))
    }

    /// A node over the same database and storage that waits so long for a sender. The first node drops them.
    pub fn patient(&self, patience: std::time::Duration) -> Self {
        let limits = FileLimits { patience, ..FileLimits::default() };
        Self::over_files(self.db().clone(), true, None, None, (self.0.files.clone(), limits))
    }

    /// A new application over another database of the same kind.
    pub async fn another(&self) -> Self {
        if self.db().is_sqlite() { Self::sqlite().await } else { Self::postgres().await.expect("it was there before") }
    }

    /// Closes the database, and drops it.
    pub async fn finish(&self) {
        in_time("closing the database", self.ctx().db().close()).await;
        let database = self.0.database.lock().expect("not poisoned").take();
        if let Some((server, name)) = database {
            command(&server, format!("DROP DATABASE {name} WITH (FORCE)")).await.expect("the database is dropped");
        }
    }

    pub fn ctx(&self) -> &Ctx {
        &self.0.ctx
    }

    pub fn db(&self) -> &Db {
        self.0.ctx.db()
    }

    pub fn folder(&self) -> &Path {
        self.0.folder.as_ref().expect("this is SQLite").path()
    }

    /// The URL of the PostgreSQL database, for a second node.
    pub fn database_url(&self) -> Option<String> {
        let database = self.0.database.lock().expect("not poisoned");
        database.as_ref().map(|(server, name)| {
            let (base, _) = server.rsplit_once('/').expect("the address names a database");
            format!("{base}/{name}")
        })
    }

    /// The folder of the objects.
    pub fn storage(&self) -> &Path {
        self.0.files.path()
    }

    /// Asserts that storage and database know the same objects.
    pub async fn storage_healthy(&self) {
        for finding in doctor::examine_files(self.ctx()).await.expect("the doctor comes") {
            assert_eq!(finding.broken, 0, "broken: {}", finding.invariant);
        }
    }

    pub fn router(&self) -> Router {
        self.0.router.get_or_init(|| router::router(&self.0.ctx, &self.0.settings, site())).clone()
    }

    /// Moves the clock by days.
    pub fn later(&self, days: i64) {
        self.0.clock.fetch_add(days * 86_400_000, Ordering::SeqCst);
    }

    /// From now on the clock moves by a millisecond with each reading, as it may while a request is answered.
    pub fn tick_with_each_reading(&self) {
        self.0.clock_step.store(1, Ordering::SeqCst);
    }

    /// Moves the clock by milliseconds.
    pub fn tick(&self, millis: i64) {
        self.0.clock.fetch_add(millis, Ordering::SeqCst);
    }

    /// Signs somebody up, whose address is not verified.
    pub async fn stranger(&self, first_name: &str) -> Person {
        let number = self.0.people.fetch_add(1, Ordering::SeqCst);
        let email = format!("{}.{number}@example.com", first_name.to_lowercase());
        Person::sign_up_unproved(self, first_name, "Muster", &email).await
    }

    /// Signs somebody up and verifies their address.
    pub async fn person(&self, first_name: &str) -> Person {
        let number = self.0.people.fetch_add(1, Ordering::SeqCst);
        let email = format!("{}.{number}@example.com", first_name.to_lowercase());
        Person::sign_up(self, first_name, "Muster", &email).await
    }

    pub fn nobody(&self) -> Person {
        Person::nobody(self)
    }

    /// Adds somebody to an organization, as an accepted invitation does.
    pub async fn join(&self, org: &Org, person: &Person, role: Role) {
        let (organization, id, now) = (org.id, person.id, self.ctx().now());
        self.db()
            .write(move |tx, _| {
                Box::pin(async move {
                    let permit = found(id, organization);
                    membership::insert(tx, &permit, id, role, now).await?;
                    Ok::<_, Error>(())
                })
            })
            .await
            .expect("a person joins");
    }

    /// The mail to an address, newest first: subject and text.
    pub async fn mail_to(&self, email: &str) -> Vec<(String, String)> {
        let mut tx = self.db().read().await.expect("the database answers");
        let mails = outbox::list_newest(&mut tx, 10_000).await.expect("the database answers");
        mails.into_iter().filter(|mail| mail.recipient == email).map(|mail| (mail.subject, mail.text)).collect()
    }

    /// The token in the newest link to `path` that was mailed to an address. Calls that answer after a fixed time write their mail
    /// in the background, so this waits for it.
    pub async fn token_in_mail(&self, email: &str, path: &str) -> String {
        let newest = async || {
            let mails = self.mail_to(email).await;
            mails.into_iter().map(|(_, text)| text).find(|text| text.contains(path))
        };
        let waiting = Box::pin(async {
            loop {
                match newest().await {
                    Some(text) => break text,
                    None => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                }
            }
        });
        let text = in_time("a mail with such a link", waiting).await;
        let after = text.split(path).nth(1).expect("a link");
        after.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect()
    }

    /// The token of the newest invitation of an address.
    pub async fn invitation_token(&self, email: &str) -> String {
        self.token_in_mail(email, "/invitations/").await
    }

    pub async fn verify(&self, person: &Person) {
        let id = person.id;
        self.db()
            .write(move |tx, _| Box::pin(async move { Ok::<_, Error>(people::update_verified(tx, id).await?) }))
            .await
            .expect("noted");
    }

    /// Gives somebody a level on a resource.
    pub async fn give(&self, resource: ResourceId, grantee: Grantee, level: Level, carried: bool) {
        let (id, now) = (GrantId(self.ctx().id()), self.ctx().now());
        self.db()
            .write(move |tx, _| {
                Box::pin(async move {
                    let node = resource::find(tx, resource).await?.expect("the resource exists");
                    let by = node.created_by.expect("somebody made it");
                    let permit = operate(by, node.organization, resource);
                    let new = grant::NewGrant { id, resource, grantee, level, carried, at: now };
                    grant::upsert(tx, &permit, &new).await?;
                    Ok::<_, Error>(())
                })
            })
            .await
            .expect("access is given");
    }

    /// Makes a share link to a resource.
    pub async fn share(&self, resource: ResourceId, token_hash: &'static str) {
        let (id, now) = (LinkId(self.ctx().id()), self.ctx().now());
        self.db()
            .write(move |tx, _| {
                Box::pin(async move {
                    let node = resource::find(tx, resource).await?.expect("the resource exists");
                    let permit = operate(node.created_by.expect("somebody made it"), node.organization, resource);
                    let new = link::NewLink { id, token_hash, password_hash: None, expires_at: None, at: now };
                    link::insert(tx, &permit, &new).await?;
                    Ok::<_, Error>(())
                })
            })
            .await
            .expect("a link is made");
    }

    /// The state of a share link.
    pub async fn link_state(&self, token_hash: &str) -> ShareLinkState {
        let mut tx = self.db().read().await.expect("the database answers");
        let found = link::find_by_token(&mut tx, token_hash).await.expect("the database answers");
        found.expect("the link is known").state
    }

    /// Grants a Cloud Pro licence by Images & Projects.
    pub async fn images_licence(&self, org: &Org, images: i64, projects: i64) -> LicenceId {
        self.licence(org, "cloud-pro", "images-projects", images, projects, 0).await
    }

    /// Grants a Cloud Teams licence: Members, and access to single items (LIC-4).
    pub async fn team_licence(&self, org: &Org) -> LicenceId {
        self.licence(org, "cloud-teams", "images-projects", 10_000, 100, 0).await
    }

    /// Grants a Cloud Pro licence by Credits.
    pub async fn credits_licence(&self, org: &Org, credits: i64) -> LicenceId {
        self.licence(org, "cloud-pro", "credits", 0, 0, credits).await
    }

    pub async fn licence(
        &self,
        org: &Org,
        product: &str,
        model: &str,
        images: i64,
        projects: i64,
        credits: i64,
    ) -> LicenceId {
        let form = GrantForm {
            org: org.org_id.clone(),
            product: product.to_owned(),
            model: Some(model.to_owned()),
            images,
            projects,
            credits,
            ..GrantForm::default()
        };
        usecase::licence::operator::grant(self.ctx(), &form).await.expect("a licence is granted")
    }

    /// Grants a desktop licence.
    pub async fn desktop_licence(&self, org: &Org, seats: i64) -> LicenceId {
        let form = GrantForm {
            org: org.org_id.clone(),
            product: "desktop".to_owned(),
            seats: Some(seats),
            ..GrantForm::default()
        };
        usecase::licence::operator::grant(self.ctx(), &form).await.expect("a licence is granted")
    }

    pub async fn expire(&self, licence: LicenceId) {
        usecase::licence::operator::expire(self.ctx(), licence).await.expect("a licence ends");
    }

    /// Sets the status of a dataset, as an engine does.
    pub async fn set_status(&self, dataset: ResourceId, status: DatasetStatus) -> StatusSet {
        usecase::dataset::set_status(self.ctx(), dataset, status).await.expect("a status is set")
    }

    /// What is left of a licence: images, projects, credits.
    pub async fn left(&self, licence: LicenceId) -> (i64, i64, i64) {
        let mut tx = self.db().read().await.expect("the database answers");
        let stored = commonhold::server::store::licence::find(&mut tx, licence).await.expect("the database answers");
        let left = stored.expect("the licence is known").licence.left;
        (left.images, left.projects, left.credits)
    }

    pub async fn stored(&self, id: ResourceId) -> resource::Resource {
        let mut tx = self.db().read().await.expect("the database answers");
        resource::find(&mut tx, id).await.expect("the database answers").expect("the resource is known")
    }

    /// Everything that went to the trash together with `top`, including it.
    pub async fn in_trash_of(&self, top: ResourceId) -> Vec<ResourceId> {
        let mut tx = self.db().read().await.expect("the database answers");
        let gone = tx.sql("SELECT id FROM resource WHERE trashed_with = $1").bind(top.0).all::<(uuid::Uuid,)>().await;
        gone.expect("the database answers").into_iter().map(|(id,)| ResourceId(id)).collect()
    }

    pub async fn role(&self, organization: OrganizationId, person: PersonId) -> Option<Role> {
        let mut tx = self.db().read().await.expect("the database answers");
        membership::find_role(&mut tx, organization, person).await.expect("the database answers")
    }

    pub async fn owners(&self, organization: OrganizationId) -> u64 {
        let mut tx = self.db().read().await.expect("the database answers");
        membership::count_owners(&mut tx, organization).await.expect("the database answers")
    }

    /// Asserts that every invariant of the doctor holds.
    pub async fn healthy(&self) {
        for finding in doctor::examine(self.ctx()).await.expect("the doctor comes") {
            assert_eq!(finding.broken, 0, "broken: {}", finding.invariant);
        }
    }

    /// The number that a query returns.
    pub async fn count(&self, sql: &'static str) -> i64 {
        let mut tx = self.db().read().await.expect("the database answers");
        tx.sql(sql).number().await.expect("a number")
    }

    /// The invariants that the doctor finds broken after these statements, which are rolled back.
    pub async fn broken_by(&self, statements: &'static [&'static str]) -> Vec<String> {
        use commonhold::server::store::{DbError, Tx, doctor::INVARIANTS, naming};
        async fn look(tx: &mut Tx, statements: &[&'static str]) -> Result<Vec<String>, DbError> {
            let mut found = Vec::new();
            for statement in statements {
                assert!(tx.sql(statement).execute().await? > 0, "nothing is broken by {statement}");
            }
            for invariant in INVARIANTS {
                if invariant.count(tx).await? > 0 {
                    found.push(invariant.name.to_owned());
                }
            }
            if naming::count_wrong(tx).await? > 0 {
                found.push(naming::INVARIANT.to_owned());
            }
            Ok(found)
        }
        let found = Arc::new(Mutex::new(Vec::new()));
        let told = found.clone();
        let undone: Result<(), Error> = self
            .db()
            .write(move |tx, _| {
                let told = told.clone();
                Box::pin(async move {
                    *told.lock().expect("not poisoned") = look(tx, statements).await?;
                    Err(Error::Internal("what was broken is not kept".to_owned()))
                })
            })
            .await;
        assert!(matches!(undone, Err(Error::Internal(_))), "{undone:?}");
        found.lock().expect("not poisoned").clone()
    }

    /// Runs a statement that no use case would.
    pub async fn corrupt(&self, sql: &'static str) {
        self.db()
            .write(move |tx, _| Box::pin(async move { Ok::<_, Error>(tx.sql(sql).execute().await?) }))
            .await
            .expect("the statement runs");
    }
}

pub async fn open_file(folder: &Path) -> Db {
    let url = format!("sqlite://{}", folder.join("it.db").display());
    Db::open(&url, Synchronous::Normal, true).await.expect("the file opens")
}

async fn open_postgres(server: &str, name: &str) -> Db {
    let (base, _) = server.rsplit_once('/').expect("the address names a database");
    Db::open(&format!("{base}/{name}"), Synchronous::Normal, true).await.expect("the database opens")
}

/// A migrated database to copy, made by the first test that needs it. Its name has a digest of the migrations.
async fn template(server: &str) -> String {
    use sqlx::{ConnectOptions, Connection, Executor};
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = std::fs::read_dir(root.join("migrations"))
        .expect("migrations")
        .map(|entry| entry.expect("an entry").path())
        .chain([root.join("src/server/store/db.rs")])
        .collect();
    files.sort();
    let text: String = files.iter().map(|file| std::fs::read_to_string(file).expect("a file")).collect();
    let name = format!("it_template_{}", &digest(text.as_bytes())[..16]);
    let options: sqlx_postgres::PgConnectOptions = server.parse().expect("an address");
    let mut connection = options.connect().await.expect("the server answers");
    // The lock is held until the connection closes.
    connection.execute("SELECT pg_advisory_lock(4711)").await.expect("a lock");
    let known: Option<(i32,)> = sqlx::query_as("SELECT 1 FROM pg_database WHERE datname = $1")
        .bind(&name)
        .fetch_optional(&mut connection)
        .await
        .expect("an answer");
    if known.is_none() {
        let unfinished = format!("{name}_unfinished");
        command(server, format!("DROP DATABASE IF EXISTS {unfinished}")).await.expect("an earlier try is dropped");
        command(server, format!("CREATE DATABASE {unfinished}")).await.expect("a database is created");
        let db = open_postgres(server, &unfinished).await;
        db.migrate().await.expect("migrations run");
        db.close().await;
        command(server, format!("ALTER DATABASE {unfinished} RENAME TO {name}")).await.expect("it is finished");
    }
    connection.close().await.expect("the lock is given back");
    name
}

pub fn site() -> LeptosOptions {
    LeptosOptions::builder()
        .output_name("commonhold")
        .site_root("target/site")
        .site_pkg_dir("pkg")
        .env(Env::PROD)
        .hash_files(false)
        .build()
}

/// Runs a statement outside of any test database.
async fn command(server: &str, sql: String) -> Result<(), sqlx::Error> {
    use sqlx::{ConnectOptions, Connection, Executor};
    let options: sqlx_postgres::PgConnectOptions = server.parse()?;
    let mut connection = options.connect().await?;
    connection.execute(sqlx::SqlSafeStr::into_sql_str(sqlx::AssertSqlSafe(sql))).await?;
    connection.close().await
}

/// Runs all of them at the same moment, each in its own task, and returns their answers in order.
pub async fn at_once<T: Send + 'static>(tasks: Vec<impl Future<Output = T> + Send + 'static>) -> Vec<T> {
    let barrier = Arc::new(tokio::sync::Barrier::new(tasks.len()));
    let running: Vec<_> = tasks
        .into_iter()
        .map(|task| {
            let barrier = barrier.clone();
            tokio::spawn(async move {
                barrier.wait().await;
                task.await
            })
        })
        .collect();
    let mut answers = Vec::with_capacity(running.len());
    for task in running {
        answers.push(task.await.expect("a task ends well"));
    }
    answers
}

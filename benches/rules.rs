//! What the rules and the hot queries cost: the plan of a transfer, and a page, a way up and a count of a Drive with
//! 1,000 and with 1,000,000 resources. Flat is right: a page must not cost more in a larger Drive.
//!
//! The big database is made once and kept in `target/bench`.

#![expect(clippy::expect_used, reason = "a bench that cannot go on says why and stops")]

use std::{collections::BTreeSet, hint::black_box, path::Path, time::Duration};

use commonhold::{
    domain::{
        access::Level,
        id::{LicenceId, OrganizationId, PersonId, ResourceId},
        licence::{Amount, Licence, Model, Product},
        resource::Kind,
        role::Role,
        time::Timestamp,
        transfer::{Contents, Destination, Facts, Item, Side, Truncated, plan},
    },
    server::{
        context::{Clock, Ctx, Principal},
        generate::{Amounts, generate},
        limit::RateLimiter,
        password::Hasher,
        store::{self, Db, Synchronous, Tx},
        usecase::drive::list as drive,
    },
};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use uuid::Uuid;

fn id(n: u64) -> Uuid {
    Uuid::from_u64_pair(7, n)
}

fn side(n: u64) -> Side {
    Side {
        organization: OrganizationId(id(n)),
        name: "Alpine Survey".to_owned(),
        role: Some(Role::Owner),
        billable: true,
        invitation_pending: false,
        licence: Some(Licence {
            id: LicenceId(id(n)),
            product: Product::CloudPro,
            model: Some(Model::ImagesProjects),
            active_from: Timestamp(0),
            active_until: None,
            trial: false,
            granted: Amount { images: 10_000_000, projects: 100_000, credits: 0 },
            left: Amount { images: 10_000_000, projects: 100_000, credits: 0 },
        }),
        storage_left: None,
    }
}

fn facts(items: u64) -> Facts {
    Facts {
        person: PersonId(id(1)),
        now: Timestamp(1_795_000_000_000),
        source: side(1),
        target: side(2),
        destination: Destination {
            id: ResourceId(id(10)),
            name: "Handover".to_owned(),
            kind: Kind::Folder,
            level: Some(Level::Manager),
            depth: 1,
            self_and_ancestors: vec![ResourceId(id(10)), ResourceId(id(11))],
            taken: BTreeSet::new(),
            grants: Vec::new(),
        },
        items: (0..items)
            .map(|n| Item {
                id: ResourceId(id(1_000 + n)),
                name: format!("Flight {n}"),
                kind: Kind::Dataset,
                parent: ResourceId(id(20)),
                parent_kind: Kind::Folder,
                ancestors: vec![ResourceId(id(20)), ResourceId(id(21))],
                restricted_by: Vec::new(),
                level: Level::Manager,
                height: 0,
                grants: Vec::new(),
                above: Vec::new(),
                contents: Contents { datasets: 1, images: 100, ..Contents::default() },
            })
            .collect(),
        people_with_access: Truncated::default(),
    }
}

fn rules(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plan of a transfer");
    for items in [10, 10_000] {
        let facts = facts(items);
        group.bench_function(BenchmarkId::from_parameter(items), |bench| bench.iter(|| plan(black_box(&facts))));
    }
    group.finish();
}

/// A database with so many resources, created once, and one of its folders of a hundred.
async fn database(resources: u64) -> (Ctx, Principal, ResourceId) {
    let folder = Path::new("target/bench");
    std::fs::create_dir_all(folder).expect("target/bench can be made");
    let (file, half) = (folder.join(format!("{resources}.db")), folder.join(format!("{resources}-half.db")));
    let open = async |file: &Path| {
        Db::open(&format!("sqlite://{}", file.display()), Synchronous::Normal, true).await.expect("the database opens")
    };
    let around = |db| {
        Ctx::new(
            db,
            Clock::System,
            Hasher::quick().expect("a hasher"),
            RateLimiter::new(false),
            "http://localhost:3000",
        )
    };
    // An existing one may be from an older program. An unfinished one has another name.
    let usable = file.exists() && {
        let db = open(&file).await;
        let migrated = db.migrate().await.is_ok();
        db.close().await;
        migrated
    };
    if !usable {
        for left in [&file, &half] {
            for ending in ["", "-wal", "-shm"] {
                // Most of them are not there.
                let _ = std::fs::remove_file(format!("{}{ending}", left.display()));
            }
        }
        let db = open(&half).await;
        db.migrate().await.expect("the database migrates");
        let amounts = Amounts { org: None, orgs: 1, people: 0, resources, processed: true, flat: false };
        generate(&around(db.clone()), &amounts).await.expect("data is generated");
        db.close().await;
        std::fs::rename(&half, &file).expect("a database is given its name");
    }
    let ctx = around(open(&file).await);
    let mut tx = ctx.db().read().await.expect("a reader");
    let (person, folder) = first_folder(&mut tx).await;
    let by = Principal {
        person,
        name: "Owner".to_owned(),
        email_key: String::new(),
        address: None,
        session: None,
        key: None,
    };
    (ctx.clone(), by, folder)
}

async fn first_folder(tx: &mut Tx) -> (PersonId, ResourceId) {
    let row: (Uuid, Uuid) = tx
        .sql("SELECT created_by, id FROM resource WHERE kind = 'folder' AND name = 'Folder 000001' LIMIT 1")
        .one()
        .await
        .expect("a generated folder");
    (PersonId(row.0), ResourceId(row.1))
}

fn queries(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let mut group = criterion.benchmark_group("queries");
    group.measurement_time(Duration::from_secs(4)).sample_size(30);
    for resources in [1_000_u64, 1_000_000] {
        let (ctx, by, folder) = runtime.block_on(database(resources));
        group.bench_function(BenchmarkId::new("a page of 100 children, authorized", resources), |bench| {
            bench.to_async(&runtime).iter(|| async {
                let query = drive::ListQuery { limit: Some(100), ..drive::ListQuery::default() };
                drive::children(&ctx, &by, &folder.to_string(), &query).await.expect("a page")
            });
        });
        group.bench_function(BenchmarkId::new("the way up", resources), |bench| {
            bench.to_async(&runtime).iter(|| async {
                let mut tx = ctx.db().read().await.expect("a reader");
                store::resource::list_ancestors(&mut tx, by.person, &[folder]).await.expect("a way up")
            });
        });
        group.bench_function(BenchmarkId::new("what is in a folder of 100, counted", resources), |bench| {
            bench.to_async(&runtime).iter(|| async {
                let mut tx = ctx.db().read().await.expect("a reader");
                let now = ctx.now();
                store::subtree::load(&mut tx, &[folder], Some(now), now).await.expect("counts")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, rules, queries);
criterion_main!(benches);

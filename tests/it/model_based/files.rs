//! Random histories of files against a small model: uploads, cuts, leaving out, copies, the trash, deleting for good, transfers, photos being
//! opened, jobs that cost, faults in the middle of a write. After every step the lists and the bytes are those of the model, each image is
//! paid for once, the doctor finds nothing, and storage has the objects that the database knows, and no other.
//!
//! `COMMONHOLD_TEST_ROUNDS` says how many; `COMMONHOLD_TEST_SEED` repeats one.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::{Body, Bytes};
use commonhold::{
    domain::{
        id::{LicenceId, ResourceId},
        resource::DatasetStatus,
    },
    server::{
        context::Principal,
        store::fault::{Fault, striking},
        usecase::{
            self,
            upload::{
                Sender,
                receive::{Arriving, ReceiveRequest, receive},
            },
        },
        workers::{photos, sweep},
    },
};
use futures::{TryStreamExt, stream};
use serde_json::json;

use super::generator::Generator;
use crate::{
    both,
    flow::{
        apps::{authorize, published},
        engines::Engine,
        jobs::{cancel, started},
    },
    support::{Org, Person, TestApp, read, rounds, setting},
};

const STEPS: usize = 45;
/// Images and projects that an organization begins with.
const LEFT: (i64, i64) = (100_000, 1_000);

/// A photo of a few pixels.
fn tiny_photo(shade: u8) -> Vec<u8> {
    let (mut bytes, pixels) = (Vec::new(), [shade * 80; 3 * 64]);
    let mut encoder = image::codecs::jpeg::JpegEncoder::new(&mut bytes);
    encoder.encode(&pixels, 8, 8, image::ExtendedColorType::Rgb8).expect("encoded");
    bytes
}

/// A photo as the model knows it.
#[derive(Clone, Debug)]
struct Photo {
    bytes: Vec<u8>,
    left_out: bool,
}

/// A dataset as the model knows it.
#[derive(Clone, Debug, Default)]
struct Dataset {
    files: BTreeMap<String, Photo>,
    trashed: bool,
    /// In which of the two organizations.
    org: usize,
    /// The images that were paid for, by their bytes; `None` as long as nobody has paid.
    paid: Option<BTreeSet<Vec<u8>>>,
    /// How many images were ever charged: what a transfer gives back.
    charged: i64,
}

impl Dataset {
    fn images(&self) -> impl Iterator<Item = &Photo> {
        self.files.values().filter(|photo| !photo.left_out)
    }

    /// The images and projects that processing it costs now (LIC-2).
    fn price(&self) -> (i64, i64) {
        let is_paid = |photo: &&Photo| self.paid.as_ref().is_some_and(|paid| paid.contains(&photo.bytes));
        let unpaid = self.images().filter(|photo| !is_paid(photo)).count();
        (i64::try_from(unpaid).expect("few"), i64::from(self.paid.is_none()))
    }

    fn pay(&mut self) {
        self.charged += self.price().0;
        let images: Vec<Vec<u8>> = self.images().map(|photo| photo.bytes.clone()).collect();
        self.paid.get_or_insert_default().extend(images);
    }
}

/// An upload that is under way.
#[derive(Clone, Debug)]
struct UnderWay {
    dataset: ResourceId,
    path: String,
    bytes: Vec<u8>,
    sent: usize,
    url: String,
}

struct World<'a> {
    app: &'a TestApp,
    anna: Person,
    orgs: [Org; 2],
    licences: [LicenceId; 2],
    /// Images and projects that each has left.
    left: [(i64, i64); 2],
    /// An app that costs, for both, and an engine for it.
    app_slug: String,
    engine: Engine,
    datasets: BTreeMap<ResourceId, Dataset>,
    under_way: Vec<UnderWay>,
    /// Files that were deleted and may be brought back.
    deleted: Vec<Deleted>,
    made: usize,
    days: i64,
}

/// A file that was deleted.
#[derive(Clone, Debug)]
struct Deleted {
    token: String,
    dataset: ResourceId,
    org: usize,
    path: String,
    photo: Photo,
    day: i64,
}

impl<'a> World<'a> {
    async fn new(app: &'a TestApp, seed: u64) -> Self {
        let anna = app.person("Anna").await;
        let (mut orgs, mut licences) = (Vec::new(), Vec::new());
        for name in ["North", "South"] {
            let org = anna.create_org(&format!("{name} {seed}")).await;
            licences.push(app.images_licence(&org, LEFT.0, LEFT.1).await);
            orgs.push(org);
        }
        let [north, south] = <[Org; 2]>::try_from(orgs).expect("two");
        let app_slug = format!("ortho-{seed}");
        published(&anna, &north, &app_slug, "processing", true).await;
        authorize(&anna, &app_slug, &south.org_id).await;
        let engine = Engine::new(app, &anna, &north, "Farm", &["engine"]).await;
        Self {
            app,
            anna,
            orgs: [north, south],
            licences: <[LicenceId; 2]>::try_from(licences).expect("two"),
            left: [LEFT; 2],
            app_slug,
            engine,
            datasets: BTreeMap::new(),
            under_way: Vec::new(),
            deleted: Vec::new(),
            made: 0,
            days: 0,
        }
    }

    fn any(&self, random: &mut Generator, wanted: impl Fn(&Dataset) -> bool) -> Option<ResourceId> {
        let fitting: Vec<ResourceId> =
            self.datasets.iter().filter(|(_, dataset)| wanted(dataset)).map(|(id, _)| *id).collect();
        (!fitting.is_empty()).then(|| fitting[random.below(fitting.len())])
    }

    fn principal(&self) -> Principal {
        Principal {
            person: self.anna.id,
            name: self.anna.name.clone(),
            email_key: String::new(),
            address: None,
            session: None,
            key: None,
        }
    }

    async fn create(&mut self, org: usize) -> ResourceId {
        self.made += 1;
        let id = self.anna.dataset(self.orgs[org].root, &format!("Flight {}", self.made), 0).await;
        self.datasets.insert(id, Dataset { org, ..Dataset::default() });
        id
    }

    /// Plans a file that is not there, of bytes that may be there already.
    async fn plan(&mut self, random: &mut Generator, dataset: ResourceId) {
        let path = format!("{}/DJI_{}.JPG", random.below(2), random.below(6));
        let shade = u8::try_from(random.below(3)).expect("small");
        // Photos that can be opened, and files that only begin like one.
        let mut bytes = if random.chance(50) { tiny_photo(shade) } else { vec![0xFF, 0xD8, 0xFF] };
        bytes.resize(bytes.len() + random.below(4) * 700, shade);
        let taken = self.datasets[&dataset].files.contains_key(&path);
        let again = self.under_way.iter().any(|one| one.dataset == dataset && one.path == path);
        if taken || again {
            return;
        }
        let file = json!({ "path": path, "bytes": bytes.len() });
        let planned = self.anna.post(&format!("/api/v1/datasets/{dataset}/uploads"), &json!({ "files": [file] })).await;
        let planned = planned.expect(200).json();
        let url = planned["items"][0]["upload"]["url"].as_str().unwrap_or_else(|| panic!("{planned}")).to_owned();
        self.under_way.push(UnderWay { dataset, path, bytes, sent: 0, url });
    }

    /// Sends the next bytes of an upload: all that is missing or some, through a connection that may break, with a fault or without.
    async fn send(&mut self, random: &mut Generator) {
        if self.under_way.is_empty() {
            return;
        }
        let number = random.below(self.under_way.len());
        let upload = self.under_way[number].clone();
        let dataset = self.datasets[&upload.dataset].clone();
        let left = upload.bytes.len() - upload.sent;
        let now = if random.chance(50) { left } else { random.below(left + 1) };
        let part = upload.bytes[upload.sent..upload.sent + now].to_vec();
        let received = if random.chance(25) {
            // One statement of a write fails, or another transaction is in its way.
            let statement = u32::try_from(random.below(20)).expect("small");
            let fault = if random.chance(50) { Fault::Contended } else { Fault::Gone };
            let id = upload.url.rsplit('/').next().expect("an id");
            let offset = i64::try_from(upload.sent).expect("small");
            let request = ReceiveRequest { offset, ..ReceiveRequest::default() };
            let body = stream::iter([Arriving::Chunk(Bytes::from(part)), Arriving::End]);
            let (ctx, by) = (self.app.ctx(), Sender::Person(self.principal()));
            striking(statement, fault, receive(ctx, &by, id, &request, body)).await.0.is_ok()
        } else {
            let body = if random.chance(25) {
                Body::from_stream(stream::iter([Ok(Bytes::from(part)), Err(std::io::Error::other("cut"))]))
            } else {
                Body::from(part)
            };
            self.anna.send_bytes(&upload.url, upload.sent, body).await.status == 204
        };
        assert!(!(received && dataset.trashed), "nothing is added here");
        if dataset.trashed {
            return;
        }
        // Whatever came of it, the upload says how far it is.
        let known = self.anna.call(axum::http::Method::HEAD, &upload.url, None, &[]).await.expect(200);
        let offset: usize = known.header("upload-offset").parse().expect("a number");
        assert!(offset == upload.sent || offset == upload.sent + now, "{offset} of {upload:?}");
        if received {
            assert_eq!(offset, upload.sent + now);
        }
        self.under_way[number].sent = offset;
        let listed = self.listed(upload.dataset).await;
        if listed.contains_key(&upload.path) {
            assert_eq!(offset, upload.bytes.len(), "a file is complete");
            let done = self.under_way.remove(number);
            self.datasets
                .get_mut(&done.dataset)
                .expect("known")
                .files
                .insert(done.path, Photo { bytes: done.bytes, left_out: false });
        }
    }

    /// The files of a dataset: their paths, numbers and sizes.
    async fn listed(&self, dataset: ResourceId) -> BTreeMap<String, (i64, usize)> {
        let answer = self.anna.get(&format!("/api/v1/datasets/{dataset}/files?limit=200")).await.expect(200).json();
        let items = answer["items"].as_array().cloned().unwrap_or_default();
        let size = |file: &serde_json::Value| usize::try_from(file["bytes"].as_i64().expect("a size")).expect("a size");
        items
            .iter()
            .map(|file| {
                let path = file["path"].as_str().expect("a path").to_owned();
                (path, (file["number"].as_i64().expect("a number"), size(file)))
            })
            .collect()
    }

    /// Takes a deletion back, once, as far as nothing is in the way.
    async fn bring_back(&mut self, random: &mut Generator) {
        if self.deleted.is_empty() {
            return;
        }
        let number = random.below(self.deleted.len());
        let deleted = self.deleted[number].clone();
        let undone = self.anna.post("/api/v1/undo", &json!({ "token": deleted.token })).await;
        let dataset = self.datasets.get_mut(&deleted.dataset);
        let open =
            dataset.filter(|now| !now.trashed && now.org == deleted.org && !now.files.contains_key(&deleted.path));
        match (undone.status, open) {
            (200, Some(now)) => {
                now.files.insert(deleted.path, deleted.photo);
                self.deleted.remove(number);
            }
            (200, None) => panic!("{deleted:?} came back"),
            (_, Some(_)) => assert!(self.days > deleted.day, "{deleted:?}: {}", undone.body),
            (_, None) => {}
        }
    }

    /// Leaves a photo out, or takes it in again.
    async fn leave_out(&mut self, random: &mut Generator) {
        let Some(dataset) = self.any(random, |dataset| !dataset.trashed && !dataset.files.is_empty()) else { return };
        let known = &self.datasets[&dataset];
        let path = known.files.keys().nth(random.below(known.files.len())).expect("a path").clone();
        let number = self.listed(dataset).await[&path].0;
        let photo = self.datasets.get_mut(&dataset).expect("known").files.get_mut(&path).expect("known");
        photo.left_out = !photo.left_out;
        let at = format!("/api/v1/datasets/{dataset}/files/{number}");
        self.anna.patch(&at, &json!({ "left_out": photo.left_out })).await.expect(200);
    }

    /// Processes a dataset: to the end, or in vain, and then everything is given back.
    async fn process(&mut self, random: &mut Generator) {
        let Some(dataset) = self.any(random, |dataset| !dataset.trashed && dataset.images().count() > 0) else {
            return;
        };
        let (job, state) = started(&self.anna, dataset, &self.app_slug).await;
        assert_eq!(state, "queued");
        let known = self.datasets.get_mut(&dataset).expect("known");
        let (images, projects) = known.price();
        let shown = self.anna.get(&format!("/api/v1/jobs/{job}")).await.expect(200).json();
        let price = (&shown["price"]["images"], &shown["price"]["projects"]);
        assert_eq!(price, (&json!(images), &json!(projects)), "{known:?}");
        if random.chance(60) {
            self.engine.claim(&self.app_slug).await.expect("a job").complete().await.expect(200);
            known.pay();
            change(&mut self.left[known.org], -images, -projects);
        } else {
            cancel(&self.anna, &job).await.expect(200);
        }
    }

    async fn step(&mut self, random: &mut Generator) {
        match random.below(100) {
            0..8 => {
                let org = random.below(2);
                self.create(org).await;
            }
            8..32 => {
                if let Some(dataset) = self.any(random, |dataset| !dataset.trashed) {
                    self.plan(random, dataset).await;
                }
            }
            32..54 => self.send(random).await,
            54..57 => self.leave_out(random).await,
            57..63 => self.process(random).await,
            63..68 => {
                // A copy has the files, and nothing of what is under way.
                if let Some(original) = self.any(random, |dataset| !dataset.trashed) {
                    let of = self.datasets[&original].clone();
                    let copied = self.anna.copy(original, self.orgs[of.org].root).await.expect(201).json();
                    // Nobody has paid for it.
                    self.datasets.insert(read(&copied["id"]), Dataset { paid: None, charged: 0, ..of });
                }
            }
            68..74 => {
                if let Some(dataset) = self.any(random, |dataset| !dataset.trashed) {
                    self.anna.trash(dataset).await.expect(204);
                    self.datasets.get_mut(&dataset).expect("known").trashed = true;
                }
            }
            74..80 => {
                if let Some(dataset) = self.any(random, |dataset| dataset.trashed) {
                    self.anna.restore(dataset).await.expect(200);
                    self.datasets.get_mut(&dataset).expect("known").trashed = false;
                }
            }
            80..84 => {
                if let Some(dataset) = self.any(random, |dataset| dataset.trashed) {
                    self.anna.delete_for_good(dataset).await.expect(204);
                    self.datasets.remove(&dataset);
                    self.under_way.retain(|one| one.dataset != dataset);
                }
            }
            84..87 => self.bring_back(random).await,
            87..90 => {
                if let Some(dataset) = self.any(random, |dataset| !dataset.trashed && !dataset.files.is_empty()) {
                    let known = self.datasets[&dataset].clone();
                    let path = known.files.keys().nth(random.below(known.files.len())).expect("a path").clone();
                    let number = self.listed(dataset).await[&path].0;
                    let deleted = self.anna.delete(&format!("/api/v1/datasets/{dataset}/files/{number}")).await;
                    let token = deleted.expect(204).header("undo-token").to_owned();
                    let photo = self.datasets.get_mut(&dataset).expect("known").files.remove(&path).expect("known");
                    self.deleted.push(Deleted { token, dataset, org: known.org, path, photo, day: self.days });
                }
            }
            90..93 => {
                // A transfer takes what is processed, and touches no byte.
                if let Some(dataset) = self.any(random, |dataset| !dataset.trashed) {
                    self.app.set_status(dataset, DatasetStatus::Processed).await;
                    let known = self.datasets.get_mut(&dataset).expect("known");
                    if known.paid.is_none() {
                        let (images, projects) = known.price();
                        known.pay();
                        change(&mut self.left[known.org], -images, -projects);
                    }
                    change(&mut self.left[known.org], known.charged, 1);
                    known.org = 1 - known.org;
                    change(&mut self.left[known.org], -known.charged, -1);
                    self.anna.transfer(&[dataset], self.orgs[known.org].root).await.expect(201);
                }
            }
            93..95 => {
                // Photos are opened, and sometimes a statement fails meanwhile.
                let opening = photos::run_due(self.app.ctx());
                if random.chance(50) {
                    opening.await.expect("photos are opened");
                } else {
                    let fault = if random.chance(50) { Fault::Contended } else { Fault::Gone };
                    let statement = u32::try_from(random.below(30)).expect("small");
                    // What did not succeed is claimed still, and is done again later.
                    let _ = striking(statement, fault, opening).await.0;
                }
            }
            95..97 => {
                if !self.under_way.is_empty() {
                    let number = random.below(self.under_way.len());
                    let upload = self.under_way[number].clone();
                    let answer = self.anna.delete(&upload.url).await;
                    if self.datasets[&upload.dataset].trashed {
                        answer.expect(404);
                    } else {
                        answer.expect(204);
                        self.under_way.remove(number);
                    }
                }
            }
            _ => {
                if self.days < 6 {
                    self.days += 1;
                    self.app.later(1);
                    // The token of the engine has ended by now.
                    let name = format!("Farm on day {}", self.days);
                    self.engine = Engine::new(self.app, &self.anna, &self.orgs[0], &name, &["engine"]).await;
                    // What was only planned reserves its room for a day.
                    self.under_way.retain(|upload| upload.sent > 0);
                }
                sweep::run_due(self.app.ctx()).await.expect("the sweeper runs");
            }
        }
    }

    /// Everything is as the model says.
    async fn compare(&self) {
        self.app.healthy().await;
        self.app.storage_healthy().await;
        for (id, dataset) in self.datasets.iter().filter(|(_, dataset)| !dataset.trashed) {
            let listed = self.listed(*id).await;
            let sizes: BTreeMap<String, usize> = listed.iter().map(|(path, (_, size))| (path.clone(), *size)).collect();
            let expected: BTreeMap<String, usize> =
                dataset.files.iter().map(|(path, photo)| (path.clone(), photo.bytes.len())).collect();
            assert_eq!(sizes, expected, "{id}");
        }
        for (licence, expected) in self.licences.iter().zip(self.left) {
            let (images, projects, _) = self.app.left(*licence).await;
            assert_eq!((images, projects), expected, "what is left");
        }
    }

    /// The bytes of every file, read from storage.
    async fn read_all(&self) {
        for (id, dataset) in self.datasets.iter().filter(|(_, dataset)| !dataset.trashed) {
            for (path, (number, _)) in self.listed(*id).await {
                let (ctx, by) = (self.app.ctx(), self.principal());
                let content = usecase::file::content(ctx, &by, &id.to_string(), &number.to_string()).await;
                let content = content.expect("it may be taken");
                let stream = content.read(ctx, 0..content.file.bytes).await.expect("it is read");
                let bytes: Vec<u8> = stream
                    .try_fold(Vec::new(), |all, chunk| async move { Ok([&all[..], &chunk].concat()) })
                    .await
                    .expect("it is read");
                assert_eq!(Some(&bytes), dataset.files.get(&path).map(|photo| &photo.bytes), "{path}");
            }
        }
    }
}

fn change(left: &mut (i64, i64), images: i64, projects: i64) {
    *left = (left.0 + images, left.1 + projects);
}

async fn play(app: &TestApp, seed: u64) {
    let mut random = Generator::new(seed);
    let mut world = World::new(app, seed).await;
    world.create(0).await;
    for step in 0..STEPS {
        eprintln!("history {seed}, step {step}");
        world.step(&mut random).await;
        world.compare().await;
    }
    world.read_all().await;
    // At the end everything is deleted for good, and a day later nothing is left.
    for (id, dataset) in std::mem::take(&mut world.datasets) {
        if !dataset.trashed {
            world.anna.trash(id).await.expect(204);
        }
        world.anna.delete_for_good(id).await.expect(204);
    }
    sweep::run_due(app.ctx()).await.expect("the sweeper runs");
    app.later(2);
    sweep::run_due(app.ctx()).await.expect("the sweeper runs");
    app.healthy().await;
    let left: Vec<_> = app.ctx().files().expect("storage").list().try_collect().await.expect("a list");
    assert_eq!(left, []);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM blob").await, 0);
}

both!(file_6_random_histories_of_files_lose_nothing_and_leave_nothing, async |app| {
    match setting("COMMONHOLD_TEST_SEED") {
        Some(seed) => play(app, seed.parse().expect("COMMONHOLD_TEST_SEED is a number")).await,
        None => {
            for seed in 0..rounds(6) {
                play(app, u64::try_from(seed).expect("small")).await;
            }
        }
    }
});

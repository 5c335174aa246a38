//! Random histories, played on the model and on the server, and compared after every step.
//!
//! `COMMONHOLD_TEST_ROUNDS` says how many (few by default); `COMMONHOLD_TEST_SEED` plays one again. A history that goes
//! wrong is made shorter as long as it still does, and printed.

use commonhold::{
    domain::licence::{Model, Product},
    server::store::fault::{Fault, striking},
};

use super::{
    generator::Dice,
    model::{Act, Answer, Label, ORGS, PEOPLE, World},
    server::{Came, Server},
};
use crate::{
    both,
    support::{Person, TestApp, at_once, rounds, setting},
};

/// How many steps a history has.
const STEPS: u32 = 40;
/// How many histories are played over one database.
const OVER_ONE_DATABASE: usize = 25;

/// How long a shorter history is looked for.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(45);

/// A step of a history.
#[derive(Clone, PartialEq, Debug)]
enum Step {
    One(Act),
    /// Several at the same moment, in whatever order.
    AtOnce(Vec<Act>),
    /// One, whose writes are struck at this statement.
    Struck(Act, u32, bool),
}

/// A history: steps with their numbers, from which things get their labels.
type History = Vec<(u32, Step)>;

/// What an act of a step calls what it makes. What a copy holds follows, so there is room.
fn label(step: u32, act: usize) -> Label {
    1_000 + step * 1_000 + u32::try_from(act).unwrap_or(0) * 100
}

/// The next step of a random history.
fn next(dice: &mut Dice, number: u32, world: &World, server: &Server) -> Step {
    if number < 6 {
        // Something to work with: who is in what, and licences of every pair of models.
        return Step::One(match number {
            0 => Act::Grant {
                org: 0,
                product: Product::CloudPro,
                model: Model::ImagesProjects,
                amounts: [400, 20, 0],
                days: None,
            },
            1 if dice.chance(50) => Act::Grant {
                org: 1,
                product: Product::CloudPro,
                model: Model::ImagesProjects,
                amounts: [150, 6, 0],
                days: None,
            },
            1 => Act::Grant {
                org: 1,
                product: Product::CloudPro,
                model: Model::Credits,
                amounts: [0, 0, 60],
                days: None,
            },
            2 => dice.grant(2),
            at => join(dice, usize::try_from(at - 2).unwrap_or(1)),
        });
    }
    match dice.below(100) {
        0..12 => {
            let how_many = 2 + dice.below(3);
            Step::AtOnce((0..how_many).map(|_| dice.act(world, server, true)).collect())
        }
        12..24 => {
            let act = dice.act(world, server, true);
            Step::Struck(act, u32::try_from(dice.below(14)).unwrap_or(0), dice.chance(35))
        }
        _ => Step::One(dice.act(world, server, false)),
    }
}

fn join(dice: &mut Dice, whom: usize) -> Act {
    use commonhold::domain::role::Role;
    let role = [Role::Owner, Role::Manager, Role::Editor, Role::Member][dice.below(4)];
    Act::Join { org: dice.below(ORGS), whom, role }
}

/// One history in the making, on both sides.
struct Play {
    world: World,
    server: Server,
    /// How often something was done, and how often it was refused.
    done: usize,
    refused: usize,
}

impl Play {
    async fn new(app: &TestApp, people: &[Person], name: &str) -> Self {
        let server = Server::new(app, people, name).await;
        Self { world: World::new(app.ctx().now().0), server, done: 0, refused: 0 }
    }

    fn count(&mut self, answer: &Answer) {
        match answer {
            Answer::Done => self.done += 1,
            Answer::No(..) => self.refused += 1,
        }
    }

    /// Plays a step on both sides; what is wrong if they do not agree.
    async fn step(&mut self, number: u32, step: &Step) -> Result<(), String> {
        self.world.order = self.server.ids.iter().map(|(label, id)| (*label, id.0.as_u128())).collect();
        match step {
            Step::One(act) if self.server.knows(act) => {
                let came = self.server.act(act).await;
                self.one(label(number, 0), act, &came).await
            }
            Step::Struck(act, statement, contended) if self.server.knows(act) => {
                self.struck(label(number, 0), act, *statement, *contended).await
            }
            Step::AtOnce(acts) => self.at_once(number, acts).await,
            // It is about what a step made that has been left out.
            Step::One(_) | Step::Struck(..) => Ok(()),
        }
    }

    async fn one(&mut self, label: Label, act: &Act, came: &Came) -> Result<(), String> {
        let expected = self.world.act(act, label);
        if expected != came.answer {
            return Err(format!("{act:?}\n  is       {:?}\n  expected {expected:?}", came.answer));
        }
        self.count(&expected);
        self.server.note(label, came, act);
        self.compare(act).await
    }

    async fn compare(&mut self, about: impl std::fmt::Debug) -> Result<(), String> {
        let seen = self.server.picture().await;
        let expected = self.server.expected(&self.world, &seen);
        seen.differs(&expected).map_or(Ok(()), |difference| Err(format!("after {about:?}\n{difference}")))
    }

    /// All or nothing: what is struck did nothing, and what another transaction was in the way of is done all the same.
    async fn struck(&mut self, label: Label, act: &Act, statement: u32, contended: bool) -> Result<(), String> {
        let fault = if contended { Fault::Contended } else { Fault::Gone };
        let (came, struck) = striking(statement, fault, self.server.act(act)).await;
        let unavailable = matches!(&came.answer, Answer::No(code, _) if code == "503");
        if struck && unavailable && !contended {
            return self.compare((act, "struck")).await;
        }
        self.one(label, act, &came).await
    }

    /// At the same moment: as if one after the other, in some order.
    async fn at_once(&mut self, number: u32, acts: &[Act]) -> Result<(), String> {
        let acts: Vec<(Label, Act)> = (0..)
            .zip(acts)
            .filter(|(_, act)| self.server.knows(act))
            .map(|(at, act)| (label(number, at), act.clone()))
            .collect();
        let tasks = acts.iter().map(|(_, act)| {
            let (server, act) = (self.server.clone(), act.clone());
            async move { server.act(&act).await }
        });
        let came = at_once(tasks.collect()).await;
        for ((label, act), came) in acts.iter().zip(&came) {
            self.count(&came.answer);
            self.server.note(*label, came, act);
        }
        let seen = self.server.picture().await;
        let mut told = Vec::new();
        for order in orders(acts.len()) {
            let mut world = self.world.clone();
            let fits = order.iter().all(|at| {
                let (label, act) = &acts[*at];
                // Who was in the way of somebody else may be told so, and then nothing is done.
                let late =
                    matches!(&came[*at].answer, Answer::No(code, _) if code == "conflict" || code == "plan_changed");
                late || world.act(act, *label) == came[*at].answer
            });
            if !fits {
                continue;
            }
            let mut server = self.server.clone();
            let expected = server.expected(&world, &seen);
            match seen.differs(&expected) {
                None => {
                    (self.world, self.server) = (world, server);
                    return Ok(());
                }
                Some(difference) => told.push(format!("in the order {order:?}\n{difference}")),
            }
        }
        let answers: Vec<&Answer> = came.iter().map(|came| &came.answer).collect();
        Err(format!("no order explains {acts:?}\n  with {answers:?}\n{}", told.join("\n")))
    }

    /// What holds at the end, whatever happened.
    async fn finish(&self) -> Result<(), String> {
        let findings = commonhold::server::doctor::examine(self.server.app.ctx()).await.map_err(|e| e.to_string())?;
        let broken: Vec<&str> = findings.iter().filter(|f| f.broken > 0).map(|f| f.invariant.as_str()).collect();
        if broken.is_empty() { Ok(()) } else { Err(format!("the doctor finds broken: {broken:?}")) }
    }
}

/// Every order of so many.
fn orders(of: usize) -> Vec<Vec<usize>> {
    (0..of).fold(vec![Vec::new()], |orders, next| {
        let insert = |order: &Vec<usize>, at: usize| {
            let mut longer = order.clone();
            longer.insert(at, next);
            longer
        };
        orders.iter().flat_map(|order| (0..=order.len()).map(move |at| insert(order, at))).collect()
    })
}

/// The four who act in every history over a database.
async fn people(app: &TestApp) -> Vec<Person> {
    let mut people = Vec::new();
    for name in ["Anna", "John", "Mary", "Eve"].into_iter().take(PEOPLE) {
        people.push(app.person(name).await);
    }
    people
}

/// Plays a random history; how it went, and what it was if it went wrong.
async fn random(app: &TestApp, people: &[Person], seed: u64) -> Result<(usize, usize), (History, String)> {
    let mut dice = Dice::new(seed);
    let mut play = Play::new(app, people, &format!("{seed}")).await;
    let mut history = History::new();
    for number in 0..STEPS {
        let step = next(&mut dice, number, &play.world, &play.server);
        history.push((number, step.clone()));
        if let Err(wrong) = play.step(number, &step).await {
            return Err((history, wrong));
        }
    }
    match play.finish().await {
        Ok(()) => Ok((play.done, play.refused)),
        Err(wrong) => Err((history, wrong)),
    }
}

/// Whether a history still goes wrong.
async fn again(app: &TestApp, people: &[Person], name: &str, history: &History) -> Option<String> {
    let mut play = Play::new(app, people, name).await;
    for (number, step) in history {
        if let Err(wrong) = play.step(*number, step).await {
            return Some(wrong);
        }
    }
    play.finish().await.err()
}

/// Leaves out what is not needed for a history to go wrong, and says what is left of it.
async fn shortest(app: &TestApp, people: &[Person], mut history: History, mut wrong: String) -> String {
    eprintln!("{wrong}\nlooking for a shorter history that does so");
    let mut chunk = history.len() / 2;
    let (mut tried, began) = (0, std::time::Instant::now());
    while chunk > 0 {
        let mut at = 0;
        while at < history.len() && began.elapsed() < PATIENCE {
            let shorter: History = (0..)
                .zip(&history)
                .filter(|(n, _)| !(at..at + chunk).contains(n))
                .map(|(_, step)| step.clone())
                .collect();
            tried += 1;
            match again(app, people, &format!("Shorter {tried}"), &shorter).await {
                Some(still) => (history, wrong) = (shorter, still),
                None => at += chunk,
            }
        }
        chunk /= 2;
    }
    let steps: Vec<String> = history.iter().map(|(number, step)| format!("  ({number}, {step:?}),")).collect();
    format!("{wrong}\n\nthe shortest history that does so:\n{}", steps.join("\n"))
}

/// Every fourth of the histories, so that four processes share them.
async fn histories(app: TestApp, part: u64) {
    let people = people(&app).await;
    let many = u64::try_from(rounds(8)).unwrap_or(u64::MAX);
    let seeds: Vec<u64> = match setting("COMMONHOLD_TEST_SEED") {
        Some(seed) => {
            if part == 0 {
                vec![seed.parse().expect("a number")]
            } else {
                Vec::new()
            }
        }
        None => (0..many).filter(|seed| seed % 4 == part).collect(),
    };
    play_all(app, people, seeds).await;
}

async fn play_all(first: TestApp, first_people: Vec<Person>, seeds: Vec<u64>) {
    let (mut done, mut refused) = (0, 0);
    let (mut app, mut people_here) = (first.clone(), first_people);
    for (at, seed) in seeds.iter().enumerate() {
        if at > 0 && at % OVER_ONE_DATABASE == 0 {
            let fresh = first.another().await;
            if at > OVER_ONE_DATABASE {
                app.finish().await;
            }
            app = fresh;
            people_here = people(&app).await;
        }
        match random(&app, &people_here, *seed).await {
            Ok((more_done, more_refused)) => (done, refused) = (done + more_done, refused + more_refused),
            Err((history, wrong)) => {
                let told = shortest(&app, &people_here, history, wrong).await;
                panic!("seed {seed} (again: COMMONHOLD_TEST_SEED={seed}): {told}");
            }
        }
    }
    if seeds.len() > OVER_ONE_DATABASE {
        app.finish().await;
    }
    eprintln!("{} histories: {done} acts done, {refused} refused", seeds.len());
    assert!(seeds.is_empty() || done > refused / 3, "something happens: {done} done, {refused} refused");
}

both!(lic_3_xfer_10_org_3_drive_1_random_histories_agree_with_the_model_1, async |app| histories(app.clone(), 0).await);
both!(lic_3_xfer_10_org_3_drive_1_random_histories_agree_with_the_model_2, async |app| histories(app.clone(), 1).await);
both!(lic_3_xfer_10_org_3_drive_1_random_histories_agree_with_the_model_3, async |app| histories(app.clone(), 2).await);
both!(lic_3_xfer_10_org_3_drive_1_random_histories_agree_with_the_model_4, async |app| histories(app.clone(), 3).await);

#[test]
fn a_step_can_happen_in_every_order() {
    assert_eq!(orders(0), [Vec::<usize>::new()]);
    assert_eq!(orders(3).len(), 6);
    assert_eq!(orders(4).into_iter().collect::<std::collections::BTreeSet<_>>().len(), 24);
}

both!(lic_3_org_3_the_demo_and_generated_data_are_healthy, async |app| {
    use commonhold::server::{demo, generate};
    demo::fill(app.ctx()).await.expect("an empty database is filled");
    app.healthy().await;
    assert!(demo::fill(app.ctx()).await.is_err(), "only an empty one");
    let amounts = generate::Amounts { org: None, orgs: 1, people: 30, resources: 250, processed: true, flat: false };
    assert_eq!(generate::generate(app.ctx(), &amounts).await.expect("big data").len(), 1);
    app.healthy().await;
});

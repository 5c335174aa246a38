//! Words of names, looked up.

use commonhold::{
    domain::{id::ResourceId, search::SearchTerms},
    server::store::{naming, search},
};

use crate::both;

both!(drive_2_the_lists_of_the_store_are_bounded, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let folder = anna.folder(org.root, "Survey").await;
    anna.folder(folder, "Survey inside").await;
    let question = SearchTerms::parse("surv").expect("a question");
    let wanted = search::SearchFilter { question: &question, kind: None, status: None, after: None, limit: 1 };
    let mut tx = app.db().read().await.expect("a connection");
    let (found, next) = search::list_in_organization(&mut tx, org.id, &wanted).await.expect("an answer");
    assert_eq!(found.len(), 1);
    let rest = search::SearchFilter { after: next, ..wanted.clone() };
    let (last, next) = search::list_in_organization(&mut tx, org.id, &rest).await.expect("an answer");
    assert_eq!((last.len(), next), (1, None));
    assert!(last[0].0 != found[0].0);
    let nobodys: &[ResourceId] = &[];
    assert!(search::list_below(&mut tx, nobodys, &wanted).await.expect("an answer").0.is_empty());
    let (below, next) = search::list_below(&mut tx, &[folder], &wanted).await.expect("an answer");
    assert!(below.len() == 1 && next.is_some());
    assert_eq!(naming::count_wrong(&mut tx).await.expect("an answer"), 0);
});

//! Tables `seat` and `licence_loan`.

use commonhold::{
    domain::{
        id::{LicenceId, LoanId, PersonId},
        loan::{LoanDirection, LoanEnd, LoanPeriod},
        permit::found,
        role::Role,
        seat::STALE_AFTER_MILLIS,
    },
    server::{
        error::Error,
        store::{Tx, licence, loan, membership, seat},
    },
};
use futures::future::BoxFuture;
use uuid::Uuid;

use crate::{both, support::TestApp};

const NOBODY: Uuid = Uuid::from_u128(1);

/// One write.
async fn write<T: Send>(
    app: &TestApp,
    work: impl for<'t> FnMut(&'t mut Tx) -> BoxFuture<'t, Result<T, Error>> + Send,
) -> T {
    app.db().write(work).await.expect("it is written")
}

both!(seat_given_taken_heard_of_listed_and_freed, async |app| {
    let (anna, john, mary) = (app.person("Anna").await, app.person("John").await, app.person("Mary").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Reader).await;
    app.join(&org, &mary, Role::Reader).await;
    let licence = app.desktop_licence(&org, 3).await;
    let (permit, now) = (found(anna.id, org.id), app.ctx().now());
    let place =
        move |person: PersonId| seat::SeatScope { licence, organization: org.id, loan: None, holder: person.into() };
    let (john_id, mary_id) = (john.id, mary.id);
    write(app, move |tx| {
        Box::pin(async move {
            seat::upsert_given(tx, &permit, licence, None, john_id, "Anna Muster", now).await?;
            seat::upsert_taken(tx, &place(john_id), "Desk", now).await?;
            seat::upsert_taken(tx, &place(mary_id), "Laptop", now).await?;
            Ok(())
        })
    })
    .await;
    let mut tx = app.db().read().await.expect("a connection");
    let found_seat = seat::find(&mut tx, licence, john.id.0).await.expect("an answer").expect("a seat");
    assert!(found_seat.given_at == Some(now) && found_seat.occupied(now).is_some_and(|taken| taken.device == "Desk"));
    assert!(seat::find(&mut tx, licence, anna.id.0).await.expect("an answer").is_none());
    assert_eq!(seat::count(&mut tx, &[licence], now).await.expect("an answer"), [(licence, None, 2)]);
    assert_eq!(seat::count_others(&mut tx, licence, john.id.into()).await.expect("an answer"), 1);
    assert_eq!(seat::list(&mut tx, &[licence], now, 10).await.expect("an answer").len(), 2);
    assert!(seat::list(&mut tx, &[], now, 10).await.expect("an answer").is_empty());
    let page = seat::list_of_licence(&mut tx, licence, None, now, None, 1).await.expect("an answer");
    assert_eq!(page.len(), 1);
    let rest =
        seat::list_of_licence(&mut tx, licence, None, now, Some(page[0].holder.id()), 9).await.expect("an answer");
    assert!(rest.len() == 1 && rest[0].holder != page[0].holder);
    let under = Some(LoanId(NOBODY));
    assert!(seat::list_of_licence(&mut tx, licence, under, now, None, 9).await.expect("an answer").is_empty());
    let mine = seat::list_of_holder(&mut tx, org.id, john.id.into(), now).await.expect("an answer");
    assert_eq!(mine[0].row.given_by.as_deref(), Some("Anna Muster"));
    let own = seat::list_own(&mut tx, mary.id, 9).await.expect("an answer");
    assert_eq!((own.len(), own[0].device.as_deref()), (1, Some("Laptop")));
    // Not heard of, only what was given is left.
    let stale = now.plus_millis(STALE_AFTER_MILLIS);
    assert_eq!(seat::count(&mut tx, &[licence], stale).await.expect("an answer"), [(licence, None, 1)]);
    assert_eq!(seat::list(&mut tx, &[licence], stale, 10).await.expect("an answer")[0].row.device, None);
    let known = membership::find_by_email(&mut tx, org.id, &john.email).await.expect("an answer");
    assert_eq!(known.map(|member| member.id), Some(john.id));
    assert!(membership::find_by_email(&mut tx, org.id, "nobody@example.com").await.expect("an answer").is_none());
    drop(tx);
    let later = stale.plus_millis(-1);
    let told = write(app, move |tx| {
        Box::pin(async move {
            Ok([
                seat::update_seen(tx, licence, None, john_id.into(), "Desk", later).await?,
                seat::update_seen(tx, licence, None, john_id.into(), "Tower", later).await?,
                seat::update_seen(tx, licence, under, john_id.into(), "Desk", later).await?,
                seat::update_seen(tx, licence, None, mary_id.into(), "Laptop", stale).await?,
            ])
        })
    });
    assert_eq!(told.await, [true, false, false, false]);
    let left = write(app, move |tx| {
        Box::pin(async move {
            seat::delete_gone(tx, licence, None, stale).await?;
            let after_stale = seat::find(tx, licence, mary_id.0).await?.is_some();
            seat::release(tx, licence, john_id.into()).await?;
            let released = seat::find(tx, licence, john_id.0).await?.is_some_and(|seat| seat.taken.is_none());
            seat::upsert_taken(tx, &place(john_id), "Desk", stale).await?;
            seat::unreserve(tx, &permit, john_id).await?;
            let unreserved = seat::find(tx, licence, john_id.0).await?.is_some_and(|seat| seat.given_at.is_none());
            seat::release(tx, licence, john_id.into()).await?;
            let gone = seat::find(tx, licence, john_id.0).await?.is_none();
            seat::upsert_given(tx, &permit, licence, None, john_id, "Anna Muster", now).await?;
            let freed = (
                seat::delete(tx, &permit, licence, john_id.into()).await?,
                seat::delete(tx, &permit, licence, john_id.into()).await?,
            );
            seat::upsert_given(tx, &permit, licence, None, john_id, "Anna Muster", now).await?;
            let of_people = seat::delete_of_people(tx, &permit, &[john_id, mary_id]).await?;
            seat::upsert_given(tx, &permit, licence, None, john_id, "Anna Muster", now).await?;
            let of_licence = seat::delete_of_licence(tx, &permit, licence).await?;
            Ok((after_stale, released, unreserved, gone, freed, of_people, of_licence))
        })
    });
    assert_eq!(left.await, (false, true, true, true, (true, false), 1, 1));
});

both!(licence_loan_runs_is_listed_from_both_sides_and_ends, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let (own, theirs) = (anna.create_org("Alpine Survey").await, john.create_org("Tunnel North").await);
    let licence = app.images_licence(&own, 10, 10).await;
    let (permit, now) = (found(anna.id, own.id), app.ctx().now());
    let side = |org: &crate::support::Org, name: &str| loan::Side {
        organization: org.id,
        account: org.account,
        name: name.to_owned(),
        sharing_id: format!("{}/primary", org.org_id),
    };
    let term = LoanPeriod { lent_at: now, ends_at: now.plus_days(2), ended: None };
    let id = LoanId(app.ctx().id());
    let new =
        loan::Loan { id, licence, lender: side(&own, "Alpine Survey"), borrower: side(&theirs, "Tunnel North"), term };
    let insert = |loan: loan::Loan| {
        app.db().write(move |tx| {
            let loan = loan.clone();
            Box::pin(async move { Ok::<_, Error>(loan::insert(tx, &permit, "Anna Muster", &loan).await?) })
        })
    };
    insert(new.clone()).await.expect("it is lent");
    let again = loan::Loan { id: LoanId(app.ctx().id()), ..new.clone() };
    assert!(insert(again.clone()).await.is_err_and(|error| error.is_taken()), "once");
    let (running, over) = (now.plus_days(1), now.plus_days(2));
    let mut tx = app.db().read().await.expect("a connection");
    assert_eq!(loan::find(&mut tx, id).await.expect("an answer"), Some(new.clone()));
    assert!(loan::find(&mut tx, LoanId(NOBODY)).await.expect("an answer").is_none());
    assert_eq!(loan::find_running(&mut tx, licence, running).await.expect("an answer"), Some(new.clone()));
    assert!(loan::find_running(&mut tx, licence, over).await.expect("an answer").is_none());
    for (org, account, mine) in [(&own, own.account, false), (&theirs, theirs.account, true)] {
        assert_eq!(loan::list_running(&mut tx, org.id, running).await.expect("an answer").len(), 1);
        assert!(loan::list_running(&mut tx, org.id, over).await.expect("an answer").is_empty());
        for (moment, uses) in [(running, mine), (over, !mine)] {
            let usable = licence::list_of_account(&mut tx, account, moment).await.expect("an answer");
            assert_eq!(usable.iter().any(|one| one.id == licence), uses, "{account} {}", moment.words());
            let of_all = licence::list_usable(&mut tx, org.id, moment).await.expect("an answer");
            let same = of_all.iter().any(|one| one.licence.id == licence && one.account == account);
            assert_eq!(same, uses, "{account} {}", moment.words());
        }
    }
    let borrowed = licence::list_borrowed(&mut tx, theirs.id, running).await.expect("an answer");
    assert_eq!((borrowed[0].licence.id, borrowed[0].account), (licence, theirs.account));
    assert!(licence::list_borrowed(&mut tx, theirs.id, over).await.expect("an answer").is_empty());
    for (org, direction, there) in [
        (&own, LoanDirection::Lent, 1),
        (&own, LoanDirection::Borrowed, 0),
        (&theirs, LoanDirection::Lent, 0),
        (&theirs, LoanDirection::Borrowed, 1),
    ] {
        assert_eq!(loan::list(&mut tx, org.id, direction, None, 9).await.expect("an answer").len(), there);
        assert!(loan::list(&mut tx, org.id, direction, Some(id), 9).await.expect("an answer").is_empty());
    }
    drop(tx);
    write(app, move |tx| Box::pin(async move { Ok(loan::close_run_out(tx, &permit, licence, over).await?) })).await;
    insert(again.clone()).await.expect("lent once more");
    let (stranger, second) = (found(anna.id, commonhold::domain::id::OrganizationId(NOBODY)), again.id);
    let ended = write(app, move |tx| {
        Box::pin(async move {
            Ok([
                loan::end(tx, &stranger, second, running, LoanEnd::Returned).await?,
                loan::end(tx, &permit, second, over, LoanEnd::Returned).await?,
                loan::end(tx, &permit, second, running, LoanEnd::CalledBack).await?,
                loan::end(tx, &permit, second, running, LoanEnd::CalledBack).await?,
            ])
        })
    });
    assert_eq!(ended.await, [false, false, true, false]);
    let mut tx = app.db().read().await.expect("a connection");
    let first = loan::find(&mut tx, id).await.expect("an answer").expect("a loan");
    assert_eq!(first.term.ended, Some((over, LoanEnd::RanOut)));
    assert!(licence::find(&mut tx, LicenceId(NOBODY)).await.expect("an answer").is_none());
});

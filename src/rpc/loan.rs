//! Loans of licences (ACCT-3).

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::view::loan::LoansView;

/// The page Loans.
#[server(output = Postcard)]
pub async fn loans_page(org: String, #[server(default)] cursor: String) -> Result<LoansView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::loan::show(&ctx, &by, &org, &cursor).await)
}

/// **Lend**.
#[server(output = Postcard)]
pub async fn lend_licence(
    #[server(default)] org: String,
    #[server(default)] licence: String,
    #[server(default)] sharing_id: String,
    #[server(default)] until: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let form = usecase::loan::LoanForm { licence, sharing_id, until };
    let lent = usecase::loan::lend(&ctx, &by, &org, &form).await;
    response::done(lent, |loan| (crate::paths::loans(&org), super::outcome::lent(loan))).await
}

/// **Call back**, or **Return**: ends a loan.
#[server(output = Postcard)]
pub async fn end_loan(#[server(default)] org: String, #[server(default)] loan: String) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let ended = usecase::loan::end(&ctx, &by, &loan).await;
    response::done(ended, |how| (crate::paths::loans(&org), format!("{} the licence", how.label()))).await
}

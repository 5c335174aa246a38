//! **Contact support** (HELP-1): one's tickets, and the thread of each.

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::{
    domain::ticket::TicketForm,
    view::{
        Page,
        query::{TicketQuery, TicketsQuery},
        ticket::{TicketThreadView, TicketView},
    },
};

/// One page of my tickets, newest first.
#[server(output = Postcard)]
pub async fn my_tickets(#[server(default)] query: TicketsQuery) -> Result<Page<TicketView>, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::ticket::list(&ctx, &by, &query.cursor, None).await)
}

/// A ticket of mine, with its thread.
#[server(output = Postcard)]
pub async fn ticket_page(#[server(default)] query: TicketQuery) -> Result<TicketThreadView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::ticket::show(&ctx, &by, &query.number).await)
}

/// **Send** of **Contact support**. `frame` is the organization in whose frame the ticket is shown then.
#[server(output = Postcard)]
pub async fn open_ticket(
    #[server(default)] frame: String,
    #[server(flatten)] form: TicketForm,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let opened = usecase::ticket::open(&ctx, &by, &form).await;
    let mailed = ctx.operator_mail().is_some();
    response::done(opened, |thread| super::outcome::ticket_opened(&thread.ticket, &frame, mailed)).await
}

/// **Send** of a reply.
#[server(output = Postcard)]
pub async fn reply_to_ticket(
    #[server(default)] frame: String,
    #[server(default)] number: String,
    #[server(default)] text: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let replied = usecase::ticket::reply(&ctx, &by, &number, &text).await;
    response::done(replied, |thread| (crate::paths::ticket(&frame, thread.ticket.number), "Sent".to_owned())).await
}

/// **Close ticket**.
#[server(output = Postcard)]
pub async fn close_ticket(
    #[server(default)] frame: String,
    #[server(default)] number: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let closed = usecase::ticket::close(&ctx, &by, &number).await;
    response::done(closed, |thread| (crate::paths::ticket(&frame, thread.ticket.number), "Closed".to_owned())).await
}

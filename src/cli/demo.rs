//! `commonhold demo`: fills an empty database with example data.

use clap::Args;
use commonhold::server::{
    self, Fatal,
    config::{DatabaseArgs, SecretArgs, public_url},
    demo,
    files::StorageArgs,
};

use super::output::{explain, say};

#[derive(Args)]
pub struct DemoArgs {
    /// The address that people use, for links in the example's mail.
    #[arg(long, env = "COMMONHOLD_PUBLIC_URL", default_value = "http://localhost:3000", value_parser = public_url)]
    public_url: String,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    storage: StorageArgs,
}

pub async fn run(database: &DatabaseArgs, args: DemoArgs) -> Result<(), Fatal> {
    let public_url = args.public_url.trim_end_matches('/');
    // Share links of the example are made with the secret, and have to work under `serve` too.
    let secret = args.secret.secret()?;
    let ctx = server::open_with(database, true, true, public_url, secret).await?;
    // After the database, so that one that is not there leaves no folder behind.
    let ctx = ctx.with_files(args.storage.open(&args.secret.data)?);
    Box::pin(demo::fill(&ctx, demo::PHOTO_WIDTH)).await.map_err(explain)?;
    say(format!("The example data is in place. Everyone's password is: {}", demo::PASSWORD))?;
    for one in demo::PEOPLE {
        say(format!("  {:<20} {}", one.email(), one.shows))?;
    }
    ctx.db().close().await;
    Ok(())
}

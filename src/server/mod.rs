//! Everything that exists only on the server. Read [`run`] first.

mod arrival;
pub mod backup;
pub mod builtin;
pub mod config;
pub mod context;
pub mod demo;
pub mod docs;
pub mod doctor;
pub mod error;
pub mod files;
mod flash;
pub mod generate;
mod http_status;
mod inbox;
pub mod limit;
pub mod listen;
pub mod live;
pub mod mail;
pub mod middleware;
pub mod password;
pub mod pictures;
pub mod preferences;
mod queue;
mod rendering;
pub mod request;
pub mod rest;
pub mod router;
pub mod secret;
pub mod server_fn_response;
pub mod session;
pub mod shared;
pub mod store;
pub mod task_progress;
mod upload_form;
pub mod usecase;
pub mod workers;

use std::{net::SocketAddr, path::Path, time::Duration};

use leptos::config::{Env, LeptosOptions};
use tokio::net::TcpListener;

use config::{DatabaseArgs, ServeArgs};
use context::{Clock, Ctx};
use limit::RateLimiter;
use password::Hasher;
use secret::Secret;
use store::Db;

/// How long requests in progress may still take after SIGTERM.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(9);

/// An error that ends the program: a sentence for the person at the command line.
pub type Fatal = Box<dyn std::error::Error + Send + Sync>;

/// Opens the database and makes a context over it. With `migrate` it is created if missing and brought up to date; without, it
/// has to exist and be up to date.
///
/// # Errors
/// The database cannot be reached or migrated, or is not up to date.
pub async fn open(database: &DatabaseArgs, rate_limits: bool, migrate: bool, public_url: &str) -> Result<Ctx, Fatal> {
    open_with(database, rate_limits, migrate, public_url, Secret::random()).await
}

/// [`open`] with the secret of the installation, which share links are made from.
pub async fn open_with(
    database: &DatabaseArgs,
    rate_limits: bool,
    migrate: bool,
    public_url: &str,
    secret: Secret,
) -> Result<Ctx, Fatal> {
    let url = database.url()?;
    let db = Db::open(&url, database.synchronous(), migrate)
        .await
        .map_err(|error| format!("The database cannot be opened: {error}"))?;
    if migrate {
        db.migrate().await.map_err(|error| format!("The database could not be brought up to date: {error}"))?;
    }
    // A database that was never migrated has no table of migrations, and asking is an error.
    if !db.is_current().await.unwrap_or(false) {
        return Err("The database is not up to date. Run `commonhold migrate` first.".into());
    }
    Ok(Ctx::with_secret(db, Clock::System, Hasher::new()?, RateLimiter::new(rate_limits), public_url, secret))
}

/// Serves until SIGTERM or Ctrl+C, then lets requests in progress finish.
///
/// # Errors
/// A wrong configuration, the database, or the port.
pub async fn run(database: &DatabaseArgs, args: &ServeArgs) -> Result<(), Fatal> {
    start_log(args);
    let settings = args.settings()?;
    let delivery = args.delivery(&settings.public_url)?;
    let policy = args.policy()?;
    let trial = args.trial()?;
    let secret = args.secret.secret()?;
    let files = args.storage.open(&args.secret.data)?;
    let ctx = open_with(database, settings.rate_limits, !args.no_migrate, &settings.public_url, secret)
        .await?
        .with_default_plan(args.default_plan)
        .with_trial(trial)
        .with_default_storage(args.storage.default_storage)
        .with_policy(policy)
        .with_files(files);
    if let Some(operator) = &args.operator_mail {
        ctx.set_operator_mail(operator.clone());
    }
    if let Some(address) = args.metrics {
        start_metrics(address).await?;
    }
    let workers = workers::start(&ctx, delivery, args.builtin_workers());
    let app = router::router(&ctx, &settings, site_options(args.listen));
    let listener =
        TcpListener::bind(args.listen).await.map_err(|error| format!("Cannot listen on {}: {error}", args.listen))?;
    tracing::info!(listen = %args.listen, public_url = settings.public_url, "serving");
    let (stopping, stopped) = tokio::sync::oneshot::channel::<()>();
    let (stop_workers, ending) = (workers.stopper(), ctx.clone());
    let server = listen::serve(listener, app, listen::HEADER_TIMEOUT, async move {
        termination().await;
        tracing::info!("stopping: finishing the requests in progress");
        stop_workers.stop();
        ending.live().stop();
        ending.tasks().interrupt();
        // Fails only if the server has ended already.
        let _ = stopping.send(());
    });
    // The grace period begins with the signal. What is still going on when it ends is cut off.
    tokio::select! {
        () = async { server.await; workers.ended().await } => {}
        () = async { let _ = stopped.await; tokio::time::sleep(SHUTDOWN_GRACE).await } => tracing::warn!("some requests or mails did not finish in time"),
    }
    ctx.db().close().await;
    Ok(())
}

/// Where `scripts/build` put the scripts and styles of the pages: in `target/site` beside the program's folder, with
/// their hashes in `hash.txt` beside the program.
fn site_options(listen: SocketAddr) -> LeptosOptions {
    let beside = std::env::current_exe().ok().and_then(|path| path.parent().map(Path::to_path_buf));
    let hashed = beside.as_ref().is_some_and(|folder| folder.join("hash.txt").exists());
    let near = beside.as_ref().and_then(|folder| folder.parent()).map(|target| target.join("site"));
    let site =
        near.filter(|path| path.exists()).map_or_else(|| "target/site".to_owned(), |path| path.display().to_string());
    if !hashed && !Path::new(&site).join("pkg/commonhold.css").exists() {
        tracing::warn!(
            site,
            "pages will have neither style nor script: hash.txt belongs beside the program, and the folder site beside the program's folder"
        );
    }
    LeptosOptions::builder()
        .output_name("commonhold")
        .site_root(site)
        .site_pkg_dir("pkg")
        .env(Env::PROD)
        .site_addr(listen)
        .hash_file(std::sync::Arc::<str>::from("hash.txt"))
        .hash_files(hashed)
        .build()
}

fn start_log(args: &ServeArgs) {
    let filter = tracing_subscriber::EnvFilter::try_new(&args.log)
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Fails if a log is set already, which happens in tests only.
    let _ = if args.log_json { log.json().try_init() } else { log.try_init() };
}

async fn start_metrics(address: SocketAddr) -> Result<(), Fatal> {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|error| error.to_string())?;
    let listener = TcpListener::bind(address).await.map_err(|error| format!("Cannot listen on {address}: {error}"))?;
    let app = axum::Router::new().route("/metrics", axum::routing::get(async move || handle.render()));
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, app).await {
            tracing::error!(%error, "metrics ended");
        }
    });
    Ok(())
}

/// Waits for SIGTERM or Ctrl+C.
async fn termination() {
    let interrupted = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "cannot wait for Ctrl+C");
            std::future::pending::<()>().await;
        }
    };
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                tracing::error!(%error, "cannot wait for SIGTERM");
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}

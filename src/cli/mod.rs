//! The command line: one file for each group of commands, one function for each command.

mod app;
mod client;
mod dataset;
mod demo;
mod doctor;
mod engine;
mod generate;
mod job;
mod licence;
mod mail;
mod operator_key;
mod organization;
pub mod output;
mod request;
mod ticket;
mod upload;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use commonhold::server::{
    self, Fatal,
    backup::backup,
    config::{DatabaseArgs, ServeArgs},
    context::Ctx,
};

use output::say;

/// Organizations own licences and data, people act through roles, and work moves between organizations without anything
/// being lost.
///
/// Start with `commonhold demo` (fills an empty database with an example) and `commonhold serve`.
#[derive(Parser)]
#[command(name = "commonhold", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the web app and the REST API. On SIGTERM, requests in progress have 10 seconds to finish.
    Serve(ServeArgs),
    /// Bring the database up to date, then exit. Safe to run twice, and on two machines at once.
    Migrate,
    /// Fill an empty database with example data, and print its sign-ins.
    Demo(demo::DemoArgs),
    /// Grant, top up, extend, end and list licences.
    ///
    /// Datasets that wait for credits start by themselves once a grant, top-up or extension allows it. The REST API can
    /// do the same under /api/v1/operator, with a key from `operator-key create`.
    #[command(subcommand)]
    Licence(licence::LicenceCommand),
    /// Create an organization for someone.
    #[command(subcommand)]
    Organization(organization::OrganizationCommand),
    /// Give an organization another plan.
    #[command(subcommand)]
    Plan(organization::PlanCommand),
    /// Limit how much an organization may store, and show how much it does.
    #[command(subcommand)]
    Storage(organization::StorageCommand),
    /// List and answer the requests that Owners send with "Contact sales".
    #[command(subcommand)]
    Request(request::RequestCommand),
    /// List, show, answer and close the tickets that people open with "Contact support".
    #[command(subcommand)]
    Ticket(ticket::TicketCommand),
    /// Create, list and revoke keys for the operator API.
    #[command(subcommand)]
    OperatorKey(operator_key::KeyCommand),
    /// Set the status of a dataset, as a processing engine does.
    #[command(subcommand)]
    Dataset(dataset::DatasetCommand),
    /// Say whether everybody may run an app.
    #[command(subcommand)]
    App(app::AppCommand),
    /// List mail and its state, and retry mail that could not be delivered.
    #[command(subcommand)]
    Mail(mail::MailCommand),
    /// Copy the SQLite database into a new file, even while a server writes to it. Prints nothing on success; never
    /// overwrites a file.
    ///
    /// For example: `commonhold backup /backup/commonhold.db`
    Backup {
        /// The file to create.
        file: std::path::PathBuf,
    },
    /// Check every invariant of the database without changing it. Exit code 1 if one is broken.
    Doctor(doctor::DoctorArgs),
    /// Send a folder to a dataset, and go on where it was cut: run it again after whatever went wrong.
    ///
    /// For example: commonhold upload /media/card/DCIM --dataset 0199a1b2-…; without --dataset, to a new one
    Upload(upload::UploadArgs),
    /// List jobs, as the people of an organization see them.
    #[command(subcommand)]
    Job(job::JobCommand),
    /// Process jobs: take them from a server, and have them done by a processing engine.
    #[command(subcommand)]
    Engine(engine::EngineCommand),
    /// Generate large amounts of data for measurements.
    Generate(generate::GenerateArgs),
}

/// Does what the command line asks for.
pub async fn run(cli: Cli) -> Result<ExitCode, Fatal> {
    let database = &cli.database;
    match cli.command {
        Command::Serve(args) => server::run(database, &args).await?,
        Command::Migrate => migrate(database).await?,
        Command::Demo(args) => demo::run(database, args).await?,
        Command::Licence(command) => licence::run(database, command).await?,
        Command::Organization(command) => organization::run(database, command).await?,
        Command::Plan(command) => organization::run_plan(database, command).await?,
        Command::Storage(command) => organization::run_storage(database, command).await?,
        Command::Request(command) => request::run(database, command).await?,
        Command::Ticket(command) => ticket::run(database, command).await?,
        Command::OperatorKey(command) => return operator_key::run(database, command).await,
        Command::Dataset(command) => dataset::run(database, command).await?,
        Command::App(command) => app::run(database, command).await?,
        Command::Mail(command) => mail::run(database, command).await?,
        Command::Backup { file } => backup(database, &file).await?,
        Command::Doctor(args) => return doctor::run(database, &args).await,
        Command::Upload(args) => return upload::run(&args).await,
        Command::Job(command) => return job::run(command).await,
        Command::Engine(command) => return engine::run(command).await,
        Command::Generate(args) => generate::run(database, args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn migrate(database: &DatabaseArgs) -> Result<(), Fatal> {
    server::open(database, true, true, NO_LINKS).await?.db().close().await;
    say("The database is up to date.")
}

/// For commands that send no mail, or none with links: they need not know the address that people use.
const NO_LINKS: &str = "";

/// Opens the database for a command, as it is: only `serve`, `migrate` and what fills an empty database bring it up to date.
async fn open(database: &DatabaseArgs) -> Result<Ctx, Fatal> {
    server::open(database, true, false, NO_LINKS).await
}

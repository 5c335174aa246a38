//! `commonhold engine …`: programs that process jobs (JOB-6). They speak the public API alone, so they run anywhere.

mod archive;
mod folder;
mod job;
mod node;
mod nodeodm;

use std::process::ExitCode;

use clap::Subcommand;
use commonhold::server::Fatal;

#[derive(Subcommand)]
pub enum EngineCommand {
    /// Have jobs done by a NodeODM, or by whatever speaks like one: ClusterODM, WebODM Lightning.
    ///
    /// It asks the server for jobs of the apps, sends their images to the node, follows it, and brings back what came of them. On SIGTERM it
    /// gives its job back. For several jobs at once start it several times.
    ///
    /// For example: commonhold engine nodeodm --server <https://hold.example.com> --node <http://localhost:3001> --app ortho-fast
    Nodeodm(nodeodm::NodeodmArgs),
}

pub async fn run(command: EngineCommand) -> Result<ExitCode, Fatal> {
    match command {
        EngineCommand::Nodeodm(args) => nodeodm::run(&args).await,
    }
}

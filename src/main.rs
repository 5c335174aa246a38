//! The program: reads the command line and runs one command.

mod cli;

use std::process::ExitCode;

use clap::Parser;
use cli::{
    Cli,
    output::{complain, is_closed_pipe},
};

/// Rendering a page makes thousands of small allocations, and mimalloc serves them much faster than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The stack of a worker thread in bytes. A transfer's future is large in debug builds: it overflows tokio's default of 2 MiB.
const STACK_BYTES: usize = 8 * 1024 * 1024;

fn main() -> ExitCode {
    match tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK_BYTES).build() {
        Ok(runtime) => runtime.block_on(run()),
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

async fn run() -> ExitCode {
    match cli::run(Cli::parse()).await {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

//! The two apps that the server runs itself (JOB-4): *Survey index* and *QC report*. Facts of photos go in, files come out.
//!
//! What they find out are rules of the domain (`domain/survey`, `domain/qc.rs`); here it becomes files. They block and use all the
//! threads that they are given, so whoever runs them does so beside the tasks of the server.
//!
//! # Invariants
//! - Nothing here touches the database, storage or the network: a [`Host`] does.
//! - Memory grows with the number of photos by a kilobyte or so each, and not with the size of what is written.

pub mod qc_report;
pub mod survey_index;
mod tables;
#[cfg(test)]
pub(crate) mod testing;

use std::io::{Seek, Write};

use bytes::Bytes;

use crate::domain::survey::{MAX_PHOTOS, SurveyPhoto};

/// Why an app ended before it was done.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// Whoever runs it wanted that: the job was cancelled, or its lease was lost.
    #[error("The job was stopped.")]
    Stopped,
    /// An app is not for so many photos.
    #[error("There are {0} photos. This app takes {MAX_PHOTOS} at most.")]
    TooManyPhotos(usize),
    /// There is nothing to make a map of.
    #[error("No photo says where it was taken, so there is nothing to put on a map. Upload photos with positions.")]
    NoPositions,
    /// What it reads or writes could not be read or written.
    #[error("A file could not be read or written: {0}")]
    Files(#[from] std::io::Error),
}

/// What an app asks of who runs it, on the thread on which the app runs. Previews alone are asked for on several threads at once, which
/// are none of the server's.
pub trait Host: Sync {
    /// A file that is being written, such as a temporary one.
    type File: Write + Seek;

    /// The preview of 1600 pixels of a photo, a JPEG; `None` if it has none.
    ///
    /// # Errors
    /// The app ends. What cannot be read now should be tried again by the host.
    fn preview(&self, photo: &SurveyPhoto) -> Result<Option<Bytes>, Ended>;

    /// An empty file for an output.
    ///
    /// # Errors
    /// The app ends.
    fn create(&self, name: &'static str) -> Result<Self::File, Ended>;

    /// Keeps an output that is written.
    ///
    /// # Errors
    /// The app ends.
    fn keep(&self, name: &'static str, file: Self::File) -> Result<(), Ended>;

    /// So many thousandths are done, and what is done now. It is called often.
    ///
    /// # Errors
    /// The app ends: this is how it is stopped.
    fn progress(&self, thousandths: u16, step: &'static str) -> Result<(), Ended>;
}

fn check_count(photos: &[SurveyPhoto]) -> Result<(), Ended> {
    if photos.len() > MAX_PHOTOS { Err(Ended::TooManyPhotos(photos.len())) } else { Ok(()) }
}

/// Writes an output.
fn output<H: Host, T>(
    host: &H,
    name: &'static str,
    write: impl FnOnce(&mut H::File) -> Result<T, Ended>,
) -> Result<T, Ended> {
    let mut file = host.create(name)?;
    let written = write(&mut file)?;
    file.flush()?;
    host.keep(name, file)?;
    Ok(written)
}

/// Writes an output of JSON.
fn json<H: Host>(host: &H, name: &'static str, value: &impl serde::Serialize) -> Result<(), Ended> {
    output(host, name, |file| {
        serde_json::to_writer_pretty(&mut *file, value).map_err(std::io::Error::from)?;
        Ok(file.write_all(b"\n")?)
    })
}

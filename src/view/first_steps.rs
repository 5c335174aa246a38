//! The first steps of an organization (ORG-9).

use serde::{Deserialize, Serialize};

use crate::domain::{first_steps::FirstSteps, licence::Product, time::Day};

/// What is done already, and what to say to each step.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FirstStepsView {
    pub steps: FirstSteps,
    /// The reader's email address.
    pub email: String,
    /// The organization that the steps are of; `None` while there is none.
    pub organization: Option<StartedOrganization>,
    /// The licence that turns processing on, if there is one.
    pub processing: Option<ProcessingLicence>,
}

/// An organization that has just begun.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StartedOrganization {
    pub org_id: String,
    pub name: String,
}

/// The cloud licence that an organization can use.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProcessingLicence {
    pub product: Product,
    /// Whether it was given to try it out (LIC-7).
    pub trial: bool,
    /// Its last day, if it has one.
    pub last_day: Option<Day>,
}

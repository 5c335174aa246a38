//! How values are written on screen. The same on the server and in the browser, whatever the locale.

use leptos::prelude::*;

pub use crate::domain::text::{counted, number as count};
use crate::paths;
use crate::{
    domain::{
        access::Source,
        app::PriceRule,
        country::COUNTRIES,
        id::OrganizationId,
        job::JobState,
        licence::{Amount, Model},
        loan::LoanDirection,
        resource::{CLUSTERS, DatasetStatus, Kind},
        role::Role,
        time::{Day, Timestamp},
    },
    view::{LicenceLoan, OrganizationMembership, job::JobView},
};

/// [`count`] for what cannot be negative.
pub fn total(number: u64) -> String {
    count(i64::try_from(number).unwrap_or(i64::MAX))
}

pub const fn kind_icon(kind: Kind) -> &'static str {
    match kind {
        Kind::Root => "drive",
        kind => kind.as_str(),
    }
}

/// "Folders", "Sites": several of a kind.
pub fn kinds(kind: Kind) -> String {
    format!("{}s", kind.label())
}

/// [`counted`] for what cannot be negative.
pub fn totalled(number: u64, one: &str, many: &str) -> String {
    counted(i64::try_from(number).unwrap_or(i64::MAX), one, many)
}

/// "3.1 GB": decimal units, with one decimal below ten.
pub fn size(bytes: i64) -> String {
    const UNITS: [&str; 6] = ["bytes", "kB", "MB", "GB", "TB", "PB"];
    let mut unit = 0;
    let mut divisor: i64 = 1;
    while unit + 1 < UNITS.len() && bytes / divisor >= 1000 {
        divisor *= 1000;
        unit += 1;
    }
    let tenths = bytes / (divisor / 10).max(1);
    let name = UNITS.get(unit).copied().unwrap_or("");
    if divisor > 1 && tenths < 100 {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    } else {
        format!("{} {name}", count(bytes / divisor))
    }
}

/// "Today", "Yesterday", "3 Nov", "3 Nov 2025": the shortest that is unambiguous.
pub fn day(day: Day, now: Timestamp) -> String {
    let today = now.day();
    match today.0 - day.0 {
        0 => "Today".to_owned(),
        1 => "Yesterday".to_owned(),
        _ => {
            let words = day.words();
            let same_year = day.civil().0 == today.civil().0;
            match words.rsplit_once(' ') {
                Some((day_and_month, _)) if same_year => day_and_month.to_owned(),
                _ => words,
            }
        }
    }
}

/// How long something still works: "12 days left".
pub fn days_left(until: Timestamp, now: Timestamp) -> String {
    match until.day().0 - now.day().0 {
        ..=0 => "expires today".to_owned(),
        days => format!("{} left", counted(days, "day", "days")),
    }
}

/// "just now", "12 minutes ago"; for older times the day.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    match (now.0 - at.0) / 60_000 {
        ..=0 => "just now".to_owned(),
        minutes @ 1..60 => format!("{} ago", counted(minutes, "minute", "minutes")),
        _ => day(at.day(), now),
    }
}

/// Whether a licence is lent or borrowed, and until when (ACCT-3).
pub fn loan(loan: &LicenceLoan) -> String {
    let until = loan.until.words();
    match loan.direction {
        LoanDirection::Lent => format!("Lent to {} ({}) until {until}", loan.other, loan.sharing_id),
        LoanDirection::Borrowed => format!("Borrowed from {} ({}) until {until}", loan.other, loan.sharing_id),
    }
}

/// A time as lists show it: the day in words, with the exact time as tooltip and for screen readers.
#[component]
pub fn When(at: Timestamp, now: Timestamp) -> impl IntoView {
    view! { <time datetime=at.rfc3339() title=at.words()>{day(at.day(), now)}</time> }
}

/// A time in full.
#[component]
pub fn Moment(at: Timestamp) -> impl IntoView {
    view! { <time datetime=at.rfc3339()>{at.words()}</time> }
}

/// The name of an organization, in a list that may have personal spaces (SPACE-1).
pub fn organization_name(membership: &OrganizationMembership) -> String {
    if membership.personal { "Personal space".to_owned() } else { membership.name.clone() }
}

/// "Manager", or "External" for people without a role.
pub fn role(role: Option<Role>) -> &'static str {
    role.map_or("External", Role::label)
}

/// The role in an organization, and whether it is limited to some accounts (ACCT-2).
pub fn role_here(membership: &OrganizationMembership) -> String {
    match membership.limited {
        Some(given) => format!("{} in chosen accounts", given.label()),
        None => role(membership.role).to_owned(),
    }
}

/// The stable hue of an organization, out of twelve.
pub fn organization_hue(id: OrganizationId) -> u8 {
    hue(id.0.as_bytes())
}

/// The angles of the twelve hues, as in `style/tokens.css`.
const ANGLES: [u16; 12] = [20, 50, 80, 110, 140, 165, 195, 225, 255, 285, 315, 345];

/// The product's icon in a hue as a data URL, so that the tabs of different organizations differ.
pub fn favicon(hue: u8) -> String {
    let angle = ANGLES.get(usize::from(hue)).copied().unwrap_or_default();
    let picture = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><g fill='oklch(62% .15 {angle})'>\
         <rect x='3' y='3' width='11' height='11' rx='3'/><rect x='18' y='3' width='11' height='11' rx='3'/>\
         <rect x='3' y='18' width='11' height='11' rx='3'/><circle cx='23.5' cy='23.5' r='5.5'/></g></svg>"
    );
    format!("data:image/svg+xml,{}", paths::encode(&picture))
}

/// A stable hue for these bytes, out of twelve.
pub fn hue(bytes: &[u8]) -> u8 {
    // FNV-1a, whose upper bits are the better mixed ones.
    let mixed = bytes.iter().fold(0x811c_9dc5_u32, |mixed, byte| (mixed ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    u8::try_from((mixed >> 16) % 12).unwrap_or_default()
}

/// "Inherited", "Direct · 2".
pub fn access(source: Source, grants: u64) -> String {
    match source {
        Source::Inherited => source.label().to_owned(),
        Source::Direct | Source::Carried => format!("{} · {}", source.label(), total(grants)),
    }
}

/// The class that colours a status. Colour is never the only sign: the word is always beside it.
pub const fn status_tone(status: DatasetStatus) -> &'static str {
    match status {
        DatasetStatus::Draft => "status",
        DatasetStatus::Queued | DatasetStatus::Processing => "status run",
        DatasetStatus::WaitingForCredits => "status wait",
        DatasetStatus::Processed => "status ok",
        DatasetStatus::Failed => "status fail",
    }
}

/// [`status_tone`] of a job.
pub const fn job_tone(state: JobState) -> &'static str {
    match state {
        JobState::Cancelled => "status",
        JobState::Queued | JobState::Running => "status run",
        JobState::WaitingForCredits | JobState::Cancelling => "status wait",
        JobState::Done => "status ok",
        JobState::Failed => "status fail",
    }
}

/// "40 s", "6 min", "2 h 12 min", "3 days 4 h".
pub fn duration(millis: i64) -> String {
    let seconds = millis.max(0) / 1_000;
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, 0, _) => counted(days, "day", "days"),
        (days, hours, _) => format!("{} {hours} h", counted(days, "day", "days")),
    }
}

/// "14:02" for today, "Yesterday 18:40", "19 Nov": a moment of a list, in UTC.
pub fn lately(at: Timestamp, now: Timestamp) -> String {
    let minutes = at.0.rem_euclid(86_400_000) / 60_000;
    let clock = format!("{:02}:{:02}", minutes / 60, minutes % 60);
    match now.day().0 - at.day().0 {
        0 => clock,
        1 => format!("Yesterday {clock}"),
        _ => day(at.day(), now),
    }
}

/// "340 credits", "15 images, 1 project": what is there of it.
pub fn amount(amount: Amount) -> String {
    let parts = [
        (amount.credits, "credit", "credits"),
        (amount.images, "image", "images"),
        (amount.projects, "project", "projects"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(number, ..)| *number != 0)
        .map(|(number, one, many)| counted(number, one, many))
        .collect();
    if parts.is_empty() { "Nothing".to_owned() } else { parts.join(", ") }
}

/// "20,000 images, 0 projects": what is left, in the units that its licence is billed in.
pub fn balance(left: Amount, model: Option<Model>) -> String {
    match model {
        Some(Model::ImagesProjects) => {
            let projects = counted(left.projects, "project", "projects");
            format!("{}, {projects}", counted(left.images, "image", "images"))
        }
        Some(Model::Credits) => counted(left.credits, "credit", "credits"),
        None => amount(left),
    }
}

/// What a job cost, for who may see it (JOB-3).
pub fn job_price(job: &JobView) -> Option<String> {
    let price = job.price?;
    Some(match (job.price_rule, job.state) {
        (PriceRule::Free, _) => "Free".to_owned(),
        _ if price.refunded => "Refunded".to_owned(),
        (_, JobState::WaitingForCredits) => "Not paid yet".to_owned(),
        _ if !price.amount.is_nothing() => amount(price.amount),
        _ if job.queued_at.is_none() => "Not paid".to_owned(),
        // Its images were paid by a job before it, or it has none.
        _ => "Nothing to pay".to_owned(),
    })
}

/// The name of a cluster; its id if it is unknown.
pub fn cluster(id: &str) -> String {
    CLUSTERS.iter().find(|(known, _)| *known == id).map_or_else(|| id.to_owned(), |(_, title)| (*title).to_owned())
}

/// The English name of a country.
pub fn country(code: &str) -> String {
    COUNTRIES.iter().find(|(known, _)| *known == code).map_or_else(|| code.to_owned(), |(_, name)| (*name).to_owned())
}

/// "Anna, Ben and 3 more": the first few names of a list that may be longer.
pub fn some_of(names: &[&str], total_count: u64) -> String {
    const SHOWN: usize = 3;
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    let more = total_count.saturating_sub(names.len().min(SHOWN) as u64);
    match (shown.is_empty(), more) {
        (_, 0) => shown,
        (true, more) => total(more),
        (false, more) => format!("{shown} and {} more", total(more)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_204), "1,204");
        assert_eq!(count(-8_412_000), "−8,412,000");
        assert_eq!(counted(1, "image", "images"), "1 image");
        assert_eq!(totalled(2, "image", "images"), "2 images");
    }

    #[test]
    fn lic_2_a_balance_of_nothing_is_told_in_its_units() {
        assert_eq!(balance(Amount::default(), Some(Model::Credits)), "0 credits");
        assert_eq!(balance(Amount::default(), Some(Model::ImagesProjects)), "0 images, 0 projects");
        let left = Amount { images: 100, projects: 1, credits: 0 };
        assert_eq!(balance(left, Some(Model::ImagesProjects)), "100 images, 1 project");
    }

    #[test]
    fn sizes_have_two_or_three_digits() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (3_140_000_000, "3.1 GB"),
            (42_000_000, "42 MB"),
            (999_999, "999 kB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn job_3_durations_and_moments_are_short() {
        for (seconds, text) in [
            (-1, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (7_200, "2 h"),
            (7_930, "2 h 12 min"),
            (86_400, "1 day"),
            (187_200, "2 days 4 h"),
        ] {
            assert_eq!(duration(seconds * 1_000), text);
        }
        let now = Day::from_civil(2026, 11, 21).start().plus_millis(15 * 3_600_000);
        for (hours_ago, text) in [(1, "14:00"), (20, "Yesterday 19:00"), (48, "19 Nov")] {
            assert_eq!(lately(now.plus_millis(-hours_ago * 3_600_000), now), text);
        }
        assert_eq!(amount(Amount { images: 15, projects: 1, credits: 0 }), "15 images, 1 project");
        assert_eq!(amount(Amount { credits: 340, ..Amount::default() }), "340 credits");
        assert_eq!(amount(Amount::default()), "Nothing");
    }

    #[test]
    fn days_near_now_have_names() {
        let now = Day::from_civil(2026, 11, 21).start();
        for (year, month, date, text) in
            [(2026, 11, 21, "Today"), (2026, 11, 20, "Yesterday"), (2026, 11, 3, "3 Nov"), (2025, 11, 3, "3 Nov 2025")]
        {
            assert_eq!(day(Day::from_civil(year, month, date), now), text);
        }
    }

    #[test]
    fn long_lists_are_counted() {
        assert_eq!(some_of(&["a"], 1), "a");
        assert_eq!(some_of(&["a", "b", "c", "d"], 9), "a, b, c and 6 more");
        assert_eq!(some_of(&[], 0), "");
    }
}

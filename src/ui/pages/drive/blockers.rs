//! What blocks a transfer, each with a link to the page that resolves it (XFER-15).

use leptos::prelude::*;

use crate::{
    domain::{
        blocker::{Blocker, BlockerCode},
        command::Command,
    },
    paths::{self, Address},
    ui::words,
};

/// The organizations whose pages are linked to.
#[derive(Clone, Debug, Default)]
pub struct Sides {
    /// The source's Org ID; empty if the reader is not a member.
    pub source: String,
    /// The target's Org ID; empty if the reader is not a member.
    pub target: String,
    /// The dialog to offer the items instead; empty if that is not possible.
    pub offer: String,
}

/// All blockers, not only the first.
#[component]
pub fn Blockers(
    blockers: Vec<Blocker>,
    more: u64,
    /// The organizations whose pages are linked to.
    sides: Sides,
    /// The line above the list.
    #[prop(default = "Nothing was moved. Clear what is in the way, or choose another place.")]
    lead: &'static str,
) -> impl IntoView {
    let entries = blockers
        .into_iter()
        .map(|blocker| {
            let way =
                way_out(&blocker, &sides).map(|(href, label)| view! { <a class="text-link" href=href>{label}</a> });
            view! { <li>{blocker.name.map(|name| view! { <b>{name}</b> })}<span>{blocker.message}</span>{way}</li> }
        })
        .collect_view();
    view! {
        <p>{lead}</p>
        <ul class="blockers" aria-label="What is in the way">
            {entries}
            {(more > 0).then(|| view! { <li class="more">{format!("and {} more", words::total(more))}</li> })}
        </ul>
    }
}

/// The page that resolves a blocker, and the text of its link.
fn way_out(blocker: &Blocker, sides: &Sides) -> Option<(String, &'static str)> {
    let Sides { source, target, offer } = sides;
    let dialog = |command: Command, item: String| {
        Address::new(paths::drive(source, "")).with("dialog", command.as_str()).with("item", item).text()
    };
    let of = |org: &String, href: fn(&str) -> String| Some(href(org)).filter(|_| !org.is_empty());
    let item = blocker.resource.filter(|_| !source.is_empty()).map(|id| id.to_string());
    let (href, label) = match blocker.code {
        BlockerCode::DirectAccess => (item.map(|item| dialog(Command::Access, item)), "Manage access"),
        BlockerCode::NotProcessed | BlockerCode::TooRecent | BlockerCode::AlreadyInSite | BlockerCode::ChangedSince => {
            (item.map(|item| paths::drive(source, &item)), "Open it")
        }
        BlockerCode::SourceRoleTooLow => (of(source, paths::roles), "Who can do what"),
        BlockerCode::TargetRoleTooLow => (of(target, paths::roles), "Who can do what"),
        BlockerCode::NotInTarget => (of(offer, str::to_owned), "Offer it instead"),
        BlockerCode::InvitationPending => (Some(paths::WELCOME.to_owned()), "Your invitations"),
        BlockerCode::SourceLicenceInactive => (of(source, paths::home), "See its licences"),
        BlockerCode::TargetLicenceInactive
        | BlockerCode::AllowanceTooSmall
        | BlockerCode::TargetOnTrial
        | BlockerCode::LicenceTierTooLow => (of(target, paths::home), "See its licences"),
        // Choosing another destination helps, which the dialog offers already; or a person, whom the message names.
        BlockerCode::IntoItself
        | BlockerCode::KindNotAllowedHere
        | BlockerCode::DepthExceeded
        | BlockerCode::DeletionRestricted
        | BlockerCode::CopyRestricted
        | BlockerCode::DownloadRestricted
        | BlockerCode::StorageTooSmall
        | BlockerCode::NotBillable
        | BlockerCode::CreditsToImages => (None, ""),
    };
    href.map(|href| (href, label))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::ResourceId;

    #[test]
    fn xfer_15_every_blocker_that_has_a_page_leads_there_and_none_where_one_is_not() {
        let sides = Sides { source: "a".to_owned(), target: "b".to_owned(), offer: "/offer".to_owned() };
        let resource = Some(ResourceId(uuid::Uuid::from_u128(1)));
        let blocker = |code, resource| Blocker { code, resource, name: None, message: String::new() };
        let to = |code| way_out(&blocker(code, resource), &sides).map(|(href, _)| href).unwrap_or_default();
        let id = "00000000-0000-0000-0000-000000000001";
        assert_eq!(to(BlockerCode::DirectAccess), format!("/o/a/drive?dialog=access&item={id}"));
        assert_eq!(to(BlockerCode::NotProcessed), format!("/o/a/drive/{id}"));
        assert_eq!(to(BlockerCode::TargetRoleTooLow), "/o/b/roles");
        assert_eq!(to(BlockerCode::AllowanceTooSmall), "/o/b");
        assert_eq!(to(BlockerCode::NotInTarget), "/offer");
        assert_eq!(to(BlockerCode::CreditsToImages), "");
        // Who is not in there is not led there.
        assert_eq!(way_out(&blocker(BlockerCode::SourceRoleTooLow, None), &Sides::default()), None);
        assert_eq!(way_out(&blocker(BlockerCode::DirectAccess, resource), &Sides::default()), None);
    }
}

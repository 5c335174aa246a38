//! Kinds of actions in the audit log (AUDIT-1).

/// Every action that is ever written, as a stable word, with its title: what a filter offers.
pub const ACTIONS: &[(&str, &str)] = &[
    ("organization.created", "Organization created"),
    ("organization.changed", "Organization details changed"),
    ("organization.legal_changed", "Legal information changed"),
    ("organization.org_id_changed", "Org ID changed"),
    ("organization.deleted", "Organization deleted"),
    ("organization.restored", "Organization restored"),
    ("invitation.sent", "Invitation sent"),
    ("invitation.changed", "Invitation changed"),
    ("invitation.resent", "Invitation sent again"),
    ("invitation.revoked", "Invitation taken back"),
    ("invitation.declined", "Invitation declined"),
    ("person.joined", "Person joined"),
    ("person.created", "Account created"),
    ("role.changed", "Role changed"),
    ("person.removed", "Person removed"),
    ("person.left", "Person left"),
    ("access.given", "Access given"),
    ("access.accepted", "Access accepted"),
    ("access.changed", "Access changed"),
    ("access.removed", "Access removed"),
    ("licence.granted", "Licence granted"),
    ("licence.expired", "Licence ended"),
    ("licence.extended", "Licence extended"),
    ("licence.topped_up", "Licence topped up"),
    ("billing.contact_added", "Billing contact added"),
    ("billing.contact_changed", "Billing contact changed"),
    ("billing.contact_removed", "Billing contact removed"),
    ("purchase.requested", "Licence asked for"),
    ("purchase.withdrawn", "Request withdrawn"),
    ("purchase.answered", "Request answered"),
    ("purchase.declined", "Request declined"),
    ("operator_key.created", "Operator key created"),
    ("operator_key.revoked", "Operator key revoked"),
    ("resource.created", "Item created"),
    ("resource.renamed", "Item renamed"),
    ("resource.moved", "Items moved"),
    ("resource.trashed", "Items moved to the trash"),
    ("resource.restored", "Items restored"),
    ("resource.deleted", "Items deleted for good"),
    ("resource.copied", "Items copied"),
    ("transfer.sent", "Items transferred out"),
    ("transfer.received", "Items transferred in"),
    ("resource.restricted", "Restrictions changed"),
    ("link.created", "Link switched on"),
    ("link.revoked", "Link switched off"),
    ("dataset.status_set", "Dataset status changed"),
    ("seat.given", "Seat given"),
    ("seat.taken_back", "Seat taken back"),
    ("seat.released", "Seat released"),
    ("seat.taken", "Seat taken by a program"),
    ("seat.let_go", "Seat let go by a program"),
    ("loan.made", "Licence lent"),
    ("loan.received", "Licence borrowed"),
    ("loan.called_back", "Loan called back"),
    ("loan.returned", "Loan returned"),
    ("key.created", "Credential key made"),
    ("key.revoked", "Credential key revoked"),
];

/// Whether an action is in the log of an organization; what the operator does about their own keys is in none.
pub fn is_of_an_organization(action: &str) -> bool {
    !action.starts_with("operator_key.")
}

/// The title of an action; the word itself where it is an old one.
pub fn title(action: &str) -> &str {
    ACTIONS.iter().find(|(word, _)| *word == action).map_or(action, |(_, title)| *title)
}

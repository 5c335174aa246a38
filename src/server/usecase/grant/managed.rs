//! A resource whose access somebody manages.

use crate::{
    domain::{
        access::{Act, Level},
        grant::AccessOrigin,
        id::{AccountId, ResourceId},
        licence::{Entitlement, allows},
        permit::Permit,
        refusal::Refusal,
        resource::Kind,
        role::{Permission, may},
        transfer::Grantee,
    },
    server::{
        context::{Ctx, Principal},
        error::Result,
        store::{Tx, grant::ListedGrant, licence},
        usecase::{
            access::{self, AccessPath},
            accounts::AccountNames,
        },
    },
    view::{Crumb, access::AccessRow},
};

/// A resource, and the permit to manage who has access to it.
pub(super) struct ManagedResource {
    pub(super) permit: Permit,
    pub(super) access_path: AccessPath,
    /// The path down to it, from the topmost resource that the manager may see.
    pub(super) visible: Vec<Crumb>,
}

impl ManagedResource {
    pub(super) async fn of(tx: &mut Tx, by: &Principal, id: ResourceId) -> Result<Self> {
        let (permit, access_path) = access::permit(tx, by, Act::GiveAccess, id).await?;
        Self::with(tx, by, permit, access_path).await
    }

    /// For looking at who reaches it, which takes less than changing that.
    pub(super) async fn with_view(tx: &mut Tx, by: &Principal, id: ResourceId) -> Result<Self> {
        let (permit, access_path) = access::permit_to_look(tx, by, Act::GiveAccess, id).await?;
        Self::with(tx, by, permit, access_path).await
    }

    async fn with(tx: &mut Tx, by: &Principal, permit: Permit, access_path: AccessPath) -> Result<Self> {
        let mut visible = access_path.visible_path();
        AccountNames::of(tx, by, permit.organization()).await?.label(&mut visible);
        Ok(Self { permit, access_path, visible })
    }

    pub(super) fn id(&self) -> ResourceId {
        self.permit.resource()
    }

    pub(super) fn name(&self) -> &str {
        self.access_path.ancestors.first().map_or("", |step| step.name.as_str())
    }

    pub(super) fn kind(&self) -> Kind {
        self.access_path.ancestors.first().map_or(Kind::Folder, |step| step.kind)
    }

    /// "the Drive", "the Drive of North", "“Tunnels”".
    pub(super) fn words(&self) -> String {
        if self.kind() != Kind::Root {
            return format!("“{}”", self.name());
        }
        match self.visible.first().filter(|crumb| crumb.name != Kind::Root.label()) {
            Some(account) => format!("the Drive of {}", account.name),
            None => "the Drive".to_owned(),
        }
    }

    /// The resource and its ancestors.
    pub(super) fn way(&self) -> Vec<ResourceId> {
        self.access_path.ancestors.iter().map(|step| step.id).collect()
    }

    /// The account it is in.
    pub(super) fn account(&self) -> Result<AccountId> {
        Ok(self.access_path.ancestors.first().map(|step| step.account).ok_or(Refusal::NotFound)?)
    }

    /// The resource or one of its ancestors, if the manager may see it.
    pub(super) fn crumb(&self, id: ResourceId) -> Option<Crumb> {
        self.visible.iter().find(|crumb| crumb.id == id).cloned()
    }

    /// Whether the manager may use View as.
    pub(super) fn may_view_as(&self) -> bool {
        self.access_path.facts.role.is_some_and(|role| may(role, Permission::GiveAccess))
    }

    /// The level of the manager.
    pub(super) fn own(&self) -> Result<Level> {
        Ok(self.access_path.level().ok_or(Refusal::NotFound)?)
    }

    pub(super) fn row(&self, listed: ListedGrant) -> AccessRow {
        let ListedGrant { grant, name, address, role } = listed;
        let here = grant.resource == self.id();
        let from = self.crumb(grant.resource);
        AccessRow {
            who: grant.grantee,
            name,
            address: Some(address),
            role,
            level: grant.level,
            origin: AccessOrigin::of_grant(here, grant.carried),
            grant: from.is_some().then_some(grant.id),
            from: from.filter(|_| !here),
        }
    }
}

/// The topic of emails about somebody's access to a resource: of those that wait to be sent, the newest replaces the others.
pub(super) fn topic(managed: &ManagedResource, who: Grantee) -> String {
    match who {
        Grantee::Person(id) => format!("access {} person {id}", managed.id()),
        Grantee::Organization(id) => format!("access {} organization {id}", managed.id()),
    }
}

/// Whether the licences of an account allow access to single items (LIC-4). The outer error is one of the database.
pub(super) async fn team_access(
    tx: &mut Tx,
    ctx: &Ctx,
    account: AccountId,
) -> Result<std::result::Result<(), Refusal>> {
    Ok(allows(&licence::list_of_account(tx, account, ctx.now()).await?, Entitlement::TeamAccess, ctx.now()))
}

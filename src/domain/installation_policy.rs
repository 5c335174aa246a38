//! What the operator of an installation leaves open: who may sign up, and who may create organizations.

use serde::{Deserialize, Serialize};

use super::{
    refusal::Refusal,
    text::{Email, FieldIssue, key},
};

/// Who may sign up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignUp {
    /// Anybody.
    #[default]
    Open,
    /// Who was invited into an organization.
    Invited,
    /// Who has an address at certain domains, or was invited.
    Domains,
}

/// Who may create organizations.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Founders {
    /// Anybody who is signed in.
    #[default]
    Anyone,
    /// The operator, at the command line.
    Operator,
}

/// Both, as an installation is configured.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Policy {
    /// Who may sign up.
    pub sign_up: SignUp,
    /// The domains of [`SignUp::Domains`], in lower case.
    pub domains: Vec<String>,
    /// Who may create organizations.
    pub founders: Founders,
}

impl Policy {
    /// Whether somebody with an address may sign up; `invited` says that they hold an invitation to it.
    ///
    /// # Errors
    /// `Forbidden` where one signs up by invitation; `Invalid` at `email` for an address elsewhere.
    pub fn may_sign_up(&self, email: &Email, invited: bool) -> Result<(), Refusal> {
        match self.sign_up {
            _ if invited => Ok(()),
            SignUp::Open => Ok(()),
            SignUp::Invited => Err(Refusal::Forbidden(BY_INVITATION.to_owned())),
            SignUp::Domains => {
                let key = email.key();
                let domain = key.rsplit('@').next().unwrap_or_default();
                if self.domains.iter().any(|one| one == domain) {
                    Ok(())
                } else {
                    Err(Refusal::field("email", FieldIssue::AddressElsewhere(one_of(&self.domains))))
                }
            }
        }
    }

    /// Whether somebody with an address may have another one instead: who came in by a domain stays in it, who was invited is
    /// free.
    ///
    /// # Errors
    /// `Invalid` at `email`.
    pub fn may_change_email(&self, from: &Email, to: &Email) -> Result<(), Refusal> {
        match self.may_sign_up(from, false) {
            Ok(()) => self.may_sign_up(to, false),
            Err(_) => Ok(()),
        }
    }

    /// Whether somebody may create an organization. Where an address at a domain is what lets one in, it has to be proved.
    ///
    /// # Errors
    /// `Forbidden` where the operator creates them; `EmailUnverified`.
    pub fn may_found(&self, verified: bool) -> Result<(), Refusal> {
        match (self.founders, self.sign_up) {
            (Founders::Operator, _) => Err(Refusal::Forbidden(BY_OPERATOR.to_owned())),
            (Founders::Anyone, SignUp::Domains) if !verified => Err(Refusal::EmailUnverified),
            (Founders::Anyone, _) => Ok(()),
        }
    }

    /// Whether there is a way to sign up without an invitation.
    pub fn has_sign_up(&self) -> bool {
        self.sign_up != SignUp::Invited
    }

    /// Whether anybody may create organizations. Where nobody may, nobody begins in a personal space either: it would become one
    /// (SPACE-1).
    pub fn has_founding(&self) -> bool {
        self.founders == Founders::Anyone
    }

    /// What somebody is told who wants to sign up, unless anybody may.
    pub fn about_sign_up(&self) -> Option<String> {
        match self.sign_up {
            SignUp::Open => None,
            SignUp::Invited => Some(BY_INVITATION.to_owned()),
            SignUp::Domains => Some(format!(
                "People with an address at {} can sign up here. Everyone else needs an invitation from an Owner or a Manager.",
                one_of(&self.domains)
            )),
        }
    }
}

/// What is said where one signs up by invitation.
pub const BY_INVITATION: &str =
    "People join here by invitation. Ask an Owner or a Manager of your organization to invite you.";

/// What is said where the operator creates organizations.
pub const BY_OPERATOR: &str = "Only your administrator can create organizations here. Ask them for one.";

/// "a.example, b.example or c.example".
fn one_of(domains: &[String]) -> String {
    match domains {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// Reads domains with commas between them.
///
/// # Errors
/// What is none.
pub fn read_domains(text: &str) -> Result<Vec<String>, String> {
    let domains: Vec<&str> = text.split(',').map(str::trim).filter(|one| !one.is_empty()).collect();
    domains
        .into_iter()
        .map(|one| match Email::parse(&format!("a@{one}")) {
            Ok(email) => Ok(key(email.as_str()).rsplit('@').next().unwrap_or_default().to_owned()),
            Err(_) => Err(format!("“{one}” is not a domain. Use domains like example.com, with commas between them.")),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(text: &str) -> Email {
        Email::parse(text).expect("an address")
    }

    #[test]
    fn auth_1_who_may_sign_up_is_what_the_operator_says() {
        let open = Policy::default();
        let invited = Policy { sign_up: SignUp::Invited, ..Policy::default() };
        let domains = read_domains("A.example, b.example").expect("domains");
        let domains = Policy { sign_up: SignUp::Domains, domains, ..Policy::default() };
        for (policy, address, by_invitation, may) in [
            (&open, "anna@x.example", false, true),
            (&invited, "anna@x.example", false, false),
            (&invited, "anna@x.example", true, true),
            (&domains, "anna@a.example", false, true),
            (&domains, "Anna@B.EXAMPLE", false, true),
            (&domains, "anna@sub.a.example", false, false),
            (&domains, "anna@xa.example", false, false),
            (&domains, "anna@x.example", true, true),
        ] {
            assert_eq!(policy.may_sign_up(&email(address), by_invitation).is_ok(), may, "{policy:?} {address}");
        }
        for (from, to, may) in [
            ("anna@a.example", "anna@b.example", true),
            ("anna@a.example", "anna@x.example", false),
            ("guest@x.example", "guest@y.example", true),
        ] {
            assert_eq!(domains.may_change_email(&email(from), &email(to)).is_ok(), may, "{from} {to}");
            assert_eq!(invited.may_change_email(&email(from), &email(to)), Ok(()));
            assert_eq!(open.may_change_email(&email(from), &email(to)), Ok(()));
        }
        let Err(Refusal::Invalid(problems)) = domains.may_sign_up(&email("anna@x.example"), false) else {
            panic!("refused at the field")
        };
        assert_eq!(problems[0].field, "email");
        assert!(problems[0].problem.to_string().contains("a.example or b.example"));
        assert!(read_domains("a.example, nonsense").is_err());
    }

    #[test]
    fn org_1_who_may_create_organizations_is_what_the_operator_says() {
        let policy = |founders, sign_up| Policy { founders, sign_up, domains: Vec::new() };
        assert_eq!(policy(Founders::Anyone, SignUp::Open).may_found(false), Ok(()));
        assert_eq!(policy(Founders::Anyone, SignUp::Domains).may_found(false), Err(Refusal::EmailUnverified));
        assert_eq!(policy(Founders::Anyone, SignUp::Domains).may_found(true), Ok(()));
        assert!(policy(Founders::Operator, SignUp::Open).may_found(true).is_err());
    }
}

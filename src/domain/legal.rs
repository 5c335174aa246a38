//! Legal information of an organization (ORG-1, ORG-4).

use serde::{Deserialize, Serialize};

use super::{
    country::parse_country,
    fields::Fields,
    organization::OrganizationKind,
    refusal::Refusal,
    text::{FieldIssue, optional_line},
};

/// Legal information (ORG-4): only Owners change it, Managers see it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LegalInformation {
    pub legal_name: Option<String>,
    /// Street and number.
    pub address: Option<String>,
    pub postal_code: Option<String>,
    pub city: Option<String>,
    pub country: String,
    pub vat_number: Option<String>,
    /// Has none, and need not have one.
    pub vat_exempt: bool,
    /// Whom to write to about contracts.
    pub legal_contact: Option<String>,
    /// Data protection officer: name.
    pub officer_name: Option<String>,
    /// Data protection officer: position.
    pub officer_position: Option<String>,
    /// Data protection officer: phone.
    pub officer_phone: Option<String>,
}

/// Legal information as it comes in, unread (ORG-4).
#[derive(Clone, Debug, Default)]
pub struct LegalForm {
    /// Legal company name; business only.
    pub legal_name: String,
    /// Street and number.
    pub address: String,
    pub postal_code: String,
    pub city: String,
    /// Two-letter country code.
    pub country: String,
    /// VAT number; business only.
    pub vat_number: String,
    /// Has none, and need not have one; business only.
    pub vat_exempt: bool,
    /// Whom to write to about contracts.
    pub legal_contact: String,
    /// Data protection officer: name.
    pub officer_name: String,
    /// Data protection officer: position.
    pub officer_position: String,
    /// Data protection officer: phone.
    pub officer_phone: String,
}

/// Reads legal information (ORG-4): a business has a legal company name, and a VAT number or is exempt; an individual has
/// neither (ORG-1).
///
/// # Errors
/// `Invalid` with the problem of every field.
pub fn parse(kind: OrganizationKind, form: &LegalForm) -> Result<LegalInformation, Refusal> {
    let mut fields = Fields::default();
    let of_a_business = |text: &str, missing: Option<FieldIssue>| match (kind, optional_line(text, 255)) {
        (OrganizationKind::Individual, _) if !text.trim().is_empty() => Err(FieldIssue::NotForThisKind),
        (OrganizationKind::Business, Ok(None)) => missing.map_or(Ok(None), Err),
        (_, read) => read,
    };
    let no_number = (!form.vat_exempt).then_some(FieldIssue::MissingUnlessExempt);
    let legal_name = fields.check("legal_name", of_a_business(&form.legal_name, Some(FieldIssue::Missing))).flatten();
    let mut line = |field: &str, text: &str| fields.check(field, optional_line(text, 255)).flatten();
    let address = line("address", &form.address);
    let postal_code = line("postal_code", &form.postal_code);
    let city = line("city", &form.city);
    let legal_contact = line("legal_contact", &form.legal_contact);
    let officer_name = line("officer_name", &form.officer_name);
    let officer_position = line("officer_position", &form.officer_position);
    let officer_phone = line("officer_phone", &form.officer_phone);
    let country = fields.check("country", parse_country(&form.country));
    let vat_number = fields.check("vat_number", of_a_business(&form.vat_number, no_number)).flatten();
    let vat_exempt = fields.check(
        "vat_exempt",
        if form.vat_exempt && kind == OrganizationKind::Individual {
            Err(FieldIssue::NotForThisKind)
        } else {
            Ok(form.vat_exempt)
        },
    );
    fields.done()?;
    Ok(LegalInformation {
        legal_name,
        address,
        postal_code,
        city,
        country: country.unwrap_or_default(),
        vat_number,
        vat_exempt: vat_exempt.unwrap_or_default(),
        legal_contact,
        officer_name,
        officer_position,
        officer_phone,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<const N: usize>(expected: [(&str, FieldIssue); N]) -> Vec<(String, FieldIssue)> {
        expected.map(|(field, problem)| (field.to_owned(), problem)).to_vec()
    }

    #[test]
    fn org_4_a_business_has_a_vat_number_or_is_exempt() {
        use OrganizationKind::{Business, Individual};

        let form = |legal_name: &str, vat_number: &str, vat_exempt: bool| LegalForm {
            legal_name: legal_name.to_owned(),
            country: "ch".to_owned(),
            vat_number: vat_number.to_owned(),
            vat_exempt,
            ..LegalForm::default()
        };
        let told = |kind, form: &LegalForm| match parse(kind, form) {
            Ok(_) => Vec::new(),
            Err(Refusal::Invalid(errors)) => errors.into_iter().map(|error| (error.field, error.problem)).collect(),
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(told(Business, &form("A", "CHE-1", false)), of([]));
        assert_eq!(told(Business, &form("A", "", true)), of([]));
        assert_eq!(told(Business, &form("A", "", false)), of([("vat_number", FieldIssue::MissingUnlessExempt)]));
        assert_eq!(told(Business, &form("", "", true)), of([("legal_name", FieldIssue::Missing)]));
        assert_eq!(told(Individual, &form("", "", false)), of([]));
        let refused = [
            ("legal_name", FieldIssue::NotForThisKind),
            ("vat_number", FieldIssue::NotForThisKind),
            ("vat_exempt", FieldIssue::NotForThisKind),
        ];
        assert_eq!(told(Individual, &form("A", "1", true)), of(refused));
        let long = LegalForm { officer_phone: "1".repeat(256), ..LegalForm::default() };
        assert_eq!(
            told(Individual, &long),
            of([("officer_phone", FieldIssue::TooLong(255)), ("country", FieldIssue::Missing)])
        );
    }
}

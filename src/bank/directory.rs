//! tmp
#[derive(Clone, Debug)]
pub struct Banks;
#[derive(Clone, Debug)]
pub struct Facts {
    pub sca_starts_on_post: bool,
    pub requires_psu_id: bool,
    pub requires_psu_id_type: bool,
    pub requires_iban: bool,
}
#[derive(Clone, Debug)]
pub struct Bank {
    pub code: String,
    pub name: String,
    pub bic: String,
    pub logo: String,
    pub iban_codes: Vec<String>,
    pub facts: Facts,
}
impl Banks {
    pub fn get(&self, _code: &str) -> Option<&Bank> {
        None
    }
    pub fn list(&self) -> &[Bank] {
        &[]
    }
}
impl Bank {
    pub fn connector(&self) -> Option<&super::Connector> {
        None
    }
    pub fn active(&self) -> bool {
        false
    }
}

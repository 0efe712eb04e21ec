//! A development CA and what it signs: the gateway's certificate, the demo partners' client certificates
//! and the certificates shown to the sandbox banks. For this machine only.

use super::qc_statements;
use crate::clock::Clock;
use anyhow::Context as _;
use chrono::Datelike as _;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_RSA_SHA256, RsaKeySize, SanType,
};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

/// A certificate and its key, as PEM files.
#[derive(Clone, Debug)]
pub struct PemPair {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key, mode 0600.
    pub key: PathBuf,
}

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A listener on this machine.
    Server,
    /// A partner, or ourselves towards banks.
    Client,
    /// A payment service provider towards banks, in TLS: a qualified website certificate's double
    /// (ETSI EN 319 412-4), with an EC key.
    Qwac,
    /// A payment service provider's or a bank's signatures: a qualified seal's double (ETSI EN 319 412-3), with
    /// an RSA key of 2048 bits.
    Qsealc,
}

/// The development CA, which lives only while it signs: its key is never written.
pub struct DevelopmentCa {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
    years: (i32, i32),
}

impl std::fmt::Debug for DevelopmentCa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DevelopmentCa")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl DevelopmentCa {
    /// A new CA; its certificate is written to `ca.pem` in the folder.
    ///
    /// # Errors
    /// When a key cannot be made or a file not written.
    pub fn create(folder: &Path, clock: &Clock) -> anyhow::Result<Self> {
        let year = clock.now().year();
        let years = (year - 1, year + 3);
        let mut params = params("SmartPay development CA", "Development", years)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("ca.pem"), issuer.pem())?;
        Ok(Self {
            issuer,
            folder: folder.to_owned(),
            years,
        })
    }

    /// The file of the CA's own certificate.
    #[must_use]
    pub fn certificate(folder: &Path) -> PathBuf {
        folder.join("ca.pem")
    }

    /// Signs a certificate and writes `NAME.pem` and `NAME.key`.
    ///
    /// # Errors
    /// When a key cannot be made or a file not written.
    pub fn issue(&self, name: &str, organization: &str, purpose: Purpose) -> anyhow::Result<PemPair> {
        self.sign(name, purpose, params(name, organization, self.years)?)
    }

    /// Signs a certificate that names a payment service provider (ETSI TS 119 495): `identifier` is its
    /// `organizationIdentifier`, such as `PSDRO-NBR-40112233`; the roles are payment initiation, account
    /// information and issuing of card-based payment instruments.
    ///
    /// # Errors
    /// As [`DevelopmentCa::issue`].
    pub fn issue_for_psp(&self, name: &str, organization: &str, identifier: &str, purpose: Purpose) -> anyhow::Result<PemPair> {
        self.issue_for_roles(name, (organization, identifier), purpose, &qc_statements::ROLES)
    }

    /// Like [`DevelopmentCa::issue_for_psp`], with these roles.
    pub(crate) fn issue_for_roles(
        &self,
        name: &str,
        (organization, identifier): (&str, &str),
        purpose: Purpose,
        roles: &[(u64, &str)],
    ) -> anyhow::Result<PemPair> {
        let mut params = params(name, organization, self.years)?;
        let organization_identifier = DnType::CustomDnType(qc_statements::ORGANIZATION_IDENTIFIER.to_vec());
        params.distinguished_name.push(organization_identifier, identifier);
        let statements = qc_statements::psd2(purpose, roles);
        let extension = CustomExtension::from_oid_content(&qc_statements::EXTENSION, statements);
        params.custom_extensions = vec![extension];
        self.sign(name, purpose, params)
    }

    fn sign(&self, name: &str, purpose: Purpose, mut params: CertificateParams) -> anyhow::Result<PemPair> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        match purpose {
            Purpose::Server => {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
                params.subject_alt_names = vec![
                    SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
                    SanType::DnsName("localhost".try_into()?),
                ];
            }
            Purpose::Client | Purpose::Qwac => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
            // A seal is for documents and messages, never for TLS.
            Purpose::Qsealc => params.key_usages.push(KeyUsagePurpose::ContentCommitment),
        }
        let key = match purpose {
            Purpose::Qsealc => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?,
            Purpose::Server | Purpose::Client | Purpose::Qwac => KeyPair::generate()?,
        };
        let certificate = params.signed_by(&key, &self.issuer)?;
        let pair = PemPair::at(&self.folder, name);
        std::fs::write(&pair.certificate, certificate.pem())?;
        write_private(&pair.key, key.serialize_pem().as_bytes())?;
        Ok(pair)
    }
}

impl PemPair {
    /// The files of a name in a folder.
    #[must_use]
    pub fn at(folder: &Path, name: &str) -> Self {
        Self {
            certificate: folder.join(format!("{name}.pem")),
            key: folder.join(format!("{name}.key")),
        }
    }
}

fn params(name: &str, organization: &str, (from, until): (i32, i32)) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.distinguished_name.push(DnType::CountryName, "RO");
    params.distinguished_name.push(DnType::OrganizationName, organization);
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = rcgen::date_time_ymd(from, 1, 1);
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    Ok(params)
}

/// Writes a file that only its owner may read.
///
/// # Errors
/// When the file cannot be written.
pub fn write_private(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(content)?;
    Ok(())
}

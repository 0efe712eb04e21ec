//! What the partners' pages say.

use crate::payment::Language;
use crate::payment::limits::{Action, Figure};
use crate::web::hosted_page::texts::catalogue;

catalogue! {
    /// The texts of the partners' pages.
    PartnerTexts {
        partners: "Parteneri", "Partners";
        lead: "Cine poate porni plăți prin noi.", "Who may start payments through us.";
        none: "Niciun partener încă. Începe cu „Partener nou”.", "No partner yet. Begin with “New partner”.";
        new: "Partener nou", "New partner";
        new_lead: "Partenerul nou nu poate porni plăți. După certificat, adrese de întoarcere și datele de cunoaștere a clientelei, doi administratori îl activează.",
            "A new partner cannot start payments. After a certificate, redirect URLs and the onboarding data, two admins activate it.";
        add: "Adaugă partenerul", "Add the partner";
        all: "← Toți partenerii", "← All partners";
        client_id: "Client ID", "Client id";
        client_id_hint: "Între 3 și 64 de litere, cifre, puncte, liniuțe. Nu se mai schimbă.", "3 to 64 letters, digits, dots, dashes. It does not change later.";
        name: "Numele văzut de plătitori", "Name payers see";
        kind: "Tip", "Kind";
        ecommerce: "Ecommerce: plătitorul nu schimbă comanda", "Ecommerce: the payer does not change the order";
        finance: "Finance: plătitorul poate schimba comanda", "Finance: the payer may change the order";
        ecommerce_short: "Ecommerce", "Ecommerce";
        finance_short: "Finance", "Finance";
        currency: "Moneda", "Currency";
        colour: "Culoarea", "Colour";
        colour_hint: "Butoanele și antetul paginii de plată.", "The buttons and the head of the payment page.";
        account_access: "Poate cere acces la conturile plătitorilor (numai Finance)", "May ask for access to payers’ accounts (Finance only)";
        state: "Stare", "State";
        active: "activ", "active";
        inactive: "inactiv", "inactive";
        profile: "Profil", "Profile";
        save: "Salvează", "Save";
        saved: "Salvat.", "Saved.";
        proposed: "Propunerea așteaptă decizia altui administrator.", "The proposal waits for another admin’s decision.";
        done: "Schimbarea a fost făcută.", "The change was made.";
        errors: "Nu s-a schimbat nimic:", "Nothing was changed:";
        onboarding: "Cunoașterea clientelei", "Onboarding";
        complete: "completă", "complete";
        incomplete: "incompletă", "incomplete";
        not_begun: "neîncepută", "not begun";
        relation_ended: "relație încheiată", "relation ended";
        without_file: "fără dosar complet", "no complete file";
        without_file_lead: "Partenerul este activ fără un dosar complet: a fost pornit de un operator la linia de comandă, sau dosarul nu mai este complet. O nouă activare cere dosarul complet.",
            "The partner is active without a complete file: an operator started it on the command line, or the file is no longer complete. Activating it again needs a complete file.";
        may_onboard: "Platformă: poate trimite cereri de înscriere a altor comercianți", "Platform: may send applications of other merchants";
        came_through: "Venit prin", "Came through";
        application: "cererea", "the application";
        contrast: "Contrast", "Contrast";
        contrast_button: "textul de pe butoane", "text on buttons";
        contrast_light: "accente pe fond deschis", "accents on the light page";
        contrast_dark: "accente pe fond închis", "accents on the dark page";
        contrast_need: "Este nevoie de cel puțin 4,5 : 1; unde culoarea nu ajunge, pagina o închide sau o deschide singură.",
            "At least 4.5 : 1 is needed; where the colour falls short, the page makes it darker or lighter by itself.";
        preview: "Vezi pagina de plată", "See the payment page";
        preview_hint: "Cu date de probă și cu culoarea de mai sus, chiar dacă nu e salvată. Nu pornește nicio plată.",
            "With sample data and the colour above, saved or not. It starts no payment.";
        logo: "Sigla", "Logo";
        logo_file: "Fișierul siglei", "Logo file";
        logo_hint: "PNG sau JPEG, cel mult 1 MB. O redesenăm: din fișier rămân numai pixelii.", "PNG or JPEG, at most 1 MB. We draw it anew: only its pixels are kept.";
        logo_save: "Înlocuiește sigla", "Replace the logo";
        no_logo: "Fără siglă.", "No logo.";
        certificates: "Certificate", "Certificates";
        certificates_lead: "Cel mult două odată, ca schimbarea să nu întrerupă plățile. Jetoanele rămân legate de certificatul cu care au fost cerute.",
            "At most two at a time, so that a change-over interrupts nothing. Tokens stay bound to the certificate they were asked for with.";
        no_certificate: "Niciun certificat: partenerul nu poate chema nimic.", "No certificate: the partner can call nothing.";
        subject: "Subiect", "Subject";
        issuer: "Emitent", "Issuer";
        valid: "Valabil", "Valid";
        until: "până la", "until";
        key: "Cheie", "Key";
        fingerprint: "Amprentă SHA-256", "SHA-256 fingerprint";
        not_known: "necunoscut (numit la înscriere)", "not known (named at set-up)";
        any_of_subject: "oricare cu acest subiect și emitent", "any of this subject and issuer";
        remove: "Propune scoaterea", "Propose removal";
        certificate_file: "Fișierul certificatului", "Certificate file";
        certificate_hint: "PEM sau DER. Îl arătăm înainte de propunere.", "PEM or DER. We show it before it is proposed.";
        look: "Citește certificatul", "Read the certificate";
        certificate_read: "Certificatul citit", "The certificate as read";
        certificate_ask: "Compară amprenta cu partenerul pe alt drum decât cel pe care a venit fișierul.", "Compare the fingerprint with the partner, another way than the file came.";
        propose: "Propune", "Propose";
        ends_in: "se termină în", "ends in";
        ended: "a expirat", "has expired";
        ending: "Certificate care se termină", "Certificates about to end";
        redirects: "Adrese de întoarcere", "Redirect URLs";
        redirects_hint: "Una pe rând, fără parametri. Plătitorul poate fi trimis numai la ele sau sub ele.", "One a line, without a query. Payers are sent only there or below.";
        flexible: "Calea și parametrii pot varia", "Path and query may vary";
        signatures: "Cereri semnate", "Signed requests";
        signatures_lead: "Semnături HTTP (RFC 9421). Când sunt cerute, fiecare POST trebuie semnat; altfel, o semnătură trimisă este verificată dacă partenerul are chei.",
            "HTTP message signatures (RFC 9421). When required, every POST must be signed; otherwise a signature that is sent is verified if the partner has keys.";
        signatures_on: "Semnătura este obligatorie.", "Signatures are required.";
        signatures_off: "Semnătura nu este obligatorie.", "Signatures are not required.";
        no_signature_key: "Nicio cheie.", "No key.";
        signature_keys: "Cheile publice", "Public keys";
        signature_keys_hint: "JWK Set, un JWK sau PEM: EC P-256, Ed25519 sau RSA de cel puțin 2048 de biți. Înlocuiesc toate cheile de acum. Compară amprentele (RFC 7638) cu partenerul pe alt drum.",
            "A JWK Set, one JWK, or PEM: EC P-256, Ed25519, or RSA of at least 2048 bits. They replace all keys there are. Compare the thumbprints (RFC 7638) with the partner another way.";
        signature_required: "Cere semnătură la fiecare POST", "Require a signature on every POST";
        algorithm: "Algoritm", "Algorithm";
        thumbprint: "Amprentă", "Thumbprint";
        keys_unreadable: "Cheile nu pot fi citite, nu sunt publice, sau nu sunt EC P-256, Ed25519 ori RSA de cel puțin 2048 de biți.",
            "The keys cannot be read, are not public, or are neither EC P-256, Ed25519, nor RSA of at least 2048 bits.";
        keys_many: "Cel mult 8 chei.", "At most 8 keys.";
        keys_none: "Ca semnătura să fie cerută, este nevoie de o cheie.", "To require signatures, a key is needed.";
        keys_twice: "O cheie sau un nume de cheie apare de două ori.", "A key or the id of a key stands twice.";
        keys_kid: "Numele unei chei (kid) are între 1 și 128 de caractere ASCII, fără spații.", "The id of a key (kid) has 1 to 128 ASCII characters without spaces.";
        figures: "Cifre declarate și limite", "Declared figures and limits";
        figures_lead: "Un câmp gol nu se verifică. „Avertizează” lasă plata să treacă și o notează; „oprește” o blochează.",
            "An empty field is not judged. “Warn” lets the payment go on and notes it; “block” stops it.";
        figure: "Cifra", "Figure";
        most: "Cel mult", "At most";
        beyond: "Peste", "Beyond";
        today: "Azi", "Today";
        warn: "avertizează", "warn";
        block: "oprește", "block";
        maximum_amount: "Suma maximă a unei plăți", "Largest payment";
        average_amount: "Suma medie a zilei (de la 10 plăți)", "Average payment of a day (from 10 on)";
        payments_per_day: "Plăți pe zi", "Payments a day";
        unfinished_per_day: "Plăți neterminate pe zi", "Unfinished payments a day";
        client_per_day: "Plăți pe zi ale unui client", "Payments a day of one client";
        registered_clients: "Clienți înregistrați", "Registered clients";
        activation: "Activare", "Activation";
        activate: "Propune activarea", "Propose activation";
        deactivate: "Propune dezactivarea", "Propose deactivation";
        activation_lead: "Un partener inactiv nu poate chema nimic; plățile pornite își urmează drumul.", "An inactive partner can call nothing; payments that were started go on.";
        history: "Propuneri", "Proposals";
        no_proposals: "Nicio propunere.", "No proposals.";
        confirm_first: "Propunerile cer o confirmare din ultimele 5 minute că ești tu.", "Proposals need a confirmation that it is you, of the last 5 minutes.";
        confirm_link: "Confirmă acum", "Confirm now";
        not_fresh: "Confirmă întâi că ești tu (legătura de mai sus se deschide în altă filă), apoi trimite din nou de aici: ce ai completat a rămas.", "First confirm that it is you (the link above opens another tab), then send it again from here: what you entered is still there.";
        page_expired: "Pagina a expirat. Încearcă din nou.", "The page has expired. Try again.";
        wrong_client_id: "Client ID: între 3 și 64 de litere, cifre, puncte, liniuțe.", "Client id: 3 to 64 letters, digits, dots, dashes.";
        taken_client_id: "Există deja un partener cu acest Client ID.", "There is a partner of this client id already.";
        wrong_name: "Numele: între 1 și 70 de caractere.", "Name: 1 to 70 characters.";
        wrong_colour: "Culoarea se scrie #rrggbb.", "A colour is written #rrggbb.";
        wrong_access: "Numai partenerii Finance pot cere acces la conturi.", "Only Finance partners may ask for access to accounts.";
        wrong_kind: "Alege tipul și moneda.", "Choose the kind and the currency.";
        currency_in_use: "Moneda rămâne: există plăți în ea.", "The currency stays: there are payments in it.";
        wrong_urls: "Între 1 și 20 de adrese https, câte una pe rând, fără parametri și fără „#”.", "1 to 20 https URLs, one a line, without query and “#”.";
        unchanged: "Nu ar schimba nimic.", "It would change nothing.";
        wrong_figure: "Cifrele sunt numere mai mari decât zero; sumele au cel mult două zecimale.", "Figures are numbers above zero; amounts have at most two decimals.";
        logo_large: "Sigla are peste 1 MB.", "The logo has more than 1 MB.";
        logo_wrong: "Sigla trebuie să fie o imagine PNG sau JPEG întreagă, de cel mult 4000 × 4000 de pixeli.", "A logo is a whole PNG or JPEG picture of at most 4000 × 4000 pixels.";
        certificate_unreadable: "Fișierul nu conține un certificat X.509, nici PEM, nici DER.", "The file holds no X.509 certificate, neither PEM nor DER.";
        certificate_expired: "Certificatul a expirat.", "The certificate has expired.";
        certificate_early: "Certificatul nu este încă valabil.", "The certificate is not valid yet.";
        certificate_ca: "Certificatul nu este semnat de o autoritate în care are încredere poarta noastră.", "The certificate was not signed by a CA that our gateway trusts.";
        certificate_use: "Certificatul nu este pentru clienți TLS (utilizarea extinsă a cheii).", "The certificate is not for TLS clients (extended key usage).";
        certificate_no: "Poarta noastră nu ar accepta certificatul.", "Our gateway would not accept the certificate.";
        certificate_known: "Partenerul are deja acest certificat.", "The partner has this certificate already.";
        certificate_many: "Sunt deja două certificate; scoate unul întâi.", "There are two certificates already; remove one first.";
        certificate_taken: "Alt partener folosește acest certificat, sau unul cu același subiect și emitent.", "Another partner calls with this certificate, or with one of the same subject and issuer.";
        certificate_last: "Este ultimul certificat: adaugă-l întâi pe următorul, sau dezactivează partenerul.", "It is the last certificate: add the next one first, or deactivate the partner.";
        needs_certificate: "Înainte de activare este nevoie de un certificat.", "Activation needs a certificate first.";
        needs_redirect: "Înainte de activare este nevoie de o adresă de întoarcere.", "Activation needs a redirect URL first.";
        needs_onboarding: "Înainte de activare cunoașterea clientelei trebuie să fie completă.", "Activation needs the onboarding to be complete first.";
        too_many: "Prea multe propuneri așteaptă deja pentru acest partener.", "Too many proposals wait for this partner already.";
        not_possible: "Nu se mai poate: s-a schimbat între timp.", "Not possible any more: it has changed meanwhile.";
    }
}

impl PartnerTexts {
    /// A declared figure in words.
    #[must_use]
    pub const fn figure_word(&self, figure: Figure) -> &'static str {
        match figure {
            Figure::MaximumAmount => self.maximum_amount,
            Figure::AverageAmount => self.average_amount,
            Figure::PaymentsPerDay => self.payments_per_day,
            Figure::UnfinishedPerDay => self.unfinished_per_day,
            Figure::ClientPerDay => self.client_per_day,
            Figure::RegisteredClients => self.registered_clients,
        }
    }

    /// What follows beyond a figure, in a word.
    #[must_use]
    pub const fn action_word(&self, action: Action) -> &'static str {
        match action {
            Action::Warn => self.warn,
            Action::Block => self.block,
        }
    }

    /// A problem in words, and the field it is about, as an anchor of the page.
    #[must_use]
    pub fn problem(&self, field: &str, code: &str) -> (&'static str, &'static str) {
        match (field, code) {
            ("client_id", "TAKEN") => ("client_id", self.taken_client_id),
            ("client_id", _) => ("client_id", self.wrong_client_id),
            ("name", _) => ("name", self.wrong_name),
            ("kind", _) => ("kind", self.wrong_kind),
            ("currency", _) => ("currency", self.currency_in_use),
            ("colour", _) => ("colour", self.wrong_colour),
            ("account_access", _) => ("account_access", self.wrong_access),
            ("redirect_urls", "UNCHANGED") => ("redirect_urls", self.unchanged),
            ("redirect_urls", _) => ("redirect_urls", self.wrong_urls),
            ("limits", "UNCHANGED") => ("maximum_amount", self.unchanged),
            ("limits", _) => ("maximum_amount", self.wrong_figure),
            ("logo", "TOO_LARGE") => ("logo", self.logo_large),
            ("logo", _) => ("logo", self.logo_wrong),
            ("certificate", code) => ("certificate", self.certificate_problem(code)),
            ("signature_keys", code) => ("signature_keys", self.keys_problem(code)),
            ("active", "NO_CERTIFICATE") => ("activation", self.needs_certificate),
            ("active", "NO_REDIRECT_URL") => ("activation", self.needs_redirect),
            ("active", "NOT_ONBOARDED") => ("activation", self.needs_onboarding),
            ("active", _) => ("activation", self.unchanged),
            ("page", _) => ("main", self.page_expired),
            ("fresh", _) => ("confirm", self.not_fresh),
            ("many", _) => ("history", self.too_many),
            _ => ("main", self.not_possible),
        }
    }

    fn keys_problem(&self, code: &str) -> &'static str {
        match code {
            "UNCHANGED" => self.unchanged,
            "TOO_MANY" => self.keys_many,
            "NO_KEY" => self.keys_none,
            "TWICE" => self.keys_twice,
            "KID" => self.keys_kid,
            _ => self.keys_unreadable,
        }
    }

    fn certificate_problem(&self, code: &str) -> &'static str {
        match code {
            "NOT_READABLE" => self.certificate_unreadable,
            "EXPIRED" => self.certificate_expired,
            "NOT_VALID_YET" => self.certificate_early,
            "UNKNOWN_CA" => self.certificate_ca,
            "NOT_FOR_CLIENTS" => self.certificate_use,
            "KNOWN" => self.certificate_known,
            "TOO_MANY" => self.certificate_many,
            "TAKEN" => self.certificate_taken,
            "THE_LAST" => self.certificate_last,
            _ => self.certificate_no,
        }
    }
}

/// So many days.
#[must_use]
pub fn days(language: Language, n: i64) -> String {
    let n = usize::try_from(n).unwrap_or(0);
    language.counted(n, ["zi", "zile"], ["day", "days"])
}

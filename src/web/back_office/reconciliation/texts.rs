//! The texts of reconciliation, in both languages.

use crate::statement::columns::DayForm;
use crate::statement::matching::Finding;
use crate::statement::{Unreadable, Why};
use crate::store::reconciliations::{Direction, State};
use crate::web::hosted_page::texts::catalogue;

catalogue! {
    /// The texts of the pages.
    ReconciliationTexts {
        lead: "Compară extrasul băncii cu plățile decontate aici. Extrasul nu schimbă nicio plată.", "Compares the bank's statement with the payments settled here. A statement changes no payment.";
        upload: "Încarcă un extras", "Upload a statement";
        partner: "Ale cui plăți", "Whose payments";
        all_partners: "Ale tuturor partenerilor", "Those of all partners";
        direction: "Ce rânduri", "Which entries";
        incoming: "încasări", "money in";
        outgoing: "plăți", "money out";
        both: "toate", "all";
        account: "IBAN-ul contului (dacă nu e în fișier)", "IBAN of the account (if it is not in the file)";
        account_hint: "Cu el găsim și rândurile care nu numesc plata.", "With it entries are found too that do not name the payment.";
        file: "Extrasul: camt.053 (XML) sau CSV, cel mult 20 MB", "The statement: camt.053 (XML) or CSV, at most 20 MB";
        send: "Încarcă", "Upload";
        errors: "Verifică formularul", "Check the form";
        file_missing: "Alege un fișier.", "Choose a file.";
        file_too_large: "Fișierul are peste 20 MB. Cere băncii un extras pe mai puține zile.", "The file is larger than 20 MB. Ask the bank for a statement of fewer days.";
        file_no_statement: "Fișierul nu este nici camt.053, nici CSV. Un fișier XLSX se salvează întâi ca CSV; un PDF nu se poate citi.", "The file is neither camt.053 nor CSV. Save an XLSX file as CSV first; a PDF cannot be read.";
        account_wrong: "IBAN-ul contului nu este corect.", "The IBAN of the account is not correct.";
        partner_wrong: "Alege un partener din listă.", "Choose a partner of the list.";
        expired: "Pagina a fost deschisă prea mult timp. Încearcă din nou.", "The page was open for too long. Try again.";
        past: "Extrase încărcate", "Uploaded statements";
        none: "Niciun extras.", "No statements.";
        at: "Încărcat", "Uploaded";
        name: "Fișier", "File";
        erased: "șters", "erased";
        days: "Zile", "Days";
        state: "Stare", "State";
        to_see: "De văzut", "To be looked at";
        all: "Toate extrasele", "All statements";
        state_columns: "așteaptă coloanele", "waits for its columns";
        state_waiting: "așteaptă", "waiting";
        state_running: "se compară", "being compared";
        state_ready: "gata", "ready";
        state_failed: "nu s-a putut citi", "could not be read";
        running: "Se compară pe server; poți pleca și reveni. Rânduri comparate până acum:", "It is compared on the server; you may leave and come back. Entries compared so far:";
        reload: "Reîncarcă pagina", "Reload the page";
        failed: "Fișierul nu a putut fi citit până la capăt; nu s-a păstrat nimic din el.", "The file could not be read to its end; nothing of it was kept.";
        place: "Linia {line} a fișierului", "Line {line} of the file";
        element: "elementul {at}", "element {at}";
        column: "coloana {at}", "column {at}";
        same_file: "Același fișier a mai fost încărcat:", "The same file was uploaded before:";
        left_out: "Rânduri lăsate deoparte (cealaltă direcție sau neînregistrate)", "Entries left out (the other direction, or not booked)";
        result: "Rezultat", "Result";
        finding: "Constatare", "Finding";
        count: "Număr", "Count";
        sum: "Sumă", "Sum";
        which: "Ce rânduri", "Which lines";
        every: "Toate", "All";
        lines: "Rânduri", "Lines";
        no_lines: "Niciun rând.", "No lines.";
        day: "Zi", "Day";
        amount: "Sumă", "Amount";
        here: "Aici", "Here";
        payment: "Plata", "Payment";
        other_side: "Cealaltă parte", "Other side";
        details: "Detalii", "Details";
        line: "Linia", "Line";
        next: "Următoarele 100", "Next 100";
        from_start: "De la început", "From the start";
        csv: "Descarcă rezultatul (CSV)", "Download the result (CSV)";
        resolve: "Deschide plata ca să lămurești îndoiala", "Open the payment to end the doubt";
        repeated: "a doua oară pentru aceeași plată", "a second time for the same payment";
        reversal: "storno", "reversal";
        may_come: "poate apărea în extrasul următor", "may stand in the next statement";
        matched: "regăsite", "matched";
        probable: "probabil regăsite", "probably matched";
        differing: "cu altă sumă sau monedă", "with another amount or currency";
        missing: "lipsă din extras", "missing from the statement";
        surplus: "în plus în extras", "surplus in the statement";
        in_doubt: "înregistrate de bancă, în dubiu aici", "booked by the bank, in doubt here";
        not_settled: "înregistrate de bancă, neplătite aici", "booked by the bank, not paid here";
        columns_title: "Ce înseamnă coloanele", "What the columns mean";
        columns_lead: "Am ghicit din capul tabelului. Verifică și corectează înainte de comparare.", "This was guessed from the table's head. Check and correct it before the comparison.";
        first_rows: "Primele rânduri", "The first rows";
        separator: "Separator", "Separator";
        tab: "tabulator", "tabulator";
        head: "Rândul cu numele coloanelor", "The row with the names of the columns";
        col_day: "Ziua înregistrării", "Booking day";
        day_form: "Cum sunt scrise zilele", "How days are written";
        col_amount: "Suma (cu minus la plăți)", "Amount (with a minus for money out)";
        col_debit: "Debit (plăți)", "Debit (money out)";
        col_credit: "Credit (încasări)", "Credit (money in)";
        decimal: "Semnul zecimal", "Decimal sign";
        comma: "virgulă: 1.234,56", "comma: 1.234,56";
        point: "punct: 1,234.56", "point: 1,234.56";
        col_currency: "Moneda", "Currency";
        usual_currency: "Moneda, dacă nu e în tabel", "Currency, if it is not in the table";
        col_name: "Numele celeilalte părți", "Name of the other side";
        col_iban: "IBAN-ul celeilalte părți", "IBAN of the other side";
        col_remittance: "Detaliile plății", "Remittance information";
        col_reference: "Referința (id capăt la capăt)", "Reference (end-to-end id)";
        no_column: "– nicio coloană –", "– no column –";
        compare: "Compară", "Compare";
        day_month_year: "zi.lună.an", "day.month.year";
        year_month_day: "an-lună-zi", "year-month-day";
        month_day_year: "lună/zi/an", "month/day/year";
        why_not_camt: "Este XML, dar nu camt.053. Cere băncii un extras „camt.053”.", "It is XML, but not camt.053. Ask the bank for a “camt.053” statement.";
        why_encoding: "Fișierul are caractere care nu sunt în codarea lui. Salvează-l ca UTF-8.", "The file has characters that are not of its encoding. Save it as UTF-8.";
        why_doctype: "Fișierul are o declarație DOCTYPE, pe care un extras nu o are. Descarcă-l din nou de la bancă.", "The file has a DOCTYPE declaration, which no statement has. Download it from the bank again.";
        why_entity: "Fișierul are o entitate necunoscută. Descarcă-l din nou de la bancă.", "The file has an unknown entity. Download it from the bank again.";
        why_syntax: "Fișierul nu este scris corect în acest loc. Descarcă-l din nou, fără să-l deschizi cu alt program.", "The file is not well-formed at this place. Download it again, without opening it in another program.";
        why_cut_off: "Fișierul se termină prea devreme. Descarcă-l din nou.", "The file ends too early. Download it again.";
        why_too_deep: "Fișierul are elemente mai adânci sau mai lungi decât un extras.", "The file has elements that are deeper or longer than a statement's.";
        why_too_many: "Fișierul are peste 200.000 de rânduri. Cere un extras pe mai puține zile.", "The file has more than 200,000 entries. Ask for a statement of fewer days.";
        why_missing: "Aici trebuie să fie o valoare. Alege altă coloană sau completează rândul.", "A value must stand here. Choose another column, or complete the row.";
        why_amount: "Aceasta nu este o sumă cu cel mult două zecimale. Verifică semnul zecimal.", "This is no amount with at most two decimals. Check the decimal sign.";
        why_currency: "Aceasta nu este o monedă din trei litere, de exemplu RON.", "This is no currency of three letters, such as RON.";
        why_day: "Aceasta nu este o zi. Verifică felul în care sunt scrise zilele.", "This is no day. Check how days are written.";
        why_direction: "Aici trebuie să fie CRDT sau DBIT.", "CRDT or DBIT must stand here.";
        why_empty: "Fișierul nu are niciun rând.", "The file has no entries.";
        why_columns: "Alege coloana zilei și pe cea a sumei (sau debit și credit), și moneda.", "Choose the columns of the day and of the amount (or debit and credit), and the currency.";
        why_stopped: "Compararea s-a oprit. Încarcă fișierul din nou.", "The comparison was stopped. Upload the file again.";
    }
}

impl ReconciliationTexts {
    /// A finding in words.
    #[must_use]
    pub const fn finding_word(&self, finding: Finding) -> &'static str {
        match finding {
            Finding::Matched => self.matched,
            Finding::Probable => self.probable,
            Finding::Differing => self.differing,
            Finding::Missing => self.missing,
            Finding::Surplus => self.surplus,
            Finding::InDoubt => self.in_doubt,
            Finding::NotSettled => self.not_settled,
        }
    }

    /// A state in words.
    #[must_use]
    pub const fn state_word(&self, state: State) -> &'static str {
        match state {
            State::Columns => self.state_columns,
            State::Waiting => self.state_waiting,
            State::Running => self.state_running,
            State::Ready => self.state_ready,
            State::Failed => self.state_failed,
        }
    }

    /// A direction in words.
    #[must_use]
    pub const fn direction_word(&self, direction: Direction) -> &'static str {
        match direction {
            Direction::Incoming => self.incoming,
            Direction::Outgoing => self.outgoing,
            Direction::Both => self.both,
        }
    }

    /// How days are written, in words.
    #[must_use]
    pub const fn day_form_word(&self, form: DayForm) -> &'static str {
        match form {
            DayForm::DayMonthYear => self.day_month_year,
            DayForm::YearMonthDay => self.year_month_day,
            DayForm::MonthDayYear => self.month_day_year,
        }
    }

    const fn why(&self, why: Why) -> &'static str {
        match why {
            Why::NotAStatement => self.file_no_statement,
            Why::NotCamt => self.why_not_camt,
            Why::Encoding => self.why_encoding,
            Why::Doctype => self.why_doctype,
            Why::Entity => self.why_entity,
            Why::Syntax => self.why_syntax,
            Why::CutOff => self.why_cut_off,
            Why::TooDeep => self.why_too_deep,
            Why::TooMany => self.why_too_many,
            Why::Missing => self.why_missing,
            Why::Amount => self.why_amount,
            Why::Currency => self.why_currency,
            Why::Day => self.why_day,
            Why::Direction => self.why_direction,
            Why::Empty => self.why_empty,
            Why::Columns => self.why_columns,
            Why::Stopped => self.why_stopped,
        }
    }

    /// Where a file cannot be read, why, and how to mend it.
    #[must_use]
    pub fn unreadable(&self, of: &Unreadable) -> String {
        if matches!(of.why, Why::Columns | Why::Empty | Why::Stopped | Why::NotAStatement) {
            return self.why(of.why).to_owned();
        }
        let mut words = self.place.replace("{line}", &of.line.to_string());
        if !of.at.is_empty() {
            let is_column = of.at.bytes().all(|b| b.is_ascii_digit());
            let part = if is_column { self.column } else { self.element };
            words.push_str(", ");
            words.push_str(&part.replace("{at}", &of.at));
        }
        format!("{words}: {}", self.why(of.why))
    }

    /// What a flow refused of the form that uploads a file: the field and the words.
    #[must_use]
    pub fn problem(&self, field: &str, code: &str) -> (&'static str, &'static str) {
        match (field, code) {
            ("file", "MISSING") => ("file", self.file_missing),
            ("file", "TOO_LARGE") => ("file", self.file_too_large),
            ("file", _) => ("file", self.file_no_statement),
            ("account", _) => ("account", self.account_wrong),
            ("partner", _) => ("partner", self.partner_wrong),
            _ => ("file", self.expired),
        }
    }
}

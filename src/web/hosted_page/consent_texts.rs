//! What is said of consents and of choosing an account at the bank, in both languages side by side.
//!
//! `{bank}`, `{partner}`, `{day}`, `{time}` and `{banks}` stand for what the pages fill in.

use super::texts::catalogue;

catalogue! {
    /// The texts about access to accounts.
    ConsentTexts {
        title_accounts: "{partner} îți cere acces la conturi", "{partner} asks for access to your accounts";
        title_funds: "{partner} întreabă dacă ai destui bani în cont", "{partner} asks whether your account has enough money";
        lead: "Tu hotărăști. Accesul îl aprobi la banca ta, iar parola și PIN-ul nu ni le dai nouă.", "You decide. You approve the access at your bank, and never give us your password or PIN.";
        heading: "Ce ți se cere", "What you are asked for";
        who: "Cine cere", "Who asks";
        what: "Ce va vedea", "What it will see";
        what_accounts: "Conturile pe care le alegi la bancă: numărul, soldul și tranzacțiile lor. Nu poate face plăți.", "The accounts you choose at the bank: their number, balance and transactions. It cannot make payments.";
        what_funds: "Numai răspunsul „da” sau „nu” la întrebarea dacă o sumă este în cont. Nu vede soldul și nu poate face plăți.", "Only the answer “yes” or “no” to whether an amount is in the account. It sees no balance and cannot make payments.";
        until: "Până când", "Until";
        until_day: "{day} sau până când retragi accesul, la bancă ori la cel care îl cere", "{day}, or until you take the access back, at the bank or with whoever asks for it";
        how_often: "Cât de des", "How often";
        often: "De cel mult patru ori pe zi, și când nu ești de față", "At most four times a day, also when you are not there";
        once: "O singură dată", "Once";
        bank: "La ce bancă ai conturile", "The bank where you hold the accounts";
        no_bank: "Nicio bancă disponibilă acum nu oferă acest acces. Încearcă mai târziu.", "No bank available right now offers this access. Try again later.";
        choose_bank: "Alege o bancă din listă.", "Choose a bank from the list.";
        code_wrong: "Banca aleasă cere codul tău de utilizator. Verifică-l.", "The chosen bank asks for your user code. Check it.";
        code_label: "Cod utilizator", "User code";
        code_hint: "Codul cu care te recunoaște banca. Nu este parola. Îl cer doar: {banks}.", "The code your bank knows you by. It is not the password. Only these ask for it: {banks}.";
        go: "Continuă la bancă", "Continue to the bank";
        refuse: "Nu sunt de acord", "I do not agree";
        declined: "{bank} nu a acceptat cererea. Nimeni nu a primit acces. Poți încerca din nou sau poți alege altă bancă.", "{bank} did not accept the request. Nobody was given access. You can try again or choose another bank.";
        unavailable: "{bank} nu răspunde acum. Nimeni nu a primit acces. Încearcă din nou sau alege altă bancă.", "{bank} is not answering right now. Nobody was given access. Try again or choose another bank.";
        expired_page: "Pagina a stat deschisă prea mult. Verifică datele și continuă din nou.", "The page was open for too long. Check the details and continue again.";
        secure: "Conexiunea este criptată, iar parola și PIN-ul băncii le introduci numai la banca ta. Noi nu ți le cerem niciodată.", "The connection is encrypted, and you enter your bank password and PIN only at your bank. We never ask for them.";
        operated_by: "Serviciu de informare cu privire la conturi oferit de", "Account information service provided by";

        at_title: "Mergi la {bank}", "Go to {bank}";
        at_lead: "Mai ai un pas: aprobă accesul la banca ta.", "One step left: approve the access at your bank.";
        at_step_1: "Se deschide pagina sau aplicația {bank}.", "The page or app of {bank} opens.";
        at_step_2: "Te autentifici acolo și alegi conturile.", "You sign in there and choose the accounts.";
        at_step_3: "Aprobi accesul și revii automat aici, în același browser.", "You approve the access and come back here automatically, in the same browser.";
        wait_title: "Așteptăm răspunsul băncii", "We are waiting for the bank’s answer";
        wait_lead: "{bank} nu ne-a spus încă dacă ai aprobat accesul. Dacă banca ți-a trimis o cerere în aplicația ei, aprob-o acolo.", "{bank} has not told us yet whether you approved the access. If the bank sent a request to its app, approve it there.";
        another_bank: "Altă bancă", "Another bank";

        app_title: "Aprobă accesul în aplicația băncii", "Approve the access in your banking app";
        app_step_1: "Deschide aplicația băncii și citește cine îți cere acces și la ce conturi.", "Open your banking app and read who asks for access, and to which accounts.";
        app_step_2: "Aprobă numai dacă ai început tu această cerere, acum. Nu se face nicio plată.", "Approve only if you started this request yourself, just now. No payment is made.";
        app_step_3: "Întoarce-te aici ca să continui.", "Come back here to go on.";
        code_lead: "{bank} ți-a trimis un cod de unică folosință. Cu el aprobi accesul la conturi; nu se face nicio plată.", "{bank} has sent you a one-time code. With it you approve the access to your accounts; no payment is made.";
        made_lead: "{bank} nu îți trimite nimic: codul îl ai în aplicația de autentificare sau pe token. Cu el aprobi accesul la conturi; nu se face nicio plată.", "{bank} sends you nothing: the code is in your authenticator app or on your token. With it you approve the access to your accounts; no payment is made.";
        code_send: "Aprobă accesul", "Approve the access";
        method_title: "Alege cum aprobi accesul", "Choose how to approve the access";
        step_until: "Poți aproba accesul până la ora {time}.", "You can approve the access until {time}.";
        left_soon: "Mai ai mai puțin de două minute ca să aprobi accesul.", "You have less than two minutes left to approve the access.";
        step_secure: "Conexiunea este criptată. Codul de unică folosință îl trimitem băncii și nu îl păstrăm. Parola sau PIN-ul băncii nu ți le cerem niciodată.", "The connection is encrypted. We pass the one-time code to the bank and do not keep it. We never ask for your bank password or PIN.";
        code_unanswered: "{bank} nu ne-a spus dacă a acceptat codul. Așteaptă puțin: verificăm. Dacă pagina nu se schimbă, introdu codul din nou.", "{bank} has not told us whether it accepted the code. Wait a moment: we are checking. If the page does not change, enter the code again.";
        wrong_codes: "Codul a fost greșit de prea multe ori, așa că cererea la {bank} s-a încheiat. Nimeni nu a primit acces. Poți încerca din nou sau poți alege altă bancă.", "The code was wrong too many times, so the request at {bank} has ended. Nobody was given access. You can try again or choose another bank.";
        user_code_refused: "{bank} nu a recunoscut codul de utilizator. Nimeni nu a primit acces. Verifică-l și încearcă din nou.", "{bank} did not recognise the user code. Nobody was given access. Check it and try again.";

        given_title: "Ai dat accesul", "You gave the access";
        given_lead: "{partner} poate citi de acum ce ai aprobat la {bank}.", "{partner} can now read what you approved at {bank}.";
        refused_title: "Nu ai dat accesul", "You did not give the access";
        refused_lead: "{partner} nu vede nimic din conturile tale.", "{partner} sees nothing of your accounts.";
        late_title: "Timpul pentru această cerere a expirat", "The time for this request has run out";
        late_lead: "Nimeni nu a primit acces la conturile tale.", "Nobody was given access to your accounts.";
        ended_title: "Accesul s-a încheiat", "The access has ended";
        ended_lead: "{partner} nu mai poate citi nimic din conturile tale.", "{partner} can no longer read anything of your accounts.";

        missing_title: "Nu găsim această cerere", "We cannot find this request";
        missing_lead: "Verifică dacă ai deschis legătura întreagă sau cere una nouă.", "Check that you opened the whole link, or ask for a new one.";
        other_title: "Cererea este deschisă în alt browser", "The request is open in another browser";
        other_lead: "Din motive de siguranță, legătura merge numai în browserul în care a fost deschisă prima dată.", "For your safety, the link works only in the browser that opened it first.";
        other_more: "Dacă altcineva ți-a trimis legătura, nu aproba nimic la bancă și închide pagina.", "If somebody else sent you the link, approve nothing at the bank and close this page.";

        choose: "Alege contul din bancă", "Choose the account at your bank";
        choose_hint: "Nu știi IBAN-ul? Îl alegi din lista conturilor tale, după ce te autentifici la bancă. Merge la: {banks}.", "Don’t know the IBAN? Pick it from the list of your accounts after signing in at the bank. Works at: {banks}.";
        choose_not_there: "Alege mai întâi una dintre băncile care arată lista conturilor: {banks}.", "First choose one of the banks that show the list of accounts: {banks}.";
        choose_lead: "Banca ne arată conturile tale o singură dată, numai ca să alegi de unde plătești. După aceea închidem accesul. Nu se plătește nimic acum.", "The bank shows us your accounts once, only so that you choose where to pay from. Then we close the access. Nothing is paid now.";
        choose_back: "Înapoi la plată", "Back to the payment";
        list_title: "Din ce cont plătești?", "Which account do you pay from?";
        list_lead: "Conturile pe care le-ai ales la {bank}. Plata o aprobi separat, la pasul următor.", "The accounts you chose at {bank}. You approve the payment separately, in the next step.";
        list_pick: "Folosește acest cont", "Use this account";
        list_balance: "Sold disponibil", "Available balance";
        list_no_balance: "Banca nu ne-a spus soldul.", "The bank did not tell us the balance.";
        list_other_currency: "Contul este în altă monedă decât plata.", "The account is in another currency than the payment.";
        list_account: "Cont", "Account";
        picked: "Am completat contul ales la {bank}. Verifică datele și apasă butonul de plată.", "We filled in the account you chose at {bank}. Check the details and press the payment button.";
        picked_low: "Am completat contul ales la {bank}, dar s-ar putea să nu fie destui bani în cont. Poți plăti în continuare sau poți alege alt cont.", "We filled in the account you chose at {bank}, but there may not be enough money in it. You can still pay, or choose another account.";
        not_given: "Nu am primit lista conturilor de la {bank}. Poți scrie IBAN-ul sau poți încerca din nou.", "We did not get the list of accounts from {bank}. You can type the IBAN or try again.";
        failed: "{bank} nu ne arată conturile acum. Scrie IBAN-ul contului din care plătești.", "{bank} is not showing us the accounts right now. Type the IBAN of the account you pay from.";
    }
}

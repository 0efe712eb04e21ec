//! What the pages of the users say, in both languages side by side.

use crate::web::hosted_page::texts::catalogue;

catalogue! {
    /// The texts of both pages.
    UserTexts {
        user: "Utilizator", "User";
        role: "Rol", "Role";
        state: "Stare", "State";
        active: "activ", "active";
        locked: "blocat", "locked";
        first_password: "parolă de schimbat", "password to be changed";
        device: "Cod", "Code";
        yes: "da", "yes";
        no: "nu", "no";
        last_sign_in: "Ultima autentificare", "Last sign-in";
        never: "niciodată", "never";
        add: "Adaugă un utilizator", "Add a user";
        add_lead: "Primește o parolă care se arată o singură dată și pe care o schimbă la prima autentificare.", "Gets a password that is shown once and changes it at the first sign-in.";
        name: "Nume de utilizator", "User name";
        name_hint: "3–64 de litere, cifre, puncte, cratime, liniuțe de subliniere sau @.", "3–64 letters, digits, dots, dashes, underscores or @.";
        add_button: "Adaugă", "Add";
        name_not_usable: "Numele de utilizator are 3–64 de litere, cifre, puncte, cratime, liniuțe de subliniere sau @.", "A user name has 3–64 letters, digits, dots, dashes, underscores or @.";
        name_taken: "Există deja un utilizator cu acest nume.", "There is a user of this name already.";
        role_missing: "Alege un rol.", "Choose a role.";
        all_users: "Toți utilizatorii", "All users";
        created: "Adăugat", "Added";
        password_since: "Parola schimbată", "Password changed";
        change_role: "Schimbă rolul", "Change the role";
        access: "Acces", "Access";
        lock: "Blochează", "Lock";
        unlock: "Deblochează", "Unlock";
        reset_password: "Dă o parolă nouă", "Give a new password";
        reset_totp: "Dezleagă aplicația de autentificare", "Disconnect the authenticator app";
        end_sessions: "Încheie sesiunile", "End the sessions";
        yourself: "Este contul tău: rolul și blocarea le poate schimba numai alt administrator. Parola ți-o schimbi din „Contul meu”.",
            "This is your own account: only another administrator can change its role or lock it. Change your password under “My account”.";
        first_password_title: "Parola, o singură dată", "The password, once";
        first_password_lead: "Spune-i-o utilizatorului pe o cale sigură; nu o mai arătăm. La prima autentificare o schimbă.", "Tell it to the user over a safe channel; it is not shown again. It is changed at the first sign-in.";
        done: "S-a făcut.", "Done.";
        refused: "Nu se poate: nimeni nu își schimbă singur rolul și nu se blochează singur.", "Not possible: nobody changes his own role or locks himself.";
        nobody: "Nu are sesiuni deschise.", "No open sessions.";
        sessions: "Sesiuni deschise", "Open sessions";
    }
}

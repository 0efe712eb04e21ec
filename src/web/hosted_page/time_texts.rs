//! What is said of the time that a payer has.
//!
//! `{time}` and `{left}` stand for what the pages and their script fill in.

super::texts::catalogue! {
    /// Texts of the remaining time.
    TimeTexts {
        form_until: "Ai timp până la ora {time} să verifici și să trimiți plata.", "You have until {time} to check and send the payment.";
        more: "Vreau mai mult timp", "Give me more time";
        title: "Mai ai nevoie de timp?", "Do you need more time?";
        ends: "Timpul pentru această plată se încheie în {left}.", "The time for this payment ends in {left}.";
        kept: "Ce ai scris până acum rămâne.", "What you have written so far stays.";
        latest: "Timpul poate fi prelungit de mai multe ori, cel mult până la ora {time}.", "The time can be extended several times, until {time} at most.";
        yes: "Da, mai vreau timp", "Yes, give me more time";
        no: "Nu, îmi ajunge", "No, it is enough";
        extended: "Ai acum timp până la ora {time}.", "You now have until {time}.";
        no_more: "Timpul nu mai poate fi prelungit: îl ai până la ora {time}.", "The time cannot be extended any more: you have until {time}.";
        busy: "Plata este în lucru chiar acum. Încearcă din nou peste câteva secunde.", "The payment is being worked on right now. Try again in a few seconds.";
    }
}

//! Codes that the PSU enters on our page.

use super::{ANA_AT_COD, CREDITOR, MIHAI_AT_COD, World, code_of, needed, prompt};
use smartpay::bank::{BankError, CodeFormat, PsuReply, PsuStep, Reason, Verdict};
use smartpay::sandbox::{BankCode, Fault, Operation};

#[tokio::test]
async fn embedded_with_one_method_and_wrong_codes() {
    let world = World::start();
    let order = world.order(ANA_AT_COD, &[CREDITOR], 25);
    let begun = world.begin("demo-cod", &order, "100101").await.unwrap();
    let shown = prompt(&begun);
    assert_eq!(
        (shown.format, shown.max_length, shown.can_resend),
        (CodeFormat::Digits, Some(6), true)
    );
    assert!(shown.message.as_deref().unwrap().contains("101") && shown.method.is_some());
    let wrong = world.reply("demo-cod", &begun.session, code_of("x")).await.unwrap();
    assert!(prompt(&wrong).wrong && prompt(&wrong).can_resend);
    let old = world.sandbox.codes_for("ana").pop().unwrap();
    let resent = world.reply("demo-cod", &wrong.session, PsuReply::Resend).await.unwrap();
    assert!(!prompt(&resent).wrong);
    let new = world.sandbox.codes_for("ana").pop().unwrap();
    let mut session = resent.session;
    if new != old {
        let answer = world.reply("demo-cod", &session, code_of(&old)).await.unwrap();
        assert!(prompt(&answer).wrong);
        session = answer.session;
    }
    let right = world.reply("demo-cod", &session, code_of(&new)).await.unwrap();
    assert_eq!(right.verdict, Verdict::StillWorking);
    assert_eq!(world.after(5, "demo-cod", &right.session).await.verdict, Verdict::Settled);

    let order = world.order(ANA_AT_COD, &[CREDITOR], 25);
    let mut answer = world.begin("demo-cod", &order, "100101").await.unwrap();
    for _ in 0..4 {
        answer = world.reply("demo-cod", &answer.session, code_of("x")).await.unwrap();
        assert!(prompt(&answer).wrong);
    }
    let ended = world.reply("demo-cod", &answer.session, code_of("x")).await.unwrap();
    assert_eq!(
        (ended.verdict, ended.bank_word.as_str()),
        (Verdict::Rejected(Reason::WrongCodes), "RJCT")
    );
}

#[tokio::test]
async fn embedded_with_a_choice_and_answers_that_are_lost() {
    let world = World::start();
    let order = world.order(MIHAI_AT_COD, &[CREDITOR], 25);
    let begun = world.begin("demo-cod", &order, "100102").await.unwrap();
    let PsuStep::ChooseMethod { methods } = needed(&begun) else {
        panic!("{begun:?}")
    };
    assert!(methods.len() > 1 && methods.iter().all(|m| !m.name.is_empty() && !m.kind.is_empty()));
    let last = methods.last().unwrap().clone();
    world
        .sandbox
        .fail_next_at(BankCode::Cod, Operation::PutAuthorisation, Fault::DropAfterEffect);
    let chosen = world.reply("demo-cod", &begun.session, PsuReply::Method(last.id)).await.unwrap();
    assert_eq!(prompt(&chosen).method.as_ref(), Some(&last.name));
    let code = world.sandbox.codes_for("mihai").pop().unwrap();

    world
        .sandbox
        .fail_next_at(BankCode::Cod, Operation::PutAuthorisation, Fault::DropBeforeEffect);
    let lost = world.reply("demo-cod", &chosen.session, code_of(&code)).await;
    assert!(matches!(lost, Err(BankError::Unknown(_))), "{lost:?}");
    let still = world.after(0, "demo-cod", &chosen.session).await;
    assert!(!prompt(&still).wrong);

    world
        .sandbox
        .fail_next_at(BankCode::Cod, Operation::PutAuthorisation, Fault::StatusAfterEffect(500));
    let lost = world.reply("demo-cod", &still.session, code_of(&code)).await;
    assert!(matches!(lost, Err(BankError::Unknown(_))), "{lost:?}");
    assert_eq!(world.after(1, "demo-cod", &still.session).await.verdict, Verdict::StillWorking);
    // The same code once more: the bank has it already, and says so.
    let again = world.reply("demo-cod", &still.session, code_of(&code)).await.unwrap();
    assert_eq!(again.verdict, Verdict::StillWorking);
    assert_eq!(world.after(5, "demo-cod", &again.session).await.verdict, Verdict::Settled);
}

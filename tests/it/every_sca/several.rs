//! Several instructions in one order.

use super::{ANA_AT_COD, CLOSED_ACCOUNT, CREDITOR, FIRM_AT_COD, World, code_of, needed};
use smartpay::bank::{PsuReply, PsuStep, Verdict};
use smartpay::sandbox::{BankCode, Fault, Operation};
use std::collections::BTreeMap;

#[tokio::test]
async fn several_instructions_one_of_which_fails() {
    let world = World::start();
    let order = world.order(ANA_AT_COD, &[CREDITOR, CLOSED_ACCOUNT, CREDITOR], 25);
    let begun = world.begin("demo-cod", &order, "100101").await.unwrap();
    let code = world.sandbox.codes_for("ana").pop().unwrap();
    let entered = world.reply("demo-cod", &begun.session, code_of(&code)).await.unwrap();
    world.sandbox.fail_next_at(BankCode::Cod, Operation::Details, Fault::Status(503));
    let later = world.after(6, "demo-cod", &entered.session).await;
    assert_eq!((later.verdict, later.bank_word.as_str()), (Verdict::StillWorking, "PART"));
    let ended = world.after(0, "demo-cod", &later.session).await;
    assert_eq!(ended.verdict, Verdict::PartlySettled);
    let words: BTreeMap<_, _> = ended
        .instructions
        .iter()
        .map(|i| (i.end_to_end_id.as_str(), i.word.as_str()))
        .collect();
    assert_eq!(words, BTreeMap::from([("E2E-0", "ACSC"), ("E2E-1", "RJCT"), ("E2E-2", "ACSC")]));
}

/// The resource of the largest order is more than other answers may be.
#[tokio::test]
async fn five_thousand_instructions() {
    let world = World::start();
    let mut creditors = vec![CREDITOR; 4999];
    creditors.push(CLOSED_ACCOUNT);
    let order = world.order(FIRM_AT_COD, &creditors, 1);
    let begun = world.begin("demo-cod", &order, "100105").await.unwrap();
    let PsuStep::ChooseMethod { methods } = needed(&begun) else {
        panic!("{begun:?}")
    };
    let method = PsuReply::Method(methods[0].id.clone());
    let chosen = world.reply("demo-cod", &begun.session, method).await.unwrap();
    let code = world.sandbox.codes_for("brutaria").pop().unwrap();
    let entered = world.reply("demo-cod", &chosen.session, code_of(&code)).await.unwrap();
    let ended = world.after(6, "demo-cod", &entered.session).await;
    assert_eq!(ended.verdict, Verdict::PartlySettled);
    assert_eq!(ended.instructions.iter().filter(|i| i.word == "ACSC").count(), 4999);
    assert_eq!(ended.instructions.last().map(|i| i.word.as_str()), Some("RJCT"));
}

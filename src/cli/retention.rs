//! The end of what the law asked us to keep, on the command line.

use smartpay::app;
use smartpay::clock::Clock;
use smartpay::config::Settings;
use smartpay::flow::retention;

/// Erases what is due, or says what it is.
pub(super) async fn run(settings: &Settings, dry_run: bool) -> anyhow::Result<()> {
    let context = app::context(settings, Clock::default())?;
    let plan = retention::plan(&context).await?;
    if dry_run {
        println!("nothing is erased: this is a dry run");
        println!(
            "{} payments that ended before {} would lose their personal data",
            plan.payments,
            plan.payments_before.date()
        );
        println!("{} applications of sub-merchants would be erased", plan.applications);
        println!("{} onboarding files would be erased", plan.files.len());
        for file in plan.files {
            println!(
                "  {} ({}), {} documents, kept until {}",
                file.partner,
                file.partner_id,
                file.documents,
                file.kept_until.date()
            );
        }
        return Ok(());
    }
    match retention::run(&context, "cli").await? {
        None => println!("nothing is due"),
        Some(report) => println!(
            "erased {} onboarding files with {} documents, {} applications, and the personal data of {} payments with {} mails and {} consents (report {})",
            report.partners, report.documents, report.applications, report.payments, report.mails, report.consents, report.id
        ),
    }
    Ok(())
}

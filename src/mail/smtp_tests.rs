//! Real conversations with a small mail server on this machine, over real TLS.

use super::super::{MailError, Mailer, tests::example};
use super::{SmtpSettings, SmtpTls};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

trait Wire: Read + Write + Send {}
impl<T: Read + Write + Send> Wire for T {}

/// What the server says at the two places where mail is usually refused, and whether it offers STARTTLS.
#[derive(Clone, Copy)]
struct Script {
    to_recipient: &'static str,
    to_content: &'static str,
    to_login: &'static str,
    offers_starttls: bool,
}

const FRIENDLY: Script = Script {
    to_recipient: "250 2.1.5 ok",
    to_content: "250 2.0.0 queued",
    to_login: "235 2.7.0 welcome",
    offers_starttls: true,
};

struct Sink {
    port: u16,
    root_pem: Vec<u8>,
    /// The lines the client sent over one connection.
    heard: JoinHandle<Vec<String>>,
}

fn tls_config() -> (Arc<rustls::ServerConfig>, Vec<u8>) {
    let pair = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::from_pem_slice(pair.signing_key.serialize_pem().as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![pair.cert.der().clone()], key)
        .unwrap();
    (Arc::new(config), pair.cert.pem().into_bytes())
}

fn secure(stream: TcpStream, config: &Arc<rustls::ServerConfig>) -> Box<dyn Wire> {
    let connection = rustls::ServerConnection::new(config.clone()).unwrap();
    Box::new(rustls::StreamOwned::new(connection, stream))
}

fn read_line(wire: &mut dyn Wire) -> Option<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    while !line.ends_with(b"\r\n") {
        match wire.read(&mut byte) {
            Ok(1) => line.push(byte[0]),
            _ => return None,
        }
    }
    Some(String::from_utf8_lossy(&line).trim_end().to_owned())
}

/// Serves one connection.
fn sink(tls: SmtpTls, script: Script) -> Sink {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (config, root_pem) = tls_config();
    let heard = std::thread::spawn(move || {
        let stream = listener.accept().unwrap().0;
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let raw = stream.try_clone().unwrap();
        let mut wire: Box<dyn Wire> = if tls == SmtpTls::Tls {
            secure(stream, &config)
        } else {
            Box::new(stream)
        };
        let mut heard = Vec::new();
        let mut in_content = false;
        if wire.write_all(b"220 localhost ready\r\n").is_err() {
            return heard;
        }
        while let Some(line) = read_line(&mut *wire) {
            let answer = match line.split(' ').next().unwrap_or_default() {
                "." if in_content => {
                    in_content = false;
                    script.to_content
                }
                _ if in_content => "",
                "EHLO" if script.offers_starttls => "250-localhost\r\n250-STARTTLS\r\n250 AUTH PLAIN",
                "EHLO" => "250-localhost\r\n250 AUTH PLAIN",
                "STARTTLS" => "220 go ahead",
                "AUTH" => script.to_login,
                "RCPT" => script.to_recipient,
                "DATA" => {
                    in_content = true;
                    "354 go on"
                }
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            let starts = line == "STARTTLS";
            let ends = line == "QUIT" || (line == "." && !in_content);
            heard.push(line);
            if !answer.is_empty() && wire.write_all(format!("{answer}\r\n").as_bytes()).is_err() || ends {
                break;
            }
            let _ = wire.flush();
            if starts {
                wire = secure(raw.try_clone().unwrap(), &config);
            }
        }
        heard
    });
    Sink { port, root_pem, heard }
}

fn settings(sink: &Sink, tls: SmtpTls) -> SmtpSettings {
    SmtpSettings {
        host: "localhost".to_owned(),
        port: sink.port,
        tls,
        user: None,
        password: None,
        extra_root_pem: Some(sink.root_pem.clone()),
        timeout: Duration::from_secs(5),
    }
}

async fn send(settings: SmtpSettings) -> Result<(), MailError> {
    Mailer::smtp(settings).unwrap().send(&example()).await
}

#[actix_web::test]
async fn a_mail_arrives_over_each_kind_of_connection() {
    for tls in [SmtpTls::StartTls, SmtpTls::Tls, SmtpTls::Plain] {
        let sink = sink(tls, FRIENDLY);
        let with_login = SmtpSettings {
            user: Some("pisp".to_owned()),
            password: Some("a secret".to_owned().into()),
            ..settings(&sink, tls)
        };
        send(with_login).await.unwrap();
        let heard = sink.heard.join().unwrap();
        let position = |start: &str| heard.iter().position(|l| l.starts_with(start));
        assert!(position("RCPT TO:<ana@client.example>").is_some(), "{tls:?} {heard:?}");
        assert!(position("Message-ID: <settled.1234@pay.example>").is_some());
        assert!(position("Auto-Submitted: auto-generated").is_some());
        if tls == SmtpTls::StartTls {
            assert!(position("STARTTLS") < position("AUTH"), "the login came before the encryption");
        }
    }
}

#[actix_web::test]
async fn refusals_are_sorted_and_never_repeat_the_address() {
    let temporary = |text: &str| MailError::Temporary(text.to_owned());
    let permanent = |text: &str| MailError::Permanent(text.to_owned());
    for (script, expected) in [
        (
            Script {
                to_recipient: "451 4.7.1 <ana@client.example> try later",
                ..FRIENDLY
            },
            temporary("the mail server answered 451 4.7.1"),
        ),
        (
            Script {
                to_recipient: "550 5.1.1 <ana@client.example> is unknown",
                ..FRIENDLY
            },
            permanent("the mail server answered 550 5.1.1"),
        ),
        (
            Script {
                to_content: "554 no",
                ..FRIENDLY
            },
            permanent("the mail server answered 554"),
        ),
        (
            Script {
                to_login: "535 5.7.8 wrong password for ana@client.example",
                ..FRIENDLY
            },
            temporary("the mail server answered 535 5.7.8"),
        ),
    ] {
        let sink = sink(SmtpTls::StartTls, script);
        let with_login = SmtpSettings {
            user: Some("pisp".to_owned()),
            password: Some("a secret".to_owned().into()),
            ..settings(&sink, SmtpTls::StartTls)
        };
        assert_eq!(send(with_login).await, Err(expected));
    }
}

#[actix_web::test]
async fn nothing_is_said_without_the_encryption_that_was_asked_for() {
    let silent = sink(
        SmtpTls::StartTls,
        Script {
            offers_starttls: false,
            ..FRIENDLY
        },
    );
    assert!(matches!(
        send(settings(&silent, SmtpTls::StartTls)).await,
        Err(MailError::Temporary(_))
    ));
    assert!(!silent.heard.join().unwrap().iter().any(|l| l.starts_with("MAIL")));

    let stranger = sink(SmtpTls::Tls, FRIENDLY);
    let untrusting = SmtpSettings {
        extra_root_pem: None,
        ..settings(&stranger, SmtpTls::Tls)
    };
    assert!(matches!(send(untrusting).await, Err(MailError::Temporary(_))));
    assert!(stranger.heard.join().unwrap().is_empty());
}

#[actix_web::test]
async fn a_server_that_is_away_is_a_temporary_failure() {
    let nobody = SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port: crate::bank::contract::closed_port(),
        tls: SmtpTls::Plain,
        user: None,
        password: None,
        extra_root_pem: None,
        timeout: Duration::from_secs(2),
    };
    assert_eq!(
        send(nobody).await,
        Err(MailError::Temporary("the mail server could not be reached".to_owned()))
    );
}

#[test]
fn settings_that_would_be_unsafe_or_half_done_are_refused() {
    let good = SmtpSettings {
        host: "mail.example".to_owned(),
        port: 587,
        tls: SmtpTls::StartTls,
        user: None,
        password: None,
        extra_root_pem: None,
        timeout: Duration::from_secs(5),
    };
    assert!(Mailer::smtp(good.clone()).is_ok());
    for bad in [
        SmtpSettings {
            tls: SmtpTls::Plain,
            ..good.clone()
        },
        SmtpSettings {
            user: Some("x".to_owned()),
            ..good.clone()
        },
        SmtpSettings {
            extra_root_pem: Some(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec()),
            ..good
        },
    ] {
        assert!(Mailer::smtp(bad).is_err());
    }
}

#[test]
fn only_well_formed_enhanced_codes_are_repeated() {
    assert_eq!(super::enhanced_status("5.1.1 no such user"), Some("5.1.1"));
    for words in ["", "no 5.1.1", "5.1", "5.1.1.1 x", "5..1", "a@b.c.d"] {
        assert_eq!(super::enhanced_status(words), None, "{words}");
    }
}

//! The statements of a PSD2 certificate, in DER (RFC 3739 §3.2.6, ETSI EN 319 412-5, ETSI TS 119 495 §5.1).

use super::certificates::Purpose;

/// The extension `qcStatements`.
pub(super) const EXTENSION: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 1, 3];
/// The subject's attribute `organizationIdentifier` (ITU-T X.520).
pub(super) const ORGANIZATION_IDENTIFIER: [u64; 4] = [2, 5, 4, 97];
/// The roles that we have: the last arc of each one's object identifier, and its name.
pub(super) const ROLES: [(u64, &str); 3] = [(2, "PSP_PI"), (3, "PSP_AI"), (4, "PSP_IC")];

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;

/// The statements: what kind of certificate it is, and as what the payment service provider was authorised.
pub(super) fn psd2(purpose: Purpose, roles: &[(u64, &str)]) -> Vec<u8> {
    let kind = if purpose == Purpose::Qsealc { 2 } else { 3 };
    let kind = [oid(&[0, 4, 0, 1862, 1, 6]), sequence(&[oid(&[0, 4, 0, 1862, 1, 6, kind])])];
    let role = |(arc, name): &(u64, &str)| sequence(&[oid(&[0, 4, 0, 19495, 1, *arc]), text(name)]);
    let roles: Vec<Vec<u8>> = roles.iter().map(role).collect();
    let authority = [text("National Bank of Romania"), text("RO-NBR")];
    let [name, id] = authority;
    let psd2 = [oid(&[0, 4, 0, 19495, 2]), sequence(&[sequence(&roles), name, id])];
    sequence(&[sequence(&kind), sequence(&psd2)])
}

fn sequence(items: &[Vec<u8>]) -> Vec<u8> {
    element(SEQUENCE, &items.concat())
}

fn text(text: &str) -> Vec<u8> {
    element(UTF8_STRING, text.as_bytes())
}

/// Tag, length and content (ITU-T X.690 §8.1).
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut der = vec![tag];
    match significant.as_slice() {
        [] => der.push(0),
        [short] if *short < 0x80 => der.push(*short),
        long => {
            der.extend(u8::try_from(long.len()).map(|n| 0x80 | n));
            der.extend(long);
        }
    }
    der.extend(content);
    der
}

/// An object identifier (ITU-T X.690 §8.19).
fn oid(arcs: &[u64]) -> Vec<u8> {
    let (first, rest) = arcs.split_at(arcs.len().min(2));
    let first = first.iter().fold(0, |value, arc| value * 40 + arc);
    let content: Vec<u8> = std::iter::once(&first).chain(rest).flat_map(|arc| base_128(*arc)).collect();
    element(OBJECT_IDENTIFIER, &content)
}

fn base_128(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let more = if bytes.is_empty() { 0 } else { 0x80 };
        bytes.push(u8::try_from(value & 0x7f).unwrap_or_default() | more);
        value >>= 7;
        if value == 0 {
            bytes.reverse();
            return bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_and_lengths_are_written_as_der_wants_them() {
        assert_eq!(oid(&[0, 4, 0, 19495, 2]), [6, 6, 4, 0, 0x81, 0x98, 0x27, 2]);
        assert_eq!(oid(&EXTENSION), [6, 8, 0x2b, 6, 1, 5, 5, 7, 1, 3]);
        assert_eq!(element(4, &[7; 3]), [4, 3, 7, 7, 7]);
        assert_eq!(element(4, &[7; 200])[..4], [4, 0x81, 200, 7]);
        assert_eq!(element(4, &[7; 300])[..5], [4, 0x82, 1, 44, 7]);
    }
}

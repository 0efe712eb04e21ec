//! What an admin may change of a partner alone: a new one, which cannot call before it is activated, its name,
//! kind, currency, colour, button and logos. Everything else takes two ([`super::four_eyes`]).

use super::add_partner::problems_of;
use super::error::FieldProblem;
use super::{Context, FlowError};
use crate::partner::{ButtonText, Logo, Partner, PartnerKind, Screen};
use crate::payment::Currency;
use crate::store::{StoreError, audit, partners};
use image::{DynamicImage, ImageFormat, ImageReader, Limits};
use std::io::Cursor;

/// Largest uploaded logo, in bytes.
pub const MAX_LOGO_BYTES: usize = 1_000_000;
/// Largest width and height of an uploaded logo, in pixels.
const MAX_LOGO_SIDE: u32 = 4000;
/// It is shown no larger than this, in pixels; a larger one is made smaller.
const SHOWN_LOGO: (u32, u32) = (480, 160);

/// What an admin types of a partner.
#[derive(Clone, Debug)]
pub struct ProfileInput {
    /// The id it presents at the gateway; only of a new one.
    pub client_id: String,
    /// The name payers see.
    pub name: String,
    /// What its payers may change.
    pub kind: PartnerKind,
    /// The currency of its payments; it stays once there are any.
    pub currency: Currency,
    /// `#rrggbb`.
    pub colour: String,
    /// What the button says.
    pub button_text: ButtonText,
    /// Whether it may ask its payers for access to their accounts.
    pub account_access: bool,
    /// Whether it may send applications of sub-merchants.
    pub may_onboard: bool,
}

/// Adds a partner that may not call yet; answers its id.
///
/// # Errors
/// [`FlowError::Invalid`] names what is wrong or taken.
pub async fn new_partner(cx: &Context, admin_id: &str, input: ProfileInput) -> Result<String, FlowError> {
    let id = uuid::Uuid::now_v7().to_string();
    let partner = Partner {
        client_id: input.client_id.trim().to_owned(),
        name: input.name.trim().to_owned(),
        kind: input.kind,
        currency: input.currency,
        // None yet. No certificate has an issuer that is a bare UUID, and the pair must be its own.
        certificate_subject: String::new(),
        certificate_issuer: id.clone(),
        certificate_sha256: None,
        redirect_urls: Vec::new(),
        flexible_redirect: false,
        colour: input.colour.trim().to_ascii_lowercase(),
        has_logo: false,
        has_dark_logo: false,
        button_text: input.button_text,
        active: false,
        account_access: input.account_access,
        id: id.clone(),
    };
    let problems = problems_of(&partner, true);
    if !problems.is_empty() {
        return Err(FlowError::Invalid(problems));
    }
    let (now, by) = (cx.now(), admin_id.to_owned());
    let added = cx
        .db
        .write(move |a| {
            partners::add(a, &partner, now)?;
            partners::set_may_onboard(a, &partner.id, input.may_onboard)?;
            audit::add(a, now, &by, "partner_added", Some(&partner.id), None)
        })
        .await;
    match added {
        Err(StoreError::Taken(_)) => Err(FlowError::Invalid(vec![FieldProblem::new(
            "client_id",
            "TAKEN",
            "there is a partner of this client id already",
        )])),
        other => Ok(other.map(|()| id)?),
    }
}

/// Changes a partner's name, kind, currency, colour, button or access to accounts.
///
/// # Errors
/// [`FlowError::Invalid`] names what is wrong; [`FlowError::NotFound`].
pub async fn edit_partner(cx: &Context, admin_id: &str, id: &str, input: ProfileInput) -> Result<(), FlowError> {
    let (now, by, id) = (cx.now(), admin_id.to_owned(), id.to_owned());
    cx.db
        .write(move |a| {
            let Some(known) = partners::get(a, &id)? else {
                return Ok(Err(FlowError::NotFound));
            };
            let partner = Partner {
                name: input.name.trim().to_owned(),
                kind: input.kind,
                currency: input.currency,
                colour: input.colour.trim().to_ascii_lowercase(),
                button_text: input.button_text,
                account_access: input.account_access,
                ..known.clone()
            };
            let mut problems = problems_of(&partner, true);
            if partner.currency != known.currency && partners::has_payments(a, &id)? {
                let words = "the currency stays: there are payments in it";
                problems.push(FieldProblem::new("currency", "IN_USE", words));
            }
            if !problems.is_empty() {
                return Ok(Err(FlowError::Invalid(problems)));
            }
            partners::set_profile(a, &partner)?;
            let could_onboard = partners::platform(a, &id)?.may_onboard;
            partners::set_may_onboard(a, &id, input.may_onboard)?;
            let changed = changed_fields(&known, &partner, could_onboard != input.may_onboard);
            Ok(Ok(audit::add(a, now, &by, "partner_changed", Some(&id), Some(&changed))?))
        })
        .await?
}

fn changed_fields(before: &Partner, after: &Partner, may_onboard: bool) -> String {
    let fields = [
        ("name", before.name != after.name),
        ("kind", before.kind != after.kind),
        ("currency", before.currency != after.currency),
        ("colour", before.colour != after.colour),
        ("button_text", before.button_text != after.button_text),
        ("account_access", before.account_access != after.account_access),
        ("may_onboard", may_onboard),
    ];
    let changed: Vec<&str> = fields.into_iter().filter_map(|(name, changed)| changed.then_some(name)).collect();
    changed.join(", ")
}

/// Replaces a partner's logo. The picture is drawn anew: nothing of the uploaded file but its pixels is kept.
///
/// # Errors
/// [`FlowError::Invalid`] when it is no usable PNG or JPEG; [`FlowError::NotFound`].
pub async fn set_logo(cx: &Context, admin_id: &str, id: &str, screen: Screen, file: Vec<u8>) -> Result<(), FlowError> {
    let logo = tokio::task::spawn_blocking(move || redraw(&file))
        .await
        .map_err(|_| FlowError::Internal("drawing a logo was cut off".into()))??;
    keep_logo(cx, admin_id, id, screen, Some(logo)).await
}

/// Takes away a partner's logo for dark screens: the other one is shown there again.
///
/// # Errors
/// [`FlowError::NotFound`].
pub async fn remove_dark_logo(cx: &Context, admin_id: &str, id: &str) -> Result<(), FlowError> {
    keep_logo(cx, admin_id, id, Screen::Dark, None).await
}

async fn keep_logo(cx: &Context, admin_id: &str, id: &str, screen: Screen, logo: Option<Logo>) -> Result<(), FlowError> {
    let (now, by, id) = (cx.now(), admin_id.to_owned(), id.to_owned());
    let what = match (screen, &logo) {
        (Screen::Light, _) => "partner_logo_changed",
        (Screen::Dark, Some(_)) => "partner_dark_logo_changed",
        (Screen::Dark, None) => "partner_dark_logo_removed",
    };
    cx.db
        .write(move |a| {
            if partners::get(a, &id)?.is_none() {
                return Ok(Err(FlowError::NotFound));
            }
            partners::set_logo(a, &id, screen, logo.as_ref())?;
            Ok(Ok(audit::add(a, now, &by, what, Some(&id), None)?))
        })
        .await?
}

/// A PNG of the picture, no larger than it is shown.
///
/// # Errors
/// [`FlowError::Invalid`] when it is not a PNG or JPEG of at most 4000 × 4000 pixels and 1 MB.
pub fn redraw(file: &[u8]) -> Result<Logo, FlowError> {
    let wrong = |code, words: &str| FlowError::Invalid(vec![FieldProblem::new("logo", code, words)]);
    if file.len() > MAX_LOGO_BYTES {
        return Err(wrong("TOO_LARGE", "a logo has at most 1 MB"));
    }
    let mut reader = ImageReader::new(Cursor::new(file))
        .with_guessed_format()
        .map_err(|_| wrong("NOT_A_PICTURE", "the file cannot be read"))?;
    if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg)) {
        return Err(wrong("NOT_A_PICTURE", "a logo is a PNG or JPEG picture"));
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_LOGO_SIDE);
    limits.max_image_height = Some(MAX_LOGO_SIDE);
    limits.max_alloc = Some(128 * 1024 * 1024);
    reader.limits(limits);
    let picture = reader
        .decode()
        .map_err(|_| wrong("NOT_A_PICTURE", "the picture cannot be read, or is larger than 4000 × 4000 pixels"))?;
    let (width, height) = SHOWN_LOGO;
    let fits = picture.width() <= width && picture.height() <= height;
    let picture = if fits { picture } else { picture.thumbnail(width, height) };
    let mut png = Cursor::new(Vec::new());
    // Eight bits a channel, whatever the file had.
    DynamicImage::from(picture.to_rgba8())
        .write_to(&mut png, ImageFormat::Png)
        .map_err(|e| FlowError::Internal(format!("drawing a logo: {e}")))?;
    Ok((png.into_inner(), "image/png".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let drawn = DynamicImage::from(image::RgbImage::from_pixel(width, height, image::Rgb([10, 92, 54])));
        drawn.write_to(&mut file, format).unwrap();
        file.into_inner()
    }

    #[test]
    fn nothing_of_the_file_but_its_pixels_is_kept() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg] {
            let mut file = picture(20, 10, format);
            file.extend_from_slice(b"<script>hidden</script>");
            let (bytes, media_type) = redraw(&file).unwrap();
            assert_eq!(media_type, "image/png");
            assert!(!bytes.windows(6).any(|w| w == b"hidden"));
            let drawn = image::load_from_memory(&bytes).unwrap();
            assert_eq!((drawn.width(), drawn.height()), (20, 10));
        }
        let large = image::load_from_memory(&redraw(&picture(2000, 400, ImageFormat::Png)).unwrap().0).unwrap();
        assert!(
            large.width() <= 480 && large.height() <= 160,
            "{}×{}",
            large.width(),
            large.height()
        );
    }

    #[test]
    fn what_is_no_usable_picture_is_refused() {
        let cut = picture(20, 10, ImageFormat::Png);
        for file in [
            b"".to_vec(),
            b"GIF89a".to_vec(),
            b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(),
            cut[..cut.len() / 2].to_vec(),
            picture(4001, 1, ImageFormat::Png),
            vec![0; MAX_LOGO_BYTES + 1],
        ] {
            assert!(matches!(redraw(&file), Err(FlowError::Invalid(_))), "{} bytes", file.len());
        }
    }
}

//! Banks' own logos, as an operator who may show them puts them into a folder.

use image::{DynamicImage, ImageFormat, ImageReader, Limits};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::io::Cursor;

/// Largest file, in bytes: payers load all logos with one request.
pub const MAX_BYTES: usize = 16_384;
/// Largest width and height of a PNG as it is kept, in pixels: four times as it is shown.
const KEPT_SIDE: u32 = 144;
/// Largest width and height of a PNG file, in pixels.
const MAX_SIDE: u32 = 4000;
/// What an SVG may consist of (SVG 2): shapes, and what colours, groups, cuts and describes them.
const SHAPES: [&str; 20] = [
    "svg",
    "g",
    "path",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "defs",
    "linearGradient",
    "radialGradient",
    "stop",
    "clipPath",
    "mask",
    "symbol",
    "use",
    "title",
    "desc",
    "metadata",
];

/// A bank's logo, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// The file's content.
    pub bytes: Vec<u8>,
    /// What it is.
    pub kind: LogoKind,
}

/// What a logo's file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoKind {
    /// Portable Network Graphics, drawn anew from its pixels.
    Png,
    /// Scalable Vector Graphics of nothing but shapes.
    Svg,
}

impl LogoKind {
    /// The media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Svg => "image/svg+xml",
        }
    }

    /// How the file's name ends.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
        }
    }
}

impl Logo {
    /// Reads a file; its content says what it is.
    ///
    /// # Errors
    /// Says what is wrong: too large, neither PNG nor SVG, broken, or an SVG with more than shapes in it.
    pub fn read(file: &[u8]) -> Result<Self, String> {
        if file.len() > MAX_BYTES {
            return Err(format!("has {} bytes; a logo has at most {MAX_BYTES}", file.len()));
        }
        if file.starts_with(b"\x89PNG") {
            return png(file);
        }
        let text = std::str::from_utf8(file).map_err(|_| "is neither PNG nor SVG".to_owned())?;
        check_svg(text)?;
        Ok(Self {
            bytes: file.to_vec(),
            kind: LogoKind::Svg,
        })
    }
}

fn png(file: &[u8]) -> Result<Logo, String> {
    let mut reader = ImageReader::with_format(Cursor::new(file), ImageFormat::Png);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(128 * 1024 * 1024);
    reader.limits(limits);
    let picture = reader.decode().map_err(|e| format!("is no PNG that can be read: {e}"))?;
    let fits = picture.width() <= KEPT_SIDE && picture.height() <= KEPT_SIDE;
    let picture = if fits { picture } else { picture.thumbnail(KEPT_SIDE, KEPT_SIDE) };
    let mut drawn = Cursor::new(Vec::new());
    DynamicImage::from(picture.to_rgba8())
        .write_to(&mut drawn, ImageFormat::Png)
        .map_err(|e| format!("cannot be drawn: {e}"))?;
    let bytes = drawn.into_inner();
    if bytes.len() > MAX_BYTES {
        return Err(format!("has {} bytes as it is shown; a logo has at most {MAX_BYTES}", bytes.len()));
    }
    Ok(Logo {
        bytes,
        kind: LogoKind::Png,
    })
}

/// Whether it is one SVG picture that shows the same everywhere and reaches for nothing.
fn check_svg(text: &str) -> Result<(), String> {
    let mut reader = Reader::from_str(text);
    let (mut depth, mut roots) = (0_usize, 0_usize);
    loop {
        let event = reader.read_event().map_err(|e| format!("is neither PNG nor SVG: {e}"))?;
        match event {
            Event::Start(element) | Event::Empty(element) if depth == 0 && roots > 0 => {
                return Err(format!("has a second root, {}", name_of(&element)));
            }
            Event::Start(element) => {
                check_element(&element, depth == 0)?;
                roots += usize::from(depth == 0);
                depth += 1;
            }
            Event::Empty(element) => {
                check_element(&element, depth == 0)?;
                roots += usize::from(depth == 0);
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::DocType(_) => return Err("has a document type, which a logo needs not".to_owned()),
            Event::PI(_) => return Err("has a processing instruction".to_owned()),
            Event::Eof => break,
            Event::Text(_) | Event::CData(_) | Event::Comment(_) | Event::Decl(_) | Event::GeneralRef(_) => {}
        }
    }
    if roots == 1 && depth == 0 {
        Ok(())
    } else {
        Err("is neither PNG nor SVG".to_owned())
    }
}

fn name_of(element: &BytesStart<'_>) -> String {
    String::from_utf8_lossy(element.name().as_ref()).into_owned()
}

fn check_element(element: &BytesStart<'_>, is_root: bool) -> Result<(), String> {
    let name = name_of(element);
    if is_root && name != "svg" {
        return Err("is neither PNG nor SVG".to_owned());
    }
    if !SHAPES.contains(&name.as_str()) {
        return Err(format!("has <{name}> in it; a logo consists of shapes alone"));
    }
    let mut has_size = false;
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|e| format!("cannot be read: {e}"))?;
        let key = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
        let value = attribute.unescape_value().map_err(|e| format!("cannot be read: {e}"))?;
        has_size |= key == "viewBox";
        if is_root && key == "xmlns" && value != "http://www.w3.org/2000/svg" {
            return Err("is of another namespace than SVG's".to_owned());
        }
        let link = matches!(key.as_str(), "href" | "xlink:href");
        let reaches = (link && !value.starts_with('#')) || reaches_out(&value);
        if key.to_ascii_lowercase().starts_with("on") || (reaches && !key.starts_with("xmlns")) {
            return Err(format!("has {key}=… in <{name}>; a logo neither acts nor loads anything"));
        }
    }
    if is_root && !has_size {
        return Err("has no viewBox, so it cannot be shown at another size".to_owned());
    }
    Ok(())
}

/// Whether a value of an attribute or a style names something outside of the picture.
fn reaches_out(value: &str) -> bool {
    let plain: String = value
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_ascii_lowercase();
    let inside = plain.replace("url(#", "").replace("url('#", "").replace("url(\"#", "");
    ["url(", "@import", "javascript:", "data:", "\\", "image-set("]
        .iter()
        .any(|word| inside.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 10 10\">";

    fn drawn(side: u32) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let picture = image::RgbImage::from_pixel(side, side, image::Rgb([10, 92, 54]));
        DynamicImage::from(picture).write_to(&mut file, ImageFormat::Png).unwrap();
        file.into_inner()
    }

    #[test]
    fn shapes_and_pixels_are_taken() {
        let svg =
            format!("<?xml version=\"1.0\"?>{HEAD}<defs><linearGradient id=\"a\"/></defs><path fill=\"url(#a)\" d=\"M0 0h9\"/></svg>\n");
        assert_eq!(Logo::read(svg.as_bytes()).unwrap().kind, LogoKind::Svg);
        let mut file = drawn(600);
        file.extend_from_slice(b"<script>hidden</script>");
        let logo = Logo::read(&file).unwrap();
        assert_eq!(logo.kind, LogoKind::Png);
        assert!(!logo.bytes.windows(6).any(|w| w == b"hidden"));
        assert_eq!(image::load_from_memory(&logo.bytes).unwrap().width(), KEPT_SIDE);
    }

    #[test]
    fn what_acts_loads_or_is_broken_is_refused() {
        for inside in [
            "<script>alert(1)</script>",
            "<foreignObject/>",
            "<image href=\"https://elsewhere.example/x.png\"/>",
            "<a href=\"#x\"/>",
            "<style>@import url(https://elsewhere.example)</style>",
            "<path onload=\"alert(1)\"/>",
            "<path OnClick=\"alert(1)\"/>",
            "<use href=\"https://elsewhere.example/#x\"/>",
            "<use xlink:href=\"/x.svg#x\"/>",
            "<path fill=\"url(https://elsewhere.example/#x)\"/>",
            "<path style=\"fill:u\\72l(x)\"/>",
            "<path style=\"fill: url( //elsewhere.example )\"/>",
            "<?xml-stylesheet href=\"x\"?>",
            "</svg><svg viewBox=\"0 0 1 1\">",
            "<g>",
        ] {
            let svg = format!("{HEAD}{inside}</svg>");
            assert!(Logo::read(svg.as_bytes()).is_err(), "{inside}");
        }
        let cut = drawn(40);
        for file in [
            b"".to_vec(),
            b"GIF89a".to_vec(),
            b"<html viewBox=\"0 0 1 1\"></html>".to_vec(),
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(),
            b"<!DOCTYPE svg [<!ENTITY a \"b\">]><svg viewBox=\"0 0 1 1\"/>".to_vec(),
            b"<svg viewBox=\"0 0 1 1\" xmlns=\"http://www.w3.org/1999/xhtml\"/>".to_vec(),
            format!("{HEAD}{}</svg>", "<g/>".repeat(MAX_BYTES)).into_bytes(),
            cut[..cut.len() / 2].to_vec(),
            vec![0xff; 10],
        ] {
            assert!(Logo::read(&file).is_err(), "{} bytes", file.len());
        }
    }
}

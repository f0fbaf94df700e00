//! The embedded fonts and their metrics. No font of the machine is ever used.

use std::sync::OnceLock;

use ttf_parser::{Face, GlyphId};

use super::FigureError;

/// CSS family list of the text in SVG files: the embedded family, then families of the same widths.
pub(super) const FAMILY: &str = "'Liberation Sans', Arial, Helvetica, sans-serif";

/// The same for double-struck letters, which the family above lacks.
pub(super) const BLACKBOARD_FAMILY: &str = "'DejaVu Sans', 'STIX Two Math', 'Cambria Math', sans-serif";

/// An embedded font: a cut of the family, or its supplement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    Regular,
    Italic,
    Bold,
    /// Double-struck capitals.
    Blackboard,
}

impl Cut {
    pub(super) const ALL: [Cut; 4] = [Cut::Regular, Cut::Italic, Cut::Bold, Cut::Blackboard];

    pub(super) fn bytes(self) -> &'static [u8] {
        match self {
            Cut::Regular => include_bytes!("../../fonts/LiberationSans-Regular.ttf"),
            Cut::Italic => include_bytes!("../../fonts/LiberationSans-Italic.ttf"),
            Cut::Bold => include_bytes!("../../fonts/LiberationSans-Bold.ttf"),
            Cut::Blackboard => include_bytes!("../../fonts/DejaVuSans-Blackboard.ttf"),
        }
    }

    pub(super) fn postscript_name(self) -> &'static str {
        match self {
            Cut::Regular => "LiberationSans",
            Cut::Italic => "LiberationSans-Italic",
            Cut::Bold => "LiberationSans-Bold",
            Cut::Blackboard => "DejaVuSans",
        }
    }

    pub(super) fn index(self) -> usize {
        match self {
            Cut::Regular => 0,
            Cut::Italic => 1,
            Cut::Bold => 2,
            Cut::Blackboard => 3,
        }
    }

    pub(super) fn face(self) -> Result<&'static Face<'static>, FigureError> {
        static FACES: [OnceLock<Option<Face<'static>>>; 4] = [const { OnceLock::new() }; 4];
        FACES[self.index()]
            .get_or_init(|| Face::parse(self.bytes(), 0).ok())
            .as_ref()
            .ok_or(FigureError::Font(self.postscript_name()))
    }
}

/// One glyph of a run: its number, the character it stands for and where it starts, in ems.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub glyph: GlyphId,
    pub character: char,
    pub x: f64,
}

/// Glyphs of a text and the width of the whole, both for a size of 1.
///
/// Characters that the font lacks become its empty box, so that they are seen to be missing.
pub(super) fn shape(cut: Cut, text: &str) -> Result<(Vec<Placed>, f64), FigureError> {
    let face = cut.face()?;
    let em = f64::from(face.units_per_em());
    let mut glyphs: Vec<Placed> = Vec::new();
    let mut x = 0.0;
    for character in text.chars() {
        let glyph = face.glyph_index(character).unwrap_or(GlyphId(0));
        if let Some(previous) = glyphs.last() {
            x += kerning(face, previous.glyph, glyph) / em;
        }
        glyphs.push(Placed { glyph, character, x });
        x += f64::from(face.glyph_hor_advance(glyph).unwrap_or(0)) / em;
    }
    Ok((glyphs, x))
}

fn kerning(face: &Face<'_>, left: GlyphId, right: GlyphId) -> f64 {
    let Some(table) = face.tables().kern else { return 0.0 };
    table
        .subtables
        .into_iter()
        .filter(|subtable| subtable.horizontal && !subtable.variable)
        .find_map(|subtable| subtable.glyphs_kerning(left, right))
        .map_or(0.0, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_every_symbol_that_the_markup_can_write() {
        let face = Cut::Regular.face().unwrap();
        let italic = Cut::Italic.face().unwrap();
        for (name, symbol) in super::super::text::SYMBOLS {
            for character in symbol.chars() {
                assert!(face.glyph_index(character).is_some(), "\\{name} {character}");
                assert!(italic.glyph_index(character).is_some(), "\\{name} {character}");
            }
        }
        assert!(face.glyph_index('\u{2212}').is_some());
        let blackboard = Cut::Blackboard.face().unwrap();
        for (_, letter) in super::super::text::DOUBLE_STRUCK {
            assert!(blackboard.glyph_index(*letter).is_some(), "{letter}");
        }
    }

    #[test]
    fn digits_have_one_width() {
        let (_, narrow) = shape(Cut::Regular, "11").unwrap();
        let (_, wide) = shape(Cut::Regular, "00").unwrap();
        assert!((wide - 2.0 * 1139.0 / 2048.0).abs() < 1e-12);
        assert!(narrow <= wide);
    }
}

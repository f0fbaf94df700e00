//! PDF output: a plotters backend that writes one vector page with embedded fonts.

use pdf_writer::types::{CidFontType, FontFlags, LineJoinStyle, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    FontTransform,
};
use subsetter::GlyphRemapper;

use super::FigureError;
use super::font::{Cut, shape};
use super::paint::{BASELINE, SIZE_PER_EM, cut_of, paint};
use super::scene::Scene;
use super::theme::MM_PER_POINT;

/// Steps of the integer coordinates in a millimetre.
const UNITS_PER_MM: f64 = 100.0;
const IDENTITY: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

pub(super) fn write(scene: &Scene, title: &str, description: &str) -> Result<Vec<u8>, FigureError> {
    let size = ((scene.width * UNITS_PER_MM).round() as u32, (scene.height * UNITS_PER_MM).round() as u32);
    let mut page = Page::new(size);
    paint(Backend(&mut page), scene, UNITS_PER_MM)?;
    page.finish(title, description)
}

/// Glyphs of one cut that the page uses, in order of first use, with their characters.
#[derive(Default)]
struct UsedGlyphs {
    remapper: GlyphRemapper,
    glyphs: Vec<(ttf_parser::GlyphId, char)>,
}

struct Page {
    size: (u32, u32),
    content: Content,
    fonts: [UsedGlyphs; 4],
    /// Opacities in use, each in thousandths.
    opacities: Vec<u16>,
    opacity: u16,
}

impl Page {
    fn new(size: (u32, u32)) -> Self {
        let mut content = Content::new();
        let scale = points_per_unit();
        content.transform([scale, 0.0, 0.0, -scale, 0.0, size.1 as f32 * scale]);
        content.set_line_join(LineJoinStyle::RoundJoin);
        Page { size, content, fonts: Default::default(), opacities: Vec::new(), opacity: 1000 }
    }

    fn fill_colour(&mut self, colour: BackendColor) {
        self.set_opacity(colour.alpha);
        let [red, green, blue] = rgb(colour);
        self.content.set_fill_rgb(red, green, blue);
    }

    fn line_style(&mut self, style: &impl BackendStyle) {
        let colour = style.color();
        self.set_opacity(colour.alpha);
        let [red, green, blue] = rgb(colour);
        self.content.set_stroke_rgb(red, green, blue);
        self.content.set_line_width(style.stroke_width() as f32);
    }

    fn set_opacity(&mut self, alpha: f64) {
        let opacity = (alpha.clamp(0.0, 1.0) * 1000.0).round() as u16;
        if opacity == self.opacity {
            return;
        }
        if !self.opacities.contains(&opacity) {
            self.opacities.push(opacity);
        }
        self.content.set_parameters(Name(opacity_name(opacity).as_bytes()));
        self.opacity = opacity;
    }

    fn outline(&mut self, points: impl IntoIterator<Item = BackendCoord>) {
        for (index, (x, y)) in points.into_iter().enumerate() {
            if index == 0 {
                self.content.move_to(x as f32, y as f32);
            } else {
                self.content.line_to(x as f32, y as f32);
            }
        }
    }

    fn text(
        &mut self,
        text: &str,
        style: &impl BackendTextStyle,
        at: BackendCoord,
    ) -> Result<(), FigureError> {
        let cut = cut_of(style);
        let (glyphs, _) = shape(cut, text)?;
        let face = cut.face()?;
        let units = f64::from(face.units_per_em());
        let em = style.size() / SIZE_PER_EM;
        let used = &mut self.fonts[cut.index()];
        // The page is upside down, so the text matrix turns the glyphs back.
        let (x, y, lift) = (at.0 as f32, at.1 as f32, (BASELINE * em) as f32);
        let matrix = match style.transform() {
            FontTransform::Rotate270 => [0.0, -1.0, -1.0, 0.0, x + lift, y],
            _ => [1.0, 0.0, 0.0, -1.0, x, y + lift],
        };
        let mut encoded: Vec<(u16, f64, f64)> = Vec::new();
        for placed in glyphs {
            let number = used.remapper.remap(placed.glyph.0);
            if !used.glyphs.iter().any(|(glyph, _)| *glyph == placed.glyph) {
                used.glyphs.push((placed.glyph, placed.character));
            }
            let advance = f64::from(face.glyph_hor_advance(placed.glyph).unwrap_or(0)) / units;
            encoded.push((number, placed.x, advance));
        }
        self.fill_colour(style.color());
        self.content.begin_text();
        self.content.set_font(Name(font_name(cut).as_bytes()), em as f32);
        self.content.set_text_matrix(matrix);
        let mut show = self.content.show_positioned();
        let mut items = show.items();
        let mut pen = 0.0;
        let mut bytes: Vec<u8> = Vec::new();
        for (number, x, advance) in encoded {
            // Kerning: the difference between where the glyph is and where the last one ended.
            let gap = ((pen - x) * 1000.0f64).round();
            if gap != 0.0 {
                items.show(Str(&bytes));
                bytes.clear();
                items.adjust(gap as f32);
            }
            bytes.extend(number.to_be_bytes());
            pen = x + advance;
        }
        items.show(Str(&bytes));
        items.finish();
        show.finish();
        self.content.end_text();
        Ok(())
    }

    fn finish(self, title: &str, description: &str) -> Result<Vec<u8>, FigureError> {
        let scale = points_per_unit();
        let mut next = 0;
        let mut reserve = || {
            next += 1;
            Ref::new(next)
        };
        let (catalog, tree, page_id, content_id, info) =
            (reserve(), reserve(), reserve(), reserve(), reserve());
        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(tree);
        pdf.pages(tree).kids([page_id]).count(1);
        let mut document = pdf.document_info(info);
        document.title(TextStr(title));
        if !description.is_empty() {
            document.subject(TextStr(description));
        }
        document.creator(TextStr("levyscape"));
        document.finish();
        let used: Vec<Cut> =
            Cut::ALL.into_iter().filter(|cut| !self.fonts[cut.index()].glyphs.is_empty()).collect();
        let fonts: Vec<(Cut, [Ref; 5])> = used
            .into_iter()
            .map(|cut| (cut, [reserve(), reserve(), reserve(), reserve(), reserve()]))
            .collect();
        let mut page = pdf.page(page_id);
        page.media_box(Rect::new(0.0, 0.0, self.size.0 as f32 * scale, self.size.1 as f32 * scale));
        page.parent(tree);
        page.contents(content_id);
        let mut resources = page.resources();
        let mut names = resources.fonts();
        for (cut, [font, ..]) in &fonts {
            names.pair(Name(font_name(*cut).as_bytes()), *font);
        }
        names.finish();
        let mut states = resources.ext_g_states();
        for opacity in &self.opacities {
            let alpha = f32::from(*opacity) / 1000.0;
            let mut state = states
                .insert(Name(opacity_name(*opacity).as_bytes()))
                .start::<pdf_writer::writers::ExtGraphicsState>();
            state.stroking_alpha(alpha).non_stroking_alpha(alpha);
        }
        states.finish();
        resources.finish();
        page.finish();
        pdf.stream(content_id, &self.content.finish());
        for (cut, refs) in fonts {
            write_font(&mut pdf, cut, &self.fonts[cut.index()], refs)?;
        }
        Ok(pdf.finish())
    }
}

fn write_font(pdf: &mut Pdf, cut: Cut, used: &UsedGlyphs, refs: [Ref; 5]) -> Result<(), FigureError> {
    let [font_id, descendant, descriptor, file, cmap_id] = refs;
    let face = cut.face()?;
    let units = f32::from(face.units_per_em());
    let per_thousand = |value: f32| value / units * 1000.0;
    let subset = subsetter::subset(cut.bytes(), 0, &used.remapper)
        .map_err(|error| FigureError::Backend(error.to_string()))?;
    // A subset is marked by six letters that differ from subset to subset.
    let base = format!("{}+{}", subset_tag(used), cut.postscript_name());
    let base = Name(base.as_bytes());
    pdf.type0_font(font_id)
        .base_font(base)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(descendant)
        .to_unicode(cmap_id);
    let mut cid = pdf.cid_font(descendant);
    cid.subtype(CidFontType::Type2)
        .base_font(base)
        .system_info(IDENTITY)
        .font_descriptor(descriptor)
        .default_width(0.0)
        .cid_to_gid_map_predefined(Name(b"Identity"));
    let widths = used.remapper.remapped_gids().map(|glyph| {
        per_thousand(f32::from(face.glyph_hor_advance(ttf_parser::GlyphId(glyph)).unwrap_or(0)))
    });
    cid.widths().consecutive(0, widths);
    cid.finish();
    let bounds = face.global_bounding_box();
    let mut flags = FontFlags::NON_SYMBOLIC;
    flags.set(FontFlags::ITALIC, cut == Cut::Italic);
    pdf.font_descriptor(descriptor)
        .name(base)
        .flags(flags)
        .bbox(Rect::new(
            per_thousand(f32::from(bounds.x_min)),
            per_thousand(f32::from(bounds.y_min)),
            per_thousand(f32::from(bounds.x_max)),
            per_thousand(f32::from(bounds.y_max)),
        ))
        .italic_angle(face.italic_angle())
        .ascent(per_thousand(f32::from(face.ascender())))
        .descent(per_thousand(f32::from(face.descender())))
        .cap_height(per_thousand(f32::from(face.capital_height().unwrap_or(face.ascender()))))
        .stem_v(if cut == Cut::Bold { 140.0 } else { 80.0 })
        .font_file2(file);
    let mut cmap = UnicodeCmap::new(Name(b"Custom"), IDENTITY);
    for (glyph, character) in &used.glyphs {
        if let Some(number) = used.remapper.get(glyph.0) {
            cmap.pair(number, *character);
        }
    }
    pdf.cmap(cmap_id, &cmap.finish());
    let mut stream = pdf.stream(file, &subset);
    stream.pair(Name(b"Length1"), subset.len() as i32);
    stream.finish();
    Ok(())
}

/// Six letters made of the glyphs in use (32-bit FNV-1a hash).
fn subset_tag(used: &UsedGlyphs) -> String {
    let mut hash = used
        .remapper
        .remapped_gids()
        .flat_map(u16::to_be_bytes)
        .fold(0x811C_9DC5u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (0..6)
        .map(|_| {
            let letter = b'A' + (hash % 26) as u8;
            hash /= 26;
            char::from(letter)
        })
        .collect()
}

fn points_per_unit() -> f32 {
    (1.0 / MM_PER_POINT / UNITS_PER_MM) as f32
}

fn rgb(colour: BackendColor) -> [f32; 3] {
    let (red, green, blue) = colour.rgb;
    [red, green, blue].map(|channel| f32::from(channel) / 255.0)
}

fn opacity_name(opacity: u16) -> String {
    format!("A{opacity}")
}

fn font_name(cut: Cut) -> String {
    format!("F{}", cut.index())
}

/// The plotters side of the page.
struct Backend<'a>(&'a mut Page);

type Drawn = Result<(), DrawingErrorKind<FigureError>>;

impl DrawingBackend for Backend<'_> {
    type ErrorType = FigureError;

    fn get_size(&self) -> (u32, u32) {
        self.0.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Drawn {
        self.draw_rect((x, y), (x + 1, y + 1), &colour, true)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        if fill {
            self.0.fill_colour(style.color());
        } else {
            self.0.line_style(style);
        }
        self.0.content.rect(left as f32, top as f32, (right - left) as f32, (bottom - top) as f32);
        if fill {
            self.0.content.fill_nonzero();
        } else {
            self.0.content.stroke();
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        self.0.line_style(style);
        self.0.outline(path);
        self.0.content.stroke();
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        centre: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn {
        if fill {
            self.0.fill_colour(style.color());
        } else {
            self.0.line_style(style);
        }
        // Four cubic curves with the usual handle length are within 0.03 per cent of a circle.
        let (x, y, r) = (centre.0 as f32, centre.1 as f32, radius as f32);
        let h = 0.552_284_8 * r;
        let content = &mut self.0.content;
        content.move_to(x + r, y);
        content.cubic_to(x + r, y + h, x + h, y + r, x, y + r);
        content.cubic_to(x - h, y + r, x - r, y + h, x - r, y);
        content.cubic_to(x - r, y - h, x - h, y - r, x, y - r);
        content.cubic_to(x + h, y - r, x + r, y - h, x + r, y);
        content.close_path();
        if fill {
            content.fill_nonzero();
        } else {
            content.stroke();
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Drawn {
        self.0.fill_colour(style.color());
        self.0.outline(corners);
        self.0.content.close_path();
        self.0.content.fill_nonzero();
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Drawn {
        self.0.text(text, style, at).map_err(DrawingErrorKind::DrawingError)
    }
}

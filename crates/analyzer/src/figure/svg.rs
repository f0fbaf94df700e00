//! SVG output: plotters' own backend, with the page measured in millimetres.

use plotters::prelude::{IntoDrawingArea, SVGBackend};

use super::FigureError;
use super::paint::paint_on;
use super::scene::{Group, Item, Scene};

/// Steps of the integer coordinates in a millimetre.
const UNITS_PER_MM: f64 = 100.0;

pub(super) fn write(scene: &Scene, title: &str, description: &str) -> Result<Vec<u8>, FigureError> {
    let size = ((scene.width * UNITS_PER_MM).round() as u32, (scene.height * UNITS_PER_MM).round() as u32);
    let (width, height) = (f64::from(size.0) / UNITS_PER_MM, f64::from(size.1) / UNITS_PER_MM);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}mm\" height=\"{height}mm\" \
         viewBox=\"0 0 {} {}\" stroke-linejoin=\"round\">\n<title>{}</title>\n",
        size.0,
        size.1,
        escaped(title)
    );
    if !description.is_empty() {
        out.push_str(&format!("<desc>{}</desc>\n", escaped(description)));
    }
    let [red, green, blue] = scene.paper;
    out.push_str(&format!(
        "<rect width=\"{}\" height=\"{}\" fill=\"#{red:02X}{green:02X}{blue:02X}\"/>\n",
        size.0, size.1
    ));
    let mut start = 0;
    for (index, item) in scene.items.iter().enumerate() {
        let tag = match item {
            Item::Begin(group) => opening(group),
            Item::End => "</g>\n".into(),
            _ => continue,
        };
        out.push_str(&shapes(&scene.items[start..index], size)?);
        out.push_str(&tag);
        start = index + 1;
    }
    out.push_str(&shapes(&scene.items[start..], size)?);
    out.push_str("</svg>\n");
    Ok(out.into_bytes())
}

/// The elements of shapes that no group divides.
fn shapes(items: &[Item], size: (u32, u32)) -> Result<String, FigureError> {
    if items.is_empty() {
        return Ok(String::new());
    }
    let mut drawn = String::new();
    paint_on(SVGBackend::with_string(&mut drawn, size).into_drawing_area(), items, UNITS_PER_MM)?;
    // The backend makes a document of its own of them.
    let body = drawn.split_once(">\n").map_or("", |(_, body)| body);
    let body = body.rsplit_once("</svg>").map_or(body, |(body, _)| body);
    // Both are the default; a heat map is a third smaller without them.
    let lean = |line: &str| line.replacen(" opacity=\"1\"", "", 1).replacen(" stroke=\"none\"", "", 1);
    Ok(body.split_inclusive('\n').map(lean).collect())
}

fn opening(group: &Group) -> String {
    let mut tag = format!("<g class=\"{}\"", group.class);
    if !group.name.is_empty() {
        tag.push_str(&format!(" data-name=\"{}\"", escaped(&group.name).replace('"', "&quot;")));
    }
    tag.push('>');
    if !group.title.is_empty() {
        tag.push_str(&format!("<title>{}</title>", escaped(&group.title)));
    }
    tag.push('\n');
    tag
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

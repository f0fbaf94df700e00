//! SVG output: plotters' own backend, with the page measured in millimetres.

use plotters::prelude::SVGBackend;

use super::FigureError;
use super::paint::paint;
use super::scene::Scene;

/// Steps of the integer coordinates in a millimetre.
const UNITS_PER_MM: f64 = 100.0;

pub(super) fn write(scene: &Scene, title: &str, description: &str) -> Result<Vec<u8>, FigureError> {
    let size = ((scene.width * UNITS_PER_MM).round() as u32, (scene.height * UNITS_PER_MM).round() as u32);
    let mut drawn = String::new();
    paint(SVGBackend::with_string(&mut drawn, size), scene, UNITS_PER_MM)?;

    // The backend opens the document with a size in pixels; a figure has a size on paper.
    let body = drawn.split_once(">\n").map_or("", |(_, body)| body);
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
    for line in body.split_inclusive('\n') {
        // Both are the default; a heat map is a third smaller without them.
        out.push_str(&line.replacen(" opacity=\"1\"", "", 1).replacen(" stroke=\"none\"", "", 1));
    }
    Ok(out.into_bytes())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

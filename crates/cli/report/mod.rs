//! stub
pub fn html(
    _: &levyscape_analyzer::study::Study,
    _: &[levyscape_analyzer::figure::Figure],
) -> Result<String, String> {
    Ok(String::new())
}

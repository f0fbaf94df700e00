//! stub
/// stub
pub fn figures(_: &crate::study::Study) -> Vec<crate::figure::Figure> {
    Vec::new()
}
/// stub
pub fn names() -> Vec<&'static str> {
    vec![]
}

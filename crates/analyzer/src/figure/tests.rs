use super::*;

#[test]
fn a_name_must_be_a_safe_file_stem() {
    for name in ["", ".hidden", "a/b", "a b", "ä"] {
        assert!(matches!(check_name(name), Err(FigureError::Name(_))), "{name}");
    }
    assert!(check_name("exit_time-1.5").is_ok());
}

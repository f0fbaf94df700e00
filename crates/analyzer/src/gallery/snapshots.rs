//! The structure of every figure of the made-up studies.

use super::figures;
use super::tests::all;
use crate::figure::snapshot::{assert_snapshot, structure};

#[test]
fn the_structure_of_the_figures_is_known() {
    for (name, study, _) in all() {
        let text: String = figures(&study).iter().map(structure).collect();
        assert_snapshot(&format!("gallery_{name}"), &text);
    }
}

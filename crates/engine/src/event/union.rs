//! The union of open sets.

use super::SpaceDomain;
use super::bridge::{Bridge, Crossed};

/// The open set of all points in one of the members: a path has left it once it has left all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Union {
    members: Vec<SpaceDomain>,
    centre: Vec<f64>,
}

impl Union {
    /// The union. The side of an exit is the coordinate that lies furthest from `centre`.
    #[must_use]
    pub fn new(members: Vec<SpaceDomain>, centre: &[f64]) -> Self {
        Self { members, centre: centre.to_vec() }
    }

    /// The sets that it is the union of.
    #[must_use]
    pub fn members(&self) -> &[SpaceDomain] {
        &self.members
    }

    pub(super) fn centre(&self) -> &[f64] {
        &self.centre
    }

    pub(super) fn contains(&self, x: &[f64]) -> bool {
        self.members.iter().any(|member| member.contains(x))
    }

    /// The distance to the nearest member, where all of them know theirs.
    pub(super) fn overshoot(&self, x: &[f64]) -> Option<f64> {
        self.members
            .iter()
            .map(|member| member.overshoot(x))
            .try_fold(f64::INFINITY, |least, overshoot| overshoot.map(|overshoot| least.min(overshoot)))
    }

    /// Whether the path left every member that holds both ends of the step. Between ends that no member
    /// holds together the path is taken to have stayed inside: an error where the edges of members meet,
    /// of higher order than the step's.
    pub(super) fn crossing(&self, bridge: &Bridge<'_>) -> Option<Crossed> {
        if !self.contains(bridge.to) {
            return Some(bridge.leave(|x| self.contains(x)));
        }
        let holds_both = |member: &&SpaceDomain| member.contains(bridge.from) && member.contains(bridge.to);
        let mut last: Option<Crossed> = None;
        for member in self.members.iter().filter(holds_both) {
            let crossed = member.crossing(bridge)?;
            // The place lies on this member's edge; where another member goes on, it is not the union's.
            let mut others = self.members.iter().filter(|other| !core::ptr::eq(*other, member));
            if last.is_none() || !others.any(|other| other.contains(&crossed.place)) {
                last = Some(crossed);
            }
        }
        last
    }
}

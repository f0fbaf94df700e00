//! Results of parallel work, handed on in the order of their numbers.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::ops::Range;
use std::sync::Mutex;

/// Numbered results that come in any order and leave in the order of their numbers.
///
/// No number further than the window beyond the first unfinished one is handed out, so that what waits
/// here is bounded. The consumer may end the work; what lies beyond is dropped, so that it sees the same
/// prefix whatever the number of threads.
pub(crate) struct InOrder<T, F> {
    window: u64,
    state: Mutex<State<T, F>>,
}

struct State<T, F> {
    next: u64,
    end: u64,
    /// The number of the first entry of `waiting`.
    base: u64,
    waiting: VecDeque<Option<T>>,
    consumer: F,
}

/// What a worker is told that asks for work.
pub(crate) enum Claim {
    /// Take this number.
    Number(u64),
    /// Others must finish first.
    Later,
    /// There is no more.
    Done,
}

impl<T, F: FnMut(u64, T) -> ControlFlow<()>> InOrder<T, F> {
    pub fn new(numbers: Range<u64>, window: u64, consumer: F) -> Self {
        let Range { start, end } = numbers;
        let state = State { next: start, end, base: start, waiting: VecDeque::new(), consumer };
        Self { window, state: Mutex::new(state) }
    }

    pub fn claim(&self) -> Claim {
        // A poisoned lock means that another worker panicked: that panic is already on its way up.
        let Ok(mut state) = self.state.lock() else { return Claim::Done };
        if state.next >= state.end {
            Claim::Done
        } else if state.next >= state.base + self.window {
            Claim::Later
        } else {
            state.next += 1;
            Claim::Number(state.next - 1)
        }
    }

    /// Whether every result has been handed on, or the consumer wants no more.
    pub fn is_over(&self) -> bool {
        self.state.lock().map_or(true, |state| state.base >= state.end)
    }

    /// Takes results; those whose predecessors are all there go to the consumer.
    pub fn put(&self, results: impl Iterator<Item = (u64, T)>) {
        let Ok(mut state) = self.state.lock() else { return };
        let state = &mut *state;
        for (number, result) in results {
            let Some(place) = number.checked_sub(state.base) else { continue };
            let place = place as usize;
            if state.waiting.len() <= place {
                state.waiting.resize_with(place + 1, || None);
            }
            state.waiting[place] = Some(result);
        }
        while let Some(result) = state.waiting.front_mut().and_then(Option::take) {
            state.waiting.pop_front();
            let number = state.base;
            state.base += 1;
            if number < state.end && (state.consumer)(number, result).is_break() {
                state.end = state.base;
                state.waiting.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_leave_in_order_and_end_where_the_consumer_says() {
        let seen = std::cell::RefCell::new(Vec::new());
        let order = InOrder::new(3..100, 5, |number, value: u64| {
            seen.borrow_mut().push((number, value));
            if number == 6 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        for expected in 3..8 {
            assert!(matches!(order.claim(), Claim::Number(n) if n == expected));
        }
        assert!(matches!(order.claim(), Claim::Later));
        order.put([(5, 50), (4, 40)].into_iter());
        assert!(seen.borrow().is_empty());
        order.put([(3, 30)].into_iter());
        assert_eq!(*seen.borrow(), [(3, 30), (4, 40), (5, 50)]);
        assert!(matches!(order.claim(), Claim::Number(8)));
        order.put([(7, 70), (6, 60), (8, 80)].into_iter());
        assert_eq!(seen.borrow().len(), 4);
        assert!(matches!(order.claim(), Claim::Done));
    }
}

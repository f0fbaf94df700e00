//! Results of parallel work, handed on in the order of their numbers.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Numbered results that come in any order and leave in the order of their numbers.
///
/// No number further than the window beyond the first unfinished one is handed out, so that what waits
/// here is bounded. The consumer may end the work; what lies beyond is dropped, so that it sees the same
/// prefix whatever the number of threads. One thread at a time consumes, and the others do not wait for it.
pub(crate) struct InOrder<T, F> {
    window: u64,
    /// The first number that nobody has taken.
    next: AtomicU64,
    /// The first number that the consumer has not had.
    base: AtomicU64,
    end: AtomicU64,
    /// Results that nobody has looked at.
    inbox: Mutex<Vec<(u64, T)>>,
    state: Mutex<State<T, F>>,
}

struct State<T, F> {
    /// Results from number `base` on, as far as they are there.
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
        Self {
            window,
            next: start.into(),
            base: start.into(),
            end: end.into(),
            inbox: Mutex::default(),
            state: Mutex::new(State { waiting: VecDeque::new(), consumer }),
        }
    }

    pub fn claim(&self) -> Claim {
        let mut next = self.next.load(Ordering::Relaxed);
        loop {
            if next >= self.end.load(Ordering::Relaxed) {
                return Claim::Done;
            }
            if next >= self.base.load(Ordering::Relaxed) + self.window {
                return Claim::Later;
            }
            match self.next.compare_exchange_weak(next, next + 1, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(number) => return Claim::Number(number),
                Err(now) => next = now,
            }
        }
    }

    /// Whether every result has been handed on, or the consumer wants no more.
    pub fn is_over(&self) -> bool {
        self.base.load(Ordering::Relaxed) >= self.end.load(Ordering::Relaxed)
    }

    /// Takes results; those whose predecessors are all there go to the consumer.
    pub fn put(&self, results: impl Iterator<Item = (u64, T)>) {
        // A poisoned lock means that another worker panicked: that panic is already on its way up.
        let Ok(mut inbox) = self.inbox.lock() else { return };
        inbox.extend(results);
        drop(inbox);
        // Whoever consumes looks at the inbox again after letting go, so that nothing is left in it.
        while !self.inbox.lock().map_or(true, |inbox| inbox.is_empty()) {
            let Ok(mut state) = self.state.try_lock() else { return };
            let Ok(results) = self.inbox.lock().map(|mut inbox| std::mem::take(&mut *inbox)) else { return };
            self.take(&mut state, results);
        }
    }

    fn take(&self, state: &mut State<T, F>, results: Vec<(u64, T)>) {
        // Only this thread changes the two.
        let mut base = self.base.load(Ordering::Relaxed);
        let mut end = self.end.load(Ordering::Relaxed);
        for (number, result) in results {
            let Some(place) = number.checked_sub(base) else { continue };
            let place = place as usize;
            if state.waiting.len() <= place {
                state.waiting.resize_with(place + 1, || None);
            }
            state.waiting[place] = Some(result);
        }
        while let Some(result) = state.waiting.front_mut().and_then(Option::take) {
            state.waiting.pop_front();
            let number = base;
            base += 1;
            if number < end && (state.consumer)(number, result).is_break() {
                end = base;
                state.waiting.clear();
                self.end.store(end, Ordering::Relaxed);
            }
            self.base.store(base, Ordering::Relaxed);
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

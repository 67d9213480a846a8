//! What is to go wrong: the next few times, and then always.

use std::collections::VecDeque;

pub(crate) struct Queue<T> {
    times: VecDeque<(usize, T)>,
    always: Option<T>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { times: VecDeque::new(), always: None }
    }
}

impl<T: Clone> Queue<T> {
    pub(crate) fn always(&mut self, what: T) {
        self.always = Some(what);
    }

    pub(crate) fn times(&mut self, times: usize, what: T) {
        if times > 0 {
            self.times.push_back((times, what));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.times.is_empty() && self.always.is_none()
    }

    /// The next in line, used up if it is `wanted`.
    pub(crate) fn take(&mut self, wanted: impl Fn(&T) -> bool) -> Option<T> {
        let Some((left, what)) = self.times.front_mut() else {
            return self.always.clone().filter(wanted);
        };
        if !wanted(what) {
            return None;
        }
        let what = what.clone();
        *left -= 1;
        if *left == 0 {
            self.times.pop_front();
        }
        Some(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_wanted_stays_at_the_head_of_the_line() {
        let mut queue = Queue::default();
        queue.always(9);
        queue.times(1, 1);
        queue.times(2, 2);
        queue.times(0, 3);
        assert_eq!(queue.take(|next| *next == 2), None);
        let taken: Vec<_> = (0..4).map(|_| queue.take(|_| true)).collect();
        assert_eq!(taken, [Some(1), Some(2), Some(2), Some(9)]);
    }
}

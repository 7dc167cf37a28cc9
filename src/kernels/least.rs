//! The least few of many, in a bounded heap: what top-k is made of, whatever it is ordered by.

use std::collections::BinaryHeap;

/// At most `limit` items, the least that were offered.
#[derive(Clone, Debug)]
pub struct Least<T> {
    limit: usize,
    /// The greatest of them on top: the one to go next.
    heap: BinaryHeap<T>,
}

impl<T: Ord> Least<T> {
    pub fn new(limit: usize) -> Self {
        Self { limit, heap: BinaryHeap::new() }
    }

    pub fn offer(&mut self, item: T) {
        if self.heap.len() < self.limit {
            self.heap.push(item);
        } else if let Some(mut last) = self.heap.peek_mut()
            && item < *last
        {
            *last = item;
        }
    }

    /// Once there are `limit` items, the greatest: no other than a lesser one is taken.
    pub fn last(&self) -> Option<&T> {
        self.heap.peek().filter(|_| self.heap.len() == self.limit)
    }

    pub fn into_sorted(self) -> Vec<T> {
        self.heap.into_sorted_vec()
    }

    /// The same from the greatest down, one by one: of very many, to sort them takes long, and whoever
    /// asks may leave in between.
    pub fn into_descending(mut self) -> impl Iterator<Item = T> {
        std::iter::from_fn(move || self.heap.pop())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_least_few_are_the_front_of_all_sorted(
            mut items in prop::collection::vec(0..50_u8, 0..40),
            limit in 0..10_usize,
        ) {
            let mut least = Least::new(limit);
            for item in &items {
                least.offer(*item);
            }
            items.sort_unstable();
            items.truncate(limit);
            let last = if items.len() == limit { items.last() } else { None };
            prop_assert_eq!(least.last(), last);
            let descending: Vec<u8> = least.clone().into_descending().collect();
            prop_assert!(descending.iter().eq(items.iter().rev()));
            prop_assert_eq!(least.into_sorted(), items);
        }
    }
}

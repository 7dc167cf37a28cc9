//! How good an order is: what is relevant gains the more, the earlier it comes, and the best order
//! that there could be gains 1. A document is relevant or is not, by no degrees.

use std::collections::BTreeSet;

/// Of a ranking as deep as `found` (nDCG). Where nothing is relevant it is no number.
pub(super) fn ndcg(found: &[u64], relevant: &BTreeSet<u64>, depth: usize) -> f64 {
    let found = found.iter().take(depth).enumerate();
    let gained: f64 =
        found.filter(|(_, id)| relevant.contains(id)).map(|(rank, _)| gain(rank)).sum();
    let best: f64 = (0..depth.min(relevant.len())).map(gain).sum();
    gained / best
}

fn gain(rank: usize) -> f64 {
    1.0 / (rank as f64 + 2.0).log2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_order_gains_one_and_a_worse_one_less() {
        let relevant = BTreeSet::from([1, 2]);
        assert_eq!(ndcg(&[2, 1, 7], &relevant, 10), 1.0);
        assert_eq!(ndcg(&[7, 8], &relevant, 10), 0.0);
        assert_eq!(ndcg(&[], &relevant, 10), 0.0);
        // The second place gains 1 / log2(3), the third a half.
        let second = 1.0 / 3.0_f64.log2();
        let late = ndcg(&[7, 1, 2], &relevant, 10);
        assert!((late - (second + 0.5) / (1.0 + second)).abs() < 1e-12, "{late}");
    }

    #[test]
    fn what_comes_too_late_does_not_count_and_is_not_missed() {
        let relevant = BTreeSet::from([1, 2, 3]);
        assert_eq!(ndcg(&[1, 2], &relevant, 2), 1.0);
        assert_eq!(ndcg(&[7, 8, 1], &relevant, 2), 0.0);
        assert!(ndcg(&[1], &BTreeSet::new(), 10).is_nan());
    }
}

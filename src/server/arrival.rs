//! How the bodies of uploads arrive (FILE-3). A request holds a turn of the node while it sends, so it has to send something, and
//! not too slowly.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::upload::is_too_slow;

/// How many chunks wait between the connection and storage.
pub const WAITING_CHUNKS: usize = 4;

/// How fast a sender is. Only the time counts that was spent waiting for it: storage may be as slow as it likes.
#[derive(Debug)]
pub struct Pace {
    patience: Duration,
    waited: Duration,
    bytes: u64,
}

impl Pace {
    /// A sender may send nothing for so long, and is judged after each such time.
    pub const fn new(patience: Duration) -> Self {
        Self { patience, waited: Duration::ZERO, bytes: 0 }
    }

    /// What arrives next; `None` where nothing came for too long.
    pub async fn next<T>(&mut self, arriving: impl Future<Output = T>) -> Option<T> {
        let begun = Instant::now();
        let arrived = tokio::time::timeout(self.patience, arriving).await.ok();
        self.waited += begun.elapsed();
        arrived
    }

    /// Counts bytes that arrived; whether the sender was fast enough to go on. What it sent before does not help a sender that has
    /// become slow.
    pub fn keeps_up(&mut self, bytes: usize) -> bool {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if self.waited < self.patience {
            return true;
        }
        let slow = is_too_slow(self.bytes, self.waited.as_millis());
        (self.waited, self.bytes) = (Duration::ZERO, 0);
        !slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(200);

    async fn after(millis: u64) {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }

    #[tokio::test]
    async fn attack_40_a_sender_of_single_bytes_is_cut_off_whatever_it_sent_before() {
        let mut pace = Pace::new(PATIENCE);
        assert!(pace.keeps_up(100_000_000), "at once");
        let mut kept = Vec::new();
        for _ in 0..6 {
            assert_eq!(pace.next(after(110)).await, Some(()));
            kept.push(pace.keeps_up(1));
        }
        // The first time is one of the fast beginning.
        assert!(kept.contains(&false) && kept[0], "{kept:?}");
    }

    #[tokio::test]
    async fn file_3_a_slow_line_is_fast_enough_and_silence_ends() {
        let mut pace = Pace::new(PATIENCE);
        for _ in 0..6 {
            assert_eq!(pace.next(after(60)).await, Some(()));
            assert!(pace.keeps_up(2_000));
        }
        assert_eq!(pace.next(after(60_000)).await, None);
    }
}

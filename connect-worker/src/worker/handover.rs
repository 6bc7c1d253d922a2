//! Who sends which record, before and after the number of tasks changes. Pure.
//!
//! Task t of T sends the g with g mod T = t, in order, so its progress is one number: every g of
//! its share below `next` is sent. When the layout changes, the progress of the old tasks is
//! folded into [`Unsent`]: what they left out (as arithmetic progressions, so that a task that
//! stood still for days costs no memory) and the point from which nothing was sent. The tasks of
//! the new epoch share [`Unsent`] by the same rule and begin with what was left out.

use serde::{Deserialize, Serialize};

/// More left-out progressions than this are folded into one that covers them all: some records
/// would repeat, none is lost, and memory stays bounded. It takes dozens of changes in a row that
/// each interrupt the catching-up of the one before.
const STRIPES_MAX: usize = 256;

/// One task's part of the sequence: the g with g mod `tasks` = `task`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    /// From 0, below `tasks`.
    pub task: u32,
    /// At least 1.
    pub tasks: u32,
}

/// `first`, `first + step`, …, all below `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stripe {
    /// The first number.
    pub first: u64,
    /// All numbers are below this one.
    pub end: u64,
    /// At least 1.
    pub step: u64,
}

/// The part of the sequence that is still to be sent when an epoch starts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Unsent {
    /// What earlier epochs left out, all below `from`; disjoint.
    pub stripes: Vec<Stripe>,
    /// Everything from here on is unsent.
    pub from: u64,
}

/// What one task still has to send, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    stripes: Vec<Stripe>,
    tail: Stripe,
}

impl Stripe {
    /// The smallest number of the stripe that is at least `at`.
    fn next(&self, at: u64) -> Option<u64> {
        let skipped = at.saturating_sub(self.first).div_ceil(self.step);
        let number = self.first.checked_add(skipped.checked_mul(self.step)?)?;
        (number < self.end).then_some(number)
    }

    /// How many numbers of the stripe are below `at`.
    fn below_count(&self, at: u64) -> u64 {
        at.min(self.end)
            .saturating_sub(self.first)
            .div_ceil(self.step)
    }

    /// The part from `at` on.
    fn from(self, at: u64) -> Option<Self> {
        self.next(at).map(|first| Self { first, ..self })
    }

    /// The part below `end`.
    fn below(self, end: u64) -> Option<Self> {
        (self.first < end).then(|| Self {
            end: self.end.min(end),
            ..self
        })
    }

    /// The part in a share: again a stripe, because both repeat.
    fn within(self, share: Share) -> Option<Self> {
        let tasks = u64::from(share.tasks);
        let period = tasks / gcd(tasks, self.step);
        let first = (0..period)
            .map_while(|count| self.step.checked_mul(count)?.checked_add(self.first))
            .take_while(|number| *number < self.end)
            .find(|number| number % tasks == u64::from(share.task))?;
        Some(Self {
            first,
            end: self.end,
            step: self.step.saturating_mul(period),
        })
    }
}

impl Unsent {
    /// What is left when the `next.len()` tasks that shared this have come to `next`.
    #[must_use]
    pub(super) fn after(&self, next: &[u64]) -> Self {
        let tasks = u32::try_from(next.len()).unwrap_or(u32::MAX);
        let low = next.iter().copied().min().unwrap_or(0);
        let high = next.iter().copied().max().unwrap_or(0);
        let tail = Stripe {
            first: self.from,
            end: high.max(self.from),
            step: 1,
        };
        let mut stripes = Vec::new();
        for stripe in self.stripes.iter().copied().chain([tail]) {
            let begun = stripe.from(low).and_then(|part| part.below(high));
            for (task, next) in (0..tasks).zip(next) {
                let left = begun.and_then(|part| part.within(Share { task, tasks }));
                stripes.extend(left.and_then(|part| part.from(*next)));
            }
            stripes.extend(stripe.from(high));
        }
        stripes.sort_by_key(|stripe| stripe.first);
        if stripes.len() > STRIPES_MAX {
            let first = stripes.first().map_or(0, |stripe| stripe.first);
            let end = stripes
                .iter()
                .map(|stripe| stripe.end)
                .max()
                .unwrap_or(first);
            stripes = vec![Stripe {
                first,
                end,
                step: 1,
            }];
        }
        Self {
            stripes,
            from: tail.end,
        }
    }

    /// How many records were sent before.
    pub(super) fn sent(&self) -> u64 {
        let left: u64 = self
            .stripes
            .iter()
            .map(|stripe| stripe.below_count(u64::MAX))
            .sum();
        self.from.saturating_sub(left)
    }

    /// The part of one task.
    pub(super) fn path(&self, share: Share) -> Path {
        let (task, tasks) = (u64::from(share.task), u64::from(share.tasks));
        let first = (self.from + tasks - 1 - task) / tasks * tasks + task;
        Path {
            stripes: self
                .stripes
                .iter()
                .filter_map(|stripe| stripe.within(share))
                .collect(),
            tail: Stripe {
                first,
                end: u64::MAX,
                step: tasks,
            },
        }
    }
}

impl Path {
    /// The smallest number at or above `at` that is still to be sent.
    pub(super) fn next(&self, at: u64) -> u64 {
        let left_out = self
            .stripes
            .iter()
            .filter_map(|stripe| stripe.next(at))
            .min();
        left_out.or_else(|| self.tail.next(at)).unwrap_or(u64::MAX)
    }

    /// How many numbers of the path are below `at`.
    pub(super) fn count_below(&self, at: u64) -> u64 {
        let parts = self.stripes.iter().chain([&self.tail]);
        parts.map(|stripe| stripe.below_count(at)).sum()
    }
}

/// One worker's part of an epoch, as far as the next epoch must know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    /// Its ordinal.
    pub ordinal: u32,
    /// The uid of its pod.
    pub pod: String,
    /// The uid of the pod that had the ordinal before.
    pub before: Option<String>,
    /// It has acknowledged: nothing of its part comes any more.
    pub ended: bool,
}

/// The owners of the last epoch that have neither acknowledged nor gone: the next epoch waits for
/// them. `pods` are the uids of the worker pods that are there, by ordinal. Who listed them may
/// not have seen yet that a pod was replaced; the successor counts as there.
pub(super) fn awaited(owners: &[Owner], pods: &[String]) -> Vec<u32> {
    let is_there = |owner: &Owner| {
        let listed = usize::try_from(owner.ordinal).ok();
        let listed = listed.and_then(|ordinal| pods.get(ordinal));
        pods.contains(&owner.pod) || (owner.before.is_some() && owner.before.as_ref() == listed)
    };
    let awaited = owners
        .iter()
        .filter(|owner| !owner.ended && is_there(owner));
    awaited.map(|owner| owner.ordinal).collect()
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests;

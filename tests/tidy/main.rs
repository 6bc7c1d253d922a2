//! The house rules a compiler does not hold: which package may use which, which floor may use which, file budgets,
//! and what a text file may not say. No cluster, no network, no build.

mod chart;
mod floors;
mod readme;
mod sources;
mod text;

use super::*;
use crate::measurement::sample;

fn found<'a>(targets: &'a [Target], figure: &str, must: &str) -> &'a Target {
    targets
        .iter()
        .find(|target| target.figure.starts_with(figure) && target.must.starts_with(must))
        .unwrap()
}

#[test]
fn without_figures_nothing_is_reached() {
    let targets = judge(&Measurements::default());
    assert!(targets.len() > 30, "{}", targets.len());
    assert!(
        targets
            .iter()
            .all(|target| target.verdict == Verdict::NotMeasured)
    );
}

#[test]
fn a_limit_follows_from_the_other_figures() {
    let targets = judge(&sample(&[
        ("latency-1000-1", "eddyline", "p99_ms", 2.0),
        ("latency-1000-1", "kafka", "p99_ms", 5.0),
        ("latency-1000-1", "eddyline", "p999_ms", 9.0),
        ("latency-1000-1", "eddyline", "floor_p999_ms", 2.0),
    ]));
    let p99 = found(&targets, "latency-1000-1 p99 ", "≤ half");
    assert_eq!((p99.limit, p99.verdict), (Some(2.5), Verdict::Reached));
    let p999 = found(&targets, "latency-1000-1 p99.9", "≤ 3 ×");
    assert_eq!((p999.limit, p999.verdict), (Some(8.0), Verdict::Missed));
    assert_eq!(p999.of_limit, Some(9.0 / 8.0));
}

#[test]
fn what_the_client_cannot_reach_is_not_asked_for() {
    let produce = |kafka| {
        judge(&sample(&[
            ("produce-1k-1", "eddyline", "mb_per_s", 300.0),
            ("produce-1k-1", "eddyline", "ceiling_mb_per_s", 340.0),
            ("produce-1k-1", "kafka", "mb_per_s", kafka),
        ]))
    };
    let verdict = |kafka, must| found(&produce(kafka), "produce-1k-1", must).verdict;
    assert_eq!(verdict(300.0, "≥ 85 %"), Verdict::Reached);
    assert_eq!(verdict(300.0, "≥ 1.2 ×"), Verdict::CeilingTooLow);
    assert_eq!(verdict(270.0, "≥ 1.2 ×"), Verdict::Missed);
    assert_eq!(verdict(240.0, "≥ 1.2 ×"), Verdict::Reached);
}

#[test]
fn against_a_syncing_kafka_the_ceiling_is_enough() {
    let targets = judge(&sample(&[
        ("produce-1k-100", "eddyline", "mb_per_s", 100.0),
        ("produce-1k-100", "eddyline", "ceiling_mb_per_s", 110.0),
        ("produce-1k-100", "kafka-sync", "mb_per_s", 90.0),
    ]));
    let target = found(&targets, "produce-1k-100", "≥ 2 ×");
    assert_eq!(target.verdict, Verdict::Reached);
    assert_eq!(target.limit, Some(93.5));
}

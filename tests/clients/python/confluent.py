"""confluent-kafka with default settings: produces, consumes through a group, comes back to its committed offsets.

Usage: confluent.py BOOTSTRAP TOPIC RECORDS    prints one JSON object with what it saw.
"""
import json
import sys
import time

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient


def consume(bootstrap, topic, group, count, seconds=30):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    seen, deadline = [], time.monotonic() + seconds
    while len(seen) < count and time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is None:
            continue
        if message.error():
            raise SystemExit(f"consume: {message.error()}")
        seen.append(message.value().decode())
    consumer.close()
    return seen


def main():
    bootstrap, topic, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    failures = []
    producer = Producer({"bootstrap.servers": bootstrap})
    for number in range(count):
        producer.produce(topic, key=str(number), value=f"value-{number}",
                         on_delivery=lambda error, _: failures.append(str(error)) if error else None)
        producer.poll(0)
    unsent = producer.flush(30)
    half = consume(bootstrap, topic, "python", count // 2)
    rest = consume(bootstrap, topic, "python", count - len(half))
    again = consume(bootstrap, topic, "python", 1, seconds=2)
    groups = [group.id for group in AdminClient({"bootstrap.servers": bootstrap}).list_groups(timeout=10)]
    print(json.dumps({
        "failures": failures, "unsent": unsent, "half": len(half), "distinct": len(set(half + rest)),
        "total": len(half) + len(rest), "again": len(again), "groups": groups,
    }))


main()

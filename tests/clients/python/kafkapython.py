"""kafka-python with default settings, and how fast it gives up on a transactional id.

Usage: kafkapython.py BOOTSTRAP TOPIC RECORDS    prints one JSON object with what it saw.
"""
import json
import sys
import time

from kafka import KafkaConsumer, KafkaProducer


def refused(bootstrap):
    """Seconds until a producer with a transactional id is told no, and how."""
    begun = time.monotonic()
    try:
        producer = KafkaProducer(bootstrap_servers=bootstrap, transactional_id="t", max_block_ms=20000)
        producer.init_transactions()
        return time.monotonic() - begun, "accepted"
    except Exception as error:  # pylint: disable=broad-except
        return time.monotonic() - begun, type(error).__name__


def main():
    bootstrap, topic, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    for sent in [producer.send(topic, value=f"value-{number}".encode()) for number in range(count)]:
        sent.get(timeout=30)
    consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id="kafka-python",
                             auto_offset_reset="earliest", consumer_timeout_ms=10000)
    seen = set()
    for message in consumer:
        seen.add(message.value.decode())
        if len(seen) >= count:
            break
    consumer.close()
    seconds, answer = refused(bootstrap)
    print(json.dumps({"distinct": len(seen), "refused_seconds": seconds, "refused_with": answer}))


main()

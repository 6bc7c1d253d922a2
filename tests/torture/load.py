"""kafka-python under torture: sends the numbered records it is granted, through any number of deaths of the broker.

Usage: load.py BOOTSTRAP TOPIC PARTITIONS PRODUCER
Each line of input is a number: records below it may be sent. The end of the input is the end of the sending. Each line of
output is `acked NUMBER PARTITION OFFSET` or `failed NUMBER ERROR`; the last one is `done`. The bytes of a record follow from
producer and number, as in tests/support/load.rs.
"""
import logging
import sys
import threading

from kafka import KafkaProducer

logging.disable(logging.CRITICAL)
OUT = threading.Lock()


def tell(*words):
    with OUT:
        print(*words, flush=True)


def value(producer, number):
    return f"{producer} {number} ".encode() + b"%c" % (97 + number % 26) * (number * 7919 % 1500)


def main():
    bootstrap, topic, partitions, me = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    producer = KafkaProducer(
        bootstrap_servers=bootstrap, linger_ms=2, reconnect_backoff_max_ms=200, retry_backoff_ms=20,
        delivery_timeout_ms=120000, request_timeout_ms=15000)
    following = 0
    for line in sys.stdin:
        granted = int(line)
        for number in range(following, granted):
            sent = producer.send(topic, value=value(me, number), partition=number % partitions)
            sent.add_callback(lambda where, number=number: tell("acked", number, where.partition, where.offset))
            sent.add_errback(lambda error, number=number: tell("failed", number, type(error).__name__, error))
        following = granted
    producer.flush(timeout=90)
    tell("done")


main()

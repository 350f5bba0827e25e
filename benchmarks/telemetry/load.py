"""Publishes at a fixed rate through one raw socket, in a process of its own.

python -m benchmarks.telemetry.load PORT RATE SECONDS DEVICES TOPIC SENT_EVERY_S

TOPIC has {n} for the device. With SENT_EVERY_S > 0 each device's message holds the metric `sent` (the time of
publishing) once in so many seconds, else never. Prints how many were published.
"""

import socket
import struct
import sys
import time


def string(text: bytes) -> bytes:
    """Text as MQTT writes it."""
    return struct.pack(">H", len(text)) + text


def packet(kind: int, body: bytes) -> bytes:
    """A control packet."""
    length, size = bytearray(), len(body)
    while True:
        size, digit = divmod(size, 128)
        length.append(digit | (0x80 if size else 0))
        if not size:
            return bytes((kind,)) + bytes(length) + body


def connect(port: int) -> socket.socket:
    """An MQTT 3.1.1 connection."""
    link = socket.create_connection(("127.0.0.1", port))
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    link.sendall(packet(0x10, string(b"MQTT") + bytes((4, 2)) + struct.pack(">H", 600) + string(b"load")))
    if link.recv(4)[3] != 0:
        raise ConnectionError("the broker refused us")
    return link


def payload(number: int, device: int, sent: float | None) -> bytes:
    """Five values, all of which move by more than what is significant."""
    values = [
        f'"temperature_c":{20 + number % 17 + device * 0.01:.2f}',
        f'"humidity_percent":{40 + number % 23}.5',
        f'"pressure_hpa":{1000 + number % 13}.25',
        f'"battery_mv":{2900 - number % 50 * 3}',
        f'"power_w":{100 + number % 37 * 9}.5',
    ]
    if sent is not None:
        values.append(f'"sent":"{sent:.6f}"')  # a text: any change of it is significant
    return f'{{"metrics":{{{",".join(values)}}}}}'.encode()


def main() -> None:
    """Publish."""
    port, rate, seconds, devices = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    topic, sent_every_s = sys.argv[5], float(sys.argv[6])
    topics = [string(topic.format(n=n).encode()) for n in range(devices)]
    last_sent = [-1e9] * devices
    link = connect(port)
    start, number, total = time.perf_counter(), 0, int(rate * seconds)
    while number < total:
        ahead = number / rate - (time.perf_counter() - start)
        if ahead > 0:
            time.sleep(ahead)
        batch = bytearray()
        until = min(total, number + max(1, int(rate / 500)))
        while number < until:
            device = number % devices
            now = time.time()
            sent = None
            # Spread over the devices, so that these writes do not come all at once.
            if sent_every_s and now - last_sent[device] >= sent_every_s:
                sent = last_sent[device] = now
            batch += packet(0x30, topics[device] + payload(number, device, sent))
            number += 1
        link.sendall(batch)
    link.sendall(b"\xe0\x00")
    link.close()
    print(total)


if __name__ == "__main__":
    main()

"""
Records test/fixtures/event-file.json: an event file as TensorBoard's own classes write it.

    python tools/record-event-file.py    (needs tensorboard; recorded with 2.21.0)
"""
import json
import os

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.summary.writer.record_writer import RecordWriter


class Bytes(bytearray):
    def write(self, data):
        self.extend(data)


out = Bytes()
writer = RecordWriter(out)
writer.write(Event(wall_time=1700000000.25, file_version="brain.Event:2").SerializeToString())
events = [
    {"time": 1700000001.5, "step": 1, "values": {"loss/training": 0.75, "accuracy/held out": 0.5}},
    {"time": 1700000002.0, "step": 300, "values": {"loss/training": 1e-3, "R²": -2.5}},
    {"time": 1700000003.0, "step": 5000000000, "values": {"x" * 200: 3.25}},
]
for e in events:
    event = Event(wall_time=e["time"], step=e["step"])
    for tag, value in e["values"].items():
        event.summary.value.add(tag=tag, simple_value=value)
    writer.write(event.SerializeToString())
path = os.path.join(os.path.dirname(__file__), "../test/fixtures/event-file.json")
with open(path, "w") as f:
    json.dump({"time": 1700000000.25, "events": events, "bytes": out.hex()}, f, indent=1)
    f.write("\n")
